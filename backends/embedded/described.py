"""Pictures of the embedded world with a feature's score and the words of each: the data's, or those of a pool.

The class is the one that the classifier gives, for pictures of the data too, so that both compare; the other words are
those of `words.captions`.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.prior_pool import CHUNK, PriorPool
from distributional_view.backends.embedded.words import captions


class Described(NamedTuple):
    """Scored pictures with what the classifier and the words say of them.

    Args:
        scores: of one feature.
        words: of each picture, as places in `words.VOCABULARY`: its class, then its attributes.
        logits: class scores of the classifier.
        pooled: the classifier's pooled features.
        pictures: indices -> pictures in [-1, 1].
    """

    scores: Float[np.ndarray, " n"]
    words: Int[np.ndarray, "n length"]
    logits: Float[np.ndarray, "n classes"]
    pooled: Float[np.ndarray, "n d"]
    pictures: Callable[[Int[np.ndarray, " k"]], Float[np.ndarray, "k 1 32 32"]]


def data_described(feature: int) -> Described:
    """All pictures of the data, training part first.

    Raises:
        ValueError: for a feature that does not exist.
        MissingWeights, MissingData: if a part of the backend is not there.
    """
    all_of_it = shared()
    return _described(
        all_of_it.activation(feature),
        data_words(),
        all_of_it.logits,
        all_of_it.reference,
        lambda indices: all_of_it.images[torch.as_tensor(indices)],
    )


@cache
def data_words() -> Int[np.ndarray, "n length"]:
    """The words of all pictures of the data, training part first."""
    return words_of(shared().images, shared().logits)


def words_of(images: Float[Tensor, "n 1 h w"], logits: Float[Tensor, "n classes"]) -> Int[np.ndarray, "n length"]:
    """The words of pictures, whose class is that of the largest score."""
    parts = zip(images.split(CHUNK), logits.argmax(1).split(CHUNK), strict=True)
    return np.concatenate([captions(*part).numpy() for part in parts])


def pool_described(pool: PriorPool, feature: int) -> Described:
    """The pictures of a pool of the prior.

    Raises:
        ValueError: for a feature that does not exist.
        MissingWeights, MissingData: if a part of the backend is not there.
    """
    words = words_of(pool.pictures(np.arange(len(pool))), pool.logits)
    return _described(pool.activation(feature), words, pool.logits, pool.pooled, pool.pictures)


def _described(
    scores: Float[np.ndarray, " n"],
    words: Int[np.ndarray, "n length"],
    logits: Float[Tensor, "n classes"],
    pooled: Float[Tensor, "n d"],
    take: Callable[[Int[np.ndarray, " k"]], Float[Tensor, "k 1 h w"]],
) -> Described:
    return Described(
        scores,
        words,
        logits.double().numpy(),
        pooled.double().numpy(),
        lambda indices: take(indices).numpy(),
    )
