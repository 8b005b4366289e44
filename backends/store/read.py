"""A store that is asked: the law of any feature's score, its top pictures, its weights, the list of all features.

DuckDB reads the shards where they lie, without a server. A question about one feature reads the row groups that hold
it. Zeros are not stored: they are the pictures that were read and have no row.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from distributional_view.backends.store import layout, shards
from distributional_view.errors import UserError
from distributional_view.files import shown
from distributional_view.theory import AtomicLaw, calibrate_klsc, effective_size, tilted_weights
from distributional_view.theory.errors import require

if TYPE_CHECKING:
    from distributional_view.backends.store.summary import FeatureList

MEMORY = "2GB"
"""What DuckDB may use."""
REMEMBERED = 4
"""Features whose scores are kept for the next question."""


class Fired(NamedTuple):
    """Pictures on which a feature fires: their numbers, scores > 0, and the place of each largest code."""

    images: Int[np.ndarray, " m"]
    scores: Float[np.ndarray, " m"]
    rows: Int[np.ndarray, " m"]
    columns: Int[np.ndarray, " m"]


class Picture(NamedTuple):
    """A picture of a store: its number, its path as the scan had it, its label, its sides in pixels."""

    image: int
    path: str
    label: str | None
    width: int
    height: int


class Weights(NamedTuple):
    """KLSC weights of all pictures that were read, in the order of their numbers; they sum to 1."""

    images: Int[np.ndarray, " n"]
    weights: Float[np.ndarray, " n"]
    multiplier: float
    mean: float
    effective_size: float


class Store:
    """A store of scores. Asking it needs the extra `store`, and no model.

    Args:
        path: the folder that `dview scan` wrote.
        partial: whether a scan that is not finished will do.

    Raises:
        UserError: for a folder that is no store, and shards that are missing, cut or of another scan.
    """

    def __init__(self, path: str | Path, partial: bool = False) -> None:
        import duckdb

        self.path = Path(path)
        self.shards = shards.look(self.path, partial)
        self.identity = self.shards.identity
        self.reductions = self.identity.reductions
        self.pictures = self.shards.pictures
        self._fired = lru_cache(REMEMBERED)(self._found)
        self._duckdb = duckdb.connect(config={"memory_limit": MEMORY})
        self._duckdb.sql("set parquet_metadata_cache = true")

    def __repr__(self) -> str:
        scores = f"{self.shards.rows} scores > 0 of {self.identity.features} features on {self.pictures} pictures"
        return f"Store({shown(self.path)!r}: {scores})"

    def fired(self, feature: int, reduction: str | None = None) -> Fired:
        """The pictures on which a feature fires, by number.

        Args:
            feature: in 0 ... number of features - 1.
            reduction: a score column; None: the first.

        Raises:
            UserError: for another feature or reduction, or a shard that is damaged or has a picture twice.
        """
        self._need_feature(feature)
        return self._fired(int(feature), self.column(reduction))

    def law(self, feature: int, reduction: str | None = None) -> AtomicLaw:
        """The law of a feature's score over all pictures that were read; a feature that never fires is 0 on all.

        Raises:
            UserError: see `fired`.
        """
        return law_of(self.fired(feature, reduction).scores, self.pictures)

    def scores(self, feature: int, reduction: str | None = None) -> Float[np.ndarray, " n"]:
        """The score on every picture that was read, zeros too, in the order of `images`.

        Raises:
            UserError: see `fired`.
        """
        return self._spread(self.fired(feature, reduction))

    def top_k(self, feature: int, k: int = 9, reduction: str | None = None) -> Fired:
        """The k pictures of highest score, highest first, ties by number; fewer if the feature fires on fewer.

        Raises:
            UserError: see `fired`; for a feature that never fires.
        """
        require(k >= 1, "k", k, ">= 1")
        found = self.fired(feature, reduction)
        self._need_firing(feature, found)
        order = np.argsort(-found.scores, kind="stable")[:k]
        return Fired(*(part[order] for part in found))

    def weights(self, feature: int, target: float, reduction: str | None = None) -> Weights:
        """The KLSC weights of all pictures at a mean score.

        Args:
            feature: see `fired`.
            target: mean score, at most the largest one.
            reduction: see `fired`.

        Raises:
            UserError: see `fired`; for a feature that never fires.
            InfeasibleTarget: above the largest score.
        """
        found = self.fired(feature, reduction)
        self._need_firing(feature, found)
        klsc = calibrate_klsc(law_of(found.scores, self.pictures), target)
        weights = tilted_weights(self._spread(found), klsc.multiplier)
        return Weights(self.images, weights, klsc.multiplier, klsc.mean, effective_size(weights))

    def features(self, reduction: str | None = None, labels: bool = False) -> "FeatureList":
        """Every feature with its density, quantiles, tail and effective size: `store.summary`.

        Args:
            reduction: see `fired`.
            labels: whether the label that most of its top pictures share is found too.
        """
        from distributional_view.backends.store.summary import feature_list

        return feature_list(self, reduction, labels)

    @cached_property
    def images(self) -> Int[np.ndarray, " n"]:
        """Numbers of the pictures that were read, ascending.

        Raises:
            UserError: if one stands twice.
        """
        found = np.sort(self.query("select image from images")["image"])
        self._need_once(found, "as a picture")
        return found

    def rows_of(self, images: Sequence[int] | Int[np.ndarray, " k"]) -> list[Picture]:
        """The pictures with these numbers, in this order.

        Raises:
            UserError: for a number that is no picture of the store.
        """
        import pyarrow.parquet as pq

        each = self.identity.images_a_shard
        found: dict[int, Picture] = {}
        wanted = [int(image) for image in images]
        for shard in sorted({image // each for image in wanted}):
            if shard in self.shards.finished:
                table = pq.read_table(self.path / layout.images_file(shard))
                numbers = table.column("image").to_numpy()
                here = np.flatnonzero(np.isin(numbers, [image for image in wanted if image // each == shard]))
                found |= {row["image"]: Picture(**row) for row in table.take(here).to_pylist()}
        lost = [image for image in wanted if image not in found]
        if lost:
            raise UserError(f"image = {lost[0]}: must be the number of a picture that {shown(self.path)} has read")
        return [found[image] for image in wanted]

    def column(self, reduction: str | None) -> str:
        """The name of a score column.

        Raises:
            UserError: for one that the store does not have.
        """
        name = self.reductions[0] if reduction is None else reduction
        if name not in self.reductions:
            raise UserError(
                f"reduction = {name!r}: must be one of those of {shown(self.path)}: {', '.join(self.reductions)}"
            )
        return name

    def query(self, sql: str) -> dict[str, np.ndarray]:
        """Columns of an SQL query over the tables `scores` and `images`, the files of the finished shards.

        Raises:
            UserError: if a file is damaged.
        """
        import duckdb

        for name, file in (("scores", layout.scores_file), ("images", layout.images_file)):
            listed = ", ".join("'" + str(self.path / file(k)).replace("'", "''") + "'" for k in self.shards.finished)
            sql = f"with {name} as (from read_parquet([{listed}])) {sql}" if name in sql.split() else sql
        try:
            found: dict[str, Any] = self._duckdb.sql(sql).fetchnumpy()
        except duckdb.Error as error:
            reason = shards.damaged(self.path, self.shards.finished)
            if reason is None:
                raise
            raise UserError(reason) from error
        return {name: np.ma.getdata(values) for name, values in found.items()}

    def _found(self, feature: int, column: str) -> Fired:
        _ = self.images  # each once, or refused
        found = self.query(
            f'select image, "{column}" as score, "row" as r, "column" as c from scores '
            f'where feature = {feature} and "{column}" > 0'
        )
        order = np.argsort(found["image"], kind="stable")
        images, scores, rows, columns = (found[name][order] for name in ("image", "score", "r", "c"))
        self._need_once(images, f"with feature {feature}")
        fired = Fired(images, scores.astype(np.float64), rows, columns)
        for part in fired:
            part.flags.writeable = False  # it is remembered
        return fired

    def _spread(self, found: Fired) -> Float[np.ndarray, " n"]:
        dense = np.zeros(self.images.size)
        at = np.searchsorted(self.images, found.images)
        known = at < self.images.size
        if not known.all() or not np.array_equal(self.images[at], found.images):
            raise UserError(
                f"{shown(self.path)} has scores of pictures that its images-* files do not list: scan again"
            )
        dense[at] = found.scores
        return dense

    def _need_feature(self, feature: int) -> None:
        if not 0 <= feature < self.identity.features:
            raise UserError(
                f"feature = {feature}: must be in 0..{self.identity.features - 1}, the features of {shown(self.path)}"
            )

    def _need_firing(self, feature: int, found: Fired) -> None:
        if not found.images.size:
            raise UserError(
                f"feature = {feature}: must be one that fires: it is 0 on all {self.pictures} pictures of "
                f"{shown(self.path)}"
            )

    def _need_once(self, images: Int[np.ndarray, " n"], what: str) -> None:
        twice = np.flatnonzero(np.diff(images) == 0)
        if twice.size:
            raise self.twice(int(images[twice[0]]), what)

    def twice(self, image: int, what: str) -> UserError:
        """What to say of an image that stands twice, as a picture or with a feature."""
        file = layout.scores_file if "feature" in what else layout.images_file
        shard = image // self.identity.images_a_shard
        return UserError(
            f"{shown(self.path / file(shard))} has image {image} twice {what}, and an image has one row: "
            f"{shards.again(shard)}"
        )


def open_store(path: str | Path, partial: bool = False) -> Store:
    """A store of scores, ready for questions; see `Store`."""
    return Store(path, partial)


def law_of(scores: Float[np.ndarray, " m"], pictures: int) -> AtomicLaw:
    """The law of a score that has these values > 0 and is 0 on the other pictures."""
    silent = pictures - scores.size
    if silent <= 0:
        return AtomicLaw(scores)
    masses = np.append(np.full(scores.size, 1 / pictures), silent / pictures)
    return AtomicLaw(np.append(scores, 0.0), masses=masses)
