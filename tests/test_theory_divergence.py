"""KL, TV, boundary masses and the gap: against enumeration, and as properties of any law."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributional_view.theory import (
    AtomicLaw,
    GaussianLaw,
    Hard,
    Klsc,
    calibrate_hard,
    calibrate_klsc,
    interpretability_gap,
    kl,
    pinsker_bound,
    tv,
)
from distributional_view.theory.measures import finite as finite
from tests.support.laws import beta_law
from tests.support.strategies import any_laws, continuous_laws, finite_measures, level_at, threshold_at, unit

kinds = st.sampled_from(["hard", "tie", "klsc", "inactive", "limit"])


def solution_on(law: AtomicLaw, kind: str, fraction: float):
    values, _ = law.atoms()
    at = float(values[min(int(fraction * len(values)), len(values) - 1)])
    if kind == "hard":
        return Hard(law, at)
    if kind == "tie":
        return Hard(law, at, 0.3)
    if kind == "klsc":
        return Klsc(law, 3 * fraction)
    return Hard(law, -math.inf) if kind == "inactive" else Klsc(law, math.inf)


@given(finite_measures(), kinds, kinds, unit, unit)
def test_all_pairs_match_enumeration(pair, kind_q, kind_r, at_q, at_r):
    masses, scores = pair
    law = AtomicLaw(scores, masses=masses)
    q, r = solution_on(law, kind_q, at_q), solution_on(law, kind_r, at_r)
    wq, wr = finite.reweight(scores, q, masses=masses), finite.reweight(scores, r, masses=masses)
    assert tv(q, r) == pytest.approx(0.5 * sum(abs(wq - wr)), abs=1e-12)
    support = wq > 0
    if (wr[support] == 0).any():
        assert kl(q, r) == math.inf
        assert finite.finite_kl(wq, wr) == math.inf
    else:
        truth = sum(a * math.log(a / b) for a, b in zip(wq[support], wr[support], strict=True))
        assert kl(q, r) == pytest.approx(truth, abs=1e-12)
        assert finite.finite_kl(wq, wr) == pytest.approx(truth, abs=1e-12)
    assert finite.finite_tv(wq, wr) == pytest.approx(tv(q, r), abs=1e-12)
    assert q.kl == pytest.approx(finite.finite_kl(wq, masses), abs=1e-12)
    assert q.mean == pytest.approx(float(wq @ scores), abs=1e-12)
    for t in np.unique(scores):
        assert q.survival(t) == pytest.approx(wq[scores >= t].sum(), abs=1e-12)
        if wq[scores >= t].sum() > 1e-9:
            shell = wq[(scores >= t) & (scores < t + 0.7)].sum() / wq[scores >= t].sum()
            assert q.boundary_mass(t, 0.7) == pytest.approx(shell, abs=1e-12)


@given(any_laws(), unit, unit)
def test_pinsker_and_symmetry(law, a, b):
    q = calibrate_hard(law, level_at(law, a))
    for r in (calibrate_klsc(law, level_at(law, b)), calibrate_hard(law, level_at(law, b))):
        assert tv(q, r) == pytest.approx(tv(r, q), abs=1e-12)
        assert 0 <= tv(q, r) <= min(pinsker_bound(kl(q, r)), pinsker_bound(kl(r, q))) + 1e-9


@given(any_laws(), unit)
def test_gap_is_the_exact_difference(law, fraction):
    """Theorem D.14 with its exact value: KL(q_t||p) - KL(q_beta||p) = KL(q_t||q_beta) >= 0."""
    hard = calibrate_hard(law, level_at(law, fraction))
    klsc = calibrate_klsc(law, hard.mean)
    assert hard.kl - klsc.kl == pytest.approx(kl(hard, klsc), abs=1e-9)
    assert kl(hard, klsc) >= 0
    if not isinstance(law, AtomicLaw):  # two atoms and a randomised tie: the truncation is the tilt
        assert kl(hard, klsc) > 1e-6


@given(continuous_laws(), unit)
def test_interpretability_gap(law, fraction):
    result = interpretability_gap(law, threshold_at(law, fraction))
    assert result.gap == pytest.approx(result.hard.kl - result.klsc.kl, abs=1e-9)
    assert result.hard.mean == pytest.approx(result.klsc.mean, abs=1e-9)


def test_gap_vanishes_only_in_the_limit():
    law = AtomicLaw(np.array([0.0, 1.0, 2.0, 2.0]))
    assert interpretability_gap(law, 2.0).gap == 0.0
    assert interpretability_gap(law, 1.0).gap > 1e-3
    with pytest.raises(ValueError, match=r"threshold = 0.0: must be above the essential infimum"):
        interpretability_gap(law, 0.0)


@given(continuous_laws(), unit, st.floats(0.01, 1.0))
def test_tilt_has_less_boundary_mass(law, fraction, margin):
    """Lemma D.7 and its sharpening to every margin."""
    t = threshold_at(law, fraction)
    beta = 2.0 / math.sqrt(law.variance)
    tilt, hard = Klsc(law, beta), Hard(law, t)
    assert tilt.boundary_mass(t, margin) <= hard.boundary_mass(t, margin) + 1e-13
    assert tilt.law.hazard(t) <= law.hazard(t) * (1 + 1e-9)


@given(continuous_laws(), unit)
def test_boundary_mass_is_the_hazard_to_first_order(law, fraction):
    """Lemma D.6: M_delta/delta - h(t) falls linearly with delta (a rate, not one tolerance)."""
    t = threshold_at(law, 0.1 + 0.8 * fraction)
    unit_width = math.sqrt(law.variance)
    widths = unit_width * np.array([1e-3, 1e-4])
    errors = [abs(Hard(law, t).boundary_mass(t, w) / w - law.hazard(t)) * unit_width for w in widths]
    assert errors[1] <= 0.2 * errors[0] + 2e-8  # a mass of relative accuracy 1e-12, divided by 1e-4


def test_kl_along_the_hard_path():
    """Lemma D.8: infinite one way, log(S(t1)/S(t2)) the other."""
    law = GaussianLaw()
    low, high = Hard(law, 0.3), Hard(law, 1.1)
    assert kl(low, high) == math.inf
    assert kl(high, low) == pytest.approx(law.log_survival(0.3) - law.log_survival(1.1), rel=1e-14)
    flat = AtomicLaw(np.array([0.0, 1.0, 3.0]))
    assert kl(Hard(flat, 1.5), Hard(flat, 2.5)) == 0.0  # no mass between the thresholds


@pytest.mark.parametrize("law", [GaussianLaw(0.5, 2.0), beta_law(2, 4), beta_law(5, 1)])
def test_kl_along_the_klsc_path_is_quadratic(law):
    """Lemma D.9: KL(q_b || q_(b+e))/e^2 tends to half the variance, with an error of first order in e."""
    beta, steps = 0.7 / math.sqrt(law.variance), np.array([0.1, 0.05, 0.025]) / math.sqrt(law.variance)
    half = 0.5 * law.tilt(beta).variance
    ratios = np.array([kl(Klsc(law, beta), Klsc(law, beta + e)) / e**2 for e in steps])
    errors = np.abs(ratios / half - 1)
    assert errors[0] < 0.2
    if isinstance(law, GaussianLaw):  # its variance does not depend on beta: no error at all
        assert errors.max() < 1e-10
    else:
        assert 0.8 < np.polyfit(np.log(steps), np.log(errors), 1)[0] < 1.2


def test_exact_gaussian_tv():
    law = GaussianLaw()
    from scipy.stats import norm

    assert tv(Klsc(law, 0.5), Klsc(law, 1.25)) == pytest.approx(2 * norm.cdf(0.375) - 1, rel=1e-13)
    assert tv(Hard(law, 0.0), Hard(law, 1.0)) == pytest.approx(1 - norm.sf(1.0) / 0.5, rel=1e-13)


def test_pinsker_value():
    assert pinsker_bound(0.02) == pytest.approx(0.1)


def test_different_priors_are_refused():
    with pytest.raises(ValueError, match=r"r\.prior = "):
        kl(Klsc(GaussianLaw(), 1.0), Klsc(GaussianLaw(0.1), 1.0))
    with pytest.raises(ValueError, match=r"divergence = -0\.1"):
        pinsker_bound(-0.1)


def test_finite_measures_refuse_bad_input():
    p = np.array([0.5, 0.5])
    with pytest.raises(ValueError, match=r"sum\(q\)"):
        finite.finite_kl(np.array([0.5, 0.6]), p)
    with pytest.raises((ValueError, TypeError)):  # the shape checker of the tests is faster with its TypeError
        finite.finite_tv(p, np.array([0.2, 0.3, 0.5]))
    law = AtomicLaw(np.array([0.0, 1.0]))
    with pytest.raises(ValueError, match=r"solution\.prior = "):
        finite.reweight(np.array([5.0, 7.0]), Klsc(law, 1.0), masses=p)
