"""What a check is, in short, so that a record of its attack can be told from one of an earlier version.

The fingerprint covers what the attack depends on in the check's own file: its text, the text of the functions and
constants there that it uses (and of those that they use), and which names have a reason or are constants of its claim.
Docstrings, comments, controls and the words of a reason may change. Helpers in other files and the library are not
covered: `make attack AGAIN=--again` attacks everything anew.
"""

import ast
import hashlib
import inspect
from collections.abc import Iterator
from functools import cache
from typing import Any

from distributional_view.proofs_check.evidence import Evidence

_LENGTH = 16
"""Hexadecimal digits that are kept: 64 bits."""


def fingerprint(piece: Evidence) -> str:
    """Sixteen hexadecimal digits. The file is read once: what counts is how it was when the program first asked.

    Raises:
        OSError: if the check's file is gone.
    """
    path = inspect.getsourcefile(inspect.unwrap(piece.check))
    if path is None:
        raise OSError(f"{piece.name}: no file that holds its text")
    lines, tree = _parsed(path)
    own = _node_of(piece, tree)
    known = {name: node for node in tree.body for name in _names_bound(node)}
    used: dict[str, ast.AST] = {}
    waiting = [own]
    while waiting:
        for name in _names_used(waiting.pop()):
            if name in known and name not in used and known[name] is not own:
                used[name] = known[name]
                waiting.append(known[name])
    texts = [_text(own, lines), *(_text(used[name], lines) for name in sorted(used))]
    texts += [f"survives {name}" for name in sorted(piece.survives)] + [f"constant {name}" for name in piece.constants]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:_LENGTH]


@cache
def _parsed(path: str) -> tuple[list[str], ast.Module]:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return text.splitlines(), ast.parse(text)


def _node_of(piece: Evidence, tree: ast.Module) -> ast.AST:
    """The definition of the check, found by its first line: decorators belong to it."""
    code: Any = inspect.unwrap(piece.check).__code__
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first == code.co_firstlineno:
                return node
    raise OSError(f"{piece.name}: not at line {code.co_firstlineno} of its file, which has changed")


def _names_bound(node: ast.stmt) -> Iterator[str]:
    """What a statement at the top of a file defines; imports are other files' concern."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name))


def _names_used(node: ast.AST) -> set[str]:
    """Names in a definition, but for those in its registrations."""
    skipped = {n for d in _registrations(node) for n in ast.walk(d)}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n not in skipped}


def _registrations(node: ast.AST) -> list[ast.expr]:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return [d for d in decorators if isinstance(d, ast.Call) and getattr(d.func, "id", "") == "evidence"]


def _text(node: ast.AST, lines: list[str]) -> str:
    """The lines of a definition without registrations, docstrings, comments of their own and empty ones."""
    assert isinstance(node, ast.stmt)
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
    first = min([node.lineno, *(d.lineno for d in decorators)])
    parts: list[ast.expr | ast.stmt] = [*_registrations(node), *_docstrings(node)]
    left_out = {n for part in parts for n in _span(part)}
    kept = [lines[n - 1].rstrip() for n in range(first, _span(node)[-1] + 1) if n not in left_out]
    return "\n".join(line for line in kept if line and not line.lstrip().startswith("#"))


def _docstrings(node: ast.AST) -> Iterator[ast.stmt]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(inner, clean=False) is not None:
            yield inner.body[0]


def _span(node: ast.expr | ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)
