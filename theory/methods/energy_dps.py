"""EnergyDPS as a method: guided reverse diffusion, the strength such that the samples have the target mean."""

import math
from dataclasses import dataclass

import numpy as np

from distributional_view.theory.methods.method import Drawn, Memory, Watch, forgetful, unwatched
from distributional_view.theory.progress import Progress, named, silent
from distributional_view.theory.samplers.energy_dps import ZetaSchedule, energy_dps
from distributional_view.theory.samplers.knobs import Calibrated, calibrate_knob
from distributional_view.theory.samplers.solvers import Solver
from distributional_view.theory.samplers.world import World

NAME, CONSTANT = "EnergyDPS", "EnergyDPS-constant"
"""With the tilt-like zeta, and with a constant one."""


@dataclass(frozen=True)
class EnergyDps:
    """Guided diffusion; the knob is the strength.

    Paper: Algorithm 1, Appendix I.3.

    Args:
        world: supplies denoiser, guidance, schedule and score.
        tolerance: of the calibrated mean (score units).
        seed, runs: noise of the samples that a calibration runs (common random numbers).
        start: first strength that a calibration tries.
        zeta_schedule: how the guidance grows along the chain.
        cap: score beyond which a step is not guided.
        remember: keeps the runs of a calibration.
        solver: of first or of second order.
        watch: told of the points of each run of a calibration.
    """

    world: World
    tolerance: float
    seed: int
    runs: int
    start: float = 0.1
    zeta_schedule: ZetaSchedule = "tilt"
    cap: float = math.inf
    remember: Memory = forgetful
    solver: Solver = "DDPM"
    watch: Watch = unwatched
    knob_name = "strength"
    independent = True

    def calibrate(self, target: float, progress: Progress = silent) -> Calibrated:
        """The strength at which the mean score of the calibration's samples is the target."""

        def mean_at(strength: float) -> float:
            steps = named(progress, f"calibrating to {target:g}, strength {strength:.4g}")
            drawn = self.draw(strength, self.seed, self.runs, steps)
            self.watch(strength, drawn)
            return drawn.mean

        return calibrate_knob(self.remember(mean_at), target, self.tolerance, self.start, self.knob_name)

    def draw(self, knob: float, seed: int, n: int, progress: Progress = silent) -> Drawn:
        """n samples."""
        x = energy_dps(self.world, self.world.noise(seed, n), knob, self.zeta_schedule, self.cap, progress, self.solver)
        scores = np.asarray(self.world.to_numpy(self.world.score(x)))
        return Drawn(x, scores, None, {})
