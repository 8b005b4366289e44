"""The backbones and dictionaries of a scan, each against arithmetic of its own."""

import json
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F  # noqa: N812

from distributional_view.backends.adapter.feature import Mix, all_scores, imagenet_normalise
from distributional_view.backends.scan.build import build
from distributional_view.backends.scan.module import as_map, load_module
from distributional_view.backends.scan.recipe import Recipe
from distributional_view.backends.scan.saelens import load_saelens
from distributional_view.backends.transcoders.checkpoint import publish, save_published
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.backends.zoo.images import image_files, read_image
from distributional_view.errors import UserError
from tests.support.official_convnext import official
from tests.support.official_vit import CONFIG, inputs, random_weights
from tests.support.scans import rows, scanned, write_pictures

SIZE = 64


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), 6)


def dense(store, features, column="mix", count=6):
    found = np.zeros((count, features), np.float32)
    for row in rows(store):
        found[row["image"], row["feature"]] = row[column]
    return found


def stacked(pictures, size=SIZE):
    return torch.stack([read_image(file, size) for file in image_files(pictures)])


def mix(z):
    """The reduction over the middle half of each side, written out."""
    h, w = z.shape[2:]
    a, b = (max(1, round(s / 2)) for s in (h, w))
    middle = z[:, :, (h - a) // 2 : (h - a) // 2 + a, (w - b) // 2 : (w - b) // 2 + b].flatten(2)
    return (0.7 * middle.amax(2) + 0.3 * middle.mean(2)).numpy()


def same(found, wanted):
    assert (wanted > 1e-3).mean() > 0.02
    return np.abs(found - wanted).max() < 2e-5 * np.abs(wanted).max()


@pytest.fixture(scope="module")
def convnext(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "net.pth"
    torch.save(official().state_dict(), path)
    return path


def test_convnext_with_a_published_transcoder(convnext, pictures, tmp_path):
    transcoder = Transcoder(TranscoderSpec(24, 96, kernel_size=3, top_k=5), seed=0).requires_grad_(False)
    save_published(tmp_path / "sae", publish(transcoder, "stages.2.1"))
    recipe = Recipe(backbone=convnext, transcoder=tmp_path / "sae", size=SIZE)
    scanned(tmp_path / "s", pictures, recipe)
    net = official()
    wanted = all_scores(lambda x: net.inputs(x)[2, 1], transcoder, stacked(pictures), Mix()).numpy()
    assert same(dense(tmp_path / "s", 96), wanted)


def test_neurons_are_the_channels_cut_at_zero(convnext, pictures, tmp_path):
    scanned(tmp_path / "s", pictures, Recipe(backbone=convnext, neurons=True, hook="1.1", size=SIZE))
    with torch.no_grad():
        x = official().inputs(imagenet_normalise(stacked(pictures)))[1, 1]
    assert (x < 0).any()
    assert same(dense(tmp_path / "s", 16), mix(x.clamp_min(0)))


@pytest.mark.parametrize("tokens", ["patch", "class", "register"])
def test_vit_with_neurons(pictures, tmp_path, tokens):
    tensors = random_weights()
    (tmp_path / "vit").mkdir()
    save_file(tensors, tmp_path / "vit" / "model.safetensors")
    (tmp_path / "vit" / "config.json").write_text(json.dumps(CONFIG))
    recipe = Recipe(backbone=tmp_path / "vit", neurons=True, hook="layer.2", size=16, tokens=tokens)
    scanned(tmp_path / "s", pictures, recipe)
    x = inputs(tensors, imagenet_normalise(stacked(pictures, 16)))[2].transpose(1, 2)
    z = {"patch": x[:, :, 3:].unflatten(2, (4, 4)), "class": x[:, :, None, :1], "register": x[:, :, None, 1:3]}[tokens]
    assert same(dense(tmp_path / "s", 24), mix(z.relu()))


def sae_folder(folder, cfg, seed=0, d_in=24, d_sae=40, drop=(), **more):
    """A folder with SAELens' names, and its tensors."""
    rng = torch.Generator().manual_seed(seed)
    tensors = {
        "W_enc": torch.randn(d_in, d_sae, generator=rng),
        "W_dec": torch.randn(d_sae, d_in, generator=rng),
        "b_enc": torch.randn(d_sae, generator=rng),
        "b_dec": torch.randn(d_in, generator=rng),
        **more,
    }
    folder.mkdir(exist_ok=True)
    save_file({n: v for n, v in tensors.items() if n not in drop}, folder / "sae_weights.safetensors")
    fields = {"d_in": d_in, "d_sae": d_sae, "dtype": "float32", "device": "cpu"}
    (folder / "cfg.json").write_text(json.dumps(fields | cfg))
    return tensors


def kept(u, k):
    """The k largest of each row, cut at zero."""
    level = u.sort(dim=-1, descending=True).values[..., k - 1 : k]
    return u.where(u >= level, torch.zeros(())).clamp_min(0)


THRESHOLD = torch.linspace(0, 8, 40)
X = torch.randn(2, 3, 5, 24, generator=torch.Generator().manual_seed(9)) * 2
CASES = {
    "standard": ({"architecture": "standard"}, lambda x, t: ((x - t["b_dec"]) @ t["W_enc"] + t["b_enc"]).relu()),
    "uncentred": (
        {"architecture": "standard", "apply_b_dec_to_input": False, "metadata": {"hook_name": "blocks.2"}},
        lambda x, t: (x @ t["W_enc"] + t["b_enc"]).relu(),
    ),
    "topk": (
        {"architecture": "topk", "k": 4},
        lambda x, t: kept((x - t["b_dec"]) @ t["W_enc"] + t["b_enc"], 4),
    ),
    "older topk": (
        {"architecture": "standard", "activation_fn_str": "topk", "activation_fn_kwargs": {"k": 3}},
        lambda x, t: kept((x - t["b_dec"]) @ t["W_enc"] + t["b_enc"], 3),
    ),
    "rescaled topk": (
        {"architecture": "topk", "k": 4, "rescale_acts_by_decoder_norm": True},
        lambda x, t: kept(((x - t["b_dec"]) @ t["W_enc"] + t["b_enc"]) * t["W_dec"].square().sum(1).sqrt(), 4),
    ),
    "jumprelu": (
        {"architecture": "jumprelu", "apply_b_dec_to_input": False},
        lambda x, t: (u := x @ t["W_enc"] + t["b_enc"]).relu() * (u > THRESHOLD),
    ),
    "constant norm": (
        {"architecture": "standard", "normalize_activations": "constant_norm_rescale"},
        lambda x, t: (
            (x * (24 / x.square().sum(-1, keepdim=True)).sqrt() - t["b_dec"]) @ t["W_enc"] + t["b_enc"]
        ).relu(),
    ),
    "layer norm": (
        {"architecture": "standard", "normalize_activations": "layer_norm"},
        lambda x, t: (
            ((x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True).sqrt() + 1e-5) - t["b_dec"]) @ t["W_enc"]
            + t["b_enc"]
        ).relu(),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_saelens(tmp_path, name):
    cfg, formula = CASES[name]
    tensors = sae_folder(tmp_path, cfg, threshold=THRESHOLD)
    wanted = formula(X, tensors).permute(0, 3, 1, 2)
    found = load_saelens(tmp_path)
    z = found.encode(X.permute(0, 3, 1, 2))
    assert 0.02 < (wanted > 0).double().mean() < 0.98
    assert (z - wanted).abs().max() < 1e-4
    assert found.hook == ("blocks.2" if name == "uncentred" else "")


def test_saelens_conventions_differ():
    """The formulas above would notice one taken for another."""
    rng = torch.Generator().manual_seed(0)
    t = {"W_enc": torch.randn(24, 40, generator=rng), "W_dec": torch.randn(40, 24, generator=rng)}
    t |= {"b_enc": torch.randn(40, generator=rng), "b_dec": torch.randn(24, generator=rng)}
    values = [formula(X, t) for _, formula in CASES.values()]
    for i, a in enumerate(values):
        for b in values[:i]:
            assert (a - b).abs().max() > 0.1


def test_saelens_tied(tmp_path):
    for dropped in ("W_enc", "W_dec"):
        t = sae_folder(tmp_path, {"architecture": "standard"}, drop=(dropped,))
        encoder = t["W_dec"].T if dropped == "W_enc" else t["W_enc"]
        wanted = ((X - t["b_dec"]) @ encoder + t["b_enc"]).relu().permute(0, 3, 1, 2)
        assert (load_saelens(tmp_path).encode(X.permute(0, 3, 1, 2)) - wanted).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("cfg", "more", "message"),
    [
        ({"architecture": "gated"}, {}, "architecture = 'gated': must be one of"),
        ({"architecture": "topk"}, {}, "k = None: must be a whole number >= 1"),
        ({"architecture": "standard", "activation_fn_str": "tanh-relu"}, {}, "activation_fn_str = 'tanh-relu'"),
        ({"architecture": "jumprelu"}, {}, "tensor 'threshold' is missing"),
        ({"architecture": "standard", "d_sae": 41}, {}, r"'W_enc' has shape \(24, 40\), cfg\.json says \(24, 41\)"),
        ({"architecture": "standard"}, {"drop": ("W_enc", "W_dec")}, "must hold W_enc or W_dec"),
        ({"architecture": "standard"}, {"b_enc": torch.zeros(3)}, r"'b_enc' has shape \(3,\), wanted \(40,\)"),
        ({"architecture": "standard", "reshape_activations": "hook_z"}, {}, "reshape_activations = 'hook_z'"),
        ({"normalize_activations": "expected_average_only_in"}, {}, "fold its factor into the weights first"),
        ({"architecture": "standard"}, {"b_dec": torch.full((24,), torch.nan)}, "24 of 24 values that are not finite"),
    ],
)
def test_saelens_folders_that_are_refused(tmp_path, cfg, more, message):
    sae_folder(tmp_path, cfg, **more)
    with pytest.raises(UserError, match=message):
        load_saelens(tmp_path)


def test_a_saelens_folder_is_scanned(convnext, pictures, tmp_path):
    t = sae_folder(tmp_path / "sae", {"architecture": "jumprelu", "hook_name": "stages.2.1"}, threshold=THRESHOLD)
    scanned(tmp_path / "s", pictures, Recipe(backbone=convnext, transcoder=tmp_path / "sae", size=SIZE))
    with torch.no_grad():
        x = official().inputs(imagenet_normalise(stacked(pictures)))[2, 1].permute(0, 2, 3, 1)
    u = (x - t["b_dec"]) @ t["W_enc"] + t["b_enc"]
    assert same(dense(tmp_path / "s", 40), mix((u.relu() * (u > THRESHOLD)).permute(0, 3, 1, 2)))


@pytest.mark.parametrize("names", [("weight", "bias"), ("encoder.weight", None), ("W_enc", "b_enc")])
def test_a_linear_encoder(convnext, pictures, tmp_path, names):
    rng = torch.Generator().manual_seed(0)
    weight, bias = torch.randn(50, 24, generator=rng), torch.randn(50, generator=rng) * (names[1] is not None)
    stored = {names[0]: weight.T.contiguous() if names[0] == "W_enc" else weight}
    stored |= {names[1]: bias} if names[1] else {}
    save_file(stored, tmp_path / "e.safetensors")
    scanned(
        tmp_path / "s",
        pictures,
        Recipe(backbone=convnext, transcoder=tmp_path / "e.safetensors", hook="2.1", size=SIZE),
    )
    with torch.no_grad():
        x = official().inputs(imagenet_normalise(stacked(pictures)))[2, 1]
    wanted = mix((torch.einsum("nchw,fc->nfhw", x, weight) + bias[:, None, None]).relu())
    assert same(dense(tmp_path / "s", 50), wanted)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"w": torch.zeros(2, 2)}, "must hold one of weight"),
        ({"weight": torch.zeros(2, 2), "W_enc": torch.zeros(2, 2)}, "must hold one of weight"),
        ({"weight": torch.zeros(2)}, r"shape \(2,\), must be a matrix"),
        ({"weight": torch.zeros(2, 3), "bias": torch.zeros(3)}, r"'bias' has shape \(3,\), wanted \(2,\)"),
    ],
)
def test_linear_encoders_that_are_refused(convnext, tmp_path, tensors, message):
    save_file(tensors, tmp_path / "e.safetensors")
    with pytest.raises(UserError, match=message):
        build(Recipe(backbone=convnext, transcoder=tmp_path / "e.safetensors", hook="2.1"))


def test_dictionaries_that_are_not_there(convnext, tmp_path):
    for path, message in ((tmp_path / "no", "is missing"), (tmp_path, r"must hold config\.json .* or cfg\.json")):
        with pytest.raises(UserError, match=message):
            build(Recipe(backbone=convnext, transcoder=path, hook="2.1"))


OWN = """
import torch
from torch import nn

class Own(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.first = nn.Conv2d(3, 8, 8, 8)
        self.tokens = nn.Identity()
        self.never = nn.Identity()

    def forward(self, x):
        y = self.first(x)
        self.tokens(torch.cat([9 * torch.ones(len(x), 2, 8), y.flatten(2).transpose(1, 2)], dim=1))
        raise RuntimeError("nothing behind the hook may run")

def make():
    return Own()

def fail():
    raise KeyError("weights")

def number():
    return 3
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    (tmp_path / "own_network.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("own_network", None)


@pytest.mark.usefixtures("own")
def test_a_module_of_the_user(pictures, tmp_path):
    from own_network import make

    module = make()
    with torch.no_grad():
        wanted = mix(F.relu(module.first(imagenet_normalise(stacked(pictures, 32)))))
    for hook, prefix in (("first", 0), ("tokens", 2)):
        recipe = Recipe(module="own_network:make", neurons=True, hook=hook, prefix_tokens=prefix, size=32)
        scanned(tmp_path / hook, pictures, recipe)
        assert same(dense(tmp_path / hook, 8), wanted)
    made = build(Recipe(module="own_network:make", neurons=True, hook="first", size=32)).made_of["backbone"]
    module.first.bias.data[0] += 1e-3
    assert made["weights"] != load_digest(module)


def load_digest(module):
    from distributional_view.backends.scan.module import digest_of

    return digest_of(module)


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("name", "hook", "message"),
    [
        ("own_network:nothing", "first", "must be package.module:factory that Python can import"),
        ("nowhere_at_all:make", "first", "must be package.module:factory that Python can import"),
        ("own_network:fail", "first", "the factory failed: KeyError"),
        ("own_network:number", "first", "made int, must make a torch"),
        ("own_network:make", "last", r"hook = 'last': must be a submodule of .*: first, tokens, never"),
    ],
)
def test_modules_that_are_refused(name, hook, message):
    with pytest.raises(UserError, match=message):
        load_module(name, hook, 0, "patch", "cpu")


@pytest.mark.usefixtures("own")
def test_a_hook_that_is_never_reached_and_patches_without_a_square():
    with pytest.raises(UserError, match=r"16 patches|18 patches after 0 tokens: must make a square"):
        build(Recipe(module="own_network:make", neurons=True, hook="tokens", size=32))
    with pytest.raises(UserError, match="nothing behind the hook may run"):
        build(Recipe(module="own_network:make", neurons=True, hook="never", size=32))


def test_tokens_as_a_map():
    x = torch.arange(2 * 7 * 3.0).reshape(2, 7, 3)
    assert torch.equal(as_map(x, 3, "patch")[0, :, 1, 0], x[0, 5])
    assert torch.equal(as_map(x, 3, "class")[1, :, 0, 0], x[1, 0])
    assert torch.equal(as_map(x, 3, "register")[1, :, 0, 1], x[1, 2])
    assert as_map(x[:, 0], 0, "patch").shape == (2, 3, 1, 1)
    for prefix, tokens in ((0, "class"), (1, "register"), (7, "patch")):
        with pytest.raises(UserError, match=f"tokens = '{tokens}': there are none"):
            as_map(x, prefix, tokens)
    with pytest.raises(UserError, match=r"activations at the hook = \(3,\)"):
        as_map(torch.zeros(3), 0, "patch")
