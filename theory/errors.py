"""Errors that a caller can act on: each names the argument, its value and what is permitted."""

import math
from collections.abc import Mapping

import numpy as np


class InfeasibleTarget(ValueError):
    """No distribution absolutely continuous with respect to the prior meets the target level.

    Raised, for example, when the target lies above the essential supremum of the score, or when the
    log-partition function is not steep and the target lies beyond its last slope (Lemma D.4, ours).

    Example:
        >>> try:
        ...     calibrate_klsc(AtomicLaw([0, 1]), 2.0)
        ... except InfeasibleTarget as error:
        ...     print(error)
        target = 2.0: must be <= the essential supremum of the score, 1.0
    """


class CalibrationFailed(RuntimeError):
    """A sampler's knob could not be set so that its samples have the target mean; says what was reached.

    `runs` holds every run that was made: knob -> mean score.
    """

    def __init__(self, message: str, runs: Mapping[float, float] | None = None):
        super().__init__(message)
        self.runs: dict[float, float] = dict(runs or {})

    def nearest(self, target: float) -> float:
        """The knob whose mean came nearest to the target.

        Raises:
            ValueError: if no run gave a finite mean.
        """
        finite = {knob: mean for knob, mean in self.runs.items() if math.isfinite(mean)}
        require(len(finite) > 0, "runs", self.runs, "with at least one finite mean")
        return min(finite, key=lambda knob: abs(finite[knob] - target))


def require(ok: bool | np.bool_, name: str, value: object, permitted: str) -> None:
    """Raise `ValueError` with a message of the form `name = value: must be permitted` unless `ok`."""
    if not ok:
        raise ValueError(f"{name} = {value!r}: must be {permitted}")


def require_finite(name: str, value: float) -> None:
    """Raise unless `value` is a finite number."""
    require(math.isfinite(value), name, value, "a finite number")


def require_unmasked(name: str, values: object) -> None:
    """Raise for a numpy array with masked entries: their hidden numbers would count as if they were meant."""
    hidden = int(np.ma.count_masked(values)) if isinstance(values, np.ma.MaskedArray) else 0
    require(hidden == 0, name, f"{hidden} masked entries", "an array without masked entries: drop or fill them first")


def require_margin(value: float) -> None:
    """Raise unless `value` is a margin of Definition 2.3: finite and positive."""
    require(math.isfinite(value) and value > 0, "margin", value, "finite and > 0 (score units)")
