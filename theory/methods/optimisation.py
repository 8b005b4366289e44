"""Optimisation with regularisation: ascents from random starts, the penalty such that the ends have the target mean."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from distributional_view.theory.methods.method import Drawn, Memory, forgetful
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.ascent import Ascent, Regularizer
from distributional_view.theory.samplers.knobs import Calibrated, calibrate_knob
from distributional_view.theory.samplers.world import World

NAME = "optimisation"


@dataclass(frozen=True)
class Optimisation:
    """Mode seeking; the knob is lambda, the penalty.

    Paper: (18)-(19), (207), Lemma F.2, Appendix I.2.

    Args:
        world: supplies psi and its gradient at clean points.
        regularizer: R with its gradient.
        starts: (seed, n) -> where n ascents begin.
        iterations: of the optimiser; part of the method where no finite maximiser exists.
        tolerance: of the calibrated mean (score units).
        seed, runs: of the ascents that a calibration runs.
        start: first penalty that a calibration tries.
        remember: keeps the runs of a calibration.
    """

    world: World
    regularizer: Regularizer
    starts: Callable[[int, int], Float[np.ndarray, "n ..."]]
    iterations: int
    tolerance: float
    seed: int
    runs: int
    start: float = 0.1
    remember: Memory = forgetful
    knob_name = "penalty"
    independent = False

    def calibrate(self, target: float, progress: Progress = silent) -> Calibrated:
        """The penalty at which the mean score of the ends is the target."""
        ascent = self._ascent(self.seed, self.runs)
        mean_at = self.remember(lambda penalty: float(ascent.climb(penalty).scores.mean()))
        return calibrate_knob(mean_at, target, self.tolerance, self.start, self.knob_name, progress)

    def draw(self, knob: float, seed: int, n: int, progress: Progress = silent) -> Drawn:
        """The ends of n ascents."""
        ends = self._ascent(seed, n).climb(knob)
        return Drawn(ends.x, ends.scores, None, {"converged": ends.converged})

    def _ascent(self, seed: int, n: int) -> Ascent:
        return Ascent(self.world, self.regularizer, self.starts(seed, n), self.iterations)
