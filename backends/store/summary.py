"""Every feature of a store in one pass: how often it fires, how its scores spread, what a tilt rests on.

The scores > 0 of a few hundred features at a time are brought together from all shards and sorted. The tilt is found
from the `EXACT` largest scores as they are and the means of the others in `BINS` bins of equal width. Its effective
size differs from that of all scores by less than 0.1 %.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

if TYPE_CHECKING:
    from distributional_view.backends.store.read import Store

TOP = 9
"""Of the set whose mean the tilt has."""
TAIL = 100
"""Largest scores that tell how heavy the tail is, and whose labels are counted."""
ROWS = 4_000_000
"""Scores in memory at a time, unless one feature has more."""
EXACT, BINS, STEPS = 256, 1024, 200
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
    images: Int[np.ndarray, " m"] | None


def feature_list(store: "Store", reduction: str | None, labels: bool) -> FeatureList:
    """All features; see `Store.features`."""
    column, rows = store.column(reduction), []
    known = Labels(store) if labels else None
    for chunk in chunks(store, column, images=labels):
        start = 0
        for j, end in enumerate(chunk.ends):
            part = slice(start, int(end))
            label = (
                None if known is None or chunk.images is None else known.purest(chunk.scores[part], chunk.images[part])
            )
            rows.append(row_of(chunk.first + j, chunk.scores[part], store.pictures, label))
            start = int(end)
    return FeatureList(column, store.pictures, rows)


def chunks(store: "Store", column: str, images: bool = False) -> Iterator[Chunk]:
    """All features of a store, some at a time.

    Args:
        store: see `Store`.
        column: name of a score column.
        images: whether the pictures of the scores are wanted too.
    """
    counted = store.query(f'select feature, count(*) as n from scores where "{column}" > 0 group by feature')
    counts = np.zeros(store.identity.features, np.int64)
    counts[counted["feature"]] = counted["n"]
    what = f'feature, "{column}" as score' + (", image" if images else "")
    for first, last in _cut(counts):
        found = store.query(
            f'select {what} from scores where feature between {first} and {last - 1} and "{column}" > 0'
        )
        # Offsets of 16 bits are sorted by radix.
        order = np.argsort((found["feature"] - first).astype(np.uint16), kind="stable")
        ends = np.cumsum(counts[first:last])
        yield Chunk(first, ends, found["score"][order], found["image"][order] if images else None)


def _cut(counts: Int[np.ndarray, " f"]) -> list[tuple[int, int]]:
    """Ranges of features with about `ROWS` scores each, at most 2^16 features."""
    cuts, first, held = [], 0, 0
    for feature, count in enumerate(counts.tolist()):
        if feature > first and (held + count > ROWS or feature - first == 2**16):
            cuts.append((first, feature))
            first, held = feature, 0
        held += count
    return [*cuts, (first, len(counts))]


def row_of(
    feature: int, scores: Float[np.ndarray, " m"], pictures: int, label: tuple[str, float] | None = None
) -> FeatureRow:
    """What a list says of one feature, from its scores > 0 in any order."""
    if not scores.size:
        return FeatureRow(feature, 0, 0.0, 0.0)
    y = np.sort(scores)
    total = float(y.sum(dtype=np.float64))
    median, q90, q99 = (float(y[math.ceil(q * y.size) - 1]) for q in QUANTILES)
    top_mean = float(y[-TOP:].mean(dtype=np.float64)) if y.size >= TOP else total / min(TOP, pictures)
    multiplier, size = _tilted(y, pictures, top_mean)
    name, purity = label or (None, None)
    shares = (y.size, y.size / pictures, total / pictures)
    spread = (median, q90, q99, float(y[-1]), hill(y))
    return FeatureRow(feature, *shares, *spread, top_mean, multiplier, size, name, purity)


def hill(ascending: Float[np.ndarray, " m"]) -> float | None:
    """Hill's estimator over the `TAIL` largest of ascending scores > 0, the smallest of them as the level."""
    top = ascending[-TAIL:].astype(np.float64)
    return float(np.log(top[1:] / top[0]).mean()) if top.size >= 3 else None


def _tilted(ascending: Float[np.ndarray, " m"], pictures: int, target: float) -> tuple[float | None, float]:
    """Multiplier (None: infinite) and effective size, (sum w)^2 / sum w^2, of the tilt with a mean."""
    values, counts = _coarse(ascending)
    silent = pictures - ascending.size
    if silent > 0:
        values, counts = np.append(values, 0.0), np.append(counts, silent)
    top = float(values.max())
    below = values - top
    if target >= top * (1 - 1e-12):
        return None, float(counts[below == 0].sum())
    beta = _root(below, counts, target - top) if target > float(values @ counts) / pictures else 0.0
    weights = np.exp(beta * below)
    return beta, float(counts @ weights) ** 2 / float(counts @ weights**2)


def _root(below: Float[np.ndarray, " k"], counts: Float[np.ndarray, " k"], wanted: float) -> float:
    """The multiplier at which the tilted mean of scores below their largest is as wanted; Newton in a bracket.

    The same root as `theory.solutions.multiplier`, without its care for extreme laws: thousands a second are needed.
    """
    beta, low, high = -1 / wanted, 0.0, math.inf
    for _ in range(STEPS):
        weights = counts * np.exp(beta * below)
        weights /= weights.sum()
        mean = float(weights @ below)
        if abs(mean - wanted) <= -1e-10 * wanted:
            break
        low, high = (beta, high) if mean < wanted else (low, beta)
        variance = float(weights @ (below - mean) ** 2)
        new = beta + (wanted - mean) / variance if variance > 0 else math.inf
        if not low < new < min(high, 4 * beta):
            new = 4 * beta if high == math.inf else 0.5 * (low + high)
        beta = new
    return beta


def _coarse(ascending: Float[np.ndarray, " m"]) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """The largest scores as they are, the others as means of bins, and how many each stands for."""
    y = ascending.astype(np.float64)
    body, top = y[:-EXACT], y[-EXACT:]
    if body.size <= BINS:
        return y, np.ones(y.size)
    starts = np.unique(np.searchsorted(body, np.linspace(body[0], body[-1], BINS + 1)[:-1]))
    sizes = np.diff(np.append(starts, body.size)).astype(np.float64)
    means = np.add.reduceat(body, starts) / sizes
    return np.append(means, top), np.append(sizes, np.ones(top.size))


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
