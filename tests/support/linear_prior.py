"""A prior with prompts that can be solved by hand: its picture is the sum of the words' vectors, plus some noise."""

from dataclasses import dataclass, field

import torch

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.theory.samplers.schedule import NoiseSchedule

WORDS = {"up": (0.0, 1.0), "down": (0.0, -1.0), "left": (-1.0, 0.0), "right": (1.0, 0.2), "near": (0.1, 0.3)}


def linear(x):
    """3 x + y."""
    return 3 * x[:, 0, 0, 0] + x[:, 1, 0, 0]


def world_of(psi, steps=4):
    return TorchWorld(
        lambda x, t: 0.1 * x,
        psi,
        NoiseSchedule.linear(100, last=0.2).strided(steps),
        (2, 1, 1),
        "sample",
        dtype=torch.float64,
    )


@dataclass(frozen=True, eq=False)
class LinearPrior:
    """With guidance g the mean of a linear score is g times its value at the sum of vectors, but for the noise."""

    world: TorchWorld = field(default_factory=lambda: world_of(linear))
    words: dict = field(default_factory=lambda: dict(WORDS))
    longest: int = 6

    @property
    def vocabulary(self):
        return tuple(self.words)

    def tokenized(self, text):
        return torch.tensor([[self.vocabulary.index(word) for word in text.split()]], dtype=torch.long).reshape(1, -1)

    def embed(self, words):
        return torch.tensor([self.words[w] for w in self.vocabulary], dtype=torch.float64).reshape(-1, 2)[words]

    def encode(self, vectors, there=None):
        return vectors.sum(1)

    def predict(self, x_t, time, condition):
        return 0.1 * x_t + condition[:, :, None, None]

    def decode(self, x):
        return x
