"""Speeds of both paths and their averages (D.10-D.13), with the counterexamples that bound the ordering."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributional_view.theory import (
    AtomicLaw,
    GaussianLaw,
    Hard,
    Klsc,
    calibrate_hard,
    calibrate_klsc,
    hard_tv_speed,
    klsc_tv_speed,
    mean_hard_tv_speed,
    mean_klsc_tv_speed,
    mean_tv_step,
    tv,
    tv_step,
)
from distributional_view.theory.solutions import instability
from tests.support.laws import beta_law
from tests.support.strategies import atomic_laws, continuous_laws, level_at, threshold_at, unit

SOFT = 1 / math.sqrt(2 * math.pi)


def rate(errors, steps):
    """Slope of log error against log step."""
    return float(np.polyfit(np.log(steps), np.log(errors), 1)[0])


@pytest.mark.parametrize("law", [GaussianLaw(0.5, 2.0), beta_law(2, 4), beta_law(5, 1)])
def test_speeds_are_limits_of_finite_steps(law):
    """D.11 and D.12: the error of the finite-step speed falls linearly."""
    target = level_at(law, 0.35)
    steps = np.array([1e-2, 3e-3, 1e-3]) * math.sqrt(law.variance)
    hard, klsc = calibrate_hard(law, target), calibrate_klsc(law, target)
    for calibrate, speed in (
        (calibrate_hard, hard_tv_speed(law, hard.threshold)),
        (calibrate_klsc, klsc_tv_speed(law, klsc.multiplier)),
    ):
        here = calibrate(law, target)
        errors = [abs(tv_step(here, calibrate(law, target + s)) - speed) for s in steps]
        if max(errors) > 1e-9:  # the Gaussian tilt's error is second order
            assert 0.8 < rate(errors, steps) < 2.3
        assert errors[-1] < 0.01 * speed


@given(continuous_laws(), unit, unit)
def test_hard_step_identity(law, a, b):
    """TV/Delta tau = 1/(tau(t') - E[Y | t <= Y < t']), for any step (ours)."""
    low, high = sorted((threshold_at(law, a), threshold_at(law, b)))
    if high - low < 1e-3:
        high = low + 1e-3
    share = law.shell_mass(low, high - low)
    if share < 1e-6 or share > 1 - 1e-9:
        return
    shell_mean = (law.tail_mean(low) - (1 - share) * law.tail_mean(high)) / share
    expected = 1 / (law.tail_mean(high) - shell_mean)
    assert tv_step(Hard(law, low), Hard(law, high)) == pytest.approx(expected, rel=1e-6)


@settings(max_examples=15)
@given(st.one_of(continuous_laws(), atomic_laws()), st.floats(0.05, 0.5), st.floats(0.05, 0.5))
def test_mean_klsc_speed_is_the_mean_of_the_speed(law, start, length):
    """(105)-(107): the mean speed, weighted by tau' = Var, lies between its extremes and bounds the chord."""
    low = start / math.sqrt(law.variance)
    high = low + length / math.sqrt(law.variance)
    speeds = [klsc_tv_speed(law, b) for b in np.linspace(low, high, 21)]
    mean = mean_klsc_tv_speed(law, low, high)
    assert min(speeds) * (1 - 0.02) <= mean <= max(speeds) * (1 + 0.02)
    assert tv_step(Klsc(law, low), Klsc(law, high)) <= mean * (1 + 1e-9)


@given(continuous_laws(), unit, unit)
def test_mean_hard_speed_is_log_ratio(law, a, b):
    low, high = sorted((threshold_at(law, 0.1 + 0.8 * a), threshold_at(law, 0.1 + 0.8 * b)))
    if high - low < 1e-2 * math.sqrt(law.variance):
        return
    log_ratio = law.log_survival(low) - law.log_survival(high)
    expected = log_ratio / (law.tail_mean(high) - law.tail_mean(low))
    assert mean_hard_tv_speed(law, low, high) == pytest.approx(expected, rel=1e-6)
    assert mean_hard_tv_speed(law, low, high) >= tv_step(Hard(law, low), Hard(law, high)) * (1 - 1e-9)


def test_atoms_use_the_nelson_aalen_sum():
    law = AtomicLaw(np.array([0.0, 1.0, 2.0, 3.0]))
    assert mean_hard_tv_speed(law, 0.0, 1.0) == pytest.approx(0.5)
    assert hard_tv_speed(law, 0.0) == pytest.approx(2 / 3)
    logarithm = (law.log_survival(0.0) - law.log_survival(1.0)) / law.tail_mean_rise(0.0, 1.0)
    assert logarithm == pytest.approx(0.575, abs=1e-3)  # what the formula without atoms gives: another number


def test_gaussian_ordering_and_where_it_ends():
    """D.13, and ours: it holds exactly above t* = -2.49..., where m(t*) = sqrt(2 pi)."""
    law = GaussianLaw()
    assert klsc_tv_speed(law, 1.7) == pytest.approx(SOFT, rel=1e-14)
    assert all(hard_tv_speed(law, t) > SOFT for t in (-2.48, 0.0, 1.0, 50.0))
    assert hard_tv_speed(law, -2.5) < SOFT
    assert hard_tv_speed(law, 1e6) == pytest.approx(1e6, rel=1e-6)
    assert mean_hard_tv_speed(law, -8, -2.4) == pytest.approx(0.3645, abs=5e-5)
    assert mean_hard_tv_speed(law, -8, -1) == pytest.approx(0.6007, abs=5e-5)
    assert mean_klsc_tv_speed(law, 0.2, 3.0) == pytest.approx(SOFT, rel=1e-12)


def test_ordering_is_not_general():
    law = beta_law(5, 1)
    assert hard_tv_speed(law, 0.0) == pytest.approx(1.2)
    assert klsc_tv_speed(law, 0.0) == pytest.approx(2.813143, abs=1e-6)


def test_discrete_average():
    law, targets, step = GaussianLaw(), [0.5, 1.0, 2.0], 0.1
    by_hand = [tv(calibrate_hard(law, t), calibrate_hard(law, t + step)) / step for t in targets]
    assert mean_tv_step(Hard, law, targets, step) == pytest.approx(np.mean(by_hand))
    assert mean_tv_step(Klsc, law, targets, step) == pytest.approx(math.erf(step / math.sqrt(8)) / step)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: mean_hard_tv_speed(g, 1.0, 1.0), "higher_threshold = 1.0"),
        (lambda g: mean_klsc_tv_speed(g, 1.0, 0.5), "larger_multiplier = 0.5"),
        (lambda g: mean_tv_step(Hard, g, [], 0.1), "targets = "),
        (lambda g: mean_tv_step(Hard, g, [1.0], -0.1), "step = -0.1"),
        (lambda g: tv_step(Klsc(g, 1.0), Klsc(g, 1.0)), "r.mean = 1.0"),
        (lambda g: klsc_tv_speed(AtomicLaw(np.array([2.0])), 1.0), "not almost surely constant"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call(GaussianLaw())


def test_steps_between_far_tilts_in_either_order():
    """Half a unit mass moves by a thousand; exponents of the other order would overflow."""
    law = AtomicLaw([0.0, 1000.0])
    near, far = Klsc(law, 0.0), Klsc(law, 2.0)
    assert tv_step(near, far) == tv_step(far, near) == pytest.approx(1e-3, rel=1e-12, abs=0)


@pytest.mark.parametrize(("share", "refused"), [(0.9e-5, False), (1.1e-5, True), (math.nan, True)])
def test_an_average_without_its_digits_is_refused(monkeypatch, share, refused):
    """The routine's own estimate of its error, relative to the length, may be 1e-5 and no more."""
    monkeypatch.setattr(instability, "quad", lambda *_, **options: (2.0, 2.0 * share))
    if refused:
        with pytest.raises(ValueError, match=r"relative error of the quadrature = .*: must be at most 1e-5"):
            mean_klsc_tv_speed(GaussianLaw(), 0.2, 3.0)
    else:
        mean_klsc_tv_speed(GaussianLaw(), 0.2, 3.0)
