"""The rows of `figures.paradigms` in short: a line for each level and method, over features and seeds."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from distributional_view.figures.means import text_of

Rows = Sequence[dict[str, Any]]
HEADER = (
    "level",
    "method",
    "reached",
    "KID",
    "KID to the tilt",
    "naturalness",
    "diversity",
    "prior's loss",
    "twins",
    "class agrees",
    "CPU s",
    "search s",
    "MiB",
)
NUMBERS = {
    "kid": ".2f",
    "kid_tilt": ".2f",
    "naturalness": ".0f",
    "diversity": ".2f",
    "prior_loss": ".2f",
}
"""Shown with the standard error over seeds."""
PLAIN = {"near_duplicates": ".0%", "agreement": ".0%", "seconds": ".1f", "search_seconds": ".1f", "peak_mib": ".0f"}


class Estimate(NamedTuple):
    """A mean over features, and its standard error by the spread over seeds; None where it is not known."""

    mean: float | None
    error: float | None


class Summary(NamedTuple):
    """`reached` of so many `cells`, or None where there is no level."""

    level: float | None
    method: str
    reached: int | None
    cells: int
    estimates: dict[str, Estimate]


def summaries(rows: Rows, retrieved: Rows) -> list[Summary]:
    """The retrieved sets, then the methods at each level, in the order of the rows."""
    found = [_summary(retrieved)] if retrieved else []
    for level in sorted({row["level"] for row in rows}):
        at = [row for row in rows if row["level"] == level]
        found += [_summary([r for r in at if r["method"] == name]) for name in dict.fromkeys(r["method"] for r in at)]
    return found


def _summary(rows: Rows) -> Summary:
    level = rows[0]["level"]
    reached = None if level is None else sum(bool(row["reached"]) for row in rows)
    names = (*NUMBERS, *PLAIN)
    return Summary(level, rows[0]["method"], reached, len(rows), {name: estimate(rows, name) for name in names})


def estimate(rows: Rows, name: str) -> Estimate:
    """Of a column: the mean of the features' means; only seeds make its error, since the features are given."""
    features = [
        values
        for feature in dict.fromkeys(row["feature"] for row in rows)
        if (values := [row[name] for row in rows if row["feature"] == feature and row.get(name) is not None])
    ]
    if not features:
        return Estimate(None, None)
    mean = float(np.mean([np.mean(values) for values in features]))
    if min(map(len, features)) < 2:
        return Estimate(mean, None)
    variances = [np.var(values, ddof=1) / len(values) for values in features]
    return Estimate(mean, float(np.sum(variances) ** 0.5 / len(features)))


def line(s: Summary) -> tuple[str, ...]:
    """A summary as text."""

    def text(name: str, form: str, error: bool) -> str:
        found = s.estimates[name]
        return text_of(found.mean, found.error if error else None, form)

    return (
        "highest scores" if s.level is None else f"{100 * s.level:g} %",
        s.method,
        "–" if s.reached is None else f"{s.reached} of {s.cells}",
        *(text(name, form, True) for name, form in NUMBERS.items()),
        *(text(name, form, False) for name, form in PLAIN.items()),
    )


EMBEDDED = (
    "KID: to the test pictures on the classifier's features; to the tilt: to the test pictures weighed to the same "
    "level, zero for exact draws. Naturalness: a NIQE of the training pictures, small is natural."
)
"""What pictures are measured with on the embedded world."""


def note(budget: Any, seed: int, told: str = EMBEDDED) -> str:
    """What the columns mean; `told` says what pictures are measured with."""
    return (
        f"{budget.n} pictures a cell, {budget.seeds} seeds (± standard error over seeds; features are given). Levels: "
        "quantiles of the score over the data, the mean that every method is brought to. Reached: cells whose mean is "
        f"within .15 sd of the score of the level, or two standard errors of the mean. {told} Twins: pictures with a "
        "near-duplicate. "
        f"CPU s: a draw; search s: calibration and search before it; MiB: peak of the draw. Seed {seed}."
    )
