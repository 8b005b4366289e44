"""The law of the score under a truncation of any law: what `Hard.law` returns where the prior is not atomic.

With t the threshold, a the kept fraction of the tie and K the kept mass, the truncated law is that of Y given Y > t and
the atom a P(Y = t)/K at t. Tilting keeps its form: the tilt of a truncation is the truncation of the tilt.
"""

import math
from functools import cached_property

import numpy as np
from jaxtyping import Float

from distributional_view.theory.errors import require
from distributional_view.theory.laws.law import ScoreLaw
from distributional_view.theory.solutions.hard import Hard


class TruncatedLaw(ScoreLaw):
    """Law of Y = psi(X) for X ~ q_t. Paper: Lemma D.1 (43).

    Args:
        hard: the truncation q_t.

    Example:
        >>> law = Hard(GaussianLaw(), 0.0).law
        >>> round(law.mean, 4), round(law.variance, 4), law.tilt(1.0).ess_inf
        (0.7979, 0.3634, 0.0)
    """

    def __init__(self, hard: Hard):
        self._hard, self._prior, self._threshold = hard, hard.prior, hard.threshold
        self.max_multiplier, self.steep = self._prior.max_multiplier, self._prior.steep

    def __repr__(self) -> str:
        return f"TruncatedLaw({self._hard!r})"

    def _holds(self, threshold: float) -> bool:
        """Whether {Y >= threshold} is all of the truncated law."""
        return threshold <= self._threshold

    @property
    def mean(self) -> float:
        return self._hard.mean

    def mean_from(self, origin: float) -> float:
        return self._hard.mean_from(origin)

    @cached_property
    def variance(self) -> float:
        if self._hard.dropped_tie == 0:
            return self._prior.tail_variance(self._threshold)
        share = self._hard.atom(self._threshold)
        if share == 1.0 or self._prior.survival_above(self._threshold) == 0:
            return 0.0
        # The tie at t and what lies above it: within the parts, then between them.
        above = math.nextafter(self._threshold, math.inf)
        excess = self._prior.mean_residual(above) + (above - self._threshold)
        return (1 - share) * (self._prior.tail_variance(above) + share * excess**2)

    def tail_variance(self, threshold: float) -> float:
        return self.variance if self._holds(threshold) else self._prior.tail_variance(threshold)

    @cached_property
    def ess_inf(self) -> float:
        start = self._threshold if self._hard.tie_fraction > 0 else math.nextafter(self._threshold, math.inf)
        return self._prior.tail_inf(start)

    @property
    def ess_sup(self) -> float:
        return self._prior.ess_sup

    def tail_inf(self, threshold: float) -> float:
        return self.ess_inf if self._holds(threshold) else self._prior.tail_inf(threshold)

    def log_survival(self, threshold: float) -> float:
        if self._holds(threshold):
            return 0.0
        return min(0.0, self._prior.log_survival(threshold) - self._hard.log_kept)

    def survival_above(self, level: float) -> float:
        return 1.0 if level < self._threshold else self._prior.survival_above(level) / self._hard.kept

    def density(self, level: float) -> float:
        share = self.survival(level)
        # The hazard above the threshold is that of the prior: no mass that underflows is divided by.
        return self._prior.hazard(level) * share if level >= self._threshold and share > 0 else 0.0

    def mean_residual(self, threshold: float) -> float:
        return self._hard.mean_from(threshold) if self._holds(threshold) else self._prior.mean_residual(threshold)

    def shell_mass(self, threshold: float, width: float) -> float:
        require(width >= 0, "width", width, ">= 0")
        if self._holds(threshold):
            return self._hard.mass_below(threshold + width)
        return self._prior.shell_mass(threshold, width)

    def share_below(self, lower: float, upper: float) -> float:
        return self._hard.mass_below(upper) if self._holds(lower) else self._prior.share_below(lower, upper)

    def atoms(self) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
        values = self._prior.atoms()[0]
        kept = values[values >= self.ess_inf]
        return kept, np.array([self._hard.atom(float(v)) for v in kept], dtype=np.float64)

    def log_partition_from(self, multiplier: float, origin: float) -> float:
        tilted = self._tilted(multiplier)
        return self._prior.log_partition_from(multiplier, origin) + (tilted.log_kept - self._hard.log_kept)

    def tilt(self, multiplier: float) -> ScoreLaw:
        self._require_multiplier(multiplier)
        return self._tilted(multiplier).law

    def _tilted(self, multiplier: float) -> Hard:
        return Hard(self._prior.tilt(multiplier), self._threshold, self._hard.tie_fraction)
