"""Wrong statements that checks once accepted: each is now rejected, and at the step that it breaks.

Also what catches the next one: a control that names its step, and the attack on the constants of a claim.
"""

from contextlib import contextmanager

import pytest
import sympy as sp
from click.testing import CliRunner
from flint import acb, fmpq

from distributional_view.proofs_check import __main__ as command
from distributional_view.proofs_check import constants as attack
from distributional_view.proofs_check import runner
from distributional_view.proofs_check.angular_world import AngularWorld
from distributional_view.proofs_check.certified import gaussian as certified_gaussian
from distributional_view.proofs_check.certified import table2
from distributional_view.proofs_check.evidence import Evidence, Rejected, evidence, expect, registered, run
from distributional_view.proofs_check.symbolic import (
    bottleneck,
    diffusion,
    distortion,
    gap,
    instability,
    pools,
)

CERTIFIED = (
    "boundary_masses",
    "mass_from_hazard",
    "tilting_lowers_the_hazard",
    "interpretability_gap",
    "hard_tv_steps",
)
U = distortion.U


@contextmanager
def rejected_at(step: str):
    with pytest.raises(Rejected) as error:
        yield
    assert error.value.step.startswith(step), error.value


@pytest.mark.parametrize("name", CERTIFIED)
def test_a_density_doubled_is_no_density(name):
    with rejected_at("the density has mass 1"):
        getattr(table2, name)(density={"weight": "2"})


@pytest.mark.parametrize("name", CERTIFIED)
def test_another_density_gives_another_number(name):
    with pytest.raises(Rejected) as error:
        getattr(table2, name)(density={"radius": "2.4"})
    assert not error.value.step.startswith("the density has mass 1")


@pytest.mark.parametrize("name", ["mass_from_hazard", "tilting_lowers_the_hazard"])
def test_a_density_of_12345_at_the_threshold_is_seen(name, monkeypatch):
    monkeypatch.setattr(AngularWorld, "density", lambda self, d: acb(12345))
    with pytest.raises(Rejected):
        getattr(table2, name)()


MUTANTS = {
    "truncation below t": (gap.exact_gap, {"upper": False}, "E_(q_t) > E_p"),
    "five times tau": (bottleneck.pythagoras, {"member": 5}, "no feasible member is cheaper"),
    "D/(7 V) V = D/7": (instability.averages_over_levels, {"share": sp.Rational(1, 7)}, "V_soft d tau/d beta"),
    "negative gamma": (distortion.exact_distortion, {"odds": 1 / (1 + U)}, "the task demands"),
    "one winner, any gaps": (pools.effective_sample_size, {"limit": 1}, "the winners at infinity"),
    "the equation of H postulated": (diffusion.guided_reversal, {"carrier": lambda f, g, u: f}, "e^H = E["),
    "1/t off by 1e-12": (
        certified_gaussian.hazard_asymptotics,
        {"linear": "1.000000000001"},
        "lower bound is above the expansion",
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_wrong_statement_is_rejected_at_its_step(name):
    check, arguments, step = MUTANTS[name]
    with rejected_at(step):
        check(**arguments)


def test_the_speed_is_not_what_fits_three_points_only(monkeypatch):
    """E[Y] for E|Y - tau| fits the masses 1/2, 1/3, 1/6 on 0, 1, 3 at beta = 0, and no general law."""
    law, places = [sp.Rational(1, k) for k in (2, 3, 6)], (0, 1, 3)
    mean = sum(m * y for m, y in zip(law, places, strict=True))
    assert sum(m * abs(y - mean) for m, y in zip(law, places, strict=True)) == mean

    original = instability._deviation_and_variance
    monkeypatch.setattr(
        instability,
        "_deviation_and_variance",
        lambda split: (instability.mean(instability._four_masses(), instability.ladder(4)), original(split)[1]),
    )
    with rejected_at("V_soft = E|Y - tau|/(2 Var)"):
        instability.klsc_path_speed()


def test_without_its_proof_a_check_is_told_by_its_controls(monkeypatch):
    """Every control of the hazard's expansion once died at the points before the proof."""
    monkeypatch.setattr(certified_gaussian, "positive_beyond", lambda polynomial, start: True)
    outcome = run(next(p for p in registered() if p.check is certified_gaussian.hazard_asymptotics))
    assert not outcome.passed
    assert "was not rejected" in outcome.shown


# --- the framework ---


def two_steps(first: bool = True, factor: str = "2", sign: int = 1, loose: int = 3) -> str:
    expect(first, "the premise")
    expect(fmpq(1, 2) * attack.q(factor) == 1 and sign == 1, "the claim: half of 2 is 1")
    expect(loose > 1, "a bound")
    return "shown"


def piece(controls, **more) -> Evidence:
    return Evidence("Lemma D.1", "certified", two_steps, controls, **more)


def test_a_control_must_be_rejected_at_the_step_that_it_names():
    wrong = {"factor": "3", "breaks": "the claim"}
    assert run(piece({"thrice": wrong})).passed
    outcome = run(piece({"another": {"first": False, "breaks": "the claim"}}))
    assert not outcome.passed
    assert "at another step than 'the claim'" in outcome.shown
    assert run(piece({"any step": {"first": False}})).passed


def test_a_control_changes_an_argument():
    with pytest.raises(ValueError, match="at least one changed argument"):
        evidence("Lemma D.1", "certified", controls={"nothing": {"breaks": "the claim"}})


def test_a_constant_is_an_argument():
    with pytest.raises(ValueError, match="must be an argument of two_steps"):
        evidence("Lemma D.1", "certified", controls={"x": {"factor": "3"}}, constants=("half",))(two_steps)


def test_constants_are_attacked_and_survivors_need_a_reason():
    found = list(attack.constants(piece({}, constants=("first", "factor", "sign", "loose"))))
    assert [set(f.rejected) for f in found] == [
        {"reversed"},
        {"x 1.1", "x 0.9", "negated"},
        {"negated"},
        {"x 1.1", "x 0.9", "negated"},
    ]
    assert [f.accepted for f in found] == [[], [], [], ["x 1.1", "x 0.9"]]
    assert [attack.verdict(f)[0] for f in found] == ["noticed", "noticed", "noticed", "survived"]
    reasons = {"loose": "a bound that is true and not sharp", "sign": "a reason that is not needed here"}
    found = list(attack.constants(piece({}, constants=("sign", "loose"), survives=reasons)))
    assert [attack.verdict(f)[0] for f in found] == ["stale", "explained"]


def test_what_is_not_a_number_is_no_constant():
    with pytest.raises(ValueError, match="must be a number"):
        attack.wrong_values(sp.Symbol("x"))


def test_the_command_attacks_claims_too(monkeypatch):
    for loose, status, says in (((), 0, "1 noticed"), (("loose",), 1, "survived loose")):
        tried = piece({}, constants=("factor", *loose))
        monkeypatch.setattr(command, "registered", lambda tried=tried: iter([tried]))
        monkeypatch.setattr(runner, "load", dict)
        result = CliRunner().invoke(command.main, ["D.1", "--rung", "certified", "--attack"])
        assert result.exit_code == status, result.output
        assert says in result.output
