"""The picture of a study: a line a method; scores with their intervals, what was given, and how far words differ."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from distributional_view.figures.study.answers import PERSON

SHADES = {"1": "#d6d6d6", "2": "#b3c7e0", "3": "#6f97c9", "4": "#27548a"}
MARKERS = {PERSON: "o"}
COLOR = "#27548a"


def figure(methods: Mapping[str, Mapping[str, Any]], raters: Mapping[str, str]) -> Figure:
    """Draw the estimates of `Reading.methods`.

    Args:
        methods: by name, the first on top.
        raters: name -> kind.
    """
    high = 1.5 + 0.42 * len(methods)
    drawn, axes = plt.subplots(1, 3, figsize=(11, high), sharey=True, width_ratios=(1.25, 1, 1))
    below = -0.36 / (high - 0.9)  # of the legends: as many inches for any height
    _scores(axes[0], methods, raters, below)
    _shares(axes[1], methods, below)
    _words(axes[2], methods, below)
    axes[0].set_yticks(range(len(methods)), list(methods))
    axes[0].set_ylim(len(methods) - 0.45, -0.55)
    return drawn


def _scores(axes: Axes, methods: Mapping[str, Mapping[str, Any]], raters: Mapping[str, str], below: float) -> None:
    seen = set()
    for y, found in enumerate(methods.values()):
        for place, (rater, kind) in enumerate(raters.items()):
            value = found["score_of"][rater]
            if value is not None:
                label = None if kind in seen else ("a person" if kind == PERSON else "an AI")
                seen.add(kind)
                shift = 0.3 * ((place + 0.5) / len(raters) - 0.5)
                fill = "none" if kind == PERSON else "#EE6677"
                axes.plot(
                    value, y + shift, MARKERS.get(kind, "s"), ms=4, mfc=fill, mec="#EE6677", label=label, ls="none"
                )
        whole = found["score"]["all"]
        if whole.interval is not None:
            axes.plot(whole.interval, [y, y], color="black", lw=1.2)
        if whole.value is not None:
            axes.plot(whole.value, y, "D", color="black", ms=5, label="mean, 95 % over features" if y == 0 else None)
    axes.set(
        title="How clearly something in common shows", xlabel="score, 1 to 4", xlim=(0.9, 4.1), xticks=(1, 2, 3, 4)
    )
    axes.grid(axis="x", lw=0.4, alpha=0.5)
    axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, below), ncols=3)


def _shares(axes: Axes, methods: Mapping[str, Mapping[str, Any]], below: float) -> None:
    left = np.zeros(len(methods))
    for score, color in SHADES.items():
        wide = 100 * np.array([found["shares"][score] or 0.0 for found in methods.values()])
        axes.barh(range(len(methods)), wide, left=left, color=color, height=0.62, label=score)
        left += wide
    axes.set(title="Scores given", xlabel="share of answers, %", xlim=(0, 100))
    axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, below), ncols=4)


def _words(axes: Axes, methods: Mapping[str, Mapping[str, Any]], below: float) -> None:
    first = True
    for y, found in enumerate(methods.values()):
        said = found["descriptions"]
        if said.between is None:
            axes.text(0.02, y, "one description an item", va="center", fontsize=7, transform=axes.get_yaxis_transform())
            continue
        axes.barh(y, said.between, color=COLOR, height=0.4, label="same grid" if first else None)
        if said.chance is not None:
            axes.plot(
                [said.chance] * 2, [y - 0.3, y + 0.3], color="black", label="other grids: chance" if first else None
            )
        first = False
    axes.set(title="How far raters' words differ", xlabel="0: the same, 1: unrelated", xlim=(0, 1.05))
    if not first:
        axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, below), ncols=2)
