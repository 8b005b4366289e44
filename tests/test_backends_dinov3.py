"""The DINOv3 loader against an independent plain-torch ConvNeXt written from the paper, with the official names."""

import hashlib
import re

import pytest
import torch
from transformers import DINOv3ConvNextConfig, DINOv3ConvNextModel

from distributional_view.backends.zoo.dinov3 import SIZES, Backbone, canonical_name, load_backbone
from distributional_view.backends.zoo.weights import MissingWeights, WrongWeights
from tests.support.official_convnext import DEPTHS, WIDTHS, OfficialConvNeXt, official


def to_timm(tensors):
    """The same tensors under timm's names."""
    inside = {"dwconv": "conv_dw", "pwconv1": "mlp.fc1", "pwconv2": "mlp.fc2"}
    result = {}
    for key, value in tensors.items():
        name = re.sub(r"dwconv|pwconv1|pwconv2", lambda m: inside[m[0]], key)
        name = re.sub(r"^stages\.(\d+)\.(\d+)", r"stages.\1.blocks.\2", name)
        name = re.sub(r"^downsample_layers\.0", "stem", name)
        name = re.sub(r"^downsample_layers\.(\d)", r"stages.\1.downsample", name)
        name = re.sub(r"^norm\.", "head.norm.", name)
        if not name.startswith("norms."):
            result[name] = value
    return result


def image(n=2, side=64):
    return torch.randn(n, 3, side, side, generator=torch.Generator().manual_seed(1))


def close(found, wanted):
    assert wanted.abs().max() > 0.1
    assert found.shape == wanted.shape
    return (found - wanted).abs().max() < 1e-5 * wanted.abs().max()


HOOKS = [(0, 0), (0, 2), (1, 1), (2, 0), (2, 2), (3, 1)]


@pytest.mark.parametrize("naming", ["official", "timm"])
def test_equals_the_reference_at_every_hook(tmp_path, naming):
    net = official()
    state = net.state_dict() if naming == "official" else to_timm(net.state_dict())
    torch.save(state, tmp_path / "net.pth")
    wanted = net.inputs(image())
    for hook in HOOKS:
        backbone = load_backbone(tmp_path / "net.pth", hook)
        assert close(backbone(image()), wanted[hook]), hook
        assert (backbone.channels, backbone.stride) == (wanted[hook].shape[1], 64 // wanted[hook].shape[2])


def test_hooks_differ(tmp_path):
    """The comparison above would notice a hook that is off by one block."""
    wanted = official().inputs(image())
    assert not close(wanted[2, 1], wanted[2, 2])
    assert not close(wanted[2, 0], wanted[2, 1])


def test_equals_transformers_at_the_hook(tmp_path):
    """A folder written by transformers itself, read at the input of a block of its full model."""
    torch.manual_seed(0)
    config = DINOv3ConvNextConfig(hidden_sizes=list(WIDTHS), depths=list(DEPTHS), layer_scale_init_value=0.5)
    full = DINOv3ConvNextModel(config).eval()
    full.save_pretrained(tmp_path)
    seen = {}
    full.model.stages[2].layers[2].register_forward_pre_hook(lambda module, args: seen.update(x=args[0].detach()))
    with torch.no_grad():
        full(image())
    assert (tmp_path / "config.json").exists()
    for path in (tmp_path, tmp_path / "model.safetensors"):
        assert close(load_backbone(path, (2, 2))(image()), seen["x"])


def test_nothing_behind_the_hook_is_built(tmp_path):
    net = official()
    torch.save(net.state_dict(), tmp_path / "net.pth")
    kept = set(load_backbone(tmp_path / "net.pth", (2, 1)).state_dict())
    there = {canonical_name(key) for key in net.state_dict()} - {None}
    later = {name for name in there if re.match(r"stages\.(3|2\.layers\.[12])\.", name)}
    assert kept == there - later
    assert later


def test_frozen_and_differentiable(tmp_path):
    torch.save(official().state_dict(), tmp_path / "net.pth")
    backbone = load_backbone(tmp_path / "net.pth", (2, 2))
    x = image().requires_grad_()
    backbone(x).square().sum().backward()
    assert x.grad.abs().min(dim=1).values.max() > 0
    assert not any(p.requires_grad for p in backbone.parameters())


@pytest.mark.parametrize("size", SIZES)
def test_real_sizes_name_by_name(size):
    """Without values: the official names and shapes of each size fill the cut network exactly."""
    with torch.device("meta"):
        full = OfficialConvNeXt(*SIZES[size])
        cut = Backbone(*SIZES[size], (2, SIZES[size][1][2] - 1))
    named = {canonical_name(key): value.shape for key, value in full.state_dict().items()}
    for name, value in cut.state_dict().items():
        assert named[name] == value.shape, name
    if size == "large":
        assert len(full.state_dict()) == 344
    if size == "tiny":
        assert sum(p.numel() for p in full.parameters()) == pytest.approx(27.8e6, rel=2e-3)


def test_errors(tmp_path):
    net = official()
    state, path = net.state_dict(), tmp_path / "net.pth"
    with pytest.raises(MissingWeights, match=r"is missing.*dinov3-downloads.*Put it at"):
        load_backbone(tmp_path / "dinov3_convnext_large_pretrain_lvd1689m-61fa432d.pth", (2, 20))
    with pytest.raises(MissingWeights, match=r"model\.safetensors is missing"):
        load_backbone(tmp_path, (2, 1))
    torch.save(state, path)
    for hook in ((4, 0), (-1, 0), (2, 4), (2, -1)):
        with pytest.raises(ValueError, match=r"must be in \["):
            load_backbone(path, hook)
    with pytest.raises(ValueError, match="size = 'huge'"):
        load_backbone(path, (2, 1), size="huge")
    with pytest.raises(WrongWeights, match="those of large are"):
        load_backbone(path, (2, 1), size="large")
    torch.save({k: v for k, v in state.items() if not k.startswith("stages.2.0.dwconv")}, path)
    with pytest.raises(WrongWeights, match=r"2 of \d+ tensors are missing, first \['stages.2.layers.0.depthwise_conv"):
        load_backbone(path, (2, 1))
    torch.save({k: v for k, v in state.items() if not k.startswith("stages.2.0.")}, path)
    with pytest.raises(WrongWeights, match="no ConvNeXt"):
        load_backbone(path, (2, 1))
    torch.save(state | {"stages.0.0.norm.bias": torch.zeros(3)}, path)
    with pytest.raises(WrongWeights, match=r"layer_norm.bias has shape \(3,\), wanted \(8,\)"):
        load_backbone(path, (2, 1))
    torch.save({"resnet.conv": torch.zeros(1)}, path)
    with pytest.raises(WrongWeights, match="no ConvNeXt"):
        load_backbone(path, (2, 1))
    torch.save([1, 2], path)
    with pytest.raises(WrongWeights, match="not a dictionary of tensors but list"):
        load_backbone(path, (2, 1))
    with pytest.raises(ValueError, match=r"images\.shape"):
        Backbone(WIDTHS, DEPTHS, (2, 1))(torch.zeros(1, 3, 8, 8))


def test_the_hash_in_an_official_name_is_checked(tmp_path):
    plain = tmp_path / "plain.pth"
    torch.save(official(SIZES["tiny"][0], SIZES["tiny"][1]).state_dict(), plain)
    digits = hashlib.sha256(plain.read_bytes()).hexdigest()[:8]
    right = plain.rename(tmp_path / f"dinov3_convnext_tiny_pretrain_lvd1689m-{digits}.pth")
    assert load_backbone(right, (0, 1)).channels == 96
    wrong = right.rename(tmp_path / "dinov3_convnext_tiny_pretrain_lvd1689m-21b726bb.pth")
    with pytest.raises(WrongWeights, match=f"sha256 begins {digits}, should begin 21b726bb"):
        load_backbone(wrong, (0, 1))
    assert load_backbone(wrong, (0, 1), verify=False).channels == 96
    other = wrong.rename(tmp_path / f"dinov3_convnext_small_pretrain_lvd1689m-{digits}.pth")
    with pytest.raises(WrongWeights, match="those of small are"):
        load_backbone(other, (0, 1))


@pytest.mark.slow
def test_large_equals_the_reference(tmp_path):
    net = official(*SIZES["large"])
    torch.save(net.state_dict(), tmp_path / "net.pth")
    backbone = load_backbone(tmp_path / "net.pth", (2, 20), size="large")
    out = backbone(image(1, 256))
    assert out.shape == (1, 768, 16, 16)
    assert close(out, net.inputs(image(1, 256))[2, 20])
    (tmp_path / "net.pth").unlink()  # 0.8 GB
