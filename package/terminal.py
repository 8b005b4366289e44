"""What a person sees of a command: one progress bar, tables alike in terminal and Markdown, the files it wrote."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table as RichTable

from distributional_view.files import shown

_WIDEST = 500  # characters


@contextmanager
def progress_bar(console: Console | None = None) -> Iterator[Callable[[str, int, int], None]]:
    """A bar in the terminal; what it yields is a `theory.progress.Progress`. A total of 0 means: not known."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total or None)


def tell(console: Console, files: Sequence[Path]) -> None:
    """Name the files that were written."""
    for path in files:
        console.print(f"wrote {shown(path)}", markup=False, highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class Table:
    """A table for people: in the terminal by `show`, in a file by `markdown`.

    Args:
        title: what it shows.
        header: names of the columns.
        rows: text, one cell a column.
        words: columns (by name) that hold words, aligned left; all others are aligned right.
        keys: so many leading columns name a group: rows of a new group get a line above them in the terminal, and the
            names are printed once a group.
        note: printed below.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: Sequence[str] = ()
    keys: int = 0
    note: str = field(default="")

    def show(self, console: Console) -> None:
        """Print it in the terminal."""
        table = RichTable(title=escape(self.title))
        for name in self.header:
            table.add_column(escape(name), justify="left" if name in self.words else "right", no_wrap=True)
        before: Sequence[str] | None = None
        for row in self.rows:
            group = list(row[: self.keys])
            if before is not None and group != before:
                table.add_section()
            shown = [""] * self.keys if self.keys and group == before else group
            table.add_row(*map(escape, [*shown, *row[self.keys :]]))
            before = group
        # Never cut to the terminal's width: numbers matter.
        table.width = Measurement.get(console, console.options.update(max_width=_WIDEST), table).maximum
        console.print(table, crop=False, no_wrap=True, overflow="ignore")
        if self.note:
            console.print(self.note, soft_wrap=True, highlight=False, markup=False)

    def markdown(self) -> str:
        """The table as a Markdown document with its title and note."""
        rule = ["---" if name in self.words else "---:" for name in self.header]
        lines = ["| " + " | ".join(cells) + " |" for cells in (self.header, rule, *self.rows)]
        return "\n".join([f"# {self.title}", "", *lines, "", *([self.note, ""] if self.note else [])])
