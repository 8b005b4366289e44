"""A claimed resolution is held to the run, and every sampled check claims one."""

import math

import pytest

from distributional_view.proofs_check import runner
from distributional_view.proofs_check.evidence import Evidence, evidence, expect, registered, run
from distributional_view.proofs_check.resolution import gaps, measured, reached
from tests.support.resolution import resolved


def measure(value: float = 2.0, error: float = 0.002) -> str:
    said = resolved("the mean", value, error)
    expect(value == 2.0, "the mean is 2")
    return said


def piece(**claimed: float) -> Evidence:
    return Evidence(
        "Lemma D.1",
        "sampled",
        measure,
        {"3": {"value": 3.0}},
        resolution={name.replace("_", " "): most for name, most in claimed.items()},
    )


def test_every_sampled_check_claims_a_resolution():
    runner.load()
    assert not [p.name for p in registered() if p.rung == "sampled" and not p.resolution]


def test_a_claim_is_held_to_the_run():
    assert run(piece(the_mean=0.006)).passed
    outcome = run(piece(the_mean=0.004))  # five standard errors of 0.002 are 0.005 of 2
    assert not outcome.passed
    assert "'the mean' is 0.005, claimed is 0.004" in outcome.shown


def test_what_is_not_measured_or_not_claimed_is_told():
    outcome = run(piece(the_mean=0.01, the_spread=0.01))
    assert not outcome.passed
    assert "'the spread' was not measured" in outcome.shown
    outcome = run(piece())
    assert not outcome.passed
    assert "'the mean' is measured and not claimed" in outcome.shown


def test_the_coarsest_run_counts_and_no_number_is_never_fine():
    with measured() as found:
        for error in (0.01, 0.03, 0.02):
            reached("the mean", error)
        assert found == {"the mean": 0.03}
        reached("the mean", math.nan)
        reached("the mean", 0.01)
    reached("the spread", 0.01)  # outside: nothing is kept
    assert list(found) == ["the mean"]
    assert math.isnan(found["the mean"])
    assert gaps({"the mean": 0.5}, found)


@pytest.mark.parametrize("claimed", [{"the mean": 0.0}, {"the mean": 1.0}, {"the mean": math.nan}, {"": 0.1}])
def test_a_claim_is_a_named_relative_error(claimed):
    with pytest.raises(ValueError, match="relative error between 0 and 1"):
        evidence("Lemma D.1", "sampled", controls={"3": {"value": 3.0}}, resolution=claimed)
