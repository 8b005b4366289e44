"""Whether the library refuses, and laws whose scores are cut where they would be infinite."""

from collections.abc import Callable

import numpy as np

from distributional_view.theory import PiecewiseLaw


def refused(call: Callable[[], object], error: type[Exception] = ValueError) -> bool:
    """Whether the library refuses, with this error."""
    try:
        call()
    except error:
        return True
    return False


def clipped(
    score: Callable[[np.ndarray], np.ndarray], inverse: Callable[[float], float], end: float, sign: int = 1
) -> PiecewiseLaw:
    """The law of sign * min(score(U), end) for U uniform on (0, 1] and a decreasing score."""
    cut = inverse(end)
    points = [1e-60, cut, 1.0] if cut > 1e-60 else [1e-60, 1.0]
    return PiecewiseLaw(lambda u: sign * np.minimum(score(u), end), np.zeros_like, np.array(points))
