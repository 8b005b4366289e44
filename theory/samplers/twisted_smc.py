"""Twisted sequential Monte Carlo: samples of the real tilt, with EnergyDPS as the proposal.

The unguided chain draws x_(i-1) from k_i(. | x_i) = N(keep_i x_i + denoised_i x0_hat, noise_i^2); its last state
follows p (up to the discretisation of the diffusion). Particles move by the guided kernel instead,
N(mean + zeta_i gradient, noise_i^2), and carry weights for the twisted targets

    k(x_N) ... k(x_i | x_(i+1)) exp(c_i psi(x0_hat(x_i))),   c_0 = beta,

so that each step multiplies a weight by

    k_i(x' | x)/guided_i(x' | x) * exp(c_(i-1) psi(x0_hat(x')) - c_i psi(x0_hat(x))).

At the end the weighted particles stand for p exp(beta psi)/Z(beta), whatever the c_i and the guidance are: a good
choice only lowers the variance. The error falls as one over the root of the number of particles, and no H_t is needed.
The mean weight estimates Z(beta) without bias.

The last step of the chain adds no noise, so that x_0 = x0_hat(x_1): it is not guided, and its weight is left alone.

Paper: (24), Algorithm 1. Target and proposal. The correction is ours here; the idea of a twisted diffusion
sampler is due to Wu et al. (2023). Resampling is systematic, written out below: the libraries that have it are tied to
one array library each.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.special import logsumexp

from distributional_view.theory.errors import require
from distributional_view.theory.samplers.energy_dps import guided_rows
from distributional_view.theory.samplers.schedule import Row, each
from distributional_view.theory.samplers.world import Guidance, Noise, Points, Progress, World


class Twisted(NamedTuple):
    """Particles at x_0, their weights (sum 1), the estimate of log Z(beta), and the effective sizes on the way.

    `resampled` counts the resamplings; `ancestors` the particles of the start that still have descendants.
    """

    x: Points
    weights: Float[np.ndarray, " n"]
    log_partition: float
    effective_sizes: Float[np.ndarray, " steps"]
    resampled: int
    ancestors: int


def twisted(
    world: World,
    noise: Noise,
    multiplier: float,
    seed: int,
    strength: float | None = None,
    twist: Sequence[float] | None = None,
    resample_below: float = 0.5,
    progress: Progress | None = None,
) -> Twisted:
    """Weighted samples of p exp(beta psi)/Z(beta), exact as the number of particles grows.

    Args:
        world: supplies denoiser, guidance and schedule.
        noise: from `world.noise(seed, n)`; n is the number of particles.
        multiplier: beta >= 0 of the tilt wanted, finite.
        seed: of the resampling.
        strength: tilt-like strength of the proposal; default a quarter of beta. Less than what EnergyDPS needs on
            its own (half of beta, for a score of the direction alone) is better here: the weights supply the rest.
        twist: c_i/beta for i = N, ..., 1, finite; default alpha_bar_i, so that the twist fades with the signal.
        resample_below: resample when the effective size falls below this share of n, in [0, 1].
        progress: called after each step.

    Raises:
        ValueError: for bad arguments, or if the scores become NaN.
    """
    require(math.isfinite(multiplier) and multiplier >= 0, "multiplier", multiplier, "finite and >= 0")
    require(0 <= resample_below <= 1, "resample_below", resample_below, "in [0, 1]")
    rows = guided_rows(world.schedule, 0.25 * multiplier if strength is None else strength)
    shares = rows.signal**2 if twist is None else np.asarray(twist, dtype=np.float64)
    ok = shares.shape == (world.schedule.steps,) and bool(np.isfinite(shares).all())
    require(ok, "twist", twist, f"{world.schedule.steps} finite numbers")
    c = multiplier * shares

    rng = np.random.default_rng(seed)
    x = noise(world.schedule.steps)
    here = world.guidance(x, next(each(rows)))
    value = world.to_numpy(here.value)
    n = value.size
    log_w, log_z, ancestry = c[0] * value, 0.0, np.arange(n)
    sizes, resampled = [], 0
    steps = list(each(rows))
    for k, row in enumerate(steps[:-1]):
        if (size := _size(log_w)) < resample_below * n:
            log_z += float(logsumexp(log_w)) - math.log(n)
            chosen = systematic(np.exp(log_w - logsumexp(log_w)), float(rng.random()))
            x, here = world.take(x, chosen), _take(world, here, chosen)
            value, log_w, ancestry = value[chosen], np.zeros(n), ancestry[chosen]
            resampled += 1
        sizes.append(size)
        x, correction = _move(world, x, row, noise(row.index - 1), here)
        here = world.guidance(x, steps[k + 1])
        after = world.to_numpy(here.value)
        log_w = log_w + correction + c[k + 1] * after - c[k] * value
        value = after
        if progress is not None:
            progress(k + 1, len(steps))
    # The last, noiseless step: x_0 = x0_hat(x_1). Its score is psi(x0_hat(x_1)), so that only the twist is completed.
    log_w = log_w + (multiplier - c[-1]) * value
    require(bool(np.isfinite(log_w).any()) and not np.isnan(log_w).any(), "log-weights", "NaN or all -inf", "numbers")
    total = float(logsumexp(log_w))
    sizes.append(_size(log_w))
    if progress is not None:
        progress(len(steps), len(steps))
    return Twisted(
        here.x0_hat,
        np.exp(log_w - total),
        log_z + total - math.log(n),
        np.array(sizes),
        resampled,
        len(np.unique(ancestry)),
    )


def _move(world: World, x: Points, row: Row, z: Points, here: Guidance) -> tuple[Points, Float[np.ndarray, " n"]]:
    """One guided step, and log of (unguided kernel/guided kernel) at where it led.

    With shift and step = noise z, the two squared distances are |step + shift|^2 and |step|^2. The shift is
    zeta gradient, shortened smoothly to less than the noise of the step: where x0_hat is near a singularity of psi a
    full shift would make weights without a variance. Any shift is exact.
    """
    full, step = row.guidance * here.gradient, row.noise * z
    shift = world.scale((1.0 + world.dot(full, full) / row.noise**2) ** -0.5, full)
    moved = row.keep * x + row.denoised * here.x0_hat + step + shift
    both = world.to_numpy(world.dot(shift, 2.0 * step + shift))
    return moved, -0.5 * both / row.noise**2


def _take(world: World, here: Guidance, chosen: Int[np.ndarray, " n"]) -> Guidance:
    return here._replace(gradient=world.take(here.gradient, chosen), x0_hat=world.take(here.x0_hat, chosen))


def _size(log_w: Float[np.ndarray, " n"]) -> float:
    """Effective sample size of unnormalised log-weights."""
    return math.exp(2 * float(logsumexp(log_w)) - float(logsumexp(2 * log_w)))


def systematic(weights: Float[np.ndarray, " n"], offset: float) -> Int[np.ndarray, " n"]:
    """Systematic resampling: n indices, i drawn either floor(n w_i) or ceil(n w_i) times, n w_i on average.

    Args:
        weights: >= 0, sum 1.
        offset: uniform on [0, 1), the only random number.
    """
    n = weights.size
    ends = np.cumsum(weights)
    return np.minimum(np.searchsorted(ends / ends[-1], (np.arange(n) + offset) / n, side="right"), n - 1)
