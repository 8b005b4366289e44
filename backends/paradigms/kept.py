"""Pictures in a row of JSON: some of those drawn, as grey values or colours, with their scores."""

import base64
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from distributional_view.backends.priors.prior import resized

SHOWN = 4
"""Pictures that are kept of a cell, spread evenly over those drawn."""
LARGEST = 128
"""Pixels a side in which larger pictures are kept."""
_KINDS = {1: "grey", 3: "rgb"}


def kept(pictures: Float[Tensor, "n c h w"], scores: Float[np.ndarray, " n"]) -> dict[str, Any]:
    """Some pictures, as JSON can hold them. Those of a pool are in the order of their scores.

    Args:
        pictures: square, in [-1, 1], with one or three channels; larger ones are made smaller.
        scores: of the pictures.
    """
    places = np.unique(np.linspace(0, len(scores) - 1, SHOWN).round().astype(int))
    chosen = pictures[torch.from_numpy(places)]
    small = chosen if chosen.shape[-1] <= LARGEST else resized(chosen, LARGEST)
    levels = ((small.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu()
    whole = levels.permute(0, 2, 3, 1).contiguous().numpy().tobytes()
    return {_KINDS[levels.shape[1]]: base64.b64encode(whole).decode(), "scores": scores[places].tolist()}


def shown(row: dict[str, Any]) -> tuple[UInt8[np.ndarray, "k h w *rgb"], Float[np.ndarray, " k"]]:
    """The pictures that a row of the first seed keeps, grey (k, h, w) or colour (k, h, w, 3), and their scores."""
    scores = np.array(row["shown"]["scores"])
    kind = next(kind for kind in _KINDS.values() if kind in row["shown"])
    flat = np.frombuffer(base64.b64decode(row["shown"][kind]), dtype=np.uint8)
    more = () if kind == "grey" else (3,)
    side = round((flat.size / len(scores) / (3 if more else 1)) ** 0.5)
    return flat.reshape(len(scores), side, side, *more), scores
