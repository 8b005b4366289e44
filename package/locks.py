"""One process at a time in a folder: a lock that the kernel lets go when its holder dies, however it dies."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distributional_view.errors import UserError


@contextmanager
def held(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file `path` while the block runs; afterwards it is gone.

    Args:
        path: of the lock, beside what it guards; its folder is made if need be.
        what: is guarded, for the message.

    Raises:
        UserError: if another process holds it, or the place cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _taken(path, what)
    except OSError as error:
        raise UserError(f"{what} cannot be written: {error.strerror}: choose another place") from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # before the lock goes, so that nobody locks a file without a name
        os.close(file)


def lock_beside(path: Path) -> Path:
    """Where the lock of a single file lies."""
    return path.with_name(f".{path.name}.lock")


def _taken(path: Path, what: str) -> int:
    """A descriptor of the locked file that lies at `path` now."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        if not lock(file):
            holder = os.read(file, 20).decode("ascii", "replace").strip()
            os.close(file)
            by = f"process {holder}" if holder else "another process"
            raise UserError(f"{what} is in use by {by}: wait for it, or choose another place")
        if _still_there(file, path):
            os.ftruncate(file, 0)
            os.write(file, f"{os.getpid()}\n".encode())
            return file
        os.close(file)  # its holder removed it in between


def _still_there(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def lock(file: int) -> bool:
    """Lock an open file or folder unless another process has.

    Where there are no such locks (Windows, some network file systems), nothing is held and True is returned.
    """
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
