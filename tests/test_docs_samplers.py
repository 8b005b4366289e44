"""Figure 3's numbers in the documentation are those that `dview fig3` computes (two minutes)."""

import re

import pytest

from distributional_view.figures.artefact import Settings
from distributional_view.figures.fig3 import compute
from distributional_view.toy.compare import ComparisonBudget
from distributional_view.toy.world import TARGETS, paper_world
from tests.support.pages import has, text_of

METHODS = ("EnergyDPS", "EnergyDPS-constant", "twisted-SMC", "retrieval", "optimisation")


@pytest.mark.slow
def test_samplers():
    data = compute(Settings(paper_world()))
    lines = text_of("explanation/paradigms")
    text = " ".join(lines.split())
    assert data.budget == ComparisonBudget(n=20_000, steps=1000, twisted_steps=250, iterations=20)
    for target, floor in zip(TARGETS, data.floors, strict=True):
        row = re.search(rf"^\| {target:g} \| ([\d.| ]+) \|$", lines, re.M)
        assert row is not None
        wanted = [floor.tv, *(data.at(method, target).verdict.tv for method in METHODS)]
        assert [float(cell) for cell in row.group(1).split(" | ")] == pytest.approx(wanted, abs=0.0015)
    said = re.search(r"\(([\d., ]+) against ([\d., ]+)\)", text)
    retrieved = re.search(r"it has the KL ([\d., ]+\d)", text)
    assert said is not None
    assert retrieved is not None
    for method, numbers in zip(
        ("EnergyDPS-constant", "EnergyDPS", "retrieval"), (*said.groups(), retrieved.group(1)), strict=True
    ):
        found = [data.at(method, target).verdict.kl_kde for target in TARGETS]
        assert [float(n) for n in numbers.split(", ")] == pytest.approx(found, abs=0.002)
    ratios = [data.at("EnergyDPS-constant", t).verdict.tv / data.at("EnergyDPS", t).verdict.tv for t in TARGETS]
    assert "two to seven times as large" in text
    assert 1.9 < min(ratios) < 2.5
    assert 6.5 < max(ratios) < 7.5
    kls = [data.at("optimisation", t).verdict.kl_kde for t in TARGETS]
    assert f"its KL is {min(kls):.1f} to {max(kls):.1f}" in text
    factors = data.multiplier_over_strength
    has("explanation/strength-is-not-beta", f"the ratio is {min(factors):.2f} to {max(factors):.2f}")
