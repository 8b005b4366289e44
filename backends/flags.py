"""Options that several commands have, with one spelling and one help; needs no torch."""

from pathlib import Path
from typing import get_args

import click

from distributional_view.backends.choices import OnBadPicture, Precision

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
