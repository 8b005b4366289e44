"""The embedded prior as one that takes prompts: its 22 words, at most twice as many of them as a caption has."""

from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.embedded.prompt import PromptEncoder
from distributional_view.backends.embedded.unet import UNet
from distributional_view.backends.embedded.words import LENGTH, VOCABULARY, prompt_of
from distributional_view.backends.embedded.world import embedded_world
from distributional_view.theory.errors import require
from distributional_view.theory.samplers.schedule import Spacing


@dataclass(frozen=True, eq=False)
class EmbeddedPrior:
    """A U-Net with words, and the score of a feature.

    Args:
        world: whose denoiser is the U-Net.
        network: the U-Net.
        vocabulary: its words.

    Raises:
        ValueError: for a network without words, or another number of them.
    """

    world: TorchWorld
    network: UNet
    vocabulary: tuple[str, ...] = VOCABULARY
    longest = 2 * LENGTH

    def __post_init__(self) -> None:
        known = 0 if self.network.prompt is None else self.network.prompt.table.num_embeddings
        require(known == len(self.vocabulary) > 0, "number of words", len(self.vocabulary), f"the network's, {known}")

    @property
    def encoder(self) -> PromptEncoder:
        """From vectors to conditions."""
        assert self.network.prompt is not None
        return self.network.prompt

    def tokenized(self, text: str) -> Int[Tensor, "1 length"]:
        """The words of a text."""
        return prompt_of(text)

    def embed(self, words: Int[Tensor, "n length"]) -> Float[Tensor, "n length d"]:
        """The vectors of words."""
        return self.encoder.embed(words)

    def encode(
        self, vectors: Float[Tensor, "n length d"], there: Bool[Tensor, "n length"] | None = None
    ) -> Float[Tensor, "n e"]:
        """The condition; exactly zero for no words."""
        require(vectors.shape[1] <= self.longest, "words of the prompt", vectors.shape[1], f"<= {self.longest}")
        condition: Tensor = self.encoder(vectors, there)
        return condition

    def predict(self, x_t: Tensor, time: Tensor, condition: Float[Tensor, "n e"]) -> Tensor:
        """The velocity."""
        velocity: Tensor = self.network(x_t, time, condition)
        return velocity

    def decode(self, x: Tensor) -> Float[Tensor, "n c h w"]:
        """The points, which are pictures."""
        return x


def embedded_prior(feature: int, steps: int, spacing: Spacing = "log-SNR") -> EmbeddedPrior:
    """The trained prior with the activation of a feature; see `embedded_world`."""
    world = embedded_world(feature, steps, spacing)
    assert isinstance(world.denoiser, UNet)
    return EmbeddedPrior(world, world.denoiser)
