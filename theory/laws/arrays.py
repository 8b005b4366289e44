"""Arrays as callers give them: a list, a tuple, a column of a table or an array becomes a vector of doubles."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from distributional_view.theory.errors import require, require_unmasked

_MASS_TOLERANCE = 1e-9
_SMALLEST_RANGE, _LARGEST_RANGE = 1e-150, 1e150  # their squares are doubles with all digits


@runtime_checkable
class SupportsArray(Protocol):
    """What numpy can read: its own arrays, those of other libraries, columns of a table.

    Example:
        >>> isinstance(np.zeros(2), SupportsArray), isinstance("words", SupportsArray)
        (True, False)
    """

    def __array__(self, *args: Any, **options: Any) -> np.ndarray:
        """The content as a numpy array."""
        ...


ArrayLike1D = Sequence[float] | SupportsArray
"""A row of numbers, one a point; more than one axis is refused."""


def vector(name: str, values: ArrayLike1D) -> Float[np.ndarray, " n"]:
    """The numbers in double precision, at least one, along one axis; else a `ValueError` that says what is wrong."""
    require_unmasked(name, values)
    array = np.asarray(values, dtype=np.float64)
    require(
        array.ndim == 1 and array.size > 0,
        f"{name}.shape",
        array.shape,
        "(n,) with n >= 1: at least one number, along one axis",
    )
    return array


def finite_vector(name: str, values: ArrayLike1D) -> Float[np.ndarray, " n"]:
    """As `vector`, and no number is infinite or NaN; the error gives the first that is."""
    array = vector(name, values)
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        require(False, f"{name}[{bad[0]}]", float(array[bad[0]]), f"finite ({bad.size} are not finite)")
    return array


def probability(name: str, values: ArrayLike1D, size: int | None = None) -> Float[np.ndarray, " n"]:
    """The numbers, if they are a probability (over `size` points, if given); else a `ValueError`."""
    masses = vector(name, values)
    if size is not None:
        require(masses.size == size, name, f"{masses.size} numbers", f"{size} numbers, one a score")
    require(bool(np.isfinite(masses).all()), name, "with NaN or infinity", "finite")
    require(float(masses.min()) >= 0, f"min({name})", float(masses.min()), ">= 0")
    total = float(masses.sum())
    require(abs(total - 1) <= _MASS_TOLERANCE, f"sum({name})", total, f"1 within {_MASS_TOLERANCE}")
    return masses


def require_unit(low: float, high: float) -> None:
    """Raise unless scores that run from `low` to `high` are in a unit in which variances are doubles."""
    width = high - low
    require(
        width == 0 or _SMALLEST_RANGE <= width <= _LARGEST_RANGE,
        "range of the score",
        width,
        f"0 or between {_SMALLEST_RANGE} and {_LARGEST_RANGE}, so that its square is a number: give it in another unit",
    )
