"""The ledger of mutation testing keeps verdicts for files as they are, and forgets those of files that changed."""

from tests import mutant_ledger
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
