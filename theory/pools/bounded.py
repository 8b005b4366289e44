"""The price of a prompt from below, by a function that tells its pictures from those of the prior.

For every function f

    KL(q || p) >= E_q[f] + 1 - E_p[exp f] ,

with equality at f = log dq/dp. Here f is linear in some features of a point and cut above at its largest value on q. It
is fitted on one half of the draws and evaluated on the other, so that the estimate is a lower bound in expectation,
whatever the fit; both halves are used in turn. With the level and the overshoot, which the scores alone determine,

    KL(q || q_beta) >= E_q[f] + 1 - E_p[exp f] - KL(q_beta || p) - beta (E_q[psi] - tau) .

`pools.split` estimates the same by shares of cells: finer where there are many draws, and not a bound in expectation.

Paper: Theorem F.7 (23), (175)-(180). The bound from halves is ours.

References: Nguyen, Wainwright, Jordan 2010.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from distributional_view.theory.errors import require
from distributional_view.theory.laws.arrays import ArrayLike1D, finite_vector
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.pools.retrieval import effective_size, tilted_weights
from distributional_view.theory.pools.split import Estimate
from distributional_view.theory.solutions.calibrate import calibrate_klsc

_STEPS, _SMALL = 100, 1e-10  # of Newton's method; a gradient that ends it


class BoundedDecomposition(NamedTuple):
    """Level and overshoot of a member, and lower bounds of its bottleneck `gap` and of its `kl`, in nats.

    Example:
        >>> BoundedDecomposition(Estimate(1.0, 0.1), Estimate(0.75, 0.1), Estimate(0.25, 0.1), Estimate(0.0, 0.1)).gap
        Estimate(value=0.25, se=0.1)
    """

    kl: Estimate
    klsc_kl: Estimate
    gap: Estimate
    excess: Estimate


def split_at_least(
    pool_scores: ArrayLike1D,
    pool_features: Float[np.ndarray, "l d"],
    scores: ArrayLike1D,
    features: Float[np.ndarray, "k d"],
    target: float,
    *,
    penalty: float = 0.01,
    seed: int = 0,
) -> BoundedDecomposition:
    """Level and overshoot of a member, and what the bottleneck is at least, from draws.

    A gap below zero by chance says that nothing was seen beyond the level. Errors of the parts are added up as if they
    did not depend on each other.

    Paper: Theorem F.7 (23), (175)-(180).

    Args:
        pool_scores: psi at draws from p.
        pool_features: numbers of the same draws; psi should be among them.
        scores: psi at draws from q.
        features: of those, the same numbers.
        target: tau (score units).
        penalty, seed: see `kl_at_least`.

    Returns:
        The parts with standard errors, in nats.

    Raises:
        InfeasibleTarget: if the target is above the pool's largest score.
        ValueError: for sets of fewer than four draws, other numbers of features, or bad numbers.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> pool, mine = rng.normal(size=(4000, 2)), rng.normal(1.0, 1.0, size=(2000, 2))  # the tilt moves one of two
        >>> found = split_at_least(pool[:, 0], pool, mine[:, 0], mine, 1.0)
        >>> round(found.klsc_kl.value, 1), abs(found.gap.value - 0.5) < 2 * found.gap.se
        (0.5, True)
    """
    y, mine = finite_vector("pool_scores", pool_scores), finite_vector("scores", scores)
    require(len(y) == len(pool_features), "number of pool_features", len(pool_features), f"{len(y)}, one a score")
    require(len(mine) == len(features), "number of features", len(features), f"{len(mine)}, one a score")
    whole = kl_at_least(pool_features, features, penalty=penalty, seed=seed)
    solution = calibrate_klsc(AtomicLaw(y), target)
    weights = tilted_weights(y, solution.multiplier)
    level = Estimate(solution.kl, math.sqrt(max(1 / effective_size(weights) - 1 / len(y), 0.0)))
    mean, error = float(mine.mean()), float(mine.std(ddof=1)) / math.sqrt(len(mine))
    excess = Estimate(solution.multiplier * (mean - target), solution.multiplier * error)
    gap = Estimate(whole.value - level.value - excess.value, math.hypot(whole.se, level.se, excess.se))
    return BoundedDecomposition(whole, level, gap, excess)


def kl_at_least(
    pool: Float[np.ndarray, "m d"], draws: Float[np.ndarray, "n e"], *, penalty: float = 0.01, seed: int = 0
) -> Estimate:
    """A lower bound of KL(q || p) in expectation, from features of draws from p and from q.

    Paper: Theorem F.7 (23). The module's first formula, on halves, is ours.

    Args:
        pool: features of draws from p.
        draws: the same features of draws from q.
        penalty: of the squared slopes, features in units of their standard deviation; > 0.
        seed: of the halves.

    Returns:
        The bound in nats; it may be negative by chance.

    Raises:
        ValueError: for fewer than four draws of either, another number of features, or numbers that are not finite.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> found = kl_at_least(rng.normal(size=(4000, 1)), rng.normal(1.0, 1.0, size=(2000, 1)))
        >>> abs(found.value - 0.5) < 2 * found.se  # the exact value is 1/2
        True
    """
    for name, part in (("pool", pool), ("draws", draws)):
        require(len(part) >= 4, f"number of {name}", len(part), ">= 4")
        require(bool(np.isfinite(part).all()), name, "with NaN or infinity", "finite")
    require(pool.shape[1] == draws.shape[1], "features of draws", draws.shape[1], f"{pool.shape[1]}, those of the pool")
    require(math.isfinite(penalty) and penalty > 0, "penalty", penalty, "finite and > 0")
    rng = np.random.default_rng(seed)
    of_p, of_q = (_half(len(part), rng) for part in (pool, draws))
    halves = [_on_the_other(pool, draws, of_p == side, of_q == side, penalty) for side in (True, False)]
    return Estimate(float(np.mean([half.value for half in halves])), 0.5 * math.hypot(*(half.se for half in halves)))


def _half(n: int, rng: np.random.Generator) -> Bool[np.ndarray, " n"]:
    found: Bool[np.ndarray, " n"] = rng.permutation(n) < n // 2
    return found


def _on_the_other(
    pool: Float[np.ndarray, "m d"],
    draws: Float[np.ndarray, "n d"],
    of_p: Bool[np.ndarray, " m"],
    of_q: Bool[np.ndarray, " n"],
    penalty: float,
) -> Estimate:
    """The bound on the draws that are not marked, by the function that is fitted to those that are."""
    both = np.concatenate([pool[of_p], draws[of_q]])
    centre, scale = both.mean(0), both.std(0)
    scale = np.where(scale > 0, scale, 1.0)
    p, q = (pool - centre) / scale, (draws - centre) / scale
    slope = _fitted(p[of_p], q[of_q], penalty)
    highest = float((q[of_q] @ slope).max())
    on_p, on_q = np.minimum(p @ slope, highest), np.minimum(q @ slope, highest)
    norm = _log_mean_exp(on_p[of_p])
    f, ratio = on_q[~of_q] - norm, np.exp(on_p[~of_p] - norm)
    error = math.hypot(*(float(v.std(ddof=1)) / math.sqrt(len(v)) for v in (f, ratio)))
    return Estimate(float(f.mean() + 1 - ratio.mean()), error)


def _fitted(p: Float[np.ndarray, "m d"], q: Float[np.ndarray, "n d"], penalty: float) -> Float[np.ndarray, " d"]:
    """The slope w for which mean_q(wx) - log mean_p exp(wx) - penalty |w|^2/2 is largest, by damped Newton steps."""
    wanted, w = q.mean(0), np.zeros(p.shape[1])

    def loss(at: Float[np.ndarray, " d"]) -> float:
        return _log_mean_exp(p @ at) - float(at @ wanted) + 0.5 * penalty * float(at @ at)

    for _ in range(_STEPS):
        weights = np.exp(p @ w - (p @ w).max())
        weights /= weights.sum()
        mean = weights @ p
        gradient = mean - wanted + penalty * w
        if float(np.abs(gradient).max()) < _SMALL:
            break
        curvature = (p * weights[:, None]).T @ p - np.outer(mean, mean) + penalty * np.eye(len(w))
        step, size, now = np.linalg.solve(curvature, gradient), 1.0, loss(w)
        while loss(w - size * step) > now and size > _SMALL:
            size /= 2
        w = w - size * step
    return w


def _log_mean_exp(values: Float[np.ndarray, " n"]) -> float:
    top = float(values.max())
    return top + math.log(float(np.exp(values - top).mean()))
