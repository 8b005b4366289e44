"""A bare linear encoder from a safetensors file: codes relu(W x + b) at each position.

Tensors: `weight` or `encoder.weight` (features, channels), as `torch.nn.Linear` has them, or `W_enc` (channels,
features), as SAELens has it; `bias`, `encoder.bias` or `b_enc` (features), zero if there is none.
"""

from pathlib import Path

import torch
from torch import Tensor

from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.backends.zoo.weights import WrongWeights, numbers, read_tensors
from distributional_view.files import shown

ROWS, COLUMNS = ("weight", "encoder.weight"), ("W_enc",)
BIASES = ("bias", "encoder.bias", "b_enc")


def load_linear(path: Path) -> Transcoder:
    """The encoder as a transcoder with a 1 x 1 kernel; its decoder is the encoder's transpose and of no use.

    Raises:
        WrongWeights: if the file is damaged, or has not one matrix and at most one bias of these names that fit.
    """
    tensors = read_tensors(path)
    matrices = [name for name in (*ROWS, *COLUMNS) if name in tensors]
    biases = [name for name in BIASES if name in tensors]
    if len(matrices) != 1 or len(biases) > 1:
        raise WrongWeights(
            f"{shown(path)}: must hold one of {', '.join((*ROWS, *COLUMNS))} and at most one of {', '.join(BIASES)}; "
            f"tensors in the file: {sorted(tensors)}"
        )
    weight = numbers(tensors[matrices[0]], torch.float32, matrices[0], path)
    if weight.ndim != 2:
        raise WrongWeights(f"{shown(path)}: tensor {matrices[0]!r} has shape {tuple(weight.shape)}, must be a matrix")
    rows = weight.T if matrices[0] in COLUMNS else weight
    bias = numbers(tensors[biases[0]], torch.float32, biases[0], path) if biases else rows.new_zeros(len(rows))
    if tuple(bias.shape) != (len(rows),):
        raise WrongWeights(f"{shown(path)}: tensor {biases[0]!r} has shape {tuple(bias.shape)}, wanted ({len(rows)},)")
    return linear_transcoder(
        TranscoderSpec(rows.shape[1], len(rows), activation="relu", decoder_bias=False), rows, bias
    )


def linear_transcoder(spec: TranscoderSpec, rows: Tensor, bias: Tensor, **more: Tensor) -> Transcoder:
    """A transcoder with a 1 x 1 kernel from the rows (features, channels) of its encoder.

    Args:
        spec: its conventions.
        rows: the encoder.
        bias: (features,).
        more: other tensors by the transcoder's names; `W_D` is `rows` if it is left out.
    """
    with torch.device("meta"):
        result = Transcoder(spec, seed=None)
    state = {"W_conv": rows[:, :, None, None].contiguous(), "b_conv": bias, "W_D": rows} | more
    result.load_state_dict({name: value.clone() for name, value in state.items()}, assign=True)
    return result.eval().requires_grad_(False)
