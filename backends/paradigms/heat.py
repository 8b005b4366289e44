"""Where in a picture a feature responds: its map over the picture, as colour."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from distributional_view.backends.adapter.feature import FeatureScore


@torch.no_grad()
def heat(psi: FeatureScore, pictures: Float[Tensor, "n c h w"]) -> Float[Tensor, "n h w"]:
    """The feature's whole map, >= 0 (what is negative is zero), interpolated to the pictures' size.

    Args:
        psi: the feature; its reduction and its share play no part.
        pictures: in [-1, 1], where the feature's networks are.
    """
    return over(psi.map(pictures, whole=True).relu(), pictures)


def over(maps: Float[Tensor, "n a b"], pictures: Float[Tensor, "n c h w"]) -> Float[Tensor, "n h w"]:
    """Maps interpolated to the pictures' size."""
    return F.interpolate(maps[:, None], tuple(pictures.shape[2:]), mode="bilinear")[:, 0]


def tinted(pictures: Float[Tensor, "n c h w"], maps: Float[Tensor, "n h w"]) -> Float[Tensor, "n 3 h w"]:
    """Pictures in grey, red where the map is large and blue where it is negative; equal tints are equal numbers.

    Args:
        pictures: in [-1, 1], one or three channels.
        maps: as large as the pictures; full colour is at the largest absolute value in any of them.

    Returns:
        Pictures in [-1, 1].
    """
    grey = (pictures.clamp(-1, 1).mean(1) + 1) / 2
    share = maps / maps.abs().amax().clamp_min(1e-12)
    red, blue = share.clamp(min=0), (-share).clamp(min=0)
    dimmed = grey * (1 - 0.8 * share.abs())
    colours = torch.stack(
        [
            torch.where(red > 0, torch.maximum(grey, red), dimmed),
            dimmed,
            torch.where(blue > 0, torch.maximum(grey, blue), dimmed),
        ],
        dim=1,
    )
    return 2 * colours - 1
