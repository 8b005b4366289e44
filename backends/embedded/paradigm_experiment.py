"""Every method of Table 1 on some features of the embedded world at matched levels, kept cell by cell.

The work lies in a folder, a file of lines for each feature: a cell is a method at a level with one seed. What is there
is not run again, so that another level, feature or method only adds cells. Equal seeds give equal numbers whatever the
number of processes.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import torch

from distributional_view.backends.cells import FILES, Row, fill
from distributional_view.backends.embedded.features import Named
from distributional_view.backends.embedded.layer import Layer, load_layer
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.paradigm_ground import EmbeddedGround
from distributional_view.backends.embedded.paradigm_measures import real_of
from distributional_view.backends.embedded.store import WEIGHTS, Part, read_record, weights_path
from distributional_view.backends.paradigms.budget import ParadigmBudget
from distributional_view.backends.paradigms.comparison import FeatureCells, complete, rows_of, wanted
from distributional_view.backends.paradigms.entrants import EVERY, entrants_of
from distributional_view.backends.paradigms.one_feature import OneFeature
from distributional_view.jobs import Job, opened
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.seeds import part_seed


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
    methods = entrants_of(entrants)
    with job_of(out, budget, seed, transcoder) as job:
        indices = [feature.index for feature in features]
        total = len(features) * len(wanted(budget, methods))
        given = [(budget, seed, feature, tuple(entrants), transcoder) for feature in features]
        fill(job, indices, work, given, total, progress, jobs)
        return rows_of(job, indices, budget, methods)


def job_of(out: Path, budget: ParadigmBudget, seed: int, transcoder: Path = WEIGHTS) -> AbstractContextManager[Job]:
    """The folder of a comparison, in which its prompts and calibrations lie too; arguments and errors as in `run`."""
    for part in get_args(Part):
        read_record(part)
    contents = {part: weights_path(part) for part in get_args(Part)}
    contents["transcoder"] = weights_path("transcoder", transcoder)
    identity = {"budget": asdict(budget) | {"features": None, "levels": None}, "seed": seed}
    return opened(out, identity, contents, (FILES,))


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

    def made() -> FeatureCells:
        layer = shared().layer if transcoder == WEIGHTS else load_layer(transcoder)
        return cells_of(feature, budget, part_seed(seed, feature.index), job, layer)

    complete(job, feature.index, budget, entrants_of(entrants), made)


def cells_of(feature: Named, budget: ParadigmBudget, seed: int, job: Job, layer: Layer) -> FeatureCells:
    """The cells of a feature of a layer."""
    one = OneFeature(EmbeddedGround(feature.index, budget.steps, layer), budget, seed, job)
    return FeatureCells(one, feature.name, real_of(feature.dominant))
