"""Necessity rung, Lemmas F.4 and F.6 and the exact shell: where the mode of a law is typical after all.

Each check says which hypotheses hold in its example, refutes the conclusion, and shows that the one dropped is broken.
Its controls are examples in which the conclusion stands, and must be rejected for that.
"""

import math

import numpy as np
from scipy.special import gammainc
from scipy.stats import chi2

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.proofs_check.premises import broken, holds, refuted
from distributional_view.theory.measures.typical import typical_shell
from distributional_view.theory.samplers.ascent import Ascent
from tests.support.gaussian_world import GaussianWorld, Quadratic, falling

NOT_NORMAL = {"unit variance": {"deviation": 1.0}, "more": {"deviation": 1.5}}
DEFICITS = {"delta in (0, 1)": {"delta": 0.5}, "small delta": {"delta": 0.05}}
RADIUS = 1e-9


def optimised(d: int, deviation: float = 1.0) -> tuple[float, float]:
    """J = -|x|^2/(2 deviation^2) climbed to the end: largest distance of an output from 0, least J(0) - J(start)."""
    starts = deviation * np.random.default_rng(3).normal(size=(20, d))
    ends = starts.copy()
    for _ in range(200):
        ends -= 0.5 * ends / deviation**2
    return float(np.linalg.norm(ends, axis=1).max()), float((starts**2).sum(1).min() / (2 * deviation**2))


@evidence("Lemma F.4", "necessity", drops="0 < delta < 1", controls=DEFICITS)
@evidence("Lemma F.6", "necessity", drops="0 < delta < 1", controls=DEFICITS)
def negative_deficits_break_the_bound(delta: float = -0.5) -> str:
    """The output of a finished ascent: r = 1e-9, eta = 0."""
    d = 400
    far, drop = optimised(d)
    holds("standard normal", abs(chi2(d).var() - 2 * d) < 1e-9)
    holds("near the maximiser", far <= RADIUS, far=far)
    holds("maximiser at 0", drop > 0, drop=drop)
    holds("small radius", math.sqrt((1 - delta) * d) >= RADIUS)
    left, right = float(chi2(d).logcdf((1 - delta) * d)), -d * delta**2 / 4
    refuted("P(|X|^2 <= (1 - delta) d) <= exp(-d delta^2/4)", left > right + 1, left=left, right=right)
    broken("0 < delta < 1", delta < 0, delta=delta)
    return f"delta = -1/2, d = 400: log P = {left:.1e}, the bound would be {right:.0f}."


@evidence("Ours: exact shell", "necessity", drops="0 < delta < 1", controls=DEFICITS)
def negative_deficits_break_the_exponent(delta: float = -0.5) -> str:
    holds("standard normal", abs(chi2(400).var() - 800) < 1e-9)
    exponent = -(delta + math.log1p(-delta)) / 2
    refuted("-(delta + log(1 - delta))/2 >= delta^2/4", exponent < delta**2 / 4, exponent=exponent, bound=delta**2 / 4)
    broken("0 < delta < 1", delta < 0, delta=delta)
    return f"delta = -1/2: the exponent {exponent:.4f} is below {delta**2 / 4:.4f}."


@evidence("Lemma F.4", "necessity", drops="standard normal", controls=NOT_NORMAL)
@evidence("Lemma F.6", "necessity", drops="standard normal", controls=NOT_NORMAL)
def smaller_variances_break_the_bound(deviation: float = 0.8) -> str:
    """X ~ N(0, deviation^2 I); the output of a finished ascent of its density: r = 1e-9, eta = 0."""
    d, delta = 400, 0.25
    far, drop = optimised(d, deviation)
    holds("0 < delta < 1", 0 < delta < 1)
    holds("near the maximiser", far <= RADIUS, far=far)
    holds("maximiser at 0", drop > 0, drop=drop)
    holds("small radius", math.sqrt((1 - delta) * d) >= RADIUS)
    left, right = float(chi2(d).logcdf((1 - delta) * d / deviation**2)), -d * delta**2 / 4
    refuted("P(|X|^2 <= (1 - delta) d) <= exp(-d delta^2/4)", left > right + 1, left=left, right=right)
    broken("standard normal", deviation < 1, deviation=deviation)
    return f"N(0, 0.64 I_400), delta = 1/4: log P = {left:.3f} against {right:.2f}."


@evidence("Ours: exact shell", "necessity", drops="standard normal", controls={"unit variance": {"deviation": 1.0}})
def other_variances_have_other_shells(deviation: float = 0.8) -> str:
    """In two dimensions, where P(|X|^2 <= s) = 1 - exp(-s/(2 deviation^2)) and the formula says 1 - exp(-s/2)."""
    delta = 0.5
    holds("0 < delta < 1", 0 < delta < 1)
    exact, formula = -math.expm1(-(1 - delta) / deviation**2), float(gammainc(1.0, 1 - delta))
    refuted("P is the incomplete gamma function", abs(exact - formula) > 0.05, exact=exact, formula=formula)
    broken("standard normal", deviation != 1, deviation=deviation)
    return f"N(0, 0.64 I_2), delta = 1/2: P = {exact:.3f}, the formula says {formula:.3f}."


@evidence("Lemma F.4", "necessity", drops="standard normal", controls={"all coordinates": {"carriers": 6400}})
def few_directions_are_not_a_shell(carriers: int = 1) -> str:
    """E|X|^2 = d alone is not enough: with the variance in k directions |X|^2 is (d/k) chi^2_k, not concentrated."""
    delta, dimensions = 0.5, [400, 1600, 6400]
    holds("0 < delta < 1", 0 < delta < 1)
    spread = [min(d, carriers) for d in dimensions]
    logs = [float(chi2(k).logcdf((1 - delta) * k)) for k in spread]
    bounds = [-d * delta**2 / 4 for d in dimensions]
    above = min(left - right for left, right in zip(logs, bounds, strict=True)) > 1
    refuted("P(|X|^2 <= (1 - delta) d) <= exp(-d delta^2/4)", above, logs=logs, bounds=bounds)
    broken("standard normal", spread != dimensions, carriers=spread)
    return f"All the variance in one direction: P = {math.exp(logs[0]):.3f} in every dimension."


@evidence("Lemma F.6", "necessity", drops="near the maximiser", controls={"converged": {"iterations": 3000}})
def unfinished_ascents_stay_typical(iterations: int = 1) -> str:
    """Without Assumption F.5: J = -|x|^2/2, one step of length 0.01 from typical starts."""
    d, delta = 100, 0.5
    starts = np.random.default_rng(2).normal(size=(60, d))
    ends = starts * (1 - 0.01) ** iterations  # x <- x - 0.01 x
    radius = math.sqrt((1 - delta) * d)
    holds("maximiser at 0", np.abs(starts * (1 - 0.01) ** 5000).max() < 1e-9)  # where the finished ascent ends
    holds("small radius", radius > 0)
    holds("standard normal", abs(float((starts**2).mean()) - 1) < 0.1)
    holds("0 < delta < 1", 0 < delta < 1)
    hits = float(((ends**2).sum(1) > radius**2).mean())
    refuted("the complement is hit with a small probability", hits > 0.5, hits=hits)
    far = float((np.linalg.norm(ends, axis=1) > radius).mean())
    broken("near the maximiser", far > 0.5, share_beyond_the_radius=far)
    return f"One short step of an ascent leaves {hits:.0%} of the outputs in the complement of the ball."


@evidence(
    "Lemma F.6",
    "necessity",
    drops="small radius",
    controls={"r <= sqrt((1 - delta) d)": {"share": 1.0}, "x_MAP = 0, small r": {"share": 0.1}},
)
def wide_optimisers_hit_the_shell(share: float = 2**0.5) -> str:
    """r = sqrt(d): an output uniform on that sphere meets Assumption F.5 with eta = 0, and is typical."""
    d, delta = 300, 0.5
    radius = share * math.sqrt((1 - delta) * d)
    outputs = np.random.default_rng(0).normal(size=(2000, d))
    outputs *= radius / np.linalg.norm(outputs, axis=1, keepdims=True)
    squared = (outputs**2).sum(1)
    far, drop = optimised(d)
    holds("near the maximiser", squared.max() <= radius**2 * (1 + 1e-9), farthest=squared.max())
    holds("maximiser at 0", far <= RADIUS and drop > 0, far=far, drop=drop)
    holds("standard normal", abs(chi2(d).mean() - d) < 1e-9)
    holds("0 < delta < 1", 0 < delta < 1)
    hits = float((squared > (1 - delta) * d * (1 + 1e-9)).mean())
    refuted("the complement is hit with probability <= eta = 0", hits > 0.99, hits=hits)
    ends = typical_shell(d, 0.05)
    known = np.sqrt(chi2(d).ppf([0.025, 0.975]))
    within = known[0] < radius < known[1] and abs(ends.inner - known[0]) + abs(ends.outer - known[1]) < 0.2
    expect(within, "its outputs lie in the typical shell", radius=radius, shell=ends, quantiles=known)
    broken("small radius", radius > math.sqrt((1 - delta) * d), radius=radius)
    return f"r = sqrt(300): every output is in the 0.05-typical shell [{ends.inner:.2f}, {ends.outer:.2f}]."


@evidence(
    "Lemma F.6",
    "necessity",
    drops="maximiser at 0",
    controls={"x_MAP = 0": {"slope": 0.0}, "x_MAP near 0": {"slope": 0.2}},
)
def distant_modes_are_typical(slope: float = 1.0) -> str:
    """psi = slope sum x_j, R = |x|^2/2: x_MAP = (slope, ..., slope) has |x_MAP|^2 = slope^2 d."""
    d, delta = 100, 0.5
    starts = np.random.default_rng(1).normal(size=(50, d))
    world = GaussianWorld(falling(3, 0.1), Quadratic(slope=slope), dimension=d)
    ends = Ascent(world, lambda x: (0.5 * (x**2).sum(1), x), starts, 100).climb(1.0).x
    near = float((np.linalg.norm(ends - slope, axis=1) < 0.1).mean())
    hits = float(((ends**2).sum(1) > (1 - delta) * d).mean())
    holds("near the maximiser", near == 1, near=near)
    holds("small radius", math.sqrt((1 - delta) * d) > 0.1)
    pool = world.sample_prior(0, 4000)  # of q
    holds("standard normal", abs((pool**2).mean() - 1) < 0.01 > abs(pool.mean()), second_moment=(pool**2).mean())
    holds("0 < delta < 1", 0 < delta < 1)
    refuted("the complement is hit with probability <= eta = 0", hits > 0.99, hits=hits)
    broken("maximiser at 0", slope != 0, slope=slope)
    return f"x_MAP = (1, ..., 1) in d = 100: all ascents end within 0.1 of it, {hits:.0%} in the typical complement."
