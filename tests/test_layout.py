"""Imports go one way: theory <- toy <- figures, theory <- backends; nobody but backends sees torch.

A figure that needs a backend imports it inside its own command, so that the others run without torch.

`proofs_check` shares no formula with what it checks: of `theory` it sees only the registry of statements.
"""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = {
    "theory": {"theory"},
    "toy": {"toy", "theory"},
    "figures": {"figures", "toy", "theory"},
    "proofs_check": {"proofs_check"},
    "backends": {"backends", "theory"},
}
OWN = set(ALLOWED)
WORDS_ONLY = "theory.statements"  # no formula in it
FORBIDDEN = {
    "theory": {"torch", "jax", "matplotlib", "rich", "click", "pathlib"},  # no world, no plot, no file
    "toy": {"torch", "matplotlib"},
    "figures": {"torch"},
    "proofs_check": {"torch", "jax"},
    "backends": set(),
}


def imported(path: Path, at_import: bool = False) -> set[str]:
    """Top-level names imported anywhere in a file, inside functions too; or only those that importing it imports."""
    return names_in(ast.parse(path.read_text()), at_import)


def names_in(tree: ast.Module, at_import: bool = False) -> set[str]:
    names = set()
    inside = {n for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)} if at_import else set()
    for node in ast.walk(tree):
        if node in inside:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module not in (None, WORDS_ONLY) and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def violations(package: str, names: set[str]) -> set[str]:
    return (names & OWN - ALLOWED[package]) | (names & FORBIDDEN[package])


@pytest.mark.parametrize("package", sorted(p for p in ALLOWED if (ROOT / p).is_dir()))
def test_imports_go_one_way(package):
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    for path in files:
        lent = {"backends"} - imported(path, at_import=True) if package == "figures" else set()
        assert not violations(package, imported(path) - lent), path


def test_the_guard_can_fail():
    assert violations("theory", {"numpy", "toy"}) == {"toy"}
    assert violations("toy", {"figures"}) == {"figures"}
    assert violations("figures", {"torch"}) == {"torch"}
    assert violations("proofs_check", {"theory"}) == {"theory"}
    lazy = ast.parse("import numpy\ndef f():\n    from backends.world import TorchWorld")
    assert names_in(lazy) == {"numpy", "backends"}
    assert names_in(lazy, at_import=True) == {"numpy"}


def test_base_install_needs_no_torch():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert not any("torch" in d for d in project["dependencies"])
    assert sys.version_info >= (3, 11)
