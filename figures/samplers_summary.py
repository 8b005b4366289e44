"""The rows of `figures.samplers` in short: a line for each world, level and method, over features and seeds.

A method *reaches* the tilt of a feature if its mean is within .15 sd of the level and the agreement with the
feature's class within two standard errors of what the prior's own tilt has, over all its pictures.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

Rows = Sequence[dict[str, Any]]
HEADER = (
    "world",
    "level",
    "method",
    "passes",
    "mean error (sd)",
    "TV (floor)",
    "KID ± se",
    "class agrees (prior's, data's tilt)",
    "twins",
    "reached",
    "CPU s",
)
MEAN, ERRORS = 0.15, 2.0


class Summary(NamedTuple):
    """Means over features and seeds, of so many `pictures`.

    `reached` of so many `features`, None where the world has no classes.
    """

    world: str
    level: float
    method: str
    passes: str
    means: dict[str, float | None]
    reached: int | None
    features: int
    pictures: int


def label(row: dict[str, Any]) -> str:
    """What a method is called: with its solver and evaluations unless the solver is of second order."""
    solver = "" if row["solver"] in (None, "2M-SDE") else f" {row['solver']} {row['evaluations']:.0f}"
    return f"{row['method']}{solver}"


def reached(rows: Rows) -> bool:
    """Whether rows of one feature, level and method, all seeds together, reach the tilt."""
    p = float(rows[0]["prior_tilt_agreement"])
    pictures = sum(row["pictures"] for row in rows)
    mean = abs(float(np.mean([row["signed_error_sd"] for row in rows])))
    agreement = float(np.mean([row["agreement"] for row in rows]))
    return mean <= MEAN and abs(agreement - p) <= ERRORS * (p * (1 - p) / pictures) ** 0.5


def summaries(rows: Rows) -> list[Summary]:
    """In the order of the rows: the embedded world by level, then the toy world."""
    found = []
    for world in dict.fromkeys(row["world"] for row in rows):
        ours = [row for row in rows if row["world"] == world]
        for level in sorted({row["level"] for row in ours}):
            for method in dict.fromkeys(map(label, ours)):
                these = [row for row in ours if row["level"] == level and label(row) == method]
                if these:
                    found.append(_summary(these, method))
    return found


def _summary(rows: Rows, method: str) -> Summary:
    features = [[row for row in rows if row["feature"] == name] for name in dict.fromkeys(r["feature"] for r in rows)]
    judged = rows[0].get("agreement") is not None
    numbers = ("mean_error_sd", "tv", "tv_floor", "kid", "agreement", "prior_tilt_agreement", "data_tilt_agreement")
    means = {name: _mean([row.get(name) for row in rows]) for name in (*numbers, "near_duplicates", "cpu_seconds")}
    errors = [row["kid_se"] for row in rows if row.get("kid_se") is not None]
    means["kid_se"] = float(np.sqrt(np.sum(np.square(errors))) / len(errors)) if errors else None
    counts = [_mean([row[name] for row in rows]) for name in ("evaluations", "backward")]
    passes = "–" if counts[0] is None else "/".join(f"{count:.0f}" for count in counts)
    met = sum(map(reached, features)) if judged else None
    pictures = sum(row.get("pictures") or 0 for row in rows)
    return Summary(rows[0]["world"], rows[0]["level"], method, passes, means, met, len(features), pictures)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def line(s: Summary) -> tuple[str, ...]:
    """A summary as text."""

    def text(name: str, form: str) -> str:
        value = s.means[name]
        return "–" if value is None else format(value, form)

    toy = s.means["kid"] is None
    return (
        s.world,
        f"{s.level:g}" if toy else f"{100 * s.level:g} %",
        s.method,
        s.passes,
        text("mean_error_sd", ".2f"),
        f"{text('tv', '.3f')} ({text('tv_floor', '.3f')})",
        "–" if toy else f"{text('kid', '.2f')} ± {text('kid_se', '.2f')}",
        "–"
        if toy
        else f"{text('agreement', '.2f')} ({text('prior_tilt_agreement', '.2f')}, "
        f"{text('data_tilt_agreement', '.2f')})",
        text("near_duplicates", ".0%"),
        "–" if s.reached is None else f"{s.reached} of {s.features}",
        text("cpu_seconds", ".1f"),
    )


def note(budget: Any, trusted: dict[str, float | None], seed: int) -> str:
    """What the columns mean."""
    pool = ", ".join(f"{name} {'none' if q is None else f'{100 * q:g} %'}" for name, q in trusted.items())
    return (
        f"Embedded world: {budget.n} pictures a cell, {budget.seeds} seeds, means over features; strengths were "
        f"calibrated on {budget.calibrated} other pictures; levels are quantiles of the score over the data. The "
        f"reference is the prior's own tilt: {budget.pool} prior samples reweighted to the level. "
        " Passes: of one chain through the prior's network, forward/backward. TV: of class shares (toy world: "
        "smoothed, as in Figure 3); floor: exact draws, as many. KID: to draws of the prior's tilt. Twins: "
        f"near-duplicates. Reached: features with the mean within {MEAN:g} sd and the class agreement within "
        f"{ERRORS:g} standard errors of the prior's tilt. CPU s: of one draw, without calibration. Pool trusted up to: "
        f"{pool}. Seed {seed}."
    )
