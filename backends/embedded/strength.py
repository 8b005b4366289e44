"""How far EnergyDPS moves from the prior as its strength grows: KID and a perceptual distance to unguided samples.

A cell is a schedule of the guidance at a strength with one seed. Its pictures share their noise with the unguided ones
of that seed, which are their references: the perceptual distance says how far guidance carries a picture. KID is to one
half of the prior's pool, so that the unguided pictures say what samples without guidance have. The other half,
reweighted to a mean activation, says what the tilt and the truncation of the prior have there.

Cells are kept as lines in a folder; what is there is not run again.

Paper: Table 10, Figure 8, Algorithm 1. The tilt beside them is ours.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.cells import Row, filled
from distributional_view.backends.embedded.judge_measures import resampled
from distributional_view.backends.embedded.judge_methods import EVEN, ODD
from distributional_view.backends.embedded.measures import pooled, stage_maps
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.prior_pool import PriorPool, spaced_world
from distributional_view.backends.embedded.store import Part, weights_path
from distributional_view.backends.measures.diversity import perceptual_distances
from distributional_view.backends.measures.weighted import KernelReference
from distributional_view.jobs import Lines, opened
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.pools.retrieval import effective_size
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.energy_dps import ZetaSchedule, energy_dps, unguided
from distributional_view.theory.samplers.world import Noise
from distributional_view.theory.seeds import part_seed
from distributional_view.theory.solutions.calibrate import calibrate_hard, calibrate_klsc

SCHEDULES: tuple[ZetaSchedule, ...] = get_args(ZetaSchedule)
DRAWS = 400
"""Pictures that stand for the pool in its comparisons with itself."""
_NOISE, _DRAWN, _REFERENCE = 0, 1, 2  # parts of the seed


@dataclass(frozen=True)
class StrengthBudget:
    """Sizes of the experiment.

    Args:
        factors: strengths, ascending, without 0; in units of one over the score's standard deviation over the data
            for the tilt-like schedule. A constant zeta of the same factor has the same sum over the steps.
        n: pictures a cell, >= 2.
        seeds: repetitions.
        steps: reverse steps.
        pool: samples of the prior.
        levels: mean activations at which the pool is reweighted.
    """

    factors: tuple[float, ...] = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
    n: int = 24
    seeds: int = 2
    steps: int = 20
    pool: int = 2000
    levels: int = 8


QUICK = StrengthBudget((0.5, 2.0), 6, 1, 6, 500, 3)


class Strengths(NamedTuple):
    """All cells, the solutions on the pool by the same measures, and what unguided samples have."""

    rows: list[Row]
    solutions: list[Row]
    independent: float
    """Perceptual distance between independent samples of the prior."""


def run(
    out: Path, feature: int, pool: PriorPool, budget: StrengthBudget, seed: int, progress: Progress = silent
) -> Strengths:
    """Both schedules at all strengths; those that `out` has already are read.

    Args:
        out: the experiment's folder.
        feature: of the transcoder.
        pool: samples of the prior, `budget.pool` of them.
        budget: sizes.
        seed: of everything random.
        progress: in cells.

    Raises:
        OtherRequest: if the folder belongs to another experiment.
        UserError: if a file of it is damaged, another process works there, or it cannot be written.
        ValueError: for a feature that does not exist.
    """
    identity = {"budget": asdict(budget), "feature": feature, "seed": seed, "pool": [pool.job.token, len(pool)]}
    contents = {part: weights_path(part) for part in get_args(Part)}
    with opened(out, identity, contents, ("cells.jsonl",)) as job:
        runner = _Runner(feature, pool, budget, seed)
        lines, said = Lines(job.folder / "cells.jsonl", job.token), "guided samples"
        every = {cell: cell for cell in cells(budget)}
        rows = filled(lines, _key, every, runner.row, progress, lambda *_: said, said)
        return Strengths(rows, runner.solutions(), runner.independent())


def cells(budget: StrengthBudget) -> Iterator[tuple[ZetaSchedule | None, float, int]]:
    """Schedule, factor and seed of each cell; the unguided ones, without a schedule, come first."""
    for seed in range(budget.seeds):
        yield None, 0.0, seed
    for schedule in SCHEDULES:
        for factor in budget.factors:
            for seed in range(budget.seeds):
                yield schedule, factor, seed


def _key(row: Row) -> tuple[ZetaSchedule | None, float, int]:
    return row["zeta"], row["factor"], row["seed"]


class _Runner:
    """Draws and measures the cells of one feature."""

    def __init__(self, feature: int, pool: PriorPool, budget: StrengthBudget, seed: int) -> None:
        self.world = spaced_world(feature, budget.steps, "log-SNR")
        self.pool, self.budget, self.seed = pool, budget, seed
        self.sd = float(shared().activation(feature).std())
        self.scores = pool.activation(feature)
        features = pool.pooled.double().numpy()
        half = features[EVEN]
        places, weights = resampled(np.full(len(half), 1 / len(half)), DRAWS, part_seed(seed, _REFERENCE))
        self.reference, self.others = KernelReference(half[places], weights), features[ODD]
        self.maps = stage_maps(shared().classifier)
        self._unguided: dict[int, Tensor] = {}

    def row(self, schedule: ZetaSchedule | None, factor: float, draw: int) -> Row:
        """Draw and measure one cell."""
        strength = self.strength(schedule, factor)
        x = (
            self.unguided(draw)
            if schedule is None
            else energy_dps(self.world, self.noise(draw), strength, schedule, solver="2M-SDE")
        ).float()
        n = len(x)
        with torch.no_grad():
            scores = self.world.score(x).double().numpy()
        features = pooled(shared().classifier, x).double().numpy()
        kid = self.reference.distance(features, np.full(n, 1 / n))
        moved = self.moved(x, self.unguided(draw))
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

    def noise(self, draw: int) -> Noise:
        """Of a seed; the same for every strength."""
        return self.world.noise(part_seed(self.seed, _NOISE, draw), self.budget.n)

    def unguided(self, draw: int) -> Tensor:
        """The samples of a seed without guidance."""
        if draw not in self._unguided:
            self._unguided[draw] = unguided(self.world, self.noise(draw), solver="2M-SDE").float()
        return self._unguided[draw]

    def moved(self, x: Tensor, reference: Tensor) -> Float[np.ndarray, " n"]:
        """The perceptual distance of each picture to its own reference."""
        n = len(x)
        return perceptual_distances(self.maps, torch.cat([x, reference]))[:n, n:].diagonal().numpy()

    def independent(self) -> float:
        """The mean perceptual distance between unguided samples of different noise."""
        x = self.unguided(0)
        n = len(x)
        return float(perceptual_distances(self.maps, x).sum() / (n * (n - 1)))

    def solutions(self) -> list[Row]:
        """KID of the tilt and of the truncation of the pool's other half, from its mean to its largest scores."""
        scores = self.scores[ODD]
        law, top = AtomicLaw(scores), float(np.sort(scores)[-max(2, len(scores) // 50) :].mean())
        found = []
        for place, target in enumerate(np.linspace(scores.mean(), top, self.budget.levels)):
            for name, calibrate in (("tilt", calibrate_klsc), ("truncation", calibrate_hard)):
                ratio = np.exp(calibrate(law, float(target)).log_ratio(scores))
                weights = ratio / ratio.sum()
                places, shares = resampled(weights, DRAWS, part_seed(self.seed, _DRAWN, place))
                kid = self.reference.distance(self.others[places], shares)
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
