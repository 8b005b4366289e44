"""The pictures that `dview paradigms` keeps of each method, as sources of a study.

Its job has a file of lines for each feature; a line is a method at a level with one seed, and those of the first seed
keep four pictures. Nothing in the job is changed by reading it.
"""

import base64
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import UInt8

from distributional_view.errors import UserError
from distributional_view.files import shown

CELLS = "cells-*.jsonl"


class Kept(NamedTuple):
    """The pictures of a line: what made them, of which feature, at which level."""

    line: int
    method: str
    feature: str
    level: str
    pictures: int


def kept_of(cells: Path) -> Iterator[Kept]:
    """The lines that keep pictures at a level. The retrieved set, which has none, is left out.

    Raises:
        UserError: if a line is damaged.
    """
    for line, row in enumerate(_rows(cells), start=1):
        try:
            if row is not None and row["shown"] is not None and row["level"] is not None:
                method, feature, level = str(row["method"]), str(row["name"]), f"{float(row['level']):g}"
                yield Kept(line, method, feature, level, len(_pictures(row)))
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise UserError(f"{shown(cells)}: line {line} is none of `dview paradigms` ({error})") from error


def picture(cells: Path, line: int, place: int) -> UInt8[np.ndarray, "h w *rgb"]:
    """One of the pictures of a line, in grey (h, w) or in colour (h, w, 3)."""
    return _pictures(json.loads(cells.read_bytes().split(b"\n")[line - 1]))[place]


def _rows(cells: Path) -> list[dict[str, Any] | None]:
    """The file's lines; None for a last one that was cut off while it was written."""
    lines = cells.read_bytes().split(b"\n")
    found: list[dict[str, Any] | None] = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(json.loads(line))
        except ValueError:
            if number < len(lines):
                raise UserError(
                    f"{shown(cells)}: line {number} is damaged: `dview paradigms` says what to do"
                ) from None
            found.append(None)
    return found


def _pictures(row: dict[str, Any]) -> UInt8[np.ndarray, "k h w *rgb"]:
    kind, colours = ("rgb", (3,)) if "rgb" in row["shown"] else ("grey", ())
    flat = np.frombuffer(base64.b64decode(row["shown"][kind], validate=True), dtype=np.uint8)
    count = len(row["shown"]["scores"])
    side = math.isqrt(flat.size // count // math.prod(colours))
    return flat.reshape(count, side, side, *colours)
