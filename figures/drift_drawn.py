"""The picture of `figures.drift_pictures`: a block a task, its demands as strips of pictures, its prices beside."""

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from distributional_view.figures.drift_pictures import Demand, PictureDrift, PictureTask

EDGE = 0.06
HIGH = 1.75
"""From one strip to the next, in sides of a picture."""


def figure(data: "PictureDrift") -> Figure:
    """Strips of pictures on the left, prices on the right."""
    drawn = plt.figure(figsize=(11.6, 4.0 * len(data.tasks) + 0.4))
    grid = drawn.add_gridspec(len(data.tasks), 2, width_ratios=(1.45, 1))
    for row, task in enumerate(data.tasks):
        _strips(drawn.add_subplot(grid[row, 0]), data, task)
        _prices(drawn.add_subplot(grid[row, 1]), task)
    drawn.suptitle(
        f"{data.title} at mean activation {_signed(data.intrinsic.mean)}: what a task score makes of {data.source}"
    )
    return drawn


def _strips(axes: Axes, data: "PictureDrift", task: "PictureTask") -> None:
    """The tilt, then growing demands; the reference is shown beside the tilt."""
    from distributional_view.figures.drift_pictures import largest_classes

    wide = max(len(d.places) for d in task.demands)
    for row, demand in enumerate(task.demands):
        y = row * HIGH
        for i, pixels in enumerate(data.pictures(np.array(demand.places))):
            _picture(axes, pixels, i * (1 + EDGE), y)
        said = f": {largest_classes(data.classes, demand.classes)}" if data.classes else ""
        axes.text(0, y - 0.08, f"{_words(demand, row == 0)}{said}", fontsize=7.5, va="bottom")
    if task.reference is not None:
        x = wide * (1 + EDGE) + 0.3
        _picture(axes, task.reference, x, 0.0)
        axes.plot([x, x + 1, x + 1, x, x], [0, 0, 1, 1, 0], color="#EE3344", lw=1.5)
        axes.text(x + 0.5, -0.08, "reference", color="#EE3344", ha="center", va="bottom", fontsize=7.5)
    bottom = (len(task.demands) - 1) * HIGH + 1.1
    axes.set(xlim=(-0.05, (wide + 1) * (1 + EDGE) + 0.35), ylim=(bottom, -0.75), aspect="equal")
    axes.axis("off")
    axes.set_title(f"{task.name}: pictures that stand for each solution, by rising activation")


def _words(demand: "Demand", tilt: bool) -> str:
    step = demand.step
    if tilt:
        return f"the tilt, E[ψ] = {_signed(step.mean)}, E[g] = {_signed(step.task_target)}"
    error = f" ± {demand.se:.2f}" if np.isfinite(demand.se) else " (error unknown)"
    return f"E[ψ] = {_signed(step.mean)}, E[g] = {_signed(step.task_target)}, Δ = {step.distortion:.2f}{error} nats"


def _picture(axes: Axes, pixels: np.ndarray, x: float, y: float) -> None:
    axes.imshow(np.clip((pixels + 1) / 2, 0, 1), extent=(x, x + 1, y + 1, y), cmap="gray", vmin=0, vmax=1)


def _prices(axes: Axes, task: "PictureTask") -> None:
    """The exact distortion and the paper's bound against the demand."""
    demand = [step.task_target for step in task.curve]
    axes.plot(demand, [step.distortion for step in task.curve], color="C0", label="exact, E[ψ] held")
    axes.plot(demand, [step.bound for step in task.curve], color="C1", ls="--", label="lower bound (16), E[ψ] let go")
    for shown in task.demands[1:]:
        error = 2 * shown.se if np.isfinite(shown.se) else 0.0
        axes.errorbar(shown.step.task_target, shown.step.distortion, error, color="C0", marker="o", ms=5, capsize=3)
        axes.annotate(
            f"{shown.size:.0f}",
            (shown.step.task_target, shown.step.distortion),
            (-6, 6),
            textcoords="offset points",
            ha="right",
            fontsize=7.5,
        )
    axes.set_ylim(bottom=0)
    axes.set(xlabel=f"demand κ on E[g] ({task.unit})", ylabel="distortion Δ(κ) (nats)")
    axes.set_title(f"its price; correlation with ψ under the tilt {_signed(task.correlation)}")
    axes.legend(loc="upper left", title="numbers: effective pictures; bars: 2 se", title_fontsize=7.5, fontsize=8)


def _signed(value: float) -> str:
    """Two decimals, or two digits of a small number, with a typographic minus."""
    return (f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2g}").replace("-", "−")
