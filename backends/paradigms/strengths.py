"""Guided methods of one feature, each with a calibration whose strengths are counted in multipliers of a tilt.

All levels begin with one strength and double it, so that a run serves several of them: half of the multiplier at the
lowest level, since far above the tilt the mean falls again (in few steps the guidance overshoots). No calibration goes
beyond four times the multiplier at its own level.
"""

from dataclasses import dataclass

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.theory.errors import CalibrationFailed
from distributional_view.theory.methods.energy_dps import EnergyDps
from distributional_view.theory.methods.hybrid import HybridGuidance
from distributional_view.theory.methods.klsc_weights import KlscWeights
from distributional_view.theory.methods.method import MeanAt, Memory
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.samplers.potential import Predictive
from distributional_view.theory.samplers.solvers import Solver
from distributional_view.theory.samplers.world import World

FIRST, LARGEST = 0.5, 4.0
"""Strengths that a calibration begins with and ends at, in multipliers of the tilt."""
LOWEST = 0.8
"""The quantile whose tilt the first strength is counted in, whatever the levels, so that another level finds the runs
of the others."""


def bounded(memory: Memory, largest: float) -> Memory:
    """A memory that ends a calibration at a knob beyond the largest; the failure carries the runs until then."""

    def remember(mean_at: MeanAt) -> MeanAt:
        remembered, runs = memory(mean_at), dict[float, float]()

        def within(knob: float) -> float:
            if knob > largest:
                raise CalibrationFailed(f"no strength up to {largest:.4g} reaches the target", runs)
            runs[knob] = remembered(knob)
            return runs[knob]

        return within

    return remember


@dataclass(frozen=True, eq=False)
class Strengths:
    """What the calibrations of a feature's methods share.

    Args:
        pool: whose tilt gives the multipliers.
        sd: of the score over the data (score units).
        lowest: the level whose tilt the first strength is counted in (score units).
        tolerance: of a calibrated mean (score units).
        seed: of the noise of the runs, equal for all methods and levels.
        runs: pictures of each.
    """

    pool: ScoredPool
    sd: float
    lowest: float
    tolerance: float
    seed: int
    runs: int

    def multiplier(self, level: float) -> float:
        """Of the tilt with this mean."""
        return KlscWeights(self.pool).calibrate(level).knob

    def scale(self, level: float) -> float:
        """What strengths are counted in: the multiplier of the tilt, or a tenth over sd where that is smaller (a level
        that the pool has nearly by itself)."""
        return max(self.multiplier(level), 0.1 / self.sd)

    @property
    def first(self) -> float:
        """The strength that every calibration begins with."""
        return FIRST * self.scale(self.lowest)

    def energy(self, world: TorchWorld, level: float, memory: Memory, solver: Solver) -> EnergyDps:
        """EnergyDPS, to be calibrated to this level; `memory` keeps its runs."""
        ending = bounded(memory, LARGEST * self.scale(level))
        return EnergyDps(world, self.tolerance, self.seed, self.runs, self.first, remember=ending, solver=solver)

    def hybrid(self, world: World, known: Predictive, level: float, memory: Memory) -> HybridGuidance:
        """The hybrid guidance, of second order, to be calibrated to this level."""
        ending = bounded(memory, LARGEST * self.scale(level))
        return HybridGuidance(world, known, None, self.tolerance, self.seed, self.runs, self.first, ending, "2M-SDE")
