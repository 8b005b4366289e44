"""How far weighted pictures agree on one thing: their words, and how alike a classifier finds them.

    gain of a word = (share - base)/(1 - base)

is 0 where its share among the pictures is that of the data (base), and 1 where all have it, for frequent and rare words
alike. An explanation succeeds if some word, a class or an attribute, gains at least `SUCCESS`: half of what it could.
Random pictures of the data gain nothing.

Paper: Table 7. There a language model rates, and 2.5 of 4 is a success; words and gain are of this project.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from distributional_view.backends.embedded.animals import CLASSES
from distributional_view.backends.embedded.described import data_words
from distributional_view.backends.embedded.judge_measures import class_tv, shares
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.words import VOCABULARY
from distributional_view.theory.errors import require
from distributional_view.theory.pools.retrieval import effective_size

SUCCESS = 0.5
"""The gain from which on an explanation succeeds."""


class Consistency(NamedTuple):
    """Numbers of weighted pictures.

    `word` with the largest `gain` and its `share`; `class_gain` of the class that gains most; `success` by any word,
    `class_success` by a class; `class_entropy` in nats; `similarity`: mean cosine of the classifier's centred features
    over pairs; `halves`: 1 - TV between the class shares of every second picture and of the others, None where a half
    is empty; `effective_size` in pictures.
    """

    word: str
    share: float
    gain: float
    success: bool
    class_gain: float
    class_success: bool
    class_entropy: float
    similarity: float
    halves: float | None
    effective_size: float


def consistency(
    words: Int[np.ndarray, "n length"], features: Float[np.ndarray, "n d"], weights: Float[np.ndarray, " n"]
) -> Consistency:
    """Measure pictures.

    Args:
        words: of each picture, as places in `words.VOCABULARY`: its class, then its attributes.
        features: the classifier's pooled features of each.
        weights: sum 1, at least two of them positive.

    Raises:
        ValueError: if fewer than two pictures have a weight.
    """
    charged = int(np.count_nonzero(weights))
    require(charged >= 2, "pictures with weights > 0", charged, ">= 2")
    found, usual = word_shares(words, weights), base()
    gains = (found - usual) / (1 - usual)
    best, classes = int(np.argmax(gains)), found[: len(CLASSES)]
    positive, class_gain = classes[classes > 0], float(gains[: len(CLASSES)].max())
    return Consistency(
        VOCABULARY[best],
        float(found[best]),
        float(gains[best]),
        bool(gains[best] >= SUCCESS),
        class_gain,
        class_gain >= SUCCESS,
        float(-(positive * np.log(positive)).sum()),
        _similarity(features, weights),
        _halves(words[:, 0], weights),
        effective_size(weights),
    )


def word_shares(words: Int[np.ndarray, "n length"], weights: Float[np.ndarray, " n"]) -> Float[np.ndarray, " words"]:
    """The weight on the pictures that have each word; those of one kind sum to 1."""
    return np.sum([shares(column, weights, len(VOCABULARY)) for column in words.T], axis=0)


@cache
def base() -> Float[np.ndarray, " words"]:
    """The share of each word among all pictures of the data."""
    words = data_words()
    return word_shares(words, np.full(len(words), 1 / len(words)))


@cache
def _centre() -> Float[np.ndarray, " d"]:
    found: Float[np.ndarray, " d"] = shared().reference.double().numpy().mean(0)
    return found


def _similarity(features: Float[np.ndarray, "n d"], weights: Float[np.ndarray, " n"]) -> float:
    """Over pairs of different pictures: |sum w u|^2 without the pairs of a picture with itself, u unit vectors."""
    units = features - _centre()
    units = units / np.linalg.norm(units, axis=1, keepdims=True)
    own = (weights**2).sum()
    return float((np.square(weights @ units).sum() - own) / (1 - own))


def _halves(labels: Int[np.ndarray, " n"], weights: Float[np.ndarray, " n"]) -> float | None:
    halves = [(labels[half::2], weights[half::2]) for half in (0, 1)]
    if min(own.sum() for _, own in halves) == 0:
        return None
    return 1 - class_tv(*(shares(*half, len(CLASSES)) for half in halves))
