"""The neighbours of a feature: by the pictures that it fires on, and by where its decoder points."""

from collections.abc import Sequence
from typing import Any

NOT_ASKED = "not asked for"


class Around:
    """Neighbours of any feature, both kinds.

    Args:
        store: a `backends.store.read.Store`.
        reduction: score column; None: the first.
        directions: a `backends.store.nearest.Directions`; None: not asked for.
        paged: features that have a page.
        firing: features that fire on some picture.
    """

    def __init__(
        self, store: Any, reduction: str | None, directions: Any, paged: Sequence[int], firing: Sequence[int]
    ) -> None:
        from distributional_view.backends.store.nearest import Directions, by_direction
        from distributional_view.backends.store.shared import neighbours

        known = Directions(None, NOT_ASKED) if directions is None else directions
        self.lacking, self.paged, self.firing = known.lacking, set(paged), set(firing)
        self.near = neighbours(store, reduction)
        self.close = None if known.rows is None else by_direction(known.rows)

    def of(self, feature: int) -> dict[str, Any]:
        """`near` and `close`: other features, the correlation or the cosine, and "page", "fires" or "silent".

        `close` is None where the directions are not known, and `lacking` then says why.
        """
        close = None if self.close is None else self._with_pages(self.close[feature])
        return {"near": self._with_pages(self.near[feature]), "close": close, "lacking": self.lacking}

    def firsts(self) -> dict[str, Any]:
        """The nearest of every feature, both kinds, as the index has them."""
        close = None if self.close is None else [rows[:1] for rows in self.close]
        return {"near": [rows[:1] for rows in self.near], "close": close}

    def _with_pages(self, rows: Sequence[tuple[int, float]]) -> list[tuple[int, float, str]]:
        return [(other, value, self._state(other)) for other, value in rows]

    def _state(self, feature: int) -> str:
        """The most that can be done with it: its page opened, its pictures found, or nothing."""
        return "page" if feature in self.paged else "fires" if feature in self.firing else "silent"
