"""The Gaussian score law, in closed form (Appendix D, the Gaussian example (109)-(124))."""

import math
from dataclasses import dataclass

from distributional_view.theory.errors import require, require_finite
from distributional_view.theory.laws import mills
from distributional_view.theory.laws.arrays import require_unit
from distributional_view.theory.laws.law import ScoreLaw


@dataclass(frozen=True)
class GaussianLaw(ScoreLaw):
    """Y ~ N(location, scale^2). Tilting by beta shifts the location by beta scale^2.

    Paper: Gaussian example (109)-(124), Proposition D.13. Stable for standardised levels from -40 to 1e8 and beyond.

    Args:
        location: the mean, in score units.
        scale: the standard deviation, > 0, in score units.

    Raises:
        ValueError: if an argument is not finite, or `scale` is not between 1e-150 and 1e150.

    Example:
        >>> law = GaussianLaw(1.0, 2.0)
        >>> law.tilt(0.5), law.survival(1.0)
        (GaussianLaw(location=3.0, scale=2.0), 0.5)
    """

    location: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        require_finite("location", self.location)
        require(math.isfinite(self.scale) and self.scale > 0, "scale", self.scale, "finite and > 0")
        require_unit(0.0, self.scale)

    @property
    def mean(self) -> float:
        return self.location

    @property
    def variance(self) -> float:
        return self.scale**2

    @property
    def ess_inf(self) -> float:
        return -math.inf

    @property
    def ess_sup(self) -> float:
        return math.inf

    def _standardise(self, level: float) -> float:
        require(not math.isnan(level), "level", level, "a number")
        return (level - self.location) / self.scale

    def log_survival(self, threshold: float) -> float:
        return mills.log_survival(self._standardise(threshold))

    def density(self, level: float) -> float:
        z = self._standardise(level)
        return float(mills.half_square(z)) / (self.scale * math.sqrt(2 * math.pi))

    def hazard(self, threshold: float) -> float:
        """lambda(z)/scale, without the 0/0 of density over survival (overrides the general form)."""
        self._require_mass(threshold)
        return float(mills.hazard(self._standardise(threshold))) / self.scale

    def tail_mean(self, threshold: float) -> float:
        """location + scale lambda(z): t + m(t) would lose all digits of lambda far below the mean."""
        self._require_mass(threshold)
        return self.location + self.scale * float(mills.hazard(self._standardise(threshold)))

    def tail_mean_rise(self, lower: float, upper: float) -> float:
        """scale (lambda(z') - lambda(z)), without the location."""
        self._require_mass(upper)
        ends = (float(mills.hazard(self._standardise(t))) for t in (upper, lower))
        return self.scale * (next(ends) - next(ends))

    def mean_residual(self, threshold: float) -> float:
        self._require_mass(threshold)
        return self.scale * float(mills.mean_residual(self._standardise(threshold)))

    def tail_variance(self, threshold: float) -> float:
        """scale^2 (1 - lambda(z) m(z)). Paper: Proposition D.13."""
        self._require_mass(threshold)
        return self.scale**2 * mills.tail_variance(self._standardise(threshold))

    def shell_mass(self, threshold: float, width: float) -> float:
        self._require_mass(threshold)
        require(width >= 0, "width", width, ">= 0")
        return mills.shell_mass(self._standardise(threshold), width / self.scale)

    def share_below(self, lower: float, upper: float) -> float:
        self._require_mass(lower)
        z, end = self._standardise(lower), self._standardise(upper)
        return mills.shell_mass(z, (upper - lower) / self.scale, end)

    def log_partition_from(self, multiplier: float, origin: float) -> float:
        self._require_multiplier(multiplier)
        return multiplier * (self.location - origin) + 0.5 * (multiplier * self.scale) ** 2

    def tilt(self, multiplier: float) -> "GaussianLaw":
        self._require_multiplier(multiplier)
        location = self.location + multiplier * self.scale**2
        require(math.isfinite(location), "multiplier", multiplier, "such that location + beta scale^2 is a number")
        return GaussianLaw(location, self.scale)
