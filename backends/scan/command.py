"""The command `dview scan`."""

from pathlib import Path
from typing import Any, get_args

import click

from distributional_view.backends.options import chosen
from distributional_view.backends.scan.recipe import Normalise, Recipe, Tokens
from distributional_view.choices import Precision, ReductionName
from distributional_view.errors import UserError
from distributional_view.shell import Command

PATH = click.Path(path_type=Path)
COUNT = click.IntRange(min=1)


@click.command("scan", cls=Command)
@click.option("--images", help="Folder, tar file, folder of tar files, or table of paths. [embedded: its own pictures]")
@click.option("--path-column", help="Column of paths in the table.")
@click.option("--label-column", help="Column of labels in the table.")
@click.option("--header/--no-header", default=None, help="Whether the table's first line holds names.")
@click.option("--label-folders", is_flag=True, help="The folder that a picture lies in is its label.")
@click.option("--backbone", type=PATH, help="Local DINOv3 weights: ConvNeXt, or a ViT's transformers folder.")
@click.option("--module", help="Your own torch module in its place: package.module:factory.")
@click.option("--embedded", is_flag=True, help="The small backend that comes with the project in place of both.")
@click.option("--hook", help="Stage and block (2.20), block of a ViT (11), or name in your module.")
@click.option("--tokens", type=click.Choice(get_args(Tokens)), default="patch", show_default=True, help="Of a ViT.")
@click.option("--prefix-tokens", type=click.IntRange(min=0), default=0, help="Your module's, before its patches.")
@click.option(
    "--normalise", type=click.Choice(get_args(Normalise)), default="imagenet", show_default=True, help="For --module."
)
@click.option("--transcoder", type=PATH, help="Published folder, SAELens folder, or .safetensors of a linear encoder.")
@click.option("--neurons", is_flag=True, help="The hooked channels themselves as features.")
@click.option(
    "--reduction",
    "reductions",
    type=click.Choice(get_args(ReductionName)),
    multiple=True,
    default=("mix",),
    show_default=True,
    help="Of a feature's map to its score; give it again for several.",
)
@click.option("--share", type=float, help="Of each side of the map that counts. [default: 0.5, embedded 1]")
@click.option("--size", type=COUNT, help="Side of the pictures. [default: 256, embedded 32]")
@click.option("--store", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder; resumes.")
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True)
@click.option("--part", type=click.IntRange(min=0), default=0, show_default=True, help="Of --of parts, from 0.")
@click.option("--of", type=COUNT, default=1, show_default=True, help="Parts that the shards are dealt to.")
@click.option("--images-a-shard", type=COUNT, default=10_000, show_default=True)
@click.option("--batch", type=COUNT, default=32, show_default=True, help="Pictures in a pass.")
@click.option("--threads", type=COUNT, help="Decoding, in each process. [default: all cores]")
@click.option("--workers", type=COUNT, help="Of Ray. [default: one a GPU, or two]")
@click.option("--device", default="cpu", show_default=True)
@click.option("--precision", type=click.Choice(get_args(Precision)), default="float32", show_default=True)
def scan(store: Path, **options: Any) -> None:
    """Score every feature on every picture once, into a store that answers all questions about them.

    A killed scan goes on when it is called again. Pictures that cannot be read are listed in bad-*.jsonl.
    """
    from rich.console import Console

    from distributional_view.backends.scan.animals import embedded_manifest
    from distributional_view.backends.scan.manifest import manifest_of
    from distributional_view.backends.scan.run import Effort
    from distributional_view.backends.scan.run import scan as run
    from distributional_view.terminal import progress_bar

    console = Console()
    recipe, effort = chosen(Recipe, options), chosen(Effort, options)
    images = options["images"]
    if images is None and not recipe.embedded:
        raise UserError("images = None: must be a folder, a tar file or a table of paths (--images)")
    given = ("header", "path_column", "label_column", "label_folders")
    manifest = (
        embedded_manifest(store) if images is None else manifest_of(images, **{name: options[name] for name in given})
    )
    with progress_bar(console) as report:
        count = run(store, manifest, recipe, effort, report)
    said = f"{count.read} pictures scored"
    if count.bad:
        said += f"; {count.bad} cannot be read, listed in bad-*.jsonl, first {count.first}"
    console.print(said if count.read or count.bad else "nothing left to do", highlight=False, markup=False)
