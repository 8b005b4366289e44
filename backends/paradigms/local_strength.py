"""EnergyDPS at growing strengths on weights and pictures that the user has.

The pictures of the folder give the unit of the strengths, the score's standard deviation; nothing is held back. The
prior's samples are made once; what is seen of them, the unguided pictures and the cells are kept as they come, in a
folder that is bound to weights, pictures, score and sizes. Further strengths or repetitions only add to it.

Paper: Table 10, Figure 8, Algorithm 1.
"""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.explain.prior_sample import prior_sample
from distributional_view.backends.jobs import usable
from distributional_view.backends.measures.diversity import Maps
from distributional_view.backends.paradigms.budget import SOLVER
from distributional_view.backends.paradigms.local_measures import Eyes, kid_features, local_eyes
from distributional_view.backends.paradigms.local_model import LocalModel, LocalRequest, Purpose, local_model
from distributional_view.backends.paradigms.local_seen import (
    NUMBERS,
    SAMPLES,
    PriorSamples,
    prior_samples,
    require_various,
    scored,
    seen_folder,
    seen_samples,
)
from distributional_view.backends.paradigms.strength_cells import CELLS, NOISE, StrengthCells, Strengths, complete
from distributional_view.backends.paradigms.strength_ground import Samples, StrengthBudget, StrengthGround
from distributional_view.jobs import Job, opened
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.world import Noise
from distributional_view.theory.seeds import part_seed

PURPOSE = Purpose("strength", True, "the score's standard deviation over them is the unit of strengths")
LARGE = StrengthBudget((0.25, 0.5, 1.0, 2.0, 4.0), n=12, seeds=1, steps=50, pool=SAMPLES)
QUICK_LARGE = StrengthBudget((0.5, 2.0), 4, 1, 10, 64, 3)


class LocalStrengths(NamedTuple):
    """What was found, what it was made of, and what KID is on, in words."""

    found: Strengths
    made_of: dict[str, Any]
    features: str


@dataclass(frozen=True, eq=False)
class LocalStrength(StrengthGround):
    """A feature of local weights.

    Args:
        feature: its index.
        model: with a prior.
        prior: its unguided samples.
        budget: sizes.
        job: where all numbers are kept.
        seed: of everything random.
        progress: told while pictures are made and scored.
    """

    feature: int
    model: LocalModel
    prior: PriorSamples
    budget: StrengthBudget
    job: Job
    seed: int
    progress: Progress = silent

    @property
    def world(self) -> TorchWorld:
        """The prior with the score."""
        return self.prior.world

    @cached_property
    def sd(self) -> float:
        """Over the pictures of the folder."""
        scores = seen_folder(self.model, (self.feature,), None, self.job, self.progress).scores[:, 0]
        require_various(scores, "feature", self.feature, "of --images")
        return float(scores.std())

    @cached_property
    def eyes(self) -> Eyes:
        """The backbone, or Inception."""
        return local_eyes(self.model)

    @cached_property
    def samples(self) -> Samples:
        """Of the prior."""
        seen = seen_samples(self.prior, (self.feature,), self.eyes.see, self.job)
        require_various(seen.scores[1::2, 0], "feature", self.feature, "samples of the prior that are reweighted")
        return Samples(seen.scores[:, 0], seen.features)

    @property
    def maps(self) -> Maps:
        """Of the backbone's stages."""
        return self.eyes.maps

    def noise(self, draw: int) -> Noise:
        """That of each picture by its place, as that of the unguided ones."""
        n = self.budget.n
        return replace(self.world, places=tuple(range(n))).noise(part_seed(self.seed, NOISE, draw), n)

    def unguided(self, draw: int) -> Tensor:
        """Kept in files of their own."""
        job = self.job._replace(folder=self.job.folder / f"unguided-{draw}")
        seed = part_seed(self.seed, NOISE, draw)
        points = prior_sample(job, self.world, self.budget.n, seed, SOLVER, self.progress)
        return points.to(self.world.device)

    def pictures(self, points: Tensor) -> Float[Tensor, "n c h w"]:
        """Of the size that the score takes."""
        return self.prior.pictures(points)

    def scores(self, pictures: Float[Tensor, "n c h w"]) -> Float[np.ndarray, " n"]:
        """Of the pictures as they are shown."""
        found: Float[np.ndarray, " n"] = scored(self.model, (self.feature,), pictures)[:, 0].double().numpy()
        return found

    def features(self, pictures: Float[Tensor, "n c h w"]) -> Float[np.ndarray, "n d"]:
        """The backbone's, or Inception's."""
        found: Float[np.ndarray, "n d"] = self.eyes.see(pictures).double().numpy()
        return found


class LocalExperiment:
    """The experiment on one feature.

    Args:
        out: its folder.
        keep: folder in which the prior's samples have a folder, for other features and `drift` too.
        request: what there is, with one feature.
        budget: sizes.
        seed: of everything random.
        progress: of each cell.

    Raises:
        UserError, ValueError: see `local_model`, before anything but the list of readable pictures is written.
    """

    def __init__(
        self, out: Path, keep: Path, request: LocalRequest, budget: StrengthBudget, seed: int, progress: Progress
    ) -> None:
        usable(request.sampler.device)
        self.out, self.budget, self.seed, self.progress = out, budget, seed, progress
        (self.feature,) = request.features
        self.model = local_model(request, out / ".pictures.json", seed, progress, PURPOSE)
        self.prior = prior_samples(self.model, self.feature, keep, budget.pool, budget.steps, seed, progress)

    def run(self) -> LocalStrengths:
        """Everything; what the folder has already is read.

        Raises:
            OtherRequest: if the folder belongs to another experiment.
            UserError: for a feature that is the same on all pictures; if a file of the folder is damaged or cannot be
                written.
        """
        made_of = {**self.model.made_of, "feature": self.feature}
        identity = {
            "budget": asdict(self.budget) | {"factors": None, "seeds": None, "levels": None},
            "seed": self.seed,
            "made_of": made_of,
        }
        with opened(self.out, identity, self.model.contents, (CELLS, *NUMBERS)) as job:
            ground = LocalStrength(self.feature, self.model, self.prior, self.budget, job, self.seed, self.progress)
            found = complete(job, StrengthCells(ground, self.budget, self.seed), self.progress)
        return LocalStrengths(found, made_of, kid_features(self.model))
