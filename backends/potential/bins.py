"""Scores as a distribution over bins, so that one prediction serves every multiplier.

The range of the training scores is cut into bins of equal width. A bin stands for the mean of the training scores in
it, its centre (the middle of an empty one). A score between two centres becomes two masses that keep its mean, so that

    H = log sum_k p_k exp(beta c_k)

is off by less than (beta w)^2/8 nats (Jensen's gap between two centres a distance w apart), and never below the truth
by construction: exp lies below its chords. A score outside the centres counts as the outermost one.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.theory.errors import require

BINS = 64


@dataclass(frozen=True, eq=False)
class Bins:
    """The centres of each feature's bins, rising.

    Args:
        centres: (features, bins), score units, strictly rising along the bins, at least two.

    Raises:
        ValueError: unless they are so.
    """

    centres: Float[Tensor, "features bins"]

    def __post_init__(self) -> None:
        c = self.centres
        require(c.ndim == 2 and c.shape[1] >= 2, "centres.shape", tuple(c.shape), "(features, bins) with bins >= 2")
        require(bool((c.diff(dim=1) > 0).all()), "centres", "not rising", "finite and strictly rising along the bins")

    @staticmethod
    def of(scores: Float[Tensor, "n features"], bins: int = BINS) -> "Bins":
        """Bins of equal width over the range of each feature's scores.

        Args:
            scores: of the training draws, score units.
            bins: how many, >= 2.

        Raises:
            ValueError: for fewer than two bins, scores that are not finite, or a feature that has one score only.
        """
        require(bins >= 2, "bins", bins, ">= 2")
        require(bool(scores.isfinite().all()) and len(scores) > 0, "scores", "not all finite", "finite, at least one")
        low, high = scores.double().amin(0), scores.double().amax(0)
        for feature, (a, b) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
            require(a < b, f"scores[:, {feature}]", a, "not all the same")
        width = (high - low) / bins
        place = ((scores.double() - low) / width).long().clamp(0, bins - 1).T
        count = torch.zeros(len(low), bins, dtype=torch.float64).scatter_add_(1, place, torch.ones_like(place).double())
        total = torch.zeros_like(count).scatter_add_(1, place, scores.double().T.contiguous())
        middle = low[:, None] + width[:, None] * (torch.arange(bins) + 0.5)
        return Bins(torch.where(count > 0, total / count.clamp(min=1), middle).float())

    def targets(self, scores: Float[Tensor, "n features"]) -> Float[Tensor, "n features bins"]:
        """Each score as masses of the two centres around it, with its mean."""
        c = self.centres
        y = scores.T.to(c.dtype).contiguous()
        right = torch.searchsorted(c, y).clamp(1, c.shape[1] - 1)
        a, b = c.gather(1, right - 1), c.gather(1, right)
        share = ((y - a) / (b - a)).clamp(0, 1)
        masses = torch.zeros(*y.shape, c.shape[1], dtype=c.dtype, device=c.device)
        masses.scatter_(2, right[..., None], share[..., None])
        masses.scatter_(2, right[..., None] - 1, 1 - share[..., None])
        return masses.transpose(0, 1)

    def potential(self, log_p: Float[Tensor, "n bins"], multiplier: float, feature: int) -> Float[Tensor, " n"]:
        """log sum_k p_k exp(beta c_k), nats.

        Paper: (190). Over bins.
        """
        return (log_p + multiplier * self.centres[feature].to(log_p.dtype)).logsumexp(-1)

    def mean(self, log_p: Float[Tensor, "n bins"], feature: int) -> Float[Tensor, " n"]:
        """The mean score, score units."""
        return log_p.exp() @ self.centres[feature].to(log_p.dtype)
