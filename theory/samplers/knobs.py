"""Turning one knob of a sampler until the mean score of its samples is the target.

Every method has a knob (guidance strength, weight of a regulariser); the mean is a function of it that is known
only by running the method. With common random numbers that function is deterministic; its root is bracketed by
doubling, then found by a library's bracketing root finder.

A target may be out of reach, and each run is dear. The doublings stop once the last `_PATIENCE` of them brought the
mean so little nearer that all doublings left, each as good as the best of these, would not reach the target: a mean
that saturates, stays or moves away. A mean that creeps towards the target is followed as long as it can arrive; gains
that still grow are taken to grow on at their pace, and a mean that did not move at all is given `_SILENCE` doublings (a
first knob that is far too small). A plateau that lasts `_PATIENCE` doublings and rises afterwards is taken for the end:
a larger `start` passes over it.
"""

import itertools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.optimize import elementwise

from distributional_view.theory.errors import CalibrationFailed, require, require_finite
from distributional_view.theory.progress import Progress

_MAX_DOUBLINGS = 40
_PATIENCE = 3
_SILENCE = 8


class Calibrated(NamedTuple):
    """A knob's value, the mean score there, and how many runs it took.

    Example:
        >>> calibrate_knob(lambda knob: knob, 0.0, 1e-6, 1.0, "knob")
        Calibrated(knob=0.0, mean=0.0, evaluations=1)
    """

    knob: float
    mean: float
    evaluations: int


def calibrate_knob(
    mean_at: Callable[[float], float],
    target: float,
    tolerance: float,
    start: float,
    name: str,
    progress: Progress | None = None,
) -> Calibrated:
    """The knob in [0, inf) at which `mean_at` is within `tolerance` of the target; the mean may rise or fall with it.

    Paper: Appendix I.3.

    Args:
        mean_at: runs the method; continuous for a bracket to lead to a root.
        target: finite.
        tolerance: > 0, score units.
        start: first knob after 0, > 0.
        name: what the knob is called in errors.
        progress: called after each run with the number of runs done; their total is not known.

    Returns:
        The knob, the mean there, and the number of runs.

    Raises:
        CalibrationFailed: if no knob passes the target (the mean saturates, stays or moves away), a mean is not
            finite, or the mean jumps over the target; it carries the runs that were made.
        ValueError: for bad arguments.

    Example:
        >>> round(calibrate_knob(lambda knob: knob / (1 + knob), 0.5, 1e-6, 0.1, "knob").knob, 4)
        1.0
    """
    require_finite("target", target)
    require(math.isfinite(tolerance) and tolerance > 0, "tolerance", tolerance, "finite and > 0 (score units)")
    require(math.isfinite(start) and start > 0, "start", start, "finite and > 0")
    means: dict[float, float] = {}

    def excess(knob: float) -> float:
        if knob not in means:
            means[knob] = mean_at(knob)
            if progress is not None:
                progress(f"calibrating the {name}, {name} = {knob:.4g}", len(means), 0)
            if not math.isfinite(means[knob]):
                raise _failed(f"the mean is {means[knob]} at {name} = {knob!r}", target, name, means)
        return means[knob] - target

    lower, upper = 0.0, start
    gaps = [abs(excess(lower))]
    side = math.copysign(1.0, excess(lower))
    for left in range(_MAX_DOUBLINGS, 0, -1):
        if gaps[-1] <= tolerance:
            return Calibrated(lower, means[lower], len(means))
        if _hopeless(gaps, tolerance, left):
            raise _failed(f"the target is out of reach: {_course(gaps)}", target, name, means)
        if excess(upper) * side <= 0:
            break
        gaps.append(abs(excess(upper)))
        lower, upper = upper, 2 * upper
    else:
        raise _failed("the target is out of reach", target, name, means)

    def excesses(knobs: Float[np.ndarray, "*k"]) -> Float[np.ndarray, "*k"]:
        return np.array([excess(float(knob)) for knob in np.atleast_1d(knobs)]).reshape(np.shape(knobs))

    elementwise.find_root(excesses, (lower, upper), tolerances={"fatol": tolerance}, maxiter=60)
    best = min(means, key=lambda knob: abs(means[knob] - target))
    if abs(means[best] - target) > tolerance:
        raise _failed(f"the mean jumps past it by more than tolerance = {tolerance!r}", target, name, means)
    return Calibrated(best, means[best], len(means))


def _hopeless(gaps: list[float], tolerance: float, left: int) -> bool:
    """Whether `left` more doublings, as good as the last few allow, leave the mean short of the target."""
    still = all(gap == gaps[0] for gap in gaps)
    if len(gaps) - 2 < (_SILENCE if still else _PATIENCE):
        return False
    gains = [before - after for before, after in itertools.pairwise(gaps[-_PATIENCE - 1 :])]
    growing = gains[0] > 0 and all(first < then for first, then in itertools.pairwise(gains))
    pace = min(10.0, (gains[-1] / gains[0]) ** (1 / (len(gains) - 1))) if growing else 1.0
    return gaps[-1] - max(0.0, *gains) * sum(pace**n for n in range(1, left + 1)) > tolerance


def _course(gaps: list[float]) -> str:
    """What the mean did over the last few doublings."""
    gain = gaps[-_PATIENCE - 1] - gaps[-1]
    if gain < 0:
        return f"over the last {_PATIENCE} doublings the mean moved away from it"
    return f"over the last {_PATIENCE} doublings the mean came no more than {gain:.3g} nearer"


def _failed(problem: str, target: float, name: str, means: dict[float, float]) -> CalibrationFailed:
    reached = [mean for mean in means.values() if math.isfinite(mean)]
    achieved = f"means in [{min(reached):.6g}, {max(reached):.6g}]" if reached else "no finite mean"
    message = f"target = {target!r}: {problem}; {name} in [0, {max(means):.6g}] gave {achieved}"
    return CalibrationFailed(message, means)
