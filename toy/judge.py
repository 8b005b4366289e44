"""How far samples are from the exact KLSC solution and from the prior.

Three numbers, the same for every method: the paper's KL of a kernel density estimate to p (212); the total variation
between that estimate and the exact solution convolved with the same kernel; and the sliced Wasserstein distance to
exact samples. The last two have floors: what exact samples of the same number reach.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import wasserstein_distance

from distributional_view.theory import Hard, Solution
from distributional_view.toy.exact_samples import exact_samples
from distributional_view.toy.kde import Grid, kde, kernel_sum, kernels, kl_on_grid, quadrature_nodes, world_grid
from distributional_view.toy.world import ToyWorld

_PROJECTIONS = 16
_REFERENCE = 50_000
Points = Float[np.ndarray, "n 2"]
Weights = Float[np.ndarray, " n"]


class Verdict(NamedTuple):
    """KL of the smoothed samples to p (nats), smoothed TV and sliced Wasserstein-1 (length) to the exact solution."""

    kl_kde: float
    tv: float
    wasserstein: float


@dataclass(frozen=True)
class Judge:
    """Knows one exact solution. Build with `judge_of`."""

    world: ToyWorld
    grid: Grid
    smoothed: Float[np.ndarray, "g g"]
    reference: Points

    def __call__(self, points: Points, weights: Weights | None = None) -> Verdict:
        """Judge samples, weighted or not."""
        masses = np.full(len(points), 1 / len(points)) if weights is None else weights
        estimate = kde(points, masses, self.world.bandwidth, self.grid.axis)
        tv = 0.5 * float(np.abs(estimate - self.smoothed).sum()) * self.grid.cell
        return Verdict(kl_on_grid(estimate, self.grid), tv, sliced_wasserstein(points, self.reference, masses))


def judge_of(world: ToyWorld, solution: Solution, seed: int) -> Judge:
    """The judge for one exact solution; the seed draws its reference samples."""
    grid = world_grid(world)
    return Judge(world, grid, smoothed_density(world, grid, solution), exact_samples(world, solution, seed, _REFERENCE))


def smoothed_density(world: ToyWorld, grid: Grid, solution: Solution) -> Float[np.ndarray, "g g"]:
    """The solution convolved with the kernel, on the grid, by quadrature."""
    levels = (solution.threshold,) if isinstance(solution, Hard) else ()
    points, masses = quadrature_nodes(world, *levels)
    q = masses * np.exp(solution.log_ratio(np.asarray(world.psi(points))))
    return kernel_sum(kernels(points, world.bandwidth, grid.axis), q / q.sum())


def sliced_wasserstein(x: Points, y: Float[np.ndarray, "m 2"], x_weights: Weights | None = None) -> float:
    """Mean over equally spaced directions of the Wasserstein-1 distance of the projections (scipy's), in length."""
    angles = np.pi * (np.arange(_PROJECTIONS) + 0.5) / _PROJECTIONS
    distances = [
        wasserstein_distance(x @ u, y @ u, u_weights=x_weights)
        for u in np.stack([np.cos(angles), np.sin(angles)], axis=1)
    ]
    return float(np.mean(distances))
