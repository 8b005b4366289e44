"""Mode against typical set: ball masses against mpmath, the bounds, and the figure's numbers."""

import json
import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributional_view.figures import typical as figure
from distributional_view.figures.artefact import Settings, save
from distributional_view.theory.measures import typical
from distributional_view.theory.measures.typical import (
    chernoff_exponent,
    conditioning_error,
    log_ball_mass,
    log_mode_ball_mass,
    paper_exponent,
    typical_shell,
)
from distributional_view.toy.world import paper_world

deficits = st.floats(0.001, 0.999)


def oracle(dimension: int, radius: float) -> float:
    """log P(||X|| <= r) by Kummer's function in 40 digits."""
    with mp.workdps(40):
        a, x = mp.mpf(dimension) / 2, mp.mpf(radius) ** 2 / 2
        return float(a * mp.log(x) - x - mp.loggamma(a + 1) + mp.log(mp.hyp1f1(1, a + 1, x)))


@pytest.mark.parametrize("dimension", [1, 2, 3, 59, 60, 61, 1000, 20_000, 196_608, 10**6])
@pytest.mark.parametrize("deficit", [1e-6, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_ball_mass_against_mpmath(dimension, deficit):
    radius = math.sqrt((1 - deficit) * dimension)
    assert log_mode_ball_mass(dimension, deficit) == pytest.approx(oracle(dimension, radius), rel=1e-12)


@given(st.integers(1, 2000), st.floats(1e-3, 100.0))
def test_any_ball_against_mpmath(dimension, radius):
    """Tiny and large balls; where nearly all mass is inside, the oracle's digits are in the complement."""
    got = log_ball_mass(dimension, radius)
    with mp.workdps(60):
        a, x = mp.mpf(dimension) / 2, mp.mpf(radius) ** 2 / 2
        inside = mp.gammainc(a, 0, x, regularized=True)
        outside = mp.gammainc(a, x, mp.inf, regularized=True)
        want = float(mp.log(inside) if inside < 0.5 else mp.log1p(-outside))
    assert got == pytest.approx(want, rel=1e-11, abs=1e-300)


@pytest.mark.parametrize(
    ("dimension", "radius"), [(6, 1e-52), (7, 1e-50), (59, 1e-5), (60, 1e-5), (62, 1e-5), (90, 0.003)]
)
def test_where_the_mass_underflows_in_few_dimensions(dimension, radius):
    assert log_ball_mass(dimension, radius) < -600
    assert log_ball_mass(dimension, radius) == pytest.approx(oracle(dimension, radius), rel=2e-14)


@pytest.mark.parametrize("below", [0.5, 1.0, 3.0])
def test_beside_the_shell_the_gamma_function_keeps_its_digits(below):
    """|X|^2 at so many deviations below d = 10^6, where the series of the logarithm has lost one digit more."""
    dimension = 10**6
    radius = math.sqrt(dimension - below * math.sqrt(2 * dimension))
    assert log_ball_mass(dimension, radius) == pytest.approx(oracle(dimension, radius), rel=1e-13, abs=0)


@pytest.mark.parametrize("limit", [1e-305, 1e-284, 1e-276, 1e-100, 1e-20])
@pytest.mark.parametrize("dimension", [10, 60, 1000])
@pytest.mark.parametrize("digits", [15, 90, 278, 282, 300])
def test_where_the_formula_changes_does_not_matter_between_these_limits(monkeypatch, limit, dimension, digits):
    monkeypatch.setattr(typical, "_UNDERFLOW", limit)
    a = dimension / 2
    radius = math.sqrt(2 * math.exp((math.lgamma(a + 1) - digits * math.log(10)) / a))
    assert log_ball_mass(dimension, radius) == pytest.approx(oracle(dimension, radius), rel=1e-13, abs=0)


def test_the_plane_in_closed_form_and_extreme_radii():
    assert log_ball_mass(2, 1.7) == pytest.approx(math.log(-math.expm1(-0.5 * 1.7**2)), rel=1e-14)
    assert log_ball_mass(2, 1e-200) == pytest.approx(2 * math.log(1e-200) - math.log(2), rel=1e-14)
    assert log_ball_mass(7, 1e6) == 0.0
    assert math.isfinite(log_mode_ball_mass(10**8, 0.5))


@given(st.integers(1, 10**5), deficits)
def test_bounds_hold_and_are_ordered(dimension, deficit):
    """Lemma F.4 (166), and Chernoff's bound between it and the truth."""
    exact = log_mode_ball_mass(dimension, deficit)
    assert exact <= -dimension * chernoff_exponent(deficit)
    assert chernoff_exponent(deficit) > paper_exponent(deficit)


@pytest.mark.parametrize("deficit", [0.1, 0.5, 0.9])
def test_chernoff_is_the_rate(deficit):
    """-log P/d -> I(delta), with the prefactor 1/(delta sqrt(pi d)); what is left decays like 1/d."""
    dimensions = np.array([2_000, 4_000, 8_000, 16_000])
    left = [
        abs(
            log_mode_ball_mass(int(d), deficit)
            + d * chernoff_exponent(deficit)
            + 0.5 * math.log(math.pi * d)
            + math.log(deficit)
        )
        for d in dimensions
    ]
    assert np.polyfit(np.log(dimensions), np.log(left), 1)[0] == pytest.approx(-1, abs=0.15)
    assert -log_mode_ball_mass(10**7, deficit) / 10**7 < 1.001 * chernoff_exponent(deficit)


@pytest.mark.parametrize("deficit", [1e-9, 1e-6, 9.9e-4, 1.1e-3, 0.3, 0.999])
def test_exponent_against_mpmath_and_its_minimisation(deficit):
    with mp.workdps(50):
        d = mp.mpf(deficit)
        assert chernoff_exponent(deficit) == pytest.approx(float(-(d + mp.log(1 - d)) / 2), rel=1e-10, abs=0)
    s = np.linspace(0, 0.5 * deficit / (1 - deficit) * 2, 200_001)  # Markov on exp(-s |X|^2), over all s
    best = np.max(0.5 * np.log1p(2 * s) - s * (1 - deficit)) if deficit > 0.01 else None
    assert best is None or chernoff_exponent(deficit) == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("dimension", [1, 10, 1000, 196_608])
@pytest.mark.parametrize("epsilon", [0.01, 0.2])
def test_typical_shell_holds_its_share(dimension, epsilon):
    inner, median, outer = typical_shell(dimension, epsilon)
    shares = [math.exp(log_ball_mass(dimension, r)) for r in (inner, median, outer)]
    assert shares == pytest.approx([epsilon / 2, 0.5, 1 - epsilon / 2], rel=1e-9)
    assert median == pytest.approx(math.sqrt(dimension), abs=0.35 / math.sqrt(dimension) + 0.01)
    limit = 2 * float(mp.erfinv(1 - mp.mpf(epsilon)))  # normal quantiles at the limiting deviation 1/sqrt 2
    assert outer - inner == pytest.approx(limit, abs=1 / dimension)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-5, 5), st.booleans()), min_size=3, max_size=8))
def test_conditioning_on_a_typical_region(rows):
    """Definition F.3: |E_q[s] - E_q[s | T]| <= 2 epsilon sup|s|."""
    raw, s, inside = (np.array(column) for column in zip(*rows, strict=True))
    raw, inside = raw.astype(float), inside.astype(bool)
    raw[0], inside[0] = 1.0, True
    q, s = raw / raw.sum(), s.astype(float)
    error, bound = conditioning_error(s, inside, masses=q)
    assert error == pytest.approx(abs(q @ s - q[inside] @ s[inside] / q[inside].sum()), abs=1e-12)
    assert bound == pytest.approx(2 * (1 - q[inside].sum()) * np.abs(s[q > 0]).max(), abs=1e-12)
    assert error <= bound + 1e-12


def test_the_factor_two_is_needed():
    error, bound = conditioning_error(np.array([1.0, -1.0]), np.array([True, False]), masses=np.array([0.75, 0.25]))
    assert error == bound == pytest.approx(0.5)


@pytest.mark.parametrize(
    "call",
    [
        lambda: log_ball_mass(0, 1.0),
        lambda: log_ball_mass(3, 0.0),
        lambda: log_ball_mass(3, math.inf),
        lambda: log_mode_ball_mass(3, 1.0),
        lambda: chernoff_exponent(0.0),
        lambda: paper_exponent(1.0),
        lambda: typical_shell(3, 1.0),
        lambda: conditioning_error(np.zeros(2), np.array([False, True]), masses=np.array([1.0, 0.0])),
    ],
)
def test_errors(call):
    with pytest.raises(ValueError, match="must be"):
        call()


def test_figure_numbers(tmp_path):
    data = figure.compute(Settings(paper_world(), quick=True))
    save(data, tmp_path)
    content = json.loads((tmp_path / "typical.json").read_text())
    rows = content["log_ball_mass"]
    assert rows[0]["dimension"] == 1
    assert rows[-1]["dimension"] == 196_608
    for row in rows[::6] + rows[-1:]:
        d = row["dimension"]
        assert row["exact"] == pytest.approx(oracle(d, math.sqrt(d / 2)), rel=1e-11)
        assert row["paper_bound"] == pytest.approx(-d / 16)
        assert row["exact"] <= row["chernoff_bound"] <= row["paper_bound"]
    assert content["optimal_exponent"] == pytest.approx((math.log(2) - 0.5) / 2)
    for d, values in data.densities.items():
        area = float(np.trapezoid(values, data.radii))
        assert area == pytest.approx(1.0 if d > 2 else 1 - math.exp(-(2.2**2)), abs=0.02 if d < 1000 else 0.05)


@pytest.mark.parametrize("dimension", [1, 10, 40, 58, 59, 60, 62, 1000])
@pytest.mark.parametrize("digits", [20, 279, 281, 300, 321, 322, 330])
def test_ball_masses_beside_the_changes_of_formula(dimension, digits):
    """Where a gamma function underflows, and where Stirling's remainder becomes a series (a = 30)."""
    a = dimension / 2
    radius = math.sqrt(2 * math.exp((math.lgamma(a + 1) - digits * math.log(10)) / a))
    if radius > 1e-150:  # else its square is no double
        assert log_ball_mass(dimension, radius) == pytest.approx(oracle(dimension, radius), rel=1e-13, abs=0)


@pytest.mark.parametrize("deficit", [1.3e-5, 1.7e-5, 2.1e-5, 7e-5, 3e-4, 9.9e-4, 1.01e-3, 3e-3, 1e-2, 0.1])
def test_the_chernoff_exponent_beside_its_change_of_formula(deficit):
    with mp.workdps(40):
        truth = -(mp.mpf(deficit) + mp.log(1 - mp.mpf(deficit))) / 2
    assert chernoff_exponent(deficit) == pytest.approx(float(truth), rel=2e-13, abs=0)
