"""EnergyDPS: guided reverse diffusion (Algorithm 1).

    x0_hat = E[X_0 | X_i = x_i]
    x_(i-1) = from_x_i x_i + from_x0_i x0_hat + noise_sd_i z + zeta_i grad psi(x0_hat(x_i))

The gradient passes through the denoiser; `zeta_i` is zero where psi(x0_hat) exceeds the cap. Two schedules of zeta:

- "tilt": zeta_i = strength (1 - alpha_i)/sqrt(alpha_i), the discretised Theorem G.3. With the gradient of H_t in place
  of the plug-in gradient (a world whose `guidance` gives it), strength 1 samples the tilt itself. With the plug-in
  gradient the strength is *not* the multiplier of the tilt: calibrate it.
- "constant": zeta_i = strength, the habit of DPS. Relative to "tilt" the guidance then grows by two orders of
  magnitude from the noisy to the clean end.

The solver of second order (`theory.samplers.solvers`) takes the same guidance and needs fewer steps.

Paper: Algorithm 1, Remark G.4, Appendix J.2. The last is the cap.
"""

import math
from typing import Literal, get_args

import numpy as np

from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress
from distributional_view.theory.samplers.knobs import Calibrated, calibrate_knob
from distributional_view.theory.samplers.schedule import NoiseSchedule, Row
from distributional_view.theory.samplers.solvers import (
    Chain,
    Solver,
    guided_second_order,
    plain_second_order,
    solver_rows,
)
from distributional_view.theory.samplers.world import Noise, Points, World

ZetaSchedule = Literal["tilt", "constant"]


def guided_rows(
    schedule: NoiseSchedule, strength: float, zeta_schedule: ZetaSchedule = "tilt", cap: float = math.inf
) -> Row:
    """The reverse steps with their guidance factors zeta_i and the cap.

    Args:
        schedule: noise levels.
        strength: finite, >= 0; per score unit for "tilt", length^2 per score unit for "constant".
        zeta_schedule: which schedule.
        cap: score beyond which a step is not guided.

    Raises:
        ValueError: for a strength that is negative or not finite, an unknown schedule, or a cap that is NaN.
    """
    require(math.isfinite(strength) and strength >= 0, "strength", strength, "finite and >= 0")
    require(zeta_schedule in get_args(ZetaSchedule), "zeta_schedule", zeta_schedule, f"one of {get_args(ZetaSchedule)}")
    require(not math.isnan(cap), "cap", cap, "a number, inf for none")
    rows = schedule.rows
    factors = strength * (rows.tilt_zeta if zeta_schedule == "tilt" else np.ones_like(rows.tilt_zeta))
    return rows._replace(zeta=factors, cap=np.full_like(factors, cap))


def guided_step(world: World, x: Points, row: Row, z: Points) -> Points:
    """Lines 2-4, from x_i to x_(i-1). Paper: Algorithm 1, Remark G.4."""
    value, gradient, x0_hat = world.guidance(x, row)
    posterior = row.from_x * x + row.from_x0 * x0_hat + row.noise_sd * z
    return posterior + row.zeta * world.scale(value <= row.cap, gradient)


def plain_step(world: World, x: Points, row: Row, z: Points) -> Points:
    """Lines 2-3, one step of the unguided sampler. Paper: Algorithm 1, Lemma G.2."""
    return row.from_x * x + row.from_x0 * world.denoise(x, row) + row.noise_sd * z


def unguided(world: World, noise: Noise, progress: Progress | None = None, solver: Solver = "DDPM") -> Points:
    """Samples of the diffusion itself: the prior, up to an error of one over the number of steps. Ours: few steps.

    Args:
        world: supplies denoiser and schedule.
        noise: from `world.noise(seed, n)`; equal noise gives equal samples.
        progress: called after each step where the world's loop allows it.
        solver: of first or of second order; with "2M-SDE" the error is one over the square of the number of steps.

    Returns:
        n points.

    Raises:
        ValueError: whatever the world refuses.

    Example:
        >>> round(float(unguided(world, world.noise(seed=0, n=2000)).std()), 1)  # few steps: less than 1
        0.9
    """
    rows, start = solver_rows(world.schedule.rows, solver), noise(world.schedule.steps)
    if solver == "DDPM":
        return world.loop(plain_step, start, rows, noise, progress)
    return world.loop(plain_second_order, Chain(start, start), rows, noise, progress).x


def energy_dps(
    world: World,
    noise: Noise,
    strength: float,
    zeta_schedule: ZetaSchedule = "tilt",
    cap: float = math.inf,
    progress: Progress | None = None,
    solver: Solver = "DDPM",
) -> Points:
    """Guided samples x_0. Paper: Algorithm 1.

    Args:
        world: supplies denoiser, guidance and schedule.
        noise: from `world.noise(seed, n)`; equal noise gives equal samples.
        strength: see `guided_rows`; 0 is the unguided sampler.
        zeta_schedule: how the guidance grows along the chain.
        cap: score beyond which a step is not guided.
        progress: called after each step where the world's loop allows it.
        solver: of first or of second order; the strength for a mean depends on it.

    Returns:
        n points.

    Raises:
        ValueError: see `guided_rows`; for an unknown solver.

    Example:
        >>> round(float(energy_dps(world, world.noise(seed=0, n=2000), strength=1.0).mean()), 1)
        1.0
    """
    rows = solver_rows(guided_rows(world.schedule, strength, zeta_schedule, cap), solver)
    start = noise(world.schedule.steps)
    if solver == "DDPM":
        return world.loop(guided_step, start, rows, noise, progress)
    return world.loop(guided_second_order, Chain(start, start), rows, noise, progress).x


def calibrate_strength(
    world: World,
    noise: Noise,
    target: float,
    tolerance: float,
    zeta_schedule: ZetaSchedule = "tilt",
    cap: float = math.inf,
    start: float = 0.1,
    progress: Progress | None = None,
    solver: Solver = "DDPM",
) -> Calibrated:
    """The strength at which the samples' mean score is the target, by root finding with common random numbers.

    Paper: Appendix I.3. The matched-faithfulness calibration.

    Args:
        world: supplies denoiser, guidance, schedule and score.
        noise: used in every evaluation, so that the mean is a continuous function of the strength.
        target: mean score wanted.
        tolerance: accepted distance from it, > 0 (score units).
        zeta_schedule: how the guidance grows along the chain.
        cap: score beyond which a step is not guided.
        start: first strength tried, > 0; doubled until the target is passed.
        progress: called after each run with the number of runs done; their total is not known.
        solver: of first or of second order.

    Returns:
        The strength, the mean there, and the number of runs.

    Raises:
        CalibrationFailed: if the target is not reached; says the bracket and the achieved range.
        ValueError: for bad arguments.

    Example:
        >>> found = calibrate_strength(world, world.noise(seed=0, n=2000), target=1.0, tolerance=0.01)
        >>> round(found.knob, 2), round(found.mean, 2)
        (1.0, 1.0)
    """

    def mean_at(strength: float) -> float:
        x = energy_dps(world, noise, strength, zeta_schedule, cap, solver=solver)
        return float(world.to_numpy(world.score(x)).mean())

    return calibrate_knob(mean_at, target, tolerance, start, "strength", progress)
