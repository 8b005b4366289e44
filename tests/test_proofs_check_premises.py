"""Counterexamples: which hypothesis each drops, what it must say of the others, and the hypotheses that have none."""

import pytest

from distributional_view.proofs_check import evidence as framework
from distributional_view.proofs_check import runner
from distributional_view.proofs_check.evidence import Evidence, evidence, registered, run
from distributional_view.proofs_check.premises import Stands, broken, granted, holds, refuted
from distributional_view.proofs_check.statements import STATEMENTS, Hypothesis

runner.load()
PIECES = [piece for piece in registered() if piece.rung == "necessity"]
WITHOUT = {
    ("Appendix C.1", "no ties"),
    ("Definition 2.3", "delta > 0"),
    ("Lemma D.4", "exponential moments"),
    ("Lemma D.7", "density at t"),
    ("Lemma D.7", "spread above t"),
    ("Theorem D.14", "mass above t"),
    ("Theorem D.14", "mass below t"),
    ("Theorem D.14", "finite mean"),
    ("Theorem D.14", "solution"),
    ("Definition F.3", "bounded"),
    ("Theorem F.7", "feasible member"),
    ("Lemma G.2", "smooth marginals"),
    ("Theorem G.3", "smooth marginals"),
    ("Algorithm 1", "DDPM schedule"),
    ("Appendix H", "targets in range"),
    ("Appendix I", "finite pool"),
    ("Appendix I", "Gaussian mixture"),
    ("Ours: limits", "exponential moments"),
    ("Ours: effective sample size", "finite pool"),
    ("Ours: few steps", "linear schedule"),
    ("Ours: few steps", "no last noise"),
}
"""Hypotheses without a counterexample: a new one must be noticed, and so must one that gets its counterexample."""


def test_hypotheses_without_a_counterexample_are_these():
    named = {(entry.label, h.name) for entry in STATEMENTS for h in entry.assumptions}
    dropped = {(piece.label, piece.drops) for piece in PIECES}
    assert dropped <= named
    assert named - dropped == WITHOUT
    assert {(entry.label, h.name) for entry in STATEMENTS for h in entry.assumptions if h.without} == WITHOUT


def test_a_hypothesis_is_printed_as_its_sentence():
    assert str(Hypothesis("mass above t", "S(t) > 0.")) == "S(t) > 0."


@pytest.mark.parametrize(
    ("label", "rung", "drops"),
    [
        ("Lemma D.6", "necessity", ""),
        ("Lemma D.6", "necessity", "a Gaussian"),
        ("Lemma D.8", "necessity", "density"),
        ("Lemma D.6", "sharpness", "density"),
        ("Definition B.5", "necessity", "probabilities"),
    ],
)
def test_only_hypotheses_of_the_statement_are_dropped(monkeypatch, label, rung, drops):
    monkeypatch.setattr(framework, "_ALL", {})
    with pytest.raises(ValueError, match="drops = "):
        evidence(label, rung, drops=drops, controls={"wrong": {"x": 1}})(example)
    evidence("Lemma D.8", "necessity", drops="mass between", controls={"wrong": {"x": 1}})(example)


def example(
    between: float = 0.0, above: float = 1.0, says: tuple[str, ...] = ("above", "refuted", "between"), bad: bool = False
) -> str:
    """Lemma D.8 without mass between, as far as it says so."""
    if "above" in says:
        holds("mass above t", above > 0)
    if "granted" in says:
        granted("mass above t", "true by construction of it")
    if "refuted" in says:
        refuted("KL = inf", between == 0, kl=between)
    if "between" in says:
        broken("mass between", between == 0 or bad)
    if "both" in says:
        broken("mass above t", above > 0)
    return "shown"


def counterexample(controls: dict[str, dict[str, object]], **arguments: object) -> Evidence:
    def check(**others: object) -> str:
        return example(**{**arguments, **others})

    return Evidence("Lemma D.8", "necessity", check, controls, drops="mass between")


RIGHT = {"mass between": {"between": 0.5}}


def test_a_counterexample_says_everything():
    good = run(counterexample(RIGHT))
    assert good.passed, good.shown
    assert good.rejections["mass between"].startswith("the conclusion stands: KL = inf")
    assert run(counterexample(RIGHT, says=("granted", "refuted", "between"))).passed
    for says, why in [
        (("refuted", "between"), "'mass above t' is not said to hold"),
        (("above", "between"), "no conclusion is refuted"),
        (("above", "refuted"), "'mass between' is not said to be broken"),
        (("above", "refuted", "between", "both"), "'mass above t' is broken too"),
    ]:
        found = run(counterexample(RIGHT, says=says))
        assert not found.passed
        assert found.shown == f"no counterexample: {why}"


def test_a_control_is_rejected_by_its_conclusion():
    """Not by a hypothesis that fails before it."""
    found = run(counterexample({"no mass above": {"between": 0.5, "above": 0.0}}))
    assert not found.passed
    assert "not rejected by its conclusion" in found.shown


def test_words_are_asked_for():
    with pytest.raises(AssertionError, match="four words"):
        granted("mass above t", "trivial")
    with pytest.raises(Stands, match="KL = inf"):
        refuted("KL = inf", so=False)
