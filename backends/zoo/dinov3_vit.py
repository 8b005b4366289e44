"""DINOv3 vision transformers, cut at the input of a block, from a transformers folder.

`block = 11` is the input of block 11, from zero; the number of blocks is the output of the last one, before the final
norm. Nothing behind the hook is built. Patch tokens are a map (n, channels, h, w); the class token is one position and
the registers are a row of them. The modules are those of `transformers` (Apache-2.0); the weights are under Meta's
DINOv3 licence: get them yourself, nothing is downloaded.
"""

import json
import re
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers import DINOv3ViTConfig
from transformers.models.dinov3_vit.modeling_dinov3_vit import (
    DINOv3ViTEmbeddings,
    DINOv3ViTLayer,
    DINOv3ViTRopePositionEmbedding,
)

from distributional_view.backends.zoo.dinov3 import weight_file
from distributional_view.backends.zoo.weights import WrongWeights, load_exactly, read_tensors, without_prefix
from distributional_view.files import shown
from distributional_view.theory.errors import require

KIND = "dinov3_vit"
ANCHOR = re.compile(r"((?:[^.]+\.)*?)embeddings\.cls_token")
LAYER = re.compile(r"(?:model\.)?layer\.(\d+)\.")
"""A block's names in the files; some versions write the second form."""


class ViT(nn.Module):
    """The network up to the hook.

    Args:
        config: of transformers.
        block: whose input is wanted, in [0, number of blocks].
        tokens: which are positions of the map.

    Raises:
        ValueError: for a block that does not exist.
    """

    def __init__(self, config: DINOv3ViTConfig, block: int, tokens: Literal["patch", "class", "register"]) -> None:
        super().__init__()
        require(0 <= block <= config.num_hidden_layers, "block", block, f"in [0, {config.num_hidden_layers}]")
        registers = config.num_register_tokens
        require(tokens != "register" or registers > 0, "tokens", tokens, "'patch' or 'class': there are no registers")
        self.block, self.tokens, self.registers, self.patch = block, tokens, registers, int(config.patch_size)
        self.embeddings = DINOv3ViTEmbeddings(config)
        self.layers = nn.ModuleList(DINOv3ViTLayer(config) for _ in range(block))
        with torch.device("cpu"):  # not among the weights: computed
            self.rope = DINOv3ViTRopePositionEmbedding(config)

    def forward(self, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n c h2 w2"]:
        """The activations at the hook.

        Raises:
            ValueError: if the images do not have three channels, or sides that are no multiples of the patch.
        """
        height, width = images.shape[2:]
        fits = images.shape[1] == 3 and not (height % self.patch or width % self.patch) and min(height, width) > 0
        require(fits, "images.shape", tuple(images.shape), f"(n, 3, h, w), sides multiples of {self.patch}")
        x, turns = self.embeddings(images), self.rope(images)
        for layer in self.layers:
            x = layer(x, position_embeddings=turns)
        x = x.transpose(1, 2)
        if self.tokens == "class":
            return x[:, :, None, :1]
        if self.tokens == "register":
            return x[:, :, None, 1 : 1 + self.registers]
        return x[:, :, 1 + self.registers :].unflatten(2, (height // self.patch, width // self.patch))


def is_vit(path: Path) -> bool:
    """Whether this is a transformers folder of a DINOv3 ViT."""
    try:
        fields = json.loads((path / "config.json").read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(fields, dict) and fields.get("model_type") == KIND


def load_vit(
    folder: Path,
    block: int,
    tokens: Literal["patch", "class", "register"] = "patch",
    device: str | torch.device = "cpu",
) -> ViT:
    """The network of a transformers folder (`config.json` beside `model.safetensors`), without gradients.

    Args:
        folder: where it is.
        block: whose input is wanted.
        tokens: which are positions of the map.
        device: where the weights go.

    Raises:
        MissingWeights: if the weights are not there.
        WrongWeights: if they are damaged, tensors are missing or of other shapes, or the config is of no such network.
        ValueError: for a block or tokens that do not exist.
    """
    file = weight_file(folder)
    try:
        config = DINOv3ViTConfig(**json.loads((folder / "config.json").read_bytes()))
    except Exception as error:  # whatever transformers makes of damaged fields
        raise WrongWeights(f"{shown(folder / 'config.json')}: describes no DINOv3 ViT: {error}") from error
    tensors = without_prefix(read_tensors(file), ANCHOR, file, "DINOv3 ViT in the transformers naming")
    with torch.device("meta"):
        network = ViT(config, block, tokens)
    named = {LAYER.sub(r"layers.\1.", name, count=1): value for name, value in tensors.items()}
    load_exactly(network, named, file, surplus=True)  # those behind the hook
    return network.to(device).eval().requires_grad_(False)
