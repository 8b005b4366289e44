"""One loader for all priors: the content of what is given tells what it is.

    a file                                    ADM (`zoo.adm`), of ImageNet or of faces
    unet: UNet2DModel                         pixels, or latents with a part vae or vqvae
    transformer: DiTTransformer2DModel        latents, with vae
    unet: UNet2DConditionModel                latents with a text encoder (`stable_diffusion`)

Paper: Appendix J, Table 9. ADM, and a prior of faces.
"""

from pathlib import Path
from typing import Any

import torch
from diffusers import DiTTransformer2DModel, UNet2DModel
from jaxtyping import Float, Int
from torch import Tensor, nn

from distributional_view.backends.priors.classes import chosen_class, class_names
from distributional_view.backends.priors.folder import INDEX, Folder, UnknownPrior, read_folder, read_json
from distributional_view.backends.priors.latents import load_latents
from distributional_view.backends.priors.levels import levels
from distributional_view.backends.priors.networks import load_network
from distributional_view.backends.priors.prior import PICTURES, Prior
from distributional_view.backends.priors.stable_diffusion import load_stable_diffusion
from distributional_view.backends.zoo.adm import load_adm
from distributional_view.backends.zoo.weights import WrongWeights
from distributional_view.errors import UserError
from distributional_view.files import shown

TRANSFORMERS = ("DiTTransformer2DModel", "Transformer2DModel")
"""The second is the first's name in folders of before it had one of its own."""
KNOWN = "UNet2DModel (pixels or latents), DiTTransformer2DModel, UNet2DConditionModel with a CLIP text encoder"


def load_prior(path: Path, size: int = 256, label: str | None = None, device: str | torch.device = "cpu") -> Prior:
    """A prior from local files; nothing is downloaded.

    Args:
        path: see the module's docstring.
        size: side of the pictures, pixels, where the network does not say it (ADM takes several).
        label: class, by number or name, of a class-conditional prior, or prompt of one with a text encoder; None for
            the null class or the empty prompt.
        device: where the weights go.

    Raises:
        MissingWeights: if a part is not there.
        WrongWeights: if a part is damaged, or does not fit the others.
        UnknownPrior: for networks or schedulers of other kinds.
        UserError: for a label that the prior does not have.
    """
    if not path.is_dir():
        _refuse_label(label, "ADM")
        adm = load_adm(path, None, device)
        return Prior(adm, adm.schedule, (3, size, size), adm.prediction, files={"": path})
    folder = read_folder(path)
    network = next((name for name in ("unet", "transformer") if name in folder.parts), None)
    kind = None if network is None else folder.parts[network].kind
    if kind == "UNet2DConditionModel":
        return load_stable_diffusion(path, device).prior("" if label is None else label)
    if kind == "UNet2DModel":
        return _unet(folder, size, label, device)
    if kind in TRANSFORMERS:
        return _dit(folder, label, device)
    raise UnknownPrior(f"{shown(path)}: a {folder.kind} with {_kinds(folder)}; known networks: {KNOWN}")


class Denoiser(nn.Module):
    """A network of diffusers as a denoiser; what it predicts beside the mean (a variance) is cut off.

    Args:
        network: takes x_t, the time and, by name, class labels.
        channels: of a point.
        label: class for all points; None for a network without.
    """

    def __init__(self, network: Any, channels: int, label: int | None = None) -> None:
        super().__init__()
        self.network, self.channels, self.label = network, channels, label

    def forward(self, x_t: Float[Tensor, "n c h w"], time: Int[Tensor, " n"]) -> Float[Tensor, "n c h w"]:
        """The prediction."""
        labels = None if self.label is None else torch.full_like(time, self.label)
        found: Tensor = self.network(x_t, time, class_labels=labels).sample
        return found[:, : self.channels]


def _unet(folder: Folder, size: int, label: str | None, device: str | torch.device) -> Prior:
    network = load_network(folder.part("unet"), UNet2DModel, device)
    config = network.config
    if config.class_embed_type is not None or config.time_embedding_type == "fourier":
        raise UnknownPrior(
            f"{shown(folder.path)}: classes enter as {config.class_embed_type}, times as {config.time_embedding_type}"
        )
    chosen = None
    if config.num_class_embeds is None:
        _refuse_label(label, "UNet2DModel without classes")
    else:
        chosen = chosen_class(label, config.num_class_embeds, None, {})
    return _prior(folder, "unet", Denoiser(network, config.in_channels, chosen), config, size, chosen, device)


def _dit(folder: Folder, label: str | None, device: str | torch.device) -> Prior:
    network = load_network(folder.part("transformer"), DiTTransformer2DModel, device)
    config = network.config
    index = folder.path / INDEX
    names = class_names(read_json(index).get("id2label") if index.exists() else None)
    null = config.num_embeds_ada_norm
    chosen = chosen_class(label, null + 1, null, names)
    return _prior(folder, "transformer", Denoiser(network, config.in_channels, chosen), config, None, chosen, device)


def _prior(
    folder: Folder,
    name: str,
    denoiser: Denoiser,
    config: Any,
    size: int | None,
    label: int | None,
    device: str | torch.device,
) -> Prior:
    """The prior of a denoiser and the other parts of its folder."""
    found = levels(folder.part("scheduler"))
    latents = load_latents(folder, config.in_channels, device)
    sides = config.sample_size or (size if latents is None else None)
    if sides is None:
        raise WrongWeights(f"{shown(folder.path)}: the size of the latents (sample_size) stands nowhere")
    height, width = sides if isinstance(sides, (list, tuple)) else (sides, sides)
    if config.out_channels is not None and config.out_channels not in (config.in_channels, 2 * config.in_channels):
        raise UnknownPrior(f"{shown(folder.path)}: from {config.in_channels} channels to {config.out_channels}")
    null = label is not None and label == config.get("num_embeds_ada_norm")
    of_class = () if label is None else (f"the prior is that of {'no class' if null else f'class {label}'}",)
    parts = (name, "scheduler") if latents is None else (name, "scheduler", latents[0])
    return Prior(
        denoiser,
        found.schedule,
        (config.in_channels, height, width),
        found.prediction,
        found.clip or (PICTURES if latents is None else None),
        None if latents is None else latents[1],
        folder.files(parts),
        (*found.said, *of_class),
    )


def _refuse_label(label: str | None, kind: str) -> None:
    if label is not None:
        raise UserError(f"label = {label!r}: must be left out: the prior ({kind}) has no classes and takes no prompt")


def _kinds(folder: Folder) -> str:
    return ", ".join(f"{name}: {part.kind}" for name, part in folder.parts.items()) or "no parts"
