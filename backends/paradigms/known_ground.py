"""A ground whose scores are known before it is asked: where many objects are scored in one pass over the pictures."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.adapter.feature import FeatureScore, centre
from distributional_view.backends.paradigms.local_ground import LocalGround
from distributional_view.backends.paradigms.one_feature import OneFeature


@dataclass(frozen=True, eq=False)
class KnownGround(LocalGround):
    """A ground whose scores are there already.

    Args:
        numbers: score and largest code of every picture, the pool first.
    """

    numbers: Float[np.ndarray, "pictures 2"] = field(default_factory=lambda: np.zeros((0, 2)))

    @cached_property
    def _numbers(self) -> Float[np.ndarray, "pictures 2"]:
        return self.numbers


def unreachable(one: OneFeature, quantile: float) -> str | None:
    """Why no method can be asked for this level of an object; None if it can.

    The level must lie above the mean of the pool, or all pictures explain it, and below the largest score of the pool.
    """
    level, scores = one.level(quantile), one.ground.pool.scores
    mean, largest = float(scores.mean()), float(scores.max())
    if mean < level < largest:
        return None
    return (
        f"out of reach: the level, {level:.4g}, is not above the mean, {mean:.4g}, and below the largest score, "
        f"{largest:.4g}, of the {len(scores)} pictures that methods may take"
    )


def middle(psi: FeatureScore, maps: Float[Tensor, "n k h w"]) -> Float[Tensor, "n k h2 w2"]:
    """The part that counts."""
    rows, columns = centre(maps.shape[2], maps.shape[3], psi.share)
    return maps[:, :, rows, columns]


def numbers_of(psi: FeatureScore, activations: Tensor, chosen: list[int]) -> tuple[Tensor, Tensor]:
    """Score and largest code of some features, (n, k) each."""
    codes = middle(psi, psi.transcoder.encode(activations)[:, chosen])
    maps = codes if psi.gated else middle(psi, psi.transcoder.pre_activations(activations)[:, chosen])
    scores = psi.reduction(maps.flatten(0, 1)).unflatten(0, maps.shape[:2])
    return scores, codes.amax((2, 3))
