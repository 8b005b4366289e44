"""What stands beside a feature's own pictures: those that methods made for it, and its partner in another store."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from distributional_view.figures.atlas.linked import Linked
from distributional_view.figures.report.pictures import SIDE, StoreAlbum, Tile
from distributional_view.figures.study.sources import collected

MOST = 9
"""Pictures in a row."""


class Row(NamedTuple):
    """Words, pictures, a number and a name for each (the number None where it is not known), and a page about them."""

    words: str
    tiles: list[Tile]
    scores: list[float | None]
    names: list[str]
    link: str | None = None


class Beside:
    """Rows for any feature.

    Args:
        store: a `backends.store.read.Store`.
        made: folders with jobs of `dview explain`, or as `figures.study.sources.collected` takes them.
        other: a store of the same pictures, whose features are matched one to one with those of `store`; None: none.
        reduction: score column of `store`; the other has its first.
        linked: the atlas of the other store, which partners are links into; None: no links.

    Raises:
        UserError: for folders without pictures, or stores that share none.
    """

    def __init__(
        self,
        store: Any,
        made: Sequence[Path] = (),
        other: Any = None,
        reduction: str | None = None,
        linked: Linked | None = None,
    ) -> None:
        from distributional_view.backends.store.shared import matched_features

        self.made, self.other, self.linked = collected(made), other, linked
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

    def pairs(self) -> dict[int, tuple[int, float, str | None]]:
        """For each feature with a partner its number, the correlation, and its page."""
        return {pair.feature: (pair.other, pair.correlation, self._link(pair.other)) for pair in self.partners.values()}

    def _link(self, partner: int) -> str | None:
        return None if self.linked is None else self.linked.to(partner)

    def _partner(self, feature: int) -> Row:
        pair, other = self.partners[feature], self.other
        top = other.top_k(pair.other, MOST)
        assert self.album is not None
        tiles = self.album.tiles(str(pair.other), np.searchsorted(other.images, top.images).tolist())
        words = f"partner in {other.path.name}: feature {pair.other} (correlation {pair.correlation:.2f}), the highest"
        names = [picture.path for picture in other.rows_of(top.images)]
        return Row(words, tiles, top.scores.tolist(), names, self._link(pair.other))
