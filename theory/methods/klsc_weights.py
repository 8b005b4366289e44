"""KLSC weights: every point of a pool, weighed by exp(beta psi)."""

from dataclasses import dataclass

from distributional_view.theory.methods.method import Drawn
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.pools.retrieval import effective_size, reweight_to, tilted_weights
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.knobs import Calibrated

NAME = "KLSC-weights"


@dataclass(frozen=True)
class KlscWeights:
    """The tilt of a pool; the knob is the multiplier.

    Paper: (17), Lemma F.1.
    """

    pool: ScoredPool
    knob_name = "multiplier"
    independent = False

    def calibrate(self, target: float, progress: Progress = silent) -> Calibrated:
        """The multiplier whose weights have the target as mean."""
        found = reweight_to(self.pool.scores, target)
        return Calibrated(found.multiplier, found.mean, 0)

    def draw(self, knob: float, seed: int, n: int, progress: Progress = silent) -> Drawn:
        """The whole pool with its weights, or n points that stand for them."""
        weights = tilted_weights(self.pool.scores, knob)
        level = float(weights @ self.pool.scores)
        return self.pool.drawn(weights, seed, n, effective_size=effective_size(weights), level=level)
