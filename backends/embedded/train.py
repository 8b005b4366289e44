"""Training of the parts of the embedded backend: a draft of the prior, classifier, transcoder, and the prior itself.

Half of what the classifier sees are denoised estimates x0_hat of noisy pictures: guidance asks it about them, and a
network that has seen clean pictures only answers with gradients that mean nothing there. A small prior, the draft,
makes them, so that the features stay what they are when the prior gets better.

About an hour on one thread, most of it for the prior. Every part counts steps, not minutes, so that a seed gives the
same weights however busy the machine is. A part that was killed continues from its checkpoint, and one that was
finished is not trained again until `remove_checkpoints`.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from distributional_view.backends.embedded import store
from distributional_view.backends.embedded.animals import CLASSES, load_animals, of_classes
from distributional_view.backends.embedded.convnext import ConvNeXt, Hook
from distributional_view.backends.embedded.parts import PARTS, Part
from distributional_view.backends.embedded.store import Record
from distributional_view.backends.embedded.unet import UNet
from distributional_view.backends.embedded.words import VOCABULARY, captions, thinned
from distributional_view.backends.fit import Loss, Plan, build, fit
from distributional_view.backends.training import step_generator
from distributional_view.backends.transcoders.evaluate import Activations, evaluate
from distributional_view.backends.transcoders.settings import TrainingSettings
from distributional_view.backends.transcoders.stream import Stream
from distributional_view.backends.transcoders.train import train
from distributional_view.backends.transcoders.transcoder import TranscoderSpec
from distributional_view.fingerprints import Hashes
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.schedule import NoiseSchedule

CLASSIFIER = Plan(steps=1200, batch=64, learning_rate=3e-3, seed=1, decay=0.995, weight_decay=0.05)
DRAFT = Plan(steps=2900, batch=32, learning_rate=3e-3, seed=2, decay=0.998)
PRIOR = Plan(steps=10_000, batch=64, learning_rate=2e-3, seed=4, decay=0.9995)
TRANSCODER = TrainingSettings(steps=1500, learning_rate=2e-3)
TRANSCODER_SEED = 3
TRANSCODER_BATCH = 64
HOOK = Hook(2, 0)
FEATURES, ACTIVE, KERNEL = 512, 8, 1
SCHEDULE = NoiseSchedule.cosine(1000)
"""Of the prior: its time is the index of a step, 0 ... 999."""
CHUNK = 250


def shifted(
    images: Float[Tensor, "n c h w"], down: Int[Tensor, " n"], right: Int[Tensor, " n"]
) -> Float[Tensor, "n c h w"]:
    """Each picture moved by its own number of pixels, border pixels repeated (the border is black)."""
    n, _, height, width = images.shape
    rows = (torch.arange(height) - down[:, None]).clamp(0, height - 1)
    columns = (torch.arange(width) - right[:, None]).clamp(0, width - 1)
    return images[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def flipped(images: Float[Tensor, "n c h w"], rng: torch.Generator) -> Float[Tensor, "n c h w"]:
    """Half of the pictures, drawn at random, mirrored."""
    mirror = torch.rand(len(images), generator=rng) < 0.5
    return torch.where(mirror[:, None, None, None], images.flip(-1), images)


def velocity_loss(
    prior: Callable[..., Tensor],
    images: Float[Tensor, "n c h w"],
    times: Int[Tensor, " n"],
    noise: Float[Tensor, "n c h w"],
    *condition: Float[Tensor, "n e"],
) -> Float[Tensor, " n"]:
    """Mean squared error of the predicted v = sqrt(alpha_bar) noise - sqrt(1 - alpha_bar) x_0, for each picture."""
    signal, sd = _signal_and_sd(times, images.dtype)
    v = prior(signal * images + sd * noise, times, *condition)
    return (v - (signal * noise - sd * images)).square().mean((1, 2, 3))


@torch.no_grad()
def prior_loss(
    prior: UNet, images: Float[Tensor, "n c h w"], seed: int = 0, words: Int[Tensor, "n length"] | None = None
) -> float:
    """The mean velocity loss over all noise levels, each visited equally often, with noise from a seed.

    Args:
        prior: the network.
        images: clean pictures.
        seed: of the noise.
        words: a prompt for each picture; None for no prompt.
    """
    rng = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(images), generator=rng)
    times = (torch.arange(len(images)) * SCHEDULE.steps) // len(images)
    noise = torch.randn(images.shape, generator=rng)
    columns = [images[order], times, noise]
    if words is not None and prior.prompt is not None:
        columns.append(prior.prompt.of_words(words[order]))
    parts = zip(*(column.split(CHUNK) for column in columns), strict=True)
    return torch.cat([velocity_loss(prior, *part) for part in parts]).mean().item()


@torch.no_grad()
def accuracy(classifier: ConvNeXt, images: Float[Tensor, "n c h w"], labels: Int[Tensor, " n"]) -> float:
    """The share of pictures whose class is predicted."""
    predicted = torch.cat([classifier(chunk).argmax(dim=1) for chunk in images.split(CHUNK)])
    return (predicted == labels).double().mean().item()


@torch.no_grad()
def denoised(
    prior: Callable[[Tensor, Tensor], Tensor], images: Float[Tensor, "n c h w"], rng: torch.Generator
) -> Float[Tensor, "n c h w"]:
    """x0_hat(x_t) of each picture at a random noise level."""
    times = torch.randint(SCHEDULE.steps, (len(images),), generator=rng)
    signal, sd = _signal_and_sd(times, images.dtype)
    x_t = signal * images + sd * torch.randn(images.shape, generator=rng)
    return (signal * x_t - sd * prior(x_t, times)).clamp(-1, 1)


def _signal_and_sd(times: Int[Tensor, " n"], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """sqrt(alpha_bar) and sqrt(1 - alpha_bar), the noise's standard deviation, to be multiplied with pictures."""
    alpha_bar = torch.tensor(SCHEDULE.alpha_bar[1:], dtype=dtype)[times][:, None, None, None]
    return alpha_bar.sqrt(), (1 - alpha_bar).sqrt()


def _fit_and_store(
    part: Part,
    network: nn.Module,
    sizes: dict[str, Any],
    loss: Loss,
    measure: Callable[[], dict[str, float]],
    plan: Plan,
    folder: Path,
    progress: Progress,
    inputs: dict[str, str],
) -> Record:
    """Train a part on its loss, round it, measure what is stored, and store it with its record."""
    started = time.process_time()
    final = fit(network, loss, plan, folder / f"{part}.checkpoint", progress, inputs)
    store.round_to_half(network)
    measured = measure() | {"training loss": final} | _size_and_time(network, started)
    record = Record(sizes, asdict(plan) | ({"inputs": inputs} if "classes" in inputs else {}), measured)
    store.save_part(part, network, record, folder)
    return record


def read_by(part: Part, folder: Path) -> dict[str, str]:
    """The hash of the stored part that a training reads."""
    return {part: Hashes().of(store.weights_path(part, folder))}


def _size_and_time(network: nn.Module, started: float) -> dict[str, float]:
    return {
        "parameters": sum(p.numel() for p in network.parameters()),
        "CPU seconds": round(time.process_time() - started),
    }


def train_classifier(plan: Plan, folder: Path, progress: Progress = silent) -> Record:
    """Train the classifier on mirrored and shifted pictures, half of them as the stored draft denoises them."""
    pictures, test = load_animals()
    draft = store.load_draft(folder)
    sizes: dict[str, Any] = {"depths": (2, 3, 1, 1), "widths": (24, 48, 96, 96)}
    network = build(lambda: ConvNeXt(**sizes), plan.seed)

    def loss(rng: torch.Generator) -> Tensor:
        drawn = torch.randint(len(pictures.labels), (plan.batch,), generator=rng)
        moves = torch.randint(-2, 3, (2, plan.batch), generator=rng)
        images = shifted(flipped(pictures.images[drawn], rng), *moves)
        half = plan.batch // 2
        images = torch.cat([denoised(draft, images[:half], rng), images[half:]])
        return F.cross_entropy(network(images), pictures.labels[drawn])

    def measure() -> dict[str, float]:
        return {"accuracy": accuracy(network, *test)}

    return _fit_and_store("classifier", network, sizes, loss, measure, plan, folder, progress, read_by("draft", folder))


def _noised(images: Float[Tensor, "n c h w"], rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Noise levels spread evenly over the batch, and noise."""
    places = (torch.arange(len(images)) + torch.rand(len(images), generator=rng)) / len(images)
    times = (places * SCHEDULE.steps).long().clamp(max=SCHEDULE.steps - 1)
    return times, torch.randn(images.shape, generator=rng)


def train_draft(plan: Plan, folder: Path, progress: Progress = silent) -> Record:
    """Train the draft on mirrored pictures, and store it."""
    return train_unet("draft", {"widths": (48, 64, 96), "patch": 2}, plan, folder, progress)


def train_prior(plan: Plan, folder: Path, progress: Progress = silent) -> Record:
    """Train the prior on mirrored pictures and parts of their captions, many of them empty, and store it."""
    sizes = {"widths": (48, 96, 160), "patch": 2, "words": len(VOCABULARY)}
    return train_unet("prior", sizes, plan, folder, progress)


def train_unet(
    part: Part,
    sizes: dict[str, Any],
    plan: Plan,
    folder: Path,
    progress: Progress,
    start: Path | None = None,
    classes: Sequence[str] = CLASSES,
) -> Record:
    """Train a diffusion network, with captions if it takes words, and store it.

    Args:
        part: what it is stored as.
        sizes: of the network.
        plan: of the training.
        folder: where it goes.
        progress: in steps.
        start: folder of the network to go on from; None: a new one.
        classes: names of the pictures' classes.
    """
    pictures, test = (of_classes(animals, classes) for animals in load_animals())
    network = build(lambda: UNet(**sizes), plan.seed)
    if start is not None:
        network.load_state_dict(store.load_unet(part, start).state_dict())
    prompt = network.prompt
    words = None if prompt is None else captions(*pictures)

    def loss(rng: torch.Generator) -> Tensor:
        drawn = torch.randint(len(pictures.labels), (plan.batch,), generator=rng)
        images = flipped(pictures.images[drawn], rng)
        noised = _noised(images, rng)
        condition = () if prompt is None or words is None else (prompt.of_words(thinned(words[drawn], rng)),)
        return velocity_loss(network, images, *noised, *condition).mean()

    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # quicker on a CPU

    def measure() -> dict[str, float]:
        found = {"velocity loss": prior_loss(network, test.images)}
        if prompt is not None:
            found["velocity loss with captions"] = prior_loss(network, test.images, words=captions(*test))
            found["velocity loss on training pictures"] = prior_loss(network, pictures.images)
        return found

    inputs = {} if start is None else read_by(part, start) | {"classes": ",".join(classes)}
    return _fit_and_store(part, network, sizes, loss, measure, plan, folder, progress, inputs)


def activations_at(classifier: ConvNeXt, hook: Hook) -> Activations:
    """Images -> the hooked activations, both as what a transcoder reads and as what it reconstructs."""
    backbone = classifier.backbone(hook)
    return lambda images: (backbone(images),) * 2


def mirrored_stream(images: Float[Tensor, "n c h w"], batch: int, seed: int) -> Stream:
    """Random batches of mirrored pictures; the i-th batch depends on the seed and i alone."""

    def start_at(start: int) -> Iterator[Tensor]:
        for step in count(start):
            rng = step_generator(seed, step)
            yield flipped(images[torch.randint(len(images), (batch,), generator=rng)], rng)

    return start_at


def train_features(
    settings: TrainingSettings,
    folder: Path,
    progress: Progress = silent,
    hook: Hook = HOOK,
    weights: Path | None = None,
) -> Record:
    """Train a transcoder on a stored classifier's activations and store it.

    Args:
        settings: of the training.
        folder: where the transcoder goes.
        progress: in steps.
        hook: whose activations.
        weights: folder of the classifier; None: the same.
    """
    pictures, test = load_animals()
    read = folder if weights is None else weights
    classifier = store.load_classifier(read)
    spec = TranscoderSpec(classifier.widths[hook.stage], FEATURES, KERNEL, "topk", ACTIVE)
    activations, test_batches = activations_at(classifier, hook), test.images.split(CHUNK)
    stream = mirrored_stream(pictures.images, TRANSCODER_BATCH, TRANSCODER_SEED)
    started = time.process_time()
    checkpoint = folder / "transcoder.checkpoint"
    transcoder = train(
        spec,
        activations,
        stream,
        test_batches,
        settings,
        TRANSCODER_SEED,
        checkpoint,
        progress=progress,
        job=read_by("classifier", read)["classifier"],
    ).transcoder
    store.round_to_half(transcoder)
    evaluation = evaluate(transcoder, activations, test_batches)
    measured = {
        "explained variance": evaluation.explained_variance,
        "active codes a position": evaluation.active,
        "silent features on training pictures": evaluate(transcoder, activations, pictures.images.split(CHUNK)).silent,
    }
    record = Record(
        asdict(spec) | {"hook": hook._asdict()}, as_recorded(settings), measured | _size_and_time(transcoder, started)
    )
    store.save_part("transcoder", transcoder, record, folder)
    return record


def as_recorded(settings: Plan | TrainingSettings) -> dict[str, Any]:
    """The settings as a part's record has them."""
    more = {} if isinstance(settings, Plan) else {"seed": TRANSCODER_SEED, "batch": TRANSCODER_BATCH}
    return asdict(settings) | more


def train_part(part: Part, folder: Path, steps: int | None = None, progress: Progress = silent) -> Record:
    """Train one part with its usual settings, or with another number of steps.

    Raises:
        UserError: if the folder has weights of this part that were trained otherwise; they would be lost.
    """
    usual: dict[Part, Any] = {"transcoder": TRANSCODER, "classifier": CLASSIFIER, "prior": PRIOR, "draft": DRAFT}
    settings = usual[part] if steps is None else replace(usual[part], steps=steps)
    store.refuse_others(part, folder, as_recorded(settings))
    trainings: dict[Part, Callable[..., Record]] = {
        "transcoder": train_features,
        "classifier": train_classifier,
        "draft": train_draft,
        "prior": train_prior,
    }
    return trainings[part](settings, folder, progress)


def remove_checkpoints(folder: Path, parts: Sequence[Part] = PARTS) -> None:
    """Forget the training of these parts that was begun in a folder. The weights stay."""
    for path in (folder / f"{part}.checkpoint" for part in parts):
        if path.exists():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
