"""The activation of one transcoder feature as a score of images.

    psi(x) = reduce(centre of the feature's map on backbone(preprocess(x)))

The map is that of the codes (zero where the feature is not selected, so psi can be exactly zero with a zero gradient),
or, with `gated=False`, that of the pre-activations, which are not sparse and have a gradient everywhere; the reductions
cut them at zero only where their formula says so.

The default reduction is (213), 0.7 max + 0.3 mean(relu). The cap of Appendix J.2 is no part of the score: the sampler
takes it (`theory.samplers.energy_dps`), so that reported activations are never capped.

Paper: Appendix J.2 (213). What the paper calls the central half is taken as half of each side (an argument).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.transcoders.transcoder import Transcoder, Window
from distributional_view.choices import ReductionName
from distributional_view.theory.errors import require

Reduction = Callable[[Tensor], Tensor]
"""Maps (n, h, w) -> numbers (n,)."""
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Mix:
    """a max(z) + b mean(relu(z)). Paper: Appendix J.2 (213)."""

    max_weight: float = 0.7
    mean_weight: float = 0.3

    def __post_init__(self) -> None:
        for name in ("max_weight", "mean_weight"):
            require(math.isfinite(getattr(self, name)), name, getattr(self, name), "a finite number")

    def __call__(self, z: Float[Tensor, "n h w"]) -> Float[Tensor, " n"]:
        return self.max_weight * z.amax(dim=(1, 2)) + self.mean_weight * z.relu().mean(dim=(1, 2))


@dataclass(frozen=True)
class LogSumExp:
    """T log mean exp(z/T), between the mean (T large) and the maximum (T small); a map of zeros has score zero."""

    temperature: float = 1.0

    def __post_init__(self) -> None:
        t = self.temperature
        require(math.isfinite(t) and t > 0, "temperature", t, "finite and > 0")

    def __call__(self, z: Float[Tensor, "n h w"]) -> Float[Tensor, " n"]:
        flat = z.flatten(1) / self.temperature
        return self.temperature * (flat.logsumexp(dim=1) - math.log(flat.shape[1]))


def maximum(z: Float[Tensor, "n h w"]) -> Float[Tensor, " n"]:
    """max(z)."""
    return z.amax(dim=(1, 2))


def mean(z: Float[Tensor, "n h w"]) -> Float[Tensor, " n"]:
    """mean(z)."""
    return z.mean(dim=(1, 2))


REDUCTIONS: dict[ReductionName, Reduction] = {"mix": Mix(), "max": maximum, "mean": mean, "logsumexp": LogSumExp()}
"""By the names of the command line."""


def centre(height: int, width: int, share: float) -> Window:
    """The middle of a grid: `share` of each side, rounded to whole positions, at least one.

    Raises:
        ValueError: unless 0 < share <= 1.
    """
    require(0 < share <= 1, "share", share, "in (0, 1]")

    def middle(size: int) -> slice:
        kept = max(1, round(size * share))
        first = (size - kept) // 2
        return slice(first, first + kept)

    return middle(height), middle(width)


def imagenet_normalise(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """Images in [-1, 1] as DINOv3 wants them: mapped to [0, 1], then ImageNet's mean and standard deviation.

    Raises:
        ValueError: unless there are three channels.
    """
    require(x.shape[1] == 3, "x.shape", tuple(x.shape), "(n, 3, h, w), colour images")
    mean_, std = (x.new_tensor(v)[:, None, None] for v in (IMAGENET_MEAN, IMAGENET_STD))
    return ((x + 1) / 2 - mean_) / std


@dataclass(frozen=True, eq=False)
class FeatureScore:
    """Images (n, c, h, w) in [-1, 1] -> psi (n,), differentiable.

    Args:
        backbone: from preprocessed images to the activations (n, c, h, w) that the transcoder reads.
        transcoder: its codes are the features.
        feature: index in [0, d_sae).
        reduction: from a map to a number.
        preprocess: from images in [-1, 1] to what the backbone wants.
        share: of each side of the grid that counts, in (0, 1]; 1 for the whole grid.
        gated: codes (True) or pre-activations (False).

    Raises:
        ValueError: for a feature or a share out of range.
    """

    backbone: Callable[[Tensor], Tensor]
    transcoder: Transcoder
    feature: int
    reduction: Reduction = field(default_factory=Mix)
    preprocess: Callable[[Tensor], Tensor] = imagenet_normalise
    share: float = 0.5
    gated: bool = True

    def __post_init__(self) -> None:
        d_sae = self.transcoder.spec.d_sae
        require(0 <= self.feature < d_sae, "feature", self.feature, f"in [0, {d_sae}), the transcoder's features")
        require(0 < self.share <= 1, "share", self.share, "in (0, 1]")

    def __call__(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
        """psi of each image."""
        return self.reduction(self.map(x))

    def map(self, x: Float[Tensor, "n c h w"], whole: bool = False) -> Float[Tensor, "n h2 w2"]:
        """The feature's map, its centre or the whole."""
        activations = self.backbone(self.preprocess(x))
        height, width = activations.shape[2:]
        window = None if whole else centre(height, width, self.share)
        t = self.transcoder
        one = t.feature_map if self.gated else t.feature_pre_activation
        return one(activations, self.feature, window)


@torch.no_grad()
def all_scores(
    backbone: Callable[[Tensor], Tensor],
    transcoder: Transcoder,
    x: Float[Tensor, "n c h w"],
    reduction: Reduction,
    preprocess: Callable[[Tensor], Tensor] = imagenet_normalise,
    share: float = 0.5,
    batch: int | None = None,
) -> Float[Tensor, "n k"]:
    """psi of every feature on every image, for retrieval: equals `FeatureScore` feature by feature.

    Args:
        backbone, transcoder, reduction, preprocess, share: see `FeatureScore`.
        x: images in [-1, 1].
        batch: images in one pass; None for all at once.
    """

    def scores(part: Tensor) -> Tensor:
        activations = backbone(preprocess(part))
        rows, columns = centre(activations.shape[2], activations.shape[3], share)
        z = transcoder.encode(activations)[:, :, rows, columns]
        return reduction(z.flatten(0, 1)).unflatten(0, z.shape[:2])

    return torch.cat([scores(part) for part in x.split(batch or max(len(x), 1))])
