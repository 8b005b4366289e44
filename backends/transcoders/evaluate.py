"""How well a transcoder reconstructs: explained variance, codes a position, features that never fire."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.theory.errors import require

Activations = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Images (n, c, h, w) -> activations to read (n, d_in, h, w) and to reconstruct (n, d_out, h, w)."""


@torch.no_grad()
def read_activations(spec: TranscoderSpec, activations: Activations, images: Tensor) -> tuple[Tensor, Tensor]:
    """The activations of a batch, with their shapes checked.

    Raises:
        ValueError: unless they are (n, d_in, h, w) and (n, d_out, h, w).
    """
    x, y = activations(images)
    ok = x.ndim == 4 and x.shape[1] == spec.d_in
    require(ok, "activations read", tuple(x.shape), f"of shape (n, {spec.d_in}, h, w)")
    wanted = (len(x), spec.out, *x.shape[2:])
    require(y.shape == wanted, "activations to reconstruct", tuple(y.shape), f"of shape {wanted}")
    return x, y


class Evaluation(NamedTuple):
    """Over all positions of some images.

    `explained_variance` = 1 - sum |y - y_hat|^2 / sum |y - mean y|^2, the mean taken for each channel over all
    positions; `active` is the mean number of nonzero codes a position; `silent` the number of features that are active
    nowhere; `positions` their number.
    """

    explained_variance: float
    active: float
    silent: int
    positions: int


@torch.no_grad()
def evaluate(
    transcoder: Transcoder, activations: Activations, batches: Iterable[Tensor], device: str | torch.device = "cpu"
) -> Evaluation:
    """See `Evaluation`. One batch is in memory at a time; sums are kept in double precision.

    Raises:
        ValueError: if there are no images, or the activations are constant.
    """
    was_training = transcoder.training
    transcoder.eval()
    d_out, d_sae = transcoder.spec.out, transcoder.spec.d_sae
    total, squares = (torch.zeros(d_out, dtype=torch.float64, device=device) for _ in range(2))
    unexplained = torch.zeros((), dtype=torch.float64, device=device)
    fired = torch.zeros(d_sae, dtype=torch.long, device=device)
    positions = 0
    for images in batches:
        x, y = read_activations(transcoder.spec, activations, images.to(device))
        z = transcoder.encode(x)
        unexplained += (y - transcoder.decode(z)).double().square().sum()
        total += y.double().sum(dim=(0, 2, 3))
        squares += y.double().square().sum(dim=(0, 2, 3))
        fired += (z > 0).sum(dim=(0, 2, 3))
        positions += y[:, 0].numel()
    transcoder.train(was_training)
    require(positions > 0, "batches", "empty", "at least one batch of images")
    variance = (squares - total.square() / positions).sum().item()
    require(variance > 0, "activations", "constant", "activations that vary over the images")
    return Evaluation(
        explained_variance=1 - unexplained.item() / variance,
        active=fired.sum().item() / positions,
        silent=int((fired == 0).sum()),
        positions=positions,
    )
