"""What makes the embedded prior better: short trainings that differ in one thing, and what each is worth.

    python -m tests.bench.prior [--steps 1000] [--samples 1000] [--only NAME] [--weights FOLDER ...] [--out FILE]

Each recipe is trained for as many pictures; then unguided samples (20 steps of second order in log-SNR) are compared
with the data: KID of the classifier's features, total variation of class shares, and, for the six first named features,
the agreement of the samples' tilt at the data's 95 % level with the feature's class, as a share of the data's own.
`--weights` measures trained priors (folders with prior.safetensors) in place of training. One line of JSON a recipe,
written as it comes; recipes that the file has are not run again.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import Tensor

from distributional_view.backends.embedded import store, train
from distributional_view.backends.embedded.animals import CLASSES, load_animals
from distributional_view.backends.embedded.features import read_named
from distributional_view.backends.embedded.measures import pooled
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.unet import UNet
from distributional_view.backends.embedded.words import VOCABULARY, captions, thinned
from distributional_view.backends.embedded.world import embedded_world, pictures
from distributional_view.backends.fit import Plan, build, fit
from distributional_view.backends.measures.kernel import kid
from distributional_view.theory.pools.retrieval import effective_size, reweight_to
from distributional_view.theory.samplers.energy_dps import unguided

LEVEL, EVALUATIONS, FEATURES = 0.95, 20, 6


@dataclass(frozen=True)
class Recipe:
    """One thing changed at a time: widths, flips, words, loss weights, average, batch."""

    widths: tuple[int, int, int] = (48, 96, 160)
    flips: bool = True
    words: bool = True
    min_snr: float | None = None
    decay: float = 0.995
    learning_rate: float = 2e-3


RECIPES = {
    "as shipped, shorter": Recipe(),
    "no words": Recipe(words=False),
    "no flips": Recipe(flips=False),
    "min-SNR 5": Recipe(min_snr=5.0),
    "narrow": Recipe(widths=(48, 64, 96)),
    "wide": Recipe(widths=(64, 128, 192)),
    "short average": Recipe(decay=0.95),
}


def trained(recipe: Recipe, steps: int, batch: int = 64) -> UNet:
    """A prior by this recipe."""
    data, _ = load_animals()
    words = captions(*data)
    network = build(lambda: UNet(recipe.widths, words=len(VOCABULARY) if recipe.words else 0), 4)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    alpha_bar = torch.tensor(train.SCHEDULE.alpha_bar[1:], dtype=torch.float32)
    snr = alpha_bar / (1 - alpha_bar)

    def loss(rng: torch.Generator) -> Tensor:
        drawn = torch.randint(len(data.labels), (batch,), generator=rng)
        images = train.flipped(data.images[drawn], rng) if recipe.flips else data.images[drawn]
        times, noise = train._noised(images, rng)
        condition = []
        if network.prompt is not None:
            condition = [network.prompt.of_words(thinned(words[drawn], rng))]
        each = train.velocity_loss(network, images, times, noise, *condition)
        if (
            recipe.min_snr is not None
        ):  # as a weight of x0's error min(SNR, gamma); that of v is (SNR + 1) times smaller
            weight = snr[times].clamp(max=recipe.min_snr) / (snr[times] + 1)
            each = each * weight / (snr.clamp(max=recipe.min_snr) / (snr + 1)).mean()
        return each.mean()

    fit(network, loss, Plan(steps, batch, recipe.learning_rate, 4, recipe.decay))
    return network.eval().requires_grad_(False)


def quality(network: UNet, samples: int, seed: int = 0, steps: int = EVALUATIONS) -> dict[str, Any]:
    """Velocity loss, KID, class shares, and the agreement of the samples' tilt for each feature."""
    known, (_, test) = shared(), load_animals()
    world = replace(embedded_world(0, steps), denoiser=network, batch=250)
    started = time.process_time()
    x = unguided(world, world.noise(seed, samples), solver="2M-SDE")
    seconds = time.process_time() - started
    features = pooled(known.classifier, x)
    with torch.no_grad():
        classes = torch.cat([known.classifier(part) for part in x.split(250)]).argmax(1).numpy()
        hooked = torch.cat([known.classifier.features(part, store.load_transcoder()[1]) for part in x.split(250)])
    labels = pictures().labels.numpy()
    shares, wanted = (np.bincount(k, minlength=len(CLASSES)) / len(k) for k in (classes, labels))
    kept = known.hooked
    rows = []
    for named in read_named()[:FEATURES]:
        data = known.activation(named.index)
        known.hooked = hooked
        scores = known.activation(named.index)
        known.hooked = kept
        target, label = float(np.quantile(data, LEVEL)), CLASSES.index(named.dominant)
        of_data = reweight_to(data, target)
        row: dict[str, Any] = {"feature": named.name, "data": float(of_data.weights @ (labels == label))}
        if scores.max() > target:
            mine = reweight_to(scores, target)
            row |= {"prior": float(mine.weights @ (classes == label)), "size": effective_size(mine.weights)}
        rows.append(row)
    return {
        "velocity loss": train.prior_loss(network, test.images),
        "kid": kid(known.reference, features, 0)._asdict(),
        "class tv": float(np.abs(shares - wanted).sum() / 2),
        "tilts": rows,
        "ratios": [round(row.get("prior", 0.0) / row["data"], 3) for row in rows],
        "sampling seconds": seconds,
    }


@click.command()
@click.option("--steps", default=1000)
@click.option("--samples", default=1000)
@click.option("--only", default="")
@click.option("--weights", multiple=True, type=click.Path(path_type=Path))
@click.option("--out", default="results/prior-recipes.jsonl", type=click.Path(path_type=Path))
def main(steps: int, samples: int, only: str, weights: tuple[Path, ...], out: Path) -> None:
    torch.set_num_threads(1)
    out.parent.mkdir(parents=True, exist_ok=True)
    done = {json.loads(line)["name"] for line in out.read_text().splitlines()} if out.exists() else set()
    tasks: dict[str, Callable[[], UNet]] = {str(w): (lambda w=w: store.load_prior(w)) for w in weights}
    if not weights:
        tasks = {
            f"{name}, {steps} steps": (lambda r=r: trained(r, steps)) for name, r in RECIPES.items() if only in name
        }
    for name, make in tasks.items():
        if name in done:
            continue
        started = time.process_time()
        network = make()
        row = {"name": name, "training seconds": round(time.process_time() - started), **quality(network, samples)}
        with out.open("a") as lines:
            print(json.dumps(row), file=lines)
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
