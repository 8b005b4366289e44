"""Where a target lies in the law of the score, and what a tilt to it has left to stand on.

The law is that of a pool: the pictures of the embedded backend, a folder of images or some of them, or a sample of the
prior. It is scored once and kept in the folder `law` of the job, a job of its own, since the target of `--level` comes
from it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from distributional_view.backends.explain.pool import Pool, Score, pool_scores
from distributional_view.jobs import opened
from distributional_view.theory.errors import require
from distributional_view.theory.pools.retrieval import reweight_to
from distributional_view.theory.progress import Progress, silent

MADE = ("pool_scores.npy",)
"""Files of the job."""


class Placed(NamedTuple):
    """A target in a law of scores.

    `quantile`: share of the pool at or below it; `sds`: how far above the mean, in standard deviations; `largest`:
    score of the pool; `multiplier` (1/score) and `effective_size` of the pool's tilt to the target, None where it has
    none: at or below the mean, or beyond the largest score.
    """

    target: float
    quantile: float
    sds: float
    largest: float
    size: int
    multiplier: float | None
    effective_size: float | None

    def words(self) -> str:
        """Where it lies, in a sentence."""
        there = f"target {self.target:.4g}: quantile {self.quantile:.4g} of {self.size} scores"
        there += f", {self.sds:.2f} sd above their mean, largest {self.largest:.4g}"
        if self.multiplier is None:
            return there
        return f"{there}; the tilt has multiplier {self.multiplier:.4g} and effective size {self.effective_size:.3g}"

    def doubts(self, n: int) -> list[str]:
        """What speaks against the target, for n pictures; empty if nothing does."""
        if self.target > self.largest:
            return [f"target {self.target:.4g} lies beyond every score of the pool (largest {self.largest:.4g})"]
        if self.effective_size is not None and self.effective_size < n:
            return [
                f"the pool's tilt to {self.target:.4g} rests on {self.effective_size:.3g} pictures, fewer than the "
                f"{n} shown: the prior hardly reaches this target"
            ]
        return []


def level_target(scores: Float[np.ndarray, " n"], level: float) -> float:
    """The score at a level, as a quantile of the pool's scores.

    Raises:
        ValueError: unless 0 < level < 1.
    """
    require(0 < level < 1, "level", level, "in (0, 1)")
    return float(np.quantile(scores, level))


def placed(scores: Float[np.ndarray, " n"], target: float) -> Placed:
    """The target in the law of these scores.

    Raises:
        ValueError: if all scores are the same, or there are fewer than two.
    """
    sd = float(scores.std()) if len(scores) > 1 else 0.0
    require(sd > 0, "standard deviation of the pool's scores", sd, "> 0")
    mean, largest = float(scores.mean()), float(scores.max())
    tilt = reweight_to(scores, target) if mean < target < largest else None
    return Placed(
        target,
        float((scores <= target).mean()),
        (target - mean) / sd,
        largest,
        len(scores),
        None if tilt is None else tilt.multiplier,
        None if tilt is None else tilt.effective_size,
    )


def law_scores(
    out: Path,
    score: Score,
    pool: Pool,
    origin: Any = None,
    progress: Progress = silent,
    contents: Mapping[str, Path] | None = None,
) -> Float[np.ndarray, " n"]:
    """The scores of a pool.

    Args:
        out: folder of the law's own job; a second call reads it.
        score: of pictures.
        pool: pictures, or samples of the prior.
        origin: what pool and score are made of, as JSON can hold it.
        progress: called as the work goes on.
        contents: files that they were made from.

    Raises:
        OtherRequest: if the folder holds another law.
    """
    identity = {"origin": origin, "size": pool.size, "digest": pool.digest}
    with opened(out, identity, contents, MADE) as job:
        return pool_scores(score, pool, out / "pool_scores.npy", progress, job.token)
