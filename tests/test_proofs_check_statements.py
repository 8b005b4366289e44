"""The registry, the evidence framework and the command: each guard can fail."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from distributional_view.proofs_check import __main__ as command
from distributional_view.proofs_check import evidence as framework
from distributional_view.proofs_check import matrix, runner
from distributional_view.proofs_check.evidence import RUNGS, Evidence, Outcome, Rejected, evidence, expect, run
from distributional_view.proofs_check.statements import APPLIES, KINDS, STATEMENTS, statement

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("theory", "toy", "figures", "proofs_check", "tests", "backends")
POINTER = re.compile(
    r"\b(Definition|Lemma|Theorem|Proposition|Remark|Assumption|Corollary)s? (\d\.\d+|[A-Z]\.\d+)|\b(Algorithm) (\d+)"
)
ABSENT = "Lemma " + "Z.9"

BROKEN = runner.load()
PIECES = list(framework.registered())


def pointers(text: str) -> set[str]:
    """Labels of the paper's statements that a text points to."""
    return {f"{a or c} {b or d}" for a, b, c, d in POINTER.findall(text)}


def unknown(text: str) -> set[str]:
    return pointers(text) - {s.label for s in STATEMENTS}


@pytest.mark.parametrize("package", [name for name in SOURCES if (ROOT / name).is_dir()])
def test_labels_in_the_code_exist(package):
    for path in sorted((ROOT / package).rglob("*.py")):
        assert not unknown(path.read_text()), path


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
        assert all(a.endswith(".") for a in entry.assumptions)
        assert all(n.isdigit() for n in entry.equations)
        for reason in entry.rungs:
            assert reason == APPLIES or len(reason.split()) >= 4, (entry.label, reason)


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


@pytest.mark.parametrize("rung", RUNGS)
def test_every_applicable_rung_has_evidence(rung):
    assert [c.statement.label for c in matrix.cells(PIECES, [], rungs=[rung]) if c.state == "missing"] == []


def test_readme_shows_where_the_evidence_stands():
    readme = (ROOT / "README.md").read_text()
    table = matrix.markdown(matrix.cells(PIECES, []))
    assert f"{matrix.START}\n{table}\n{matrix.END}" in readme, "run python -m proofs_check --markdown README.md"


def shell(sign: int = 1, broken: bool = False) -> str:
    """A check that accepts sign 1, rejects others, and can crash."""
    if broken:
        raise ZeroDivisionError("no sides to compare")
    expect(sign == 1, "step (63): sign of the shell", left=sign, right=1)
    return "shown"


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
    assert cells == ["Lemma D.6", statement("D.6").name, "**failed**", missing, missing, "–", missing]
