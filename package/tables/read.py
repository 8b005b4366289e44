"""Tables of a file (.npy, .npz, text .csv .tsv .txt, Arrow .parquet) or of arrays: columns, names, how it was read.

Nothing is dropped or replaced: what cannot be read as finite numbers is refused with its place. One bad column does not
stop the others.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from numpy.typing import ArrayLike

from distributional_view.errors import UserError
from distributional_view.tables.arrays import from_arrays, from_numpy, plain_array, split
from distributional_view.tables.arrow import from_parquet
from distributional_view.tables.header import first_line
from distributional_view.tables.ids import choose
from distributional_view.tables.table import Column, Raw, Table, named, named_apart, need
from distributional_view.tables.text import opened, raws, scan

TEXT = (".csv", ".tsv", ".txt")
SUFFIXES = (".npy", ".npz", ".csv", ".parquet", ".tsv", ".txt")


def read_table(path: Path, header: bool | None = None, id_column: str | None = None) -> Table:
    """The features of a file, in its order, and the names of its examples if it has them.

    An .npy holds (n,), (n, features) or named fields; an .npz any number of such arrays. Features without a name of
    their own are called by their position.

    Args:
        path: the file; the end of its name says what it is.
        header: whether the first line of a text file holds names; None: `tables.header` decides, or asks.
        id_column: the column that names the examples, "none", or None: `tables.ids` decides.

    Raises:
        UserError: for a missing file, another suffix, no features, a file that cannot be read or can be read in two
            ways; the message has the file's name.
    """
    try:
        with named(path.name):
            return _read(path, header, id_column)
    except OSError as error:
        raise UserError(f"activations = {str(path)!r}: cannot be read ({error.strerror or error})") from None


def _read(path: Path, header: bool | None, id_column: str | None) -> Table:
    need(path.is_file(), "activations", str(path), "an existing file")
    suffix = path.suffix.lower()
    need(suffix in SUFFIXES, "activations", path.name, f"a file of the kind {', '.join(SUFFIXES)}")
    if suffix not in TEXT:
        need(header is None, "header", header, "left out: only a .csv, .tsv or .txt can have a header line")
    if suffix == ".parquet":
        return _table(path.name, "a file", from_parquet(path), id_column, (), True)
    if suffix not in TEXT:
        found, fields = from_numpy(path)
        return _table(path.name, "a file", found, id_column, (), fields)
    text = opened(path)
    columns = scan(text)
    has_names, sentence = first_line(text, columns, header)
    need(
        len(columns[0].parts) > 0 or not has_names, "activations", path.name, "a file with at least one line of values"
    )
    return _table(path.name, "a file", raws(text, columns, has_names), id_column, (sentence,), True)


def table_of(
    activations: ArrayLike | Mapping[str, ArrayLike], ids: Sequence[str] | None = None, id_column: str | None = None
) -> Table:
    """The features of an array (n,) or (n, features), of a structured array, or of arrays by name.

    Args:
        activations: the arrays.
        ids: names of the examples; None: those of `id_column`, as in `read_table`.

    Raises:
        UserError: for what has no columns or another shape, or ids that do not fit.
    """
    if isinstance(activations, Mapping):
        found = from_arrays({str(name): plain_array(values) for name, values in activations.items()})
    else:
        found = split(plain_array(activations), "activations", "")
    if ids is None:
        return _table("activations", "an array", found, id_column, (), False)
    names = [str(x) for x in ids]
    table = _table("activations", "an array", found, "none", (), False)
    sizes = sorted({raw.size for raw in found})
    need(len(names) in sizes, "number of ids", len(names), f"that of the examples, {sizes}")
    need(len(set(names)) == len(names), "ids", "a list with one name twice", "different from each other")
    return table._replace(
        columns=[_with_ids(column, raw, names) for column, raw in zip(table.columns, found, strict=True)]
    )


def _table(
    source: str, kind: str, found: list[Raw], id_column: str | None, reading: tuple[str, ...], counting: bool
) -> Table:
    """The features among the columns, with the names of their examples."""
    named_apart([raw.name for raw in found], source, kind)
    ids = choose(found, id_column, counting)
    features = [raw for j, raw in enumerate(found) if j not in ids.positions]
    columns = [_with_ids(Column(raw.name, raw.read), raw, ids.names) for raw in features]
    return Table(source, columns, (*reading, *ids.reading))


def _with_ids(column: Column, raw: Raw, names: list[str] | None) -> Column:
    return column._replace(ids=names) if names is not None and raw.size == len(names) else column
