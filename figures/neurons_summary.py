"""How `figures.neurons` compares features with channels: differences with their errors.

A channel can be the match of several features. Pairs that share a channel are one cluster: the error of a paired
difference is a bootstrap over clusters, its p-value comes from all signs of a cluster flipped at random. Features and
random channels are compared by exchanging the labels.

Ours.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

Rows = Sequence[dict[str, Any]]
FEATURE, MATCHED, CHANNEL = "feature", "matched channel", "channel"
MEASURES = ("success", "class_success", "gain", "class_gain", "class_entropy", "similarity", "diversity", "halves")
REPEATS = 4000
"""Of bootstraps and permutations."""


class Difference(NamedTuple):
    """Features minus others, with the standard error, and the two-sided p-value of a permutation."""

    difference: float
    se: float
    p: float


def paired(features: Rows, matched: Rows, name: str, seed: int) -> Difference | None:
    """Each feature minus its matched channel; None for fewer than two channels.

    Args:
        features, matched: rows of one method and level.
        name: of a column.
        seed: of the random numbers.
    """
    own = {row["index"]: row[name] for row in features}
    pairs = [
        (row["index"], float(own[row["feature"]]) - float(row[name]))
        for row in matched
        if row[name] is not None and own.get(row["feature"]) is not None
    ]
    channels = list(dict.fromkeys(channel for channel, _ in pairs))
    if len(channels) < 2:
        return None
    sums = np.array([sum(d for c, d in pairs if c == channel) for channel in channels])
    sizes = np.array([sum(c == channel for c, _ in pairs) for channel in channels])
    rng, k = np.random.default_rng(seed), len(channels)
    drawn = rng.integers(k, size=(REPEATS, k))
    signs = rng.choice((-1.0, 1.0), size=(REPEATS, k))
    found = float(sums.sum() / sizes.sum())
    spread = float(np.std(sums[drawn].sum(1) / sizes[drawn].sum(1)))
    return Difference(found, spread, _p(signs @ sums / sizes.sum(), found))


def unpaired(features: Rows, channels: Rows, name: str, seed: int) -> Difference | None:
    """The mean of features minus that of channels; None for fewer than two of either."""
    a, b = (np.array([float(r[name]) for r in rows if r[name] is not None]) for rows in (features, channels))
    if min(len(a), len(b)) < 2:
        return None
    found, se = float(a.mean() - b.mean()), float((a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)) ** 0.5)
    both, rng = np.concatenate([a, b]), np.random.default_rng(seed)
    mixed = rng.permuted(np.tile(both, (REPEATS, 1)), axis=1)
    return Difference(found, se, _p(mixed[:, : len(a)].mean(1) - mixed[:, len(a) :].mean(1), found))


def _p(null: Float[np.ndarray, " repeats"], found: float) -> float:
    """The found difference counts as one of its permutations; ties up to rounding count."""
    return float((1 + np.sum(np.abs(null) >= abs(found) - 1e-12)) / (1 + len(null)))
