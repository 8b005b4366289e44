"""Solutions, pools and measures at the edges of double precision, against mpmath, fractions and the same call in
other units: offsets, saturated tilts, targets a hair above the mean, ties, long sums, masked entries."""

import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest

from distributional_view.theory import AtomicLaw, GaussianLaw, Hard, Klsc, PiecewiseLaw, calibrate_hard, calibrate_klsc
from distributional_view.theory.errors import require_unmasked
from distributional_view.theory.measures.finite import finite_kl, finite_tv, reweight
from distributional_view.theory.measures.typical import conditioning_error
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.pools.inclusion import inclusion_probabilities, systematic_sample
from distributional_view.theory.pools.matched import matched, move, top_k_truncation
from distributional_view.theory.pools.retrieval import effective_size, retrieve, reweight_to, tilted_weights, top_k
from distributional_view.theory.pools.sums import running_sums
from distributional_view.theory.solutions.divergence import kl, tv
from distributional_view.theory.solutions.instability import (
    hard_tv_speed,
    klsc_tv_speed,
    mean_hard_tv_speed,
    mean_klsc_tv_speed,
    tv_step,
)

OFFSETS = [0.0, 2.0**20, -(2.0**20)]
UNITS = [2.0**k for k in (-460, -40, 0, 40, 460)]
VALUES = np.array([0, 1, 2, 3, 5, 8, 13, 21]) / 8
MASSES = np.array([0.3, 0.2, 0.15, 0.15, 0.1, 0.05, 0.04, 0.01])


def skew_law(offset: float = 0.0, unit: float = 1.0) -> AtomicLaw:
    return AtomicLaw(unit * (offset + VALUES), masses=MASSES)


def tilted(multiplier: float) -> tuple[list[mp.mpf], mp.mpf, mp.mpf]:
    """Masses, mean and log-partition of the tilt of the skew law, without offset."""
    y = [mp.mpf(v) for v in VALUES.tolist()]
    total = mp.fsum(mp.mpf(m) for m in MASSES.tolist())
    w = [mp.mpf(m) / total * mp.exp(mp.mpf(multiplier) * v) for m, v in zip(MASSES.tolist(), y, strict=True)]
    z = mp.fsum(w)
    q = [v / z for v in w]
    return q, mp.fsum(a * v for a, v in zip(q, y, strict=True)), mp.log(z)


# Tilts.


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize(("a", "b"), [(34, 35), (40, 41), (32, 64), (0, 1e-9), (3, 3.000001), (300, 301)])
def test_two_atoms_have_every_speed_equal_to_one(offset, a, b):
    law = AtomicLaw([offset, offset + 1])
    assert tv_step(Klsc(law, a), Klsc(law, b)) == pytest.approx(1.0, rel=1e-12)
    assert tv_step(Klsc(law, b), Klsc(law, a)) == pytest.approx(1.0, rel=1e-12)
    assert mean_klsc_tv_speed(law, a, b) == pytest.approx(1.0, rel=1e-9)
    assert klsc_tv_speed(law, b) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize(("a", "b"), [(1.0, 1.001), (1.0, 1.0 + 2.0**-40), (0.0, 1e-7), (40.0, 41.0), (0.5, 60.0)])
def test_moves_of_tilts_against_mpmath(offset, a, b):
    with mp.workdps(60):
        (q, q_mean, q_log), (r, r_mean, r_log) = tilted(a), tilted(b)
        distance = mp.fsum(abs(s - t) for s, t in zip(q, r, strict=True)) / 2
        step, forward = distance / (r_mean - q_mean), r_log - q_log - (mp.mpf(b) - mp.mpf(a)) * q_mean
        backward = q_log - r_log + (mp.mpf(b) - mp.mpf(a)) * r_mean
    law = skew_law(offset)
    low, high = Klsc(law, a), Klsc(law, b)
    assert tv(low, high) == pytest.approx(float(distance), rel=1e-13, abs=0)
    assert tv_step(low, high) == pytest.approx(float(step), rel=1e-13, abs=0)
    assert kl(low, high) == pytest.approx(float(forward), rel=1e-12, abs=0)
    assert kl(high, low) == pytest.approx(float(backward), rel=1e-12, abs=0)


def test_kl_of_near_multipliers_of_a_gaussian():
    law = GaussianLaw(3.0, 2.0)
    step = 1000.001 - 1000.0
    assert kl(Klsc(law, 1000.0), Klsc(law, 1000.001)) == pytest.approx(2 * step**2, rel=1e-12, abs=0)
    assert kl(Klsc(law, 1000.001), Klsc(law, 1000.0)) == pytest.approx(2 * step**2, rel=1e-12, abs=0)


def test_rise_of_a_gaussian_far_from_zero():
    law = GaussianLaw(2.0**30, 1.0)
    near = GaussianLaw()
    assert tv_step(Klsc(law, 1.0), Klsc(law, 1.5)) == pytest.approx(tv_step(Klsc(near, 1.0), Klsc(near, 1.5)), rel=1e-7)
    assert mean_klsc_tv_speed(law, 1.0, 1.000001) == pytest.approx(1 / math.sqrt(2 * math.pi), rel=1e-9)


def test_a_capped_score_whose_tilts_sit_on_the_cap():
    """Half the mass at the cap 1, half uniform below it: the tilt by b leaves (1 - e^-b)/b below the cap, to 1 on it.

    The quadrature knows that mass to about 1e-12 of itself, and the step moves a millionth of it.
    """
    law = PiecewiseLaw(lambda u: np.minimum(u, 1.0), lambda u: 0 * u - math.log(2), [0.0, 1.0, 2.0])
    below = [1 / Fraction(2**40 + k) for k in (0, 2**20)]
    short = [1 / Fraction(2**40 + k) ** 2 for k in (0, 2**20)]
    masses = [m / (1 + m) for m in below]
    means = [s / (1 + m) for s, m in zip(short, below, strict=True)]
    low, high = Klsc(law, 2.0**40), Klsc(law, 2.0**40 + 2.0**20)
    assert tv(low, high) == pytest.approx(float(masses[0] - masses[1]), rel=1e-4, abs=0)
    assert tv_step(low, high) == pytest.approx(float((masses[0] - masses[1]) / (means[0] - means[1])), rel=1e-4)


# Truncations.


@pytest.mark.parametrize("offset", OFFSETS)
def test_moves_of_truncations_against_fractions(offset):
    y = [Fraction(v) for v in VALUES.tolist()]
    for i in range(len(y) - 1):
        tails = [[Fraction(1, len(y) - k)] * (len(y) - k) for k in (i, i + 1)]
        means = [
            sum(a * v for a, v in zip(tail, y[k:], strict=True)) for k, tail in zip((i, i + 1), tails, strict=True)
        ]
        law = AtomicLaw(offset + VALUES)
        low, high = Hard(law, offset + VALUES[i]), Hard(law, offset + VALUES[i + 1])
        share = Fraction(1, len(y) - i)
        assert tv(low, high) == pytest.approx(float(share), rel=1e-14)
        assert tv_step(low, high) == pytest.approx(float(share / (means[1] - means[0])), rel=1e-13)
        speed = mean_hard_tv_speed(law, offset + VALUES[i], offset + VALUES[i + 1])
        assert speed == pytest.approx(float(share / (means[1] - means[0])), rel=1e-13)


def test_dropping_a_few_of_a_million_points():
    law = AtomicLaw(np.arange(1_000_000) / 2.0**20)
    hard = Hard(law, 3 / 2.0**20)
    assert hard.kl == pytest.approx(-math.log1p(-3e-6), rel=1e-13, abs=0)
    half = Hard(law, 3 / 2.0**20, 0.5)
    kept = 1 - 3.5e-6
    assert half.kl == pytest.approx(-math.log1p(-3.5e-6) + 0.5e-6 / kept * math.log(0.5), rel=1e-9, abs=0)


@pytest.mark.parametrize("rare", [1e-6, 1e-12, 1e-14, 1e-16, 1e-30])
@pytest.mark.parametrize("target", [0.1, 0.4, 0.6])
def test_an_atom_below_a_rare_tail(rare, target):
    """An atom of mass 1 - r at 0 and r uniform on (0, 1]: r(1/2 - tau)/(tau(1 - r)) of the atom is kept."""
    law = PiecewiseLaw(
        lambda u: np.maximum(u, 0.0), lambda u: np.where(u < 0, np.log1p(-rare), np.log(rare)), [-1.0, 0.0, 1.0]
    )
    hard = calibrate_hard(law, target)
    if target < 0.5:
        assert hard.threshold == 0.0
        assert hard.tie_fraction == pytest.approx(rare * (0.5 - target) / (target * (1 - rare)), rel=1e-12, abs=0)
    else:
        assert hard.threshold == pytest.approx(2 * target - 1, rel=1e-12)
    assert hard.mean == pytest.approx(target, rel=1e-12)


# Calibration.


@pytest.mark.parametrize("hair", [1e-14, 1e-12, 1e-9, 1e-6])
@pytest.mark.parametrize("offset", [0.0, 1.0])
def test_a_target_a_hair_above_the_mean_of_a_skew_law(hair, offset, monkeypatch):
    scores = offset + np.exp(3 * np.random.default_rng(0).normal(size=1000))
    law = AtomicLaw(scores)
    runs = counted(monkeypatch, AtomicLaw)
    target = law.mean * (1 + hair)
    found = calibrate_klsc(law, target)
    assert len(runs) <= 12
    # beta = (target - mean)/variance to first order, within the rounding of both means.
    rise = target - law.mean
    assert found.multiplier * law.variance == pytest.approx(rise, rel=1e-3, abs=8 * 2.0**-52 * law.mean)


def test_a_target_that_only_an_exponential_tail_reaches(monkeypatch):
    """Two atoms at -1 and 0: the mean is -1/(1 + e^b), so that a target of -1e-300 has b = 300 log 10."""
    runs = counted(monkeypatch, AtomicLaw)
    assert calibrate_klsc(AtomicLaw([-1.0, 0.0]), -1e-300).multiplier == pytest.approx(300 * math.log(10), rel=1e-13)
    assert len(runs) <= 60


def counted(monkeypatch, law_type):
    runs, moments = [], law_type.tilted_moments

    def counting(self, multiplier, origin):
        runs.append(multiplier)
        return moments(self, multiplier, origin)

    monkeypatch.setattr(law_type, "tilted_moments", counting)
    return runs


def laws_in(unit):
    return {
        "atoms": skew_law(0.0, unit),
        "gaussian": GaussianLaw(0.5 * unit, unit),
        "uniform": PiecewiseLaw(lambda u: unit * u, lambda u: 0 * u, [0.0, 1.0]),
    }


@pytest.mark.parametrize("name", ["atoms", "gaussian", "uniform"])
@pytest.mark.parametrize("unit", UNITS)
def test_scaling_the_score_scales_the_answer(name, unit):
    def answers(u: float) -> list[float]:
        law = laws_in(u)[name]
        hard, klsc = calibrate_hard(law, 0.9 * u), calibrate_klsc(law, 0.9 * u)
        beyond = Klsc(law, 1.5 * klsc.multiplier)
        return [
            klsc.multiplier * u,
            hard.mean / u,
            klsc.mean / u,
            hard.kl,
            klsc.kl,
            kl(klsc, beyond),
            tv(klsc, beyond),
            tv(hard, klsc),
            tv_step(klsc, beyond) * u,
            klsc_tv_speed(law, klsc.multiplier) * u,
            mean_klsc_tv_speed(law, klsc.multiplier, beyond.multiplier) * u,
            hard_tv_speed(law, hard.threshold) * u,
        ]

    assert answers(unit) == pytest.approx(answers(1.0), rel=1e-9)


@pytest.mark.parametrize("ties", ["randomise", "nearest"])
def test_a_target_equal_to_an_atom_below_a_tail_without_weight(ties):
    """The tail mean at 1 is 1 + 1e-18, which rounds to the target itself."""
    law = AtomicLaw([0.0, 1.0, 2.0], masses=[0.5, 0.5, 1e-18])
    hard = calibrate_hard(law, 1.0, ties=ties)
    assert (hard.threshold, hard.tie_fraction) == (1.0, 1.0)


def test_of_two_equally_near_truncations_the_larger_one_is_taken():
    """Tail means of {0, 1, 2, 3}: 3/2, 2, 5/2, 3; in binary the middles are exact."""
    law = AtomicLaw([0.0, 1.0, 2.0, 3.0])
    for target, threshold in ((1.75, 0.0), (2.25, 1.0), (2.75, 2.0)):
        assert calibrate_hard(law, target, ties="nearest").threshold == threshold
    for target, kept in ((1.75, 4), (2.25, 3), (2.75, 2)):
        assert len(retrieve([3, 2, 1, 0], target).indices) == kept


# Pairs of solutions where ties decide.


def test_kl_to_a_truncation_that_drops_the_same_points():
    whole, with_between = AtomicLaw([0.0, 1.0, 2.0]), AtomicLaw([0.0, 0.5, 1.0, 2.0])
    assert kl(Hard(whole, 0.0, 0.0), Hard(whole, 1.0)) == 0.0
    assert kl(Hard(with_between, 0.0, 0.0), Hard(with_between, 1.0)) == math.inf
    assert tv(Hard(whole, 0.0, 0.0), Hard(whole, 1.0)) == 0.0


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("multiplier", [0.0, 0.1, 1.0, 3.0, 20.0])
@pytest.mark.parametrize("offset", OFFSETS)
def test_tv_of_a_truncation_and_a_tilt_by_enumeration(fraction, multiplier, offset):
    law = skew_law(offset)
    for i in (0, 1, 4):
        hard, soft = Hard(law, offset + VALUES[i], fraction), Klsc(law, multiplier)
        q = [MASSES[k] * (0.0 if k < i else fraction if k == i else 1.0) for k in range(len(VALUES))]
        with mp.workdps(40):
            r = [float(m) for m in tilted(multiplier)[0]]
        brute = 0.5 * math.fsum(abs(a / math.fsum(q) - b) for a, b in zip(q, r, strict=True))
        assert tv(hard, soft) == pytest.approx(brute, rel=1e-12, abs=1e-15)


# Pools.


def test_scores_as_far_apart_as_doubles_go():
    wide = [1.7e308, -1.7e308]
    assert tilted_weights(wide, 0).tolist() == [0.5, 0.5]
    light = math.exp(-3.4)
    assert tilted_weights(wide, 1e-308) == pytest.approx([1 / (1 + light), light / (1 + light)], rel=1e-14)
    assert tilted_weights(wide, math.inf).tolist() == [1.0, 0.0]
    assert top_k(wide, 2).mean == 0.0
    assert retrieve([*wide, 0.0], 1e308).mean == pytest.approx(8.5e307)


def test_running_sums_of_many_terms():
    values = np.full(1_000_003, 0.1)
    exact = np.array([float(Fraction(0.1) * n) for n in (1, 128, 129, 16_384, 16_385, 1_000_003)])
    assert running_sums(values)[[0, 127, 128, 16_383, 16_384, 1_000_002]] == pytest.approx(exact, rel=2e-15)
    assert abs(np.cumsum(values)[-1] / exact[-1] - 1) > 1e-12  # what a sequential sum loses
    few = np.arange(1.0, 6.0)
    assert running_sums(few).tolist() == [1, 3, 6, 10, 15]


def test_prefix_means_of_a_long_pool():
    scores = np.full(1_000_003, 0.1)
    scores[0] = 1.1
    assert top_k(scores, scores.size).mean == pytest.approx(0.1 + 1 / scores.size, rel=1e-15)


@pytest.mark.parametrize("seed", range(40))
def test_top_k_of_all_points_is_no_truncation_and_no_tilt(seed):
    scores = 1000 + np.random.default_rng(seed).normal(size=50)
    hard = top_k_truncation(scores, scores.size)
    pair = matched(hard)
    assert (hard.status, pair.klsc.status, pair.gap) == ("inactive", "inactive", 0.0)
    assert hard.mean == hard.prior.mean
    back = move(matched(top_k_truncation(scores, 49, law=hard.prior)), hard)
    assert back.rise < 0 < min(back.hard, back.klsc)


@pytest.mark.parametrize("miss", [1e-6, -1e-6, 2e-9])
def test_masses_that_do_not_sum_to_one(miss):
    for take in (
        lambda m: AtomicLaw([0.0, 1.0], masses=m),
        lambda m: finite_tv(m, [0.5, 0.5]),
        lambda m: inclusion_probabilities(m, 1),
        effective_size,
    ):
        take([0.5, 0.5 + miss * 1e-4])
        with pytest.raises(ValueError, match="1 within 1e-09"):
            take([0.5, 0.5 + miss])


SOME = np.ma.masked_array([1.0, 0.25, 0.25, 0.5], mask=[True, False, False, False])
EQUAL = np.full(4, 0.25)


@pytest.mark.parametrize(
    "take",
    [
        lambda m: top_k(m, 2),
        lambda m: retrieve(m, 0.3),
        lambda m: reweight_to(m, 0.3),
        lambda m: tilted_weights(m, 1.0),
        effective_size,
        lambda m: top_k_truncation(m, 2),
        lambda m: inclusion_probabilities(m, 2),
        lambda m: systematic_sample(m, 0.5),
        lambda m: reweight(m, Klsc(AtomicLaw(EQUAL), 0.0), masses=EQUAL),
        lambda m: finite_kl(m, EQUAL),
        lambda m: finite_kl(EQUAL, m),
        lambda m: conditioning_error(m, [True] * 4, masses=EQUAL),
        lambda m: conditioning_error(EQUAL, m > 0.3, masses=EQUAL),
        lambda m: Klsc(AtomicLaw(EQUAL), 0.0).log_ratio(m),
        lambda m: Hard(AtomicLaw(EQUAL), 0.0).log_ratio(m),
        lambda m: ScoredPool(m, lambda at: at),
    ],
)
def test_masked_entries_are_refused(take):
    with pytest.raises(ValueError, match="masked"):
        take(SOME)


def test_an_array_type_without_masked_entries_is_welcome():
    require_unmasked("scores", np.ma.masked_array([1.0, 2.0]))
    require_unmasked("scores", [1.0, 2.0])


def test_conditioning_far_from_zero():
    rare = 1e-9
    q, region = [0.3, 0.3, 0.4 - rare, rare], [True, True, True, False]
    s = np.array([0.0, 1.0, 2.0, 4.0])
    inside = math.fsum(q[k] * s[k] for k in range(3)) / math.fsum(q[:3])
    for offset in OFFSETS:
        found = conditioning_error(s + offset, region, masses=q)
        assert found.error == pytest.approx(rare * (4 - inside), rel=1e-9, abs=0)
