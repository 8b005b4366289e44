"""What the samplers end in: rates in the number of steps and particles, the ideal sampler, the factor of two.

Rates are slopes of log error; every sampled check uses standard errors of the run itself.
"""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from distributional_view.theory import AtomicLaw, calibrate_klsc
from distributional_view.theory.pools.retrieval import tilted_weights
from distributional_view.theory.samplers.energy_dps import energy_dps, unguided
from distributional_view.theory.samplers.schedule import NoiseSchedule, each
from distributional_view.theory.samplers.twisted_smc import twisted_smc
from distributional_view.toy.exact_samples import exact_samples
from distributional_view.toy.ideal import angle_moments, ideal_world, mean_world, smooth
from distributional_view.toy.judge import judge_of, sliced_wasserstein
from distributional_view.toy.kde import quadrature_nodes
from distributional_view.toy.mixture import GaussianMixture
from distributional_view.toy.planar import PlanarWorld, Plane
from distributional_view.toy.scores import AngularScore, LinearScore
from distributional_view.toy.world import paper_world

LINEAR = NoiseSchedule.linear()
WORLD = paper_world()
STEPS = (8, 16, 32, 64)


def planar(steps, dtype=jnp.float32):
    return PlanarWorld(WORLD.mixture, WORLD.psi, LINEAR.strided(steps), dtype)


def slope(x, errors):
    return float(np.polyfit(np.log(x), np.log(np.abs(errors)), 1)[0])


def log_smoothed_by_quadrature(function, mean, deviation):
    """log E[f(angle(m + s xi))] in polar coordinates around the origin."""
    theta = 2 * np.pi * np.arange(2000) / 2000
    nodes, weights = np.polynomial.legendre.leggauss(200)
    low = max(0.0, math.hypot(*mean) - 10 * deviation)
    half = 0.5 * (math.hypot(*mean) + 10 * deviation - low)
    r = (low + half * (nodes + 1))[:, None]
    squares = (r * np.cos(theta) - mean[0]) ** 2 + (r * np.sin(theta) - mean[1]) ** 2
    density = np.exp(-squares / (2 * deviation**2)) / (2 * np.pi * deviation**2) * r
    return math.log((density * function(theta) * (half * weights)[:, None]).sum() * 2 * np.pi / 2000)


@pytest.mark.parametrize(
    ("mean", "deviation", "multiplier"),
    [
        ((0.3, 0.2), 1.0, 2.0),
        ((1.7, -1.7), 0.9, 0.1),
        ((-2.0, 0.4), 0.3, 0.5),
        ((-2.0, -2.0), 0.05, 2.0),
        ((1e-9, 0.0), 1.0, 0.5),
    ],
)
def test_table_is_the_conditional_expectation(mean, deviation, multiplier):
    def tilt(theta):
        return np.exp(multiplier * WORLD.psi.of_angle(theta))

    table = smooth(tilt, logarithm=True)
    value, gradient = table(Plane(jnp.array([mean[0]]), jnp.array([mean[1]])), jnp.array([deviation]))
    assert float(value[0]) == pytest.approx(log_smoothed_by_quadrature(tilt, mean, deviation), abs=1e-6)
    if math.hypot(*mean) > 0.1:
        h = 1e-4 * deviation
        for axis, found in enumerate((gradient.x, gradient.y)):
            shifted = [tuple(np.array(mean) + sign * h * np.eye(2)[axis]) for sign in (1, -1)]
            up, down = (log_smoothed_by_quadrature(tilt, m, deviation) for m in shifted)
            assert float(found[0]) == pytest.approx((up - down) / (2 * h), abs=1e-4 * multiplier / deviation)


@pytest.mark.parametrize(("multiplier", "stated"), [(1 / 8, 1e-7), (1 / 2, 2e-6), (1.0, 2e-5), (2.0, 1e-3)])
def test_the_table_at_its_stated_accuracy(multiplier, stated):
    """log f ranges over 8.18 multiplier nats; points around the origin, seen from near and from afar."""

    def tilt(theta):
        return np.exp(multiplier * WORLD.psi.of_angle(theta))

    table, worst = smooth(tilt, logarithm=True), 0.0
    for radius in (0.3, 1.0, 1.7, 2.4, 2.8, 3.2, 4.0, 4.8, 6.0, 12.0):
        for angle in np.linspace(-3.0, 3.0, 7):
            mean = radius * math.cos(angle), radius * math.sin(angle)
            value, _ = table(Plane(jnp.array([mean[0]]), jnp.array([mean[1]])), jnp.array([1.0]))
            worst = max(worst, abs(float(value[0]) - log_smoothed_by_quadrature(tilt, mean, 1.0)))
    assert stated / 100 < worst < stated, worst


def test_angle_moments_against_sampled_angles():
    rng = np.random.default_rng(0)
    for rho in (0.2, 1.0, 4.0):
        z = rng.normal(size=(400_000, 2)) + np.array([rho, 0.0])
        angle = np.arctan2(z[:, 1], z[:, 0])
        found = angle_moments(np.array([rho]), 5)[0]
        for n in range(5):
            sample = np.cos(n * angle)
            assert abs(sample.mean() - found[n]) <= 4.5 * sample.std() / math.sqrt(len(sample)) + 1e-12
    assert angle_moments(np.array([0.0, np.inf]), 3).tolist() == [[1, 0, 0], [1, 1, 1]]


def test_ideal_gradients_are_derivatives():
    row = list(each(LINEAR.strided(50).rows))[25]
    base = planar(50, jnp.float64)
    x = base.from_numpy(np.random.default_rng(0).normal(size=(40, 2)) * 2)
    for world in (ideal_world(base, 0.7), mean_world(base)):
        found = world.to_numpy(world.guidance(x, row).gradient)
        for axis in (0, 1):
            step = world.from_numpy(1e-6 * np.tile(np.eye(2)[axis], (40, 1)))
            up, down = (world.to_numpy(world.expectation(p, row)) for p in (x + step, x - step))
            assert np.abs(found[:, axis] - (up - down) / 2e-6).max() < 1e-6


@pytest.mark.slow
def test_unguided_sampling_returns_the_prior_at_rate_one():
    points, masses = quadrature_nodes(WORLD)
    exact = float(masses @ (points**2).sum(1))
    errors, ses = [], []
    for steps in STEPS:
        w = planar(steps)
        squares = (w.to_numpy(unguided(w, w.noise(1, 100_000))) ** 2).sum(1)
        errors.append(squares.mean() - exact)
        ses.append(squares.std() / math.sqrt(len(squares)))
    assert abs(errors[-1]) > 10 * ses[-1], "the bias must stand out for a rate to be measured"
    assert -1.15 < slope(STEPS, errors) < -0.75, errors
    last = (w.to_numpy(unguided(planar(1000), planar(1000).noise(2, 40_000))) ** 2).sum(1)
    assert abs(last.mean() - exact) < 0.08


@pytest.mark.parametrize(("steps", "variance"), [(50, 0.857), (1000, 0.991)])
def test_few_steps_bias_the_unguided_law(steps, variance):
    """For N(0, 1) the chain is linear: its variance by recursion, and as sampled."""
    schedule = LINEAR.strided(steps)
    exact = 1.0
    for row in each(schedule.rows):
        exact = (row.from_x + row.from_x0 * row.signal) ** 2 * exact + row.noise_sd**2
    assert exact == pytest.approx(variance, abs=5e-4)
    standard = GaussianMixture(jnp.ones(1), jnp.zeros((1, 2)), jnp.eye(2)[None])
    w = PlanarWorld(standard, LinearScore((1.0, 0.0)), schedule)
    x = w.to_numpy(unguided(w, w.noise(0, 40_000))).ravel()
    assert abs(x.var() - exact) < 4.5 * exact * math.sqrt(2 / x.size)


@pytest.mark.slow
def test_ideal_sampler_ends_in_the_tilt_at_rate_one():
    klsc = calibrate_klsc(WORLD.law, 6.0)
    errors = []
    for steps in STEPS:
        w = ideal_world(planar(steps), klsc.multiplier)
        scores = w.to_numpy(w.score(energy_dps(w, w.noise(2, 60_000), 1.0)))
        errors.append(scores.mean() - 6.0)
    assert abs(errors[-1]) > 6 * scores.std() / math.sqrt(len(scores))
    assert -1.2 < slope(STEPS, errors) < -0.7, errors


def test_ideal_sampler_reaches_the_sampling_floor_and_the_plug_in_at_beta_does_not():
    klsc = calibrate_klsc(WORLD.law, 6.0)
    judge, n = judge_of(WORLD, klsc, 5), 5000
    floor = np.mean([judge(exact_samples(WORLD, klsc, seed, n))[1:] for seed in (6, 7, 8)], axis=0)
    w = ideal_world(planar(400), klsc.multiplier)
    ideal = judge(w.to_numpy(energy_dps(w, w.noise(3, n), 1.0)))
    plain = planar(400)
    plug_in = judge(plain.to_numpy(energy_dps(plain, plain.noise(3, n), klsc.multiplier)))
    assert ideal.tv < 2.5 * floor[0]
    assert ideal.wasserstein < 3 * floor[1]
    assert plug_in.tv > 6 * floor[0]


def test_factor_of_two():
    """Rotation-invariant prior, score of the direction: the plug-in at beta samples the tilt at 2 beta."""
    beta, n = 0.25, 40_000
    psi = AngularScore("cosine", 4.09)
    w = PlanarWorld(GaussianMixture(jnp.ones(1), jnp.zeros((1, 2)), jnp.eye(2)[None]), psi, LINEAR)
    scores = w.to_numpy(w.score(energy_dps(w, w.noise(0, n), beta)))
    angle = 2 * np.pi * (np.arange(4000) + 0.5) / 4000
    law = AtomicLaw(np.asarray(psi.of_angle(angle)))
    once, twice = law.tilt(beta).mean, law.tilt(2 * beta).mean
    assert (once, twice) == pytest.approx((5.948, 6.974), abs=2e-3)
    assert abs(scores.mean() - twice) < 0.03  # 1000 steps leave 0.02
    assert abs(scores.mean() - once) > 0.9


def test_the_factor_is_one_for_a_linear_score_with_a_gaussian_prior():
    w = PlanarWorld(GaussianMixture(jnp.ones(1), jnp.zeros((1, 2)), jnp.eye(2)[None]), LinearScore((1.0, 0.0)), LINEAR)
    scores = w.to_numpy(w.score(energy_dps(w, w.noise(0, 40_000), 0.7)))
    assert abs(scores.mean() - 0.7) < 0.02  # the tilt at beta has mean beta; at 2 beta it would be 1.4


def test_twisted_sampler_is_exact_for_the_chain_that_it_corrects():
    """Against the same 20-step chain, unguided and reweighted: no discretisation enters the comparison."""
    w = planar(20)
    beta = 0.6
    pool = w.to_numpy(w.score(unguided(w, w.noise(9, 400_000))))
    weights = tilted_weights(pool, beta)
    truth, log_z = float(weights @ pool), math.log(np.exp(beta * pool).mean())
    runs = [twisted_smc(w, w.noise(s, 2000), beta, s, resample_below=0.7) for s in range(12)]
    means = np.array([r.weights @ w.to_numpy(w.score(r.x)) for r in runs])
    logs = np.array([r.log_partition for r in runs])
    assert any(r.resampled for r in runs)
    pool_se = math.sqrt(float((weights**2) @ (pool - truth) ** 2))
    assert abs(means.mean() - truth) < 4 * math.hypot(means.std(ddof=1) / math.sqrt(12), pool_se) + 0.01
    assert abs(logs.mean() - log_z) < 4 * logs.std(ddof=1) / math.sqrt(12) + 0.01
    guided_only = w.to_numpy(w.score(energy_dps(w, w.noise(1, 24_000), 0.25 * beta))).mean()
    assert abs(guided_only - truth) > 0.3  # the weights do the work


@pytest.mark.slow
def test_twisted_error_falls_with_the_root_of_the_particles():
    w = planar(20)
    sizes, spread = (100, 400, 1600), []
    for n in sizes:
        runs = [twisted_smc(w, w.noise(s, n), 0.6, s) for s in range(16)]
        spread.append(float(np.std([r.log_partition for r in runs], ddof=1)))
    assert -0.75 < slope(sizes, spread) < -0.3, spread


def test_exact_samples_follow_the_solution():
    klsc = calibrate_klsc(WORLD.law, 7.0)
    x = exact_samples(WORLD, klsc, 0, 20_000)
    scores = np.asarray(WORLD.psi(x))
    se = math.sqrt(klsc.law.variance / len(x))
    assert abs(scores.mean() - 7.0) < 4 * se
    for level in (4.0, 6.0, 7.5):
        share = klsc.survival(level)
        assert abs((scores >= level).mean() - share) < 4 * math.sqrt(share * (1 - share) / len(x))
    other = exact_samples(WORLD, klsc, 1, 20_000)
    assert not np.isclose(x[:100], other[:100]).any()
    assert sliced_wasserstein(x, other) < 0.05 < sliced_wasserstein(x, x + np.array([0.2, 0.0]))


def test_worlds_that_have_no_closed_form_say_so():
    general = GaussianMixture(jnp.ones(1), jnp.zeros((1, 2)), jnp.eye(2)[None])
    with pytest.raises(ValueError, match="wrapped AngularScore"):
        ideal_world(PlanarWorld(general, LinearScore((1.0, 0.0)), LINEAR), 1.0)
    with pytest.raises(ValueError, match="multiplier = inf"):
        ideal_world(planar(10), math.inf)
    with pytest.raises(ValueError, match="positive"):
        smooth(np.sin, logarithm=True)


def test_an_average_that_does_not_exist_is_refused():
    """Any other word would silently be read as the mean."""
    world = mean_world(planar(10))
    object.__setattr__(world, "averaging", "log")  # past the type checker of the tests
    with pytest.raises(ValueError, match=r"averaging = 'log': must be one of \('exponential', 'mean'\)"):
        world.__check_init__()
