"""Named features of the embedded backend, explained by all methods at matched activations, and what each costs.

Two figures: the pictures (`embedded`) and KID to the data against the achieved activation (`embedded-tradeoff`), with a
table of all numbers. The experiment itself is `backends.embedded.experiment`; torch is needed. With a pool of samples
of the prior the table also says what the prior's own tilt shows.

Paper: Figures 4, 8, Tables 8-10. In a learned world small enough for a laptop.

python -m figures embedded [--out results] [--seed 0] [--quick] [--pool results/prior-pool]
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from distributional_view.figures.artefact import Artefact
from distributional_view.figures.output import Provenance
from distributional_view.files import write_arrays
from distributional_view.terminal import Table
from distributional_view.theory.methods import energy_dps, hybrid, klsc_weights, optimisation, retrieval, twisted_smc
from distributional_view.theory.progress import Progress

STATEMENTS = ("Definition 2.1", "Lemma D.4", "Lemma F.1", "Lemma F.2", "Algorithm 1", "Remark G.4", "Appendix C.1")
COLORS = {
    retrieval.NAME: "#D55E00",
    klsc_weights.NAME: "#000000",
    optimisation.NAME: "#009E73",
    energy_dps.NAME: "#0072B2",
    twisted_smc.NAME: "#E69F00",
    hybrid.NAME: "#CC79A7",
    twisted_smc.STEERING: "#56B4E9",
}
SHOWN, EDGE = 4, 2
HEADER = ("feature", "level", "method", "E[ψ]", "KID", "class agrees", "look-alikes", "boundary mass")


@dataclass(frozen=True)
class Embedded(Artefact):
    """The experiment's results and what both tilts show, one a feature, and KID of unguided samples, one a seed."""

    name: ClassVar[str] = "embedded"
    budget: Any
    seed: int
    results: Sequence[Any]
    floor: Sequence[float]
    tilts: Sequence[Sequence[Any]]

    @property
    def provenance(self) -> Provenance:
        """The parameters are the experiment's budget."""
        parameters = asdict(self.budget) | {"shown": SHOWN}
        return Provenance("features of a learned world by all methods", STATEMENTS, parameters, self.seed)

    def numbers(self) -> dict[str, Any]:
        """All cells of all features."""
        return {
            **self.provenance.as_dict(),
            "unguided_kids": list(self.floor),
            "features": [
                {
                    **asdict(result.feature),
                    "levels": result.levels,
                    "sd": result.sd,
                    "cells": [cell._asdict() for cell in result.cells],
                    "tilts": [tilt._asdict() for tilt in tilts],
                }
                for result, tilts in zip(self.results, self.tilts, strict=True)
            ],
        }

    def draw(self) -> dict[str, Figure]:
        """The pictures, and distance against activation."""
        return {self.name: _pictures(self.results), f"{self.name}-tradeoff": _tradeoff(self.results, self.floor)}

    def table(self) -> Table:
        """One line a feature, level and method, below what both tilts show."""
        lines = []
        for result, tilts in zip(self.results, self.tilts, strict=True):
            for tilt in tilts:
                lines += _of_tilts(result, tilt)
                lines += [_line(result, cell) for cell in result.cells if cell.level == tilt.level]
        title = "Features of the embedded backend at matched activations"
        return Table(title, HEADER, lines, words=("feature", "method"), keys=2, note=_note(self.budget, self.seed))


def compute(
    out: Path, seed: int, quick: bool, jobs: int, progress: Progress, pool_folder: Path | None = None
) -> Embedded:
    """Run the experiment, or go on with it; its job lies in a folder of `out`.

    Args:
        out: folder of the results.
        seed: of everything random.
        quick: few pictures, steps and levels.
        jobs: processes.
        progress: called on the way.
        pool_folder: samples of the prior; None: its tilt is not reported.

    Raises:
        UserError: if there is no pool in that folder.
        ImportError: without torch.
        OtherRequest: if the job was begun with another budget or seed.
        FileNotFoundError: if weights or pictures are missing.
    """
    from distributional_view.backends.embedded import experiment
    from distributional_view.backends.embedded.prior_pool import kept_pool

    budget = experiment.QUICK if quick else experiment.ExperimentBudget()
    job = out / ("embedded-job-quick" if quick else "embedded-job")
    pool = None if pool_folder is None else kept_pool(pool_folder)
    results = experiment.run(job, budget, seed, progress, jobs=jobs)
    tilts = [experiment.tilts(result.feature, result.levels, pool) for result in results]
    return Embedded(budget, seed, results, experiment.prior_kids(budget, seed), tilts)


def save_activations(out: Path) -> Path:
    """Write the activation of each named feature on all pictures, for `figures report`."""
    from distributional_view.backends.embedded import experiment

    return write_arrays(out / "embedded-activations.npz", experiment.activations())


def _shown_levels(count: int) -> list[int]:
    """Three of the levels: the first, the last but one and the last."""
    return sorted({0, max(count - 2, 0), count - 1})


def _pictures(results: Sequence[Any]) -> Figure:
    """A block for each feature: a row a method, three levels side by side, the achieved mean above each."""
    wide = 2
    high = -(-len(results) // wide)
    figure = plt.figure(figsize=(12.4, 2.75 * high + 0.3))
    for axes, result in zip(figure.subplots(high, wide, squeeze=False).flat, results, strict=False):
        _block(axes, result)
    for axes in figure.axes[len(results) :]:
        axes.remove()
    figure.suptitle("The same mean activation by all methods: what each says about a feature")
    return figure


def _block(axes: Any, result: Any) -> None:
    levels = _shown_levels(len(result.levels))
    methods = list(dict.fromkeys(c.method for c in result.cells))
    side = result.images.shape[-1] + EDGE
    gap, top = 8, 9
    canvas = np.ones((len(methods) * (side + top), len(levels) * (SHOWN * side + gap)))
    for m, method in enumerate(methods):
        for j, level in enumerate(levels):
            i = m * len(result.levels) + level
            order = np.argsort(-result.scores[i][:SHOWN])  # largest activation first
            for k, image in enumerate(result.images[i][order]):
                if np.isfinite(image).all():
                    row, column = m * (side + top) + top, j * (SHOWN * side + gap) + k * side
                    canvas[row : row + side - EDGE, column : column + side - EDGE] = np.clip((image + 1) / 2, 0, 1)
            cell = result.cells[i]
            axes.text(
                j * (SHOWN * side + gap),
                m * (side + top) + top - 1.5,
                f"{np.mean(cell.means):.2f}" + (" (missed)" if cell.problem else ""),
                fontsize=7,
                color=COLORS[method],
            )
        axes.text(-4, m * (side + top) + top + side / 2, method, ha="right", va="center", color=COLORS[method])
    axes.imshow(canvas, cmap="gray", vmin=0, vmax=1)
    axes.axis("off")
    axes.set_title(f"{result.feature.name} (numbers: mean activation)", loc="left")


def _tradeoff(results: Sequence[Any], floor: Sequence[float]) -> Figure:
    """KID to the data against the achieved activation, one panel a feature; bars: standard error over seeds."""
    wide = min(4, len(results))
    high = -(-len(results) // wide)
    figure = plt.figure(figsize=(3.1 * wide, 2.7 * high + 0.4))
    for i, (axes, result) in enumerate(zip(figure.subplots(high, wide, squeeze=False).flat, results, strict=False)):
        for method, color in COLORS.items():
            cells = [c for c in result.cells if c.method == method and not c.problem]
            means, kids = (np.array([getattr(c, name) for c in cells]) for name in ("means", "kids"))
            if not cells:
                continue
            axes.errorbar(
                means.mean(1),
                kids.mean(1),
                xerr=_standard_error(means),
                yerr=_standard_error(kids),
                color=color,
                marker="o",
                markersize=3,
                label=method,
            )
        axes.axhline(float(np.mean(floor)), color="gray", linewidth=0.8, linestyle=":")
        axes.set_yscale("symlog", linthresh=0.1)
        axes.set_ylim(-0.1, 12.0)
        axes.set_title(result.feature.name)
        if i % wide == 0:
            axes.set_ylabel("KID to the data")
        if i // wide == high - 1:
            axes.set_xlabel("achieved mean activation")
        if i == 0:
            axes.legend(fontsize=7)
    for axes in figure.axes[len(results) :]:
        axes.remove()
    figure.suptitle("More activation costs distance to the data (dotted: the prior without guidance)")
    return figure


def _standard_error(x: np.ndarray) -> np.ndarray:
    return x.std(axis=1, ddof=1) / np.sqrt(x.shape[1])


def _of_tilts(result: Any, tilt: Any) -> list[tuple[str, ...]]:
    """What the data's tilt shows, and the prior's where there is a pool of it."""
    rows = [("tilt of the data", tilt.data), ("tilt of the prior", tilt.prior)]
    return [
        (result.feature.name, f"{tilt.level:.2f}", name, f"{tilt.level:.2f}", "", f"{share:.0%}", "", "")
        for name, share in rows
        if share is not None
    ]


def _line(result: Any, cell: Any) -> tuple[str, ...]:
    """A cell as text: mean and standard error over seeds."""

    def estimate(values: Sequence[float]) -> str:
        x = np.asarray(values, dtype=np.float64)
        return f"{x.mean():.2f} ± {x.std(ddof=1) / np.sqrt(x.size):.2f}"

    return (
        result.feature.name,
        f"{cell.level:.2f}" + (" missed" if cell.problem else ""),
        cell.method,
        estimate(cell.means),
        estimate(cell.kids),
        f"{np.mean(cell.agreements):.0%}",
        f"{np.mean(cell.look_alikes):.0f}",
        "" if cell.boundary_mass is None else f"{cell.boundary_mass:.3f}",
    )


def _note(budget: Any, seed: int) -> str:
    """How the numbers were made, and what the columns mean."""
    return (
        f"Levels: quantiles {', '.join(f'{q:g}' for q in budget.quantiles)} of the activation over all pictures. "
        "The particle filters have the multiplier of the KLSC weights and are not calibrated. "
        f"{budget.n} pictures a cell and seed, {budget.seeds} seeds (± standard error), {budget.steps} reverse steps "
        f"({budget.few} of second order for {hybrid.NAME} and {twisted_smc.STEERING}), {budget.iterations} iterations "
        f"of the optimiser, seed {seed}. "
        "KID on the classifier's pooled features. "
        "Class agrees: the classifier gives the feature's class; a tilt reweights the data, or samples of the prior, "
        "to the level: a sampler of the prior can show no more than the latter. "
        "Look-alikes: pictures with a near-duplicate among the "
        f"{budget.n}. Boundary mass: within {budget.margin_sd:g} standard deviations above the threshold of the hard "
        "solution."
    )
