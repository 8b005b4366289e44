"""Weight files as they come: wrapped, in other precisions, damaged, incomplete. Each is read rightly or refused."""

import json
import os
import random
from collections import Counter

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from distributional_view.backends.embedded import store
from distributional_view.backends.transcoders.checkpoint import BadCheckpoint, load_published, publish, save_published
from distributional_view.backends.transcoders.config import read_config
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.backends.zoo.dinov3 import SIZES, check_size, load_backbone
from distributional_view.backends.zoo.weights import (
    CONTAINERS,
    WrongWeights,
    load_exactly,
    read_tensors,
    without_prefix,
)
from distributional_view.errors import UserError
from tests.support.official_convnext import DEPTHS, WIDTHS, official

pytestmark = pytest.mark.filterwarnings("ignore:.*a ConvNeXt of no official size")
HOOK = (2, 2)
PREFIXES = ("module.", "_orig_mod.", "backbone.", "model.", "teacher.", "net-1.")
HALF = {torch.bfloat16: 2**-8, torch.float16: 2**-11}
"""Relative rounding of half precisions."""


def image(side=32):
    return torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(1))


def outcome(read):
    """What was read, or the message of the one exception that is permitted."""
    try:
        return read()
    except UserError as error:
        return str(error)


def wrapped(state, rng):
    """The tensors under random prefixes, beside others, inside random containers."""
    prefix = "".join(rng.choices(PREFIXES, k=rng.randrange(4)))
    found = {prefix + name: value for name, value in state.items()}
    if rng.random() < 0.5:
        found |= {"n_averaged": torch.tensor(3), "head.weight": torch.zeros(2)}
    for container in rng.sample(CONTAINERS, rng.randrange(3)):
        found = {"epoch": 3, container: found, "optimizer": {"lr": 0.1}}
    return found


# --- The backbone ---


def test_wrapped_backbones_in_any_precision_are_the_network(tmp_path):
    """60 random wrappings, containers and precisions, as a torch file or as safetensors."""
    rng, tried = random.Random(0), Counter()
    for _ in range(60):
        kind = rng.choice([torch.float32, torch.float64, *HALF])
        state = {name: value.to(kind) for name, value in official().state_dict().items()}
        rounded = official()
        rounded.load_state_dict({name: value.float() for name, value in state.items()})
        found = wrapped(state, rng)
        path = tmp_path / "net.pth"
        if all(isinstance(value, torch.Tensor) for value in found.values()) and rng.random() < 0.5:
            save_file({name: value.clone() for name, value in found.items()}, path)
        else:
            torch.save(found, path)
        backbone = load_backbone(path, HOOK)
        assert {value.dtype for value in backbone.state_dict().values()} == {torch.float32}
        wanted = rounded.inputs(image())[HOOK]
        assert (backbone(image()) - wanted).abs().max() < 1e-5 * wanted.abs().max()
        tried[kind] += 1
    assert min(tried.values()) > 5


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("stage", range(4))
def test_an_official_size_without_the_last_block_of_a_stage_is_refused(tmp_path, size, stage):
    widths, depths = SIZES[size]
    short = tuple(depth - (i == stage) for i, depth in enumerate(depths))
    with pytest.raises(WrongWeights, match=r"the stages have \(.*\) blocks, with these widths \{.*: some are missing"):
        check_size((widths, short), None, tmp_path / "net.pth")
    with pytest.raises(WrongWeights, match="some are missing"):
        check_size((widths[: stage + 1], (*depths[:stage], 2)), None, tmp_path / "net.pth")
    check_size((widths, depths), None, tmp_path / "net.pth")


@pytest.mark.filterwarnings("default:.*a ConvNeXt of no official size")
def test_what_was_read_of_another_size_is_said(tmp_path):
    torch.save(official().state_dict(), tmp_path / "net.pth")
    with pytest.warns(UserWarning, match=r"no official size: widths \(8, 16, 24, 32\), \(2, 1, 3, 1\) blocks read"):
        load_backbone(tmp_path / "net.pth", HOOK)


def test_a_transformers_folder_must_hold_what_its_config_says(tmp_path):
    state = {name: value.clone() for name, value in official().state_dict().items()}
    (tmp_path / "config.json").write_text(json.dumps({"hidden_sizes": WIDTHS, "depths": DEPTHS}))
    save_file(state, tmp_path / "model.safetensors")
    assert load_backbone(tmp_path, HOOK).depths == DEPTHS
    save_file({k: v for k, v in state.items() if ".2.2." not in k}, tmp_path / "model.safetensors")
    with pytest.raises(WrongWeights, match=r"\(2, 1, 2, 1\)\), those in config.json beside it .*\(2, 1, 3, 1\)"):
        load_backbone(tmp_path, (2, 1))
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(WrongWeights, match=r"config\.json: cannot be read as JSON"):
        load_backbone(tmp_path, (2, 1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: {k: v for k, v in s.items() if ".2.1." not in k}, r"blocks found: \{.*2: \[0, 2\]"),
        (lambda s: {k: v for k, v in s.items() if k != "stages.1.0.gamma"}, "no tensor gamma, in stage 1"),
        (lambda s: s | {"stages.0.0.gamma": torch.full((8,), torch.nan)}, "8 of 8 values that are not finite"),
        (lambda s: s | {"stages.0.0.gamma": torch.full((8,), 1e300, dtype=torch.float64)}, "8 of 8 values"),
        (lambda s: s | {"stages.0.0.gamma": torch.ones(8, dtype=torch.int8)}, "holds torch.int8, must be floating"),
        (lambda s: s | {"stages.0.blocks.0.gamma": torch.ones(8)}, "two tensors are stages.0.layers.0.gamma"),
        (lambda s: s | {f"ema.{k}": v for k, v in s.items()}, r"several networks, under \['', 'ema.'\]"),
        (lambda s: {"model": s, "ema": s}, r"several networks, \['model', 'ema'\]"),
        (lambda s: s | {"epoch": 3}, r"one with other entries, \['epoch'\]"),
        (
            lambda s: {"gpt.wte": torch.ones(1), "gpt.wpe": torch.ones(1)},
            r"names in the file: \['gpt.wpe', 'gpt.wte'\]",
        ),
        (lambda s: {}, "not a dictionary of tensors but an empty one"),
        (lambda s: s | {"stages.0.0.gamma": torch.ones(8).to_sparse()}, r"other entries, \['stages.0.0.gamma'\]"),
    ],
)
def test_wrong_backbones(tmp_path, change, message):
    torch.save(change(dict(official().state_dict())), tmp_path / "net.pth")
    with pytest.raises(WrongWeights, match=message) as caught:
        load_backbone(tmp_path / "net.pth", HOOK)
    assert "net.pth" in str(caught.value)


def test_a_dictionary_inside_itself_ends(tmp_path):
    found = {}
    found["model"] = found
    torch.save(found, tmp_path / "net.pth")
    with pytest.raises(WrongWeights, match=r"net\.pth"):
        load_backbone(tmp_path / "net.pth", HOOK)


def damage(content, rng):
    """A proper beginning of the content, or the content with up to eight flipped bits; and whether it was cut."""
    if rng.random() < 0.5:
        return content[: rng.randrange(len(content))], True
    changed = bytearray(content)
    head = rng.random() < 0.7  # most bytes are numbers; those that say what they are lie at the ends
    for _ in range(rng.randrange(1, 9)):
        place = rng.randrange(min(2000, len(content))) if head else -1 - rng.randrange(min(8000, len(content)))
        changed[place] ^= 1 << rng.randrange(8)
    return bytes(changed), False


def test_damaged_weight_files_are_read_or_refused_by_name(tmp_path):
    """400 files cut or with flipped bits, in three formats; one that was cut is always refused."""
    rng, outcomes = random.Random(5), Counter()
    state = {name: value.clone() for name, value in official((4, 8), (1, 2)).state_dict().items() if "3" not in name}
    torch.save(state, tmp_path / "zip")
    torch.save(state, tmp_path / "legacy", _use_new_zipfile_serialization=False)
    save_file({k: v for k, v in state.items() if not k.startswith("norms")}, tmp_path / "safetensors")
    path = tmp_path / "damaged.pth"
    for name in ("zip", "legacy", "safetensors"):
        content = (tmp_path / name).read_bytes()
        for _ in range(133):
            changed, cut = damage(content, rng)
            path.write_bytes(changed)
            found = outcome(lambda: load_backbone(path, (1, 1)))
            assert isinstance(found, str) or not cut
            assert not isinstance(found, str) or str(path) in found
            outcomes[name, type(found) is str] += 1
    assert min(outcomes[name, True] for name in ("zip", "legacy", "safetensors")) > 60


def test_names_that_are_not_utf8(tmp_path):
    tensors = {"a": torch.arange(3.0)}
    for save in (torch.save, save_file):
        save(tensors, tmp_path / "net")
        path = (tmp_path / "net").rename(tmp_path / os.fsdecode(b"\xff.pt"))
        assert torch.equal(read_tensors(path)["a"], tensors["a"])
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(WrongWeights, match=r"\\xff\.pt") as caught:
            read_tensors(path)
        str(caught.value).encode()
    for path, message in ((tmp_path, "a folder"), (tmp_path / "empty", "the file is empty")):
        (tmp_path / "empty").touch()
        with pytest.raises(WrongWeights, match=message):
            read_tensors(path)


# --- The transcoder ---


def transcoder(**more):
    return Transcoder(TranscoderSpec(4, 8, 3, "topk", 2, decoder_norm_scaling=True, dataset_norm=True, **more), seed=3)


@pytest.mark.parametrize("kind", [torch.float64, *HALF])
def test_transcoders_of_any_precision_compute_in_single(tmp_path, kind):
    save_published(tmp_path, publish(transcoder().eval(), "stages.2.20"))
    weights = tmp_path / "sae_weights.safetensors"
    stored = {name: value.to(kind) for name, value in load_file(weights).items()}
    save_file(stored, weights)
    found, x = load_published(tmp_path), torch.randn(2, 4, 5, 5, generator=torch.Generator().manual_seed(2))
    double = transcoder().double().eval()
    double.load_state_dict(
        {
            name: stored[name if name in stored else "dataset_average_activation_norm.stages.2.20"].double()
            for name in double.state_dict()
        }
    )
    z, wanted = found.transcoder.encode(x), double.encode(x.double())
    assert z.dtype == torch.float32
    assert (z - wanted).abs().max() < 1e-5 * wanted.abs().max()
    save_published(tmp_path / "again", found)
    again = load_file(tmp_path / "again" / "sae_weights.safetensors")
    for name, value in stored.items():
        assert again[name].dtype == (torch.float32 if kind == torch.float64 else kind)
        assert torch.equal(again[name], value.to(again[name].dtype))


GOOD = {
    "act_fn": "topk",
    "top_k": 2,
    "expansion_factor": 2,
    "d_model": 4,
    "use_decoder_bias": True,
    "sparsity_include_decoder_norm": True,
    "norm_activation": "dataset-wise",
    "hook_point_in": "stages.2.20",
    "hook_point_out": "stages.2.20",
    "use_glu_encoder": False,
}
ODD = [
    None,
    True,
    False,
    0,
    1,
    2,
    4,
    -1,
    2.0,
    0.5,
    1e400,
    -1e400,
    float("nan"),
    10**30,
    10**400,
    "",
    "topk",
    "2",
    [],
    [2],
    {},
]


def test_random_fields_of_a_config_are_taken_or_named(tmp_path):
    """500 configs with one or two odd or missing fields, and 21 that are no object."""
    save_published(tmp_path, publish(transcoder(), "stages.2.20"))
    rng, outcomes = random.Random(1), Counter()
    config = tmp_path / "config.json"
    for trial in range(500):
        changed = {name: rng.choice(ODD) for name in rng.sample([*GOOD], 1 + trial % 2)}
        fields = {name: value for name, value in (GOOD | changed).items() if not (name in changed and trial % 7 == 0)}
        config.write_text(json.dumps(fields))
        found = outcome(lambda: load_published(tmp_path))
        if isinstance(found, str):
            assert str(tmp_path) in found
            assert any(name in found or "W_conv" in found or "dataset_average" in found for name in changed), found
        else:
            kept = found.transcoder.spec
            assert fields.get("use_decoder_bias") is True
            assert fields["sparsity_include_decoder_norm"] is True or kept.decoder_norm_scaling is False
            assert type(fields["top_k"]) is int
            assert kept.k == fields["top_k"]
        outcomes[type(found)] += 1
    assert outcomes[str] > 250
    assert sum(outcomes.values()) - outcomes[str] > 20
    for value in ODD:
        config.write_text(json.dumps(value))
        assert "config.json" in str(outcome(lambda: read_config(config))) or value == {}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("top_k", None, r"top_k = None: must be a whole number >= 1 for topk"),
        ("top_k", "2", r"top_k = '2': must be a whole number"),
        ("top_k", True, r"top_k = True: must be a whole number"),
        ("use_decoder_bias", "yes", r"use_decoder_bias = 'yes': must be true or false"),
        ("d_model", None, r"d_model = None: must be a whole number >= 1, or left out"),
        ("expansion_factor", float("nan"), r"expansion_factor = nan: must be a number > 0, or left out"),
        ("hook_point_in", 5, r"hook_point_in = 5: must be a name, null, or left out"),
        ("use_glu_encoder", "no", r"use_glu_encoder = 'no': must be false"),
        ("act_fn", {}, r"act_fn = \{\}: must be one of"),
        ("norm_activation", None, r"norm_activation = None: must be 'dataset-wise' or 'inference'"),
    ],
)
def test_a_mistyped_field_is_named_with_its_value(tmp_path, field, value, message):
    save_published(tmp_path, publish(transcoder(), "stages.2.20"))
    (tmp_path / "config.json").write_text(json.dumps(GOOD | {field: value}))
    with pytest.raises(BadCheckpoint, match=r"config\.json: " + message):
        load_published(tmp_path)


def test_damaged_transcoders_are_read_or_refused_by_name(tmp_path):
    """300 folders with a cut or flipped file."""
    save_published(tmp_path, publish(transcoder(), "stages.2.20"))
    rng, outcomes = random.Random(9), Counter()
    whole = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for trial in range(300):
        path, content = [*whole.items()][trial % 2]
        changed, cut = damage(content.rstrip(), rng)
        path.write_bytes(changed)
        found = outcome(lambda: load_published(tmp_path))
        path.write_bytes(content)
        assert isinstance(found, str) or not cut
        assert not isinstance(found, str) or str(tmp_path) in found
        outcomes[path.name, type(found) is str] += 1
    assert min(outcomes[path.name, True] for path in whole) > 90


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_a_norm_that_cannot_be_one_is_refused(tmp_path, value):
    save_published(tmp_path, publish(transcoder(), "stages.2.20"))
    weights = tmp_path / "sae_weights.safetensors"
    name = "dataset_average_activation_norm.stages.2.20"
    save_file(load_file(weights) | {name: torch.tensor(value)}, weights)
    with pytest.raises(BadCheckpoint, match=name):
        load_published(tmp_path)


# --- Others ---


def test_a_module_takes_the_precision_that_it_is_built_in(tmp_path):
    with torch.device("meta"):
        module = torch.nn.Linear(2, 2, dtype=torch.float64)
    tensors = {"weight": torch.ones(2, 2, dtype=torch.float16), "bias": torch.zeros(2)}
    load_exactly(module, tensors, tmp_path)
    assert {p.dtype for p in module.parameters()} == {torch.float64}


def test_the_embedded_weights_are_refused_by_name(tmp_path):
    """100 cut or flipped records and weights of the small classifier's transcoder."""
    rng, outcomes = np.random.default_rng(4), Counter()
    names = ("transcoder.json", "transcoder.safetensors")
    for name in names:
        (tmp_path / name).write_bytes((store.WEIGHTS / name).read_bytes())
    for trial in range(100):
        name = names[trial % 2]
        content = (store.WEIGHTS / name).read_bytes()
        changed, cut = damage(content.rstrip(), random.Random(int(rng.integers(10**9))))
        (tmp_path / name).write_bytes(changed)
        found = outcome(lambda: store.load_transcoder(tmp_path))
        (tmp_path / name).write_bytes(content)
        assert isinstance(found, str) or not cut
        assert not isinstance(found, str) or str(tmp_path) in found
        outcomes[type(found) is str] += 1
    assert outcomes[True] > 40


def test_prefixes_are_those_of_the_anchor():
    import re

    anchor = re.compile(r"((?:[^.]+\.)*?)a\.weight")
    tensors = {"x.y.a.weight": torch.ones(1), "x.y.b": torch.ones(1), "other": torch.ones(1)}
    assert set(without_prefix(tensors, anchor, store.WEIGHTS, "net")) == {"a.weight", "b"}
