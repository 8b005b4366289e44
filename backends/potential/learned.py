"""A learned H_t: a network, the bins of its features, and what it takes to give it a noisy point.

A picture of more than `LARGEST` pixels a side is averaged over squares first. The average of x_t = signal x_0 + sd z
over squares of f x f pixels is signal times that of x_0 plus sd/f times white noise: nothing but a smaller picture and
less noise, so that training on averaged pictures is training on averages of noisy ones.

Paper: Theorem G.3, (190). That it is learned as a law is ours.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from distributional_view.backends.potential.bins import Bins
from distributional_view.backends.potential.networks import PictureNetwork, PointNetwork
from distributional_view.theory.errors import require

LARGEST = 64


@dataclass(frozen=True)
class Spec:
    """What a learned potential is for.

    Args:
        shape: of one point, (d,) or (c, h, w) with h and w multiples of 2 and, above `LARGEST`, of the squares' side.
        features: names of the columns of its scores, no two the same.
        bins: of each feature.
        scale: root mean square of the training draws, > 0.

    Raises:
        ValueError: for anything else.
    """

    shape: tuple[int, ...]
    features: tuple[str, ...]
    bins: int
    scale: float

    def __post_init__(self) -> None:
        good = len(self.shape) in (1, 3) and all(s >= 1 for s in self.shape)
        require(good, "shape", self.shape, "(d,) or (c, h, w)")
        names = self.features
        require(len(names) >= 1 and len(set(names)) == len(names), "features", names, "different, at least one")
        require(math.isfinite(self.scale) and self.scale > 0, "scale", self.scale, "finite and > 0")
        if len(self.shape) == 3:
            step = 2 * self.square
            even = all(s % step == 0 and s >= 4 for s in self.shape[1:])
            require(even, "shape", self.shape, f"(c, h, w) with h and w multiples of {step}")

    @property
    def square(self) -> int:
        """Side of the squares that pictures are averaged over; 1 for none."""
        return math.ceil(max(self.shape[1:]) / LARGEST) if len(self.shape) == 3 else 1

    def averaged(self, x: Float[Tensor, "n ..."]) -> Float[Tensor, "n ..."]:
        """Points as the network sees them, but for their scale."""
        return F.avg_pool2d(x, self.square) if self.square > 1 else x

    def network(self, marginal: Float[Tensor, "features bins"]) -> nn.Module:
        """An untrained network that predicts the marginal law everywhere."""
        c = self.shape[0]
        return PictureNetwork(marginal, c) if len(self.shape) == 3 else PointNetwork(marginal, c)


@dataclass(frozen=True, eq=False)
class LearnedPotential:
    """H_t for every feature that it was trained on and every multiplier.

    Args:
        spec: what it is for.
        bins: of its features.
        weights: the network that `spec` makes.
        record: how it was trained, anything JSON can hold.

    Raises:
        ValueError: if the bins are of other features.
    """

    spec: Spec
    bins: Bins
    weights: nn.Module
    record: dict[str, Any]

    def __post_init__(self) -> None:
        wanted = (len(self.spec.features), self.spec.bins)
        found = tuple(self.bins.centres.shape)
        require(found == wanted, "bins.centres.shape", found, str(wanted))

    def to(self, device: torch.device | str) -> "LearnedPotential":
        """The same one with its own weights on a device."""
        return LearnedPotential(self.spec, Bins(self.bins.centres.to(device)), self.weights.to(device), self.record)

    def logits(
        self, averaged: Float[Tensor, "n ..."], signal: Float[Tensor, " n"], sd: Float[Tensor, " n"]
    ) -> Float[Tensor, "n features bins"]:
        """What the network says of points that are averaged already.

        Args:
            averaged: noisy points, from `spec.averaged`.
            signal, sd: of the level of each point: of x_0 and of the noise in x_t before it is averaged.
        """
        rms = ((self.spec.scale * signal) ** 2 + (sd / self.spec.square) ** 2).sqrt()
        shaped = averaged / rms.reshape(-1, *[1] * (averaged.ndim - 1))
        result: Tensor = self.weights(shaped, torch.atan2(sd, signal))
        return result

    def log_law(self, x_t: Float[Tensor, "n ..."], signal: float, sd: float) -> Float[Tensor, "n features bins"]:
        """log P(bin | X_t = x_t) for every feature, differentiable in x_t.

        Raises:
            ValueError: for points of another shape.
        """
        require(x_t.shape[1:] == self.spec.shape, "shape of points", tuple(x_t.shape[1:]), str(self.spec.shape))
        ones = torch.ones(len(x_t), dtype=torch.float32, device=x_t.device)
        found = self.logits(self.spec.averaged(x_t.float()), signal * ones, sd * ones)
        return found.float().log_softmax(-1)

    def column(self, feature: str) -> int:
        """The place of a feature.

        Raises:
            ValueError: for one that it was not trained on.
        """
        require(feature in self.spec.features, "feature", feature, f"one of {self.spec.features}")
        return self.spec.features.index(feature)
