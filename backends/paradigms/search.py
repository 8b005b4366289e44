"""Search by patch: the pictures of a pool that come first by another reduction of the feature's map than the score's.

A picture is found by its strongest patch (the maximum of the map) or by how much of it the feature covers (the mean).
Both are the hard constraint on another score; what is compared is the mean of the score itself.

References: Lim et al. 2024 (PatchSAE) rank by the mean over patches. Paper: Table 1, Lemma D.1.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from distributional_view.backends.adapter.feature import REDUCTIONS, FeatureScore
from distributional_view.theory.errors import InfeasibleTarget, require, require_finite
from distributional_view.theory.methods.method import Drawn
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.knobs import Calibrated

BY_PATCH, BY_MEAN = "search-patch", "search-mean"
KEYS = {BY_PATCH: REDUCTIONS["max"], BY_MEAN: REDUCTIONS["mean"]}
"""What a search ranks by, from a map to a number."""


def keyed(psi: FeatureScore, name: str) -> FeatureScore:
    """The number that a search ranks by, as a score of pictures: of the codes, which are zero where others are larger.

    Args:
        psi: the feature's score.
        name: `BY_PATCH` or `BY_MEAN`.

    Raises:
        ValueError: for another name.
    """
    require(name in KEYS, "name", name, f"one of {tuple(KEYS)}")
    return replace(psi, reduction=KEYS[name], gated=True)


@dataclass(frozen=True, eq=False)
class Search:
    """The K pictures of a pool that come first; the knob is K.

    With the scores themselves as keys it is `retrieval`.

    Args:
        pool: pictures with their scores.
        keys: what they are ranked by, one a picture of the pool: from `keyed`, or a column of a store of scores.

    Raises:
        ValueError: unless there is a finite key for each picture.
    """

    pool: ScoredPool
    keys: Float[np.ndarray, " pool"]
    knob_name = "K"
    independent = False

    def __post_init__(self) -> None:
        size = len(self.pool.scores)
        require(len(self.keys) == size, "number of keys", len(self.keys), f"{size}, one a picture")
        require(bool(np.isfinite(self.keys).all()), "keys", "some of them", "finite")

    @property
    def order(self) -> Int[np.ndarray, " pool"]:
        """Places in the pool, the first by key first, ties in the order of the pool."""
        return np.argsort(-self.keys, kind="stable")

    def calibrate(self, target: float, progress: Progress = silent) -> Calibrated:
        """The K at which the mean score is nearest to the target, the largest of equals.

        The mean need not fall with K: pictures that come first by key need not have the highest scores.

        Raises:
            InfeasibleTarget: above the mean score at every K.
        """
        require_finite("target", target)
        means = np.cumsum(self.pool.scores[self.order]) / np.arange(1, len(self.keys) + 1)
        largest = float(means.max())
        if target > largest:
            raise InfeasibleTarget(
                f"target = {target!r}: must be <= {largest!r}, the largest mean score of the pictures that come first"
            )
        nearest = len(means) - 1 - int(np.argmin(np.abs(means - target)[::-1]))
        return Calibrated(float(nearest + 1), float(means[nearest]), 0)

    def draw(self, knob: float, seed: int, n: int, progress: Progress = silent) -> Drawn:
        """At most n of the K first, spread over their scores."""
        size = len(self.keys)
        require(1 <= knob <= size and knob == int(knob), "K", knob, f"a whole number in 1..{size}")
        kept = self.order[: int(knob)]
        weights = np.zeros(size)
        weights[kept] = 1 / len(kept)
        return self.pool.drawn(
            weights, seed, n, threshold=float(self.keys[kept].min()), level=float(self.pool.scores[kept].mean())
        )

    def first(self, n: int) -> Int[np.ndarray, " n"]:
        """Places of the n first, as a search shows them.

        Raises:
            ValueError: unless n is in 1 ... the pool's size.
        """
        require(1 <= n <= len(self.keys), "n", n, f"in 1..{len(self.keys)}")
        return self.order[:n]
