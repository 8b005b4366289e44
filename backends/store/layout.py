"""The folder that a scan writes: every score of every feature that fires, in shards, and what it was made of.

    store.json             what made the store (`Identity`)
    images-00000.parquet   the pictures that were read: image, path, label, width, height; sorted by image
    scores-00000.parquet   feature, image, one column a reduction, row, column; sorted by feature, then image
    bad-00000.jsonl        the pictures that were not: image, path, reason; only where there are some

- Shard K holds the rows [K n, (K + 1) n) of the manifest, n = `images_a_shard`; `image` is the row, counted over the
  whole manifest. Parts and engines thus write equal shards, and stores of disjoint parts merge by copying their files.
- `scores-K.parquet` is written last, whole: a shard is finished when that file is there.
- A pair of feature and picture has a row where one of its scores is > 0. Zeros are counted, not stored: the number of
  pictures is the number of rows of the files `images-*`.
- `row` and `column` are the place of the largest code in the whole map of the feature.
- A path is local and absolute, an address that fsspec opens (with ://), or relative to the store's folder; behind ::
  stands the name of a member of that tar file.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributional_view.errors import UserError
from distributional_view.files import shown, write_json
from distributional_view.jobs import differences, read_json

if TYPE_CHECKING:
    import pyarrow

FORMAT = 2
"""Of the folder; 2 added the map's size, which places are shares of."""
IDENTITY = "store.json"
ROW_GROUP = 100_000
SCORES = re.compile(r"scores-(\d{5,})\.parquet")
KEYS = ("feature", "image")
PLACE = ("row", "column")
OLD = "stores of format 1 lack the map's size, without which no patch can be shown: scan again"
WAY_OUT = "choose another folder, or delete this one to begin again"


@dataclass(frozen=True)
class Identity:
    """What made a store; two scans with equal identities write equal stores.

    Args:
        format: of the folder, `FORMAT`.
        features: number of features.
        reductions: names of the score columns.
        size: side of the pictures that the backbone saw, pixels.
        map: rows and columns of a feature's whole map.
        images_a_shard: rows of the manifest in a shard.
        made_of: hashes of the weights, hook, kinds of backbone and dictionary, share, and whether scores are of codes.
        images: `digest` and `number` of the rows of the manifest.
    """

    format: int
    features: int
    reductions: tuple[str, ...]
    size: int
    map: tuple[int, int]
    images_a_shard: int
    made_of: Mapping[str, Any]
    images: Mapping[str, Any]

    @property
    def number(self) -> int:
        """Rows of the manifest, pictures that cannot be read among them."""
        return int(self.images["number"])

    @property
    def shards(self) -> int:
        """Shards of the whole store."""
        return -(-self.number // self.images_a_shard)

    def block(self, shard: int) -> range:
        """The images of a shard."""
        first = shard * self.images_a_shard
        return range(first, min(first + self.images_a_shard, self.number))


def images_file(shard: int) -> str:
    """Name of the file with a shard's pictures."""
    return f"images-{shard:05d}.parquet"


def scores_file(shard: int) -> str:
    """Name of the file with a shard's scores."""
    return f"scores-{shard:05d}.parquet"


def bad_file(shard: int) -> str:
    """Name of the file with the pictures of a shard that could not be read."""
    return f"bad-{shard:05d}.jsonl"


def finished(store: Path) -> list[int]:
    """The shards that are there, sorted."""
    return sorted(int(match[1]) for match in (SCORES.fullmatch(path.name) for path in store.iterdir()) if match)


def missing(store: Path, identity: Identity) -> list[int]:
    """The shards that are not there yet, sorted."""
    return sorted(set(range(identity.shards)) - set(finished(store)))


def read_identity(store: Path) -> Identity:
    """What made a store.

    Raises:
        UserError: if the folder is no store, one of another version, or its `store.json` is damaged.
    """
    path = store / IDENTITY
    if not path.is_file():
        raise UserError(f"store = {shown(store)!r}: must be a folder that `dview scan` wrote, with {IDENTITY}")
    found = read_json(path, WAY_OUT)
    names = {field.name for field in fields(Identity)}
    if isinstance(found, dict) and found.get("format") != FORMAT:
        raise UserError(f"{shown(path)}: format = {found.get('format')!r}: must be {FORMAT}: {OLD}")
    if not (isinstance(found, dict) and found.keys() == names and _sound(found)):
        raise UserError(f"{shown(path)} is damaged: must have {', '.join(sorted(names))}: {WAY_OUT}")
    return Identity(**{**found, "reductions": tuple(found["reductions"]), "map": tuple(found["map"])})


def _sound(found: Mapping[str, Any]) -> bool:
    sides = found["map"] if isinstance(found["map"], list) and len(found["map"]) == 2 else [None]
    counts = [found["features"], found["size"], found["images_a_shard"], *sides]
    named = isinstance(found["reductions"], list) and all(isinstance(name, str) for name in found["reductions"])
    images = found["images"]
    return (
        all(isinstance(count, int) and count >= 1 for count in counts)
        and named
        and isinstance(found["made_of"], dict)
        and isinstance(images, dict)
        and isinstance(images.get("number"), int)
    )


def bind(store: Path, identity: Identity) -> None:
    """Write `store.json`, or see that it says the same: a store holds the scores of one model on one list of pictures.

    Raises:
        UserError: if the folder is the store of another scan, told with what differs; if it has shards of nobody knows.
    """
    store.mkdir(parents=True, exist_ok=True)
    if not (store / IDENTITY).exists():
        if finished(store):
            raise UserError(f"{shown(store)} holds shards but no {IDENTITY} that says whose they are: {WAY_OUT}")
        write_json(store / IDENTITY, asdict(identity))
    known, wanted = asdict(read_identity(store)), asdict(identity)
    differing = [
        f"{name} ({_at(known, name)!r} there, {_at(wanted, name)!r} now)" for name in differences(known, wanted)
    ]
    if differing:
        raise UserError(
            f"{shown(store)} holds another scan, which differs in {', '.join(sorted(differing))}: {WAY_OUT}"
        )


def _at(nested: Any, dotted: str) -> Any:
    for name in dotted.split("."):
        nested = nested.get(name) if isinstance(nested, Mapping) else None
    return nested


def require_pyarrow() -> None:
    """See that stores can be written here.

    Raises:
        UserError: without pyarrow.
    """
    if find_spec("pyarrow") is None:
        raise UserError("stores need pyarrow: pip install 'distributional-view[store]'")


def score_schema(reductions: Sequence[str]) -> "pyarrow.Schema":
    """The columns of `scores-*.parquet`."""
    import pyarrow as pa

    keys = [("feature", pa.int32()), ("image", pa.int64())]
    places = [(name, pa.int16()) for name in PLACE]
    return pa.schema([*keys, *((name, pa.float32()) for name in reductions), *places])


def image_schema() -> "pyarrow.Schema":
    """The columns of `images-*.parquet`; a picture without a label has null."""
    import pyarrow as pa

    words = [("path", pa.string()), ("label", pa.string())]
    return pa.schema([("image", pa.int64()), *words, ("width", pa.int32()), ("height", pa.int32())])


def write_options(reductions: Sequence[str]) -> dict[str, Any]:
    """How `scores-*.parquet` is written, as `pyarrow.parquet.write_table` takes it: about 5.4 bytes a score."""
    encodings = {name: "BYTE_STREAM_SPLIT" for name in ("image", *reductions)}
    return {
        "row_group_size": ROW_GROUP,
        "compression": "zstd",
        "compression_level": 3,
        "use_dictionary": ["feature", *PLACE],
        "column_encoding": encodings,
        "write_page_checksum": True,
    }
