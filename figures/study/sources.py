"""The pictures of a study: which method made them, of which feature, at which level.

Four ways to name them: a table (.csv) with the columns method, feature, picture and perhaps level; a folder with
METHOD/FEATURE/pictures; a folder with jobs of `dview explain`, which know their method, feature and target; the job of
`dview paradigms`, which keeps four pictures of each method on each feature at each level.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from PIL.Image import Image as Picture

from distributional_view.errors import UserError
from distributional_view.figures.study.compared import CELLS, kept_of, picture
from distributional_view.figures.study.grids import PICTURES
from distributional_view.files import shown
from distributional_view.jobs import read_json

EXPLANATION, SHOWN = "explanation.json", "shown.npy"
COLUMNS = ("method", "feature", "picture")


class Cell(NamedTuple):
    """What is compared: a method on a feature, at a level if there are several ("" for none)."""

    method: str
    feature: str
    level: str = ""


class Shot(NamedTuple):
    """A picture of a study: a file, or one of the pictures in a file of a job, or in a line of such a file."""

    path: Path
    place: int | None = None
    line: int | None = None

    @property
    def name(self) -> str:
        """For the key and for messages."""
        line = "" if self.line is None else f":{self.line}"
        return f"{shown(self.path)}{line}" + ("" if self.place is None else f"[{self.place}]")

    def read(self) -> Picture:
        """The picture, in mode RGB.

        Raises:
            UserError: if it cannot be read.
        """
        if self.place is None:
            from distributional_view.backends.zoo.decode import decode

            return decode(self.path).picture
        if self.line is not None:
            return Image.fromarray(picture(self.path, self.line, self.place)).convert("RGB")
        images = _images(self.path)
        unit = np.clip((images[self.place].transpose(1, 2, 0) + 1) / 2, 0, 1)
        grey = unit.shape[2] == 1
        return Image.fromarray(np.round(255 * (unit.repeat(3, axis=2) if grey else unit)).astype(np.uint8))


def collected(sources: Sequence[Path]) -> dict[Cell, list[Shot]]:
    """The pictures of all sources, by what they are of.

    Raises:
        UserError: for a source that is not there, is none of the four, or holds no pictures.
    """
    found: dict[Cell, list[Shot]] = {}
    for source in sources:
        pairs = list(_pairs(source))
        if not pairs:
            raise UserError(
                f"{shown(source)} holds no pictures: must be a table with the columns {', '.join(COLUMNS)}, a folder "
                "with METHOD/FEATURE/pictures, or a folder with jobs of `dview explain` or `dview paradigms`"
            )
        for cell, shot in pairs:
            found.setdefault(cell, []).append(shot)
    return found


def at_levels(cells: dict[Cell, list[Shot]], levels: Sequence[str]) -> dict[Cell, list[Shot]]:
    """The cells at some levels, written as the sources write them; none for all.

    Raises:
        UserError: for a level that no cell has.
    """
    there = sorted({cell.level for cell in cells})
    for level in levels:
        if level not in there:
            raise UserError(f"--level {level}: must be one of {', '.join(map(repr, there))}, those of the pictures")
    return {cell: shots for cell, shots in cells.items() if not levels or cell.level in levels}


def too_few(cells: dict[Cell, list[Shot]]) -> list[Cell]:
    """Those of `dview paradigms` that make no grid: the method found fewer pictures there."""
    return [cell for cell, shots in cells.items() if len(shots) < PICTURES and shots[0].line is not None]


def _pairs(source: Path) -> Iterator[tuple[Cell, Shot]]:
    if source.is_dir():
        jobs, compared = sorted(source.rglob(EXPLANATION)), sorted(source.rglob(CELLS))
        yield from (pair for job in jobs for pair in _of_job(job))
        yield from _of_compared(compared)
        if not jobs and not compared:
            yield from _of_folder(source)
    elif source.is_file():
        yield from _of_table(source)
    else:
        raise UserError(f"{shown(source)}: there is no such file or folder")


def _of_folder(folder: Path) -> Iterator[tuple[Cell, Shot]]:
    from distributional_view.backends.zoo.folder import SUFFIXES

    for path in sorted(folder.glob("*/*/*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            yield Cell(path.parent.parent.name, path.parent.name), Shot(path)


def _of_table(table: Path) -> Iterator[tuple[Cell, Shot]]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True, strict=True)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise UserError(
                    f"{shown(table)}: line 1 must name the columns {', '.join(COLUMNS)}: {missing[0]} is not"
                )
            for row in reader:
                yield _of_row(table, reader.line_num, row)
    except (UnicodeError, csv.Error) as error:
        raise UserError(f"{shown(table)} is no table of text in UTF-8 ({error})") from error


def _of_row(table: Path, line: int, row: dict[str, Any]) -> tuple[Cell, Shot]:
    for name in COLUMNS:
        if not (row[name] or "").strip():
            raise UserError(f"{shown(table)}: line {line} has no {name}")
    cell = Cell(row["method"].strip(), row["feature"].strip(), (row.get("level") or "").strip())
    path = table.parent / row["picture"].strip()
    if not path.is_file():
        raise UserError(f"{shown(table)}: line {line}: picture = {shown(path)!r}: there is no such file")
    return cell, Shot(path)


def _of_job(explanation: Path) -> Iterator[tuple[Cell, Shot]]:
    told = read_json(explanation, "`dview explain` writes it again")
    try:
        request, feature = told["request"], told["origin"]["feature"]
        cell = Cell(str(request["method"]), str(feature), f"{float(request['target']):.6g}")
    except (TypeError, KeyError, ValueError) as error:
        raise UserError(f"{shown(explanation)} is none of `dview explain`: it has no {error}") from error
    path = explanation.with_name(SHOWN)
    if not path.is_file():
        raise UserError(f"{shown(path)} is not there: the same call of `dview explain` writes it")
    for place in range(len(_images(path))):
        yield cell, Shot(path, place)


def _of_compared(files: Sequence[Path]) -> Iterator[tuple[Cell, Shot]]:
    known: dict[Cell, Path] = {}
    for path in files:
        for kept in kept_of(path):
            cell = Cell(kept.method, kept.feature, kept.level)
            if known.setdefault(cell, path) != path:
                both = f"{shown(known[cell].parent)} and {shown(path.parent)}"
                raise UserError(f"{both} both have {cell.method} on {cell.feature}: name one of the two folders")
            yield from ((cell, Shot(path, place, kept.line)) for place in range(kept.pictures))


def _images(path: Path) -> np.ndarray:
    """Pictures (n, c, h, w) in [-1, 1], one or three channels."""
    try:
        images = np.asarray(np.load(path), np.float32)
    except (EOFError, ValueError, TypeError) as error:
        raise UserError(f"{shown(path)} holds no pictures of a job ({error})") from error
    if images.ndim != 4 or images.shape[1] not in (1, 3) or not np.isfinite(images).all():
        raise UserError(f"{shown(path)}: images of shape {images.shape}: must be (n, 1 or 3, h, w) and finite")
    return images
