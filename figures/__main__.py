"""The main command: regenerate the paper's tables and figures.

python -m figures [table2 | fig1 | drift | bottleneck | typical | all] ... [--out results] [--seed 0] [--quick]
"""

from pathlib import Path

import click
import jax
import matplotlib as mpl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from figures import bottleneck, drift, fig1, table2, typical
from figures.output import save_figure, style
from toy.world import World, paper_world

NAMES = ("table2", "fig1", "drift", "bottleneck", "typical")


def make_table2(world: World, out: Path, seed: int, quick: bool, console: Console) -> list[Path]:
    """Compute, print and save Table 2."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("sampling Table 2", total=None)
        result = table2.compute(
            world, seed, quick, lambda done, total: progress.update(task, completed=done, total=total)
        )
    table2.show(result, console)
    return table2.save(result, out)


def make_fig1(world: World, out: Path, seed: int, quick: bool, console: Console) -> list[Path]:
    """Compute, draw and save Figure 1; it is exact, the seed plays no part."""
    data = fig1.compute(world, quick)
    with style():
        return save_figure(fig1.draw(data), out, "fig1", fig1.provenance(world), fig1.numbers(data))


def make_drift(world: World, out: Path, seed: int, quick: bool, console: Console) -> list[Path]:
    """Compute, draw and save the drift figure; it is exact, the seed plays no part."""
    data = drift.compute(world, quick)
    with style():
        return save_figure(drift.draw(data), out, "drift", drift.provenance(world), drift.numbers(data))


def make_bottleneck(world: World, out: Path, seed: int, quick: bool, console: Console) -> list[Path]:
    """Compute, draw and save the bottleneck figure; it is exact, the seed plays no part."""
    data = bottleneck.compute(world, quick)
    with style():
        return save_figure(
            bottleneck.draw(data), out, "bottleneck", bottleneck.provenance(world), bottleneck.numbers(data)
        )


def make_typical(world: World, out: Path, seed: int, quick: bool, console: Console) -> list[Path]:
    """Compute, draw and save the typical-shell figure; it is exact, the seed plays no part."""
    data = typical.compute(world, quick)
    with style():
        return save_figure(typical.draw(data), out, "typical", typical.provenance(world), typical.numbers(data))


MAKERS = {
    "table2": make_table2,
    "fig1": make_fig1,
    "drift": make_drift,
    "bottleneck": make_bottleneck,
    "typical": make_typical,
}


@click.command(help="Regenerate the paper's tables and figures (all of them by default).")
@click.argument("names", nargs=-1, type=click.Choice([*NAMES, "all"]))
@click.option("--out", default="results", show_default=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Seed of all random numbers.")
@click.option("--quick", is_flag=True, help="Fewer samples and pixels: a few seconds, larger standard errors.")
def main(names: tuple[str, ...], out: Path, seed: int, quick: bool) -> None:
    jax.config.update("jax_enable_x64", True)
    mpl.use("Agg")
    console = Console()
    world = paper_world()
    chosen = NAMES if not names or "all" in names else dict.fromkeys(names)
    for name in chosen:
        for path in MAKERS[name](world, out, seed, quick, console):
            console.print(f"wrote {path}", highlight=False)


if __name__ == "__main__":
    main()
