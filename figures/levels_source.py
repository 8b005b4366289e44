"""Where the evidence of `dview levels` comes from: the embedded world, its prior's pool, or a store of `dview scan`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from distributional_view.errors import UserError
from distributional_view.figures.levels_path import Evidence, Kind, Pixels
from distributional_view.figures.report.pictures import StoreAlbum
from distributional_view.files import shown

CLASS, LABEL = "class", "label"
UNLABELLED = "(none)"


def embedded_names(features: Sequence[int]) -> dict[int, str]:
    """Names of features of the embedded transcoder; those without one are called by their number."""
    from distributional_view.backends.embedded.features import read_named

    named = {feature.index: feature.name for feature in read_named()}
    return {index: named.get(index, f"feature {index}") for index in features}


def embedded_evidence(feature: int, pool: Path | None) -> list[Evidence]:
    """The data of the embedded world, and the pool of its prior if there is one, described by the same words.

    Args:
        feature: of its transcoder.
        pool: folder of `dview embedded-pool`.

    Raises:
        UserError: if the folder has no pool of this prior.
        ValueError: for a feature that does not exist.
        ImportError: without torch.
    """
    from distributional_view.backends.embedded.described import data_described, pool_described
    from distributional_view.backends.embedded.prior_pool import kept_pool

    samples = None if pool is None else kept_pool(pool)
    found = [_embedded("the data", data_described(feature))]
    if samples is not None:
        found.append(_embedded("the prior's samples", pool_described(samples, feature)))
    return found


def _embedded(name: str, described: Any) -> Evidence:
    from distributional_view.backends.embedded.animals import CLASSES
    from distributional_view.backends.embedded.words import ATTRIBUTES

    kinds, first = {CLASS: Kind(CLASSES, described.words[:, 0])}, len(CLASSES)
    for column, (kind, words) in enumerate(ATTRIBUTES.items(), start=1):
        kinds[kind] = Kind(words, described.words[:, column] - first)
        first += len(words)

    def take(indices: np.ndarray) -> list[Pixels]:
        return list(np.clip((described.pictures(indices)[:, 0] + 1) / 2, 0, 1))

    return Evidence(name, described.scores, kinds, take)


def store_evidence(path: Path, feature: int, reduction: str | None, images: Path | None) -> tuple[Evidence, StoreAlbum]:
    """The pictures of a store by their labels, and the album that they are shown from.

    Args:
        path: what `dview scan` wrote.
        feature: of the store.
        reduction: score column; None: the first.
        images: folder where the pictures are now; None: where the scan found them.

    Raises:
        UserError: for what is no store, another feature or column, or pictures without labels.
    """
    from distributional_view.backends.store.read import open_store

    store = open_store(path)
    album = StoreAlbum(store, images)
    listed = store.query("select image, label from images order by image")["label"]
    words, codes = np.unique([UNLABELLED if label is None else str(label) for label in listed], return_inverse=True)
    if words.tolist() == [UNLABELLED]:
        raise UserError(f"labels of {shown(path)} = none: must be there: `dview scan --help` says how a scan gets them")

    def take(indices: np.ndarray) -> Iterator[Pixels | None]:
        return (None if t.pixels is None else t.pixels / 255 for t in album.tiles(str(feature), indices.tolist()))

    kinds = {LABEL: Kind(tuple(words.tolist()), codes.ravel())}
    scores = store.scores(feature, reduction)
    return Evidence(path.name, scores, kinds, lambda indices: list(take(indices))), album
