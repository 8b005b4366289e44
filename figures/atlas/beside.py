"""What stands beside a feature's own pictures: those that methods made for it, and its partner in another store."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from distributional_view.figures.report.pictures import SIDE, StoreAlbum, Tile
from distributional_view.figures.study.sources import collected

MOST = 9
"""Pictures in a row."""


class Row(NamedTuple):
    """Words, pictures, and a number and a name for each (the number None where it is not known)."""

    words: str
    tiles: list[Tile]
    scores: list[float | None]
    names: list[str]


class Beside:
    """Rows for any feature.

    Args:
        store: a `backends.store.read.Store`.
        made: folders with jobs of `dview explain`, or as `figures.study.sources.collected` takes them.
        other: a store of the same pictures, whose features are matched one to one with those of `store`; None: none.
        reduction: score column of `store`; the other has its first.

    Raises:
        UserError: for folders without pictures, or stores that share none.
    """

    def __init__(self, store: Any, made: Sequence[Path] = (), other: Any = None, reduction: str | None = None) -> None:
        from distributional_view.backends.store.shared import matched_features

        self.made, self.other = collected(made), other
        pairs = [] if other is None else matched_features(store, other, (reduction, None))
        self.partners = {pair.feature: pair for pair in pairs}
        self.album = None if other is None else StoreAlbum(other)

    def rows(self, feature: int) -> list[Row]:
        """First the partner, then one row a method and level."""
        found = [self._partner(feature)] if feature in self.partners else []
        for cell, shots in sorted(self.made.items()):
            if cell.feature == str(feature):
                some = shots[:MOST]
                tiles = [Tile(np.asarray(shot.read().resize((SIDE, SIDE)))) for shot in some]
                words = f"made by {cell.method}" + (f" at {cell.level}" if cell.level else "")
                found.append(Row(words, tiles, [None] * len(some), [shot.name for shot in some]))
        return found

    def _partner(self, feature: int) -> Row:
        pair, other = self.partners[feature], self.other
        top = other.top_k(pair.other, MOST)
        assert self.album is not None
        tiles = self.album.tiles(str(pair.other), np.searchsorted(other.images, top.images).tolist())
        words = f"partner in {other.path.name}: feature {pair.other} (correlation {pair.correlation:.2f}), the highest"
        return Row(words, tiles, top.scores.tolist(), [picture.path for picture in other.rows_of(top.images)])
