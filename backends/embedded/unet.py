"""A small U-Net that predicts the velocity v of a diffusion: the prior of the embedded backend.

    x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) noise
    v = sqrt(alpha_bar_t) noise - sqrt(1 - alpha_bar_t) x_0,    x0_hat = sqrt(alpha_bar_t) x_t - sqrt(1 - alpha_bar_t) v

Pixels are gathered in 2 x 2 patches first, so that a 32 x 32 picture is worked on at 16, 8 and 4 positions a side, with
self-attention at the two lower levels. Residual blocks take the time as a scale and a shift after their second norm.
A condition, such as an encoded prompt (`prompt.PromptEncoder`), is added to the embedding of the time.

References: Ho et al. 2020 (U-Net), Nichol and Dhariwal 2021 (cosine schedule), Salimans and Ho 2022 (v-prediction).
"""

import math
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from distributional_view.backends.embedded.prompt import PromptEncoder

GROUPS = 8


def time_embedding(time: Int[Tensor, " n"] | Float[Tensor, " n"], width: int) -> Float[Tensor, "n width"]:
    """Sines and cosines of the time at geometric frequencies from 1 to 1e-4."""
    frequencies = torch.exp(torch.linspace(0, -math.log(1e4), width // 2, device=time.device))
    angles = time[:, None].to(frequencies.dtype) * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=1)


class ResidualBlock(nn.Module):
    """norm, SiLU, conv, norm with scale and shift from the time, SiLU, conv; added to the input."""

    def __init__(self, inputs: int, outputs: int, embedding: int):
        super().__init__()
        self.norm1 = nn.GroupNorm(GROUPS, inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time = nn.Linear(embedding, 2 * outputs)
        self.norm2 = nn.GroupNorm(GROUPS, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Float[Tensor, "n c h w"], embedding: Float[Tensor, "n e"]) -> Float[Tensor, "n d h w"]:
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.time(embedding)[:, :, None, None].chunk(2, dim=1)
        h = self.norm2(h) * (1 + scale) + shift
        result: Tensor = self.skip(x) + self.conv2(F.silu(h))
        return result


class SelfAttention(nn.Module):
    """Every position looks at every other; added to the input."""

    def __init__(self, width: int, head: int = 32):
        super().__init__()
        self.heads = max(width // head, 1)
        self.norm = nn.GroupNorm(GROUPS, width)
        self.qkv = nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        n, c, h, w = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(n, 3, self.heads, c // self.heads, h * w).transpose(-1, -2).unbind(1)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(-1, -2).reshape(n, c, h, w)
        result: Tensor = x + self.out(mixed)
        return result


class UNetLevel(nn.Module):
    """A residual block, with attention behind it if wanted."""

    def __init__(self, inputs: int, outputs: int, embedding: int, attention: bool):
        super().__init__()
        self.block = ResidualBlock(inputs, outputs, embedding)
        self.attention = SelfAttention(outputs) if attention else nn.Identity()

    def forward(self, x: Float[Tensor, "n c h w"], embedding: Float[Tensor, "n e"]) -> Float[Tensor, "n d h w"]:
        result: Tensor = self.attention(self.block(x, embedding))
        return result


class UNet(nn.Module):
    """`UNet()(x_t, time)` is the velocity v; time counts 0 ... steps - 1 (0 the least noisy), also in between.

    Args:
        widths: channels at each level, each a multiple of 8; the first level has no attention.
        channels: of the picture.
        patch: side of the patches that pixels are gathered in.
        words: size of the vocabulary of its prompts; 0 for a network without prompts.
    """

    def __init__(self, widths: tuple[int, ...] = (64, 96, 128), channels: int = 1, patch: int = 2, words: int = 0):
        super().__init__()
        self.patch, embedding = patch, 2 * widths[0]
        self.width = widths[0]
        self.embed = nn.Sequential(nn.Linear(widths[0], embedding), nn.SiLU(), nn.Linear(embedding, embedding))
        self.first = nn.Conv2d(channels * patch**2, widths[0], 3, padding=1)
        attention = [level > 0 for level in range(len(widths))]
        steps = list(pairwise(widths))
        self.down = nn.ModuleList(UNetLevel(w, w, embedding, a) for w, a in zip(widths, attention, strict=True))
        self.shrink = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in steps)
        self.grow = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in steps)
        self.up = nn.ModuleList(UNetLevel(2 * w, w, embedding, a) for w, a in zip(widths, attention, strict=True))
        self.last = nn.Sequential(
            nn.GroupNorm(GROUPS, widths[0]), nn.SiLU(), nn.Conv2d(widths[0], channels * patch**2, 3, padding=1)
        )
        self.prompt = PromptEncoder(words, embedding) if words else None

    def forward(
        self,
        x_t: Float[Tensor, "n c h w"],
        time: Int[Tensor, " n"] | Float[Tensor, " n"],
        condition: Float[Tensor, "n e"] | None = None,
    ) -> Float[Tensor, "n c h w"]:
        embedded = self.embed(time_embedding(time, self.width).to(x_t.dtype))
        embedding = F.silu(embedded if condition is None else embedded + condition)
        x = self.first(F.pixel_unshuffle(x_t, self.patch))
        kept = []
        for level, block in enumerate(self.down):
            if level:
                x = self.shrink[level - 1](x)
            x = block(x, embedding)
            kept.append(x)
        for level in reversed(range(len(self.up))):
            x = self.up[level](torch.cat([x, kept[level]], dim=1), embedding)
            if level:
                x = self.grow[level - 1](F.interpolate(x, scale_factor=2.0))
        return F.pixel_shuffle(self.last(x), self.patch)
