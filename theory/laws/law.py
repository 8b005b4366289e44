"""The law of the score: all that hard truncation and exponential tilting depend on.

Let X ~ p and Y = psi(X). The densities, relative to p, of the hard solution (Lemma D.1) and of the KLSC
solution (Lemma D.4) depend on x only through psi(x). Divergences, total variations, boundary masses,
hazards, speeds and calibrations are therefore functionals of the law of Y, a law on the line, whatever
the space X is. A `ScoreLaw` answers the few questions about that law from which the rest of `theory`
follows. Exponential tilting maps score laws to score laws: `law.tilt(beta)` is the law of psi under q_beta,
so that a tilted mean is `law.tilt(beta).mean` and a tilted hazard is `law.tilt(beta).hazard(t)`.

Three kinds are provided: `GaussianLaw` (closed form), `AtomicLaw` (finitely many values: a data set) and
`PiecewiseLaw` (quadrature over a latent variable). All levels, widths and means are in units of the score;
methods take one level at a time.
"""

import math
from abc import ABC, abstractmethod

import numpy as np
from jaxtyping import Float

from distributional_view.theory.errors import require
from distributional_view.theory.laws.roots import bracketed_root


class ScoreLaw(ABC):
    """Law of Y = psi(X) for X ~ p. Subclasses are immutable.

    Ours: score law.

    Example:
        >>> [isinstance(law, ScoreLaw) for law in (GaussianLaw(), AtomicLaw([0, 1]), Klsc(GaussianLaw(), 1.0).law)]
        [True, True, True]
    """

    max_multiplier: float = math.inf
    """Supremum of the beta with Z(beta) = E[exp(beta Y)] finite."""
    min_multiplier: float = -math.inf
    """Infimum of the beta with Z(beta) finite; Z need not be finite there, unless it is 0."""
    steep: bool = True
    """Whether A'(beta) reaches the essential supremum as beta approaches `max_multiplier` (Lemma D.4, ours)."""

    @property
    @abstractmethod
    def mean(self) -> float:
        """E[Y], the score's mean. Paper: Definition B.1 (25)."""

    @property
    @abstractmethod
    def variance(self) -> float:
        """Var(Y), in squared score units."""

    @property
    @abstractmethod
    def ess_inf(self) -> float:
        """Essential infimum of Y; may be -inf."""

    @property
    @abstractmethod
    def ess_sup(self) -> float:
        """Essential supremum of Y; may be +inf."""

    @abstractmethod
    def log_survival(self, threshold: float) -> float:
        """log S(t) = log P(Y >= t), in nats; -inf where there is no mass."""

    @abstractmethod
    def density(self, level: float) -> float:
        """Density of the absolutely continuous part of Y at `level`. Raises `ValueError` if there is none."""

    @abstractmethod
    def mean_residual(self, threshold: float) -> float:
        """m(t) = E[Y - t | Y >= t], the mean residual life. Raises `ValueError` where there is no mass."""

    @abstractmethod
    def shell_mass(self, threshold: float, width: float) -> float:
        """P(t <= Y < t + width | Y >= t) = 1 - S(t + width)/S(t), without cancellation.

        Paper: Definition 2.3 (10), Lemma D.6 (11), (63)-(65), Lemma D.10 (80)-(84).
        """

    @abstractmethod
    def tail_variance(self, threshold: float) -> float:
        """Var(Y | Y >= t), in squared score units. Raises `ValueError` where there is no mass."""

    @abstractmethod
    def log_partition_from(self, multiplier: float, origin: float) -> float:
        """log E[exp(beta (Y - origin))] = A(beta) - beta origin, in nats, without the cancellation."""

    @abstractmethod
    def tilt(self, multiplier: float) -> "ScoreLaw":
        """The law of Y under q_beta, proportional to p exp(beta psi). Paper: Lemma D.4 (9)."""

    def atoms(self) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
        """Values (ascending) and masses of the atoms of Y."""
        return np.empty(0), np.empty(0)

    # What follows from the above.

    def log_partition(self, multiplier: float) -> float:
        """A(beta) = log E[exp(beta Y)], in nats, for any real beta up to `max_multiplier`."""
        return self.log_partition_from(multiplier, 0.0)

    def mean_from(self, origin: float) -> float:
        """E[Y - origin], without the cancellation of a mean that is close to the origin."""
        return self.mean - origin

    def tilted_moments(self, multiplier: float, origin: float) -> tuple[float, float]:
        """E[Y - origin] and Var(Y) under q_beta: A'(beta) - origin and A''(beta). Paper: (59), (61)."""
        law = self.tilt(multiplier)
        return law.mean_from(origin), law.variance

    def survival_above(self, level: float) -> float:
        """P(Y > level); from above, as P(Y >= level) less an atom loses the digits of a rare tail."""
        return self.survival(math.nextafter(level, math.inf) if self.atom(level) > 0 else level)

    def share_below(self, lower: float, upper: float) -> float:
        """P(Y < upper | Y >= lower), for lower <= upper; an atom at `upper` does not count, whatever the rounding."""
        return self.shell_mass(lower, upper - lower)

    def atom(self, level: float) -> float:
        """P(Y = level)."""
        values, masses = self.atoms()
        i = int(np.searchsorted(values, level))
        return float(masses[i]) if i < len(values) and values[i] == level else 0.0

    @property
    def ess_sup_mass(self) -> float:
        """P(Y = ess sup Y)."""
        return self.atom(self.ess_sup)

    def survival(self, threshold: float) -> float:
        """S(t) = P(Y >= t); an atom at t counts."""
        return math.exp(self.log_survival(threshold))

    def tail_mean(self, threshold: float) -> float:
        """tau(t) = E[Y | Y >= t] = t + m(t), the faithfulness of the hard solution. Paper: Lemma D.10 (77)-(79)."""
        if threshold <= self.ess_inf:
            return self.mean
        return min(threshold + self.mean_residual(threshold), self.ess_sup)

    def tail_mean_rise(self, lower: float, upper: float) -> float:
        """tau(upper) - tau(lower) for thresholds lower <= upper; a law may know it without the cancellation."""
        return self.tail_mean(upper) - self.tail_mean(lower)

    def tail_inf(self, threshold: float) -> float:
        """The essential infimum of Y given Y >= t; a law with gaps overrides it."""
        return max(threshold, self.ess_inf)

    def tail_threshold(self, target: float) -> float:
        """The threshold at which the tail mean passes `target`, mean < target < ess sup.

        For a continuous law E[Y | Y >= t] = target to rounding; at a jump, the atom where the tail mean passes.
        """

        def excess(threshold: float) -> float:
            return self.tail_mean(threshold) - target

        upper = min(target, math.nextafter(self.ess_sup, -math.inf))  # tail_mean(t) >= t
        if excess(upper) <= 0:
            return upper
        width = math.sqrt(self.variance) + (target - self.mean)
        while excess(lower := max(self.ess_inf, self.mean - width)) >= 0 and lower > self.ess_inf:
            width *= 2
        return bracketed_root(excess, lower, upper)

    def hazard(self, threshold: float) -> float:
        """h(t) = f(t)/S(t), per score unit. Paper: Lemma D.6 (11), Lemma D.7 (12)."""
        self._require_mass(threshold)
        return self.density(threshold) / self.survival(threshold)

    @property
    def mean_abs_dev(self) -> float:
        """E|Y - E Y| = 2 E[(Y - E Y)^+], the numerator of the KLSC speed (D.12)."""
        mean = self.mean
        if mean >= self.ess_sup:
            return 0.0
        return 2.0 * self.survival(mean) * self.mean_residual(mean)

    def cumulative_hazard(self, lower: float, upper: float) -> float:
        """The Nelson-Aalen integral of dF/S over [lower, upper): log(S(lower)/S(upper)) where F is continuous.

        Each atom of mass a at v contributes a/S(v) where the logarithm would have -log(1 - a/S(v)).
        Paper: Lemma D.12 (102)-(104). Ours: Nelson-Aalen.
        """
        require(lower <= upper, "upper", upper, f">= lower = {lower!r}")
        self._require_mass(upper)
        share = self.share_below(lower, upper) if upper > lower else 0.0
        total = -math.log1p(-share) if share < 0.5 else self.log_survival(lower) - self.log_survival(upper)
        for value, mass in zip(*self.atoms(), strict=True):
            if lower <= value < upper:
                jump = float(mass) / self.survival(float(value))
                total += jump + math.log1p(-jump)
        return total

    def _require_mass(self, threshold: float) -> None:
        require(not math.isnan(threshold), "threshold", threshold, "a number")
        if threshold <= self.mean:  # P(Y >= E[Y]) is never 0
            return
        require(
            self.log_survival(threshold) > -math.inf,
            "threshold",
            threshold,
            f"a level with mass at or above it; the essential supremum is {self.ess_sup!r}",
        )

    def _require_multiplier(self, multiplier: float) -> None:
        """Raise unless Z(beta) is finite. Paper: Assumption D.2."""
        below = multiplier < self.max_multiplier or (multiplier == self.max_multiplier and not self.steep)
        require(
            below and multiplier > -math.inf,
            "multiplier",
            multiplier,
            f"finite and below {self.max_multiplier!r}, where the partition function diverges",
        )
        require(
            multiplier > self.min_multiplier,
            "multiplier",
            multiplier,
            f"above {self.min_multiplier!r}, where the partition function diverges",
        )
