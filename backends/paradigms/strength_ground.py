"""What the experiment on guidance strengths needs of a world, and its sizes.

The embedded world is one ground (`embedded.strength`), weights and pictures that somebody has another one
(`paradigms.local_strength`). Each part is made when it is asked for.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.measures.diversity import Maps
from distributional_view.theory.errors import require
from distributional_view.theory.samplers.world import Noise


@dataclass(frozen=True)
class StrengthBudget:
    """Sizes of the experiment.

    Args:
        factors: strengths, ascending, without 0; in units of one over the score's standard deviation over the data
            for the tilt-like schedule. A constant zeta of the same factor has the same sum over the steps.
        n: pictures a cell, >= 2.
        seeds: repetitions, >= 1.
        steps: reverse steps.
        pool: samples of the prior, >= 20: one half is the reference, the other is reweighted.
        levels: mean activations at which the pool is reweighted.

    Raises:
        ValueError: for factors or sizes out of range.
    """

    factors: tuple[float, ...] = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
    n: int = 24
    seeds: int = 2
    steps: int = 20
    pool: int = 2000
    levels: int = 8

    def __post_init__(self) -> None:
        good = len(self.factors) >= 1 and all(np.isfinite(f) and f > 0 for f in self.factors)
        require(good, "factors", self.factors, "numbers > 0, at least one")
        require(tuple(sorted(set(self.factors))) == self.factors, "factors", self.factors, "ascending")
        require(self.n >= 2, "n", self.n, ">= 2")
        require(self.seeds >= 1, "seeds", self.seeds, ">= 1")
        require(self.pool >= 20, "samples", self.pool, ">= 20, half of which is the reference")


class Samples(NamedTuple):
    """Unguided samples of the prior: the score of each, and its features for kernel distances."""

    scores: Float[np.ndarray, " n"]
    features: Float[np.ndarray, "n d"]


class StrengthGround(ABC):
    """A feature with a prior. Points are those of the prior; pictures are (n, c, h, w) in [-1, 1]."""

    @property
    @abstractmethod
    def world(self) -> TorchWorld:
        """The prior with the score, at the budget's steps."""

    @property
    @abstractmethod
    def sd(self) -> float:
        """Standard deviation of the score over the data: strengths are counted in one over it."""

    @property
    @abstractmethod
    def samples(self) -> Samples:
        """The pool."""

    @property
    @abstractmethod
    def maps(self) -> Maps:
        """Of pictures, for the perceptual distance."""

    @abstractmethod
    def noise(self, draw: int) -> Noise:
        """Of a repetition; the same for every strength."""

    @abstractmethod
    def unguided(self, draw: int) -> Tensor:
        """Points of a repetition without guidance, from its noise."""

    @abstractmethod
    def pictures(self, points: Tensor) -> Float[Tensor, "n c h w"]:
        """Points as what is measured."""

    @abstractmethod
    def scores(self, pictures: Float[Tensor, "n c h w"]) -> Float[np.ndarray, " n"]:
        """The score of pictures."""

    @abstractmethod
    def features(self, pictures: Float[Tensor, "n c h w"]) -> Float[np.ndarray, "n d"]:
        """Of pictures, for kernel distances."""
