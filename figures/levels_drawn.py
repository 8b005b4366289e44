"""The picture of `figures.levels`: above, pictures of both solutions at a few levels; below, what they consist of."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from distributional_view.figures.levels_path import EVERY, METHODS, Kind, MethodName, Path, Pixels

if TYPE_CHECKING:
    from distributional_view.figures.levels import FeatureLevels, Followed

COLORS: dict[MethodName, str] = {"tilt": "#0072B2", "truncation": "#D55E00"}
DRAWN = 5
"""Words of a panel."""
EDGE, GAP = 0.06, 0.35
"""Between pictures, and between levels, in sides of a picture."""
LABELS = 2.0
"""Room for words beside the pictures, in the same unit."""


def figure(data: "FeatureLevels") -> Figure:
    """A column for each set of pictures."""
    sets = data.sets
    rows = max(2 * len(s.samples) for s in sets)
    heights = (0.28 * rows + 0.9, 2.0, 2.0, 1.7)
    drawn = plt.figure(figsize=(7.2 * len(sets), sum(heights) + 0.9))
    grid = drawn.add_gridspec(len(heights), len(sets), height_ratios=heights)
    for column, followed in enumerate(sets):
        above, *below = (drawn.add_subplot(grid[row, column]) for row in range(len(heights)))
        _pictures(above, followed)
        kinds = followed.evidence.kinds
        first, *others = kinds
        _shares(below[0], followed.path, [(first, word) for word in _largest(followed, first)], kinds)
        below[0].set_title(f"share of each {first}: thick the tilt, thin the truncation; {_wandered(followed, first)}")
        if others:
            _shares(below[1], followed.path, [(kind, _most_moved(followed, kind)) for kind in others], kinds)
            below[1].set_title(f"of {', '.join(others)}: the word that moves most")
        else:
            _sizes(below[1], followed.path)
        _speeds(below[2], followed.path)
        for axes in below:
            axes.set_xlim(followed.path.targets[0], followed.path.targets[-1])
            _marks(axes, followed)
    drawn.suptitle(f"{data.title}: the evidence at each level, by tilt and by truncation at the same mean activation")
    return drawn


def _pictures(axes: Axes, followed: "Followed") -> None:
    """The ladder of all scores, then two strips a level."""
    evidence = followed.evidence
    y, wide = 0.0, len(followed.ladder)
    scores = evidence.scores[followed.ladder]
    axes.text(-0.2, y + 0.5, "by score", ha="right", va="center", fontsize=8)
    _strip(axes, y, evidence.pictures(np.array(followed.ladder)), wide)
    for i in (0, wide // 2, wide - 1):
        axes.text(i * (1 + EDGE) + 0.5, y + 1.12, f"{scores[i]:.1f}", ha="center", va="top", fontsize=7)
    y += 2.3
    for sample in followed.samples:
        left = 0.0
        axes.text(-0.2, y + 0.5, f"mean {sample.target:.2f}", ha="right", va="center", fontsize=8)
        for method in METHODS:
            places = np.array(sample.places[method])
            _strip(axes, y, evidence.pictures(places), len(places), left, COLORS[method])
            left += len(sample.places[METHODS[0]]) * (1 + EDGE) + GAP
        y += 1 + GAP
    half = len(followed.samples[0].places[METHODS[0]]) * (1 + EDGE) + GAP
    for place, method in enumerate(METHODS):
        axes.text(place * half, 2.22, method, color=COLORS[method], fontsize=8, va="bottom")
    axes.set(xlim=(-LABELS, max(2 * half, wide * (1 + EDGE))), ylim=(y, -0.1), aspect="equal")
    axes.axis("off")
    axes.set_title(f"{evidence.name}: pictures that stand for each solution, by rising score")


def _strip(
    axes: Axes, y: float, pictures: Sequence[Pixels | None], wide: int, left: float = 0.0, color: str = "0.6"
) -> None:
    for i, pixels in enumerate(pictures):
        x = left + i * (1 + EDGE)
        if pixels is None:
            axes.text(x + 0.5, y + 0.5, "?", ha="center", va="center")
        else:
            axes.imshow(pixels, extent=(x, x + 1, y + 1, y), cmap="gray", vmin=0, vmax=1)
    axes.plot([left, left + wide * (1 + EDGE) - EDGE], [y + 1.06] * 2, color=color, lw=1.2)


def _largest(followed: "Followed", kind: str) -> list[int]:
    """The words that matter somewhere on the path, at most `DRAWN`."""
    peaks = np.max([way.shares[kind].max(0) for way in followed.path.ways.values()], axis=0)
    return [int(c) for c in np.argsort(-peaks, kind="stable")[:DRAWN] if peaks[c] > 0]


def _most_moved(followed: "Followed", kind: str) -> int:
    """The word whose share along the tilt ends farthest from where it starts."""
    shares = followed.path.ways["tilt"].shares[kind]
    return int(np.argmax(np.abs(shares[-1] - shares[0])))


def _wandered(followed: "Followed", kind: str) -> str:
    """How much more the shares move than from end to end."""
    ways = followed.path.ways
    found = {
        method: along / net if net > 0 else np.nan for method in METHODS for net, along in [ways[method].moved(kind)]
    }
    return "path " + ", ".join(f"{found[m]:.1f}" for m in METHODS) + " times its ends' distance"


def _shares(axes: Axes, path: Path, words: Sequence[tuple[str, int]], kinds: Any) -> None:
    """A colour a word, the same in every set; thick, with a band of two standard errors: the tilt."""
    several = len({kind for kind, _ in words}) > 1
    for place, (kind, word) in enumerate(words):
        names: Kind = kinds[kind]
        color = plt.get_cmap("tab10")((place if several else word) % 10)
        for method in METHODS:
            way = path.ways[method]
            share = way.shares[kind][:, word]
            axes.plot(
                path.targets,
                share,
                color=color,
                lw=2.2 if method == "tilt" else 0.9,
                label=names.words[word] if method == "tilt" else None,
            )
            middle, error = share[::EVERY], way.errors[kind][:, word]
            if method == "tilt":
                axes.fill_between(
                    path.targets[::EVERY], middle - 2 * error, middle + 2 * error, color=color, alpha=0.18, lw=0
                )
    axes.set(ylim=(-0.02, 1.02), ylabel="share")
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _sizes(axes: Axes, path: Path) -> None:
    for method in METHODS:
        axes.plot(path.targets, path.ways[method].sizes, color=COLORS[method], label=method)
    axes.set(yscale="log", ylabel="pictures")
    axes.set_title("effective size")
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _speeds(axes: Axes, path: Path) -> None:
    """How much of the distribution is replaced when the mean rises by a standard deviation; effective sizes on top."""
    middle = (path.targets[1:] + path.targets[:-1]) / 2
    for method in METHODS:
        way = path.ways[method]
        axes.plot(middle, way.speeds, color=COLORS[method], label=f"{method}: {way.sizes[-1]:.0f} at the end")
    axes.set(yscale="log", xlabel="level: mean activation", ylabel="TV per sd")
    axes.set_title("what a step of the level replaces; legend: effective number of pictures")
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _marks(axes: Axes, followed: "Followed") -> None:
    for sample in followed.samples:
        axes.axvline(sample.target, color="0.75", lw=0.7, ls=":", zorder=0)
