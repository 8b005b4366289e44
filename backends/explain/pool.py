"""Pictures to retrieve from, and their scores, kept in a file as they come."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.lib.format import open_memmap
from torch import Tensor

from distributional_view.theory.errors import require
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.progress import Progress, silent

Score = Callable[[Tensor], Tensor]
"""Pictures (n, c, h, w) in [-1, 1] -> psi (n,), without gradients."""


class Pool(NamedTuple):
    """Pictures to retrieve from: how many, their batches in order, and one picture by its index."""

    size: int
    batches: Callable[[int], Iterable[Tensor]]
    """Batches from a picture on: (first index) -> batches."""
    picture: Callable[[int], Tensor]


def pool_of(images: Tensor, batch: int = 256) -> Pool:
    """A pool of pictures that fit into memory."""
    return Pool(len(images), lambda first: torch.split(images[first:], batch), lambda index: images[index])


def pool_scores(score: Score, pool: Pool, path: Path, progress: Progress = silent) -> Float[np.ndarray, " n"]:
    """The score of every picture of the pool, kept in a file that fills as they come; NaN: not known yet."""
    fresh = not path.exists()
    scores = open_memmap(path, "w+" if fresh else "r+", np.float64, (pool.size,) if fresh else None)
    require(scores.shape == (pool.size,), f"shape of {path.name}", scores.shape, f"({pool.size},), one a picture")
    if fresh:
        scores[:] = np.nan
    done = int(np.isfinite(scores).sum())
    for batch in pool.batches(done) if done < pool.size else ():
        scores[done : done + len(batch)] = score(batch).double().cpu().numpy()
        scores.flush()
        done += len(batch)
        progress("scoring the pool", done, pool.size)
    return np.array(scores)


def scored(score: Score, pool: Pool, path: Path, progress: Progress = silent) -> ScoredPool:
    """The pool with its scores; its points are pictures in a tensor."""

    def take(indices: Int[np.ndarray, " k"]) -> Tensor:
        return torch.stack([pool.picture(int(i)) for i in indices])

    return ScoredPool(pool_scores(score, pool, path, progress), take)
