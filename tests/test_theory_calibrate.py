"""Calibration: exact means, inactive and limit cases, ties, and errors that say how far one can go."""

import math

import numpy as np
import pytest
from hypothesis import given

from distributional_view.theory import (
    AtomicLaw,
    GaussianLaw,
    Hard,
    InfeasibleTarget,
    Klsc,
    calibrate_hard,
    calibrate_klsc,
)
from distributional_view.theory.solutions.multiplier import multiplier_at
from tests.support.laws import non_steep_law
from tests.support.strategies import any_laws, atomic_laws, continuous_laws, level_at, unit

TOLERANCE = 1e-10  # absolute, in score units


@given(any_laws(), unit)
def test_both_calibrations_meet_the_target(law, fraction):
    target = level_at(law, fraction)
    hard, klsc = calibrate_hard(law, target), calibrate_klsc(law, target)
    assert hard.status == klsc.status == "active"
    assert abs(hard.mean - target) <= TOLERANCE
    assert abs(klsc.mean - target) <= TOLERANCE
    assert klsc.multiplier > 0


@given(atomic_laws(), unit)
def test_hard_mean_by_its_own_weights(law, fraction):
    """The density that calibration returns integrates to 1 and has the mean, summed directly."""
    target = level_at(law, fraction)
    values, masses = law.atoms()
    for solution in (calibrate_hard(law, target), calibrate_klsc(law, target)):
        q = masses * np.exp(solution.log_ratio(values))
        assert q.sum() == pytest.approx(1.0, abs=1e-12)
        assert q @ values == pytest.approx(target, abs=1e-10)


@given(atomic_laws(), unit)
def test_nearest_tie_is_a_plain_truncation_with_the_nearest_mean(law, fraction):
    target = level_at(law, fraction)
    nearest = calibrate_hard(law, target, ties="nearest")
    assert nearest.dropped_tie == 0
    means = [law.tail_mean(v) for v in law.atoms()[0]]
    assert abs(nearest.mean - target) == pytest.approx(min(abs(m - target) for m in means), abs=1e-12)


@given(continuous_laws(), unit)
def test_inactive_below_the_mean(law, fraction):
    for target in (law.mean, law.mean - fraction):
        hard, klsc = calibrate_hard(law, target), calibrate_klsc(law, target)
        assert hard.status == klsc.status == "inactive"
        assert klsc.multiplier == 0.0
        assert hard.kl == klsc.kl == 0.0
        assert hard.mean == pytest.approx(law.mean)


def test_limit_at_the_supremum():
    law = AtomicLaw(np.array([0.0, 1.0, 4.0, 4.0]))
    hard, klsc = calibrate_hard(law, 4.0), calibrate_klsc(law, 4.0)
    assert hard.status == klsc.status == "limit"
    assert klsc.multiplier == math.inf
    assert hard.kl == pytest.approx(math.log(2))
    assert klsc.kl == pytest.approx(math.log(2))
    assert klsc.mean == 4.0
    assert klsc.log_ratio(np.array([1.0, 4.0])).tolist() == [-math.inf, pytest.approx(math.log(2))]


@pytest.mark.parametrize("calibrate", [calibrate_hard, calibrate_klsc])
def test_out_of_reach(calibrate):
    atomic = AtomicLaw(np.array([0.0, 1.0, 4.0]))
    with pytest.raises(InfeasibleTarget, match=r"target = 4.5: must be <= the essential supremum of the score, 4.0"):
        calibrate(atomic, 4.5)
    with pytest.raises(ValueError, match="target = nan"):
        calibrate(atomic, math.nan)
    uniform = non_flat_uniform()
    with pytest.raises(InfeasibleTarget, match=r"target = 1.0: must be < .* carries no mass"):
        calibrate(uniform, 1.0)


def non_flat_uniform():
    from distributional_view.theory import PiecewiseLaw

    return PiecewiseLaw(lambda u: u, lambda u: np.zeros_like(u), np.array([0.0, 1.0]))


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9])
def test_close_to_the_supremum(gap):
    law = non_flat_uniform()
    klsc, hard = calibrate_klsc(law, 1 - gap), calibrate_hard(law, 1 - gap)
    assert klsc.multiplier == pytest.approx(1 / gap, rel=1e-5)  # the law near its top is exponential
    assert hard.threshold == pytest.approx(1 - 2 * gap, abs=1e-12)


def test_not_steep():
    law = non_steep_law()
    assert abs(calibrate_klsc(law, 0.9).mean - 0.9) < TOLERANCE
    with pytest.raises(InfeasibleTarget, match="last slope of the log-partition function") as caught:
        calibrate_klsc(law, 2.0)
    infimum = 1.0 * 2.0 - law.log_partition(1.0)
    assert f"{infimum!r}" in str(caught.value)


def test_randomised_tie_by_hand():
    """Uniform on {0, 1, 2}: mean 1.25 keeps {2} and {1} whole and a of {0}: (1 + 2)/(2 + a) = 1.25."""
    hard = calibrate_hard(AtomicLaw(np.array([0.0, 1.0, 2.0])), 1.25)
    assert (hard.threshold, hard.tie_fraction) == (0.0, pytest.approx(0.4))
    q = np.array([0.4, 1, 1]) / 2.4
    assert hard.kl == pytest.approx(float((q * np.log(3 * q)).sum()))


def test_gaussian_against_closed_form():
    law = GaussianLaw(1.0, 2.0)
    assert calibrate_klsc(law, 4.0).multiplier == pytest.approx(3 / 4)
    hard = calibrate_hard(law, 1 + 2 * math.sqrt(2 / math.pi))
    assert hard.threshold == pytest.approx(1.0, abs=1e-12)
    assert hard.kl == pytest.approx(math.log(2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda law: Klsc(law, -0.1), "multiplier = -0.1"),
        (lambda law: Klsc(law, math.nan), "multiplier = nan"),
        (lambda law: Klsc(law, math.inf), "no mass at the supremum"),
        (lambda law: Hard(law, math.nan), "threshold = nan"),
        (lambda law: Hard(law, 0.0, 1.5), "tie_fraction = 1.5"),
        (lambda law: Hard(law, 0.0).boundary_mass(0.0, -0.1), "margin = -0.1"),
        (lambda law: Klsc(law, 1.0).boundary_mass(0.0, 0.0), "margin = 0.0"),
        (lambda law: GaussianLaw(0.0, 0.0), "scale = 0.0"),
        (lambda law: GaussianLaw(math.inf, 1.0), "location = inf"),
    ],
)
def test_bad_solutions(make, message):
    with pytest.raises(ValueError, match=message):
        make(GaussianLaw())


def test_threshold_above_all_mass():
    with pytest.raises(ValueError, match=r"threshold = 2.5: .* supremum is 2.0"):
        Hard(AtomicLaw(np.array([0.0, 2.0])), 2.5)


def test_a_variance_that_overflows_tells_nothing_of_the_step():
    """The tilt of a coin by log 3 has the mean 3/4; the variance is withheld for tilts below 1."""

    class Withheld(AtomicLaw):
        def tilted_moments(self, multiplier, origin):
            mean, variance = super().tilted_moments(multiplier, origin)
            return mean, variance if multiplier > 1 else math.inf

    assert multiplier_at(Withheld([0.0, 1.0]), 0.75) == pytest.approx(math.log(3), rel=1e-14, abs=0)
