"""The tilts of many features at once, each to a mean of its own: multipliers and effective sizes.

A feature's scores are coarsened first: the `EXACT` largest as they are, the others as the means of `BINS` bins of equal
width. At the mean of the nine largest the effective size differs from that of all scores by less than 0.01 %.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

EXACT, BINS, STEPS = 256, 256, 200
WIDTH = EXACT + BINS + 1
"""Values of a coarse law at most; one of them is the zero."""
EDGES = np.arange(BINS + 1) / BINS


def tilts(
    scores: Sequence[Float[np.ndarray, " _"]], pictures: int, targets: Float[np.ndarray, " f"]
) -> tuple[Float[np.ndarray, " f"], Float[np.ndarray, " f"]]:
    """Multiplier (infinite where the target is the largest score) and effective size, (sum w)^2 / sum w^2.

    Args:
        scores: of each feature those > 0, ascending, at least one.
        pictures: the others have a zero.
        targets: mean score of each tilt, at most the largest score.
    """
    values, counts = np.zeros((len(scores), WIDTH)), np.zeros((len(scores), WIDTH))
    for j, ascending in enumerate(scores):
        some, each = _coarse(ascending)
        values[j, 1 : some.size + 1], counts[j, 1 : some.size + 1] = some, each
        counts[j, 0] = pictures - ascending.size
    top = values.max(axis=1)
    below = values - top[:, None]
    beta = np.where(targets >= top * (1 - 1e-12), np.inf, 0.0)
    inside = (beta == 0) & (targets > (values * counts).sum(axis=1) / pictures)
    beta[inside] = _roots(below[inside], counts[inside], (targets - top)[inside])
    with np.errstate(invalid="ignore"):
        weights = np.where(below == 0, 1.0, np.exp(beta[:, None] * below))
    return beta, (counts * weights).sum(axis=1) ** 2 / (counts * weights**2).sum(axis=1)


def _coarse(ascending: Float[np.ndarray, " m"]) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """The largest scores as they are, the others as means of bins, and how many each stands for."""
    y = ascending.astype(np.float64)
    body, top = y[:-EXACT], y[-EXACT:]
    if body.size <= BINS:
        return y, np.ones(y.size)
    ends = np.searchsorted(body, body[0] + (body[-1] - body[0]) * EDGES)
    ends[-1] = body.size
    sizes = ends[1:] - ends[:-1]
    starts, sizes = ends[:-1][sizes > 0], sizes[sizes > 0]
    means = np.add.reduceat(body, starts) / sizes
    return np.concatenate([means, top]), np.concatenate([sizes, np.ones(top.size)])


def _roots(
    below: Float[np.ndarray, "f k"], counts: Float[np.ndarray, "f k"], wanted: Float[np.ndarray, " f"]
) -> Float[np.ndarray, " f"]:
    """The multipliers at which tilted means of scores below their largest are as wanted; Newton in a bracket.

    The same roots as `theory.solutions.multiplier`, without its care for extreme laws: thousands a second are needed.
    """
    found, left = np.zeros(wanted.size), np.arange(wanted.size)
    beta, low, high = -1 / wanted, np.zeros(wanted.size), np.full(wanted.size, np.inf)
    for _ in range(STEPS):
        weights = counts * np.exp(beta[:, None] * below)
        weights /= weights.sum(axis=1, keepdims=True)
        mean = (weights * below).sum(axis=1)
        found[left] = beta
        more = np.abs(mean - wanted) > -1e-10 * wanted
        if not more.any():
            break
        variance = (weights * (below - mean[:, None]) ** 2).sum(axis=1)
        short = mean < wanted
        low, high = np.where(short, beta, low), np.where(short, high, beta)
        with np.errstate(divide="ignore"):
            new = beta + (wanted - mean) / variance
        beta = np.where(
            (low < new) & (new < np.minimum(high, 4 * beta)),
            new,
            np.where(np.isinf(high), 4 * beta, 0.5 * (low + high)),
        )
        left, beta, low, high = left[more], beta[more], low[more], high[more]
        below, counts, wanted = below[more], counts[more], wanted[more]
    return found
