"""How far EnergyDPS moves from the embedded prior as its strength grows: KID and a perceptual distance.

KID is on the classifier's features, to one half of the prior's pool; see `paradigms.strength_cells`. Cells are kept as
lines in a folder; what is there is not run again.

Paper: Table 10, Figure 8, Algorithm 1.
"""

from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.embedded.measures import pooled, stage_maps
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.prior_pool import PriorPool, spaced_world
from distributional_view.backends.embedded.store import Part, weights_path
from distributional_view.backends.measures.diversity import Maps
from distributional_view.backends.paradigms.strength_cells import CELLS, NOISE, StrengthCells, Strengths, complete
from distributional_view.backends.paradigms.strength_ground import Samples, StrengthBudget, StrengthGround
from distributional_view.jobs import opened
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.energy_dps import unguided
from distributional_view.theory.samplers.world import Noise
from distributional_view.theory.seeds import part_seed

QUICK = StrengthBudget((0.5, 2.0), 6, 1, 6, 500, 3)


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
    with opened(out, identity, contents, (CELLS,)) as job:
        return complete(job, _Runner(feature, pool, budget, seed), progress)


@dataclass(frozen=True, eq=False)
class EmbeddedStrength(StrengthGround):
    """A feature of the embedded world.

    Args:
        feature: its index.
        pool: samples of the prior.
        budget: sizes.
        seed: of everything random.
    """

    feature: int
    pool: PriorPool
    budget: StrengthBudget
    seed: int
    _unguided: dict[int, Tensor] = field(default_factory=dict, init=False)

    @cached_property
    def world(self) -> TorchWorld:
        """The world's prior."""
        return spaced_world(self.feature, self.budget.steps, "log-SNR")

    @cached_property
    def sd(self) -> float:
        """Over all pictures of the data."""
        return float(shared().activation(self.feature).std())

    @cached_property
    def samples(self) -> Samples:
        """The pool, as the classifier sees it."""
        return Samples(self.pool.activation(self.feature), self.pool.pooled.double().numpy())

    @cached_property
    def maps(self) -> Maps:
        """Of the classifier's stages."""
        return stage_maps(shared().classifier)

    def noise(self, draw: int) -> Noise:
        """Drawn for all pictures at once."""
        return self.world.noise(part_seed(self.seed, NOISE, draw), self.budget.n)

    def unguided(self, draw: int) -> Tensor:
        """The samples of a seed without guidance."""
        if draw not in self._unguided:
            self._unguided[draw] = unguided(self.world, self.noise(draw), solver="2M-SDE").float()
        return self._unguided[draw]

    def pictures(self, points: Tensor) -> Float[Tensor, "n c h w"]:
        """The points themselves."""
        return points

    def scores(self, pictures: Float[Tensor, "n c h w"]) -> Float[np.ndarray, " n"]:
        """By the world."""
        with torch.no_grad():
            found: Float[np.ndarray, " n"] = self.world.score(pictures).double().numpy()
        return found

    def features(self, pictures: Float[Tensor, "n c h w"]) -> Float[np.ndarray, "n d"]:
        """The classifier's pooled features."""
        found: Float[np.ndarray, "n d"] = pooled(shared().classifier, pictures).double().numpy()
        return found


class _Runner(StrengthCells):
    """The cells of one feature."""

    def __init__(self, feature: int, pool: PriorPool, budget: StrengthBudget, seed: int) -> None:
        super().__init__(EmbeddedStrength(feature, pool, budget, seed), budget, seed)
