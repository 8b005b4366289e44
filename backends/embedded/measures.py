"""What the classifier says of pictures: features for distances, agreement with a class, maps of its stages.

Paper: Tables 8-10. The features of KID are those of our classifier, not Inception's.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.embedded.convnext import ConvNeXt


@torch.no_grad()
def pooled(classifier: ConvNeXt, images: Float[Tensor, "n c h w"], batch: int = 250) -> Float[Tensor, "n d"]:
    """The classifier's pooled features, whitened by nothing."""
    return torch.cat([classifier.pooled(part) for part in images.split(batch)])


@torch.no_grad()
def features_and_logits(
    classifier: ConvNeXt, images: Float[Tensor, "n c h w"], batch: int = 250
) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n classes"]]:
    """The pooled features, and the score of each class that the classifier makes of them."""
    features = pooled(classifier, images, batch)
    return features, classifier.head(features)


@torch.no_grad()
def agreement(classifier: ConvNeXt, images: Float[Tensor, "n c h w"], label: int) -> float:
    """The share of pictures that the classifier gives this class."""
    return float((classifier(images).argmax(1) == label).double().mean())


def stage_maps(classifier: ConvNeXt) -> Callable[[Tensor], list[Tensor]]:
    """Pictures -> what each stage puts out, for `measures.diversity`."""

    def maps(images: Float[Tensor, "n c h w"]) -> list[Tensor]:
        found, x = [], images
        for downsample, blocks in zip(classifier.downsample_layers, classifier.stages, strict=True):
            x = blocks(downsample(x))
            found.append(x)
        return found

    return maps
