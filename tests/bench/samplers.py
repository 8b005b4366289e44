"""The EnergyDPS loop in the toy world: particle-steps a second, closed form against automatic differentiation.

    python -m tests.bench.samplers

A general mixture of four components (different weights and variances), 20 000 particles, single precision. The plain
version is `toy.diffused` (vmap of grad), the quick one `toy.planar`; the numpy world of the tests is a third. JAX's
normal generator alone is the ceiling. All in one run; the best of a few repeats each.
"""

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from distributional_view.theory.samplers.energy_dps import energy_dps
from distributional_view.theory.samplers.schedule import NoiseSchedule
from distributional_view.toy.diffused import MixtureWorld
from distributional_view.toy.mixture import GaussianMixture
from distributional_view.toy.planar import PlanarWorld, Plane
from distributional_view.toy.world import paper_world
from tests.support.numpy_world import NumpyWorld

PARTICLES = 20_000
STRENGTH = 0.15
WEIGHTS = np.array([0.1, 0.2, 0.3, 0.4])
VARIANCES = np.array([1.0, 0.8, 1.2, 0.9])


def only_noise(world: PlanarWorld, x: Plane, row: Any, z: Plane) -> Plane:
    """A step that draws the noise and does nothing else with it than add it."""
    return x + z


def rate(run: Callable[[], object], steps: int, repeats: int) -> float:
    """Particle-steps a second, in millions: the best of some repeats after one run that compiles."""
    run()
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return PARTICLES * steps / best / 1e6


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    toy = paper_world()
    means, spreads = np.asarray(toy.mixture.means), VARIANCES[:, None, None] * np.eye(2)
    mixture = GaussianMixture(*(jnp.asarray(a, jnp.float32) for a in (WEIGHTS, means, spreads)))
    full, short = NoiseSchedule.linear(), NoiseSchedule.linear().strided(100)
    quick = PlanarWorld(mixture, toy.psi, full)
    plain = MixtureWorld(mixture, toy.psi, short)
    other = NumpyWorld(WEIGHTS, means, spreads, toy.score_scale, toy.psi.direction, NoiseSchedule.linear().strided(20))
    noise = quick.noise(0, PARTICLES)
    found = {
        "closed form, quick": rate(lambda: energy_dps(quick, noise, STRENGTH), 1000, 5),
        "vmap(grad), plain": rate(lambda: energy_dps(plain, plain.noise(0, PARTICLES), STRENGTH), 100, 5),
        "numpy": rate(lambda: energy_dps(other, other.noise(0, PARTICLES), STRENGTH), 20, 2),
        "normal generator alone": rate(lambda: quick.loop(only_noise, noise(1000), full.rows, noise), 1000, 5),
    }
    for name, speed in found.items():
        print(f"{name:24s} {speed:7.1f} million particle-steps a second")
    ratio = found["closed form, quick"] / found["vmap(grad), plain"]
    print(f"quick over plain: {ratio:.1f}; over numpy: {found['closed form, quick'] / found['numpy']:.1f}")


if __name__ == "__main__":
    main()
