"""Questions to a synthetic store: bytes a score, times, memory, beside numpy on a memory map and a naive scan.

    python -m tests.bench.store [pictures ...]

16 384 features, about 300 of them fire on a picture, shards of 10 000 pictures. The dense memory map has 64 features.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from distributional_view import AtomicLaw
from distributional_view.backends.store import layout
from distributional_view.backends.store.read import open_store
from distributional_view.files import write_json

FEATURES, ACTIVE, SHARD, SLICE, ASKED = 16_384, 300, 10_000, 64, 17


def synthetic(folder: Path, pictures: int) -> np.memmap:
    """Write a store; returns the dense scores of its first features, (pictures, SLICE)."""
    images = {"digest": "synthetic", "number": pictures}
    identity = layout.Identity(layout.FORMAT, FEATURES, ("mix",), 224, SHARD, {"backbone": "none"}, images)
    write_json(folder / layout.IDENTITY, asdict(identity))
    dense = np.memmap(folder / "dense.f4", np.float32, "w+", shape=(pictures, SLICE))
    rng, chance = np.random.default_rng(0), 1 / np.arange(1, FEATURES + 1) ** 0.3
    chance = np.minimum(1, ACTIVE * chance / chance.sum())
    for shard in range(identity.shards):
        block = identity.block(shard)
        counts = rng.binomial(len(block), chance)
        feature = np.repeat(np.arange(FEATURES, dtype=np.int32), counts)
        image = np.concatenate([np.sort(rng.choice(len(block), n, replace=False)) for n in counts])
        score = rng.gamma(1.5, 1.0, feature.size).astype(np.float32)
        kept = feature < SLICE
        dense[block.start + image[kept], feature[kept]] = score[kept]
        place = rng.integers(0, 7, (2, feature.size)).astype(np.int16)
        table = pa.table([feature, image + block.start, score, *place], schema=layout.score_schema(("mix",)))
        listed = [list(block), [f"{i}.jpg" for i in block], [None] * len(block), [224] * len(block), [224] * len(block)]
        pq.write_table(pa.table(listed, schema=layout.image_schema()), folder / layout.images_file(shard))
        pq.write_table(table, folder / layout.scores_file(shard), **layout.write_options(("mix",)))
    return dense


def seconds(call: Callable[[], object], repeats: int = 3) -> float:
    """The best of some repeats."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def naive(folder: Path) -> np.ndarray:
    """One feature's scores by reading those columns of every shard whole."""
    found = ds.dataset(sorted(folder.glob("scores-*"))).to_table(columns=["feature", "mix"])
    return found["mix"].to_numpy()[found["feature"].to_numpy() == ASKED]


def main(sizes: list[int]) -> None:
    for pictures in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            dense = synthetic(folder, pictures)
            size = sum(path.stat().st_size for path in folder.glob("*-*.parquet"))
            store = open_store(folder)
            print(f"{pictures} pictures, {store.shards.rows} scores: {size / store.shards.rows:.2f} bytes a score")
            times = {
                "open": seconds(lambda f=folder: open_store(f)),
                "law(feature)": seconds(lambda s=store: s.law(ASKED)),
                "top_k(feature)": seconds(lambda s=store: s.top_k(ASKED)),
                "weights(feature)": seconds(lambda s=store: s.weights(ASKED, 5.0)),
                "all features": seconds(lambda s=store: s.features(), 1),
                "numpy, memory map: law": seconds(lambda d=dense: AtomicLaw(np.array(d[:, ASKED], float))),
                "naive scan: law": seconds(lambda f=folder: naive(f), 1),
            }
            for what, took in times.items():
                print(f"  {what:24s} {took:8.3f} s")
            print(f"  memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB", flush=True)


if __name__ == "__main__":
    main([int(arg) for arg in sys.argv[1:]] or [100_000, 1_000_000])
