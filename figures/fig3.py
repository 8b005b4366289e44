"""Figure 3: three ways of sampling at the same mean score, judged against the exact KLSC solution.

Rows: retrieval, optimisation with regularisation, EnergyDPS with tilt-like and with constant guidance. The table beside
it adds exact references, the ideal sampler of Theorem G.3, the twisted sampler and the distances to the exact solution.
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from distributional_view.figures.artefact import Artefact, Settings
from distributional_view.figures.output import Provenance
from distributional_view.terminal import Table
from distributional_view.theory.methods import energy_dps, optimisation, retrieval, twisted_smc
from distributional_view.theory.progress import Progress, silent
from distributional_view.toy.compare import METHODS, QUICK, Comparison, ComparisonBudget, Result
from distributional_view.toy.judge import Verdict
from distributional_view.toy.kde import log_density
from distributional_view.toy.methods import TOLERANCE
from distributional_view.toy.world import TARGETS, ToyWorld

STATEMENTS = (
    "Lemma D.4",
    "Lemma F.1",
    "Lemma F.2",
    "Algorithm 1",
    "Theorem G.3",
    "Remark G.4",
)
TITLE = "Figure 3: sampling methods at the same mean score"
HEADER = ("target", "method", "E[ψ]", "KL by KDE", "TV (floor)", "W (floor)")
SHOWN = 2500  # points drawn in a panel
ROWS = (retrieval.NAME, optimisation.NAME, energy_dps.NAME, energy_dps.CONSTANT)
"""The methods whose points are drawn, a row each."""
COLORS = {
    retrieval.NAME: "#D55E00",
    optimisation.NAME: "#009E73",
    energy_dps.NAME: "#0072B2",
    energy_dps.CONSTANT: "#CC79A7",
    twisted_smc.NAME: "#E69F00",
}


@dataclass(frozen=True)
class Fig3(Artefact):
    """All that the figure and the table show."""

    name: ClassVar[str] = "fig3"
    world: ToyWorld
    budget: ComparisonBudget
    seed: int
    results: list[Result]
    floors: list[Verdict]

    def at(self, method: str, target: float) -> Result:
        """The result of a method at a target."""
        return next(r for r in self.results if r.method == method and r.target == target)

    @property
    def provenance(self) -> Provenance:
        """The seed is that of all methods."""
        return Provenance(TITLE, STATEMENTS, self.world.parameters(), self.seed)

    @property
    def multiplier_over_strength(self) -> list[float]:
        """At each target: the tilt's multiplier over the strength that EnergyDPS needs for its mean."""
        return [self.at("ideal", t).knob[1] / self.at(energy_dps.NAME, t).knob[1] for t in TARGETS]

    def numbers(self) -> dict[str, Any]:
        """Every method at every target, and what exact samples reach."""
        floors = list(zip(TARGETS, self.floors, strict=True))
        return {
            **self.provenance.as_dict(),
            "rows": [_record(self.at(method, target), floor) for target, floor in floors for method in METHODS],
            "floors": [{"target": int(target), **floor._asdict()} for target, floor in floors],
            "multiplier_over_strength": {
                str(int(t)): ratio for t, ratio in zip(TARGETS, self.multiplier_over_strength, strict=True)
            },
            "budget": asdict(self.budget),
            "tolerance": TOLERANCE,
        }

    def draw(self) -> dict[str, Figure]:
        """Sixteen panels."""
        return {self.name: _figure(self)}

    def table(self) -> Table:
        """One line a method and target."""
        floors = zip(TARGETS, self.floors, strict=True)
        lines = [_line(self.at(method, target), floor) for target, floor in floors for method in METHODS]
        return Table(TITLE, HEADER, lines, words=("method",), keys=1, note=_note(self))


def compute(settings: Settings, progress: Progress = silent) -> Fig3:
    """Run all methods at all targets."""
    budget = QUICK if settings.quick else ComparisonBudget()
    comparison = Comparison(settings.world, budget, settings.seed)
    results = list(comparison.results(TARGETS, progress))
    floors = [comparison.floor(target, i) for i, target in enumerate(TARGETS)]
    return Fig3(settings.world, budget, settings.seed, results, floors)


def _figure(data: Fig3) -> Figure:
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
            here.set_title(f"{method}, τ = {target:g}")
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


def _distances(axes: Axes, data: Fig3) -> None:
    """Smoothed TV to the exact KLSC solution against the target, with the floor of exact samples."""
    for method in COLORS:
        values = [data.at(method, target).verdict.tv for target in TARGETS]
        axes.plot(TARGETS, values, "o-", ms=3.5, lw=1.1, color=COLORS[method], label=method)
    axes.plot(TARGETS, [f.tv for f in data.floors], "k:", lw=1.3, label="exact samples")
    axes.set(yscale="log", xticks=TARGETS, xlabel="target τ", ylabel="TV to KLSC (smoothed)", ylim=(0.003, 10))
    axes.set_yticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
    axes.set_title("distance to the KLSC solution")
    axes.legend(fontsize=5.8, loc="upper center", ncols=2, frameon=False, handlelength=1.2, columnspacing=0.8)


def _record(result: Result, floor: Verdict) -> dict[str, Any]:
    """A row of the JSON file."""
    return {
        "target": int(result.target),
        "method": result.method,
        "mean": result.mean,
        "knob": {"name": result.knob[0], "value": result.knob[1]},
        **result.verdict._asdict(),
        "tv_floor": floor.tv,
        "wasserstein_floor": floor.wasserstein,
        "points": len(result.points),
        "notes": result.notes,
    }


def _line(result: Result, floor: Verdict) -> tuple[str, ...]:
    """A row of the table."""
    return (
        f"{result.target:g}",
        result.method,
        f"{result.mean:.3f}",
        f"{result.verdict.kl_kde:.3f}",
        f"{result.verdict.tv:.4f} ({floor.tv:.4f})",
        f"{result.verdict.wasserstein:.3f} ({floor.wasserstein:.3f})",
    )


def _note(data: Fig3) -> str:
    """What the columns mean, and multiplier over strength of EnergyDPS. Ours: factor of two, plug-in bias."""
    b = data.budget
    return (
        "KL by KDE: of the smoothed samples to p (212); TV: between the smoothed samples and the exact KLSC solution "
        "smoothed alike; W: sliced Wasserstein to exact samples (length, σ = 1); floor: of as many exact samples.\n"
        f"{b.n} points; {b.steps} reverse steps (ideal and mean-guided {b.ideal_steps}, twisted {b.twisted_steps}); "
        f"{b.iterations} iterations of the optimiser; seed {data.seed}.\n"
        "multiplier of the tilt over the strength that EnergyDPS needs for its mean: "
        + ", ".join(f"{ratio:.2f}" for ratio in data.multiplier_over_strength)
        + f" (τ = {', '.join(f'{t:g}' for t in TARGETS)})"
    )
