"""The kernel distance (KID) between two sets of pictures, on the features of any network.

Paper: Tables 8-10. KID; numbers compare with each other where the features are the same, and with nothing else.
"""

import warnings
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torchmetrics.image.kid import KernelInceptionDistance

from distributional_view.theory.errors import require


class _Identity(nn.Module):
    num_features = 1

    def forward(self, x: Tensor) -> Tensor:
        return x


class Distance(NamedTuple):
    """KID to the reference and its standard deviation over subsets."""

    kid: float
    sd: float


def kid(reference: Float[Tensor, "m d"], features: Float[Tensor, "n d"], seed: int, subsets: int = 50) -> Distance:
    """Kernel distance (unbiased squared MMD, cubic kernel) between two sets of feature vectors.

    Args:
        reference: of the data, m >= n.
        features: of the pictures; their number is the subset size.
        seed: of the subsets.
        subsets: how many are averaged.

    Raises:
        ValueError: for fewer than two pictures, or more than the reference has.
    """
    n = len(features)
    require(2 <= n <= len(reference), "len(features)", n, f"in [2, {len(reference)}], the reference's number")
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Metric .Kernel Inception Distance. will save all")  # that is meant
        torch.manual_seed(seed)
        metric = KernelInceptionDistance(_Identity(), subsets=subsets, subset_size=n)
        metric.update(reference, real=True)
        metric.update(features, real=False)
        mean, sd = metric.compute()
    return Distance(float(mean), float(sd))
