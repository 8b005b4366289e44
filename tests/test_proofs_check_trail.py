"""Pointers to statements: none dangles, none is missing, and `where` shows all that belongs to one."""

from collections import defaultdict
from pathlib import Path

import pytest
from click.testing import CliRunner

from distributional_view.proofs_check import runner, trail
from distributional_view.proofs_check.clauses import clauses
from distributional_view.proofs_check.evidence import registered
from distributional_view.proofs_check.places import NEEDS_CHECKOUT, ROOMS, own_tests
from distributional_view.proofs_check.pointers import equations, labels, unknown
from distributional_view.proofs_check.statements import STATEMENTS, statement
from distributional_view.proofs_check.where import entries, lines, where

ROOT = Path(__file__).resolve().parent.parent
SOURCES = (*ROOMS, "proofs_check", "package", "tests")
ABSENT = "Lemma " + "Z.9"

runner.load()
PIECES = list(registered())


@pytest.mark.parametrize("folder", SOURCES)
def test_what_the_code_points_to_exists(folder):
    for path in sorted((ROOT / folder).rglob("*.py")):
        assert not unknown(path.read_text(encoding="utf-8")), path


def test_what_the_prose_points_to_exists():
    found = [*ROOT.glob("*.md"), *(path for folder in SOURCES for path in (ROOT / folder).rglob("*.md"))]
    found += [path for path in (ROOT / "docs").rglob("*.md") if "node_modules" not in path.parts]
    assert {ROOT / "README.md", ROOT / trail.IMPRECISE} <= set(found)
    for path in found:
        assert not unknown(path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Lemmas D.6 to D.9", ["Lemma D.6", "Lemma D.7", "Lemma D.8", "Lemma D.9"]),
        ("| Lemmas D.10, D.11 | no atoms |", ["Lemma D.10", "Lemma D.11"]),
        ("Definitions 2.4 and 2.5, Lemma E.1.", ["Definition 2.4", "Definition 2.5", "Lemma E.1"]),
        ("Lemmas D.1, D.4 and D.6: three", ["Lemma D.1", "Lemma D.4", "Lemma D.6"]),
        ("Appendices F and G: weights", ["Appendix F", "Appendix G"]),
        ("Appendix H.2-H.4 and the Gaussian example", ["Appendix H.2", "Gaussian example"]),
        ("Algorithm 1, *Ours: factor of two*.", ["Algorithm 1", "Ours: factor of two"]),
    ],
)
def test_prose_is_read(text, found):
    assert [label for _, label in labels(text)] == found
    assert not unknown(text)


def test_equations_are_read():
    text = "by (66)-(69) and, as in (12), f(3), [4](5), 2024 (1982)"
    assert [number for _, number in equations(text)] == ["66", "69", "12"]


def test_the_guards_of_prose_can_fail():
    assert unknown("Lemmas D.6 and " + "D.14") == {"Lemma " + "D.14"}  # it is a theorem
    assert unknown("Lemmas D.12 to " + "D.13") == {"Lemma " + "D.13"}
    assert unknown("see (12), (" + "217)") == {f"({217})"}
    assert unknown("Ours" + ": no such thing")
    assert unknown("Appendix " + "M.1") == {"Appendix " + "M.1"}
    assert unknown(f"Corollary {'D.7'}")


@pytest.mark.parametrize(
    ("docstring", "owned", "named"),
    [
        ("h. Paper: Lemma D.7 (12), (66)-(67).", ("Lemma D.7",), ("12", "66", "67")),
        ("A.\n\n    Paper: Lemmas D.10, D.11, Figure 3, Tables 8-10.\n", ("Lemma D.10", "Lemma D.11"), ()),
        ("Paper: (78). More words.", ("Lemma D.10",), ("78",)),
        ("Paper: (70).", ("Lemma D.8",), ("70",)),  # ours is owned by name only
        ("Paper: Appendix I.2 (207), Section 2.2.4", ("Appendix I",), ("207",)),
        ("Paper: Appendices I.1, J.1, Gaussian example (109).", ("Appendix I", "Gaussian example"), ("109",)),
        ("x. Paper: Lemma D.8. Ours: reverse KL, gap.", ("Lemma D.8", "Ours: reverse KL", "Ours: gap"), ()),
    ],
)
def test_the_line_of_an_owner(docstring, owned, named):
    found = clauses(docstring)
    assert found is not None
    assert found.labels == owned
    assert found.equations == named


@pytest.mark.parametrize(
    "docstring",
    [
        "Paper" + ": Lemma D.7 for the tilt.",
        "Paper" + ": Lemma D.7 (13).",  # an equation of another statement
        "Paper" + f": {ABSENT}.",
        "Paper" + ": (2" + "17).",
        "Paper" + ": B.2.",  # no kind
        "Paper" + ": Chapter 3.",
        "Ours" + ": ties and limits.",
    ],
)
def test_the_line_of_an_owner_can_be_wrong(docstring):
    with pytest.raises(ValueError, match="owner's line"):
        clauses(docstring)
    assert clauses("The paper says so; ours differs.") is None


def all_owners() -> dict[str, list[str]]:
    """Label -> all its owners; reads every docstring of the rooms, so that none may have an irregular line."""
    found = defaultdict(list)
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for place, owned in trail.owned_in(ROOT, path, path.read_text(encoding="utf-8")):
                for label in owned:
                    found[label].append(str(place))
    return found


def wrong_owners(owned: dict[str, list[str]]) -> dict[str, list[str]]:
    """Statements with code that nothing owns, and statements without code that something does."""
    return {s.label: owned.get(s.label, []) for s in STATEMENTS if s.has_code != (s.label in owned)}


def test_every_statement_has_its_owners():
    assert wrong_owners(all_owners()) == {}


def test_the_guard_of_owners_can_fail():
    owned = all_owners()
    del owned["Ours: reverse KL"]
    owned["Ours: crossing"] = ["theory/laws/mills.py:38 mean_residual"]
    assert set(wrong_owners(owned)) == {"Ours: reverse KL", "Ours: crossing"}


def test_owners_are_found_without_parsing_everything():
    for label, places in all_owners().items():
        assert [str(place) for place in trail.owners(ROOT, label)] == places


def test_checks_are_read_as_they_register():
    for entry in STATEMENTS:
        read = {(c.rung, c.name, c.controls) for c in trail.checks(ROOT, entry.label)}
        assert read == {(p.rung, p.name, len(p.controls)) for p in PIECES if p.label == entry.label}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("D.7", ["Lemma D.7"]),
        (" Lemma  D.7 ", ["Lemma D.7"]),
        ("66", ["Lemma D.7"]),
        ("(70)", ["Lemma D.8", "Ours: reverse KL"]),
        ("reverse kl", ["Ours: reverse KL"]),
        ("Ours: reverse KL", ["Ours: reverse KL"]),
        ("algorithm 1", ["Algorithm 1"]),
    ],
)
def test_queries(query, found):
    assert [entry.label for entry in entries(query)] == found


@pytest.mark.parametrize(
    ("query", "near"), [("D.77", "Lemma D.7"), ("reverse", "reverse KL"), ("(2" + "17)", r"\(216\)"), ("?", "--list")]
)
def test_unknown_queries_say_what_is_near(query, near):
    with pytest.raises(ValueError, match=near):
        entries(query)
    assert CliRunner().invoke(where, [query]).exit_code == 2


def test_where_shows_all_that_belongs_to_a_statement():
    result = CliRunner().invoke(where, ["Lemma", "D.7"])
    assert result.exit_code == 0, result.output
    parts = result.output.split("\n")
    assert statement("D.7").claim in result.output
    for title, part in (
        ("code:", "theory/laws/law.py:"),
        ("evidence:", "symbolic: proofs_check/symbolic/bias.py:"),
        ("tests:", "tests/test_theory_divergence.py:"),
        ("figures:", "figures/fig1.py:"),
        ("imprecise:", "Lemma D.7: more is true"),
    ):
        after = parts[parts.index(title) + 1 :]
        assert any(line.strip().startswith(part) for line in after), title
    owner = next(line for line in parts if "theory/laws/law.py:" in line)
    number = int(owner.split(":")[1].split()[0])
    assert "def hazard" in (ROOT / "theory/laws/law.py").read_text().splitlines()[number - 1]


def test_where_says_why_there_is_nothing():
    shown = "\n".join(lines(statement("crossing")))
    assert f"code: {statement('crossing').code}" in shown
    assert "Proposition D.13: more is true" in shown  # the row that points to it
    assert "evidence: none is asked for" in "\n".join(lines(statement("J.3")))


def test_every_imprecision_belongs_to_a_statement():
    text = (ROOT / trail.IMPRECISE).read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")][2:]
    found = {row for entry in STATEMENTS for row in trail.imprecisions(text, entry)}
    assert len(rows) == len(found) >= 20
    assert not any("](" in cell for row in found for cell in row)


def test_where_in_a_wheel(tmp_path):
    for room in (*ROOMS, "proofs_check"):
        (tmp_path / room).symlink_to(ROOT / room)
    assert own_tests(tmp_path) is None
    (tmp_path / "tests").mkdir()  # somebody else's
    (tmp_path / "tests" / "test_x.py").write_text("")
    assert own_tests(tmp_path) is None
    shown = list(lines(statement("D.7"), tmp_path))
    for line in (
        f"    property, necessity, sharpness, formal: {NEEDS_CHECKOUT}",
        f"tests: {NEEDS_CHECKOUT}",
        f"imprecise: {NEEDS_CHECKOUT}",
    ):
        assert line in shown
    assert "missing" not in "\n".join(shown)
    assert any("theory/laws/law.py:" in line for line in shown)
