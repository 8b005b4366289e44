"""What a report is made of: the columns of a file or the features of a store, and where their pictures are."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, SupportsIndex, overload

from distributional_view.errors import UserError
from distributional_view.figures.report.activations import Column, Table, table
from distributional_view.figures.report.pictures import Album, FolderAlbum, StoreAlbum
from distributional_view.files import shown

IDENTITY = "store.json"


def source_of(
    path: Path,
    header: bool | None = None,
    id_column: str | None = None,
    names: Sequence[str] = (),
    images: Path | None = None,
    reduction: str | None = None,
    partial: bool = False,
    model: Mapping[str, Any] | None = None,
) -> tuple[Table, Album | None]:
    """The features of a file or of a store, and an album of their pictures if they have some.

    Args:
        path: a file, or the folder of a store.
        header: see `table`.
        id_column: see `table`; the names it holds are looked for in `images`, or beside the file.
        names: of the features wanted; a store needs them.
        images: folder of the pictures; without names in the table, as many as it has rows, in the order of their paths.
        reduction: score column of a store.
        partial: whether a store whose scan is not finished will do.
        model: where the weights of a store's model are, as `backends.scan.heat.heat_maps` takes them; None: no tint.

    Raises:
        UserError: for what cannot be read, an option that does not fit, or pictures that are not there.
    """
    if path.is_dir():
        return _of_store(path, names, images, reduction, partial, model)
    if reduction is not None:
        raise UserError(f"reduction = {reduction!r}: must be left out: only a store has score columns")
    if partial or model is not None:
        option = "partial" if partial else "heat"
        raise UserError(f"{option}: must be left out: {shown(path.name)} is no store")
    found = table(path, header, id_column)
    ids = next((column.ids for column in found.columns if column.ids is not None), None)
    if images is None:
        beside = ids is not None and all((path.parent / name).is_file() for name in ids[:3])
        return found, FolderAlbum(path.parent, ids) if beside and ids is not None else None
    if ids is None:
        return _in_order(found, images)
    if not any((images / name).is_file() for name in ids):
        raise UserError(f"images = {shown(images)!r}: must be a folder that holds {ids[0]!r} and the other examples")
    return found, FolderAlbum(images, ids)


def _in_order(found: Table, images: Path) -> tuple[Table, Album]:
    """A table without names, whose rows are the pictures of a folder in the order of their paths."""
    from distributional_view.backends.zoo.folder import image_files

    files, rows = [shown(file.relative_to(images)) for file in image_files(images)], len(found.columns[0].read())
    if len(files) != rows:
        raise UserError(
            f"images = {shown(images)!r}: must hold as many pictures as {found.source} has rows, {rows}, not "
            f"{len(files)}, or a column of {found.source} must name them"
        )
    said = f"the rows are the pictures of {shown(images)} in the order of their paths, first {files[0]}"
    columns = [column._replace(ids=files) for column in found.columns]
    return found._replace(columns=columns, reading=(*found.reading, said)), FolderAlbum(images, files)


def _of_store(
    path: Path,
    names: Sequence[str],
    images: Path | None,
    reduction: str | None,
    partial: bool,
    model: Mapping[str, Any] | None,
) -> tuple[Table, Album]:
    from distributional_view.backends.store.read import open_store

    store = open_store(path, partial)
    if not names:
        raise UserError(
            f"feature = none: must be given: {shown(path)} has {store.identity.features} (`dview features` lists them)"
        )
    for name in names:
        if not name.isdecimal() or int(name) >= store.identity.features:
            raise UserError(
                f"feature = {name!r}: must be in 0..{store.identity.features - 1}, the features of {shown(path)}"
            )
    score = store.column(reduction)
    ids = _Paths(store)
    columns = [Column(name, lambda j=int(name): store.scores(j, score), ids) for name in names]  # type: ignore[misc]
    lost = store.shards.missing
    part = f", without {len(lost)} of {store.identity.shards} shards, which are not there yet" if lost else ""
    reading = (f"{store.pictures} pictures that were scanned, score {score!r}{part}",)
    heat = None
    if model is not None:
        from distributional_view.backends.scan.heat import heat_maps

        heat = heat_maps(store, **model)
    return Table(path.name, columns, reading), StoreAlbum(store, images, heat)


class _Paths(Sequence[str]):
    """Paths of a store's pictures, each read when it is asked for."""

    def __init__(self, store: Any) -> None:
        self.store = store

    def __len__(self) -> int:
        return self.store.pictures

    @overload
    def __getitem__(self, at: SupportsIndex) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: SupportsIndex | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [row.path for row in self.store.rows_of(self.store.images[at])]
        return self.store.rows_of([int(self.store.images[at.__index__()])])[0].path

    def __iter__(self) -> Iterator[str]:
        return iter(self[:])
