"""Activations, a feature a column: of a file (.npy, .npz, text .csv, Arrow .parquet) or of arrays.

Nothing is dropped or replaced: what cannot be read as finite numbers is refused with its place. Columns are read one at
a time where the format allows, so that one bad column does not stop the others.
"""

import csv
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from distributional_view.theory.errors import require

SUFFIXES = (".npy", ".npz", ".csv", ".parquet")
EXACT_INTEGERS = 2**53
"""Whole numbers up to here are the same in double precision."""


class Column(NamedTuple):
    """A feature: its name, and a function that reads its activations and raises `ValueError` if they are no numbers."""

    name: str
    read: Callable[[], np.ndarray]


def columns_of(activations: str | Path | ArrayLike | Mapping[str, ArrayLike], header: bool | None) -> list[Column]:
    """The features of a file, of an array (n,) or (n, features), or of arrays by name. `header`: see `columns`.

    Raises:
        ValueError: for what has no columns, or another shape.
    """
    if isinstance(activations, str | Path):
        return columns(Path(activations), header)
    require(header is None, "header", header, "left out: only a .csv can have a header line")
    if isinstance(activations, Mapping):
        found = _from_arrays({name: np.asarray(values) for name, values in activations.items()})
    else:
        found = _split(np.asarray(activations), "activations", "")
    return _named_apart(found, "activations", "an array")


def columns(path: Path, header: bool | None = None) -> list[Column]:
    """The features of a file, in its order.

    An .npy holds (n,) or (n, features); an .npz any number of such arrays. Features without a name of their own are
    called by their position.

    Args:
        path: the file; the end of its name says what it is.
        header: whether the first line of a .csv holds names; None: it does if a cell of it is not a number.

    Raises:
        ValueError: for a missing file, another suffix, no features, or a file that cannot be read.
    """
    require(path.is_file(), "activations", str(path), "an existing file")
    suffix = path.suffix.lower()
    require(suffix in SUFFIXES, "activations", path.name, f"a file of the kind {', '.join(SUFFIXES)}")
    if suffix == ".csv":
        found = _from_csv(path, header)
    else:
        require(header is None, "header", header, "left out: only a .csv can have a header line")
        found = _from_parquet(path) if suffix == ".parquet" else _from_numpy(path)
    return _named_apart(found, path.name, "a file")


def _named_apart(found: list[Column], source: str, kind: str) -> list[Column]:
    """The columns themselves; refuses none at all, and two of one name."""
    require(len(found) > 0, "activations", source, f"{kind} with at least one column")
    names = [column.name for column in found]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    require(not twice, "column names", twice, "different from each other")
    return found


def as_scores(values: np.ndarray) -> Float[np.ndarray, " n"]:
    """The activations as finite doubles; booleans become 0 and 1.

    Raises:
        ValueError: for no activations, another dtype, whole numbers that doubles cannot hold, NaN or infinity.
    """
    require(values.size > 0, "number of activations", values.size, ">= 1")
    require(values.dtype.kind in "biuf", "activations' type", str(values.dtype), "float, integer or boolean")
    if values.dtype.kind in "iu":
        extreme = max(int(values.max()), -int(values.min()))
        require(extreme <= EXACT_INTEGERS, "largest |activation|", extreme, f"<= 2^53 = {EXACT_INTEGERS} for integers")
    scores = np.ascontiguousarray(values, dtype=np.float64)
    finite = np.isfinite(scores)
    if not finite.all():
        first, bad = int(np.argmin(finite)), int((~finite).sum())
        nan = int(np.isnan(scores).sum())
        kinds = f"{nan} of {scores.size} are NaN, {bad - nan} infinite"
        require(False, f"activations[{first}]", float(scores[first]), f"finite ({kinds}; nothing is left out silently)")
    return scores


def _from_numpy(path: Path) -> list[Column]:
    try:
        content = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"activations = {path.name!r}: not a numpy file of numbers ({error})") from None
    if isinstance(content, np.ndarray):
        return _split(content, path.stem, "")
    arrays = {}
    with content:
        for key in content.files:
            try:
                arrays[key] = content[key]
            except ValueError as error:
                raise ValueError(f"activations = {path.name!r}: array {key!r} cannot be read ({error})") from None
    return _from_arrays(arrays)


def _from_arrays(arrays: Mapping[str, np.ndarray]) -> list[Column]:
    """The columns of all arrays; those of a matrix are called by the array's name too unless it is alone."""
    alone = len(arrays) == 1
    return [c for key, array in arrays.items() for c in _split(array, key, "" if alone else f"{key}/")]


def _split(array: np.ndarray, name: str, prefix: str) -> list[Column]:
    """The columns of an array: one for shape (n,), else one a feature."""
    require(array.ndim in (1, 2), f"shape of {name!r}", array.shape, "(n,) or (n, features)")
    if array.ndim == 1:
        return [Column(name, lambda: np.asarray(array))]
    return [Column(f"{prefix}{j}", lambda j=j: np.asarray(array[:, j])) for j in range(array.shape[1])]  # type: ignore[misc]


def _from_csv(path: Path, header: bool | None) -> list[Column]:
    """All columns of a text file, separated by commas, semicolons or tabs."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline().rstrip("\r\n")
            blank = [not line.strip() for line in itertools.chain([first], file)]
    except UnicodeDecodeError as error:
        raise ValueError(f"activations = {path.name!r}: not UTF-8 text ({error})") from None
    require(bool(first.strip()), "activations", path.name, "a file with values from its first line on")
    separator = max(",;\t", key=first.count)
    cells = next(csv.reader([first.removeprefix("#").strip(" ")], delimiter=separator))
    named = _has_header(cells) if header is None else header
    rows = len(blank) - next((i for i, empty in enumerate(reversed(blank)) if not empty), 0) - named
    require(rows > 0, "activations", path.name, "a file with at least one line of values")
    try:
        with path.open(encoding="utf-8-sig") as file:
            table = np.loadtxt(
                file, delimiter=separator, skiprows=int(named), ndmin=2, comments=None, quotechar='"', dtype=np.float64
            )
    except ValueError as error:
        raise ValueError(f"activations = {path.name!r}: {_first_fault(path, separator, named) or error}") from None
    if table.shape != (rows, len(cells)):
        raise ValueError(f"activations = {path.name!r}: {_first_fault(path, separator, named) or 'unreadable'}")
    one = len(cells) == 1
    names = [c.strip() or f"column {j}" for j, c in enumerate(cells)] if named else list(map(str, range(len(cells))))
    return [
        Column(path.stem if one and not named else name, lambda j=j: table[:, j])  # type: ignore[misc]
        for j, name in enumerate(names)
    ]


def _has_header(cells: list[str]) -> bool:
    """Whether a first line holds names: some cell is not a number. Raises where it could be either."""
    counted = len(cells) > 1 and [c.strip() for c in cells] == list(map(str, range(len(cells))))
    require(not counted, "first line", ",".join(cells), "said to be names or values: --header or --no-header")
    return not all(map(_is_number, cells))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _first_fault(path: Path, separator: str, named: bool) -> str | None:
    """Where a text file stops being a table of numbers, in words."""
    width, pending = None, None
    with path.open(encoding="utf-8-sig", newline="") as file:
        for line, cells in enumerate(csv.reader(file, delimiter=separator), 1):
            width = width or len(cells)
            if not any(c.strip() for c in cells) and len(cells) <= 1:
                pending = pending or line
                continue
            if pending:
                return f"line {pending} is empty: every line must hold {width} numbers"
            if len(cells) != width:
                return f"line {line} has {len(cells)} columns: must have {width}, like the first line"
            bad = next((j for j, c in enumerate(cells) if not _is_number(c)), None)
            if bad is not None and not (named and line == 1):
                return f"line {line}, column {bad + 1}: {cells[bad]!r} must be a number (booleans as 0 and 1)"
    return None


def _from_parquet(path: Path) -> list[Column]:
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise ValueError(
            f"activations = {path.name!r}: reading .parquet needs pyarrow: pip install 'distributional-view[parquet]', "
            "or save the activations as .npy"
        ) from None
    try:
        names = parquet.read_schema(path).names
    except (arrow.ArrowException, OSError) as error:
        raise ValueError(f"activations = {path.name!r}: not a parquet file ({error})") from None

    def read(name: str) -> np.ndarray:
        values = parquet.read_table(path, columns=[name]).column(name)
        kind = values.type
        numbers = arrow.types.is_boolean(kind) or arrow.types.is_integer(kind) or arrow.types.is_floating(kind)
        require(numbers, "activations' type", str(kind), "float, integer or boolean")
        require(values.null_count == 0, "missing activations", values.null_count, "0 (nothing is left out silently)")
        return np.asarray(values.to_numpy())

    return [Column(name, lambda name=name: read(name)) for name in names]  # type: ignore[misc]
