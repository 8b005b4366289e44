"""Retrieval: the K highest scores of a pool, K such that their mean is the target."""

from dataclasses import dataclass

import numpy as np

from distributional_view.theory.errors import require
from distributional_view.theory.methods.method import Drawn
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.pools.retrieval import retrieve
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.knobs import Calibrated

NAME = "retrieval"


@dataclass(frozen=True)
class Retrieval:
    """The hard constraint on a pool; the knob is K.

    Paper: Lemma D.1, Appendix I (206).
    """

    pool: ScoredPool
    knob_name = "K"
    independent = False

    def calibrate(self, target: float, progress: Progress = silent) -> Calibrated:
        """The K whose mean score is nearest to the target."""
        kept = retrieve(self.pool.scores, target)
        return Calibrated(float(len(kept.indices)), kept.mean, 0)

    def draw(self, knob: float, seed: int, n: int, progress: Progress = silent) -> Drawn:
        """At most n of the K highest, spread over them."""
        size = len(self.pool.scores)
        require(1 <= knob <= size and knob == int(knob), "K", knob, f"a whole number in 1..{size}")
        kept = np.argsort(-self.pool.scores, kind="stable")[: int(knob)]
        weights = np.zeros(size)
        weights[kept] = 1 / len(kept)
        scores = self.pool.scores[kept]
        return self.pool.drawn(weights, seed, n, threshold=float(scores.min()), level=float(scores.mean()))
