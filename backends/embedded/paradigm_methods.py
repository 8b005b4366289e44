"""The methods of the paper's Table 1 on the embedded world, each brought to a level of one feature.

The data's training pictures, with their scores, are what every method may know: the pool of the searches, the
references of VITAL, the statistics of the optimised pictures. The test pictures are kept for the judging. The methods
that generate share one prior, one solver and one number of steps. A search for a prompt is made once a feature, its
guidance calibrated at each level.

Paper: Table 1. Where a method has published settings for large pictures, these are those for 32 pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.adapter.feature import FeatureScore
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.embedded.animals import load_animals
from distributional_view.backends.embedded.layer import Layer
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.prior_pool import CHUNK
from distributional_view.backends.embedded.prompted import EmbeddedPrior, embedded_prior
from distributional_view.backends.embedded.store import load_classifier
from distributional_view.backends.embedded.strengths import LOWEST, Strengths
from distributional_view.backends.embedded.world import prior_world
from distributional_view.backends.jobs import in_file
from distributional_view.backends.measures.cost import cost
from distributional_view.backends.options import SamplerOptions
from distributional_view.backends.paradigms import coordinates, dexter, diffexplainer, fourier, maco, search, vital
from distributional_view.backends.paradigms.layers import ScoredLayers
from distributional_view.backends.paradigms.prompts import PromptFound, Prompting, Sampling
from distributional_view.backends.paradigms.statistics import PictureStatistics, statistics
from distributional_view.backends.potential.from_pool import PoolWorld, with_pool
from distributional_view.jobs import Job, Lines
from distributional_view.theory.errors import require
from distributional_view.theory.methods import energy_dps, hybrid, klsc_weights, retrieval
from distributional_view.theory.methods.klsc_weights import KlscWeights
from distributional_view.theory.methods.method import Memory, Method
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.samplers.potential import Predictive, predictive
from distributional_view.theory.samplers.schedule import Spacing
from distributional_view.theory.samplers.solvers import Solver
from distributional_view.theory.seeds import part_seed

AM, SEARCH, PROXY, SOFT = "activation maximisation", "dataset search", "proxy-guided generation", "soft constraint"
"""The paper's four paradigms; the fourth is its own, with the data's tilt beside EnergyDPS."""
PARADIGMS = (AM, SEARCH, PROXY, SOFT)
SOLVER: Solver = "2M-SDE"
SPACING: Spacing = "log-SNR"
_CALIBRATED, _PROMPT, _KNOWN = 1, 2, 3  # parts of the seed; 0 is that of the draws
_FEW = Sampling(6, 1.0, 4, SOLVER)  # of a search for a prompt
_SEARCHED = 50  # levels of noise that those steps are taken from


@dataclass(frozen=True)
class ParadigmBudget:
    """Sizes of the comparison.

    Args:
        levels: quantiles of the score over the data, ascending, each in (0, 1).
        features: how many of the named features, in their order.
        n: pictures a cell, >= 2.
        seeds: draws of each method at a level.
        steps: reverse steps of every method that generates.
        runs: pictures of a calibration.
        ascent: most steps of a method that optimises pictures.
        prompt: iterations of a search for a prompt.
        references: pictures that VITAL matches.
        known: noised test pictures, which tell how far each level of noise knows the score.
        tolerance: of a calibrated mean, in standard deviations of the score over the data.

    Raises:
        ValueError: for levels or sizes out of range.
    """

    levels: tuple[float, ...] = (0.8, 0.95, 0.99)
    features: int = 6
    n: int = 12
    seeds: int = 3
    steps: int = 20
    runs: int = 24
    ascent: int = 128
    prompt: int = 40
    references: int = 30
    known: int = 100
    tolerance: float = 0.05

    def __post_init__(self) -> None:
        require(len(self.levels) >= 1, "levels", self.levels, "at least one")
        for level in self.levels:
            require(0 < level < 1, "level", level, "in (0, 1), a quantile")
        require(self.n >= 2, "n", self.n, ">= 2")


QUICK = ParadigmBudget((0.8, 0.95), 2, 6, 1, 10, 12, 64, 8, 12, 60, 0.1)


def own_prior(psi: FeatureScore, steps: int, spacing: Spacing) -> TorchWorld:
    """The world's prior with a score."""
    return prior_world(psi, SamplerOptions(steps, batch=CHUNK, spacing=spacing))


WorldOf = Callable[[FeatureScore, int, Spacing], TorchWorld]


@cache
def picture_statistics() -> PictureStatistics:
    """Of the training pictures."""
    return statistics(load_animals()[0].images.split(CHUNK))


@dataclass(frozen=True, eq=False)
class OneFeature:
    """What the methods for one feature are made of, each part when it is asked for.

    Args:
        feature: its index.
        budget: sizes.
        seed: of everything random about it.
        job: where calibrations and prompts are kept.
        layer: whose feature it is.
        world_of: the prior of the methods that generate without a prompt, with a score, steps and their spacing.
    """

    feature: int
    budget: ParadigmBudget
    seed: int
    job: Job
    layer: Layer = field(default_factory=lambda: shared().layer)
    world_of: WorldOf = field(default=own_prior)
    searching: dict[str, float] = field(default_factory=dict, init=False)
    """Processor seconds of each search for a prompt."""

    @cached_property
    def scores(self) -> Float[np.ndarray, " pictures"]:
        """Of all pictures, training part first."""
        return self.layer.activation(self.feature)

    @cached_property
    def sd(self) -> float:
        """Of the score over the data: the unit of tolerances."""
        return float(self.scores.std())

    def level(self, quantile: float) -> float:
        """The quantile of the score over the data."""
        return float(np.quantile(self.scores, quantile))

    @cached_property
    def pool(self) -> ScoredPool:
        """The training pictures."""
        images = load_animals()[0].images
        return ScoredPool(self.scores[: len(images)], lambda indices: images[torch.as_tensor(indices)])

    @cached_property
    def patches(self) -> Float[np.ndarray, " pool"]:
        """What the search by patch ranks the pool by: the largest code in each picture's map."""
        maps = self.layer.transcoder.feature_map
        with torch.no_grad():
            parts = self.layer.hooked[: len(self.pool.scores)].split(CHUNK)
            keys = torch.cat([search.KEYS[search.BY_PATCH](maps(part, self.feature)) for part in parts])
        found: Float[np.ndarray, " pool"] = keys.double().numpy()
        return found

    @cached_property
    def world(self) -> TorchWorld:
        """The prior with the feature's score; its draws from p are test pictures."""
        return replace(self.world_of(self.layer.score(self.feature), self.budget.steps, SPACING), prior=_held_out)

    @cached_property
    def prompted(self) -> EmbeddedPrior:
        """The same prior with prompts."""
        return self._with_words(self.budget.steps, SPACING)

    def _with_words(self, steps: int, spacing: Spacing) -> EmbeddedPrior:
        prior = embedded_prior(0, steps, spacing)
        return replace(prior, world=replace(prior.world, psi=self.layer.score(self.feature), batch=CHUNK))

    @cached_property
    def layers(self) -> ScoredLayers:
        """What the classifier has at the end of each stage on the way to the score."""
        classifier, hook = load_classifier(), self.layer.hook
        psi = replace(self.layer.score(self.feature), backbone=classifier.backbone(hook))
        return ScoredLayers(psi, [*classifier.stages[: hook.stage], classifier.downsample_layers[hook.stage]])

    @cached_property
    def pooled(self) -> PoolWorld:
        """The prior with the H_t of the training pictures."""
        return with_pool(self.world, load_animals()[0].images, self.pool.scores)

    @cached_property
    def known(self) -> Predictive:
        """What each level of noise tells of the score, on test pictures."""
        return predictive(self.pooled, part_seed(self.seed, _KNOWN), self.budget.known)

    @cached_property
    def strengths(self) -> Strengths:
        """Of the calibrations, in multipliers of the data's tilt."""
        seed, lowest = part_seed(self.seed, _CALIBRATED), self.level(LOWEST)
        return Strengths(self.pool, self.sd, lowest, self.budget.tolerance * self.sd, seed, self.budget.runs)

    def remember(self, name: str) -> Memory:
        """A memory of a method's calibration, in the job's folder."""
        return in_file(self.job.folder / f"calibration-{self.feature}-{_file(name)}.jsonl", self.job.token)

    def with_prompt(self, name: str, made: Prompting) -> Prompting:
        """The method with the prompt that it finds, or found in an earlier call.

        A search takes its few steps from a schedule even in time: one that is spaced already has too few levels there.
        """
        lines = Lines(self.job.folder / f"prompt-{self.feature}-{_file(name)}.jsonl", self.job.token)
        if not lines.rows:
            found = cost(replace(made, prior=self._with_words(_SEARCHED, "time")).found)
            lines.add({"found": found.result.row(), "seconds": found.seconds})
        self.searching[name] = lines.rows[0]["seconds"]
        return replace(made, known=PromptFound.of_row(lines.rows[0]["found"]))


def _file(name: str) -> str:
    return name.replace(" ", "-")


def _held_out(seed: int, n: int) -> Tensor:
    images = load_animals()[1].images
    require(n <= len(images), "n", n, f"<= {len(images)}, the test pictures")
    return images[torch.from_numpy(np.random.default_rng(seed).permutation(len(images))[:n])]


class Entrant(NamedTuple):
    """A method: what rows call it, its paradigm, what it does in a few words, and how it is made for a level."""

    name: str
    paradigm: str
    says: str
    make: Callable[[OneFeature, float], Method]


def _fourier(f: OneFeature, level: float) -> Method:
    return fourier.Fourier(f.world, picture_statistics(), replace(fourier.SMALL, steps=f.budget.ascent))


def _maco(f: OneFeature, level: float) -> Method:
    return maco.Maco(f.world, picture_statistics(), replace(maco.SMALL, steps=f.budget.ascent))


def _vital(f: OneFeature, level: float) -> Method:
    best = np.argsort(-f.pool.scores, kind="stable")[: f.budget.references]
    references = torch.as_tensor(f.pool.take(best))
    return vital.Vital(f.world, f.layers, references, replace(vital.SMALL, steps=f.budget.ascent))


def _prompting(f: OneFeature, name: str, kind: Callable[..., Prompting], settings: Any) -> Method:
    made = kind(
        prior=f.prompted,
        tolerance=f.strengths.tolerance,
        seed=part_seed(f.seed, _PROMPT),
        runs=f.budget.runs,
        solver=SOLVER,
        remember=f.remember(name),
        settings=settings,
    )
    return f.with_prompt(name, made)


def _word(f: OneFeature, level: float) -> Method:
    settings = replace(coordinates.SINGLE_SMALL, sampling=_FEW)
    return _prompting(f, coordinates.SINGLE, coordinates.CoordinateSearch, settings)


def _diffexplainer(f: OneFeature, level: float) -> Method:
    settings = replace(diffexplainer.SMALL, sampling=_FEW, iterations=f.budget.prompt, starts=2)
    return _prompting(f, diffexplainer.NAME, diffexplainer.DiffExplainer, settings)


def _dexter(f: OneFeature, level: float) -> Method:
    settings = replace(dexter.SMALL, sampling=_FEW, iterations=f.budget.prompt, starts=1)
    return _prompting(f, dexter.NAME, dexter.Dexter, settings)


def _energy(f: OneFeature, level: float) -> Method:
    return f.strengths.energy(f.world, level, f.remember(energy_dps.NAME), SOLVER)


def _hybrid(f: OneFeature, level: float) -> Method:
    return f.strengths.hybrid(f.pooled, f.known, level, f.remember(hybrid.NAME))


ENTRANTS: tuple[Entrant, ...] = (
    Entrant(fourier.NAME, AM, "pixels climb the score, through moved views", _fourier),
    Entrant(maco.NAME, AM, "the same, with the spectrum of real pictures kept", _maco),
    Entrant(vital.NAME, AM, "inner features made like those of top pictures", _vital),
    Entrant(retrieval.NAME, SEARCH, "real pictures above a threshold", lambda f, level: retrieval.Retrieval(f.pool)),
    Entrant(
        search.BY_PATCH,
        SEARCH,
        "real pictures with the strongest patch",
        lambda f, level: search.Search(f.pool, f.patches),
    ),
    Entrant(coordinates.SINGLE, PROXY, "a generator is told the best single word", _word),
    Entrant(diffexplainer.NAME, PROXY, "a generator's prompt is optimised as vectors", _diffexplainer),
    Entrant(dexter.NAME, PROXY, "a generator's prompt is searched in words", _dexter),
    Entrant(
        klsc_weights.NAME, SOFT, "real pictures drawn with weight exp(β score)", lambda f, level: KlscWeights(f.pool)
    ),
    Entrant(energy_dps.NAME, SOFT, "a generator is guided by the score itself", _energy),
    Entrant(hybrid.NAME, SOFT, "the same, at first guided by real pictures", _hybrid),
)
"""In the order of the table. Another method is one more entry."""
