"""Writes an atlas: two pages, the index, and for each feature a script with its page and a sheet of pictures.

Pages opened from a file may not read other files, but may load scripts: all data are scripts that call `atlas(...)`.
A sheet holds each picture of a feature once; a page loads its own sheet only.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np

from distributional_view.figures.atlas.around import Around
from distributional_view.figures.atlas.beside import Beside
from distributional_view.figures.atlas.linked import END, INDEX, START, Linked, mark_of
from distributional_view.figures.report.analysis import FeatureReport, analyse
from distributional_view.figures.report.levels import levels_of
from distributional_view.figures.report.pictures import StoreAlbum, Tile
from distributional_view.figures.report.settings import ReportSettings
from distributional_view.files import finite, shown, write_whole, write_with
from distributional_view.theory.progress import Progress, silent

HERE = Path(__file__).parent
PAGES = ("index.html", "feature.html")
SIDE, ACROSS = 96, 9
"""Of a picture on a sheet, pixels; pictures in a row of it."""
SMALL, ABREAST = 32, 16
"""The same of the index, whose sheets are square; it shows the picture of each feature's highest score."""
BARS = ("p", "hard", "klsc")


def build(
    store: Any,
    out: Path,
    reduction: str | None = None,
    images: Path | None = None,
    features: Sequence[int] | None = None,
    progress: Progress = silent,
    made: Sequence[Path] = (),
    other: Any = None,
    directions: Any = None,
    linked: Linked | None = None,
) -> StoreAlbum:
    """Write the atlas of a store.

    Args:
        store: a `backends.store.read.Store`.
        out: folder of the atlas.
        reduction: score column; None: the first.
        images: folder where the pictures are now; None: where the scan found them.
        features: those that get a page; None: all that fire. The index has all.
        progress: told after every feature.
        made: folders with pictures that methods made, as `Beside` takes them.
        other: a store of the same pictures, whose features are shown beside their partners; None: none.
        directions: `backends.scan.decoder.directions_of` the store; None: not asked for.
        linked: the atlas of `other`, which partners are links into; None: no links.

    Returns:
        The album, which knows the pictures that could not be shown.

    Raises:
        UserError: for a store that cannot be read, a feature that never fires, or a folder that cannot be written.
    """
    album, listed = StoreAlbum(store, images), store.features(reduction, labels=True)
    firing = [row.feature for row in listed.rows if row.fires]
    wanted = firing if features is None else list(dict.fromkeys(features))
    for feature in wanted if features is not None else ():
        store.top_k(feature, 1, reduction)  # refuses one that is not there or never fires
    beside = Beside(store, made, other, reduction, linked)
    around = Around(store, reduction, directions, wanted, firing)
    small: list[Tile] = []
    for done, feature in enumerate(wanted, start=1):
        found, best = _feature(store, album, listed.reduction, feature, out)
        content = found | around.of(feature) | {"beside": _beside(beside, feature, out)}
        small.append(best)
        if len(small) == ABREAST**2 or done == len(wanted):
            _sheet(out / "sheets" / f"index-{(done - 1) // ABREAST**2}.jpg", small, SMALL, ABREAST)
            small = []
        _script(out / "data" / f"{feature}.js", content | {"row": asdict(listed.rows[feature])})
        progress("pages", done, len(wanted))
    columns = {name: [getattr(row, name) for row in listed.rows] for name in asdict(listed.rows[0])}
    sheets = {"side": SMALL, "across": ABREAST}
    index = {
        "columns": columns,
        "pages": wanted,
        "sheets": sheets,
        "reduction": listed.reduction,
        "pictures": listed.pictures,
        "partners": beside.pairs(),
        "other": None if other is None else shown(other.path.name),
        "store": shown(store.path.name),
        "made_of": mark_of(store),
    }
    _script(out / INDEX, index | around.firsts())
    for name in PAGES:
        write_with(out / name, lambda partial, name=name: copyfile(HERE / name, partial))  # type: ignore[misc]
    return album


def _feature(store: Any, album: StoreAlbum, reduction: str, feature: int, out: Path) -> tuple[dict[str, Any], Tile]:
    """The data of a page, and the picture of highest score; writes its sheet."""
    scores = store.scores(feature, reduction)
    settings = ReportSettings(min(ReportSettings().top_k, scores.size))
    found = analyse(str(feature), scores, settings)
    levels = _levels(found) + (levels_of(str(feature), scores, settings) if found.curves is not None else [])
    positions = sorted({i for level in levels for kind in ("hard", "klsc") for i in level[kind]["indices"]})
    tiles = album.tiles(str(feature), positions) if positions else []
    _sheet(out / "sheets" / f"{feature}.jpg", tiles, SIDE, ACROSS)
    best = tiles[positions.index(int(np.argmax(scores)))] if levels and tiles else Tile(None)
    pictures = store.rows_of(store.images[positions]) if positions else []
    numbers = {k: v for k, v in found.numbers.items() if k in ("mean", "hard", "klsc", "kl_saved")}
    curves = {} if found.curves is None else found.curves.as_dict()["histogram"]
    content = {
        "feature": feature,
        "status": found.status,
        "notes": found.notes,
        "numbers": numbers,
        "histogram": curves,
        "levels": levels,
        "sheet": {str(i): k for k, i in enumerate(positions)},
        "boxes": [tile.box for tile in tiles],
        "names": [f"{shown(p.path)}{'' if p.label is None else f' ({p.label})'}" for p in pictures],
        "side": SIDE,
        "across": ACROSS,
    }
    return content, best


def _beside(beside: Beside, feature: int, out: Path) -> list[dict[str, Any]]:
    """The data of the rows beside a feature's own; writes their sheet if there are some."""
    rows, tiles, found = beside.rows(feature), list[Tile](), []
    for row in rows:
        content = {"words": shown(row.words), "first": len(tiles), "scores": row.scores, "link": row.link}
        found.append(content | {"boxes": [tile.box for tile in row.tiles], "names": [shown(n) for n in row.names]})
        tiles += row.tiles
    if tiles:
        _sheet(out / "sheets" / f"{feature}-beside.jpg", tiles, SIDE, ACROSS)
    return found


def _levels(found: FeatureReport) -> list[dict[str, Any]]:
    """The top-k set and the tilt with its mean."""
    if "shown" not in found.numbers:
        return []
    shown_now = found.numbers["shown"]
    return [{"kept": None, "mean": found.numbers["mean"], "hard": shown_now["top_k"], "klsc": shown_now["klsc"]}]


def _sheet(path: Path, tiles: Sequence[Tile], side: int, across: int) -> None:
    """One picture with all tiles; grey where one is not there."""
    from PIL import Image

    rows = max(1, -(-len(tiles) // across))
    sheet = Image.new("RGB", (side * across, side * rows), (221, 221, 221))
    for k, tile in enumerate(tiles):
        if tile.pixels is not None:
            small = Image.fromarray(np.asarray(tile.pixels)).resize((side, side))
            sheet.paste(small, (side * (k % across), side * (k // across)))
    write_with(path, lambda partial: sheet.save(partial, quality=80))


def _script(path: Path, content: dict[str, Any] | Iterable[Any]) -> None:
    text = json.dumps(finite(content), allow_nan=False, separators=(",", ":"))
    write_whole(path, START + text.replace("</", "<\\u002f") + END)
