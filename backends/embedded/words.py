"""The words of the embedded pictures: their class, and four attributes that are measured from the picture.

A caption has one word of each kind. Size is the share of pixels that the animal covers; brightness its mean grey value;
outline its perimeter against that of a disc of equal area; texture the mean step between neighbouring pixels inside it.
Each attribute has three words, cut at the thirds of the training pictures, so that each word names as many pictures.
"""

from functools import cache
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from distributional_view.backends.embedded.animals import CLASSES, load_animals
from distributional_view.theory.errors import require

ATTRIBUTES = {
    "size": ("small", "middle-sized", "large"),
    "brightness": ("dark", "grey", "bright"),
    "outline": ("compact", "limbed", "branched"),
    "texture": ("flat", "shaded", "patterned"),
}
VOCABULARY: tuple[str, ...] = (*CLASSES, *(word for words in ATTRIBUTES.values() for word in words))
LENGTH = 1 + len(ATTRIBUTES)
"""Words of a caption."""
EMPTY = -1
"""In a row of word numbers: no word."""
_BLACK = -0.9  # a pixel above it belongs to the animal


class Attributes(NamedTuple):
    """What the words are cut from, of each picture: share of the area, grey value, outline, texture."""

    size: Float[Tensor, " n"]
    brightness: Float[Tensor, " n"]
    outline: Float[Tensor, " n"]
    texture: Float[Tensor, " n"]


def _steps(x: Tensor) -> tuple[Tensor, Tensor]:
    """Differences of neighbours along columns and rows."""
    return x[:, 1:] - x[:, :-1], x[:, :, 1:] - x[:, :, :-1]


def attributes(images: Float[Tensor, "n 1 h w"]) -> Attributes:
    """The four numbers of each picture in [-1, 1]; a black picture has brightness -1, outline 0 and texture 0."""
    grey = images[:, 0]
    inside = grey > _BLACK
    area = inside.sum((1, 2)).clamp(min=1)
    edges = sum(step.abs().sum((1, 2)) for step in _steps(inside.to(grey.dtype)))
    within = [a.logical_and(b) for a, b in ((inside[:, 1:], inside[:, :-1]), (inside[:, :, 1:], inside[:, :, :-1]))]
    steps = [(step.abs() * both).sum((1, 2)) for step, both in zip(_steps(grey), within, strict=True)]
    pairs = sum(both.sum((1, 2)) for both in within)
    return Attributes(
        inside.to(grey.dtype).mean((1, 2)),
        torch.where(inside.any(2).any(1), (grey * inside).sum((1, 2)) / area, torch.full_like(grey[:, 0, 0], -1.0)),
        edges / (4 * torch.pi * area) ** 0.5,
        sum(steps) / torch.as_tensor(pairs).clamp(min=1),
    )


@cache
def _thirds() -> tuple[tuple[float, float], ...]:
    """Where each attribute is cut: the thirds of the training pictures."""
    pictures, _ = load_animals()
    at = torch.tensor([1 / 3, 2 / 3])
    return tuple((float(low), float(high)) for low, high in (a.quantile(at) for a in attributes(pictures.images)))


def captions(images: Float[Tensor, "n 1 h w"], labels: Int[Tensor, " n"]) -> Int[Tensor, "n length"]:
    """The numbers (places in `VOCABULARY`) of each picture's words: its class, then its attributes."""
    columns, first = [labels], len(CLASSES)
    for values, (low, high) in zip(attributes(images), _thirds(), strict=True):
        columns.append(first + (values > low).long() + (values > high).long())
        first += 3
    return torch.stack(columns, dim=1)


def thinned(
    words: Int[Tensor, "n length"], rng: torch.Generator, empty: float = 0.4, kept: float = 0.6
) -> Int[Tensor, "n length"]:
    """Captions as they are trained with: a share of them empty, of the others each word kept with a chance.

    Args:
        words: from `captions`.
        rng: of the draws.
        empty: share of captions without any word, in [0, 1].
        kept: chance of a word of the others, in [0, 1].
    """
    whole = torch.rand(len(words), 1, generator=rng) >= empty
    each: Bool[Tensor, "n length"] = torch.rand(words.shape, generator=rng) < kept
    return torch.where(whole & each, words, EMPTY)


def prompt_of(text: str) -> Int[Tensor, "1 length"]:
    """The numbers of the words of a text, in their order, as one row.

    Raises:
        ValueError: for a word that is not in the vocabulary, or too many words.

    Example:
        >>> prompt_of("large zebra").tolist()
        [[12, 9]]
        >>> prompt_of("").tolist()
        [[]]
    """
    said = text.split()
    for word in said:
        require(word in VOCABULARY, "word", word, f"one of {VOCABULARY}")
    require(len(said) <= 2 * LENGTH, "number of words", len(said), f"<= {2 * LENGTH}")
    return torch.tensor([[VOCABULARY.index(word) for word in said]], dtype=torch.long).reshape(1, len(said))
