"""Transformed views of pictures: what an optimised picture must still activate the feature through.

Each view is one bilinear sampling of the picture at a moved, turned and scaled grid; beyond the border lies grey.

References: Olah et al. 2017 (pad, jitter, scale, rotate), Fel et al. 2023 (crops with noise).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from distributional_view.theory.errors import require

Views = Callable[[Tensor, torch.Generator], Tensor]
"""(pictures (n, c, h, w), randomness) -> (k n, c, h, w): the first views of all pictures, then the second ones."""


def _uniform(n: int, low: float, high: float, rng: torch.Generator) -> Float[Tensor, " n"]:
    return low + (high - low) * torch.rand(n, generator=rng)


def sampled(
    x: Float[Tensor, "n c h w"],
    extent: Float[Tensor, " n"],
    angle: Float[Tensor, " n"],
    shift: Float[Tensor, "n 2"],
    beyond: Literal["zeros", "border"] = "zeros",
) -> Float[Tensor, "n c h w"]:
    """Each picture seen through a square window.

    Args:
        x: pictures.
        extent: side of the window, in sides of the picture: above 1 shows grey around it, below 1 a part.
        angle: of the window, radians.
        shift: of its centre, right and down, in half sides of the picture.
        beyond: what lies outside the picture: grey, or its border's pixels again.
    """
    cos, sin = extent * angle.cos(), extent * angle.sin()
    rows = torch.stack([cos, -sin, shift[:, 0], sin, cos, shift[:, 1]], dim=1).reshape(-1, 2, 3)
    grid = F.affine_grid(rows.to(x), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode=beyond, align_corners=False)


@dataclass(frozen=True)
class Jittered:
    """One view a picture: padded, jittered, scaled, turned, jittered.

    Args:
        pad: pixels of grey on each side, >= 0.
        jitter: most pixels of the first and of the second move, each >= 0.
        scales: least and largest factor.
        turn: largest angle either way, degrees.

    Raises:
        ValueError: for numbers out of range.
    """

    pad: float
    jitter: tuple[float, float]
    scales: tuple[float, float]
    turn: float

    def __post_init__(self) -> None:
        require(min(self.pad, *self.jitter, self.turn) >= 0, "pad, jitter, turn", (self.pad, self.jitter), ">= 0")
        require(0 < self.scales[0] <= self.scales[1], "scales", self.scales, "0 < least <= largest")

    def __call__(self, x: Float[Tensor, "n c h w"], rng: torch.Generator) -> Float[Tensor, "n c h w"]:
        """The views."""
        n, side = len(x), x.shape[-1]
        extent = (side + 2 * self.pad - sum(self.jitter)) / side / _uniform(n, *self.scales, rng)
        limit = math.radians(self.turn)
        moves = sum(_uniform(2 * n, -j / 2, j / 2, rng) for j in self.jitter)
        return sampled(x, extent, _uniform(n, -limit, limit, rng), torch.as_tensor(moves).reshape(n, 2) / (side / 2))


@dataclass(frozen=True)
class Crops:
    """Several views a picture: crops around the middle, each with noise of its own.

    Args:
        count: crops a picture, >= 1.
        sides: least and largest side, as a share of the picture's, in (0, 1].
        spread: standard deviation of a crop's centre, as a share of the picture's side; the crop stays inside.
        noise: standard deviation of the noise on a crop (pictures are in [-1, 1]).

    Raises:
        ValueError: for numbers out of range.
    """

    count: int
    sides: tuple[float, float]
    spread: float = 0.15
    noise: float = 0.05

    def __post_init__(self) -> None:
        require(self.count >= 1, "count", self.count, ">= 1")
        require(0 < self.sides[0] <= self.sides[1] <= 1, "sides", self.sides, "0 < least <= largest <= 1")
        require(min(self.spread, self.noise) >= 0, "spread, noise", (self.spread, self.noise), ">= 0")

    def __call__(self, x: Float[Tensor, "n c h w"], rng: torch.Generator) -> Float[Tensor, "m c h w"]:
        """The views."""
        many = x.repeat(self.count, 1, 1, 1)
        extent = _uniform(len(many), *self.sides, rng)
        room = (1 - extent)[:, None]  # in half sides of the picture
        shift = (2 * self.spread * torch.randn(len(many), 2, generator=rng)).clamp(-room, room)
        crops = sampled(many, extent, torch.zeros(len(many)), shift, "border")
        return crops + self.noise * torch.randn(crops.shape, generator=rng).to(crops)
