"""Every feature of a store in one pass: how often it fires, how its scores spread, what a tilt rests on.

The scores > 0 of a few hundred features at a time are brought together from all shards and sorted; `store.tilts` has
the tilts.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from distributional_view.backends.store.tilts import tilts

if TYPE_CHECKING:
    from distributional_view.backends.store.read import Store

TOP = 9
"""Of the set whose mean the tilt has."""
TAIL = 100
"""Largest scores that tell how heavy the tail is, and whose labels are counted."""
ROWS = 10_000_000
"""Scores in memory at a time, unless one feature has more."""
TOGETHER = 256
"""Features whose tilts are found together."""
QUANTILES = (0.5, 0.9, 0.99)


@dataclass(frozen=True)
class FeatureRow:
    """One feature.

    Args:
        feature: its number.
        fires: pictures with a score > 0.
        density: their share of all pictures that were read.
        mean: score over all pictures.
        median, q90, q99, max: of the scores > 0, each a score that occurs.
        tail: Hill's estimator over the `TAIL` largest scores: the mean of log(score / smallest of them). It estimates
            the index of a power tail; the larger, the heavier. None below three scores.
        top_mean: mean of the `TOP` largest scores.
        multiplier: of the tilt with this mean; None where it is infinite.
        effective_size: how many equal examples the weights of this tilt are worth.
        label: what most of the `TAIL` pictures of highest score are; None without labels.
        purity: their share.
    """

    feature: int
    fires: int
    density: float
    mean: float
    median: float | None = None
    q90: float | None = None
    q99: float | None = None
    max: float | None = None
    tail: float | None = None
    top_mean: float | None = None
    multiplier: float | None = None
    effective_size: float | None = None
    label: str | None = None
    purity: float | None = None


COLUMNS = tuple(field.name for field in fields(FeatureRow))


class FeatureList(NamedTuple):
    """All features of a store, by number, for one reduction."""

    reduction: str
    pictures: int
    rows: list[FeatureRow]

    def sorted(self, by: str, reverse: bool = False) -> list[FeatureRow]:
        """The rows in the order of a column; what has no value comes last either way."""
        known = [row for row in self.rows if getattr(row, by) is not None]
        rest = [row for row in self.rows if getattr(row, by) is None]
        return sorted(known, key=lambda row: getattr(row, by), reverse=reverse) + rest


class Chunk(NamedTuple):
    """Scores > 0 of the features first ... first + len(ends) - 1, one after another; feature j ends at ends[j]."""

    first: int
    ends: Int[np.ndarray, " f"]
    scores: Float[np.ndarray, " m"]
    images: Int[np.ndarray, " m"]


def feature_list(store: "Store", reduction: str | None, labels: bool) -> FeatureList:
    """All features; see `Store.features`."""
    column, rows = store.column(reduction), list[FeatureRow]()
    known = Labels(store) if labels else None
    for chunk in chunks(store, column):
        parts = [slice(*pair) for pair in zip(np.append(0, chunk.ends[:-1]), chunk.ends, strict=True)]
        for j in range(0, len(parts), TOGETHER):
            some = parts[j : j + TOGETHER]
            found = rows_of(chunk.first + j, [chunk.scores[part] for part in some], store.pictures)
            if known is not None:
                tops = [known.purest(chunk.scores[part], chunk.images[part]) for part in some]
                found = [
                    row if top is None else replace(row, label=top[0], purity=top[1])
                    for row, top in zip(found, tops, strict=True)
                ]
            rows += found
    return FeatureList(column, store.pictures, rows)


def chunks(store: "Store", column: str) -> Iterator[Chunk]:
    """All features of a store, some at a time.

    Args:
        store: see `Store`.
        column: name of a score column.

    Raises:
        UserError: if a shard is damaged, or has a picture twice.
    """
    _ = store.images  # each once, or refused
    counted = store.query("select feature, count(*) as n from scores group by feature")
    most = np.zeros(store.identity.features, np.int64)
    most[counted["feature"]] = counted["n"]
    for first, last in _cut(most):
        found = store.query(
            f'select feature, "{column}" as score, image from scores '
            f'where feature between {first} and {last - 1} and "{column}" > 0'
        )
        offset = (found["feature"] - first).astype(np.uint16)  # 16 bits are sorted by radix
        order = np.argsort(offset, kind="stable")
        offset, images = offset[order], found["image"][order]
        same = np.flatnonzero((images[1:] == images[:-1]) & (offset[1:] == offset[:-1]))  # a shard's rows are sorted
        if same.size:
            raise store.twice(int(images[same[0]]), f"with feature {first + int(offset[same[0]])}")
        ends = np.cumsum(np.bincount(offset, minlength=last - first))
        yield Chunk(first, ends, found["score"][order], images)


def _cut(counts: Int[np.ndarray, " f"]) -> list[tuple[int, int]]:
    """Ranges of features with about `ROWS` scores each, at most 2^16 features."""
    cuts, first, held = [], 0, 0
    for feature, count in enumerate(counts.tolist()):
        if feature > first and (held + count > ROWS or feature - first == 2**16):
            cuts.append((first, feature))
            first, held = feature, 0
        held += count
    return [*cuts, (first, len(counts))]


def rows_of(first: int, scores: Sequence[Float[np.ndarray, " _"]], pictures: int) -> list[FeatureRow]:
    """What a list says of neighbouring features, from their scores > 0 in any order, without labels."""
    firing = [j for j, part in enumerate(scores) if part.size]
    ordered = [np.sort(scores[j]) for j in firing]
    totals = [float(y.sum(dtype=np.float64)) for y in ordered]
    means = [
        float(y[-TOP:].mean(dtype=np.float64)) if y.size >= TOP else total / min(TOP, pictures)
        for y, total in zip(ordered, totals, strict=True)
    ]
    multipliers, sizes = tilts(ordered, pictures, np.array(means))
    rows = [FeatureRow(first + j, 0, 0.0, 0.0) for j in range(len(scores))]
    for j, y, total, top_mean, beta, size in zip(firing, ordered, totals, means, multipliers, sizes, strict=True):
        shares = (y.size, y.size / pictures, total / pictures)
        median, q90, q99 = (float(y[math.ceil(q * y.size) - 1]) for q in QUANTILES)
        spread = (median, q90, q99, float(y[-1]), hill(y))
        tilt = (float(beta) if math.isfinite(beta) else None, float(size))
        rows[j] = FeatureRow(first + j, *shares, *spread, top_mean, *tilt)
    return rows


def hill(ascending: Float[np.ndarray, " m"]) -> float | None:
    """Hill's estimator over the `TAIL` largest of ascending scores > 0, the smallest of them as the level."""
    top = ascending[-TAIL:].astype(np.float64)
    return float(np.log(top[1:] / top[0]).mean()) if top.size >= 3 else None


class Labels:
    """The labels of a store's pictures.

    Args:
        store: see `Store`.
    """

    def __init__(self, store: "Store") -> None:
        found: dict[str, Any] = store.query("select image, label from images where label is not null")
        self.names, codes = np.unique(found["label"].astype(str), return_inverse=True)
        order = np.argsort(found["image"], kind="stable")
        self.images, self.codes = found["image"][order], codes[order]

    def purest(self, scores: Float[np.ndarray, " m"], images: Int[np.ndarray, " m"]) -> tuple[str, float] | None:
        """The commonest label of the `TAIL` pictures of highest score, and its share of those that have one."""
        top = images[np.argsort(-scores, kind="stable")[:TAIL]] if scores.size > TAIL else images
        at = np.searchsorted(self.images, top)
        at = at[at < self.images.size]
        labelled = self.codes[at[np.isin(self.images[at], top)]]
        if not labelled.size:
            return None
        counts = np.bincount(labelled)
        return str(self.names[counts.argmax()]), float(counts.max() / labelled.size)
