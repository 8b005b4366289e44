"""Pictures to learn the guidance from, some of them held back to see how much it knows; their scores survive a kill."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distributional_view.backends.adapter.feature import FeatureScore
from distributional_view.backends.explain.pool import SAVE_EVERY
from distributional_view.backends.potential.pictures import Scores
from distributional_view.sealed import read_sealed_arrays, write_sealed_arrays

HELD = 5
"""One picture of so many is held back."""


class Lessons(NamedTuple):
    """Pictures in [-1, 1] with a score.

    `batches` gives those to learn from, `size` of them, each once; `held` at most so many of the others; `digest` tells
    them from other pictures.
    """

    psi: FeatureScore
    batches: Callable[[], Iterable[Tensor]]
    held: Callable[[int], Tensor]
    size: int
    digest: str = ""


class KeptScores:
    """Scores of batches that come in the same order at every call; those that a killed call has made are read.

    Args:
        score: pictures (n, c, h, w) -> (n, features).
        path: of the file, .npy; written every few seconds and by `save`.
        job: whose it is: the `token` of a job.

    Raises:
        UserError: if the file is damaged or of another job.
    """

    def __init__(self, score: Scores, path: Path, job: str = "") -> None:
        self.score, self.path, self.job, self.place = score, path, job, 0
        self.rows: list[np.ndarray] = [*read_sealed_arrays(path, job)[0]] if path.exists() else []
        self._when = time.monotonic()

    def __call__(self, x: Tensor) -> Tensor:
        """The scores of the next batch."""
        end = self.place + len(x)
        if end > len(self.rows):
            del self.rows[self.place :]
            self.rows += [*self.score(x).detach().float().cpu().numpy()]
            if time.monotonic() - self._when > SAVE_EVERY:
                self.save()
        found = torch.from_numpy(np.stack(self.rows[self.place : end]))
        self.place = end
        return found

    def save(self) -> None:
        """Write what is known."""
        if self.rows:
            write_sealed_arrays(self.path, np.stack(self.rows), self.job)
        self._when = time.monotonic()
