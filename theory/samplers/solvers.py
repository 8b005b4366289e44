"""The reverse step of first and of second order.

Between two levels the reverse process follows a linear equation driven by the denoised estimate: with the log
signal-to-noise ratio lambda_i = log(alpha_bar_i/(1 - alpha_bar_i))/2 and h = lambda_(i-1) - lambda_i,

    x_(i-1) = sqrt((1 - alpha_bar_(i-1))/(1 - alpha_bar_i)) e^(-h) x_i + sqrt(alpha_bar_(i-1)) (1 - e^(-2h)) x0_hat
              + sqrt((1 - alpha_bar_(i-1)) (1 - e^(-2h))) z

if x0_hat stays as it is in between. That is the DDPM step, term by term: `from_x`, `from_x0` and `noise_sd` of a `Row`.
Its law is off by one over the number of steps. The solver of second order lets x0_hat go on as it
went over the step before, by half a step: it adds

    from_change (x0_hat_i - x0_hat_(i+1)),    from_change = from_x0 h/(2 h_before),

so that its error falls with the square of the number of steps, at the same cost: one evaluation a step. The first step
has no step before it, and the last, to the clean end, no finite h: both are of first order.

With guidance the tilted estimate x0_hat + (1 - alpha_bar)/sqrt(alpha_bar) rho grad H takes the place of x0_hat: by
Tweedie's formula it is the denoised estimate of the tilted process (Theorem G.3). Its factor in the first-order step is
zeta = (1 - alpha)/sqrt(alpha) rho, so that both orders share `zeta`.

References: Lu et al. (2022), DPM-Solver++, the variant "2M" of its stochastic form.
"""

from typing import Literal, NamedTuple, get_args

import numpy as np

from distributional_view.theory.errors import require
from distributional_view.theory.samplers.schedule import Row
from distributional_view.theory.samplers.world import Points, World

Solver = Literal["DDPM", "2M-SDE"]


class Chain(NamedTuple):
    """The state of the second-order solver: where the points are, and the (guided) x0_hat of the step before."""

    x: Points
    estimate: Points


def solver_rows(rows: Row, solver: Solver) -> Row:
    """The rows with `from_change` of a solver.

    Paper: Algorithm 1. The step is its lines 2-4; the second order is ours.

    Args:
        rows: as columns, from `NoiseSchedule.rows`.
        solver: "DDPM", of first order, or "2M-SDE", of second.

    Raises:
        ValueError: for an unknown solver.

    Example:
        >>> solver_rows(NoiseSchedule.linear().spaced(4, "log-SNR").rows, "2M-SDE").from_change.round(2).tolist()
        [0.0, 0.48, 0.5, 0.0]
    """
    require(solver in get_args(Solver), "solver", solver, f"one of {get_args(Solver)}")
    change = np.zeros_like(rows.from_x0)
    if solver == "2M-SDE" and change.size > 2:
        h = np.diff(np.log(rows.signal) - 0.5 * np.log(rows.noise_variance))
        change[1:-1] = 0.5 * rows.from_x0[1:-1] * h[1:] / h[:-1]
    return rows._replace(from_change=change)


def guided_estimate(world: World, x: Points, row: Row) -> Points:
    """x0_hat plus a move along the gradient; `from_x0` times it is zeta times the gradient. Paper: Remark G.4."""
    value, gradient, x0_hat = world.guidance(x, row)
    return x0_hat + (row.zeta / row.from_x0) * world.scale(value <= row.cap, gradient)


def guided_second_order(world: World, state: Chain, row: Row, z: Points) -> Chain:
    """A guided step of second order. Paper: Remark G.4."""
    return _stepped(state, guided_estimate(world, state.x, row), row, z)


def plain_second_order(world: World, state: Chain, row: Row, z: Points) -> Chain:
    """An unguided step of second order. Paper: Lemma G.2."""
    return _stepped(state, world.denoise(state.x, row), row, z)


def _stepped(state: Chain, estimate: Points, row: Row, z: Points) -> Chain:
    change = row.from_change * (estimate - state.estimate)
    return Chain(row.from_x * state.x + row.from_x0 * estimate + change + row.noise_sd * z, estimate)
