"""Which pictures of a folder can be read, found out before anything is computed, so that indices stay what they are.

A pool and a training number the pictures that can be read; one that cannot be read is left out with its reason and
does not shift the others between two runs. A job keeps the record in its folder (`remembered`), so that a resumed one
need not decode everything again.
"""

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from distributional_view.backends.zoo.decode import UnreadableImage, decode
from distributional_view.choices import OnBadPicture
from distributional_view.files import shown, write_json
from distributional_view.fingerprints import listing
from distributional_view.theory.progress import Progress, silent

CHUNK = 256
"""Pictures between two reports of progress."""


class Readable(NamedTuple):
    """The pictures of a list that can be read, in its order, and those that cannot.

    `bad` has path -> reason; `more_frames` the paths of pictures of which only the first frame is used. Paths are
    written as `files.shown` does.
    """

    good: list[Path]
    bad: dict[str, str]
    more_frames: list[str]

    def record(self) -> dict[str, Any]:
        """Everything about the pictures that were left out, as JSON can hold it."""
        return {"read": len(self.good), "unreadable": self.bad, "first_frame_only": self.more_frames}

    @property
    def ordinary(self) -> bool:
        """Whether there is nothing to say."""
        return not (self.bad or self.more_frames)

    def __str__(self) -> str:
        said = [f"{len(self.good)} pictures"]
        if self.bad:
            first = next(iter(self.bad.items()))
            said.append(f"{len(self.bad)} cannot be read and are left out, first {first[0]} ({first[1]})")
        if self.more_frames:
            said.append(f"of {len(self.more_frames)} with several frames the first is used")
        return "; ".join(said)


def readable(
    files: Sequence[Path],
    on_bad: OnBadPicture = "skip",
    progress: Progress = silent,
) -> Readable:
    """Decode every picture once and sort out those that cannot be read.

    Args:
        files: paths, such as those of `image_files`.
        on_bad: leave them out ("skip"), or stop at the first ("stop").
        progress: told after every few pictures.

    Raises:
        UnreadableImage: at the first unreadable picture if `on_bad` is "stop"; if no picture can be read.
    """
    bad: dict[str, str] = {}
    more_frames: list[str] = []
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for first in range(0, len(files), CHUNK):
            part = files[first : first + CHUNK]
            for path, found in zip(part, threads.map(_try, part), strict=True):
                if isinstance(found, UnreadableImage):
                    if on_bad == "stop":
                        raise found
                    bad[shown(path)] = str(found).removeprefix(f"{shown(path)}: ")
                elif found:
                    more_frames.append(shown(path))
            progress("reading the pictures", first + len(part), len(files))
    return _left(files, bad, more_frames)


def remembered(
    memory: Path | None,
    folder: Path,
    files: Sequence[Path],
    on_bad: OnBadPicture = "skip",
    progress: Progress = silent,
) -> Readable:
    """The same, kept in a file: pictures of the same names, sizes and times are not decoded again.

    Args:
        memory: the file; None, or one that cannot be read, is as good as none.
        folder: where the pictures lie.
        files: see `readable`.
        on_bad: see `readable`.
        progress: see `readable`.

    Raises:
        UnreadableImage: see `readable`.
        UserError: if the memory cannot be written.
    """
    if memory is None:
        return readable(files, on_bad, progress)
    digest = listing(folder, files)
    known = _known(memory, digest)
    if known is None:
        found = readable(files, on_bad, progress)
        write_json(memory, {"folder": digest, **found.record()})
        return found
    bad, more_frames = known
    if bad and on_bad == "stop":
        raise UnreadableImage(": ".join(next(iter(bad.items()))))
    return _left(files, bad, more_frames)


def _known(memory: Path, digest: str) -> tuple[dict[str, str], list[str]] | None:
    """What the memory says about a folder with this digest, None if nothing."""
    try:
        kept = json.loads(memory.read_bytes())
        bad, more_frames = kept["unreadable"], kept["first_frame_only"]
        ours = kept["folder"] == digest and isinstance(bad, dict) and isinstance(more_frames, list)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return (bad, more_frames) if ours else None


def _try(path: Path) -> bool | UnreadableImage:
    """Whether a picture has more frames than one, or why it cannot be read."""
    try:
        return decode(path).more_frames
    except UnreadableImage as error:
        return error


def _left(files: Sequence[Path], bad: Mapping[str, str], more_frames: list[str]) -> Readable:
    """The rest of the files.

    Raises:
        UnreadableImage: if there is none.
    """
    good = [path for path in files if shown(path) not in bad]
    if files and not good:
        first, reason = next(iter(bad.items()))
        raise UnreadableImage(f"none of {len(files)} pictures can be read, first {first}: {reason}")
    return Readable(good, dict(bad), more_frames)
