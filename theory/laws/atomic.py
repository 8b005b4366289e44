"""A score law with finitely many values: a pool of images, a data set, any law with ties.

Everything is exact up to rounding: the values are sorted once and merged, tail sums are cumulated from the
top so that rare tails keep their relative accuracy, and log-weights are kept so that tilting by a large
multiplier and back loses little. Masses below the smallest double (1e-308) count as none. Built for 10^7
values: O(n log n) once, O(n) a tilt, O(log n) a tail.
"""

import math
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from distributional_view.theory.errors import require
from distributional_view.theory.laws.arrays import ArrayLike1D, finite_vector, probability
from distributional_view.theory.laws.law import ScoreLaw


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
            ordered = np.sort(y)
            first = _run_starts(ordered)
            merged = np.diff(np.append(first, ordered.size)) / ordered.size
        else:
            given = probability("masses", masses, y.size)
            order = np.argsort(y[given > 0], kind="stable")
            ordered = y[given > 0][order]
            first = _run_starts(ordered)
            merged = np.add.reduceat(given[given > 0][order], first)
            merged = merged / merged.sum()
        self._set(ordered[first], np.log(merged))

    def _set(self, values: Float[np.ndarray, " k"], log_masses: Float[np.ndarray, " k"]) -> None:
        self._values = values
        self._log_masses = log_masses
        for array in (self._values, self._log_masses):
            array.flags.writeable = False

    def __repr__(self) -> str:
        return f"AtomicLaw({len(self._values)} atoms on [{self.ess_inf!r}, {self.ess_sup!r}])"

    @cached_property
    def _masses(self) -> Float[np.ndarray, " k"]:
        return np.exp(self._log_masses)

    @cached_property
    def _tail_mass(self) -> Float[np.ndarray, " k1"]:
        """P(Y >= v_i), with a final 0; summed from the top."""
        return np.append(np.minimum(np.cumsum(self._masses[::-1])[::-1], 1.0), 0.0)

    @cached_property
    def _tail_excess(self) -> Float[np.ndarray, " k1"]:
        """E[(Y - v_i)^+], with a final 0: gaps between values times tail masses, all terms positive."""
        steps = self._tail_mass[1:-1] * np.diff(self._values)
        return np.append(np.cumsum(steps[::-1])[::-1], [0.0, 0.0])

    def _first_at(self, level: float) -> int:
        """Index of the first value >= level."""
        require(not math.isnan(level), "level", level, "a number")
        return int(np.searchsorted(self._values, level, side="left"))

    @cached_property
    def mean(self) -> float:
        heaviest = float(self._values[np.argmax(self._log_masses)])
        return heaviest + self.mean_from(heaviest)

    def mean_from(self, origin: float) -> float:
        return float(self._masses @ (self._values - origin)) / float(self._masses.sum())

    @cached_property
    def variance(self) -> float:
        return float(self._masses @ (self._values - self.mean) ** 2)

    @cached_property
    def mean_abs_dev(self) -> float:
        """Twice the deviation on the lighter side of the mean: its digits survive when the mean rounds to an atom."""
        sides = [self._values > self.mean, self._values < self.mean]
        charged = [side for side in sides if side.any()]
        if not charged:
            return 0.0
        side = min(charged, key=lambda s: float(self._masses[s].sum()))
        return 2.0 * float(self._masses[side] @ np.abs(self._values[side] - self.mean))

    @property
    def ess_inf(self) -> float:
        return float(self._values[0])

    @property
    def ess_sup(self) -> float:
        return float(self._values[-1])

    def atoms(self) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
        return self._values, self._masses

    def log_survival(self, threshold: float) -> float:
        if threshold <= self.ess_inf:
            return 0.0
        mass = float(self._tail_mass[self._first_at(threshold)])
        return math.log(mass) if mass > 0 else -math.inf

    def density(self, level: float) -> float:
        raise ValueError("an atomic law has no density: use `atom` or `shell_mass`")

    def survival_above(self, level: float) -> float:
        return float(self._tail_mass[int(np.searchsorted(self._values, level, side="right"))])

    def mean_residual(self, threshold: float) -> float:
        self._require_mass(threshold)
        i = self._first_at(threshold)
        return float(self._values[i]) - threshold + float(self._tail_excess[i] / self._tail_mass[i])

    def tail_mean(self, threshold: float) -> float:
        self._require_mass(threshold)
        i = self._first_at(threshold)
        return min(float(self._values[i]) + float(self._tail_excess[i] / self._tail_mass[i]), self.ess_sup)

    def shell_mass(self, threshold: float, width: float) -> float:
        require(width >= 0, "width", width, ">= 0")
        return self.share_below(threshold, threshold + width)

    def share_below(self, lower: float, upper: float) -> float:
        self._require_mass(lower)
        first, last = self._first_at(lower), self._first_at(upper)
        return min(1.0, float(self._masses[first:last].sum() / self._tail_mass[first]))

    def cumulative_hazard(self, lower: float, upper: float) -> float:
        require(lower <= upper, "upper", upper, f">= lower = {lower!r}")
        self._require_mass(upper)
        first, last = self._first_at(lower), self._first_at(upper)
        return float((self._masses[first:last] / self._tail_mass[first:last]).sum())

    def _tilted_log_masses(self, multiplier: float) -> tuple[Float[np.ndarray, " k"], float]:
        """Unnormalised log-masses of the tilt, shifted by multiplier * anchor, and the anchor."""
        anchor = self.ess_sup if multiplier >= 0 else self.ess_inf
        with np.errstate(over="ignore"):  # an exponent below the smallest double: such an atom has no mass left
            logs = self._log_masses + multiplier * (self._values - anchor)
        return logs, anchor

    def log_partition_from(self, multiplier: float, origin: float) -> float:
        self._require_multiplier(multiplier)
        logs, anchor = self._tilted_log_masses(multiplier)
        peak = float(logs.max())
        return multiplier * (anchor - origin) + peak + math.log(float(np.exp(logs - peak).sum()))

    def tilted_moments(self, multiplier: float, origin: float) -> tuple[float, float]:
        self._require_multiplier(multiplier)
        logs, _ = self._tilted_log_masses(multiplier)
        w = np.exp(logs - logs.max())
        offsets, total = self._values - origin, float(w.sum())
        mean = float(w @ offsets) / total
        return mean, float(w @ (offsets - mean) ** 2) / total

    def tilt(self, multiplier: float) -> "AtomicLaw":
        self._require_multiplier(multiplier)
        return self._normalised(self._values, self._tilted_log_masses(multiplier)[0])

    @staticmethod
    def _normalised(values: Float[np.ndarray, " k"], log_masses: Float[np.ndarray, " k"]) -> "AtomicLaw":
        """The law with these ascending values and log-masses up to a constant."""
        peak = float(log_masses.max())
        law = AtomicLaw.__new__(AtomicLaw)
        law._set(values, log_masses - (peak + math.log(float(np.exp(log_masses - peak).sum()))))
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
        return self._normalised(values, logs)

    def tail_threshold(self, target: float) -> float:
        """The largest value whose tail mean is at most `target`."""
        means = self._values + self._tail_excess[:-1] / np.maximum(self._tail_mass[:-1], 5e-324)
        return float(self._values[max(0, int(np.searchsorted(means, target, side="right")) - 1)])


def _run_starts(ordered: Float[np.ndarray, " n"]) -> Int[np.ndarray, " k"]:
    """Indices at which a new value begins in a sorted array."""
    return np.flatnonzero(np.concatenate([[True], ordered[1:] > ordered[:-1]]))
