"""The toy world's p as a finite measure: quadrature nodes in the plane, their masses and their scores.

Smooth functionals of tilted p are exact to about 1e-10 on it, and every statement about finite measures holds for it.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from distributional_view.toy.kde import log_density, quadrature_nodes
from distributional_view.toy.world import ToyWorld


class NodeMeasure(NamedTuple):
    """Nodes x, their p-masses (sum 1), their scores psi(x), and the log-area of their cells (log mass - log p)."""

    points: Float[np.ndarray, "n 2"]
    masses: Float[np.ndarray, " n"]
    scores: Float[np.ndarray, " n"]
    log_cells: Float[np.ndarray, " n"]


def node_measure(world: ToyWorld) -> NodeMeasure:
    """p of the world on polar Gauss-Legendre nodes."""
    points, masses = quadrature_nodes(world)
    masses = masses / masses.sum()
    return NodeMeasure(points, masses, np.asarray(world.psi(points)), np.log(masses) - log_density(world, points))
