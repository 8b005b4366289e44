"""One mixture of four modes as a world of every array library, with the same noise in each."""

from functools import cache

import jax.numpy as jnp
import numpy as np

from distributional_view.theory.samplers.schedule import NoiseSchedule
from distributional_view.toy.mixture import GaussianMixture
from distributional_view.toy.planar import PlanarWorld
from distributional_view.toy.scores import AngularScore
from tests.support.numpy_world import NumpyWorld

WEIGHTS = np.array([0.1, 0.2, 0.3, 0.4])
MEANS = np.array([[1.7, 1.5], [-1.4, 1.9], [-1.8, -1.2], [2.0, -1.6]])
VARIANCES = np.array([1.0, 0.8, 1.3, 0.9])
SCALE, DIRECTION = 3.7, 0.6
PSI = AngularScore("cosine", SCALE, DIRECTION)
SCHEDULE = NoiseSchedule.linear().strided(40)
N = 300


@cache
def mixture() -> GaussianMixture:
    """A function, so that an import starts no JAX."""
    return GaussianMixture(jnp.asarray(WEIGHTS), jnp.asarray(MEANS), jnp.asarray(VARIANCES[:, None, None] * np.eye(2)))


def noise_in(world, seed=5, n=N):
    """The same numpy noise in every world's own kind of points, stacked so that a compiled loop can index it."""
    raw = np.random.default_rng(seed).normal(size=(SCHEDULE.steps + 1, n, 2))
    if isinstance(world, NumpyWorld):
        return lambda i: raw[int(i)]
    table = jnp.asarray(raw)
    if isinstance(world, PlanarWorld):
        return lambda i: world._plane(table[i])
    return lambda i: table[i]


def square(x):
    return x[:, 1] ** 2, np.stack([np.zeros(len(x)), 2 * x[:, 1]], axis=1)
