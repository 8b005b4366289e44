"""Options that several commands of this room share, and how their texts are read; imports nothing heavy."""

from pathlib import Path

import click

OUT = click.option("--out", default="results", show_default=True, type=click.Path(file_okay=False, path_type=Path))
SEED = click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Seed of all random numbers."
)
JOBS = click.option(
    "--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Processes, one thread each."
)


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
