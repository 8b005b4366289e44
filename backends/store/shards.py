"""Which shards of a store are there, whole and its own: seen in their last bytes, before a question is asked.

A shard that is cut, missing, of another scan, or that does not account for all of its pictures is refused with its file
and the way out. Nothing is removed or left out silently.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from distributional_view.backends.store import layout
from distributional_view.errors import UserError
from distributional_view.files import shown
from distributional_view.theory.progress import Progress, silent

if TYPE_CHECKING:
    import pyarrow

MARK = b"distributional_view.made_of"
"""Key in the metadata of a shard's files: the scan that wrote it."""
OTHER = "the shard is of another scan: take it out of the folder"


def again(shard: int) -> str:
    """The way out of a damaged shard."""
    return f"delete {layout.scores_file(shard)}, and the same `dview scan` makes this shard again"


class Shards(NamedTuple):
    """The finished shards of a store.

    `pictures` is the number of pictures that were read, `rows` that of scores > 0; `missing` has the shards that are
    not there.
    """

    identity: layout.Identity
    finished: tuple[int, ...]
    missing: tuple[int, ...]
    pictures: int
    rows: int


def mark(identity: layout.Identity) -> dict[bytes, bytes]:
    """Metadata that says which scan wrote a file; goes into the schema of a shard's files."""
    import hashlib
    import json
    from dataclasses import asdict

    said = json.dumps(asdict(identity), sort_keys=True).encode()
    return {MARK: hashlib.sha256(said).hexdigest().encode()}


def look(store: Path, partial: bool = False) -> Shards:
    """The shards of a store, each seen to be whole.

    Args:
        store: the folder.
        partial: whether a scan that is not finished will do; else missing shards are refused.

    Raises:
        UserError: for a folder that is no store, a shard that is missing, cut, or of another scan.
    """
    identity = layout.read_identity(store)
    there, missing = layout.finished(store), layout.missing(store, identity)
    if not there or (missing and not partial):
        some = ", ".join(map(str, missing[:8])) + (", …" if len(missing) > 8 else "")
        raise UserError(
            f"{shown(store)}: {len(missing)} of {identity.shards} shards are missing ({some}): the same `dview scan` "
            "makes them; --partial (partial=True) asks the shards that are there"
        )
    seen = counted(store, identity, there)
    return Shards(identity, tuple(there), tuple(missing), sum(n for n, _ in seen), sum(m for _, m in seen))


def counted(store: Path, identity: layout.Identity, there: Sequence[int]) -> list[tuple[int, int]]:
    """Pictures and rows of the shards that are there, each seen to be whole and of this store.

    Raises:
        UserError: for one that is not.
    """
    for shard in there:
        _need(shard < identity.shards, store / layout.scores_file(shard), f"beyond shard {identity.shards - 1}", OTHER)
    return [_shard(store, identity, shard) for shard in there]


def _shard(store: Path, identity: layout.Identity, shard: int) -> tuple[int, int]:
    """Pictures and rows of a shard, after its checks."""
    block = identity.block(shard)
    images, scores = store / layout.images_file(shard), store / layout.scores_file(shard)
    way_out = again(shard)
    about = _footer(images, layout.image_schema(), identity, way_out)
    _within(images, about, "image", block)
    unread = store / layout.bad_file(shard)
    bad = len(unread.read_bytes().splitlines()) if unread.exists() else 0
    told = about.num_rows + bad
    _need(told == len(block), images, f"with {told} pictures, read or not, where the shard has {len(block)}", way_out)
    found = _footer(scores, layout.score_schema(identity.reductions), identity, way_out)
    _within(scores, found, "image", block)
    _within(scores, found, "feature", range(identity.features))
    for name, side in zip(layout.PLACE, identity.map, strict=True):
        _within(scores, found, name, range(side))
    return about.num_rows, found.num_rows


def _footer(path: Path, schema: "pyarrow.Schema", identity: layout.Identity, way_out: str) -> Any:
    """What a file says about itself."""
    import pyarrow.parquet as pq

    _need(path.is_file(), path, "missing", way_out)
    try:
        file = pq.ParquetFile(path)
        metadata, own = file.metadata, file.schema_arrow
    except Exception as error:  # whatever a decoder makes of damaged bytes
        raise UserError(f"{shown(path)} is cut or damaged ({_first_line(error)}): {way_out}") from None
    _need(own.names == schema.names, path, f"with the columns {', '.join(own.names)}", OTHER)
    said = (own.metadata or {}).get(MARK)
    _need(said is None or said == mark(identity)[MARK], path, "made of other weights, pictures or settings", OTHER)
    return metadata


def _within(path: Path, metadata: Any, name: str, allowed: range) -> None:
    for low, high in _ranges(metadata, name):
        _need(
            low in allowed and high in allowed, path, f"with {name}s {low} to {high}, outside {_words(allowed)}", OTHER
        )


def _ranges(metadata: Any, name: str) -> list[tuple[int, int]]:
    """Least and largest value of a column in each row group; none where the file does not say."""
    at = metadata.schema.names.index(name)
    groups = (metadata.row_group(g).column(at).statistics for g in range(metadata.num_row_groups))
    return [(found.min, found.max) for found in groups if found is not None and found.has_min_max]


def damaged(store: Path, shards: Sequence[int], progress: Progress = silent) -> str | None:
    """The first file of some shards that cannot be read to its end, with the reason; None if all can.

    Args:
        store: the folder.
        shards: their numbers.
        progress: told after every shard.
    """
    for done, shard in enumerate(shards, start=1):
        for name in (layout.images_file(shard), layout.scores_file(shard)):
            reason = _damage(store / name)
            if reason is not None:
                return f"{shown(store / name)} is damaged ({reason}): {again(shard)}"
        progress("reading the shards that are there", done, len(shards))
    return None


def _damage(path: Path) -> str | None:
    """What a decoder says of a file that it cannot read to its end; every page has a checksum."""
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
        for group in range(file.num_row_groups):
            file.read_row_group(group)
    except Exception as error:  # whatever a decoder makes of damaged bytes
        return _first_line(error)
    return None


def _words(allowed: range) -> str:
    return f"{allowed.start} to {allowed.stop - 1}"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _need(ok: bool, path: Path, what: str, way_out: str) -> None:
    if not ok:
        raise UserError(f"{shown(path)} is {what}: {way_out}")
