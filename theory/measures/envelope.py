"""The largest mean of one score at a given mean of another: the upper concave envelope of the points (psi, g).

A linear program over the q << p with two constraints, whose optima mix at most two points. Solved by one sweep over
the points in the order of psi, to rounding and in any units.
"""

import numpy as np
from jaxtyping import Float


def envelope_at(level: float, x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> float:
    """The largest E[y] of any law on the points with E[x] = level, for a level within the range of x."""
    order = np.lexsort((-y, x))
    across, first = np.unique(x[order], return_index=True)
    tops = y[order][first]
    units = np.stack([_shares(across), _shares(tops)], axis=1).tolist()
    hull: list[int] = []
    for k, (px, py) in enumerate(units):
        while len(hull) >= 2:
            (ax, ay), (bx, by) = units[hull[-2]], units[hull[-1]]
            if (bx - ax) * (py - ay) < (by - ay) * (px - ax):  # the last point lies above the chord that passes it
                break
            hull.pop()
        hull.append(k)
    j = min(max(int(np.searchsorted(across[hull], level)), 1), len(hull) - 1)
    if j == 0:
        return float(tops[hull[0]])
    (i, k), half = hull[j - 1 : j + 1], 0.5 * level
    share = (half - 0.5 * across[i]) / (0.5 * across[k] - 0.5 * across[i])
    return float((1 - share) * tops[i] + share * tops[k])


def _shares(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The values on the scale of their range; halves, because a range may exceed the largest double."""
    low = 0.5 * values.min()
    return (0.5 * values - low) / max(0.5 * values.max() - low, 5e-324)
