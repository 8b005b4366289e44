"""Figure 1: what truncation and tilting do to p at the same mean score, as exact densities.

Top row: p and the KLSC solutions. Bottom row: the score and the hard solutions. All densities share one colour
scale. The red rays are the hard thresholds; in the top row they mark where the boundary mass of the tilt is taken.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from distributional_view.figures.artefact import Artefact, Settings
from distributional_view.figures.output import Provenance
from distributional_view.theory.progress import Progress, silent
from distributional_view.toy.kde import log_density
from distributional_view.toy.table2 import calibrated
from distributional_view.toy.world import TARGETS, ToyWorld

STATEMENTS = ("Definition 2.1", "Definition 2.2", "Lemma D.1", "Lemma D.4", "Lemma D.7", "Theorem D.14")
PIXELS, QUICK_PIXELS = 400, 120
EDGE = "#EE3344"


@dataclass(frozen=True)
class Panel:
    """A density on the pixel grid and what it costs."""

    method: str
    target: float
    density: Float[np.ndarray, "g g"]
    parameter: float
    kl: float
    boundary_mass: float
    edges: list[float]


@dataclass(frozen=True)
class Fig1(Artefact):
    """All that Figure 1 shows; arrays are indexed [i over x1, j over x2]."""

    name: ClassVar[str] = "fig1"
    world: ToyWorld
    axis: Float[np.ndarray, " g"]
    prior: Float[np.ndarray, "g g"]
    score: Float[np.ndarray, "g g"]
    panels: list[Panel]

    @property
    def provenance(self) -> Provenance:
        """No random numbers are drawn."""
        title = "Figure 1: truncation and tilting at the same mean score"
        return Provenance(title, STATEMENTS, self.world.parameters(), None)

    def numbers(self) -> dict[str, Any]:
        """The annotations."""
        panels = [
            {
                "target": p.target,
                "method": p.method,
                "multiplier" if p.method == "klsc" else "threshold": p.parameter,
                "kl": p.kl,
                "boundary_mass": p.boundary_mass,
            }
            for p in self.panels
        ]
        return {**self.provenance.as_dict(), "panels": panels}

    def draw(self) -> dict[str, Figure]:
        """Eight panels."""
        return {self.name: _figure(self)}


def compute(settings: Settings, progress: Progress = silent) -> Fig1:
    """Exact densities of p and of both solutions at each target."""
    world, pixels = settings.world, QUICK_PIXELS if settings.quick else PIXELS
    half = world.radius / np.sqrt(2) + 3.2 * world.sigma
    axis = (np.arange(pixels) + 0.5) * 2 * half / pixels - half
    points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    log_p, score = log_density(world, points), np.asarray(world.psi(points))
    panels = []
    for i, target in enumerate(TARGETS):
        progress(f"densities at target {target:g}", i, len(TARGETS))
        level = calibrated(world, target)
        threshold = level.hard.threshold
        for method, (q, _) in level.pairs().items():
            panels.append(
                Panel(
                    method,
                    target,
                    np.exp(log_p + q.log_ratio(score)),
                    level.klsc.multiplier if method == "klsc" else threshold,
                    q.kl,
                    q.boundary_mass(threshold, world.margin),
                    world.psi.angles_at(threshold),
                )
            )
    progress("densities", len(TARGETS), len(TARGETS))
    return Fig1(world, axis, np.exp(log_p), score, panels)


def _figure(data: Fig1) -> Figure:
    figure, axes = plt.subplots(2, 4, figsize=(10.4, 5.9), sharex=True, sharey=True)
    edge = float(data.axis[-1] + 0.5 * (data.axis[1] - data.axis[0]))
    extent = (-edge, edge, -edge, edge)
    top = max(float(panel.density.max()) for panel in data.panels)

    def image(axes: Axes, values: Float[np.ndarray, "g g"], **options: Any) -> Any:
        return axes.imshow(values.T, origin="lower", extent=extent, **options)

    shades = PowerNorm(0.6, vmin=0, vmax=top)  # p itself is faint beside the most concentrated tilt
    density = image(axes[0, 0], data.prior, norm=shades, cmap="viridis")
    axes[0, 0].set_title("natural distribution p")
    field = image(axes[1, 0], data.score, cmap="cividis")
    axes[1, 0].set_title("score ψ")
    axes[0, 0].set_xlabel("dotted: the threshold t below")
    axes[1, 0].set_xlabel("boundary: t ≤ ψ < t + δ given ψ ≥ t")
    for panel in data.panels:
        row, column = int(panel.method == "hard"), 1 + TARGETS.index(panel.target)
        here = axes[row, column]
        here.set_facecolor("#E4E4E4")  # where a truncation has no mass at all
        image(here, np.where(panel.density > 0, panel.density, np.nan), norm=shades, cmap="viridis")
        for angle in panel.edges:
            reach = np.array([0.0, 2 * edge])
            hard = panel.method == "hard"
            here.plot(
                reach * np.cos(angle),
                reach * np.sin(angle),
                color=EDGE,
                lw=1.3 if hard else 0.9,
                ls="-" if hard else ":",
            )
        name = f"hard, t = {panel.parameter:.2f}" if panel.method == "hard" else f"KLSC, β = {panel.parameter:.3f}"
        here.set_title(f"{name}: E[ψ] = {panel.target:g}")
        here.set_xlabel(f"KL {panel.kl:.3f} nats   boundary {100 * panel.boundary_mass:.2f} %")
    for here in axes.flat:
        here.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[], aspect="equal")
        here.spines[:].set_visible(False)
    figure.colorbar(density, ax=axes[0, :], shrink=0.8, label="density (all seven panels)", pad=0.01)
    figure.colorbar(field, ax=axes[1, :], shrink=0.8, label="score ψ", pad=0.01)
    figure.suptitle("Same mean score: tilting (top) reweights all of p, truncation (bottom) cuts it and pays more KL")
    return figure
