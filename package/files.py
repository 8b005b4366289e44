"""Whole writes: an interrupted run leaves the old file or the new one, never half of it."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np


def write_with(path: Path, write: Callable[[Path], object]) -> Path:
    """Let `write` make a file beside `path`, then put it in its place; makes the folder if need be.

    The other file has the same ending, so that writers which look at it choose the same format. If `write` fails,
    nothing is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    try:
        write(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def write_whole(path: Path, text: str) -> Path:
    """Write a text file (UTF-8) whole or not at all."""
    return write_with(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def write_arrays(path: Path, content: np.ndarray | Mapping[str, Any]) -> Path:
    """Write an array (.npy), or several by name (.npz), whole or not at all."""

    def write(partial: Path) -> None:
        if isinstance(content, Mapping):
            np.savez(partial, **content)
        else:
            np.save(partial, content)

    return write_with(path, write)


def shown(path: Path | str) -> str:
    """A path that can be printed and written: bytes that are not UTF-8 become \\xff and the like."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
