"""Networks from noisy points and their noise level to the law of each feature's score.

The level enters as the angle atan2(sd of the noise, signal), from 0 (clean) to pi/2 (noise): every schedule has it, at
whole and fractional times. Points are divided by their root mean square at that level first. The last layer begins as
the logarithm of the marginal law, whatever the point, so that training has only the difference to learn.
"""

import math
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from distributional_view.backends.embedded.unet import GROUPS, ResidualBlock, time_embedding

EMBEDDING = 64
_TURNS = 1000 / (math.pi / 2)
"""The angle in the unit that the frequencies of the embedding are made for."""
PLACES = 4
"""Positions a side that the last layer tells apart."""


class Level(nn.Module):
    """The angle of the noise level as a vector."""

    def __init__(self, width: int = EMBEDDING):
        super().__init__()
        self.width = width
        self.layers = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())

    def forward(self, angle: Float[Tensor, " n"]) -> Float[Tensor, "n e"]:
        result: Tensor = self.layers(time_embedding(angle * _TURNS, self.width))
        return result


def _last(inputs: int, marginal: Float[Tensor, "features bins"]) -> nn.Linear:
    layer = nn.Linear(inputs, marginal.numel())
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.copy_(marginal.flatten().clamp(min=1e-6).log())
    return layer


class PictureNetwork(nn.Module):
    """Pictures (n, c, h, w) and angles (n,) -> logits (n, features, bins).

    Patches of 2 x 2 pixels, then a residual block at each width with strided convolutions between; a picture of 32
    pixels a side is worked on at 16, 8 and 4 positions a side. The last layer sees `PLACES` x `PLACES` positions.
    Larger pictures should come averaged to at most 64 pixels a side: see `LearnedPotential`.

    Args:
        marginal: of each feature, (features, bins), rows of sum 1.
        channels: of the pictures.
        widths: channels at each level, each a multiple of 8.
    """

    def __init__(
        self, marginal: Float[Tensor, "features bins"], channels: int = 1, widths: tuple[int, ...] = (32, 64, 96)
    ):
        super().__init__()
        self.shape = tuple(marginal.shape)
        self.level = Level()
        self.first = nn.Conv2d(4 * channels, widths[0], 3, padding=1)
        self.blocks = nn.ModuleList(ResidualBlock(w, w, EMBEDDING) for w in widths)
        self.shrink = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths))
        self.norm = nn.GroupNorm(GROUPS, widths[-1])
        self.hidden = nn.Linear(widths[-1] * PLACES**2, 2 * widths[-1])
        self.mix = nn.Linear(EMBEDDING, 2 * widths[-1])
        self.last = _last(2 * widths[-1], marginal)

    def forward(self, x: Float[Tensor, "n c h w"], angle: Float[Tensor, " n"]) -> Float[Tensor, "n features bins"]:
        level = self.level(angle)
        h = self.first(F.pixel_unshuffle(x, 2))
        for place, block in enumerate(self.blocks):
            h = block(self.shrink[place - 1](h) if place else h, level)
        h = F.adaptive_avg_pool2d(F.silu(self.norm(h)), PLACES).flatten(1)
        h = F.silu(self.hidden(h) + self.mix(level))
        result: Tensor = self.last(h).unflatten(1, self.shape)
        return result


class PointNetwork(nn.Module):
    """Points (n, d) and angles (n,) -> logits (n, features, bins).

    Args:
        marginal: of each feature, (features, bins), rows of sum 1.
        size: d.
        width: of the layers.
        depth: how many layers follow the first.
    """

    def __init__(self, marginal: Float[Tensor, "features bins"], size: int, width: int = 128, depth: int = 3):
        super().__init__()
        self.shape = tuple(marginal.shape)
        self.level = Level()
        self.first = nn.Linear(size, width)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.mix = nn.ModuleList(nn.Linear(EMBEDDING, 2 * width) for _ in range(depth))
        self.last = _last(width, marginal)

    def forward(self, x: Float[Tensor, "n d"], angle: Float[Tensor, " n"]) -> Float[Tensor, "n features bins"]:
        level = self.level(angle)
        h = self.first(x)
        for layer, mix in zip(self.layers, self.mix, strict=True):
            scale, shift = mix(level).chunk(2, dim=1)
            h = h + layer(F.silu(h * (1 + scale) + shift))
        result: Tensor = self.last(F.silu(h)).unflatten(1, self.shape)
        return result
