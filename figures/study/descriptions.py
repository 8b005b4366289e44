"""How far descriptions of the same item differ, as vectors of unit length, each weighted by its score.

With weights w_r = score_r / sum of scores the variance of an item is sum_r w_r |e_r - e|^2, e = sum_r w_r e_r, the
paper's measure (Section 3.3, Appendix K). It grows with the number of raters; between = variance / (1 - sum_r w_r^2)
does not: half the mean squared distance of two raters, which is 1 - cosine. What chance gives is the same between two
raters on different items of one method. Raters agree as far as `between` lies below `chance`.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

Embed = Callable[[Sequence[str]], Float[np.ndarray, "n d"]]
"""Texts to vectors of unit length (or zero)."""
SHORTEST, LONGEST = 3, 5
"""Letters of a piece of a word."""
_STOP = (
    "a an and are as at be by for from has have in is it its no not of on or that the their them there these they this "
    "to with"
)
STOP = frozenset(_STOP.split(" "))
"""English words that say nothing of a picture."""


class Spread(NamedTuple):
    """Means over the items with two descriptions or more (`items`); None where there are none."""

    variance: float | None
    between: float | None
    chance: float | None
    items: int


def tf_idf(texts: Sequence[str]) -> Float[np.ndarray, "n d"]:
    """Vectors of unit length of the pieces of each text's words, rare pieces counting more; zero for no words.

    Pieces are the runs of 3 to 5 letters of a word with its ends marked, so that "stripe" and "stripes" are alike.
    A piece in m of n texts has the weight log((1 + n) / (1 + m)) + 1.
    """
    counted = [Counter(pieces(text)) for text in texts]
    names = {piece: i for i, piece in enumerate(sorted({piece for counts in counted for piece in counts}))}
    vectors = np.zeros((len(texts), max(1, len(names))))
    for row, counts in zip(vectors, counted, strict=True):
        for piece, count in counts.items():
            row[names[piece]] = count
    weights = np.log((1 + len(texts)) / (1 + (vectors > 0).sum(0))) + 1
    vectors *= weights
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1)


def pieces(text: str) -> list[str]:
    """The pieces of a text's words, without those of `STOP`.

    Example:
        >>> pieces("A cat")
        [' ca', 'cat', 'at ', ' cat', 'cat ', ' cat ']
    """
    marked = [f" {word} " for word in re.findall(r"\w+", text.lower()) if word not in STOP]
    sizes = range(SHORTEST, LONGEST + 1)
    return [word[i : i + n] for word in marked for n in sizes for i in range(len(word) - n + 1)]


def spread(
    vectors: Float[np.ndarray, "n d"],
    scores: Float[np.ndarray, " n"],
    items: Int[np.ndarray, " n"],
    raters: Sequence[str],
) -> Spread:
    """The differences of one method's descriptions.

    Args:
        vectors: of unit length, one a description.
        scores: of the same, the weights, > 0.
        items: what each describes.
        raters: whose each is.
    """
    within = [_item(vectors[items == item], scores[items == item]) for item in np.unique(items)]
    pairs = [pair for pair in within if pair is not None]
    if not pairs:
        return Spread(None, None, None, 0)
    variance, between = np.mean(pairs, axis=0)
    names = np.asarray(raters)
    other = (names[:, None] != names) & (items[:, None] != items)
    weights = np.outer(scores, scores) * other
    lengths = (vectors**2).sum(1)
    distance = (lengths[:, None] + lengths) / 2 - vectors @ vectors.T
    chance = float((weights * distance).sum() / weights.sum()) if weights.any() else None
    return Spread(float(variance), float(between), chance, len(pairs))


def _item(vectors: Float[np.ndarray, "m d"], scores: Float[np.ndarray, " m"]) -> tuple[float, float] | None:
    """Variance, and the same between two raters; None for one description."""
    if len(vectors) < 2:
        return None
    w = scores / scores.sum()
    variance = float(w @ ((vectors - w @ vectors) ** 2).sum(1))
    return variance, variance / (1 - float(w @ w))
