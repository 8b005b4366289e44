"""Stores written from dense tables of scores, as a scan would write them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from distributional_view.backends.store import layout
from distributional_view.backends.store.shards import mark
from distributional_view.files import write_json


def sparse_scores(pictures: int, features: int, density: float = 0.1, seed: int = 0) -> np.ndarray:
    """Scores (pictures, features), most of them 0, single precision."""
    rng = np.random.default_rng(seed)
    fires = rng.random((pictures, features)) < density
    return np.where(fires, rng.gamma(1.5, 1.0, (pictures, features)), 0.0).astype(np.float32)


def write_store(
    folder: Path,
    scores: np.ndarray | Mapping[str, np.ndarray],
    images_a_shard: int = 100,
    paths: Sequence[str] | None = None,
    labels: Sequence[str | None] | None = None,
    made_of: Mapping[str, object] | None = None,
    grid: int = 7,
    size: int = 56,
    side: int = 64,
    digest: str = "d",
) -> Path:
    """A store of scores (pictures, features), by reduction if there are several; nothing is unreadable.

    The place of a score is ((image + feature) % grid, image % grid).
    """
    tables = {"mix": scores} if isinstance(scores, np.ndarray) else dict(scores)
    number, features = next(iter(tables.values())).shape
    images = {"digest": digest, "number": number}
    made = dict(made_of or {"backbone": "test", "dictionary": "random"})
    identity = layout.Identity(layout.FORMAT, features, tuple(tables), size, (grid, grid), images_a_shard, made, images)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / layout.IDENTITY, asdict(identity))
    for shard in range(identity.shards):
        block = identity.block(shard)
        listed = {
            "image": list(block),
            "path": [paths[i] if paths else f"picture-{i}.png" for i in block],
            "label": [labels[i] if labels else None for i in block],
            "width": [side] * len(block),
            "height": [side] * len(block),
        }
        about = layout.image_schema().with_metadata(mark(identity))
        pq.write_table(pa.table(listed, schema=about), folder / layout.images_file(shard))
        part = np.stack([t[block.start : block.stop] for t in tables.values()])
        feature, image = np.nonzero((part > 0).any(axis=0).T)
        columns = [feature, image + block.start, *(t[image, feature] for t in part)]
        columns += [(image + block.start + feature) % grid, (image + block.start) % grid]
        schema = layout.score_schema(tuple(tables)).with_metadata(mark(identity))
        arrays = [pa.array(c).cast(field.type) for c, field in zip(columns, schema, strict=True)]
        found = pa.table(arrays, schema=schema)
        pq.write_table(found, folder / layout.scores_file(shard), **layout.write_options(tuple(tables)))
    return folder
