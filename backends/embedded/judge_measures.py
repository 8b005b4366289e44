"""What the judge measures of weighted pictures: class shares and their floor.

Paper: Tables 8-10. The weights are ours.
"""

import numpy as np
from jaxtyping import Float, Int

from distributional_view.backends.measures.weighted import Weights
from distributional_view.backends.measures.weighted import resampled as resampled
from distributional_view.theory.errors import require


def shares(labels: Int[np.ndarray, " n"], weights: Weights, classes: int) -> Float[np.ndarray, " classes"]:
    """The share of the weight on each class, never above 1, whatever the rounding of the weights' sum."""
    found = np.bincount(labels, weights=weights, minlength=classes)
    return found / found.sum()


def class_tv(a: Float[np.ndarray, " classes"], b: Float[np.ndarray, " classes"]) -> float:
    """Total variation between two laws on the classes, in [0, 1]."""
    return 0.5 * float(np.abs(a - b).sum())


def tv_floor(
    law: Float[np.ndarray, " classes"], n: int, seed: int, repeats: int = 4000, known_from: int | None = None
) -> float:
    """What the class shares of n exact draws from a law are away from it, on average.

    Args:
        law: of the classes, sum 1.
        n: draws, >= 1.
        seed: of the repetitions.
        repeats: how many.
        known_from: independent draws that the law is an estimate from, whose error adds to the distance, >= 1; None: it
            is exact.

    Raises:
        ValueError: for no draws.
    """
    require(n >= 1, "n", n, ">= 1")
    require(known_from is None or known_from >= 1, "known_from", known_from, ">= 1")
    rng, whole = np.random.default_rng(seed), law / law.sum()
    counts = rng.multinomial(n, whole, size=repeats)
    other = law if known_from is None else rng.multinomial(known_from, whole, size=repeats) / known_from
    return float((0.5 * np.abs(counts / n - other).sum(1)).mean())
