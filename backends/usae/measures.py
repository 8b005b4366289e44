"""How universal the codes of a shared dictionary are, over all positions of some pictures.

    F_ik = positions where code k fires under encoder i
    co-firing_k = |intersection of the F_ik over i|/|their union|                       in [0, 1]
    entropy_k = -sum_i p_ik log p_ik/log M,  p_ik = |F_ik|/sum_i |F_ik|,  M backbones       in [0, 1]
    r2_ij = 1 - |x_j - decoder_j(encoder_i(x_i))|^2/|x_j - mean x_j|^2

A code of entropy 1 fires as often under all encoders; one of co-firing 1 at the very same positions.

References: Thasarathan et al. 2025, who divide the intersection by the firings of one encoder.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from distributional_view.backends.usae.dictionary import UniversalDictionary


class Universality(NamedTuple):
    """See the module's docstring; `fired` is the share of positions, `alive` says which codes fire at all under all."""

    fired: Float[Tensor, "m k"]
    co_firing: Float[Tensor, " k"]
    entropy: Float[Tensor, " k"]
    r2: Float[Tensor, "m m"]

    @property
    def alive(self) -> Bool[Tensor, " k"]:
        """Codes that fire at one in a thousand positions or more under every encoder."""
        return (self.fired >= ALIVE).all(0)


ALIVE = 1e-3


@torch.no_grad()
def universality(dictionary: UniversalDictionary, activations: Sequence[Tensor], batch: int = 500) -> Universality:
    """Measure on standardised activations, those of each backbone on the same pictures."""
    m = len(activations)
    means = [a.double().mean((0, 2, 3)) for a in activations]
    counts = both = either = torch.zeros(())
    missed, spread = torch.zeros(m, m, dtype=torch.float64), torch.zeros(m, dtype=torch.float64)
    for parts in zip(*(a.split(batch) for a in activations), strict=True):
        codes = [dictionary.encode(i, x) for i, x in enumerate(parts)]
        firing = torch.stack([z > 0 for z in codes])
        counts = counts + firing.sum((1, 3, 4))
        both, either = both + firing.all(0).sum((0, 2, 3)), either + firing.any(0).sum((0, 2, 3))
        for j, x in enumerate(parts):
            spread[j] += (x.double() - means[j][:, None, None]).square().sum()
            for i, z in enumerate(codes):
                missed[i, j] += (x - dictionary.decode(j, z)).double().square().sum()
    p = counts / counts.sum(0).clamp_min(1)
    entropy = -torch.xlogy(p, p).sum(0) / math.log(m)
    positions = activations[0][:, 0].numel()
    return Universality(counts / positions, both / either.clamp_min(1), entropy, 1 - missed / spread)
