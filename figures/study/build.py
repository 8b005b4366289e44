"""Writes a study: chooses four pictures a cell, shuffles the cells, and keeps from raters what tells them apart."""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from distributional_view.errors import UserError
from distributional_view.figures.study.grids import PICTURES, grid
from distributional_view.figures.study.page import file_page
from distributional_view.figures.study.sources import Cell, Shot
from distributional_view.figures.study.study import (
    ANSWERS,
    FORMAT,
    GRIDS,
    ITEMS,
    KEY,
    PAGE,
    RATERS,
    Study,
)
from distributional_view.figures.study.words import QUESTION, SCORES
from distributional_view.files import shown, write_json, write_whole, write_with
from distributional_view.jobs import read_json
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, silent


class Item(NamedTuple):
    """An item: its name for raters, what it shows, the pictures, the bytes of the grid's PNG."""

    name: str
    cell: Cell
    shots: Sequence[Shot]
    png: bytes


def build(
    cells: Mapping[Cell, Sequence[Shot]],
    out: Path,
    seed: int = 0,
    side: int = 256,
    gap: int = 8,
    progress: Progress = silent,
) -> Study:
    """Write the study of some cells; equal arguments give equal bytes.

    Args:
        cells: at least four pictures each; of more, four are drawn.
        out: folder of the study.
        seed: of the choice of pictures and of the order of the items, >= 0.
        side: of a picture in the grid, pixels, >= 16.
        gap: between pictures, pixels, >= 0.
        progress: told after each grid.

    Raises:
        ValueError: for a number out of range.
        UserError: for a cell with too few pictures, a picture that cannot be read, or a folder of another study.
    """
    require(seed >= 0, "seed", seed, ">= 0")
    require(side >= 16, "side", side, ">= 16")
    require(gap >= 0, "gap", gap, ">= 0")
    for cell, shots in cells.items():
        if len(shots) < PICTURES:
            raise UserError(f"{words(cell)} has {len(shots)} pictures: a grid shows {PICTURES}")
    items = _items(cells, seed, side, gap, progress)
    about = [seed, side, gap, [[*item.cell, hashlib.sha256(item.png).hexdigest()] for item in items]]
    name = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:12]
    _ours(out, name)
    for item in items:
        _write_bytes(out / RATERS / GRIDS / f"{item.name}.png", item.png)
    study = Study(out, name, {item.name: hashlib.sha256(item.png).hexdigest() for item in items})
    write_json(out / KEY, _key(study, items, seed, side, gap))
    write_whole(out / RATERS / PAGE, file_page(study))
    write_json(out / RATERS / ITEMS, shown_items(study))
    return study


def words(cell: Cell) -> str:
    """A cell in words."""
    return f"{cell.method} on feature {cell.feature}" + (f" at level {cell.level}" if cell.level else "")


def gaps(cells: Mapping[Cell, Any]) -> list[str]:
    """Features that not every method has, in words: means over features then compare different ones."""
    methods = sorted({cell.method for cell in cells})
    found = []
    for feature, level in sorted({(cell.feature, cell.level) for cell in cells}):
        absent = [method for method in methods if Cell(method, feature, level) not in cells]
        if absent:
            at = f" at level {level}" if level else ""
            found.append(f"feature {feature}{at}: nothing by {', '.join(absent)}")
    return found


def shown_items(study: Study) -> dict[str, Any]:
    """All of items.json."""
    return {
        "format": FORMAT,
        "study": study.name,
        "question": QUESTION,
        "scores": {str(score): words for score, words in SCORES.items()},
        "items": [{"item": i, "grid": f"{GRIDS}/{i}.png", "sha256": digest} for i, digest in study.items.items()],
    }


def _items(cells: Mapping[Cell, Sequence[Shot]], seed: int, side: int, gap: int, progress: Progress) -> list[Item]:
    """The items in their order, which is drawn, as are the pictures and their places."""
    rng, ordered = np.random.default_rng(seed), sorted(cells)
    digits = max(3, len(str(len(ordered))))
    found = []
    for place, at in enumerate(rng.permutation(len(ordered))):
        cell = ordered[at]
        shots = [cells[cell][i] for i in rng.choice(len(cells[cell]), PICTURES, replace=False)]
        content = io.BytesIO()
        grid([shot.read() for shot in shots], side, gap).save(content, "PNG")
        found.append(Item(f"{place + 1:0{digits}d}", cell, shots, content.getvalue()))
        progress("grids", place + 1, len(ordered))
    return found


def _key(study: Study, items: Sequence[Item], seed: int, side: int, gap: int) -> dict[str, Any]:
    return {
        "study": study.name,
        "seed": seed,
        "side": side,
        "gap": gap,
        "items": {item.name: {**item.cell._asdict(), "pictures": [s.name for s in item.shots]} for item in items},
    }


def _ours(out: Path, name: str) -> None:
    """Refuse a folder with another study, or with answers to one that is not there any more."""
    way_out = "choose another folder, so that no answers are lost"
    marks = [path for path in (out / KEY, out / RATERS / ITEMS) if path.exists()]
    for path in marks:
        told = read_json(path, way_out)
        there = told.get("study") if isinstance(told, dict) else None
        if there != name:
            raise UserError(f"{shown(path)} is of another study ({there}, this one is {name}): {way_out}")
    if not marks and (out / ANSWERS).exists():
        raise UserError(f"{shown(out / ANSWERS)} holds the answers to another study: {way_out}")


def _write_bytes(path: Path, content: bytes) -> None:
    write_with(path, lambda partial: partial.write_bytes(content))
