"""The registry, the evidence framework and the command: each guard can fail."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from distributional_view.proofs_check import __main__ as command
from distributional_view.proofs_check import evidence as framework
from distributional_view.proofs_check import matrix, record, runner
from distributional_view.proofs_check.evidence import (
    IN_TESTS,
    RUNGS,
    Evidence,
    Outcome,
    Rejected,
    evidence,
    expect,
    run,
)
from distributional_view.proofs_check.pointers import labels, unknown
from distributional_view.proofs_check.statements import APPLIES, KINDS, STATEMENTS, statement, with_equation

ROOT = Path(__file__).resolve().parent.parent
ABSENT = "Lemma " + "Z.9"

BROKEN = runner.load()
PIECES = list(framework.registered())


def pointers(text: str) -> set[str]:
    """Labels of the paper's statements that a text points to."""
    return {label for _, label in labels(text)}


def test_the_label_guard_can_fail():
    assert pointers("by Lemmas D.6 (63) and Algorithm 1, not Lemma F.4.") == {"Lemma D.6", "Algorithm 1", "Lemma F.4"}
    assert unknown(f"{ABSENT} and Lemma D.6") == {ABSENT}
    assert unknown("Theorem " + "D.6")  # it is a lemma


def test_registry_is_complete():
    assert len({s.label for s in STATEMENTS}) == len({s.number for s in STATEMENTS}) == len(STATEMENTS)
    for entry in STATEMENTS:
        assert entry.rungs._fields == RUNGS
        assert entry.kind in KINDS
        assert entry.claim.endswith(".")
        assert all(a.sentence.endswith(".") for a in entry.assumptions)
        assert len({a.name for a in entry.assumptions}) == len(entry.assumptions)
        assert all(not a.without or len(a.without.split()) >= 4 for a in entry.assumptions)
        assert all(n.isdigit() for n in entry.equations)
        for reason in entry.rungs:
            assert reason == APPLIES or len(reason.split()) >= 4, (entry.label, reason)
        assert entry.has_code or len(entry.code.split()) >= 4, (entry.label, entry.code)


def test_every_equation_of_the_paper_belongs_to_an_entry():
    numbers = {int(n) for entry in STATEMENTS for n in entry.equations}
    assert numbers == set(range(1, 217))
    assert [entry.label for entry in with_equation("70")] == ["Lemma D.8", "Ours: reverse KL"]
    assert with_equation("217") == ()


def test_statement_finds_or_refuses():
    assert statement("D.7") is statement("Lemma D.7")
    assert statement("gap") is statement("Ours: gap")
    with pytest.raises(ValueError, match="must be one of"):
        statement(ABSENT)
    with pytest.raises(ValueError, match="rung = 'proved'"):
        statement("D.7").applies("proved")


def test_evidence_imports_and_fits_the_registry():
    assert BROKEN == {}
    assert matrix.mistakes(PIECES) == []


def test_checks_lie_where_their_rung_says():
    for piece in PIECES:
        assert piece.check.__module__.startswith("tests.") == (piece.rung in IN_TESTS), piece.name


def test_names_of_checks_are_unique():
    functions = {piece.name: piece.check for piece in PIECES}
    assert all(functions[piece.name] is piece.check for piece in PIECES)
    names = {piece.name for piece in PIECES}
    assert "symbolic.plug_in.factor_of_two" in names
    assert any(name.startswith("evidence_property_object.") for name in names)
    same = [Evidence("Lemma D.6", "symbolic", moved(module), {}) for module in ("symbolic.law", "certified.law")]
    assert [piece.name for piece in same] == ["symbolic.law.shell", "certified.law.shell"]


@pytest.mark.parametrize("rung", RUNGS)
def test_every_applicable_rung_has_evidence(rung):
    assert [c.statement.label for c in matrix.cells(PIECES, [], rungs=[rung]) if c.state == "missing"] == []


def test_readme_shows_where_the_evidence_stands():
    readme = (ROOT / "README.md").read_text()
    table = matrix.markdown(matrix.cells(PIECES, [], records=record.current(PIECES, record.read())))
    assert f"{matrix.START}\n{table}\n{matrix.END}" in readme, "run dview check --markdown README.md"


def shell(sign: int = 1, broken: bool = False) -> str:
    """A check that accepts sign 1, rejects others, and can crash."""
    if broken:
        raise ZeroDivisionError("no sides to compare")
    expect(sign == 1, "step (63): sign of the shell", left=sign, right=1)
    return "shown"


def moved(module: str):
    """The check as if it stood in another module of `proofs_check`."""

    def shell() -> str:
        return "shown"

    shell.__module__ = f"distributional_view.proofs_check.{module}"
    return shell


def piece(label: str = "Lemma D.6", rung: str = "symbolic", slow: bool = False, **wrong: object) -> Evidence:
    return Evidence(label, rung, shell, {"wrong": wrong or {"sign": -1}}, slow)


def test_decorator_refuses_what_cannot_fail(monkeypatch):
    monkeypatch.setattr(framework, "_ALL", {})
    for controls in ({}, {"nothing changed": {}}):
        with pytest.raises(ValueError, match="controls"):
            evidence("Lemma D.6", "symbolic", controls=controls)
    with pytest.raises(ValueError, match="rung = 'obvious'"):
        evidence("Lemma D.6", "obvious", controls={"sign": {"sign": -1}})
    register = evidence("Lemma D.6", "symbolic", controls={"sign": {"sign": -1}})
    assert register(shell) is shell
    with pytest.raises(ValueError, match="once"):
        register(shell)
    assert [p.name for p in framework.registered()] == ["test_proofs_check_statements.shell"]


def test_run_tells_apart_what_can_happen():
    good = run(piece())
    assert good.passed
    assert good.shown == "shown"
    assert good.rejections["wrong"].startswith("step (63)")
    accepted = run(piece(sign=1))
    assert not accepted.passed
    assert "'wrong' was not rejected" in accepted.shown
    crashed = run(piece(broken=True))
    assert not crashed.passed
    assert "'wrong' crashed: ZeroDivisionError" in crashed.shown

    def false(sign: int = 2) -> str:
        return shell(sign)

    failing = run(Evidence("Lemma D.6", "symbolic", false, {"wrong": {"sign": -1}}))
    assert not failing.passed
    assert failing.shown == str(Rejected("step (63): sign of the shell", left=2, right=1))
    assert "left = 2" in failing.shown


def test_a_cell_says_how_strong_its_checks_are():
    entry, fine = statement("D.6"), piece()
    sampled = Evidence("Lemma D.6", "symbolic", moved("symbolic.law"), {}, resolution={"mean": 0.004, "spread": 0.015})

    def strength(*pieces: Evidence, **records: record.Record) -> str:
        known = {record.key(p): records[name] for p, name in zip(pieces, ("first", "second"), strict=False) if records}
        (cell,) = matrix.cells(pieces, [], [entry], ["symbolic"], records=known)
        return cell.strength

    good, partly = record.Record(7, 7, 0, (), ""), record.Record(3, 2, 1, (), "")
    assert strength(fine, first=good) == " (7/7)"
    assert strength(fine, first=partly) == " (2+1/3)"
    assert strength(fine, sampled, first=good, second=partly) == " (9+1/10, 1.5 %)"
    assert strength(fine) == " (?)"
    assert strength(fine, first=record.Record(0, 0, 0, (), "")) == ""
    assert matrix.cells([sampled], [], [entry], ["symbolic"])[0].strength == " (1.5 %)"
    (cell,) = matrix.cells([fine], [], [entry], ["symbolic"], records={record.key(fine): good})
    assert matrix.markdown([cell]).endswith("| 1 (7/7) |")
    assert matrix.as_json([cell])[0]["attack"][0]["noticed"] == 7


def test_mistakes_are_named():
    found = matrix.mistakes([piece(ABSENT), piece("Definition B.1", "certified"), piece()])
    assert [ABSENT in found[0], "certified does not apply to Definition B.1" in found[1]] == [True, True]
    assert len(found) == 2


def test_states_of_a_cell():
    entry, fine, slow = statement("D.6"), piece(), piece(slow=True)

    def state(pieces: list[Evidence], outcomes: list[Outcome], rung: str = "symbolic") -> str:
        (cell,) = matrix.cells(pieces, outcomes, [entry], [rung])
        return cell.state

    assert state([fine], [run(fine)]) == "passed"
    assert state([fine], [run(piece(sign=1))]) == "failed"
    assert state([slow], []) == "not run"
    assert state([], []) == "missing"
    assert state([fine], [run(fine)], "certified") == "missing"
    assert state([], [], "sampled") == "not applicable"


def test_a_wheel_needs_a_checkout_and_misses_nothing():
    found = matrix.cells([piece()], [], [statement("D.6")], checkout=False)
    states = {cell.rung: cell.state for cell in found}
    assert states == {
        "symbolic": "not run",
        "certified": "missing",
        "property": "needs a checkout",
        "sampled": "not applicable",
        "necessity": "needs a checkout",
        "sharpness": "not applicable",
        "formal": "needs a checkout",
    }
    assert not matrix.complete(found)
    away = [cell for cell in found if cell.state == "needs a checkout"]
    assert matrix.complete(away)
    assert {cell["state"] for cell in matrix.as_json(away)} == {"needs a checkout"}
    assert matrix.markdown(away).splitlines()[-1].count("needs a checkout") == 3


def test_the_command_in_a_wheel(monkeypatch):
    monkeypatch.setattr(command, "own_tests", lambda root: None)
    monkeypatch.setattr(runner, "own_tests", lambda root: None)
    monkeypatch.setattr(command, "registered", lambda: iter([piece()]))
    assert not [name for name in runner.modules() if name.startswith("tests")]
    result = CliRunner().invoke(command.main, ["D.6", "--rung", "symbolic", "--rung", "property"])
    assert result.exit_code == 0, result.output
    assert "needs a checkout" in result.output
    assert "MISSING" not in result.output


def test_another_package_named_tests_is_refused(monkeypatch):
    foreign = ModuleType("tests")
    foreign.__path__ = ["/somewhere/tests"]
    monkeypatch.setitem(sys.modules, "tests", foreign)
    broken = runner.load()
    assert set(broken) == {name for name in runner.modules() if name.startswith("tests.")}
    assert all("of something else is loaded" in why for why in broken.values())


def test_our_tests_are_loaded_wherever_others_lie_first(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").write_text("raise SystemExit('the foreign one ran')")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from distributional_view.proofs_check.runner import load_one\n"
        "load_one('tests.support')\n"
        "import tests, tests.support; print(tests.__file__, tests.support.__file__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.split() == [str(ROOT / "tests" / name) for name in ("__init__.py", "support/__init__.py")], done


@pytest.mark.parametrize("command_line", [("", "D.7", "--list"), (".where", "D.7")])
def test_words_are_printed_without_heavy_imports(command_line):
    module, *arguments = command_line
    code = (
        "import runpy, sys\n"
        f"sys.argv = ['x', *{arguments!r}]\n"
        "try:\n"
        f"    runpy.run_module('distributional_view.proofs_check{module}', run_name='__main__', alter_sys=True)\n"
        "finally:\n"
        "    print('LOADED', *sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    words, _, loaded = done.stdout.partition("LOADED")
    assert statement("D.7").claim in " ".join(words.split())
    roots = {name.split(".")[0] for name in loaded.split()}
    assert "click" in roots
    assert not roots & {"numpy", "scipy", "jax", "sympy", "mpmath", "flint", "hypothesis", "tests"}
    assert not [name for name in loaded.split() if "proofs_check.symbolic" in name or "proofs_check.certified" in name]


def test_table_goes_between_the_markers():
    text = f"before\n{matrix.START}\nold\n{matrix.END}\nafter\n"
    assert matrix.inserted(text, "new") == f"before\n{matrix.START}\nnew\n{matrix.END}\nafter\n"
    assert matrix.inserted("no markers", "new") == "new\n"


@pytest.mark.parametrize(
    ("pieces", "arguments", "status", "says"),
    [
        ([piece()], ["D.6", "--rung", "symbolic"], 0, "1 in"),
        ([piece()], ["D.6"], 1, "MISSING"),
        ([piece(sign=1)], ["D.6", "--rung", "symbolic"], 1, "was not rejected"),
        ([piece(slow=True)], ["D.6", "--rung", "symbolic"], 0, "not run"),
        ([piece(slow=True, sign=1)], ["D.6", "--rung", "symbolic", "--slow"], 1, "was not rejected"),
        ([piece(), piece(ABSENT)], ["D.6", "--rung", "symbolic"], 1, "WRONG"),
        ([piece()], [ABSENT], 2, "must be one of"),
        ([], ["D.6", "--list"], 0, "not sampled: about exact"),
        ([], ["D.7", "--list"], 0, "no counterexample without spread above t: it follows"),
    ],
)
def test_exit_status(monkeypatch, pieces, arguments, status, says):
    monkeypatch.setattr(command, "registered", lambda: iter(pieces))
    monkeypatch.setattr(runner, "load", dict)
    result = CliRunner().invoke(command.main, arguments)
    assert result.exit_code == status, result.output
    assert says in result.output


def test_a_module_that_does_not_import_is_a_failure(monkeypatch):
    monkeypatch.setattr(command, "registered", lambda: iter([piece()]))
    monkeypatch.setattr(runner, "load", lambda: {"proofs_check.symbolic_x": "SyntaxError: x"})
    result = CliRunner().invoke(command.main, ["D.6", "--rung", "symbolic"])
    assert result.exit_code == 1
    assert "symbolic_x does not import" in result.output


def test_processes_agree_with_one_process():
    real = [p for p in PIECES if (p.label, p.rung) == ("Definition B.5", "symbolic")]
    lost = Evidence("Lemma D.6", "symbolic", shell, {"wrong": {"sign": -1}})  # registered in no module
    found = {o.evidence.label: o for o in runner.outcomes([*real, lost], jobs=2)}
    alone = run(real[0])
    assert (found["Definition B.5"].shown, found["Definition B.5"].rejections) == (alone.shown, alone.rejections)
    assert not found["Lemma D.6"].passed
    assert "not in" in found["Lemma D.6"].shown


def test_files(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "registered", lambda: iter([piece(sign=1)]))
    monkeypatch.setattr(runner, "load", dict)
    out, table = tmp_path / "out.json", tmp_path / "table.md"
    CliRunner().invoke(command.main, ["D.6", "--json", str(out), "--markdown", str(table)])
    first = json.loads(out.read_text())[0]
    assert first["state"] == "failed"
    assert "was not rejected" in first["outcomes"][0]["shown"]
    cells = table.read_text().splitlines()[-1].strip("| ").split(" | ")
    missing = "**missing**"
    assert cells == ["Lemma D.6", statement("D.6").name, "**failed**", missing, missing, "–", missing, "–", missing]
