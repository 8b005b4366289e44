"""How badly a diffusion prior denoises pictures: a picture unlike its own samples is denoised worse.

    loss(x) = mean over levels and noises z of |x0_hat(x_t) - x|^2 / ((1 - alpha_bar) dimensions),
    x_t = sqrt(alpha_bar) x + sqrt(1 - alpha_bar) z

This is the loss of a velocity, so that all levels weigh alike whatever the network predicts. All pictures get the same
noise, one draw a level and repetition: differences between pictures are not those of their noise, and a picture's
number does not depend on the pictures beside it.

Ours; the velocity is that of Salimans and Ho 2022.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.theory.errors import require
from distributional_view.theory.samplers.schedule import NoiseSchedule, Row, each

SHARES = (0.95, 0.7, 0.3)
"""alpha_bar of the levels: from fine structure, which blur lacks, to the outline."""


def levels(schedule: NoiseSchedule, shares: Sequence[float] = SHARES) -> list[Row]:
    """The schedule's own levels that are nearest to these shares of the signal's variance.

    Args:
        schedule: with the times of the denoiser that is asked; a fine one comes nearer.
        shares: alpha_bar, each in (0, 1), at least one.

    Raises:
        ValueError: for no shares, or one out of range.
    """
    require(len(shares) >= 1, "number of shares", len(shares), ">= 1")
    for share in shares:
        require(0 < share < 1, "share", share, "in (0, 1)")
    rows = list(each(schedule.rows))
    return [min(rows, key=lambda row: abs(row.signal**2 - share)) for share in shares]


@torch.no_grad()
def prior_loss(
    world: TorchWorld,
    pictures: Float[Tensor, "n c h w"],
    at: Sequence[Row] | None = None,
    seed: int = 0,
    repeats: int = 2,
) -> Float[np.ndarray, " n"]:
    """The loss of each picture, >= 0; the same for equal pictures.

    Args:
        world: supplies the denoiser; its score is not used.
        pictures: in the prior's range, on any device.
        at: the noise levels, at least one; default those of `world.schedule` nearest to `SHARES`.
        seed: of the noise.
        repeats: noises a level, >= 1.

    Raises:
        ValueError: for no repeats, levels or pictures, or pictures of another shape than the world's.
        ModelFailed: if the denoiser gives no finite numbers.
    """
    rows = levels(world.schedule) if at is None else at
    require(len(rows) >= 1, "number of levels", len(rows), ">= 1")
    require(len(pictures) >= 1, "number of pictures", len(pictures), ">= 1")
    require(repeats >= 1, "repeats", repeats, ">= 1")
    shape = tuple(pictures.shape[1:])
    require(shape == tuple(world.shape), "shape of a picture", shape, f"{tuple(world.shape)}, the world's")
    noise = torch.randn((len(rows), repeats, *shape), generator=torch.Generator().manual_seed(seed))

    def of(part: Tensor) -> Tensor:
        x, total = part.to(world.device, world.dtype), torch.zeros(len(part), dtype=torch.float64)
        for row, draws in zip(rows, noise.to(x), strict=True):
            for z in draws:
                missed = world.denoise(row.signal * x + row.noise_variance**0.5 * z, row) - x
                total += missed.square().flatten(1).mean(1).double().cpu() / row.noise_variance
        return total / noise[:, :, 0].shape[:2].numel()

    return torch.cat([of(part) for part in pictures.split(world.batch or 250)]).numpy()
