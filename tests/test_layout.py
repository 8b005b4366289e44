"""One import name, imports in one direction, and nobody but backends sees torch.

    theory <- toy <- figures        theory <- backends        proofs_check: alone

Inside `theory` laws <- solutions <- pools, measures; samplers know errors only; methods see pools and samplers. The top
of the package holds what every room may use (whole writes, the terminal); its commands import what they run when they
run it. A figure that needs a backend imports it inside its own command, so that the others run without torch.
"""

import ast
import tomllib
from pathlib import Path

import pytest

from tests.support.scopes import scope_of

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "distributional_view"
ROOMS = ("theory", "toy", "figures", "proofs_check", "backends")
SHARED = {
    "choices",
    "errors",
    "files",
    "flags",
    "fingerprints",
    "jobs",
    "locks",
    "sealed",
    "shell",
    "tables",
    "terminal",
    "workers",
}
"""Modules and folders at the top of the package that import nothing of ours but each other."""
ALLOWED = {
    "theory": {"theory"},
    "toy": {"toy", "theory"} | SHARED,
    "figures": {"figures", "toy", "theory"} | SHARED,
    "proofs_check": {"proofs_check"} | SHARED,
    "backends": {"backends", "theory"} | SHARED,
}
ALLOWED["figures/site"] = {*ROOMS, *SHARED, "command", "commands"}
"""The documentation describes everything, so that its site imports everything; nothing imports it."""
FORBIDDEN = {
    "theory": {"torch", "jax", "matplotlib", "rich", "click", "pathlib"},  # no world, no plot, no file
    "toy": {"torch", "matplotlib"},
    "figures": {"torch"},
    "proofs_check": {"torch", "jax"},
    "backends": set(),
}
INSIDE_THEORY = {
    "errors": set(),
    "seeds": {"errors"},
    "progress": set(),
    "laws": {"errors"},
    "solutions": {"errors", "laws"},
    "pools": {"errors", "laws", "solutions"},
    "measures": {"errors", "laws", "solutions"},
    "samplers": {"errors", "progress", "seeds"},
    "methods": {"errors", "progress", "seeds", "pools", "samplers"},
}


def modules(tree: ast.Module, at_import: bool = False) -> set[str]:
    """Full names imported anywhere, inside functions too; or only those that importing the file imports."""
    inside = {n for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)} if at_import else set()
    names = set()
    for node in ast.walk(tree):
        if node in inside:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            assert node.level == 0, "imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def own(names: set[str]) -> set[str]:
    """The rooms and shared modules among them."""
    return {n.split(".")[1] for n in names if n.startswith(PROJECT + ".")}


def foreign(names: set[str]) -> set[str]:
    return {n.split(".")[0] for n in names} - {PROJECT}


def violations(room: str, names: set[str], folder: str = "") -> set[str]:
    return (own(names) - ALLOWED.get(folder, ALLOWED[room])) | (foreign(names) & FORBIDDEN[room])


def sources(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found
    return found


def names_of(path: Path, at_import: bool = False) -> set[str]:
    return modules(ast.parse(path.read_text()), at_import)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room):
    for path in sources(room):
        names = names_of(path)
        if room == "figures":
            lazy = names - names_of(path, at_import=True)
            names -= {n for n in lazy if n.startswith(f"{PROJECT}.backends")}
        assert not violations(room, names, path.parent.relative_to(ROOT).as_posix()), path
        assert path.parent.name == "site" or not {n for n in names if n.startswith(f"{PROJECT}.figures.site")}, path


def test_inside_theory_imports_go_one_way():
    for path in sources("theory"):
        part = path.relative_to(ROOT / "theory").with_suffix("").parts[0]
        if part == "__init__":
            continue
        seen = {n.split(".")[2] for n in names_of(path) if n.startswith(f"{PROJECT}.theory.")}
        assert seen <= INSIDE_THEORY[part] | {part}, path


def test_shared_modules_import_each_other_alone():
    for name in SHARED:
        module = ROOT / "package" / f"{name}.py"
        for path in [module] if module.exists() else sources(f"package/{name}"):
            assert own(names_of(path)) <= SHARED, path


@pytest.mark.parametrize("folder", [*ROOMS, "package", "tests"])
def test_there_is_one_import_name(folder):
    for path in sources(folder):
        assert not foreign(names_of(path)) & set(ROOMS), f"{path}: import {PROJECT}.…, not the bare folder"


def test_the_guards_can_fail():
    def names(text: str, at_import: bool = False) -> set[str]:
        return modules(ast.parse(text), at_import)

    assert violations("theory", names(f"import numpy\nfrom {PROJECT}.toy import world")) == {"toy"}
    assert violations("toy", names(f"import {PROJECT}.figures.fig1")) == {"figures"}
    assert violations("figures", {"torch"}) == {"torch"}
    of_evidence = names(f"import {PROJECT}.proofs_check.matrix")
    assert violations("figures", of_evidence, "figures/report") == {"proofs_check"}
    assert violations("figures", of_evidence, "figures/site") == set()
    assert violations("proofs_check", names(f"from {PROJECT} import theory")) == {"theory"}
    assert foreign(names("from theory.laws import law")) & set(ROOMS) == {"theory"}
    lazy = f"import numpy\ndef f():\n    from {PROJECT}.backends.adapter.world import TorchWorld"
    assert own(names(lazy)) == {"backends"}
    assert own(names(lazy, at_import=True)) == set()


def test_every_folder_of_code_is_installed():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {f.parent for room in ROOMS for f in sources(room) if f.name == "__init__.py"}
    named = {f"{PROJECT}." + ".".join(f.relative_to(ROOT).parts) for f in folders} | {PROJECT}
    named |= {f"{PROJECT}.{f.parent.name}" for f in (ROOT / "package").glob("*/__init__.py")}
    assert set(settings["packages"]) == named
    assert settings["package-dir"] == {PROJECT: "package"} | {f"{PROJECT}.{room}": room for room in ROOMS}
    assert not [f for room in ROOMS for f in sources(room) if not (f.parent / "__init__.py").exists()]


def test_base_install_needs_no_torch():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert not any("torch" in d for d in project["dependencies"])


def test_test_modules_share_through_support_alone():
    for path in sorted((ROOT / "tests").glob("*.py")):
        shared = {n.split(".")[1] for n in names_of(path) if n.startswith("tests.")}
        shared = {n for n in shared if not n.startswith("mutant")}
        assert shared <= {"support", "mutations", "bench", "typecheck", "wheel_smoke"}, path


def test_a_module_stays_in_one_process():
    evidence = "tests/test_proofs_check_evidence.py::test_evidence"
    scopes = {
        "tests/test_a.py::test_b": "tests/test_a.py",
        "tests/test_a.py::test_c[x-y.z]": "tests/test_a.py",
        f"{evidence}[Ours: reverse KL-property-evidence_property_constraints.between]": "evidence_property_constraints",
        f"{evidence}[Lemma D.9-symbolic-symbolic.bias.bregman]": "symbolic.bias",
    }
    assert {nodeid: scope_of(nodeid) for nodeid in scopes} == scopes
