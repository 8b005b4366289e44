"""Distance against activation, for `figures.paradigms`: a column a feature, a colour a method, a shape a paradigm."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from distributional_view.figures.paradigms_drawn import Method

SHADES = {
    "activation maximisation": ("#D55E00", "#F0A060", "#8C2D04"),
    "dataset search": ("#7A5C00", "#CCA800", "#4D3A00"),
    "proxy-guided generation": ("#56B4E9", "#0072B2", "#08306B"),
    "soft constraint": ("#66C2A4", "#00785A", "#000000"),
}
MARKERS = ("s", "^", "D", "o")
MEASURES = {
    "kid_tilt": "KID to real pictures of that level",
    "prior_loss": "the prior's loss",
}


def tradeoff(rows: Sequence[dict[str, Any]], retrieved: Sequence[dict[str, Any]], methods: Sequence[Method]) -> Figure:
    """Both distances of every method, means over seeds with their standard errors where there are several.

    Args:
        rows: of all levels and seeds.
        retrieved: the retrieved sets, whose prior's loss is a dotted line.
        methods: in their order.
    """
    names = list(dict.fromkeys(row["name"] for row in rows))
    figure, axes = plt.subplots(
        len(MEASURES),
        len(names),
        figsize=(2.3 * len(names) + 2.2, 5.4),
        squeeze=False,
        sharex="col",
        sharey="row",
        layout="constrained",
    )
    for column, name in enumerate(names):
        ours = [row for row in rows if row["name"] == name]
        for panel, (measure, title) in zip(axes[:, column], MEASURES.items(), strict=True):
            for method, color, marker in styles(methods):
                _line(panel, [row for row in ours if row["method"] == method], measure, method, color, marker)
            panel.set_yscale("symlog", linthresh=0.5) if measure == "kid_tilt" else panel.set_yscale("log")
            if column == 0:
                panel.set_ylabel(title)
        real = [row["prior_loss"] for row in retrieved if row["name"] == name and row["prior_loss"] is not None]
        if real:
            axes[1, column].axhline(
                float(np.mean(real)), color="0.5", ls=":", lw=1, label="real pictures of\nhighest score"
            )
        axes[0, column].axhline(0, color="0.5", ls=":", lw=1)
        axes[0, column].set_title(name)
        axes[1, column].set_xlabel("activation reached")
    handles, labels = axes[1, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", fontsize=8)
    figure.suptitle("Lower is nearer to real pictures; open: the level was missed")
    return figure


def styles(methods: Sequence[Method]) -> list[tuple[str, str, str]]:
    """Method, colour and marker of each: shades of its paradigm."""
    paradigms = list(dict.fromkeys(method.paradigm for method in methods))
    found = []
    for number, paradigm in enumerate(paradigms):
        shades = SHADES.get(paradigm, ("0.3", "0.5", "0.7"))
        for place, method in enumerate(method for method in methods if method.paradigm == paradigm):
            found.append((method.method, shades[place % len(shades)], MARKERS[number % len(MARKERS)]))
    return found


def _line(axes: Axes, rows: Sequence[dict[str, Any]], measure: str, method: str, color: str, marker: str) -> None:
    """By level; a level whose activation was missed is an open marker."""
    points = []
    for level in sorted({row["level"] for row in rows}):
        ours = [row for row in rows if row["level"] == level and row[measure] is not None]
        if ours:
            values = [row[measure] for row in ours]
            error = float(np.std(values, ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 0.0
            where = float(np.mean([row["activation"] for row in ours]))
            points.append((where, float(np.mean(values)), error, all(row["reached"] for row in ours)))
    if points:
        x, y, errors, reached = (np.array(column) for column in zip(*points, strict=True))
        axes.errorbar(x, y, yerr=errors, color=color, lw=1.1, label=method, marker=marker, ms=4)
        axes.plot(x[~reached], y[~reached], color="white", marker=marker, ms=2.2, ls="none", zorder=5)
