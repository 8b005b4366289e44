"""Guidance by H_t at the noisy end and by the shrunken plug-in at the clean end, as a method."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from distributional_view.theory.methods.method import Drawn, Memory, Watch, forgetful, unwatched
from distributional_view.theory.progress import Progress, named, silent
from distributional_view.theory.samplers.energy_dps import energy_dps
from distributional_view.theory.samplers.knobs import Calibrated, calibrate_knob
from distributional_view.theory.samplers.potential import Hybrid, Predictive
from distributional_view.theory.samplers.solvers import Solver
from distributional_view.theory.samplers.world import World

NAME = "hybrid"


@dataclass(frozen=True)
class HybridGuidance:
    """Guided diffusion that takes a multiplier; the knob is the multiplier.

    Paper: Theorem G.3, Remark G.4.

    Args:
        world: supplies denoiser, guidance, schedule and score; a `PotentialWorld` for more than the shrunken plug-in.
        known: slopes and errors at each level of the schedule, from `predictive`.
        multiplier_at: target -> multiplier, where the law of the score or a pool tells it; None to calibrate by runs.
        tolerance: of the calibrated mean (score units); unused with `multiplier_at`.
        seed, runs: noise of the samples that a calibration runs (common random numbers).
        start: first multiplier that a calibration tries.
        remember: keeps the runs of a calibration.
        solver: of first or of second order.
        watch: told of the points of each run of a calibration.
    """

    world: World
    known: Predictive
    multiplier_at: Callable[[float], float] | None = None
    tolerance: float = math.nan
    seed: int = 0
    runs: int = 1
    start: float = 1.0
    remember: Memory = field(default=forgetful)
    solver: Solver = "2M-SDE"
    watch: Watch = field(default=unwatched)
    knob_name = "multiplier"
    independent = True

    def calibrate(self, target: float, progress: Progress = silent) -> Calibrated:
        """The multiplier of the tilt with the target as mean, or the one at which the samples have it."""
        if self.multiplier_at is not None:
            return Calibrated(self.multiplier_at(target), math.nan, 0)

        def mean_at(multiplier: float) -> float:
            steps = named(progress, f"calibrating to {target:g}, multiplier {multiplier:.4g}")
            drawn = self.draw(multiplier, self.seed, self.runs, steps)
            self.watch(multiplier, drawn)
            return drawn.mean

        return calibrate_knob(self.remember(mean_at), target, self.tolerance, self.start, self.knob_name)

    def draw(self, knob: float, seed: int, n: int, progress: Progress = silent) -> Drawn:
        """n samples."""
        guided = Hybrid(self.world, knob, self.known.slope, self.known.switch)
        x = energy_dps(guided, guided.noise(seed, n), 1.0, progress=progress, solver=self.solver)
        scores = np.asarray(self.world.to_numpy(self.world.score(x)))
        return Drawn(x, scores, None, {"switch": self.known.switch})
