"""Whether pictures look to the prior like its own samples: their denoising losses, level by level, among the samples'.

A picture's losses at several noise levels (`backends.measures.prior_loss`, the same noise for all) are a point; the
samples' points have a mean and a covariance (of the logarithms), and a picture is as strange as its Mahalanobis
distance. It leaves the range if it is farther than 99 % of the samples, each judged by the others:

    rank = (1 + samples at least as far)/(1 + samples) <= 1 %

so that a sample of the prior leaves it with at most that chance. The average loss would not do: a striped picture is
denoised badly and a white disc well, at all levels, and neither says whether the prior would make it.

Ours; the rank is that of conformal prediction.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import binom
from torch import Tensor

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.measures.prior_loss import levels, prior_loss
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, silent

SHARES = (0.99, 0.95, 0.8, 0.6, 0.3, 0.1)
"""alpha_bar of the levels."""
OUTSIDE, ALARM = 0.01, 0.01
"""Chance that a sample of the prior leaves the range, and that as many of them do as are told of."""
MANY = 0.25
"""Share of the pictures from which it is told: in a rare part of the prior a few may be strange."""
LEAST = 100
"""Samples for the range: fewer have no rank of 1 %."""


class Standing(NamedTuple):
    """How pictures stand among samples of the prior: the rank of each, and the mean loss of both, by level.

    `chance`: that a sample's rank is at most `OUTSIDE`.
    """

    ranks: list[float]
    losses: list[float]
    usual: list[float]
    samples: int
    chance: float

    @property
    def outside(self) -> int:
        """How many pictures leave the range."""
        return sum(rank <= OUTSIDE for rank in self.ranks)

    def doubts(self) -> list[str]:
        """What speaks against the pictures, in words; empty if nothing does."""
        count, n = self.outside, len(self.ranks)
        if count < MANY * n or count == 0 or binom.sf(count - 1, n, self.chance) > ALARM:
            return []
        ratio = float(np.mean(np.divide(self.losses, self.usual)))
        return [
            f"{count} of {n} pictures leave the range of the prior's own samples (denoising loss {ratio:.2g} times "
            "theirs): the guidance has driven them to what the prior would not make"
        ]

    def record(self) -> dict[str, object]:
        """Everything, as JSON can hold it."""
        return {**self._asdict(), "outside": self.outside}


def level_losses(world: TorchWorld, pictures: Tensor, progress: Progress = silent) -> Float[np.ndarray, "n levels"]:
    """The loss of each picture at each level of the schedule that is nearest to one of `SHARES`.

    Args:
        world: supplies denoiser and schedule.
        pictures: in the prior's range.
        progress: called after each level.
    """
    rows = {int(row.index): row for row in levels(world.schedule, SHARES)}
    found = []
    for row in rows.values():
        found.append(prior_loss(world, pictures, [row], repeats=1))
        progress("denoising the pictures at some levels", len(found), len(rows))
    return np.stack(found, axis=1)


def standing(samples: Float[np.ndarray, "m levels"], pictures: Float[np.ndarray, "n levels"]) -> Standing:
    """Where pictures stand among samples, by their losses.

    Args:
        samples: losses of unguided samples, > 0, m >= `LEAST`.
        pictures: losses of the pictures at the same levels, > 0.

    Raises:
        ValueError: for too few samples, or losses that are not positive.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> samples = np.exp(rng.normal(size=(200, 3)))
        >>> standing(samples, np.array([[1.0, 1.0, 1.0], [50.0, 1.0, 0.02]])).outside
        1
    """
    require(len(samples) >= LEAST, "samples", len(samples), f">= {LEAST}")
    for name, losses in (("samples", samples), ("pictures", pictures)):
        require(bool((losses > 0).all()), f"losses of the {name}", float(losses.min()), "> 0")
    own, others = distances(np.log(samples), np.log(pictures))
    m = len(samples)
    ranks = [(1 + int((own >= d).sum())) / (1 + m) for d in others]
    chance = np.floor(OUTSIDE * (1 + m)) / (1 + m)
    return Standing(ranks, pictures.mean(0).tolist(), samples.mean(0).tolist(), m, float(chance))


def distances(
    samples: Float[np.ndarray, "m d"], points: Float[np.ndarray, "n d"]
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " n"]]:
    """Squared Mahalanobis distances: of each sample to all the other samples, and of each point to all samples.

    Leaving one sample out changes mean and covariance by a rank-one term, so that its distance follows from the one to
    all, h:  h (m/(m - 1))^2 (m - 2)/(m - 1) / (1 - m h/(m - 1)^2).
    """
    m, mean = len(samples), samples.mean(0)
    inverse = np.linalg.pinv(np.atleast_2d(np.cov(samples, rowvar=False)), hermitian=True)

    def squared(x: Float[np.ndarray, "k d"]) -> Float[np.ndarray, " k"]:
        return np.einsum("ki,ij,kj->k", x - mean, inverse, x - mean)

    h = squared(samples)
    left = np.maximum(1 - m * h / (m - 1) ** 2, np.finfo(float).tiny)
    return h * (m / (m - 1)) ** 2 * (m - 2) / (m - 1) / left, squared(points)
