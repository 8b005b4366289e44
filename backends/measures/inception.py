"""The features of KID as it is usually printed: Inception's, from a TorchScript file that the user has.

The file is the one of the StyleGAN repositories (`inception-2015-12-05.pt`): it takes 8-bit colour pictures of any
size and, asked to `return_features`, gives 2048 numbers for each. Nothing is downloaded.
"""

import warnings
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.errors import UserError


@torch.no_grad()
def inception_features(
    path: Path, pictures: Float[Tensor, "n c h w"], device: str = "cpu", batch: int = 32
) -> Float[Tensor, "n d"]:
    """One vector a picture, for `kernel.kid`.

    Args:
        path: of the TorchScript file.
        pictures: in [-1, 1], with one or three channels.
        device: where the network runs.
        batch: pictures in one pass.

    Raises:
        UserError: if the file is no such network.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the file's format is what it is
            network = torch.jit.load(str(path), map_location=device).eval()
    except (RuntimeError, ValueError) as error:  # torch says ValueError of a path that is no file
        raise UserError(f"{path} is no TorchScript network ({str(error).splitlines()[0]})") from error

    def features(part: Tensor) -> Tensor:
        levels = ((part.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        colour = levels.expand(-1, 3, -1, -1) if levels.shape[1] == 1 else levels
        found: Tensor = network(colour.to(device), return_features=True)
        return found.float().cpu()

    try:
        return torch.cat([features(part) for part in pictures.split(batch)])
    except RuntimeError as error:
        raise UserError(f"{path} does not take pictures and return_features ({str(error).splitlines()[-1]})") from error
