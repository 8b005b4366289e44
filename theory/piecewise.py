"""A score law given by a density over a latent variable: Y = s(U), U with density g on an interval.

The angle of a point in the plane, with the angular score, is the paper's case. Between consecutive
breakpoints the score must be smooth and monotone (or constant: an atom, as under a cap). Each piece is cut
into panels with Gauss-Legendre nodes, bisected until the integrals no longer change; a level cuts the panels
at its exact crossing points, so that truncated integrals are as accurate as complete ones (about 1e-13)
and not as coarse as the grid.
"""

import math
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from numpy.polynomial import legendre
from scipy.optimize import brentq

from theory.errors import require
from theory.law import ScoreLaw

LatentFunction = Callable[[Float[np.ndarray, " *n"]], Float[np.ndarray, " *n"]]

_ORDER = 16
_NODES, _WEIGHTS = legendre.leggauss(_ORDER)
# Values at the nodes (row vector) times this matrix: Legendre coefficients of the interpolating polynomial.
_COEFFICIENTS = legendre.legvander(_NODES, _ORDER - 1) * _WEIGHTS[:, None] * (np.arange(_ORDER) + 0.5)
_HALF_BASES = [legendre.legvander(0.5 * (_NODES + side), _ORDER - 1).T for side in (-1, 1)]
_PREDICTION_TOLERANCE = 1e-11
_END_SHARE = 0.05  # a log-density rises by less than this share of its range between the last node and the end
_STEEPEST_PANEL = 30.0  # nats
_NO_MASS = -700.0  # nats below the peak
_SMALLEST_PANEL = 1e-13  # relative; only reached next to singular ends
_MAX_NEWTON = 12
_RESOLVED_EXPONENT = 4.0  # a tilt that varies by no more than this over each panel needs no new panels
_UNIT_MASS_TOLERANCE = 1e-9


class _Panels(NamedTuple):
    """Panels of the latent interval with their nodes: integrals are sums over `weight` (which includes g)."""

    left: Float[np.ndarray, " p"]
    right: Float[np.ndarray, " p"]
    score: Float[np.ndarray, " p order"]
    log_weight: Float[np.ndarray, " p order"]
    low: Float[np.ndarray, " p"]  # smallest and largest score of the closed panel
    high: Float[np.ndarray, " p"]


class PiecewiseLaw(ScoreLaw):
    """Law of s(U) for U with density g = exp(log_density) on [breakpoints[0], breakpoints[-1]].

    Args:
        score: s, vectorised over latent values; may be infinite at the ends of the interval only.
        log_density: log g, vectorised, in nats; -inf where g = 0. Smooth inside each piece.
        breakpoints: increasing latent values that include the ends, every kink of s or g, every turning
            point of s. Between two of them s is monotone or constant.
        max_multiplier: supremum of the beta with E[exp(beta Y)] finite. Must be given when s is unbounded above.
        steep: whether A' reaches the essential supremum at `max_multiplier`; must be given with it.

    Raises:
        ValueError: for breakpoints that do not increase, a density that is NaN or whose integral differs
            from 1 by more than 1e-9, a score that is NaN or not monotone between breakpoints, or an unbounded
            score without `max_multiplier` and `steep`.
    """

    def __init__(
        self,
        score: LatentFunction,
        log_density: LatentFunction,
        breakpoints: Float[np.ndarray, " b"],
        *,
        max_multiplier: float | None = None,
        steep: bool | None = None,
    ):
        edges = np.asarray(breakpoints, dtype=np.float64)
        increasing = edges.size >= 2 and bool(np.isfinite(edges).all()) and bool((np.diff(edges) > 0).all())
        require(increasing, "breakpoints", breakpoints, "at least two finite, increasing numbers")
        self._score, self._log_density = score, log_density
        self._multiplier, self._anchor, self._log_z = 0.0, 0.0, 0.0
        self._panels = self._refine(edges[:-1], edges[1:])
        bounded = float(self._panels.high.max()) < math.inf
        require(
            bounded or (max_multiplier is not None and steep is not None),
            "max_multiplier",
            max_multiplier,
            "given, together with `steep`, for a score that is unbounded above",
        )
        self.max_multiplier = math.inf if max_multiplier is None else max_multiplier
        self.steep = True if steep is None else steep
        total = float(self._weight.sum())
        require(abs(total - 1) <= _UNIT_MASS_TOLERANCE, "integral of the density", total, "1 within 1e-9")

    def __repr__(self) -> str:
        return f"PiecewiseLaw({len(self._panels.left)} panels, scores in [{self.ess_inf!r}, {self.ess_sup!r}])"

    # Quadrature.

    def _log_g(self, u: Float[np.ndarray, " *n"], y: Float[np.ndarray, " *n"]) -> Float[np.ndarray, " *n"]:
        """Log-density of the latent variable, tilted; the tilt by 0 is the identity even where y is infinite."""
        logs = self._log_density(u)
        return logs if self._multiplier == 0 else logs + (self._multiplier * (y - self._anchor) - self._log_z)

    def _nodes(
        self, left: Float[np.ndarray, " p"], right: Float[np.ndarray, " p"]
    ) -> tuple[Float[np.ndarray, "p order"], Float[np.ndarray, "p order"]]:
        """Scores and log-weights at the Gauss-Legendre nodes of the panels [left, right]."""
        half = 0.5 * (right - left)[:, None]
        u = (0.5 * (right + left))[:, None] + half * _NODES
        y = np.asarray(self._score(u), dtype=np.float64)
        with np.errstate(divide="ignore"):
            return y, self._log_g(u, y) + np.log(half * _WEIGHTS)

    def _refine(self, left: Float[np.ndarray, " p"], right: Float[np.ndarray, " p"]) -> _Panels:
        """Bisect the panels until the polynomials through the nodes of each predict score and density in its halves.

        The halves are kept, whose polynomials are more accurate by another factor of about 2^16.
        """
        accepted: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
        y, log_w = self._nodes(left, right)
        peak = -np.inf
        while left.size:
            middle = 0.5 * (left + right)
            halves = [self._nodes(left, middle), self._nodes(middle, right)]
            done = right - left <= _SMALLEST_PANEL * np.maximum(1.0, np.abs(left))
            magnitude = np.maximum(np.abs(left), np.abs(right)) / (right - left)
            peak = max(peak, *(float(half[1].max()) for half in halves))
            done |= _negligible(log_w, peak) | (_gentle(log_w) & _predicts(y, log_w, halves, magnitude))
            for (half_y, half_log_w), a, b in zip(halves, (left, middle), (middle, right), strict=True):
                accepted.append((a[done], b[done], half_y[done], half_log_w[done]))
            y, log_w = (np.concatenate([half[column][~done] for half in halves]) for column in (0, 1))
            left, right = (
                np.concatenate([left[~done], middle[~done]]),
                np.concatenate([middle[~done], right[~done]]),
            )
        parts = [np.concatenate(columns) for columns in zip(*accepted, strict=True)]
        finite = bool(np.isfinite(parts[2]).all()) and not bool((np.isnan(parts[3]) | (parts[3] == np.inf)).any())
        require(finite, "score or log_density", "NaN or +inf", "finite (log_density may be -inf) inside the interval")
        return self._with_range(*parts)

    def _with_range(self, left: np.ndarray, right: np.ndarray, y: np.ndarray, log_w: np.ndarray) -> _Panels:
        """Attach the score range of each panel, checking that the score is monotone on it."""
        order = np.argsort(left)
        left, right, y, log_w = left[order], right[order], y[order], log_w[order]
        with np.errstate(divide="ignore"):  # an infinite score at an end of the interval is permitted
            ends = np.asarray(self._score(np.stack([left, right])), dtype=np.float64)
        walk = np.concatenate([ends[:1].T, y, ends[1:].T], axis=1)
        slack = 1e-12 * (1 + np.abs(y).max(axis=1, keepdims=True))
        with np.errstate(invalid="ignore"):
            steps = np.diff(walk, axis=1)
        monotone = (steps >= -slack).all(axis=1) | (steps <= slack).all(axis=1)
        if not monotone.all():
            i = int(np.flatnonzero(~monotone)[0])
            require(False, "score", f"not monotone on [{left[i]}, {right[i]}]", "monotone between breakpoints")
        return _Panels(left, right, y, log_w, ends.min(axis=0), ends.max(axis=0))

    @cached_property
    def _weight(self) -> Float[np.ndarray, "p order"]:
        return np.exp(self._panels.log_weight)

    @cached_property
    def _density_series(self) -> Float[np.ndarray, "p order"]:
        """Legendre coefficients of the latent density on each panel, in the panel's coordinate in [-1, 1]."""
        half = 0.5 * (self._panels.right - self._panels.left)[:, None]
        return (self._weight / (half * _WEIGHTS)) @ _COEFFICIENTS

    @cached_property
    def _score_series(self) -> Float[np.ndarray, "p order"]:
        """Legendre coefficients of the score on each panel."""
        return self._panels.score @ _COEFFICIENTS

    def _crossing(self, i: int, level: float) -> tuple[float, float]:
        """Coordinate in [-1, 1] at which the score on panel i equals `level`, and the slope of the score there.

        Newton steps on the panel's polynomial, then one on the score itself, which is free of the rounding of
        the polynomial's coefficients. Next to turning points and infinite ends, Brent's method.
        """
        series, y = self._score_series[i].tolist(), self._panels.score[i]
        middle = 0.5 * float(self._panels.right[i] + self._panels.left[i])
        half = 0.5 * float(self._panels.right[i] - self._panels.left[i])

        def excess(x: float) -> float:
            with np.errstate(divide="ignore"):
                return min(1e300, max(-1e300, float(self._score(np.array([middle + half * x]))[0]) - level))

        x = float(np.interp(level, y, _NODES) if y[-1] > y[0] else np.interp(level, y[::-1], _NODES[::-1]))
        for _ in range(_MAX_NEWTON):
            value, slope = _series_value_and_slope(series, x)
            step = (value - level) / slope if slope else math.inf
            x = min(1.0, max(-1.0, x - step))
            if abs(step) < 1e-8:
                x = min(1.0, max(-1.0, x - excess(x) / slope))
                return x, _series_value_and_slope(series, x)[1]
        at_left, at_right = excess(-1.0), excess(1.0)
        if at_left * at_right > 0:  # rounding at an end
            x = -1.0 if abs(at_left) <= abs(at_right) else 1.0
        else:
            x = float(brentq(excess, -1.0, 1.0, xtol=1e-300, rtol=4 * np.finfo(float).eps))
        return x, _series_value_and_slope(series, x)[1]

    def _between(self, lower: float, upper: float) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Scores and weights of quadrature nodes for the part of the law with lower <= Y < upper."""
        p = self._panels
        inside = (p.low >= lower) & np.where(self._flat, p.low < upper, p.high <= upper)
        cut = np.flatnonzero(~self._flat & ~inside & (p.high > lower) & (p.low < upper))
        scores, weights = p.score[inside].ravel(), self._weight[inside].ravel()
        if cut.size == 0:
            return scores, weights
        ends = np.empty((2, cut.size))
        for column, i in enumerate(cut.tolist()):
            at_low = self._crossing(i, lower)[0] if p.low[i] < lower else None
            at_high = self._crossing(i, upper)[0] if p.high[i] > upper else None
            rising = p.score[i, -1] > p.score[i, 0]
            first, last = (at_low, at_high) if rising else (at_high, at_low)
            ends[:, column] = -1.0 if first is None else first, 1.0 if last is None else last
        half = 0.5 * (ends[1] - ends[0])[:, None]
        x = 0.5 * (ends[1] + ends[0])[:, None] + half * _NODES
        basis = legendre.legvander(x, _ORDER - 1)
        y = (basis @ self._score_series[cut][:, :, None])[..., 0]
        g = (basis @ self._density_series[cut][:, :, None])[..., 0]
        w = g * half * _WEIGHTS * (0.5 * (p.right - p.left)[cut])[:, None]
        return np.concatenate([scores, y.ravel()]), np.concatenate([weights, np.maximum(w, 0.0).ravel()])

    # The law.

    @cached_property
    def mean(self) -> float:
        return self._anchor + _dot(self._weight, self._panels.score - self._anchor) / float(self._weight.sum())

    @cached_property
    def variance(self) -> float:
        return _dot(self._weight, (self._panels.score - self.mean) ** 2)

    @cached_property
    def _charged(self) -> np.ndarray:
        return (self._panels.log_weight > -np.inf).any(axis=1)

    @cached_property
    def _flat(self) -> np.ndarray:
        return self._panels.low == self._panels.high

    @cached_property
    def ess_inf(self) -> float:
        return float(self._panels.low[self._charged].min())

    @cached_property
    def ess_sup(self) -> float:
        return float(self._panels.high[self._charged].max())

    def atoms(self) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
        return self._atoms

    @cached_property
    def _atoms(self) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
        flat = self._flat & self._charged
        values, index = np.unique(self._panels.low[flat], return_inverse=True)
        return values, np.bincount(index, self._weight[flat].sum(axis=1), len(values)).astype(np.float64)

    def log_survival(self, threshold: float) -> float:
        if threshold <= self.ess_inf:
            return 0.0
        mass = float(self._between(threshold, math.inf)[1].sum())
        return math.log(mass) if mass > 0 else -math.inf

    def density(self, level: float) -> float:
        """Sum of g/|s'| over the latent values with score `level`; +inf at a turning point of s."""
        p = self._panels
        total = 0.0
        for i in np.flatnonzero((p.low <= level) & (level < p.high) & self._charged).tolist():
            x, slope = self._crossing(i, level)
            g = _series_value_and_slope(self._density_series[i].tolist(), x)[0]
            half = 0.5 * float(p.right[i] - p.left[i])
            turning = abs(slope) <= 1e-9 * float(p.high[i] - p.low[i])
            total += 0.0 if g <= 0 else math.inf if turning else g * half / abs(slope)
        return total

    def tail_threshold(self, target: float) -> float:
        """Newton's method on E[(Y - target) 1{Y >= t}], whose slope is (target - t) f(t); else the general search."""
        order = np.argsort(-self._panels.score, axis=None)
        y, w = self._panels.score.ravel()[order], self._weight.ravel()[order]
        means = np.cumsum(y * w) / np.maximum(np.cumsum(w), 1e-300)
        t = float(y[min(np.searchsorted(-means, -target), y.size - 1)])
        for _ in range(8):
            slope = (target - t) * self.density(t)
            if not 0 < slope < math.inf:
                break
            nodes, weights = self._between(t, math.inf)
            step = float(weights @ (nodes - target)) / slope
            t -= step
            if abs(step) <= 1e-9 * (1 + abs(t)):  # quadratic convergence: the next error is below rounding
                return t
            if not self.ess_inf < t < target:
                break
        return super().tail_threshold(target)

    def mean_residual(self, threshold: float) -> float:
        y, w = self._between(threshold, math.inf)
        mass = float(w.sum())
        if mass == 0:
            self._require_mass(threshold)
        return float(w @ (y - threshold)) / mass

    def shell_mass(self, threshold: float, width: float) -> float:
        require(width >= 0, "width", width, ">= 0")
        return self.share_below(threshold, threshold + width)

    def share_below(self, lower: float, upper: float) -> float:
        total = float(self._between(lower, math.inf)[1].sum())
        if total == 0:
            self._require_mass(lower)
        return min(1.0, float(self._between(lower, upper)[1].sum()) / total)

    def log_partition(self, multiplier: float) -> float:
        tilted = self.tilt(multiplier)
        shift = tilted._multiplier * tilted._anchor - self._multiplier * self._anchor
        return tilted._log_z - self._log_z + shift

    def tilt(self, multiplier: float) -> "PiecewiseLaw":
        self._require_multiplier(multiplier)
        if multiplier == 0:
            return self
        tilted = PiecewiseLaw.__new__(PiecewiseLaw)
        tilted._score, tilted._log_density = self._score, self._log_density
        tilted._multiplier = self._multiplier + multiplier
        tilted.max_multiplier, tilted.steep = self.max_multiplier - multiplier, self.steep
        # log g + multiplier (score - anchor) - log_z: the anchor, where the mass goes, keeps the exponents' digits.
        end = self.ess_sup if tilted._multiplier > 0 else self.ess_inf
        tilted._anchor, tilted._log_z = (end if math.isfinite(end) else 0.0), 0.0
        p = self._panels
        if abs(multiplier) * float((p.high - p.low)[self._charged].max()) <= _RESOLVED_EXPONENT:
            base = p.log_weight - self._multiplier * (p.score - self._anchor) + self._log_z
            panels = p._replace(log_weight=base + tilted._multiplier * (p.score - tilted._anchor))
        else:
            panels = tilted._refine(p.left, p.right)
        peak = float(panels.log_weight.max())
        tilted._log_z = peak + math.log(float(np.exp(panels.log_weight - peak).sum()))
        tilted._panels = panels._replace(log_weight=panels.log_weight - tilted._log_z)
        return tilted


def _log_range(log_w: Float[np.ndarray, "p order"]) -> Float[np.ndarray, " p"]:
    """Variation of the log-density over the nodes of each panel; nodes without mass do not count."""
    top = log_w.max(axis=1)
    bottom = np.where(log_w > -np.inf, log_w, np.inf).min(axis=1)
    return np.where(top > -np.inf, top - np.minimum(top, bottom), 0.0)


def _gentle(log_w: Float[np.ndarray, "p order"]) -> Bool[np.ndarray, " p"]:
    """Whether no peak can hide between the nodes of the panel."""
    return _log_range(log_w) <= _STEEPEST_PANEL


def _negligible(log_w: Float[np.ndarray, "p order"], peak: float) -> Bool[np.ndarray, " p"]:
    """Whether the panel carries no mass in double precision, even if its density goes on rising to its end."""
    return log_w.max(axis=1) + _END_SHARE * _log_range(log_w) < peak + _NO_MASS


def _predicts(
    y: Float[np.ndarray, "p order"],
    log_w: Float[np.ndarray, "p order"],
    halves: list[tuple[Float[np.ndarray, "p order"], Float[np.ndarray, "p order"]]],
    magnitude: Float[np.ndarray, " p"],
) -> Bool[np.ndarray, " p"]:
    """Whether polynomial interpolation on each panel reproduces score and density at the nodes of its halves.

    `magnitude` is |u|/width: it says how much of the variation over the panel is rounding of u itself.
    """
    ok = np.ones(len(y), dtype=bool)
    shift = np.max([log_w.max(axis=1), *(half[1].max(axis=1) for half in halves)], axis=0)
    shift = np.where(np.isfinite(shift), shift, 0.0)[:, None]  # only the shape of the density matters
    series = [y @ _COEFFICIENTS, (np.exp(log_w - shift) / _WEIGHTS) @ _COEFFICIENTS]
    for (half_y, half_log_w), basis in zip(halves, _HALF_BASES, strict=True):
        found = [half_y, 2 * np.exp(half_log_w - shift) / _WEIGHTS]
        for coefficients, values in zip(series, found, strict=True):
            size = np.abs(values).max(axis=1)
            error = np.abs(coefficients @ basis - values).max(axis=1)
            rounding = 16 * np.finfo(float).eps * magnitude * np.ptp(values, axis=1)
            ok &= ~(error > _PREDICTION_TOLERANCE * size + rounding)  # NaN counts as settled; it is reported later
    return ok


def _dot(w: Float[np.ndarray, "p order"], values: Float[np.ndarray, "p order"]) -> float:
    return float(np.where(w > 0, w * values, 0.0).sum())


def _series_value_and_slope(series: list[float], x: float) -> tuple[float, float]:
    """A Legendre series and its derivative at x, by the three-term recurrence on plain floats."""
    p0, p1, d0, d1 = 1.0, x, 0.0, 1.0
    value, slope = series[0] + series[1] * x, series[1]
    for n in range(1, len(series) - 1):
        p0, p1 = p1, ((2 * n + 1) * x * p1 - n * p0) / (n + 1)
        d0, d1 = d1, (2 * n + 1) * p0 + d0
        value += series[n + 1] * p1
        slope += series[n + 1] * d1
    return value, slope
