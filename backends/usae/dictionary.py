"""A dictionary that several backbones share: an encoder and a decoder for each, and codes that mean the same.

    x_i = (activations of backbone i - mean_i)/sd_i        for each channel, at each position
    z = topk(encoder_i(x_i)),   x_j is reconstructed by decoder_j(z) for every j, whichever i the codes come from

Encoder i and decoder i are a `Transcoder`; all have as many features. A code is one concept if it fires at the same
positions whichever backbone is read.

References: Thasarathan et al. 2025 (USAE).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.theory.errors import require


class Standard(NamedTuple):
    """Mean and standard deviation of each channel of a backbone's activations."""

    mean: Float[Tensor, " c"]
    sd: Float[Tensor, " c"]

    def __call__(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """The activations standardised."""
        return (x - self.mean[:, None, None]) / self.sd[:, None, None]


def standard_of(x: Float[Tensor, "n c h w"]) -> Standard:
    """Over all positions; a channel that never changes keeps its unit.

    Raises:
        ValueError: for fewer than two positions.
    """
    flat = x.movedim(1, 0).flatten(1)
    require(flat.shape[1] >= 2, "number of positions", flat.shape[1], ">= 2")
    sd = flat.std(1)
    return Standard(flat.mean(1), torch.where(sd > 0, sd, torch.ones_like(sd)))


class UniversalDictionary(nn.Module):
    """The encoders and decoders; works on standardised activations.

    Args:
        channels: of each backbone, two or more.
        codes: in the dictionary.
        top_k: codes a position, in [1, codes].
        seed: of the initial weights.

    Raises:
        ValueError: for fewer than two backbones, or numbers out of range.
    """

    def __init__(self, channels: Sequence[int], codes: int, top_k: int, seed: int) -> None:
        super().__init__()
        require(len(channels) >= 2, "number of backbones", len(channels), ">= 2")
        specs = [TranscoderSpec(c, codes, 1, "topk", top_k) for c in channels]
        self.parts = nn.ModuleList(Transcoder(spec, seed + i) for i, spec in enumerate(specs))

    def part(self, i: int) -> Transcoder:
        """Encoder and decoder of backbone i."""
        found = self.parts[i]
        assert isinstance(found, Transcoder)
        return found

    def encode(self, i: int, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k h w"]:
        """The codes of backbone i's activations."""
        return self.part(i).encode(x)

    def decode(self, j: int, z: Float[Tensor, "n k h w"]) -> Float[Tensor, "n d h w"]:
        """What backbone j's activations are by these codes."""
        return self.part(j).decode(z)


Backbone = Callable[[Tensor], Tensor]
"""Pictures -> activations (n, channels, h, w); h and w alike for all backbones of a dictionary."""
