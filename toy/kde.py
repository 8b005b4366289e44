"""The paper's smoothed KL: a Gaussian kernel density estimate of q against the exact p, on a grid (212).

The grid is a product and the kernel isotropic, so that the estimate at all grid points is one matrix product.
The same function takes samples, weighted samples, or quadrature nodes of q: the last gives the limit of
infinitely many samples, q convolved with the kernel, without sampling error.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.polynomial import legendre

from distributional_view.theory.errors import require
from distributional_view.theory.solutions.klsc import Solution
from distributional_view.toy.world import ToyWorld

GRID_STEP = 0.25  # in units of min(sigma, bandwidth); the trapezoidal rule is then exact to about 1e-10


class Grid(NamedTuple):
    """A square grid of points (axis[i], axis[j]) with the exact log p on it."""

    axis: Float[np.ndarray, " g"]
    log_prior: Float[np.ndarray, "g g"]

    @property
    def cell(self) -> float:
        """Area of a grid cell."""
        return float(self.axis[1] - self.axis[0]) ** 2


def world_grid(world: ToyWorld, step: float = GRID_STEP) -> Grid:
    """The fixed grid on which all smoothed KLs of a world are integrated. Paper: I.4."""
    half = math.ceil(world.reach / (step * min(world.sigma, world.bandwidth)))
    axis = np.linspace(-world.reach, world.reach, 2 * half + 1)
    points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    return Grid(axis, log_density(world, points))


def log_density(world: ToyWorld, points: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n"]:
    """log p at points, in numpy's double precision whatever JAX's default is."""
    means, weights = np.asarray(world.mixture.means, np.float64), np.asarray(world.mixture.weights, np.float64)
    squares = ((points[..., None, :] - means) ** 2).sum(-1) / world.sigma**2
    logs = np.log(weights) - 0.5 * squares - math.log(2 * math.pi * world.sigma**2)
    return np.asarray(np.logaddexp.reduce(logs, axis=-1))


def kde(
    points: Float[np.ndarray, "n 2"],
    masses: Float[np.ndarray, " n"],
    bandwidth: float,
    axis: Float[np.ndarray, " g"],
) -> Float[np.ndarray, "g g"]:
    """Density at (axis[i], axis[j]) of the weighted points convolved with N(0, bandwidth^2 I). Paper: (212).

    Args:
        points: sample or quadrature points.
        masses: their weights, with sum 1.
        bandwidth: > 0 (length).
        axis: grid coordinates.

    Raises:
        ValueError: if the bandwidth is not positive.
    """
    return kernel_sum(kernels(points, bandwidth, axis), masses)


def kernels(
    points: Float[np.ndarray, "n 2"], bandwidth: float, axis: Float[np.ndarray, " g"]
) -> tuple[Float[np.ndarray, "g n"], Float[np.ndarray, "g n"]]:
    """The two one-dimensional factors of the kernel around each point, at the grid coordinates."""
    require(bandwidth > 0, "bandwidth", bandwidth, "> 0")
    factor = 1 / (math.sqrt(2 * math.pi) * bandwidth)
    x, y = (factor * np.exp(-0.5 * ((axis[:, None] - c) / bandwidth) ** 2) for c in points.T)
    return x, y


def kernel_sum(
    along: tuple[Float[np.ndarray, "g n"], Float[np.ndarray, "g n"]], masses: Float[np.ndarray, " n"]
) -> Float[np.ndarray, "g g"]:
    """Sum of the kernels with these masses, at all pairs of grid coordinates."""
    return (along[0] * masses) @ along[1].T


def kl_on_grid(density: Float[np.ndarray, "g g"], grid: Grid) -> float:
    """KL(density || p) by the trapezoidal rule on the grid, in nats; the density is normalised on the grid first."""
    q = density / (density.sum() * grid.cell)
    kept = q > 0
    return float((q[kept] * (np.log(q[kept]) - grid.log_prior[kept])).sum() * grid.cell)


def quadrature_nodes(world: ToyWorld, *levels: float) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, " n"]]:
    """Polar Gauss-Legendre nodes and their masses under p; no panel crosses a kink of psi or one of the levels."""
    kinks = [*world.psi.breakpoints(), *(a for level in levels for a in world.psi.angles_at(level))]
    edges = np.unique([*kinks, *(kinks[0] + np.arange(33) * math.pi / 16)])
    theta, d_theta = _composite(edges, 8)
    r, d_r = _composite(np.linspace(0.0, world.radius + 8 * world.sigma, 9), 8)
    points = np.stack([np.outer(r, np.cos(theta)), np.outer(r, np.sin(theta))], axis=-1)
    masses = np.exp(log_density(world, points)) * np.outer(d_r * r, d_theta)
    return points.reshape(-1, 2), masses.ravel()


def _composite(edges: Float[np.ndarray, " e"], order: int) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Gauss-Legendre nodes and weights on consecutive panels."""
    x, w = legendre.leggauss(order)
    half = 0.5 * np.diff(edges)[:, None]
    return (0.5 * (edges[1:] + edges[:-1])[:, None] + half * x).ravel(), (half * w).ravel()


def smoothed_kls(
    world: ToyWorld, solutions: Sequence[Solution], thresholds: Sequence[float], step: float = GRID_STEP
) -> list[float]:
    """KL between each solution convolved with the kernel and p: (212) for infinitely many samples, in nats.

    Args:
        world: supplies p, psi and the bandwidth.
        solutions: calibrated on the world's law.
        thresholds: the levels at which the density of some hard solution jumps.
        step: grid step in units of min(sigma, bandwidth).
    """
    grid = world_grid(world, step)
    points, masses = quadrature_nodes(world, *thresholds)
    scores = np.asarray(world.psi(points))
    along = kernels(points, world.bandwidth, grid.axis)
    weights = [masses * np.exp(solution.log_ratio(scores)) for solution in solutions]
    return [kl_on_grid(kernel_sum(along, q / q.sum()), grid) for q in weights]
