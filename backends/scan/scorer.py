"""The scores of all features on a batch of pictures: one class, whichever engine feeds it.

    z = codes of the dictionary on the backbone's activations      (n, features, h, w), >= 0
    score of a feature = reduction of its z over the middle of the map
    place of a feature = row and column of its largest z in the whole map

Only maps with a code > 0 in the middle are reduced: a map of zeros has score zero in every reduction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float32, Int16, Int32, UInt8
from torch import Tensor

from distributional_view.backends.adapter.feature import REDUCTIONS, centre
from distributional_view.backends.adapter.passes import advice, in_precision, require_finite
from distributional_view.choices import ReductionName


class Found(NamedTuple):
    """The pairs of picture and feature with a positive score, pictures ascending; `scores` has a column a reduction."""

    picture: Int32[np.ndarray, " pairs"]
    feature: Int32[np.ndarray, " pairs"]
    scores: Float32[np.ndarray, "pairs reductions"]
    row: Int16[np.ndarray, " pairs"]
    column: Int16[np.ndarray, " pairs"]


@dataclass(frozen=True, eq=False)
class Scorer:
    """Pictures to the scores of all features.

    Args:
        backbone: preprocessed pictures to activations (n, c, h, w), on `device`.
        encode: activations to codes (n, features, h, w), >= 0.
        preprocess: pictures in [-1, 1] to what the backbone wants.
        features: number of them.
        reductions: names of the score columns.
        share: of each side of the map that counts.
        grey: whether the backbone takes one channel.
        device: where everything is computed.
        autocast: precision inside the networks; None for single.
    """

    backbone: Callable[[Tensor], Tensor]
    encode: Callable[[Tensor], Tensor]
    preprocess: Callable[[Tensor], Tensor]
    features: int
    reductions: Sequence[ReductionName]
    share: float = 0.5
    grey: bool = False
    device: str = "cpu"
    autocast: torch.dtype | None = None

    @torch.inference_mode()
    def __call__(self, pixels: UInt8[Tensor, "n c h w"]) -> Found:
        """The positive scores of a batch.

        Raises:
            ModelFailed: if the networks fail or give numbers that are not finite.
        """
        return self.reduce(self.codes(pixels))

    def codes(self, pixels: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n k h2 w2"]:
        """z of all features."""
        x = pixels.to(self.device).float() / 127.5 - 1
        with in_precision(self.device, self.autocast), advice(f"the scan, on pictures {tuple(x.shape)}"):
            z: Tensor = self.encode(self.backbone(self.preprocess(x)))
        return z

    def reduce(self, z: Float[Tensor, "n k h w"]) -> Found:
        """The positive scores of maps, with their places."""
        _, _, height, width = z.shape
        rows, columns = centre(height, width, self.share)
        peak, place = z.flatten(2).max(dim=2)
        require_finite(peak, "a code", "the scan")
        whole = self.share == 1
        inside = peak if whole else z[:, :, rows, columns].flatten(2).amax(dim=2)
        pair = (inside > 0).nonzero()
        maps = z[pair[:, 0], pair[:, 1]][:, rows, columns].float()
        scores = torch.stack([REDUCTIONS[name](maps) for name in self.reductions], dim=1).clamp_min(0)
        require_finite(scores, "a score", "the scan")
        fired = (scores > 0).any(dim=1)
        pair, scores = pair[fired], scores[fired]
        spot = place[pair[:, 0], pair[:, 1]]

        def short(part: Tensor, dtype: torch.dtype) -> np.ndarray:
            return part.to(dtype).cpu().numpy()

        return Found(
            short(pair[:, 0], torch.int32),
            short(pair[:, 1], torch.int32),
            scores.cpu().numpy(),
            short(spot // width, torch.int16),
            short(spot % width, torch.int16),
        )
