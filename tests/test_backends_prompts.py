"""Priors that take prompts: their worlds, and gradients through the whole sampler."""

from dataclasses import replace

import pytest
import torch

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.embedded.prompted import EmbeddedPrior, embedded_prior
from distributional_view.backends.embedded.unet import UNet
from distributional_view.backends.fit import build
from distributional_view.backends.paradigms.prompted import (
    PromptedPrior,
    empty_condition,
    of_prompt,
    require_prompt,
    traced,
)
from distributional_view.theory.samplers.energy_dps import unguided
from distributional_view.theory.samplers.schedule import NoiseSchedule

WORDS = ("round", "flat", "old")


def tiny(steps=3, words=WORDS, dtype=torch.float64):
    """A random U-Net of 8 channels on 8 x 8 points, whose score is a wave of the picture."""

    def made():
        network = UNet((8, 8), words=len(words))
        for value in network.parameters():
            torch.nn.init.normal_(value, std=0.2)
        return network

    network = build(made, 0).to(dtype).eval().requires_grad_(False)
    wave = torch.linspace(-2, 3, 64, dtype=dtype).reshape(1, 8, 8)
    schedule = NoiseSchedule.cosine(100).until(1e-2).spaced(steps, "log-SNR")
    world = TorchWorld(
        network,
        lambda x: (x * wave).tanh().sum((1, 2, 3)),
        schedule,
        (1, 8, 8),
        "v",
        dtype=dtype,
        fractional=True,
    )
    return EmbeddedPrior(world, network, words)


def condition_of(prior, *words):
    return prior.encode(prior.embed(torch.tensor([words])))


def test_guidance_goes_from_the_empty_prompt_through_the_prompt():
    prior = tiny()
    assert isinstance(prior, PromptedPrior)
    one, noise = condition_of(prior, 0, 2), prior.world.noise(0, 2)
    plain = unguided(prior.world, noise)
    assert torch.equal(unguided(of_prompt(prior, one, 0.0), noise), plain)
    assert torch.equal(unguided(of_prompt(prior, empty_condition(prior), 3.0), noise), plain)
    told = of_prompt(prior, one, 1.0)
    assert not torch.allclose(unguided(told, noise), plain, atol=1e-3)
    x, time = noise(3), torch.tensor([7.5, 7.5], dtype=torch.float64)
    by_hand = prior.network(x, time) + 2.5 * (prior.network(x, time, one.expand(2, -1)) - prior.network(x, time))
    assert torch.allclose(of_prompt(prior, one, 2.5).denoiser(x, time), by_hand)
    assert torch.equal(told.sample_prior(0, 2), unguided(told, noise))


def test_the_gradient_passes_through_the_whole_sampler():
    """Against finite differences, in every direction tried; clipping and batches change nothing of it."""
    prior = tiny()
    vectors = prior.embed(torch.tensor([[1, 2]])).requires_grad_()
    noise = prior.world.noise(0, 3)

    def value(at, recompute=True, batch=None):
        world = traced(replace(of_prompt(prior, prior.encode(at), 2.0), batch=batch))
        world = replace(world, recompute=recompute)
        return world.score(unguided(world, noise, solver="2M-SDE")).mean()

    (gradient,) = torch.autograd.grad(value(vectors), vectors)
    assert gradient.abs().max() > 1e-3
    for recompute, batch in ((False, None), (True, 2)):
        (other,) = torch.autograd.grad(value(vectors, recompute, batch), vectors)
        assert torch.allclose(other, gradient, rtol=1e-9, atol=1e-12)
    for seed in range(3):
        way = torch.randn(vectors.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        with torch.no_grad():
            rise = (value(vectors + 1e-5 * way) - value(vectors - 1e-5 * way)) / 2e-5
        assert float(rise) == pytest.approx(float((gradient * way).sum()), rel=1e-6)


def test_the_worlds_own_denoiser_keeps_no_graph():
    prior = tiny()
    one = condition_of(prior, 0).requires_grad_()
    assert not unguided(of_prompt(prior, one, 1.0), prior.world.noise(0, 1)).requires_grad


def test_bad_prompts_are_refused():
    prior = tiny()
    one = condition_of(prior, 0)
    for guidance in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"guidance = .*: must be finite and >= 0"):
            of_prompt(prior, one, guidance)
    with pytest.raises(ValueError, match="number of conditions = 2: must be 1"):
        of_prompt(prior, one.expand(2, -1), 1.0)
    with pytest.raises(ValueError, match=r"number of words = 2: must be the network's, 3"):
        EmbeddedPrior(prior.world, prior.network, WORDS[:2])
    with pytest.raises(ValueError, match=r"number of words = 0: must be the network's, 0"):
        EmbeddedPrior(prior.world, UNet((8, 8)), ())
    with pytest.raises(ValueError, match=r"words of the prompt = 11: must be in \[0, 10\]"):
        require_prompt(prior, 11)
    with pytest.raises(ValueError, match="words of the prompt = 11: must be <= 10"):
        prior.encode(torch.zeros(1, 11, 64, dtype=torch.float64))


def test_the_trained_prior_takes_its_words():
    prior = embedded_prior(482, 8, "time")
    assert isinstance(prior, PromptedPrior)
    cow, noise = prior.encode(prior.embed(prior.tokenized("cow"))), prior.world.noise(0, 8)
    scores = [float(prior.world.score(unguided(of_prompt(prior, cow, g), noise)).mean()) for g in (0.0, 1.0, 3.0)]
    assert scores[0] + 0.5 < scores[1] < scores[2]
    assert prior.decode(noise(0)).shape == (8, 1, 32, 32)
