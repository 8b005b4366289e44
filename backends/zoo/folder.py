"""The image files of a folder; needs no torch."""

import os
from pathlib import Path

from distributional_view.errors import UserError
from distributional_view.files import shown

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"}


class NoImages(UserError):
    """A folder that is not there, cannot be listed or holds no image."""


def image_files(folder: Path) -> list[Path]:
    """All image files in a folder and the folders below it, sorted by path.

    Links to folders are followed. A folder that can be reached in several ways counts once, so that loops end; under
    its own name if that lies in `folder`.

    Raises:
        NoImages: if there is no such folder, a folder below it cannot be listed, or there is no image.
    """
    if not folder.is_dir():
        raise NoImages(f"folder = {shown(folder)!r}: must be an existing folder")
    seen: set[str] = set()
    files: list[Path] = []
    waiting = [str(folder)]
    while waiting:
        for place, below, names in os.walk(waiting.pop(0), onerror=_refuse):
            real = os.path.realpath(place)
            if real in seen:
                below.clear()
                continue
            seen.add(real)
            files += [Path(place, name) for name in names if Path(name).suffix.lower() in SUFFIXES]
            waiting += sorted(path for path in (os.path.join(place, name) for name in below) if os.path.islink(path))
    if not files:
        raise NoImages(f"folder = {shown(folder)!r}: must be a folder with images ({', '.join(sorted(SUFFIXES))})")
    return sorted(files)


def _refuse(error: OSError) -> None:
    """What `os.walk` does with a folder that it cannot list."""
    raise NoImages(f"{shown(error.filename)}: cannot be listed: {error.strerror}") from error
