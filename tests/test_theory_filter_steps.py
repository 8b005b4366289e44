"""One step of the twisted filter: how far the guidance may shift a particle, and weights that are no numbers."""

import math
from typing import Any

import numpy as np
import pytest

from distributional_view.theory.samplers.energy_dps import guided_rows
from distributional_view.theory.samplers.resampling import effective_size_of_logs, systematic_resample
from distributional_view.theory.samplers.schedule import NoiseSchedule, each
from distributional_view.theory.samplers.solvers import solver_rows
from distributional_view.theory.samplers.twisted_smc import _moved, _start, twisted_smc
from tests.support.gaussian_world import GaussianWorld

SCHEDULE = NoiseSchedule.linear().spaced(8, "log-SNR")


def shift_of_one_step(gradient: float) -> tuple[float, float, float]:
    """How much further a particle goes with this gradient than with none, its full shift, and the step's noise."""
    world: Any = GaussianWorld(SCHEDULE)
    row, after = list(each(solver_rows(guided_rows(SCHEDULE, 1.0), "DDPM")))[3:5]
    x = world.from_numpy(np.array([[0.3], [-0.2]])) if hasattr(world, "from_numpy") else np.array([0.3, -0.2])
    start = _start(world, x, row, 0.0)

    def end(size: float) -> np.ndarray:
        here = start.here._replace(gradient=0 * start.here.gradient + size)
        moved = _moved(world, start._replace(here=here), row, 0 * x, after, np.zeros(2))
        return np.asarray(world.to_numpy(moved.x))

    shift = (end(gradient) - end(0.0)).ravel()[0]
    return float(shift), float(row.zeta) * gradient, float(row.noise_sd)


def test_a_small_shift_is_taken_whole_and_a_large_one_stays_below_the_noise():
    shift, full, _ = shift_of_one_step(1e-5)
    assert shift == pytest.approx(full, rel=1e-6)
    shift, full, noise = shift_of_one_step(1e5)
    assert full > 100 * noise
    assert 0.99 * noise < shift < noise


def test_one_score_that_is_no_number_is_refused():
    class Broken(GaussianWorld):
        def score(self, x):
            value = np.array(super().score(x))
            value[0] = np.nan
            return value

    world: Any = Broken(SCHEDULE)
    with pytest.raises(ValueError, match="log-weights"):
        twisted_smc(world, world.noise(0, 5), 1.0, 0, strength=0.0, resample_below=0.0)


def test_without_gradients_and_resampling_the_weights_are_those_of_the_tilt():
    """The twists of all steps cancel: what is left of the weights is exp(beta psi) at the end, whatever the twist."""
    world: Any = GaussianWorld(SCHEDULE)
    quiet = {"strength": 0.0, "resample_below": 0.0}
    plain = twisted_smc(world, world.noise(0, 40), 0.7, 0, **quiet)
    twisted = twisted_smc(world, world.noise(0, 40), 0.7, 0, **quiet, twist=(np.linspace(2.0, -1.0, 8) ** 3).tolist())
    factors = np.exp(0.7 * world.score(twisted.x))
    assert twisted.weights == pytest.approx(factors / factors.sum(), rel=1e-10)
    assert twisted.weights == pytest.approx(plain.weights, rel=1e-10)
    assert twisted.log_partition == pytest.approx(np.log(factors.mean()), rel=1e-10)
    assert (plain.resampled, plain.ancestors) == (0, 40)


def test_a_share_of_1_resamples_at_every_step():
    world: Any = GaussianWorld(SCHEDULE)
    end = twisted_smc(world, world.noise(0, 40), 0.7, 0, resample_below=1.0)
    assert end.resampled == SCHEDULE.steps - 1


def test_particles_without_weight_are_never_drawn():
    """Not by the smallest offset, and not by the largest: (2 + offset)/3 rounds to 1, which lies beyond all weights."""
    assert systematic_resample(np.array([0.0, 0.5, 0.5]), 0.0).tolist() == [1, 1, 2]
    assert systematic_resample(np.array([0.5, 0.5, 0.0]), math.nextafter(1.0, 0.0)).tolist() == [0, 1, 1]
    assert systematic_resample(np.array([1.0, 3.0, 0.0]), 0.9).tolist() == [1, 1, 1]  # a sum that is not 1


def test_more_or_fewer_draws_than_particles():
    weights = np.array([0.25, 0.75])
    assert systematic_resample(weights, 0.5, 4).tolist() == [0, 1, 1, 1]
    assert [systematic_resample(weights, u, 1).tolist() for u in (0.2, 0.3)] == [[0], [1]]


def test_the_effective_size_by_hand():
    """(1 + 2 + 3)^2/(1 + 4 + 9), whatever the scale and beside particles without weight."""
    logs = np.array([0.0, math.log(2), math.log(3), -math.inf])
    for shift in (0.0, 1e3, -1e3):
        assert effective_size_of_logs(logs + shift) == pytest.approx(36 / 14, rel=1e-12)


def test_a_schedule_of_one_step_is_a_schedule():
    schedule = NoiseSchedule(np.array([1.0, 0.5]))
    assert schedule.steps == 1
    assert len(list(each(schedule.rows))) == 1
