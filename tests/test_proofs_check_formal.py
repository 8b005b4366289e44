"""The formal rung: what Coq refuses fails with its words, no other axiom passes, and what is not installed is said."""

import re
import shutil

import pytest
from click.testing import CliRunner

from distributional_view.proofs_check import __main__ as command
from distributional_view.proofs_check import evidence as framework
from distributional_view.proofs_check import matrix, runner
from distributional_view.proofs_check.evidence import Absent, run
from distributional_view.proofs_check.formal import assumptions, checks, coq
from distributional_view.proofs_check.formal.theorems import FOLDER, THEOREMS, Theorem, place
from distributional_view.proofs_check.places import ROOT
from distributional_view.proofs_check.statements import STATEMENTS, statement

BROKEN = runner.load()
FORMAL = [piece for piece in framework.registered() if piece.rung == framework.FORMAL]
NEEDS_COQ = pytest.mark.skipif(shutil.which("coqc") is None, reason="Coq is not installed")
AXIOM = """From Coq Require Import Reals.
Open Scope R_scope.
Axiom everything : forall x : R, x = 0.
Theorem zero : 1 = 0.
Proof. apply everything. Qed.
Theorem sum : 1 + 1 = 2.
Proof. ring. Qed.
Theorem trivial : True.
Proof. exact I. Qed.
"""


def test_every_theorem_has_words_above_it_and_a_wrong_version():
    assert len(FORMAL) == len(THEOREMS) > 20
    for theorem in THEOREMS:
        line, words = place(theorem)
        assert line > 1
        assert len(words.split()) > 8
        text = (FOLDER / f"{theorem.topic}Wrong.v").read_text()
        for name in theorem.wrong.values():
            assert f"Definition {name} : Prop" in text
            assert f"Theorem {name}_is_false : ~ {name}." in text
    assert {t.label for t in THEOREMS} == {s.label for s in STATEMENTS if s.applies("formal")}
    with pytest.raises(ValueError, match="lemma_Z_9"):
        place(Theorem("Lemma D.1", "Truncation", "lemma_Z_9", {}))


def test_what_the_page_quotes_stands_in_the_files():
    sources = "\n".join(path.read_text() for path in FOLDER.glob("*.v"))
    page = (ROOT / "docs" / "explanation" / "formal.md").read_text()
    quoted = [line for block in page.split("```")[1::2] for line in block.strip().splitlines() if "make " not in line]
    assert len(quoted) > 4
    assert [line for line in quoted if line not in sources] == []


def test_every_theorem_of_the_files_is_registered():
    known = {t.name for t in THEOREMS} | {f"{name}_is_false" for t in THEOREMS for name in t.wrong.values()}
    helpers = {"conditional_minimum"}
    for path in FOLDER.glob("*.v"):
        text = path.read_text()
        assert set(re.findall(r"^Theorem (\w+)", text, re.MULTILINE)) <= known | helpers, path
        assert not re.search(r"\b(Admitted|Axiom|Parameter|Conjecture|admit)\b", text), path


def test_files_are_compiled_after_those_that_they_require(tmp_path):
    order = coq.topics()
    for name in order:
        needs = coq.requires((coq.SOURCES / f"{name}.v").read_text())
        assert all(order.index(n) < order.index(name) for n in needs)
    (tmp_path / "A.v").write_text("From Formal Require Import B.\n")
    (tmp_path / "B.v").write_text("From Formal Require Import A.\n")
    with pytest.raises(ValueError, match="circle"):
        coq.topics(tmp_path)


def test_answers_are_read_whatever_they_list():
    said = (
        "=== A.x\nAxioms:\nClassical_Prop.classic : forall P : Prop, P\nA.mine\n  : False\n=== A.y\n"
        + assumptions.CLOSED
    )
    found = assumptions.answers(said + "\n")
    assert found == {"A.x": ("Classical_Prop.classic", "A.mine"), "A.y": ()}
    assert assumptions.excess(found["A.x"]) == ["A.mine"]
    with pytest.raises(ValueError, match="must list axioms"):
        assumptions.answers("=== A.x\nsomething else\n")


@NEEDS_COQ
def test_an_axiom_of_ones_own_is_seen(tmp_path):
    tmp_path.joinpath("Mine.v").write_text(AXIOM)
    build = tmp_path / "build"
    coq.compiled(["Mine"], tmp_path, build)
    names = ["Mine.zero", "Mine.sum", "Mine.trivial"]
    found = assumptions.answers(coq.run("Ask", assumptions.question(["Mine"], names, []), build))
    assert assumptions.excess(found["Mine.zero"]) == ["Mine.everything"]
    assert found["Mine.sum"]
    assert not assumptions.excess(found["Mine.sum"])
    assert found["Mine.trivial"] == ()


@NEEDS_COQ
def test_coqs_message_and_line_are_shown_and_only_what_changed_is_compiled(tmp_path, monkeypatch):
    source, build = tmp_path / "Mine.v", tmp_path / "build"
    source.write_text("Theorem no : False.\nProof.\nexact I.\nQed.\n")
    with pytest.raises(coq.Refused, match=r'(?s)line 3, characters 6-7:.*has type\s+"True"'):
        coq.compiled(["Mine"], tmp_path, build)
    source.write_text("Theorem yes : True.\nProof. exact I. Qed.\n")
    first = coq.compiled(["Mine"], tmp_path, build)
    monkeypatch.setattr(coq, "run", lambda *args: pytest.fail("compiled again"))
    assert coq.compiled(["Mine"], tmp_path, build) == first
    with pytest.raises(ValueError, match="must be files"):
        coq.compiled(["Absent"], tmp_path, build)


def test_a_wrong_version_counts_only_with_a_proof_that_it_is_false(monkeypatch):
    theorem = next(t for t in THEOREMS if t.name == "lemma_D_10")
    piece = next(p for p in FORMAL if p.name.endswith(".lemma_D_10"))
    good = {"Truncation.lemma_D_10": (), "TruncationWrong.lemma_D_10_unordered_is_false": ()}
    monkeypatch.setattr(checks, "asked", lambda *args: good)
    assert run(piece).passed
    monkeypatch.setattr(
        checks, "asked", lambda *args: {**good, "TruncationWrong.lemma_D_10_unordered_is_false": ("x",)}
    )
    assert "was not rejected" in run(piece).shown
    monkeypatch.setattr(checks, "asked", lambda *args: {**good, "Truncation.lemma_D_10": ("Truncation.mine",)})
    failed = run(piece)
    assert not failed.passed
    assert "more = Truncation.mine" in failed.shown
    assert theorem.file == "proofs_check/formal/Truncation.v"


@pytest.mark.parametrize(("arguments", "status"), [(["D.10", "--rung", "formal"], 1), (["D.10"], 0)])
def test_what_is_not_installed_is_said_and_not_shown_as_passed(monkeypatch, arguments, status):
    piece = next(p for p in FORMAL if p.name.endswith(".lemma_D_10"))

    def missing(*args: object) -> None:
        raise Absent(f"Coq is not installed ({coq.INSTALL})")

    monkeypatch.setattr(checks, "asked", missing)
    outcome = run(piece)
    assert outcome.absent
    assert not outcome.passed
    (cell,) = matrix.cells([piece], [outcome], [statement("D.10")], ["formal"])
    assert cell.state == "not installed"
    monkeypatch.setattr(command, "registered", lambda: iter([piece]))
    monkeypatch.setattr(runner, "load", dict)
    others = {rung: "no evidence in this test" for rung in framework.RUNGS if rung != "formal"}
    monkeypatch.setattr(matrix, "STATEMENTS", ())
    monkeypatch.setattr(type(statement("D.10")), "reason", lambda self, rung: others.get(rung, "applies"))
    monkeypatch.setattr(matrix, "mistakes", lambda pieces: [])
    result = CliRunner().invoke(command.main, arguments)
    assert result.exit_code == status, result.output
    assert "not installed" in result.output
    assert "apt-get install coq" in result.output
    assert "1 in" not in result.output
