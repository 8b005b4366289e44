"""A score law with finitely many values: a pool of images, a data set, any law with ties.

Everything is exact up to rounding: the values are sorted once and merged, tail sums are cumulated from the
top so that rare tails keep their relative accuracy, and log-weights are kept so that tilting by a large
multiplier and back loses little. Masses below the smallest double (1e-308) count as none. Built for 10^7
values: O(n log n) once, O(n) a tilt, one block of `theory.laws.sums` a tail; equal masses take no memory.
"""

import bisect
import math
from collections.abc import Callable
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from distributional_view.theory.errors import require
from distributional_view.theory.laws.arrays import ArrayLike1D, finite_vector, probability, require_unit
from distributional_view.theory.laws.law import ScoreLaw
from distributional_view.theory.laws.sums import Tails, TiltedSums, blocks, first_moment, tilted_sums


class AtomicLaw(ScoreLaw):
    """P(Y = y) is the sum of the masses m_i with y_i = y, for finitely many scores y_i.

    Args:
        scores: y_i, any order, ties allowed; finite; at least one.
        masses: m_i >= 0, with sum 1 within 1e-9 (then normalised); None for equal masses.

    Raises:
        ValueError: for no scores, more than one axis, a score that is not finite, or masses that are negative, not
            finite, of another length, or do not sum to 1.

    Example:
        >>> law = AtomicLaw([0, 1, 1, 4])
        >>> law.mean, law.survival(1), law.atom(1)
        (1.5, 0.75, 0.5)
    """

    def __init__(self, scores: ArrayLike1D, *, masses: ArrayLike1D | None = None):
        y = finite_vector("scores", scores)
        if masses is None:
            values, merged = _merged_equal(np.sort(y))
        else:
            given = probability("masses", masses, y.size)
            values, merged = _merged(y, given)
        require_unit(float(values[0]), float(values[-1]))
        self._set(values, masses=merged)

    def _set(
        self,
        values: Float[np.ndarray, " k"],
        *,
        masses: Float[np.ndarray, " k"] | None = None,
        log_masses: Float[np.ndarray, " k"] | None = None,
    ) -> None:
        """Ascending values and their masses or log-masses; the other ones are found when they are asked for."""
        self._values = values
        if masses is not None:
            self._masses = masses
        if log_masses is not None:
            self._log_masses = log_masses
        for array in (values, masses, log_masses):
            if array is not None:
                array.flags.writeable = False

    def __repr__(self) -> str:
        return f"AtomicLaw({len(self._values)} atoms on [{self.ess_inf!r}, {self.ess_sup!r}])"

    @cached_property
    def _masses(self) -> Float[np.ndarray, " k"]:
        return _elementwise(np.exp, self._log_masses)

    @cached_property
    def _log_masses(self) -> Float[np.ndarray, " k"]:
        return _elementwise(np.log, self._masses)

    def _logs_of(self, part: slice) -> Float[np.ndarray, " b"]:
        """Log-masses of a block, without those of all others."""
        return self._log_masses[part] if "_log_masses" in self.__dict__ else np.log(self._masses[part])

    @cached_property
    def _tails(self) -> Tails:
        return Tails(self._values, self._masses)

    def _first_at(self, level: float) -> int:
        """Index of the first value >= level."""
        require(not math.isnan(level), "level", level, "a number")
        return int(np.searchsorted(self._values, level, side="left"))

    @cached_property
    def mean(self) -> float:
        heaviest = float(self._values[np.argmax(self._masses)])
        return heaviest + self.mean_from(heaviest)

    def mean_from(self, origin: float) -> float:
        count = len(self._values)
        return first_moment(self._values, self._masses, origin, 0, count) / self._tails.below(count)

    @cached_property
    def variance(self) -> float:
        return tilted_sums(self._values, self._logs_of, 0.0, 0.0, self.mean).variance

    @cached_property
    def mean_abs_dev(self) -> float:
        """Twice the deviation on the lighter side of the mean: its digits survive when the mean rounds to an atom."""
        count = len(self._values)
        low, high = (int(np.searchsorted(self._values, self.mean, side=side)) for side in ("left", "right"))
        sides = [(self._tails.below(low), 0, low), (self._tails.at(high).mass, high, count)]
        charged = [side for side in sides if side[2] > side[1]]
        if not charged:
            return 0.0
        _, first, last = min(charged)
        return 2.0 * abs(first_moment(self._values, self._masses, self.mean, first, last))

    @property
    def ess_inf(self) -> float:
        return float(self._values[0])

    @property
    def ess_sup(self) -> float:
        return float(self._values[-1])

    def atoms(self) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
        return self._values, self._masses

    def survival(self, threshold: float) -> float:
        return self._tails.at(self._first_at(threshold)).mass

    def log_survival(self, threshold: float) -> float:
        """log S(t); from the mass below t where that is the smaller one, so that dropping little keeps its digits."""
        i = self._first_at(threshold)
        below, mass = self._tails.below(i), self._tails.at(i).mass
        if below < mass:
            return math.log1p(-below) if below > 0 else 0.0
        return math.log(mass) if mass > 0 else -math.inf

    def density(self, level: float) -> float:
        raise ValueError("an atomic law has no density: use `atom` or `shell_mass`")

    def survival_above(self, level: float) -> float:
        return self._tails.at(int(np.searchsorted(self._values, level, side="right"))).mass

    def _residual_at(self, i: int) -> float:
        """E[Y - v_i | Y >= v_i]; 0 where no mass is left."""
        mass, excess = self._tails.at(i)
        return excess / mass if mass > 0 else 0.0

    def mean_residual(self, threshold: float) -> float:
        self._require_mass(threshold)
        i = self._first_at(threshold)
        return float(self._values[i]) - threshold + self._residual_at(i)

    def tail_mean(self, threshold: float) -> float:
        self._require_mass(threshold)
        i = self._first_at(threshold)
        return min(float(self._values[i]) + self._residual_at(i), self.ess_sup)

    def shell_mass(self, threshold: float, width: float) -> float:
        require(width >= 0, "width", width, ">= 0")
        return self.share_below(threshold, threshold + width)

    def share_below(self, lower: float, upper: float) -> float:
        self._require_mass(lower)
        first, last = self._first_at(lower), self._first_at(upper)
        return min(1.0, float(self._masses[first:last].sum()) / self._tails.at(first).mass)

    def cumulative_hazard(self, lower: float, upper: float) -> float:
        require(lower <= upper, "upper", upper, f">= lower = {lower!r}")
        self._require_mass(upper)
        return self._tails.hazards(self._first_at(lower), self._first_at(upper))

    def _tilted_sums(self, multiplier: float, origin: float) -> tuple[TiltedSums, float]:
        """Sums under the tilt, and the score from which its exponents are taken."""
        self._require_multiplier(multiplier)
        anchor = self.ess_sup if multiplier >= 0 else self.ess_inf
        return tilted_sums(self._values, self._logs_of, multiplier, anchor, origin), anchor

    def log_partition_from(self, multiplier: float, origin: float) -> float:
        sums, anchor = self._tilted_sums(multiplier, origin)
        return multiplier * (anchor - origin) + sums.log_total

    def tilted_moments(self, multiplier: float, origin: float) -> tuple[float, float]:
        sums, _ = self._tilted_sums(multiplier, origin)
        return sums.mean, sums.variance

    def tilt(self, multiplier: float) -> "AtomicLaw":
        sums, anchor = self._tilted_sums(multiplier, 0.0)
        logs = self._values - anchor
        with np.errstate(over="ignore"):  # as in `tilted_sums`
            logs *= multiplier
        logs += self._log_masses
        logs -= sums.log_total
        law = AtomicLaw.__new__(AtomicLaw)
        law._set(self._values, log_masses=logs)
        return law

    def tail_inf(self, threshold: float) -> float:
        self._require_mass(threshold)
        return float(self._values[self._first_at(threshold)])

    def tail_variance(self, threshold: float) -> float:
        return self.truncated(threshold).variance

    def truncated(self, threshold: float, tie_fraction: float = 1.0) -> "AtomicLaw":
        """The law of Y given Y >= t; of an atom at t only a fraction in [0, 1] is kept. Paper: (43)."""
        self._require_mass(threshold)
        first = self._first_at(threshold)
        values, logs = self._values[first:], self._log_masses[first:].copy()
        if values[0] == threshold and tie_fraction < 1:
            require(tie_fraction > 0 or values.size > 1, "tie_fraction", tie_fraction, "> 0 where no mass lies above")
            values, logs = (values, logs) if tie_fraction > 0 else (values[1:], logs[1:])
            logs[0] += math.log(tie_fraction) if tie_fraction > 0 else 0.0
        law = AtomicLaw.__new__(AtomicLaw)
        law._set(values, log_masses=logs)
        return law.tilt(0.0)

    def tail_threshold(self, target: float) -> float:
        """The largest value whose tail mean is at most `target`."""

        def tail_mean(i: int) -> float:
            return float(self._values[i]) + self._residual_at(i)

        passed = bisect.bisect_right(range(len(self._values)), target, key=tail_mean)
        return float(self._values[max(0, passed - 1)])


def _elementwise(
    function: Callable[[Float[np.ndarray, " n"]], Float[np.ndarray, " n"]], array: Float[np.ndarray, " k"]
) -> Float[np.ndarray, " k"]:
    """function(array), read-only; of equal masses only one is stored."""
    if array.strides == (0,):
        return np.broadcast_to(function(array[:1]), array.shape)
    found = function(array)
    found.flags.writeable = False
    return found


def _merged_equal(ordered: Float[np.ndarray, " n"]) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Distinct values of a sorted array, and the share of each; equal shares are stored once."""
    new = _run_starts(ordered)
    if new.all():
        return ordered, np.broadcast_to(np.array([1.0 / ordered.size]), ordered.shape)
    values = ordered[new]
    del ordered
    return values, _shares(new, values.size)


def _shares(new: Bool[np.ndarray, " n"], runs: int) -> Float[np.ndarray, " k"]:
    """The share of the entries in each run, whose first entry is marked; in place, as there may be 10^7 runs."""
    ends = np.empty(runs + 1)
    filled = 0
    for part in blocks(0, new.size):
        starts = np.flatnonzero(new[part])
        ends[filled : filled + starts.size] = starts + part.start
        filled += starts.size
    ends[-1] = new.size
    for part in blocks(0, runs):
        ends[part] = (ends[part.start + 1 : part.stop + 1] - ends[part]) / new.size
    return ends[:-1]


def _merged(
    scores: Float[np.ndarray, " n"], given: Float[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Distinct scores with mass, ascending, and the mass of each."""
    charged = given > 0
    if not charged.all():
        scores, given = scores[charged], given[charged]
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    first = np.flatnonzero(_run_starts(ordered))
    masses = np.add.reduceat(given[order], first)
    masses /= masses.sum()
    return ordered[first], masses


def _run_starts(ordered: Float[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Where a new value begins in a sorted array."""
    new = np.empty(ordered.size, dtype=bool)
    new[0] = True
    np.greater(ordered[1:], ordered[:-1], out=new[1:])
    return new
