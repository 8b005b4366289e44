"""Figure 3: three ways of sampling at the same mean score, judged against the exact KLSC solution.

Rows: retrieval, optimisation with regularisation, EnergyDPS with tilt-like and with constant guidance. The table beside
it adds exact references, the ideal sampler of Theorem G.3, the twisted sampler and the distances to the exact solution.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from distributional_view.figures.output import Provenance, save_figure
from distributional_view.files import write_whole
from distributional_view.toy.compare import METHODS, QUICK, TOLERANCE, Budget, Comparison, Result
from distributional_view.toy.judge import Verdict
from distributional_view.toy.kde import log_density
from distributional_view.toy.world import TARGETS, ToyWorld

STATEMENTS = (
    "Lemma D.4",
    "Lemma F.1",
    "Lemma F.2",
    "Algorithm 1",
    "Theorem G.3",
    "Remark G.4",
)
ROWS = ("retrieval", "optimisation", "EnergyDPS", "EnergyDPS constant")
SHOWN = 2500  # points drawn in a panel
NAMES = {
    "retrieval": "retrieval (top K)",
    "optimisation": "optimisation",
    "EnergyDPS": "EnergyDPS, tilt-like",
    "EnergyDPS constant": "EnergyDPS, constant",
}
COLORS = {
    "retrieval": "#D55E00",
    "optimisation": "#009E73",
    "EnergyDPS": "#0072B2",
    "EnergyDPS constant": "#CC79A7",
    "ideal": "#000000",
    "twisted": "#E69F00",
}


@dataclass(frozen=True)
class Data:
    """All that the figure and the table show."""

    world: ToyWorld
    budget: Budget
    seed: int
    results: list[Result]
    floors: list[Verdict]

    def at(self, method: str, target: float) -> Result:
        """The result of a method at a target."""
        return next(r for r in self.results if r.method == method and r.target == target)


def compute(world: ToyWorld, seed: int, quick: bool, progress: Callable[[str, int, int], None]) -> Data:
    """Run all methods at all targets. `progress` gets what is being done, how much is done, and the total."""
    budget = QUICK if quick else Budget()
    comparison = Comparison(world, budget, seed)
    results = list(comparison.results(TARGETS, progress))
    return Data(world, budget, seed, results, [comparison.floor(t, i) for i, t in enumerate(TARGETS)])


def draw(data: Data) -> Figure:
    """Sixteen panels; call inside `figures.output.style()`."""
    figure, axes = plt.subplots(4, 4, figsize=(10.4, 11.2))
    half = data.world.radius / np.sqrt(2) + 3.2 * data.world.sigma
    axis = np.linspace(-half, half, 161)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    prior, score = np.exp(log_density(data.world, grid)), np.asarray(data.world.psi(grid))
    for row, method in enumerate(ROWS):
        for column, target in enumerate(TARGETS, start=1):
            here, result = axes[row, column], data.at(method, target)
            _plane(here, half)
            here.contour(axis, axis, prior.T, levels=4, colors="#888888", linewidths=0.6, zorder=1)
            some = result.points[:: max(1, len(result.points) // SHOWN)]
            inside = (np.abs(some) < half).all(axis=1)
            here.plot(*some[inside].T, ".", ms=2.4, alpha=0.6, color=COLORS[method], mew=0, zorder=2, rasterized=True)
            here.set_title(f"{NAMES[method]}, τ = {target:g}")
            missing = "" if inside.mean() > 0.995 else f"   {100 * (1 - inside.mean()):.0f} % outside"
            here.set_xlabel(f"E[ψ] {result.mean:.2f}   KL {result.verdict.kl_kde:.3f}{missing}")
    _field(axes[0, 0], prior, half, "natural distribution p", "viridis")
    _field(axes[1, 0], score, half, "score ψ", "cividis")
    _field(axes[2, 0], grid[..., 1] ** 2, half, "regulariser R = x₂²", "magma")
    _distances(axes[3, 0], data)
    figure.suptitle("Same mean score, four samplers: tilt-like guidance stays with the KLSC solution")
    return figure


def _plane(axes: Axes, half: float) -> None:
    axes.set(xlim=(-half, half), ylim=(-half, half), xticks=[], yticks=[], aspect="equal")


def _field(axes: Axes, values: Float[np.ndarray, "g g"], half: float, title: str, colors: str) -> None:
    axes.imshow(values.T, origin="lower", extent=(-half, half, -half, half), cmap=colors)
    _plane(axes, half)
    axes.set_title(title)


def _distances(axes: Axes, data: Data) -> None:
    """Smoothed TV to the exact KLSC solution against the target, with the floor of exact samples."""
    for method in (*ROWS, "twisted"):
        values = [data.at(method, target).verdict.tv for target in TARGETS]
        axes.plot(TARGETS, values, "o-", ms=3.5, lw=1.1, color=COLORS[method], label=NAMES.get(method, method))
    axes.plot(TARGETS, [f.tv for f in data.floors], "k:", lw=1.3, label="exact samples")
    axes.set(yscale="log", xticks=TARGETS, xlabel="target τ", ylabel="TV to KLSC (smoothed)", ylim=(0.003, 10))
    axes.set_yticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
    axes.set_title("distance to the KLSC solution")
    axes.legend(fontsize=5.8, loc="upper center", ncols=2, frameon=False, handlelength=1.2, columnspacing=0.8)


def numbers(data: Data) -> dict[str, Any]:
    """The content of fig3.json beyond the provenance."""
    rows = []
    for i, target in enumerate(TARGETS):
        for method in METHODS:
            r = data.at(method, target)
            rows.append(
                {
                    "target": int(target),
                    "method": method,
                    "mean": r.mean,
                    "knob": {"name": r.knob[0], "value": r.knob[1]},
                    **r.verdict._asdict(),
                    "tv_floor": data.floors[i].tv,
                    "wasserstein_floor": data.floors[i].wasserstein,
                    "points": len(r.points),
                    "notes": r.notes,
                }
            )
    ratios = {str(int(t)): data.at("ideal", t).knob[1] / data.at("EnergyDPS", t).knob[1] for t in TARGETS}
    return {
        "rows": rows,
        "floors": [{"target": int(t), **f._asdict()} for t, f in zip(TARGETS, data.floors, strict=True)],
        "multiplier_over_strength": ratios,
        "budget": vars(data.budget),
        "tolerance": TOLERANCE,
    }


HEADER = ("target", "method", "E[ψ]", "KL by KDE", "TV (floor)", "W (floor)")


def lines(data: Data) -> list[tuple[str, ...]]:
    """One line a method and target."""
    table: list[tuple[str, ...]] = []
    for target, floor in zip(TARGETS, data.floors, strict=True):
        for method in METHODS:
            r = data.at(method, target)
            tv = f"{r.verdict.tv:.4f} ({floor.tv:.4f})"
            distance = f"{r.verdict.wasserstein:.3f} ({floor.wasserstein:.3f})"
            table.append((f"{target:g}", method, f"{r.mean:.3f}", f"{r.verdict.kl_kde:.3f}", tv, distance))
    return table


def markdown(data: Data) -> str:
    """The table with its parameters, as fig3.md."""
    rule = ["---" if c == "method" else "---:" for c in HEADER]
    rows = ["| " + " | ".join(cells) + " |" for cells in (HEADER, rule, *lines(data))]
    return "\n".join(["# Figure 3: sampling methods at the same mean score", "", *rows, "", footnote(data), ""])


def show(data: Data, console: Console) -> None:
    """Print the table in the terminal."""
    table = Table(title="Figure 3: sampling methods at the same mean score")
    for column in HEADER:
        table.add_column(column, justify="left" if column == "method" else "right", no_wrap=True)
    for k, line in enumerate(lines(data)):
        if k and k % len(METHODS) == 0:
            table.add_section()
        table.add_row(*line)
    console.print(table)
    console.print(footnote(data), soft_wrap=True, highlight=False)


def footnote(data: Data) -> str:
    """What the columns mean, and multiplier over strength of EnergyDPS. Ours: factor of two, plug-in bias."""
    ratios: Sequence[float] = [data.at("ideal", t).knob[1] / data.at("EnergyDPS", t).knob[1] for t in TARGETS]
    b = data.budget
    return (
        "KL by KDE: of the smoothed samples to p (212); TV: between the smoothed samples and the exact KLSC solution "
        "smoothed alike; W: sliced Wasserstein to exact samples (length, σ = 1); floor: of as many exact samples.\n"
        f"{b.n} points; {b.steps} reverse steps (ideal and mean-guided {b.ideal_steps}, twisted {b.twisted_steps}); "
        f"{b.iterations} iterations of the optimiser; seed {data.seed}.\n"
        "multiplier of the tilt over the strength that EnergyDPS needs for its mean: "
        + ", ".join(f"{r:.2f}" for r in ratios)
        + f" (τ = {', '.join(f'{t:g}' for t in TARGETS)})"
    )


def provenance(data: Data) -> Provenance:
    """Where the figure comes from."""
    title = "Figure 3: sampling methods at the same mean score"
    return Provenance(title, STATEMENTS, data.world.parameters(), data.seed)


def save(data: Data, out: Path) -> list[Path]:
    """Draw and write fig3.png, .pdf, .json and .md; call inside `figures.output.style()`."""
    paths = save_figure(draw(data), out, "fig3", provenance(data), numbers(data))
    return [*paths, write_whole(out / "fig3.md", markdown(data))]
