"""Pictures to retrieve from, and their scores, kept in a file as they come."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from distributional_view.errors import require_of_file
from distributional_view.sealed import read_sealed_arrays, write_sealed_arrays
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.progress import Progress, silent

Score = Callable[[Tensor], Float[np.ndarray, " n"]]
"""Pictures (n, c, h, w) in [-1, 1] -> psi (n,), such as a `PictureScore`."""
SAVE_EVERY = 5.0
"""Seconds."""


class Pool(NamedTuple):
    """Pictures to retrieve from: how many, their batches in order, and one picture by its index."""

    size: int
    batches: Callable[[int], Iterable[Tensor]]
    """Batches from a picture on: (first index) -> batches."""
    picture: Callable[[int], Tensor]
    digest: str = ""
    """What tells it from other pools of its size."""


def pool_of(images: Tensor, batch: int = 256, pictures: Callable[[Tensor], Tensor] | None = None) -> Pool:
    """A pool of pictures that fit into memory.

    Args:
        images: the pictures, or points that become pictures.
        batch: how many at once.
        pictures: from points to pictures; None where they are pictures.
    """
    seen = pictures or (lambda images: images)

    def batches(first: int) -> Iterable[Tensor]:
        return (seen(part) for part in torch.split(images[first:], batch))

    return Pool(len(images), batches, lambda index: seen(images[index : index + 1])[0])


def pool_scores(
    score: Score, pool: Pool, path: Path, progress: Progress = silent, job: str = ""
) -> Float[np.ndarray, " n"]:
    """The score of every picture of the pool, kept in a file as they come.

    How many are known stands in the file's seal, whatever the length of the array. It is written every few seconds,
    and when an error stops the work.

    Args:
        score: of pictures.
        pool: pictures.
        path: of the file, .npy.
        progress: called after each batch.
        job: whose the file is: the `token` of a job.

    Raises:
        UserError: if the file is damaged or of another job, or cannot be written.
        ModelFailed: if a score is not finite.
    """
    scores, done = np.full(pool.size, np.nan), 0
    if path.exists():
        kept, notes = read_sealed_arrays(path, job)
        require_of_file(kept.shape == scores.shape, "shape", path, kept.shape, f"({pool.size},), one a picture")
        scores, done = kept, notes["done"]
    saved, when = done, time.monotonic()

    def save() -> None:
        nonlocal saved, when
        write_sealed_arrays(path, scores, job, done=done)
        saved, when = done, time.monotonic()

    try:
        for batch in pool.batches(done) if done < pool.size else ():
            scores[done : done + len(batch)] = score(batch)
            done += len(batch)
            if time.monotonic() - when > SAVE_EVERY:
                save()
            progress("scoring the pool", done, pool.size)
    finally:
        if done > saved:
            save()
    return scores


def scored(pool: Pool, scores: Float[np.ndarray, " n"]) -> ScoredPool:
    """The pool with its scores; its points are pictures in a tensor."""

    def take(indices: Int[np.ndarray, " k"]) -> Tensor:
        return torch.stack([pool.picture(int(i)) for i in indices])

    return ScoredPool(scores, take)
