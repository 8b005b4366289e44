"""What a scan costs on top of the networks, and Ray with two workers against one process; ratios in one run.

    python -m tests.bench.scan [pictures]

JPEG files of 224 pixels, the embedded backend at that size, one thread of torch, whole scans with their writing. The
bare forward pass has the same batches already decoded in memory. Rates are by the clock and, changed less by a busy
machine, of the processor, all threads together.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from distributional_view.backends.scan.build import build
from distributional_view.backends.scan.manifest import manifest_of
from distributional_view.backends.scan.recipe import Recipe
from distributional_view.backends.scan.run import Effort, scan

PICTURES, SIDE, BATCH, ROUNDS = 512, 224, 32, 3


def write_jpegs(folder: Path, count: int) -> None:
    """Pictures about as hard to decode as photographs: smooth noise in three scales."""
    rng = np.random.default_rng(0)
    for number in range(count):
        total = np.zeros((SIDE, SIDE, 3))
        for grid in (4, 28, 112):
            small = Image.fromarray(rng.integers(0, 256, (grid, grid, 3), dtype=np.uint8))
            total += np.asarray(small.resize((SIDE, SIDE), Image.Resampling.BICUBIC), float)
        Image.fromarray((total / 3).astype(np.uint8)).save(folder / f"{number:05d}.jpg", quality=90)


class Spent(NamedTuple):
    """Seconds by the clock, and of the processor in this process."""

    clock: float
    processor: float


def seconds(work: Callable[[], object]) -> Spent:
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - clock, time.process_time() - processor)


def main(count: int) -> None:
    torch.set_num_threads(1)
    recipe = Recipe(embedded=True, size=SIDE)
    scorer = build(recipe).scorer
    x = torch.rand(BATCH, 1, SIDE, SIDE) * 2 - 1

    def bare(whole: bool) -> None:
        with torch.inference_mode():
            for _ in range(count // BATCH):
                z = scorer.backbone(x)
                if whole:
                    scorer.encode(z)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "p").mkdir()
        write_jpegs(folder / "p", count)
        manifest = manifest_of(str(folder / "p"))
        taken: dict[str, list[Spent]] = {"backbone": [], "backbone and encoder": [], "scan": [], "Ray, 2 workers": []}
        shard = max(1, count // 8)
        for turn in range(ROUNDS):
            taken["backbone"].append(seconds(lambda: bare(False)))
            taken["backbone and encoder"].append(seconds(lambda: bare(True)))
            effort = Effort(batch=BATCH, images_a_shard=shard)
            store = folder / f"local-{turn}"
            taken["scan"].append(seconds(lambda s=store, e=effort: scan(s, manifest, recipe, e)))
        effort = Effort(batch=BATCH, images_a_shard=shard, engine="ray", workers=2)
        taken["Ray, 2 workers"].append(seconds(lambda: scan(folder / "ray", manifest, recipe, effort)))
    best = {what: Spent(*(count / min(spent) for spent in zip(*values, strict=True))) for what, values in taken.items()}
    for what, rate in best.items():
        print(f"{what:22s} {rate.clock:8.1f} images/s, {rate.processor:8.1f} a second of the processor", flush=True)
    for under in ("backbone", "backbone and encoder"):
        clock, processor = (a / b for a, b in zip(best["scan"], best[under], strict=True))
        print(f"scan / {under}: {clock:.2f}, of the processor {processor:.2f}")
    ratio = best["Ray, 2 workers"].clock / best["scan"].clock
    print(f"Ray, 2 workers / scan: {ratio:.2f} (its start included; its workers are other processes)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
