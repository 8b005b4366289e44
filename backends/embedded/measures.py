"""What is measured of a set of pictures: distance to the prior, agreement with a class, how many look alike.

Paper: Tables 8-10. KID; the features are those of our classifier, not Inception's, so that the numbers compare with
each other and with nothing else.
"""

import warnings
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torchmetrics.image.kid import KernelInceptionDistance

from distributional_view.backends.embedded.convnext import ConvNeXt
from distributional_view.theory.errors import require

ALIKE = 0.35
"""Two pictures look alike if their distance is below this share of the usual one between pictures of the data."""


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


@torch.no_grad()
def pooled(classifier: ConvNeXt, images: Float[Tensor, "n c h w"], batch: int = 250) -> Float[Tensor, "n d"]:
    """The classifier's pooled features, whitened by nothing."""
    return torch.cat([classifier.pooled(part) for part in images.split(batch)])


@torch.no_grad()
def agreement(classifier: ConvNeXt, images: Float[Tensor, "n c h w"], label: int) -> float:
    """The share of pictures that the classifier gives this class."""
    return float((classifier(images).argmax(1) == label).double().mean())


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
