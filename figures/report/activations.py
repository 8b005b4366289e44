"""Activations, a feature a column: of a file or of arrays. The reader is `distributional_view.tables`, one for all."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from numpy.typing import ArrayLike

from distributional_view.tables import Column, Table, as_scores, read_table, table_of
from distributional_view.theory.errors import require

__all__ = ["Column", "Table", "as_scores", "columns", "table"]


def table(
    activations: str | Path | ArrayLike | Mapping[str, ArrayLike],
    header: bool | None = None,
    id_column: str | None = None,
    ids: Sequence[str] | None = None,
) -> Table:
    """The features of a file, of an array (n,) or (n, features), or of arrays by name, and how they were read.

    Raises:
        UserError: for what cannot be read, has no columns, or another shape.
    """
    if isinstance(activations, str | Path):
        require(ids is None, "ids", "given", "left out: a file names its examples itself")
        return read_table(Path(activations), header, id_column)
    require(header is None, "header", header, "left out: only a .csv, .tsv or .txt can have a header line")
    return table_of(activations, ids, id_column)


def columns(path: Path, header: bool | None = None) -> list[Column]:
    """The features of a file, in its order; see `tables.read_table`."""
    return read_table(path, header).columns
