"""How different the pictures of a set are from each other, as a network sees them.

    d(x, y) = mean over layers and positions of |u_l(x) - u_l(y)|^2,   u_l = a layer's map, unit length at each position

is the perceptual distance of LPIPS without its learned weights, in [0, 4]; the diversity of a set is its mean over
pairs of different pictures. A set of copies has 0.

References: Zhang et al. 2018 (LPIPS). The layers are those of any trunk at hand, so that numbers compare with each
other and with nothing else.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from distributional_view.theory.errors import require

Maps = Callable[[Tensor], Sequence[Tensor]]
"""Pictures (n, c, h, w) in [-1, 1] -> maps (n, channels, rows, columns) of some layers; each size its own."""


@torch.no_grad()
def perceptual_distances(maps: Maps, pictures: Float[Tensor, "n c h w"], batch: int = 64) -> Float[Tensor, "n n"]:
    """d of every pair, zero on the diagonal.

    Args:
        maps: at least one layer.
        pictures: at least one.
        batch: most pictures in one pass.

    Raises:
        ValueError: for no layers.
    """
    parts = [[F.normalize(m.double(), dim=1) for m in maps(part)] for part in pictures.split(batch)]
    require(len(parts[0]) >= 1, "number of layers", len(parts[0]), ">= 1")
    total = torch.zeros(len(pictures), len(pictures), dtype=torch.float64)
    for layer in zip(*parts, strict=True):
        units = torch.cat(layer)
        flat = units.flatten(1).cpu()
        total += torch.cdist(flat, flat, compute_mode="donot_use_mm_for_euclid_dist").square() / units[0, 0].numel()
    return total / len(parts[0])


def diversity(maps: Maps, pictures: Float[Tensor, "n c h w"], batch: int = 64) -> float:
    """The mean distance between different pictures of the set.

    Raises:
        ValueError: for fewer than two pictures, or no layers.
    """
    n = len(pictures)
    require(n >= 2, "number of pictures", n, ">= 2")
    return float(perceptual_distances(maps, pictures, batch).sum() / (n * (n - 1)))
