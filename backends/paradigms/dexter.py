"""DEXTER: a hard prompt, searched with straight-through Gumbel samples of its words.

Each place of the prompt has a logit for every word. A sample takes the word with the largest logit plus Gumbel noise;
backwards it counts as the softmax of the same numbers,

    word = argmax(logits + noise),    d word = d softmax((logits + noise)/temperature),

so that the gradient, which passes through the whole sampler, moves the logits. Many prompts are seen on the way: the
best of them on the search's noises are tried on others at the end.

References: Carnemolla et al. 2025; Jang et al. 2017, Bengio et al. 2013 (straight through). `PUBLISHED` has the
published settings (6 words, AdamW 0.1, temperature 1, 1000 iterations, 4 reverse steps, guidance 1, one fixed noise)
for a distilled Stable Diffusion. There the logits come from a language model with a soft prompt, and a loss of that
model is added; here they are free, since the embedded prior has no language model.
"""

from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor

from distributional_view.backends.paradigms.prompts import (
    OWN,
    STARTS,
    PromptFound,
    Prompting,
    Sampling,
    Trial,
    Words,
    chosen,
)
from distributional_view.backends.training import step_generator
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress
from distributional_view.theory.seeds import part_seed

NAME = "DEXTER"
_LEAN = 2.0  # by which the first start prefers the best single word at its first place


@dataclass(frozen=True)
class GumbelSettings:
    """How the words are searched.

    Args:
        sampling: of the pictures that the search sees.
        words: of the prompt, >= 1.
        iterations: of each start, >= 1.
        learning_rate: of AdamW, > 0.
        temperature: of the softmax, > 0.
        starts: >= 1; the first leans to the best single word at its first place, the others to nothing.
        kept: prompts of a start that are tried on other noises, >= 1.
        prefix: a text before the words.
        tried: most single words that are tried, at random; None: all.

    Raises:
        ValueError: for numbers out of range.
    """

    sampling: Sampling
    words: int
    iterations: int
    learning_rate: float = 0.1
    temperature: float = 1.0
    starts: int = 1
    kept: int = 1
    prefix: str = ""
    tried: int | None = None

    def __post_init__(self) -> None:
        for name in ("words", "iterations", "starts", "kept"):
            require(getattr(self, name) >= 1, name, getattr(self, name), ">= 1")
        for name in ("learning_rate", "temperature"):
            require(getattr(self, name) > 0, name, getattr(self, name), "> 0")
        require(self.tried is None or self.tried >= 1, "tried", self.tried, ">= 1 or None")

    @property
    def length(self) -> int:
        """Of the prompt."""
        return self.words


PUBLISHED = GumbelSettings(Sampling(4, 1.0, 1), 6, 1000, prefix="a picture of a", tried=1000)
SMALL = GumbelSettings(Sampling(8, 1.0, 8), 3, 100, starts=2, kept=4)


def gumbel(shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
    """Standard Gumbel noise, -log(-log(uniform))."""
    return -torch.log(-torch.log(torch.rand(shape, generator=rng, dtype=torch.float64).clamp(1e-12, 1 - 1e-12)))


def straight_through(
    logits: Float[Tensor, "length words"], noise: Float[Tensor, "length words"], temperature: float
) -> Float[Tensor, "length words"]:
    """One row of zeros and a one a place, at the largest of logits plus noise; its gradient is the softmax's.

    Args:
        logits: of the words.
        noise: Gumbel noise, so that a word has the chance of its softmax at temperature 1; or none.
        temperature: of the softmax that the gradient is of, > 0.
    """
    soft = ((logits + noise.to(logits)) / temperature).softmax(1)
    hard = torch.zeros_like(soft).scatter(1, soft.argmax(1, keepdim=True), 1.0)
    return soft + (hard - soft).detach()


@dataclass(frozen=True, kw_only=True, eq=False)
class Dexter(Prompting):
    """A hard prompt by straight-through Gumbel; the knob is the guidance.

    Paper: (20)-(22), Table 1.

    Args:
        settings: see `GumbelSettings`.
    """

    settings: GumbelSettings

    def explored(self, trial: Trial, single: int, progress: Progress) -> PromptFound:
        """Move the logits from each start; choose from the ends, the best prompts seen and the best single word."""
        s = self.settings
        seen: list[Words] = []
        for start in range(s.starts):
            logits = torch.zeros(s.words, len(self.prior.vocabulary), dtype=trial.before.dtype)
            logits[0, single] = _LEAN if start == 0 else 0.0
            seen += searched(trial, logits, s, start, partial(_in_all, progress, start, s.starts))
        distinct = [*dict.fromkeys([*seen, (single,)])]
        return chosen(trial, [trial.vectors(words) for words in distinct], single)


def _in_all(progress: Progress, start: int, starts: int, what: str, done: int, total: int) -> None:
    progress(what, start * total + done, starts * total)


def searched(
    trial: Trial, start: Float[Tensor, "length words"], settings: GumbelSettings, place: int, progress: Progress
) -> list[Words]:
    """The last prompt of a search, and the best of those seen on its noises.

    Args:
        trial: supplies the mean and its gradient.
        start: logits.
        settings: how long, how fast, how soft.
        place: of the start among the starts.
        progress: called after each iteration.
    """
    device = trial.prior.world.device
    logits = start.detach().clone().to(device).requires_grad_()
    adam = torch.optim.AdamW([logits], lr=settings.learning_rate)
    table = trial.vectors(tuple(range(logits.shape[1])))[0]
    seed, seen = part_seed(trial.seed, STARTS, place), dict[Words, float]()
    for done in range(settings.iterations):
        adam.zero_grad()
        noise = gumbel(tuple(logits.shape), step_generator(seed, done))
        words = straight_through(logits, noise, settings.temperature)
        mean = trial.graded((words @ table)[None], OWN)
        (-mean).backward()
        adam.step()
        seen[as_words(words.argmax(1))] = float(mean.detach())
        progress("optimising the hard prompt", done + 1, settings.iterations)
    best = sorted(seen, key=lambda words: -seen[words])[: settings.kept]
    return [as_words(logits.argmax(1)), *best]


def as_words(places: Int[Tensor, " length"]) -> Words:
    """Places in the vocabulary as numbers."""
    return tuple(int(place) for place in places)
