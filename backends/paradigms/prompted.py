"""A prior that takes prompts, and what a prompt makes of it: the world of p(x | c).

A prompt is a row of words, which become vectors, which become a condition of the network. An optimised prompt enters
as vectors (a soft prompt) or as words (a hard one). Guidance without a classifier moves the prediction from that of
the empty prompt past that of the prompt,

    prediction = empty + guidance (prompted - empty),

so that guidance 0 is the prior itself, 1 the prompt, and more exaggerates it.

Paper: (20)-(22).

References: Ho and Salimans 2022 (guidance without a classifier).
"""

import math
from dataclasses import dataclass, fields, replace
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.theory.errors import require
from distributional_view.theory.samplers.schedule import Row


@runtime_checkable
class PromptedPrior(Protocol):
    """A diffusion prior conditioned on prompts, with the score of a feature."""

    @property
    def world(self) -> TorchWorld:
        """The prior of the empty prompt: points, noise, schedule, kind of prediction, and the score of points.

        Points may be latents: its score then decodes them.
        """
        ...

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The words that a prompt may have, without marks that the encoder adds by itself (begin, end, padding)."""
        ...

    @property
    def longest(self) -> int:
        """Most words of a prompt, marks not counted."""
        ...

    def tokenized(self, text: str) -> Int[Tensor, "1 length"]:
        """The words of a text, as places in the vocabulary; no word for an empty text.

        Raises:
            ValueError: for a word that is not known, or too many words.
        """
        ...

    def embed(self, words: Int[Tensor, "n length"]) -> Float[Tensor, "n length d"]:
        """The vectors of words, before anything that depends on their place."""
        ...

    def encode(
        self, vectors: Float[Tensor, "n length d"], there: Bool[Tensor, "n length"] | None = None
    ) -> Float[Tensor, "n ..."]:
        """The condition of prompts given as vectors, differentiable; of no vectors that of the empty prompt.

        Args:
            vectors: from `embed`, or optimised.
            there: which of them count; None: all.
        """
        ...

    def predict(self, x_t: Tensor, time: Tensor, condition: Float[Tensor, "n ..."]) -> Tensor:
        """The network's prediction, of the world's kind, differentiable in all; a condition for each point."""
        ...

    def decode(self, x: Tensor) -> Float[Tensor, "n c h w"]:
        """Points as pictures in [-1, 1]."""
        ...


def require_prompt(prior: PromptedPrior, length: int) -> None:
    """Raise `ValueError` unless the prior takes prompts of so many words."""
    require(len(prior.vocabulary) > 0, "vocabulary", prior.vocabulary, "at least one word")
    require(0 <= length <= prior.longest, "words of the prompt", length, f"in [0, {prior.longest}], what is encoded")


def empty_condition(prior: PromptedPrior) -> Float[Tensor, "1 ..."]:
    """The condition of the empty prompt."""
    none = torch.zeros(1, 0, dtype=torch.long, device=prior.world.device)
    return prior.encode(prior.embed(none))


@dataclass(frozen=True, eq=False)
class TracedWorld(TorchWorld):
    """A world whose denoised estimates and scores keep their graph: `unguided` on it is differentiable as a whole.

    With `recompute` only the points between the steps stay in memory. Its score is left to psi.
    """

    def denoise(self, x_t: Tensor, row: Row) -> Tensor:
        """x0_hat, with its gradient. Paper: Algorithm 1. Its line 2."""
        return torch.cat([self._x0_hat(part, row) for part in self._parts(x_t)])

    def score(self, x: Tensor) -> Tensor:
        """psi, with its gradient."""
        return torch.cat([self._psi(part, "clean points") for part in self._parts(x)])


def of_prompt(prior: PromptedPrior, condition: Float[Tensor, "n ..."], guidance: float) -> TorchWorld:
    """The world of one prompt: its prior, p(x | c) with guidance, takes the place of p; the score stays.

    One evaluation of the network a point with guidance 0 or 1, two with any other.

    Args:
        prior: the network and the score.
        condition: from `encode`.
        guidance: >= 0; 0 is the empty prompt, 1 the prompt.

    Raises:
        ValueError: for a guidance that is negative or not finite, or another number of conditions than one.
    """
    require(math.isfinite(guidance) and guidance >= 0, "guidance", guidance, "finite and >= 0")
    require(len(condition) == 1, "number of conditions", len(condition), "1, for all points")
    empty = empty_condition(prior)

    def predicted(x_t: Tensor, time: Tensor) -> Tensor:
        def given(one: Tensor) -> Tensor:
            return prior.predict(x_t, time, one.expand(len(x_t), *one.shape[1:]))

        if guidance == 0:
            return given(empty)
        if guidance == 1:
            return given(condition)
        without = given(empty)
        return without + guidance * (given(condition) - without)

    return replace(prior.world, denoiser=predicted, prior=None)


def traced(world: TorchWorld) -> TracedWorld:
    """The same world, with gradients, recomputed in the backward pass."""
    same = {field.name: getattr(world, field.name) for field in fields(TorchWorld)}
    return TracedWorld(**(same | {"recompute": True}))
