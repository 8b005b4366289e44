"""Krippendorff's alpha: how far raters agree beyond chance, for any number of raters and any holes.

alpha = 1 - D_o / D_e with D = sum_ck o_ck d2_ck over pairs of values: o are the coincidences within items for D_o, and
n_c n_k / (n - 1) for D_e. With ordinal data d2 is the square of how many values lie between two ranks, with interval
data that of their difference. 1: raters agree; 0: as chance would; below 0: they contradict each other.

Source: K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011); his examples are the test.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float

Metric = Literal["ordinal", "interval", "nominal"]
METRICS: tuple[Metric, ...] = ("ordinal", "interval", "nominal")


def coincidences(
    ratings: Float[np.ndarray, "items raters"], values: Float[np.ndarray, " v"]
) -> Float[np.ndarray, "items v v"]:
    """For each item the pairs of values that two raters gave to it, each rater of m counting 1 / (m - 1).

    Args:
        ratings: NaN where there is none.
        values: all that occur, rising.
    """
    counts = (ratings[:, :, None] == values).sum(1).astype(float)
    raters = counts.sum(1)
    pairs = counts[:, :, None] * counts[:, None, :]
    pairs -= counts[:, :, None] * np.eye(len(values))
    several = raters >= 2
    pairs[several] /= (raters[several] - 1)[:, None, None]
    pairs[~several] = 0
    return pairs


def alpha_of(
    pairs: Float[np.ndarray, "*batch v v"], values: Float[np.ndarray, " v"], metric: Metric = "ordinal"
) -> Float[np.ndarray, "*batch"]:
    """Alpha of summed coincidences; NaN where nothing is paired or all values are equal.

    Args:
        pairs: sums of `coincidences` over items, weighted or not.
        values: of the rows, rising.
        metric: what a difference is worth.
    """
    counts = pairs.sum(-1)
    if metric == "ordinal":
        ranks = np.cumsum(counts, axis=-1) - counts / 2
        distance = (ranks[..., :, None] - ranks[..., None, :]) ** 2
    elif metric == "interval":
        distance = np.broadcast_to((values[:, None] - values) ** 2, pairs.shape)
    else:
        distance = np.broadcast_to(1 - np.eye(len(values)), pairs.shape)
    observed = (pairs * distance).sum((-2, -1))
    expected = (counts[..., :, None] * counts[..., None, :] * distance).sum((-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = 1 - (counts.sum(-1) - 1) * observed / expected
    return np.where(expected > 0, found, np.nan)


def alpha(ratings: Float[np.ndarray, "items raters"], metric: Metric = "ordinal") -> float:
    """Krippendorff's alpha of ratings, NaN where there is none.

    Args:
        ratings: a row an item, a column a rater.
        metric: "ordinal", "interval" or "nominal".

    Returns:
        NaN if no item has two ratings, or all ratings are equal.

    Example:
        >>> ratings = np.array([[1, 1], [2, 2], [3, 4], [4, np.nan]])
        >>> round(alpha(ratings), 3)
        0.949
    """
    values = np.unique(ratings[~np.isnan(ratings)])
    return float(alpha_of(coincidences(ratings, values).sum(0), values, metric)) if values.size else float("nan")
