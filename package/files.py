"""Whole writes: an interrupted run leaves the old file or the new one, never half of it."""

import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributional_view.errors import UserError

if TYPE_CHECKING:
    import numpy as np

PARTIAL = ".partial-"
"""How the names of files begin that are not whole yet."""


def write_with(path: Path, write: Callable[[Path], object]) -> Path:
    """Let `write` make a file beside `path`, then put it in its place; makes the folder if need be.

    The other file has the same ending, so that writers which look at it choose the same format. If `write` fails,
    nothing is left.

    Raises:
        UserError: if the operating system refuses (a full disk, a folder that cannot be written); names the file.
    """
    partial = path.with_name(f"{PARTIAL}{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        if error.errno is None:
            raise
        raise UserError(f"{path} cannot be written: {error.strerror}") from error
    return path


def write_whole(path: Path, text: str) -> Path:
    """Write a text file (UTF-8) whole or not at all."""
    return write_with(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def write_json(path: Path, content: Any, indent: int = 2) -> Path:
    """Write JSON that every reader takes: NaN and infinities, which JSON has no words for, become null."""
    return write_whole(path, json.dumps(finite(content), indent=indent, allow_nan=False) + "\n")


def finite(content: Any) -> Any:
    """The same with None in place of every number that is not finite."""
    if isinstance(content, Mapping):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def write_arrays(path: Path, content: "np.ndarray | Mapping[str, Any]") -> Path:
    """Write an array (.npy), or several by name (.npz), whole or not at all."""
    import numpy as np

    def write(partial: Path) -> None:
        if isinstance(content, Mapping):
            np.savez(partial, **content)
        else:
            np.save(partial, content)

    return write_with(path, write)


def shown(path: Path | str) -> str:
    """A path that can be printed and written: bytes that are not UTF-8 become \\xff and the like."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
