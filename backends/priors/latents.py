"""Autoencoders of latent priors: from latents to pictures in [-1, 1] and back, differentiable.

The prior's points are latents as the network sees them; the autoencoder's are

    z = x std/scale + mean      (x/scale + shift where the configuration has no mean and std).

A picture is clamped to [-1, 1], as it is shown; where a value is clamped no gradient passes. A `VQModel` rounds to its
codebook, with the gradient straight through, so that its gradient is not that of the rounded picture.
"""

from typing import Any

import torch
from diffusers import AsymmetricAutoencoderKL, AutoencoderKL, AutoencoderTiny, VQModel
from jaxtyping import Float
from torch import Tensor, nn

from distributional_view.backends.priors.folder import Folder, UnknownPrior
from distributional_view.backends.priors.networks import load_network
from distributional_view.backends.zoo.weights import WrongWeights
from distributional_view.files import shown

AUTOENCODERS = {
    "AutoencoderKL": AutoencoderKL,
    "AsymmetricAutoencoderKL": AsymmetricAutoencoderKL,
    "AutoencoderTiny": AutoencoderTiny,
    "VQModel": VQModel,
}


class Latents(nn.Module):
    """An autoencoder seen from the prior's points.

    Args:
        network: one of `AUTOENCODERS`.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        config = network.config
        mean, std = config.get("latents_mean"), config.get("latents_std")
        spread = torch.ones(()) if std is None else torch.tensor(std)[:, None, None]
        shift = torch.tensor(config.get("shift_factor") or 0.0) if mean is None else torch.tensor(mean)[:, None, None]
        self.register_buffer("scale", spread / config.scaling_factor)
        self.register_buffer("shift", shift)

    @property
    def channels(self) -> int:
        """Channels of a latent."""
        return int(self.network.config.latent_channels)

    @property
    def pixels(self) -> int:
        """Pixels a position of the latent, along one side."""
        config = self.network.config
        if isinstance(self.network, AutoencoderTiny):
            return int(config.upsampling_scaling_factor ** (len(config.num_decoder_blocks) - 1))
        widths = config.get("block_out_channels") or config.up_block_out_channels
        return int(2 ** (len(widths) - 1))

    def decode(self, x: Float[Tensor, "n d h w"]) -> Float[Tensor, "n 3 h2 w2"]:
        """The pictures of latents. Half precision is left out where the configuration says that it overflows."""
        whole = bool(self.network.config.get("force_upcast"))
        z = x * self.scale + self.shift
        if not whole:
            return self._decoded(z)
        with torch.autocast(x.device.type, enabled=False, dtype=torch.bfloat16):
            return self._decoded(z.to(self.scale.dtype))

    def _decoded(self, z: Tensor) -> Tensor:
        pictures: Tensor = self.network.decode(z).sample
        return pictures.clamp(-1, 1)

    @torch.no_grad()
    def encode(self, pictures: Float[Tensor, "n 3 h2 w2"]) -> Float[Tensor, "n d h w"]:
        """The latents of pictures, without noise: the mode of the encoder's distribution where it has one."""
        found = self.network.encode(pictures)
        z = found.latent_dist.mode() if hasattr(found, "latent_dist") else found.latents
        result: Tensor = (z - self.shift) / self.scale
        return result


def load_latents(folder: Folder, channels: int, device: str | torch.device) -> tuple[str, Latents] | None:
    """The autoencoder of a folder and its part's name; None where there is none.

    Raises:
        UnknownPrior: for one of another class.
        WrongWeights: if its latents have other channels than the network's points.
    """
    name = next((name for name in ("vae", "vqvae") if name in folder.parts), None)
    if name is None:
        return None
    part = folder.parts[name]
    if part.kind not in AUTOENCODERS:
        raise UnknownPrior(f"{shown(part.folder)}: a {part.kind}; known autoencoders: {', '.join(AUTOENCODERS)}")
    latents = Latents(load_network(part, AUTOENCODERS[part.kind], device)).to(device)
    if latents.channels != channels:
        raise WrongWeights(
            f"{shown(folder.path)}: the network takes {channels} channels, the latents of {name} have "
            f"{latents.channels}"
        )
    return name, latents
