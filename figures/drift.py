"""Object drift: a task score pulls the distribution away although E[psi] never moves; the exact price and the bound.

One row a task score. Left to right: the intrinsic solution with lines of equal task score, three growing demands, and
the price of every demand. Exact densities at one target. Counterpart of the paper's Figures 2, 10 and 11.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from distributional_view.figures.artefact import Artefact, Settings
from distributional_view.figures.output import Provenance
from distributional_view.theory.measures.tasks import Baseline, baseline, gibbs
from distributional_view.theory.progress import Progress, silent
from distributional_view.toy.drift import Step, label_score, reference_at, reference_score, sweep
from distributional_view.toy.kde import log_density
from distributional_view.toy.plane import node_measure
from distributional_view.toy.world import ToyWorld

STATEMENTS = ("Definition 2.4", "Definition 2.5", "Lemma E.1", "Lemma E.2", "Theorem E.3")
TARGET = 6.0
SHARES = (0.5, 0.8, 0.95)  # of the way from E_{q_beta}[g] to the supremum of g, which is 0 for both scores
LABEL = 1  # the mode on the upper left
PIXELS, QUICK_PIXELS = 300, 100
STEPS, QUICK_STEPS = 24, 6
MARK = "#EE3344"


@dataclass(frozen=True)
class TaskRow:
    """One task score: its values on the pixels, the price of every demand, and the demands that are drawn."""

    name: str
    unit: str
    formula: str
    field: Float[np.ndarray, "g g"]
    start: float
    curve: list[Step]
    drawn: list[Step]
    densities: list[Float[np.ndarray, "g g"]]


@dataclass(frozen=True)
class Drift(Artefact):
    """All that the figure shows; arrays are indexed [i over x1, j over x2]."""

    name: ClassVar[str] = "drift"
    world: ToyWorld
    axis: Float[np.ndarray, " g"]
    intrinsic: Baseline
    density: Float[np.ndarray, "g g"]
    label_at: Float[np.ndarray, " 2"]
    reference: Float[np.ndarray, " 2"]
    rows: list[TaskRow]

    @property
    def provenance(self) -> Provenance:
        """No random numbers are drawn."""
        chosen = {"target": TARGET, "label": LABEL, "reference": self.reference.tolist()}
        title = "Object drift: a task score at the same mean score"
        return Provenance(title, STATEMENTS, self.world.parameters() | chosen, None)

    def numbers(self) -> dict[str, Any]:
        """Both curves and the drawn demands."""
        intrinsic = self.intrinsic
        return {
            **self.provenance.as_dict(),
            "intrinsic": {"multiplier": intrinsic.multiplier, "kl": intrinsic.kl, "mean": intrinsic.mean},
            "tasks": [
                {
                    "task": row.name,
                    "unit": row.unit,
                    "intrinsic_task_mean": row.start,
                    "curve": [_record(step) for step in row.curve],
                    "drawn": [_record(step) for step in row.drawn],
                }
                for row in self.rows
            ],
        }

    def draw(self) -> dict[str, Figure]:
        """Two rows of five panels."""
        return {self.name: _figure(self)}


def compute(settings: Settings, progress: Progress = silent) -> Drift:
    """Exact task-injected solutions of both task scores at growing demands, E[psi] held at the target."""
    world = settings.world
    pixels, steps = (QUICK_PIXELS, QUICK_STEPS) if settings.quick else (PIXELS, STEPS)
    half = world.radius / np.sqrt(2) + 3.2 * world.sigma
    axis = (np.arange(pixels) + 0.5) * 2 * half / pixels - half
    pixel = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    log_p, psi = log_density(world, pixel), np.asarray(world.psi(pixel))
    p = node_measure(world)
    intrinsic = baseline(p.masses, p.scores, TARGET)
    reference = reference_at(world, TARGET)

    def density(exponent: Float[np.ndarray, " n"], on_pixels: Float[np.ndarray, "g g"]) -> Float[np.ndarray, "g g"]:
        return np.exp(log_p + on_pixels - gibbs(p.masses, exponent).log_partition)

    rows: list[TaskRow] = []
    for name, unit, formula, at_nodes, at_pixels in (
        (
            "text-like",
            "nats",
            "g = log P(upper-left mode | x)",
            label_score(world, LABEL, p.points),
            label_score(world, LABEL, pixel),
        ),
        (
            "reference",
            "length²",
            "g = −‖x − x_ref‖²/2",
            reference_score(reference, p.points),
            reference_score(reference, pixel),
        ),
    ):
        progress(f"demands of the {name} task", len(rows), 2)
        start = float(intrinsic.masses @ at_nodes)
        curve = sweep(intrinsic, at_nodes, [start * (1 - s) for s in np.linspace(0, SHARES[-1], steps)])
        drawn = sweep(intrinsic, at_nodes, [start * (1 - s) for s in SHARES])
        tilts = [(s.multiplier, s.task_multiplier) for s in drawn]
        densities = [density(b * p.scores + c * at_nodes, b * psi + c * at_pixels) for b, c in tilts]
        rows.append(TaskRow(name, unit, formula, at_pixels, start, curve, drawn, densities))
    beta = intrinsic.multiplier
    means = np.asarray(world.mixture.means, np.float64)
    progress("demands", len(rows), len(rows))
    return Drift(world, axis, intrinsic, density(beta * p.scores, beta * psi), means[LABEL], reference, rows)


def _figure(data: Drift) -> Figure:
    figure = plt.figure(figsize=(12.4, 6.6))
    grid = figure.add_gridspec(2, 5, width_ratios=(1, 1, 1, 1, 1.35))
    edge = float(data.axis[-1] + 0.5 * (data.axis[1] - data.axis[0]))
    extent = (-edge, edge, -edge, edge)
    shades = PowerNorm(0.45, vmin=0, vmax=max(float(d.max()) for row in data.rows for d in row.densities))
    pictures: list[Axes] = []
    for r, row in enumerate(data.rows):
        for c, density in enumerate([data.density, *row.densities]):
            here = figure.add_subplot(grid[r, c])
            pictures.append(here)
            picture = here.imshow(density.T, origin="lower", extent=extent, norm=shades, cmap="viridis")
            here.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[])
            here.spines[:].set_visible(False)
            if r == 0:
                here.add_patch(Circle(tuple(data.label_at), 1.0, fill=False, color=MARK, lw=1.2))
            else:
                here.plot(*data.reference, marker="x", ms=8, mew=2, color=MARK, ls="none")
            if c == 0:
                levels = np.quantile(row.field, (0.2, 0.4, 0.6, 0.8, 0.95))
                here.contour(data.axis, data.axis, row.field.T, levels=levels, colors="white", linewidths=0.6)
                here.set_ylabel(f"{row.name}\n{row.formula}")
                here.set_title(f"intrinsic q_β: E[ψ] = {data.intrinsic.mean:.2f}")
                here.set_xlabel(_signed(f"lines: equal g; E[g] = {row.start:.2f}"))
            else:
                step = row.drawn[c - 1]
                here.set_title(f"Δ = {step.distortion:.2f} nats: E[ψ] = {step.mean:.2f}")
                here.set_xlabel(_signed(f"κ = {step.task_target:.2f} {row.unit}, γ = {step.task_multiplier:.2f}"))
        _prices(figure.add_subplot(grid[r, 4]), row)
    caption = "density, per length² (all panels); circle: the label's mode; cross: the reference x_ref"
    figure.colorbar(picture, ax=pictures, location="bottom", shrink=0.6, aspect=50, label=caption)
    figure.suptitle(
        "The mean score never moves, the object does: a task score turns the feature's picture into the task's"
    )
    return figure


def _prices(axes: Axes, row: TaskRow) -> None:
    """The exact distortion and the paper's bound against the demand."""
    demand = [s.task_target for s in row.curve]
    axes.plot(demand, [s.distortion for s in row.curve], color="C0", label="exact, E[ψ] held")
    axes.plot(demand, [s.bound for s in row.curve], color="C1", ls="--", label="lower bound (16), E[ψ] let go")
    axes.plot([s.task_target for s in row.drawn], [s.distortion for s in row.drawn], "o", color="C0", ms=5)
    worst = max(row.curve[1:], key=lambda s: s.distortion / s.bound)
    axes.set_title(f"exact price is up to {worst.distortion / worst.bound:.2f} × the bound")
    axes.set(xlabel=f"demand κ on E[g] ({row.unit})", ylabel="distortion Δ(κ) (nats)")
    axes.set_ylim(bottom=0)
    last = f"behind the bound at\nthe last dot is a q\nwith E[ψ] = {row.drawn[-1].free_mean:.2f}"
    axes.text(0.03, 0.42, last, transform=axes.transAxes, fontsize=8)
    axes.legend(loc="upper left")


def _signed(text: str) -> str:
    """With typographic minus signs, as on the axes."""
    return text.replace("-", "−")


def _record(step: Step) -> dict[str, float]:
    return {name: value for name, value in step._asdict().items() if name != "masses"}
