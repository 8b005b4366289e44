"""Laws at their edges: rare tails, jumps, gaps, units, one-sided domains, long sums, sharp densities.

The oracles are closed forms, mpmath, exact fractions, and the same law in other units.
"""

import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from scipy import special

from distributional_view.proofs_check import oracles
from distributional_view.theory import (
    AtomicLaw,
    GaussianLaw,
    Hard,
    PiecewiseLaw,
    calibrate_hard,
    calibrate_klsc,
)
from distributional_view.theory.laws import mills, sums
from distributional_view.theory.laws.roots import bracketed_root

UNIT = [0.0, 1.0]


def rare_tail(rare: float, offset: float = 0.0) -> PiecewiseLaw:
    """A ReLU feature: an atom of mass 1 - r at 0, and a uniform tail of mass r on (0, 1]."""
    return PiecewiseLaw(
        lambda u: offset + np.maximum(u, 0.0),
        lambda u: np.where(u < 0, math.log1p(-rare), math.log(rare)),
        [-1.0, 0.0, 1.0],
    )


@pytest.mark.parametrize("rare", [1e-3, 1e-12, 1e-14, 1e-16, 1e-20, 1e-100])
def test_an_atom_below_a_rare_tail(rare):
    law = rare_tail(rare)
    assert law.survival_above(0.0) == pytest.approx(rare, rel=1e-12, abs=0)
    assert law.mean_residual(0.0) == pytest.approx(rare / 2, rel=1e-12, abs=0)
    kept = law.survival_above(0.0)
    assert Hard(law, 0.0, 0.0).kept == kept


@pytest.mark.parametrize("rare", [1e-3, 1e-12, 1e-14, 1e-16, 1e-20])
def test_the_kept_fraction_of_an_atom_below_a_rare_tail(rare):
    hard = calibrate_hard(rare_tail(rare), 0.4)
    assert hard.threshold == 0.0
    assert hard.tie_fraction == pytest.approx(rare * 0.1 / (0.4 * (1 - rare)), rel=1e-12, abs=0)
    above = calibrate_hard(rare_tail(rare), 0.7)
    assert (above.threshold, above.tie_fraction) == (pytest.approx(0.4, rel=1e-12, abs=0), 1.0)


def test_an_atom_below_a_rare_tail_far_from_zero():
    """The next double above 1e6 is 1e-10 away: nothing of the tail may be lost there."""
    assert rare_tail(1e-14, offset=1e6).survival_above(1e6) == pytest.approx(1e-14, rel=1e-13, abs=0)


def two_levels(ratio: float, falling: bool, scale: float = 1.0) -> tuple[PiecewiseLaw, float, float]:
    """Uniform on the halves of [0, scale], with densities in this ratio, and these densities at scale 1."""
    low, high = 2 / (1 + ratio), 2 * ratio / (1 + ratio)
    a, b = (high, low) if falling else (low, high)
    law = PiecewiseLaw(lambda u: scale * u, lambda u: np.log(np.where(u < 0.5, a, b)), [0.0, 0.5, 1.0])
    return law, a, b


@pytest.mark.parametrize("ratio", [10.0, 1e3, 1e6])
@pytest.mark.parametrize("falling", [True, False])
@pytest.mark.parametrize("scale", [1.0, 1e-6])
def test_thresholds_beside_a_jump_of_the_density(ratio, falling, scale):
    law, a, b = two_levels(ratio, falling, scale)
    for x in (0.5 - 1e-3, 0.5 - 1e-7, 0.5 - 1e-9, 0.5 + 1e-12, 0.5 + 1e-9, 0.5 + 1e-7, 0.5 + 1e-3):
        if x >= 0.5:
            mean = (1 + x) / 2
        else:
            mass, moment = a * (0.5 - x) + b / 2, a * (0.25 - x**2) / 2 + 0.375 * b
            mean = moment / mass
        slope = (a if x < 0.5 else b) * (mean - x) / (a * max(0.0, 0.5 - x) + b * (1 - max(x, 0.5)))
        assert calibrate_hard(law, mean * scale).threshold / scale == pytest.approx(x, abs=2e-14 + 4e-16 / slope)


@pytest.mark.parametrize("a", [0.9, 0.5, 0.2])
def test_thresholds_of_beta_laws_with_an_infinite_density(a):
    law = PiecewiseLaw(lambda u: u, lambda u: math.log(a) + (a - 1) * np.log(u), UNIT)
    for x in (1e-3, 0.1, 0.5, 0.9, 0.999):
        mean = a / (a + 1) * math.expm1((a + 1) * math.log(x)) / math.expm1(a * math.log(x))
        assert calibrate_hard(law, mean).threshold == pytest.approx(x, rel=1e-11, abs=0)


def test_a_root_at_a_jump_is_found_by_bisection():
    """Brent's method alone takes a thousand steps to a jump at 0, and scipy then raises."""
    calls = []

    def jump(x: float) -> float:
        calls.append(x)
        return -1.0 if x <= 0 else 0.1

    assert bracketed_root(jump, -0.3, 1.0) == 5e-324
    assert len(calls) < 130
    assert bracketed_root(lambda x: x**3 - 2, 0.0, 3.0) == pytest.approx(2 ** (1 / 3), rel=1e-15, abs=0)


@pytest.mark.parametrize("power", [-0.9, -0.5, 0.1, 0.5, 0.9, 1.1, 1.5, 2.5, 3.5, 10.5])
def test_powers_of_a_uniform(power):
    """U^p, singular at 0; P(U^p >= t) and the tail mean are elementary."""
    domain = {"max_multiplier": 0.0, "steep": False} if power < 0 else {}
    law = PiecewiseLaw(lambda u: u**power, np.zeros_like, UNIT, **domain)
    assert law.mean == pytest.approx(1 / (1 + power), rel=1e-12, abs=0)
    t = 0.25**power
    share = 0.75 if power > 0 else 0.25
    moment = (1 - 0.25 ** (1 + power)) / (1 + power) if power > 0 else 0.25 ** (1 + power) / (1 + power)
    assert law.survival(t) == pytest.approx(share, rel=1e-12, abs=0)
    assert law.tail_mean(t) == pytest.approx(moment / share, rel=1e-12, abs=0)
    assert law.density(t) == pytest.approx(0.25 ** (1 - power) / abs(power), rel=1e-9, abs=0)


@pytest.mark.parametrize("power", [-0.99, -1.0])
def test_a_mean_that_is_infinite_or_not_resolved_is_refused(power):
    with pytest.raises(ValueError, match="mean = 'unknown"):
        _ = PiecewiseLaw(lambda u: u**power, np.zeros_like, UNIT, max_multiplier=0.0, steep=False).mean


def test_an_infinite_variance_is_refused():
    with pytest.raises(ValueError, match="variance = 'unknown"):
        _ = PiecewiseLaw(lambda u: u**-0.5, np.zeros_like, UNIT, max_multiplier=0.0, steep=False).variance


@pytest.mark.parametrize("down", [False, True])
def test_a_gap_in_the_support(down):
    """U below 1/2 and U + 1 above it, or the lower half raised by 2: no mass between the pieces."""
    first, second = (2.0, 0.0) if down else (0.0, 1.0)
    law = PiecewiseLaw(lambda u: np.where(u < 0.5, u + first, u + second), np.zeros_like, [0.0, 0.5, 1.0])
    (low, gap), (end, high) = ((0.5, 1.0), (2.0, 2.5)) if down else ((0.0, 0.5), (1.5, 2.0))
    assert (law.ess_inf, law.ess_sup) == (pytest.approx(low, abs=1e-14), pytest.approx(high, abs=1e-14))
    for level in (gap + 1e-9, 0.5 * (gap + end), end - 1e-9):
        assert (law.density(level), law.hazard(level)) == (0.0, 0.0)
        assert law.survival(level) == pytest.approx(0.5, rel=1e-13, abs=0)
        assert law.tail_inf(level) == pytest.approx(end, abs=1e-14)
        assert law.tail_mean(level) == pytest.approx(0.5 * (end + high), rel=1e-13, abs=0)
    assert law.density(gap - 1e-9) == pytest.approx(1.0, rel=1e-9, abs=0)
    assert law.density(end + 1e-9) == pytest.approx(1.0, rel=1e-9, abs=0)
    mean = 0.5 * (end + high) - 0.01
    assert calibrate_hard(law, mean).mean == pytest.approx(mean, rel=1e-13, abs=0)


def test_a_score_that_turns_between_breakpoints_is_refused_in_any_unit():
    for scale in (1e-140, 1e-13, 1.0, 1e140):
        with pytest.raises(ValueError, match="monotone between breakpoints"):
            PiecewiseLaw(lambda u, scale=scale: scale * (u - 0.4) ** 2, np.zeros_like, UNIT)


SCORES = np.random.default_rng(1).normal(size=50)


def in_unit(kind: str, unit: float):
    if kind == "gaussian":
        return GaussianLaw(0.5 * unit, unit)
    if kind == "atomic":
        return AtomicLaw(unit * SCORES)
    return PiecewiseLaw(lambda u: unit * u, lambda u: np.log(2 * u), UNIT)


@pytest.mark.parametrize("kind", ["gaussian", "atomic", "piecewise"])
@pytest.mark.parametrize("exponent", [-480, -200, 200, 480])
def test_the_unit_of_the_score_scales_the_answer(kind, exponent):
    """Units are powers of two: answers agree to the last digits."""
    unit, target = 2.0**exponent, 0.9
    law, plain = in_unit(kind, unit), in_unit(kind, 1.0)
    hard, reference = calibrate_hard(law, target * unit), calibrate_hard(plain, target)
    assert hard.threshold / unit == pytest.approx(reference.threshold, rel=1e-12, abs=0)
    assert hard.kl == pytest.approx(reference.kl, rel=1e-12, abs=0)
    klsc, tilt = calibrate_klsc(law, target * unit), calibrate_klsc(plain, target)
    assert klsc.multiplier * unit == pytest.approx(tilt.multiplier, rel=1e-12, abs=0)
    assert law.variance / unit / unit == pytest.approx(plain.variance, rel=1e-12, abs=0)
    assert law.mean_abs_dev / unit == pytest.approx(plain.mean_abs_dev, rel=1e-12, abs=0)


@pytest.mark.parametrize("kind", ["gaussian", "atomic", "piecewise"])
@pytest.mark.parametrize("unit", [1e-200, 1e-160, 1e160, 1e200])
def test_a_unit_whose_square_is_no_double_is_refused(kind, unit):
    with pytest.raises(ValueError, match=r"range of the score = .* use another unit"):
        in_unit(kind, unit)


@pytest.mark.parametrize("scores", [[-1e200, 1e200], [0.0, 5e-320], [-1.7e308, 1.7e308]])
def test_atoms_whose_range_is_no_unit_are_refused(scores):
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="range of the score"):
        AtomicLaw(scores)


def test_masked_numbers_are_refused():
    hidden = np.ma.array([1.0, 2.0, 3.0, 82.0], mask=[False, False, False, True])
    with pytest.raises(ValueError, match="scores = '1 masked entries'"):
        AtomicLaw(hidden)
    with pytest.raises(ValueError, match="masses = '1 masked entries'"):
        AtomicLaw([1.0, 2.0, 3.0, 4.0], masses=np.ma.array([0.25] * 4, mask=[True, False, False, False]))
    with pytest.raises(ValueError, match="breakpoints = '1 masked entries'"):
        PiecewiseLaw(lambda u: u, np.zeros_like, np.ma.array(UNIT, mask=[False, True]))
    assert AtomicLaw(hidden.compressed()).mean == 2.0
    assert AtomicLaw(np.ma.array([1.0, 2.0, 3.0, 4.0])).mean == 2.5


def minus_pareto(**domain: float) -> PiecewiseLaw:
    return PiecewiseLaw(lambda u: -(u**-0.4), np.zeros_like, UNIT, **domain)


def test_a_negative_tilt_without_exponential_moment_is_refused():
    law = minus_pareto()
    with pytest.raises(ValueError, match=r"min_multiplier = None: must be given, for a negative tilt"):
        law.tilt(-1.0)
    with pytest.raises(ValueError, match=r"multiplier = -1\.0: must be above 0\.0"):
        minus_pareto(min_multiplier=0.0).tilt(-1.0)
    assert law.tilt(2.0).tilt(-1.0).mean == pytest.approx(law.tilt(1.0).mean, rel=1e-12, abs=0)
    assert law.tilt(2.0).tilt(-2.0).mean == pytest.approx(law.mean, rel=1e-12, abs=0)
    with pytest.raises(ValueError, match="min_multiplier"):
        law.tilt(2.0).tilt(-3.0)


def test_a_wrong_promise_of_a_negative_tilt_is_found_out():
    with pytest.raises(ValueError, match="mean = 'unknown"):
        minus_pareto(min_multiplier=-math.inf).tilt(-1.0)


def test_negative_tilts_down_to_the_end_of_the_domain():
    """log U has density e^y on y < 0: its tilts are those of an exponential law, down to -1."""
    law = PiecewiseLaw(np.log, np.zeros_like, UNIT, min_multiplier=-1.0)
    assert law.tilt(-0.5).mean == pytest.approx(-2.0, rel=1e-12, abs=0)
    with pytest.raises(ValueError, match=r"multiplier = -1: must be above -1\.0"):
        law.tilt(-1)
    with pytest.raises(ValueError, match=r"min_multiplier = 0\.5: must be <= 0"):
        PiecewiseLaw(np.log, np.zeros_like, UNIT, min_multiplier=0.5)


@pytest.mark.parametrize("count", [sums.BLOCK - 1, sums.BLOCK, sums.BLOCK + 1, 3 * sums.BLOCK + 7])
def test_tails_across_blocks_of_atoms(count):
    """Scores i^2 with equal masses, against integers: every index beside an end of a block."""
    values = np.arange(count, dtype=np.float64) ** 2
    law = AtomicLaw(values)
    for i in {0, 1, sums.BLOCK - 1, sums.BLOCK, sums.BLOCK + 1, 2 * sums.BLOCK, count - 1} & set(range(count)):
        squares = (count * (count - 1) * (2 * count - 1) - i * (i - 1) * (2 * i - 1)) // 6
        mean = Fraction(squares, count - i)
        assert law.survival(values[i]) == pytest.approx((count - i) / count, rel=1e-14, abs=0)
        assert law.survival_above(values[i]) == pytest.approx((count - i - 1) / count, rel=1e-14, abs=1e-300)
        assert law.tail_mean(values[i]) == pytest.approx(float(mean), rel=1e-14, abs=0)
        assert calibrate_hard(law, float(mean)).mean == pytest.approx(float(mean), rel=1e-14, abs=0)
        if i:
            dropped = -math.log1p(-i / count) if 2 * i < count else math.log(count / (count - i))
            assert -law.log_survival(values[i]) == pytest.approx(dropped, rel=1e-13, abs=0)


def test_sums_of_a_million_atoms_keep_their_digits():
    count = 1_000_000
    scores = np.exp(np.random.default_rng(0).normal(size=count))
    ordered = np.sort(scores)
    law = AtomicLaw(scores)
    assert law.mean == pytest.approx(math.fsum(scores) / count, rel=1e-15, abs=0)
    assert Hard(law, float(ordered[3])).kl == pytest.approx(-math.log1p(-3 / count), rel=1e-14, abs=0)
    top = ordered[count // 3 :]
    assert law.tail_mean(float(top[0])) == pytest.approx(math.fsum(top) / top.size, rel=2e-15, abs=0)
    weights = np.exp(0.5 * (ordered - ordered[-1]))
    truth = math.fsum(weights * ordered) / math.fsum(weights)
    mean, variance = law.tilted_moments(0.5, 0.0)
    assert mean == pytest.approx(truth, rel=1e-14, abs=0)
    assert variance == pytest.approx(math.fsum(weights * (ordered - truth) ** 2) / math.fsum(weights), rel=1e-13, abs=0)
    hazard = law.cumulative_hazard(float(ordered[0]), float(ordered[count // 2]))
    assert hazard == pytest.approx(math.fsum(1 / np.arange(count, count - count // 2, -1)), rel=1e-14, abs=0)


def test_masses_of_a_few_ties_among_many():
    scores = np.concatenate([np.arange(2.0 * sums.BLOCK), [5.0, 5.0, sums.BLOCK]])
    law = AtomicLaw(scores)
    assert law.atom(5.0) == pytest.approx(3 / scores.size, rel=1e-15, abs=0)
    assert law.atom(float(sums.BLOCK)) == pytest.approx(2 / scores.size, rel=1e-15, abs=0)
    assert law.atom(2.0 * sums.BLOCK - 1) == pytest.approx(1 / scores.size, rel=1e-15, abs=0)
    assert float(law.atoms()[1].sum()) == pytest.approx(1.0, rel=1e-14, abs=0)


@pytest.mark.parametrize("concentration", [1e4, 1e6, 1e8])
def test_sharp_angles_without_cancellation(concentration):
    """von Mises, with its log-density written as -2 kappa sin^2(u/2)."""
    constant = math.log(2 * math.pi * special.ive(0, concentration))
    law = PiecewiseLaw(np.cos, lambda u: -2 * concentration * np.sin(u / 2) ** 2 - constant, [-math.pi, 0.0, math.pi])
    truth = special.ive(1, concentration) / special.ive(0, concentration)
    assert law.mean == pytest.approx(truth, rel=1e-14, abs=0)


def test_a_density_whose_digits_cancel_is_called_that():
    kappa = 1e6
    constant = math.log(2 * math.pi * special.ive(0, kappa)) + kappa
    with pytest.raises(ValueError, match=r"\d+ panels'.* the density is smooth only to .* too sharp for its rounding"):
        PiecewiseLaw(np.cos, lambda u: kappa * np.cos(u) - constant, [-math.pi, 0.0, math.pi])


def test_a_shell_from_far_below():
    """z + width loses the upper end at -1e17; the interval is given by its ends."""
    law = GaussianLaw(1.0, 2.0)
    for upper, z in ((1.0, 0.0), (3.0, 1.0), (-1.0, -1.0)):
        for lower in (-1e17, -1e300, -math.inf):
            assert law.share_below(lower, upper) == pytest.approx(special.ndtr(z), rel=1e-15, abs=0)
    assert law.share_below(-1e17, -1e16) == 0.0
    assert law.share_below(-5.0, 1e17) == 1.0
    with pytest.raises(ValueError, match=r"multiplier = 1e\+200: must be such that location"):
        GaussianLaw(0.0, 1e100).tilt(1e200)


SWITCHES = (2.0, 3.0, 10.0)
STATED = 3e-14


@pytest.mark.parametrize("z", [*np.linspace(-36.97, 36.9, 75), *(s + d for s in SWITCHES for d in (-1e-9, 0.0, 1e-9))])
def test_mills_functions_at_their_stated_accuracy(z):
    """Beside the points where the formula changes as well: each is used only where it has its digits."""
    z = float(z)
    with mp.workdps(400):
        hazard, residual = oracles.normal_hazard(z), oracles.normal_mean_residual(z)
        survival = oracles.normal_survival(z)
        pairs = {
            "hazard": (mills.hazard(z), hazard),
            "mean_residual": (mills.mean_residual(z), residual),
            "tail_variance": (mills.tail_variance(z), 1 - hazard * residual),
            "log_survival": (mills.log_survival(z), mp.log(survival)),
            "density": (GaussianLaw().density(z), mp.npdf(z)),
        }
        for width in (1e-6, 0.999, 1.001, 7.0):
            truth = oracles.normal_shell_mass(z, width)
            if truth > 1e-290:
                assert oracles.relative_error(mills.shell_mass(z, width), truth) < 10 * STATED, width
        for name, (value, truth) in pairs.items():
            if abs(truth) > 1e-290:
                assert oracles.relative_error(float(value), truth) < STATED, name


def test_a_score_exactly_at_its_cap():
    """min(U, 0.6): the atom of mass 0.4 belongs to every interval that contains 0.6, and to no other."""
    cap = 0.6
    law = PiecewiseLaw(lambda u: np.minimum(u, cap), np.zeros_like, [0.0, cap, 1.0])
    after = math.nextafter(cap, 1.0)
    assert law.share_below(0.0, cap) == pytest.approx(0.6, rel=1e-13, abs=0)
    assert law.share_below(0.0, after) == 1.0
    assert law.share_below(cap, after) == 1.0
    assert law.shell_mass(cap, 0.0) == 0.0
    assert (law.survival_above(cap), law.density(cap), law.tail_mean(cap)) == (0.0, 0.0, cap)
    assert law.survival_above(math.nextafter(cap, 0.0)) == pytest.approx(0.4, rel=1e-13, abs=0)
    assert (law.tail_inf(cap), law.tail_variance(cap), law.mean_residual(cap)) == (cap, 0.0, 0.0)
    assert Hard(law, cap).kept == pytest.approx(0.4, rel=1e-13, abs=0)


def test_panels_without_mass_are_left_coarse_and_steep_ones_are_not():
    """e^(-k u) on [0, 1]: tails of e^-600 keep their digits, and no panel spans more nats than its nodes resolve."""
    rate = 650.0
    law = PiecewiseLaw(lambda u: u, lambda u: math.log(rate) - rate * u, UNIT)
    for t in (0.1, 0.5, 0.9):
        truth = -rate * t + math.log(-math.expm1(-rate * (1 - t)))
        assert law.log_survival(t) == pytest.approx(truth, rel=1e-12, abs=0)
        assert law.hazard(t) == pytest.approx(rate / -math.expm1(-rate * (1 - t)), rel=1e-9, abs=0)
    tilted = law.tilt(2 * rate)
    assert 1 - tilted.mean == pytest.approx(1 / rate, rel=1e-9, abs=0)


@pytest.mark.parametrize("power", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("rest", [0.1, 1e-3, 1e-5, 1e-8, 1e-12])
def test_tails_where_the_density_vanishes_like_a_polynomial(power, rest):
    """Density (p + 1)(-y)^p on [-1, 0]: one polynomial describes it, but not its tail, S(-e) = e^(p + 1)."""
    law = PiecewiseLaw(lambda u: -u, lambda u: power * np.log(u) + math.log(power + 1), UNIT)
    assert law.survival(-rest) == pytest.approx(rest ** (power + 1), rel=1e-12, abs=0)
    assert law.mean_residual(-rest) == pytest.approx(rest / (power + 2), rel=1e-12, abs=0)


class Plain(GaussianLaw):
    """A normal law with an atom beside it, which leaves P(Y > level) to `ScoreLaw`."""

    def atoms(self):
        return np.array([self.location]), np.array([0.25])

    def log_survival(self, threshold):
        part = super().log_survival(threshold)
        return math.log(0.75 * math.exp(part) + 0.25 * (threshold <= self.location))


def test_what_lies_above_a_level_for_any_law():
    """Without an atom the level itself is no loss; the next double is, where the law is as narrow as their distance."""
    narrow = GaussianLaw(1e6, 1e-10)
    assert math.nextafter(1e6, math.inf) - 1e6 > 1e-10
    assert narrow.survival_above(1e6) == narrow.survival(1e6) == 0.5
    law = Plain(0.0, 1.0)
    assert (law.survival(0.0), law.survival_above(0.0)) == (pytest.approx(0.625), pytest.approx(0.375))
