"""A diffusion prior, without a score: all that the world of a feature needs of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate

from distributional_view.backends.adapter.passes import autocast_of
from distributional_view.backends.adapter.world import Denoiser, Prediction, TorchWorld
from distributional_view.backends.options import SamplerOptions
from distributional_view.theory.samplers.schedule import NoiseSchedule

STEPS = 1000
"""Reverse steps, unless others are asked for; fewer where the prior was trained on fewer."""
PICTURES = (-1.0, 1.0)
"""The range of pictures."""


@runtime_checkable
class Autoencoder(Protocol):
    """From points to pictures in [-1, 1] and back, such as `latents.Latents`; `pixels` a position, along one side."""

    @property
    def pixels(self) -> int: ...

    def decode(self, x: Tensor) -> Tensor: ...

    def encode(self, pictures: Tensor) -> Tensor: ...


@dataclass(frozen=True, eq=False)
class Prior:
    """A diffusion prior of pictures, or of latents that are decoded to pictures.

    Args:
        denoiser: (x_t, time) -> the prediction, times those of `schedule`.
        schedule: levels of the training.
        shape: of one point.
        prediction: what the denoiser predicts.
        clip: range of x_0, None where it has none.
        latents: from points to pictures; None where the points are pictures.
        files: what it was read from, by name.
        said: what the user should know of it.
    """

    denoiser: Denoiser
    schedule: NoiseSchedule
    shape: tuple[int, ...]
    prediction: Prediction = "epsilon"
    clip: tuple[float, float] | None = PICTURES
    latents: Autoencoder | None = None
    files: Mapping[str, Path] = field(default_factory=dict)
    said: tuple[str, ...] = ()

    @property
    def pixels(self) -> tuple[int, ...]:
        """Shape of a picture."""
        if self.latents is None:
            return self.shape
        return (3, *(side * self.latents.pixels for side in self.shape[1:]))

    def world(self, psi: Callable[[Tensor], Tensor], sampler: SamplerOptions) -> TorchWorld:
        """The prior with a score of pictures, at as many of its levels as are asked for.

        Args:
            psi: score of pictures of the prior's size; see `Resized` for others.
            sampler: how the networks are run; `STEPS` reverse steps unless it says otherwise.

        Raises:
            ValueError: for bad arguments.
        """
        return TorchWorld(
            self.denoiser,
            psi,
            self.levels(sampler),
            self.shape,
            self.prediction,
            self.clip,
            sampler.device,
            autocast=autocast_of(sampler.precision),
            recompute=sampler.recompute,
            batch=sampler.batch,
            decoder=None if self.latents is None else self.latents.decode,
        )

    def levels(self, sampler: SamplerOptions) -> NoiseSchedule:
        """The levels to visit, of those that the network was trained on: its times are whole."""
        steps = min(STEPS, self.schedule.steps) if sampler.steps is None else sampler.steps
        return self.schedule.spaced(steps, sampler.spacing, whole=True)


@dataclass(frozen=True, eq=False)
class Resized:
    """A score of pictures of any size: they are resized to the side that the score is meant for.

    Bilinear, with the filter widened where pictures become smaller, and differentiable. Pictures that have the size
    are left as they are.

    Args:
        psi: score of pictures (n, c, size, size).
        size: pixels a side.
    """

    psi: Callable[[Tensor], Tensor]
    size: int

    def __call__(self, pictures: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
        return self.psi(resized(pictures, self.size))


def resized(pictures: Float[Tensor, "n c h w"], size: int) -> Float[Tensor, "n c size size"]:
    """Pictures at this side, by the same filter; the pictures themselves if they have it."""
    if tuple(pictures.shape[2:]) == (size, size):
        return pictures
    with torch.autocast(pictures.device.type, enabled=False, dtype=torch.bfloat16):
        return interpolate(pictures, (size, size), mode="bilinear", antialias=True)
