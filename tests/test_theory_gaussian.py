"""The Gaussian law against high-precision arithmetic, from t = -40 to 1e8."""

import math

import mpmath as mp
import numpy as np
import pytest

from distributional_view.proofs_check import oracles
from distributional_view.theory import GaussianLaw, calibrate_hard, calibrate_klsc
from distributional_view.theory.laws.mills import hazard, mean_residual

LEVELS = [-40.0, -25.3, -8.2, -2.49, -1.0, -0.1, 0.0, 0.3, 1.0, 2.7, 9.99, 10.0, 10.01, 35.5, 1e3, 1e5, 1e8]
RELATIVE = 1e-12
SMALLEST = 1e-300  # below it a double has no 12 digits to compare


@pytest.fixture(autouse=True)
def _precision():
    with mp.workdps(800):  # survival differences at t = -40 cancel 350 digits
        yield


@pytest.mark.parametrize("t", LEVELS)
def test_matches_high_precision(t):
    law = GaussianLaw()
    checks = {
        "hazard": (law.hazard(t), oracles.normal_hazard(t)),
        "mean_residual": (law.mean_residual(t), oracles.normal_mean_residual(t)),
        "log_survival": (law.log_survival(t), mp.log(oracles.normal_survival(t))),
        "tail_mean": (law.tail_mean(t), oracles.normal_hazard(t)),
    }
    for width in (1e-9, 0.07, 0.99, 1.01, 6.0):
        checks[f"shell_mass {width}"] = (law.shell_mass(t, width), oracles.normal_shell_mass(t, width))
    for name, (value, truth) in checks.items():
        assert math.isfinite(value), name
        if abs(truth) < SMALLEST:
            assert abs(value) < SMALLEST, name
        else:
            assert oracles.relative_error(value, truth) < RELATIVE, (name, value, mp.nstr(truth, 20))


def test_mills_are_vectorised_and_continuous_at_the_switch():
    z = np.array([10 - 1e-12, 10.0, 10 + 1e-12])
    assert np.ptp(mean_residual(z)) < 1e-12
    assert np.allclose(hazard(z), [float(hazard(v)) for v in z], rtol=1e-15)


def test_standardisation():
    law, reference = GaussianLaw(2.5, 0.4), GaussianLaw()
    t = 2.5 + 0.4 * 1.3
    assert law.hazard(t) == pytest.approx(reference.hazard(1.3) / 0.4, rel=1e-13)
    assert law.mean_residual(t) == pytest.approx(0.4 * reference.mean_residual(1.3), rel=1e-13)
    assert law.tilt(3.0).mean == pytest.approx(2.5 + 3.0 * 0.16)
    assert law.log_partition(3.0) == pytest.approx(3 * 2.5 + 0.5 * 9 * 0.16)


@pytest.mark.parametrize("target", [0.001, 0.5, 2.0, 30.0, 1e4])
def test_calibration_is_exact(target):
    law = GaussianLaw()
    assert abs(calibrate_hard(law, target).mean - target) <= 1e-10
    klsc = calibrate_klsc(law, target)
    assert klsc.multiplier == pytest.approx(target, rel=1e-12)
    assert klsc.kl == pytest.approx(target**2 / 2, rel=1e-12)
