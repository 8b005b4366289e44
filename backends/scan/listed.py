"""A table of paths: which column they are in, and which one holds labels.

Cells are split as `distributional_view.tables` splits them, but the separator comes from the file's ending, since
paths hold spaces: a comma in .csv (a semicolon if the first line has one and no comma), a tab in .tsv, none in .txt.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from distributional_view.errors import UserError
from distributional_view.files import shown
from distributional_view.tables.arrow import from_parquet
from distributional_view.tables.text import Text

PATHS = re.compile(r"(.*[ _-])?(path|paths|file|files|filename|file_name|image|url|uri|location)", re.IGNORECASE)
LABELS = re.compile(r"(.*[ _-])?(label|labels|class|classname|class_name|category|target|synset)", re.IGNORECASE)
Words = Callable[[], list[str]]


def read_paths(
    table: Path, header: bool | None, path_column: str | None, label_column: str | None
) -> tuple[list[str], list[str | None]]:
    """The paths in a table, and the label of each.

    Args:
        table: .csv, .tsv, .txt (one path a line) or .parquet.
        header: whether the first line holds names; None: it does if one of them is that of a column of paths.
        path_column: its name; None: the one called path, file, image or the like, or the only one.
        label_column: its name; None: the one called label, class or the like, if there is one.

    Raises:
        UserError: if a column is not there or not certain, or a path is empty.
    """
    try:
        columns = _of_parquet(table) if table.suffix.lower() == ".parquet" else _of_text(table, header, path_column)
    except OSError as error:
        raise UserError(f"images = {shown(table)!r}: cannot be read ({error.strerror or error})") from None
    chosen = _column(table, columns, path_column, PATHS, "path")
    if chosen is None:
        if len(columns) != 1:
            raise UserError(f"{shown(table)}: no column is called path: --path-column, one of {', '.join(columns)}")
        chosen = next(iter(columns))
    paths = columns[chosen]()
    for number, path in enumerate(paths, start=1):
        if not path:
            raise UserError(f"{shown(table)}: row {number} has no path")
    if not paths:
        raise UserError(f"{shown(table)}: must have at least one row")
    rest = {name: words for name, words in columns.items() if name != chosen}
    label = _column(table, rest, label_column, LABELS, "label")
    return paths, [None] * len(paths) if label is None else [word or None for word in rest[label]()]


def _of_parquet(table: Path) -> Mapping[str, Words]:
    return {raw.name: partial(_words, table, raw.name) for raw in from_parquet(table)}


def _words(table: Path, name: str) -> list[str]:
    """A column as text, missing cells empty."""
    import pyarrow.parquet as pq

    try:
        cells = pq.read_table(table, columns=[name]).column(name).to_pylist()
    except Exception as error:  # whatever a decoder makes of damaged bytes
        raise UserError(f"{shown(table)}: column {name!r} cannot be read ({error})") from error
    return ["" if cell is None else str(cell) for cell in cells]


def _of_text(table: Path, header: bool | None, path_column: str | None) -> Mapping[str, Words]:
    with table.open(encoding="utf-8-sig", errors="replace") as file:
        line = file.readline()
    separator = {".tsv": "\t", ".txt": "\0"}.get(table.suffix.lower(), ";" if ";" in line and "," not in line else ",")
    cells = [cell.strip().strip('"') for cell in line.rstrip("\r\n").split(separator)]
    text = Text(table, separator, cells, False)
    names = header
    if names is None:
        names = path_column in cells if path_column is not None else any(PATHS.fullmatch(cell) for cell in cells)
    titles = cells if names else [f"column {j}" for j in range(len(cells))]
    return {title: lambda j=j: text.texts(j, not names) for j, title in enumerate(titles)}  # type: ignore[misc]


def _column(
    table: Path, columns: Mapping[str, Words], wanted: str | None, pattern: re.Pattern[str], what: str
) -> str | None:
    """The column that was asked for, or the only one with a fitting name; None if there is none."""
    if wanted is not None:
        if wanted not in columns:
            raise UserError(
                f"{what}-column = {wanted!r}: must be one of {', '.join(columns)}, as {shown(table)} has it"
            )
        return wanted
    found = [name for name in columns if pattern.fullmatch(name)]
    if len(found) > 1:
        raise UserError(
            f"{shown(table)}: columns {', '.join(found)} can each be the {what}: say which, --{what}-column"
        )
    return found[0] if found else None
