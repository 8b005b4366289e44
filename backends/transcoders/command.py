"""The command that trains a transcoder on a DINOv3 backbone and a folder of images."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from distributional_view import flags
from distributional_view.backends.options import chosen
from distributional_view.choices import Activation, OnBadPicture
from distributional_view.files import write_json
from distributional_view.fingerprints import listing
from distributional_view.jobs import opened
from distributional_view.shell import Command

if TYPE_CHECKING:
    from distributional_view.backends.transcoders.settings import TrainingSettings
    from distributional_view.backends.transcoders.train import Trained
    from distributional_view.backends.transcoders.transcoder import TranscoderSpec
    from distributional_view.backends.zoo.dinov3 import Backbone
    from distributional_view.backends.zoo.images import ImageBatches
    from distributional_view.backends.zoo.readable import Readable
    from distributional_view.theory.progress import Progress

MADE = ("training.pt", "training.json", "config.json", "sae_weights.safetensors")
"""Files of a job: its state, its record, and the published transcoder."""


@dataclass(frozen=True)
class PictureOptions:
    """Which images, and how many at a time."""

    images: Path
    batch: int
    size: int
    held_out: int
    seed: int
    on_bad_picture: OnBadPicture = "skip"

    def readable(self, memory: Path, progress: "Progress") -> "Readable":
        """The images of the folder that can be read; `memory` is a file that keeps which."""
        from distributional_view.backends.zoo.images import image_files
        from distributional_view.backends.zoo.readable import remembered

        return remembered(memory, self.images, image_files(self.images), self.on_bad_picture, progress)

    def described(self, found: "Readable") -> dict[str, Any]:
        """What tells these images, and their order, from others."""
        sizes = {"size": self.size, "batch": self.batch, "held-out": self.held_out}
        left_out = {} if found.ordinary else found.record()
        return {"folder": listing(self.images, found.good), "files": len(found.good), **sizes, **left_out}

    def batches(self, files: list[Path]) -> "tuple[ImageBatches, ImageBatches]":
        """Images to train on, and images kept for the explained variance.

        Raises:
            ValueError: if there are too few images.
        """
        import numpy as np

        from distributional_view.backends.zoo.images import ImageBatches
        from distributional_view.theory.errors import require

        most = len(files) - self.batch
        permitted = f"in [1, {most}], the images beyond one batch"
        require(0 < self.held_out <= most, "held-out", self.held_out, permitted)
        order = np.random.default_rng(self.seed).permutation(len(files))
        kept, rest = ([files[i] for i in part] for part in (order[: self.held_out], order[self.held_out :]))
        return (
            ImageBatches(rest, self.size, self.batch, self.seed),
            ImageBatches(kept, self.size, min(self.batch, self.held_out), self.seed),
        )


@dataclass(frozen=True)
class HookOptions:
    """Which activations are read, and where everything is computed."""

    backbone: Path
    stage: int
    block: int
    device: str

    def network(self) -> "Backbone":
        """The backbone up to the hook; see `load_backbone`."""
        from distributional_view.backends.zoo.dinov3 import load_backbone

        return load_backbone(self.backbone, (self.stage, self.block), device=self.device)


@dataclass(frozen=True)
class EncoderOptions:
    """The shape of the transcoder."""

    expansion: int
    kernel: int
    activation: Activation
    top_k: int

    def spec(self, channels: int) -> "TranscoderSpec":
        """The transcoder's spec, in the conventions of the published ones."""
        from distributional_view.backends.transcoders.transcoder import TranscoderSpec

        return TranscoderSpec(
            d_in=channels,
            d_sae=channels * self.expansion,
            kernel_size=self.kernel,
            activation=self.activation,
            top_k=self.top_k,
            decoder_norm_scaling=True,
            dataset_norm=True,
        )


@click.command("train-transcoder", cls=Command)
@click.option("--images", type=click.Path(path_type=Path), required=True, help="Folder of images, searched in depth.")
@flags.ON_BAD_PICTURE
@click.option("--backbone", type=click.Path(path_type=Path), required=True, help="Local DINOv3 ConvNeXt weights.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where the transcoder goes; resumes there.")
@click.option("--stage", type=int, default=2, show_default=True, help="Stage of the hook, from zero.")
@click.option("--block", type=int, default=20, show_default=True, help="Block whose input is read, from zero.")
@click.option("--expansion", type=flags.COUNT, default=32, show_default=True, help="Features a channel.")
@click.option(
    "--kernel", type=flags.COUNT, default=7, show_default=True, help="Side of the encoder's kernel, odd; 1: an SAE."
)
@click.option("--activation", type=click.Choice(get_args(Activation)), default="topk", show_default=True)
@click.option("--top-k", type=flags.COUNT, required=True, help="Codes a position.")
@click.option("--learning-rate", type=float, required=True)
@click.option("--steps", type=flags.COUNT, required=True, help="Most steps.")
@click.option("--until", type=float, default=None, help="Explained variance at which to stop earlier.")
@click.option("--sparsity-weight", type=float, default=0.0, show_default=True)
@click.option("--aux-weight", type=float, default=1 / 32, show_default=True, help="Of the dead features' loss.")
@click.option("--batch", type=flags.COUNT, default=16, show_default=True, help="Images a step.")
@flags.SIZE
@click.option(
    "--held-out", type=flags.COUNT, default=256, show_default=True, help="Images kept for the explained variance."
)
@click.option("--check-every", type=flags.COUNT, default=500, show_default=True)
@click.option("--save-every", type=flags.COUNT, default=500, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@flags.DEVICE
def train_transcoder(out: Path, **options: Any) -> None:
    """Train a transcoder and write it in the published format. A killed run goes on when called again."""
    from rich.console import Console

    from distributional_view.backends.adapter.feature import imagenet_normalise
    from distributional_view.backends.jobs import usable
    from distributional_view.backends.transcoders.checkpoint import publish, save_published
    from distributional_view.backends.transcoders.settings import TrainingSettings
    from distributional_view.backends.transcoders.train import train
    from distributional_view.backends.zoo.dinov3 import weight_file
    from distributional_view.terminal import progress_bar

    pictures, hook = chosen(PictureOptions, options), chosen(HookOptions, options)
    console, settings, device = Console(), chosen(TrainingSettings, options), usable(hook.device)
    with progress_bar(console) as progress:
        found = pictures.readable(out / ".pictures.json", progress)
    if not found.ordinary:
        console.print(str(found), highlight=False, markup=False)
    training, held_out = pictures.batches(found.good)
    network = hook.network()
    spec = chosen(EncoderOptions, options).spec(network.channels)
    identity = {
        "spec": asdict(spec),
        "settings": asdict(settings),
        "seed": pictures.seed,
        "images": pictures.described(found),
        "hook": network.hook_name,
    }
    with (
        opened(out, identity, {"backbone": weight_file(hook.backbone)}, MADE) as job,
        progress_bar(console) as progress,
    ):
        result = train(
            spec,
            lambda x: (network(imagenet_normalise(x)),) * 2,
            training,
            held_out,
            settings,
            pictures.seed,
            out,
            device,
            progress,
            job.token,
        )
        save_published(out, publish(result.transcoder, network.hook_name))
        write_record(out / "training.json", settings, pictures.seed, result)
    last = result.evaluation
    console.print(
        f"explained variance {last.explained_variance:.4f} on {last.positions} held-out positions, "
        f"{last.active:.1f} active codes a position, {last.silent} of {spec.d_sae} features silent there"
    )
    if settings.until is not None:
        reached = "reached" if result.reached else "not reached"
        console.print(f"target {settings.until}: {reached} after {result.steps} steps")


def write_record(path: Path, settings: "TrainingSettings", seed: int, result: "Trained") -> None:
    """Write what was trained, how, and how good it was on the way, as JSON."""
    record = {
        "spec": asdict(result.transcoder.spec),
        "settings": asdict(settings),
        "seed": seed,
        "steps": result.steps,
        "reached": result.reached,
        "history": [{"step": step, **evaluation._asdict()} for step, evaluation in result.history],
    }
    write_json(path, record)
