"""Text tables (.csv, .tsv, .txt): which separator, whether the first line holds names, and where a cell is no number.

Splitting is that of Python's `csv` module, strict: quotes, doubled quotes and line breaks inside quotes are its work,
and it says on which line it stands, which an error must name. Numbers are read by `float`. What is decided here is what
no reader decides for us: `csv.Sniffer` guesses from character counts and is often wrong; `pyarrow.csv` is well kept and
fast, but weighs about 150 MB installed, takes the first line for names unasked, turns words such as NA into nulls and
names no line in its errors; `pandas` guesses in silence. Two passes over the file keep memory at the size of the
numbers.
"""

import csv
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from distributional_view.errors import UserError
from distributional_view.tables.numbers import as_number, foreign_number, numbers_of, plain_count
from distributional_view.tables.table import Kind, Raw, need

SEPARATORS = (",", ";", "\t", " ")
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", " ": "space"}
SAMPLE, CHUNK = 50, 20_000
"""Lines that decide the separator, and lines that are read at a time."""


class Text(NamedTuple):
    """A text file, the separator of its cells, and the cells of its first line."""

    path: Path
    separator: str
    first: list[str]
    hashed: bool

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The lines after the first with their numbers; refuses an empty one, and one of another width."""
        width, empty = len(self.first), 0
        for line, cells in islice(_records(self.path, self.separator), 1, None):
            if not cells:
                empty = empty or line
                continue
            if empty:
                raise UserError(f"line {empty} is empty: every line must hold {width} numbers")
            if len(cells) != width:
                raise UserError(
                    f"line {line} has {len(cells)} columns: must have {width}, like the first line{_hint(cells, width)}"
                )
            yield line, cells

    def texts(self, j: int, with_first: bool) -> list[str]:
        """The cells of a column."""
        return [*([self.first[j].strip()] if with_first else []), *(cells[j].strip() for _, cells in self.rows())]


class Scanned:
    """A column below the first line: its numbers, and what else was found in it."""

    def __init__(self) -> None:
        self.parts: list[np.ndarray] = []
        self.size = self.plain = self.words = self.bad = 0
        self.fault: tuple[int, str] | None = None

    def take(self, cells: tuple[str, ...], lines: list[int]) -> None:
        """Add cells, which stand in these lines."""
        values = numbers_of(cells)
        for i in np.flatnonzero(np.isnan(values)):
            if as_number(cells[i]) is None:
                self.fault = self.fault or (lines[i], cells[i])
                self.bad += 1
                self.words += foreign_number(cells[i]) is None
        self.parts.append(values)
        self.plain += plain_count(cells, values)
        self.size += len(cells)

    @property
    def kind(self) -> Kind:
        """Words where more than half of the cells are, and those are not numbers in another country's writing."""
        if 2 * self.words > self.size:
            return "text"
        if self.bad:
            return "unread"
        return "whole" if self.plain == self.size > 0 else "number"

    @property
    def largest(self) -> float:
        """The largest number."""
        return max((float(np.nanmax(p)) for p in self.parts if not np.isnan(p).all()), default=-np.inf)


def opened(path: Path) -> Text:
    """A text file with its separator and first line.

    Raises:
        UserError: for what is no text, or whose first line is empty.
    """
    separator = "\t" if path.suffix.lower() == ".tsv" else _separator(path)
    _, first = next(_records(path, separator), (0, []))
    filled = len(first) > 1 or any(c.strip() for c in first)
    need(filled, "activations", path.name, "a file with values from its first line on")
    with path.open("rb") as file:
        hashed = file.readline().removeprefix(b"\xef\xbb\xbf").startswith(b"#")
    return Text(path, separator, first, hashed)


def scan(text: Text) -> list[Scanned]:
    """Every column below the first line."""
    columns, rows = [Scanned() for _ in text.first], text.rows()
    while block := list(islice(rows, CHUNK)):
        lines = [line for line, _ in block]
        for column, cells in zip(columns, zip(*(cells for _, cells in block), strict=True), strict=True):
            column.take(cells, lines)
    return columns


def raws(text: Text, columns: list[Scanned], header: bool) -> list[Raw]:
    """The columns, with the first line as names or as values."""
    if not header:
        for cell, column in zip(text.first, columns, strict=True):
            column.take((cell,), [1])
            column.parts.insert(0, column.parts.pop())
            bad = as_number(cell) is None
            column.fault = (1, cell) if bad else column.fault
    named = [c.strip() or f"column {j}" for j, c in enumerate(text.first)]
    names = named if header else list(map(str, range(len(columns))))
    alone = len(columns) == 1 and not header

    def read(j: int) -> np.ndarray:
        fault = columns[j].fault
        if fault is not None:
            line, cell = fault
            permitted = foreign_number(cell) or "a number (booleans as 0 and 1)"
            raise UserError(f"line {line}, column {j + 1}: {cell!r} must be {permitted}")
        return np.concatenate(columns[j].parts)

    return [
        Raw(
            text.path.stem if alone else name,
            column.kind,
            column.size,
            lambda j=j: read(j),  # type: ignore[misc]
            lambda j=j: text.texts(j, not header),  # type: ignore[misc]
        )
        for j, (name, column) in enumerate(zip(names, columns, strict=True))
    ]


def _records(path: Path, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The records with the number of their last line; an empty one has no cells."""
    with path.open("rb") as start:
        wide = start.read(2) in (b"\xff\xfe", b"\xfe\xff")
    try:
        with path.open(encoding="utf-16" if wide else "utf-8-sig", newline="") as file:
            first = file.readline().removeprefix("#")
            lines = (line if line.strip(" \r\n") else "\n" for line in chain([first], file))
            reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
            for cells in reader:
                yield reader.line_num, cells
    except UnicodeError as error:
        raise UserError(f"activations = {path.name!r}: not UTF-8 text ({error})") from None
    except csv.Error as error:
        raise UserError(
            f"activations = {path.name!r}: line {reader.line_num} is no line of a table ({error})"
        ) from None


def _separator(path: Path) -> str:
    """The one that cuts sampled lines into equally many cells, most of them numbers; else the one that cuts most."""
    best, chosen = (-1.0, 0), ","
    for separator in SEPARATORS:
        try:
            sample = [cells for _, cells in islice(_records(path, separator), SAMPLE) if cells]
        except UserError:
            continue
        widths = {len(cells) for cells in sample}
        if len(widths) != 1 or widths == {1}:
            rank = (-0.5, max(widths)) if widths and separator != " " else (-1.0, 0)
        else:
            cells = [c for row in sample for c in row]
            numbers = sum(as_number(c) is not None or foreign_number(c) is not None for c in cells)
            rank = (numbers / len(cells), max(widths))
        if rank > best:
            best, chosen = rank, separator
    return chosen


def _hint(cells: list[str], width: int) -> str:
    """What a line with too many cells may be."""
    numbers = len(cells) > width and all(as_number(c) is not None for c in cells)
    return " (write numbers with a decimal point, not a comma, and without thousands separators)" if numbers else ""
