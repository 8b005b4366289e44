"""Turning one knob of a sampler until the mean score of its samples is the target.

Every method has a knob (guidance strength, weight of a regulariser); the mean is a function of it that is known
only by running the method. With common random numbers that function is deterministic; its root is bracketed by
doubling, then found by a library's bracketing root finder.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.optimize import elementwise

from distributional_view.theory.errors import CalibrationFailed, require, require_finite
from distributional_view.theory.progress import Progress

_MAX_DOUBLINGS = 40


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
        CalibrationFailed: if no knob passes the target, a mean is not finite, or the mean jumps over the target; it
            carries the runs that were made.
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
    side = math.copysign(1.0, excess(lower))
    for _ in range(_MAX_DOUBLINGS):
        if abs(excess(lower)) <= tolerance:
            return Calibrated(lower, means[lower], len(means))
        if excess(upper) * side <= 0:
            break
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


def _failed(problem: str, target: float, name: str, means: dict[float, float]) -> CalibrationFailed:
    reached = [mean for mean in means.values() if math.isfinite(mean)]
    achieved = f"means in [{min(reached):.6g}, {max(reached):.6g}]" if reached else "no finite mean"
    message = f"target = {target!r}: {problem}; {name} in [0, {max(means):.6g}] gave {achieved}"
    return CalibrationFailed(message, means)
