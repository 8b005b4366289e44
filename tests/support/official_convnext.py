"""An independent plain-torch ConvNeXt written from the paper, with the names of DINOv3's official files."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

WIDTHS, DEPTHS = (8, 16, 24, 32), (2, 1, 3, 1)


def channel_norm(x, norm):
    """Layer norm over the channels of (n, c, h, w)."""
    centred = x - x.mean(dim=1, keepdim=True)
    scaled = centred / (centred.square().mean(dim=1, keepdim=True) + 1e-6).sqrt()
    return scaled * norm.weight[:, None, None] + norm.bias[:, None, None]


class Block(nn.Module):
    """Depthwise 7 x 7, norm, widen by four, GELU, narrow, scale by gamma, add."""

    def __init__(self, c):
        super().__init__()
        self.dwconv = nn.Conv2d(c, c, 7, padding=3, groups=c)
        self.norm = nn.LayerNorm(c)
        self.pwconv1, self.pwconv2 = nn.Linear(c, 4 * c), nn.Linear(4 * c, c)
        self.gamma = nn.Parameter(torch.empty(c))

    def forward(self, x):
        h = channel_norm(self.dwconv(x), self.norm)
        h = F.conv2d(h, self.pwconv1.weight[:, :, None, None], self.pwconv1.bias)
        h = F.conv2d(F.gelu(h), self.pwconv2.weight[:, :, None, None], self.pwconv2.bias)
        return x + self.gamma[:, None, None] * h


class OfficialConvNeXt(nn.Module):
    """The network with the names of the official files (`norms` has the final norm a second time)."""

    def __init__(self, widths, depths):
        super().__init__()
        stem = nn.ModuleList([nn.Conv2d(3, widths[0], 4, 4), nn.LayerNorm(widths[0])])
        shrink = [nn.ModuleList([nn.LayerNorm(a), nn.Conv2d(a, b, 2, 2)]) for a, b in pairwise(widths)]
        self.downsample_layers = nn.ModuleList([stem, *shrink])
        self.stages = nn.ModuleList(
            nn.ModuleList(Block(c) for _ in range(n)) for c, n in zip(widths, depths, strict=True)
        )
        self.norm = nn.LayerNorm(widths[-1])
        self.norms = nn.ModuleList([nn.Identity(), nn.Identity(), nn.Identity(), self.norm])

    def inputs(self, x):
        """What each block reads, and what each stage gives: {(stage, block): activations}."""
        seen = {}
        for i, stage in enumerate(self.stages):
            for layer in self.downsample_layers[i]:
                x = channel_norm(x, layer) if isinstance(layer, nn.LayerNorm) else layer(x)
            for j, block in enumerate(stage):
                seen[i, j] = x
                x = block(x)
            seen[i, len(stage)] = x
        return seen


def official(widths=WIDTHS, depths=DEPTHS, seed=0):
    rng = torch.Generator().manual_seed(seed)
    net = OfficialConvNeXt(widths, depths)
    for name, p in net.named_parameters():
        p.data = torch.randn(p.shape, generator=rng) * (0.5 if p.dim() == 1 else p[0].numel() ** -0.5)
        if "norm" in name and name.endswith("weight"):
            p.data += 1
    return net.requires_grad_(False)
