"""How far weighted pictures agree on one thing: their words, and how alike a network finds them.

    gain of a word = (share - base)/(1 - base)

is 0 where its share among the pictures is that of the data (base), and 1 where all have it, for frequent and rare words
alike. An explanation succeeds if some word, a class or an attribute, gains at least `SUCCESS`: half of what it could.
Random pictures of the data gain nothing.

Paper: Table 7. There a language model rates, and 2.5 of 4 is a success; words and gain are of this project.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from distributional_view.theory.errors import require
from distributional_view.theory.pools.retrieval import effective_size

SUCCESS = 0.5
"""The gain from which on an explanation succeeds."""


@dataclass(frozen=True, eq=False)
class Usual:
    """What pictures of the data have.

    Args:
        vocabulary: the words; none where pictures have no words.
        classes: how many of them, the first ones, are classes: a picture has one of these.
        base: the share of each word among all pictures.
        centre: mean of the network's features over all pictures.
    """

    vocabulary: Sequence[str]
    classes: int
    base: Float[np.ndarray, " words"]
    centre: Float[np.ndarray, " d"]


class Consistency(NamedTuple):
    """Numbers of weighted pictures; None without words, and all of them where nothing is measured.

    `word` with the largest `gain` and its `share`; `class_gain` of the class that gains most; `success` by any word,
    `class_success` by a class; `class_entropy` in nats; `similarity`: mean cosine of the network's centred features
    over pairs; `halves`: 1 - TV between the class shares of every second picture and of the others, None where a half
    is empty; `effective_size` in pictures.
    """

    word: str | None
    share: float | None
    gain: float | None
    success: bool | None
    class_gain: float | None
    class_success: bool | None
    class_entropy: float | None
    similarity: float | None
    halves: float | None
    effective_size: float | None


NOTHING = Consistency(*[None] * len(Consistency._fields))
"""Of pictures that say nothing of how far they agree: a single one, or none at the level."""


def consistency(
    words: Int[np.ndarray, "n length"] | None,
    features: Float[np.ndarray, "n d"],
    weights: Float[np.ndarray, " n"],
    usual: Usual,
) -> Consistency:
    """Measure pictures.

    Args:
        words: of each picture, as places in the vocabulary: its class, then its attributes; None: there are none.
        features: what the network sees of each.
        weights: sum 1, at least two of them positive.
        usual: what all pictures have.

    Raises:
        ValueError: if fewer than two pictures have a weight.
    """
    charged = int(np.count_nonzero(weights))
    require(charged >= 2, "pictures with weights > 0", charged, ">= 2")
    alike = similarity(features - usual.centre, weights)
    if words is None:
        return Consistency(None, None, None, None, None, None, None, alike, None, effective_size(weights))
    found = word_shares(words, weights, len(usual.vocabulary))
    gains = np.divide(found - usual.base, 1 - usual.base, out=np.zeros_like(found), where=usual.base < 1)
    best, classes = int(np.argmax(gains)), found[: usual.classes]
    positive, class_gain = classes[classes > 0], float(gains[: usual.classes].max())
    return Consistency(
        usual.vocabulary[best],
        float(found[best]),
        float(gains[best]),
        bool(gains[best] >= SUCCESS),
        class_gain,
        class_gain >= SUCCESS,
        float(-(positive * np.log(positive)).sum()),
        alike,
        halves(words[:, 0], weights, usual.classes),
        effective_size(weights),
    )


def word_shares(
    words: Int[np.ndarray, "n length"], weights: Float[np.ndarray, " n"], count: int
) -> Float[np.ndarray, " words"]:
    """The weight on the pictures that have each of `count` words; those of one kind sum to 1."""
    return np.sum([_shares(column, weights, count) for column in words.T], axis=0)


def similarity(features: Float[np.ndarray, "n d"], weights: Float[np.ndarray, " n"]) -> float:
    """Over pairs of different pictures: |sum w u|^2 without the pairs of a picture with itself, u unit vectors."""
    units = features / np.linalg.norm(features, axis=1, keepdims=True)
    own = (weights**2).sum()
    return float((np.square(weights @ units).sum() - own) / (1 - own))


def halves(labels: Int[np.ndarray, " n"], weights: Float[np.ndarray, " n"], classes: int) -> float | None:
    """One minus the total variation between the classes of every second picture and of the others."""
    parts = [(labels[half::2], weights[half::2]) for half in (0, 1)]
    if min(own.sum() for _, own in parts) == 0:
        return None
    first, second = (_shares(*part, classes) for part in parts)
    return 1 - 0.5 * float(np.abs(first - second).sum())


def _shares(labels: Int[np.ndarray, " n"], weights: Float[np.ndarray, " n"], count: int) -> Float[np.ndarray, " words"]:
    """Of the weight, never above 1, whatever the rounding of the weights' sum."""
    found = np.bincount(labels, weights=weights, minlength=count)
    return found / found.sum()
