"""Whether the first line of a text table holds names or values; where it can be either, the caller is asked.

- A word where the column below holds numbers is a name; so is everything on a line that begins with #.
- A line of different whole numbers above columns without any whole number is a line of names, if there are many lines.
- Whole numbers above whole numbers can be both: asked if they count 0, 1, ... (the names that pandas gives), grow from
  left to right, or exceed all below them. Otherwise they are values.
- Two columns of whole numbers without a header can be one number with a decimal comma or with a thousands separator.

What was decided is said in a sentence, with the option that overrides it.
"""

import re
from collections.abc import Sequence
from typing import NoReturn

from distributional_view.errors import UserError
from distributional_view.tables.ids import ID_NAMES
from distributional_view.tables.numbers import MISSING, as_number, foreign_number
from distributional_view.tables.text import NAMES, Scanned, Text

MANY = 10
"""Lines from which on their form tells a name from a value."""
ASK = "said to be names or values: --header or --no-header"
_DECIMALS, _THREE = re.compile(r"\d+"), re.compile(r"\d{3}(\.\d+)?")


def first_line(text: Text, columns: Sequence[Scanned], header: bool | None) -> tuple[bool, str]:
    """Whether the first line holds names, and the sentence that says how the file was read.

    Raises:
        UserError: where it can be either, or columns can be halves of numbers.
    """
    form = f"cells separated by {NAMES[text.separator]}s" if len(text.first) > 1 else "one column"
    if header is not None:
        return header, f"{form}; the first line holds {'names' if header else 'values'}, as asked"
    named = text.hashed or _has_names(text, columns)
    line = text.separator.join(text.first)
    shown = line if len(line) <= 60 else line[:57] + "..."
    if named:
        return True, f"{form}; the first line, {shown!r}, is read as names (--no-header: as values)"
    return False, f"{form}; the first line, {shown!r}, is read as values (--header: as names)"


def _has_names(text: Text, columns: Sequence[Scanned]) -> bool:
    cells = [c.strip() for c in text.first]
    numeric = [j for j, column in enumerate(columns) if column.kind != "text"]
    if not numeric or any(cells[j] and ID_NAMES.fullmatch(cells[j]) for j in range(len(cells)) if j not in numeric):
        return True
    words = [j for j in numeric if as_number(cells[j]) is None and foreign_number(cells[j]) is None]
    if any(cells[j].lower() not in MISSING for j in words):
        return True
    whole = [j for j in numeric if j not in words]
    if words == [0] and not cells[0] and whole and _plain(cells, whole):
        return True  # pandas leaves the name of its index empty
    if words:
        _ask(text, f"; {cells[words[0]]!r} can be a name or a missing value")
    halves = _halves(text, columns)
    if _plain(cells, numeric) and _numbers_are_names(text, [(int(cells[j]), columns[j]) for j in numeric], halves):
        return True
    if halves:
        _ask(text, halves)
    return False


def _plain(cells: Sequence[str], positions: Sequence[int]) -> bool:
    """Whether these cells are different whole numbers."""
    some = [cells[j] for j in positions]
    return all(c.isascii() and c.isdigit() for c in some) and len(set(some)) == len(some)


def _numbers_are_names(text: Text, pairs: Sequence[tuple[int, Scanned]], halves: str) -> bool:
    """A first line of different whole numbers, each with the column below it."""
    first, below = [n for n, _ in pairs], [column for _, column in pairs]
    counts = len(first) > 1 and first == list(range(len(first)))
    rows = below[0].size
    if rows and all(c.plain == 0 for c in below):
        return rows >= MANY or _ask(text, halves)
    if counts:
        _ask(text, halves)
    whole = all(c.kind == "whole" for c in below)
    grows = len(first) > 1 and first == sorted(first)
    if rows and ((whole and (first == [0] or grows)) or all(n > c.largest for n, c in pairs)):
        _ask(text, halves)
    return False


def _halves(text: Text, columns: Sequence[Scanned]) -> str:
    """Words for two columns that could be one number a line, cut at its comma or at its space; else none."""
    if len(columns) != 2 or text.separator not in ", " or columns[0].plain != columns[0].size:
        return ""
    left, right = text.texts(0, True), text.texts(1, True)
    if not all(x.lstrip("+-").isdigit() for x in left):
        return ""
    decimals = text.separator == "," and all(map(_DECIMALS.fullmatch, right))
    thousands = all(map(_THREE.fullmatch, right)) and all(0 < len(x.lstrip("+-")) <= 3 and x != "0" for x in left)
    if not decimals and not thousands:
        return ""
    cut = "a decimal comma" if decimals else "a thousands separator"
    return (
        f" (--no-header: two columns of values); if each line is one number with {cut}, write it with a decimal point"
    )


def _ask(text: Text, why: str = "") -> NoReturn:
    raise UserError(f"first line = {text.separator.join(text.first)!r}: must be {ASK}{why}")
