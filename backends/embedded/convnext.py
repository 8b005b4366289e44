"""A small ConvNeXt classifier with the layout and the parameter names of DINOv3's ConvNeXt.

Four stages of blocks (7 x 7 depthwise convolution, LayerNorm over channels, widening by 4, GELU, narrowing, layer
scale, residual); a stem and three downsampling layers (LayerNorm and a strided convolution) before them; mean over
positions, LayerNorm and a linear head behind them. Only the sizes differ: the stem has stride 2 instead of 4, for
32 x 32 pictures.

A *hook* is a stage and a block, both from 0, and stands for the block's **input** (so does the paper's block 20 of
stage 2); `features` stops there.

References: Liu et al. 2022 (ConvNeXt); paper: Appendix J.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from distributional_view.theory.errors import require


class Hook(NamedTuple):
    """The input of block `block` of stage `stage`."""

    stage: int
    block: int


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of (n, c, h, w)."""

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Block(nn.Module):
    """x + gamma * pwconv2(GELU(pwconv1(norm(dwconv(x)))))."""

    def __init__(self, width: int, layer_scale: float = 0.1):
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.pwconv1 = nn.Linear(width, 4 * width)
        self.pwconv2 = nn.Linear(4 * width, width)
        self.gamma = nn.Parameter(torch.full((width,), layer_scale))

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        h = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        h = self.gamma * self.pwconv2(F.gelu(self.pwconv1(h)))
        return x + h.permute(0, 3, 1, 2)


class ConvNeXt(nn.Module):
    """`ConvNeXt()(images)` are the class scores (logits).

    Args:
        depths: blocks in each stage.
        widths: channels in each stage.
        classes: number of classes.
        channels: of the picture.
        stem: side and stride of the first convolution.
    """

    def __init__(
        self,
        depths: tuple[int, ...] = (2, 3, 1, 1),
        widths: tuple[int, ...] = (24, 48, 96, 96),
        classes: int = 10,
        channels: int = 1,
        stem: int = 2,
    ):
        super().__init__()
        self.depths, self.widths = depths, widths
        first = nn.Sequential(nn.Conv2d(channels, widths[0], stem, stem), ChannelNorm(widths[0], eps=1e-6))
        later = [nn.Sequential(ChannelNorm(a, eps=1e-6), nn.Conv2d(a, b, 2, 2)) for a, b in pairwise(widths)]
        self.downsample_layers = nn.ModuleList([first, *later])
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(w) for _ in range(d))) for d, w in zip(depths, widths, strict=True)
        )
        self.norm = nn.LayerNorm(widths[-1], eps=1e-6)
        self.head = nn.Linear(widths[-1], classes)

    def check_hook(self, hook: Hook) -> Hook:
        """The hook itself.

        Raises:
            ValueError: if the network has no such block.
        """
        require(0 <= hook.stage < len(self.depths), "stage", hook.stage, f"in [0, {len(self.depths) - 1}]")
        last = self.depths[hook.stage] - 1
        require(0 <= hook.block <= last, "block", hook.block, f"in [0, {last}] for stage {hook.stage}")
        return hook

    def features(self, images: Float[Tensor, "n c h w"], hook: Hook) -> Float[Tensor, "n d k l"]:
        """The hooked block's input. Nothing behind the hook is computed."""
        self.check_hook(hook)
        x = images
        for stage in range(hook.stage + 1):
            x = self.downsample_layers[stage](x)
            blocks = self.stages[stage]
            assert isinstance(blocks, nn.Sequential)
            x = blocks[: hook.block](x) if stage == hook.stage else blocks(x)
        return x

    def backbone(self, hook: Hook) -> Callable[[Tensor], Tensor]:
        """Images -> the hooked block's input, as transcoders and scores take it."""
        return lambda images: self.features(images, hook)

    def pooled(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        """The normalised mean over positions behind the last stage: one vector a picture, for KID."""
        x = images
        for downsample, blocks in zip(self.downsample_layers, self.stages, strict=True):
            x = blocks(downsample(x))
        result: Tensor = self.norm(x.mean((-2, -1)))
        return result

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        result: Tensor = self.head(self.pooled(images))
        return result
