"""DINOv3 ConvNeXt backbones, cut at the activations that a transcoder reads.

A hook is the **input** of a block: `hook = (stage, block)`, both from zero; (stage, number of blocks) is the stage's
output. Nothing behind the hook is built. The weights are read from one of

- the official file, such as `dinov3_convnext_large_pretrain_lvd1689m-61fa432d.pth` (the digits are the beginning of its
  sha256 and are checked);
- a transformers folder (`config.json` beside `model.safetensors`) or its weight file;
- a timm file or folder (timm itself is not needed).

The naming is recognised by the keys, whatever stands before all of them ("module.", "backbone."), the size by the
shapes:

    official                         timm                       here and transformers
    stages.2.20 (the hook's block)   stages.2.blocks.20         stages.2.layers.20
    dwconv, pwconv1, pwconv2         conv_dw, mlp.fc1, mlp.fc2  depthwise_conv, pointwise_conv1, pointwise_conv2
    norm                             norm                       layer_norm
    downsample_layers.0              stem                       stages.0.downsample_layers
    downsample_layers.2              stages.2.downsample        stages.2.downsample_layers

The weights are under Meta's DINOv3 licence: get them yourself, nothing is downloaded. The modules are those of
`transformers` (Apache-2.0).

Paper: Appendix J.1. DINOv3 ConvNeXt-Large, the input of block 20 of stage 2.
"""

import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers import DINOv3ConvNextConfig
from transformers.models.dinov3_convnext.modeling_dinov3_convnext import DINOv3ConvNextStage

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

ORIGIN = (
    "Meta's DINOv3 page https://ai.meta.com/resources/models-and-libraries/dinov3-downloads/ (official .pth, after "
    "accepting the licence), or Hugging Face: facebook/dinov3-convnext-large-pretrain-lvd1689m (transformers), "
    "timm/convnext_large.dinov3_lvd1689m (timm), and likewise tiny, small, base"
)
SIZES = {
    "tiny": ((96, 192, 384, 768), (3, 3, 9, 3)),
    "small": ((96, 192, 384, 768), (3, 3, 27, 3)),
    "base": ((128, 256, 512, 1024), (3, 3, 27, 3)),
    "large": ((192, 384, 768, 1536), (3, 3, 27, 3)),
}
"""Channels and blocks of the four stages."""
OFFICIAL_FILE = re.compile(r"dinov3_convnext_(\w+?)_pretrain_\w+-([0-9a-f]{8})\.pth")
LAYERS = {
    "dwconv": "depthwise_conv",
    "conv_dw": "depthwise_conv",
    "norm": "layer_norm",
    "pwconv1": "pointwise_conv1",
    "pwconv2": "pointwise_conv2",
    "mlp.fc1": "pointwise_conv1",
    "mlp.fc2": "pointwise_conv2",
}
_PARTS = "|".join(map(re.escape, LAYERS))
RENAMINGS = (
    (re.compile(rf"stages\.(\d+)\.(?:blocks\.)?(\d+)\.({_PARTS})\.(weight|bias)"), r"stages.\1.layers.\2.{part}.\4"),
    (re.compile(r"stages\.(\d+)\.(?:blocks\.)?(\d+)\.gamma"), r"stages.\1.layers.\2.gamma"),
    (re.compile(r"downsample_layers\.(\d+)\.(\d+)\.(\w+)"), r"stages.\1.downsample_layers.\2.\3"),
    (re.compile(r"stem\.(\d+)\.(\w+)"), r"stages.0.downsample_layers.\1.\2"),
    (re.compile(r"stages\.(\d+)\.downsample\.(\d+)\.(\w+)"), r"stages.\1.downsample_layers.\2.\3"),
    (re.compile(r"(stages\.\d+\.(?:layers|downsample_layers)\..*)"), r"\1"),
)
"""Patterns of all three namings and what they become; keys that match none lie behind the last stage."""
ANCHOR = re.compile(r"((?:[^.]+\.)*?)stages\.\d+\.(?:blocks\.|layers\.)?\d+\.gamma")
"""The names that all ConvNeXt networks have, behind what a training program put before all names."""


def canonical_name(key: str) -> str | None:
    """The name used here for a key of any of the three namings; None for what is not part of the four stages."""
    for pattern, name in RENAMINGS:
        match = pattern.fullmatch(key)
        if match:
            part = LAYERS[match[3]] if "{part}" in name else ""
            return match.expand(name).replace("{part}", part)
    return None


class Backbone(nn.Module):
    """Normalised images (n, 3, h, w) -> the input of a block (n, c, h', w'). Weights are frozen.

    Args:
        widths: channels of the stages.
        depths: blocks of the stages.
        hook: stage and block, from zero.

    Raises:
        ValueError: for a hook that does not exist.
    """

    def __init__(self, widths: tuple[int, ...], depths: tuple[int, ...], hook: tuple[int, int]) -> None:
        super().__init__()
        stage, block = hook
        require(0 <= stage < len(depths), "stage", stage, f"in [0, {len(depths)})")
        require(0 <= block <= depths[stage], "block", block, f"in [0, {depths[stage]}], the blocks of stage {stage}")
        self.widths, self.depths, self.hook = widths, depths, hook
        config = DINOv3ConvNextConfig(
            hidden_sizes=list(widths[: stage + 1]), depths=[*depths[:stage], block], layer_norm_eps=1e-6
        )
        self.stages = nn.ModuleList(DINOv3ConvNextStage(config, i) for i in range(stage + 1))

    @property
    def channels(self) -> int:
        """Channels at the hook."""
        return self.widths[self.hook[0]]

    @property
    def stride(self) -> int:
        """Pixels a position at the hook."""
        return 4 * 2 ** self.hook[0]

    @property
    def hook_name(self) -> str:
        """The hook in the official naming, such as "stages.2.20"."""
        return f"stages.{self.hook[0]}.{self.hook[1]}"

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d h2 w2"]:
        """The activations at the hook.

        Raises:
            ValueError: if the images do not have three channels or are smaller than one position.
        """
        fits = images.shape[1] == 3 and min(images.shape[2:]) >= self.stride
        require(fits, "images.shape", tuple(images.shape), f"(n, 3, h, w) with h, w >= {self.stride}")
        x = images
        for stage in self.stages:
            x = stage(x)
        return x


def weight_file(path: Path) -> Path:
    """The file with the tensors: the path itself, or the one in a transformers or timm folder.

    Raises:
        MissingWeights: if there is none.
        WrongWeights: if the folder's weights are split over several files.
    """
    existing(path, ORIGIN)
    if not path.is_dir():
        return path
    if (path / "model.safetensors.index.json").exists():
        raise WrongWeights(
            f"{shown(path)}: weights in several files are not supported; save them as one model.safetensors"
        )
    return existing(path / "model.safetensors", ORIGIN)


def measure(tensors: Mapping[str, Tensor], path: Path) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Widths and depths from tensors in our naming.

    Raises:
        WrongWeights: if they are no ConvNeXt's, or a stage or a block between others is missing.
    """
    blocks: dict[int, set[int]] = {}
    for name in tensors:
        match = re.match(r"stages\.(\d+)\.layers\.(\d+)\.", name)
        if match:
            blocks.setdefault(int(match[1]), set()).add(int(match[2]))
    whole = bool(blocks) and all(found == set(range(len(found))) for found in (set(blocks), *blocks.values()))
    if not whole:
        some = {stage: sorted(found) for stage, found in sorted(blocks.items())}
        raise WrongWeights(
            f"{shown(path)}: no ConvNeXt in the official, timm or transformers naming; blocks found: {some}"
        )
    firsts = [tensors.get(f"stages.{stage}.layers.0.gamma") for stage in range(len(blocks))]
    if any(first is None for first in firsts):
        raise WrongWeights(f"{shown(path)}: a first block has no tensor gamma, in stage {firsts.index(None)}")
    return tuple(first.numel() for first in firsts if first is not None), tuple(len(blocks[s]) for s in sorted(blocks))


def check_size(found: tuple[tuple[int, ...], tuple[int, ...]], wanted: str | None, file: Path) -> None:
    """See that no block at the end of a stage is missing, which the numbers of the blocks do not show.

    The official sizes are known, and a transformers folder says its own in `config.json`. For others there is nothing
    to compare with: a warning tells what was read.

    Raises:
        WrongWeights: for other widths and depths than those.
    """
    widths, depths = found
    if wanted in SIZES and found != SIZES[wanted]:
        raise WrongWeights(f"{shown(file)}: widths and depths are {found}, those of {wanted} are {SIZES[wanted]}")
    said = _said(file.with_name("config.json")) if file.name == "model.safetensors" else None
    if said is not None and said != found:
        raise WrongWeights(f"{shown(file)}: widths and depths are {found}, those in config.json beside it {said}")
    near = {name: size[1] for name, size in SIZES.items() if widths == size[0][: len(widths)]}
    if near and said is None and found not in SIZES.values():
        raise WrongWeights(
            f"{shown(file)}: the stages have {depths} blocks, with these widths {near}: some are missing"
        )
    if not near and said is None:
        text = f"{shown(file)}: a ConvNeXt of no official size: widths {widths}, {depths} blocks read in the stages"
        warnings.warn(text, stacklevel=3)


def _said(config: Path) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Widths and depths in a `config.json`, if it is there and has them (timm's has not).

    Raises:
        WrongWeights: if it cannot be read.
    """
    if not config.exists():
        return None
    try:
        fields = json.loads(config.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise WrongWeights(f"{shown(config)}: cannot be read as JSON: {error}") from error
    lists = [fields.get(name) if isinstance(fields, dict) else None for name in ("hidden_sizes", "depths")]
    widths, depths = lists
    if not (isinstance(widths, list) and isinstance(depths, list)):
        return None
    return tuple(widths), tuple(depths)


def load_backbone(
    path: Path, hook: tuple[int, int], size: str | None = None, device: str | torch.device = "cpu", verify: bool = True
) -> Backbone:
    """A backbone from a local file or folder.

    Args:
        path: see the module's docstring.
        hook: stage and block, from zero; the paper's is (2, 20).
        size: one of `SIZES`, to be checked against the shapes; default: whatever the file holds.
        device: where the weights go.
        verify: whether to check the hash that an official file name carries.

    Raises:
        MissingWeights: if there is nothing at the path; tells where to get it.
        WrongWeights: for a wrong hash, a wrong size, missing blocks or tensors, wrong shapes, numbers not finite.
        ValueError: for an unknown size or a hook that does not exist.
    """
    require(size is None or size in SIZES, "size", size, f"one of {tuple(SIZES)}")
    file = weight_file(path)
    official = OFFICIAL_FILE.fullmatch(file.name)
    if official and verify:
        check_sha256(file, official[2])
    tensors = _in_our_naming(read_tensors(file), file)
    found = measure(tensors, file)
    check_size(found, size or (official[1] if official else None), file)
    with torch.device("meta"):
        backbone = Backbone(*found, hook)
    load_exactly(backbone, tensors, file, surplus=True)  # those behind the hook
    return backbone.to(device).eval().requires_grad_(False)


def _in_our_naming(tensors: Mapping[str, Tensor], file: Path) -> dict[str, Tensor]:
    """The tensors of the stages.

    Raises:
        WrongWeights: if there are none, or two of one name.
    """
    result: dict[str, Tensor] = {}
    network = "ConvNeXt in the official, timm or transformers naming"
    for key, value in without_prefix(tensors, ANCHOR, file, network).items():
        name = canonical_name(key)
        if name in result:
            raise WrongWeights(f"{shown(file)}: two tensors are {name}, in two namings; one is {key}")
        if name is not None:
            result[name] = value
    return result
