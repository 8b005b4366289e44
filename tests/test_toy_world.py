"""The toy world: mixture, scores, exact angular law, KDE, and Table 2 by two independent routes."""

import dataclasses
import itertools
import math

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gaussian_kde, multivariate_normal

from distributional_view.proofs_check import oracles
from distributional_view.theory import calibrate_hard
from distributional_view.toy.angle import angular_law, log_angle_density
from distributional_view.toy.kde import kde, kl_on_grid, log_density, quadrature_nodes, smoothed_kls, world_grid
from distributional_view.toy.mixture import GaussianMixture, four_modes
from distributional_view.toy.sampled import sampled_table
from distributional_view.toy.scores import SHAPES, AngularScore, LinearScore
from distributional_view.toy.table2 import METRICS, calibrated, exact_table
from distributional_view.toy.world import TARGETS, ToyWorld, paper_world
from tests.support.sampling import STANDARD_ERRORS
from tests.support.strategies import mixtures


def by_scipy(mixture: GaussianMixture, x: np.ndarray) -> np.ndarray:
    parts = zip(mixture.weights, mixture.means, mixture.covariances, strict=True)
    return sum(float(w) * multivariate_normal(np.asarray(m), np.asarray(c)).pdf(x) for w, m, c in parts)


@settings(max_examples=20)
@given(mixtures())
def test_mixture_density_and_score(mixture):
    x = np.random.default_rng(0).normal(size=(7, 2)) * 2
    assert np.allclose(np.exp(mixture.log_density(jnp.asarray(x))), by_scipy(mixture, x), rtol=1e-11)
    gradient = jax.vmap(jax.grad(mixture.log_density))(jnp.asarray(x))
    assert np.allclose(mixture.score(jnp.asarray(x)), gradient, rtol=1e-9, atol=1e-9)


def test_mixture_samples_have_its_moments():
    covariances = jnp.asarray([[[1.0, 0.6], [0.6, 2.0]], [[0.3, 0.0], [0.0, 0.1]]])
    mixture = GaussianMixture(jnp.asarray([0.3, 0.7]), jnp.asarray([[1.0, -2.0], [0.5, 3.0]]), covariances)
    n = 200_000
    x = np.asarray(mixture.sample(jax.random.key(3), n))
    mean = np.array([0.3 * 1 + 0.7 * 0.5, 0.3 * -2 + 0.7 * 3])
    second = sum(
        w * (np.asarray(c) + np.outer(m, m))
        for w, m, c in zip((0.3, 0.7), np.asarray(mixture.means), np.asarray(covariances), strict=True)
    )
    assert np.all(np.abs(x.mean(0) - mean) < STANDARD_ERRORS * x.std(0) / math.sqrt(n))
    products = np.einsum("ni,nj->nij", x, x)
    assert np.all(np.abs(products.mean(0) - second) < STANDARD_ERRORS * products.std(0) / math.sqrt(n))


@pytest.mark.parametrize(
    ("weights", "covariance", "message"),
    [
        ([0.5, 0.6], [[1.0, 0.0], [0.0, 1.0]], r"sum\(weights\)"),
        ([1.5, -0.5], [[1.0, 0.0], [0.0, 1.0]], "weights = "),
        ([0.5, 0.5], [[1.0, 2.0], [2.0, 1.0]], "positive definite"),
        ([0.5, 0.5], [[1.0, 0.5], [0.0, 1.0]], "symmetric"),
    ],
)
def test_mixture_refuses(weights, covariance, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(jnp.asarray(weights), jnp.zeros((2, 2)), jnp.asarray([covariance, covariance]))


@settings(max_examples=6)
@given(mixtures(), st.floats(-3.0, 3.0))
def test_angle_density_against_radial_quadrature(mixture, theta):
    with mp.workdps(25):
        truth = oracles.angle_density(
            theta, *(np.asarray(a).tolist() for a in (mixture.weights, mixture.means, mixture.covariances))
        )
    assert oracles.relative_error(math.exp(float(log_angle_density(mixture, np.array(theta)))), truth) < 1e-12


def test_angle_density_far_from_the_modes():
    """Opposite a sharp mode the density is tiny; a naive bracket cancels all its digits."""
    mixture = four_modes(0.0, 1.0)
    sharp = GaussianMixture(jnp.asarray([1.0]), jnp.asarray([[12.0, 0.0]]), mixture.covariances[:1])
    with mp.workdps(60):
        truth = oracles.angle_density(3.0, [1.0], [[12.0, 0.0]], [[[1.0, 0.0], [0.0, 1.0]]])
    assert oracles.relative_error(math.exp(float(log_angle_density(sharp, np.array(3.0)))), truth) < 1e-12


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_angular_law_against_mpmath(shape):
    """Survival and log-partition of the law, in an asymmetric world, to 1e-12."""
    mixture = GaussianMixture(
        jnp.asarray([0.2, 0.5, 0.3]),
        jnp.asarray([[1.5, 0.3], [-1.0, 1.2], [-0.4, -2.0]]),
        jnp.asarray([[[0.5, 0.1], [0.1, 0.4]], [[0.3, 0.0], [0.0, 0.8]], [[0.6, -0.2], [-0.2, 0.5]]]),
    )
    score = AngularScore(shape, 1.7, direction=0.4)
    law = angular_law(mixture, score)
    level = 0.6 * law.ess_sup
    cuts = sorted({*score.breakpoints(), *score.angles_at(level)})
    pieces = list(itertools.pairwise(cuts))
    above = [score.of_angle(np.float64(0.5 * (a + b))) >= level for a, b in pieces]
    assert 0 < sum(above) < len(above)

    def density(t: mp.mpf) -> mp.mpf:
        return mp.exp(mp.mpf(float(log_angle_density(mixture, np.array(float(t))))))

    def weight(t: mp.mpf) -> mp.mpf:
        return density(t) * mp.exp(mp.mpf(float(score.of_angle(np.float64(float(t))))))

    with mp.workdps(18):
        mass = sum(mp.quad(density, [a, 0.5 * (a + b), b]) for (a, b), up in zip(pieces, above, strict=True) if up)
        z = sum(mp.quad(weight, [a, 0.5 * (a + b), b]) for a, b in pieces)
    assert law.survival(level) == pytest.approx(float(mass), abs=2e-12)
    assert law.log_partition(1.0) == pytest.approx(float(mp.log(z)), abs=2e-12)


def test_scores():
    x = np.array([[1.0, 1.0], [-1.0, -1.0], [0.0, 2.0], [-3.0, -3.0001]])
    angle = AngularScore("absolute_angle", 2.0)
    assert angle(x)[:3] == pytest.approx([0.0, 2 * np.pi, 2 * np.pi / 4])
    assert angle(x)[3] == pytest.approx(2 * np.pi, abs=1e-4)  # continuous across the branch cut
    behind = np.array([[-1.0, -0.1]])  # theta = -3.04: the deviation is 2.45 on the circle, 3.83 off it
    assert angle(behind) == pytest.approx([2 * (np.pi + np.arctan(0.1) - np.pi / 4)], abs=1e-12)
    off = AngularScore("absolute_angle", 2.0, wrapped=False)
    assert off(behind) == pytest.approx([2 * (np.pi - np.arctan(0.1) + np.pi / 4)], abs=1e-12)
    assert AngularScore("cosine", 3.0)(x)[:3] == pytest.approx([0.0, 6.0, 3 * (1 - math.sqrt(0.5))])
    assert np.allclose(angle(jnp.asarray(x)), angle(x))
    assert LinearScore((1.0, -2.0))(x).tolist() == pytest.approx([-1.0, 1.0, -4.0, 3.0002])
    with pytest.raises(ValueError, match="shape = 'angle': must be one of"):
        AngularScore("angle", 1.0)
    with pytest.raises(ValueError, match=r"scale = -1\.0"):
        AngularScore("cosine", -1.0)
    with pytest.raises(ValueError, match="direction"):
        LinearScore((0.0, 0.0))


def test_any_score_through_its_pool():
    """A score that is no function of the angle goes through the same theory as the law of a pool."""
    from distributional_view.theory import AtomicLaw, calibrate_klsc

    world = paper_world()
    score = LinearScore((0.8, -0.3))
    y = np.asarray(score(world.mixture.sample(jax.random.key(5), 100_000)))
    klsc = calibrate_klsc(AtomicLaw(y), 1.0)
    # A linear score tilts each Gaussian in closed form; equal isotropic modes reweight by exp(beta psi(mu)).
    w = np.asarray(score.direction)
    means = np.asarray(world.mixture.means) @ w

    def tilted_mean(beta: float) -> float:
        weights = np.exp(beta * means)
        return float(weights @ (means + beta * world.sigma**2 * w @ w) / weights.sum())

    assert tilted_mean(klsc.multiplier) == pytest.approx(1.0, abs=0.03)


def test_kde_against_scipy():
    rng = np.random.default_rng(1)
    points, masses = rng.normal(size=(50, 2)), rng.dirichlet(np.ones(50))
    axis = np.linspace(-3, 3, 11)
    reference = gaussian_kde(points.T, weights=masses)
    reference.set_bandwidth(1.0)
    reference._data_inv_cov = np.eye(2) / 0.4**2  # one isotropic bandwidth, as in (212)
    reference.covariance = 0.4**2 * np.eye(2)
    reference.cho_cov = 0.4 * np.eye(2)
    reference.log_det = 2 * math.log(2 * math.pi * 0.4**2)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    assert np.allclose(kde(points, masses, 0.4, axis).ravel(), reference(grid.T), rtol=1e-10)


def test_smoothed_prior_has_a_closed_form():
    """p convolved with the kernel is a wider mixture: quadrature nodes and grid reproduce its KL to p."""
    world = paper_world()
    points, masses = quadrature_nodes(world)
    assert masses.sum() == pytest.approx(1.0, abs=1e-10)
    grid = world_grid(world)
    wide = dataclasses.replace(world, sigma=math.hypot(world.sigma, world.bandwidth))
    mesh = np.stack(np.meshgrid(grid.axis, grid.axis, indexing="ij"), -1)
    truth = np.exp(log_density(wide, mesh))
    assert np.allclose(kde(points, masses, world.bandwidth, grid.axis), truth, atol=1e-9)
    assert kl_on_grid(kde(points, masses, world.bandwidth, grid.axis), grid) == pytest.approx(
        kl_on_grid(truth, grid), abs=1e-7
    )


def test_kl_on_the_grid_against_closed_form():
    """p = N(0, I); q = N(m, s^2 I)."""
    world = ToyWorld("cosine", 0.0, 1.0, 4.0, 0.1, 0.1, 0.8)
    grid = world_grid(world)
    mesh = np.stack(np.meshgrid(grid.axis, grid.axis, indexing="ij"), -1)
    m, s = np.array([0.7, -0.4]), 0.6
    q = np.exp(-0.5 * ((mesh - m) ** 2).sum(-1) / s**2) / (2 * math.pi * s**2)
    assert kl_on_grid(q, grid) == pytest.approx(0.5 * m @ m + s**2 - 1 - 2 * math.log(s), abs=1e-9)


def test_quadrature_nodes_respect_the_threshold():
    """Truncated masses of the planar nodes are the survival of the score law, not a grid's approximation."""
    world = paper_world()
    for level in (0.7, 3.1, 4.83):
        points, masses = quadrature_nodes(world, level)
        above = np.asarray(world.psi(points)) >= level
        assert masses[above].sum() == pytest.approx(world.law.survival(level), abs=1e-9)


def test_smoothed_kl_is_settled():
    """Halving the grid step moves the smoothed KLs by less than 1e-8; a jump between nodes would move them."""
    world = paper_world()
    level = calibrated(world, 6.0)
    solutions, at = [level.hard, level.klsc], [level.hard.threshold]
    coarse, fine = smoothed_kls(world, solutions, at), smoothed_kls(world, solutions, at, step=0.12)
    assert coarse == pytest.approx(fine, abs=1e-8)


def test_exact_and_sampled_agree():
    """Two routes that share no formula: quadrature on the score law, and rejection and SNIS on points."""
    world = paper_world()
    exact = exact_table(world)
    sampled = sampled_table(world, jax.random.key(11), 20_000, 12)
    for key, row in exact.items():
        for metric in METRICS:
            estimate = sampled[key][metric]
            gap = abs(estimate.mean - row[metric])
            assert gap < STANDARD_ERRORS * estimate.se, (key, metric, row[metric], estimate)
            assert estimate.se < 0.12 * row[metric], (key, metric, estimate)


def test_sampling_is_reproducible_and_refuses_bad_input():
    world = paper_world()
    runs = [sampled_table(world, jax.random.key(k), 2000, 2, (6.0,)) for k in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    with pytest.raises(ValueError, match="replicates = 1"):
        sampled_table(world, jax.random.key(0), 2000, 1)
    with pytest.raises(ValueError, match="n = 10"):
        sampled_table(world, jax.random.key(0), 10, 2)


def test_table_orderings():
    """Hard costs more KL and more TV than KLSC at every target, also by the smoothed KL."""
    table = exact_table(paper_world())
    for target in TARGETS:
        for metric in METRICS:
            assert table[target, "hard"][metric] > table[target, "klsc"][metric], (target, metric)


def test_worlds_refuse_bad_input():
    good = paper_world().parameters()
    for name, value in (
        ("score", "angle"),
        ("layout", "ring"),
        ("sigma", 0.0),
        ("margin", -0.1),
        ("bandwidth", math.nan),
    ):
        with pytest.raises(ValueError, match=f"{name} = "):
            ToyWorld(**{**good, name: value})
    with pytest.raises(ValueError, match=r"radius = -1"):
        four_modes(-1.0, 1.0)
    with pytest.raises(ValueError, match="hypothesis = 'none'"):
        paper_world("none")


def test_hard_density_is_the_angle_density_at_the_edges():
    """The density of the score at the threshold, from the angles at which psi equals it."""
    world = paper_world("absolute_angle")
    t = calibrate_hard(world.law, 6.0).threshold
    angles = np.array(world.psi.angles_at(t))
    assert world.law.density(t) == pytest.approx(
        float(np.exp(log_angle_density(world.mixture, angles)).sum()) / world.score_scale, rel=1e-11
    )
