"""`dview levels`; imports nothing heavy."""

from pathlib import Path

import click

from distributional_view.errors import UserError
from distributional_view.files import shown

FEATURES = (457, 417, 367)
"""Of the embedded world, where none is asked for."""


@click.command("levels")
@click.argument("store", required=False, type=click.Path(path_type=Path))
@click.option("--feature", "features", multiple=True, type=int, help="Index; repeatable.  [default: 457, 417, 367]")
@click.option(
    "--pool",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of `embedded-pool`: the prior's samples beside the data.",
)
@click.option("--reduction", help="Score column of a store.  [default: its first]")
@click.option(
    "--images", type=click.Path(file_okay=False, path_type=Path), help="Where the pictures of a store are now."
)
@click.option("--out", default="results", show_default=True, type=click.Path(file_okay=False, path_type=Path))
def levels(
    store: Path | None,
    features: tuple[int, ...],
    pool: Path | None,
    reduction: str | None,
    images: Path | None,
    out: Path,
) -> None:
    """How the evidence for a feature changes with the level, along the tilt and along the truncation.

    Of the embedded world (needs torch), or of a STORE of `scan` with labels (needs the extra store).
    """
    from rich.console import Console

    from distributional_view.figures import artefact
    from distributional_view.figures.levels import FeatureLevels, Levels, compute
    from distributional_view.figures.levels_source import embedded_evidence, embedded_names, store_evidence
    from distributional_view.figures.report.pictures import StoreAlbum
    from distributional_view.theory.progress import Progress

    given = {"--reduction": reduction, "--images": images} if store is None else {"--pool": pool}
    for option, value in given.items():
        if value is not None:
            raise UserError(f"{option} {value}: must be left out {'without' if store is None else 'beside'} a store")
    if store is not None and not features:
        raise UserError(f"feature = none: must be given: `dview features {shown(store)}` lists them")
    console, gone = Console(), list[StoreAlbum]()

    def followed(progress: Progress) -> Levels:
        names = embedded_names(features or FEATURES) if store is None else {i: f"feature {i}" for i in features}
        found = list[FeatureLevels]()
        for done, (index, title) in enumerate(names.items()):
            progress(title, done, len(names))
            if store is None:
                sets = embedded_evidence(index, pool)
            else:
                evidence, album = store_evidence(store, index, reduction, images)
                sets = [evidence]
                gone.append(album)
            found.append(compute(index, title, sets))
        return Levels(found)

    artefact.run(followed, out, console)
    for album in gone:
        if album.gone:
            console.print(album.said(), markup=False, highlight=False, soft_wrap=True)
