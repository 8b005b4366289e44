"""Samplers against the protocol: one algorithm for three worlds, closed form against autodiff, calibration, errors."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from distributional_view.theory.errors import CalibrationFailed
from distributional_view.theory.samplers.ascent import Ascent, gibbs_log_density
from distributional_view.theory.samplers.energy_dps import calibrate_strength, energy_dps, guided_rows, unguided
from distributional_view.theory.samplers.knobs import calibrate_knob
from distributional_view.theory.samplers.resampling import systematic_resample
from distributional_view.theory.samplers.schedule import NoiseSchedule, each
from distributional_view.theory.samplers.twisted_smc import twisted_smc
from distributional_view.toy.diffused import MixtureWorld
from distributional_view.toy.mixture import GaussianMixture, four_modes
from distributional_view.toy.planar import PlanarWorld
from distributional_view.toy.scores import AngularScore, LinearScore
from tests.support.numpy_world import NumpyWorld
from tests.support.one_mixture import MEANS, PSI, SCHEDULE, VARIANCES, WEIGHTS, N, mixture, noise_in, square


def worlds(schedule=SCHEDULE):
    isotropic = VARIANCES[:, None, None] * np.eye(2)
    return (
        MixtureWorld(mixture(), PSI, schedule),
        PlanarWorld(mixture(), PSI, schedule, jnp.float64),
        NumpyWorld(WEIGHTS, MEANS, isotropic, 3.7, 0.6, schedule),
    )


@pytest.mark.parametrize("zeta", ["tilt", "constant"])
def test_same_noise_same_samples_in_three_worlds(zeta):
    strength = 0.2 if zeta == "tilt" else 0.01
    plain, quick, other = (w.to_numpy(energy_dps(w, noise_in(w), strength, zeta, cap=6.0)) for w in worlds())
    assert np.abs(plain - quick).max() < 1e-8
    assert np.abs(plain - other).max() < 1e-8
    free = worlds()[1]
    apart = np.abs(free.to_numpy(energy_dps(free, noise_in(free), strength, zeta)) - quick).max()
    assert apart > 1e-2  # the cap was at work


def test_twisted_and_ascent_are_the_same_in_three_worlds():
    runs, ends = [], []
    for w in worlds():
        found = twisted_smc(w, noise_in(w), 0.5, seed=1, strength=0.3, resample_below=0.9)
        assert found.resampled > 0
        runs.append(np.column_stack([w.to_numpy(found.x), found.weights]))
        starts = np.random.default_rng(0).uniform(-4, 4, (50, 2))
        ends.append(w.to_numpy(Ascent(w, square, starts, 5).climb(0.5).x))
    for i in (1, 2):
        assert np.abs(runs[0] - runs[i]).max() < 1e-7
        assert np.abs(ends[0] - ends[i]).max() < 1e-6


@pytest.mark.parametrize("index", [0, 10, 25, 38, 39])
def test_closed_form_guidance_is_the_derivative_through_the_denoiser(index):
    row = list(each(SCHEDULE.rows))[index]
    plain, quick, other = worlds()
    x = np.random.default_rng(1).normal(size=(N, 2)) * 1.5
    reference = plain.guidance(jnp.asarray(x), row)
    for w in (quick, other):
        found = w.guidance(w.from_numpy(x), row)
        for a, b in zip(found, reference, strict=True):
            assert np.abs(w.to_numpy(a) - plain.to_numpy(b)).max() <= 1e-10 * max(1, np.abs(plain.to_numpy(b)).max())


@pytest.mark.parametrize("shape", ["absolute_angle", "chord", "squared_cosine"])
def test_closed_form_holds_for_other_scores(shape):
    psi = AngularScore(shape, 2.0, 0.3)
    plain, quick = MixtureWorld(mixture(), psi, SCHEDULE), PlanarWorld(mixture(), psi, SCHEDULE, jnp.float64)
    x = np.random.default_rng(2).normal(size=(N, 2)) * 2
    row = list(each(SCHEDULE.rows))[25]
    a, b = plain.guidance(jnp.asarray(x), row), quick.guidance(quick.from_numpy(x), row)
    assert np.abs(np.asarray(a.gradient) - quick.to_numpy(b.gradient)).max() < 1e-10


def test_single_precision_stays_close_to_double():
    double, single = worlds()[1], PlanarWorld(mixture(), PSI, SCHEDULE)
    raw = jnp.asarray(np.random.default_rng(3).normal(size=(SCHEDULE.steps + 1, N, 2)))
    a = double.to_numpy(energy_dps(double, lambda i: double._plane(raw[i]), 0.2))
    b = single.to_numpy(energy_dps(single, lambda i: single._plane(raw[i]), 0.2))
    assert np.median(np.abs(a - b)) < 1e-4
    assert single.noise(0, 4)(3).x.dtype == jnp.float32


def test_seeds_reproduce_and_differ():
    w = worlds()[1]
    first, again, other = (w.to_numpy(energy_dps(w, w.noise(s, N), 0.2)) for s in (0, 0, 1))
    assert (first == again).all()
    assert not np.isclose(first, other).any(axis=1).all()


def test_strength_zero_is_the_unguided_sampler_and_cap_below_all_scores_too():
    for w in worlds():
        a = w.to_numpy(unguided(w, noise_in(w)))
        assert np.abs(w.to_numpy(energy_dps(w, noise_in(w), 0.0)) - a).max() < 1e-12
        assert np.abs(w.to_numpy(energy_dps(w, noise_in(w), 0.4, cap=-1.0)) - a).max() < 1e-12


def test_schedule_rows_are_the_posterior_of_the_forward_process():
    """keep, denoised and noise against the law of x_(i-1) given x_i and x_0, by conditioning of Gaussians."""
    s = NoiseSchedule.cosine(30).strided(11)
    for i, row in zip(range(11, 0, -1), each(s.rows), strict=True):
        a, b = s.alpha_bar[i - 1], s.alpha_bar[i]
        var_before, cov, var_now = 1 - a, math.sqrt(b / a) * (1 - a), 1 - b
        keep = cov / var_now
        assert row.from_x == pytest.approx(keep, abs=1e-12)
        assert row.from_x0 == pytest.approx(math.sqrt(a) - keep * math.sqrt(b), abs=1e-12)
        assert row.noise_sd**2 == pytest.approx(var_before - cov**2 / var_now, abs=1e-12)
        assert row.index == i
    assert row.noise_sd == 0
    assert list(s.rows.time) == sorted(s.rows.time, reverse=True)
    assert s.rows.time[0] == 29


def test_until_leaves_out_the_noisiest_levels():
    full = NoiseSchedule.cosine(1000)
    cut = full.until(1e-3)
    assert cut.alpha_bar[-1] >= 1e-3 > full.alpha_bar[cut.steps + 1]
    assert list(cut.strided(7).rows.time) == [cut.steps - 1, *list(cut.strided(7).rows.time)[1:]]
    assert full.strided(50).rows.tilt_zeta[0] > 100 > 2 > cut.strided(50).rows.tilt_zeta.max()
    again = full.strided(100).until(1e-3)
    assert set(again.rows.time) <= set(full.strided(100).rows.time)
    assert len(again.times) == again.steps
    for least in (0.0, 1.0, float("nan")):
        with pytest.raises(ValueError, match="least"):
            full.until(least)


def test_constant_guidance_is_a_tilt_like_strength_that_grows():
    """The numbers of the specification: about 49 zeta at the noisy end, 10^4 zeta at the clean end."""
    rows = guided_rows(NoiseSchedule.linear(), 1.0, "constant")
    ratio = rows.zeta / rows.tilt_zeta
    assert ratio[0] == pytest.approx(49.5, abs=0.5)
    assert ratio[-1] == pytest.approx(1e4, rel=1e-3)
    assert (np.diff(ratio) > 0).all()


def test_calibrated_strength_meets_the_target():
    for w in worlds():
        noise = noise_in(w)
        found = calibrate_strength(w, noise, 4.5, 0.01)
        mean = w.to_numpy(w.score(energy_dps(w, noise, found.knob))).mean()
        assert abs(mean - 4.5) <= 0.01
        assert found.mean == pytest.approx(mean)


def test_failed_calibration_says_what_was_reached():
    w = worlds()[1]
    with pytest.raises(CalibrationFailed, match=r"target = 8.0: .*strength in \[0, .*\] gave means in \[.*, 7\."):
        calibrate_strength(w, w.noise(0, 50), 8.0, 0.01)
    with pytest.raises(CalibrationFailed, match="jumps past it"):
        calibrate_knob(lambda v: float(v > 1.3), 0.5, 0.1, 1.0, "knob")
    with pytest.raises(CalibrationFailed, match="the mean is nan"):
        calibrate_knob(lambda v: math.nan if v > 2 else v / 10, 5.0, 0.1, 1.0, "knob")
    with pytest.raises(ValueError, match=r"tolerance = 0.0: must be finite and > 0"):
        calibrate_knob(lambda v: v, 0.5, 0.0, 1.0, "knob")


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    ("mean_at", "target", "runs"),
    [
        (lambda v: v / (1 + v), 3.0, 8),  # saturates
        (lambda v: 1 - (1 + v) ** -0.1, 1.01, 30),  # creeps towards 1, which is not enough
        (lambda v: math.log1p(v), 100.0, 8),  # log 2 a doubling, of which there are 40
        (lambda v: v * math.exp(-v), 1.0, 6),  # rises and falls again
        (lambda v: -v, 1.0, 5),  # moves away
        (lambda v: 0.0, 1.0, 10),  # stays
        (lambda v: min(v, 1.0) + max(0.0, v - 9.0), 3.0, 5),  # a plateau of three doublings is taken for the end
    ],
)
def test_an_unreachable_target_is_given_up_early(mean_at, target, runs, sign):
    made = []
    with pytest.raises(CalibrationFailed, match="the target is out of reach: over the last 3 doublings") as caught:
        calibrate_knob(lambda v: made.append(v) or sign * mean_at(v), sign * target, 1e-3, 1.0, "knob")
    assert len(made) == len(caught.value.runs) <= runs


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    ("mean_at", "target", "start"),
    [
        (lambda v: 1 - (1 + v) ** -0.1, 0.9, 1.0),  # creeps: the distance to 1 shrinks by 7 % a doubling
        (lambda v: 1 - 1 / math.log(math.e + v), 0.95, 1.0),  # creeps ever more slowly
        (lambda v: math.log1p(v), 20.0, 1.0),
        (math.tanh, 0.9999, 0.1),  # the last doubling before the target may look like the end
        (lambda v: v / (v + 1e6), 0.5, 0.1),  # a first knob that is far too small
        (lambda v: v * v / (v * v + 1e6), 0.5, 0.1),
        (lambda v: max(0.0, v - 3.0), 5.0, 0.1),  # nothing moves for five doublings
        (lambda v: min(v, 1.0) + max(0.0, v - 5.0), 3.0, 1.0),  # a plateau of two doublings
    ],
)
def test_a_slow_mean_is_followed_to_its_target(mean_at, target, start, sign):
    found = calibrate_knob(lambda v: sign * mean_at(v), sign * target, 1e-3, start, "knob")
    assert abs(found.mean - sign * target) <= 1e-3


@pytest.mark.parametrize(("direction", "target"), [(1.0, 3.3), (-1.0, -3.3)])
def test_knobs_may_raise_or_lower_the_mean(direction, target):
    found = calibrate_knob(lambda v: direction * v * v, target, 1e-6, 0.1, "knob")
    assert found.knob == pytest.approx(math.sqrt(3.3), abs=1e-6)
    assert calibrate_knob(lambda v: v, 0.0, 1e-6, 0.1, "knob").knob == 0.0


def test_bad_arguments_are_named():
    w = worlds()[1]
    noise = w.noise(0, 4)
    with pytest.raises(ValueError, match=r"strength = -1.0: must be finite and >= 0"):
        energy_dps(w, noise, -1.0)
    with pytest.raises(ValueError, match=r"cap = nan"):
        energy_dps(w, noise, 1.0, cap=math.nan)
    with pytest.raises(ValueError, match=r"multiplier = -0.5: must be finite"):
        twisted_smc(w, noise, -0.5, 0)
    with pytest.raises(ValueError, match=r"resample_below = 2"):
        twisted_smc(w, noise, 0.5, 0, resample_below=2.0)
    with pytest.raises(ValueError, match=r"40 finite numbers"):
        twisted_smc(w, noise, 0.5, 0, twist=[1.0, 2.0])
    with pytest.raises(ValueError, match="alpha_bar"):
        NoiseSchedule(np.array([1.0, 0.5, 0.5]))
    with pytest.raises(ValueError, match="variances"):
        NoiseSchedule.from_variances(np.array([0.1, 1.0]))
    with pytest.raises(ValueError, match=r"steps = 2000: must be in \[1, 1000\]"):
        NoiseSchedule.linear().strided(2000)
    with pytest.raises(ValueError, match="multiples of the identity"):
        PlanarWorld(
            GaussianMixture(jnp.ones(1), jnp.zeros((1, 2)), jnp.diag(jnp.array([1.0, 2.0]))[None]), PSI, SCHEDULE
        )
    with pytest.raises(ValueError, match="starts"):
        Ascent(w, square, np.array([[np.nan, 0.0]]), 5)
    with pytest.raises(ValueError, match="temperature = 0"):
        gibbs_log_density(np.zeros(3), 0.0)


def test_systematic_resampling_is_unbiased_and_even():
    w = np.array([0.05, 0.5, 0.15, 0.3, 0.0])
    counts = np.array([np.bincount(systematic_resample(w, u), minlength=5) for u in (np.arange(1000) + 0.5) / 1000])
    assert np.abs(counts.mean(0) - 5 * w).max() < 2e-3
    assert (np.abs(counts - 5 * w) < 1).all()


def test_ascent_climbs_to_the_gibbs_mode():
    """A score with one maximum: psi = x_1, R = |x|^2; the mode of exp(psi - lambda R) is 1/(2 lambda) on the axis."""
    w = MixtureWorld(four_modes(2.0, 1.0), LinearScore((1.0, 0.0)), SCHEDULE)
    starts = np.random.default_rng(0).uniform(-3, 3, (40, 2))
    ascent = Ascent(w, lambda x: ((x**2).sum(1), 2 * x), starts, 50)
    ends = ascent.climb(0.25)
    assert ends.converged
    assert np.abs(w.to_numpy(ends.x) - [2.0, 0.0]).max() < 1e-4
    found = ascent.calibrate(5.0, 1e-3)
    assert found.knob == pytest.approx(0.1, abs=1e-4)
    axis = np.linspace(-1, 4, 101)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    objective = ascent.objective(grid, 0.25)[0]
    spreads = []
    for temperature in (1.0, 0.1, 0.01):
        law = np.exp(gibbs_log_density(objective, temperature) - gibbs_log_density(objective, temperature).max())
        law /= law.sum()
        spreads.append(float(law @ ((grid - [2.0, 0.0]) ** 2).sum(1)))
    # E|x - mode|^2 of the tempered law is 2 T/(2 lambda) = 4 T in the plane: Lemma F.2's concentration, as a rate.
    assert np.allclose(spreads[1:], [0.4, 0.04], rtol=0.05)


def test_equal_schedules_are_one_to_a_compiler():
    one, same = (NoiseSchedule.linear().strided(40) for _ in range(2))
    assert one == same
    assert hash(one) == hash(same)
    assert one != NoiseSchedule.linear().strided(41)
    assert one != NoiseSchedule(one.alpha_bar)  # the same levels at other times of the network
    assert one != "linear"
