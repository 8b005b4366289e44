"""The job behind `dview search`: a pool ranked by both searches, kept in a folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from distributional_view.backends.adapter.feature import FeatureScore
from distributional_view.backends.adapter.passes import PictureScore
from distributional_view.backends.explain.pool import Pool, pool_scores, scored
from distributional_view.backends.paradigms.heat import heat
from distributional_view.backends.paradigms.search import KEYS, Search, keyed
from distributional_view.jobs import opened
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, named, silent

MADE = ("keys-*.npy", "search.png", "search.json")
"""Files of a job."""


class Hits(NamedTuple):
    """What one search finds: places in the pool, keys, the pictures, the feature's map over each."""

    indices: Int[np.ndarray, " n"]
    keys: Float[np.ndarray, " n"]
    pictures: Float[Tensor, "n c h w"]
    maps: Float[Tensor, "n h w"]

    @property
    def places(self) -> list[list[int]]:
        """Row and column of the pixel where each map is largest."""
        width = self.maps.shape[2]
        return [[int(at) // width, int(at) % width] for at in self.maps.flatten(1).argmax(1)]


def searched(
    score: PictureScore,
    pool: Pool,
    n: int,
    out: Path,
    origin: Any = None,
    contents: Mapping[str, Path] | None = None,
    progress: Progress = silent,
) -> dict[str, Hits]:
    """The n first pictures of the pool by each search of `KEYS`; the folder keeps the keys, and a killed job goes on.

    Args:
        score: of the feature; its `psi` is a `FeatureScore`.
        pool: pictures.
        n: shown, in 1 ... the pool's size.
        out: the job's folder.
        origin: what all is made of, for the record; part of the job.
        contents: files whose contents are part of the job.
        progress: called as the work goes on.

    Raises:
        ValueError: for n out of range.
        UserError: if the folder is another job's, or a file is damaged.
    """
    psi = score.psi
    assert isinstance(psi, FeatureScore)
    require(1 <= n <= pool.size, "n", n, f"in 1..{pool.size}, the pictures of the pool")
    found = {}
    identity = {"search": True, "made_of": origin, "pool": [pool.size, pool.digest]}
    with opened(out, identity, contents, MADE) as job:
        for name in KEYS:
            ranked = PictureScore(keyed(psi, name), score.device, score.autocast, score.batch)
            told = named(progress, f"ranking the pool, {name}")
            keys = pool_scores(ranked, pool, out / f"keys-{name}.npy", told, job.token)
            first = Search(scored(pool, keys), keys).first(n)
            pictures = torch.stack([pool.picture(int(i)) for i in first])
            found[name] = Hits(first, keys[first], pictures, heat(psi, pictures.to(score.device)).cpu())
    return found
