"""Known answers of real weights, where you have them: `make test-weights DINOV3=... ADM=... PRIOR=... IMAGES=...`.

A test without its files is skipped, and says which it wants.
"""

import os
from functools import cache
from pathlib import Path

import pytest
import torch

from distributional_view.backends.options import SamplerOptions
from distributional_view.backends.priors.load import load_prior
from distributional_view.backends.zoo.images import ImageBatches, image_files
from tests.support.known_answers import (
    CATS,
    autoencoder_answer,
    denoising_answer,
    dinov3_answer,
    given,
    transcoder_answer,
)

pytestmark = pytest.mark.weights
PICTURES = 32
DEVICE = os.environ.get("DEVICE") or "cpu"


def held(answer):
    print(answer.words)
    assert answer.holds, answer.words


@cache
def pictures(folder, size):
    """Some pictures of a folder, spread over it."""
    files = image_files(folder)
    return torch.cat(list(ImageBatches(files[:: max(1, len(files) // PICTURES)][:PICTURES], size, 4, 0)))


def test_dinov3_has_its_published_values():
    (path,) = given("DINOV3")
    cats = os.environ.get("CATS")
    if not cats:
        (folder,) = given("IMAGES")
        cats = next((f for f in image_files(folder) if f.stem == CATS), None)
        if cats is None:
            pytest.skip(f"needs the picture {CATS} of COCO val2017, in IMAGES or as CATS=PATH")
    held(dinov3_answer(path, Path(cats)))


def test_adm_denoises():
    path, folder = given("ADM", "IMAGES")
    prior = load_prior(path, 256, device=DEVICE)
    world = prior.world(lambda x: x.mean((1, 2, 3)), SamplerOptions(device=DEVICE, batch=1))
    held(denoising_answer(world, pictures(folder, 256), "ADM"))


def prior_of_the_user():
    path, folder = given("PRIOR", "IMAGES")
    prior = load_prior(path, 256, os.environ.get("LABEL") or None, DEVICE)
    return prior, pictures(folder, prior.pixels[1])


def test_a_prior_denoises():
    prior, seen = prior_of_the_user()
    points = seen
    if prior.latents is not None:
        points = torch.cat([prior.latents.encode(part.to(DEVICE)).cpu() for part in seen.split(1)])
    world = prior.world(lambda x: x.mean((1, 2, 3)), SamplerOptions(device=DEVICE, batch=1))
    held(denoising_answer(world, points, "prior"))


def test_an_autoencoder_gives_pictures_back():
    prior, seen = prior_of_the_user()
    if prior.latents is None:
        pytest.skip("PRIOR has no autoencoder: its points are pictures")
    held(autoencoder_answer(prior.latents, seen[:8].to(DEVICE)))


def test_a_transcoder_explains_its_activations():
    folder, backbone, images = given("TRANSCODER", "DINOV3", "IMAGES")
    seen = pictures(images, 256)
    held(transcoder_answer(folder, backbone, seen.split(4), DEVICE))
