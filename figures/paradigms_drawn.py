"""The pictures of `figures.paradigms`: a row a method under its paradigm's name, a block a feature, one level.

The top row has the pictures of highest score: what there is to explain. Under each picture stands its score, at the end
of a row the mean of all pictures of the method, which a matched method has at the level.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLORS = ("#D55E00", "#7A5C00", "#0072B2", "#00785A")
"""Of the paradigms, in their order."""
TOLD = {
    "activation maximisation": "Change pixels until the feature fires.",
    "dataset search": "Look for pictures in which it fires.",
    "proxy-guided generation": "Look for a prompt; a generator draws it.",
    "soft constraint": "Draw natural pictures, more often those in which it fires.",
}
"""What each paradigm does, in a sentence."""
PICTURES = 4
"""In a row of a block."""
_SIDE, _GAP, _NUMBER, _HEAD, _LABELS, _MEAN, _TOP = 32, 3, 9, 17, 182, 30, 30  # in pixels of a picture
_INCH = 58.0  # pixels of a picture in an inch
_MISSED = "#B00020"


class Method(NamedTuple):
    """What a row calls a method, its paradigm, and what it does in a few words."""

    method: str
    paradigm: str
    says: str


def grid(
    rows: Sequence[dict[str, Any]],
    methods: Sequence[Method],
    names: Sequence[str],
    level: float,
    shown: Callable[[dict[str, Any]], tuple[Any, Float[np.ndarray, " k"]]],
    heading: str = "What does a feature respond to?",
    note: str = "Below: each method brought to the same mean.",
) -> Figure:
    """All methods at one level.

    Args:
        rows: of all levels and seeds, and the retrieved sets, at no level.
        methods: in their order; those of a paradigm stand together.
        names: of the features, a block each.
        level: whose rows are shown.
        shown: row -> grey values (k, h, w) or colours (k, h, w, 3), 0 ... 255, and scores (k,); k at most `PICTURES`.
        heading, note: of the picture, as wide as the methods' names.
    """
    step, block = _SIDE + _NUMBER + _GAP, PICTURES * (_SIDE + _GAP) + _MEAN + 8
    paradigms = list(dict.fromkeys(method.paradigm for method in methods))
    wide = _LABELS + len(names) * block
    best = [row for row in rows if row["level"] is None]
    high = _TOP + bool(best) * step + len(paradigms) * _HEAD + len(methods) * step + 4
    figure = plt.figure(figsize=(wide / _INCH, high / _INCH), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, wide), ylim=(high, 0))
    axes.axis("off")
    axes.text(4, 12, heading, fontsize=10, fontweight="bold")
    axes.text(4, 24, note, fontsize=8)
    lefts = {name: _LABELS + place * block for place, name in enumerate(names)}
    of = {name: {row["target"] for row in rows if row["level"] == level and row["name"] == name} for name in names}
    more = {name: max(map(finer, of[name])) for name in names}
    for name, left in lefts.items():
        axes.text(left, 12, name, fontsize=11, fontweight="bold")
        own = f"level: {max(of[name]):.{2 + more[name]}f}, " if len(of[name]) == 1 else "each level: "
        axes.text(left, 24, f"{own}above {100 * level:g} % of all pictures", fontsize=8)
    top = _TOP
    if best:
        _label(axes, top, "for comparison", "the real pictures of highest score", "0.2")
        _row(axes, top, lefts, more, best, shown, "0.2")
        top += step
    for paradigm, color in _colors(paradigms).items():
        axes.plot([4, wide - 4], [top + 2, top + 2], color=color, lw=1.2)
        axes.text(4, top + 12.5, paradigm[0].upper() + paradigm[1:], fontsize=10, fontweight="bold", color=color)
        size = 9 if len(names) > 1 else 7
        axes.text(_LABELS, top + 12.5, TOLD.get(paradigm, ""), fontsize=size, color=color, style="italic")
        top += _HEAD
        for method in (method for method in methods if method.paradigm == paradigm):
            ours = [row for row in rows if (row["method"], row["level"]) == (method.method, level)]
            _label(axes, top, method.method, method.says, color)
            _row(axes, top, lefts, more, ours, shown, color)
            top += step
    return figure


def finer(target: float) -> int:
    """Digits behind the point that scores get more than usual, where the level is below 1."""
    return math.ceil(-math.log10(abs(target))) if 0 < abs(target) < 1 else 0


def _label(axes: Axes, top: float, name: str, says: str, color: str) -> None:
    axes.text(4, top + 13, name, fontsize=9, color=color)
    axes.text(4, top + 23, says, fontsize=7, color="0.25")


def _colors(paradigms: Sequence[str]) -> dict[str, str]:
    """The paper's paradigms keep their colours where some are missing; other groups take them in turn."""
    if set(paradigms) <= set(TOLD):
        own = dict(zip(TOLD, COLORS, strict=True))
        return {paradigm: own[paradigm] for paradigm in paradigms}
    return dict(zip(paradigms, (*COLORS, *["0.3"] * len(paradigms)), strict=False))


def _row(
    axes: Axes,
    top: float,
    lefts: Mapping[str, float],
    more: Mapping[str, int],
    rows: Sequence[dict[str, Any]],
    shown: Callable[[dict[str, Any]], tuple[Any, Float[np.ndarray, " k"]]],
    color: str,
) -> None:
    """The kept pictures of each feature, their scores, and the mean over all seeds."""
    for name, left in lefts.items():
        ours = [row for row in rows if row["name"] == name]
        for row in (row for row in ours if row.get("shown") is not None):
            for place, (picture, score) in enumerate(zip(*shown(row), strict=True)):
                x = left + place * (_SIDE + _GAP)
                axes.imshow(
                    picture, cmap="gray", vmin=0, vmax=255, extent=(x, x + _SIDE, top + _SIDE, top), aspect="auto"
                )
                axes.text(
                    x + _SIDE / 2,
                    top + _SIDE + 7,
                    f"{score:.{1 + more[name]}f}",
                    fontsize=6.5,
                    color="0.35",
                    ha="center",
                )
        if ours:
            missed = sum(row.get("reached") is False for row in ours)
            mostly = 2 * missed > len(ours)
            x = left + PICTURES * (_SIDE + _GAP)
            mean = float(np.mean([row["activation"] for row in ours]))
            axes.text(
                x,
                top + 14,
                f"mean\n{mean:.{2 + more[name]}f}",
                fontsize=7.5,
                color=_MISSED if mostly else color,
                va="center",
            )
            if missed:
                told = "missed" if missed == len(ours) else f"{missed} of {len(ours)} missed"
                axes.text(
                    x, top + 27, told, fontsize=7 if mostly else 6, color=_MISSED if mostly else "0.35", va="center"
                )
