"""A study on disk. `raters` is all that raters may see; `key.json` says who made what, and `answers` what was said.

STUDY/key.json                 method, feature, level and pictures of each item; the seed
STUDY/raters/items.json        the items and the rubric, nothing that tells a method
STUDY/raters/grids/001.png     a grid an item
STUDY/raters/rate.html         the page for a rater without a server: one file with all grids
STUDY/answers/NAME.jsonl       a line an answer
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from distributional_view.errors import UserError
from distributional_view.figures.study.sources import Cell
from distributional_view.files import shown
from distributional_view.jobs import read_json

KEY, RATERS, ANSWERS, ITEMS, GRIDS, PAGE = "key.json", "raters", "answers", "items.json", "grids", "rate.html"
FORMAT = 1
WAY_OUT = "`dview study make` writes a study"


@dataclass(frozen=True)
class Study:
    """What raters see.

    Args:
        folder: of the study.
        name: a digest of everything in it, so that answers know their study.
        items: the items' names, in order -> SHA-256 of the grid's file.
    """

    folder: Path
    name: str
    items: Mapping[str, str]

    def grid(self, item: str) -> Path:
        """The file of an item's grid."""
        return self.folder / RATERS / GRIDS / f"{item}.png"

    def answers(self, rater: str) -> Path:
        """The file of a rater's answers; names that differ have files that differ."""
        return self.folder / ANSWERS / f"{quote(rater, safe=' ')}.jsonl"


def open_study(folder: Path) -> Study:
    """The study in a folder.

    Raises:
        UserError: if there is none, or it is damaged.
    """
    path = folder / RATERS / ITEMS
    if not path.is_file():
        raise UserError(f"{shown(folder)} holds no study ({RATERS}/{ITEMS} is not there): {WAY_OUT}")
    told = read_json(path, WAY_OUT)
    try:
        ok = told["format"] == FORMAT
        study = Study(folder, str(told["study"]), {str(row["item"]): str(row["sha256"]) for row in told["items"]})
    except (TypeError, KeyError) as error:
        raise UserError(f"{shown(path)} is no list of items: it has no {error}: {WAY_OUT}") from error
    if not ok:
        raise UserError(f"{shown(path)}: format = {told['format']!r}: must be {FORMAT}: {WAY_OUT}")
    for item in study.items:
        if not study.grid(item).is_file():
            raise UserError(f"{shown(study.grid(item))} is not there: {WAY_OUT}")
    return study


def read_key(study: Study) -> dict[str, Cell]:
    """What each item shows.

    Raises:
        UserError: if the key is not there, is damaged, or is of another study.
    """
    path = study.folder / KEY
    if not path.is_file():
        raise UserError(f"{shown(path)} is not there: put the key of study {study.name} back beside its `{RATERS}`")
    told: Any = read_json(path, "it cannot be made again without the pictures")
    try:
        name = told["study"]
        cells = {str(i): Cell(str(c["method"]), str(c["feature"]), str(c["level"])) for i, c in told["items"].items()}
    except (TypeError, KeyError, AttributeError) as error:
        raise UserError(f"{shown(path)} is no key: it has no {error}") from error
    if name != study.name or set(cells) != set(study.items):
        raise UserError(f"{shown(path)} is the key of study {name!r}: must be that of {study.name!r}")
    return cells
