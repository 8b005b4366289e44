"""Hypothesis strategies for score laws, finite measures and mixtures: valid by construction, asymmetric."""

import math

import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st

from theory import AtomicLaw, GaussianLaw, PiecewiseLaw, ScoreLaw
from toy.angle import angular_law
from toy.mixture import GaussianMixture
from toy.scores import AngularScore

unit = st.floats(0.02, 0.98)
levels = st.floats(-3.0, 3.0)


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
    return AtomicLaw(scores, masses)


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

    return PiecewiseLaw(lambda u: u, log_density, np.array([0.0, 1.0]))


@st.composite
def capped_laws(draw: st.DrawFn) -> PiecewiseLaw:
    """min(U, cap) for U uniform on [0, 1]: a density and an atom at the top."""
    cap = draw(st.floats(0.2, 0.9))
    return PiecewiseLaw(lambda u: np.minimum(u, cap), lambda u: np.zeros_like(u), np.array([0.0, cap, 1.0]))


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
