"""The attack on checks: it finds what a check asks, makes that alone wrong, restores it, and tells hollow checks."""

import pytest
from click.testing import CliRunner

from distributional_view.proofs_check import __main__ as command
from distributional_view.proofs_check import runner
from distributional_view.proofs_check.attack import Target, asked, attack, made_wrong, numbers_in, verdict
from distributional_view.proofs_check.evidence import Evidence, evidence, expect, under_attack
from distributional_view.theory import AtomicLaw, Hard, kl

HOME = "tests.evidence_example"
LAW = AtomicLaw([0.0, 1.0, 2.0, 3.0])


def checked(check, **more):
    """The check as if it lay in a module of evidence."""
    return Evidence("Lemma D.1", "property", type(check)(check.__code__, {**globals(), "__name__": HOME}), {}, **more)


def sound() -> str:
    expect(abs(Hard(LAW, 2.0).mean - 2.5) < 1e-12, "the mean of the upper half")
    return "2.5"


def hollow() -> str:
    q = Hard(LAW, 2.0)
    expect(q.mean == q.mean, "both sides are one expression")
    return "nothing"


def one_sided() -> str:
    expect(kl(Hard(LAW, 2.0), Hard(LAW, 1.0)) > -1.0, "KL >= 0, or so")
    return "little"


def homogeneous() -> str:
    expect(abs(Hard(LAW, 1.0).kept / Hard(LAW, 3.0).kept - 3.0) < 1e-12, "a ratio of masses")
    return "3"


def test_it_finds_what_a_check_asks():
    assert [t.shown for t in asked(checked(sound))] == ["Hard.mean"]
    assert [t.shown for t in asked(checked(one_sided))] == ["theory.solutions.divergence.kl"]


def test_a_sound_check_notices_and_a_hollow_one_does_not():
    (found,) = attack(checked(sound), thorough=True)
    assert found.noticed == dict.fromkeys(("1 % more", "1 % less", "shifted", "negated"), "rejected")
    (found,) = attack(checked(hollow))
    assert found.survived
    assert verdict(found)[0] == "survived"
    assert "no wrong answer" in verdict(found)[1]


def test_a_weak_inequality_is_seen_by_what_still_passes():
    (found,) = attack(checked(one_sided), thorough=True)
    assert found.noticed["1 % more"] is found.noticed["shifted"] is found.noticed["negated"] is None
    assert found.survived


def test_a_ratio_may_not_notice_a_common_factor_but_notices_a_shift():
    (found,) = attack(checked(homogeneous), thorough=True)
    assert found.noticed["1 % more"] is None
    assert found.noticed["shifted"] == "rejected"
    assert not found.survived


def test_nothing_stays_wrong():
    before = Hard(LAW, 2.0).mean
    for check in (sound, one_sided):
        list(attack(checked(check)))
    assert Hard(LAW, 2.0).mean == before == 2.5
    assert kl(Hard(LAW, 2.0), Hard(LAW, 1.0)) == pytest.approx(0.405465, abs=1e-6)
    assert not under_attack()


def test_reasons_and_stale_reasons():
    why = "a premise that the check only asserts"
    (found,) = attack(checked(hollow, survives={"Hard.mean": why}))
    assert verdict(found) == ("explained", why)
    (found,) = attack(checked(sound, survives={"Hard.mean": why}))
    assert verdict(found)[0] == "stale"
    with pytest.raises(ValueError, match="reason of four words"):
        evidence("Lemma D.1", "property", controls={"x": {"y": 1}}, survives={"Hard.mean": "fine"})


def test_numbers_are_made_wrong_inside_tuples_and_arrays():
    assert numbers_in((1.0, "x"))
    assert not numbers_in((True, 3, "x"))
    assert made_wrong((1.0, "x", (2.0, 3)), lambda x: -x) == (-1.0, "x", (-2.0, 3))
    assert Target(Hard, "mean").shown == "Hard.mean"


def test_the_command_fails_for_a_survivor(monkeypatch):
    for check, status, says in ((hollow, 1, "survived Hard.mean"), (sound, 0, "1 noticed")):
        monkeypatch.setattr(command, "registered", lambda check=check: iter([checked(check)]))
        monkeypatch.setattr(runner, "load", dict)
        result = CliRunner().invoke(command.main, ["D.1", "--rung", "property", "--attack"])
        assert result.exit_code == status, result.output
        assert says in result.output
