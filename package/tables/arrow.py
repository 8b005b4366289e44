"""Arrow's .parquet files: a column is read when it is asked for, so that a damaged one does not stop the others."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from distributional_view.errors import UserError
from distributional_view.tables.table import Kind, Raw, need


def from_parquet(path: Path) -> list[Raw]:
    """The columns of a file; those that pandas calls the index are marked.

    Raises:
        UserError: without pyarrow, or for a file that is none.
    """
    try:
        import pyarrow  # noqa: F401
        import pyarrow.parquet as parquet
    except ImportError:
        raise UserError(
            f"activations = {path.name!r}: reading .parquet needs pyarrow: pip install 'distributional-view[parquet]', "
            "or save the activations as .npy"
        ) from None
    try:
        file = parquet.ParquetFile(path)
        schema, rows = file.schema_arrow, file.metadata.num_rows
        fields = [(str(name), schema.field(j).type) for j, name in enumerate(schema.names)]
    except Exception as error:  # whatever a decoder makes of damaged bytes
        raise UserError(f"activations = {path.name!r}: not a parquet file ({_first_words(error)})") from None
    index = _index_names(schema)
    return [_raw(path, parquet, name, kind, rows, name in index) for name, kind in fields]


def _raw(path: Path, parquet: Any, name: str, kind: Any, rows: int, index: bool) -> Raw:
    def column() -> Any:
        try:
            found = parquet.ParquetFile(path, page_checksum_verification=True).read(columns=[name]).column(name)
        except Exception as error:
            raise UserError(f"column {name!r} cannot be read ({_first_words(error)})") from None
        need(len(found) == rows, f"rows of column {name!r}", len(found), f"{rows}, as the file says")
        return found

    return Raw(name, _kind(kind), rows, _reader(column), lambda: [str(x) for x in column().to_pylist()], index)


def _reader(column: Callable[[], Any]) -> Callable[[], np.ndarray]:
    def read() -> np.ndarray:
        import pyarrow.types as types

        values = column()
        kind = values.type
        numbers = types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind)
        need(numbers, "activations' type", str(kind), "float, integer or boolean")
        need(values.null_count == 0, "missing activations", values.null_count, "0 (nothing is left out silently)")
        return np.asarray(values.to_numpy())

    return read


def _kind(kind: Any) -> Kind:
    import pyarrow.types as types

    inner = kind.value_type if types.is_dictionary(kind) else kind
    if types.is_string(inner) or types.is_large_string(inner):
        return "text"
    if types.is_integer(kind):
        return "whole"
    return "number" if types.is_floating(kind) or types.is_boolean(kind) else "unread"


def _index_names(schema: Any) -> set[str]:
    """The columns that pandas wrote as the index of its frame."""
    try:
        described = (schema.pandas_metadata or {}).get("index_columns", [])
        return {name for name in described if isinstance(name, str)}
    except (ValueError, AttributeError, TypeError):  # damaged metadata
        return set()


def _first_words(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
