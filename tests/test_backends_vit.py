"""DINOv3 ViTs: random weights in the transformers format against an independent network."""

import json

import pytest
import torch
from safetensors.torch import save_file
from transformers import DINOv3ViTConfig, DINOv3ViTModel

from distributional_view.backends.zoo.dinov3_vit import is_vit, load_vit
from distributional_view.backends.zoo.weights import MissingWeights, WrongWeights
from tests.support.official_vit import CONFIG, inputs, random_weights

GATED = {**CONFIG, "use_gated_mlp": True, "hidden_act": "silu"}


def written(folder, tensors, config=CONFIG):
    save_file({name: value.contiguous() for name, value in tensors.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def images(height=12, width=20):
    return torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(1))


def close(found, wanted):
    assert wanted.abs().max() > 0.1
    assert found.shape == wanted.shape
    return (found - wanted).abs().max() < 1e-5 * wanted.abs().max()


@pytest.mark.parametrize("config", [CONFIG, GATED], ids=["plain", "gated"])
@pytest.mark.parametrize("block", range(4))
def test_equals_the_reference_at_every_block(tmp_path, config, block):
    tensors = random_weights(config)
    wanted = inputs(tensors, images(), config)[block]
    folder = written(tmp_path, tensors, config)
    found = {tokens: load_vit(folder, block, tokens)(images()) for tokens in ("patch", "class", "register")}
    assert close(found["patch"], wanted[:, 3:].transpose(1, 2).unflatten(2, (3, 5)))
    assert close(found["class"], wanted[:, :1].transpose(1, 2)[:, :, None])
    assert close(found["register"], wanted[:, 1:3].transpose(1, 2)[:, :, None])


def test_the_reference_notices_rows_for_columns_and_a_block_too_many(tmp_path):
    tensors = random_weights()
    wanted = inputs(tensors, images())
    swapped = inputs(tensors, images().transpose(2, 3))[2][:, 3:].unflatten(1, (5, 3)).transpose(1, 2).flatten(1, 2)
    assert not close(swapped, wanted[2][:, 3:])
    assert not close(wanted[1], wanted[2])


def test_equals_transformers_on_a_folder_that_it_wrote(tmp_path):
    torch.manual_seed(0)
    full = DINOv3ViTModel(DINOv3ViTConfig(**CONFIG)).eval()
    for name, value in full.named_parameters():
        value.data = torch.randn(value.shape) * (0.3 if value.dim() > 1 else 0.5) + ("lambda" in name)
    full.save_pretrained(tmp_path)
    seen = {}
    full.model.layer[2].register_forward_pre_hook(lambda module, args: seen.update(x=args[0].detach()))
    with torch.no_grad():
        full(images())
    assert close(load_vit(tmp_path, 2)(images()), seen["x"][:, 3:].transpose(1, 2).unflatten(2, (3, 5)))


def test_both_namings_and_a_prefix_are_read(tmp_path):
    tensors = random_weights()
    wanted = load_vit(written(tmp_path, tensors), 2)(images())
    for rename in (lambda name: name.replace("layer.", "model.layer.", 1), lambda name: f"module.{name}"):
        renamed = {rename(n) if n.startswith("layer.") or "module" in rename(n) else n: v for n, v in tensors.items()}
        assert torch.equal(load_vit(written(tmp_path, renamed), 2)(images()), wanted)


def test_nothing_behind_the_hook_is_built(tmp_path):
    names = set(load_vit(written(tmp_path, random_weights()), 1).state_dict())
    assert any(name.startswith("layers.0.") for name in names)
    assert not any(name.startswith(("layers.1.", "layers.2.", "norm.")) for name in names)


def test_errors(tmp_path):
    tensors = random_weights()
    folder = written(tmp_path, tensors)
    assert is_vit(folder)
    assert not is_vit(tmp_path / "nowhere")
    for block in (-1, 4):
        with pytest.raises(ValueError, match=r"block = .*must be in \[0, 3\]"):
            load_vit(folder, block)
    with pytest.raises(ValueError, match="sides multiples of 4"):
        load_vit(folder, 1)(images(10, 12))
    written(tmp_path, {k: v for k, v in tensors.items() if k != "layer.1.norm2.bias"})
    with pytest.raises(WrongWeights, match=r"1 of \d+ tensors are missing, first \['layers\.1\.norm2\.bias"):
        load_vit(folder, 2)
    assert load_vit(folder, 1).block == 1
    written(tmp_path, tensors, {**CONFIG, "hidden_size": 48})
    with pytest.raises(WrongWeights, match="has shape"):
        load_vit(folder, 1)
    written(tmp_path, random_weights(), {**CONFIG, "num_register_tokens": 0})
    with pytest.raises(ValueError, match="there are no registers"):
        load_vit(folder, 1, "register")
    written(tmp_path, {"a": torch.zeros(1)})
    with pytest.raises(WrongWeights, match="no DINOv3 ViT"):
        load_vit(folder, 1)
    (folder / "config.json").write_text('{"model_type": "dinov3_vit", "hidden_size": "many"}')
    with pytest.raises(WrongWeights, match="describes no DINOv3 ViT"):
        load_vit(folder, 1)
    (folder / "model.safetensors").unlink()
    with pytest.raises(MissingWeights, match=r"model\.safetensors is missing"):
        load_vit(folder, 1)
