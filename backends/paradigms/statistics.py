"""What activation maximisation knows of natural pictures: how their colours vary together, and their mean spectrum.

    colour matrix M:  M M^T = covariance of the pixels' channels, then divided by its longest column
    magnitude:        mean over pictures of |rfft2 of the picture|, each picture in [-1, 1]

Fourier feature visualisation draws in decorrelated colours, MACO keeps the magnitude and draws the phase alone.

References: Olah et al. 2017 (decorrelated colours), Fel et al. 2023 (magnitude constrained).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.errors import UserError
from distributional_view.theory.errors import require


class PictureStatistics(NamedTuple):
    """Of the pictures of a world: `colour` (c, c), and `magnitude` (c, h, w // 2 + 1) for pictures h x w."""

    colour: Float[Tensor, "c c"]
    magnitude: Float[Tensor, "c h f"]


def statistics(batches: Iterable[Tensor]) -> PictureStatistics:
    """In one pass over pictures in [-1, 1].

    Args:
        batches: of equal size but for the number of pictures; at least two pixels that differ.

    Raises:
        ValueError: if there is no picture.
    """
    count, pixels = 0, 0
    magnitude = total = square = torch.zeros(())
    for batch in batches:
        x = batch.double()
        magnitude = magnitude + torch.fft.rfft2(x).abs().sum(0)
        flat = x.movedim(1, 0).flatten(1)
        total, square = total + flat.sum(1), square + flat @ flat.T
        count, pixels = count + len(x), pixels + flat.shape[1]
    require(count > 0, "number of pictures", count, ">= 1")
    mean = total / pixels
    values, vectors = torch.linalg.eigh(square / pixels - torch.outer(mean, mean))
    root = vectors * values.clamp(min=0).sqrt()
    return PictureStatistics((root / root.norm(dim=0).max()).float(), (magnitude / count).float())


def read_magnitude(path: Path, height: int, width: int) -> Float[Tensor, "c h f"]:
    """A stored mean spectrum, (c, h', w' // 2 + 1) numbers in a .npy file, for the same pictures at a smaller size.

    A smaller picture of the same scene has the low frequencies, counted in cycles a picture, and lacks the others.

    Args:
        path: of the file; h' >= `height`, w' >= `width`.
        height, width: of the pictures wanted, pixels.

    Raises:
        UserError: if the file is no such array, or of smaller pictures.
    """
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is no array of numbers (.npy): {error}") from error
    if array.ndim != 3 or array.dtype.kind != "f" or not np.isfinite(array).all() or (array < 0).any():
        raise UserError(f"{path} holds {array.dtype} {array.shape}: must be non-negative numbers (c, h, w // 2 + 1)")
    high, wide = array.shape[1], array.shape[2]
    if high < height or wide < width // 2 + 1:
        raise UserError(
            f"{path} is the spectrum of {high} x {2 * (wide - 1)} pixels: must be at least {height} x {width}"
        )
    cycles = (np.fft.fftfreq(height) * height).round().astype(int)
    return torch.from_numpy(array[:, cycles % high, : width // 2 + 1].astype(np.float32))
