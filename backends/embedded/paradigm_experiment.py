"""Every method of Table 1 on some features at matched levels, measured cell by cell, and kept as it goes.

The work lies in a folder, a file of lines for each feature: a cell is a method at a level with one seed. What is there
is not run again, so that another level, feature or method only adds cells. Equal seeds give equal numbers whatever the
number of processes; seconds and memory are measured. A row is one of `paradigms.json`; beside it `shown`, the first
pictures of the first seed.

Paper: Table 1, Figures 4, 5, 12, 13, Tables 3, 11. In small, with all levels matched.
"""

import base64
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import torch
from jaxtyping import Float, UInt8

from distributional_view.backends.embedded.animals import SIZE, as_grey
from distributional_view.backends.embedded.cells import FILES, Row, fill, lines_of, ordered
from distributional_view.backends.embedded.features import Named
from distributional_view.backends.embedded.layer import load_layer
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.paradigm_measures import NOTHING, Measuring, as_shown
from distributional_view.backends.embedded.paradigm_methods import ENTRANTS, Entrant, OneFeature, ParadigmBudget
from distributional_view.backends.embedded.store import WEIGHTS, Part, read_record, weights_path
from distributional_view.backends.measures.cost import cost
from distributional_view.jobs import Job, opened
from distributional_view.theory.errors import CalibrationFailed, InfeasibleTarget, require
from distributional_view.theory.methods.method import Drawn, Method
from distributional_view.theory.methods.retrieval import Retrieval
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.seeds import part_seed

SHOWN = 4
"""Pictures that are kept of a cell, spread evenly over those drawn."""
EVERY = tuple(entrant.name for entrant in ENTRANTS)
"""The methods' names."""
RETRIEVED = "retrieved"
"""What rows of the yardstick are called: the pictures of highest score, at no level."""
NEAR, ERRORS = 0.15, 2.0
"""A level is reached, if nothing went wrong, by a mean so many sd of the score from it, or so many standard errors."""
_YARDSTICK = (RETRIEVED, None, 0)  # the key of that row
_DRAWS = 0  # part of the seed


def run(
    out: Path,
    budget: ParadigmBudget,
    seed: int,
    features: list[Named],
    progress: Progress = silent,
    jobs: int = 1,
    entrants: Sequence[str] = EVERY,
    transcoder: Path = WEIGHTS,
) -> list[Row]:
    """All rows, by feature, level, method and seed, each feature's retrieved set first; what `out` has already is read.

    Args:
        out: the comparison's folder.
        budget: sizes.
        seed: of everything random.
        features: to be explained.
        progress: in cells.
        jobs: processes, one thread each.
        entrants: names of the methods.
        transcoder: folder of the transcoder whose features they are.

    Raises:
        ValueError: for a method that does not exist.
        OtherRequest: if the folder belongs to another comparison; other levels, features and methods are the same one.
        UserError: if a file of the folder is damaged, another process works there, or it cannot be written.
        MissingWeights, MissingData: if a part of the backend is not there.
    """
    for part in get_args(Part):
        read_record(part)
    methods = entrants_of(entrants)
    contents = {part: weights_path(part) for part in get_args(Part)}
    contents["transcoder"] = weights_path("transcoder", transcoder)
    identity = {"budget": asdict(budget) | {"features": None, "levels": None}, "seed": seed}
    with opened(out, identity, contents, (FILES,)) as job:
        total = len(features) * (1 + len(list(cells(budget, methods))))
        given = [(budget, seed, feature, tuple(entrants), transcoder) for feature in features]
        fill(job, features, work, given, total, progress, jobs)
        wanted = [_YARDSTICK, *(_name(*cell) for cell in cells(budget, methods))]
        return [row for feature in features for row in ordered(lines_of(job, feature).rows, _key, wanted)]


def cells(budget: ParadigmBudget, entrants: Sequence[Entrant] = ENTRANTS) -> Iterator[tuple[Entrant, float, int]]:
    """The method, quantile and seed of each cell of a feature, in order."""
    for quantile in budget.levels:
        for entrant in entrants:
            for seed in range(budget.seeds):
                yield entrant, quantile, seed


def entrants_of(names: Sequence[str]) -> tuple[Entrant, ...]:
    """The methods with these names, in the order of the table.

    Raises:
        ValueError: for a name that none has.
    """
    for name in names:
        require(name in EVERY, "method", name, f"one of {', '.join(EVERY)}")
    return tuple(entrant for entrant in ENTRANTS if entrant.name in names)


def _name(entrant: Entrant, quantile: float, seed: int) -> tuple[str, float | None, int]:
    return entrant.name, quantile, seed


def _key(row: Row) -> tuple[str, float | None, int]:
    return row["method"], row["level"], row["seed"]


def work(
    job: Job,
    budget: ParadigmBudget,
    seed: int,
    feature: Named,
    entrants: Sequence[str] = EVERY,
    transcoder: Path = WEIGHTS,
) -> None:
    """The cells of a feature that the job has not."""
    torch.set_num_threads(1)
    lines = lines_of(job, feature)
    known = {_key(row) for row in lines.rows}
    todo = [cell for cell in cells(budget, entrants_of(entrants)) if _name(*cell) not in known]
    first = _YARDSTICK not in known
    if todo or first:
        layer = shared().layer if transcoder == WEIGHTS else load_layer(transcoder)
        one = FeatureCells(OneFeature(feature.index, budget, part_seed(seed, feature.index), job, layer), feature)
        if first:
            lines.add(one.retrieved())
        for entrant, quantile, draw in todo:
            lines.add(one.row(entrant, quantile, draw))


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
        feature: with its name and class.
    """

    def __init__(self, one: OneFeature, feature: Named) -> None:
        self.one, self.feature = one, feature
        self._ready: dict[tuple[str, float], _Ready] = {}
        self._measuring: dict[float, Measuring] = {}

    def row(self, entrant: Entrant, quantile: float, draw: int) -> Row:
        """Calibrate, draw and measure."""
        one, level = self.one, self.one.level(quantile)
        ready = self._calibrated(entrant, quantile)
        seed = part_seed(one.seed, _DRAWS, draw)
        drawn, seconds, peak = cost(partial(ready.method.draw, ready.knob, seed, one.budget.n))
        problem = ready.problem or _missed(drawn)
        return {
            **self._told(drawn, self._measure(quantile), keep=draw == 0),
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
        pool, n = self.one.pool, self.one.budget.n
        drawn = Retrieval(pool).draw(float(min(n, len(pool.scores))), 0, n)
        told = self._told(drawn, Measuring(self._test_scores, None, self.feature.dominant), keep=True)
        return told | {"level": None, "method": RETRIEVED, "seed": 0}

    def _told(self, drawn: Drawn, measure: Measuring, keep: bool) -> Row:
        """What a row says of pictures; nothing is measured of fewer than two."""
        pictures = as_shown(drawn.points)
        numbers = measure(pictures) if len(pictures) > 1 else NOTHING
        return {
            "feature": self.feature.index,
            "name": self.feature.name,
            "activation": drawn.mean,
            "pictures": len(pictures),
            **numbers._asdict(),
            "shown": kept(pictures, drawn.scores) if keep else None,
        }

    @property
    def _test_scores(self) -> Float[np.ndarray, " m"]:
        return self.one.scores[len(self.one.pool.scores) :]

    def _measure(self, quantile: float) -> Measuring:
        if quantile not in self._measuring:
            level = self.one.level(quantile)
            self._measuring[quantile] = Measuring(self._test_scores, level, self.feature.dominant)
        return self._measuring[quantile]

    def _calibrated(self, entrant: Entrant, quantile: float) -> _Ready:
        """Once for all seeds."""
        one, key = self.one, (entrant.name, quantile)
        if key not in self._ready:
            known = entrant.name in one.searching
            method, made, _ = cost(partial(entrant.make, one, one.level(quantile)))
            searched = 0.0 if known else one.searching.get(entrant.name, made)
            (knob, problem), calibrated, _ = cost(partial(brought_to, method, one, quantile))
            self._ready[key] = _Ready(method, knob, problem, searched + calibrated)
        return self._ready[key]


def brought_to(method: Method, one: OneFeature, quantile: float) -> tuple[float, str | None]:
    """The method's knob at a level of a feature, and why the level is missed with it, if it is."""
    level = one.level(quantile)
    try:
        return method.calibrate(level).knob, None
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


def kept(pictures: Any, scores: Float[np.ndarray, " n"]) -> dict[str, Any]:
    """Some pictures, as JSON can hold them. Those of a pool are in the order of their scores."""
    places = np.unique(np.linspace(0, len(scores) - 1, SHOWN).round().astype(int))
    grey = as_grey(pictures[torch.from_numpy(places)])[:, 0]
    return {"grey": base64.b64encode(grey.tobytes()).decode(), "scores": scores[places].tolist()}


def shown(row: Row) -> tuple[UInt8[np.ndarray, "k h w"], Float[np.ndarray, " k"]]:
    """The pictures that a row of the first seed keeps, as grey values, and their scores."""
    grey = np.frombuffer(base64.b64decode(row["shown"]["grey"]), dtype=np.uint8)
    return grey.reshape(-1, SIZE, SIZE), np.array(row["shown"]["scores"])
