"""Roots of monotone functions that may jump: Brent's method where it converges, else bisection over the doubles."""

import struct
from collections.abc import Callable

from scipy.optimize import brentq

_BRENT_STEPS = 60


def bracketed_root(f: Callable[[float], float], low: float, high: float) -> float:
    """Where a non-decreasing f with f(low) < 0 <= f(high) passes 0, to rounding; at a jump, the side with f >= 0.

    Brent's method needs a thousand steps to find a jump at 0; there are at most 64 between any two doubles.
    """
    root, info = brentq(f, low, high, xtol=1e-300, rtol=4 * 2.0**-52, maxiter=_BRENT_STEPS, full_output=True, disp=False)
    if info.converged:
        return float(root)
    below, above = _rank(low), _rank(high)
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (middle, above) if f(_double(middle)) < 0 else (below, middle)
    return _double(above)


def _rank(x: float) -> int:
    """Place of a double among all doubles in increasing order; 0 for 0.0."""
    bits = int(struct.unpack("<q", struct.pack("<d", x + 0.0))[0])
    return bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF)


def _double(rank: int) -> float:
    """The double with this rank."""
    size = float(struct.unpack("<d", struct.pack("<q", abs(rank)))[0])
    return size if rank >= 0 else -size
