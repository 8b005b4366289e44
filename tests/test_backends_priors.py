"""Priors from folders of diffusers against diffusers itself: levels, denoised points, pictures, gradients."""

import json
import socket

import diffusers
import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DDPMPipeline, DDPMScheduler, DiTPipeline, UNet2DModel

from distributional_view.backends.options import SamplerOptions
from distributional_view.backends.priors.folder import read_folder
from distributional_view.backends.priors.latents import AUTOENCODERS
from distributional_view.backends.priors.levels import SCHEDULERS, levels
from distributional_view.backends.priors.load import load_prior
from distributional_view.backends.priors.prior import Resized
from distributional_view.backends.zoo.weights import WrongWeights
from distributional_view.theory.samplers.schedule import each
from tests.support.tiny_priors import save_dit, save_latents, save_pixels, unet

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def pixels(tmp_path_factory):
    return save_pixels(tmp_path_factory.mktemp("pixels"))


@pytest.fixture(scope="session")
def latent(tmp_path_factory):
    return save_latents(tmp_path_factory.mktemp("latent"))


@pytest.fixture(scope="session")
def dit(tmp_path_factory):
    return save_dit(tmp_path_factory.mktemp("dit"))


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def draw(shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def mean_of(pictures):
    return pictures.mean((1, 2, 3))


KINDS = [
    {},
    {"beta_start": 0.0015, "beta_end": 0.0195, "beta_schedule": "scaled_linear"},
    {"beta_schedule": "squaredcos_cap_v2", "num_train_timesteps": 400},
    {"beta_schedule": "sigmoid"},
    {"trained_betas": [0.1, 0.2, 0.05, 0.4], "num_train_timesteps": 4},
]


CASES = [("DDPMScheduler", options) for options in KINDS]
CASES += [(kind, KINDS[i]) for kind in ("PNDMScheduler", "EulerDiscreteScheduler") for i in (0, 1, 2, 4)]


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_levels_are_those_of_the_scheduler(kind, options, tmp_path):
    scheduler = getattr(diffusers, kind)(**options)
    found = levels(read_folder(saved(tmp_path, scheduler)).part("scheduler"))
    assert found.schedule.alpha_bar[1:] == pytest.approx(scheduler.alphas_cumprod.double().numpy(), rel=2e-4)
    assert np.array_equal(found.schedule.rows.time[::-1], np.arange(scheduler.config.num_train_timesteps))
    assert found.clip == ((-1.0, 1.0) if kind == "DDPMScheduler" else None)


def saved(folder, scheduler):
    """A folder with nothing but a scheduler, and its index."""
    scheduler.save_pretrained(folder / "scheduler")
    index = {"_class_name": "P", "scheduler": ["diffusers", type(scheduler).__name__]}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def test_all_schedulers_named_are_there(tmp_path):
    (tmp_path / "model_index.json").write_text('{"scheduler": ["diffusers", "Scheduler"]}')
    for kind in SCHEDULERS:
        (tmp_path / "scheduler_config.json").write_text(json.dumps({"_class_name": kind, "beta_end": 0.019}))
        if kind == "DPMSolverSDEScheduler":  # its package is not installed, so that its defaults are not known
            with pytest.raises(WrongWeights, match="num_train_timesteps, beta_start, beta_schedule are missing"):
                levels(read_folder(tmp_path).part("scheduler"))
        else:
            found = levels(read_folder(tmp_path).part("scheduler"))
            assert found.schedule.steps == 1000
            assert 1 - found.schedule.alpha_bar[-1] / found.schedule.alpha_bar[-2] == pytest.approx(0.019)


def test_the_level_of_pure_noise_is_left_out(tmp_path):
    scheduler = DDIMScheduler(rescale_betas_zero_snr=True, prediction_type="v_prediction")
    found = levels(read_folder(saved(tmp_path, scheduler)).part("scheduler"))
    assert found.schedule.steps == 999
    assert found.schedule.alpha_bar[1:] == pytest.approx(scheduler.alphas_cumprod[:-1].double().numpy(), rel=1e-3)
    assert found.prediction == "v"
    assert found.said == ("the prior's last level is pure noise and is left out",)


@pytest.mark.parametrize("kind", ["epsilon", "sample", "v_prediction"])
def test_a_denoised_picture_is_that_of_the_scheduler(kind, tmp_path):
    scheduler = DDPMScheduler(prediction_type=kind, clip_sample_range=0.8)
    prior = load_prior(save_pixels(tmp_path, scheduler))
    network = UNet2DModel.from_pretrained(tmp_path / "unet").eval()
    world = prior.world(mean_of, SamplerOptions(steps=5))
    assert (prior.shape, world.clip) == ((3, 32, 32), (-0.8, 0.8))
    x = draw((2, 3, 32, 32))
    for row in each(world.schedule.rows):
        with torch.no_grad():
            raw = network(x, row.time).sample
        wanted = scheduler.step(raw, int(row.time), x).pred_original_sample
        assert torch.allclose(world.denoise(x, row), wanted, atol=1e-4)
        assert wanted.std() > 0.1


def test_a_flat_folder_and_a_network_alone(pixels, tmp_path):
    """The first published folders have everything at the top; a network may come without an index."""
    wanted = load_prior(pixels)
    x, time = draw((1, 3, 32, 32)), torch.tensor([300])
    for name in ("flat", "alone", "beside"):
        folder = tmp_path / name
        DDPMPipeline.from_pretrained(pixels).unet.save_pretrained(folder)
        DDPMScheduler().save_pretrained(folder / "scheduler" if name == "beside" else folder)
        if name == "flat":
            (folder / "model_index.json").write_text((pixels / "model_index.json").read_text())
        found = load_prior(folder)
        assert torch.equal(found.denoiser(x, time), wanted.denoiser(x, time))
        assert found.schedule == wanted.schedule


def test_variants_and_several_files(pixels, tmp_path):
    network = UNet2DModel.from_pretrained(pixels / "unet")
    x, time = draw((1, 3, 32, 32)), torch.tensor([300])
    wanted = load_prior(pixels).denoiser(x, time)
    for name, options in {"shards": {"max_shard_size": "40KB"}, "half": {"variant": "fp16"}}.items():
        folder = tmp_path / name
        (network.half() if name == "half" else network).save_pretrained(folder / "unet", **options)
        DDPMScheduler().save_pretrained(folder / "scheduler")
        (folder / "model_index.json").write_text((pixels / "model_index.json").read_text())
        found = load_prior(folder)
        weights = [path for path in found.files if path.endswith(".safetensors")]
        assert len(weights) > 1 if name == "shards" else weights == ["unet/diffusion_pytorch_model.fp16.safetensors"]
        given = found.denoiser(x, time)
        assert given.dtype == torch.float32
        assert torch.allclose(given, wanted, atol=0.01 if name == "half" else 1e-6)


@pytest.mark.parametrize("kind", AUTOENCODERS)
def test_pictures_are_those_of_the_autoencoder(kind, tmp_path):
    prior = load_prior(save_latents(tmp_path, kind))
    network = prior.latents.network
    x = 0.3 * draw((2, 4, 16, 16))
    world = prior.world(mean_of, SamplerOptions(steps=3))
    with torch.no_grad():
        shift = network.config.get("shift_factor") or 0.0
        wanted = network.decode(x / network.config.scaling_factor + shift).sample.clamp(-1, 1)
    assert prior.pixels == wanted.shape[1:] == (3, 32, 32)
    assert wanted.std() > 0.05
    assert torch.allclose(world.pictures(x), wanted, atol=1e-5)
    assert world.to_numpy(world.score(x)) == pytest.approx(wanted.mean((1, 2, 3)).numpy(), abs=1e-5)
    assert prior.latents.encode(wanted).shape == x.shape
    assert prior.clip is None


def test_latents_are_scaled_back(latent):
    """What is encoded, noised by nothing and decoded comes from the decoder's own latents."""
    latents = load_prior(latent).latents
    pictures = draw((1, 3, 32, 32)).clamp(-1, 1)
    own = latents.network.encode(pictures).latent_dist.mode()
    assert torch.allclose(latents.encode(pictures) * latents.scale + latents.shift, own, atol=1e-5)
    assert latents.scale != 1
    assert latents.shift != 0


def test_the_gradient_goes_through_the_decoder(latent):
    prior = load_prior(latent)
    prior.denoiser.double()
    prior.latents.double()
    weights = draw((3, 32, 32), 1).double()

    def psi(pictures):
        return (weights * pictures).mean((1, 2, 3))

    found = {}
    for recompute in (False, True):
        world = prior.world(psi, SamplerOptions(steps=4, recompute=recompute))
        world = type(world)(**{**vars(world), "dtype": torch.float64})
        row = list(each(world.schedule.rows))[1]
        x = draw((1, 4, 16, 16)).double()
        found[recompute] = world.guidance(x, row)
    assert torch.allclose(found[True].gradient, found[False].gradient, rtol=1e-9, atol=0)
    gradient, direction = found[False].gradient, draw(x.shape, 2).double()
    step = 1e-6
    ends = [world.score(world.denoise(x + sign * step * direction, row)) for sign in (1, -1)]
    slope = float((ends[0] - ends[1]) / (2 * step))
    assert float((gradient * direction).sum()) == pytest.approx(slope, rel=1e-4)
    assert abs(slope) > 1e-3


def test_a_transformer_of_classes(dit):
    """Its variances are cut off; without a label it has the null class; labels have names."""
    pipeline = DiTPipeline.from_pretrained(dit)
    for label, number in ((None, 1000), ("7", 7), ("man-eater", 2)):
        prior = load_prior(dit, label=label)
        x, time = draw((2, 4, 8, 8)), torch.tensor([500, 500])
        with torch.no_grad():
            wanted = pipeline.transformer(x, time, class_labels=torch.tensor([number] * 2)).sample[:, :4]
            assert torch.allclose(prior.denoiser(x, time), wanted, atol=1e-5)
        assert prior.said == (f"the prior is that of {'no class' if label is None else f'class {number}'}",)
    assert not torch.allclose(load_prior(dit, label="7").denoiser(x, time), wanted, atol=1e-3)
    assert prior.pixels == (3, 16, 16)


def test_the_first_name_of_the_transformer(dit, tmp_path):
    import shutil

    shutil.copytree(dit, tmp_path / "old")
    for path in (tmp_path / "old" / "model_index.json", tmp_path / "old" / "transformer" / "config.json"):
        path.write_text(path.read_text().replace("DiTTransformer2DModel", "Transformer2DModel"))
    x, time = draw((1, 4, 8, 8)), torch.tensor([10])
    assert torch.equal(load_prior(tmp_path / "old").denoiser(x, time), load_prior(dit).denoiser(x, time))


def test_a_network_of_classes(tmp_path):
    folder = save_pixels(tmp_path, num_class_embeds=5)
    network = UNet2DModel.from_pretrained(folder / "unet").eval()
    x, time = draw((1, 3, 32, 32)), torch.tensor([100])
    with torch.no_grad():
        wanted = network(x, time, class_labels=torch.tensor([4])).sample
    assert torch.equal(load_prior(folder, label="4").denoiser(x, time), wanted)
    assert load_prior(folder, label="4").said == ("the prior is that of class 4",)


def test_a_score_sees_pictures_of_its_size():
    seen = []

    def psi(pictures):
        seen.append(tuple(pictures.shape[2:]))
        return pictures.mean((1, 2, 3))

    resized = Resized(psi, 8)
    pictures = draw((2, 3, 32, 32)).requires_grad_()
    (gradient,) = torch.autograd.grad(resized(pictures).sum(), pictures)
    assert resized(pictures).detach() == pytest.approx(pictures.detach().mean((1, 2, 3)), abs=0.02)
    assert gradient.abs().min() > 0  # every pixel counts: the filter is widened
    small = draw((1, 3, 8, 8))
    assert torch.equal(resized(small), psi(small))
    assert set(seen) == {(8, 8)}


def test_sizes_that_the_network_does_not_say(tmp_path):
    network = unet(size=None)
    network.save_pretrained(tmp_path)
    DDPMScheduler().save_pretrained(tmp_path)
    assert load_prior(tmp_path, size=16).shape == (3, 16, 16)
