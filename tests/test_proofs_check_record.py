"""The record of the attack: complete and current, written check by check, and out of date when a check changes."""

import importlib.util
import json

import pytest
from click.testing import CliRunner
from rich.console import Console

from distributional_view.proofs_check import __main__ as command
from distributional_view.proofs_check import campaign, record, runner
from distributional_view.proofs_check.evidence import Evidence, expect, registered
from distributional_view.proofs_check.fingerprint import fingerprint
from distributional_view.proofs_check.record import Record

assert not runner.load()
PIECES = list(registered())
QUIET = Console(quiet=True)

CHECK = '''"""A module of evidence."""
from distributional_view.proofs_check.evidence import evidence, expect

HALF, OTHER = 0.5, 3.0
TOLERANCE = 1e-9


def near(a, b):
    """Whether they agree."""
    return abs(a - b) < TOLERANCE


def unused():
    return OTHER


def with_reason(check):
    return check


@with_reason
def shell(half: float = HALF) -> str:
    """A claim."""
    # a comment
    expect(near(half, 0.5), "the half")

    return "shown"
'''


def test_every_check_was_attacked_as_it_is_and_nothing_is_left():
    complaints = record.complaints(PIECES, record.read())
    assert not complaints, "run make attack, then commit proofs_check/attacked.json:\n" + "\n".join(complaints)


def check_of(tmp_path, text: str, **more) -> Evidence:
    """The check `shell` of a file with this text."""
    path = tmp_path / f"evidence_{len(list(tmp_path.iterdir()))}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Evidence("Lemma D.6", "symbolic", module.shell, {}, **more)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("A claim.", "A claim, in other words:\n\n    two lines more."),
        ("Whether they agree.", "Whether they are near."),
        ("    # a comment\n", ""),
        ('"the half")\n\n', '"the half")\n'),
        ("return OTHER", "return 2 * OTHER"),
        (
            "@with_reason\ndef shell",
            '@evidence("Lemma D.6", "symbolic", controls={"a third": {"half": 1 / 3}})\n@with_reason\ndef shell',
        ),
    ],
)
def test_words_controls_and_other_checks_do_not_count(tmp_path, monkeypatch, old, new):
    monkeypatch.setattr("distributional_view.proofs_check.evidence._ALL", {})
    assert CHECK.count(old) == 1
    before, after = (fingerprint(check_of(tmp_path, text)) for text in (CHECK, CHECK.replace(old, new)))
    assert before == after


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"the half")', '"the whole")'),
        ("near(half, 0.5)", "near(half, 0.6)"),
        ("< TOLERANCE", "<= TOLERANCE"),
        ("TOLERANCE = 1e-9", "TOLERANCE = 1e-3"),
        ("half: float = HALF", "half: float = OTHER"),
        ("    return check\n", "    return unused and check\n"),
    ],
)
def test_the_check_and_what_it_uses_count(tmp_path, old, new):
    assert CHECK.count(old) == 1
    before, after = (fingerprint(check_of(tmp_path, text)) for text in (CHECK, CHECK.replace(old, new)))
    assert before != after


def test_reasons_and_constants_count(tmp_path):
    found = {
        fingerprint(check_of(tmp_path, CHECK, **more))
        for more in ({}, {"constants": ("half",)}, {"survives": {"half": "any reason of four words"}})
    }
    assert len(found) == 3
    words = ("for one reason", "for another one")
    same = {fingerprint(check_of(tmp_path, CHECK, survives={"half": why})) for why in words}
    assert len(same) == 1


def test_a_check_without_a_text_is_refused(tmp_path):
    piece = check_of(tmp_path, CHECK)
    code = piece.check.__code__
    piece.check.__code__ = code.replace(co_firstlineno=1)
    with pytest.raises(OSError, match="not at line 1 of its file"):
        fingerprint(piece)


def constant(half: float = 0.5) -> str:
    expect(half == 0.5, "the half")
    return "shown"


def careless(half: float = 0.5) -> str:
    expect(half > 0, "more than nothing")
    return "shown"


def piece(check=constant, label="Lemma D.6", **more) -> Evidence:
    return Evidence(label, "symbolic", check, {"wrong": {"half": 1}}, constants=("half",), **more)


def half(check, value):
    """The check with a default that the attack knows how to make wrong."""
    check.__defaults__ = (value,)
    return check


@pytest.fixture
def checks():
    from sympy import Rational

    return [half(constant, Rational(1, 2)), half(careless, Rational(1, 2))]


def test_records_are_written_check_by_check_and_kept_while_they_are_current(tmp_path, checks):
    path, good = tmp_path / "attacked.json", piece()
    assert campaign.attack_and_record([good], [good], QUIET, path=path)
    kept = record.read(path)
    assert kept == {record.key(good): Record(1, 1, 0, (), fingerprint(good))}
    assert record.due([good], kept) == []
    weak = piece(careless, "Lemma D.7")
    assert not campaign.attack_and_record([good, weak], [good, weak], QUIET, path=path)
    kept = record.read(path)
    assert kept[record.key(weak)].left == ("half (survived)",)
    assert record.due([good, weak], kept) == [weak]  # until somebody mends it
    assert "not noticed: half (survived)" in record.complaints([good, weak], kept)[0]
    reasoned = piece(careless, "Lemma D.7", survives={"half": "any positive number will do"})
    assert record.complaints([good, reasoned], kept) == [f"{record.key(weak)}: changed since its attack"]
    assert campaign.attack_and_record([good, reasoned], [good, reasoned], QUIET, path=path)
    assert record.read(path)[record.key(weak)].explained == 1
    assert campaign.attack_and_record([], [good], QUIET, path=path)  # the other check is gone, and so is its record
    assert list(record.read(path)) == [record.key(good)]


def test_only_what_is_out_of_date_is_attacked_again(tmp_path, monkeypatch, checks):
    path, good, seen = tmp_path / "attacked.json", piece(), []
    parts = campaign.attacked_parts
    monkeypatch.setattr(campaign, "attacked_parts", lambda p: seen.append(p) or parts(p))
    for again, count in ((False, 1), (False, 1), (True, 2)):
        campaign.attack_and_record([good], [good], QUIET, again=again, path=path)
        assert len(seen) == count
    stale = record.read(path)[record.key(good)]
    record.write({record.key(good): Record(1, 1, 0, (), "0" * 16)}, path)
    assert record.current([good], record.read(path)) == {}
    campaign.attack_and_record([good], [good], QUIET, path=path)
    assert record.read(path)[record.key(good)] == stale
    assert len(seen) == 3


def test_a_check_of_two_statements_is_attacked_once_unless_its_reasons_differ(tmp_path, monkeypatch, checks):
    seen, parts = [], campaign.attacked_parts
    monkeypatch.setattr(campaign, "attacked_parts", lambda p: seen.append(p.label) or parts(p))
    why = {"half": "any positive number will do"}
    labels = {"Lemma D.6": why, "Lemma D.7": why, "Lemma D.8": {}}
    pieces = [piece(careless, label, survives=survives) for label, survives in labels.items()]
    path = tmp_path / "attacked.json"
    assert not campaign.attack_and_record(pieces, pieces, QUIET, path=path)
    assert seen == ["Lemma D.6", "Lemma D.8"]
    assert [record.read(path)[record.key(p)].explained for p in pieces] == [1, 1, 0]


def test_complaints_name_what_is_missing_and_what_is_too_much(checks):
    good = piece()
    assert record.complaints([good], {}) == [f"{record.key(good)}: never attacked"]
    gone = {"Lemma D.6, symbolic, symbolic.law.gone": Record(1, 1, 0, (), "")}
    assert record.complaints([], gone) == ["Lemma D.6, symbolic, symbolic.law.gone: no such check"]


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "attacked.json"
    assert record.read(path) == {}
    for text in ("[1]", "{", '{"a": {"attacked": 1}}', '{"a": 3}'):
        path.write_text(text)
        with pytest.raises(ValueError, match="must map checks to their records"):
            record.read(path)
    record.write({}, path)
    assert json.loads(path.read_text()) == {}


@pytest.mark.parametrize("arguments", [["--write"], ["--attack", "--again"]])
def test_options_that_need_another_are_refused(arguments):
    result = CliRunner().invoke(command.main, ["D.6", *arguments])
    assert result.exit_code == 2
    assert "--write needs --attack" in result.output


def test_nothing_is_written_where_checks_are_missing(monkeypatch):
    monkeypatch.setattr(runner, "load", lambda: {"tests.evidence_x": "SyntaxError: x"})
    monkeypatch.setattr(command, "registered", lambda: iter([]))
    result = CliRunner().invoke(command.main, ["D.6", "--attack", "--write"])
    assert result.exit_code == 2
    assert "needs a checkout in which every check can be imported" in " ".join(result.output.split())
