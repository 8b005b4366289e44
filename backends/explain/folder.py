"""Pictures of a folder, read when they are asked for: to retrieve, to learn from, or a few of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from distributional_view.backends.adapter.feature import FeatureScore
from distributional_view.backends.explain.lessons import HELD, Lessons
from distributional_view.backends.explain.pool import Pool
from distributional_view.backends.zoo.images import ImageBatches
from distributional_view.errors import UserError
from distributional_view.fingerprints import listing

LEAST = 50
"""Pictures of a folder that a potential is learned from."""


def some_of(files: Sequence[Path], most: int | None, seed: int) -> list[Path]:
    """At most so many of the files, drawn at random, in their order.

    Raises:
        UserError: for fewer than two.
    """
    if most is None or len(files) <= most:
        return list(files)
    if most < 2:
        raise UserError(f"pool_size = {most}: must be >= 2, for the law of a score")
    chosen = np.random.default_rng(seed).choice(len(files), most, replace=False)
    return [files[place] for place in sorted(chosen.tolist())]


def folder_pool(folder: Path, files: list[Path], size: int, batch: int) -> Pool:
    """Images of a folder, read when asked for."""

    def batches(first: int) -> Any:
        return in_order(files[first:], size, batch)

    def picture(index: int) -> Tensor:
        return next(iter(in_order([files[index]], size, 1)))[0]

    return Pool(len(files), batches, picture, listing(folder, files))


def in_order(files: Sequence[Path], size: int, batch: int) -> ImageBatches:
    """Every image once, at most so many together."""
    return ImageBatches(files, size, min(batch, len(files)), 0)


def folder_lessons(psi: FeatureScore, folder: Path, files: list[Path], size: int, batch: int) -> Lessons | None:
    """Images of a folder to learn from, one of `HELD` held back; None for fewer than `LEAST`."""
    if len(files) < LEAST:
        return None
    held = files[::HELD]
    rest = [path for place, path in enumerate(files) if place % HELD]

    def few(n: int) -> Tensor:
        return torch.cat(list(in_order(spread(held, n), size, batch)))

    return Lessons(psi, lambda: in_order(rest, size, batch), few, len(rest), listing(folder, files))


def spread(items: Any, n: int) -> Any:
    """At most n of the items, evenly spread over them, in their order."""
    return items[:: -(-len(items) // n)]
