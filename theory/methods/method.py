"""What every method offers, whatever its world: bring its knob to a mean score, then draw.

A method makes points of a distribution that explains a feature: it keeps the best of a pool, weighs the pool, climbs,
guides a diffusion, or filters particles. All have one knob (K, a multiplier, a penalty, a strength) and are compared at
the same mean score. Names are the same in code, on the command line and in figures.

Paper: Table 1, Section 2.2.4, Appendix I.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.knobs import Calibrated
from distributional_view.theory.samplers.world import Points

MeanAt = Callable[[float], float]
"""Knob -> mean score of the method's points; known only by running the method."""
Memory = Callable[[MeanAt], MeanAt]
"""Makes a `MeanAt` that keeps what was run, in memory or in a file, and never runs a knob twice."""


def forgetful(mean_at: MeanAt) -> MeanAt:
    """The memory that keeps nothing."""
    return mean_at


def in_memory(known: dict[float, float], keep: Callable[[float, float], None] = lambda knob, mean: None) -> Memory:
    """A memory that lasts as long as `known`, for one method at several levels; `keep` is told of each new run."""

    def remember(mean_at: MeanAt) -> MeanAt:
        def remembered(knob: float) -> float:
            if knob not in known:
                known[knob] = mean_at(knob)
                keep(knob, known[knob])
            return known[knob]

        return remembered

    return remember


def unwatched(knob: float, drawn: "Drawn") -> None:
    """The watcher of a calibration that looks away."""


class Drawn(NamedTuple):
    """At most as many points as were asked for, their scores, and their weights (sum 1; None: all equal).

    `notes` says what else came out: an effective size, an estimate of log Z, whether the optimiser converged; `indices`
    are the points' places in the pool, where they come from one.
    """

    points: Points
    scores: Float[np.ndarray, " n"]
    weights: Float[np.ndarray, " n"] | None
    notes: Mapping[str, float]
    indices: Int[np.ndarray, " n"] | None = None

    @property
    def mean(self) -> float:
        """E_q[psi] as the points and weights have it."""
        return float(self.scores.mean() if self.weights is None else self.weights @ self.scores)


@runtime_checkable
class Method(Protocol):
    """A way to make points at a mean score."""

    @property
    def knob_name(self) -> str:
        """What the knob is called: "K", "multiplier", "penalty", "strength", "threshold"."""
        ...

    @property
    def independent(self) -> bool:
        """Whether points are drawn one by one, so that n of them may be drawn in parts; a pool or a filter is one."""
        ...

    def calibrate(self, target: float, progress: Progress = silent) -> Calibrated:
        """The knob at which the mean score is the target.

        Raises:
            InfeasibleTarget: if no knob can reach it; says how far one can go.
            CalibrationFailed: if none was found; carries the runs that were made.
        """
        ...

    def draw(self, knob: float, seed: int, n: int, progress: Progress = silent) -> Drawn:
        """At most n points at this knob; equal seeds give equal points.

        Raises:
            ValueError: for a knob or a number out of range.
        """
        ...


Maker = Callable[[], Method]
Watch = Callable[[float, Drawn], None]
"""Told of the points of each run of a calibration, with the knob: they need not be drawn again."""


class Registry:
    """Methods by name, each made when it is asked for.

    Args:
        makers: name -> maker; the order is the order of tables and figures.

    Example:
        >>> Registry({}).make("guesswork")
        Traceback (most recent call last):
        ...
        ValueError: method = 'guesswork': must be one of ()
    """

    def __init__(self, makers: Mapping[str, Maker]):
        self._makers = dict(makers)

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in order."""
        return tuple(self._makers)

    def make(self, name: str) -> Method:
        """The method of this name.

        Raises:
            ValueError: for an unknown name.
        """
        require(name in self._makers, "method", name, f"one of {self.names}")
        return self._makers[name]()
