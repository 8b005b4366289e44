"""Named features of the embedded backend, explained by five methods at matched activations, and what each costs.

Two figures: the pictures (`embedded`) and KID to the data against the achieved activation (`embedded-tradeoff`), with a
table of all numbers. The experiment itself is `backends.embedded.experiment`; torch is needed (see the README).

Paper: Figures 4, 8, Tables 8-10. In a learned world small enough for a laptop.

python -m figures embedded [--out results] [--seed 0] [--quick]
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from distributional_view.figures.output import Provenance, save_figure, save_pictures, style
from distributional_view.files import write_whole

STATEMENTS = ("Definition 2.1", "Lemma D.4", "Lemma F.1", "Lemma F.2", "Algorithm 1", "Remark G.4", "Appendix C.1")
COLORS = {
    "top-k": "#D55E00",
    "KLSC weights": "#000000",
    "optimisation": "#009E73",
    "EnergyDPS": "#0072B2",
    "twisted": "#E69F00",
}
SHOWN, EDGE = 4, 2
HEADER = ("feature", "level", "method", "E[ψ]", "KID", "class agrees", "look-alikes", "boundary mass")


@click.command("embedded", help="Features of the embedded backend by five methods (needs torch; minutes).")
@click.option("--out", default="results", show_default=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Seed of all random numbers.")
@click.option("--quick", is_flag=True, help="Few pictures and steps: to see that it runs.")
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Processes, one thread each.")
def embedded_command(out: Path, seed: int, quick: bool, jobs: int) -> None:
    try:
        from distributional_view.backends.embedded import experiment
        from distributional_view.backends.explain.job import OtherRequest
    except ImportError as error:
        raise click.ClickException(f"{error}; `make embedded` installs what this needs") from error

    mpl.use("Agg")
    console = Console()
    budget = experiment.QUICK if quick else experiment.Budget()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    job = out / ("embedded-job-quick" if quick else "embedded-job")
    try:
        with Progress(*columns, console=console) as bar:
            task = bar.add_task("", total=None)

            def report(what: str, done: int, total: int) -> None:
                bar.update(task, description=what, completed=done, total=total)

            results = experiment.run(job, budget, seed, report, jobs=jobs)
            floor = experiment.prior_kids(budget, seed)
            columns_: Any = experiment.activations()
            np.savez(out / "embedded-activations.npz", **columns_)
    except OtherRequest as error:
        raise click.ClickException(str(error)) from error
    except FileNotFoundError as error:  # weights or pictures
        raise click.ClickException(str(error)) from error
    provenance = Provenance(
        "features of a learned world by five methods", STATEMENTS, asdict(budget) | {"shown": SHOWN}, seed
    )
    rows = lines(results)
    show(rows, console)
    with style():
        paths = save_figure(pictures(results), out, "embedded", provenance, numbers(results, floor))
        paths += save_pictures(tradeoff(results, floor), out, "embedded-tradeoff", provenance)
    paths.append(write_whole(out / "embedded.md", markdown(rows, provenance)))
    paths.append(out / "embedded-activations.npz")
    for path in paths:
        console.print(f"wrote {path}", highlight=False)


def shown_levels(count: int) -> list[int]:
    """Three of the levels: the first, the last but one and the last."""
    return sorted({0, max(count - 2, 0), count - 1})


def pictures(results: Sequence[Any]) -> Figure:
    """A block for each feature: a row a method, three levels side by side, the achieved mean above each."""
    wide = 2
    high = -(-len(results) // wide)
    figure = plt.figure(figsize=(12.4, 2.75 * high + 0.3))
    for axes, result in zip(figure.subplots(high, wide, squeeze=False).flat, results, strict=False):
        _block(axes, result)
    for axes in figure.axes[len(results) :]:
        axes.remove()
    figure.suptitle("The same mean activation by five methods: what each says about a feature")
    return figure


def _block(axes: Any, result: Any) -> None:
    levels = shown_levels(len(result.levels))
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


def tradeoff(results: Sequence[Any], floor: Sequence[float]) -> Figure:
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


def lines(results: Sequence[Any]) -> list[tuple[str, ...]]:
    """The table's rows as text: mean and standard error over seeds."""

    def spread(values: Sequence[float], scale: float = 1.0, digits: int = 2) -> str:
        x = scale * np.asarray(values, dtype=np.float64)
        return f"{x.mean():.{digits}f} ± {x.std(ddof=1) / np.sqrt(x.size):.{digits}f}"

    return [
        (
            result.feature.name,
            f"{cell.level:.2f}" + (" missed" if cell.problem else ""),
            cell.method,
            spread(cell.means),
            spread(cell.kids),
            f"{np.mean(cell.agreements):.0%}",
            f"{np.mean(cell.look_alikes):.0f}",
            "" if cell.boundary_mass is None else f"{cell.boundary_mass:.3f}",
        )
        for result in results
        for level in result.levels
        for cell in result.cells
        if cell.level == level
    ]


def show(rows: Sequence[tuple[str, ...]], console: Console) -> None:
    """Print the table in the terminal."""
    table = Table(title="Matched activations on the embedded backend")
    for column in HEADER:
        table.add_column(column, justify="left" if column in ("feature", "method") else "right", no_wrap=True)
    for i, row in enumerate(rows):
        if i and row[1] != rows[i - 1][1]:
            table.add_section()
        table.add_row(*row)
    console.print(table)


def markdown(rows: Sequence[tuple[str, ...]], provenance: Provenance) -> str:
    """The table as a Markdown file."""
    head = ["# Features of the embedded backend at matched activations", "", "| " + " | ".join(HEADER) + " |"]
    head.append("| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |")
    body = ["| " + " | ".join(row) + " |" for row in rows]
    p = provenance.parameters
    note = (
        f"Levels: quantiles {', '.join(f'{q:g}' for q in p['quantiles'])} of the activation over all pictures. "
        "The twisted sampler has the multiplier of the KLSC weights and is not calibrated. "
        f"{p['n']} pictures a cell and seed, {p['seeds']} seeds (± standard error), {p['steps']} reverse steps, "
        f"{p['iterations']} iterations of the optimiser, seed {provenance.seed}. "
        "KID on the classifier's pooled features. "
        "Class agrees: the classifier gives the feature's class. Look-alikes: pictures with a near-duplicate among the "
        f"{p['n']}. Boundary mass: within {p['margin']:g} standard deviations above the threshold of the hard solution."
    )
    return "\n".join([*head, *body, "", note]) + "\n"


def numbers(results: Sequence[Any], floor: Sequence[float]) -> dict[str, Any]:
    """For the JSON file."""
    return {
        "unguided_kids": list(floor),
        "features": [
            {
                **asdict(result.feature),
                "levels": result.levels,
                "spread": result.spread,
                "cells": [cell._asdict() for cell in result.cells],
            }
            for result in results
        ],
    }
