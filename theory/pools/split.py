"""The price of a family of prompts, estimated from samples: level, bottleneck and overshoot of Theorem F.7.

With psi of a pool of draws from p, and of draws from a member q of the family, two of the three parts of

    KL(q || p) = KL(q_beta || p) + KL(q || q_beta) + beta (E_q[psi] - tau)

are exact functions of one-dimensional laws: the level and the overshoot. The bottleneck compares q with the tilt in the
whole space, where samples tell nothing; what is measured is its value between *cells*, each a label and an interval of
the score. Divergences never grow when points are merged, so that it is a lower bound, and the sum is one of KL(q || p).

Cells are cut at quantiles of the score under the mean of both laws; a cell on which the pool says too little is merged
with the next one. The estimate by shares is too large by about half a nat for each cell and point; that much is taken
off. Standard errors are those of a bootstrap of both sets, calibration included; infinite, which is not known, where a
resampled pool has nothing in a cell of the sample or above the target.

Paper: Theorem F.7 (23), (175)-(180). The coarse estimate and its floor are ours.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from distributional_view.theory.errors import InfeasibleTarget, require
from distributional_view.theory.laws.arrays import ArrayLike1D, finite_vector
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.pools.retrieval import effective_size, tilted_weights
from distributional_view.theory.solutions.calibrate import calibrate_klsc
from distributional_view.theory.solutions.klsc import Klsc

_LEAST = 8.0  # draws of the tilt, in effect, that the pool must have in a cell


class Estimate(NamedTuple):
    """A number and its standard error.

    Example:
        >>> Estimate(0.5, 0.1).se
        0.1
    """

    value: float
    se: float


class SampledDecomposition(NamedTuple):
    """The three parts of KL(q || p), in nats, and their sum `kl`; `gap` and so `kl` are lower bounds.

    `floor`: 95 % of sets of as many exact draws from the tilt have a smaller `gap`. `cells`: how many there are.

    Example:
        >>> split_sampled([0, 1] * 50, [0] * 100, [0, 1] * 20, [0] * 40, 0.5).cells
        2
    """

    kl: Estimate
    klsc_kl: Estimate
    gap: Estimate
    excess: Estimate
    floor: float
    cells: int


def split_sampled(
    pool_scores: ArrayLike1D,
    pool_labels: Int[np.ndarray, " m"] | list[int],
    scores: ArrayLike1D,
    labels: Int[np.ndarray, " n"] | list[int],
    target: float,
    *,
    bins: int = 6,
    seed: int = 0,
    repeats: int = 200,
) -> SampledDecomposition:
    """Level, bottleneck and overshoot of a member, from draws.

    Paper: Theorem F.7 (23), (175)-(180).

    Args:
        pool_scores: psi at draws from p.
        pool_labels: of the same draws, whole numbers >= 0, such as classes.
        scores: psi at draws from q.
        labels: of them.
        target: tau (score units).
        bins: intervals of the score, >= 1.
        seed: of the bootstrap.
        repeats: of the bootstrap, >= 2.

    Returns:
        The parts with standard errors, in nats.

    Raises:
        InfeasibleTarget: if the target is above the pool's largest score.
        ValueError: for sets of fewer than two draws, other numbers of labels, or bad numbers.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> pool, mine = rng.normal(size=4000), rng.normal(1.0, 1.0, size=400)  # q is the tilt at 1
        >>> found = split_sampled(pool, [0] * 4000, mine, [0] * 400, 1.0)
        >>> round(found.klsc_kl.value, 1), found.gap.value < found.floor
        (0.5, True)
    """
    p = _Draws.of("pool_scores", pool_scores, pool_labels)
    q = _Draws.of("scores", scores, labels)
    require(bins >= 1, "bins", bins, ">= 1")
    require(repeats >= 2, "repeats", repeats, ">= 2")
    tilt = tilted_weights(p.scores, calibrate_klsc(AtomicLaw(p.scores), target).multiplier)
    cells = _Cells(p, q, tilt, bins)
    value = _parts(p, q, cells, target, _solution(p, target))
    rng = np.random.default_rng(seed)
    drawn, exact = [], []
    for _ in range(repeats):
        again = p.resampled(rng)
        try:
            solution = _solution(again, target)
        except InfeasibleTarget:  # it has lost the scores above
            drawn.append((math.inf,) * 4)
            exact.append(math.inf)
            continue
        drawn.append(_parts(again, q.resampled(rng), cells, target, solution))
        exact.append(cells.gap(rng.multinomial(len(q.scores), cells.tilt), again, solution.multiplier))
    finite = np.isfinite(drawn).all(0)
    spread = np.where(finite, np.std(np.where(finite, drawn, 0.0), axis=0, ddof=1), math.inf)
    floor = float(np.quantile(exact, 0.95)) if np.isfinite(exact).all() else math.inf
    kl, level, gap, excess = (Estimate(float(v), float(s)) for v, s in zip(value, spread, strict=True))
    return SampledDecomposition(kl, level, gap, excess, floor, cells.count)


class _Draws(NamedTuple):
    """Scores, labels and how often each draw counts."""

    scores: Float[np.ndarray, " n"]
    labels: Int[np.ndarray, " n"]
    counts: Int[np.ndarray, " n"]

    @staticmethod
    def of(name: str, scores: ArrayLike1D, labels: np.ndarray | list[int]) -> "_Draws":
        y, own = finite_vector(name, scores), np.asarray(labels)
        require(y.size >= 2, f"number of {name}", y.size, ">= 2")
        fits = own.shape == y.shape and own.dtype.kind in "iu" and int(own.min()) >= 0
        require(fits, f"labels of {name}", f"{own.dtype} {own.shape}", f"{y.size} whole numbers >= 0")
        return _Draws(y, own, np.ones(y.size, dtype=int))

    def resampled(self, rng: np.random.Generator) -> "_Draws":
        n = len(self.scores)
        return self._replace(counts=np.bincount(rng.integers(n, size=n), minlength=n))


class _Cells:
    """A partition by label and score, cut once; every cell holds enough of the pool's tilt."""

    def __init__(self, p: _Draws, q: _Draws, tilt: Float[np.ndarray, " m"], bins: int):
        both = np.concatenate([p.scores, q.scores])
        mixed = np.concatenate([tilt, np.full(len(q.scores), 1 / len(q.scores))])
        order = np.argsort(both, kind="stable")
        at = np.searchsorted(np.cumsum(mixed[order]), 2 * np.arange(1, bins) / bins)
        edges = both[order][np.minimum(at, len(both) - 1)]
        raw = [d.labels * bins + np.searchsorted(edges, d.scores, side="right") for d in (p, q)]
        named, place = np.unique(np.concatenate(raw), return_inverse=True)
        held = np.bincount(place[: len(p.scores)], weights=tilt, minlength=len(named)) * effective_size(tilt)
        group = _grouped(held, named // bins)
        self.of_pool, self.of_sample = group[place[: len(p.scores)]], group[place[len(p.scores) :]]
        self.count = int(group.max()) + 1
        self.tilt = np.bincount(self.of_pool, weights=tilt, minlength=self.count)

    def gap(self, counts: Int[np.ndarray, " cells"], p: _Draws, multiplier: float) -> float:
        """KL between the cells' shares of a sample and of the tilt, less its bias."""
        shares = counts / counts.sum()
        weights = p.counts * tilted_weights(p.scores, multiplier)
        weights = weights / weights.sum()
        w = np.bincount(self.of_pool, weights=weights, minlength=self.count)
        held = np.bincount(self.of_pool, weights=weights**2 / np.maximum(p.counts, 1), minlength=self.count)
        seen = shares > 0
        if (w[seen] == 0).any():  # resampling left out what the pool has there
            return math.inf
        plain = float(shares[seen] @ np.log(shares[seen] / w[seen]))
        variance = held * (1 - 2 * w) + w**2 * held.sum()  # of each w, a ratio of sums
        own = (int(seen.sum()) - 1) / (2 * counts.sum())
        return plain - own - 0.5 * float(shares[seen] @ (variance[seen] / w[seen] ** 2))

    def sample(self, q: _Draws) -> Int[np.ndarray, " cells"]:
        """How many of the sample lie in each."""
        return np.bincount(self.of_sample, weights=q.counts, minlength=self.count).round().astype(int)


def _grouped(held: Float[np.ndarray, " k"], labels: Int[np.ndarray, " k"]) -> Int[np.ndarray, " k"]:
    """Neighbouring cells, in the order of labels and scores, put together until each holds `_LEAST` draws.

    First within a label; what is too little for a cell of its own joins the one before it, or the first.
    """
    group, current, total, before = np.zeros(len(held), dtype=int), 0, 0.0, -1
    for k in range(len(held)):
        group[k], total = current, total + held[k]
        last = k + 1 == len(held) or labels[k + 1] != labels[k]
        if total >= _LEAST:
            current, total, before = current + 1, 0.0, int(labels[k])
        elif last and before == labels[k]:
            group[group == current], total = current - 1, 0.0
    if current > 0:
        group[group == current] = current - 1
    return np.unique(group, return_inverse=True)[1]


def _solution(p: _Draws, target: float) -> Klsc:
    """The tilt of a resampled pool."""
    return calibrate_klsc(AtomicLaw(p.scores, masses=p.counts / p.counts.sum()), target)


def _parts(p: _Draws, q: _Draws, cells: _Cells, target: float, solution: Klsc) -> tuple[float, float, float, float]:
    """KL, level, gap, excess."""
    gap = cells.gap(cells.sample(q), p, solution.multiplier)
    excess = solution.multiplier * (float(q.counts @ q.scores) / int(q.counts.sum()) - target)
    return solution.kl + gap + excess, solution.kl, gap, excess
