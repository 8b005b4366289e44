"""Polynomials through the nodes of panels: where they cross a level, and their values on parts of panels.

Helpers of `theory.laws.piecewise`. Coordinates on a panel run over [-1, 1].
"""

import bisect
import math
from collections.abc import Callable
from functools import cached_property

import numpy as np
from jaxtyping import Float
from numpy.polynomial import legendre
from scipy.optimize import brentq

from distributional_view.theory.laws.panels import NODES, ORDER, WEIGHTS, AtNodes, Panels

# Values at the nodes (row vector) times this matrix: Legendre coefficients of the interpolating polynomial.
_COEFFICIENTS = legendre.legvander(NODES, ORDER - 1) * WEIGHTS[:, None] * (np.arange(ORDER) + 0.5)
_BARYCENTRIC = 1.0 / np.array([np.prod(np.delete(x - NODES, i)) for i, x in enumerate(NODES)])
_NODE_LIST, _WEIGHT_LIST = NODES.tolist(), _BARYCENTRIC.tolist()
_RECURRENCE = [((2 * n + 1) / (n + 1), n / (n + 1), 2 * n + 1) for n in range(1, ORDER - 1)]
_MAX_NEWTON = 12
_NEWTON_DONE = 1e-7  # one more step then reaches rounding


class Interpolants:
    """Score and density of a law on its panels.

    Args:
        panels: with the final log-weights.
        score: the score itself, for the crossings that polynomials do not find.
        like: interpolants of the same panels under another tilt, whose crossings are shared.
    """

    def __init__(
        self,
        panels: Panels,
        score: Callable[[Float[np.ndarray, " *n"]], Float[np.ndarray, " *n"]],
        like: "Interpolants | None" = None,
    ):
        self.panels, self._score = panels, score
        self._crossings: dict[tuple[int, float], float] = {} if like is None else like._crossings
        if like is not None:
            self.__dict__.update(_score_series=like._score_series, _score_values=like._score_values)

    @cached_property
    def _score_series(self) -> list[list[float]]:
        return (self.panels.score @ _COEFFICIENTS).tolist()

    @cached_property
    def _score_values(self) -> list[list[float]]:
        return self.panels.score.tolist()

    @cached_property
    def _density_series(self) -> list[list[float]]:
        half = 0.5 * (self.panels.right - self.panels.left)[:, None]
        return (np.exp(self.panels.log_weight) / (half * WEIGHTS) @ _COEFFICIENTS).tolist()

    def crossing(self, i: int, level: float) -> float:
        """Coordinate on panel i at which the score equals `level`.

        Newton steps on the panel's Legendre series, then one on its barycentric form, which is free of the rounding
        of the coefficients. Next to turning points and infinite ends, Brent's method on the score itself.
        """
        key = (i, level)
        if key not in self._crossings:
            if len(self._crossings) > 64:  # the last few levels are asked for again and again, old ones are not
                self._crossings.clear()
            self._crossings[key] = self._find_crossing(i, level)
        return self._crossings[key]

    def _find_crossing(self, i: int, level: float) -> float:
        series, values = self._score_series[i], self._score_values[i]
        x = _linear_guess(values, level)
        for _ in range(_MAX_NEWTON):
            value, slope = series_value_and_slope(series, x)
            if slope == 0:
                break
            step = (value - level) / slope
            if abs(step) < _NEWTON_DONE:
                return min(1.0, max(-1.0, x - (_barycentric(values, x) - level) / slope))
            x = min(1.0, max(-1.0, x - step))
        return self._bracketed_crossing(i, level)

    def _bracketed_crossing(self, i: int, level: float) -> float:
        """Brent's method between the panel's ends, whose scores are limits from within: the score may jump there."""
        p = self.panels
        left, right = float(p.left[i]), float(p.right[i])
        ends = float(p.low[i]), float(p.high[i])
        at_end = dict(zip((-1.0, 1.0), ends if p.score[i, -1] > p.score[i, 0] else ends[::-1], strict=True))

        def excess(x: float) -> float:
            u = 0.5 * (right + left) + 0.5 * (right - left) * x
            with np.errstate(divide="ignore"):
                found = at_end[x] if x in at_end else float(self._score(np.array([u]))[0])
            return min(1e300, max(-1e300, found - level))

        return float(brentq(excess, -1.0, 1.0, xtol=1e-300, rtol=4 * 2.0**-52))

    def density_of_score(self, i: int, level: float) -> float:
        """g/|ds/du| on panel i where the score equals `level`; +inf at a turning point."""
        x = self.crossing(i, level)
        slope = series_value_and_slope(self._score_series[i], x)[1]
        g = max(0.0, series_value_and_slope(self._density_series[i], x)[0])
        turning = abs(slope) <= 1e-9 * float(np.ptp(self.panels.score[i]))
        half = 0.5 * float(self.panels.right[i] - self.panels.left[i])
        return 0.0 if g == 0 else math.inf if turning else g * half / abs(slope)

    def parts(
        self, which: list[int], lower: float, upper: float
    ) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Scores and weights of new nodes on the part of each panel where lower <= score < upper."""
        p = self.panels
        ends = np.empty((2, len(which), 1))
        for column, i in enumerate(which):
            at_low = self.crossing(i, lower) if p.low[i] < lower else None
            at_high = self.crossing(i, upper) if p.high[i] > upper else None
            rising = p.score[i, -1] > p.score[i, 0]
            first, last = (at_low, at_high) if rising else (at_high, at_low)
            ends[:, column, 0] = -1.0 if first is None else first, 1.0 if last is None else last
        half = 0.5 * (ends[1] - ends[0])
        matrix = _interpolation(0.5 * (ends[1] + ends[0]) + half * NODES)
        y = matrix @ p.score[which][:, :, None]
        # A node's weight is density times the panel's half length times its Gauss weight: the length cancels.
        density = matrix @ (np.exp(p.log_weight[which]) / WEIGHTS)[:, :, None]
        w = np.maximum(density[..., 0], 0.0) * (half * WEIGHTS)
        return y.ravel(), w.ravel()


def at_ends(values: AtNodes) -> Float[np.ndarray, "2 p"]:
    """The polynomials through the values at the nodes of each panel, at its two ends."""
    return (values @ _interpolation(np.array([[-1.0, 1.0]]))[0].T).T


def _linear_guess(values: list[float], level: float) -> float:
    """Where the broken line through the nodes takes the level; the end of the panel beyond them."""
    rising = values[-1] > values[0]
    k = bisect.bisect_left(values, level) if rising else bisect.bisect_left(values, -level, key=lambda v: -v)
    if k == 0 or k == ORDER:
        return -1.0 if k == 0 else 1.0
    share = (level - values[k - 1]) / (values[k] - values[k - 1])
    return _NODE_LIST[k - 1] + share * (_NODE_LIST[k] - _NODE_LIST[k - 1])


def _barycentric(values: list[float], x: float) -> float:
    """The polynomial through the values at the nodes, at x; stable for all x in [-1, 1]."""
    above = below = 0.0
    for value, weight, node in zip(values, _WEIGHT_LIST, _NODE_LIST, strict=True):
        if x == node:
            return value
        share = weight / (x - node)
        above += share * value
        below += share
    return above / below


def _interpolation(x: Float[np.ndarray, "p n"]) -> Float[np.ndarray, "p n 16"]:
    """Barycentric weights: row vectors that turn values at the nodes into the polynomial's values at x."""
    gap = x[..., None] - NODES
    gap[gap == 0] = 1e-300  # at a node: that node alone counts
    rows = _BARYCENTRIC / gap
    return rows / rows.sum(axis=-1, keepdims=True)


def series_value_and_slope(series: list[float], x: float) -> tuple[float, float]:
    """A Legendre series of `ORDER` terms and its derivative at x, by the three-term recurrence on plain floats."""
    p0, p1, d0, d1 = 1.0, x, 0.0, 1.0
    value, slope = series[0] + series[1] * x, series[1]
    for coefficient, (a, b, c) in zip(series[2:], _RECURRENCE, strict=True):
        p0, p1 = p1, a * x * p1 - b * p0
        d0, d1 = d1, c * p0 + d0
        value += coefficient * p1
        slope += coefficient * d1
    return value, slope
