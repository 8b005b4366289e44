"""Features of a local transcoder against single channels of the layer that it reads.

All objects are scored in two passes over the pictures: one says which fire, the other keeps the scores of those that
were drawn. Words are the folders that the pictures lie in, if these are labels; without, only what the backbone sees
says how far an explanation's pictures agree.

Paper: Table 7, Figures 6, 7, Appendix L.1. There raters judge.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from distributional_view.backends.adapter.passes import autocast_of, in_precision
from distributional_view.backends.cells import Row, filled
from distributional_view.backends.explain.lessons import KeptScores
from distributional_view.backends.jobs import usable
from distributional_view.backends.measures.consistency import (
    NOTHING,
    Consistency,
    Usual,
    consistency,
    word_shares,
)
from distributional_view.backends.measures.diversity import diversity
from distributional_view.backends.paradigms.budget import ParadigmBudget
from distributional_view.backends.paradigms.comparison import brought_to
from distributional_view.backends.paradigms.entrants import Entrant, entrants_of
from distributional_view.backends.paradigms.kept import kept
from distributional_view.backends.paradigms.known_ground import KnownGround, numbers_of, unreachable
from distributional_view.backends.paradigms.local_ground import published
from distributional_view.backends.paradigms.local_layers import live_features
from distributional_view.backends.paradigms.local_measures import kid_features, local_eyes
from distributional_view.backends.paradigms.local_model import LocalModel, LocalRequest, Purpose, local_model
from distributional_view.backends.paradigms.objects import FEATURE, LIVE, Object, cells, key_of, picked, weights_of
from distributional_view.backends.paradigms.one_feature import OneFeature
from distributional_view.backends.transcoders.channels import identity
from distributional_view.errors import UserError
from distributional_view.jobs import Job, Lines, opened
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.seeds import part_seed

ROWS = "rows.jsonl"
_OF_FEATURE, _OF_CHANNEL = 1, 2  # parts of the seed, beside that of the choice
_DRAWS, _MIXED = 0, 4  # parts of an object's seed
_NOTHING: Row = NOTHING._asdict() | dict.fromkeys(
    ("activation", "diversity", "control_gain", "control_success", "control_similarity", "shown")
)


@dataclass(frozen=True)
class LocalNeuronBudget:
    """Sizes of the comparison.

    Args:
        objects: features, and at most as many channels.
        levels: quantiles of an object's score over the pictures.
        sampling: of the methods that sample, and the number of pictures drawn.

    Raises:
        ValueError: for levels out of range.
    """

    objects: int = 100
    levels: tuple[float, ...] = (0.99,)
    sampling: ParadigmBudget = field(default_factory=lambda: ParadigmBudget(n=12, seeds=1, steps=50, runs=16))

    def __post_init__(self) -> None:
        replace(self.sampling, levels=self.levels)  # refuses levels out of range


class LocalNeurons(NamedTuple):
    """All rows, what they were made of, what similarity is on, in words, and the labels, if there are."""

    rows: list[Row]
    made_of: dict[str, Any]
    features: str
    labels: tuple[str, ...]


def run(
    out: Path,
    request: LocalRequest,
    budget: LocalNeuronBudget,
    methods: Sequence[str],
    seed: int,
    label_folders: bool = False,
    progress: Progress = silent,
    say: Callable[[Sequence[str]], None] = lambda _: None,
) -> LocalNeurons:
    """All rows, by object, level and method; what `out` has already is read.

    Args:
        out: the comparison's folder.
        request: what there is; its features are not used.
        budget: sizes.
        methods: names of `entrants.ENTRANTS`.
        seed: of everything random.
        label_folders: whether the folder that a picture lies in is its word.
        progress: in rows.
        say: is told what the user should know, before it begins.

    Raises:
        ValueError: for a method that does not exist.
        UserError: for a method that lacks what it needs, fewer than two folders, or no live objects.
        OtherRequest: if the folder belongs to another comparison; other methods and levels are the same one.
    """
    usable(request.sampler.device)
    entrants = entrants_of(methods)
    purpose = Purpose("neurons", False, "one of five is held back")
    model = local_model(replace(request, features=(0,)), out / ".pictures.json", seed, progress, purpose)
    for entrant in entrants:
        if entrant.needs is not None and entrant.needs in model.lacking:
            raise UserError(f"--method {entrant.name}: cannot be had: {model.lacking[entrant.needs]}")
    say(model.said)
    files = [*model.training, *model.held]
    labels = sorted({path.parent.name for path in files}) if label_folders else []
    if label_folders and len(labels) < 2:
        raise UserError(
            f"--label-folders: {request.paths.images} must have pictures in at least two folders, has {len(labels)}"
        )
    words = np.array([[labels.index(path.parent.name)] for path in files]) if label_folders else None
    made_of = {**model.made_of, "labels": labels}
    identity_ = {"budget": asdict(budget) | {"levels": None}, "seed": seed, "made_of": made_of}
    with opened(out, identity_, model.contents, (ROWS, "scores.npy", "seen.npy")) as job:
        runner = _Runner(model, files, words, labels, budget, seed, job, progress)
        every = cells(runner.objects, budget.levels, entrants)
        rows = filled(
            Lines(job.folder / ROWS, job.token),
            key_of,
            {(t.kind, t.index, t.feature, q, e.name): (t, q, e) for t, q, e in every},
            runner.row,
            progress,
            lambda thing, *_: f"{thing.kind} {thing.index}",
            "all objects",
        )
    if all(row["similarity"] is None for row in rows):
        raise UserError(
            f"--levels: nothing can be measured at {', '.join(f'{level:g}' for level in budget.levels)}, such as of "
            f"{rows[0]['kind']} {rows[0]['index']}: {rows[0]['problem']}: choose other levels, or give more pictures"
        )
    return LocalNeurons(rows, made_of, kid_features(model), tuple(labels))


class _Runner:
    """Chooses, explains and measures objects."""

    def __init__(
        self,
        model: LocalModel,
        files: Sequence[Path],
        words: Int[np.ndarray, "n 1"] | None,
        labels: Sequence[str],
        budget: LocalNeuronBudget,
        seed: int,
        job: Job,
        progress: Progress,
    ) -> None:
        self.model, self.files, self.words = model, files, words
        self.budget, self.seed, self.job, self.progress = budget, seed, job, progress
        dictionary = identity(model.psi.transcoder.spec.d_in).to(model.device)
        self.channels = replace(model, psi=replace(model.psi, transcoder=dictionary, feature=0))
        self.eyes = local_eyes(model)
        live, alive = (live_features(each, LIVE).tolist() for each in (model, self.channels))
        for name, found in (("features", live), ("channels", alive)):
            if not found:
                raise UserError(
                    f"--transcoder {model.request.paths.transcoder}: no {name} fire in {LIVE:.0%} of the pictures"
                )
        self.objects = picked(live, alive, self._scores, budget.objects, seed)
        self.features = self._table("seen.npy", self.eyes.see, "seeing the pictures")
        base = np.array([]) if words is None else word_shares(words, np.full(len(words), 1 / len(words)), len(labels))
        self.usual = Usual(tuple(labels), len(labels), base, self.features.mean(0))
        self.ones = dict[tuple[bool, int], OneFeature]()

    def row(self, thing: Object, quantile: float, entrant: Entrant) -> Row:
        """One object by one method at one level."""
        one = self._one(thing)
        level, pool = one.level(quantile), one.ground.pool
        told = {**asdict(thing), "level": quantile, "target": level, "method": entrant.name}
        problem = unreachable(one, quantile)
        if problem is not None:
            return told | _NOTHING | {"problem": problem}
        method = entrant.make(one, level)
        knob, problem = brought_to(method, one, quantile, self.progress)
        drawn = method.draw(knob, part_seed(one.seed, _DRAWS), one.budget.n, self.progress)
        pictures = one.pictures(drawn.points, entrant.needs)
        weights = weights_of(pool.scores, entrant, level)
        mixed = np.random.default_rng(part_seed(one.seed, _MIXED)).permutation(len(pool.scores))
        control = NOTHING if weights is None else self._of_pool(weights[mixed])
        measured = self._drawn(pictures) if weights is None else self._of_pool(weights)
        alone = measured == NOTHING and problem is None
        return {
            **told,
            "activation": float(drawn.mean if weights is None else weights @ pool.scores),
            **measured._asdict(),
            "diversity": diversity(self.eyes.maps, pictures) if len(pictures) > 1 else None,
            "control_gain": control.gain,
            "control_success": control.success,
            "control_similarity": control.similarity,
            "problem": "a single picture, of which nothing is measured" if alone else problem,
            "shown": kept(pictures, drawn.scores),
        }

    def _one(self, thing: Object) -> OneFeature:
        """Matched or not, a channel is the same object with the same random numbers."""
        of_feature = thing.kind == FEATURE
        key = (of_feature, thing.index)
        if key not in self.ones:
            model, part = (self.model, _OF_FEATURE) if of_feature else (self.channels, _OF_CHANNEL)
            folder = self.job.folder / (FEATURE if of_feature else "channel")
            folder.mkdir(exist_ok=True)
            job, sampling = self.job._replace(folder=folder), self.budget.sampling
            settings = published(model.hook[0], model.request.score.reduction)
            ground = KnownGround(thing.index, model, sampling.steps, settings, job, self.progress, self.numbers[key])
            self.ones[key] = OneFeature(ground, sampling, part_seed(self.seed, part, thing.index), job, self.progress)
        return self.ones[key]

    def _of_pool(self, weights: Float[np.ndarray, " n"]) -> Consistency:
        words = None if self.words is None else self.words[: len(weights)]
        return self._measured(words, self.features[: len(weights)], weights)

    def _drawn(self, pictures: Tensor) -> Consistency:
        """Drawn pictures have no words."""
        n = len(pictures)
        return self._measured(None, self.eyes.see(pictures).double().numpy(), np.full(n, 1 / n))

    def _measured(
        self, words: Int[np.ndarray, "n 1"] | None, features: Float[np.ndarray, "n d"], weights: Float[np.ndarray, " n"]
    ) -> Consistency:
        """Nothing of a single picture."""
        if np.count_nonzero(weights) < 2:
            return NOTHING
        return consistency(words, features, weights, self.usual)

    def _scores(
        self, features: list[int], channels: list[int]
    ) -> tuple[Float[np.ndarray, "n k"], Float[np.ndarray, "n c"]]:
        """Of all pictures; `numbers` then has what the grounds of all objects need."""

        def both(part: Tensor) -> Tensor:
            activations = self._activations(part)
            sides = ((self.model.psi, features), (self.channels.psi, channels))
            return torch.cat([n for psi, chosen in sides for n in numbers_of(psi, activations, chosen)], 1)

        rows = self._table("scores.npy", both, "scoring all objects")
        k, c = len(features), len(channels)
        own, patches, theirs, peaks = np.split(rows, np.cumsum([k, k, c]), axis=1)
        self.numbers = {(True, f): np.stack([own[:, i], patches[:, i]], 1) for i, f in enumerate(features)}
        self.numbers |= {(False, f): np.stack([theirs[:, i], peaks[:, i]], 1) for i, f in enumerate(channels)}
        return own, theirs

    def _table(self, name: str, see: Callable[[Tensor], Tensor], said: str) -> Float[np.ndarray, "n d"]:
        """A row a picture; kept."""
        known = KeptScores(lambda part: see(part).float().cpu(), self.job.folder / name, self.job.token)
        if len(known.rows) < len(self.files):
            try:
                for part in self.model.batches(self.files):
                    with self._running():
                        known(part)
                    self.progress(said, known.place, len(self.files))
            finally:
                known.save()
        return np.stack(known.rows).astype(np.float64)

    def _activations(self, part: Tensor) -> Float[Tensor, "n c h w"]:
        psi = self.model.psi
        found: Float[Tensor, "n c h w"] = psi.backbone(psi.preprocess(part.to(self.model.device)))
        return found

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Without gradients, in the precision that is asked for."""
        model = self.model
        with torch.no_grad(), in_precision(model.device, autocast_of(model.request.sampler.precision)):
            yield
