"""Stable Diffusion from a folder against diffusers' own pipeline: same noise, same prompt, same steps."""

import json

import pytest
import torch
from diffusers import DDPMScheduler, StableDiffusionPipeline

from distributional_view.backends.options import SamplerOptions
from distributional_view.backends.paradigms.prompted import PromptedPrior, of_prompt, require_prompt
from distributional_view.backends.priors.folder import UnknownPrior
from distributional_view.backends.priors.load import load_prior
from distributional_view.backends.priors.stable_diffusion import load_stable_diffusion
from distributional_view.backends.zoo.weights import MissingWeights, WrongWeights
from distributional_view.theory.samplers.energy_dps import unguided
from distributional_view.theory.samplers.schedule import each
from tests.support.tiny_priors import LETTERS, save_text

torch.set_num_threads(1)
SHAPE = (2, 4, 8, 8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_text(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def model(folder):
    return load_stable_diffusion(folder)


@pytest.fixture(scope="module")
def pipeline(folder):
    found = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
    found.set_progress_bar_config(disable=True)
    return found


def mean_of(pictures):
    return pictures.mean((1, 2, 3))


def scored(model, steps=5):
    return model.with_score(mean_of, SamplerOptions(steps=steps, spacing="time"))


def draw(seed, shape=SHAPE):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_it_is_a_prior_that_takes_prompts(model):
    prior = scored(model)
    assert isinstance(prior, PromptedPrior)
    require_prompt(prior, 75)
    assert prior.longest == 75
    assert len(prior.vocabulary) == 2 * len(LETTERS) + 4
    assert [prior.vocabulary[i] for i in prior.tokenized("Cat dog")[0]] == ["cat</w>", "dog</w>"]
    assert prior.tokenized("").shape == (1, 0)


@pytest.mark.parametrize("prompt", ["", "cat", "a dog on a cat", "x " * 75])
def test_a_prompt_is_encoded_as_the_pipeline_does(prompt, model, pipeline):
    wanted, _ = pipeline.encode_prompt(prompt, "cpu", 1, False)
    found = model.text.encode(model.text.embed(model.text.tokenized(prompt)))
    assert torch.allclose(found, wanted, atol=1e-5)
    assert found.shape == (1, 77, 16)


def test_words_that_do_not_count_are_left_out(model):
    text = model.text
    both = torch.cat([text.tokenized("cat a dog b"), text.tokenized("x cat dog y")])
    there = torch.tensor([[True, False, True, False], [False, True, True, False]])
    found = text.encode(text.embed(both), there)
    wanted = text.encode(text.embed(text.tokenized("cat dog")))
    assert torch.allclose(found, wanted.expand(2, -1, -1), atol=1e-5)
    assert not torch.allclose(found[:1], text.encode(text.embed(text.tokenized("dog cat"))), atol=1e-3)
    none = text.encode(text.embed(both), torch.zeros_like(there))
    assert torch.allclose(none[0], text.encode(text.embed(text.tokenized("")))[0], atol=1e-5)


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_samples_are_those_of_the_pipeline(guidance, model, pipeline):
    """Its DDPM, ending at the noisiest level, is the chain of `unguided`; its noises are replayed here."""
    steps, prompt = 5, "a cat"
    pipeline.scheduler = DDPMScheduler.from_config(pipeline.scheduler.config, timestep_spacing="trailing")
    wanted = pipeline(
        [prompt] * SHAPE[0],
        num_inference_steps=steps,
        guidance_scale=guidance,
        latents=draw(0),
        generator=torch.Generator().manual_seed(1),
        output_type="latent",
    ).images
    prior = scored(model, steps)
    rng = torch.Generator().manual_seed(1)
    later = [torch.randn(SHAPE, generator=rng) for _ in range(steps - 1)]
    noises = {
        steps: draw(0),
        0: torch.zeros(SHAPE),
        **{i: z for i, z in zip(range(steps - 1, 0, -1), later, strict=True)},
    }
    assert prior.world.schedule.rows.time.tolist() == pipeline.scheduler.timesteps.tolist()
    world = of_prompt(prior, prior.encode(prior.embed(prior.tokenized(prompt))), guidance)
    found = unguided(world, lambda index: noises[int(index)])
    assert wanted.std() > 0.5
    assert torch.allclose(found, wanted, atol=1e-4 * float(wanted.abs().max()))
    other = unguided(
        of_prompt(prior, prior.encode(prior.embed(prior.tokenized("dog"))), guidance), lambda i: noises[int(i)]
    )
    assert not torch.allclose(other, wanted, atol=0.01 * float(wanted.abs().max()))
    with torch.no_grad():
        config = pipeline.vae.config
        picture = pipeline.vae.decode(0.01 * wanted / config.scaling_factor + config.shift_factor).sample.clamp(-1, 1)
        assert torch.allclose(prior.decode(0.01 * wanted), picture, atol=1e-4)


def test_deterministic_steps_are_those_of_ddim(model, pipeline):
    from diffusers import DDIMScheduler

    steps, prompt = 4, "dog"
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config, timestep_spacing="trailing")
    wanted = pipeline(
        [prompt] * SHAPE[0], num_inference_steps=steps, guidance_scale=1.0, latents=draw(0), output_type="latent"
    ).images
    world = model.prior(prompt).world(mean_of, SamplerOptions(steps=steps, spacing="time"))
    x, ends = draw(0), [*world.schedule.alpha_bar[:-1][::-1]]
    for row, before in zip(each(world.schedule.rows), ends, strict=True):
        x0_hat = world.denoise(x, row)
        noise = (x - row.signal * x0_hat) / row.noise_variance**0.5
        x = before**0.5 * x0_hat + (1 - before) ** 0.5 * noise
    assert torch.allclose(x, wanted, atol=1e-4 * float(wanted.abs().max()))


def test_soft_prompts_have_a_gradient(model):
    prior = scored(model)
    vectors = prior.embed(prior.tokenized("cat dog")).detach().double().requires_grad_()
    model.text.double()
    model.unet.double()
    try:
        x, time, direction = draw(1).double(), torch.tensor([300, 300]), draw(2, vectors.shape).double()

        def loss(soft):
            return prior.predict(x, time, prior.encode(soft).expand(2, -1, -1)).square().mean()

        (gradient,) = torch.autograd.grad(loss(vectors), vectors)
        slope = (loss(vectors + 1e-6 * direction) - loss(vectors - 1e-6 * direction)).detach() / 2e-6
        assert float((gradient * direction).sum()) == pytest.approx(float(slope), rel=1e-4)
        assert abs(float(slope)) > 1e-6
    finally:
        model.text.float()
        model.unet.float()


def test_the_folder_is_a_prior_of_its_empty_prompt(folder, model):
    x, time = draw(0), torch.tensor([100, 100])
    plain, cat = load_prior(folder), load_prior(folder, label="cat")
    assert plain.said == ("the prior is that of the empty prompt",)
    assert cat.said == ("the prior is that of the prompt 'cat'",)
    assert torch.allclose(plain.denoiser(x, time), scored(model).world.denoiser(x, time), atol=1e-6)
    assert not torch.allclose(plain.denoiser(x, time), cat.denoiser(x, time), atol=1e-3)
    assert {"unet", "text_encoder", "tokenizer", "vae", "scheduler"} == {name.split("/")[0] for name in plain.files}


def test_prompts_that_are_too_long(model):
    with pytest.raises(ValueError, match=r"must be at most 75 words of the encoder's vocabulary; it has 76"):
        model.prior("x " * 76)
    with pytest.raises(ValueError, match=r"words of the prompt = 76: must be in \[0, 75\]"):
        model.text.encode(torch.zeros(1, 76, 16))


def test_folders_that_are_no_stable_diffusion(tmp_path):
    folder = save_text(tmp_path)

    def changed(path, **fields):
        whole = path.read_text()
        path.write_text(json.dumps({**json.loads(whole), **fields}))
        try:
            load_prior(folder)
        finally:
            path.write_text(whole)

    with pytest.raises(UnknownPrior, match=r"addition_embed_type\), as Stable Diffusion XL"):
        changed(folder / "unet" / "config.json", addition_embed_type="text_time")
    with pytest.raises(UnknownPrior, match="text_encoder_2"):
        changed(folder / "model_index.json", text_encoder_2=["transformers", "CLIPTextModelWithProjection"])
    with pytest.raises(UnknownPrior, match="text_encoder is a T5EncoderModel, must be a CLIPTextModel"):
        changed(folder / "model_index.json", text_encoder=["transformers", "T5EncoderModel"])
    with pytest.raises(MissingWeights, match="without the part vae"):
        changed(folder / "model_index.json", vae=[None, None])
    with pytest.raises(MissingWeights, match="without the part tokenizer"):
        changed(folder / "model_index.json", tokenizer=[None, None])
    for name in ("vocab.json", "merges.txt"):
        (folder / "tokenizer" / name).unlink()
    with pytest.raises(WrongWeights, match="tokenizer"):
        load_prior(folder)
