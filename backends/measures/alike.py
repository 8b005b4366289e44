"""How many pictures of a set look like another one of it."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

ALIKE = 0.35
"""Two pictures look alike if their distance is below this share of the usual one between pictures of the data."""


def look_alikes(images: Float[Tensor, "n c h w"], usual: float) -> int:
    """How many pictures have another one among the set that looks alike.

    Args:
        images: at least two.
        usual: mean pixel distance (root mean square) between pictures of the data.
    """
    return int(have_twins(images, usual).sum())


def have_twins(images: Float[Tensor, "n c h w"], usual: float) -> Bool[Tensor, " n"]:
    """Which pictures have another one among the set that looks alike; see `look_alikes`."""
    flat = images.flatten(1)
    distance = torch.cdist(flat, flat) / flat.shape[1] ** 0.5
    distance.fill_diagonal_(torch.inf)
    return distance.amin(1) < ALIKE * usual


def usual_distance(images: Float[Tensor, "n c h w"], pairs: Int[Tensor, "m 2"]) -> float:
    """Mean pixel distance (root mean square) over pairs of pictures."""
    a, b = images[pairs[:, 0]], images[pairs[:, 1]]
    return float((a - b).square().flatten(1).mean(1).sqrt().mean())
