"""Questions to a synthetic store: bytes a score, times, memory, beside numpy on memory maps and a naive scan.

    python -m tests.bench.store [pictures ...] [--keep FOLDER]

16 384 features, about 300 of them fire on a picture, shards of 10 000 pictures; places are even on a 7 x 7 map, which
is the worst case for their bytes. Stores under --keep are made once. Wall and processor seconds are both printed. The
dense tables in half precision are written in part: by feature the 64 first features, by picture (32 KiB a picture) the
same columns of at most 100 000 pictures, whose time is scaled to all.
"""

import itertools
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from distributional_view import AtomicLaw
from distributional_view.backends.store import layout
from distributional_view.backends.store.read import Store, open_store
from distributional_view.files import write_json

FEATURES, ACTIVE, SHARD, SLICE, ASKED, MAPPED = 16_384, 300, 10_000, 64, 17, 100_000


def synthetic(folder: Path, pictures: int) -> None:
    """Write a store; a shard a second."""
    folder.mkdir(parents=True, exist_ok=True)
    images = {"digest": "synthetic", "number": pictures}
    identity = layout.Identity(layout.FORMAT, FEATURES, ("mix",), 224, (7, 7), SHARD, {"backbone": "none"}, images)
    rng, chance = np.random.default_rng(0), 1 / np.arange(1, FEATURES + 1) ** 0.3
    chance = np.minimum(1, ACTIVE * chance / chance.sum())
    for shard in range(identity.shards):
        block = identity.block(shard)
        feature, image = fired(rng, chance, len(block))
        score = rng.gamma(1.5, 1.0, feature.size).astype(np.float32)
        place = rng.integers(0, 7, (2, feature.size), dtype=np.int16)
        table = pa.table([feature, image + block.start, score, *place], schema=layout.score_schema(("mix",)))
        names = [f"{i:07d}.jpg" for i in block]
        listed = [list(block), names, [None] * len(block), [224] * len(block), [224] * len(block)]
        pq.write_table(
            pa.table(listed, schema=layout.image_schema()), folder / layout.images_file(shard), compression="zstd"
        )
        pq.write_table(table, folder / layout.scores_file(shard), **layout.write_options(("mix",)))
    write_json(folder / layout.IDENTITY, asdict(identity))


def fired(rng: np.random.Generator, chance: np.ndarray, pictures: int) -> tuple[np.ndarray, np.ndarray]:
    """Feature and picture of independent coins, sorted: gaps between heads are geometric."""
    room = np.ceil(pictures * chance + 8 * np.sqrt(pictures * chance) + 8).astype(int)
    at = np.cumsum(rng.geometric(np.repeat(chance, room)))
    starts = np.cumsum(room) - room
    at -= np.repeat(np.where(starts > 0, at[starts - 1], 0), room) + 1
    inside = at < pictures
    return np.repeat(np.arange(len(chance), dtype=np.int32), room)[inside], at[inside]


def seconds(call: Callable[[], object], repeats: int = 3) -> tuple[float, float]:
    """The best of some repeats, by the clock and of the processor."""
    best = (np.inf, np.inf)
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        best = min(best, (time.perf_counter() - wall, time.process_time() - cpu))
    return best


def told(what: str, took: tuple[float, float]) -> None:
    print(f"  {what:34s} {took[0]:8.3f} s, processor {took[1]:8.3f} s", flush=True)


def naive(folder: Path) -> np.ndarray:
    """One feature's scores by reading those columns of every shard whole."""
    found = []
    for path in sorted(folder.glob("scores-*")):
        table = pq.read_table(path, columns=["feature", "mix"])
        found.append(table["mix"].to_numpy()[table["feature"].to_numpy() == ASKED])
    return np.concatenate(found)


def ask(folder: Path) -> Store:
    """Every question, timed."""
    size = sum(path.stat().st_size for path in folder.glob("*-*.parquet"))
    store = open_store(folder)
    print(f"{store.pictures} pictures, {store.shards.rows} scores: {size / store.shards.rows:.2f} bytes a score")
    top = store.top_k(ASKED, 60).images
    told("open", seconds(lambda: open_store(folder)))
    fresh = itertools.count(ASKED + 1)  # the store remembers the last few features
    told("law(feature)", seconds(lambda: store.law(next(fresh))))
    told("top_k(feature)", seconds(lambda: store.top_k(next(fresh))))
    told("weights(feature)", seconds(lambda: store.weights(next(fresh), 5.0)))
    told("rows_of(60 pictures)", seconds(lambda: store.rows_of(top)))
    told("all features", seconds(lambda: store.features(), 1))
    print(f"  memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB", flush=True)
    return store


def compare(store: Store, maps: Path) -> None:
    """The same law from dense tables and from the files read whole."""
    mapped = min(store.pictures, MAPPED)
    by_feature = np.memmap(maps / "by-feature.f2", np.float16, "w+", shape=(SLICE, store.pictures))
    by_picture = np.memmap(maps / "by-picture.f2", np.float16, "w+", shape=(mapped, FEATURES))
    by_feature[ASKED] = store.scores(ASKED)
    by_picture[:, ASKED] = by_feature[ASKED, :mapped]
    dense = 2e-9 * FEATURES * store.pictures
    print(f"{store.pictures} pictures: a dense table in half precision has {dense:.1f} GB")
    told("dense, by feature: law", seconds(lambda: AtomicLaw(np.array(by_feature[ASKED], float))))
    wall, cpu = seconds(lambda: np.array(by_picture[:, ASKED], float))
    scale = store.pictures / mapped
    told("dense, by picture: scores, scaled", (wall * scale, cpu * scale))
    told("naive scan: scores", seconds(lambda: naive(store.path), 1))


def main(sizes: list[int], keep: Path | None = None) -> None:
    with tempfile.TemporaryDirectory() as name:
        folders = [(keep or Path(name)) / f"store-{pictures}" for pictures in sorted(sizes)]
        for folder, pictures in zip(folders, sorted(sizes), strict=True):
            if not (folder / layout.IDENTITY).exists():
                synthetic(folder, pictures)
        for store in [ask(folder) for folder in folders]:  # memory is that of the questions so far
            compare(store, Path(name))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    kept = Path(arguments.pop(arguments.index("--keep") + 1)) if "--keep" in arguments else None
    main([int(word) for word in arguments if word.isdecimal()] or [100_000, 1_000_000], kept)
