"""Files that say whether they are whole and whose they are.

A sealed file is what numpy or torch wrote, then one line: a JSON object with notes and the SHA-256 of everything
before it together with its name and the job that it belongs to. Readers of the format do not mind the line; a file
that was cut, altered, renamed or made for another job does not fit its seal.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from distributional_view.errors import UserError
from distributional_view.files import write_with

LONGEST = 4096
"""Of the line, bytes."""


def write_sealed(path: Path, write: Callable[[Path], object], job: str = "", **notes: Any) -> Path:
    """Let `write` make a file, seal it, and put it in its place, whole or not at all.

    Args:
        path: of the file.
        write: makes a file at the path that it is given.
        job: whose it is: the `token` of a job.
        notes: short things to keep with it, as JSON can hold them.

    Raises:
        UserError: if it cannot be written.
    """

    def sealed(partial: Path) -> None:
        write(partial)
        line = {"notes": notes, "sha256": _digest(partial, partial.stat().st_size, [job, path.name, notes])}
        with partial.open("ab") as file:
            file.write(b"\n" + json.dumps(line, allow_nan=False).encode() + b"\n")

    return write_with(path, sealed)


def seal_of(path: Path, job: str = "", required: bool = True) -> dict[str, Any]:
    """The notes of a sealed file, after seeing that it is whole and belongs to the job.

    Args:
        path: of the file.
        job: whose it should be.
        required: whether a file without a seal is refused; else it has no notes.

    Raises:
        UserError: if it is not.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - LONGEST))
        tail = file.read()
    start = tail.rfind(b"\n", 0, -1)
    line = _json(tail[start + 1 :]) if start >= 0 and tail.endswith(b"}\n") else None
    if line is None and not required:
        return {}
    if line is None or _digest(path, size - len(tail) + start, [job, path.name, line["notes"]]) != line["sha256"]:
        raise UserError(f"{path} is damaged, or of another job: delete it, and the same call makes it again")
    notes: dict[str, Any] = line["notes"]
    return notes


def write_sealed_arrays(path: Path, content: np.ndarray | Mapping[str, Any], job: str = "", **notes: Any) -> Path:
    """Write an array (.npy), or several by name (.npz), sealed."""

    def write(partial: Path) -> None:
        if isinstance(content, Mapping):
            np.savez(partial, **content)
        else:
            np.save(partial, content)

    return write_sealed(path, write, job, **notes)


def read_sealed_arrays(path: Path, job: str = "") -> tuple[Any, dict[str, Any]]:
    """What `write_sealed_arrays` wrote, a mapping for .npz, and the notes.

    Raises:
        UserError: if the file is not whole, or of another job.
    """
    notes = seal_of(path, job)
    found = np.load(path)
    return (found if isinstance(found, np.ndarray) else dict(found)), notes


def _json(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("notes"), dict) and "sha256" in found else None


def _digest(path: Path, length: int, about: list[Any]) -> str:
    """Of the first `length` bytes, and of what is said about them."""
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    with path.open("rb") as file:
        while length > 0 and (part := file.read(min(length, 1 << 20))):
            digest.update(part)
            length -= len(part)
    return digest.hexdigest()
