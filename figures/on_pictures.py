"""`dview levels`, and options of `dview drift` and `dview strength` for pictures; imports nothing heavy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from distributional_view.errors import UserError
from distributional_view.files import shown

FEATURE, FEATURES = 457, (457, 417, 367)
"""Of the embedded world, where none is asked for."""

Option = Callable[[click.Command], click.Command]
EMBEDDED = click.option("--embedded", is_flag=True, help="On pictures of the embedded world (needs torch).")
OF_FEATURE = click.option("--feature", type=int, help=f"With --embedded: index of the feature.  [default: {FEATURE}]")


def _pool(otherwise: str) -> Option:
    said = f"With --embedded: folder of `embedded-pool`.  [default: {otherwise}]"
    return click.option("--pool", type=click.Path(file_okay=False, path_type=Path), help=said)


OPTIONS: dict[str, tuple[Option, ...]] = {
    "drift": (
        EMBEDDED,
        OF_FEATURE,
        _pool("the data's pictures"),
        click.option("--word", help="With --embedded: a class.  [default: the one that the tilt shows second most]"),
        click.option(
            "--reference",
            type=int,
            help="With --embedded: place of the reference picture.  [default: the word's picture at the level]",
        ),
    ),
    "strength": (EMBEDDED, OF_FEATURE, _pool("prior-pool in OUT; sampled if need be")),
}
"""Further options of the commands of some artefacts."""
SAYS = {
    "drift": "With --embedded: a word or a reference picture, demanded of a feature's pictures at the same activation.",
    "strength": "With --embedded: EnergyDPS on a feature's pictures; goes on where it stopped.",
}
"""What the help says of them."""


def refuse_without_embedded(given: dict[str, Any]) -> None:
    """Raise `UserError` if options of `--embedded` were given without it."""
    for name, value in given.items():
        if value is not None:
            raise UserError(f"--{name} {value}: must be left out, or --embedded given too")


def make_on_pictures(name: str, out: Path, seed: int, quick: bool, options: dict[str, Any]) -> None:
    """Compute, show and save the artefact on pictures.

    Raises:
        click.ClickException: without torch.
        UserError: for an option that does not fit.
    """
    from distributional_view.figures import artefact

    feature, pool = FEATURE if options["feature"] is None else options["feature"], options["pool"]
    if name == "drift":
        from distributional_view.figures.drift_embedded import compute

        artefact.run(lambda progress: compute(feature, pool, options["word"], options["reference"], progress), out)
    else:
        from distributional_view.figures.strength_embedded import compute as guided

        folder = pool or out / "prior-pool"
        artefact.run(lambda progress: guided(out, folder, feature, seed, quick, progress), out)


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
