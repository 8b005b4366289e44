"""Small scans with the embedded backend, and what is in the stores that they make."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from distributional_view.backends.scan.manifest import manifest_of
from distributional_view.backends.scan.recipe import Recipe
from distributional_view.backends.scan.run import Effort, scan

REDUCTIONS = ("mix", "max", "mean", "logsumexp")


def write_pictures(folder: Path, count: int, seed: int = 0, size: int = 32) -> Path:
    """Grey PNGs of smooth noise, which fire many features."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        small = Image.fromarray(rng.integers(0, 256, (6, 6), dtype=np.uint8))
        small.resize((size, size), Image.Resampling.BICUBIC).save(folder / f"{number:04d}.png")
    return folder


def scanned(store: Path, images: Path | str, recipe: Recipe | None = None, progress=lambda *told: None, **effort):
    """A scan of a folder in shards of ten pictures, four in a pass."""
    how = Effort(**{"batch": 4, "images_a_shard": 10, "threads": 2} | effort)
    return scan(store, manifest_of(str(images)), recipe or Recipe(embedded=True, reductions=("mix",)), how, progress)


def rows(store: Path, kind: str = "scores") -> list[dict]:
    """All rows of a store's files of a kind, shard after shard."""
    return [row for path in sorted(store.glob(f"{kind}-*.parquet")) for row in pq.read_table(path).to_pylist()]


def contents(store: Path) -> dict[str, bytes]:
    """What is in the files that a store is made of."""
    kinds = ("store.json", "images-*", "scores-*", "bad-*")
    return {path.name: path.read_bytes() for kind in kinds for path in store.glob(kind)}
