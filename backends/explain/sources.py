"""What `explain` works on: a world and a pool, from local files or from the embedded backend, and their origin."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from distributional_view.backends.adapter.feature import REDUCTIONS, FeatureScore
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.explain.methods import RETRIEVING
from distributional_view.backends.explain.pool import Pool, pool_of
from distributional_view.backends.transcoders.checkpoint import load as load_transcoder
from distributional_view.backends.zoo.images import ImageBatches, image_files
from distributional_view.theory.errors import require
from distributional_view.theory.samplers.schedule import NoiseSchedule


class Missing(ValueError):
    """An option that this method needs was not given."""


@dataclass(frozen=True)
class Source:
    """A world, a pool if there is one, and what they are made of, for the record."""

    world: TorchWorld
    pool: Pool | None
    origin: dict[str, Any]


def local_source(
    backbone: Path | None,
    transcoder: Path | None,
    prior: Path | None,
    images: Path | None,
    feature: int,
    method: str,
    reduction: str,
    share: float | None,
    gated: bool | None,
    hook: str | None,
    size: int,
    steps: int | None,
    device: str,
    precision: str,
    batch: int | None,
    recompute: bool,
    **_: Any,
) -> Source:
    """A DINOv3 backbone, a published transcoder, the ADM prior and a folder of images, all from local paths.

    Raises:
        Missing: if a path that the method needs was not given.
        WrongWeights, BadCheckpoint, FileNotFoundError: see the loaders.
    """
    from distributional_view.backends.zoo.adm import load_adm
    from distributional_view.backends.zoo.dinov3 import load_backbone

    retrieval = method in RETRIEVING
    needed = {"--backbone": backbone, "--transcoder": transcoder}
    needed |= {"--images": images} if retrieval else {"--prior": prior}
    absent = [name for name, value in needed.items() if value is None]
    if absent:
        raise Missing(f"{method} needs {', '.join(absent)} (or --embedded for the backend that comes with the project)")
    assert backbone is not None
    assert transcoder is not None
    published = load_transcoder(transcoder, device)
    place = parse_hook(hook or published.hook_in)
    network = load_backbone(backbone, place, device=device)
    psi = FeatureScore(
        network,
        published.transcoder,
        feature,
        _reduction(reduction),
        share=0.5 if share is None else share,
        gated=gated is not False,
    )
    autocast = None if precision == "float32" else getattr(torch, precision)
    denoiser: Any = (lambda x, t: x) if prior is None or retrieval else load_adm(prior, device=device)
    schedule = NoiseSchedule.linear()
    world = TorchWorld(
        denoiser,
        psi,
        schedule.strided(1000 if steps is None else steps),
        (3, size, size),
        "epsilon",
        (-1.0, 1.0),
        device,
        torch.float32,
        autocast,
        recompute,
        batch,
    )
    return Source(
        world,
        None if images is None else folder_pool(images, size, batch or 16),
        {
            "backbone": str(backbone),
            "transcoder": str(transcoder),
            "prior": None if prior is None else str(prior),
            "images": None if images is None else str(images),
            "hook": list(place),
            "feature": feature,
            "reduction": reduction,
            "share": psi.share,
            "gated": gated is not False,
            "size": size,
            "precision": precision,
        },
    )


def embedded_source(
    feature: int,
    reduction: str,
    share: float | None,
    gated: bool | None,
    steps: int | None,
    device: str,
    precision: str,
    batch: int | None,
    recompute: bool,
    **_: Any,
) -> Source:
    """The backend that comes with the project: its pictures are the pool.

    Raises:
        MissingWeights, MissingData: if they are not there; say how to get them.
    """
    from distributional_view.backends.embedded.world import embedded_world, pictures

    autocast = None if precision == "float32" else getattr(torch, precision)
    whole = 1.0 if share is None else share
    world = embedded_world(
        feature,
        50 if steps is None else steps,
        reduction=_reduction(reduction),
        share=whole,
        gated=gated is True,
        device=device,
        autocast=autocast,
        batch=batch,
        recompute=recompute,
    )
    origin = {"embedded": True, "feature": feature, "reduction": reduction, "share": whole, "gated": gated is True}
    return Source(world, pool_of(pictures().images), {**origin, "precision": precision})


def folder_pool(folder: Path, size: int, batch: int) -> Pool:
    """The images of a folder, read when asked for."""
    files = image_files(folder)

    def batches(first: int) -> Any:
        rest = files[first:]
        return ImageBatches(rest, size, min(batch, len(rest)), 0)

    def picture(index: int) -> Tensor:
        return next(iter(ImageBatches([files[index]], size, 1, 0)))[0]

    return Pool(len(files), batches, picture)


def _reduction(name: str) -> Any:
    require(name in REDUCTIONS, "reduction", name, f"one of {tuple(REDUCTIONS)}")
    return REDUCTIONS[name]


def parse_hook(name: str) -> tuple[int, int]:
    """Stage and block from a hook's name: "2.20", "stages.2.20", "stages.2.blocks.20", "model.stages.2.layers.20".

    Raises:
        ValueError: for anything else.
    """
    match = re.fullmatch(r"(?:(?:model\.)?stages\.)?(\d+)\.(?:blocks\.|layers\.)?(\d+)", name)
    if match is None:
        raise ValueError(f"hook = {name!r}: must be a stage and a block, such as 2.20 or stages.2.20")
    return int(match[1]), int(match[2])
