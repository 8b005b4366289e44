"""The piecewise law against adaptive high-precision quadrature and closed forms."""

import math

import mpmath as mp
import numpy as np
import pytest
from scipy import stats

from distributional_view.proofs_check.oracles import relative_error
from distributional_view.theory import PiecewiseLaw, calibrate_hard
from tests.support.laws import beta_law, non_steep_law


def tent_law() -> PiecewiseLaw:
    """s(u) = 3 exp(-|u - 0.3|) under g(u) = 2u on [0, 1]: two branches of unequal length, a kink at the top."""
    return PiecewiseLaw(lambda u: 3 * np.exp(-abs(u - 0.3)), lambda u: np.log(2 * u), np.array([0.0, 0.3, 1.0]))


def tent_oracle(t: float, beta: float, power: int) -> mp.mpf:
    """E[s^power exp(beta s) 1{s >= t}] by mpmath."""
    reach = mp.log(3 / mp.mpf(t))
    low, high = max(mp.mpf(0), mp.mpf("0.3") - reach), min(mp.mpf(1), mp.mpf("0.3") + reach)

    def f(u: mp.mpf) -> mp.mpf:
        s = 3 * mp.exp(-abs(u - mp.mpf("0.3")))
        return 2 * u * s**power * mp.exp(beta * s)

    return mp.quad(f, [low, mp.mpf("0.3"), high])


@pytest.mark.parametrize("t", [1.5, 2.0, 2.3, 2.71828, 2.9, 2.99])
@pytest.mark.parametrize("beta", [0.0, 2.5, 40.0])
def test_truncated_integrals_do_not_see_the_grid(t, beta):
    law = tent_law().tilt(beta)
    with mp.workdps(30):
        total, mass = tent_oracle(1.4, beta, 0), tent_oracle(t, beta, 0)
        first = tent_oracle(t, beta, 1)
        assert relative_error(law.survival(t), mass / total) < 2e-12
        assert abs(law.mean_residual(t) - float(first / mass - mp.mpf(t))) < 2e-12
        shell = mass - tent_oracle(min(t + 0.05, 2.99999), beta, 0)
        width = min(t + 0.05, 2.99999) - t
        assert abs(law.shell_mass(t, width) - float(shell / mass)) < 2e-12


@pytest.mark.parametrize("beta", [-30.0, 0.5, 7.0, 300.0])
def test_log_partition(beta):
    with mp.workdps(30):
        truth = mp.log(tent_oracle(1.4, beta, 0))
    assert tent_law().log_partition(beta) == pytest.approx(float(truth), rel=1e-12, abs=1e-12)


def test_density_and_hazard():
    law = tent_law()
    for y in (1.6, 2.4, 2.95):
        branches = [u for u in (0.3 - math.log(3 / y), 0.3 + math.log(3 / y)) if 0 <= u <= 1]
        assert law.density(y) == pytest.approx(sum(2 * u / y for u in branches), rel=1e-11)
    assert beta_law(5, 1).hazard(0.5) == pytest.approx(5 * 0.5**4 / (1 - 0.5**5), rel=1e-12)


@pytest.mark.parametrize(("a", "b"), [(1, 1), (5, 1), (2, 4)])
def test_beta_against_scipy(a, b):
    law, reference = beta_law(a, b), stats.beta(a, b)
    for t in np.linspace(0.03, 0.97, 9):
        assert law.survival(t) == pytest.approx(reference.sf(t), rel=1e-12)
        assert law.density(t) == pytest.approx(reference.pdf(t), rel=1e-11)
    assert law.mean == pytest.approx(reference.mean(), rel=1e-13)
    assert law.variance == pytest.approx(reference.var(), rel=1e-12)
    assert law.mean_abs_dev == pytest.approx(reference.expect(lambda x: abs(x - reference.mean())), rel=1e-7)


def test_tilts_compose():
    law = tent_law()
    once, twice = law.tilt(5.0), law.tilt(2.0).tilt(3.0)
    assert twice.mean == pytest.approx(once.mean, rel=1e-13)
    assert law.tilt(2.0).log_partition(3.0) == pytest.approx(law.log_partition(5.0) - law.log_partition(2.0), rel=1e-13)


def test_tilts_compose_across_zero():
    law = tent_law()
    assert law.tilt(2.0).log_partition(-5.0) == pytest.approx(
        law.log_partition(-3.0) - law.log_partition(2.0), rel=1e-12
    )
    assert law.tilt(2.0).tilt(-2.0).log_partition(1.0) == pytest.approx(law.log_partition(1.0), rel=1e-12)


def test_atom_below_a_density():
    """max(U, 0.3) has an atom 0.3 at its bottom: Nelson-Aalen counts it, and an interval that ends at it does not."""
    law = PiecewiseLaw(lambda u: np.maximum(u, 0.3), lambda u: np.zeros_like(u), np.array([0.0, 0.3, 1.0]))
    assert law.cumulative_hazard(0.3, 0.65) == pytest.approx(0.3 + math.log(0.7 / 0.35), rel=1e-12)
    assert law.share_below(0.1, 0.3) == 0.0
    assert law.share_below(0.1, math.nextafter(0.3, 1)) == pytest.approx(0.3, rel=1e-12)
    assert law.survival_above(0.3) == pytest.approx(0.7, rel=1e-12)


def test_cap_is_an_atom():
    cap = 0.6
    law = PiecewiseLaw(lambda u: np.minimum(u, cap), lambda u: np.zeros_like(u), np.array([0.0, cap, 1.0]))
    assert law.ess_sup == cap
    assert law.ess_sup_mass == pytest.approx(0.4, rel=1e-13)
    assert law.survival(cap) == pytest.approx(0.4, rel=1e-13)
    assert law.survival(0.5) == pytest.approx(0.5, rel=1e-13)
    assert law.tail_mean(0.5) == pytest.approx((0.4 * cap + 0.1 * 0.55) / 0.5, rel=1e-13)
    assert law.cumulative_hazard(0.5, cap) == pytest.approx(math.log(0.5 / 0.4), rel=1e-12)
    z = (math.exp(2 * cap) - 1) / 2 + 0.4 * math.exp(2 * cap)
    assert law.log_partition(2.0) == pytest.approx(math.log(z), rel=1e-12)


def test_unbounded_and_not_steep():
    law = non_steep_law()
    assert law.ess_sup == math.inf
    assert law.tilt(1.0).mean == pytest.approx(1.0, rel=1e-11)
    with mp.workdps(30):
        half = [mp.quad(lambda y, k=k: y**k * mp.exp(-y / 2) / (1 + y) ** 3, [0, 1, 5, 50, mp.inf]) for k in (0, 1)]
    assert law.tilt(0.5).mean == pytest.approx(float(half[1] / half[0]), rel=1e-11)
    assert law.survival(3.0) == pytest.approx(
        float(mp.quad(lambda y: mp.exp(-y) / (1 + y) ** 3, [3, 10, mp.inf]) / (mp.e * mp.expint(3, 1))), rel=1e-11
    )
    with pytest.raises(ValueError, match=r"multiplier = 1\.5"):
        law.tilt(1.5)


@pytest.mark.parametrize(
    ("score", "log_density", "breakpoints", "message"),
    [
        (lambda u: u, lambda u: np.zeros_like(u) + 0.1, [0.0, 1.0], "integral of the density = 1.105"),
        (lambda u: u, lambda u: np.zeros_like(u), [0.0, 1.0, 1.0], "breakpoints = "),
        (lambda u: u, lambda u: np.zeros_like(u), [0.0], "breakpoints = "),
        (lambda u: (u - 0.4) ** 2, lambda u: np.zeros_like(u), [0.0, 1.0], "monotone between breakpoints"),
        (lambda u: u, lambda u: u * np.nan, [0.0, 1.0], "NaN"),
        (lambda u: u * np.nan, lambda u: np.zeros_like(u), [0.0, 1.0], "NaN"),
        (lambda u: u / (1 - u), lambda u: np.zeros_like(u), [0.0, 1.0], "max_multiplier = None"),
    ],
)
def test_bad_input(score, log_density, breakpoints, message):
    with pytest.raises(ValueError, match=message):
        PiecewiseLaw(score, log_density, np.array(breakpoints))


def test_threshold_without_mass():
    with pytest.raises(ValueError, match=r"threshold = 3.5: must be .* supremum is 3"):
        tent_law().mean_residual(3.5)


def test_the_nearest_truncation_beside_an_atom_under_a_density():
    """max(U, 0.4): no threshold has a mean between 0.58, which keeps the atom, and 0.7, which drops it."""
    law = PiecewiseLaw(lambda u: np.maximum(u, 0.4), np.zeros_like, np.array([0.0, 0.4, 1.0]))
    kept, dropped = (calibrate_hard(law, target, ties="nearest") for target in (0.61, 0.67))
    assert kept.mean == pytest.approx(0.58, abs=1e-12)
    assert dropped.mean == pytest.approx(0.7, abs=1e-12)
    assert calibrate_hard(law, 0.67).mean == pytest.approx(0.67, abs=1e-12)


@pytest.mark.parametrize("mass", [0.9, 1.1])
def test_a_density_of_another_mass_is_refused(mass):
    with pytest.raises(ValueError, match="integral of the density"):
        PiecewiseLaw(lambda u: u, lambda u: np.full_like(u, math.log(mass)), np.array([0.0, 1.0]))
