"""Table 2 by the paper's own Monte Carlo protocol, on points of the plane (Appendix H.2-H.4).

One replicate draws two pools from p. On the first, the threshold and the multiplier of each level are found by
bisection on Monte Carlo means (199)-(201). On the second, rejection keeps the points above the threshold (hard)
and self-normalised importance weights stand for the tilt (KLSC), and the metrics are estimated. Independent
replicates give the standard errors; the score law is not used anywhere.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, silent
from distributional_view.toy.kde import Grid, kernel_sum, kernels, kl_on_grid, world_grid
from distributional_view.toy.table2 import METRICS
from distributional_view.toy.world import TARGETS, ToyWorld

_BISECTIONS = 48  # to 1e-13 of the bracket
_MULTIPLIER_BRACKET = (0.0, 64.0)


class Estimate(NamedTuple):
    """Mean over replicates and its standard error."""

    mean: float
    se: float


def bisect(
    function: Callable[[Float[Array, ""]], Float[Array, ""]], lower: Float[Array, ""], upper: Float[Array, ""]
) -> Float[Array, ""]:
    """Root of an increasing function by bisection, to the last digits of the bracket."""

    def halve(_: Int[Array, ""], bracket: tuple[Float[Array, ""], Float[Array, ""]]) -> tuple[Array, Array]:
        low, high = bracket
        middle = 0.5 * (low + high)
        below = function(middle) < 0
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    low, high = jax.lax.fori_loop(0, _BISECTIONS, halve, (lower, upper))
    return 0.5 * (low + high)


def tail_mean(y: Float[Array, " n"], threshold: Float[Array, ""]) -> Float[Array, ""]:
    """Monte Carlo E_p[psi | psi >= t]. Paper: Appendix H (199)."""
    kept = y >= threshold
    return jnp.sum(jnp.where(kept, y, 0.0)) / jnp.maximum(kept.sum(), 1)


def importance_weights(y: Float[Array, " n"], multiplier: Float[Array, ""]) -> Float[Array, " n"]:
    """Self-normalised weights, proportional to exp(beta psi). Paper: Appendix H (201)."""
    return jax.nn.softmax(multiplier * y)


@jax.jit
def _calibrate(y: Float[Array, " n"], targets: Float[Array, " t"]) -> tuple[Float[Array, " t"], Float[Array, " t"]]:
    def one(target: Float[Array, ""]) -> tuple[Float[Array, ""], Float[Array, ""]]:
        threshold = bisect(lambda t: tail_mean(y, t) - target, y.min(), y.max())
        low, high = (jnp.asarray(b, y.dtype) for b in _MULTIPLIER_BRACKET)
        return threshold, bisect(lambda b: importance_weights(y, b) @ y - target, low, high)

    return jax.lax.map(one, targets)


@jax.jit
def _weights(
    y: Float[Array, " n"], threshold: Float[Array, ""], multiplier: Float[Array, ""]
) -> tuple[Float[Array, " n"], Float[Array, " n"], Float[Array, ""], Float[Array, ""]]:
    """Sample weights of both methods on a pool, and the estimates of both KLs to the prior."""
    kept = y >= threshold
    hard = kept / kept.sum()
    tilt = importance_weights(y, multiplier)
    log_z = jax.nn.logsumexp(multiplier * y) - jnp.log(len(y))
    return hard, tilt, -jnp.log(kept.mean()), multiplier * (tilt @ y) - log_z


def replicate(
    world: ToyWorld, grid: Grid, targets: tuple[float, ...], n: int, key: PRNGKeyArray
) -> Float[np.ndarray, "t 2 4"]:
    """One run of the protocol with pools of n points: target x (hard, klsc) x `METRICS`."""
    calibration_key, sample_key = jax.random.split(key)
    pool = world.psi(world.mixture.sample(calibration_key, n))
    levels = jnp.asarray([t + step for t in targets for step in (0.0, world.target_step)])
    thresholds, multipliers = _calibrate(pool, levels)
    x = world.mixture.sample(sample_key, n)
    y, along = world.psi(x), kernels(np.asarray(x), world.bandwidth, grid.axis)
    values = np.empty((len(targets), 2, len(METRICS)))
    for i in range(len(targets)):
        *here, kl_hard, kl_klsc = _weights(y, thresholds[2 * i], multipliers[2 * i])
        beyond = _weights(y, thresholds[2 * i + 1], multipliers[2 * i + 1])[:2]
        above = np.asarray(y >= thresholds[2 * i])
        shell = above & np.asarray(y < thresholds[2 * i] + world.margin)
        for j, (w, w_next, kl) in enumerate(
            zip(map(np.asarray, here), map(np.asarray, beyond), (kl_hard, kl_klsc), strict=True)
        ):
            values[i, j] = (
                w[shell].sum() / w[above].sum(),
                0.5 * np.abs(w - w_next).sum(),
                float(kl),
                kl_on_grid(kernel_sum(along, w), grid),
            )
    return values


def sampled_table(
    world: ToyWorld,
    key: PRNGKeyArray,
    n: int,
    replicates: int,
    targets: tuple[float, ...] = TARGETS,
    progress: Progress = silent,
) -> dict[tuple[float, str], dict[str, Estimate]]:
    """(target, method) -> metric -> estimate, from independent replicates of the protocol.

    Args:
        world: the world; run it in 64-bit mode.
        key: randomness; equal keys give equal results.
        n: points in each pool.
        replicates: at least 2.
        targets: faithfulness levels.
        progress: counts replicates.

    Raises:
        ValueError: if there are fewer than 2 replicates or fewer than 100 points, or 64-bit mode is off.
    """
    require(replicates >= 2, "replicates", replicates, ">= 2, for a standard error")
    require(n >= 100, "n", n, ">= 100")
    double = jnp.zeros(()).dtype == jnp.float64
    require(double, "jax_enable_x64", False, "on: single precision loses the tail weights")
    grid = world_grid(world)
    runs = []
    for i, one_key in enumerate(jax.random.split(key, replicates)):
        progress("sampling Table 2", i, replicates)
        runs.append(replicate(world, grid, targets, n, one_key))
    progress("sampling Table 2", replicates, replicates)
    mean, se = np.mean(runs, axis=0), np.std(runs, axis=0, ddof=1) / np.sqrt(replicates)
    return {
        (target, method): {m: Estimate(float(mean[i, j, k]), float(se[i, j, k])) for k, m in enumerate(METRICS)}
        for i, target in enumerate(targets)
        for j, method in enumerate(("hard", "klsc"))
    }
