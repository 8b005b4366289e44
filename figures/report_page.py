"""A page of plots: one feature a row; where the activations lie, the tail, how far both move, and what to show."""

import math
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from figures.report_feature import Curves, Feature

COLORS = {"p": "#777777", "hard": "#CC3311", "klsc": "#0077BB"}
NAMES = {"p": "all", "hard": "top-k", "klsc": "KLSC"}
ROW, EMPTY_ROW, HEAD = 2.15, 0.5, 0.75


def draw(features: Sequence[Feature], heading: str) -> Figure:
    """One page; call inside `figures.output.style()`."""
    heights = [ROW if f.curves is not None else EMPTY_ROW for f in features]
    figure = plt.figure(figsize=(15.0, HEAD + sum(heights)))
    rows = figure.subfigures(len(features) + 1, 1, height_ratios=[HEAD, *heights])
    rows[0].text(0.008, 0.62, heading, fontsize=12, weight="bold", va="center")
    _key(rows[0])
    first = True
    for row, feature in zip(rows[1:], features, strict=True):
        _headline(row, feature)
        if feature.curves is not None:
            _row(row, feature, feature.curves, first)
            first = False
    return figure


def _key(head: SubFigure) -> None:
    """What the three colours mean."""
    parts = (
        ("p", "all activations (p)"),
        ("hard", "truncation: the top-k set, everything above a threshold t"),
        ("klsc", "KLSC: all examples, weights ∝ exp(βψ), with the same mean activation"),
    )
    x = 0.008
    for name, text in parts:
        head.text(x, 0.12, f"■ {text}", color=COLORS[name], fontsize=9.5, va="center")
        x += 0.0062 * len(text) + 0.02


def _headline(row: SubFigure, feature: Feature) -> None:
    """The feature's name, its law in a few words, and the notes."""
    row.text(0.008, 0.985, feature.name, weight="bold", fontsize=10.5, va="top")
    facts = "; ".join([*_facts(feature), *feature.notes])
    row.text(0.16, 0.985, facts, fontsize=8.5, va="top", color="#333333")


def _facts(feature: Feature) -> list[str]:
    if feature.curves is None:
        return []
    a, common = feature.numbers["activations"], feature.numbers["activations"]["most_common"]
    often = [f"{100 * common['share']:.3g} % exactly {common['value']:g}"] if common["share"] >= 0.01 else []
    return [f"{a['count']:,} activations".replace(",", " "), *often]


def _row(row: SubFigure, feature: Feature, curves: Curves, first: bool) -> None:
    grid = row.add_gridspec(
        1, 5, width_ratios=(1.25, 1, 1, 1, 1.15), left=0.045, right=0.995, bottom=0.21, top=0.78, wspace=0.3
    )
    panels = [row.add_subplot(grid[i]) for i in range(5)]
    _histogram(panels[0], feature, curves)
    _tail(panels[1], feature, curves)
    _moved(panels[2], feature, curves)
    _examples(panels[3], feature)
    _table(panels[4], feature)
    if first:
        for panel, title in zip(
            panels,
            (
                "where the mass lies",
                "the tail",
                "instability: how far a higher mean moves q",
                "which examples are shown",
                "",
            ),
            strict=True,
        ):
            panel.set_title(title)


def _histogram(axes: Axes, feature: Feature, curves: Curves) -> None:
    least = 1 / feature.numbers["activations"]["count"]
    axes.stairs(curves.shares["p"], curves.edges, fill=True, color="#CCCCCC")
    for name in ("hard", "klsc"):
        axes.stairs(curves.shares[name], curves.edges, color=COLORS[name], lw=1.3, baseline=None)
    axes.set_yscale("log")
    axes.set_ylim(0.5 * least, 2)
    _mark(axes, feature)
    axes.set(xlabel="activation ψ", ylabel="share a bin")


def _mark(axes: Axes, feature: Feature) -> None:
    """The threshold and the mean, named above the panel."""
    t, mean = feature.numbers["hard"]["threshold"], feature.numbers["mean"]
    above = axes.get_xaxis_transform()
    if t is not None:
        axes.axvline(t, color=COLORS["hard"], lw=0.8, ls="--")
        axes.text(t, 0.98, "t ", color=COLORS["hard"], transform=above, ha="right", va="top", fontsize=8)
    axes.axvline(mean, color="black", lw=0.8, ls=":")
    axes.text(mean, 0.98, " τ", transform=above, ha="left", va="top", fontsize=8)


def _tail(axes: Axes, feature: Feature, curves: Curves) -> None:
    for name in ("p", "hard", "klsc"):
        axes.plot(curves.levels, curves.survivals[name], color=COLORS[name], lw=1.3)
    axes.set_yscale("log")
    axes.set_ylim(0.5 / feature.numbers["activations"]["count"], 2)
    _mark(axes, feature)
    axes.set(xlabel="activation y", ylabel="share with ψ ≥ y")


def _moved(axes: Axes, feature: Feature, curves: Curves) -> None:
    """TV against the rise of the mean."""
    if "klsc" not in curves.moved:
        axes.axis("off")
        axes.text(0.5, 0.5, "no higher mean\nalong the path", ha="center", va="center", transform=axes.transAxes)
        return
    end = curves.moved["hard"][0][-1]
    for name, (rises, far) in curves.moved.items():
        axes.plot(rises, far, color=COLORS[name], marker="o" if name == "hard" else None, ms=2.5)
    axes.set(xlim=(0, end * 1.02), ylim=(0, 0.55), xlabel="rise of the mean activation", ylabel="TV moved")
    for name, (rises, far) in curves.moved.items():
        x = 0.72 * end
        y = float(np.interp(x, rises, far))
        over = name == "hard"
        axes.text(
            x, y + (0.05 if over else -0.05), NAMES[name], color=COLORS[name], ha="right" if over else "left",
            va="bottom" if over else "top", fontsize=8,
        )  # fmt: skip


def _examples(axes: Axes, feature: Feature) -> None:
    """The activations of the examples to show, one row a method."""
    shown = feature.numbers["shown"]
    hard = shown.get("top_k") or shown["hard"]
    for y, (name, listed) in enumerate((("klsc", shown["klsc"]), ("hard", hard))):
        axes.plot(listed["activations"], np.full(len(listed["activations"]), y), "|", ms=17, mew=1.5, color=COLORS[name])
    axes.set_yticks([0, 1], [NAMES["klsc"], NAMES["hard"]])
    axes.set_ylim(-0.6, 1.6)
    axes.axvline(feature.numbers["mean"], color="black", lw=0.8, ls=":")
    axes.set(xlabel=f"activation; {len(shown['in_both'])} of {len(shown['klsc']['indices'])} in both")


def _table(axes: Axes, feature: Feature) -> None:
    """The numbers, in two columns."""
    axes.axis("off")
    n, hard, klsc = feature.numbers, feature.numbers["hard"], feature.numbers["klsc"]
    moves: dict[str, Any] = n["moves"]
    lines: list[tuple[str, str, str]] = [
        ("mean activation τ", f"{n['mean']:.4g}", "same"),
        ("set by", f"t = {_number(hard['threshold'])}", f"β = {_number(klsc['multiplier'], '∞')}"),
        ("KL to p (nats)", f"{hard['kl']:.2f}", f"{klsc['kl']:.2f}"),
        (f"mass in [t, t + {n['margin']:.2g})", _percent(hard["boundary_mass"]), _percent(klsc["boundary_mass"])),
    ]
    if "one_more" in moves:
        lines.append(("moved by k → k + 1", _percent(moves["one_more"]["tv_hard"]), _percent(moves["one_more"]["tv_klsc"])))
    elif "threshold_plus_margin" in moves:
        m = moves["threshold_plus_margin"]
        lines.append((f"moved by t + {n['margin']:.2g}", _percent(m["tv_hard"]), _percent(m["tv_klsc"])))
    lines += [
        ("effective examples", f"{hard['kept']:.4g}", f"{klsc['effective_size']:.4g}"),
        ("mass below t", "0 %", _percent(klsc["mass_below_threshold"])),
    ]
    ys = np.linspace(0.98, -0.12, len(lines) + 1)
    for x, name in ((0.72, "hard"), (1.0, "klsc")):
        axes.text(x, ys[0], NAMES[name], color=COLORS[name], weight="bold", ha="right", transform=axes.transAxes)
    for y, (what, a, b) in zip(ys[1:], lines, strict=True):
        for x, text, name in ((0.0, what, "p"), (0.72, a, "hard"), (1.0, b, "klsc")):
            color = "black" if name == "p" else COLORS[name]
            axes.text(x, y, text, color=color, ha="left" if x == 0 else "right", fontsize=8, transform=axes.transAxes)


def _number(value: float | None, missing: str = "none") -> str:
    return missing if value is None or not math.isfinite(value) else f"{value:.4g}"


def _percent(share: float | None) -> str:
    if share is None:
        return "–"
    return f"{100 * share:.1f} %" if share >= 1e-3 or share == 0 else "< 0.1 %"
