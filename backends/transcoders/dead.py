"""Features that have fallen silent, and the loss that brings them back (AuxK, Gao et al. 2024, arXiv 2406.04093)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from distributional_view.backends.transcoders.transcoder import Transcoder


def aux_loss(
    transcoder: Transcoder,
    u: Float[Tensor, "n k h w"],
    error: Float[Tensor, "n d h w"],
    silent: Bool[Tensor, " k"],
    aux_k: int | None,
) -> Float[Tensor, ""]:
    """Mean squared distance of the error to what the silent features make of it.

    Their pre-activations are not rectified, unlike Gao et al.'s: a feature that is negative everywhere has a gradient
    too.

    Args:
        transcoder: of the features.
        u: pre-activations of all features.
        error: y - y_hat in scaled units, without a graph.
        silent: which features, at least one.
        aux_k: how many of them at each position; None for half of the channels.
    """
    k = min(int(silent.sum()), aux_k or max(1, transcoder.spec.out // 2))
    among = u[:, silent]
    best = transcoder.ranked(u).detach()[:, silent].topk(k, dim=1).indices
    z = torch.zeros_like(among).scatter_(1, best, among.gather(1, best))
    e_hat = torch.einsum("nkhw,kd->ndhw", z, transcoder.W_D[silent])
    return (error - e_hat).square().mean()
