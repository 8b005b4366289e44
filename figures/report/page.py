"""A page of plots: one feature a row; where the activations lie, the tail, how far both move, and what to show."""

import math
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from distributional_view.figures.report.analysis import COMMON, FeatureReport
from distributional_view.figures.report.curves import Curves
from distributional_view.figures.report.words import shown_names

COLORS = {"p": "#777777", "hard": "#CC3311", "klsc": "#0077BB"}
NAMES = {"p": "all", "hard": "truncation", "klsc": "KLSC"}
WIDTH, PLOTS, LINE, HEAD = 15.0, 2.0, 0.17, 0.95
"""Inches: of the page, of a row's plots, of a line of text, of the page's head."""
LEFTS, WIDTHS = (0.042, 0.252, 0.432, 0.622, 0.800), (0.155, 0.130, 0.130, 0.130, 0.195)
"""Of the five panels of a row, as shares of the page's width."""
HEADINGS = (
    "where the mass lies",
    "tail",
    "instability when the mean rises",
    "examples to show",
    "at the same mean activation",
)
CHARACTERS = 205  # in a line of notes


def draw_page(features: Sequence[FeatureReport], heading: str) -> Figure:
    """One page; call inside `figures.output.style()`."""
    notes = [_lines(f) for f in features]
    heights = [
        LINE * (len(lines) + 2.2) + (PLOTS if f.curves is not None else 0)
        for f, lines in zip(features, notes, strict=True)
    ]
    figure = plt.figure(figsize=(WIDTH, HEAD + sum(heights)), layout="none")
    head, *rows = figure.subfigures(len(features) + 1, 1, squeeze=False, height_ratios=[HEAD, *heights])[:, 0]
    _head(head, heading)
    for row, feature, lines, height in zip(rows, features, notes, heights, strict=True):
        top = 1 - 0.6 * LINE / height
        row.text(0.008, top, feature.name, weight="bold", fontsize=10.5, va="top", parse_math=False)
        text = "\n".join(lines)
        row.text(0.008, top - 1.05 * LINE / height, text, fontsize=8.5, va="top", color="#333333", parse_math=False)
        if feature.curves is not None:
            _row(row, feature, feature.curves, height)
    return figure


def _head(head: SubFigure, heading: str) -> None:
    """The page's title, what the three colours mean, and the columns' titles."""
    head.text(0.008, 0.80, heading, fontsize=12.5, weight="bold", va="center", parse_math=False)
    for x, name, text in (
        (0.008, "p", "all activations, p"),
        (0.125, "hard", "truncation: only examples with ψ ≥ t (the top-k set)"),
        (0.400, "klsc", "KLSC: all examples, weights ∝ exp(βψ), same mean activation τ"),
    ):
        head.text(x, 0.44, f"■ {text}", color=COLORS[name], fontsize=9.5, va="center")
    for x, text in zip(LEFTS, HEADINGS, strict=True):
        head.text(x, 0.08, text, fontsize=9.5, weight="bold", va="center", color="#333333")


def _lines(feature: FeatureReport) -> list[str]:
    """The text above a row's plots: facts and notes, and the names of the examples, where they have names."""
    lines = textwrap.wrap("; ".join([*_facts(feature), *feature.notes]), CHARACTERS) or [""]
    for name, key in (("klsc", "klsc"), ("hard", "top_k"), ("hard", "hard")):
        listed = feature.numbers.get("shown", {}).get(key)
        if listed is not None and "ids" in listed:
            lines += textwrap.wrap(f"{NAMES[name]} shows {shown_names(listed)}", CHARACTERS)
    return lines


def _facts(feature: FeatureReport) -> list[str]:
    if feature.curves is None:
        return [feature.status]
    a, common = feature.numbers["activations"], feature.numbers["activations"]["most_common"]
    often = [f"{100 * common['share']:.3g} % exactly {common['value']:g}"] if common["share"] >= COMMON else []
    return [f"{a['count']:,} activations".replace(",", " "), *often]


def _row(row: SubFigure, feature: FeatureReport, curves: Curves, height: float) -> None:
    bottom = 0.42 / height
    panels = [row.add_axes((x, bottom, w, (PLOTS - 0.46) / height)) for x, w in zip(LEFTS, WIDTHS, strict=True)]
    drawing: tuple[Callable[[Axes, FeatureReport, Curves], None], ...] = (_histogram, _tail, _moved, _examples, _table)
    for panel, fill in zip(panels, drawing, strict=True):
        fill(panel, feature, curves)


def _histogram(axes: Axes, feature: FeatureReport, curves: Curves) -> None:
    """The share of p and of both solutions in each bin."""
    for name, values in curves.shares.items():
        axes.stairs(values, curves.edges, fill=True, color=COLORS[name], alpha=0.35 if name == "p" else 0.15)
    for name in ("klsc", "hard"):
        axes.stairs(curves.shares[name], curves.edges, color=COLORS[name], lw=1.3)
    _log_shares(axes, feature)
    axes.set(xlabel="activation ψ", ylabel="share in a bin")


def _tail(axes: Axes, feature: FeatureReport, curves: Curves) -> None:
    """The survival functions."""
    for name, values in curves.survivals.items():
        axes.plot(curves.levels, values, color=COLORS[name], lw=1.4)
    _log_shares(axes, feature)
    axes.set(xlabel="activation y", ylabel="share with ψ ≥ y")


def _log_shares(axes: Axes, feature: FeatureReport) -> None:
    """A logarithmic axis down to one example, the threshold and the mean; both are named above the panel."""
    axes.set_yscale("log")
    axes.set_ylim(0.5 / feature.numbers["activations"]["count"], 1.5)
    t, mean = feature.numbers["hard"]["threshold"], feature.numbers["mean"]
    above = axes.get_xaxis_transform()
    if t is not None:
        axes.axvline(t, color=COLORS["hard"], lw=0.9, ls="--")
        axes.text(t, 1.01, "t ", color=COLORS["hard"], transform=above, ha="right", va="bottom", fontsize=8)
    axes.axvline(mean, color="black", lw=0.9, ls=":")
    axes.text(mean, 1.01, " τ", transform=above, ha="left", va="bottom", fontsize=8)


def _moved(axes: Axes, feature: FeatureReport, curves: Curves) -> None:
    """Total variation against the rise of the mean."""
    if "klsc" not in curves.moved:
        axes.axis("off")
        axes.text(0, 0.5, "no higher mean\nto move to", va="center", transform=axes.transAxes, fontsize=8)
        return
    end = curves.moved["hard"][0][-1]
    for name, (rises, far) in curves.moved.items():
        axes.plot(rises, far, color=COLORS[name], marker="o" if name == "hard" and len(far) < 12 else None, ms=3)
    axes.set(
        xlim=(0, end * 1.02),
        ylim=(0, max(0.6, 1.1 * curves.moved["hard"][1][-1])),
        xlabel="rise of the mean activation",
        ylabel="TV, share replaced",
    )
    for name, (rises, far) in curves.moved.items():
        upper = name == "hard"
        x = 0.6 * end if upper else min(0.97 * end, rises[-1])
        y = float(np.interp(x, rises, far))
        axes.text(
            x - 0.03 * end * upper, y + 0.03, NAMES[name], color=COLORS[name], ha="right", va="bottom", fontsize=8
        )


def _examples(axes: Axes, feature: FeatureReport, curves: Curves) -> None:
    """The activations of the examples to show, one row a method."""
    del curves
    shown = feature.numbers["shown"]
    rows = {"klsc": shown["klsc"], "hard": shown.get("top_k") or shown["hard"]}
    for y, (name, listed) in enumerate(rows.items()):
        values = listed["activations"]
        axes.plot(values, np.full(len(values), y), "|", ms=20, mew=1.5, color=COLORS[name])
        label = axes.text(0, y + 0.58, f"{len(values)} for {NAMES[name]}", color=COLORS[name], fontsize=8)
        label.set(transform=axes.get_yaxis_transform(), bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})
    axes.set(yticks=[], ylim=(-0.6, 1.7))
    axes.spines.left.set_visible(False)
    axes.axvline(feature.numbers["mean"], color="black", lw=0.9, ls=":")
    axes.set(xlabel=f"activation ψ ({len(shown['in_both'])} in both)")


def _table(axes: Axes, feature: FeatureReport, curves: Curves) -> None:
    """The numbers, a column for each method."""
    del curves
    axes.axis("off")
    n, hard, klsc = feature.numbers, feature.numbers["hard"], feature.numbers["klsc"]
    moves: dict[str, Any] = n["moves"]
    margin = f"{n['margin']:.2g}"
    key, what = ("one_more", "k → k + 1") if "one_more" in moves else ("threshold_plus_margin", f"t → t + {margin}")
    step = moves.get(key, {"tv_hard": None, "tv_klsc": None})
    lines = (
        ("mean activation τ", f"{n['mean']:.4g}", "the same"),
        ("threshold t, tilt β", _number(hard["threshold"]), _number(klsc["multiplier"], "∞")),
        ("KL to p (nats)", f"{hard['kl']:.2f}", f"{klsc['kl']:.2f}"),
        ("KL saved (nats)", "", f"{n['kl_saved']:.2f}"),
        ("examples kept, effective", _number(hard["kept"]), _number(klsc["effective_size"])),
        ("share below t", "0 %", _percent(klsc["mass_below_threshold"])),
        (f"share in [t, t + {margin})", _percent(hard["boundary_mass"]), _percent(klsc["boundary_mass"])),
        (f"replaced if {what}", _percent(step["tv_hard"]), _percent(step["tv_klsc"])),
    )
    ys = np.linspace(1.06, -0.22, len(lines) + 1)
    for x, name in ((0.74, "hard"), (1.0, "klsc")):
        axes.text(x, ys[0], NAMES[name], color=COLORS[name], weight="bold", ha="right", transform=axes.transAxes)
    for y, (label, *values) in zip(ys[1:], lines, strict=True):
        axes.text(0.0, y, label, fontsize=8.5, transform=axes.transAxes)
        for x, text, name in zip((0.74, 1.0), values, ("hard", "klsc"), strict=True):
            axes.text(x, y, text, color=COLORS[name], ha="right", fontsize=8.5, transform=axes.transAxes)


def _number(value: float | None, missing: str = "none") -> str:
    if value is None or not math.isfinite(value):
        return missing
    return f"{value:,.0f}".replace(",", " ") if 1e4 <= value < 1e9 else f"{value:.4g}"


def _percent(share: float | None) -> str:
    if share is None:
        return "–"
    return f"{100 * share:.1f} %" if share >= 1e-3 or share == 0 else "< 0.1 %"
