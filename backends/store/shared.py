"""Which features fire on the same pictures: correlations of scores over shared pictures, zeros counted.

Within a store they give each feature its neighbours; between two stores of the same pictures (two backbones, two
layers) scipy finds the one-to-one matching of largest total correlation.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from distributional_view.backends.store.nearest import nearest
from distributional_view.errors import UserError
from distributional_view.files import shown

if TYPE_CHECKING:
    from distributional_view.backends.store.read import Store

LARGEST = 2**28
"""Pairs of features that are matched at once: a gigabyte in single precision."""


class Match(NamedTuple):
    """A feature of each store, and the correlation of their scores over the shared pictures."""

    feature: int
    other: int
    correlation: float


def table(store: "Store", column: str, images: Int[np.ndarray, " n"]) -> Any:
    """The scores of all features on some pictures, a scipy sparse array (n, features) in columns.

    Args:
        store: see `Store`.
        column: name of a score column.
        images: numbers of pictures, each once.

    Raises:
        UserError: if one stands twice with a feature.
    """
    from scipy.sparse import csc_array

    found = store.query(f'select feature, image, "{column}" as score from scores where "{column}" > 0')
    order = np.argsort(images)
    at = np.searchsorted(images[order], found["image"])
    kept = at < images.size
    kept[kept] = images[order][at[kept]] == found["image"][kept]
    rows, features = order[at[kept]], found["feature"][kept]
    entries = (found["score"][kept].astype(np.float64), (rows, features))
    made = csc_array(entries, shape=(images.size, store.identity.features))
    if made.nnz < rows.size:  # entries of one place were summed
        pairs, count = np.unique(rows + images.size * features.astype(np.int64), return_counts=True)
        feature, row = divmod(int(pairs[count.argmax()]), images.size)
        raise store.twice(int(images[row]), f"with feature {feature}")
    return made


def correlations(a: Any, b: Any) -> Float[np.ndarray, "f g"]:
    """Pearson's correlation between the columns of two tables of the same pictures; 0 where one is constant."""
    number = a.shape[0]
    (mean_a, scale_a), (mean_b, scale_b) = _moments(a), _moments(b)
    product = (a.T @ b).toarray() / number - np.outer(mean_a, mean_b)
    return np.clip(product * np.outer(scale_a, scale_b), -1, 1).astype(np.float32)


def neighbours(
    store: "Store", reduction: str | None = None, most: int = 8, pictures: int = 20_000
) -> list[list[tuple[int, float]]]:
    """For each feature the others whose scores correlate most with it, largest first, positive ones only.

    Args:
        store: see `Store`.
        reduction: a score column; None: the first.
        most: neighbours of a feature.
        pictures: so many, evenly spaced, are looked at.
    """
    spaced = np.unique(np.linspace(0, store.images.size - 1, min(pictures, store.images.size)).astype(int))
    scores = table(store, store.column(reduction), store.images[spaced])
    return nearest(lambda some: correlations(scores[:, some], scores), scores.shape[1], most)


def matched_features(a: "Store", b: "Store", reductions: tuple[str | None, str | None] = (None, None)) -> list[Match]:
    """The one-to-one matching of the features of two stores, largest correlation first.

    Features that fire on no shared picture, and pairs without positive correlation, are left out.

    Raises:
        UserError: if the stores share no pictures, or have too many features.
    """
    from scipy.optimize import linear_sum_assignment

    left, right = _shared(a, b)
    one, two = table(a, a.column(reductions[0]), left), table(b, b.column(reductions[1]), right)
    mine, other = (np.flatnonzero(np.diff(t.indptr)) for t in (one, two))
    if mine.size * other.size > LARGEST:
        raise UserError(f"features = {mine.size} x {other.size}: must be at most {LARGEST} pairs that fire")
    found = correlations(one[:, mine], two[:, other])
    pairs = zip(*linear_sum_assignment(-np.maximum(found, 0)), strict=True)
    rows = [Match(int(mine[i]), int(other[j]), float(found[i, j])) for i, j in pairs if found[i, j] > 0]
    return sorted(rows, key=lambda match: -match.correlation)


def _shared(a: "Store", b: "Store") -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, " n"]]:
    """Numbers, in each store, of the pictures that both have read: the same path, or the same row of one manifest."""
    if a.identity.images == b.identity.images:
        both = np.intersect1d(a.images, b.images)
        left = right = both
    else:
        paths = [s.query("select image, path from images") for s in (a, b)]
        _, i, j = np.intersect1d(paths[0]["path"].astype(str), paths[1]["path"].astype(str), return_indices=True)
        left, right = paths[0]["image"][i], paths[1]["image"][j]
    if not left.size:
        raise UserError(
            f"{shown(a.path)} and {shown(b.path)} share no picture: scan the same manifest with both models"
        )
    return left, right


def _moments(scores: Any) -> tuple[Float[np.ndarray, " f"], Float[np.ndarray, " f"]]:
    """Mean of each column, and 1 over its standard deviation (0 for a constant)."""
    number = scores.shape[0]
    mean = np.asarray(scores.sum(axis=0)).ravel() / number
    variance = np.asarray((scores * scores).sum(axis=0)).ravel() / number - mean**2
    varies = variance > 1e-12 * np.maximum(mean**2, 1e-300)
    return mean, np.where(varies, 1 / np.sqrt(np.where(varies, variance, 1)), 0.0)
