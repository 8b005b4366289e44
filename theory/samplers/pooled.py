"""Several independent runs of the particle filter as one.

Each run estimates Z(beta) without bias, and its particles, weighted by w, estimate E_q[f] as a ratio. Weighing a run by
its estimate of Z makes numerator and denominator sums over runs: as good as one run with all particles where those do
not fit at once, and honest about runs that went wrong, which count for little.

Paper: (24). The pooling is ours.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

from distributional_view.theory.errors import require
from distributional_view.theory.samplers.twisted_smc import Twisted
from distributional_view.theory.samplers.world import Points, World


class Pooled(NamedTuple):
    """All particles, their weights (sum 1), log Z(beta), its standard error over the runs (NaN for one run), and how
    many particles of the starts have descendants."""

    x: Points
    weights: Float[np.ndarray, " n"]
    log_partition: float
    log_partition_se: float
    ancestors: int


def pooled(world: World, runs: Sequence[Twisted]) -> Pooled:
    """The runs, each weighted by its estimate of Z. Paper: (24).

    Args:
        world: of the runs.
        runs: with the same multiplier and independent noise, at least one.

    Raises:
        ValueError: for no runs.

    Example:
        >>> runs = [twisted_smc(world, world.noise(seed, 250), 1.0, seed) for seed in range(4)]
        >>> found = pooled(world, runs)
        >>> len(found.weights), round(float(found.weights.sum()), 6)
        (1000, 1.0)
    """
    require(len(runs) >= 1, "number of runs", len(runs), ">= 1")
    logs = np.array([run.log_partition for run in runs])
    shares = np.exp(logs - logsumexp(logs))
    weights = np.concatenate([share * run.weights for share, run in zip(shares, runs, strict=True)])
    x = world.from_numpy(np.concatenate([np.asarray(world.to_numpy(run.x)) for run in runs]))
    ratios = shares * len(runs)
    error = float(ratios.std(ddof=1) / math.sqrt(len(runs))) if len(runs) > 1 else math.nan
    log_partition = float(logsumexp(logs) - math.log(len(runs)))
    return Pooled(x, weights, log_partition, error, sum(run.ancestors for run in runs))
