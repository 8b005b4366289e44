"""What pictures are measured with on local weights: the backbone, or Inception, and the user's own pictures.

Without a file of Inception KID is on the pooled features of the backbone's last stage, each picture's of mean 0 and
variance 1 (the network's own last norm, without its gain).
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from distributional_view.backends.adapter.feature import imagenet_normalise
from distributional_view.backends.adapter.passes import autocast_of, in_precision
from distributional_view.backends.explain.folder import spread
from distributional_view.backends.measures.alike import usual_distance
from distributional_view.backends.measures.diversity import Maps
from distributional_view.backends.measures.inception import inception_features
from distributional_view.backends.measures.naturalness import PUBLISHED, SMALL, Naturalness, fit_naturalness
from distributional_view.backends.measures.prior_loss import prior_loss
from distributional_view.backends.paradigms.local_model import BATCH, FITTED, LocalModel
from distributional_view.backends.paradigms.measuring import Real
from distributional_view.backends.priors.prior import resized
from distributional_view.backends.zoo.dinov3 import Backbone, load_backbone
from distributional_view.theory.progress import Progress, silent

_FINE = 50  # levels of noise, of which the loss takes the nearest to its own
_PAIRS = 128  # of pictures whose distance is the usual one


class Eyes(NamedTuple):
    """Networks that see pictures.

    Args:
        see: pictures in [-1, 1] -> features (n, d) for kernel distances, on the CPU.
        maps: pictures -> what each stage of the backbone puts out.
    """

    see: Callable[[Tensor], Tensor]
    maps: Maps


def local_eyes(model: LocalModel) -> Eyes:
    """The whole backbone, behind the hook too; and Inception in place of its features where there is one."""
    paths = model.request.paths
    assert paths.backbone is not None
    depths = model.psi.backbone.depths  # type: ignore[attr-defined]
    whole = load_backbone(paths.backbone, (len(depths) - 1, depths[-1]), device=model.device)
    if model.request.inception is None:
        see: Callable[[Tensor], Tensor] = partial(_pooled, model, whole)
    else:
        see = partial(inception_features, model.request.inception, device=model.device)
    return Eyes(see, partial(_maps, model, whole))


def local_real(model: LocalModel, progress: Progress = silent) -> Real:
    """Networks and pictures that judge, for all features.

    Args:
        model: what there is.
        progress: told while the pictures that judge are seen.

    Raises:
        UserError: if the file of Inception is no such network.
    """
    see, maps = local_eyes(model)
    features = list[Tensor]()
    for part in model.batches(model.held):
        features.append(see(part))
        progress("seeing the pictures that judge", sum(map(len, features)), len(model.held))
    pairs = torch.arange(min(2 * _PAIRS, len(model.training)) // 2 * 2).reshape(2, -1).T
    some = torch.cat(list(model.batches(spread(model.training, 2 * _PAIRS))))[: pairs.numel()]
    return Real(
        see,
        torch.cat(features).double().numpy(),
        maps,
        usual_distance(some, pairs[pairs.max(1).values < len(some)]),
        natural(model),
        None if model.prior is None else partial(_loss, model),
    )


def kid_features(model: LocalModel) -> str:
    """What the features of KID are, in words."""
    return "the backbone's pooled features" if model.request.inception is None else "Inception's features"


def natural(model: LocalModel) -> Naturalness | None:
    """The law of patches of the pool's pictures, of 96 pixels where they are as large; None where they are too few or
    smaller than 32 pixels."""
    local = PUBLISHED if model.size >= PUBLISHED.patch else SMALL
    if model.size < local.patch:
        return None
    try:
        return fit_naturalness(model.batches(spread(model.training, FITTED)), local)
    except ValueError:  # fewer patches than numbers that describe one
        return None


@torch.no_grad()
def _stages(model: LocalModel, whole: Backbone, pictures: Tensor) -> list[Tensor]:
    """What each stage puts out."""
    found, x = [], imagenet_normalise(pictures.to(model.device, torch.float32))
    with in_precision(model.device, autocast_of(model.request.sampler.precision)):
        for stage in whole.stages:
            x = stage(x)
            found.append(x.float())
    return found


def _maps(model: LocalModel, whole: Backbone, pictures: Tensor) -> list[Tensor]:
    """The same a batch at a time, on the CPU."""
    parts = [
        [m.cpu() for m in _stages(model, whole, part)] for part in pictures.split(model.request.sampler.batch or BATCH)
    ]
    return [torch.cat(layer) for layer in zip(*parts, strict=True)]


def _pooled(model: LocalModel, whole: Backbone, pictures: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
    return torch.cat(
        [
            F.layer_norm(last.mean((2, 3)), last.shape[1:2]).cpu()
            for part in pictures.split(model.request.sampler.batch or BATCH)
            for last in _stages(model, whole, part)[-1:]
        ]
    )


@torch.no_grad()
def _loss(model: LocalModel, pictures: Float[Tensor, "n c h w"]) -> Float[np.ndarray, " n"]:
    """Under the prior, of its latents where its points are latents."""
    prior = model.prior
    assert prior is not None
    world = model.world(prior, 0, min(_FINE, prior.schedule.steps), "log-SNR")
    seen = resized(pictures, prior.pixels[-1]).to(model.device)
    if prior.latents is not None:
        seen = torch.cat([prior.latents.encode(part) for part in seen.split(model.request.sampler.batch or BATCH)])
    return prior_loss(world, seen)
