"""Retrieval: the induced distribution on a finite pool of draws from p.

Hard: keep the K highest scores, K given (`top_k`) or found for a mean (`retrieve`). KLSC: weigh every point, w_i
proportional to exp(beta psi(x_i)). Both see the pool through its scores only. A mean above the largest score of the
pool cannot be had from it: the error says so.
Paper: Appendix I.1 (206), Lemma F.1 (17).
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from distributional_view.theory.errors import InfeasibleTarget, require, require_finite
from distributional_view.theory.laws.arrays import ArrayLike1D, finite_vector, probability
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.pools.sums import running_sums
from distributional_view.theory.solutions.calibrate import calibrate_klsc


class Retrieved(NamedTuple):
    """The kept points, highest score first (ties in the order of the pool), and their mean score.

    Example:
        >>> Retrieved(np.array([1, 2]), 3.0).mean
        3.0
    """

    indices: Int[np.ndarray, " k"]
    mean: float


class Reweighted(NamedTuple):
    """KLSC weights of the pool, their multiplier, mean score and effective sample size.

    Example:
        >>> round(reweight_to([0, 1, 2], 1.5).effective_size, 4)
        2.1514
    """

    weights: Float[np.ndarray, " n"]
    multiplier: float
    mean: float
    effective_size: float


def top_k(scores: ArrayLike1D, k: int) -> Retrieved:
    """The k points with the highest scores; of ties at the k-th score the first ones.

    `theory.pools.matched.top_k_truncation` is the truncation that shares out such ties evenly.

    Paper: (206).

    Args:
        scores: psi at the pool, finite, at least one.
        k: how many, in 1..n.

    Returns:
        Their indices, highest score first, and their mean score.

    Raises:
        ValueError: for another k, or scores that are empty or not finite.

    Example:
        >>> found = top_k([0.5, 2.0, 1.0, 2.0], 3)
        >>> found.indices.tolist(), round(found.mean, 4)
        ([1, 3, 2], 1.6667)
    """
    y = _checked(scores)
    require(1 <= k <= y.size, "k", k, f"in 1..{y.size}, the number of scores")
    order, means = _prefixes(y)
    return Retrieved(order[:k], float(means[k - 1]))


def retrieve(scores: ArrayLike1D, target: float) -> Retrieved:
    """The prefix of the sorted pool whose mean score is nearest to the target (the longest one among equals).

    A target at or below the mean of the pool keeps all of it. Paper: Appendix I.1 (206).

    Args:
        scores: psi at the pool, finite, at least one.
        target: mean score wanted.

    Returns:
        The kept points and their mean score.

    Raises:
        InfeasibleTarget: above the largest score, the largest mean that the pool can give.
        ValueError: for scores that are empty or not finite, or a target that is not finite.

    Example:
        >>> retrieve([0.5, 2.0, 1.0, 3.0], 2.4)
        Retrieved(indices=array([3, 1]), mean=2.5)
    """
    y = _checked(scores, target)
    order, means = _prefixes(y)
    k = max(1, int(np.searchsorted(-means, -target, side="right")))  # where only rounding puts the top score below it
    if k < y.size and target - means[k] <= means[k - 1] - target:
        k += 1
    return Retrieved(order[:k], float(means[k - 1]))


def reweight_to(scores: ArrayLike1D, target: float) -> Reweighted:
    """The weights whose mean score is the target. Paper: Lemma F.1 (17), Appendix H (201).

    A target at or below the mean of the pool gives equal weights; the largest score gives the limit of Lemma F.1.

    Args:
        scores: psi at the pool, finite, at least one.
        target: mean score wanted.

    Returns:
        The weights (sum 1) with their multiplier, mean score and effective size.

    Raises:
        InfeasibleTarget: above the largest score, the largest mean that the pool can give.
        ValueError: for scores that are empty or not finite, or a target that is not finite.

    Example:
        >>> reweight_to([0, 1], 0.75).weights.round(4).tolist()
        [0.25, 0.75]
    """
    y = _checked(scores, target)
    multiplier = calibrate_klsc(AtomicLaw(y), target).multiplier
    weights = tilted_weights(y, multiplier)
    half = 0.5 * float(y.max())
    mean = 2 * (half - float(weights @ (half - 0.5 * y)))  # halves: a range of scores may exceed the largest double
    return Reweighted(weights, multiplier, mean, effective_size(weights))


def tilted_weights(scores: ArrayLike1D, multiplier: float) -> Float[np.ndarray, " n"]:
    """w_i = exp(beta psi_i)/sum_j exp(beta psi_j) for any beta >= 0, ties and beta = inf included.

    In the limit the maximisers share the weight equally. Paper: Lemma F.1 (17), (159)-(160).

    Args:
        scores: psi at the pool, finite, at least one.
        multiplier: beta, per score unit; may be inf.

    Returns:
        w, >= 0 with sum 1, one weight a point.

    Raises:
        ValueError: for a multiplier that is negative or NaN, or scores that are empty or not finite.

    Example:
        >>> tilted_weights([0, 1], math.log(3)).round(4).tolist(), tilted_weights([0, 1, 1], math.inf).tolist()
        ([0.25, 0.75], [0.0, 0.5, 0.5])
    """
    require(multiplier >= 0, "multiplier", multiplier, ">= 0")
    y = _checked(scores)
    below = 0.5 * y - 0.5 * y.max()  # halves: a range of scores may exceed the largest double
    if multiplier == math.inf:
        w = (y == y.max()).astype(np.float64)
    else:
        with np.errstate(over="ignore"):  # an exponent of -inf is a weight of 0
            w = np.exp(2 * (multiplier * below))
    return w / w.sum()


def effective_size(weights: ArrayLike1D) -> float:
    """1/sum w_i^2, between 1 and n: how many equally weighted points are worth as much.

    Ours: effective sample size.

    Paper: Appendix I.1.

    Args:
        weights: >= 0 with sum 1.

    Returns:
        A number of points.

    Raises:
        ValueError: unless the weights are >= 0 with sum 1.

    Example:
        >>> effective_size([0.5, 0.5, 0.0])
        2.0
    """
    w = probability("weights", weights)
    return 1.0 / float((w * w).sum())


def _prefixes(y: Float[np.ndarray, " n"]) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """The order of the pool by falling score, and the mean score of each prefix of it."""
    order = np.argsort(-y, kind="stable")
    half = 0.5 * y[order]
    # Distances from the top keep their digits; prefix means fall with K, so that the nearest is at a crossing.
    below = running_sums((half[0] - half) / y.size) / np.arange(1, y.size + 1) * y.size
    return order, 2 * (half[0] - below)


def _checked(scores: ArrayLike1D, target: float | None = None) -> Float[np.ndarray, " n"]:
    """The scores in double precision; with a target, one that some weights reach."""
    y = finite_vector("scores", scores)
    if target is None:
        return y
    require_finite("target", target)
    if target > y.max():
        raise InfeasibleTarget(
            f"target = {target!r}: must be <= {float(y.max())!r}, the largest score in the pool of {y.size} and so the "
            "largest mean that it can give; draw a larger pool or sample by guidance"
        )
    return y
