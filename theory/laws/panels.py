"""Panels of Gauss-Legendre nodes for densities over an interval, bisected until polynomials describe them.

A panel carries the score s and the log-density at its nodes; the polynomial through the nodes then stands for both
functions anywhere on the panel (`theory.laws.interpolants`). Helpers of `theory.laws.piecewise`.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from numpy.polynomial import legendre

from distributional_view.theory.errors import require

ORDER = 16
NODES, WEIGHTS = legendre.leggauss(ORDER)

_HALF_BASES = [legendre.legvander(0.5 * (NODES + side), ORDER - 1).T for side in (-1, 1)]
_TO_SERIES = legendre.legvander(NODES, ORDER - 1) * WEIGHTS[:, None] * (np.arange(ORDER) + 0.5)
_EPS = float(np.finfo(float).eps)
_PREDICTION_TOLERANCE = 1e-11
_STEEPEST_PANEL = 5.0  # nats over the nodes: no panel ends where its density vanishes (5.2 if linearly)
_CHARGED = 30.0  # nats below the peak: panels that matter
_NO_MASS = -700.0  # nats below the peak
_END_SHARE = 0.05  # a log-density rises by less than this share of its range between the last node and the end
_LARGEST_LOSS = 1e-10  # share of the mass that panels too small to bisect may carry
_NOISE = 1e-6  # relative errors of a panel's polynomials below it are rounding, not roughness
_MOST_PANELS = 50_000
_FEWEST_SCORE_DIGITS = 1e-305  # below it doubles lose digits: u^1.5 is not resolved beside 0, where it is no mass
FEWEST_DIGITS = 1024 * _EPS  # relative width of a panel whose outermost nodes are still distinct from its ends

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
    at_nodes: Callable[[Edges, Edges], tuple[AtNodes, AtNodes]], left: Edges, right: Edges, multiplier: float
) -> tuple[Refined, Refined, RefinedAtNodes, RefinedAtNodes]:
    """Bisect panels until the polynomials through the nodes of each predict score and density in its halves.

    The halves are kept, whose polynomials are more accurate by another factor of about 2^16. Panels without mass
    in double precision are left as they are. A polynomial is accurate relative to its largest value on the panel: where
    the density vanishes at an end, panels shrink towards that end, or the tail beside it would have no digits.

    Args:
        at_nodes: maps panels to the scores and the log-weights at their nodes.
        left, right: ends of the panels to start from.
        multiplier: tilt in the log-weights: it says how much of their digits the rounding of the score takes.

    Returns:
        Left and right ends in increasing order, scores and log-weights at the nodes.

    Raises:
        ValueError: if a score is not finite, a log-weight is NaN or +inf, or mass sits where the latent variable
            has no digits left to resolve it (a singularity away from 0).
    """
    accepted: list[tuple[Edges, Edges, AtNodes, AtNodes]] = []
    y, log_w = at_nodes(left, right)
    peak, lost = -np.inf, []
    while left.size:
        middle = 0.5 * (left + right)
        halves = [at_nodes(left, middle), at_nodes(middle, right)]
        for half_y, half_log_w in halves:
            finite = np.isfinite(half_y).all() and not (np.isnan(half_log_w) | (half_log_w == np.inf)).any()
            require(finite, "score or log_density", "NaN or inf", "finite inside the interval (log_density: or -inf)")
        peak = max(peak, *(float(half[1].max()) for half in halves))
        require(peak > -np.inf, "log_density", "-inf at all nodes", "finite somewhere")
        magnitude = np.maximum(np.abs(left), np.abs(right))
        smallest = is_smallest(left, right)
        done = _negligible(log_w, peak) | (
            (_log_range(log_w) <= _STEEPEST_PANEL) & _predicts(y, log_w, halves, magnitude / (right - left), multiplier)
        )
        lost.append(log_w[smallest & ~done].ravel())
        done |= smallest
        for (half_y, half_log_w), a, b in zip(halves, (left, middle), (middle, right), strict=True):
            accepted.append((a[done], b[done], half_y[done], half_log_w[done]))
        y, log_w = (np.concatenate([half[column][~done] for half in halves]) for column in (0, 1))
        left, right = np.concatenate([left[~done], middle[~done]]), np.concatenate([middle[~done], right[~done]])
        count = left.size + sum(part[0].size for part in accepted)
        if left.size and count > _MOST_PANELS:
            _refuse(count, left, right, at_nodes)
    left, right, y, log_w = (np.concatenate(parts) for parts in zip(*accepted, strict=True))
    share = float(np.exp(np.concatenate(lost) - peak).sum() / np.exp(log_w - peak).sum())
    require(
        share <= _LARGEST_LOSS,
        "latent variable",
        f"a share {share:.1e} of the mass where it has no digits left",
        "chosen with singular ends and infinite scores at 0, where doubles are dense",
    )
    order = np.argsort(left)
    return left[order], right[order], y[order], log_w[order]


def _refuse(count: int, left: Edges, right: Edges, at_nodes: Callable[[Edges, Edges], tuple[AtNodes, AtNodes]]) -> None:
    """Say why panels are bisected without end: no polynomial, or one up to noise that bisection does not lessen."""
    middle = 0.5 * (left + right)
    y, log_w = at_nodes(left, right)
    errors = _prediction_errors(y, log_w, [at_nodes(left, middle), at_nodes(middle, right)])
    charged = log_w.max(axis=1) >= log_w.max() - _CHARGED
    worst = [float(np.median((error / np.where(size > 0, size, 1.0))[charged])) for error, size, _ in errors]
    which = int(np.argmax(worst))
    reason = "such that score and density are smooth between"
    if worst[which] < _NOISE:
        reason += (
            f"; near {float(middle[charged][0]):.6g} the {('score', 'density')[which % 2]} is smooth only to"
            f" {worst[which]:.0e}: too sharp for its rounding (is it a difference of large numbers?)"
        )
    require(False, "breakpoints", f"{count} panels", reason)


def is_smallest(left: Edges, right: Edges) -> Bool[np.ndarray, " p"]:
    """Whether a panel is too small to bisect: its latent values have no digits left."""
    magnitude = np.maximum(np.abs(left), np.abs(right))
    return np.asarray(right - left <= np.maximum(FEWEST_DIGITS * magnitude, 1e-300))


def _log_range(log_w: AtNodes) -> Edges:
    """Variation of the log-density over the nodes of each panel; nodes without mass do not count."""
    charged = log_w > -np.inf
    top = np.where(charged, log_w, -np.inf).max(axis=1, initial=-np.inf)
    bottom = np.where(charged, log_w, np.inf).min(axis=1)
    some = charged.any(axis=1)
    return np.where(some, np.where(some, top, 0.0) - np.where(some, bottom, 0.0), 0.0)


def _negligible(log_w: AtNodes, peak: float) -> Bool[np.ndarray, " p"]:
    """Whether the panel carries no mass in double precision, even if its density goes on rising to its end."""
    return np.asarray(log_w.max(axis=1) + _END_SHARE * _log_range(log_w) < peak + _NO_MASS)


def _predicts(
    y: AtNodes, log_w: AtNodes, halves: list[tuple[AtNodes, AtNodes]], magnitude: Edges, multiplier: float
) -> Bool[np.ndarray, " p"]:
    """Whether polynomial interpolation on each panel reproduces score and density at the nodes of its halves.

    `magnitude` is |u|/width: it says how much of the variation over the panel is rounding of u itself.
    """
    ok = np.ones(len(y), dtype=bool)
    tilt_rounding = abs(multiplier) * np.abs(y).max(axis=1)
    errors = _prediction_errors(y, log_w, halves)
    for (error, size, variation), noise in zip(errors, (0.0, tilt_rounding, 0.0, tilt_rounding), strict=True):
        rounding = 16 * _EPS * (magnitude * variation + noise * size) + _FEWEST_SCORE_DIGITS
        ok &= error <= _PREDICTION_TOLERANCE * size + rounding
    return ok


def _prediction_errors(
    y: AtNodes, log_w: AtNodes, halves: list[tuple[AtNodes, AtNodes]]
) -> list[tuple[Edges, Edges, Edges]]:
    """Largest error of each panel's polynomials at the nodes of a half, size and variation of what is predicted there.

    For score and density over the left half, then for both over the right one.
    """
    shift = np.max([log_w.max(axis=1), *(half[1].max(axis=1) for half in halves)], axis=0)
    shift = np.where(np.isfinite(shift), shift, 0.0)[:, None]  # only the shape of the density matters
    series = [y @ _TO_SERIES, (np.exp(log_w - shift) / WEIGHTS) @ _TO_SERIES]
    found = []
    for (half_y, half_log_w), basis in zip(halves, _HALF_BASES, strict=True):
        actual = [half_y, 2 * np.exp(half_log_w - shift) / WEIGHTS]
        for coefficients, values in zip(series, actual, strict=True):
            error = np.abs(coefficients @ basis - values).max(axis=1)
            found.append((error, np.abs(values).max(axis=1), np.ptp(values, axis=1)))
    return found
