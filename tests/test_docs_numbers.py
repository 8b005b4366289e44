"""Numbers in the documentation's prose that no block of the page prints are those of the code."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from distributional_view.figures.artefact import Settings
from distributional_view.figures.fig3 import compute
from distributional_view.theory import GaussianLaw, NoiseSchedule, each
from distributional_view.toy.compare import ComparisonBudget
from distributional_view.toy.fit import kl_column_bound
from distributional_view.toy.hypotheses import hypotheses
from distributional_view.toy.kde import kde, kl_on_grid, quadrature_nodes, world_grid
from distributional_view.toy.table2 import exact_table
from distributional_view.toy.world import TARGETS, paper_world, published_table2, recovered

DOCS = Path(__file__).resolve().parent.parent / "docs"
METHODS = ("EnergyDPS", "EnergyDPS-constant", "twisted-SMC", "retrieval", "optimisation")


def page(name: str) -> str:
    """A page's text on one line."""
    return " ".join((DOCS / f"{name}.md").read_text(encoding="utf-8").split())


def has(name: str, *phrases: str) -> None:
    text = page(name)
    for phrase in phrases:
        assert phrase in text, phrase


@pytest.fixture(scope="module")
def table():
    return exact_table(paper_world())


def test_printed_kl(table):
    world, printed = paper_world(), published_table2()
    points, masses = quadrature_nodes(world)
    grid = world_grid(world)
    floor = kl_on_grid(kde(points, masses, world.bandwidth, grid.axis), grid)
    hard, klsc = (table[5.0, method]["kl"] for method in ("hard", "klsc"))
    old = [printed[5.0, method]["kl_kde"] for method in ("hard", "klsc")]
    bound, value = kl_column_bound()
    has(
        "explanation/printed-kl",
        f"bandwidth of {world.bandwidth} σ",
        f"puts \\(p\\) itself {floor:.3f} nats",
        f"costs {hard / klsc:.1f} times the KL of tilting, not {old[0] / old[1]:.2f} times",
        f"below {np.ceil(1000 * bound) / 1000:.3f}; printed is {value}",
    )
    has("explanation/imprecise", f"below {np.ceil(1000 * bound) / 1000:.3f}; printed {value}")


def test_reconstruction(table):
    worlds, printed = recovered()["worlds"], published_table2()
    cosine, own, angle = (worlds[name] for name in ("cosine", "cosine/own_level", "absolute_angle"))
    deviations = [
        abs(row["boundary_mass"] / printed[key]["boundary_mass"] - 1) for key, row in table.items() if key in printed
    ]
    hard, klsc = (table[5.0, method]["boundary_mass"] for method in ("hard", "klsc"))
    scatter = [100 * math.sqrt((1 - hard) / (hard * n)) for n in (3000, 1000)]
    has(
        "explanation/reconstruction",
        f"under {len(hypotheses())} readings",
        f"to the {sum(len(row) for row in printed.values())} printed numbers",
        f"(ΔAIC {cosine['delta_aic'] - angle['delta_aic']:.1f})",
        f"(ΔAIC {angle['delta_aic']:.1f}; median {100 * own['median_deviation']:.0f} %, worst"
        f" {100 * own['worst_deviation']:.0f} %)",
        f"({100 * klsc:.2f} % against {100 * hard:.2f} % at target 5)",
        f"target 7 is {100 * (table[7.0, 'klsc']['kl_kde'] / printed[7.0, 'klsc']['kl_kde'] - 1):.0f} % higher",
        f"deviate from ours by up to {100 * max(deviations):.0f} %",
        f"scatter by {scatter[0]:.0f} to {scatter[1]:.0f} % at {100 * hard:.2f} %",
    )


def test_few_steps():
    variance = 1.0
    for row in each(NoiseSchedule.linear().strided(50).rows):
        variance = (row.from_x + row.from_x0 * row.signal) ** 2 * variance + row.noise_sd**2
    has("explanation/strength-is-not-beta", f"the variance {variance:.3f} after 50 steps")
    has("explanation/imprecise", f"N(0, 1) has variance {variance:.3f} after 50 steps")


def test_crossing():
    law = GaussianLaw(0.0, 1.0)
    crossing = brentq(lambda t: law.mean_residual(t) - math.sqrt(2 * math.pi), -4, 0, xtol=1e-15, rtol=1e-15)
    has("explanation/instability", f"about −{-crossing:.3f}")
    written = re.search(r"t\* = −(\d\.\d{17})…", page("explanation/imprecise"))
    assert written is not None
    assert float(written.group(1)) == pytest.approx(-crossing, abs=1e-13)


def test_law_without_a_tilt_at_its_level():
    y = np.linspace(0, 1, 400_001)[:-1]
    x = y / (1 - y)  # the half-line
    weight = np.exp(-x) * (1 + x) ** -3.0 / (1 - y) ** 2
    log_partition = math.log(np.trapezoid((1 + x) ** -3.0 / (1 - y) ** 2, y) / np.trapezoid(weight, y))
    has("explanation/imprecise", f"τ = 2: strictly feasible, infimum {2 - log_partition:.4f}")


def test_first_strided_step_of_the_cosine_schedule():
    first = NoiseSchedule.cosine().strided(50).rows.tilt_zeta[0]
    has("how-to/torch-world", "\\((1-\\alpha)/\\sqrt{\\alpha}\\) in the hundreds")
    assert 100 < first < 1000


@pytest.mark.slow
def test_samplers():
    world = paper_world()
    data = compute(Settings(world))
    text = page("explanation/paradigms")
    assert data.budget == ComparisonBudget(n=20_000, steps=1000, twisted_steps=250, iterations=20)
    for target, floor in zip(TARGETS, data.floors, strict=True):
        row = re.search(rf"\| {target:g} \| ([\d.| ]+) \|", text)
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
