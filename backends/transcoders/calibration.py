"""Where a transcoder's training starts: mean norms and biases taken from the data."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from distributional_view.backends.transcoders.evaluate import Activations, read_activations
from distributional_view.backends.transcoders.transcoder import Transcoder


@torch.no_grad()
def calibrate_to_data(
    transcoder: Transcoder, activations: Activations, batches: Iterator[Tensor], device: torch.device
) -> None:
    """Set the mean norms, and b_D and b_pre to the means of what is reconstructed and read.

    Without b_pre, b_conv starts where it centres the pre-activations: a common offset of all activations would
    otherwise make some features active everywhere and most of the others dead.

    Args:
        transcoder: changed in place.
        activations: images -> what is read and what is reconstructed.
        batches: images to take the means over, at least one batch.
        device: where the transcoder is.
    """
    t = transcoder
    sums = [torch.zeros(d, dtype=torch.float64, device=device) for d in (t.spec.d_in, t.spec.out)]
    norms, count = torch.zeros(2, dtype=torch.float64, device=device), 0
    for images in batches:
        grids = read_activations(t.spec, activations, images.to(device))
        for i, grid in enumerate(grids):
            sums[i] += grid.double().sum(dim=(0, 2, 3))
            norms[i] += grid.double().norm(dim=1).sum()
        count += grids[0][:, 0].numel()
    means = [s / count for s in sums]
    if t.norm_in is not None and t.norm_out is not None:
        t.norm_in.copy_(norms[0] / count)
        t.norm_out.copy_(norms[1] / count)
        means = [m * math.sqrt(m.numel()) / n for m, n in zip(means, norms / count, strict=True)]
    for parameter, mean in ((t.b_pre, means[0]), (t.b_D, means[1])):
        if parameter is not None:
            parameter.copy_(mean)
    if t.b_pre is None:
        t.b_conv.sub_(t.W_conv.sum(dim=(2, 3)) @ means[0].to(t.W_conv))
