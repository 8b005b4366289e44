"""Five methods at matched activations on the embedded backend: what they show and what it costs.

For each named feature and level: top-k retrieval, KLSC-weighted retrieval, optimisation with regularisation and
EnergyDPS, each brought to the same mean activation, then drawn several times with different seeds; and the twisted
sampler with the multiplier of the KLSC weights, uncalibrated: it should reach the level by itself. The levels are
quantiles of the feature's activation over all pictures. Every feature is written when it is done; a second call goes on
from there.

Paper: Section 4 in small (Figure 4, Tables 8-10), Appendix I's matched-faithfulness protocol.
"""

import json
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from backends.embedded.animals import CLASSES
from backends.embedded.features import Named, read_named
from backends.embedded.measures import agreement, kid, look_alikes, pooled, usual_distance
from backends.embedded.smoothness import smoothness
from backends.embedded.store import WEIGHTS, Part, load_classifier, load_transcoder, read_record
from backends.embedded.world import embedded_world, pictures
from backends.explain import bind, chosen_for, part_seed
from backends.feature import Mix
from theory.ascent import Ascent
from theory.atomic import AtomicLaw
from theory.calibrate import calibrate_hard, calibrate_klsc
from theory.energy_dps import energy_dps, unguided
from theory.errors import CalibrationFailed
from theory.knobs import calibrate_knob
from theory.retrieval import reweight_to, top_k
from theory.twisted import twisted

METHODS = ("top-k", "KLSC weights", "optimisation", "EnergyDPS", "twisted")
Report = Callable[[str, int, int], None]
Sampler = Callable[[int], Tensor]
"""Seed -> pictures."""


@dataclass(frozen=True)
class Budget:
    """Sizes of the experiment.

    Args:
        quantiles: levels, as quantiles of the feature's activation over all pictures.
        features: how many of the named features, in their order.
        n: pictures a cell and seed.
        particles: of the twisted sampler, >= n; n of them are drawn by weight.
        seeds: repetitions.
        steps: reverse steps of the prior.
        iterations: of the optimiser.
        tolerance: of a calibrated mean, in standard deviations of the activation over all pictures.
        margin: of the boundary mass, in the same unit.
        start: strength at which a calibration begins, one over the same unit.
    """

    quantiles: tuple[float, ...] = (0.8, 0.9, 0.95, 0.99)
    features: int = 6
    n: int = 24
    particles: int = 48
    seeds: int = 3
    steps: int = 50
    iterations: int = 30
    tolerance: float = 0.05
    margin: float = 0.1
    start: float = 1.0


QUICK = Budget(quantiles=(0.8, 0.95), features=2, n=4, particles=6, seeds=2, steps=8, iterations=4, tolerance=0.5)


class Cell(NamedTuple):
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
    spread: float
    cells: list[Cell]
    images: Float[np.ndarray, "cells n h w"]
    scores: Float[np.ndarray, "cells n"]


class Shared:
    """What all features need: pictures, their features at both ends of the classifier, the classifier."""

    def __init__(self) -> None:
        self.images, self.classifier = pictures().images, load_classifier()
        self.transcoder, hook = load_transcoder()
        with torch.no_grad():
            self.hooked = torch.cat([self.classifier.features(part, hook) for part in self.images.split(500)])
        self.reference = pooled(self.classifier, self.images)
        pairs = torch.randint(len(self.images), (2000, 2), generator=torch.Generator().manual_seed(0))
        self.usual = usual_distance(self.images, pairs)

    def activation(self, feature: int) -> Float[np.ndarray, " pool"]:
        """The feature's activation on every picture: `feature_score`, with the classifier's part done once."""
        everywhere = (slice(None), slice(None))
        with torch.no_grad():
            return Mix()(self.transcoder.feature_pre_activation(self.hooked, feature, everywhere)).double().numpy()


@cache
def shared() -> Shared:
    """One for the process."""
    return Shared()


class FeatureRun:
    """One feature's four methods. Samplers are calibrated with common random numbers and drawn with others."""

    def __init__(self, feature: Named, shared: Shared, budget: Budget, seed: int) -> None:
        self.feature, self.shared, self.budget, self.seed = feature, shared, budget, seed
        self.world = embedded_world(feature.index, budget.steps)
        self.pool = shared.activation(feature.index)
        self.law, self.spread = AtomicLaw(self.pool), float(self.pool.std())
        self.known: dict[float, float] = {}

    @cached_property
    def levels(self) -> list[float]:
        """Mean activations wanted."""
        return [float(np.quantile(self.pool, q)) for q in self.budget.quantiles]

    def sampler(self, method: str, level: float) -> tuple[float, Sampler, str | None]:
        """The calibrated knob (K, multiplier, weight or strength), draws from the method, and what went wrong."""
        if method == "top-k":
            kept = top_k(self.pool, level).indices
            weights = np.zeros(len(self.pool))
            weights[kept] = 1 / len(kept)
            return float(len(kept)), self._from_pool(weights), None
        if method == "KLSC weights":
            found = reweight_to(self.pool, level)
            return found.multiplier, self._from_pool(found.weights), None
        if method == "twisted":
            return self._twisted(reweight_to(self.pool, level).multiplier)
        return self._optimised(level) if method == "optimisation" else self._guided(level)

    def _from_pool(self, weights: Float[np.ndarray, " pool"]) -> Sampler:
        n = min(self.budget.n, int(np.count_nonzero(weights)))
        return lambda seed: self.shared.images[torch.as_tensor(chosen_for(weights, self.pool, n, seed))]

    def _guided(self, level: float) -> tuple[float, Sampler, str | None]:
        noise = self.world.noise(part_seed(self.seed, 0), self.budget.n)

        def mean_at(strength: float) -> float:
            if strength not in self.known:
                self.known[strength] = float(self.world.score(energy_dps(self.world, noise, strength)).double().mean())
            return self.known[strength]

        strength, problem = self._calibrated(mean_at, level, self.budget.start / self.spread, "strength")
        return strength, lambda seed: energy_dps(self.world, self.world.noise(seed, self.budget.n), strength), problem

    def _twisted(self, multiplier: float) -> tuple[float, Sampler, str | None]:
        def draw(seed: int) -> Tensor:
            end = twisted(self.world, self.world.noise(seed, self.budget.particles), multiplier, seed)
            scores = self.world.to_numpy(self.world.score(end.x))
            chosen: Tensor = end.x[torch.as_tensor(chosen_for(end.weights, scores, self.budget.n, seed))]
            return chosen

        return multiplier, draw, None

    def _optimised(self, level: float) -> tuple[float, Sampler, str | None]:
        def ascent(seed: int) -> Ascent:
            starts = 0.1 * np.random.default_rng(seed).normal(size=(self.budget.n, *self.world.shape)) - 0.5
            return Ascent(self.world, smoothness, starts, self.budget.iterations)

        first = ascent(part_seed(self.seed, 1))
        weight, problem = self._calibrated(lambda w: float(first.climb(w).scores.mean()), level, 0.1, "weight")
        return weight, lambda seed: ascent(seed).climb(weight).x, problem

    def _calibrated(
        self, mean_at: Callable[[float], float], level: float, start: float, name: str
    ) -> tuple[float, str | None]:
        means: dict[float, float] = {}

        def kept(knob: float) -> float:
            means[knob] = mean_at(knob)
            return means[knob]

        try:
            return calibrate_knob(kept, level, self.budget.tolerance * self.spread, start, name).knob, None
        except CalibrationFailed as failure:  # shown as it is, at the nearest mean
            return min(means, key=lambda knob: abs(means[knob] - level)), str(failure)

    def cell(self, method: str, level: float) -> tuple[Cell, Float[np.ndarray, "n h w"], Float[np.ndarray, " n"]]:
        """Draw and measure; the pictures and activations of the first seed."""
        knob, draw, problem = self.sampler(method, level)
        sets = [draw(part_seed(self.seed, 2, s)).float() for s in range(self.budget.seeds)]
        scores = [self.world.to_numpy(self.world.score(x)) for x in sets]
        label = CLASSES.index(self.feature.dominant)
        classifier, reference = self.shared.classifier, self.shared.reference
        found = Cell(
            method,
            level,
            knob,
            [float(s.mean()) for s in scores],
            [kid(reference, pooled(classifier, x), s).kid for s, x in enumerate(sets)],
            [agreement(classifier, x, label) for x in sets],
            [look_alikes(x, self.shared.usual) for x in sets],
            self._boundary_mass(method, level),
            problem,
        )
        return found, self.world.to_numpy(sets[0])[:, 0], scores[0]

    def _boundary_mass(self, method: str, level: float) -> float | None:
        hard = calibrate_hard(self.law, level)
        margin = self.budget.margin * self.spread
        if method == "top-k":
            return hard.boundary_mass(hard.threshold, margin)
        return calibrate_klsc(self.law, level).boundary_mass(hard.threshold, margin) if method == METHODS[1] else None

    def result(self, report: Callable[[], None]) -> FeatureResult:
        """All methods at all levels."""
        cells, images, scores = [], [], []
        for method in METHODS:
            for level in self.levels:
                found, pictures_, values = self.cell(method, level)
                cells.append(found)
                images.append(_filled(pictures_, self.budget.n))
                scores.append(_filled(values, self.budget.n))
                report()
        return FeatureResult(self.feature, self.levels, self.spread, cells, np.array(images), np.array(scores))


def _filled(x: Float[np.ndarray, "n ..."], n: int) -> Float[np.ndarray, "m ..."]:
    """NaN where a retrieved set has fewer than n pictures."""
    return np.concatenate([x, np.full((n - len(x), *x.shape[1:]), np.nan)])


def run(
    out: Path, budget: Budget, seed: int, report: Report, features: list[Named] | None = None, jobs: int = 1
) -> list[FeatureResult]:
    """One result a feature, in order; those that `out` has already are read.

    Args:
        out: the experiment's folder.
        budget: sizes.
        seed: of everything random; equal seeds give equal results, whatever the number of processes.
        report: progress, in cells where there is one process, in features where there are more.
        features: default: the first `budget.features` of those with a name.
        jobs: processes, one thread each.

    Raises:
        OtherRequest: if the folder belongs to another experiment.
        MissingWeights, MissingData: if a part of the backend is not there.
    """
    chosen = read_named()[: budget.features] if features is None else features
    trained = {part: read_record(part, WEIGHTS).measured for part in get_args(Part)}
    bind(out, {"budget": asdict(budget), "seed": seed, "weights": trained})
    todo = [feature for feature in chosen if not _path(out, feature).exists()]
    if jobs > 1:
        with ProcessPoolExecutor(min(jobs, max(len(todo), 1)), multiprocessing.get_context("spawn")) as pool:
            waiting = [pool.submit(_work, feature, out, budget, seed) for feature in todo]
            report("features", len(chosen) - len(todo), len(chosen))
            for i, done in enumerate(as_completed(waiting), start=1):
                report(done.result(), len(chosen) - len(todo) + i, len(chosen))
    else:
        each = len(METHODS) * len(budget.quantiles)
        for i, feature in enumerate(todo):
            _work(feature, out, budget, seed, partial(_report_cell, report, i * each, len(todo) * each))
    return [_read(_path(out, feature), feature) for feature in chosen]


def _work(
    feature: Named, out: Path, budget: Budget, seed: int, report: Callable[[str, int], None] | None = None
) -> str:
    torch.set_num_threads(1)
    done = [0]

    def step() -> None:
        done[0] += 1
        if report is not None:
            report(feature.name, done[0])

    _write(_path(out, feature), FeatureRun(feature, shared(), budget, part_seed(seed, feature.index)).result(step))
    return feature.name


def _report_cell(report: Report, before: int, total: int, name: str, done: int) -> None:
    report(name, before + done, total)


def _path(out: Path, feature: Named) -> Path:
    return out / f"feature-{feature.index}.npz"


def activations(features: list[Named] | None = None) -> dict[str, Float[np.ndarray, " n"]]:
    """The activation of each named feature on all pictures, for `figures report`."""
    chosen = read_named() if features is None else features
    return {feature.name: shared().activation(feature.index) for feature in chosen}


def prior_kids(budget: Budget, seed: int) -> list[float]:
    """KID of unguided samples, one a seed: what the prior itself costs."""
    world = embedded_world(0, budget.steps)
    sets = [unguided(world, world.noise(part_seed(seed, 3, s), budget.n)) for s in range(budget.seeds)]
    return [kid(shared().reference, pooled(shared().classifier, x), s).kid for s, x in enumerate(sets)]


def _write(path: Path, result: FeatureResult) -> None:
    words: dict[str, Any] = {
        "levels": result.levels,
        "spread": result.spread,
        "cells": [c._asdict() for c in result.cells],
    }
    part = path.with_name("part-" + path.name)
    np.savez(part, images=result.images.astype(np.float32), scores=result.scores, words=json.dumps(words))
    part.replace(path)


def _read(path: Path, feature: Named) -> FeatureResult:
    with np.load(path) as kept:
        words = json.loads(str(kept["words"]))
        cells = [Cell(**c) for c in words["cells"]]
        return FeatureResult(
            feature, words["levels"], words["spread"], cells, kept["images"].astype(np.float64), kept["scores"]
        )
