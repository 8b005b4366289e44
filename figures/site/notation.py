"""The notation page, from the table in the docstring of `theory`."""

from distributional_view import theory
from distributional_view.figures.site.prose import readable


def page() -> str:
    """The table with readable symbols; names in code as they are.

    Raises:
        ValueError: if the docstring has no table of four columns.
    """
    rows = [line.strip("| ").split("|") for line in (theory.__doc__ or "").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in row] for row in rows if not set("".join(row)) <= set("- ")]
    if len(cells) < 2 or any(not 3 <= len(row) <= 4 for row in cells):
        raise ValueError("theory.__doc__: must hold a table of symbol, name in code, meaning and unit")
    head, *body = cells
    lines = ["# Notation", "", "One symbol, one name, one meaning, in the whole project.", ""]
    lines += ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    for symbol, name, *rest in body:
        meaning, unit = (*rest, "")[:2]
        lines.append(f"| {readable(symbol)} | {name} | {readable(meaning)} | {readable(unit)} |")
    return "\n".join(lines) + "\n"
