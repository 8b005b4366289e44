"""Guidance by a potential, how much each level knows of the score, steering without gradients, pooled runs."""

from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest

from distributional_view.theory import calibrate_klsc
from distributional_view.theory.methods.hybrid import HybridGuidance
from distributional_view.theory.methods.twisted_smc import TwistedSmc
from distributional_view.theory.samplers.energy_dps import energy_dps
from distributional_view.theory.samplers.pooled import pooled
from distributional_view.theory.samplers.potential import Hybrid, PotentialWorld, Predictive, predictive
from distributional_view.theory.samplers.schedule import NoiseSchedule, each
from distributional_view.theory.samplers.twisted_smc import twisted_smc
from distributional_view.theory.samplers.world import World
from distributional_view.toy.ideal import KnownPotential, ideal_world
from distributional_view.toy.judge import judge_of
from distributional_view.toy.planar import PlanarWorld
from distributional_view.toy.world import paper_world
from tests.support.gaussian_world import GaussianWorld, Quadratic

LINEAR = NoiseSchedule.linear()
WORLD = paper_world()


@cache
def twenty() -> PlanarWorld:
    """A function, so that an import starts no JAX."""
    return PlanarWorld(WORLD.mixture, WORLD.psi, LINEAR.spaced(20), jnp.float64)


@cache
def beta() -> float:
    return calibrate_klsc(WORLD.law, 7.0).multiplier


@pytest.fixture(scope="module")
def known():
    return predictive(KnownPotential(twenty()), 0, 4000)


def test_a_gaussian_tells_slope_and_error_exactly():
    """For N(0, 1) and psi = x, x0_hat = sqrt(alpha_bar) x_t: slope 1, and the noise's share of the variance is left."""
    schedule = LINEAR.spaced(8, "log-SNR")
    found = predictive(GaussianWorld(schedule), 0, 40_000)
    noise = 1 - schedule.alpha_bar[1:][::-1]
    seen = noise < 0.9
    assert np.abs(found.slope[seen] - 1).max() < 0.05
    assert np.abs(found.plug_in - noise).max() < 0.02
    assert np.isnan(found.potential).all()
    assert found.switch == 0
    curved = predictive(GaussianWorld(schedule, Quadratic(curvature=2.0)), 0, 40_000)  # psi = x^2: what is left is
    assert np.abs(curved.plug_in - (1 - (1 - noise) ** 2)).max() < 0.03  # 1 - alpha_bar^2


def test_the_exact_potential_knows_most_at_every_level(known):
    assert (known.potential < known.plug_in + 0.01).all()
    assert known.switch > 10
    assert known.slope[-1] == pytest.approx(1.0, abs=0.02)  # at the clean end x0_hat is X_0
    assert known.slope[0] < 0.3  # an angle of a blur says little


def test_the_switch_is_where_the_errors_cross():
    def at(potential, plug_in):
        return Predictive(np.ones(len(plug_in)), np.array(plug_in), np.array(potential)).switch

    assert at([0.9, 0.8, 0.7, 0.6], [1.0, 0.9, 0.3, 0.1]) == 2
    assert at([0.1, 0.1], [0.2, 0.2]) == 2
    assert at([0.3, 0.3], [0.2, 0.2]) == 0
    assert at([np.nan, 0.3], [0.5, 0.5]) == 0


def test_hybrid_guidance_is_the_potential_first_and_the_shrunken_plug_in_then():
    source = KnownPotential(twenty())
    slopes = np.linspace(0.1, 1.0, 20)
    world = Hybrid(source, beta(), slopes, 7)
    assert isinstance(world, World)
    assert isinstance(source, PotentialWorld)
    assert not isinstance(world, PotentialWorld)
    x = twenty().sample_prior(3, 50)
    for place, row in enumerate(each(twenty().schedule.rows)):
        found = world.guidance(x, row)
        ideal, plug_in = ideal_world(twenty(), beta()).guidance(x, row), twenty().guidance(x, row)
        wanted = ideal.gradient if place < 7 else beta() * slopes[place] * plug_in.gradient
        assert np.abs(twenty().to_numpy(found.gradient - wanted)).max() < 1e-12
        assert np.abs(twenty().to_numpy(found.x0_hat - plug_in.x0_hat)).max() < 1e-12


def test_the_value_of_the_potential_has_its_gradient():
    source = KnownPotential(twenty())
    x = twenty().sample_prior(3, 50)
    row = list(each(twenty().schedule.rows))[9]
    step = 1e-4 * twenty().from_numpy(np.tile([0.6, -0.8], (50, 1)))
    up, down = (twenty().to_numpy(source.potential(p, row, beta()).value) for p in (x + step, x - step))
    slope = twenty().to_numpy(twenty().dot(source.potential(x, row, beta()).gradient, step))
    assert np.abs((up - down) / 2 - slope).max() < 1e-3 * np.abs(slope).max()
    low = 1e-4
    ratio = twenty().to_numpy(source.potential(x, row, low).value) / low  # H_t is about multiplier E[psi | x_t]
    assert np.abs(ratio - twenty().to_numpy(source.expected_score(x, row))).max() < 0.01


def test_the_exact_potential_all_the_way_samples_the_tilt_and_the_plug_in_alone_does_not(known):
    klsc = calibrate_klsc(WORLD.law, 7.0)
    judge = judge_of(WORLD, klsc, 5)
    found = {}
    for switch in (0, known.switch, 20):
        world = Hybrid(KnownPotential(twenty()), beta(), known.slope, switch)
        points = twenty().to_numpy(energy_dps(world, world.noise(2, 10_000), 1.0, solver="2M-SDE"))
        found[switch] = judge(points).tv, abs(float(WORLD.psi(points).mean()) - 7.0)
    assert found[20][0] < 0.025
    assert found[known.switch][0] < 0.03
    assert found[0][0] > 2 * found[20][0]


def test_as_a_method_it_takes_the_multiplier_or_finds_one(known):
    world = KnownPotential(twenty())
    told = HybridGuidance(world, known, lambda target: beta())
    assert told.calibrate(7.0).knob == beta()
    assert told.draw(beta(), 0, 3000).mean == pytest.approx(7.0, abs=0.15)
    searched = HybridGuidance(world, known, tolerance=0.02, runs=1000, start=0.4)
    found = searched.calibrate(7.0)
    assert found.knob == pytest.approx(beta(), rel=0.15)
    assert searched.draw(found.knob, 0, 1000).mean == pytest.approx(7.0, abs=0.02)


class NoGradients(GaussianWorld):
    def guidance(self, x_t, row):
        raise AssertionError("a gradient was taken")


def test_steering_takes_no_gradient_and_is_exact():
    world = NoGradients(LINEAR.spaced(80, "log-SNR"))
    slopes = tuple(predictive(world, 0, 500).slope)
    method = TwistedSmc(world, 4000, lambda target: target, solver="2M-SDE", proposal=0.0, twist=slopes, repeats=3)
    drawn = method.draw(1.0, 0, 12_000)
    assert drawn.mean == pytest.approx(1.0, abs=0.08)
    assert drawn.notes["log_partition"] == pytest.approx(0.5, abs=0.08)
    assert 100 < drawn.notes["ancestors"] < 12_000
    few = method.draw(1.0, 0, 500)
    assert few.weights is None
    assert few.mean == pytest.approx(1.0, abs=0.2)
    with pytest.raises(ValueError, match=r"n = 12001: must be in 1..12000"):
        method.draw(1.0, 0, 12_001)


def test_the_filter_takes_the_hybrid_guidance_and_corrects_it(known):
    """The exact potential for four steps, half of the plug-in then: the weights undo what is missing."""
    wrong = known._replace(slope=0.5 * known.slope, potential=np.where(np.arange(20) < 4, 0.0, 9.0))
    assert wrong.switch == 4
    world, level = KnownPotential(twenty()), 7.0
    guided = HybridGuidance(world, wrong, lambda target: beta()).draw(beta(), 1, 4000).mean
    found = TwistedSmc(world, 4000, solver="2M-SDE", known=wrong).draw(beta(), 1, 4000)
    assert abs(found.mean - level) < 0.1 < level - guided
    exact = WORLD.law.log_partition(beta())
    assert found.notes["log_partition"] == pytest.approx(exact, abs=0.1)
    plain = TwistedSmc(world, 4000, solver="2M-SDE").draw(beta(), 1, 4000)
    assert found.notes["ancestors"] > 1.5 * plain.notes["ancestors"]


def test_pooled_runs_are_weighed_by_their_partition_functions():
    world = GaussianWorld(LINEAR.spaced(10, "log-SNR"))
    runs = [twisted_smc(world, world.noise(seed, 40), 2.0, seed) for seed in range(30)]
    found = pooled(world, runs)
    z = np.exp([run.log_partition for run in runs])
    means = np.array([float(run.weights @ run.x[:, 0]) for run in runs])
    assert float(found.weights @ found.x[:, 0]) == pytest.approx(float(z @ means / z.sum()), rel=1e-12)
    assert found.log_partition == pytest.approx(np.log(z.mean()), rel=1e-12)
    assert found.log_partition_se == pytest.approx(z.std(ddof=1) / z.mean() / np.sqrt(30), rel=1e-12)
    assert found.ancestors == sum(run.ancestors for run in runs)
    assert np.isnan(pooled(world, runs[:1]).log_partition_se)
    with pytest.raises(ValueError, match="number of runs = 0: must be >= 1"):
        pooled(world, [])


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="n = 2: must be >= 3"):
        predictive(twenty(), 0, 2)
    with pytest.raises(ValueError, match=r"scores of the draws = 0.0: must be not all"):
        predictive(GaussianWorld(LINEAR.spaced(3), Quadratic()), 0, 10)
    with pytest.raises(ValueError, match=r"slopes.shape = \(3,\): must be \(20,\)"):
        Hybrid(twenty(), 1.0, np.ones(3), 0)
    with pytest.raises(ValueError, match=r"switch = 21: must be in 0..20"):
        Hybrid(KnownPotential(twenty()), 1.0, np.ones(20), 21)
    with pytest.raises(ValueError, match="world = 'PlanarWorld': must be a world with a potential"):
        Hybrid(twenty(), 1.0, np.ones(20), 5)
