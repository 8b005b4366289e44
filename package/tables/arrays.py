"""Arrays as tables: (n,) is a column, (n, features) one a feature, a structured array one a field."""

from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike

from distributional_view.errors import UserError
from distributional_view.files import shown
from distributional_view.tables.table import Kind, Raw, need


def from_numpy(path: Path) -> tuple[list[Raw], bool]:
    """The columns of an .npy or .npz file, and whether they are fields of one array, like the columns of a text file.

    A damaged member of an .npz is a column that cannot be read.
    """
    content = _loaded(path)
    if isinstance(content, np.ndarray):
        return split(content, shown(path.stem), ""), content.dtype.names is not None
    found: dict[str, np.ndarray | UserError] = {}
    with content:
        for key in content.files:
            try:
                found[key] = content[key]
            except Exception as error:  # whatever a decoder makes of damaged bytes
                found[key] = UserError(
                    f"array {key!r} of {path.name!r} cannot be read ({error or type(error).__name__})"
                )
    return from_arrays(found), False


def from_arrays(arrays: Mapping[str, np.ndarray | UserError]) -> list[Raw]:
    """The columns of all arrays; those of a matrix are called by the array's name too unless it is alone."""
    alone = sum(isinstance(a, UserError) or a.dtype.kind not in "US" for a in arrays.values()) == 1
    found: list[Raw] = []
    for key, array in arrays.items():
        try:
            if isinstance(array, UserError):
                raise array
            found += split(array, key, "" if alone else f"{key}/")
        except UserError as error:
            if len(arrays) == 1:
                raise
            found.append(_unread(key, error))
    return found


def split(array: np.ndarray, name: str, prefix: str) -> list[Raw]:
    """The columns of an array: one for shape (n,), else one a feature; fields of a structured array by their names."""
    need(array.ndim in (1, 2), f"shape of {name!r}", array.shape, "(n,) or (n, features)")
    if array.dtype.names is not None:
        need(array.ndim == 1, f"shape of {name!r}", array.shape, "(n,) for an array of named fields")
        return [_raw(f"{prefix}{field}", array[field]) for field in array.dtype.names]
    if array.ndim == 1:
        return [_raw(name, array)]
    return [_raw(f"{prefix}{j}", array[:, j]) for j in range(array.shape[1])]


def plain_array(values: ArrayLike) -> np.ndarray:
    """An array that keeps its mask, also where masked arrays lie in a list."""
    if isinstance(values, np.ndarray):
        return values
    if isinstance(values, list | tuple) and any(np.ma.isMaskedArray(v) for v in values):
        return np.ma.stack([np.ma.asarray(v) for v in values])
    try:
        return np.asarray(values)
    except ValueError as error:
        raise UserError(f"activations = {type(values).__name__}: must be an array of numbers ({error})") from None


def _raw(name: str, array: np.ndarray) -> Raw:
    masked = np.ma.isMaskedArray(array) and bool(np.ma.getmaskarray(array).any())
    held = array.dtype.kind
    kind: Kind = "unread"
    if array.ndim == 1 and not masked and held in "biufUS":
        whole = held in "iu" and array.size > 0 and int(array.min()) >= 0
        kind = "text" if held in "US" else "whole" if whole else "number"

    def texts() -> list[str]:
        words = array.astype("U") if array.dtype.kind != "S" else np.char.decode(array, "utf-8", "replace")
        return [str(x) for x in words]

    def read() -> np.ndarray:
        need(array.ndim == 1, f"shape of a cell of {name!r}", array.shape[1:], "()")
        return array if np.ma.isMaskedArray(array) else np.asarray(array)

    return Raw(name, kind, len(array), read, texts)


def _unread(name: str, error: UserError) -> Raw:
    def fail() -> np.ndarray:
        raise error

    return Raw(name, "unread", -1, fail, list)


def _loaded(path: Path) -> np.ndarray | np.lib.npyio.NpzFile:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError, BadZipFile) as error:
        raise UserError(f"activations = {path.name!r}: not a numpy file of numbers ({error})") from None
    except Exception as error:  # a damaged header is parsed as Python, and can raise whatever its parser does
        kind = type(error).__name__
        raise UserError(
            f"activations = {path.name!r}: not a numpy file of numbers, or a damaged one ({kind})"
        ) from None
