"""Hypothesis strategies for score laws, finite measures and mixtures: valid by construction, asymmetric."""

import itertools
import math
from collections.abc import Callable
from functools import cache

import jax.numpy as jnp
import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers
from scipy import stats
from scipy.special import expn

from distributional_view.proofs_check.evidence import under_attack
from distributional_view.theory import AtomicLaw, GaussianLaw, PiecewiseLaw, ScoreLaw
from distributional_view.toy.angle import angular_law
from distributional_view.toy.mixture import GaussianMixture
from distributional_view.toy.scores import AngularScore
from tests.support.quadrature import made_of

unit = st.floats(0.02, 0.98)
levels = st.floats(-3.0, 3.0)


def draw_alike() -> None:
    """Let draws depend on the strategies alone.

    Hypothesis also tries constants that it finds in the modules that happen to be loaded: a check would then draw other
    laws when other tests run in its process.
    """
    if hasattr(providers, "_get_local_constants"):
        providers._get_local_constants = lambda: providers.Constants()


draw_alike()


def for_all(
    *strategies: st.SearchStrategy, examples: int = 50, shrink: bool = True
) -> Callable[[Callable[..., None]], None]:
    """Run the decorated function at once on reproducible examples; a counterexample is raised, simplified if quick."""
    fixed = settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink] if shrink and not under_attack() else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    return lambda body: fixed(given(*strategies)(body))()


@st.composite
def finite_measures(draw: st.DrawFn, size: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """(masses, scores) on `size` points, with ties and zero masses, at least two distinct charged scores."""
    raw = np.array(draw(st.lists(st.integers(0, 9), min_size=size, max_size=size)), dtype=float)
    raw[:2] += 1.0
    scores = np.array(draw(st.lists(st.integers(-4, 4), min_size=size, max_size=size)), dtype=float) / 2
    scores[1] = scores[0] + draw(st.sampled_from([0.5, 1.0, 2.25]))
    return raw / raw.sum(), scores


@st.composite
def atomic_laws(draw: st.DrawFn) -> AtomicLaw:
    masses, scores = draw(finite_measures())
    return AtomicLaw(scores, masses=masses)


@st.composite
def gaussian_laws(draw: st.DrawFn) -> GaussianLaw:
    return GaussianLaw(draw(levels), draw(st.floats(0.3, 3.0)))


@st.composite
def beta_laws(draw: st.DrawFn) -> PiecewiseLaw:
    """Beta(a, b) with integer parameters, on [0, 1]."""
    a, b = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    log_constant = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)

    def log_density(u: np.ndarray) -> np.ndarray:
        return log_constant + (a - 1) * np.log(u) + (b - 1) * np.log1p(-u)

    return made_of(lambda u: u, log_density, [0.0, 1.0])


@st.composite
def capped_laws(draw: st.DrawFn) -> PiecewiseLaw:
    """min(U, cap) for U uniform on [0, 1]: a density and an atom at the top."""
    cap = draw(st.floats(0.2, 0.9))
    return made_of(lambda u: np.minimum(u, cap), np.zeros_like, [0.0, cap, 1.0])


@st.composite
def floored_laws(draw: st.DrawFn) -> PiecewiseLaw:
    """max(U, floor) for U uniform on [0, 1]: an atom of mass `floor` at the bottom, a density above."""
    floor = draw(st.floats(0.1, 0.8))
    return made_of(lambda u: np.maximum(u, floor), np.zeros_like, [0.0, floor, 1.0])


@st.composite
def mixtures(draw: st.DrawFn) -> GaussianMixture:
    """Three components with general weights, means and covariances."""
    weights = np.array([draw(st.floats(0.1, 1.0)) for _ in range(3)])
    means = np.array([[draw(levels), draw(levels)] for _ in range(3)])
    covariances = []
    for _ in range(3):
        s, t, r = draw(st.floats(0.4, 1.5)), draw(st.floats(0.4, 1.5)), draw(st.floats(-0.8, 0.8))
        covariances.append([[s * s, r * s * t], [r * s * t, t * t]])
    return GaussianMixture(jnp.asarray(weights / weights.sum()), jnp.asarray(means), jnp.asarray(covariances))


@st.composite
def angular_laws(draw: st.DrawFn) -> PiecewiseLaw:
    score = AngularScore(draw(st.sampled_from(["cosine", "absolute_angle"])), draw(st.floats(0.5, 4.0)))
    return angular_law(draw(mixtures()), score)


def continuous_laws() -> st.SearchStrategy[ScoreLaw]:
    return st.one_of(gaussian_laws(), beta_laws(), angular_laws())


def any_laws() -> st.SearchStrategy[ScoreLaw]:
    return st.one_of(gaussian_laws(), beta_laws(), angular_laws(), capped_laws(), atomic_laws())


def level_at(law: ScoreLaw, fraction: float) -> float:
    """A level strictly between the mean and (an effective) top of the law."""
    top = law.ess_sup if math.isfinite(law.ess_sup) else law.mean + 4 * math.sqrt(law.variance)
    return law.mean + fraction * (top - law.mean)


def threshold_at(law: ScoreLaw, fraction: float) -> float:
    """A threshold with mass above it and, at fractions inside (0, 1), mass below it."""
    spread = 3 * math.sqrt(law.variance)
    bottom = law.ess_inf if math.isfinite(law.ess_inf) else law.mean - spread
    top = law.ess_sup if math.isfinite(law.ess_sup) else law.mean + spread
    return bottom + fraction * (top - bottom)


# Laws that strain the statements: heavy tails, ends of the domain of A, ties, almost no spread.


@cache
def pareto_law(index: float, sign: int = 1) -> PiecewiseLaw:
    """sign * Pareto(index) from 1 on, beyond the quantile 1 - 1e-60 cut off; variance infinite but for that if <= 2."""
    return made_of(lambda u: sign * u ** (-1 / index), np.zeros_like, [1e-60, 1.0])


@cache
def exponential_law(scale: float = 1.0) -> PiecewiseLaw:
    """Unbounded and steep: A(beta) = -log(1 - beta scale) for beta < 1/scale."""
    return made_of(lambda u: -scale * np.log(u), np.zeros_like, [0.0, 1.0], max_multiplier=1 / scale, steep=True)


@cache
def non_steep_law(power: int, reach: float = math.inf) -> PiecewiseLaw:
    """Density proportional to exp(-y)(1 + y)^-power on 0 < y < reach: A ends at beta = 1 with slope 1/(power - 2)."""
    end = reach / (1 + reach) if reach < math.inf else 1.0
    cut = (1 + reach) ** (1 - power) * expn(power, 1 + reach) if reach < math.inf else 0.0
    log_c = 1 + math.log(expn(power, 1) - cut)

    def log_density(u: np.ndarray) -> np.ndarray:
        return -u / (1 - u) + (power - 2) * np.log1p(-u) - log_c

    domain = {"max_multiplier": 1.0, "steep": False} if reach == math.inf else {}
    return made_of(lambda u: u / (1 - u), log_density, [0.0, end], **domain)


@st.composite
def heavy_atomic_laws(draw: st.DrawFn) -> AtomicLaw:
    """A pool of quantiles of a Student law with few degrees of freedom: a handful of scores far out on both sides."""
    size, freedom = draw(st.integers(5, 60)), draw(st.sampled_from([0.7, 1.5, 3.0]))
    return AtomicLaw(stats.t.ppf((np.arange(size) + 0.4) / size, freedom))


def far_pools() -> st.SearchStrategy[np.ndarray]:
    """The scores of such pools."""
    return heavy_atomic_laws().map(lambda law: law.atoms()[0])


@st.composite
def near_constant_laws(draw: st.DrawFn) -> AtomicLaw:
    """Almost all mass on one value, or almost no distance between two."""
    rare, distance = 10.0 ** -draw(st.integers(1, 9)), 10.0 ** -draw(st.integers(0, 6))
    share = draw(st.sampled_from([rare, 1 - rare, 0.5]))
    return AtomicLaw(np.array([0.0, distance, 2 * distance]), masses=np.array([1 - share, 0.7 * share, 0.3 * share]))


# Wild laws: offsets and units, rare atoms, an atom below a tail, power laws, densities without a bound.


@cache
def arcsine_law(size: float = 1.0) -> PiecewiseLaw:
    """Beta(1/2, 1/2) on [0, size]: an infinite density at both ends."""
    return made_of(lambda u: size * np.sin(0.5 * math.pi * u) ** 2, np.zeros_like, [0.0, 1.0])


@cache
def power_law(a: float) -> PiecewiseLaw:
    """Beta(a, 1), with an infinite density at 0 for a < 1."""
    return made_of(lambda u: u ** (1 / a), np.zeros_like, [0.0, 1.0])


@cache
def atom_below_a_tail(share: float) -> PiecewiseLaw:
    """A mass 1 - share at 0 and an exponential tail above it: the activations of a rare feature."""
    return made_of(
        lambda u: np.where(u < share, -np.log(np.minimum(u, share) / share), 0.0),
        np.zeros_like,
        [0.0, share, 1.0],
        max_multiplier=1.0,
        steep=True,
    )


@st.composite
def moved_pools(draw: st.DrawFn) -> AtomicLaw:
    """Ties and power laws (Student, Pareto) in other units and far from 0."""
    masses, scores = draw(finite_measures())
    kind, unit_size = draw(st.sampled_from(["ties", "student", "pareto"])), 10.0 ** draw(st.integers(-3, 3))
    offset = draw(st.sampled_from([0.0, 1e6, -1e6])) * unit_size
    if kind == "ties":
        return AtomicLaw(offset + unit_size * scores, masses=masses)
    ranks = (np.arange(30) + 0.4) / 30
    tail = stats.t.ppf(ranks, 1.5) if kind == "student" else (1 - ranks) ** (-1 / 1.5)
    return AtomicLaw(offset + unit_size * tail)


def far_gaussians() -> st.SearchStrategy[GaussianLaw]:
    """Normal laws 1e6 away, in units from 1e-3 to 1e3."""
    return st.builds(
        lambda sign, power: GaussianLaw(sign * 1e6 * 10.0**power, 10.0**power),
        st.sampled_from([-1, 1]),
        st.integers(-3, 3),
    )


def wild_laws() -> st.SearchStrategy[ScoreLaw]:
    """Wild laws with Z finite at some beta > 0."""
    singular = st.sampled_from([arcsine_law(), arcsine_law(1e3), power_law(0.5), power_law(0.2)])
    rare = st.sampled_from([1e-2, 1e-4, 1e-8]).map(atom_below_a_tail)
    return st.one_of(moved_pools(), far_gaussians(), singular, rare)


def light_laws() -> st.SearchStrategy[ScoreLaw]:
    """Laws with Z finite on both sides of 0, tame and wild."""
    tame = tilting_laws().filter(lambda law: law.ess_inf > -1e6 or isinstance(law, GaussianLaw))
    return st.one_of(tame, smooth_laws(heavy=False), wild_laws())


def bounded_laws() -> st.SearchStrategy[ScoreLaw]:
    """Laws of bounded scores, offsets and units of up to 1e3 among them."""
    tame = tilting_laws().filter(lambda law: math.isfinite(law.ess_sup) and law.ess_inf > -1e6)
    return st.one_of(tame, st.sampled_from([arcsine_law(), arcsine_law(1e3), power_law(0.2)]))


def level_above(law: ScoreLaw, level: float, excess: float) -> float:
    """The level moved up by a share of its distance to (an effective) top of the law."""
    top = law.ess_sup if math.isfinite(law.ess_sup) else level + 3 * math.sqrt(law.variance)
    return level + excess * (top - level)


def tilting_laws() -> st.SearchStrategy[ScoreLaw]:
    """Laws with Z finite at every beta >= 0, without any symmetry, a heavy lower tail among them."""
    lower = st.sampled_from([1.5, 2.5, 4.0]).map(lambda a: pareto_law(a, -1))
    plain = st.one_of(gaussian_laws(), beta_laws(), capped_laws(), atomic_laws())
    return st.one_of(plain, heavy_atomic_laws(), near_constant_laws(), lower)


def smooth_laws(*, heavy: bool = True) -> st.SearchStrategy[ScoreLaw]:
    """Laws with a continuous density inside their support: normal, bounded, exponential and, if asked for, Pareto."""
    pareto, scales = st.sampled_from([1.5, 2.5, 4.0]).map(pareto_law), st.sampled_from([0.5, 2.0])
    light = st.one_of(gaussian_laws(), beta_laws(), scales.map(exponential_law))
    return st.one_of(light, pareto) if heavy else light


def truncating_laws() -> st.SearchStrategy[ScoreLaw]:
    """Laws to truncate: smooth ones, ones with atoms, heavy tails on either side."""
    return st.one_of(smooth_laws(), tilting_laws())


def upper_quantile(law: ScoreLaw, share: float) -> float:
    """The largest threshold, up to rounding, with P(Y >= t) >= share."""
    low = law.ess_inf if math.isfinite(law.ess_inf) else law.mean - 40 * math.sqrt(law.variance)
    high = law.ess_sup if math.isfinite(law.ess_sup) else max(law.mean, low) + 40 * math.sqrt(law.variance)
    if law.survival(high) >= share:
        return high
    for _ in range(400):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        low, high = (middle, high) if law.survival(middle) >= share else (low, middle)
    return low


def two_quantiles(law: ScoreLaw, first: float, second: float) -> tuple[float, float]:
    """Thresholds t <= t' with mass above both."""
    low, high = sorted((upper_quantile(law, first), upper_quantile(law, second)))
    return low, high


def shrinks(errors: list[float], factor: float = 0.35, floor: float = 1e-8) -> bool:
    """Whether errors fall by the factor at each step (steps ten times finer), down to a rounding floor."""
    return all(b <= max(factor * a, floor) for a, b in itertools.pairwise(errors))


def restricted(raw: list[int], allowed: np.ndarray) -> np.ndarray:
    """A probability on the allowed points with these weights (equal weights if all vanish there)."""
    weights = np.where(allowed, np.array(raw, dtype=float), 0.0)
    weights = weights if weights.sum() > 0 else np.where(allowed, 1.0, 0.0)
    return weights / weights.sum()


weights_of_six = st.lists(st.integers(0, 9), min_size=6, max_size=6)
