"""The bytes of a picture, from wherever its path leads: a local file, an address of fsspec, a member of a tar file.

How paths are written: `store.layout`. What is gone or refused is told apart from a connection that fails: the first
is a picture that cannot be read, the second is a reason to stop and to go on later.
"""

import tarfile
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from distributional_view.errors import UserError
from distributional_view.files import shown

MEMBER = "::"
ADDRESS = "://"


class PictureGone(UserError):
    """Nothing can be read at the path of a picture; the message has the path."""


class Unreachable(UserError):
    """A place that pictures are read from does not answer, or nothing here can open it."""


class Member(NamedTuple):
    """Where a file lies in a tar file, bytes."""

    start: int
    size: int


def picture_bytes(path: str, store: Path = Path()) -> bytes:
    """What is in the file of a picture.

    Args:
        path: as a store has it.
        store: folder that relative paths start from.

    Raises:
        PictureGone: if it is not there, or may not be read.
        Unreachable: if an address does not answer.
    """
    archive, _, name = path.partition(MEMBER)
    place = archive if ADDRESS in archive else str(store / archive)
    if not name:
        return _read(place, path)
    found = members(place).get(name)
    if found is None:
        raise PictureGone(f"{shown(path)}: no such member in the tar file")
    return _read(place, path, found)


@lru_cache(maxsize=8)
def members(place: str) -> dict[str, Member]:
    """The plain files in a tar file by name, in its order.

    Raises:
        PictureGone: if it is not there, is no tar file, or is compressed (its members cannot be read one by one).
        Unreachable: if an address does not answer.
    """
    try:
        with opened(place) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            return {entry.name: Member(entry.offset_data, entry.size) for entry in archive if entry.isfile()}
    except (tarfile.TarError, EOFError) as error:
        raise PictureGone(f"{shown(place)}: not a tar file without compression, or cut ({error})") from error
    except OSError as error:
        raise _said(place, error) from error


def opened(place: str) -> Any:
    """A readable stream of bytes that can seek.

    Raises:
        Unreachable: if nothing here opens such an address.
        OSError: if it cannot be opened.
    """
    if ADDRESS not in place:
        return Path(place).open("rb")
    try:
        import fsspec
    except ImportError:
        raise Unreachable(
            f"{place}: opening addresses needs fsspec: pip install 'distributional-view[store]'"
        ) from None
    try:
        return fsspec.open(place, "rb").open()
    except OSError:
        raise
    except Exception as error:  # an unknown protocol, or one whose package is not installed, and whatever it raises
        raise Unreachable(f"{place} cannot be opened: {error}: mend this, and the same call goes on") from error


def _read(place: str, path: str, part: Member | None = None) -> bytes:
    try:
        with opened(place) as stream:
            if part is None:
                content: bytes = stream.read()
                return content
            stream.seek(part.start)
            content = stream.read(part.size)
    except OSError as error:
        raise _said(path, error) from error
    if len(content) != part.size:
        raise PictureGone(f"{shown(path)}: the tar file is cut")
    return content


def _said(path: str, error: OSError) -> UserError:
    """A file that is missing or may not be read is one thing, and a place that does not answer another."""
    reason = error.strerror or str(error) or type(error).__name__
    if ADDRESS not in path or isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
        reason = "no such file" if isinstance(error, FileNotFoundError) else reason
        return PictureGone(f"{shown(path)}: {reason}")
    return Unreachable(f"{shown(path)} cannot be read: {reason}: mend this, and the same call goes on")
