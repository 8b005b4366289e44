"""The cells of the comparison: each method at a level with one seed, calibrated, drawn and measured.

Equal seeds give equal numbers; seconds and memory are measured. A row is one of `paradigms.json`; beside it `shown`,
the first pictures of the first seed.

Paper: Table 1, Figures 4, 5, 12, 13, Tables 3, 11. In small, with all levels matched.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.cells import Row, lines_of, ordered
from distributional_view.backends.measures.cost import cost
from distributional_view.backends.paradigms.budget import ParadigmBudget
from distributional_view.backends.paradigms.entrants import Entrant
from distributional_view.backends.paradigms.kept import kept
from distributional_view.backends.paradigms.measuring import NOTHING, Measuring, Real
from distributional_view.backends.paradigms.one_feature import OneFeature
from distributional_view.jobs import Job
from distributional_view.theory.errors import CalibrationFailed, InfeasibleTarget
from distributional_view.theory.methods.method import Drawn, Method
from distributional_view.theory.methods.retrieval import Retrieval
from distributional_view.theory.progress import Progress, named, silent
from distributional_view.theory.seeds import part_seed

RETRIEVED = "retrieved"
"""What rows of the yardstick are called: the pictures of highest score, at no level."""
NEAR, ERRORS = 0.15, 2.0
"""A level is reached, if nothing went wrong, by a mean so many sd of the score from it, or so many standard errors."""
_YARDSTICK = (RETRIEVED, None, 0)  # the key of that row
_DRAWS = 0  # part of the seed

Key = tuple[str, float | None, int]


def cells(budget: ParadigmBudget, entrants: Sequence[Entrant]) -> Iterator[tuple[Entrant, float, int]]:
    """The method, quantile and seed of each cell of a feature, in order."""
    for quantile in budget.levels:
        for entrant in entrants:
            for seed in range(budget.seeds):
                yield entrant, quantile, seed


def _name(entrant: Entrant, quantile: float, seed: int) -> Key:
    return entrant.name, quantile, seed


def _key(row: Row) -> Key:
    return row["method"], row["level"], row["seed"]


def wanted(budget: ParadigmBudget, entrants: Sequence[Entrant]) -> list[Key]:
    """The keys of a feature's rows: the yardstick, then the cells."""
    return [_YARDSTICK, *(_name(*cell) for cell in cells(budget, entrants))]


def rows_of(job: Job, features: Sequence[int], budget: ParadigmBudget, entrants: Sequence[Entrant]) -> list[Row]:
    """All rows, by feature, level, method and seed, each feature's retrieved set first; the job must have them."""
    keys = wanted(budget, entrants)
    return [row for feature in features for row in ordered(lines_of(job, feature).rows, _key, keys)]


class _Ready(NamedTuple):
    """A method at a level: its knob, why the level was missed, and what it took so far (processor seconds)."""

    method: Method
    knob: float
    problem: str | None
    seconds: float


class FeatureCells:
    """The rows of a feature.

    Args:
        one: what its methods are made of.
        name: of the feature.
        real: what their pictures are measured with.
    """

    def __init__(self, one: OneFeature, name: str, real: Real) -> None:
        self.one, self.name, self.real = one, name, real
        self._ready: dict[tuple[str, float], _Ready] = {}
        self._measuring: dict[float, Measuring] = {}

    def row(self, entrant: Entrant, quantile: float, draw: int, progress: Progress = silent) -> Row:
        """Calibrate, draw and measure."""
        one, level = self.one, self.one.level(quantile)
        ready = self._calibrated(entrant, quantile, progress)
        seed = part_seed(one.seed, _DRAWS, draw)
        drawn, seconds, peak = cost(partial(ready.method.draw, ready.knob, seed, one.budget.n, progress))
        problem = ready.problem or _missed(drawn)
        pictures = one.pictures(drawn.points, entrant.needs)
        return {
            **self._told(drawn, pictures, self._measure(quantile), keep=draw == 0),
            "level": quantile,
            "target": level,
            "sd": one.sd,
            "paradigm": entrant.paradigm,
            "method": entrant.name,
            "seed": draw,
            "seconds": seconds,
            "search_seconds": ready.seconds,
            "peak_mib": peak,
            "reached": near(drawn.scores, level, one.sd) and problem is None,
            "knob": ready.knob,
            "problem": problem,
        }

    def retrieved(self) -> Row:
        """The yardstick: the pictures of highest score, which show the feature's content at its most natural."""
        pool, n = self.one.ground.pool, self.one.budget.n
        drawn = Retrieval(pool).draw(float(min(n, len(pool.scores))), 0, n)
        measure = Measuring(self.real, self.one.held_scores, None)
        told = self._told(drawn, self.one.pictures(drawn.points, None), measure, keep=True)
        return told | {"level": None, "method": RETRIEVED, "seed": 0}

    def _told(self, drawn: Drawn, pictures: Float[Tensor, "n c h w"], measure: Measuring, keep: bool) -> Row:
        """What a row says of pictures; nothing is measured of fewer than two."""
        numbers = measure(pictures) if len(pictures) > 1 else NOTHING
        return {
            "feature": self.one.ground.feature,
            "name": self.name,
            "activation": drawn.mean,
            "pictures": len(pictures),
            **numbers._asdict(),
            "shown": kept(pictures, drawn.scores) if keep else None,
        }

    def _measure(self, quantile: float) -> Measuring:
        if quantile not in self._measuring:
            level = self.one.level(quantile)
            self._measuring[quantile] = Measuring(self.real, self.one.held_scores, level)
        return self._measuring[quantile]

    def _calibrated(self, entrant: Entrant, quantile: float, progress: Progress) -> _Ready:
        """Once for all seeds."""
        one, key = self.one, (entrant.name, quantile)
        if key not in self._ready:
            known = entrant.name in one.searching
            method, made, _ = cost(partial(entrant.make, one, one.level(quantile)))
            searched = 0.0 if known else one.searching.get(entrant.name, made)
            (knob, problem), calibrated, _ = cost(partial(brought_to, method, one, quantile, progress))
            self._ready[key] = _Ready(method, knob, problem, searched + calibrated)
        return self._ready[key]


def complete(
    job: Job,
    feature: int,
    budget: ParadigmBudget,
    entrants: Sequence[Entrant],
    make: Callable[[], FeatureCells],
    progress: Progress = silent,
) -> None:
    """Add the rows of a feature that the job has not.

    Args:
        job: whose lines they are.
        feature: its index.
        budget: sizes.
        entrants: the methods.
        make: gives the feature's cells, if some are missing.
        progress: of each cell, under its name.
    """
    lines = lines_of(job, feature)
    known = {_key(row) for row in lines.rows}
    todo = [cell for cell in cells(budget, entrants) if _name(*cell) not in known]
    if todo or _YARDSTICK not in known:
        of_feature = make()
        if _YARDSTICK not in known:
            lines.add(of_feature.retrieved())
        for entrant, quantile, draw in todo:
            told = named(progress, f"{of_feature.name}, {100 * quantile:g} %: {entrant.name}")
            lines.add(of_feature.row(entrant, quantile, draw, told))


def brought_to(
    method: Method, one: OneFeature, quantile: float, progress: Progress = silent
) -> tuple[float, str | None]:
    """The method's knob at a level of a feature, and why the level is missed with it, if it is."""
    level = one.level(quantile)
    try:
        return method.calibrate(level, progress).knob, None
    except CalibrationFailed as failure:  # shown as it is, at the nearest mean
        return min(failure.nearest(level), getattr(method, "most", math.inf)), str(failure)
    except InfeasibleTarget as failure:  # of a pool: the pictures that come first
        return float(one.budget.n), str(failure)


def near(scores: Float[np.ndarray, " n"], level: float, sd: float) -> bool:
    """Whether the mean of these scores is at the level; see `NEAR`."""
    error = float(np.std(scores)) / len(scores) ** 0.5
    return abs(float(scores.mean()) - level) <= max(NEAR * sd, ERRORS * error)


def _missed(drawn: Drawn) -> str | None:
    """Why pictures that are optimised one by one missed the level, or too few were found."""
    if len(drawn.scores) < 2:
        return "a single picture, of which nothing is measured"
    share = drawn.notes.get("reached", 1.0)
    return (
        None if share == 1.0 else f"{share:.0%} of the pictures came to the level in {drawn.notes['steps']:.0f} steps"
    )
