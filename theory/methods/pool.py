"""A pool of points with their scores, and n of them that stand for its weights."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from distributional_view.theory.errors import require, require_unmasked
from distributional_view.theory.methods.method import Drawn
from distributional_view.theory.pools.inclusion import inclusion_probabilities, systematic_sample
from distributional_view.theory.samplers.world import Points


@dataclass(frozen=True)
class ScoredPool:
    """Points to choose from: their scores, and a way to get the points with given indices.

    Args:
        scores: psi at the pool (score units).
        take: indices -> points; called with the chosen ones only, so that a pool may lie on a disk.
    """

    scores: Float[np.ndarray, " pool"]
    take: Callable[[Int[np.ndarray, " k"]], Points]

    def __post_init__(self) -> None:
        require_unmasked("scores", self.scores)

    def drawn(self, weights: Float[np.ndarray, " pool"], seed: int, n: int, **notes: float) -> Drawn:
        """The points with a weight > 0; where they are more than n, n of them by `representatives`."""
        require(n >= 1, "n", n, ">= 1")
        charged = np.flatnonzero(weights)
        if charged.size > n:
            chosen, kept = representatives(weights, self.scores, n, seed), None
        else:
            equal = bool((weights[charged] == weights[charged[0]]).all())
            chosen, kept = charged, None if equal else weights[charged]
        return Drawn(self.take(chosen), self.scores[chosen], kept, {"pool": len(self.scores), **notes}, chosen)


def representatives(
    weights: Float[np.ndarray, " n"], scores: Float[np.ndarray, " n"], k: int, seed: int
) -> Int[np.ndarray, " k"]:
    """k different places, each with a chance proportional to its weight, spread over the score, ascending in it.

    See `theory.pools.inclusion` for what that guarantees.
    """
    order = np.argsort(scores, kind="stable")
    shares = inclusion_probabilities(weights[order], k)
    return order[systematic_sample(shares, float(np.random.default_rng(seed).random()))]
