"""The pictures of the embedded backend as one tar file in the store, which thus holds all that it shows."""

import io
import tarfile
from pathlib import Path

from PIL import Image

from distributional_view.backends.scan.manifest import Manifest, manifest_of
from distributional_view.files import write_with

ARCHIVE = "pictures.tar"


def embedded_manifest(store: Path) -> Manifest:
    """The 10 000 animal pictures as PNG in `pictures.tar` of the store, with their classes as labels.

    Args:
        store: its folder.

    Raises:
        MissingData: if the package with the pictures is not installed.
        UserError: if the file cannot be written.
    """
    path = store / ARCHIVE
    if not path.exists():
        write_with(path, lambda partial: _write(partial))
    found = manifest_of(str(path))
    names = [f"{ARCHIVE}::{name.partition('::')[2]}" for name in found.paths.to_pylist()]
    return found.located(names)


def _write(partial: Path) -> None:
    from distributional_view.backends.embedded.animals import CLASSES, as_grey
    from distributional_view.backends.embedded.world import pictures

    images, labels = pictures()
    grey = as_grey(images)[:, 0]
    with tarfile.open(partial, "w") as archive:
        for number, (pixels, label) in enumerate(zip(grey, labels.tolist(), strict=True)):
            stream = io.BytesIO()
            Image.fromarray(pixels).save(stream, "PNG")
            for ending, content in (("png", stream.getvalue()), ("cls", CLASSES[label].encode())):
                entry = tarfile.TarInfo(f"{number:05d}.{ending}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
