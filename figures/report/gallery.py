"""A page of pictures: for each feature and level a row of the truncation's examples and one of the tilt's."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from distributional_view.figures.report.analysis import FeatureReport
from distributional_view.figures.report.pictures import Album, Tile

COLORS = {"hard": "#CC3311", "klsc": "#0077BB"}
TILE, LEFT, ROW, MOST = 0.9, 2.4, 1.05, 12
"""Inches: of a picture, of the words before a row, of a row; pictures in a row at most."""


def draw_gallery(features: Sequence[FeatureReport], album: Album) -> Figure | None:
    """One page; call inside `figures.output.style()`. None without features.

    Args:
        features: reports with examples.
        album: where their pictures are.
    """
    rows = [(feature.name, *row) for feature in features for row in _rows(feature)]
    if not rows:
        return None
    widest = min(MOST, max(len(listed["indices"]) for *_, listed in rows))
    width, height = LEFT + TILE * widest + 0.1, ROW * len(rows) + 0.2
    figure = plt.figure(figsize=(width, height), layout="none")
    for y, (name, kind, words, listed) in enumerate(rows):
        top = 1 - (0.1 + ROW * y) / height
        figure.text(0.1 / width, top, f"{name}\n{words}", color=COLORS[kind], fontsize=8, va="top", parse_math=False)
        tiles = album.tiles(name, listed["indices"][:MOST])
        for x, (tile, score) in enumerate(zip(tiles, listed["activations"], strict=False)):
            place = ((LEFT + TILE * x) / width, top - TILE / height, 0.96 * TILE / width, 0.86 * TILE / height)
            _tile(figure, place, tile, score)
    return figure


def _rows(feature: FeatureReport) -> list[tuple[str, str, dict[str, Any]]]:
    """Kind, words and examples of each row, the highest mean first."""
    numbers, found = feature.numbers, []
    first = numbers["shown"]
    hard = first.get("top_k") or first["hard"]
    levels = [{"kept": None, "mean": numbers["mean"], "hard": hard, "klsc": first["klsc"]}, *numbers.get("levels", [])]
    for level in levels:
        kept = f"{len(hard['indices'])} highest" if level["kept"] is None else f"of the {level['kept']} highest"
        if level["kept"] is None and "top_k" not in first:
            kept = "all above t, drawn"
        found.append(("hard", f"truncation: {kept}\nmean {level['mean']:.4g}", level["hard"]))
        found.append(("klsc", f"KLSC weights\nmean {level['mean']:.4g}", level["klsc"]))
    return found


def _tile(figure: Figure, place: tuple[float, float, float, float], tile: Tile, score: float) -> None:
    axes = figure.add_axes(place)
    axes.set_axis_off()
    axes.set_title(f"{score:.3g} {tile.word}"[:16], fontsize=6, pad=1.5, parse_math=False)
    if tile.pixels is None:
        axes.add_patch(Rectangle((0, 0), 1, 1, color="#dddddd"))
        axes.text(0.5, 0.5, "not there", ha="center", va="center", fontsize=6)
        return
    axes.imshow(tile.pixels)
    if tile.box is not None:
        side = tile.pixels.shape[0]
        x, y, w, h = (side * part for part in tile.box)
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), w, h, fill=False, edgecolor="#FFDD00", linewidth=1.2))
