"""The nearest features by some similarity, a block of features at a time: the whole square of pairs never exists."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

CHUNK = 512
"""Features in a block; 32 MiB in single precision for 16 384 features."""


class Directions(NamedTuple):
    """Where a dictionary's features point: a row each of its decoder, None where there are none, and then why."""

    rows: Float[np.ndarray, "features channels"] | None
    lacking: str = ""


def nearest(
    block: Callable[[slice], Float[np.ndarray, "b features"]], features: int, most: int
) -> list[list[tuple[int, float]]]:
    """For each feature the most similar others, most similar first, with a similarity > 0 only.

    Args:
        block: the similarities of some features with all; is written into.
        features: number of features.
        most: others of a feature.
    """
    found = []
    for first in range(0, features, CHUNK):
        part = block(slice(first, first + CHUNK))
        part[np.arange(len(part)), first + np.arange(len(part))] = 0
        some = np.sort(np.argpartition(-part, min(most, features - 1), axis=1)[:, :most], axis=1)
        order = np.argsort(-np.take_along_axis(part, some, axis=1), axis=1, kind="stable")
        best = np.take_along_axis(some, order, axis=1)
        found += [[(int(j), float(row[j])) for j in order if row[j] > 0] for row, order in zip(part, best, strict=True)]
    return found


def by_direction(rows: Float[np.ndarray, "features channels"], most: int = 8) -> list[list[tuple[int, float]]]:
    """For each feature the others whose decoder rows have the largest cosine with its own, positive ones only.

    A row of zeros points nowhere: it has no neighbours and is nobody's.

    Args:
        rows: of the decoder.
        most: neighbours of a feature.
    """
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = (rows / np.where(norms > 0, norms, 1)).astype(np.float32)
    return nearest(lambda some: np.clip(unit[some] @ unit.T, -1, 1), len(unit), most)
