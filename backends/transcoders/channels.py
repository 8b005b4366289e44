"""Channels as the features of a dictionary: they have scores and maps by the code of features.

Paper: Appendix L.1. There neurons stand in the place of features.
"""

import torch

from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec


def identity(width: int) -> Transcoder:
    """The dictionary whose features are the channels; its codes are their positive parts."""
    found = Transcoder(TranscoderSpec(width, width, 1, "relu", decoder_bias=False), seed=0)
    with torch.no_grad():
        found.W_conv.copy_(torch.eye(width)[:, :, None, None])
        found.W_D.copy_(torch.eye(width))
    return found.eval().requires_grad_(False)
