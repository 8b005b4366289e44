"""Which column names the examples: one of words, or an index; and a plain sentence that says so.

A column of words that are all different names the rows (the first such column). So does what the file itself calls
its index (pandas writes this into Arrow files), and a first column of different whole numbers, none below 0, if

- its own name says so: empty, `index`, `id`, `image_id`, `Unnamed: 0`, ...;
- or, in a text file or a file of named columns, it counts the rows: 0, 1, 2, ... or 1, 2, 3, ...;
- or another column has fractions, so that this one is of another kind.

At least one feature must be left. What is not certain is said, with the option that overrides it.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from distributional_view.tables.table import Raw, need

ID_NAMES = re.compile(
    r"|column 0|unnamed: 0|index|idx|row|key|level_\d+|__index_level_\d+__"
    r"|(.*[ _-])?(ids?|name|path)|file|filename|image|picture|example|sample",
    re.IGNORECASE,
)
FEW = 3
"""Below so many rows different whole numbers say nothing."""
NONE = "none"


class Ids(NamedTuple):
    """Positions of the columns that name the rows, the names, and sentences about the choice."""

    positions: tuple[int, ...]
    names: list[str] | None
    reading: tuple[str, ...]


def choose(found: Sequence[Raw], wanted: str | None, counting: bool = True) -> Ids:
    """Which columns name the rows.

    Args:
        found: all columns.
        wanted: the name of a column, "none", or None: decided by what the columns hold.
        counting: whether a first column without a telling name can be an index.

    Raises:
        UserError: for a name that is not there, or a wanted column whose names are not different from each other.
    """
    if wanted is not None and wanted.lower() == NONE:
        return Ids((), None, ())
    if wanted is not None:
        names = [raw.name for raw in found]
        need(wanted in names, "id column", wanted, f"{NONE} or one of the columns: {', '.join(names[:8])}")
        chosen = names.index(wanted)
        ids = found[chosen].texts()
        need(len(found) > 1, "id column", wanted, "beside at least one column of activations")
        need(_different(ids), "id column", wanted, f"different names, not {_first_twice(ids)!r} twice")
        return Ids((chosen,), ids, (f"the examples are named by column {wanted!r}",))
    marked = tuple(j for j, raw in enumerate(found) if raw.is_index)
    if marked and len(marked) < len(found):
        return _by_index(found, marked)
    at, ids = _words(found)
    if at is None:
        at, ids = _index(found, counting)
    if at is not None and any(j != at and raw.size == len(ids) for j, raw in enumerate(found)):
        return Ids((at,), ids, (f"the examples are named by column {found[at].name!r} (--id-column {NONE}: by none)",))
    return Ids((), None, _doubt(found, counting))


def _by_index(found: Sequence[Raw], marked: tuple[int, ...]) -> Ids:
    """The file says which columns are its index: they are no features, and name the rows if they can."""
    parts = [found[j].texts() for j in marked]
    ids = [", ".join(names) for names in zip(*parts, strict=True)]
    what = " and ".join(repr(found[j].name) for j in marked)
    if _different(ids):
        return Ids(marked, ids, (f"the examples are named by the file's index, {what} (--id-column {NONE}: by none)",))
    return Ids(marked, None, (f"the file's index, {what}, repeats names: the examples are named by position",))


def _words(found: Sequence[Raw]) -> tuple[int | None, list[str]]:
    """The first column of words that are all different."""
    for j, raw in enumerate(found):
        if raw.kind == "text" and _different(ids := raw.texts()):
            return j, ids
    return None, []


def _index(found: Sequence[Raw], counting: bool) -> tuple[int | None, list[str]]:
    """The column of whole numbers that is an index by its name or by what it holds."""
    for j, raw in enumerate(found):
        telling = ID_NAMES.fullmatch(raw.name) is not None
        if raw.kind != "whole" or not (telling if j or not counting else telling or raw.size >= FEW):
            continue
        ids = raw.texts()
        if _different(ids) and (telling or _counts(ids) or any(r.kind == "number" and r.size > 0 for r in found)):
            return j, ids
    return None, []


def _doubt(found: Sequence[Raw], counting: bool) -> tuple[str, ...]:
    """A first column that could have been an index."""
    first = found[0]
    if not counting or len(found) < 2 or first.kind != "whole" or first.size < FEW or not _different(first.texts()):
        return ()
    return (f"column {first.name!r} is read as a feature; --id-column {first.name!r} takes it as the examples' names",)


def _counts(ids: list[str]) -> bool:
    numbers = [int(x) for x in ids]
    return numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _different(ids: list[str]) -> bool:
    return len(set(ids)) == len(ids) > 0 and "" not in ids


def _first_twice(ids: list[str]) -> str:
    seen: set[str] = set()
    return next((x for x in ids if x in seen or seen.add(x)), "")  # type: ignore[func-returns-value]
