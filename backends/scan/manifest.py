"""Which pictures a scan reads, in their order: a folder, a tar file or a folder of them, or a table of paths.

Row i of the manifest is image i of the store. A folder is listed as `zoo.images.image_files` does; without pictures but
with tar files it stands for them (WebDataset: one sample is the files with one name up to its first dot; its label is
the text of `.cls`). A table (.csv, .tsv, .txt, .parquet) has a column of paths and may have one of labels; paths in it
start from its folder. The rows lie in two Arrow columns: about 100 bytes a picture, whatever a path object would take.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from distributional_view.backends.scan.listed import read_paths
from distributional_view.backends.store.layout import require_pyarrow
from distributional_view.backends.store.pictures import ADDRESS, MEMBER, PictureGone, members, picture_bytes
from distributional_view.errors import UserError
from distributional_view.files import shown

if TYPE_CHECKING:
    import pyarrow

TABLES = (".csv", ".tsv", ".txt", ".parquet")
ARCHIVE = ".tar"
PART = 100_000
"""Rows hashed at a time."""


class Picture(NamedTuple):
    """One row: its number, its path as the store has it, its label if there is one."""

    image: int
    path: str
    label: str | None


@dataclass(frozen=True, eq=False)
class Manifest:
    """The rows, and a hash of them that does not know where the pictures lie on this machine.

    Args:
        paths: Arrow column of words.
        labels: the same, null where there is none.
        digest: of the rows, with paths below the folder and the sizes of files where these are known at no cost.
    """

    paths: "pyarrow.Array"
    labels: "pyarrow.Array"
    digest: str

    def __len__(self) -> int:
        return len(self.paths)

    def located(self, paths: Sequence[str]) -> "Manifest":
        """The same pictures under other paths."""
        import pyarrow as pa

        return Manifest(pa.array(paths, pa.string()), self.labels, self.digest)

    def rows(self, images: Sequence[int]) -> Iterator[Picture]:
        """Some rows by their numbers."""
        for image in images:
            yield Picture(image, self.paths[image].as_py(), self.labels[image].as_py())


def manifest_of(
    images: str,
    header: bool | None = None,
    path_column: str | None = None,
    label_column: str | None = None,
    label_folders: bool = False,
) -> Manifest:
    """The manifest of what `--images` names.

    Args:
        images: folder, tar file, table, or address of a tar file.
        header: whether the first line of a text table holds names; None: decided by the names themselves.
        path_column: of a table; None: the one that is called path, file, image, ...
        label_column: of a table; None: the one that is called label or class, if there is one.
        label_folders: whether the folder that a picture lies in is its label.

    Raises:
        UserError: if there is no picture, a path is there twice, or a table cannot be read.
    """
    require_pyarrow()
    place = Path(images)
    if images.endswith(ARCHIVE) and (ADDRESS in images or place.is_file()):
        return _of_archives([images if ADDRESS in images else str(place.absolute())])
    if ADDRESS in images:
        raise UserError(f"images = {images!r}: an address must be of a {ARCHIVE} file; list others in a table of paths")
    if place.is_dir():
        return _of_folder(place, label_folders)
    if place.suffix.lower() in TABLES and place.is_file():
        paths, labels = read_paths(place, header, path_column, label_column)
        _refuse_twice(paths, place)
        if all(path.endswith(ARCHIVE) for path in paths):
            return _of_archives([_located(place.parent, path) for path in paths])
        return _manifest([_located(place.parent, path) for path in paths], labels, paths)
    raise UserError(
        f"images = {shown(images)!r}: must be an existing folder, a {ARCHIVE} file, or a table of paths "
        f"({', '.join(TABLES)})"
    )


def _located(folder: Path, path: str) -> str:
    """An address as it is, a local path made absolute."""
    return path if ADDRESS in path else str((folder / path).absolute())


def _of_folder(folder: Path, label_folders: bool) -> Manifest:
    from distributional_view.backends.zoo.images import NoImages, image_files

    try:
        files = image_files(folder)
    except NoImages:
        archives = sorted(str(path.absolute()) for path in folder.glob(f"*{ARCHIVE}"))
        if not archives:
            raise
        return _of_archives(archives)
    labels = [file.parent.name if label_folders else None for file in files]
    known = [f"{shown(file.relative_to(folder))}\0{_size(file)}" for file in files]
    return _manifest([shown(file.absolute()) for file in files], labels, known)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else -1  # a link to nowhere is a picture that cannot be read


def _of_archives(archives: Sequence[str]) -> Manifest:
    """The pictures in tar files, in their order."""
    from distributional_view.backends.zoo.images import SUFFIXES

    paths: list[str] = []
    labels: list[str | None] = []
    known: list[str] = []
    for archive in archives:
        inside = members(archive)
        for name, member in inside.items():
            if PurePosixPath(name).suffix.lower() in SUFFIXES:
                paths.append(f"{archive}{MEMBER}{name}")
                labels.append(_label(archive, name, inside.keys()))
                known.append(f"{PurePosixPath(archive).name}{MEMBER}{name}\0{member.size}")
    if not paths:
        raise PictureGone(f"{shown(archives[0])}: holds no picture ({', '.join(sorted(SUFFIXES))})")
    return _manifest(paths, labels, known)


def _label(archive: str, name: str, names: object) -> str | None:
    folder, _, file = name.rpartition("/")
    sample = f"{folder}/{file.partition('.')[0]}.cls".removeprefix("/")
    if sample not in names:  # type: ignore[operator]
        return None
    return picture_bytes(f"{archive}{MEMBER}{sample}").decode("utf-8", "replace").strip()


def _manifest(paths: Sequence[str], labels: Sequence[str | None], known: Sequence[str]) -> Manifest:
    """`known` says of each row what tells it from others, wherever the pictures lie."""
    import pyarrow as pa

    digest = hashlib.sha256()
    for first in range(0, len(known), PART):
        some = zip(known[first : first + PART], labels[first : first + PART], strict=True)
        digest.update("".join(f"{what}\0{label}\n" for what, label in some).encode("utf-8", "surrogateescape"))
    return Manifest(pa.array(paths, pa.string()), pa.array(labels, pa.string()), digest.hexdigest())


def _refuse_twice(paths: Sequence[str], table: Path) -> None:
    """Every picture has one row.

    Raises:
        UserError: with the first path that has two.
    """
    if len(set(paths)) == len(paths):
        return
    seen: dict[str, int] = {}
    for number, path in enumerate(paths, start=1):
        if path in seen:
            raise UserError(
                f"{shown(table)}: rows {seen[path]} and {number} are both {shown(path)!r}: every picture must "
                "be there once"
            )
        seen[path] = number
