"""One feature in the comparison: its ground, and what its methods share: levels, strengths, what is remembered."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.jobs import in_file
from distributional_view.backends.measures.cost import cost
from distributional_view.backends.paradigms.budget import SPACING, ParadigmBudget
from distributional_view.backends.paradigms.ground import Ground
from distributional_view.backends.paradigms.measuring import as_shown
from distributional_view.backends.paradigms.prompted import PromptedPrior
from distributional_view.backends.paradigms.prompts import PromptFound, Prompting
from distributional_view.backends.paradigms.strengths import LOWEST, Strengths
from distributional_view.backends.priors.prior import resized
from distributional_view.jobs import Job, Lines
from distributional_view.theory.methods.method import Memory
from distributional_view.theory.progress import Progress, named, silent
from distributional_view.theory.samplers.potential import Predictive, predictive
from distributional_view.theory.seeds import part_seed

Need = Literal["prior", "potential", "words"]
"""What a ground need not have: a prior, one of pictures with the H_t of a pool, one that takes prompts."""
_CALIBRATED, _KNOWN = 1, 3  # parts of the seed; 0 is that of the draws
_SEARCHED = 50  # levels of noise that the few steps of a search are taken from


@dataclass(frozen=True, eq=False)
class OneFeature:
    """What the methods for one feature are made of, each part when it is asked for.

    Args:
        ground: pictures, networks and statistics.
        budget: sizes.
        seed: of everything random about it.
        job: where calibrations and prompts are kept.
        progress: told of long searches.
    """

    ground: Ground
    budget: ParadigmBudget
    seed: int
    job: Job
    progress: Progress = silent
    searching: dict[str, float] = field(default_factory=dict, init=False)
    """Processor seconds of each search for a prompt."""

    @property
    def scores(self) -> Float[np.ndarray, " pictures"]:
        """Of all pictures, the pool first."""
        return self.ground.scores

    @property
    def held_scores(self) -> Float[np.ndarray, " m"]:
        """Of the pictures that judge."""
        return self.scores[len(self.ground.pool.scores) :]

    @cached_property
    def sd(self) -> float:
        """Of the score over the data: the unit of tolerances."""
        return float(self.scores.std())

    def level(self, quantile: float) -> float:
        """The quantile of the score over the data."""
        return float(np.quantile(self.scores, quantile))

    @cached_property
    def prompted(self) -> PromptedPrior:
        """The prior with prompts, at the steps of the draws."""
        return self.ground.prompted(self.budget.steps, SPACING)

    @cached_property
    def known(self) -> Predictive:
        """What each level of noise tells of the score, on pictures that are held back."""
        n = min(self.budget.known, len(self.held_scores))
        return predictive(self.ground.pooled, part_seed(self.seed, _KNOWN), n, self.progress)

    @cached_property
    def strengths(self) -> Strengths:
        """Of the calibrations, in multipliers of the data's tilt."""
        seed, lowest = part_seed(self.seed, _CALIBRATED), self.level(LOWEST)
        tolerance = self.budget.tolerance * self.sd
        return Strengths(self.ground.pool, self.sd, lowest, tolerance, seed, self.budget.runs)

    def remember(self, name: str) -> Memory:
        """A memory of a method's calibration, in the job's folder."""
        return in_file(self._path("calibration", name), self.job.token)

    def with_prompt(self, name: str, made: Prompting) -> Prompting:
        """The method with the prompt that it finds, or found in an earlier call.

        A search takes its few steps from a schedule even in time: one that is spaced already has too few levels there.
        """
        lines = Lines(self._path("prompt", name), self.job.token)
        if not lines.rows:
            searching = replace(made, prior=self.ground.prompted(_SEARCHED, "time"))
            found = cost(lambda: searching.found(named(self.progress, f"{name}: searching for a prompt")))
            lines.add({"found": found.result.row(), "seconds": found.seconds})
        self.searching[name] = lines.rows[0]["seconds"]
        return replace(made, known=PromptFound.of_row(lines.rows[0]["found"]))

    def pictures(self, points: Tensor, of: Need | None) -> Float[Tensor, "n c h w"]:
        """Points as pictures that are shown and measured, of the size that the score sees.

        Args:
            points: drawn by a method.
            of: whose points they are; None: they are pictures.
        """
        if of is None:
            return as_shown(points)
        world = self.prompted.world if of == "words" else self.ground.world
        return as_shown(resized(world.pictures(points), self.ground.canvas.shape[-1]))

    def _path(self, kind: str, name: str) -> Path:
        return self.job.folder / f"{kind}-{self.ground.feature}-{name.replace(' ', '-')}.jsonl"
