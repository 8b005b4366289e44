"""The ADM diffusion model (Dhariwal and Nichol 2021) through diffusers' `UNet2DModel`.

The checkpoint is that of ImageNet 256 x 256, unconditional: `256x256_diffusion_uncond.pt`, the same as DPS's
`imagenet256.pt`; or the smaller one of faces that DPS uses, `ffhq_10m.pt`. It predicts six channels: the noise, and the
position v of the log variance between its two bounds.

Two traps of the translation: the checkpoint keeps queries, keys and values as heads x (q, k, v) x head channels, not as
three blocks; and diffusers leaves out the norm before the middle attention of such a network unless
`attn_norm_num_groups` is given.

The checkpoint's numbering of blocks: every residual block, attention and resampling of the way down (up) belongs to one
entry of `input_blocks` (`output_blocks`); diffusers has them by level.

Paper: Appendix J. The prior, 1000 steps of the linear schedule; Table 9 has a prior of faces.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from diffusers import UNet2DModel
from jaxtyping import Float, Int
from torch import Tensor, nn

from distributional_view.backends.zoo.weights import (
    WrongWeights,
    check_sha256,
    existing,
    load_exactly,
    read_tensors,
    without_prefix,
)
from distributional_view.files import shown
from distributional_view.theory.errors import require
from distributional_view.theory.samplers.schedule import NoiseSchedule

ORIGIN = (
    "https://openaipublic.blob.core.windows.net/diffusion/jul-2021/256x256_diffusion_uncond.pt (2.2 GB; DPS calls the "
    "same file imagenet256.pt)"
)
SHA256 = "a37c32fffd316cd494cf3f35b339936debdc1576dad13fe57c42399a5dbc78b1"
"""Of the ImageNet-256 checkpoint."""
ANCHOR = re.compile(r"((?:[^.]+\.)*?)time_embed\.0\.weight")
"""A name that every ADM network has once, behind what a training program put before all names."""


@dataclass(frozen=True)
class AdmShape:
    """Sizes of an ADM network.

    Args:
        widths: channels of the levels, finest first, multiples of `groups`.
        attention: for each level whether it has attention.
        blocks: residual blocks a level.
        head_channels: channels an attention head.
        groups: of the group norms.
    """

    widths: tuple[int, ...]
    attention: tuple[bool, ...]
    blocks: int
    head_channels: int
    groups: int = 32

    def __post_init__(self) -> None:
        require(len(self.widths) == len(self.attention) > 0, "attention", self.attention, "one flag a level")
        require(self.blocks >= 1, "blocks", self.blocks, ">= 1")
        require(all(w % self.groups == 0 for w in self.widths), "widths", self.widths, f"multiples of {self.groups}")
        heads = [w for w, a in zip(self.widths, self.attention, strict=True) if a] + [self.widths[-1]]
        divides = all(w % self.head_channels == 0 for w in heads)
        require(divides, "head_channels", self.head_channels, f"a divisor of {heads}, the widths with attention")

    def network(self) -> UNet2DModel:
        """diffusers' network of this shape, with random weights."""
        down = tuple("AttnDownBlock2D" if a else "ResnetDownsampleBlock2D" for a in self.attention)
        up = tuple("AttnUpBlock2D" if a else "ResnetUpsampleBlock2D" for a in reversed(self.attention))
        return UNet2DModel(
            in_channels=3,
            out_channels=6,
            block_out_channels=self.widths,
            layers_per_block=self.blocks,
            down_block_types=down,
            up_block_types=up,
            downsample_type="resnet",
            upsample_type="resnet",
            resnet_time_scale_shift="scale_shift",
            attention_head_dim=self.head_channels,
            norm_num_groups=self.groups,
            attn_norm_num_groups=self.groups,
            norm_eps=1e-5,
        )

    def places(self) -> Iterator[tuple[str, str]]:
        """Each module's name in the checkpoint and in diffusers."""
        yield "time_embed.0", "time_embedding.linear_1"
        yield "time_embed.2", "time_embedding.linear_2"
        yield "input_blocks.0.0", "conv_in"
        yield "out.0", "conv_norm_out"
        yield "out.2", "conv_out"
        yield "middle_block.0", "mid_block.resnets.0"
        yield "middle_block.1", "mid_block.attentions.0"
        yield "middle_block.2", "mid_block.resnets.1"
        levels, entry = len(self.widths), 1
        for level in range(levels):
            for block in range(self.blocks):
                yield f"input_blocks.{entry}.0", f"down_blocks.{level}.resnets.{block}"
                if self.attention[level]:
                    yield f"input_blocks.{entry}.1", f"down_blocks.{level}.attentions.{block}"
                entry += 1
            if level < levels - 1:
                yield f"input_blocks.{entry}.0", f"down_blocks.{level}.downsamplers.0"
                entry += 1
        entry = 0
        for level, attention in enumerate(reversed(self.attention)):
            for block in range(self.blocks + 1):
                yield f"output_blocks.{entry}.0", f"up_blocks.{level}.resnets.{block}"
                if attention:
                    yield f"output_blocks.{entry}.1", f"up_blocks.{level}.attentions.{block}"
                entry += 1
            if level < levels - 1:
                yield f"output_blocks.{entry - 1}.{1 + attention}", f"up_blocks.{level}.upsamplers.0"


IMAGENET_256 = AdmShape((256, 256, 512, 512, 1024, 1024), (False, False, False, True, True, True), 2, 64)
FFHQ_256 = AdmShape((128, 128, 256, 256, 512, 512), (False, False, False, False, True, False), 1, 64)
"""The prior of faces of DPS (Chung et al. 2023), `ffhq_10m.pt`."""
INSIDE = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
    "norm": "group_norm",
    "proj_out": "to_out.0",
}
"""Names inside a residual block and an attention."""


def translate(tensors: Mapping[str, Tensor], shape: AdmShape, path: Path) -> dict[str, Tensor]:
    """The checkpoint's tensors under diffusers' names.

    Raises:
        WrongWeights: if there is a tensor that has no place in a network of this shape, or that has another shape.
    """
    places = dict(shape.places())
    result: dict[str, Tensor] = {}
    for key, value in tensors.items():
        module, _, kind = key.rpartition(".")
        if module in places:
            result[f"{places[module]}.{kind}"] = value
            continue
        place, inside = next(
            ((places[head], module[len(head) + 1 :]) for head in _prefixes(module) if head in places), ("", "")
        )
        if inside == "qkv":
            fits = value.dim() in (1, 3) and value.shape[0] % (3 * shape.head_channels) == 0
            if not fits or value.shape[2:].numel() != 1:
                raise WrongWeights(f"{shown(path)}: tensor {key} has shape {tuple(value.shape)}, no heads of {shape}")
            rows = value.reshape(-1, 3, shape.head_channels, *value.shape[1:2])
            for i, name in enumerate(("to_q", "to_k", "to_v")):
                result[f"{place}.{name}.{kind}"] = rows[:, i].flatten(0, 1)
        elif inside in INSIDE:
            flat = inside == "proj_out" and value.dim() > 2
            result[f"{place}.{INSIDE[inside]}.{kind}"] = value.flatten(1) if flat else value
        else:
            raise WrongWeights(f"{shown(path)}: tensor {key} has no place in an ADM network of {shape}")
    return result


def _prefixes(name: str) -> Iterator[str]:
    """Shorter and shorter beginnings of a dotted name."""
    while "." in name:
        name = name.rsplit(".", 1)[0]
        yield name


class Adm(nn.Module):
    """A denoiser that predicts the noise: images (n, 3, h, w) in [-1, 1] plus noise, steps (n,) -> noise (n, 3, h, w).

    `schedule` is the schedule that it was trained on: time t of the network is step t + 1.

    Args:
        network: diffusers' network with six output channels.
    """

    prediction: Literal["epsilon"] = "epsilon"

    def __init__(self, network: UNet2DModel) -> None:
        super().__init__()
        self.network = network
        self.schedule = NoiseSchedule.linear()

    def forward(self, x_t: Float[Tensor, "n c h w"], time: Int[Tensor, " n"]) -> Float[Tensor, "n 3 h w"]:
        """The noise in x_t.

        Raises:
            ValueError: for a wrong number of channels, or sides that the network cannot halve.
        """
        return self.both(x_t, time)[0]

    def both(
        self, x_t: Float[Tensor, "n c h w"], time: Int[Tensor, " n"]
    ) -> tuple[Float[Tensor, "n 3 h w"], Float[Tensor, "n 3 h w"]]:
        """The noise, and v: the variance of the reverse step is exp(w log upper + (1 - w) log lower), w = (v + 1)/2,

        upper = 1 - alpha_i and lower = the posterior variance of `theory.samplers.schedule` (Nichol and Dhariwal 2021).

        Raises:
            ValueError: see `forward`.
        """
        halvings = 2 ** (len(self.network.config.block_out_channels) - 1)
        fits = x_t.shape[1] == 3 and all(side % halvings == 0 for side in x_t.shape[2:])
        require(fits, "x_t.shape", tuple(x_t.shape), f"(n, 3, h, w) with h and w multiples of {halvings}")
        noise, v = self.network(x_t, time).sample.chunk(2, dim=1)
        return noise, v


def known_shape(tensors: Mapping[str, Tensor]) -> AdmShape:
    """`FFHQ_256` for a checkpoint whose first convolution is that of the prior of faces, else `IMAGENET_256`."""
    widths = [v.shape[0] for name, v in tensors.items() if name.endswith("input_blocks.0.0.weight") and v.dim() == 4]
    return FFHQ_256 if widths == [FFHQ_256.widths[0]] else IMAGENET_256


def load_adm(
    path: Path, shape: AdmShape | None = IMAGENET_256, device: str | torch.device = "cpu", verify: bool = True
) -> Adm:
    """A frozen ADM network from a local file; nothing is downloaded.

    Args:
        path: the checkpoint.
        shape: of its network; None: the one of those known here whose first convolution it has.
        device: where the weights go.
        verify: whether to check the hash; only that of the ImageNet-256 checkpoint is known.

    Raises:
        MissingWeights: if there is no such file; tells where to get it.
        WrongWeights: for a wrong hash, missing or unknown tensors, wrong shapes, or numbers that are not finite.
    """
    existing(path, ORIGIN)
    read = read_tensors(path) if shape is None else None
    shape = known_shape(read) if read is not None else shape
    assert shape is not None
    if verify and shape == IMAGENET_256:
        check_sha256(path, SHA256)
    with torch.device("meta"):
        network = shape.network()
    tensors = without_prefix(read_tensors(path) if read is None else read, ANCHOR, path, "ADM network")
    load_exactly(network, translate(tensors, shape, path), path)
    return Adm(network).to(device).eval().requires_grad_(False)
