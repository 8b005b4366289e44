"""How far weighted pictures of the embedded world agree: its words, and how alike its classifier finds them."""

from functools import cache

import numpy as np
from jaxtyping import Float, Int

from distributional_view.backends.embedded.animals import CLASSES
from distributional_view.backends.embedded.described import data_words
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.words import VOCABULARY
from distributional_view.backends.measures import consistency as measure
from distributional_view.backends.measures.consistency import Consistency, Usual


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
    return measure.consistency(words, features, weights, usual())


def word_shares(words: Int[np.ndarray, "n length"], weights: Float[np.ndarray, " n"]) -> Float[np.ndarray, " words"]:
    """The weight on the pictures that have each word of the world."""
    return measure.word_shares(words, weights, len(VOCABULARY))


@cache
def usual() -> Usual:
    """What the pictures of the data have."""
    words = data_words()
    centre: Float[np.ndarray, " d"] = shared().reference.double().numpy().mean(0)
    return Usual(VOCABULARY, len(CLASSES), word_shares(words, np.full(len(words), 1 / len(words))), centre)


def base() -> Float[np.ndarray, " words"]:
    """The share of each word among all pictures of the data."""
    return usual().base
