"""What files hold, in short, to compare: weights by a hash of the whole, pictures by names, sizes and times."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from distributional_view.files import write_json


class Hashes:
    """SHA-256 of whole files, each computed once: kept in a file with what the operating system says of the other.

    A file that was written, replaced or renamed has another time of change, and is read again. A memory that cannot be
    read is as good as none.

    Args:
        memory: the file to keep them in; None keeps nothing.
    """

    def __init__(self, memory: Path | None = None) -> None:
        self.memory = memory
        self.known = _read(memory) if memory is not None and memory.exists() else {}

    def of(self, path: Path) -> str:
        """The hash of a file.

        Raises:
            OSError: if it cannot be read.
        """
        name, state = str(path.absolute()), path.stat()
        now = [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino]
        if self.known.get(name, [None])[:-1] != now:
            with path.open("rb") as file:
                self.known[name] = [*now, hashlib.file_digest(file, "sha256").hexdigest()]
            if self.memory is not None:
                write_json(self.memory, self.known)
        return str(self.known[name][-1])


def _read(memory: Path) -> dict[str, list[Any]]:
    try:
        known = json.loads(memory.read_bytes())
    except ValueError:
        return {}
    whole = isinstance(known, dict) and all(isinstance(row, list) and len(row) == 5 for row in known.values())
    return known if whole else {}


def listing(folder: Path, files: Iterable[Path]) -> str:
    """A hash of the names (below the folder), sizes and times of files: which pictures there are, not what is in them.

    Raises:
        OSError: if one of them is gone.
    """
    digest = hashlib.sha256()
    for path in files:
        state = path.stat() if path.exists() else path.lstat()  # a link to nowhere is a file of its own
        row = f"{path.relative_to(folder)}\0{state.st_size}\0{state.st_mtime_ns}\n"
        digest.update(row.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
