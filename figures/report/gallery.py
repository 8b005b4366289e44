"""A page of pictures: for each feature and level a row of the truncation's examples and one of the tilt's.

All pictures are put into one array, which is drawn once: axes of their own would cost most of the report's time.
"""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from distributional_view.figures.report.analysis import FeatureReport
from distributional_view.figures.report.pictures import SIDE, Album, Tile

COLORS = {"hard": "#CC3311", "klsc": "#0077BB"}
LEFT, ROW, EDGE, MOST = 2.4, 1.05, 0.1, 12
"""Inches: of the words before a row, of a row, around the page; pictures in a row at most."""
STEP, HEAD = 126, 22
"""Pixels from picture to picture, above a picture for its words; a picture has `SIDE`."""
DPI = 140
"""Pixels an inch, so that STEP is 0.9 inches."""
GREY = 221


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
    width, height = LEFT + STEP * widest / DPI + EDGE, ROW * len(rows) + 2 * EDGE
    figure = plt.figure(figsize=(width, height), layout="none")
    canvas = np.full((round(ROW * len(rows) * DPI), STEP * widest, 3), 255, np.uint8)
    axes = figure.add_axes((LEFT / width, EDGE / height, STEP * widest / DPI / width, ROW * len(rows) / height))
    axes.set_axis_off()
    for y, (name, kind, words, listed) in enumerate(rows):
        top = 1 - (EDGE + ROW * y) / height
        figure.text(0.1 / width, top, f"{name}\n{words}", color=COLORS[kind], fontsize=8, va="top", parse_math=False)
        tiles = album.tiles(name, listed["indices"][:MOST])
        for x, (tile, score) in enumerate(zip(tiles, listed["activations"], strict=False)):
            _tile(axes, canvas, (STEP * x, round(ROW * y * DPI) + HEAD), tile, score)
    axes.imshow(canvas, aspect="auto")
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


def _tile(axes: Axes, canvas: UInt8[np.ndarray, "h w 3"], corner: tuple[int, int], tile: Tile, score: float) -> None:
    """Put a picture on the canvas, its words and patch on the axes."""
    left, top = corner
    middle = left + SIDE / 2
    words = f"{score:.3g} {tile.word}"[:16]
    axes.text(middle, top - 3, words, fontsize=6, ha="center", va="bottom", parse_math=False)
    part = canvas[top : top + SIDE, left : left + SIDE]
    if tile.pixels is None:
        part[:] = GREY
        axes.text(middle, top + SIDE / 2, "not there", ha="center", va="center", fontsize=6)
        return
    part[:] = tile.pixels
    if tile.box is not None:
        x, y, w, h = (SIDE * share for share in tile.box)
        place = (left + x - 0.5, top + y - 0.5)
        axes.add_patch(Rectangle(place, w, h, fill=False, edgecolor="#FFDD00", linewidth=1.2))
