"""Options that several commands of this room share, and how their texts are read; imports nothing heavy."""

from pathlib import Path

import click

from distributional_view import flags

OUT = click.option("--out", default="results", show_default=True, type=click.Path(file_okay=False, path_type=Path))
SEED = click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Seed of all random numbers."
)
JOBS = click.option(
    "--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Processes, one thread each."
)

WORDS = click.option(
    "--words",
    type=flags.FOLDER,
    help="Folder of Stable Diffusion, for the methods that look for a prompt. [default: the prior, if it is one]",
)
LEVEL = click.option(
    "--level",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Quantile of the activation over the pictures at which it is held.  [default: 0.95]",
)
SEEDS = click.option("--seeds", type=flags.COUNT, help="Draws of each method at a level. [default: 1]")
OF_CELLS = (
    click.option("--n", type=click.IntRange(min=2), help="Pictures a cell. [default: 12, quick 4]"),
    SEEDS,
    click.option("--steps", type=flags.COUNT, help="Reverse steps of all priors. [default: 50, quick 10]"),
    click.option("--runs", type=flags.COUNT, help="Pictures a calibration run. [default: 16, quick 4]"),
)
"""Sizes of the methods' cells on weights of one's own."""
OF_SEARCHES = (
    click.option(
        "--ascent",
        type=flags.COUNT,
        help="Most steps of the methods that optimise pictures. [default: as published, 512 to 2000; quick 32]",
    ),
    click.option(
        "--prompt", type=flags.COUNT, help="Iterations of a search for a prompt. [default: 1000 as published, quick 8]"
    ),
    click.option(
        "--tried",
        type=flags.COUNT,
        help="Single words that a search tries first. [default: 1000 as published, quick 20]",
    ),
)
"""Sizes of the methods that search."""


def levels_of(levels: str | None) -> list[float]:
    """Numbers between commas; none of no text.

    Raises:
        click.BadParameter: for another text.
    """
    return [] if levels is None else [_level(text) for text in levels.split(",")]


def _level(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        wanted = "a number in (0, 1), a quantile of the activation"
        raise click.BadParameter(f"{text!r}: must be {wanted}", param_hint="--levels") from None


def indices_of(features: str | None) -> list[int]:
    """Whole numbers between commas; none of no text.

    Raises:
        click.BadParameter: for another text.
    """
    return [] if features is None else [_index(text) for text in features.split(",")]


def _index(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        wanted = "a whole number, the index of a feature"
        raise click.BadParameter(f"{text!r}: must be {wanted}", param_hint="--features") from None


def factors_of(factors: str | None) -> tuple[float, ...] | None:
    """Strengths between commas, ascending, each once; None of no text.

    Raises:
        click.BadParameter: for another text.
    """
    return None if factors is None else tuple(sorted({_factor(text) for text in factors.split(",")}))


def _factor(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = float("nan")
    if not 0 < found < float("inf"):
        raise click.BadParameter(f"{text!r}: must be a number > 0, a strength", param_hint="--factors")
    return found
