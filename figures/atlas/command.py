"""`dview atlas`."""

from pathlib import Path

import click
from rich.console import Console

from distributional_view.errors import UserError
from distributional_view.shell import Command


@click.command("atlas", cls=Command)
@click.argument("store", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the site.")
@click.option("--reduction", help="The score column.  [default: the store's first]")
@click.option("--images", type=click.Path(file_okay=False, path_type=Path), help="Where the pictures are now.")
@click.option("--feature", "features", multiple=True, type=int, help="Only these get pages; the index has all.")
@click.option(
    "--made",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Folder with jobs of `dview explain`, whose pictures are shown beside the feature's own; repeatable.",
)
@click.option(
    "--beside",
    type=click.Path(file_okay=False, path_type=Path),
    help="Another store of the same pictures: each feature's partner in it, as `dview match` finds it.",
)
@click.option(
    "--beside-atlas",
    type=click.Path(file_okay=False, path_type=Path),
    help="The atlas of that store, which partners become links into.",
)
@click.option(
    "--transcoder",
    type=click.Path(path_type=Path),
    help="The dictionary of the scan, for neighbours by decoder direction.  [embedded: its own]",
)
@click.option("--partial", is_flag=True, help="Take a scan that is not finished.")
def atlas(
    store: Path,
    out: Path,
    reduction: str | None,
    images: Path | None,
    features: tuple[int, ...],
    made: tuple[Path, ...],
    beside: Path | None,
    beside_atlas: Path | None,
    transcoder: Path | None,
    partial: bool,
) -> None:
    """Write a site of all features of a store, which opens from a file."""
    from distributional_view.backends.scan.decoder import directions_of
    from distributional_view.backends.store.read import open_store
    from distributional_view.figures.atlas.build import build
    from distributional_view.figures.atlas.linked import Linked
    from distributional_view.terminal import progress_bar, tell

    console = Console()
    if beside is None and beside_atlas is not None:
        raise UserError("beside-atlas: must be left out without --beside, the store that it is the atlas of")
    with progress_bar(console) as progress:
        other = None if beside is None else open_store(beside, partial)
        linked = None if beside_atlas is None else Linked(beside_atlas, other, out)
        asked = open_store(store, partial)
        directions, some = directions_of(asked, transcoder), features or None
        album = build(asked, out, reduction, images, some, progress, made, other, directions, linked)
    if album.gone:
        console.print(album.said(), markup=False, highlight=False, soft_wrap=True)
    tell(console, [out / "index.html"])
