"""Every sampler at every level of some features, judged against the prior's own tilt; kept cell by cell.

The work lies in a folder, a file of lines for each feature: a cell is a method at a level with one seed. What is there
is not run again, and equal seeds give equal numbers whatever the number of processes; only `cpu_seconds` is measured.

Paper: Appendix I, Tables 8-10. The comparison with the prior's tilt is ours.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch

from distributional_view.backends.cells import FILES, Row, called, fill, lines_of, ordered
from distributional_view.backends.embedded.animals import CLASSES
from distributional_view.backends.embedded.features import Named, read_named
from distributional_view.backends.embedded.judge import Judge, Tilt, tilt_of
from distributional_view.backends.embedded.judge_methods import (
    ENTRANTS,
    EVEN,
    ODD,
    POOL,
    Contender,
    Contenders,
    Entrant,
    JudgeBudget,
    learned_offer,
)
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.prior_pool import PriorPool
from distributional_view.backends.embedded.store import Part, weights_path
from distributional_view.backends.jobs import in_file
from distributional_view.backends.paradigms.strengths import LOWEST
from distributional_view.jobs import Job, opened
from distributional_view.theory.errors import CalibrationFailed
from distributional_view.theory.methods import energy_dps
from distributional_view.theory.pools.retrieval import effective_size
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.seeds import part_seed

POTENTIAL = "potential"
"""Folder of the learned potential, in that of the work."""
EVERY = tuple(dict.fromkeys(entrant.name for entrant in ENTRANTS))
"""The methods' names; one of them has two solvers."""
_DRAWS, _JUDGED = 2, 3  # parts of the seed, after those of `judge_methods`


def run(
    out: Path,
    pool: PriorPool,
    budget: JudgeBudget,
    seed: int,
    progress: Progress = silent,
    features: list[Named] | None = None,
    jobs: int = 1,
    entrants: Sequence[str] = EVERY,
) -> list[Row]:
    """All rows, by feature, level, method and seed; those that `out` has already are read.

    Args:
        out: the comparison's folder.
        pool: samples of the prior, `budget.pool` of them.
        budget: sizes.
        seed: of everything random.
        progress: in cells.
        features: default: the first `budget.features` of those with a name.
        jobs: processes, one thread each.
        entrants: names of the methods.

    Raises:
        ValueError: for a method that does not exist.
        OtherRequest: if the folder belongs to another comparison; other levels and methods are the same one.
        UserError: if a file of the folder is damaged, another process works there, or it cannot be written.
        MissingWeights, MissingData: if a part of the backend is not there.
    """
    called(ENTRANTS, entrants)  # an unknown name is refused before a folder is begun
    chosen = read_named()[: budget.features] if features is None else features
    contents = {part: weights_path(part) for part in get_args(Part)}
    learned = None if budget.training == 0 else [feature.index for feature in chosen]
    identity = {
        "budget": asdict(budget) | {"features": None, "quantiles": None},
        "seed": seed,
        "pool": [pool.job.token, len(pool)],
        "learned": learned,
    }
    with opened(out, identity, contents, (FILES,)) as job:
        if learned is not None:
            learned_offer(learned, job.folder / POTENTIAL, budget.training, progress)
        wanted = [list(cells(budget, place, entrants)) for place in range(len(chosen))]
        total = sum(map(len, wanted))
        given = [(pool, budget, seed, feature, place, learned, tuple(entrants)) for place, feature in enumerate(chosen)]
        fill(job, [feature.index for feature in chosen], _work, given, total, progress, jobs)
        return [
            row
            for feature, of_it in zip(chosen, wanted, strict=True)
            for row in ordered(lines_of(job, feature.index).rows, _key, (_name(*cell) for cell in of_it))
        ]


def cells(budget: JudgeBudget, place: int = 0, entrants: Sequence[str] = EVERY) -> Iterator[tuple[Entrant, float, int]]:
    """The method, quantile and seed of each cell of a feature, in order; its place among the features counts from 0."""
    for quantile in budget.quantiles:
        for entrant in called(ENTRANTS, entrants):
            if not entrant.costly or (quantile == budget.thorough and place < budget.thorough_features):
                for seed in range(budget.seeds):
                    yield entrant, quantile, seed


def _name(entrant: Entrant, quantile: float, seed: int) -> tuple[str, str | None, float, int]:
    return entrant.name, entrant.solver, quantile, seed


def _key(row: Row) -> tuple[str, str | None, float, int]:
    return row["method"], row["solver"], row["level"], row["seed"]


def _work(
    job: Job,
    pool: PriorPool,
    budget: JudgeBudget,
    seed: int,
    feature: Named,
    place: int,
    learned: list[int] | None,
    entrants: tuple[str, ...],
) -> None:
    """The cells of a feature that the job has not."""
    torch.set_num_threads(1)
    lines = lines_of(job, feature.index)
    known = {_key(row) for row in lines.rows}
    todo = [cell for cell in cells(budget, place, entrants) if _name(*cell) not in known]
    if todo:
        judged = FeatureJudged(job, pool, budget, part_seed(seed, feature.index), feature, learned)
        for entrant, quantile, draw in todo:
            lines.add(judged.row(entrant, quantile, draw))


class FeatureJudged:
    """One feature: its tilts, its judges and its rows.

    Args:
        job: where calibrations are kept.
        pool: samples of the prior.
        budget: sizes.
        seed: of everything random about the feature.
        feature: with its name and class.
        learned: the features that a potential has been learned for; None: there is none.
    """

    def __init__(
        self,
        job: Job,
        pool: PriorPool,
        budget: JudgeBudget,
        seed: int,
        feature: Named,
        learned: list[int] | None = None,
    ) -> None:
        self.pool, self.budget, self.seed, self.feature = pool, budget, seed, feature
        self.scores = shared().activation(feature.index)
        self.of_pool = pool.activation(feature.index)
        sd, offer = float(self.scores.std()), None
        if learned is not None:
            offer = learned_offer(learned, job.folder / POTENTIAL, budget.training)

        def remember(name: str) -> Any:
            return in_file(job.folder / f"calibration-{feature.index}-{name}.jsonl", job.token)

        lowest = self.level(LOWEST)
        self.contenders = Contenders(feature.index, pool, budget, sd, lowest, seed, remember, offer)
        self._judges: dict[tuple[float, bool], Judge] = {}
        self._knobs: dict[tuple[str, str | None, float], tuple[float, int, str | None]] = {}

    def level(self, quantile: float) -> float:
        """The quantile of the score over the data."""
        return float(np.quantile(self.scores, quantile))

    def judge(self, quantile: float, half: bool = False) -> Judge:
        """Of a level; with `half` against the half of the pool that methods of the pool do not know."""
        if (quantile, half) not in self._judges:
            level, part = self.level(quantile), ODD if half else slice(None)
            self._judges[quantile, half] = Judge(
                level,
                float(self.scores.std()),
                CLASSES.index(self.feature.dominant),
                tilt_of(self.of_pool[part], self.pool.labels[part], level),
                self.data(level),
                self.pool.pooled.numpy()[part],
                shared().classifier,
                shared().usual,
                part_seed(self.seed, _JUDGED),
            )
        return self._judges[quantile, half]

    def data(self, level: float) -> Tilt:
        """The data's tilt; the classes are the classifier's, as everywhere."""
        return tilt_of(self.scores, shared().labels, level)

    def row(self, entrant: Entrant, quantile: float, draw: int) -> Row:
        """Calibrate, draw and judge."""
        contender = entrant.make(self.contenders, self.level(quantile))
        knob, runs, problem = self._calibrated(entrant, contender, quantile)
        before, started = self.contenders.counting.now, time.process_time()
        drawn = contender.method.draw(knob, part_seed(self.seed, _DRAWS, draw), self.budget.n)
        seconds = time.process_time() - started
        passed, judge = self.contenders.counting.since(before), self.judge(quantile, entrant.pooled)
        verdict = judge(drawn.points.float(), drawn.scores, drawn.weights)
        chains, label = contender.chains, judge.label
        size = None if entrant.name != POOL else effective_size(self._half(quantile).weights)
        return {
            "world": "embedded",
            "feature": self.feature.name,
            "level": quantile,
            "method": entrant.name,
            "solver": entrant.solver,
            "evaluations": passed.evaluations / chains if chains else None,
            "backward": passed.backward / chains if chains else None,
            "seed": draw,
            **verdict._asdict(),
            "signed_error_sd": (drawn.mean - judge.level) / judge.sd,
            "prior_tilt_agreement": float(judge.prior.shares[label]),
            "data_tilt_agreement": float(judge.data.shares[label]),
            "reference_ess": judge.prior.effective_size,
            "data_ess": judge.data.effective_size,
            "ancestors": drawn.notes.get("ancestors"),
            "cpu_seconds": seconds,
            "chains": chains or None,
            "pictures": len(drawn.points),
            "pool_ess": size,
            "target": judge.level,
            "knob": knob,
            "beta": judge.prior.multiplier,
            "calibration_runs": runs,
            "problem": problem,
        }

    def _half(self, quantile: float) -> Tilt:
        return tilt_of(self.of_pool[EVEN], self.pool.labels[EVEN], self.level(quantile))

    def _calibrated(self, entrant: Entrant, contender: Contender, quantile: float) -> tuple[float, int, str | None]:
        """The knob, how many runs it took, and why the level was missed, if it was; once for all seeds."""
        key = (entrant.name, entrant.solver, quantile)
        if key not in self._knobs:
            try:
                found = contender.method.calibrate(self.level(quantile))
                self._knobs[key] = found.knob, found.evaluations, None
            except CalibrationFailed as failure:  # judged as it is, at the nearest mean
                self._knobs[key] = failure.nearest(self.level(quantile)), len(failure.runs), str(failure)
        return self._knobs[key]


def size_at(rows: list[Row], feature: str, quantile: float) -> float:
    """The whole pool's effective size at a feature's level, as the rows have it."""
    found = [
        row
        for row in rows
        if (row["feature"], row["level"]) == (feature, quantile) and row["method"] == energy_dps.NAME
    ]
    return float(found[0]["reference_ess"])
