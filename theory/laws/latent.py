"""A latent variable U with its score s(U) and its tilted density, and the panels on which both are polynomials.

Helpers of `theory.laws.piecewise`. The tilt is written as log g + beta (s - anchor) - log_z: the anchor, where the mass
goes, keeps the exponents' digits.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from distributional_view.theory.errors import require
from distributional_view.theory.laws.panels import NODES, WEIGHTS, AtNodes, Edges, Panels, refine

LatentFunction = Callable[[Float[np.ndarray, " *n"]], Float[np.ndarray, " *n"]]

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
            return logs
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
        with np.errstate(divide="ignore"):  # an infinite score at an end of the interval is permitted
            ends = np.asarray(self.score(np.stack([left, right])), dtype=np.float64)
        walk = np.concatenate([ends[:1].T, y, ends[1:].T], axis=1)
        slack = 1e-12 * (1 + np.abs(y).max(axis=1, keepdims=True))
        with np.errstate(invalid="ignore"):
            steps = np.diff(walk, axis=1)
        monotone = (steps >= -slack).all(axis=1) | (steps <= slack).all(axis=1)
        if not monotone.all():
            i = int(np.flatnonzero(~monotone)[0])
            require(False, "score", f"not monotone on [{left[i]}, {right[i]}]", "monotone between breakpoints")
        flat = np.ptp(y, axis=1) == 0  # also where rounding at a breakpoint moves an end by a digit
        low, high = (np.where(flat, y[:, 0], ends_at) for ends_at in (ends.min(axis=0), ends.max(axis=0)))
        return Panels(left, right, y, log_w, low, high)
