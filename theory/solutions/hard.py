"""The hard solution: truncation of the prior at a threshold.

A density relative to the prior that depends on x through psi(x) only, so that the solution is a `ScoreLaw` of the
prior and one number. `log_ratio` turns scores into log dq/dp, which is all that a finite pool or a plot needs; the rest
are exact functionals of the law.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Float

from distributional_view.theory.errors import require, require_margin, require_unmasked
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.laws.law import ScoreLaw

Status = Literal["active", "inactive", "limit"]


@dataclass(frozen=True)
class Hard:
    """The hard solution q_t = p 1{psi >= t}/p(psi >= t), randomised on ties if need be.

    Keeps all of {psi > t} and the fraction `tie_fraction` of {psi = t}; 1 is the paper's truncation.
    Paper: Definition 2.1 (4)-(5), Lemma D.1 (6), (43). Ours: ties. A law with atoms skips means.

    Args:
        prior: law of the score under p.
        threshold: t, in score units; -inf keeps everything (inactive constraint).
        tie_fraction: fraction in [0, 1] of the atom at t that is kept.

    Raises:
        ValueError: if no mass is kept, or the fraction is outside [0, 1].

    Example:
        >>> hard = Hard(AtomicLaw([0, 1, 1, 4]), 1.0)
        >>> hard.mean, round(hard.kl, 4), hard.boundary_mass(1.0, 0.5)
        (2.0, 0.2877, 0.6666666666666666)
    """

    prior: ScoreLaw
    threshold: float
    tie_fraction: float = 1.0

    def __post_init__(self) -> None:
        require(not math.isnan(self.threshold), "threshold", self.threshold, "a number")
        require(0 <= self.tie_fraction <= 1, "tie_fraction", self.tie_fraction, "in [0, 1]")
        self.prior._require_mass(self.threshold)
        kept = self.dropped_tie == 0 or self.kept > 0
        require(kept, "tie_fraction", self.tie_fraction, "> 0 where no mass lies above the threshold")

    @property
    def status(self) -> Status:
        """`inactive` if q = p, `limit` if q sits on the essential supremum, else `active`."""
        if self.threshold <= self.prior.ess_inf and self.dropped_tie == 0:
            return "inactive"
        return "limit" if self.threshold == self.prior.ess_sup else "active"

    @cached_property
    def dropped_tie(self) -> float:
        """Prior mass of {psi = t} that is not kept."""
        return (1 - self.tie_fraction) * self.prior.atom(self.threshold)

    @cached_property
    def kept(self) -> float:
        """Prior mass that is kept: P(psi > t) and the kept part of the tie; may underflow, unlike `log_kept`."""
        if self.dropped_tie == 0:
            return self.prior.survival(self.threshold)
        return self.prior.survival_above(self.threshold) + self.tie_fraction * self.prior.atom(self.threshold)

    @cached_property
    def log_kept(self) -> float:
        """log of `kept`, in nats; finite where `kept` itself underflows, to the digits of what is dropped near 0."""
        if self.status == "inactive":
            return 0.0
        if self.kept > 0.5:
            return math.log1p(-self.prior.share_below(-math.inf, self.threshold) - self.dropped_tie)
        return self.prior.log_survival(self.threshold) if self.dropped_tie == 0 else math.log(self.kept)

    @cached_property
    def law(self) -> ScoreLaw:
        """Law of the score under q_t."""
        if self.status == "inactive":
            return self.prior
        if isinstance(self.prior, AtomicLaw):
            return self.prior.truncated(self.threshold, self.tie_fraction)
        from distributional_view.theory.solutions.truncated import TruncatedLaw  # written in terms of this class

        return TruncatedLaw(self)

    @property
    def variance(self) -> float:
        """Var_q(psi), in squared score units."""
        return self.law.variance

    @cached_property
    def mean(self) -> float:
        """E_q[psi]. Paper: Lemma D.10 (78)."""
        if self.status == "inactive":
            return self.prior.mean
        if self.dropped_tie == 0:
            return self.prior.tail_mean(self.threshold)
        return self.threshold + self._excess

    @property
    def _excess(self) -> float:
        """E_q[psi - t]: the tie contributes nothing."""
        residual = self.prior.mean_residual(self.threshold)
        return residual if self.dropped_tie == 0 else residual * self.prior.survival(self.threshold) / self.kept

    def mean_from(self, origin: float) -> float:
        """E_q[psi - origin], without the cancellation of a mean that is close to the origin."""
        if self.status == "inactive":
            return self.prior.mean_from(origin)
        return self.threshold - origin + self._excess

    @cached_property
    def kl(self) -> float:
        """KL(q_t || p) = -log S(t), in nats. Paper: Lemma D.1 (46). Ours: ties."""
        tie = self.tie_fraction * self.prior.atom(self.threshold) if self.dropped_tie > 0 else 0.0
        return max(0.0, -self.log_kept + (tie / self.kept * math.log(self.tie_fraction) if tie > 0 else 0.0))

    def log_ratio(self, scores: Float[np.ndarray, " *n"] | Sequence[float]) -> Float[np.ndarray, " *n"]:
        """log dq/dp at points with these scores; -inf outside the support."""
        with np.errstate(divide="ignore"):
            on_tie = np.log(np.float64(self.tie_fraction))
        require_unmasked("scores", scores)
        y = np.asarray(scores)
        logs = np.where(y > self.threshold, 0.0, np.where(y == self.threshold, on_tie, -np.inf))
        return np.where(np.isnan(y), np.nan, logs - self.log_kept)

    def survival(self, threshold: float) -> float:
        """q(psi >= threshold)."""
        if threshold <= self.threshold:
            return 1.0
        return math.exp(self.prior.log_survival(threshold) - self.log_kept)

    def atom(self, level: float) -> float:
        """q(psi = level)."""
        share = 1.0 if level > self.threshold else self.tie_fraction if level == self.threshold else 0.0
        mass = share * self.prior.atom(level)
        return mass / self.kept if mass > 0 else 0.0

    def mass_below(self, level: float) -> float:
        """q(psi < level), without cancellation just above the threshold; positive only if there is mass."""
        if level <= max(self.threshold, self.prior.ess_inf):
            return 0.0
        if math.isinf(level):
            return 1.0
        if self.dropped_tie == 0:
            return self._share_below(self.threshold, level)
        start = math.nextafter(self.threshold, math.inf)
        return self.atom(self.threshold) + self.survival(start) * self._share_below(start, level)

    def charges_below(self, level: float) -> bool:
        """Whether q gives {psi < level} any mass, decided without differences of rounded masses."""
        if level <= max(self.threshold, self.prior.ess_inf):
            return False
        if math.isinf(self.threshold):
            return True
        start = self.threshold if self.tie_fraction > 0 else math.nextafter(self.threshold, math.inf)
        return self._share_below(start, level) > 0

    def _share_below(self, start: float, level: float) -> float:
        """P(psi < level | psi >= start), 0 where nothing lies between."""
        if not start < level or (start > self.prior.mean and self.prior.survival(start) == 0):
            return 0.0
        return self.prior.share_below(start, level)

    def boundary_mass(self, threshold: float, margin: float) -> float:
        """M_delta(q; t) = q(t <= psi < t + delta)/q(psi >= t). Paper: Definition 2.3 (10), Lemma D.6 (63)-(65)."""
        require_margin(margin)
        if threshold > self.threshold or (threshold == self.threshold and self.dropped_tie == 0):
            return self.prior.shell_mass(threshold, margin)
        return self.mass_below(threshold + margin)
