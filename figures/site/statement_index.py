"""The page of all statements with where the evidence stands, and the page from equations to statements."""

from collections.abc import Iterator, Sequence

from distributional_view.figures.site.prose import readable
from distributional_view.figures.site.statement_evidence import MEANING
from distributional_view.figures.site.statement_links import file
from distributional_view.proofs_check import matrix, record
from distributional_view.proofs_check.evidence import Evidence
from distributional_view.proofs_check.statements import STATEMENTS, Statement, with_equation
from distributional_view.proofs_check.statements.groups import GROUPS


def page(pieces: Sequence[Evidence]) -> str:
    """The evidence matrix of the registry, its labels linked, in the groups of the registry, with the attack."""
    known = record.current(pieces, record.read())
    lines = [
        "# Statements",
        "",
        f"The paper's statements and this project's, {len(STATEMENTS)} in all. Each has a page with the claim, its"
        " assumptions, the code that computes it, the evidence, the tests and the figures. A number counts the checks"
        " on a rung; each check also rejects wrong versions of the statement. In 2 (7+1/8, 1.5 %) 8 functions or"
        " constants were made wrong, of which 7 were noticed and 1 is explained, and the coarsest sampled quantity is"
        " known to 1.5 %. On the rung formal the wrong versions are proved false. A dash:"
        " the rung does not apply.",
        "",
        *(f"- *{rung}*: {words}" for rung, words in MEANING.items()),
        "",
        "[From an equation's number to its statements](equations.md)",
    ]
    for title, entries in GROUPS.items():
        lines += [
            "",
            f"## {title}",
            "",
            linked(matrix.markdown(matrix.cells(pieces, (), entries, records=known)), entries),
        ]
    return "\n".join(lines) + "\n"


def linked(table: str, entries: Sequence[Statement]) -> str:
    """The matrix with links in place of labels."""
    links = {entry.label: f"[{entry.label}]({file(entry.label)})" for entry in entries}

    def row(line: str) -> str:
        label, _, rest = line.removeprefix("| ").partition(" | ")
        return f"| {links[label]} | {rest}" if label in links else line

    return "\n".join(map(row, table.splitlines()))


def equations() -> str:
    """Each equation of the paper with its statements."""
    return "\n".join(("---", "search:", "  exclude: true", "---", "", *_equations())) + "\n"


def _equations() -> Iterator[str]:
    yield from ("# Equations of the paper", "", "| equation | statements |", "| --- | --- |")
    last = max(int(n) for entry in STATEMENTS for n in entry.equations)
    for number in map(str, range(1, last + 1)):
        links = [f"[{e.label}]({file(e.label)}), {readable(e.name)}" for e in with_equation(number)]
        yield f"| ({number}) | {'; '.join(links)} |"


def navigation() -> list[str]:
    """The lines of mkdocs.yml's `nav` that list the statements."""
    lines = ["  - Statements:", "      - statements/index.md", "      - statements/equations.md"]
    for title, entries in GROUPS.items():
        lines.append(f"      - {title}:")
        lines += [f'          - "{entry.label}": statements/{file(entry.label)}' for entry in entries]
    return lines
