"""Retrieval: the induced distribution on a finite pool of draws from p.

Hard: keep the K highest scores. KLSC: weigh every point, w_i proportional to exp(beta psi(x_i)). Both see the
pool through its scores only. A mean above the largest score of the pool cannot be had from it: the error says so.
Paper: Appendix I.1 (206), Lemma F.1 (17).
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

from distributional_view.theory.errors import InfeasibleTarget, require, require_finite
from distributional_view.theory.laws.atomic import AtomicLaw, checked_weights
from distributional_view.theory.solutions.calibrate import calibrate_klsc


class TopK(NamedTuple):
    """The kept points, highest score first, and their mean score: the nearest to the target that a prefix has."""

    indices: Int[np.ndarray, " k"]
    mean: float


class Reweighted(NamedTuple):
    """KLSC weights of the pool, their multiplier, mean score and effective sample size."""

    weights: Float[np.ndarray, " n"]
    multiplier: float
    mean: float
    effective_size: float


def top_k(scores: Shaped[np.ndarray, " n"], target: float) -> TopK:
    """The prefix of the sorted pool whose mean score is nearest to the target (the longest one among equals).

    A target at or below the mean of the pool keeps all of it. Paper: Appendix I.1 (206).

    Args:
        scores: psi at the pool, finite, at least one.
        target: mean score wanted.

    Raises:
        InfeasibleTarget: above the largest score, the largest mean that the pool can give.
        ValueError: for bad arguments.
    """
    y = _checked(scores, target)
    order = np.argsort(-y, kind="stable")
    top = float(y[order[0]])
    # Distances from the top keep their digits; prefix means fall with K, so that the nearest is at a crossing.
    means = top - np.cumsum(top - y[order]) / np.arange(1, y.size + 1)
    k = int(np.searchsorted(-means, -target, side="right"))
    if k < y.size and target - means[k] <= means[k - 1] - target:
        k += 1
    return TopK(order[:k], float(means[k - 1]))


def reweight_to(scores: Shaped[np.ndarray, " n"], target: float) -> Reweighted:
    """The weights whose mean score is the target. Paper: Lemma F.1 (17), Appendix H (201).

    A target at or below the mean of the pool gives equal weights; the largest score gives the limit of Lemma F.1.

    Args:
        scores: psi at the pool, finite, at least one.
        target: mean score wanted.

    Raises:
        InfeasibleTarget: above the largest score, the largest mean that the pool can give.
        ValueError: for bad arguments.
    """
    y = _checked(scores, target)
    multiplier = calibrate_klsc(AtomicLaw(y), target).multiplier
    weights = tilted_weights(y, multiplier)
    top = float(y.max())
    return Reweighted(weights, multiplier, top - float(weights @ (top - y)), effective_size(weights))


def tilted_weights(scores: Shaped[np.ndarray, " n"], multiplier: float) -> Float[np.ndarray, " n"]:
    """w_i = exp(beta psi_i)/sum_j exp(beta psi_j) for any beta >= 0, ties and beta = inf included.

    In the limit the maximisers share the weight equally. Paper: Lemma F.1 (17), (159)-(160).

    Raises:
        ValueError: for a multiplier that is negative or NaN, or scores that are empty or not finite.
    """
    require(multiplier >= 0, "multiplier", multiplier, ">= 0")
    y = _checked(scores, 0.0, bounded=False)
    below = y - y.max()
    if multiplier == math.inf:
        w = (below == 0).astype(np.float64)
    else:
        with np.errstate(over="ignore"):  # an exponent of -inf is a weight of 0
            w = np.exp(multiplier * below)
    return w / w.sum()


def effective_size(weights: Float[np.ndarray, " n"]) -> float:
    """1/sum w_i^2, between 1 and n: as many points of equal weight are worth as much. Ours: effective sample size.

    Raises:
        ValueError: unless the weights are >= 0 with sum 1.
    """
    w = checked_weights(np.asarray(weights, dtype=np.float64), len(weights))
    return 1.0 / float(w @ w)


def _checked(scores: Shaped[np.ndarray, " n"], target: float, bounded: bool = True) -> Float[np.ndarray, " n"]:
    y = np.asarray(scores, dtype=np.float64)
    require(y.ndim == 1 and y.size > 0, "scores.shape", y.shape, "(n,) with n >= 1")
    require(bool(np.isfinite(y).all()), "scores", f"{int((~np.isfinite(y)).sum())} values not finite", "finite")
    require_finite("target", target)
    if bounded and target > y.max():
        raise InfeasibleTarget(
            f"target = {target!r}: must be <= {float(y.max())!r}, the largest score in the pool of {y.size} and so the "
            "largest mean that it can give; draw a larger pool or sample by guidance"
        )
    return y
