"""Numbers as tables hold them: which text is one, what else it may be, and what doubles can hold."""

import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from distributional_view.tables.table import need

EXACT_INTEGERS = 2**53
"""Whole numbers up to here are the same in double precision."""
MISSING = {"", "na", "n/a", "null", "none", "-", "?"}
"""Words that stand for a missing value (not-a-number is a number here, and refused as such)."""
PLAIN = re.compile(r"^[0-9]+$", re.MULTILINE)
_DECIMAL_COMMA = re.compile(r"[+-]?\d{1,3}(?:[. '’\u00a0\u202f]?\d{3})*,\d+(?:[eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[, '’\u00a0\u202f]\d{3})+(?:\.\d+)?|[+-]?\d{1,3}(?:\.\d{3}){2,}")


def as_number(cell: str) -> float | None:
    """The number that a cell holds, None if it holds none; 1_000 is Python's and no table's."""
    try:
        return float(cell) if "_" not in cell and cell.isascii() else None
    except ValueError:
        return None


def foreign_number(cell: str) -> str | None:
    """What stands in the way of reading a number that people write so; None if it is no number at all."""
    text = cell.strip()
    if _THOUSANDS.fullmatch(text):
        return "a number without thousands separators and with a decimal point"
    return "a number with a decimal point, not a decimal comma" if _DECIMAL_COMMA.fullmatch(text) else None


def numbers_of(cells: Sequence[str]) -> Float[np.ndarray, " n"]:
    """The numbers of cells, NaN for those that hold none (`as_number` tells the two kinds of NaN apart)."""
    joined = "".join(cells)
    if "_" not in joined and joined.isascii():
        try:
            return np.fromiter(map(float, cells), np.float64, len(cells))
        except ValueError:
            pass
    found = map(as_number, cells)
    return np.fromiter((np.nan if x is None else x for x in found), np.float64, len(cells))


def plain_count(cells: Sequence[str], values: Float[np.ndarray, " n"]) -> int:
    """How many cells, which hold these numbers, are whole numbers >= 0 written as such."""
    return len(PLAIN.findall("\n".join(cells))) if (values == np.floor(values)).any() else 0


def as_scores(values: np.ndarray) -> Float[np.ndarray, " n"]:
    """The activations as finite doubles; booleans become 0 and 1.

    Raises:
        UserError: for no activations, masked ones, another dtype, whole numbers that doubles cannot hold, NaN or
            infinity.
    """
    need(values.size > 0, "number of activations", values.size, ">= 1")
    masked = int(np.ma.getmaskarray(values).sum()) if np.ma.isMaskedArray(values) else 0
    need(masked == 0, "masked activations", masked, "0 (nothing is left out silently)")
    values = np.asarray(values)
    need(values.dtype.kind in "biuf", "activations' type", str(values.dtype), "float, integer or boolean")
    if values.dtype.kind in "iu":
        extreme = max(int(values.max()), -int(values.min()))
        need(extreme <= EXACT_INTEGERS, "largest |activation|", extreme, f"<= 2^53 = {EXACT_INTEGERS} for integers")
    with np.errstate(over="ignore"):  # of long doubles: infinity is refused below
        scores = np.ascontiguousarray(values, dtype=np.float64)
    finite = np.isfinite(scores)
    if not finite.all():
        first, bad = int(np.argmin(finite)), int((~finite).sum())
        nan = int(np.isnan(scores).sum())
        kinds = f"{nan} of {scores.size} are NaN, {bad - nan} infinite"
        need(False, f"activations[{first}]", float(scores[first]), f"finite ({kinds}; nothing is left out silently)")
    return scores
