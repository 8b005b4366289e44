"""What belongs to a statement, read from the sources without importing them: owners, checks, tests, figures, docs.

Files are parsed only if their text names the statement, so that a search takes a fraction of a second.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from distributional_view.proofs_check.clauses import clauses
from distributional_view.proofs_check.formal.theorems import THEOREMS, place
from distributional_view.proofs_check.places import ROOMS, own_tests
from distributional_view.proofs_check.pointers import entry_of_appendix, labels
from distributional_view.proofs_check.statements import Statement

IMPRECISE = "docs/explanation/imprecise.md"
"""The page that lists where the paper is imprecise, in a table of three columns."""
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


class Place(NamedTuple):
    """A line of a file (relative to the folder that holds the rooms) and what stands there."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.what}"


class Check(NamedTuple):
    """A registered check: its rung, where it is, its name as in the matrix, and how many controls it has."""

    rung: str
    file: str
    line: int
    name: str
    controls: int

    def __str__(self) -> str:
        return f"{self.rung}: {self.file}:{self.line} {self.name}, {self.controls} control{'s' * (self.controls != 1)}"


def owners(root: Path, label: str) -> Iterator[Place]:
    """Functions, classes and modules whose docstring owns the statement."""
    for path in _sources(root, ROOMS):
        text = path.read_text(encoding="utf-8")
        if any(label in _owned(line) for line in text.splitlines() if "Paper: " in line or "Ours: " in line):
            yield from (place for place, owned in owned_in(root, path, text) if label in owned)


def owned_in(root: Path, path: Path, text: str) -> Iterator[tuple[Place, tuple[str, ...]]]:
    """Each owner of a file with the labels that it owns.

    Raises:
        ValueError: for an owner's line that does not follow the grammar.
    """
    file = path.relative_to(root).as_posix()
    for name, node in _named(ast.parse(text), ""):
        clause = clauses(ast.get_docstring(node, clean=False) or "")
        if clause is not None:
            yield Place(file, getattr(node, "lineno", 1), name or "module"), clause.labels


def checks(root: Path, label: str) -> Iterator[Check]:
    """The evidence of a statement, file by file; in a wheel only the symbolic and the certified rung."""
    folder = own_tests(root)
    places = [*_sources(root / "proofs_check", ("symbolic", "certified"))]
    for path in [*places, *(sorted(folder.glob("evidence_*.py")) if folder else [])]:
        text = path.read_text(encoding="utf-8")
        if f'"{label}"' in text:
            yield from _checks_in(root, path, ast.parse(text), label)
    for theorem in THEOREMS if folder else ():
        if theorem.label == label:
            name = f"formal.checks.{theorem.name}"
            yield Check("formal", theorem.file, place(theorem)[0], name, len(theorem.wrong))


def _checks_in(root: Path, path: Path, tree: ast.Module, label: str) -> Iterator[Check]:
    file = path.relative_to(root)
    sizes = {
        target.id: len(node.value.keys)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for call in reversed(node.decorator_list):  # the order in which they register
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "evidence"):
                continue
            named, rung = (a.value if isinstance(a, ast.Constant) else None for a in call.args)
            if named == label:
                value = next(k.value for k in call.keywords if k.arg == "controls")
                count = _size(value, sizes)
                module = ".".join(file.with_suffix("").parts[1:])
                yield Check(str(rung), file.as_posix(), node.lineno, f"{module}.{node.name}", count)


def _size(controls: ast.expr, sizes: Mapping[str, int]) -> int:
    """How many controls a dictionary holds, those of named dictionaries that it takes in included."""
    if not isinstance(controls, ast.Dict):
        return sizes[getattr(controls, "id", "")]
    return sum(
        _size(value, sizes) if key is None else 1 for key, value in zip(controls.keys, controls.values, strict=True)
    )


def mentions(folder: Path, label: str) -> Iterator[Place]:
    """Lines of tests that point to a statement, registrations of evidence left out."""
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        seen = set()
        for position, found in labels(text):
            if not _means(found, label):
                continue
            registers = path.name.startswith("evidence_") and text[position - 1 : position] == '"'
            line = text.count("\n", 0, position) + 1
            if not registers and line not in seen:
                seen.add(line)
                yield Place(path.relative_to(folder.parent).as_posix(), line, text.splitlines()[line - 1].strip())


def figures(root: Path, label: str) -> Iterator[Place]:
    """Figures that illustrate a statement: modules whose `STATEMENTS` names it."""
    for path in _sources(root, ("figures",)):
        text = path.read_text(encoding="utf-8")
        if f'"{label}"' not in text:
            continue
        for node in ast.parse(text).body:
            names = [getattr(t, "id", "") for t in node.targets] if isinstance(node, ast.Assign) else []
            if isinstance(node, ast.Assign) and "STATEMENTS" in names and label in ast.literal_eval(node.value):
                name = ".".join(path.relative_to(root / "figures").with_suffix("").parts)
                yield Place(path.relative_to(root).as_posix(), node.lineno, name)


def imprecisions(page: str, entry: Statement) -> Iterator[tuple[str, str, str]]:
    """Rows of the list of imprecisions about the statement, or, if it is ours, pointing to it; links as their text."""
    for line in _LINK.sub(r"\1", page).splitlines():
        cells = line.strip("| ").split(" | ")
        if len(cells) != 3 or set(cells[0]) <= {"-"}:
            continue
        about = any(_means(found, entry.label) for _, found in labels(cells[0]))
        if about or (entry.kind == "ours" and any(f"*{name}*" in line for name in (entry.label, entry.number))):
            yield cells[0], cells[1], cells[2]


def _means(found: str, label: str) -> bool:
    return found == label or (found.startswith("Appendix") and entry_of_appendix(found) == label)


def _owned(line: str) -> tuple[str, ...]:
    """The labels that a line owns if it stands in a docstring."""
    try:
        clause = clauses(line.replace('"""', ""))
    except ValueError:
        return ()
    return clause.labels if clause else ()


def _named(node: ast.AST, name: str) -> Iterator[tuple[str, ast.Module | ast.ClassDef | ast.FunctionDef]]:
    """The module, its classes and its functions, each with its dotted name."""
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
        yield name, node
        for child in node.body:
            if isinstance(child, ast.ClassDef | ast.FunctionDef):
                yield from _named(child, f"{name}.{child.name}" if name else child.name)


def _sources(root: Path, folders: tuple[str, ...]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((root / folder).rglob("*.py"))
