"""Transcoder features against single channels of the same place: is the explanation of one more consistent?

Objects are random live features, for each the channel whose score is most correlated with its own over the pictures,
and all live channels. Each object is explained at a quantile of its own score by methods of `entrants`; those
that weigh the pictures of the data are measured with all their weights, the others on what they draw. As a control the
same weights are given to random pictures.

The work lies in a folder, a line an object, level and method; what is there is not run again.

Paper: Table 7, Figures 6, 7, Appendix L.1. Matched channels, weights and control are ours.
"""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from jaxtyping import Float

from distributional_view.backends.cells import Row, filled
from distributional_view.backends.embedded.consistency import consistency
from distributional_view.backends.embedded.described import data_words, words_of
from distributional_view.backends.embedded.layer import Layer
from distributional_view.backends.embedded.measures import features_and_logits, stage_maps
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.paradigm_ground import EmbeddedGround
from distributional_view.backends.embedded.store import Part, weights_path
from distributional_view.backends.measures.consistency import Consistency
from distributional_view.backends.measures.diversity import diversity
from distributional_view.backends.paradigms.budget import QUICK as PARADIGM_QUICK
from distributional_view.backends.paradigms.budget import ParadigmBudget
from distributional_view.backends.paradigms.comparison import brought_to
from distributional_view.backends.paradigms.entrants import Entrant, entrants_of
from distributional_view.backends.paradigms.kept import kept
from distributional_view.backends.paradigms.measuring import as_shown
from distributional_view.backends.paradigms.objects import (
    CHANNEL,
    FEATURE,
    LIVE,
    MATCHED,
    Object,
    cells,
    key_of,
    picked,
    weights_of,
)
from distributional_view.backends.paradigms.one_feature import OneFeature
from distributional_view.jobs import Job, Lines, opened
from distributional_view.theory.methods.method import Drawn
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.seeds import part_seed

_OF_FEATURE, _OF_CHANNEL = 1, 2  # parts of the seed, beside that of the choice
_DRAWS, _MIXED = 0, 4  # parts of an object's seed, beside those of `entrants`


@dataclass(frozen=True)
class NeuronBudget:
    """Sizes of the comparison.

    Args:
        objects: features, and at most as many channels.
        levels: quantiles of an object's score over the data.
        sampling: of the methods that are not offline, and the number of pictures drawn.

    Raises:
        ValueError: for levels out of range.
    """

    objects: int = 100
    levels: tuple[float, ...] = (0.99,)
    sampling: ParadigmBudget = field(default_factory=lambda: replace(ParadigmBudget(), seeds=1))

    def __post_init__(self) -> None:
        replace(self.sampling, levels=self.levels)  # refuses levels out of range


QUICK = NeuronBudget(12, sampling=replace(PARADIGM_QUICK, seeds=1))


def run(out: Path, budget: NeuronBudget, methods: tuple[str, ...], seed: int, progress: Progress = silent) -> list[Row]:
    """All rows, by object, level and method.

    Args:
        out: the comparison's folder.
        budget: sizes.
        methods: names of `entrants.ENTRANTS`.
        seed: of everything random.
        progress: in rows.

    Raises:
        ValueError: for a method that does not exist.
        OtherRequest: if the folder belongs to another comparison; other methods and levels are the same one.
        UserError: if a file of the folder is damaged, another process works there, or it cannot be written.
        MissingWeights, MissingData: if a part of the backend is not there.
    """
    entrants = entrants_of(methods)
    contents = {part: weights_path(part) for part in get_args(Part)}
    identity = {"budget": asdict(budget) | {"levels": None}, "seed": seed}
    with opened(out, identity, contents, ("rows.jsonl",)) as job:
        features = shared().layer
        every = cells(chosen(features, budget.objects, seed), budget.levels, entrants)
        return filled(
            Lines(job.folder / "rows.jsonl", job.token),
            key_of,
            {(t.kind, t.index, t.feature, q, e.name): (t, q, e) for t, q, e in every},
            _Runner(features, features.channels, budget, seed, job).row,
            progress,
            lambda thing, *_: f"{thing.kind} {thing.index}",
            "all objects",
        )


def chosen(features: Layer, most: int, seed: int) -> list[Object]:
    """Random live features, the channel that is most correlated with each, and random live channels."""
    channels = features.channels
    return picked(
        features.live(LIVE),
        channels.live(LIVE),
        lambda own, theirs: (features.activations(own), channels.activations(theirs)),
        most,
        seed,
    )


class _Runner:
    """Explains and measures objects."""

    def __init__(self, features: Layer, channels: Layer, budget: NeuronBudget, seed: int, job: Job) -> None:
        self.layers = {FEATURE: features, MATCHED: channels, CHANNEL: channels}
        self.budget, self.seed, self.job = budget, seed, job
        self.maps = stage_maps(shared().classifier)
        self.features = shared().reference.double().numpy()
        self.ones = dict[tuple[str, int], OneFeature]()

    def row(self, thing: Object, quantile: float, entrant: Entrant) -> Row:
        """One object by one method at one level."""
        one = self._one(thing)
        level = one.level(quantile)
        method = entrant.make(one, level)
        knob, problem = brought_to(method, one, quantile)
        drawn = method.draw(knob, part_seed(one.seed, _DRAWS), one.budget.n)
        pictures = as_shown(drawn.points)
        weights = weights_of(one.ground.pool.scores, entrant, level)
        measured = self._drawn(drawn, pictures) if weights is None else self._of_data(weights)
        mixed = np.random.default_rng(part_seed(one.seed, _MIXED)).permutation(len(one.ground.pool.scores))
        control = None if weights is None else self._of_data(weights[mixed])
        return {
            **asdict(thing),
            "level": quantile,
            "target": level,
            "method": entrant.name,
            "activation": float(drawn.mean if weights is None else weights @ one.ground.pool.scores),
            **measured._asdict(),
            "diversity": diversity(self.maps, pictures) if len(pictures) > 1 else None,
            "control_gain": None if control is None else control.gain,
            "control_success": None if control is None else control.success,
            "problem": problem,
            "shown": kept(pictures, drawn.scores),
        }

    def _one(self, thing: Object) -> OneFeature:
        """Matched or not, a channel is the same object with the same random numbers."""
        name, part = (FEATURE, _OF_FEATURE) if thing.kind == FEATURE else (CHANNEL, _OF_CHANNEL)
        if (name, thing.index) not in self.ones:
            folder = self.job.folder / name
            folder.mkdir(exist_ok=True)
            job, seed = self.job._replace(folder=folder), part_seed(self.seed, part, thing.index)
            ground = EmbeddedGround(thing.index, self.budget.sampling.steps, self.layers[thing.kind])
            self.ones[name, thing.index] = OneFeature(ground, self.budget.sampling, seed, job)
        return self.ones[name, thing.index]

    def _of_data(self, weights: Float[np.ndarray, " n"]) -> Consistency:
        return consistency(data_words()[: len(weights)], self.features[: len(weights)], weights)

    def _drawn(self, drawn: Drawn, pictures: torch.Tensor) -> Consistency:
        n, (seen, logits) = len(pictures), features_and_logits(shared().classifier, pictures)
        return consistency(words_of(pictures, logits), seen.double().numpy(), np.full(n, 1 / n))
