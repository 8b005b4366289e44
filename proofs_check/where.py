"""The trail of a statement: what it claims, the code that computes it, its evidence, tests, figures, and what to add.

python -m distributional_view.proofs_check.where D.7 | "(66)" | "reverse KL"
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from distributional_view.proofs_check import trail
from distributional_view.proofs_check.places import NEEDS_CHECKOUT, ROOT, own_tests
from distributional_view.proofs_check.statements import STATEMENTS, Statement, with_equation
from distributional_view.shell import Command


def entries(query: str) -> tuple[Statement, ...]:
    """The statements that a label, an equation number or the name of one of ours stands for.

    Raises:
        ValueError: if there is none; names the nearest.
    """
    query = " ".join(query.split())
    number = re.fullmatch(r"\(?(\d{1,3})\)?", query)
    if number:
        found = with_equation(number[1])
        if not found:
            last = max(int(n) for s in STATEMENTS for n in s.equations)
            raise ValueError(f"equation = ({number[1]}): must be one of (1)-({last})")
        return found
    names = {name.lower(): s for s in STATEMENTS for name in (s.label, s.number)}
    if query.lower() in names:
        return (names[query.lower()],)
    near = difflib.get_close_matches(query.lower(), names, n=4, cutoff=0.5)
    hint = ", ".join(dict.fromkeys(names[n].label for n in near)) or "one of `dview check --list`"
    raise ValueError(f"label = {query!r}: must be a statement, an equation or one of ours; near it: {hint}")


def lines(entry: Statement, root: Path = ROOT) -> Iterator[str]:
    """All that belongs to a statement, line by line."""
    numbers = f" ({', '.join(entry.equations)})" if entry.equations else ""
    yield f"{entry.label}, {entry.kind}: {entry.name}{numbers}"
    yield f"    {entry.claim}"
    yield from (f"    assumes: {assumption}" for assumption in entry.assumptions)
    tests = own_tests(root)
    yield from _part("code", trail.owners(root, entry.label), "" if entry.has_code else entry.code)
    asked = [rung for rung in entry.rungs._fields if entry.applies(rung)]
    found = sorted(trail.checks(root, entry.label), key=lambda check: entry.rungs._fields.index(check.rung))
    yield from _part("evidence", found, "none is asked for" if not asked else "")
    away = [rung for rung in asked if rung not in {check.rung for check in found}]
    if away:
        yield f"    {', '.join(away)}: {NEEDS_CHECKOUT if tests is None else 'missing'}"
    yield from _part("tests", trail.mentions(tests, entry.label) if tests else (), "" if tests else NEEDS_CHECKOUT)
    yield from _part("figures", trail.figures(root, entry.label))
    page = root / trail.IMPRECISE
    if tests is None or not page.exists():
        yield f"imprecise: {NEEDS_CHECKOUT}"
        return
    rows = list(trail.imprecisions(page.read_text(encoding="utf-8"), entry))
    yield from _part("imprecise", (f"{first}: {add}; {example}" for first, add, example in rows), "" if rows else "no")


def _part(title: str, found: Iterable[object], without: str = "") -> Iterator[str]:
    """A title with what was found below it, or beside it the reason why there is nothing."""
    shown = [f"    {one}" for one in found]
    yield f"{title}:" if shown else f"{title}: {without or 'none'}"
    yield from shown


@click.command(
    cls=Command, help='Where a statement is computed, checked, tested and shown: D.7, "Lemma D.7", 66, "reverse KL".'
)
@click.argument("query", nargs=-1, required=True, metavar="LABEL")
def where(query: tuple[str, ...]) -> None:
    try:
        found = entries(" ".join(query))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="LABEL") from None
    click.echo("\n\n".join("\n".join(lines(entry)) for entry in found))


if __name__ == "__main__":
    where()
