"""Options that several commands have, with one spelling and one help; imports nothing heavy."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, get_args

import click
from click.core import ParameterSource

from distributional_view.choices import OnBadPicture, Precision, ReductionName

Option = Callable[[Any], Any]
"""What puts an option to a command."""
FOLDER = click.Path(path_type=Path)
COUNT = click.IntRange(min=1)

BACKBONE = click.option("--backbone", type=FOLDER, help="Local DINOv3 ConvNeXt weights: .pth, transformers or timm.")
TRANSCODER = click.option("--transcoder", type=FOLDER, help="Folder with config.json and sae_weights.safetensors.")
ON_BAD_PICTURE = click.option(
    "--on-bad-picture",
    type=click.Choice(get_args(OnBadPicture)),
    default="skip",
    show_default=True,
    help="Leave out images that cannot be read, and list them; or stop.",
)
EMBEDDED = click.option(
    "--embedded", is_flag=True, help="Use the small backend that comes with the project in place of these."
)
FEATURE = click.option("--feature", type=int, required=True, help="Index of the feature.")
OUT = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The job's folder; resumes."
)
SHARE = click.option("--share", type=float, help="Of each side of the map that counts. [default: 0.5, embedded 1]")
HOOK = click.option("--hook", type=str, help="Stage and block, such as 2.20. [default: as the transcoder says]")
SIZE = click.option("--size", type=COUNT, default=256, show_default=True, help="Side of the images.")
DEVICE = click.option("--device", default="cpu", show_default=True)
PRECISION = click.option(
    "--precision", type=click.Choice(get_args(Precision)), default="float32", show_default=True, help="In the models."
)
PRIOR = click.option(
    "--prior",
    type=FOLDER,
    help="ADM ImageNet-256 checkpoint, or folder of diffusers (pixels, latents, Stable Diffusion); to sample from.",
)
LABEL = click.option("--label", type=str, help="Class (number or name), or prompt, of the prior. [default: none]")
REDUCTION = click.option(
    "--reduction",
    type=click.Choice(get_args(ReductionName)),
    default="mix",
    show_default=True,
    help="Of the feature's map to a number.",
)
RECOMPUTE = click.option(
    "--recompute", is_flag=True, help="Gradient checkpointing of the prior: less memory, more time."
)
IMAGES = click.option("--images", type=FOLDER, help="Folder of images, searched in depth.")
INCEPTION = click.option(
    "--inception", type=FOLDER, help="TorchScript file of Inception. [default: KID on the backbone]"
)


def local(images: Option) -> tuple[Option, ...]:
    """What commands that take weights and pictures of one's own beside the embedded world ask for.

    Args:
        images: the option of the folder, whose help says what the pictures are for.
    """
    return (
        BACKBONE,
        TRANSCODER,
        images,
        ON_BAD_PICTURE,
        PRIOR,
        LABEL,
        HOOK,
        REDUCTION,
        click.option("--share", type=float, help="Of each side of the map that counts. [default: 0.5]"),
        click.option(
            "--gated/--ungated",
            default=None,
            help="Codes, or pre-activations, which have a gradient everywhere. [default: codes]",
        ),
        SIZE,
        click.option(
            "--pool-size", type=COUNT, default=5000, show_default=True, help="Images to take, at random, of the folder."
        ),
        DEVICE,
        PRECISION,
        click.option(
            "--batch", type=COUNT, default=8, show_default=True, help="Most pictures in one pass of a prior or a score."
        ),
        RECOMPUTE,
    )


def given(context: click.Context, names: Iterable[str]) -> list[str]:
    """Those of a command's options that were given on the command line, as they are typed, without the dashes."""
    found = [name for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    return [name.replace("_", "-") for name in found]
