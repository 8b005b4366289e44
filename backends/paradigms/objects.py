"""What is compared where features stand against channels: the objects, how they are chosen, their weights on pictures.

An object is a random live feature of a dictionary, the channel of the same place whose score is most correlated with
the feature's over the pictures, or a random channel.

Paper: Table 7, Figures 6, 7, Appendix L.1. Matched channels and weights are ours.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from distributional_view.backends.cells import Row
from distributional_view.backends.paradigms.entrants import Entrant
from distributional_view.theory.methods import klsc_weights, retrieval
from distributional_view.theory.pools.retrieval import retrieve, reweight_to
from distributional_view.theory.seeds import part_seed

FEATURE, MATCHED, CHANNEL = "feature", "matched channel", "channel"
KINDS = (FEATURE, MATCHED, CHANNEL)
OFFLINE = (klsc_weights.NAME, retrieval.NAME)
"""Methods that need no sampling: the default."""
LIVE = 0.01
"""An object is live if it fires in this share of the pictures."""
_CHOSEN = 0  # part of the seed


@dataclass(frozen=True)
class Object:
    """What is explained: a feature or a channel by its index; for a matched channel the feature, and how correlated."""

    kind: str
    index: int
    feature: int | None = None
    correlation: float | None = None


def picked(
    live: Sequence[int],
    alive: Sequence[int],
    scores: Callable[[list[int], list[int]], tuple[Float[np.ndarray, "n k"], Float[np.ndarray, "n c"]]],
    most: int,
    seed: int,
) -> list[Object]:
    """Random live features, the channel that is most correlated with each, and random live channels.

    Args:
        live: features.
        alive: channels.
        scores: features and channels -> the scores of both over the pictures.
        most: features, and at most as many channels.
        seed: of the choice.
    """
    rng = np.random.default_rng(part_seed(seed, _CHOSEN))
    features, channels = rng.permutation(live)[:most].tolist(), list(alive)
    own, theirs = scores(features, channels)
    with np.errstate(invalid="ignore", divide="ignore"):  # a score that is constant has no correlation
        found = np.corrcoef(own, theirs, rowvar=False)[: len(features), len(features) :]
    correlation = np.nan_to_num(found, nan=-1.0)
    matched = [
        Object(MATCHED, channels[channel], feature, float(row[channel]))
        for feature, channel, row in zip(features, correlation.argmax(1), correlation, strict=True)
    ]
    others = [Object(CHANNEL, channel) for channel in sorted(rng.permutation(channels)[:most].tolist())]
    return [*(Object(FEATURE, feature) for feature in features), *matched, *others]


def cells(
    objects: list[Object], levels: Sequence[float], entrants: tuple[Entrant, ...]
) -> Iterator[tuple[Object, float, Entrant]]:
    """Object, quantile and method of each row."""
    for thing in objects:
        for quantile in levels:
            for entrant in entrants:
                yield thing, quantile, entrant


def key_of(row: Row) -> tuple[object, ...]:
    """What tells a row from the others."""
    return row["kind"], row["index"], row["feature"], row["level"], row["method"]


def weights_of(scores: Float[np.ndarray, " n"], entrant: Entrant, level: float) -> Float[np.ndarray, " n"] | None:
    """On the pictures of the pool, of the methods that choose from them at the level's mean; None of the others."""
    if entrant.name == klsc_weights.NAME:
        found: Float[np.ndarray, " n"] = reweight_to(scores, level).weights
        return found
    if entrant.name == retrieval.NAME:
        indices = retrieve(scores, level).indices
        return np.bincount(indices, minlength=len(scores)) / len(indices)
    return None
