"""The solver of second order: its rate, its first-order case, its levels, and that every sampler takes it."""

import jax.numpy as jnp
import numpy as np
import pytest

from distributional_view.theory import calibrate_klsc
from distributional_view.theory.samplers.energy_dps import (
    calibrate_strength,
    energy_dps,
    guided_rows,
    guided_step,
    unguided,
)
from distributional_view.theory.samplers.schedule import NoiseSchedule
from distributional_view.theory.samplers.solvers import Chain, guided_second_order, solver_rows
from distributional_view.theory.samplers.twisted_smc import twisted_smc
from distributional_view.theory.samplers.world import python_loop
from distributional_view.toy.diffused import MixtureWorld
from distributional_view.toy.ideal import ideal_world
from distributional_view.toy.judge import judge_of
from distributional_view.toy.planar import PlanarWorld
from distributional_view.toy.world import paper_world
from tests.support.gaussian_world import GaussianWorld
from tests.support.numpy_world import NumpyWorld
from tests.support.one_mixture import MEANS, PSI, SCHEDULE, VARIANCES, WEIGHTS, mixture, noise_in

LINEAR = NoiseSchedule.linear()
SECOND = "2M-SDE"


def worlds():
    isotropic = VARIANCES[:, None, None] * np.eye(2)
    return (
        MixtureWorld(mixture(), PSI, SCHEDULE),
        PlanarWorld(mixture(), PSI, SCHEDULE, jnp.float64),
        NumpyWorld(WEIGHTS, MEANS, isotropic, 3.7, 0.6, SCHEDULE),
    )


def slope(counts, errors):
    return float(np.polyfit(np.log(counts), np.log(errors), 1)[0])


def variance(schedule, solver, prior):
    """Of the unguided samples for the prior N(0, prior), exactly: the chain is linear in its noises, so that the
    squares of its answers to one unit of each of them add up."""
    world = GaussianWorld(schedule, variance=prior)
    one_each = np.eye(schedule.steps + 1)
    return float((unguided(world, lambda i: one_each[:, [int(i)]], solver=solver) ** 2).sum())


@pytest.mark.parametrize("prior", [1.0, 0.1, 10.0])
@pytest.mark.parametrize(("spacing", "wanted"), [("time", 1.5), ("log-SNR", 1.8), ("Karras", 1.8)])
def test_the_error_falls_with_the_square_of_the_number_of_steps(spacing, wanted, prior):
    counts = [80, 160, 320] if prior == 1 else [40, 60, 80]
    schedules = [LINEAR.spaced(count, spacing) for count in counts]
    second = [abs(variance(s, SECOND, prior) / prior - 1) for s in schedules]
    first = [abs(variance(s, "DDPM", prior) / prior - 1) for s in schedules]
    if prior == 1:
        assert slope(counts, second) < -wanted, second
        assert -1.05 < slope(counts, first) < -0.8, first
    assert all(b < 0.6 * a for a, b in zip(first, second, strict=True)), (first, second)


def test_without_the_change_of_the_estimate_it_is_the_ddpm_step():
    world = worlds()[2]
    rows, noise = guided_rows(SCHEDULE, 0.3, cap=6.0), noise_in(world)
    start = noise(SCHEDULE.steps)
    one = python_loop(world, guided_step, start, rows, noise)
    other = python_loop(world, guided_second_order, Chain(start, start), solver_rows(rows, "DDPM"), noise).x
    assert np.abs(one - other).max() < 1e-10
    two = python_loop(world, guided_second_order, Chain(start, start), solver_rows(rows, SECOND), noise).x
    assert np.abs(one - two).max() > 0.1


def test_the_change_enters_by_half_a_step():
    """Against the formula in log-SNR, written out anew."""
    schedule = LINEAR.spaced(7, "Karras")
    rows = solver_rows(schedule.rows, SECOND)
    half_log_snr = 0.5 * np.log(schedule.alpha_bar[1:] / (1 - schedule.alpha_bar[1:]))[::-1]
    h = np.diff(half_log_snr)
    for k in range(1, 6):
        cleaner = schedule.alpha_bar[6 - k]
        wanted = np.sqrt(cleaner) * (1 - np.exp(-2 * h[k])) * 0.5 * h[k] / h[k - 1]
        assert rows.from_change[k] == pytest.approx(wanted, rel=1e-12)
    assert rows.from_change[0] == rows.from_change[-1] == 0
    for few in (1, 2):
        assert not solver_rows(LINEAR.spaced(few).rows, SECOND).from_change.any()


@pytest.mark.parametrize("zeta", ["tilt", "constant"])
def test_same_noise_same_samples_in_three_worlds(zeta):
    strength = 0.2 if zeta == "tilt" else 0.01
    drawn = [w.to_numpy(energy_dps(w, noise_in(w), strength, zeta, cap=6.0, solver=SECOND)) for w in worlds()]
    filtered = [w.to_numpy(twisted_smc(w, noise_in(w), 0.5, 1, solver=SECOND).x) for w in worlds()]
    for found in (drawn, filtered):
        assert np.abs(found[0] - found[1]).max() < 1e-7
        assert np.abs(found[0] - found[2]).max() < 1e-7


def test_twenty_steps_guided_by_the_ideal_potential_end_in_the_tilt():
    world = paper_world()
    klsc = calibrate_klsc(world.law, 7.0)
    judge = judge_of(world, klsc, 5)
    planar = PlanarWorld(world.mixture, world.psi, LINEAR.spaced(20), jnp.float64)
    ideal = ideal_world(planar, klsc.multiplier)
    found = {
        s: judge(ideal.to_numpy(energy_dps(ideal, ideal.noise(2, 20_000), 1.0, solver=s))) for s in ("DDPM", SECOND)
    }
    assert found[SECOND].tv < 0.022
    assert found["DDPM"].tv > 0.06


@pytest.mark.parametrize("solver", ["DDPM", SECOND])
@pytest.mark.parametrize("spacing", ["time", "log-SNR"])
def test_the_guided_estimate_is_that_of_the_tilted_process(solver, spacing):
    """For N(0, 1) and psi = x the tilt is N(beta, 1); the shift of x0_hat by Tweedie's formula has no error in it."""
    world = GaussianWorld(LINEAR.spaced(10, spacing))
    found = float(energy_dps(world, lambda i: np.zeros((1, 1)), 1.5, solver=solver)[0, 0])
    assert found == pytest.approx(1.5 * (1 - LINEAR.alpha_bar[-1]), abs=1e-3)


@pytest.mark.parametrize("resample_below", [0.5, 0.99])
def test_the_particle_filter_weighs_the_chain_of_second_order(resample_below):
    """Its tilt of N(0, 1) by psi = x at 20 steps: mean and log Z(1) = 1/2, which 20 steps of first order miss."""
    world = GaussianWorld(LINEAR.spaced(20, "log-SNR"))
    n, ends = 20_000, {}
    for solver in ("DDPM", SECOND):
        end = twisted_smc(world, world.noise(3, n), 1.0, 4, resample_below=resample_below, solver=solver)
        assert end.resampled >= (resample_below > 0.9)
        ends[solver] = float(end.weights @ end.x[:, 0]), end.log_partition
    exact = variance(world.schedule, SECOND, 1.0)  # of the chain that is filtered, which the weights tilt
    error = 5 / np.sqrt(n / 2)
    assert ends[SECOND] == pytest.approx((exact, exact / 2), abs=error)
    assert abs(ends["DDPM"][0] - exact) > 2 * error


def test_calibration_takes_the_solver():
    world = worlds()[1]
    found = {s: calibrate_strength(world, noise_in(world), 5.0, 0.01, solver=s) for s in ("DDPM", SECOND)}
    again = energy_dps(world, noise_in(world), found[SECOND].knob, solver=SECOND)
    assert world.to_numpy(world.score(again)).mean() == pytest.approx(5.0, abs=0.01)
    assert abs(found["DDPM"].knob / found[SECOND].knob - 1) > 0.05


@pytest.mark.parametrize("spacing", ["time", "log-SNR", "Karras"])
@pytest.mark.parametrize("full", [LINEAR, NoiseSchedule.cosine().until(1e-3)])
def test_levels_are_spaced_as_said(spacing, full):
    found = full.spaced(12, spacing)
    assert found.steps == 12
    assert found.alpha_bar[-1] == pytest.approx(full.alpha_bar[-1], rel=1e-12)
    snr = found.alpha_bar[1:] / (1 - found.alpha_bar[1:])
    even = {"time": found.times, "log-SNR": np.log(snr), "Karras": snr ** (-0.5 / 7)}[spacing]
    steps = np.diff(even)
    assert np.abs(steps / steps.mean() - 1).max() < 0.02  # between own levels the log-SNR is a line, its root is not
    if spacing != "time":
        assert found.alpha_bar[1] == pytest.approx(full.alpha_bar[1], rel=1e-12)
    own = full.spaced(12, spacing, whole=True)
    assert set(own.alpha_bar) <= set(full.alpha_bar)
    assert own.alpha_bar[-1] == full.alpha_bar[-1]
    assert (own.times == np.floor(own.times)).all()
    assert np.abs(own.times - found.times).max() < 12


def test_even_times_are_strided():
    assert np.allclose(LINEAR.spaced(50).alpha_bar, LINEAR.strided(50).alpha_bar, rtol=1e-12)
    assert (LINEAR.spaced(50, whole=True).alpha_bar == LINEAR.strided(50).alpha_bar).all()
    assert (LINEAR.spaced(1000, "Karras", whole=True).alpha_bar == LINEAR.alpha_bar).all()
    strided = LINEAR.strided(100)  # times point into the schedule that the denoiser was trained on
    assert strided.spaced(100).times == pytest.approx(strided.times)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"steps = 0: must be in \[1, 1000\]"):
        LINEAR.spaced(0)
    with pytest.raises(ValueError, match=r"steps = 2000: must be in \[1, 1000\]"):
        LINEAR.spaced(2000, whole=True)
