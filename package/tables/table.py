"""What a table is, read or not yet read: its columns, the names of its rows, and how it was understood."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple

import numpy as np

from distributional_view.errors import UserError

Kind = Literal["text", "whole", "number", "unread"]
"""What a column holds: words, whole numbers >= 0 written as such, other numbers, or what cannot be read as numbers."""


class Raw(NamedTuple):
    """A column before it is known whether it names the rows.

    Args:
        name: its own, or its position.
        kind: what it holds.
        size: number of rows; -1 if that is not known, for a column that cannot be read.
        read: its values; raises `UserError` if they are no numbers.
        texts: its cells as text, for a column that names the rows.
        is_index: whether the file itself says that it names the rows.
    """

    name: str
    kind: Kind
    size: int
    read: Callable[[], np.ndarray]
    texts: Callable[[], list[str]]
    is_index: bool = False


class Column(NamedTuple):
    """A feature: its name, a function that reads its activations and raises `UserError` if they are no numbers, and the
    names of its examples, where the table has such names."""

    name: str
    read: Callable[[], np.ndarray]
    ids: Sequence[str] | None = None


class Table(NamedTuple):
    """The features of a table, and plain sentences that say how it was read and how to have it otherwise."""

    source: str
    columns: list[Column]
    reading: tuple[str, ...] = ()

    def values(self, name: str) -> np.ndarray:
        """The values of a column.

        Raises:
            UserError: for a name that the table does not have, or values that are no numbers.
        """
        found = {column.name: column for column in self.columns}
        with named(self.source):
            need(name in found, "column", name, f"one of {', '.join(found)}")
            return found[name].read()


def need(ok: bool | np.bool_, name: str, value: object, permitted: str) -> None:
    """Raise `UserError` with a message of the form `name = value: must be permitted` unless `ok`."""
    if not ok:
        raise UserError(f"{name} = {value!r}: must be {permitted}")


@contextmanager
def named(source: str) -> Iterator[None]:
    """Errors raised inside say which file they are about."""
    try:
        yield
    except UserError as error:
        if repr(source) in str(error):
            raise
        raise UserError(f"activations = {source!r}: {error}") from None


def named_apart(names: Sequence[str], source: str, kind: str) -> None:
    """Refuse a table without columns, and two of one name."""
    need(len(names) > 0, "activations", source, f"{kind} with at least one column")
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    need(not twice, "column names", twice, "different from each other")
