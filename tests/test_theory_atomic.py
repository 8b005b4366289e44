"""The atomic law against brute-force enumeration, ties and atoms included."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributional_view.theory import AtomicLaw
from distributional_view.theory.laws import sums
from tests.support.strategies import finite_measures


def enumerate_tail(masses, scores, threshold):
    kept = [(m, s) for m, s in zip(masses, scores, strict=True) if s >= threshold and m > 0]
    mass = sum(m for m, _ in kept)
    return mass, sum(m * s for m, s in kept) / mass if mass else math.nan


@given(finite_measures(), st.integers(-5, 7), st.floats(0.1, 3.0))
def test_tails_match_enumeration(measure, twice, width):
    masses, scores = measure
    law, t = AtomicLaw(scores, masses=masses), twice / 2
    mass, mean = enumerate_tail(masses, scores, t)
    assert law.survival(t) == pytest.approx(mass, abs=1e-14)
    if mass == 0:
        with pytest.raises(ValueError, match="threshold = "):
            law.mean_residual(t)
        return
    assert law.tail_mean(t) == pytest.approx(mean, abs=1e-12)
    shell = sum(m for m, s in zip(masses, scores, strict=True) if t <= s < t + width)
    assert law.shell_mass(t, width) == pytest.approx(shell / mass, abs=1e-14)
    assert law.atom(t) == pytest.approx(sum(m for m, s in zip(masses, scores, strict=True) if s == t), abs=1e-15)


@given(finite_measures(), st.floats(-4.0, 4.0))
def test_tilts_match_enumeration(measure, beta):
    masses, scores = measure
    law = AtomicLaw(scores, masses=masses)
    w = masses * np.exp(beta * scores)
    q = w / w.sum()
    tilted = law.tilt(beta)
    mean = float(q @ scores)
    assert law.log_partition(beta) == pytest.approx(math.log(w.sum()), abs=1e-12)
    assert tilted.mean == pytest.approx(mean, abs=1e-12)
    assert tilted.variance == pytest.approx(float(q @ (scores - mean) ** 2), abs=1e-12)
    assert tilted.mean_abs_dev == pytest.approx(float(q @ abs(scores - mean)), abs=1e-12)


def test_exact_with_fractions():
    """Uniform on {0, 0, 1, 3}: everything by hand."""
    law = AtomicLaw(np.array([3, 0, 1, 0]))
    assert law.survival(0) == 1.0
    assert law.survival(1e-9) == 0.5
    assert law.tail_mean(1) == 2.0
    assert law.atom(0) == 0.5
    assert (law.ess_inf, law.ess_sup, law.ess_sup_mass) == (0.0, 3.0, 0.25)
    nelson_aalen = Fraction(1, 2) / 1 + Fraction(1, 4) / Fraction(1, 2)
    assert law.cumulative_hazard(0, 3) == pytest.approx(float(nelson_aalen), abs=1e-15)


def test_extreme_multipliers_and_back():
    law = AtomicLaw(np.array([-1e3, 0.0, 0.0, 1e3]), masses=np.array([0.1, 0.2, 0.3, 0.4]))
    far = law.tilt(1e4)
    assert far.mean == 1e3
    assert far.tilt(-1e4).mean == pytest.approx(law.mean, abs=1e-6)  # log-masses of 1e7 keep 9 decimals
    assert law.log_partition(1e4) == pytest.approx(1e7 + math.log(0.4), rel=1e-15)
    assert AtomicLaw(np.array([0.0, 1.0])).tilt(1e308).mean == 1.0


def test_rare_tail_keeps_relative_accuracy():
    masses = np.array([1 - 1e-18, 1e-18, 1e-21])
    law = AtomicLaw(np.array([0.0, 1.0, 2.0]), masses=masses / masses.sum())
    assert law.survival(1.0) == pytest.approx(1.001e-18, rel=1e-12)
    assert law.tail_mean(1.0) == pytest.approx(1 + 1 / 1001, rel=1e-12)


@pytest.mark.parametrize(
    ("scores", "masses", "message"),
    [
        ([], None, "at least one number"),
        ([1.0, math.nan], None, r"scores\[1\] = nan"),
        ([1.0, -math.inf], None, r"scores\[1\] = -inf"),
        ([1.0, 2.0], [0.5, 0.6], r"sum\(masses\) = 1.1"),
        ([1.0, 2.0], [1.5, -0.5], r"min\(masses\) = -0.5"),
        ([1.0, 2.0], [1.0], "masses = '1 numbers'"),
        ([1.0, 2.0], [math.nan, 1.0], "masses = "),
    ],
)
def test_bad_input(scores, masses, message):
    with pytest.raises(ValueError, match=message):
        AtomicLaw(np.array(scores), masses=None if masses is None else np.array(masses))


def test_no_density():
    with pytest.raises(ValueError, match="no density"):
        AtomicLaw(np.array([0.0, 1.0])).hazard(0.5)


def test_atoms_whose_mass_is_too_small_for_a_double():
    """Tilted by -1000 per unit: P(Y >= i) has the mean i + e^-1000/(1 - e^-1000), for every i but the last."""
    law = AtomicLaw([0.0, 1.0, 2.0, 3.0]).tilt(-1000.0)
    assert law.survival(1.0) == 0
    assert [law.tail_threshold(target) for target in (0.5, 1.5, 2.5)] == [0.0, 1.0, 2.0]


def test_a_block_without_any_mass():
    """The sums begin with the top block, which a tilt by -1e308 has left no mass."""
    scores = np.concatenate([np.linspace(0.0, 1.0, sums.BLOCK), [20.0, 30.0]])
    law = AtomicLaw(scores).tilt(-1e308)
    assert (law.mean, law.variance, law.log_partition(0.0)) == (0.0, 0.0, 0.0)
    assert law.tilt(1.0).mean == 0.0
