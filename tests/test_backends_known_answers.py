"""The known answers of `make test-weights` can be given and can be failed: trained small networks, and random ones."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import interpolate
from transformers import DINOv3ConvNextConfig, DINOv3ConvNextModel

from distributional_view.backends.adapter.feature import imagenet_normalise
from distributional_view.backends.embedded.animals import load_animals
from distributional_view.backends.embedded.store import load_classifier, load_transcoder
from distributional_view.backends.embedded.unet import UNet
from distributional_view.backends.embedded.world import embedded_world
from distributional_view.backends.options import SamplerOptions
from distributional_view.backends.priors.load import load_prior
from distributional_view.backends.transcoders.checkpoint import publish, save_published
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.backends.zoo.dinov3 import SIZES
from tests.support import known_answers as known
from tests.support.official_convnext import official
from tests.support.tiny_priors import save_latents, save_pixels

torch.set_num_threads(1)
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def cats(tmp_path_factory):
    """A picture of another shape than 224 x 224."""
    path = tmp_path_factory.mktemp("cats") / f"{known.CATS}.png"
    rng = torch.Generator().manual_seed(0)
    coarse = torch.rand((1, 3, 8, 10), generator=rng)
    pixels = (255 * interpolate(coarse, (300, 400), mode="bilinear")[0].permute(1, 2, 0)).byte().numpy()
    Image.fromarray(pixels).save(path)
    return path


def test_tokens_are_those_of_transformers(cats, tmp_path):
    torch.manual_seed(0)
    config = DINOv3ConvNextConfig(hidden_sizes=[8, 16, 24, 32], depths=[2, 1, 3, 1], layer_scale_init_value=0.5)
    model = DINOv3ConvNextModel(config).eval()
    torch.nn.init.normal_(model.layer_norm.weight)
    torch.nn.init.normal_(model.layer_norm.bias)
    model.save_pretrained(tmp_path)
    found, _ = known.tokens(tmp_path, cats)
    pixels = torch.from_numpy(np.asarray(Image.open(cats)).copy()).permute(2, 0, 1)[None] / 255
    x = imagenet_normalise(2 * interpolate(pixels, (224, 224), mode="bilinear", antialias=True) - 1)
    with torch.no_grad():
        wanted = model(x)
    assert torch.allclose(found[0], wanted.pooler_output[0], atol=1e-4)
    assert torch.allclose(found[1], wanted.last_hidden_state[0, 1], atol=1e-4)
    assert not torch.allclose(found[0], found[1], atol=1e-2)


def test_random_weights_have_not_the_published_values(cats, tmp_path):
    torch.save(official(*SIZES["tiny"]).state_dict(), tmp_path / "net.pth")
    answer = known.dinov3_answer(tmp_path / "net.pth", cats)
    assert not answer.holds
    assert "published [[-6.37" in answer.words
    found, _ = known.tokens(tmp_path / "net.pth", cats)
    own = {"tiny": found[:, :5].tolist()}
    assert known.dinov3_answer(tmp_path / "net.pth", cats, own).holds
    own["tiny"][1][4] += 2 * known.NEAR
    assert not known.dinov3_answer(tmp_path / "net.pth", cats, own).holds
    torch.save(official().state_dict(), tmp_path / "small.pth")
    assert "of no published size" in known.dinov3_answer(tmp_path / "small.pth", cats).words


def test_a_linear_filter_is_as_good_as_theory_says():
    """Gaussian points with a spectrum: the loss of the filter is the expected one, in closed form for white points."""
    rng = torch.Generator().manual_seed(0)
    white = 0.7 * torch.randn((200, 1, 8, 8), generator=rng)
    share, power = 0.8, 0.49
    noise = (1 - share) / share
    assert known.linear_loss(white, share) == pytest.approx(power * noise / (power + noise) / (1 - share), rel=0.02)


def test_a_trained_prior_denoises_and_a_random_one_does_not():
    world = embedded_world(417, 400, "time")
    points = load_animals()[1].images[:12]
    assert known.denoising_answer(world, points, "animals").holds
    for wrong in (
        {"prediction": "epsilon"},
        {"denoiser": lambda x, time: world.denoiser(x, 999 - time)},
        {"denoiser": lambda x, time: world.denoiser((x + 1) / 2, time)},
    ):
        assert not known.denoising_answer(replace(world, **wrong), points, "wrong").holds, wrong
    torch.manual_seed(0)
    random = replace(world, denoiser=UNet().eval().requires_grad_(False))
    assert not known.denoising_answer(random, points, "random").holds


def test_a_random_prior_of_a_folder_does_not_denoise(tmp_path):
    prior = load_prior(save_pixels(tmp_path))
    world = prior.world(lambda x: x.mean((1, 2, 3)), SamplerOptions())
    points = load_animals()[1].images[:16].expand(-1, 3, -1, -1)
    assert not known.denoising_answer(world, points, "random").holds


def test_a_trained_transcoder_explains_and_a_random_one_does_not(tmp_path):
    transcoder, hook = load_transcoder()
    backbone, images = load_classifier().backbone(hook), load_animals()[1].images[:64]

    def activations(x):
        y = backbone(x)
        return y, y

    assert known.explained_answer(transcoder, activations, [images]).holds
    assert not known.explained_answer(Transcoder(transcoder.spec, 1), activations, [images]).holds
    torch.save(official().state_dict(), tmp_path / "net.pth")
    save_published(tmp_path / "t", publish(Transcoder(TranscoderSpec(16, 32, 3, "topk", 4), 0), "stages.1.0"))
    colours = images[:4].expand(-1, 3, -1, -1)
    assert not known.transcoder_answer(tmp_path / "t", tmp_path / "net.pth", [colours]).holds


def test_a_random_autoencoder_gives_nothing_back(tmp_path):
    latents = load_prior(save_latents(tmp_path)).latents
    pictures = load_animals()[1].images[:4].expand(-1, 3, -1, -1)
    assert not known.autoencoder_answer(latents, pictures).holds

    class Same:
        encode = decode = staticmethod(lambda x: x)

    assert known.autoencoder_answer(Same, pictures).holds


def test_tests_without_files_are_skipped_with_what_they_want(monkeypatch, tmp_path):
    monkeypatch.setenv("ADM", str(tmp_path))
    monkeypatch.setenv("IMAGES", "")  # as make hands on what is not given
    monkeypatch.delenv("PRIOR", raising=False)
    assert known.given("ADM") == [tmp_path]
    with pytest.raises(pytest.skip.Exception, match=r"^needs PRIOR=PATH, IMAGES=PATH$"):
        known.given("PRIOR", "ADM", "IMAGES")


def test_the_target_asks_for_a_path():
    done = subprocess.run(["make", "-n", "test-weights"], cwd=ROOT, capture_output=True, text=True)
    recipe = done.stdout
    names = set(re.findall(r"\b([A-Z0-9]+)=", recipe))
    assert {"DINOV3", "ADM", "TRANSCODER", "IMAGES", "PRIOR", "CATS", "LABEL", "DEVICE"} <= names
    assert "-m weights" in recipe
    assert "not weights" in subprocess.run(["make", "-n", "test"], cwd=ROOT, capture_output=True, text=True).stdout
