"""Numbers that keep their digits because of where a sum starts or how it is normalised, against exact ones."""

import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest

from distributional_view.theory import AtomicLaw, GaussianLaw, Hard, Klsc, PiecewiseLaw, tv
from distributional_view.theory.measures.dual import gibbs
from distributional_view.theory.measures.finite import on_support
from distributional_view.theory.measures.typical import _stirling_remainder
from distributional_view.theory.pools.inclusion import systematic_sample


def test_a_rare_outlier_takes_no_digits_from_the_mean():
    values, masses = np.array([0.1, 1e10]), np.array([1.0, 1e-18])
    exact = sum(Fraction(v) * Fraction(m) for v, m in zip(values, masses, strict=True)) / sum(map(Fraction, masses))
    assert AtomicLaw(values, masses=masses).mean == pytest.approx(float(exact), rel=1e-15)


@pytest.mark.parametrize("excess", [-9e-10, 9e-10])
def test_a_density_whose_mass_is_nearly_1_gives_probabilities(excess):
    law = PiecewiseLaw(lambda u: u, lambda u: 0 * u + math.log1p(excess), np.array([0.0, 1.0]))
    assert law.survival(0.25) == pytest.approx(0.75, rel=1e-12)
    assert law.shell_mass(0.25, 0.5) == pytest.approx(2 / 3, rel=1e-12)
    assert law.log_partition(1.0) == pytest.approx(math.log(math.e - 1), rel=1e-12)
    assert law.density(0.5) == pytest.approx(1.0, rel=1e-11)


def test_the_masses_of_a_tilt_add_up_to_1_under_a_large_constant():
    steps = np.arange(5) / 8
    far = gibbs(1e6 + steps, masses=[0.2] * 5).masses
    assert far.sum() == pytest.approx(1.0, rel=1e-15)
    assert far == pytest.approx(np.exp(steps) / np.exp(steps).sum(), rel=1e-14)


@pytest.mark.parametrize("a", [30.0, 31.5, 100.0])
def test_the_stirling_series_reaches_its_fourth_term(a):
    with mp.workdps(40):
        x = mp.mpf(a)
        exact = mp.loggamma(x + 1) - (x * mp.log(x) - x + mp.log(2 * mp.pi * x) / 2)
    assert _stirling_remainder(a) == pytest.approx(float(exact), rel=1e-13, abs=0)  # the fifth is 2e-14 of it


def test_a_tie_share_without_an_atom_costs_no_information():
    assert Hard(GaussianLaw(), 0.0, 0.5).kl == pytest.approx(math.log(2), rel=1e-15)


def test_a_share_of_the_atom_at_the_top_has_no_variance():
    law = PiecewiseLaw(lambda u: np.minimum(u, 0.5), lambda u: 0 * u, np.array([0.0, 0.5, 1.0]))
    assert law.atom(0.5) == pytest.approx(0.5)
    assert Hard(law, 0.5, 0.25).law.variance == 0.0


def test_tilts_of_an_atom_out_of_the_range_of_exp_have_a_distance():
    law = AtomicLaw([0.0, 1.0, 2000.0])  # the tilt by 1 sits on 2000, which had a third of the mass
    assert tv(Klsc(law, 0.0), Klsc(law, 1.0)) == pytest.approx(2 / 3, rel=1e-14)


@pytest.mark.parametrize("probabilities", [[1.5, 0.5], [-0.5, 0.75, 0.75], [0.5, 0.501]])
def test_what_is_no_inclusion_probability_is_refused(probabilities):
    with pytest.raises(ValueError, match="probabilities"):
        systematic_sample(probabilities, 0.5)


def test_a_score_without_mass_is_read_as_0():
    masses, scores = on_support([0.5, 0.0, 0.5], scores=[1.0, np.nan, 3.0])
    assert masses.tolist() == [0.5, 0.0, 0.5]
    assert scores.tolist() == [1.0, 0.0, 3.0]


def test_a_law_of_atoms_cannot_be_written_to():
    values, masses = AtomicLaw([0.0, 1.0, 1.0]).atoms()
    for array in (values, masses):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.25


def test_a_law_on_an_interval_has_all_tilts():
    law = PiecewiseLaw(lambda u: u, lambda u: 0 * u, np.array([0.0, 1.0]))
    assert (law.min_multiplier, law.max_multiplier) == (-math.inf, math.inf)
    assert law.tilt(-3.0).mean == pytest.approx(1 - law.tilt(3.0).mean, rel=1e-12)


@pytest.mark.parametrize("level", [-0.2, 0.1, 0.2])
def test_a_score_that_bends_is_met_where_it_takes_the_level_and_not_its_opposite(level):
    law = PiecewiseLaw(lambda u: u + u**3, lambda u: 0 * u - math.log(2.5), np.array([-1.0, 1.5]))
    roots = np.roots([1.0, 0.0, 1.0, -level])
    at = float(roots[np.abs(roots.imag) < 1e-9].real[0])
    assert law.survival(level) == pytest.approx((1.5 - at) / 2.5, rel=1e-13, abs=0)
