"""Where the evidence stands: run it and print the matrix of statements and rungs.

dview check [LABEL ...] [--rung RUNG ...] [--slow] [--jobs N] [--json FILE] [--markdown FILE] [--list]
           [--attack [--write [--again]]]
"""

import json
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from distributional_view.proofs_check import campaign, matrix, record, runner
from distributional_view.proofs_check.evidence import FORMAL, RUNGS, Evidence, Outcome, registered
from distributional_view.proofs_check.places import NEEDS_CHECKOUT, ROOT, own_tests
from distributional_view.proofs_check.statements import STATEMENTS, Statement, statement
from distributional_view.shell import Command

_WIDTH = 120


def run_with_progress(pieces: Sequence[Evidence], jobs: int) -> list[Outcome]:
    """Run the pieces; a line on stderr for each."""
    console = Console(stderr=True, highlight=False)
    found = []
    for outcome in runner.outcomes(pieces, jobs):
        found.append(outcome)
        piece = outcome.evidence
        word = "passed" if outcome.passed else "[yellow]not installed[/]" if outcome.absent else "[red]FAILED[/]"
        line = f"{len(found)}/{len(pieces)} {word} {outcome.seconds:.1f} s  {escape(piece.label)}, {piece.rung}: "
        console.print(line + escape(piece.name), soft_wrap=True)
    return found


def show_cell(cell: matrix.Cell) -> str:
    """What one cell of the printed matrix says."""
    if cell.state == "passed":
        skipped = len(cell.pieces) - len(cell.outcomes)
        seconds = f"{len(cell.outcomes)}[/] in {cell.seconds:.1f} s" + (f", {skipped} slow" if skipped else "")
        return f"[green]{seconds}{cell.strength}"
    if cell.state == "failed":
        failed = sum(not o.passed for o in cell.outcomes)
        return f"[red]{failed} of {len(cell.outcomes)} FAILED[/]"
    if cell.state in (NEEDS_CHECKOUT, "not installed"):
        return f"[yellow]{cell.state}[/]"
    if cell.state == "not run":
        return f"[yellow]{len(cell.pieces)} slow, not run[/]"
    return "[red]MISSING[/]" if cell.state == "missing" else "[dim]–[/]"


def show_matrix(cells: Sequence[matrix.Cell], console: Console) -> None:
    """The matrix, then each failing check with its step, sides and counterexample."""
    grid = matrix.rows(cells)
    table = Table("statement", *(cell.rung for cell in grid[0]))
    for row in grid:
        table.add_row(escape(row[0].statement.label), *map(show_cell, row))
    console.print(table)
    for words in dict.fromkeys(o.shown for cell in cells for o in cell.outcomes if o.absent):
        console.print(f"[yellow]NOT INSTALLED[/] {escape(words)}", soft_wrap=True)
    for outcome in (o for cell in cells for o in cell.outcomes if not o.passed and not o.absent):
        piece = outcome.evidence
        console.print(f"[red]FAILED[/] {escape(piece.label)}, {piece.rung}: {escape(piece.name)}", soft_wrap=True)
        console.print("    " + escape(outcome.shown).replace("\n", "\n    "), soft_wrap=True)


def show_wrong(lines: Sequence[str], console: Console) -> None:
    """What is wrong with the modules or registrations themselves, a line each."""
    for line in lines:
        console.print(f"[red]WRONG[/] {escape(line)}", soft_wrap=True)


def show_statement(entry: Statement, console: Console) -> None:
    """A registry entry, with the reasons why rungs do not apply."""
    numbers = f" ({', '.join(entry.equations)})" if entry.equations else ""
    console.print(f"[bold]{escape(entry.label)}[/], {entry.kind}: {escape(entry.name)}{numbers}", soft_wrap=True)
    console.print(f"    {escape(entry.claim)}", soft_wrap=True)
    for assumption in entry.assumptions:
        console.print(f"    assumes: {escape(assumption.sentence)} ({escape(assumption.name)})", soft_wrap=True)
    console.print(f"    needed: {', '.join(r for r in RUNGS if entry.applies(r)) or 'nothing'}", soft_wrap=True)
    for rung in RUNGS:
        if not entry.applies(rung):
            console.print(f"    not {rung}: {escape(entry.reason(rung))}", soft_wrap=True)
    for assumption in entry.assumptions:
        if assumption.without:
            line = f"no counterexample without {assumption.name}: {assumption.without}"
            console.print(f"    {escape(line)}", soft_wrap=True)


def chosen_statements(
    context: click.Context, parameter: click.Parameter, labels: tuple[str, ...]
) -> tuple[Statement, ...]:
    """The registry's entries for the labels, all of them if there is none."""
    try:
        return tuple(dict.fromkeys(statement(label) for label in labels)) or STATEMENTS
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def write_files(cells: Sequence[matrix.Cell], json_file: Path | None, markdown_file: Path | None) -> None:
    """Write what was asked for; only this needs more than the standard library and the terminal."""
    from distributional_view.files import write_whole

    if json_file:
        write_whole(json_file, json.dumps(matrix.as_json(cells), indent=1) + "\n")
    if markdown_file:
        text = markdown_file.read_text(encoding="utf-8") if markdown_file.exists() else ""
        write_whole(markdown_file, matrix.inserted(text, matrix.markdown(cells)))


@click.command(
    cls=Command, help="Run the evidence for the statements (all, or LABELS such as D.7) and show where it stands."
)
@click.argument("statements", metavar="[LABEL]...", nargs=-1, callback=chosen_statements)
@click.option("--rung", "rungs", multiple=True, type=click.Choice(RUNGS), help="Only this rung; may be repeated.")
@click.option("--slow", is_flag=True, help="Run the slow checks too.")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(min=1), help="Processes.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write all outcomes.")
@click.option(
    "--markdown",
    "markdown_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the matrix without times; into a file with the marker comments, between them. With --attack too.",
)
@click.option("--list", "only_list", is_flag=True, help="Only say what each statement claims and needs.")
@click.option(
    "--attack", "attacking", is_flag=True, help="Make wrong what each check asks or claims; it must notice (an hour)."
)
@click.option("--write", is_flag=True, help="With --attack: only checks that changed since, and keep the outcome.")
@click.option("--again", is_flag=True, help="With --attack --write: all checks, changed or not.")
def main(
    statements: tuple[Statement, ...],
    rungs: tuple[str, ...],
    slow: bool,
    jobs: int,
    json_file: Path | None,
    markdown_file: Path | None,
    only_list: bool,
    attacking: bool,
    write: bool,
    again: bool,
) -> None:
    if (write and not attacking) or (again and not write):
        raise click.UsageError("--write needs --attack, --again needs --write")
    console = Console(highlight=False)
    console.width = max(console.width, _WIDTH)
    if only_list:
        for entry in statements:
            show_statement(entry, console)
        return
    broken = runner.load()
    everything = list(registered())
    missing = [f"{module} does not import: {why}" for module, why in broken.items()]
    labels, asked = {s.label for s in statements}, rungs or RUNGS
    pieces = [p for p in everything if p.label in labels and p.rung in asked and (slow or not p.slow)]
    checkout = own_tests(ROOT) is not None
    if attacking or not checkout:
        pieces = [p for p in pieces if p.rung != FORMAL]
    if attacking:
        show_wrong(missing, console)
        if write and (broken or not checkout):
            raise click.UsageError(f"--write {NEEDS_CHECKOUT} in which every check can be imported")
        if write:
            good = campaign.attack_and_record(pieces, everything, console, again, json_file)
        else:
            good = campaign.attack_all(pieces, console, json_file)
        records = record.current(everything, record.read())
        write_files(matrix.cells(everything, [], statements, asked, records=records), None, markdown_file)
        if missing or not good:
            raise click.exceptions.Exit(1)
        return
    records = record.current(everything, record.read())
    outcomes = run_with_progress(pieces, jobs)
    cells = matrix.cells(everything, outcomes, statements, asked, checkout, records)
    show_matrix(cells, console)
    wrong = [*missing, *matrix.mistakes(everything)]
    show_wrong(wrong, console)
    write_files(cells, json_file, markdown_file)
    wanting = [cell for cell in cells if cell.state == "not installed"] if FORMAL in rungs else []
    if wrong or wanting or not matrix.complete(cells):
        raise click.exceptions.Exit(1)


if __name__ == "__main__":
    main()
