"""The guided sampler and the ascents on few points, with the page's random numbers."""

import math
from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from distributional_view.figures.lab.reference.generator import normals, uniform
from distributional_view.figures.lab.reference.levels import Record
from distributional_view.figures.lab.reference.worlds import mixture_of, paper_settings
from distributional_view.theory.samplers.ascent import Ascent
from distributional_view.theory.samplers.energy_dps import guided_rows, guided_step
from distributional_view.theory.samplers.schedule import NoiseSchedule, each
from distributional_view.toy.methods import regularizer
from distributional_view.toy.planar import PlanarWorld
from distributional_view.toy.scores import AngularScore

SEED, N, STEPS = 5, 12, 20
STRENGTHS = (0.0, 0.14)
PENALTIES = (0.5, 2.0)
ITERATIONS = (1, 3, 8, 20)
_REACH = 5


def chains() -> Record:
    """Schedule, guided samples and ends of ascents."""
    settings = paper_settings()
    dragged = settings | {"modes": [[4, 1], [-1, 2], [-1.5, -2.5], [0.5, -1.7]], "weights": [0.1, 0.2, 0.3, 0.4]}
    return {
        "rows": _rows(),
        "guided": [_guided(world, strength) for world in (settings, dragged) for strength in STRENGTHS],
        "ascents": [_ascent(settings, penalty, most) for penalty in PENALTIES for most in ITERATIONS],
    }


def _world(settings: Record) -> PlanarWorld:
    psi = AngularScore("cosine", settings["scoreScale"], math.pi / 4)
    return PlanarWorld(mixture_of(settings), psi, NoiseSchedule.linear().strided(STEPS), jnp.float64)


def _rows() -> list[list[float]]:
    """The coefficients of the reverse steps of two schedules."""
    found = []
    for steps in (100, 16):
        for row in each(NoiseSchedule.linear().strided(steps).rows):
            found.append([steps, row.index, row.signal, row.noise_variance, row.from_x, row.from_x0, row.noise_sd])
            found[-1].append(row.tilt_zeta)
    return found[::7]


def _guided(settings: Record, strength: float) -> Record:
    """All points of a chain with the page's noise: levels 0 to STEPS of one coordinate, then of the other."""
    world, numbers = _world(settings), uniform(SEED)
    x, y = (_levels(numbers) for _ in range(2))
    noise = [world.from_numpy(np.stack(pair, axis=1)) for pair in zip(x, y, strict=True)]
    at = noise[STEPS]
    for row in each(guided_rows(world.schedule, strength)):
        at = guided_step(world, at, row, noise[row.index - 1])
    ends = world.to_numpy(at)
    scores = np.asarray(world.to_numpy(world.score(at)))
    return {
        "settings": settings,
        "seed": SEED,
        "n": N,
        "steps": STEPS,
        "strength": strength,
        "ends": ends.tolist(),
        "mean": float(scores.mean()),
    }


def _levels(numbers: Iterator[float]) -> list[Float[np.ndarray, " n"]]:
    """Normal numbers for each level."""
    return [normals(N, numbers) for _ in range(STEPS + 1)]


def _ascent(settings: Record, penalty: float, most: int) -> Record:
    """The ends of the ascents after so many iterations."""
    numbers, world = uniform(SEED), _world(settings)
    starts = np.array([[_REACH * (2 * next(numbers) - 1) for _ in range(N)] for _ in range(2)]).T
    found = Ascent(world, regularizer, np.ascontiguousarray(starts), most).climb(penalty)
    return {
        "seed": SEED,
        "n": N,
        "penalty": penalty,
        "iterations": most,
        "ends": world.to_numpy(found.x).tolist(),
        "mean": float(found.scores.mean()),
    }
