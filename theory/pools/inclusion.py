"""Which points of a weighted pool to show: k different ones, each with a chance proportional to its weight.

Systematic sampling with unequal probabilities (Madow 1949): lay the inclusion probabilities pi_i = min(1, c w_i) with
sum k along a line and take the points under k ticks at distance 1, the first at a random offset. Chosen because

- no point comes twice, unlike resampling with replacement;
- P(point i is shown) = pi_i exactly, so that while no weight exceeds 1/k the shown points represent the weights without
  bias. Successive draws without replacement (Gumbel top-k) have no such property: they favour light points;
- with the line in order of the score the shown points spread over the score: one in each k-th part of the weight.

A weight above 1/k cannot be had without duplicates: such a point is certain, and the others share what is left. One
uniform number decides everything. Ours; it shows the pool of (17) by k points.
"""

import numpy as np
from jaxtyping import Float, Int

from distributional_view.theory.errors import require
from distributional_view.theory.laws.arrays import ArrayLike1D, probability, vector
from distributional_view.theory.pools.sums import running_sums

_CERTAIN = 1 - 1e-12


def inclusion_probabilities(weights: ArrayLike1D, k: int) -> Float[np.ndarray, " n"]:
    """pi_i = min(1, c w_i) with sum k.

    Paper: (17).

    Args:
        weights: >= 0, with sum 1.
        k: number of points to show, at least 1 and at most the number of positive weights.

    Returns:
        pi, one number in [0, 1] a point.

    Raises:
        ValueError: if the weights are no probability, or for another k.

    Example:
        >>> inclusion_probabilities([0.75, 0.125, 0.125], 2).tolist()
        [1.0, 0.5, 0.5]
    """
    w = probability("weights", weights)
    charged = int(np.count_nonzero(w))
    require(1 <= k <= charged, "k", k, f"in 1..{charged}, the number of points with a weight > 0")
    heaviest = np.sort(w, kind="stable")[::-1]
    rest = running_sums(heaviest[::-1])[::-1][:k]  # what the m-th heaviest and all lighter ones weigh
    left = k - np.arange(k)
    m = int(np.argmax(heaviest[:k] * left <= rest * (1 + 1e-15)))  # so many are certain; true for m = k - 1
    with np.errstate(over="ignore"):  # a weight far above the lightest ones
        return np.minimum(1.0, np.where(w > heaviest[m], 1.0, w / rest[m] * left[m]))


def systematic_sample(probabilities: ArrayLike1D, offset: float) -> Int[np.ndarray, " k"]:
    """Different positions, ascending; position i is among them with probability pi_i over a uniform offset.

    Paper: (17).

    Args:
        probabilities: in [0, 1], their sum a whole number k within 1e-6, in the order in which they lie on the line.
        offset: of the first tick, in [0, 1).

    Returns:
        k positions.

    Raises:
        ValueError: for an offset or a probability out of range, or a sum that is no whole number.

    Example:
        >>> systematic_sample([1.0, 0.75, 0.25], 0.5).tolist(), systematic_sample([1.0, 0.75, 0.25], 0.8).tolist()
        ([0, 1], [0, 2])
    """
    pi = vector("probabilities", probabilities)
    require(0 <= offset < 1, "offset", offset, "in [0, 1)")
    require(bool(((pi >= 0) & (pi <= 1)).all()), "probabilities", "with one outside", "in [0, 1]")
    total = float(pi.sum())
    require(round(total) >= 1 and abs(total - round(total)) <= 1e-6, "sum(probabilities)", total, "a whole number >= 1")
    certain = np.flatnonzero(pi >= _CERTAIN)
    others = np.flatnonzero((pi > 0) & (pi < _CERTAIN))
    drawn = round(total) - certain.size
    if drawn == 0:
        return certain
    line = running_sums(pi[others])
    line *= drawn / line[-1]
    found = np.searchsorted(line, offset + np.arange(drawn), side="right")
    return np.sort(np.concatenate([certain, others[np.minimum(found, others.size - 1)]]))
