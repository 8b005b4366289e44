"""All methods at matched activations on the embedded backend: what they show and what it costs.

For each named feature and level: retrieval, KLSC weights, optimisation with regularisation, EnergyDPS and the hybrid
guidance, each brought to the same mean activation, then drawn several times with different seeds; and the two particle
filters with the multiplier of the KLSC weights, uncalibrated: they should reach the level by themselves. The levels are
quantiles of the feature's activation over all pictures. Every feature is written when it is done; a second call goes on
from there.

Beside the methods stands what they could show at best: the share of the feature's class in the data and, where there is
a pool of its samples, in the prior, both reweighted to the level (`tilts`).

Paper: Section 4, Figure 4, Tables 8-10, Appendix I. In small, with the matched-faithfulness protocol.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import torch
from jaxtyping import Float

from distributional_view.backends.embedded.animals import CLASSES
from distributional_view.backends.embedded.features import Named, read_named
from distributional_view.backends.embedded.judge import tilt_of
from distributional_view.backends.embedded.judge_methods import Offer, learned_offer
from distributional_view.backends.embedded.measures import agreement, pooled
from distributional_view.backends.embedded.methods import (
    METHODS,
    QUICK,
    SOLVER,
    ExperimentBudget,
    Shared,
    feature_methods,
    shared,
)
from distributional_view.backends.embedded.prior_pool import PriorPool
from distributional_view.backends.embedded.store import Part, read_record, weights_path
from distributional_view.backends.embedded.world import embedded_world
from distributional_view.backends.measures.alike import look_alikes
from distributional_view.backends.measures.kernel import kid
from distributional_view.errors import require_of_file
from distributional_view.jobs import Job, opened
from distributional_view.sealed import read_sealed_arrays, write_sealed_arrays
from distributional_view.theory.errors import CalibrationFailed
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.methods import klsc_weights, retrieval
from distributional_view.theory.progress import Progress, named, silent
from distributional_view.theory.samplers.energy_dps import unguided
from distributional_view.theory.seeds import part_seed
from distributional_view.theory.solutions.calibrate import calibrate_hard, calibrate_klsc
from distributional_view.workers import workers

__all__ = [
    "METHODS",
    "QUICK",
    "Agreement",
    "ExperimentBudget",
    "FeatureResult",
    "MethodAtLevel",
    "activations",
    "prior_kids",
    "run",
    "shared",
    "tilts",
]
POTENTIAL = "potential"
"""Folder of the learned potential, in that of the experiment."""
_DRAWS, _UNGUIDED = 2, 3  # parts of the seed, after those of `embedded.methods`


class MethodAtLevel(NamedTuple):
    """One method at one level: its knob, and for each seed the mean activation, KID, agreement and look-alikes.

    `agreements`: share of pictures that the classifier gives the feature's class; `look_alikes`: pictures that have a
    near-duplicate among the n; `boundary_mass`: at the threshold of the hard solution, for the retrieved laws;
    `problem`: why the level was missed, if it was.
    """

    method: str
    level: float
    knob: float
    means: list[float]
    kids: list[float]
    agreements: list[float]
    look_alikes: list[int]
    boundary_mass: float | None
    problem: str | None


class FeatureResult(NamedTuple):
    """All cells of a feature, and the first seed's pictures with their activations."""

    feature: Named
    levels: list[float]
    sd: float
    cells: list[MethodAtLevel]
    images: Float[np.ndarray, "cells n h w"]
    scores: Float[np.ndarray, "cells n"]


class Agreement(NamedTuple):
    """The share of the feature's class in the data's tilt to a level and in the prior's, with their effective sizes;
    None where there is no pool of the prior, or it does not reach the level."""

    level: float
    data: float
    data_ess: float
    prior: float | None
    prior_ess: float | None


def tilts(feature: Named, levels: Sequence[float], pool: PriorPool | None = None) -> list[Agreement]:
    """What both tilts of a feature show at each level; the classes are the classifier's, as everywhere.

    Args:
        feature: with its class.
        levels: mean activations, up to the largest in the data.
        pool: samples of the prior.

    Raises:
        InfeasibleTarget: for a level beyond every picture of the data.
    """
    label, scores = CLASSES.index(feature.dominant), shared().activation(feature.index)
    found = []
    for level in levels:
        data, prior = tilt_of(scores, shared().labels, level), None
        if pool is not None and level < pool.activation(feature.index).max():
            prior = tilt_of(pool.activation(feature.index), pool.labels, level)
        of_prior = (None, None) if prior is None else (float(prior.shares[label]), prior.effective_size)
        found.append(Agreement(level, float(data.shares[label]), data.effective_size, *of_prior))
    return found


class FeatureRun:
    """One feature's experiment.

    Args:
        feature: with its name and class.
        shared: pictures and networks.
        budget: sizes.
        seed: of everything random about the feature.
        offer: gives a world its learned potential; None: there is none.
    """

    def __init__(
        self, feature: Named, shared: Shared, budget: ExperimentBudget, seed: int, offer: Offer | None = None
    ) -> None:
        self.feature, self.shared, self.budget, self.seed = feature, shared, budget, seed
        self.methods = feature_methods(feature.index, shared, budget, seed, offer)
        self.law = AtomicLaw(self.methods.pool.scores)

    def cell(
        self, name: str, level: float
    ) -> tuple[MethodAtLevel, Float[np.ndarray, "n h w"], Float[np.ndarray, " n"]]:
        """Draw and measure; the pictures and activations of the first seed."""
        method = self.methods.registry.make(name)
        try:
            knob, problem = method.calibrate(level).knob, None
        except CalibrationFailed as failure:  # shown as it is, at the nearest mean
            knob, problem = failure.nearest(level), str(failure)
        drawn = [method.draw(knob, part_seed(self.seed, _DRAWS, s), self.budget.n) for s in range(self.budget.seeds)]
        sets = [d.points.float() for d in drawn]
        label = CLASSES.index(self.feature.dominant)
        classifier, reference = self.shared.classifier, self.shared.reference
        found = MethodAtLevel(
            name,
            level,
            knob,
            [d.mean for d in drawn],
            [kid(reference, pooled(classifier, x), s).kid for s, x in enumerate(sets)],
            [agreement(classifier, x, label) for x in sets],
            [look_alikes(x, self.shared.usual) for x in sets],
            self._boundary_mass(name, level),
            problem,
        )
        return found, self.methods.world.to_numpy(sets[0])[:, 0], drawn[0].scores

    def _boundary_mass(self, name: str, level: float) -> float | None:
        hard = calibrate_hard(self.law, level)
        margin = self.budget.margin_sd * self.methods.sd
        if name == retrieval.NAME:
            return hard.boundary_mass(hard.threshold, margin)
        if name == klsc_weights.NAME:
            return calibrate_klsc(self.law, level).boundary_mass(hard.threshold, margin)
        return None

    def result(self, report: Callable[[], None]) -> FeatureResult:
        """All methods at all levels."""
        cells, images, scores = [], [], []
        for method in METHODS:
            for level in self.methods.levels:
                found, pictures_, values = self.cell(method, level)
                cells.append(found)
                images.append(_filled(pictures_, self.budget.n))
                scores.append(_filled(values, self.budget.n))
                report()
        return FeatureResult(
            self.feature, list(self.methods.levels), self.methods.sd, cells, np.array(images), np.array(scores)
        )


def _filled(x: Float[np.ndarray, "n ..."], n: int) -> Float[np.ndarray, "m ..."]:
    """NaN where a retrieved set has fewer than n pictures."""
    return np.concatenate([x, np.full((n - len(x), *x.shape[1:]), np.nan)])


def run(
    out: Path,
    budget: ExperimentBudget,
    seed: int,
    progress: Progress = silent,
    features: list[Named] | None = None,
    jobs: int = 1,
) -> list[FeatureResult]:
    """One result a feature, in order; those that `out` has already are read.

    Args:
        out: the experiment's folder.
        budget: sizes.
        seed: of everything random; equal seeds give equal results, whatever the number of processes.
        progress: in cells where there is one process, in features where there are more.
        features: default: the first `budget.features` of those with a name.
        jobs: processes, one thread each.

    Raises:
        OtherRequest: if the folder belongs to another experiment.
        UserError: if a file of the folder is damaged, another process works there, or it cannot be written.
        MissingWeights, MissingData: if a part of the backend is not there.
    """
    chosen = read_named()[: budget.features] if features is None else features
    contents = {part: weights_path(part) for part in get_args(Part)}
    for part in get_args(Part):
        read_record(part)
    learned = None if budget.training == 0 else [feature.index for feature in chosen]
    identity = {"budget": asdict(budget), "seed": seed, "learned": learned}
    with opened(out, identity, contents, ("feature-*.npz",)) as job:
        _make(job, chosen, budget, seed, progress, jobs, learned)
        return [_read(job, feature) for feature in chosen]


def _make(
    job: Job,
    chosen: list[Named],
    budget: ExperimentBudget,
    seed: int,
    progress: Progress,
    jobs: int,
    learned: list[int] | None,
) -> None:
    """The features that the job has not."""
    todo = [feature for feature in chosen if not _path(job, feature).exists()]
    if todo and learned is not None:  # once, before the processes read it
        learned_offer(learned, job.folder / POTENTIAL, budget.training, named(progress, "learning the potential"))
    if jobs > 1:
        with workers(min(jobs, max(len(todo), 1))) as pool:
            waiting = [pool.submit(_work, feature, job, budget, seed, learned) for feature in todo]
            progress("features", len(chosen) - len(todo), len(chosen))
            for i, done in enumerate(as_completed(waiting), start=1):
                progress(done.result(), len(chosen) - len(todo) + i, len(chosen))
    else:
        each = len(METHODS) * len(budget.quantiles)
        for i, feature in enumerate(todo):
            _work(feature, job, budget, seed, learned, partial(_in_all, progress, i * each, len(todo) * each))


def _work(
    feature: Named,
    job: Job,
    budget: ExperimentBudget,
    seed: int,
    learned: list[int] | None,
    report: Callable[[str, int], None] | None = None,
) -> str:
    torch.set_num_threads(1)
    offer = None if learned is None else learned_offer(learned, job.folder / POTENTIAL, budget.training)
    done = [0]

    def step() -> None:
        done[0] += 1
        if report is not None:
            report(feature.name, done[0])

    _write(job, FeatureRun(feature, shared(), budget, part_seed(seed, feature.index), offer).result(step))
    return feature.name


def _in_all(progress: Progress, before: int, total: int, name: str, done: int) -> None:
    progress(name, before + done, total)


def _path(job: Job, feature: Named) -> Path:
    return job.folder / f"feature-{feature.index}.npz"


def activations(features: list[Named] | None = None) -> dict[str, Float[np.ndarray, " n"]]:
    """The activation of each named feature on all pictures, for `figures report`."""
    chosen = read_named() if features is None else features
    return {feature.name: shared().activation(feature.index) for feature in chosen}


def prior_kids(budget: ExperimentBudget, seed: int) -> list[float]:
    """KID of unguided samples, one a seed: what the prior itself costs."""
    world = embedded_world(0, budget.steps, "time")
    sets = [
        unguided(world, world.noise(part_seed(seed, _UNGUIDED, s), budget.n), solver=SOLVER)
        for s in range(budget.seeds)
    ]
    return [kid(shared().reference, pooled(shared().classifier, x), s).kid for s, x in enumerate(sets)]


def _write(job: Job, result: FeatureResult) -> None:
    words: dict[str, Any] = {
        "levels": result.levels,
        "sd": result.sd,
        "cells": [c._asdict() for c in result.cells],
    }
    images = result.images.astype(np.float32)
    content = {"images": images, "scores": result.scores, "words": json.dumps(words)}
    write_sealed_arrays(_path(job, result.feature), content, job.token, feature=asdict(result.feature))


def _read(job: Job, feature: Named) -> FeatureResult:
    path = _path(job, feature)
    kept, notes = read_sealed_arrays(path, job.token)
    require_of_file(notes["feature"] == asdict(feature), "feature", path, notes["feature"], str(asdict(feature)))
    words = json.loads(str(kept["words"]))
    cells = [MethodAtLevel(**c) for c in words["cells"]]
    images = kept["images"].astype(np.float64)
    return FeatureResult(feature, words["levels"], words["sd"], cells, images, kept["scores"])
