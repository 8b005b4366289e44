"""A law of 10^7 atoms: building it and calibrating both solutions, as multiples of `np.sort` in the same run.

    python -m tests.bench.atoms [number of atoms]

Memory is the peak of what is allocated on top of the scores themselves, as a multiple of their array.
"""

import sys
import time
import tracemalloc

import numpy as np

from distributional_view.theory import AtomicLaw, calibrate_hard, calibrate_klsc

ATOMS = 10_000_000
TARGET = 2.0


def calibrate(scores: np.ndarray) -> None:
    law = AtomicLaw(scores)
    calibrate_hard(law, TARGET)
    calibrate_klsc(law, TARGET)


def seconds(count: int, kind: str) -> tuple[float, float]:
    """Time of the sort and of the law, over the same scores."""
    scores = sample(count, kind)
    start = time.perf_counter()
    np.sort(scores)
    sorted_at = time.perf_counter()
    calibrate(scores)
    return sorted_at - start, time.perf_counter() - sorted_at


def sample(count: int, kind: str) -> np.ndarray:
    """Normal scores: all different, one tie, or three decimals."""
    scores = np.random.default_rng(0).normal(size=count)
    if kind == "one tie":
        scores[0] = scores[1]
    return np.round(scores, 3) if kind == "three decimals" else scores


def peak_memory(count: int, kind: str) -> float:
    """Largest number of bytes allocated at once, over those of the scores."""
    scores = sample(count, kind)
    tracemalloc.start()
    calibrate(scores)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / scores.nbytes


def main(count: int) -> None:
    for kind in ("all different", "one tie", "three decimals"):
        sort, law = seconds(count, kind)
        print(
            f"{count} scores, {kind:14s}: {law / sort:5.2f} times np.sort ({sort:.2f} s), "
            f"memory {peak_memory(count, kind):.2f} times the array",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ATOMS)
