"""A latent variable U with its score s(U) and its tilted density, and the panels on which both are polynomials.

Helpers of `theory.laws.piecewise`. The tilt is written as log g + beta (s - anchor) - log_z: the anchor, where the mass
goes, keeps the exponents' digits.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from distributional_view.theory.errors import require
from distributional_view.theory.laws.interpolants import at_ends
from distributional_view.theory.laws.panels import FEWEST_DIGITS, NODES, WEIGHTS, AtNodes, Edges, Panels, is_smallest, refine

LatentFunction = Callable[[Float[np.ndarray, " *n"]], Float[np.ndarray, " *n"]]

_ROUNDING = 1e-12  # what rounding may move a score by, as a share of its size
_LARGEST_EXPONENT = 5e13  # beyond it beta y and log g cancel to less than 0.01 nats: such nodes are left out


@dataclass(frozen=True)
class Latent:
    """Score and log-density over the latent variable, and the tilt of the latter.

    Args:
        score: s, vectorised over latent values.
        log_density: log g, vectorised, in nats.
        multiplier: beta of the tilt, per score unit.
        anchor: score from which exponents are taken.
        log_z: normaliser of the tilt, in nats.
    """

    score: LatentFunction
    log_density: LatentFunction
    multiplier: float = 0.0
    anchor: float = 0.0
    log_z: float = 0.0

    def log_g(self, u: Float[np.ndarray, " *n"], y: Float[np.ndarray, " *n"]) -> Float[np.ndarray, " *n"]:
        """Log-density of the latent variable, tilted; the tilt by 0 is the identity even where y is infinite.

        At scores so far out that the tilt has no digits beside log g, the density is taken to be 0.
        """
        logs = self.log_density(u)
        if self.multiplier == 0:
            return logs - self.log_z
        exponents = self.multiplier * (y - self.anchor)
        return np.where(np.abs(exponents) > _LARGEST_EXPONENT, -np.inf, logs + (exponents - self.log_z))

    def nodes(self, left: Edges, right: Edges) -> tuple[AtNodes, AtNodes]:
        """Scores and log-weights at the Gauss-Legendre nodes of the panels [left, right]."""
        half = 0.5 * (right - left)[:, None]
        u = (0.5 * (right + left))[:, None] + half * NODES
        y = np.asarray(self.score(u), dtype=np.float64)
        with np.errstate(divide="ignore"):
            return y, self.log_g(u, y) + np.log(half * WEIGHTS)

    def panels(self, left: Edges, right: Edges) -> Panels:
        """Panels fine enough for the law, with their score ranges; checks that the score is monotone on each.

        Raises:
            ValueError: if the score is not monotone, or as `refine` does.
        """
        left, right, y, log_w = refine(self.nodes, left, right, self.multiplier)
        ends = self._end_scores(left, right, y)
        walk = np.concatenate([ends[:1].T, y, ends[1:].T], axis=1)
        slack = _ROUNDING * (_typical_size(y, log_w) + np.abs(y).max(axis=1, keepdims=True))
        with np.errstate(invalid="ignore"):
            steps = np.diff(walk, axis=1)
        monotone = (steps >= -slack).all(axis=1) | (steps <= slack).all(axis=1)
        if not monotone.all():
            i = int(np.flatnonzero(~monotone)[0])
            require(False, "score", f"not monotone on [{left[i]}, {right[i]}]", "monotone between breakpoints")
        flat = np.ptp(y, axis=1) == 0  # also where rounding at a breakpoint moves an end by a digit
        low, high = (np.where(flat, y[:, 0], ends_at) for ends_at in (ends.min(axis=0), ends.max(axis=0)))
        return Panels(left, right, y, log_w, low, high)

    def _end_scores(self, left: Edges, right: Edges, y: AtNodes) -> Float[np.ndarray, "2 p"]:
        """Scores at the ends of the panels, as limits from within where the score jumps at a breakpoint.

        A jump: the value at the end is further from the polynomial's than the score varies over the panel, while the
        value just within agrees with the polynomial.
        """
        edges = np.stack([left, right])
        inward = np.maximum(2 * FEWEST_DIGITS * np.abs(edges), 1e-10 * (right - left)) * np.array([[1.0], [-1.0]])
        with np.errstate(divide="ignore", over="ignore"):  # an infinite score at an end of the interval is permitted
            ends, within = (np.asarray(self.score(u), dtype=np.float64) for u in (edges, edges + inward))
        limits, variation = at_ends(y), np.ptp(y, axis=1)
        slack = _ROUNDING * np.abs(y).max(axis=1)
        jumps = np.isfinite(ends) & (np.abs(ends - limits) > variation + slack)
        jumps &= (np.abs(within - limits) <= 0.01 * variation + slack) & ~is_smallest(left, right)
        return np.where(jumps, limits, ends)


def _typical_size(y: AtNodes, log_w: AtNodes) -> float:
    """About E|Y|: the unit of the score, of which rounding may take 1e-12."""
    w = np.exp(log_w - log_w.max())
    return float((w * np.minimum(np.abs(y), 1e150)).sum() / w.sum())
