"""One protocol for tables and figures: `compute(settings, progress)` gives data; data knows what it shows and writes.

A module of `figures.registry.NAMES` has such a `compute` and a frozen dataclass that is an `Artefact`. Everything else
happens here, the same for all: a bar while it computes, its table in the terminal, and its files.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from matplotlib.figure import Figure
from rich.console import Console

from distributional_view.figures.output import Provenance, save_pictures, strict_json, style
from distributional_view.figures.registry import NAMES
from distributional_view.files import write_whole
from distributional_view.terminal import Table, progress_bar, tell
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress
from distributional_view.toy.world import ToyWorld


@dataclass(frozen=True)
class Settings:
    """What an artefact is computed from.

    Args:
        world: the toy world.
        seed: of all random numbers, >= 0; equal seeds give equal bytes.
        quick: fewer samples and pixels: larger standard errors, a fraction of the time.

    Raises:
        ValueError: for a negative seed.
    """

    world: ToyWorld
    seed: int = 0
    quick: bool = False

    def __post_init__(self) -> None:
        require(self.seed >= 0, "seed", self.seed, ">= 0")


@runtime_checkable
class Artefact(Protocol):
    """A table, a figure, or both, computed and ready to be written."""

    name: ClassVar[str]
    """Of its files."""

    @property
    def provenance(self) -> Provenance:
        """Title, statements, parameters and seed (None where no random numbers are drawn)."""
        ...

    def numbers(self) -> dict[str, Any]:
        """All of `name`.json: the provenance and the numbers that are shown; no NaN or infinity."""
        ...

    def draw(self) -> dict[str, Figure]:
        """Figures by the names of their files; called inside `figures.output.style()`."""
        return {}

    def table(self) -> Table | None:
        """What is printed and written to `name`.md."""
        return None


Compute = Callable[[Settings, Progress], Artefact]


def compute_of(name: str) -> Compute:
    """How the artefact `name` is computed; imports its module.

    Raises:
        ValueError: for a name that is not in `NAMES`.
    """
    require(name in NAMES, "name", name, f"one of {', '.join(NAMES)}")
    compute: Compute = import_module(f"distributional_view.figures.{NAMES[name].module}").compute
    return compute


def produce(name: str, settings: Settings, out: Path, console: Console) -> list[Path]:
    """Compute, show, draw and save an artefact.

    Args:
        name: a key of `NAMES`.
        settings: world, seed, budget.
        out: folder of the files; made if need be.
        console: where bar and table go.

    Returns:
        The files.
    """
    compute = compute_of(name)
    with progress_bar(console) as progress:
        artefact = compute(settings, progress)
    return publish(artefact, out, console)


def run(compute: Callable[[Progress], Artefact], out: Path, console: Console | None = None) -> None:
    """Compute with a bar, print the table, save, and name the files.

    Args:
        compute: given what is told of its progress.
        out: folder of the files.
        console: where all is told; None: the terminal.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    there = Console() if console is None else console
    with progress_bar(there) as progress:
        artefact = compute(progress)
    tell(there, publish(artefact, out, there))


def publish(artefact: Artefact, out: Path, console: Console) -> list[Path]:
    """Print the table, if there is one, and save; returns the files."""
    table = artefact.table()
    if table is not None:
        table.show(console)
    return save(artefact, out)


def save(artefact: Artefact, out: Path) -> list[Path]:
    """Write `name`.json, the pictures (.png and .pdf) and the table (.md).

    Raises:
        ValueError: for a number that JSON cannot hold; then nothing is written.
    """
    text, table = strict_json(artefact.numbers()), artefact.table()
    written = []
    with style():
        for name, figure in artefact.draw().items():
            written += save_pictures(figure, out, name, artefact.provenance)
    written.append(write_whole(out / f"{artefact.name}.json", text))
    if table is not None:
        written.append(write_whole(out / f"{artefact.name}.md", table.markdown()))
    return written
