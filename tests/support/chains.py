"""Reverse chains for the sampled checks: their states at chosen levels, noise that runs share, and slopes of errors.

A step is a function of the point, the row and the noise: the check itself calls the library in it, so that an attack on
what the check asks reaches that call.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from distributional_view.theory.samplers.schedule import Row, each


def visited(
    step: Callable[[np.ndarray, Row, np.ndarray], np.ndarray],
    start: np.ndarray,
    rows: Row,
    noise: Callable[[int], np.ndarray],
    levels: Sequence[int],
) -> dict[int, np.ndarray]:
    """The states (n, d) at these levels of a chain that starts at the last one."""
    x, found = start, {}
    for row in each(rows):
        x = step(x, row, noise(row.index - 1))
        if row.index - 1 in levels:
            found[row.index - 1] = x
    return found


def shared(seed: int, shape: tuple[int, int], factor: int) -> Callable[[int], np.ndarray]:
    """Standard normal noise of a chain whose steps are `factor` of the finest ones: sums of the noise of those."""

    def noise(i: int) -> np.ndarray:
        parts = (np.random.default_rng([seed, factor * i + k]).normal(size=shape) for k in range(factor))
        return sum(parts) / math.sqrt(factor)

    return noise


def slope(steps: Sequence[int], errors: Sequence[float]) -> float:
    """Slope of the logarithm of the errors in that of the number of steps."""
    return float(np.polyfit(np.log(steps), np.log(np.abs(errors)), 1)[0])
