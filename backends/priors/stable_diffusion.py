"""Stable Diffusion (1 and 2) from a local folder of diffusers: a prior of latents that takes prompts.

The prompt's condition is the last layer of the CLIP text encoder, as in diffusers' pipeline. Negative prompts are not
there: what guidance moves away from is the empty prompt.

References: Rombach et al. 2022, Ho and Salimans 2022.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from jaxtyping import Bool, Float, Int
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.options import SamplerOptions
from distributional_view.backends.priors.folder import Folder, UnknownPrior, read_folder
from distributional_view.backends.priors.latents import Latents, load_latents
from distributional_view.backends.priors.levels import levels
from distributional_view.backends.priors.networks import load_network
from distributional_view.backends.priors.prior import Prior
from distributional_view.backends.priors.text import ClipPrompts
from distributional_view.backends.zoo.weights import WrongWeights
from distributional_view.files import shown

CONDITIONS = ("addition_embed_type", "class_embed_type", "encoder_hid_dim_type", "time_cond_proj_dim")
"""Entries of the U-Net's configuration that ask for more than a prompt."""


@dataclass(frozen=True, eq=False)
class StableDiffusion:
    """U-Net, text encoder and autoencoder.

    Args:
        unet: a `UNet2DConditionModel`.
        text: prompts.
        latents: points to pictures.
        unconditional: all of the prior but its denoiser, which is that of the empty prompt.
    """

    unet: Any
    text: ClipPrompts
    latents: Latents
    unconditional: Prior

    def predict(self, x_t: Tensor, time: Tensor, condition: Float[Tensor, "n whole d"]) -> Tensor:
        """The U-Net's prediction, differentiable in points and conditions."""
        found: Tensor = self.unet(x_t, time, encoder_hidden_states=condition).sample
        return found

    def prior(self, prompt: str = "") -> Prior:
        """The prior of one prompt, with guidance 1: the network's own p(x | c).

        Raises:
            ValueError: for a prompt that is too long.
        """
        with torch.no_grad():
            condition = self.text.encode(self.text.embed(self.text.tokenized(prompt)))

        def denoiser(x_t: Tensor, time: Tensor) -> Tensor:
            return self.predict(x_t, time, condition.to(x_t.dtype).expand(len(x_t), -1, -1))

        said = f"the prior is that of the prompt {prompt!r}" if prompt else "the prior is that of the empty prompt"
        return replace(self.unconditional, denoiser=denoiser, said=(*self.unconditional.said, said))

    def with_score(self, psi: Callable[[Tensor], Tensor], sampler: SamplerOptions) -> "PromptedDiffusion":
        """A `backends.paradigms.prompted.PromptedPrior`: what the methods that optimise prompts take."""
        return PromptedDiffusion(self, self.prior().world(psi, sampler))


@dataclass(frozen=True, eq=False)
class PromptedDiffusion:
    """Stable Diffusion with a score, as `backends.paradigms.prompted.PromptedPrior` wants it.

    Args:
        model: networks.
        world: of the empty prompt.
    """

    model: StableDiffusion
    world: TorchWorld

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """See `ClipPrompts.vocabulary`."""
        return self.model.text.vocabulary

    @property
    def longest(self) -> int:
        """Most words of a prompt: 75."""
        return self.model.text.longest

    def tokenized(self, text: str) -> Int[Tensor, "1 length"]:
        """See `ClipPrompts.tokenized`."""
        return self.model.text.tokenized(text)

    def embed(self, words: Int[Tensor, "n length"]) -> Float[Tensor, "n length d"]:
        """See `ClipPrompts.embed`."""
        return self.model.text.embed(words)

    def encode(
        self, vectors: Float[Tensor, "n length d"], there: Bool[Tensor, "n length"] | None = None
    ) -> Float[Tensor, "n whole d"]:
        """See `ClipPrompts.encode`."""
        return self.model.text.encode(vectors, there)

    def predict(self, x_t: Tensor, time: Tensor, condition: Float[Tensor, "n whole d"]) -> Tensor:
        """See `StableDiffusion.predict`."""
        return self.model.predict(x_t, time, condition)

    def decode(self, x: Tensor) -> Float[Tensor, "n c h w"]:
        """The pictures of latents, in [-1, 1], differentiable."""
        return self.model.latents.decode(x)


def load_stable_diffusion(path: Path, device: str | torch.device = "cpu") -> StableDiffusion:
    """Stable Diffusion from a local folder; nothing is downloaded, and no code or safety checker in it is run.

    Raises:
        MissingWeights: if a part is not there.
        WrongWeights: if a part is damaged, or does not fit the others.
        UnknownPrior: for other networks, such as Stable Diffusion XL or distilled ones.
    """
    folder = read_folder(path)
    for name, kind in (
        ("unet", "UNet2DConditionModel"),
        ("text_encoder", "CLIPTextModel"),
        ("tokenizer", "CLIPTokenizer"),
    ):
        if folder.part(name).kind != kind:
            raise UnknownPrior(f"{shown(path)}: {name} is a {folder.part(name).kind}, must be a {kind}")
    folder.part("vae")
    config = folder.part("unet").config()
    more = [name for name in CONDITIONS if config.get(name) is not None]
    if more or "text_encoder_2" in folder.parts:
        raise UnknownPrior(
            f"{shown(path)}: the network takes more than one prompt's vectors ({', '.join(more) or 'text_encoder_2'}), "
            "as Stable Diffusion XL and distilled networks do; known: Stable Diffusion 1 and 2"
        )
    unet = load_network(folder.part("unet"), UNet2DConditionModel, device)
    text = ClipPrompts(_tokenizer(folder), load_network(folder.part("text_encoder"), CLIPTextModel, device))
    width, wanted = text.encoder.config.hidden_size, unet.config.cross_attention_dim
    if width != wanted:
        raise WrongWeights(f"{shown(path)}: vectors of the text encoder have {width} numbers, the U-Net takes {wanted}")
    found = levels(folder.part("scheduler"))
    decoder = load_latents(folder, unet.config.in_channels, device)
    assert decoder is not None
    if unet.config.sample_size is None:
        raise WrongWeights(f"{shown(path)}: the size of the latents (sample_size) stands nowhere")
    side = unet.config.sample_size
    height, width = side if isinstance(side, (list, tuple)) else (side, side)
    prior = Prior(
        _undecided,
        found.schedule,
        (unet.config.in_channels, height, width),
        found.prediction,
        found.clip,
        decoder[1],
        _files(folder, decoder[0]),
        found.said,
    )
    return StableDiffusion(unet, text.to(device), decoder[1], prior)


def _undecided(x_t: Tensor, time: Tensor) -> Tensor:
    raise NotImplementedError("the denoiser of a prompt is given by `StableDiffusion.prior`")


def _files(folder: Folder, decoder: str) -> Mapping[str, Path]:
    found = folder.files(("unet", "text_encoder", "scheduler", decoder))
    texts = sorted(p for p in folder.part("tokenizer").folder.iterdir() if p.suffix in (".json", ".txt"))
    return found | {f"tokenizer/{p.name}": p for p in texts}


def _tokenizer(folder: Folder) -> Any:
    """The tokenizer.

    Raises:
        WrongWeights: if it cannot be read.
    """
    part = folder.part("tokenizer")
    try:
        found = CLIPTokenizer.from_pretrained(str(part.folder), local_files_only=True)
    except Exception as error:  # the library raises nearly every type that there is
        raise WrongWeights(f"{shown(part.folder)}: no tokenizer can be read: {error}") from error
    if len(found.get_vocab()) < 3:
        raise WrongWeights(f"{shown(part.folder)}: the tokenizer has no words: vocab.json and merges.txt are missing")
    return found
