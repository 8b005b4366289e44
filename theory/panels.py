"""Panels of Gauss-Legendre nodes for densities over an interval, bisected until polynomials describe them.

A panel carries the score s and the log-density at its nodes; the polynomial through the nodes then stands for both
functions anywhere on the panel. Helpers of `theory.piecewise`.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from numpy.polynomial import legendre

from theory.errors import require

ORDER = 16
NODES, WEIGHTS = legendre.leggauss(ORDER)
# Values at the nodes (row vector) times this matrix: Legendre coefficients of the interpolating polynomial.
COEFFICIENTS = legendre.legvander(NODES, ORDER - 1) * WEIGHTS[:, None] * (np.arange(ORDER) + 0.5)

_HALF_BASES = [legendre.legvander(0.5 * (NODES + side), ORDER - 1).T for side in (-1, 1)]
_PREDICTION_TOLERANCE = 1e-11
_SMALLEST_PANEL = 1e-13  # relative; only reached next to singular ends
_STEEPEST_PANEL = 30.0  # nats over the nodes of a panel: no peak can hide between them
_NO_MASS = -700.0  # nats below the peak
_END_SHARE = 0.05  # a log-density rises by less than this share of its range between the last node and the end

Edges = Float[np.ndarray, " p"]
AtNodes = Float[np.ndarray, "p 16"]
Refined = Float[np.ndarray, " more"]
RefinedAtNodes = Float[np.ndarray, "more 16"]


class Panels(NamedTuple):
    """Panels with their nodes; an integral under the density is a sum over exp(log_weight)."""

    left: Edges
    right: Edges
    score: AtNodes
    log_weight: AtNodes
    low: Edges
    """Smallest score of the closed panel."""
    high: Edges
    """Largest score of the closed panel."""


def refine(
    at_nodes: Callable[[Edges, Edges], tuple[AtNodes, AtNodes]], left: Edges, right: Edges
) -> tuple[Refined, Refined, RefinedAtNodes, RefinedAtNodes]:
    """Bisect panels until the polynomials through the nodes of each predict score and density in its halves.

    The halves are kept, whose polynomials are more accurate by another factor of about 2^16. Panels without mass
    in double precision are left as they are.

    Args:
        at_nodes: maps panels to the scores and the log-weights at their nodes.
        left, right: ends of the panels to start from.

    Returns:
        Left and right ends in increasing order, scores and log-weights at the nodes.

    Raises:
        ValueError: if a score is not finite or a log-weight is NaN or +inf.
    """
    accepted: list[tuple[Edges, Edges, AtNodes, AtNodes]] = []
    y, log_w = at_nodes(left, right)
    peak = -np.inf
    while left.size:
        middle = 0.5 * (left + right)
        halves = [at_nodes(left, middle), at_nodes(middle, right)]
        peak = max(peak, *(float(half[1].max()) for half in halves))
        done = right - left <= _SMALLEST_PANEL * np.maximum(1.0, np.abs(left))
        magnitude = np.maximum(np.abs(left), np.abs(right)) / (right - left)
        done |= _negligible(log_w, peak) | (
            (_log_range(log_w) <= _STEEPEST_PANEL) & _predicts(y, log_w, halves, magnitude)
        )
        for (half_y, half_log_w), a, b in zip(halves, (left, middle), (middle, right), strict=True):
            accepted.append((a[done], b[done], half_y[done], half_log_w[done]))
        y, log_w = (np.concatenate([half[column][~done] for half in halves]) for column in (0, 1))
        left, right = np.concatenate([left[~done], middle[~done]]), np.concatenate([middle[~done], right[~done]])
    left, right, y, log_w = (np.concatenate(parts) for parts in zip(*accepted, strict=True))
    finite = bool(np.isfinite(y).all()) and not bool((np.isnan(log_w) | (log_w == np.inf)).any())
    require(finite, "score or log_density", "NaN or +inf", "finite (log_density may be -inf) inside the interval")
    order = np.argsort(left)
    return left[order], right[order], y[order], log_w[order]


def series_value_and_slope(series: list[float], x: float) -> tuple[float, float]:
    """A Legendre series and its derivative at x, by the three-term recurrence on plain floats."""
    p0, p1, d0, d1 = 1.0, x, 0.0, 1.0
    value, slope = series[0] + series[1] * x, series[1]
    for n in range(1, len(series) - 1):
        p0, p1 = p1, ((2 * n + 1) * x * p1 - n * p0) / (n + 1)
        d0, d1 = d1, (2 * n + 1) * p0 + d0
        value += series[n + 1] * p1
        slope += series[n + 1] * d1
    return value, slope


def _log_range(log_w: AtNodes) -> Edges:
    """Variation of the log-density over the nodes of each panel; nodes without mass do not count."""
    top = log_w.max(axis=1)
    bottom = np.where(log_w > -np.inf, log_w, np.inf).min(axis=1)
    return np.where(top > -np.inf, top - np.minimum(top, bottom), 0.0)


def _negligible(log_w: AtNodes, peak: float) -> Bool[np.ndarray, " p"]:
    """Whether the panel carries no mass in double precision, even if its density goes on rising to its end."""
    return np.asarray(log_w.max(axis=1) + _END_SHARE * _log_range(log_w) < peak + _NO_MASS)


def _predicts(
    y: AtNodes, log_w: AtNodes, halves: list[tuple[AtNodes, AtNodes]], magnitude: Edges
) -> Bool[np.ndarray, " p"]:
    """Whether polynomial interpolation on each panel reproduces score and density at the nodes of its halves.

    `magnitude` is |u|/width: it says how much of the variation over the panel is rounding of u itself.
    """
    ok = np.ones(len(y), dtype=bool)
    shift = np.max([log_w.max(axis=1), *(half[1].max(axis=1) for half in halves)], axis=0)
    shift = np.where(np.isfinite(shift), shift, 0.0)[:, None]  # only the shape of the density matters
    series = [y @ COEFFICIENTS, (np.exp(log_w - shift) / WEIGHTS) @ COEFFICIENTS]
    for (half_y, half_log_w), basis in zip(halves, _HALF_BASES, strict=True):
        found = [half_y, 2 * np.exp(half_log_w - shift) / WEIGHTS]
        for coefficients, values in zip(series, found, strict=True):
            size = np.abs(values).max(axis=1)
            error = np.abs(coefficients @ basis - values).max(axis=1)
            rounding = 16 * np.finfo(float).eps * magnitude * np.ptp(values, axis=1)
            ok &= ~(error > _PREDICTION_TOLERANCE * size + rounding)  # NaN counts as settled; it is reported later
    return ok
