"""Mutation testing: its ledger forgets files that changed; a mutant runs where the old code was, or is out of reach."""

import ast
import importlib.util

import pytest

from tests import mutant_ledger
from tests.mutant_bench import importing
from tests.mutant_code import OutOfReach, Watch, change, functions_by_key
from tests.mutants import ROOT
from tests.mutations import mutants_of


def test_a_ledger_gives_back_what_it_was_told_until_the_file_changes(tmp_path):
    (tmp_path / "theory").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"theory/{name}.py").write_text(f"{name} = 1\n")
    told = {"theory/a.py::f::1 => 2": True, "theory/a.py::f::x < y => x <= y": False, "theory/b.py::::1 => 2": True}
    ledger = tmp_path / "judged.txt"
    assert mutant_ledger.read(told, ledger, tmp_path) == {}
    mutant_ledger.write(told, ledger, tmp_path)
    assert mutant_ledger.read([*told, "theory/a.py::g::1 => 2"], ledger, tmp_path) == told
    (tmp_path / "theory/a.py").write_text("a = 2\n")
    assert mutant_ledger.read(told, ledger, tmp_path) == {"theory/b.py::::1 => 2": True}


def test_the_ledger_in_the_repository_is_about_mutants_that_there_are():
    """By the example of one short file: the whole takes twenty seconds."""
    path = ROOT / "theory/solutions/hard.py"
    names = [m.name for m in mutants_of(path, ROOT)]
    assert len({mutant_ledger.digest(name) for name in names}) == len(set(names))  # no two share a word
    judged = [
        line for line in mutant_ledger.LEDGER.read_text().splitlines() if line.startswith("theory/solutions/hard.py")
    ]
    words = {mutant_ledger.digest(name) for name in names}
    assert judged
    assert {word[:-1] for word in judged[0].split()[2:]} <= words or not mutant_ledger.read(names)


SOURCE = """from functools import cached_property, wraps

START = 2


def wrapped(f):
    @wraps(f)
    def inner(*arguments):
        return f(*arguments)

    return inner


class Box:
    size = 3

    def __init__(self, value=5):
        self.value = value

    @cached_property
    def twice(self):
        return 2 * self.value

    @wrapped
    def above(self, bound):
        return (lambda x: x > bound)(self.value)
"""


@pytest.fixture
def imported(tmp_path):
    """A module, what changes it by a pair of texts, and the test file that called `Box.__init__` when imported."""
    path = tmp_path / "boxes.py"
    original = ast.unparse(ast.parse(SOURCE))
    path.write_text(original)
    spec = importlib.util.spec_from_file_location("boxes", path)
    module = importlib.util.module_from_spec(spec)
    caller = tmp_path / "test_caller.py"
    watch = Watch(tmp_path)
    watch.on()
    try:
        spec.loader.exec_module(module)
        exec(compile("BOX = Box()", str(caller), "exec"), {"Box": module.Box})
    finally:
        watch.off()

    def changed(old, new):
        assert SOURCE.count(old) == 1
        mutated = ast.unparse(ast.parse(SOURCE.replace(old, new)))
        return change(module, original, mutated, functions_by_key({str(path)}), watch.ran)

    return module, changed, str(caller)


def test_a_mutant_runs_where_the_old_code_was(imported):
    module, changed, _ = imported
    box = module.Box(7)
    assert (box.above(7), box.above(6)) == (False, True)
    changed("x > bound", "x >= bound").make()
    assert (box.above(7), module.Box(7).twice) == (True, 14)
    changed("2 * self.value", "3 * self.value").make()
    assert box.twice == 21


@pytest.mark.parametrize(("old", "new"), [("START = 2", "START = 3"), ("value=5", "value=6"), ("size = 3", "size = 4")])
def test_what_an_import_runs_is_out_of_reach(imported, old, new):
    with pytest.raises(OutOfReach):
        imported[1](old, new)


def test_whose_import_has_run_the_old_code_is_known(imported):
    _, changed, caller = imported
    assert caller in changed("self.value = value", "self.value = -value").stale
    assert not changed("2 * self.value", "3 * self.value").stale


def test_files_that_import_another_one_are_found_along_chains(tmp_path):
    (tmp_path / "tests/support").mkdir(parents=True)
    texts = {
        "support/deep.py": "",
        "support/near.py": "from tests.support.deep import a",
        "evidence_x.py": "from tests.support.near import b",
        "test_a.py": "from tests import evidence_x",
        "test_b.py": "from tests.support import deeper",
        "test_c.py": "x = [importlib.import_module(f\"tests.evidence_{n}\") for n in 'xy']",
    }
    for name, text in texts.items():
        (tmp_path / "tests" / name).write_text(text)
    found = {"support/deep.py", "support/near.py", "evidence_x.py", "test_a.py", "test_c.py"}
    assert importing({"tests/support/deep.py"}, tmp_path) == {f"tests/{name}" for name in found}
    assert importing({"tests/test_b.py"}, tmp_path) == {"tests/test_b.py", "tests/test_c.py"}
