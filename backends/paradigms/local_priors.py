"""The same features under several priors, on weights and pictures that the user has, beside each prior's own tilt.

Each prior is sampled without guidance; the samples, reweighted to the level, are its own tilt, which is all that guided
samples of it can be. Guided samples are brought to the same level under every prior. Beside them stands the tilt of the
pictures. Rows are lines of a folder, samples lie in one of their own; what is there is not made again.

Paper: Table 9, Lemma F.1 (17). The predictions are ours.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from distributional_view.backends.cells import Row, filled
from distributional_view.backends.jobs import usable
from distributional_view.backends.measures.weighted import KernelReference, resampled
from distributional_view.backends.paradigms.budget import ParadigmBudget
from distributional_view.backends.paradigms.comparison import brought_to, near
from distributional_view.backends.paradigms.entrants import Entrant, entrants_of
from distributional_view.backends.paradigms.kept import kept
from distributional_view.backends.paradigms.local_ground import LocalGround, published
from distributional_view.backends.paradigms.local_measures import kid_features, local_real
from distributional_view.backends.paradigms.local_model import LocalModel, LocalRequest, Purpose, local_model
from distributional_view.backends.paradigms.local_run import require_reachable
from distributional_view.backends.paradigms.local_seen import Seen, prior_samples, seen_samples
from distributional_view.backends.paradigms.measuring import Measuring, Real
from distributional_view.backends.paradigms.one_feature import OneFeature
from distributional_view.errors import UserError
from distributional_view.jobs import Job, Lines, opened
from distributional_view.theory.errors import InfeasibleTarget, require
from distributional_view.theory.methods import energy_dps, hybrid, klsc_weights
from distributional_view.theory.pools.retrieval import effective_size, reweight_to
from distributional_view.theory.progress import Progress, named, silent
from distributional_view.theory.seeds import part_seed

PURPOSE = Purpose("priors", True, "one of five judges")
GUIDED = (energy_dps.NAME, hybrid.NAME)
UNGUIDED, TILT = "unguided", "its tilt"
DATA = "the pictures"
DRAWS = 400
"""Pictures that stand for a larger set where kernel distances are measured."""
_DRAWS, _DRAWN = 0, 9  # parts of the seed
ROWS = "rows.jsonl"


class LocalPriors(NamedTuple):
    """All rows, by feature; what each prior's were made of; what KID is on, in words; what each prior lacks."""

    rows: list[Row]
    made_of: dict[str, object]
    features: str
    left_out: dict[str, dict[str, str]]


class _Prior(NamedTuple):
    """A prior by its name, loaded."""

    name: str
    folder: Path
    model: LocalModel


def run(
    out: Path,
    keep: Path,
    request: LocalRequest,
    priors: Sequence[Path],
    budget: ParadigmBudget,
    samples: int,
    seed: int,
    progress: Progress = silent,
    say: Callable[[Sequence[str]], None] = lambda _: None,
) -> LocalPriors:
    """All rows; what is there already is read.

    Args:
        out: the experiment's folder.
        keep: folder in which each prior's samples have a folder.
        request: what there is; its prior is not used.
        priors: files or folders, at least one, each with a name of its own.
        budget: sizes; one level.
        samples: unguided ones of each prior.
        seed: of everything random.
        progress: in rows.
        say: is told what the user should know, before it begins.

    Raises:
        UserError: for priors of one name, a level out of reach, too few samples or pictures.
        ValueError: for a feature that does not exist, or several levels.
        OtherRequest: if a folder belongs to something else.
    """
    usable(request.sampler.device)
    require(len(budget.levels) == 1, "levels", budget.levels, "one")
    names = [path.name for path in priors]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"--prior {name}: must have a name that no other prior has")
    loaded, said = list[_Prior](), list[str]()
    for path in priors:
        own = replace(request, paths=replace(request.paths, prior=path))
        model = local_model(own, out / ".pictures.json", seed, named(progress, path.name), PURPOSE)
        loaded.append(_Prior(path.name, out / f"prior-{len(loaded)}", model))
        prior_samples(model, request.features[0], keep, samples, budget.steps, seed)  # refuses too few
        said += [line for line in model.said if line not in said]
    left = {each.name: _left_out(each.model) for each in loaded}
    say(said + [f"{name}: left out: {method}: {why}" for name, all_ in left.items() for method, why in all_.items()])
    made_of: dict[str, object] = {each.name: each.model.made_of for each in loaded}
    identity = {
        "budget": asdict(budget) | {"features": None},
        "samples": samples,
        "seed": seed,
        "made_of": made_of,
    }
    contents = {f"{each.name}: {name}": path for each in loaded for name, path in each.model.contents.items()}
    with opened(out, identity, contents, (ROWS,)) as job:
        runner = _Runner(job, keep, loaded, budget, samples, seed, progress)
        features = request.features
        for feature in features:
            require_reachable(runner.one(feature, loaded[0].name), budget.levels)
        rows = filled(
            Lines(job.folder / ROWS, job.token),
            lambda row: (row["feature"], row["prior"], row["what"]),
            {(feature, *cell): (feature, *cell) for feature in features for cell in _cells(loaded)},
            runner.row,
            progress,
            lambda feature, prior, what: f"feature {feature}: {prior}, {what}",
            "all features",
        )
    return LocalPriors(rows, made_of, kid_features(loaded[0].model), left)


def _cells(priors: Sequence[_Prior]) -> list[tuple[str, str]]:
    found = [(DATA, TILT)]
    for each in priors:
        guided = [name for name in GUIDED if name not in _left_out(each.model)]
        found += [(each.name, what) for what in (UNGUIDED, TILT, *guided)]
    return found


def _left_out(model: LocalModel) -> dict[str, str]:
    """Methods that a prior cannot have, and why."""
    return {e.name: model.lacking[e.needs] for e in entrants_of(GUIDED) if e.needs and e.needs in model.lacking}


class _Runner:
    """Draws and measures."""

    def __init__(
        self,
        job: Job,
        keep: Path,
        priors: Sequence[_Prior],
        budget: ParadigmBudget,
        samples: int,
        seed: int,
        progress: Progress,
    ) -> None:
        self.job, self.keep, self.budget, self.samples = job, keep, budget, samples
        self.seed, self.progress = seed, progress
        self.priors = {each.name: each for each in priors}
        self.first = priors[0].name
        self._ones = dict[tuple[int, str], OneFeature]()
        self._seen = dict[tuple[int, str], Seen]()
        self._reals = dict[str, Real]()

    def row(self, feature: int, prior: str, what: str) -> Row:
        """One cell."""
        one = self.one(feature, self.first if prior == DATA else prior)
        quantile = self.budget.levels[0]
        level = one.level(quantile)
        told = {"feature": feature, "name": f"feature {feature}", "prior": prior, "what": what}
        told |= {"level": quantile, "target": level, "sd": one.sd}
        if prior == DATA:
            (entrant,) = entrants_of([klsc_weights.NAME])
            return told | self._drawn(one, self.first, entrant, None)
        if what in GUIDED:
            (entrant,) = entrants_of([what])
            return told | self._drawn(one, prior, entrant, prior)
        seen = self.seen(feature, prior)
        scores = seen.scores[:, 0]
        weights = np.full(len(scores), 1 / len(scores))
        if what == TILT:
            try:
                weights = reweight_to(scores, level).weights
            except InfeasibleTarget as failure:
                return told | _EMPTY | {"problem": str(failure)}
        return told | self._weighted(one, prior, seen, weights)

    def one(self, feature: int, prior: str) -> OneFeature:
        """A feature with a prior; scores and calibrations lie in the prior's folder."""
        if (feature, prior) not in self._ones:
            each = self.priors[prior]
            each.folder.mkdir(exist_ok=True)
            settings = published(each.model.hook[0], each.model.request.score.reduction)
            job = self.job._replace(folder=each.folder)
            ground = LocalGround(feature, each.model, self.budget.steps, settings, job, self.progress)
            self._ones[feature, prior] = OneFeature(
                ground, self.budget, part_seed(self.seed, feature), job, self.progress
            )
        return self._ones[feature, prior]

    def real(self, prior: str) -> Real:
        """What judges, with the loss of this prior."""
        if prior not in self._reals:
            self._reals[prior] = local_real(self.priors[prior].model, self.progress)
        return self._reals[prior]

    def seen(self, feature: int, prior: str) -> Seen:
        """The unguided samples of a prior."""
        if (feature, prior) not in self._seen:
            each = self.priors[prior]
            how = prior_samples(
                each.model, feature, self.keep, self.samples, self.budget.steps, self.seed, self.progress
            )
            job = self.job._replace(folder=each.folder)
            self._seen[feature, prior] = seen_samples(how, (feature,), self.real(prior).see, job)
        return self._seen[feature, prior]

    def own_tilt(self, one: OneFeature, prior: str) -> KernelReference | None:
        """The samples of a prior reweighted to the level; None out of reach."""
        seen = self.seen(one.ground.feature, prior)
        try:
            weights = reweight_to(seen.scores[:, 0], one.level(self.budget.levels[0])).weights
        except InfeasibleTarget:
            return None
        places, shares = resampled(weights, DRAWS, part_seed(one.seed, _DRAWN))
        return None if len(places) < 2 else KernelReference(seen.features[places], shares)

    def _drawn(self, one: OneFeature, prior: str, entrant: Entrant, own: str | None) -> Row:
        """Pictures that are drawn at the level; `own`: the prior whose tilt they should be of."""
        quantile = self.budget.levels[0]
        level = one.level(quantile)
        method = entrant.make(one, level)
        knob, problem = brought_to(method, one, quantile, self.progress)
        drawn = method.draw(knob, part_seed(one.seed, _DRAWS), self.budget.n, self.progress)
        pictures = one.pictures(drawn.points, entrant.needs)
        real = self.real(prior)
        numbers = Measuring(real, one.held_scores, level)(pictures)._asdict()
        tilt = None if own is None else self.own_tilt(one, own)
        distance = None
        if tilt is not None:
            same = np.full(len(pictures), 1 / len(pictures))
            distance = tilt.distance(real.see(pictures).double().numpy(), same)
        return {
            **_EMPTY,
            **{name: numbers[name] for name in _MEASURED},
            "activation": drawn.mean,
            "pictures": len(pictures),
            "effective_size": float(len(pictures)),
            "kid_own": None if distance is None else distance.kid,
            "kid_own_se": None if distance is None else distance.se,
            "reached": near(drawn.scores, level, one.sd) and problem is None,
            "knob": knob,
            "problem": problem,
            "shown": kept(pictures, drawn.scores),
        }

    def _weighted(self, one: OneFeature, prior: str, seen: Seen, weights: Float[np.ndarray, " n"]) -> Row:
        """A prior's samples with weights; what takes a picture at a time is measured on some drawn by weight."""
        scores, real = seen.scores[:, 0], self.real(prior)
        level = one.level(self.budget.levels[0])
        places, shares = resampled(weights, DRAWS, part_seed(one.seed, _DRAWN))
        measuring = Measuring(real, one.held_scores, level)
        usual, tilt = (
            None if reference is None or len(places) < 2 else reference.distance(seen.features[places], shares)
            for reference in (real.usual, measuring.tilt)
        )
        rng = np.random.default_rng(part_seed(one.seed, _DRAWN, 1))
        some = np.sort(rng.choice(len(weights), self.budget.n, p=weights))
        some = some[np.argsort(scores[some], kind="stable")]
        pictures = seen.take(some)
        numbers = measuring(pictures)._asdict()
        return {
            **_EMPTY,
            **{name: numbers[name] for name in ("naturalness", "diversity", "prior_loss")},
            "kid": None if usual is None else usual.kid,
            "kid_se": None if usual is None else usual.se,
            "kid_tilt": None if tilt is None else tilt.kid,
            "kid_tilt_se": None if tilt is None else tilt.se,
            "activation": float(weights @ scores),
            "pictures": len(scores),
            "effective_size": effective_size(weights),
            "shown": kept(pictures, scores[some]),
        }


_MEASURED = ("kid", "kid_se", "kid_tilt", "kid_tilt_se", "naturalness", "diversity", "prior_loss")
_EMPTY: Row = dict.fromkeys(
    (
        *_MEASURED,
        "activation",
        "pictures",
        "effective_size",
        "kid_own",
        "kid_own_se",
        "reached",
        "knob",
        "problem",
        "shown",
    )
)
