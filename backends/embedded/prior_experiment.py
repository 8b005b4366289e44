"""What the same features look like under another prior, and what the theory predicts: the tilt of that prior.

Each prior p is sampled without guidance; the sample, reweighted to the level, is p's own tilt, which is all that guided
samples of p can be. Beside it stand the tilt of the data and that of the data of the home classes, the ones that a
narrow prior was trained on. EnergyDPS is calibrated to the same level under every prior.

The work lies in a folder: rows are lines, samples of a prior a file; what is there is not made again.

Paper: Table 9, Lemma F.1 (17). The predictions are ours.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from distributional_view.backends.cells import Row, filled
from distributional_view.backends.embedded.animals import CLASSES, as_grey, load_animals, to_images
from distributional_view.backends.embedded.features import Named
from distributional_view.backends.embedded.judge import tilt_of
from distributional_view.backends.embedded.judge_measures import class_tv, resampled, shares, tv_floor
from distributional_view.backends.embedded.measures import features_and_logits
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.narrow import Candidate, as_seen
from distributional_view.backends.embedded.paradigm_ground import EmbeddedGround, own_prior
from distributional_view.backends.embedded.paradigm_measures import real
from distributional_view.backends.embedded.prior_pool import CHUNK
from distributional_view.backends.embedded.store import Part, weights_path
from distributional_view.backends.measures.weighted import KernelReference
from distributional_view.backends.paradigms.budget import QUICK as PARADIGM_QUICK
from distributional_view.backends.paradigms.budget import SOLVER, SPACING, ParadigmBudget
from distributional_view.backends.paradigms.comparison import brought_to, near
from distributional_view.backends.paradigms.entrants import entrants_of
from distributional_view.backends.paradigms.kept import kept
from distributional_view.backends.paradigms.measuring import as_shown
from distributional_view.backends.paradigms.one_feature import OneFeature
from distributional_view.jobs import Job, Lines, opened
from distributional_view.sealed import read_sealed_arrays, write_sealed_arrays
from distributional_view.theory.errors import InfeasibleTarget, require
from distributional_view.theory.methods import energy_dps
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.energy_dps import unguided
from distributional_view.theory.seeds import part_seed

UNGUIDED, TILT, GUIDED = "unguided", "its tilt", energy_dps.NAME
WHATS = (UNGUIDED, TILT, GUIDED)
"""Of each prior: its samples, those reweighted to the level, and guided ones."""
DATA = "the data"
DRAWS = 400
"""Pictures that stand for a larger set where kernel distances are measured."""
_DRAWS, _POOL, _DRAWN = 0, 1, 2  # parts of the seed
_ALL = slice(None)


@dataclass(frozen=True)
class PriorBudget:
    """Sizes of the experiment.

    Args:
        classes: of the narrow prior: home.
        features: how many of the named features, in their order.
        training: steps of the narrow prior's further training.
        pool: samples of each prior, >= 2.
        cells: of each feature; one level.
    """

    classes: tuple[str, ...] = ("cow", "horse", "sheep")
    features: int = 4
    training: int = 300
    pool: int = 1000
    cells: ParadigmBudget = field(default_factory=lambda: replace(ParadigmBudget(), levels=(0.95,), n=24, seeds=1))

    def __post_init__(self) -> None:
        require(self.pool >= 2, "pool", self.pool, ">= 2")
        require(len(self.cells.levels) == 1, "levels", self.cells.levels, "one")


QUICK = PriorBudget(("cow", "horse", "sheep"), 2, 60, 100, replace(PARADIGM_QUICK, levels=(0.95,), n=8))


def run(
    out: Path,
    budget: PriorBudget,
    candidates: Sequence[Candidate],
    seed: int,
    features: Sequence[Named],
    progress: Progress = silent,
) -> list[Row]:
    """All rows, by feature: the data's tilts, then each prior's.

    Args:
        out: the experiment's folder.
        budget: sizes.
        candidates: the priors, each with a name of its own.
        seed: of everything random.
        features: to be explained.
        progress: in rows.

    Raises:
        ValueError: for two priors of one name.
        OtherRequest: if the folder belongs to another experiment; other features are the same one.
        UserError: if a file of the folder is damaged, another process works there, or it cannot be written.
        MissingWeights, MissingData: if a part of the backend is not there.
    """
    names = [candidate.name for candidate in candidates]
    require(len(set(names)) == len(names), "names of priors", names, "all different")
    contents = {part: weights_path(part) for part in get_args(Part)}
    contents |= {f"{c.name}: {name}": path for c in candidates for name, path in c.files.items()}
    identity = {"budget": asdict(budget) | {"features": None}, "seed": seed, "priors": names}
    with opened(out, identity, contents, ("rows.jsonl", "pool-*.npy")) as job:
        return filled(
            Lines(job.folder / "rows.jsonl", job.token),
            _key,
            {(f.index, *cell): (f, *cell) for f in features for cell in _cells(names)},
            _Runner(job, budget, {c.name: (place, c) for place, c in enumerate(candidates)}, seed).row,
            progress,
            lambda feature, prior, _: f"{feature.name}: {prior}",
            "all features",
        )


def _cells(names: Sequence[str]) -> list[tuple[str, str]]:
    return [(DATA, TILT), (f"{DATA} of home", TILT), *((name, what) for name in names for what in WHATS)]


def _key(row: Row) -> tuple[Any, ...]:
    return row["feature"], row["prior"], row["what"]


class _Seen(NamedTuple):
    """Pictures with the features and the class that the classifier gives them."""

    images: Float[Tensor, "n 1 h w"]
    features: Float[np.ndarray, "n d"]
    labels: Int[np.ndarray, " n"]


def _seen(images: Float[Tensor, "n 1 h w"]) -> _Seen:
    features, logits = features_and_logits(shared().classifier, images, CHUNK)
    return _Seen(images, features.double().numpy(), logits.argmax(1).numpy())


class _Runner:
    """Draws and measures."""

    def __init__(self, job: Job, budget: PriorBudget, candidates: dict[str, tuple[int, Candidate]], seed: int) -> None:
        self.job, self.budget, self.candidates, self.seed = job, budget, candidates, seed
        self.home = np.array([CLASSES.index(name) for name in budget.classes])
        at_home = np.isin(load_animals()[1].labels.numpy(), self.home)
        theirs = real().features[at_home]
        self.of_home = KernelReference(theirs, np.full(len(theirs), 1 / len(theirs)))
        labels = load_animals()[0].labels.numpy()
        self.places = {DATA: np.arange(len(labels)), f"{DATA} of home": np.flatnonzero(np.isin(labels, self.home))}
        self.sets = dict[str, _Seen]()
        self.ones = dict[tuple[int, str], OneFeature]()

    def row(self, feature: Named, prior: str, what: str) -> Row:
        """One cell."""
        one = self._one(feature, prior)
        level = one.level(self.budget.cells.levels[0])
        told = {"feature": feature.index, "name": feature.name, "prior": prior, "what": what}
        told |= {"level": self.budget.cells.levels[0], "target": level, "sd": one.sd}
        if what == GUIDED:
            return told | self._guided(one)
        pictures = self._pictures(prior)
        scores = self._scores(prior, pictures, one)
        n = len(scores)
        if what == UNGUIDED:
            return told | self._measured(pictures, scores, np.full(n, 1 / n), level)
        try:
            weights = tilt_of(scores, pictures.labels, level).weights
        except InfeasibleTarget as failure:
            return told | _NOTHING | {"problem": str(failure)}
        return told | self._measured(pictures, scores, weights, level)

    def _one(self, feature: Named, prior: str) -> OneFeature:
        if (feature.index, prior) not in self.ones:
            place, candidate = self.candidates.get(prior, (0, None))
            world_of = own_prior if candidate is None else candidate.world_of
            (folder := self.job.folder / f"prior-{place}").mkdir(exist_ok=True)
            ground = EmbeddedGround(feature.index, self.budget.cells.steps, world_of=world_of)
            seed, job = part_seed(self.seed, feature.index), self.job._replace(folder=folder)
            self.ones[feature.index, prior] = OneFeature(ground, self.budget.cells, seed, job)
        return self.ones[feature.index, prior]

    def _guided(self, one: OneFeature) -> Row:
        """EnergyDPS at the level; its strengths are bounded as those of the data's tilt."""
        (entrant,), quantile = entrants_of([GUIDED]), self.budget.cells.levels[0]
        level = one.level(quantile)
        method = entrant.make(one, level)
        knob, problem = brought_to(method, one, quantile)
        drawn = method.draw(knob, part_seed(one.seed, _DRAWS), self.budget.cells.n)
        pictures = _seen(as_shown(as_seen(one.ground.world, drawn.points)))
        n = len(drawn.scores)
        told = self._measured(pictures, drawn.scores, np.full(n, 1 / n), level)
        reached = near(drawn.scores, level, one.sd) and problem is None
        return told | {"reached": reached, "knob": knob, "problem": problem}

    def _pictures(self, prior: str) -> _Seen:
        """Of the data, or a prior's samples."""
        if prior not in self.sets:
            if prior in self.places:
                places, everything = self.places[prior], shared()
                images, features = everything.images[torch.from_numpy(places)], everything.reference.double().numpy()
                self.sets[prior] = _Seen(images, features[places], everything.labels[places])
            else:
                self.sets[prior] = _seen(self._samples(*self.candidates[prior]))
        return self.sets[prior]

    def _scores(self, prior: str, pictures: _Seen, one: OneFeature) -> Float[np.ndarray, " n"]:
        if prior in self.places:
            return one.scores[self.places[prior]]
        score = shared().layer.score(one.ground.feature)
        with torch.no_grad():
            found: Float[np.ndarray, " n"] = torch.cat([score(part) for part in pictures.images.split(CHUNK)]).numpy()
        return found.astype(np.float64)

    def _samples(self, place: int, candidate: Candidate) -> Float[Tensor, "n 1 h w"]:
        """Kept as grey values, and measured after the rounding."""
        path = self.job.folder / f"pool-{place}.npy"
        if not path.exists():
            world = candidate.world_of(shared().layer.score(0), self.budget.cells.steps, SPACING)
            noise = world.noise(part_seed(self.seed, _POOL, place), self.budget.pool)
            write_sealed_arrays(path, as_grey(as_seen(world, unguided(world, noise, solver=SOLVER))), self.job.token)
        return to_images(read_sealed_arrays(path, self.job.token)[0][:, 0])

    def _measured(
        self,
        pictures: _Seen,
        scores: Float[np.ndarray, " n"],
        weights: Float[np.ndarray, " n"],
        level: float,
    ) -> Row:
        law = shares(pictures.labels, weights, len(CLASSES))
        mean = float(weights @ scores)
        places, v = resampled(weights, DRAWS, part_seed(self.seed, _DRAWN)) if len(scores) > DRAWS else (_ALL, weights)
        everything, home = (ref.distance(pictures.features[places], v) for ref in (real().usual, self.of_home))
        order = np.argsort(scores, kind="stable")
        order = order[np.searchsorted(np.cumsum(weights[order]), np.linspace(0.02, 0.98, 4)).clip(max=len(order) - 1)]
        order = np.array(list(dict.fromkeys(order.tolist())))
        return {
            "activation": mean,
            "reached": None,
            "shares": dict(zip(CLASSES, law.tolist(), strict=True)),
            "home": float(law[self.home].sum()),
            "kid": everything.kid,
            "kid_se": everything.se,
            "kid_home": home.kid,
            "kid_home_se": home.se,
            "effective_size": float(1 / np.square(weights).sum()),
            "knob": None,
            "problem": None,
            "shown": kept(pictures.images[torch.from_numpy(order)], scores[order]),
        }


_NOTHING: Row = dict.fromkeys(
    (
        "activation",
        "reached",
        "shares",
        "home",
        "kid",
        "kid_se",
        "kid_home",
        "kid_home_se",
        "effective_size",
        "knob",
        "problem",
        "shown",
    )
)


def to_prediction(guided: Row, predicted: Row) -> float | None:
    """TV between the class shares of guided samples and of what they should be."""
    if guided["shares"] is None or predicted["shares"] is None:
        return None
    return class_tv(*(np.array(list(row["shares"].values())) for row in (guided, predicted)))


def floor(guided: Row, predicted: Row, seed: int) -> float | None:
    """What `to_prediction` would be on average for as many exact draws as were guided, from a tilt known as well.

    The tilt is a reweighted sample, as good as `effective_size` draws.

    Args:
        guided, predicted: rows of a feature under one prior.
        seed: of the repetitions.
    """
    if guided["shares"] is None or predicted["shares"] is None:
        return None
    law = np.array(list(predicted["shares"].values()))
    drawn, known_from = (max(1, round(row["effective_size"])) for row in (guided, predicted))
    return tv_floor(law, drawn, part_seed(seed, guided["feature"]), known_from=known_from)
