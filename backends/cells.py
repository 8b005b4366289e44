"""An experiment whose cells are kept as lines: in one file, or in a file a feature that several processes fill.

A cell is made by one process, the one that has its file, and never twice: what a file has already is read.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import wait
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from distributional_view.jobs import Job, Lines
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress
from distributional_view.workers import workers

FILES = "cells-*.jsonl"
"""Those of a job."""
Row = dict[str, Any]
"""One line: a cell's name and its numbers."""
KeyOf = Callable[[Row], Hashable]
"""What tells a row's cell from the others of its feature."""


def lines_of(job: Job, feature: int) -> Lines:
    """The rows of a feature that are there.

    Raises:
        UserError: if the file is damaged, or of another job.
    """
    return Lines(_path(job, feature), job.token)


def fill(
    job: Job,
    features: Sequence[int],
    work: Callable[..., None],
    given: Sequence[tuple[Any, ...]],
    total: int,
    progress: Progress,
    jobs: int,
) -> None:
    """Call `work(job, *given)` for each feature, in processes of one thread each.

    Args:
        job: whose cells they are.
        features: indices; their files are counted for the progress.
        work: makes the cells of a feature that are missing; can be pickled.
        given: what it is given for each feature.
        total: number of cells of all features.
        progress: in cells.
        jobs: processes, at most.

    Raises:
        Exception: whatever `work` raises.
    """
    with workers(min(jobs, len(features))) as pool:
        waiting = {pool.submit(work, job, *arguments) for arguments in given}
        left = waiting
        while left:
            _, left = wait(left, timeout=1.0)
            progress("cells", sum(_count(_path(job, feature)) for feature in features), total)
        for done in waiting:
            done.result()


def filled(
    lines: Lines,
    key_of: KeyOf,
    wanted: Mapping[Any, tuple[Any, ...]],
    make: Callable[..., Row],
    progress: Progress,
    said: Callable[..., str],
    ended: str,
) -> list[Row]:
    """The rows of the wanted cells, in their order; those that the file has not are made.

    Args:
        lines: of the file.
        key_of: names a row's cell.
        wanted: what each cell is made of, by its name.
        make: makes a row of that.
        progress: in cells.
        said: what is told of a cell, of the same.
        ended: what is told after the last one.
    """
    known = {key_of(row) for row in lines.rows}
    for done, (key, parts) in enumerate(wanted.items()):
        progress(said(*parts), done, len(wanted))
        if key not in known:
            lines.add(make(*parts))
    progress(ended, len(wanted), len(wanted))
    return ordered(lines.rows, key_of, wanted)


@runtime_checkable
class Entrant(Protocol):
    """What is compared: a method with a name, which solvers of one method share."""

    @property
    def name(self) -> str: ...


E = TypeVar("E", bound=Entrant)


def called(entrants: Sequence[E], names: Sequence[str]) -> tuple[E, ...]:
    """Those with these names, in the order of the table.

    Raises:
        ValueError: for a name that none has.
    """
    every = tuple(dict.fromkeys(entrant.name for entrant in entrants))
    for name in names:
        require(name in every, "method", name, f"one of {', '.join(every)}")
    return tuple(entrant for entrant in entrants if entrant.name in names)


def ordered(rows: Iterable[Row], key_of: KeyOf, wanted: Iterable[Hashable]) -> list[Row]:
    """The rows of the wanted cells, in their order; all must be there."""
    found = {key_of(row): row for row in rows}
    return [found[key] for key in wanted]


def _count(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _path(job: Job, feature: int) -> Path:
    return job.folder / f"cells-{feature}.jsonl"
