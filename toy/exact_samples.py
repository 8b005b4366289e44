"""Exact draws from both solutions, by rejection from p: the yardstick for every other sampler.

Paper: H.3 uses rejection for the hard solution; for the tilt the score has to be bounded above.
"""

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from distributional_view.theory import Hard, Solution
from distributional_view.theory.errors import require
from distributional_view.toy.world import ToyWorld


def exact_samples(world: ToyWorld, solution: Solution, seed: int, n: int) -> Float[np.ndarray, "n 2"]:
    """n independent draws from a solution calibrated on the world's law: accept x with probability
    (dq/dp)(x)/max(dq/dp).

    Raises:
        ValueError: if n < 1 or the solution keeps less than one point in a million.
    """
    require(n >= 1, "n", n, ">= 1")
    top = (
        -solution.log_kept
        if isinstance(solution, Hard)
        else float(solution.log_ratio(np.array([world.law.ess_sup]))[0])
    )
    require(top < math.log(1e6), "max dq/dp", math.exp(min(top, 700.0)), "at most a million for rejection sampling")
    rng = np.random.default_rng(seed)
    draw = _drawer(world, seed)
    kept: list[Float[np.ndarray, "k 2"]] = []
    found = 0
    while found < n:
        x = draw(min(4_000_000, math.ceil(1.1 * (n - found) * math.exp(top)) + 1000))
        accept = np.log(rng.random(len(x))) < solution.log_ratio(np.asarray(world.psi(x))) - top
        kept.append(x[accept])
        found += len(kept[-1])
    return np.concatenate(kept)[:n]


def _drawer(world: ToyWorld, seed: int) -> Callable[[int], Float[np.ndarray, "k 2"]]:
    """Successive independent batches from p."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    means, weights = np.asarray(world.mixture.means), np.asarray(world.mixture.weights)

    def draw(count: int) -> Float[np.ndarray, "k 2"]:
        modes = rng.choice(len(weights), size=count, p=weights / weights.sum())
        return means[modes] + world.sigma * rng.normal(size=(count, 2))

    return draw
