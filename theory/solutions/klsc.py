"""The KLSC solution: the prior tilted by the score. Like `Hard` it is a `ScoreLaw` of the prior and one number."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from distributional_view.theory.errors import require, require_margin, require_unmasked
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.laws.law import ScoreLaw
from distributional_view.theory.solutions.hard import Hard, Status


@dataclass(frozen=True)
class Klsc:
    """The KLSC solution q_beta = p exp(beta psi)/Z(beta), the KL-closest law to p with its mean.

    Paper: Definition 2.2 (7)-(8), Lemma D.4 (9). For `multiplier` = inf it is the limit: p conditioned on
    the essential supremum, which must carry mass. Ours: limits.

    Args:
        prior: law of the score under p.
        multiplier: beta >= 0, per score unit; 0 is the inactive constraint, inf the limit.

    Raises:
        ValueError: if beta is negative, NaN, beyond the end of the partition function's domain, or infinite
            while the essential supremum carries no mass.

    Example:
        >>> klsc = Klsc(GaussianLaw(), 2.0)
        >>> klsc.mean, klsc.variance, klsc.kl
        (2.0, 1.0, 2.0)
    """

    prior: ScoreLaw
    multiplier: float

    def __post_init__(self) -> None:
        require(self.multiplier >= 0, "multiplier", self.multiplier, ">= 0")
        if self.multiplier == math.inf:
            require(self.prior.ess_sup_mass > 0, "multiplier", self.multiplier, "finite: no mass at the supremum")
        else:
            self.prior._require_multiplier(self.multiplier)

    @property
    def status(self) -> Status:
        """`inactive` if beta = 0, `limit` if beta = inf, else `active`."""
        return "inactive" if self.multiplier == 0 else "limit" if self.limit else "active"

    @cached_property
    def limit(self) -> Hard | None:
        """The truncation that an infinite multiplier stands for, else None."""
        return Hard(self.prior, self.prior.ess_sup) if self.multiplier == math.inf else None

    @cached_property
    def law(self) -> ScoreLaw:
        """Law of the score under q_beta."""
        return AtomicLaw(np.array([self.prior.ess_sup])) if self.limit else self.prior.tilt(self.multiplier)

    @property
    def mean(self) -> float:
        """E_q[psi] = A'(beta). Paper: Lemma D.4 (59)."""
        return self.law.mean

    @property
    def variance(self) -> float:
        """Var_q(psi) = A''(beta), in squared score units. Paper: (61)."""
        return self.law.variance

    def mean_from(self, origin: float) -> float:
        """E_q[psi - origin], without the cancellation of a mean that is close to the origin."""
        return self.law.mean_from(origin)

    @cached_property
    def log_partition(self) -> float:
        """A(beta), in nats; inf in the limit."""
        return math.inf if self.limit else self.prior.log_partition(self.multiplier)

    @cached_property
    def origin(self) -> float:
        """A score from which means and log-partitions are taken without cancellation: where a large tilt goes."""
        return self.prior.ess_sup if math.isfinite(self.prior.ess_sup) else self.prior.mean

    @cached_property
    def log_partition_from_origin(self) -> float:
        """A(beta) - beta origin, in nats."""
        return self.prior.log_partition_from(self.multiplier, self.origin)

    @cached_property
    def kl(self) -> float:
        """KL(q_beta || p) = beta E_q[psi] - A(beta), in nats, to about 1e-15 absolute. Paper: Lemma D.4 (58)."""
        if self.limit:
            return self.limit.kl
        return max(0.0, self.multiplier * self.mean_from(self.origin) - self.log_partition_from_origin)

    def log_ratio(self, scores: Float[np.ndarray, " *n"] | Sequence[float]) -> Float[np.ndarray, " *n"]:
        """log dq/dp = beta psi - A(beta) at points with these scores."""
        require_unmasked("scores", scores)
        if self.limit:
            return self.limit.log_ratio(scores)
        return self.multiplier * (np.asarray(scores) - self.origin) - self.log_partition_from_origin

    def survival(self, threshold: float) -> float:
        """q(psi >= threshold)."""
        return self.law.survival(threshold)

    def atom(self, level: float) -> float:
        """q(psi = level)."""
        return self.law.atom(level)

    def mass_below(self, level: float) -> float:
        """q(psi < level), without the cancellation of 1 - q(psi >= level)."""
        return self.law.share_below(-math.inf, level) if self.charges_below(level) else 0.0

    def charges_below(self, level: float) -> bool:
        """Whether q gives {psi < level} any mass."""
        return level > self.law.ess_inf

    def boundary_mass(self, threshold: float, margin: float) -> float:
        """M_delta(q; t) = q(t <= psi < t + delta)/q(psi >= t). Paper: Definition 2.3, Lemma D.7. Ours: all margins."""
        require_margin(margin)
        return self.law.shell_mass(threshold, margin)


Solution = Hard | Klsc
