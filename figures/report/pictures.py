"""The pictures of a report's examples: small squares, the patch of the largest value marked where it is known."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from distributional_view.errors import UserError
from distributional_view.files import shown

SIDE = 112
"""Of a picture, pixels."""
TINT, STRENGTH = (255, 40, 0), 0.65
"""Colour of a heat map, and its share where the map is largest."""
Box = tuple[float, float, float, float]
"""Left, top, width, height of a patch, as shares of the square."""


class Tile(NamedTuple):
    """A picture, None if it cannot be shown; its patch; and a word to write below."""

    pixels: UInt8[np.ndarray, "s s 3"] | None
    box: Box | None = None
    word: str = ""


class Album(ABC):
    """Where the pictures of examples are found; `gone` collects those that cannot be shown, with the reason."""

    def __init__(self) -> None:
        self.gone: dict[str, str] = {}

    @abstractmethod
    def tiles(self, feature: str, positions: Sequence[int]) -> list[Tile]:
        """The pictures of the examples at these positions of the column."""

    def said(self) -> str:
        """A sentence about the pictures that cannot be shown."""
        path, reason = next(iter(self.gone.items()))
        return (
            f"{len(self.gone)} pictures cannot be shown, first {shown(path)} ({reason}): "
            "if they have moved, --images FOLDER says where they are"
        )

    def _square(
        self, path: str, store: Path, sides: tuple[int, int] | None = None
    ) -> UInt8[np.ndarray, "s s 3"] | None:
        """The square in the middle of a picture; None, and a word in `gone`, if it is not there or another one."""
        from PIL import ImageOps

        from distributional_view.backends.store.pictures import picture_bytes
        from distributional_view.backends.zoo.decode import decode_bytes

        try:
            picture = decode_bytes(picture_bytes(path, store), path).picture
        except UserError as error:
            self.gone[path] = str(error).removeprefix(f"{shown(path)}: ")
            return None
        if sides is not None and picture.size != sides:
            now, then = (f"{w} x {h}" for w, h in (picture.size, sides))
            self.gone[path] = f"another picture than was scanned: {now} pixels now, {then} then"
            return None
        return np.asarray(ImageOps.fit(picture, (SIDE, SIDE)))


def tinted(pixels: UInt8[np.ndarray, "s s 3"], heat: Float[np.ndarray, "h w"]) -> UInt8[np.ndarray, "s s 3"]:
    """A picture tinted where a map in [0, 1] is large."""
    from PIL import Image

    small = Image.fromarray((255 * heat).astype(np.uint8))
    share = STRENGTH * np.asarray(small.resize(pixels.shape[:2], Image.Resampling.BILINEAR))[..., None] / 255
    return np.asarray((1 - share) * pixels + share * np.array(TINT)).round().astype(np.uint8)


class FolderAlbum(Album):
    """Pictures named by the examples' names.

    Args:
        folder: where relative names begin.
        names: one an example.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        super().__init__()
        self.folder, self.names = folder, names

    def tiles(self, feature: str, positions: Sequence[int]) -> list[Tile]:
        del feature
        return [Tile(self._square(self.names[i], self.folder)) for i in positions]


class StoreAlbum(Album):
    """Pictures of a store, with the patch of the largest code.

    Args:
        store: a `backends.store.read.Store`.
        folder: where the pictures are now; None: where the scan found them.
        heat: a `backends.scan.heat.HeatMaps`, which tints the pictures where the feature is active; None: no tint.
    """

    def __init__(self, store: Any, folder: Path | None = None, heat: Any = None) -> None:
        super().__init__()
        self.store, self.folder, self.heat = store, folder, heat

    def tiles(self, feature: str, positions: Sequence[int]) -> list[Tile]:
        images = self.store.images[np.asarray(positions, int)]
        fired = self.store.fired(int(feature))
        height, width = self.store.identity.map
        found = []
        pictures = self.store.rows_of(images)
        for picture in pictures:
            at = int(np.searchsorted(fired.images, picture.image))
            box = None
            if at < fired.images.size and fired.images[at] == picture.image:
                box = (int(fired.columns[at]) / width, int(fired.rows[at]) / height, 1 / width, 1 / height)
            pixels = self._square(self._path(picture), self.store.path, (picture.width, picture.height))
            found.append(Tile(pixels, box, picture.label or ""))
        return found if self.heat is None else self._tinted(int(feature), pictures, found)

    def _tinted(self, feature: int, pictures: Sequence[Any], tiles: Sequence[Tile]) -> list[Tile]:
        """The same tiles, tinted by the feature's map relative to its largest value in any of them."""
        shown_now = [k for k, tile in enumerate(tiles) if tile.pixels is not None]
        maps = self.heat(feature, [self._path(pictures[k]) for k in shown_now])
        largest = max((float(one.max()) for one in maps if one is not None), default=0.0)
        found = list(tiles)
        for k, one in zip(shown_now, maps, strict=True):
            pixels = tiles[k].pixels
            if pixels is not None and one is not None and largest > 0:
                found[k] = tiles[k]._replace(pixels=tinted(pixels, one / largest))
        return found

    def _path(self, picture: Any) -> str:
        """The path now: the longest end of the scan's path that is there in the folder."""
        if self.folder is None:
            return picture.path
        parts = Path(picture.path).parts
        places = (self.folder.joinpath(*parts[i:]) for i in range(1 if parts[0] == "/" else 0, len(parts)))
        return str(next((p.absolute() for p in places if p.is_file()), (self.folder / parts[-1]).absolute()))
