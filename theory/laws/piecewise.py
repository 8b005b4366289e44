"""A score law given by a density over a latent variable: Y = s(U), U with density g on an interval.

The angle of a point in the plane, with the angular score, is the paper's case. Between consecutive
breakpoints the score must be smooth and monotone (or constant: an atom, as under a cap). Each piece is cut
into panels with Gauss-Legendre nodes, bisected until polynomials describe score and density; a level cuts the panels
at its exact crossing points, so that truncated integrals are as accurate as complete ones (about 1e-13)
and not as coarse as the grid. Far tails keep an accuracy of about 1e-15 of the density's peak on their panel.

A singular density or an infinite score belongs at the latent value 0, where doubles are dense: -log(u) for an
exponential law, not -log(1 - u). Where the latent variable runs out of digits, an error says so.
"""

import math
from dataclasses import replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from distributional_view.theory.errors import require
from distributional_view.theory.laws.arrays import ArrayLike1D, require_unit, vector
from distributional_view.theory.laws.interpolants import Interpolants
from distributional_view.theory.laws.latent import Latent, LatentFunction
from distributional_view.theory.laws.law import ScoreLaw
from distributional_view.theory.laws.panels import AtNodes

_RESOLVED_EXPONENT = 4.0  # a tilt that varies by no more than this over each panel needs no new panels
_NEWTON_DONE = 1e-7
_NEWTON_STEPS = 8
_END_QUANTILE = 0.05
_EPS = 2.0**-52
_REMEMBERED = 8
_UNIT_MASS_TOLERANCE = 1e-9
_LARGEST_EDGE = 5e11  # |beta y| from which nodes must show that those left out further on carry nothing
_EDGE_SHARE = 1e-8


class PiecewiseLaw(ScoreLaw):
    """Law of s(U) for U with density g = exp(log_density) on [breakpoints[0], breakpoints[-1]].

    Args:
        score: s, vectorised over latent values; may be infinite at the ends of the interval only.
        log_density: log g, vectorised, in nats; -inf where g = 0. Smooth inside each piece.
        breakpoints: increasing latent values that include the ends, every kink of s or g, every turning
            point of s. Between two of them s is monotone or constant.
        max_multiplier: supremum of the beta with E[exp(beta Y)] finite. Must be given when s is unbounded above.
        steep: whether A' reaches the essential supremum at `max_multiplier`; must be given with it.
        min_multiplier: infimum of the beta with E[exp(beta Y)] finite; must be given for negative tilts of an s that is
            unbounded below.

    Raises:
        ValueError: for breakpoints that do not increase, a density that is NaN or whose integral differs
            from 1 by more than 1e-9, a score that is NaN or not monotone between breakpoints, or an unbounded
            score without `max_multiplier` and `steep`; also if the range of the score is beyond 1e-150 to 1e150.

    Example:
        >>> law = PiecewiseLaw(np.square, np.zeros_like, [0.0, 1.0])  # U^2 for U uniform on [0, 1]
        >>> round(law.mean, 12), round(law.survival(0.25), 12)
        (0.333333333333, 0.5)
    """

    def __init__(
        self,
        score: LatentFunction,
        log_density: LatentFunction,
        breakpoints: ArrayLike1D,
        *,
        max_multiplier: float | None = None,
        steep: bool | None = None,
        min_multiplier: float | None = None,
    ):
        edges = vector("breakpoints", breakpoints)
        increasing = edges.size >= 2 and bool(np.isfinite(edges).all()) and bool((np.diff(edges) > 0).all())
        require(increasing, "breakpoints", breakpoints, "at least two finite, increasing numbers")
        latent = Latent(score, log_density)
        self._like: PiecewiseLaw | None = None  # a law on the same panels, with another tilt
        panels, self._refined_at = latent.panels(edges[:-1], edges[1:]), 0.0
        bounded = float(panels.high.max()) < math.inf
        require(
            bounded or (max_multiplier is not None and steep is not None),
            "max_multiplier",
            max_multiplier,
            "given, together with `steep`, for a score that is unbounded above",
        )
        given = (max_multiplier is None) == (steep is None)
        require(given, "steep", steep, "given if and only if `max_multiplier` is")
        require(max_multiplier is None or max_multiplier >= 0, "max_multiplier", max_multiplier, ">= 0")
        require(min_multiplier is None or min_multiplier <= 0, "min_multiplier", min_multiplier, "<= 0")
        self.max_multiplier = math.inf if max_multiplier is None else max_multiplier
        self.steep = True if steep is None else steep
        self._undeclared = min_multiplier is None and float(panels.low.min()) == -math.inf
        self.min_multiplier = min_multiplier if min_multiplier is not None else 0.0 if self._undeclared else -math.inf
        total = float(np.exp(panels.log_weight).sum())
        require(abs(total - 1) <= _UNIT_MASS_TOLERANCE, "integral of the density", total, "1 within 1e-9")
        self._latent = replace(latent, log_z=math.log(total))
        self._panels = panels._replace(log_weight=panels.log_weight - math.log(total))
        require_unit(*self._central_range)

    def __repr__(self) -> str:
        return f"PiecewiseLaw({len(self._panels.left)} panels, scores in [{self.ess_inf!r}, {self.ess_sup!r}])"

    def _require_multiplier(self, multiplier: float) -> None:
        if self._latent.multiplier + multiplier == 0:  # back to the law itself, whose Z is 1
            return
        undeclared = self._undeclared and multiplier <= self.min_multiplier
        require(not undeclared, "min_multiplier", None, "given, for a negative tilt of a score that is unbounded below")
        super()._require_multiplier(multiplier)

    # Quadrature.

    def _require_edge(self, power: int, name: str) -> None:
        """Raise if scores near those left out carry a share of E|Y - anchor|^power: those left out then do as well.

        Those are the scores beside infinity and, under a tilt, those of which its exponents have no digits.
        """
        p = self._panels
        infinite = np.isinf(p.high) | np.isinf(p.low)
        if not infinite.any():
            return
        charged = self._weight > 0
        size = np.abs(p.score[charged] - self._latent.anchor)
        moment = self._weight[charged]
        for _ in range(power):
            moment = moment * size  # size**power alone may overflow
        far = (infinite[:, None] & charged)[charged] | (abs(self._latent.multiplier) * size > _LARGEST_EDGE)
        edge = float(moment[far].sum() / moment.sum())
        found = f"unknown, a share of {edge:.1e} or more at scores of which the tilt has no digits (is it infinite?)"
        require(edge <= _EDGE_SHARE, name, found, "finite: ask for it at a smaller multiplier")

    @cached_property
    def _weight(self) -> AtNodes:
        return np.exp(self._panels.log_weight)

    @cached_property
    def _polynomials(self) -> Interpolants:
        return Interpolants(self._panels, self._latent.score, self._like._polynomials if self._like else None)

    def _between(
        self, lower: float, upper: float, strictly: bool = False
    ) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Scores and weights of quadrature nodes for the part of the law with lower <= Y < upper, or lower < Y."""
        key = (lower, upper, strictly)
        if key not in self._recent:  # survival, mean and shell of one threshold need the same nodes
            if len(self._recent) >= _REMEMBERED:
                self._recent.pop(next(iter(self._recent)))
            self._recent[key] = self._find_between(lower, upper, strictly)
        return self._recent[key]

    @cached_property
    def _recent(self) -> dict[tuple[float, float, bool], tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]]:
        return {}

    def _find_between(
        self, lower: float, upper: float, strictly: bool
    ) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        require(not (math.isnan(lower) or math.isnan(upper)), "level", math.nan, "a number")
        p = self._panels
        below = np.where(self._flat, p.low < upper, p.high <= upper) if upper < math.inf else True
        above = np.where(self._flat, p.low > lower, p.low >= lower) if strictly else p.low >= lower
        inside = above & below
        cut = np.flatnonzero(~self._flat & ~inside & (p.high > lower) & (p.low < upper)).tolist()
        scores, weights = p.score[inside].ravel(), self._weight[inside].ravel()
        if not cut:
            return scores, weights
        part_scores, part_weights = self._polynomials.parts(cut, lower, upper)
        return np.concatenate([scores, part_scores]), np.concatenate([weights, part_weights])

    # The law.

    @cached_property
    def mean(self) -> float:
        self._require_edge(1, "mean")
        return self._latent.anchor + self.mean_from(self._latent.anchor)

    def mean_from(self, origin: float) -> float:
        return float(np.vdot(self._weight, self._panels.score - origin)) / float(self._weight.sum())

    @cached_property
    def variance(self) -> float:
        self._require_edge(2, "variance")
        offsets = np.where(self._weight > 0, self._panels.score - self.mean, 0.0)
        return float(np.vdot(self._weight * offsets, offsets))  # their squares alone may overflow

    @cached_property
    def _charged(self) -> Bool[np.ndarray, " p"]:
        return np.asarray((self._panels.log_weight > -np.inf).any(axis=1))

    @cached_property
    def _span(self) -> float:
        """Largest range of the score on a panel."""
        return float((self._panels.high - self._panels.low)[self._charged].max())

    @cached_property
    def _flat(self) -> Bool[np.ndarray, " p"]:
        return np.asarray(self._panels.low == self._panels.high)

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
        """log S(t); from the mass below t where that is the smaller one, so that dropping little keeps its digits."""
        if threshold <= self.ess_inf:
            return 0.0
        mass = float(self._between(threshold, math.inf)[1].sum())
        if mass > 0.5:
            return math.log1p(-min(0.5, float(self._between(-math.inf, threshold)[1].sum())))
        return math.log(mass) if mass > 0 else -math.inf

    def survival_above(self, level: float) -> float:
        return min(1.0, float(self._between(level, math.inf, strictly=True)[1].sum()))

    def density(self, level: float) -> float:
        """Sum of g/|s'| over the latent values with score `level`; +inf at a turning point of s."""
        p = self._panels
        at = np.flatnonzero((p.low <= level) & (level < p.high) & self._charged).tolist()
        return sum(self._polynomials.density_of_score(i, level) for i in at)

    @cached_property
    def _descending(self) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Scores at the nodes, descending, and their weights."""
        order = np.argsort(-self._panels.score, axis=None)
        return self._panels.score.ravel()[order], self._weight.ravel()[order]

    @cached_property
    def _central_range(self) -> tuple[float, float]:
        """Ends of the score where they are finite, else roughly a quantile: what the score's unit is measured by."""
        y, w = self._descending
        mass = np.cumsum(w)
        low, high = (float(y[np.searchsorted(mass, share)]) for share in (1 - _END_QUANTILE, _END_QUANTILE))
        ends = self.ess_inf, self.ess_sup
        return ends[0] if math.isfinite(ends[0]) else low, ends[1] if math.isfinite(ends[1]) else high

    @cached_property
    def _tail_means(self) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Scores at the nodes, descending, and roughly the means of the tails above them (increasing)."""
        y, w = self._descending
        mass = np.cumsum(w)
        kept = mass > 0
        moments = np.where(w > 0, y * w, 0.0)
        return y[kept], (np.cumsum(moments) - 0.5 * moments)[kept] / (mass - 0.5 * w)[kept]

    def tail_threshold(self, target: float) -> float:
        """Newton's method on E[(Y - target) 1{Y >= t}], whose slope is (target - t) f(t); else the general search.

        Where f changes by a share d along a step, the step is off by about that share of it: at a jump of the density
        a short step alone says nothing.
        """
        levels, means = self._tail_means
        t = float(np.interp(-target, -means, levels))
        low, high = self._central_range
        slope = self._excess_slope(t, target)
        for _ in range(_NEWTON_STEPS):
            if not 0 < slope < math.inf:
                break
            nodes, weights = self._between(t, math.inf)
            step = float(weights @ (nodes - target)) / slope
            t -= step
            before, slope = slope, self._excess_slope(t, target)
            reach = min(high - low, target - t)
            if abs(step) * (_NEWTON_DONE + abs(1 - slope / before)) <= 4 * _NEWTON_DONE**2 * reach + _EPS * abs(t):
                return t
        return super().tail_threshold(target)

    def _excess_slope(self, t: float, target: float) -> float:
        """Slope of E[(Y - target) 1{Y >= t}] in t; 0 where Newton's method has left its ground."""
        return (target - t) * self.density(t) if self.ess_inf < t < target else 0.0

    def mean_residual(self, threshold: float) -> float:
        y, w = self._between(threshold, math.inf)
        mass = float(w.sum())
        if mass == 0:
            self._require_mass(threshold)
        return float(w @ (y - threshold)) / mass

    def tail_inf(self, threshold: float) -> float:
        self._require_mass(threshold)
        p, flat = self._panels, self._flat
        above = self._charged & np.where(flat, p.low >= threshold, p.high > threshold)
        return max(threshold, float(p.low[above].min()))

    def tail_variance(self, threshold: float) -> float:
        residual = self.mean_residual(threshold)
        self._require_edge(2, "variance")
        y, w = self._between(threshold, math.inf)
        charged = w > 0
        return float(w[charged] @ (y[charged] - threshold - residual) ** 2) / float(w.sum())

    def shell_mass(self, threshold: float, width: float) -> float:
        require(width >= 0, "width", width, ">= 0")
        return self.share_below(threshold, threshold + width)

    def share_below(self, lower: float, upper: float) -> float:
        total = float(self._between(lower, math.inf)[1].sum())
        if total == 0:
            self._require_mass(lower)
        return min(1.0, float(self._between(lower, upper)[1].sum()) / total)

    def tilted_moments(self, multiplier: float, origin: float) -> tuple[float, float]:
        self._require_multiplier(multiplier)
        if not self._resolves(multiplier):
            return super().tilted_moments(multiplier, origin)
        offsets = self._panels.score - origin
        exponents = multiplier * offsets
        w = self._weight * np.exp(exponents - exponents.max())
        total = float(w.sum())
        mean = float(np.vdot(w, offsets)) / total
        return mean, float(np.vdot(w, (offsets - mean) ** 2)) / total

    def _resolves(self, multiplier: float) -> bool:
        """Whether the panels are fine enough for this further tilt."""
        return bool(abs(self._latent.multiplier + multiplier - self._refined_at) * self._span <= _RESOLVED_EXPONENT)

    def log_partition_from(self, multiplier: float, origin: float) -> float:
        after, before = self.tilt(multiplier)._latent, self._latent
        tilted = after.log_z + after.multiplier * (after.anchor - origin)
        return tilted - (before.log_z + before.multiplier * (before.anchor - origin))

    def tilt(self, multiplier: float) -> "PiecewiseLaw":
        self._require_multiplier(multiplier)
        if multiplier == 0:
            return self
        tilted, before, total = PiecewiseLaw.__new__(PiecewiseLaw), self._latent, self._latent.multiplier + multiplier
        tilted.max_multiplier, tilted.steep = self.max_multiplier - multiplier, self.steep
        tilted.min_multiplier, tilted._undeclared = self.min_multiplier - multiplier, self._undeclared
        end = self.ess_sup if total > 0 else self.ess_inf
        anchor = end if math.isfinite(end) else 0.0
        latent = replace(before, multiplier=total, anchor=anchor, log_z=0.0)
        p = self._panels
        if self._resolves(multiplier):
            shift = before.log_z + before.multiplier * (before.anchor - anchor)
            panels = p._replace(log_weight=p.log_weight + (multiplier * (p.score - anchor) + shift))
            tilted._refined_at, tilted._like = self._refined_at, self
        else:
            panels = latent.panels(p.left, p.right)
            tilted._refined_at, tilted._like = total, None
        peak = float(panels.log_weight.max())
        log_z = peak + math.log(float(np.exp(panels.log_weight - peak).sum()))
        tilted._latent = replace(latent, log_z=log_z)
        tilted._panels = panels._replace(log_weight=panels.log_weight - log_z)
        tilted._require_edge(1, "mean")
        return tilted
