"""`dview drift`, `strength` and `bottleneck` on pictures: the embedded world's, or weights and pictures of one's own.

Their options, and which of the worlds they ask for; imports nothing heavy.
"""

from pathlib import Path
from typing import Any

import click

from distributional_view import flags
from distributional_view.errors import UserError
from distributional_view.figures.options import LEVEL, factors_of, indices_of, levels_of

FEATURE = 457
"""Of the embedded world, where none is asked for."""

_EMBEDDED = click.option("--embedded", is_flag=True, help="On pictures of the embedded world (needs torch).")
_FEATURE = click.option("--feature", type=int, help=f"Index of the feature.  [default: embedded {FEATURE}]")
_SAMPLES = "Unguided samples of the prior, made once.  [default: 1000, quick 64]"
_STEPS = click.option("--steps", type=flags.COUNT, help="Reverse steps of the prior.  [default: 50, quick 10]")


def _pool(otherwise: str) -> flags.Option:
    said = f"With --embedded: folder of `embedded-pool`.  [default: {otherwise}]"
    return click.option("--pool", type=click.Path(file_okay=False, path_type=Path), help=said)


OPTIONS: dict[str, tuple[flags.Option, ...]] = {
    "drift": (
        _EMBEDDED,
        _FEATURE,
        LEVEL,
        click.option(
            "--reference",
            help="Reference picture: a file; with --embedded its place.  [default: embedded the word's picture at the "
            "level]",
        ),
        _pool("the data's pictures"),
        click.option("--word", help="With --embedded: a class.  [default: the one that the tilt shows second most]"),
        *flags.local(flags.IMAGES),
        click.option("--other", type=int, help="Index of another feature, whose activation is demanded."),
        click.option("--samples", type=flags.COUNT, help=f"With --prior, in place of --images. {_SAMPLES}"),
        _STEPS,
    ),
    "strength": (
        _EMBEDDED,
        _FEATURE,
        _pool("prior-pool in OUT; sampled if need be"),
        *flags.local(flags.IMAGES),
        flags.INCEPTION,
        click.option("--factors", help="Strengths in 1/sd of the activation.  [default: 0.25,0.5,1,2,4, quick 0.5,2]"),
        click.option("--n", type=click.IntRange(min=2), help="Pictures a cell.  [default: 12, quick 4]"),
        click.option("--seeds", type=flags.COUNT, help="Repetitions.  [default: 1]"),
        _STEPS,
        click.option("--samples", type=flags.COUNT, help=_SAMPLES),
    ),
    "bottleneck": (
        _EMBEDDED,
        click.option("--features", help="With --embedded: indices of named features.  [default: the first two]"),
        click.option("--levels", help="With --embedded: quantiles of the activation.  [default: 0.95]"),
    ),
}
"""Further options of the commands of some artefacts."""
EMBEDDED = ("pool", "word", "features", "levels")
"""Options of the embedded world alone."""
BOTH = ("embedded", "feature", "level", "reference")
"""Options that it shares with weights of one's own."""
SAYS = {
    "drift": "With --embedded: a word or a reference picture, demanded of a feature's pictures at the same activation. "
    "With --backbone and the options after it: a reference picture or another feature, on pictures of your own.",
    "strength": "With --embedded: EnergyDPS on a feature's pictures; goes on where it stopped. With --backbone and the "
    "options after it: on weights and pictures of your own.",
    "bottleneck": "With --embedded: what prompts and guidance pay for a feature's level; takes the prompts of a "
    "`paradigms` in OUT, or looks for them there. It goes on where it stopped.",
}
"""What the help says of them."""


def make_on_pictures(name: str, out: Path, seed: int, quick: bool, options: dict[str, Any]) -> bool:
    """Compute, show and save the artefact on pictures, if these are asked for; says whether they are.

    Raises:
        click.ClickException: without torch.
        UserError: for an option that does not fit.
    """
    context, own = click.get_current_context(), [name for name in options if name not in (*EMBEDDED, *BOTH)]
    of_own, of_embedded = flags.given(context, own), flags.given(context, EMBEDDED)
    if options.get("embedded"):
        _refuse(of_own, "of weights of your own: must be left out beside --embedded")
        _embedded(name, out, seed, quick, options)
    elif of_own:
        _refuse(of_embedded, "of the embedded world: must be left out beside weights of your own")
        _own(name, out, seed, quick, options)
    else:
        for option in (o for o in (*EMBEDDED, *BOTH) if options.get(o) is not None and o != "embedded"):
            more = ", or --backbone and other weights of your own" if own else ""
            raise UserError(f"--{option} {options[option]}: must be left out, or --embedded given too{more}")
        return False
    return True


def _refuse(found: list[str], why: str) -> None:
    if found:
        raise UserError(f"{', '.join(f'--{name}' for name in found)}: {why}")


def _embedded(name: str, out: Path, seed: int, quick: bool, options: dict[str, Any]) -> None:
    from distributional_view.figures import artefact

    if name == "bottleneck":
        from distributional_view.figures.bottleneck_embedded import compute as split

        features, levels = indices_of(options["features"]), levels_of(options["levels"])
        artefact.run(lambda progress: split(out, seed, quick, features, levels, progress), out)
        return
    feature, pool = FEATURE if options["feature"] is None else options["feature"], options["pool"]
    if name == "drift":
        from distributional_view.figures.drift_embedded import compute
        from distributional_view.figures.drift_pictures import QUANTILE

        level, place = options["level"] or QUANTILE, _place(options["reference"])
        artefact.run(lambda progress: compute(feature, pool, options["word"], place, progress, level), out)
    else:
        from distributional_view.figures.strength_embedded import compute as guided

        folder = pool or out / "prior-pool"
        artefact.run(lambda progress: guided(out, folder, feature, seed, quick, progress), out)


def _own(name: str, out: Path, seed: int, quick: bool, options: dict[str, Any]) -> None:
    from rich.console import Console

    from distributional_view.figures import artefact

    feature, console = options["feature"], Console()
    if feature is None:
        raise UserError("--feature: must be given for weights of your own, the index of a feature")
    if name == "drift":
        from distributional_view.figures.drift_own import compute

        artefact.run(lambda progress: compute(out, feature, seed, quick, options, console, progress), out, console)
    else:
        from distributional_view.figures.strength_own import compute as guided

        sizes = {**options, "factors": factors_of(options["factors"])}
        artefact.run(lambda progress: guided(out, feature, seed, quick, sizes, console, progress), out, console)


def _place(text: str | None) -> int | None:
    """The place of a picture of the embedded world."""
    try:
        return None if text is None else int(text)
    except ValueError:
        raise UserError(
            f"reference = {text!r}: must be the place of a picture, a whole number, with --embedded"
        ) from None
