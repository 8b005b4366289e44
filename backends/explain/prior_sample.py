"""Unguided samples of a prior, kept part by part: a killed call goes on with the part that it was at.

They serve every feature and level at the same steps: as the law of a score where there are no pictures, and as what the
pictures of a method are compared with.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.explain.kept import kept
from distributional_view.backends.explain.prior_range import level_losses
from distributional_view.jobs import Job
from distributional_view.sealed import read_sealed_arrays, write_sealed_arrays
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.energy_dps import unguided
from distributional_view.theory.samplers.solvers import Solver

PART = 32
"""Pictures a file."""
PARTS, LOSSES = "pictures-*.npy", "losses.npy"
"""The files."""
OF_THE_SCORE = ("feature", "reduction", "share", "gated", "hook", "backbone", "transcoder", "images", "pictures")
"""What the prior does not depend on, in the origin of a source."""


class Sampled(NamedTuple):
    """Unguided samples, points of their world, and the token of the job that keeps them."""

    points: Float[Tensor, "n ..."]
    token: str


@dataclass(frozen=True)
class Sampling:
    """How a prior is sampled, and where the samples are kept.

    Args:
        keep: folder of what several jobs share.
        n: how many, >= 2.
        seed: of the samples.
        solver: of first or of second order.
        origin: what the prior is made of, as JSON can hold it.
        contents: files that it was made from.

    Raises:
        ValueError: for fewer than two.
    """

    keep: Path
    n: int
    seed: int
    solver: Solver
    origin: Mapping[str, Any] = field(default_factory=dict)
    contents: Mapping[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(self.n >= 2, "pool_size", self.n, ">= 2")

    def job(self, world: TorchWorld) -> AbstractContextManager[Job]:
        """The job that keeps the samples of this world.

        Raises:
            OtherRequest, UserError: see `kept`.
        """
        identity = {
            "prior": {name: value for name, value in self.origin.items() if name not in OF_THE_SCORE},
            "shape": list(world.shape),
            "schedule": world.schedule.alpha_bar.tolist(),
            "device": torch.device(world.device).type,
            "n": self.n,
            "seed": self.seed,
            "solver": self.solver,
        }
        contents = {name: path for name, path in self.contents.items() if name.startswith("prior")}
        return kept(self.keep, "prior", identity, contents, (PARTS, LOSSES))


def kept_sample(world: TorchWorld, how: Sampling, progress: Progress = silent) -> Sampled:
    """The samples; those that are kept are read.

    Raises:
        OtherRequest, UserError: see `kept`.
    """
    with how.job(world) as job:
        return Sampled(prior_sample(job, world, how.n, how.seed, how.solver, progress), job.token)


def kept_parts(world: TorchWorld, how: Sampling, progress: Progress = silent) -> Iterator[Float[Tensor, "m ..."]]:
    """The same, `PART` of them at a time; the folder is held until the last one is taken.

    Raises:
        OtherRequest, UserError: see `kept`.
    """
    with how.job(world) as job:
        yield from sampled_parts(job, world, how.n, how.seed, how.solver, progress)


def kept_points(
    world: TorchWorld, how: Sampling, places: Int[np.ndarray, " k"], progress: Progress = silent
) -> Float[Tensor, "k ..."]:
    """Some of the samples, of which only the files that have them are read, or made.

    Raises:
        OtherRequest, UserError: see `kept`.
    """
    with how.job(world) as job:
        parts = {
            first: _part(job, world, how.n, how.seed, how.solver, first, progress)
            for first in sorted({PART * (int(place) // PART) for place in places})
        }
    return torch.stack([parts[PART * (int(place) // PART)][int(place) % PART] for place in places])


def kept_losses(world: TorchWorld, how: Sampling, progress: Progress = silent) -> Float[np.ndarray, "n levels"]:
    """The losses of the samples at some levels, see `level_losses`; kept beside them.

    Raises:
        OtherRequest, UserError: see `kept`.
    """
    with how.job(world) as job:
        path = job.folder / LOSSES
        if not path.exists():
            pictures = prior_sample(job, world, how.n, how.seed, how.solver, progress)
            write_sealed_arrays(path, level_losses(world, pictures, progress), job.token)
        losses: Float[np.ndarray, "n levels"] = read_sealed_arrays(path, job.token)[0]
        return losses


def prior_sample(
    job: Job, world: TorchWorld, n: int, seed: int, solver: Solver, progress: Progress = silent
) -> Float[Tensor, "n ..."]:
    """n unguided samples; those that the job has are read.

    The noise of each depends on the seed and its place alone: neither the parts nor the world's batch change a picture.

    Args:
        job: that keeps them; what decides them (prior, schedule, solver, seed, kind of device) must be part of it.
        world: the prior and its schedule.
        n: how many, >= 1.
        seed: of the sample.
        solver: of first or of second order.
        progress: in pictures.

    Raises:
        ValueError: for n < 1.
        UserError: if a file is damaged or of another job, or cannot be written.
    """
    return torch.cat(list(sampled_parts(job, world, n, seed, solver, progress)))


def sampled_parts(
    job: Job, world: TorchWorld, n: int, seed: int, solver: Solver, progress: Progress = silent
) -> Iterator[Float[Tensor, "m ..."]]:
    """The same, `PART` of them at a time, so that they need not lie in memory together."""
    require(n >= 1, "n", n, ">= 1")
    for first in range(0, n, PART):
        yield _part(job, world, n, seed, solver, first, progress)


def _part(
    job: Job, world: TorchWorld, n: int, seed: int, solver: Solver, first: int, progress: Progress
) -> Float[Tensor, "m ..."]:
    """The samples of one file, which is made if it is not there."""
    places = tuple(range(first, min(first + PART, n)))
    path = job.folder / f"pictures-{first // PART:04}.npy"
    if not path.exists():
        here = replace(world, places=places)
        told = partial(_in_all, progress, first, len(places), n)
        x = unguided(here, here.noise(seed, len(places)), told, solver)
        write_sealed_arrays(path, world.to_numpy(x).astype(np.float32), job.token)
    return torch.from_numpy(read_sealed_arrays(path, job.token)[0])


def _in_all(progress: Progress, first: int, size: int, n: int, _: str, done: int, total: int) -> None:
    progress(f"{n} samples of the prior", first + size * done // max(total, 1), n)
