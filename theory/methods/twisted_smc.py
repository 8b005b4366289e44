"""The twisted particle filter as a method: weighted samples of the tilt itself.

With guidance in the proposal it is twisted-SMC; without (`proposal` 0), and with the plug-in's slopes as twist, it is
FK-steering: half the cost a particle, and several runs pooled in place of one that does not fit. With the hybrid
guidance as proposal and as twist it is hybrid-SMC: the weights correct what the hybrid's estimate of H_t lacks.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from distributional_view.theory.errors import require
from distributional_view.theory.methods.method import Drawn, Memory, forgetful
from distributional_view.theory.methods.pool import representatives
from distributional_view.theory.pools.retrieval import effective_size
from distributional_view.theory.progress import Progress, named, silent
from distributional_view.theory.samplers.knobs import Calibrated, calibrate_knob
from distributional_view.theory.samplers.pooled import pooled
from distributional_view.theory.samplers.potential import Hybrid, Predictive
from distributional_view.theory.samplers.solvers import Solver
from distributional_view.theory.samplers.twisted_smc import Twisted, twisted_smc
from distributional_view.theory.samplers.world import Noise, World
from distributional_view.theory.seeds import part_seed

NAME, STEERING, HYBRID = "twisted-SMC", "FK-steering", "hybrid-SMC"
"""With a guided proposal, with an unguided one, and with the hybrid guidance."""


@dataclass(frozen=True)
class TwistedSmc:
    """Twisted sequential Monte Carlo; the knob is the multiplier of the tilt.

    Paper: (24).

    Args:
        world: supplies denoiser, guidance, schedule and score.
        particles: how many a run; where fewer points are asked for, these stand for the weights.
        multiplier_at: target -> multiplier, where the law of the score or a pool tells it; None to calibrate by runs.
        tolerance: of the calibrated mean (score units); unused with `multiplier_at`.
        seed: of the runs of a calibration.
        start: first multiplier that a calibration tries.
        remember: keeps the runs of a calibration.
        solver: of first or of second order.
        proposal: strength of the proposal's guidance, in multipliers, >= 0.
        twist: c_i/beta of each level; None for the signal's share of the variance.
        repeats: independent runs, pooled by their estimates of Z.
        known: slopes and errors of each level, from `predictive`: the hybrid guidance is proposal and twist, and
            `proposal` and `twist` are not used; the world is a `PotentialWorld` unless its switch is 0. None: the
            plug-in.
    """

    world: World
    particles: int
    multiplier_at: Callable[[float], float] | None = None
    tolerance: float = math.nan
    seed: int = 0
    start: float = 1.0
    remember: Memory = forgetful
    solver: Solver = "DDPM"
    proposal: float = 0.25
    twist: tuple[float, ...] | None = None
    repeats: int = 1
    known: Predictive | None = None
    knob_name = "multiplier"
    independent = False

    def calibrate(self, target: float, progress: Progress = silent) -> Calibrated:
        """The multiplier of the tilt with the target as mean."""
        if self.multiplier_at is not None:
            return Calibrated(self.multiplier_at(target), math.nan, 0)

        def mean_at(multiplier: float) -> float:
            steps = named(progress, f"calibrating to {target:g}, multiplier {multiplier:.4g}")
            return self.draw(multiplier, self.seed, self.particles, steps).mean

        return calibrate_knob(self.remember(mean_at), target, self.tolerance, self.start, self.knob_name)

    def draw(self, knob: float, seed: int, n: int, progress: Progress = silent) -> Drawn:
        """All particles with their weights, or n of them that stand for the weights."""
        total = self.repeats * self.particles
        require(1 <= n <= total, "n", n, f"in 1..{total}, the particles")
        runs = [
            self._run(knob, part_seed(seed, 3, repeat) if repeat else seed, progress) for repeat in range(self.repeats)
        ]
        end = pooled(self.world, runs)
        scores = np.asarray(self.world.to_numpy(self.world.score(end.x)))
        notes = {
            "log_partition": end.log_partition,
            "effective_size": effective_size(end.weights),
            "resampled": max(run.resampled for run in runs),
            "ancestors": end.ancestors,
            "level": float(end.weights @ scores),
        }
        if n == total:
            return Drawn(end.x, scores, end.weights, notes)
        chosen = representatives(end.weights, scores, n, part_seed(seed, 2))
        return Drawn(self.world.take(end.x, chosen), scores[chosen], None, notes)

    def _run(self, knob: float, seed: int, progress: Progress) -> Twisted:
        noise, resampling = self.world.noise(part_seed(seed, 0), self.particles), part_seed(seed, 1)
        if self.known is not None:
            return self._hybrid(self.known, noise, knob, resampling, progress)
        return twisted_smc(
            self.world, noise, knob, resampling, self.proposal * knob, self.twist, progress=progress, solver=self.solver
        )

    def _hybrid(self, known: Predictive, noise: Noise, knob: float, seed: int, progress: Progress) -> Twisted:
        """In nats; the last slope is 1, since there x0_hat is the sample and the weights must be those of the tilt."""
        slopes = np.append(known.slope[:-1], 1.0)
        guided = Hybrid(self.world, knob, slopes, min(known.switch, len(slopes) - 1))
        twist = (1.0,) * len(slopes)
        return twisted_smc(guided, noise, 1.0, seed, 1.0, twist, progress=progress, solver=self.solver)
