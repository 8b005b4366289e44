"""The ADM loader against an independent plain-torch network written from the papers, with the checkpoint's names.

`Official` hands out random tensors under the names that the reference asks for, so that running the reference once
writes a state dict in the checkpoint's format. On the device "meta" this costs nothing even at full size.
"""

import math
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from distributional_view.backends.zoo.adm import FFHQ_256, IMAGENET_256, Adm, AdmShape, known_shape, load_adm, translate
from distributional_view.backends.zoo.weights import MissingWeights, WrongWeights, load_exactly, read_tensors

TINY = AdmShape((16, 16, 32), (False, True, True), 2, 8, groups=8)
UNEVEN = AdmShape((8, 24), (True, False), 1, 8, groups=8)


class Official(dict):
    """A state dict that grows on demand: random values, not so small that a wrong order would go unseen."""

    def __init__(self, device="cpu", seed=0):
        super().__init__()
        self.device = device
        self.rng = torch.Generator().manual_seed(seed)

    def __call__(self, name, *shape):
        if name not in self:
            value = torch.empty(shape, device="meta") if self.device == "meta" else self.draw(name, shape)
            self[name] = value
        assert tuple(self[name].shape) == shape
        return self[name]

    def draw(self, name, shape):
        fan = math.prod(shape[1:]) if len(shape) > 1 else 4
        return torch.randn(shape, generator=self.rng) / math.sqrt(fan)


def conv(w, name, x, out, size=3, stride=1):
    return F.conv2d(x, w(f"{name}.weight", out, x.shape[1], size, size), w(f"{name}.bias", out), stride, size // 2)


def linear(w, name, x, out):
    return F.linear(x, w(f"{name}.weight", out, x.shape[1]), w(f"{name}.bias", out))


def norm(w, name, x, groups):
    c = x.shape[1]
    return F.group_norm(x, groups, w(f"{name}.weight", c), w(f"{name}.bias", c), 1e-5)


def residual(w, name, x, emb, out, groups, resample=lambda x: x):
    h = resample(F.silu(norm(w, f"{name}.in_layers.0", x, groups)))
    h = conv(w, f"{name}.in_layers.2", h, out)
    scale, shift = linear(w, f"{name}.emb_layers.1", F.silu(emb), 2 * out)[:, :, None, None].chunk(2, dim=1)
    h = F.silu(norm(w, f"{name}.out_layers.0", h, groups) * (1 + scale) + shift)
    x = resample(x)
    skip = x if x.shape[1] == out else conv(w, f"{name}.skip_connection", x, out, size=1)
    return skip + conv(w, f"{name}.out_layers.3", h, out)


def attention(w, name, x, shape):
    """Head by head: head i has rows [3 i d, 3 (i + 1) d) of qkv, its queries first, then keys, then values."""
    n, c, height, width = x.shape
    d = shape.head_channels
    flat = norm(w, f"{name}.norm", x, shape.groups).flatten(2)
    qkv = F.conv1d(flat, w(f"{name}.qkv.weight", 3 * c, c, 1), w(f"{name}.qkv.bias", 3 * c))
    heads = []
    for head in qkv.split(3 * d, dim=1):
        q, k, v = head[:, :d], head[:, d : 2 * d], head[:, 2 * d :]
        heads.append(v @ (q.transpose(1, 2) @ k / math.sqrt(d)).softmax(dim=2).transpose(1, 2))
    out = F.conv1d(torch.cat(heads, dim=1), w(f"{name}.proj_out.weight", c, c, 1), w(f"{name}.proj_out.bias", c))
    return x + out.reshape(n, c, height, width)


def reference(w, shape, x, time):
    """ADM: the U-Net with residual resampling, scale-shift conditioning and attention at the given levels."""
    first, levels, g = shape.widths[0], len(shape.widths), shape.groups
    rates = torch.exp(-math.log(10000) * torch.arange(first // 2, dtype=torch.float32) / (first // 2)).to(x.device)
    angles = time[:, None] * rates
    emb = linear(w, "time_embed.0", torch.cat([angles.cos(), angles.sin()], dim=1), 4 * first)
    emb = linear(w, "time_embed.2", F.silu(emb), 4 * first)
    x = conv(w, "input_blocks.0.0", x, first)
    seen, entry = [x], 1
    for level, out in enumerate(shape.widths):
        for _ in range(shape.blocks):
            x = residual(w, f"input_blocks.{entry}.0", x, emb, out, g)
            x = attention(w, f"input_blocks.{entry}.1", x, shape) if shape.attention[level] else x
            seen.append(x)
            entry += 1
        if level < levels - 1:
            x = residual(w, f"input_blocks.{entry}.0", x, emb, out, g, lambda x: F.avg_pool2d(x, 2))
            seen.append(x)
            entry += 1
    x = residual(w, "middle_block.0", x, emb, out, g)
    x = attention(w, "middle_block.1", x, shape)
    x = residual(w, "middle_block.2", x, emb, out, g)
    entry = 0
    for level in reversed(range(levels)):
        out = shape.widths[level]
        for i in range(shape.blocks + 1):
            x = residual(w, f"output_blocks.{entry}.0", torch.cat([x, seen.pop()], dim=1), emb, out, g)
            x = attention(w, f"output_blocks.{entry}.1", x, shape) if shape.attention[level] else x
            if level > 0 and i == shape.blocks:
                place = f"output_blocks.{entry}.{2 if shape.attention[level] else 1}"
                x = residual(w, place, x, emb, out, g, lambda x: F.interpolate(x, scale_factor=2, mode="nearest"))
            entry += 1
    return conv(w, "out.2", F.silu(norm(w, "out.0", x, g)), 6)


def inputs(side=16, n=2):
    rng = torch.Generator().manual_seed(5)
    return torch.randn(n, 3, side, side, generator=rng), torch.tensor([3, 977][:n])


def written(tmp_path, shape, side=16):
    """A checkpoint file in the official format, its tensors, and what the network should say about `inputs`."""
    w, (x, time) = Official(), inputs(side)
    out = reference(w, shape, x, time)
    torch.save(dict(w), tmp_path / "adm.pt")
    return tmp_path / "adm.pt", dict(w), out


@pytest.mark.parametrize("shape", [TINY, UNEVEN])
def test_equals_the_reference(tmp_path, shape):
    path, _, out = written(tmp_path, shape)
    adm = load_adm(path, shape)
    x, time = inputs()
    noise, v = adm.both(x, time)
    scale = out.abs().max()
    assert scale > 0.1
    assert (torch.cat([noise, v], dim=1) - out).abs().max() < 1e-5 * scale
    assert torch.equal(adm(x, time), noise)


def test_the_reference_depends_on_time_and_on_the_head_layout(tmp_path):
    """Without these differences the comparison above would prove little."""
    path, tensors, out = written(tmp_path, TINY)
    x, time = inputs()
    assert (load_adm(path, TINY)(x, time.flip(0)) - out[:, :3]).abs().max() > 1e-2 * out.abs().max()
    plain = {}  # a plain three-way split of the rows, the mistake to avoid
    for key, value in tensors.items():
        rows = (3, -1, TINY.head_channels, *value.shape[1:])
        plain[key] = value.reshape(rows).transpose(0, 1).reshape(value.shape) if ".qkv." in key else value
    torch.save(plain, path)
    assert (load_adm(path, TINY)(x, time) - out[:, :3]).abs().max() > 1e-2 * out.abs().max()


def test_gradient_passes_through(tmp_path):
    path, tensors, _ = written(tmp_path, TINY)
    x, time = inputs()
    adm = load_adm(path, TINY)
    ours, theirs = (x.clone().requires_grad_() for _ in range(2))
    adm(ours, time).square().sum().backward()
    w = Official()
    w.update(tensors)
    reference(w, TINY, theirs, time)[:, :3].square().sum().backward()
    assert (ours.grad - theirs.grad).abs().max() < 1e-5 * theirs.grad.abs().max()
    assert not any(p.requires_grad for p in adm.parameters())


@pytest.mark.parametrize(("shape", "count"), [(IMAGENET_256, (566, 552_814_086)), (FFHQ_256, None)])
def test_full_size_names_and_shapes(shape, count):
    """The real checkpoint has 566 tensors and 552 814 086 numbers; each has a place of the same shape."""
    w = Official(device="meta")
    reference(w, shape, torch.empty(1, 3, 256, 256, device="meta"), torch.zeros(1, device="meta"))
    assert count in (None, (len(w), sum(v.numel() for v in w.values())))
    with torch.device("meta"):
        network = shape.network()
    translated = translate(w, shape, Path("official"))
    assert {k: v.shape for k, v in translated.items()} == {k: v.shape for k, v in network.state_dict().items()}


def test_the_prior_of_faces_is_recognised(tmp_path):
    name = "input_blocks.0.0.weight"
    for prefix, width, shape in (("", 128, FFHQ_256), ("module.", 128, FFHQ_256), ("", 256, IMAGENET_256)):
        torch.save({prefix + name: torch.zeros(width, 3, 3, 3)}, tmp_path / "adm.pt")
        assert known_shape(read_tensors(tmp_path / "adm.pt")) == shape
    torch.save({"other": torch.zeros(1)}, tmp_path / "adm.pt")
    assert known_shape(read_tensors(tmp_path / "adm.pt")) == IMAGENET_256
    with pytest.raises(MissingWeights, match="is missing"):
        load_adm(tmp_path / "nowhere.pt", None)


def test_schedule_is_the_linear_one_in_the_network_s_time():
    adm = Adm(TINY.network())
    rows = adm.schedule.rows
    assert adm.schedule.steps == 1000
    assert (rows.time[0], rows.time[-1]) == (999, 0)
    assert rows.noise_variance[-1] == pytest.approx(1e-4)
    assert 1 - rows.signal[0] ** 2 / adm.schedule.alpha_bar[-2] == pytest.approx(0.02)


def test_errors(tmp_path):
    path, tensors, _ = written(tmp_path, UNEVEN)
    with pytest.raises(MissingWeights, match=r"nowhere\.pt is missing.*openaipublic.*Put it at"):
        load_adm(tmp_path / "nowhere.pt")
    with pytest.raises(WrongWeights, match="sha256 begins"):
        load_adm(path)
    with pytest.raises(WrongWeights, match="has no place"):
        load_adm(path, verify=False)
    torch.save({k: v for k, v in tensors.items() if k != "out.2.bias"}, path)
    with pytest.raises(WrongWeights, match=r"1 of \d+ tensors are missing, first \['conv_out.bias'\]"):
        load_adm(path, UNEVEN)
    torch.save(tensors | {"out.2.bias": torch.zeros(3)}, path)
    with pytest.raises(WrongWeights, match=r"conv_out.bias has shape \(3,\), wanted \(6,\)"):
        load_adm(path, UNEVEN)
    path.write_bytes(b"no torch file")
    with pytest.raises(WrongWeights, match="cannot be read"):
        load_adm(path, UNEVEN)
    adm = Adm(TINY.network())
    for bad in ((1, 1, 16, 16), (1, 3, 10, 16)):
        with pytest.raises(ValueError, match="multiples of 4"):
            adm(torch.zeros(bad), torch.zeros(1, dtype=torch.long))


def test_wrapped_checkpoints_in_half_precision_are_the_network(tmp_path):
    path, tensors, _ = written(tmp_path, UNEVEN)
    x, time = inputs()
    torch.save({name: value.bfloat16().float() for name, value in tensors.items()}, path)
    wanted = load_adm(path, UNEVEN)(x, time)
    torch.save({"ema": {f"module.{name}": value.bfloat16() for name, value in tensors.items()}}, path)
    assert torch.equal(load_adm(path, UNEVEN)(x, time), wanted)
    torch.save(tensors | {f"ema.{name}": value for name, value in tensors.items()}, path)
    with pytest.raises(WrongWeights, match=r"several networks, under \['', 'ema\.'\]"):
        load_adm(path, UNEVEN)
    for name, shape in (("input_blocks.1.1.qkv.weight", (7, 8, 1)), ("input_blocks.1.1.proj_out.weight", (3,))):
        torch.save(tensors | {name: torch.zeros(shape)}, path)
        with pytest.raises(WrongWeights, match=r"adm\.pt: tensor .* has shape"):
            load_adm(path, UNEVEN)


def test_no_code_in_a_weight_file_is_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("executed",))

    torch.save({"a": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(WrongWeights, match="cannot be read"):
        load_adm(tmp_path / "trap.pt", TINY)


def test_surplus_tensors_are_refused(tmp_path):
    with torch.device("meta"):
        module = torch.nn.Linear(2, 2)
    tensors = {"weight": torch.zeros(2, 2), "bias": torch.zeros(2), "more": torch.zeros(1)}
    with pytest.raises(WrongWeights, match="no place"):
        load_exactly(module, tensors, tmp_path)
    load_exactly(module, tensors, tmp_path, surplus=True)
    assert torch.equal(module.weight, torch.zeros(2, 2))


@pytest.mark.slow
def test_full_size_equals_the_reference(tmp_path):
    path, _, out = written(tmp_path, IMAGENET_256, side=64)
    adm = load_adm(path, verify=False)
    x, time = inputs(64)
    assert (torch.cat(adm.both(x, time), dim=1) - out).abs().max() < 1e-5 * out.abs().max()
    path.unlink()  # 2.2 GB
