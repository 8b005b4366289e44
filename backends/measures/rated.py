"""A bridge to the quality measures of `pyiqa`, such as NRQM and QualiCLIP, where the user has installed it.

It is no dependency: its licence permits no commercial use, and it downloads the weights of a measure when that is first
used. Its measures are trained on photographs of a few hundred pixels; at 32 pixels they say little.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.errors import UserError


def rated(name: str, device: str = "cpu", batch: int = 16) -> Callable[[Tensor], Float[np.ndarray, " n"]]:
    """A measure of pyiqa as a function of pictures (n, c, h, w) in [-1, 1], one or three channels.

    Args:
        name: as pyiqa has it, such as "nrqm" or "qualiclip".
        device: where it is computed.
        batch: pictures in one pass.

    Raises:
        ImportError: if pyiqa is not installed; says how, and what its licence asks for.
        UserError: if it has no measure of this name.
    """
    try:
        import pyiqa
    except ImportError as error:
        raise ImportError(
            f"{name} needs pyiqa, which is not installed and is for non-commercial use: python -m pip install pyiqa"
        ) from error
    if name not in pyiqa.list_models():
        raise UserError(f"name = {name!r}: must be a measure of pyiqa, such as nrqm or qualiclip")
    measure: Any = pyiqa.create_metric(name, device=torch.device(device))

    @torch.no_grad()
    def rate(pictures: Float[Tensor, "n c h w"]) -> Float[np.ndarray, " n"]:
        def one(part: Tensor) -> Tensor:
            unit = (part.clamp(-1, 1) + 1) / 2
            colour = unit.expand(-1, 3, -1, -1) if unit.shape[1] == 1 else unit
            found: Tensor = measure(colour.to(device))
            return found.reshape(-1).double().cpu()

        return torch.cat([one(part) for part in pictures.split(batch)]).numpy()

    return rate
