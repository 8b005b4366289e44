"""How far EnergyDPS moves from the prior as its strength grows, on any ground: its cells, and the exact solutions.

A cell is a schedule of the guidance at a strength with one seed. Its pictures share their noise with the unguided ones
of that seed, which are their references: the perceptual distance says how far guidance carries a picture. KID is to one
half of the prior's samples, so that the unguided pictures say what samples without guidance have. The other half,
reweighted to a mean activation, says what the tilt and the truncation of the prior have there.

Paper: Table 10, Figure 8, Algorithm 1. The tilt beside them is ours.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, get_args

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.cells import Row, filled
from distributional_view.backends.measures.diversity import perceptual_distances
from distributional_view.backends.measures.weighted import KernelReference, resampled
from distributional_view.backends.paradigms.strength_ground import StrengthBudget, StrengthGround
from distributional_view.jobs import Job, Lines
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.pools.retrieval import effective_size
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.energy_dps import ZetaSchedule, energy_dps
from distributional_view.theory.seeds import part_seed
from distributional_view.theory.solutions.calibrate import calibrate_hard, calibrate_klsc

SCHEDULES: tuple[ZetaSchedule, ...] = get_args(ZetaSchedule)
CELLS = "cells.jsonl"
"""The file of a job."""
EVEN, ODD = slice(0, None, 2), slice(1, None, 2)
"""The samples that are the reference, and those that are reweighted."""
DRAWS = 400
"""Pictures that stand for the pool in its comparisons with itself."""
NOISE, _DRAWN, _REFERENCE = 0, 1, 2  # parts of the seed


class Strengths(NamedTuple):
    """All cells, the solutions on the pool by the same measures, and what unguided samples have."""

    rows: list[Row]
    solutions: list[Row]
    independent: float
    """Perceptual distance between independent samples of the prior."""


def cells(budget: StrengthBudget) -> Iterator[tuple[ZetaSchedule | None, float, int]]:
    """Schedule, factor and seed of each cell; the unguided ones, without a schedule, come first."""
    for seed in range(budget.seeds):
        yield None, 0.0, seed
    for schedule in SCHEDULES:
        for factor in budget.factors:
            for seed in range(budget.seeds):
                yield schedule, factor, seed


def complete(job: Job, runner: "StrengthCells", progress: Progress = silent) -> Strengths:
    """Everything; cells that the job has already are read, the others made and kept one by one.

    Raises:
        UserError: if the file of cells is damaged, or cannot be written.
    """
    lines, said = Lines(job.folder / CELLS, job.token), "guided samples"
    every = {cell: cell for cell in cells(runner.budget)}
    rows = filled(lines, _key, every, runner.row, progress, lambda *_: said, said)
    return Strengths(rows, runner.solutions(), runner.independent())


def _key(row: Row) -> tuple[ZetaSchedule | None, float, int]:
    return row["zeta"], row["factor"], row["seed"]


class StrengthCells:
    """Draws and measures the cells of one feature.

    Args:
        ground: where.
        budget: sizes.
        seed: of everything random.
    """

    def __init__(self, ground: StrengthGround, budget: StrengthBudget, seed: int) -> None:
        self.ground, self.budget, self.seed = ground, budget, seed
        self.world, self.sd = ground.world, ground.sd

    @cached_property
    def reference(self) -> KernelReference:
        """One half of the samples, as a smaller set that stands for it."""
        half = self.ground.samples.features[EVEN]
        places, weights = resampled(np.full(len(half), 1 / len(half)), DRAWS, part_seed(self.seed, _REFERENCE))
        return KernelReference(half[places], weights)

    def row(self, schedule: ZetaSchedule | None, factor: float, draw: int) -> Row:
        """Draw and measure one cell."""
        strength, ground = self.strength(schedule, factor), self.ground
        points = (
            ground.unguided(draw)
            if schedule is None
            else energy_dps(self.world, ground.noise(draw), strength, schedule, solver="2M-SDE")
        ).float()
        x = ground.pictures(points)
        n, scores = len(x), ground.scores(x)
        kid = self.reference.distance(ground.features(x), np.full(n, 1 / n))
        moved = self.moved(x, ground.pictures(ground.unguided(draw)))
        return {
            "zeta": schedule,
            "factor": factor,
            "seed": draw,
            "strength": strength,
            "activation": float(scores.mean()),
            "activation_se": _se(scores),
            "kid": kid.kid,
            "kid_se": kid.se,
            "lpips": float(moved.mean()),
            "lpips_se": _se(moved),
        }

    def strength(self, schedule: ZetaSchedule | None, factor: float) -> float:
        """In the sampler's own unit: see `StrengthBudget`."""
        tilt = factor / self.sd
        return tilt * float(self.world.schedule.rows.tilt_zeta.mean()) if schedule == "constant" else tilt

    def moved(self, x: Tensor, reference: Tensor) -> Float[np.ndarray, " n"]:
        """The perceptual distance of each picture to its own reference."""
        n = len(x)
        return perceptual_distances(self.ground.maps, torch.cat([x, reference]))[:n, n:].diagonal().numpy()

    def independent(self) -> float:
        """The mean perceptual distance between unguided samples of different noise."""
        x = self.ground.pictures(self.ground.unguided(0))
        n = len(x)
        return float(perceptual_distances(self.ground.maps, x).sum() / (n * (n - 1)))

    def solutions(self) -> list[Row]:
        """KID of the tilt and of the truncation of the pool's other half, from its mean to its largest scores.

        Beyond these the samples have no solution to show: the weight would lie on one or two of them.
        """
        samples = self.ground.samples
        scores, features = samples.scores[ODD], samples.features[ODD]
        law = AtomicLaw(scores)
        top = min(float(np.sort(scores)[-max(2, len(scores) // 50) :].mean()), law.ess_sup)  # a mean of ties is rounded
        found = []
        for place, target in enumerate(np.linspace(scores.mean(), top, self.budget.levels)):
            for name, calibrate in (("tilt", calibrate_klsc), ("truncation", calibrate_hard)):
                ratio = np.exp(calibrate(law, float(target)).log_ratio(scores))
                weights = ratio / ratio.sum()
                places, shares = resampled(weights, DRAWS, part_seed(self.seed, _DRAWN, place))
                kid = self.reference.distance(features[places], shares)
                found.append(
                    {
                        "solution": name,
                        "activation": float(shares @ scores[places]),
                        "kid": kid.kid,
                        "kid_se": kid.se,
                        "effective_size": effective_size(weights),
                    }
                )
        return found


def _se(values: Float[np.ndarray, " n"] | Sequence[float]) -> float:
    x = np.asarray(values)
    return float(x.std(ddof=1) / len(x) ** 0.5)
