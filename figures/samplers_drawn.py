"""The picture of `figures.samplers`: quality against level, a panel a measure, a colour a method."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from distributional_view.figures.samplers_summary import MEAN, Rows, Summary, summaries

COLORS = {
    "hybrid": "#009E73",
    "hybrid-SMC": "#117733",
    "hybrid-learned": "#88CCAA",
    "EnergyDPS": "#0072B2",
    "EnergyDPS DDPM 50": "#56B4E9",
    "EnergyDPS DDPM 1000": "#999999",
    "twisted-SMC": "#E69F00",
    "FK-steering": "#D55E00",
    "prior-pool": "#000000",
}
OTHER = "#CC79A7"
TITLES = {
    "mean_error_sd": "mean error (sd of the score)",
    "tv": "TV of class shares",
    "kid": "KID to the prior's tilt",
    "agreement": "agreement with the feature's class",
}


def figure(rows: Rows) -> Figure:
    """Four measures of the embedded world, averaged over features, and the toy world's TV."""
    found = summaries(rows)
    drawn, axes = plt.subplots(1, 5, figsize=(15.5, 3.7), layout="constrained")
    embedded = [s for s in found if s.world == "embedded"]
    for panel, (name, title) in zip(axes, TITLES.items(), strict=False):
        _panel(panel, embedded, name)
        panel.set(title=title, xlabel="level (quantile over the data, %)")
    _references(axes, embedded)
    toy = [s for s in found if s.world == "toy"]
    _panel(axes[4], toy, "tv")
    _band(axes[4], toy, "tv_floor", "exact draws")
    axes[4].set(title="toy world: smoothed TV", xlabel="target τ", yscale="log")
    named = {text: line for axis in axes for line, text in zip(*axis.get_legend_handles_labels(), strict=True)}
    order = sorted((n for n in named if not any(other.startswith(f"{n} (") for other in named)), key=_rank)
    columns = -(-len(order) // 2)
    drawn.legend([named[n] for n in order], order, loc="lower center", ncols=columns, frameon=False, fontsize=8)
    drawn.suptitle("Who reaches the tilt: a method does where its line lies in the grey band of exact draws")
    drawn.get_layout_engine().set(rect=(0, 0.12, 1, 0.88))  # type: ignore[union-attr,call-arg]
    return drawn


def _rank(label: str) -> int:
    """Methods in the order of their colours, then the references."""
    names = list(COLORS)
    method = label.split(" (")[0]
    return names.index(method) if method in COLORS else len(names)


def _x(summary: Summary) -> float:
    return 100 * summary.level if summary.world == "embedded" else summary.level


def _series(found: Sequence[Summary], name: str) -> tuple[list[float], list[float]]:
    pairs = [(_x(s), value) for s in found if (value := s.means[name]) is not None]
    return [x for x, _ in pairs], [y for _, y in pairs]


def _panel(axes: Axes, found: Sequence[Summary], name: str) -> None:
    """A line a method, named with the number of features where it ran on some alone; KID with its standard error."""
    methods = list(dict.fromkeys(s.method for s in found))
    levels = sorted({_x(s) for s in found})
    apart = 0.02 * (levels[-1] - levels[0] or 1.0)
    most = max(s.features for s in found)
    for place, method in enumerate(methods):
        ours = [s for s in found if s.method == method]
        x, y = _series(ours, name)
        errors = _series(ours, "kid_se")[1] if name == "kid" else None
        shift = apart * (place - len(methods) / 2) if name == "kid" else 0.0
        color, some = COLORS.get(method, OTHER), ours[0].features
        axes.errorbar(
            np.array(x) + shift,
            y,
            yerr=errors,
            color=color,
            marker="o",
            ms=3.5,
            lw=1.3,
            label=method if some == most else f"{method} ({some} of {most} features)",
        )
    axes.set_xticks(levels, [f"{level:g}" for level in levels])


def _band(axes: Axes, found: Sequence[Summary], name: str, text: str) -> None:
    """From 0 to what exact draws have."""
    x, y = _series([s for s in found if s.method == found[0].method], name)
    axes.fill_between(x, 0, y, color="0.85", zorder=0, label=text)


def _references(axes: Any, found: Sequence[Summary]) -> None:
    """Where exact draws of the prior's tilt lie, and the data's tilt."""
    first = [s for s in found if s.method == found[0].method]
    axes[0].axhspan(0, MEAN, color="0.85", zorder=0)
    _band(axes[1], found, "tv_floor", "exact draws")
    axes[2].axhline(0, color="0.6", lw=4, zorder=0)
    x, prior = (np.array(values) for values in _series(first, "prior_tilt_agreement"))
    _, data = _series(first, "data_tilt_agreement")
    error = 2 * np.sqrt(prior * (1 - prior) / np.array([s.pictures for s in first]))
    axes[3].fill_between(x, prior - error, prior + error, color="0.85", zorder=0)
    axes[3].plot(x, data, color="0.3", ls=":", lw=1.3, label="data's tilt")
    for axis in axes[:2]:
        axis.set_ylim(bottom=0)
