"""Distances between distributions of features, coordinate by coordinate, by sorting.

In one dimension the optimal transport between two samples of equal size pairs them in order, so that

    W_p(a, b)^p = mean_i |a_(i) - b_(i)|^p .

Several reference pictures are one distribution by the mean of their quantile functions, the barycentre for p = 2.

References: Zhang et al. 2022 (exact matching of feature distributions), Gorgun et al. 2025 (VITAL).
"""

from jaxtyping import Float
from torch import Tensor

from distributional_view.theory.errors import require


def quantiles(features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c p"]:
    """Each channel's values over the positions of a picture, ascending."""
    return features.flatten(2).sort(dim=2).values


def reference_quantiles(features: Float[Tensor, "n c h w"]) -> Float[Tensor, "c p"]:
    """The barycentre of some pictures' channels.

    Raises:
        ValueError: if there is no picture.
    """
    require(len(features) >= 1, "number of references", len(features), ">= 1")
    return quantiles(features).mean(0)


def matching_loss(
    features: Float[Tensor, "n c h w"], reference: Float[Tensor, "c p"], weights: Float[Tensor, " c"] | None = None
) -> Float[Tensor, " n"]:
    """Mean over channels of W_2^2 between a picture's values and the reference's.

    Args:
        features: of the pictures.
        reference: from `reference_quantiles`, of as many channels and positions.
        weights: of the channels, mean 1; None: all equal.

    Raises:
        ValueError: for another number of channels or positions.
    """
    mine = quantiles(features)
    found, wanted = tuple(mine.shape[1:]), tuple(reference.shape)
    require(found == wanted, "channels and positions", found, f"those of the references, {wanted}")
    each = (mine - reference).square().mean(2)
    return each.mean(1) if weights is None else (each * weights).mean(1)
