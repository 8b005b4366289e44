"""Twisted sequential Monte Carlo: samples of the real tilt, with EnergyDPS as the proposal.

The unguided chain draws x_(i-1) from k_i(. | x_i) = N(from_x_i x_i + from_x0_i x0_hat, noise_sd_i^2); its last state
follows p (up to the discretisation of the diffusion). Particles move by the guided kernel instead,
N(mean + zeta_i gradient, noise_sd_i^2), and carry weights for the twisted targets

    k(x_N) ... k(x_i | x_(i+1)) exp(c_i psi(x0_hat(x_i))),   c_0 = beta,

so that each step multiplies a weight by

    k_i(x' | x)/guided_i(x' | x) * exp(c_(i-1) psi(x0_hat(x')) - c_i psi(x0_hat(x))).

At the end the weighted particles stand for p exp(beta psi)/Z(beta), whatever the c_i and the guidance are: a good
choice only lowers the variance. The error falls as one over the root of the number of particles, and no H_t is needed.
The mean weight estimates Z(beta) without bias.

The last step of the chain adds no noise, so that x_0 = x0_hat(x_1): it is not guided, and its weight is left alone.

Without guidance (strength 0) the weights alone do the work, and no gradient is taken: steering by resampling (the idea
of Feynman-Kac steering is due to Singhal et al. 2025). It needs more particles, each at half the cost; good c_i are
beta b_i, the slopes of `theory.samplers.potential.predictive`.

With the solver of second order the kernel's mean has a further term, the change of x0_hat since the step before: the
chain then remembers that estimate, and the weights are those of the chain of pairs.

Paper: (24), Algorithm 1. Target and proposal. The correction is ours here; the idea of a twisted diffusion
sampler is due to Wu et al. (2023).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.special import logsumexp

from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress
from distributional_view.theory.samplers.energy_dps import guided_rows
from distributional_view.theory.samplers.resampling import effective_size_of_logs, systematic_resample
from distributional_view.theory.samplers.schedule import Row, each
from distributional_view.theory.samplers.solvers import Solver, solver_rows
from distributional_view.theory.samplers.world import Guidance, Noise, Points, World

Logs = Float[np.ndarray, " n"]


class Twisted(NamedTuple):
    """Particles at x_0, their weights (sum 1), the estimate of log Z(beta), and the effective sizes on the way.

    `resampled` counts the resamplings; `ancestors` the particles of the start that still have descendants.

    Example:
        >>> end = twisted_smc(world, world.noise(seed=0, n=500), multiplier=1.0, seed=0)
        >>> len(end.effective_sizes), round(float(end.weights.sum()), 6)
        (50, 1.0)
    """

    x: Points
    weights: Float[np.ndarray, " n"]
    log_partition: float
    effective_sizes: Float[np.ndarray, " steps"]
    resampled: int
    ancestors: int


class _Particles(NamedTuple):
    """Where they are, the guidance and psi(x0_hat) there, unnormalised log-weights, and their ancestor at the start.

    `before` is the x0_hat of the step before, `log_z` what resampling has taken out of the weights.
    """

    x: Points
    here: Guidance
    before: Points
    value: Logs
    log_w: Logs
    ancestry: Int[np.ndarray, " n"]
    log_z: float


def twisted_smc(
    world: World,
    noise: Noise,
    multiplier: float,
    seed: int,
    strength: float | None = None,
    twist: Sequence[float] | None = None,
    resample_below: float = 0.5,
    progress: Progress | None = None,
    solver: Solver = "DDPM",
) -> Twisted:
    """Weighted samples of p exp(beta psi)/Z(beta), exact as the number of particles grows. Paper: (24).

    Args:
        world: supplies denoiser, guidance and schedule.
        noise: from `world.noise(seed, n)`; n is the number of particles.
        multiplier: beta >= 0 of the tilt wanted, finite.
        seed: of the resampling.
        strength: tilt-like strength of the proposal; default a quarter of beta. Less than what EnergyDPS needs on
            its own (half of beta, for a score of the direction alone) is better here: the weights supply the rest.
            With 0 no gradient is taken.
        twist: c_i/beta for i = N, ..., 1, finite; default alpha_bar_i, so that the twist fades with the signal.
        resample_below: resample when the effective size falls below this share of n, in [0, 1].
        progress: called after each step.
        solver: of the chain that is filtered, of first or of second order.

    Returns:
        The particles with their weights.

    Raises:
        ValueError: for bad arguments, or if the scores become NaN.

    Example:
        >>> end = twisted_smc(world, world.noise(seed=0, n=500), multiplier=1.0, seed=0)
        >>> round(float(end.weights @ world.score(end.x)), 1)  # few steps: the chain's variance is 0.86, not 1
        0.8
    """
    require(math.isfinite(multiplier) and multiplier >= 0, "multiplier", multiplier, "finite and >= 0")
    require(0 <= resample_below <= 1, "resample_below", resample_below, "in [0, 1]")
    rows = solver_rows(guided_rows(world.schedule, 0.25 * multiplier if strength is None else strength), solver)
    c = multiplier * _shares(rows, twist)
    rng = np.random.default_rng(seed)
    steps = list(each(rows))
    now = _start(world, noise(world.schedule.steps), steps[0], float(c[0]))
    sizes: list[float] = []
    resampled = 0
    for k, row in enumerate(steps[:-1]):
        sizes.append(effective_size_of_logs(now.log_w))
        if sizes[-1] < resample_below * now.value.size:
            now = _resampled(world, now, float(rng.random()))
            resampled += 1
        now = _moved(world, now, row, noise(row.index - 1), steps[k + 1], c[k : k + 2])
        if progress is not None:
            progress("reverse step", k + 1, len(steps))
    # The last, noiseless step: x_0 = x0_hat(x_1). Its score is psi(x0_hat(x_1)), so that only the twist is completed.
    log_w = now.log_w + (multiplier - c[-1]) * now.value
    require(bool(np.isfinite(log_w).any()) and not np.isnan(log_w).any(), "log-weights", "NaN or all -inf", "numbers")
    total = float(logsumexp(log_w))
    sizes.append(effective_size_of_logs(log_w))
    if progress is not None:
        progress("reverse step", len(steps), len(steps))
    log_partition = now.log_z + total - math.log(log_w.size)
    ancestors = len(np.unique(now.ancestry))
    return Twisted(now.here.x0_hat, np.exp(log_w - total), log_partition, np.array(sizes), resampled, ancestors)


def _shares(rows: Row, twist: Sequence[float] | None) -> Float[np.ndarray, " steps"]:
    """c_i/beta."""
    shares = rows.signal**2 if twist is None else np.asarray(twist, dtype=np.float64)
    ok = shares.shape == rows.signal.shape and bool(np.isfinite(shares).all())
    require(ok, "twist", twist, f"{rows.signal.size} finite numbers")
    return shares


def _look(world: World, x: Points, row: Row, guided: bool) -> Guidance:
    """psi(x0_hat), its gradient where it is used (else the points, for their shape), and x0_hat."""
    if guided:
        return world.guidance(x, row)
    x0_hat = world.denoise(x, row)
    return Guidance(world.score(x0_hat), x, x0_hat)


def _start(world: World, x: Points, row: Row, c: float) -> _Particles:
    here = _look(world, x, row, bool(row.zeta))
    value = world.to_numpy(here.value)
    return _Particles(x, here, here.x0_hat, value, c * value, np.arange(value.size), 0.0)


def _resampled(world: World, now: _Particles, offset: float) -> _Particles:
    total = float(logsumexp(now.log_w))
    chosen = systematic_resample(np.exp(now.log_w - total), offset)
    gradient, x0_hat = world.take(now.here.gradient, chosen), world.take(now.here.x0_hat, chosen)
    return _Particles(
        world.take(now.x, chosen),
        now.here._replace(gradient=gradient, x0_hat=x0_hat),
        world.take(now.before, chosen),
        now.value[chosen],
        np.zeros(now.value.size),
        now.ancestry[chosen],
        now.log_z + total - math.log(now.value.size),
    )


def _moved(world: World, now: _Particles, row: Row, z: Points, after: Row, c: Float[np.ndarray, " 2"]) -> _Particles:
    """One guided step with its weights.

    With shift and step = noise_sd z, the two squared distances are |step + shift|^2 and |step|^2. The shift is
    zeta gradient, shortened smoothly to less than the noise of the step: where x0_hat is near a singularity of psi a
    full shift would make weights without a variance. Any shift is exact.
    """
    full, step = row.zeta * now.here.gradient, row.noise_sd * z
    shift = world.scale((1.0 + world.dot(full, full) / row.noise_sd**2) ** -0.5, full)
    x0_hat = now.here.x0_hat
    x = row.from_x * now.x + row.from_x0 * x0_hat + row.from_change * (x0_hat - now.before) + step + shift
    correction = -0.5 * world.to_numpy(world.dot(shift, 2.0 * step + shift)) / row.noise_sd**2
    here = _look(world, x, after, bool(row.zeta))
    value = world.to_numpy(here.value)
    log_w = now.log_w + correction + c[1] * value - c[0] * now.value
    return _Particles(x, here, x0_hat, value, log_w, now.ancestry, now.log_z)
