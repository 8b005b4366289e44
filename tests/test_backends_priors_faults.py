"""Folders that are no prior, or a damaged one: each is refused by name, with what to do."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load, save_file

from distributional_view.backends.priors.folder import UnknownPrior
from distributional_view.backends.priors.load import load_prior
from distributional_view.backends.zoo.weights import MissingWeights, WrongWeights
from distributional_view.errors import UserError
from tests.support.tiny_priors import save_dit, save_latents, save_pixels

torch.set_num_threads(1)
WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    for name, save in {"pixels": save_pixels, "latents": save_latents, "dit": save_dit}.items():
        save(folder / name)
    save_pixels(folder / "classes", num_class_embeds=5)
    return folder


@pytest.fixture
def copy(whole, tmp_path):
    def of(name):
        return shutil.copytree(whole / name, tmp_path / name)

    return of


def change(path, **fields):
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_what_is_missing_is_said(copy, tmp_path):
    with pytest.raises(MissingWeights, match=r"nowhere is missing.*256x256_diffusion_uncond"):
        load_prior(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingWeights, match=r"neither model_index\.json nor config\.json is in it"):
        load_prior(tmp_path / "empty")
    folder = copy("pixels")
    (folder / "scheduler" / "scheduler_config.json").unlink()
    with pytest.raises(MissingWeights, match=r"scheduler_config\.json is missing"):
        load_prior(folder)
    shutil.copytree(folder / "unet", tmp_path / "alone")
    with pytest.raises(MissingWeights, match=r"a network without its scheduler, scheduler_config\.json"):
        load_prior(tmp_path / "alone")
    (folder / "unet" / WEIGHTS).rename(folder / "unet" / "diffusion_pytorch_model.bin")
    with pytest.raises(MissingWeights, match=r"has diffusion_pytorch_model\.bin, a pickle, which is never read"):
        load_prior(folder)
    (folder / "unet" / "diffusion_pytorch_model.bin").unlink()
    with pytest.raises(MissingWeights, match=r"no weights of the part unet"):
        load_prior(folder)
    (folder / "unet" / "config.json").unlink()
    with pytest.raises(MissingWeights, match=r"unet/config\.json is missing"):
        load_prior(folder)


def test_several_variants_are_a_question(copy):
    folder = copy("pixels")
    for variant in ("fp16", "ema"):
        shutil.copy(folder / "unet" / WEIGHTS, folder / "unet" / f"diffusion_pytorch_model.{variant}.safetensors")
    load_prior(folder)  # the plain one
    (folder / "unet" / WEIGHTS).unlink()
    with pytest.raises(WrongWeights, match=r"weights as \['ema', 'fp16'\]: keep the files of one of them"):
        load_prior(folder)


def test_damaged_files_are_named(copy):
    folder = copy("pixels")
    path = folder / "unet" / WEIGHTS
    content = path.read_bytes()
    tensors = load(content)
    for bad in (b"", content[:50], content[: len(content) // 2], b"not tensors at all"):
        path.write_bytes(bad)
        with pytest.raises(WrongWeights, match=r"unet: no UNet2DModel can be read"):
            load_prior(folder)
    name = "conv_in.weight"
    for wrong, message in (
        ({k: v for k, v in tensors.items() if k != name}, r"1 missing tensors, \['conv_in.weight'\]"),
        ({**tensors, "more": torch.zeros(1)}, r"1 unexpected tensors, \['more'\]"),
        ({**tensors, name: torch.zeros(3)}, r"unet: no UNet2DModel can be read: .*conv_in.weight|mismatch"),
        ({**tensors, name: tensors[name] / 0}, r"tensor conv_in\.weight has values that are not finite"),
    ):
        save_file(wrong, path, metadata={"format": "pt"})
        with pytest.raises(WrongWeights, match=message):
            load_prior(folder)
    save_file(tensors, path, metadata={"format": "pt"})
    load_prior(folder)
    for bad in ("", "[1]", "{"):
        (folder / "unet" / "config.json").write_text(bad)
        with pytest.raises(WrongWeights, match=r"config\.json: (cannot be read as JSON|holds list, no object)"):
            load_prior(folder)


def test_schedulers_of_other_kinds(copy):
    folder = copy("pixels")
    path = folder / "scheduler" / "scheduler_config.json"
    before = path.read_text()
    for fields, message in (
        ({"_class_name": "ScoreSdeVeScheduler"}, "a ScoreSdeVeScheduler, whose noise is no DDPM's; known: .*DDPM"),
        ({"_class_name": "FlowMatchEulerDiscreteScheduler"}, "whose noise is no DDPM's"),
        ({"_class_name": "LCMScheduler"}, "whose noise is no DDPM's"),
        ({"_class_name": "os.system"}, "whose noise is no DDPM's"),
        (
            {"prediction_type": "flow"},
            r"prediction_type = 'flow': must be one of \('epsilon', 'sample', 'v_prediction'\)",
        ),
        ({"beta_schedule": "laplace"}, "beta_schedule = 'laplace': must be linear"),
        ({"use_flow_sigmas": True}, "flow matching"),
    ):
        change(path, **fields)
        with pytest.raises(UnknownPrior, match=message):
            load_prior(folder)
        path.write_text(before)


def test_networks_of_other_kinds(copy):
    folder = copy("latents")
    index = folder / "model_index.json"
    before = index.read_text()
    change(index, unet=["diffusers", "UNet3DConditionModel"])
    with pytest.raises(
        UnknownPrior, match=r"LDMPipeline with unet: UNet3DConditionModel, vae: .*known networks: UNet2D"
    ):
        load_prior(folder)
    index.write_text(before)
    change(index, vae=["diffusers", "AutoencoderDC"])
    with pytest.raises(UnknownPrior, match=r"a AutoencoderDC; known autoencoders: AutoencoderKL"):
        load_prior(folder)
    index.write_text(before)
    config = folder / "unet" / "config.json"
    saved = config.read_text()
    change(config, sample_size=None)
    with pytest.raises(WrongWeights, match=r"the size of the latents \(sample_size\) stands nowhere"):
        load_prior(folder)
    config.write_text(saved)
    change(config, time_embedding_type="fourier")
    with pytest.raises(UserError):
        load_prior(folder)


def test_parts_that_do_not_fit(copy, tmp_path):
    from tests.support.tiny_priors import vae

    folder = copy("latents")
    shutil.rmtree(folder / "vae")
    vae(channels=3).save_pretrained(folder / "vae")
    with pytest.raises(WrongWeights, match="the network takes 4 channels, the latents of vae have 3"):
        load_prior(folder)


def test_labels(whole):
    for name, label, message in (
        ("classes", None, "says none that means no class: give --label, 0 to 4"),
        ("classes", "5", "label = '5': must be a number from 0 to 4$"),
        ("classes", "-1", "label = '-1': must be"),
        ("classes", "cat", "label = 'cat': must be a number from 0 to 4$"),
        ("dit", "cat", "must be a number from 0 to 1000 or one of its 3 names, such as 'white shark'"),
        ("pixels", "3", "must be left out"),
    ):
        with pytest.raises(UserError, match=message):
            load_prior(whole / name, label=label)
