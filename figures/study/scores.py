"""Mean scores with bootstrap intervals: over features, and over features and raters at once.

A feature is drawn with all its items, so that methods are compared on the same features in every draw. With raters
drawn too the interval says what other raters on other features would find; it is wide, and honest with few raters.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from distributional_view.figures.study.agreement import Metric, alpha_of, coincidences

DRAWS = 2000
COVERAGE = 0.95
Interval = tuple[float, float]


class Grades(NamedTuple):
    """All scores: a row an item, a column a rater, NaN where there is none; the method and the feature of each item."""

    scores: Float[np.ndarray, "items raters"]
    methods: Int[np.ndarray, " items"]
    features: Int[np.ndarray, " items"]
    names: Sequence[str]


class Draws(NamedTuple):
    """How often each feature and each rater is drawn, a row a draw."""

    features: Float[np.ndarray, "draws f"]
    raters: Float[np.ndarray, "draws r"]


class Estimate(NamedTuple):
    """A number, its interval with features drawn, and with raters drawn too; None where there is none."""

    value: float | None
    interval: Interval | None
    interval_raters: Interval | None


def draws_of(grades: Grades, seed: int, draws: int = DRAWS) -> Draws:
    """Draws with replacement of as many features and raters as there are."""
    rng = np.random.default_rng(seed)
    f, r = int(grades.features.max(initial=-1)) + 1, grades.scores.shape[1]
    return Draws(
        rng.multinomial(f, np.full(f, 1 / f), draws).astype(float),
        rng.multinomial(r, np.full(r, 1 / r), draws).astype(float),
    )


def mean_score(grades: Grades, rows: np.ndarray, columns: np.ndarray, drawn: Draws) -> Estimate:
    """The mean score of some items (a mask) by some raters (a mask)."""
    value, by_feature, by_both = _means(grades.scores, grades, rows, columns, drawn)
    return _estimate(grades, rows, columns, value, by_feature, by_both)


def difference(grades: Grades, rows: np.ndarray, minus: np.ndarray, columns: np.ndarray, drawn: Draws) -> Estimate:
    """The mean score of some items less that of others, in the same draws."""
    a, b = (_means(grades.scores, grades, chosen, columns, drawn) for chosen in (rows, minus))
    both = rows | minus
    return _estimate(grades, both, columns, a[0] - b[0], a[1] - b[1], a[2] - b[2])


def success(grades: Grades, rows: np.ndarray, columns: np.ndarray, drawn: Draws, least: float) -> Estimate:
    """The share of items whose mean score over raters is at least `least`."""
    here = np.where(columns, grades.scores, np.nan)
    there = ~np.isnan(here).all(1)
    means = np.full(len(here), np.nan)
    means[there] = np.nanmean(here[there], axis=1)
    reached = np.where(there, means >= least, np.nan)[:, None]
    one = Draws(drawn.features, np.ones((len(drawn.features), 1)))
    value, by_feature, _ = _means(reached, grades, rows, np.ones(1, bool), one)
    found = _estimate(grades, rows & there, columns, value, by_feature, by_feature)
    return found._replace(interval_raters=None)


def agreement(grades: Grades, rows: np.ndarray, columns: np.ndarray, drawn: Draws, metric: Metric) -> Estimate:
    """Krippendorff's alpha of some items and raters, features drawn."""
    chosen = grades.scores[np.ix_(rows, columns)]
    values = np.unique(chosen[~np.isnan(chosen)])
    if values.size == 0:
        return Estimate(None, None, None)
    pairs = coincidences(chosen, values)
    value = float(alpha_of(pairs.sum(0), values, metric))
    weights = drawn.features[:, grades.features[rows]]
    several = alpha_of(np.tensordot(weights, pairs, 1), values, metric)
    few = np.unique(grades.features[rows]).size < 2
    return Estimate(_number(value), None if few else _interval(several), None)


def by_name(grades: Grades) -> Mapping[str, np.ndarray]:
    """The items of each method, as masks."""
    return {name: grades.methods == i for i, name in enumerate(grades.names)}


def _means(
    scores: Float[np.ndarray, "items r"], grades: Grades, rows: np.ndarray, columns: np.ndarray, drawn: Draws
) -> tuple[float, Float[np.ndarray, " draws"], Float[np.ndarray, " draws"]]:
    """The mean, and its draws over features, and over features and raters."""
    chosen = scores[np.ix_(rows, columns)]
    there = (~np.isnan(chosen)).astype(float)
    filled = np.where(there > 0, chosen, 0)
    weights = drawn.features[:, grades.features[rows]]
    with np.errstate(invalid="ignore", divide="ignore"):
        value = filled.sum() / there.sum()
        tops, counts = weights @ filled, weights @ there
        raters = drawn.raters[:, columns]
        both = (tops * raters).sum(1) / (counts * raters).sum(1)
        return float(value), tops.sum(1) / counts.sum(1), both


def _estimate(
    grades: Grades, rows: np.ndarray, columns: np.ndarray, value: float, by_feature: np.ndarray, by_both: np.ndarray
) -> Estimate:
    features = np.unique(grades.features[rows]).size
    interval = _interval(by_feature) if features >= 2 else None
    raters = _interval(by_both) if features >= 2 and int(columns.sum()) >= 2 else None
    return Estimate(_number(value), interval, raters)


def _interval(values: Float[np.ndarray, " draws"]) -> Interval | None:
    """The middle 95 % of the draws that have a value."""
    good = values[np.isfinite(values)]
    if not good.size:
        return None
    low, high = np.quantile(good, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return float(low), float(high)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
