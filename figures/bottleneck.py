"""The prompt bottleneck: what a family of prompts pays beyond the KLSC solution, exactly split.

Top row: the best member of each family at one target, and the KLSC solution. Bottom row: KL to p of the best member at
each target, split by the Pythagorean identity. Counterpart of the point of the paper's Figure 4.
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
from distributional_view.theory import calibrate_klsc
from distributional_view.theory.measures.bottleneck import Decomposition, decompose
from distributional_view.theory.measures.finite import finite_kl
from distributional_view.theory.measures.tasks import baseline
from distributional_view.theory.progress import Progress, silent
from distributional_view.toy.kde import log_density
from distributional_view.toy.plane import node_measure
from distributional_view.toy.prompts import FAMILIES, best_prompts, density
from distributional_view.toy.world import TARGETS, ToyWorld

STATEMENTS = ("Definition 2.2", "Lemma D.4", "Theorem F.7")
DRAWN = 6.0
PIXELS, QUICK_PIXELS = 300, 100
PARTS = {
    "klsc_kl": ("the level itself: KL(q_β‖p)", "#4477AA"),
    "gap": ("the bottleneck: KL(q‖q_β)", "#EE6677"),
    "excess": ("overshoot: β (E[ψ] − τ)", "#CCBB44"),
}


@dataclass(frozen=True)
class Bar:
    """The best member of a family at a target, its split divergence, and the bound of Theorem F.7."""

    target: float
    family: str
    parameters: list[float]
    mean: float
    parts: Decomposition
    bound: float
    stationarity: float


@dataclass(frozen=True)
class Bottleneck(Artefact):
    """All that the figure shows; arrays are indexed [i over x1, j over x2]."""

    name: ClassVar[str] = "bottleneck"
    world: ToyWorld
    axis: Float[np.ndarray, " g"]
    bars: list[Bar]
    densities: dict[str, Float[np.ndarray, "g g"]]
    klsc_density: Float[np.ndarray, "g g"]

    @property
    def provenance(self) -> Provenance:
        """No random numbers are drawn."""
        parameters = self.world.parameters() | {"families": list(FAMILIES), "drawn_target": DRAWN}
        return Provenance("Prompt bottleneck: what a family of prompts pays", STATEMENTS, parameters, None)

    def numbers(self) -> dict[str, Any]:
        """The bars."""
        bars = [
            {
                "target": bar.target,
                "family": bar.family,
                "parameters": bar.parameters,
                "mean": bar.mean,
                **bar.parts._asdict(),
                "bound": bar.bound,
                "stationarity": bar.stationarity,
            }
            for bar in self.bars
        ]
        return {**self.provenance.as_dict(), "bars": bars}

    def draw(self) -> dict[str, Figure]:
        """Five densities above three bar charts."""
        return {self.name: _figure(self)}


def compute(settings: Settings, progress: Progress = silent) -> Bottleneck:
    """The best member of each family at each target, and the densities at one."""
    world, pixels = settings.world, QUICK_PIXELS if settings.quick else PIXELS
    half = world.radius / np.sqrt(2) + 3.2 * world.sigma
    axis = (np.arange(pixels) + 0.5) * 2 * half / pixels - half
    pixel = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    p = node_measure(world)
    bars, densities = [], {}
    for i, target in enumerate(TARGETS):
        progress(f"best prompts at target {target:g}", i, len(TARGETS))
        intrinsic = baseline(p.scores, target, masses=p.masses)
        nearest = best_prompts(world, p, -np.inf, intrinsic.masses)
        for name, prompt in best_prompts(world, p, target).items():
            parts = decompose(p.scores, target, q=prompt.masses, masses=p.masses)
            bound = intrinsic.kl + finite_kl(nearest[name].masses, intrinsic.masses)
            mean = float(prompt.masses @ p.scores)
            bars.append(Bar(target, name, prompt.parameters.tolist(), mean, parts, bound, prompt.stationarity))
            if target == DRAWN:
                densities[name] = density(name, prompt.parameters, pixel)
                klsc = calibrate_klsc(world.law, target)
    klsc_density = np.exp(log_density(world, pixel) + klsc.log_ratio(np.asarray(world.psi(pixel))))
    progress("best prompts", len(TARGETS), len(TARGETS))
    return Bottleneck(world, axis, bars, densities, klsc_density)


def _figure(data: Bottleneck) -> Figure:
    figure = plt.figure(figsize=(11.4, 6.2))
    rows = figure.add_gridspec(2, 1, height_ratios=(1.0, 0.95))
    top, bottom = rows[0].subgridspec(1, len(FAMILIES) + 1), rows[1].subgridspec(1, len(TARGETS))
    edge = float(data.axis[-1] + 0.5 * (data.axis[1] - data.axis[0]))
    extent = (-edge, edge, -edge, edge)
    at_drawn = {bar.family: bar for bar in data.bars if bar.target == DRAWN}
    shown = {**data.densities, "KLSC, no restriction": data.klsc_density}
    shades = PowerNorm(0.6, vmin=0, vmax=max(float(d.max()) for d in shown.values()))
    pictures = []
    for c, (name, values) in enumerate(shown.items()):
        here = figure.add_subplot(top[c])
        pictures.append(here)
        picture = here.imshow(values.T, origin="lower", extent=extent, norm=shades, cmap="viridis")
        here.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[], title=name)
        here.spines[:].set_visible(False)
        if c == 0:
            here.set_ylabel(f"best member with E[ψ] ≥ {DRAWN:g}")
        bar = at_drawn.get(name)
        cost, mean = (bar.parts.kl, bar.mean) if bar else (at_drawn[next(iter(FAMILIES))].parts.klsc_kl, DRAWN)
        here.set_xlabel(f"E[ψ] = {mean:.1f}, KL {cost:.2f} nats")
    figure.colorbar(picture, ax=pictures, shrink=0.75, label="density, per length²", pad=0.01)
    longest = max(bar.parts.kl for bar in data.bars)
    for c, target in enumerate(TARGETS):
        here = figure.add_subplot(bottom[c])
        _stack(here, [bar for bar in data.bars if bar.target == target])
        here.set(xlim=(0, 1.12 * longest), xlabel="KL to p of the best member (nats)", title=f"E[ψ] ≥ {target:g}")
        if c:
            here.set_yticklabels([])
    handles, labels = here.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    figure.suptitle("A narrower prompt family costs nats: one blob cannot say 'these modes, in these shares'")
    return figure


def _stack(axes: Axes, bars: list[Bar]) -> None:
    """One horizontal bar a family, narrowest on top, split into its three parts; a tick at the paper's bound."""
    places = np.arange(len(bars) + 1)[::-1]
    klsc = Bar(
        0, "KLSC, no restriction", [], 0, Decomposition(bars[0].parts.klsc_kl, bars[0].parts.klsc_kl, 0, 0), 0, 0
    )
    left = np.zeros(len(places))
    for part, (label, color) in PARTS.items():
        widths = np.array([max(0.0, getattr(bar.parts, part)) for bar in (*bars, klsc)])
        axes.barh(places, widths, left=left, height=0.62, color=color, label=label)
        left += widths
    axes.plot([b.bound for b in bars], places[:-1], "|", color="black", ms=19, mew=1.6, label="bound (175)")
    for place, bar in zip(places, (*bars, klsc), strict=True):
        axes.text(bar.parts.kl + 0.02, place, f"{bar.parts.kl:.2f}", va="center", fontsize=8)
    axes.set_yticks(places, [bar.family for bar in (*bars, klsc)])
