"""The main command: regenerate the paper's tables and figures.

python -m figures [table2 | fig1 | fig3 | drift | bottleneck | strength | typical | all] ... [--out results] [--seed 0]
                  [--quick]
python -m figures report activations.npy ...   any feature's activations: `figures.report.command`
python -m figures embedded                     features of the embedded backend: `figures.embedded`
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import click
import jax
import matplotlib as mpl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from distributional_view.figures import bottleneck, drift, fig1, fig3, strength, table2, typical
from distributional_view.figures.embedded import embedded_command
from distributional_view.figures.output import save_figure, style
from distributional_view.figures.report.command import report as report_command
from distributional_view.toy.world import ToyWorld, paper_world

NAMES = ("table2", "fig1", "fig3", "drift", "bottleneck", "strength", "typical")
EXACT = {"fig1": fig1, "drift": drift, "bottleneck": bottleneck, "typical": typical}
"""Figures without random numbers: the seed plays no part."""

Report = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and the total."""


@contextmanager
def reporting(console: Console) -> Iterator[Report]:
    """A progress bar for a computation that reports its steps."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=None)
        yield lambda what, done, total: progress.update(task, description=what, completed=done, total=total)


def make_table2(world: ToyWorld, out: Path, seed: int, quick: bool, console: Console) -> list[Path]:
    """Compute, print and save Table 2."""
    with reporting(console) as report:
        result = table2.compute(world, seed, quick, lambda done, total: report("sampling Table 2", done, total))
    table2.show(result, console)
    return table2.save(result, out)


def make_fig3(world: ToyWorld, out: Path, seed: int, quick: bool, console: Console) -> list[Path]:
    """Compute, print, draw and save Figure 3."""
    with reporting(console) as report:
        data = fig3.compute(world, seed, quick, report)
    fig3.show(data, console)
    with style():
        return fig3.save(data, out)


def make_strength(world: ToyWorld, out: Path, seed: int, quick: bool, console: Console) -> list[Path]:
    """Compute, draw and save the distance to the prior against the achieved score."""
    with reporting(console) as report:
        data = strength.compute(world, seed, quick, report)
    source = strength.provenance(world, data)
    with style():
        return save_figure(strength.draw(data), out, "strength", source, strength.numbers(data))


def make_exact(name: str, module: ModuleType, world: ToyWorld, out: Path, quick: bool) -> list[Path]:
    """Compute, draw and save a figure that draws no random numbers."""
    data = module.compute(world, quick)
    with style():
        return save_figure(module.draw(data), out, name, module.provenance(world), module.numbers(data))


SAMPLED = {"table2": make_table2, "fig3": make_fig3, "strength": make_strength}


class Commands(click.Group):
    """`report` is a command of its own; names of tables and figures, or none, go to `paper`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = args and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, args if own else ["paper", *args])


@click.group(cls=Commands, help="Tables and figures: of the paper (no command needed), or of your own activations.")
def main() -> None:
    pass


main.add_command(report_command)
main.add_command(embedded_command)


@main.command(help="Regenerate the paper's tables and figures (all of them by default).")
@click.argument("names", nargs=-1, type=click.Choice([*NAMES, "all"]))
@click.option("--out", default="results", show_default=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Seed of all random numbers.")
@click.option("--quick", is_flag=True, help="Fewer samples and pixels: larger standard errors, a fraction of the time.")
def paper(names: tuple[str, ...], out: Path, seed: int, quick: bool) -> None:
    jax.config.update("jax_enable_x64", True)
    mpl.use("Agg")
    console = Console()
    world = paper_world()
    chosen = NAMES if not names or "all" in names else dict.fromkeys(names)
    for name in chosen:
        if name in EXACT:
            paths = make_exact(name, EXACT[name], world, out, quick)
        else:
            paths = SAMPLED[name](world, out, seed, quick, console)
        for path in paths:
            console.print(f"wrote {path}", highlight=False)


if __name__ == "__main__":
    main()
