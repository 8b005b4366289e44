"""DiffExplainer: a soft prompt, whose vectors ascend the score of the pictures that they make.

The gradient passes through the score, through every reverse step of the sampler (recomputed step by step in the
backward pass) and through the encoder of prompts. Vectors may leave the words: their norms and the nearest words are
part of what is found.

References: Pennisi et al. 2024. `PUBLISHED` has the published settings (4 vectors, 1000 iterations, 4 reverse steps),
meant for a distilled Stable Diffusion; the learning rate is not published, ours is. `SMALL` is tuned for the embedded
prior, whose 4 steps make noise.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.paradigms.prompts import OWN, STARTS, PromptFound, Prompting, Sampling, Trial, chosen
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.seeds import part_seed

NAME = "DiffExplainer"
_APART = 0.1  # noise of the first start in sds of a vector's entries: equal vectors would stay equal


@dataclass(frozen=True)
class SoftSettings:
    """How a soft prompt is searched.

    Args:
        sampling: of the pictures that the search sees.
        tokens: vectors, >= 1.
        iterations: of each start, >= 1.
        learning_rate: of Adam, > 0.
        starts: >= 1; the first is the best single word, repeated with a little noise, the others words at random.
        fixed_noise: the same noises at every iteration, or new ones.
        prefix: a text before the vectors.
        tried: most single words that are tried, at random; None: all.

    Raises:
        ValueError: for numbers out of range.
    """

    sampling: Sampling
    tokens: int
    iterations: int
    learning_rate: float
    starts: int
    fixed_noise: bool
    prefix: str = ""
    tried: int | None = None

    def __post_init__(self) -> None:
        for name in ("tokens", "iterations", "starts"):
            require(getattr(self, name) >= 1, name, getattr(self, name), ">= 1")
        require(self.learning_rate > 0, "learning_rate", self.learning_rate, "> 0")
        require(self.tried is None or self.tried >= 1, "tried", self.tried, ">= 1 or None")

    @property
    def length(self) -> int:
        """Of the prompt."""
        return self.tokens


PUBLISHED = SoftSettings(Sampling(4, 1.0, 1), 4, 1000, 0.1, 1, fixed_noise=True, prefix="a picture of a", tried=1000)
SMALL = SoftSettings(Sampling(8, 1.0, 8), 4, 100, 0.05, 3, fixed_noise=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class DiffExplainer(Prompting):
    """A soft prompt; the knob is the guidance.

    Paper: (20)-(22), Table 1.

    Args:
        settings: see `SoftSettings`.
    """

    settings: SoftSettings

    def explored(self, trial: Trial, single: int, progress: Progress) -> PromptFound:
        """Ascend from each start; choose from the ends and the best single word."""
        s = self.settings
        rng = np.random.default_rng(part_seed(self.seed, STARTS))
        random = rng.integers(len(self.prior.vocabulary), size=(s.starts - 1, s.tokens)).tolist()
        word = trial.vectors((single,))
        apart = torch.from_numpy(rng.normal(size=(1, s.tokens, word.shape[2]))).to(word)
        starts = [word + _APART * word.std() * apart, *(trial.vectors(tuple(row)) for row in random)]
        ends = [ascended(trial, at, s, i, progress) for i, at in enumerate(starts)]
        return chosen(trial, [*ends, word], single)


def ascended(
    trial: Trial, start: Float[Tensor, "1 length d"], settings: SoftSettings, place: int, progress: Progress = silent
) -> Float[Tensor, "1 length d"]:
    """The vectors at the end of an ascent by Adam.

    Args:
        trial: supplies the mean and its gradient.
        start: where it begins.
        settings: how long, how fast, and on which noises.
        place: of the start among the starts.
        progress: called after each iteration.
    """
    leaf = start.detach().clone().requires_grad_()
    adam = torch.optim.Adam([leaf], lr=settings.learning_rate)
    for done in range(settings.iterations):
        adam.zero_grad()
        part = (OWN,) if settings.fixed_noise else (OWN, place + 1, done + 1)
        (-trial.graded(leaf, *part)).backward()
        adam.step()
        total = settings.starts * settings.iterations
        progress("optimising the soft prompt", place * settings.iterations + done + 1, total)
    return leaf.detach()
