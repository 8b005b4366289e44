"""Cases that once gave a wrong number, a hang or a crash: offsets, rare tails, singular ends, rounding of ties."""

import itertools
import math
import warnings

import mpmath as mp
import numpy as np
import pytest
from scipy.special import expn

from distributional_view.theory import (
    AtomicLaw,
    GaussianLaw,
    Hard,
    InfeasibleTarget,
    Klsc,
    PiecewiseLaw,
    calibrate_hard,
    calibrate_klsc,
    interpretability_gap,
    kl,
    klsc_tv_speed,
    mean_hard_tv_speed,
    mean_klsc_tv_speed,
    tv,
    tv_step,
)
from distributional_view.theory.measures import finite as finite
from distributional_view.toy.angle import angular_law
from distributional_view.toy.scores import AngularScore
from distributional_view.toy.world import paper_world
from tests.support.strategies import non_steep_law


def uniform(offset: float = 0.0, scale: float = 1.0) -> PiecewiseLaw:
    return PiecewiseLaw(lambda u: offset + scale * u, lambda u: 0 * u, np.array([0.0, 1.0]))


def truncated_exponential_mean(beta: float) -> float:
    """Mean of the density proportional to exp(beta y) on [0, 1]."""
    return 1 / -math.expm1(-beta) - 1 / beta if beta > 0 else 1 - truncated_exponential_mean(-beta)


@pytest.mark.parametrize(("offset", "beta"), [(1e6, 9.0), (1e4, 9.0), (1e3, 1e3), (0.0, -1e3)])
def test_tilts_of_offset_laws(offset, beta):
    assert uniform(offset).tilt(beta).mean - offset == pytest.approx(truncated_exponential_mean(beta), abs=4e-10)


def test_strong_tilts_of_the_toy_law():
    law = angular_law(paper_world().mixture, AngularScore("cosine", 4.09))
    target = law.mean + 0.99999 * (law.ess_sup - law.mean)
    assert abs(calibrate_klsc(law, target).mean - target) < 1e-10


def test_concentrated_law():
    sd = 1e-4
    constant = -math.log(sd * math.sqrt(2 * math.pi))
    law = PiecewiseLaw(
        lambda u: u, lambda u: constant - 0.5 * ((u - 0.3) / sd) ** 2, np.array([0.0, 0.298, 0.3, 0.302, 1.0])
    )
    assert law.tilt(5 / sd).mean == pytest.approx(0.3 + 5 * sd, abs=1e-10)


@pytest.mark.parametrize("beta", [4.0, -4.0])
def test_chains_of_small_tilts(beta):
    law = uniform()
    for _ in range(100):
        law = law.tilt(beta)
    assert law.mean == pytest.approx(uniform().tilt(100 * beta).mean, abs=1e-12)


def exponential() -> PiecewiseLaw:
    return PiecewiseLaw(lambda u: -np.log(u), lambda u: 0 * u, np.array([0.0, 1.0]), max_multiplier=1.0, steep=True)


def test_unbounded_steep_law():
    law = exponential()
    assert law.tilt(0.9).mean == pytest.approx(10.0, rel=1e-10)
    assert calibrate_klsc(law, 20.0).multiplier == pytest.approx(0.95, rel=1e-10)
    assert law.density(33.0) == pytest.approx(math.exp(-33.0), rel=1e-9)
    assert law.mean_residual(35.0) == pytest.approx(1.0, rel=1e-9)
    with pytest.raises(ValueError, match=r"latent variable = .* of the mass where it has no digits"):
        law.tilt(0.9999)
    with pytest.raises(ValueError, match="chosen with singular ends"):
        PiecewiseLaw(lambda u: u, lambda u: -np.log(2 * np.sqrt(1 - u)), np.array([0.0, 1.0]))


def test_singular_density_at_zero():
    law = PiecewiseLaw(lambda u: u, lambda u: -np.log(2 * np.sqrt(u)), np.array([0.0, 1.0]))
    assert law.mean == pytest.approx(1 / 3, rel=1e-12)
    assert law.survival(0.25) == pytest.approx(0.5, rel=1e-12)


def test_cap_at_a_computed_breakpoint():
    scale, cap = 2.467929819731498, 1.0861349790305217
    d = math.acos(1 - cap / scale)
    law = PiecewiseLaw(
        lambda t: np.minimum(scale * (1 - np.cos(t)), cap),
        lambda t: 0 * t - math.log(2 * math.pi),
        np.array([-math.pi, -d, 0.0, d, math.pi]),
    )
    assert law.ess_sup_mass == pytest.approx(1 - d / math.pi, rel=1e-12)
    assert Klsc(law, math.inf).kl == pytest.approx(-math.log(1 - d / math.pi), rel=1e-12)


def test_density_that_vanishes_on_a_piece():
    log_two = math.log(2)
    law = PiecewiseLaw(lambda u: u, lambda u: np.where(u < 0.5, log_two, -np.inf), np.array([0.0, 0.5, 1.0]))
    assert law.ess_sup == 0.5
    assert law.mean == pytest.approx(0.25)


def test_speed_of_two_atoms_is_one_at_any_tilt():
    law = AtomicLaw(np.array([0.0, 1.0]))
    assert [klsc_tv_speed(law, b) for b in (1.0, 34.0, 37.0, 60.0)] == pytest.approx([1.0] * 4, rel=1e-12)
    assert mean_klsc_tv_speed(law, 0.0, 1e5) == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize(("offset", "scale"), [(0.0, 1e-6), (0.0, 1e-9), (1e6, 1.0)])
def test_hard_calibration_in_any_units(offset, scale):
    law = uniform(offset, scale)
    threshold = calibrate_hard(law, offset + 0.7 * scale).threshold
    assert (threshold - offset) / scale == pytest.approx(0.4, abs=1e-9 if offset else 1e-12)


@pytest.mark.parametrize("rare", [1e-12, 1e-15, 1e-18, 1e-150])
def test_rare_upper_atom(rare):
    law = AtomicLaw(np.array([0.0, 1.0]), masses=np.array([1 - rare, rare]))
    hard = calibrate_hard(law, 0.3)
    assert hard.tie_fraction == pytest.approx(rare * (1 / 0.3 - 1) / (1 - rare), rel=1e-9)
    klsc = calibrate_klsc(law, 0.3)
    assert klsc.multiplier == pytest.approx(math.log(0.3 / 0.7) - math.log(rare) + math.log1p(-rare), rel=1e-12)
    nearest = calibrate_hard(law, 0.3, ties="nearest")
    assert (nearest.tie_fraction, nearest.mean) == (1.0, pytest.approx(rare))


def test_rare_atoms_far_away():
    assert AtomicLaw(np.array([0.0, 1.0]), masses=np.array([1 - 1e-20, 1e-20])).mean == pytest.approx(1e-20, rel=1e-12)
    law = AtomicLaw(np.array([0.0, 1e-3, 1e10]), masses=np.array([0.5, 0.5 - 1e-20, 1e-20]))
    assert law.tail_mean(1e-3) == pytest.approx(1e-3 + 2e-10, rel=1e-12)


def test_rough_densities_are_refused_soon():
    with pytest.raises(ValueError, match=r"breakpoints = '\d+ panels': must be such that score and density are smooth"):
        PiecewiseLaw(lambda u: u, lambda u: np.sin(1e8 * u), np.array([0.0, 1.0]))


def test_empty_interval_has_no_cumulative_hazard():
    for law in (AtomicLaw(np.array([0.0, 1.0])), uniform(), GaussianLaw()):
        assert law.cumulative_hazard(0.5, 0.5) == 0.0
        with pytest.raises(ValueError, match=r"upper = 0\.4"):
            law.cumulative_hazard(0.5, 0.4)


def test_nothing_kept_is_refused():
    law = AtomicLaw(np.array([-0.6, -0.5, 0.1, 0.2]), masses=np.array([7, 8, 1, 5]) / 21)
    with pytest.raises(ValueError, match=r"tie_fraction = 0\.0"):
        Hard(law, 0.2, 0.0)


def test_cumulative_hazard_deep_in_the_tail():
    law = PiecewiseLaw(lambda u: u, lambda u: math.log(30) + 29 * np.log1p(-u), np.array([0.0, 1.0]))
    assert law.cumulative_hazard(0.0, 0.9) == pytest.approx(-30 * math.log(0.1), rel=1e-6)


def test_kl_of_offset_scores():
    law = AtomicLaw(1e6 + np.arange(3.0))
    assert Klsc(law, 100.0).kl == pytest.approx(math.log(3), rel=1e-12)
    small = AtomicLaw(1e6 + 2.0**-20 * np.arange(3))
    assert Klsc(small, 2.0**20).kl == pytest.approx(Klsc(AtomicLaw(np.arange(3.0)), 1.0).kl, rel=1e-9)


def test_gap_between_the_last_two_atoms():
    law = AtomicLaw(np.array([-1.6100029571730317, -0.9434317145239417, 1.0051794950662807]))
    result = interpretability_gap(law, -0.029438027065421868)
    assert result.klsc.status == "limit"
    assert result.gap == 0.0


def test_points_without_mass_do_not_matter():
    p, scores = np.array([0.5, 0.5, 0.0]), np.array([0.0, 1.0, 1e6])
    q = finite.reweight(scores, Klsc(AtomicLaw(scores, masses=p), 30.0), masses=p)
    assert q == pytest.approx([1 / (1 + math.exp(30)), 1 / (1 + math.exp(-30)), 0.0])
    assert finite.finite_kl(np.array([1.0, 0.0]), np.array([5e-324, 1.0])) == pytest.approx(744.44, abs=0.01)


def test_kl_is_never_negative_and_survival_never_above_one():
    rng = np.random.default_rng(0)
    for _ in range(300):
        law = AtomicLaw(rng.normal(size=3), masses=rng.dirichlet([1e-3, 1.0, 1.0]))
        hard = Hard(law, law.ess_inf)
        assert hard.kl >= 0
        assert law.survival(law.ess_inf) <= 1


def test_gaussian_far_below():
    law = GaussianLaw()
    low = Hard(law, -10.0)
    assert low.status == "active"
    assert tv(Hard(law, -math.inf), low) == pytest.approx(7.619853024160527e-24, rel=1e-10)
    assert Hard(law, -math.inf).boundary_mass(-math.inf, 0.1) == 0.0
    assert interpretability_gap(law, -40.0).gap == 0.0


def test_ends_of_intervals_are_exact():
    """t + (l - t) need not be l in floating point: the atom at l must not slip in."""
    law = AtomicLaw(np.array([-1.0, 0.1, 2.0]))
    assert tv(Hard(law, -1.0), Hard(law, 0.1)) == pytest.approx(1 / 3)
    two = AtomicLaw(np.array([0.0, 1.0]))
    weights = np.array([1, math.e]) / (1 + math.e)
    kept = np.array([0.7, 1.0]) / 1.7
    assert kl(Klsc(two, 1.0), Hard(two, 0.0, 0.7)) == pytest.approx(float(weights @ np.log(weights / kept)), rel=1e-12)


@pytest.mark.parametrize("law", [GaussianLaw(), AtomicLaw(np.array([0.0, 1.0])), uniform()])
def test_nan_levels_are_refused(law):
    for call in (law.log_survival, law.mean_residual, lambda t: law.shell_mass(t, 0.1)):
        with pytest.raises(ValueError, match="nan"):
            call(math.nan)


def test_misspelt_ties():
    with pytest.raises(ValueError, match="ties = 'randomize'"):
        calibrate_hard.__wrapped__(AtomicLaw(np.array([0.0, 1.0])), 0.7, "randomize")


@pytest.mark.parametrize(("location", "scale"), [(0.0, 1.0), (5.0, 1.0), (-30.0, 0.25)])
def test_gaussian_speeds_far_below_the_mean(location, scale):
    """tau(t) = location + scale lambda(z) moves by less than a rounding of t or of the location there."""
    law, (a, b) = GaussianLaw(location, scale), (location - 8.3 * scale, location - 8.2 * scale)
    with mp.workdps(60):
        ends = mp.mpf(-83) / 10, mp.mpf(-82) / 10
        survival = [mp.ncdf(-z) for z in ends]
        hazard = [mp.npdf(z) / s for z, s in zip(ends, survival, strict=True)]
        truth = float(mp.log(survival[0] / survival[1]) / (hazard[1] - hazard[0]))
    assert truth == pytest.approx(0.1213, abs=1e-4)
    rounding = 1e-12 + 1e-14 * abs(location) / scale  # of the thresholds themselves
    assert mean_hard_tv_speed(law, a, b) * scale == pytest.approx(truth, rel=20 * rounding)
    for pair in ((a, b), (b, a)):
        assert tv_step(*(Hard(law, t) for t in pair)) * scale == pytest.approx(truth, rel=20 * rounding)
    assert law.tail_mean(-math.inf) == location


def inverse_tail_law(power: int) -> PiecewiseLaw:
    """Density ~ e^-y (1 + y)^-power with the infinite score at the latent value 0: y = 1/u - 1."""
    log_c = 1 + math.log(expn(power, 1))
    return PiecewiseLaw(
        lambda u: 1 / u - 1,
        lambda u: -(1 / u - 1) + (power - 2) * np.log(u) - log_c,
        np.array([0.0, 1.0]),
        max_multiplier=1.0,
        steep=False,
    )


@pytest.mark.parametrize("power", [3, 4, 6])
def test_last_slope_with_the_infinite_score_at_zero(power):
    """There beta y cancels log g to its last digit: scores of which nothing is left must not count."""
    law, other = inverse_tail_law(power), non_steep_law(power)
    assert law.tilt(1.0).mean == pytest.approx(1 / (power - 2), rel=1e-10)
    assert other.tilt(1.0).mean == pytest.approx(1 / (power - 2), rel=1e-10)
    assert law.variance == pytest.approx(other.variance, rel=1e-10)  # squares of far scores overflow
    assert law.tilt(0.5).variance == pytest.approx(other.tilt(0.5).variance, rel=1e-10)
    target = 0.9 / (power - 2)
    assert calibrate_klsc(law, target).multiplier == pytest.approx(calibrate_klsc(other, target).multiplier, rel=1e-9)
    with pytest.raises(InfeasibleTarget, match="last slope"):
        calibrate_klsc(law, 1.1 / (power - 2))


def test_moments_that_are_infinite_at_the_last_multiplier():
    for law in (inverse_tail_law(3), non_steep_law(3)):
        with pytest.raises(ValueError, match="variance = 'unknown"):
            _ = law.tilt(1.0).variance
    for law in (inverse_tail_law(2), non_steep_law(2)):
        with pytest.raises(ValueError, match="mean = 'unknown"):
            law.tilt(1.0)
    variance = 5 * (1 / 3 - 2 / 4 + 1 / 5) - (1 / 4) ** 2  # of 5 (1 + y)^-6: E[((1 + y) - 1)^2] and E[y] = 1/4
    assert inverse_tail_law(6).tilt(1.0).variance == pytest.approx(variance, rel=1e-9)


@pytest.mark.many_calls
def test_mean_speed_of_a_pool_is_quiet_and_close():
    """Between two atoms E|Y - tau|/2 is the derivative of S_beta at the upper one, so that the length is a sum."""
    rng = np.random.default_rng(0)
    for scores, upper in ((rng.standard_t(1.5, size=50), 3.0), (rng.normal(size=300), 10.0), (rng.normal(size=7), 5.0)):
        law = AtomicLaw(scores)
        low, high = law.mean, law.tilt(upper).mean
        values = law.atoms()[0]
        passed = [calibrate_klsc(law, float(v)).multiplier for v in values[(values > low) & (values < high)]]
        length = 0.0
        for a, b in itertools.pairwise([0.0, *passed, upper]):
            above = float(values[np.searchsorted(values, law.tilt(0.5 * (a + b)).mean)])
            length += law.tilt(b).survival(above) - law.tilt(a).survival(above)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert mean_klsc_tv_speed(law, 0.0, upper) == pytest.approx(length / (high - low), rel=1e-6)


def test_a_solution_of_almost_the_same_masses_is_refused():
    scores, masses = np.array([0.0, 1.0, 2.0]), np.array([0.5, 0.3, 0.2])
    other = calibrate_klsc(AtomicLaw(scores, masses=np.array([0.5, 0.301, 0.199])), 1.2)
    assert finite.reweight(
        scores, calibrate_klsc(AtomicLaw(scores, masses=masses), 1.2), masses=masses
    ) @ scores == pytest.approx(1.2)
    with pytest.raises(ValueError, match=r"solution\.prior"):
        finite.reweight(scores, other, masses=masses)
