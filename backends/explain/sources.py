"""What `explain` works on: a score, a pool and a world with their origin, from local files or the embedded backend."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from distributional_view.backends.adapter.feature import REDUCTIONS, FeatureScore
from distributional_view.backends.adapter.passes import PictureScore, autocast_of
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.explain.folder import LEAST, folder_lessons, folder_pool, some_of, spread
from distributional_view.backends.explain.lessons import Lessons
from distributional_view.backends.explain.pool import Pool, pool_of
from distributional_view.backends.options import LocalPaths, SamplerOptions, ScoreOptions
from distributional_view.backends.priors.prior import Prior, Resized
from distributional_view.backends.transcoders.checkpoint import CONFIG, load_published
from distributional_view.backends.transcoders.checkpoint import WEIGHTS as TRANSCODER
from distributional_view.backends.zoo.images import image_files
from distributional_view.backends.zoo.readable import remembered
from distributional_view.choices import HYBRIDS, RETRIEVALS, MethodName, ReductionName
from distributional_view.errors import UserError
from distributional_view.files import shown
from distributional_view.theory.progress import Progress, silent


class Missing(UserError):
    """An option that this method needs was not given."""


@dataclass(frozen=True)
class Source:
    """What pictures are made or taken from.

    Args:
        score: pictures -> numbers, on its device.
        world: prior and score for the samplers; None where there is no prior.
        pool: pictures to retrieve; None where there are none.
        origin: what all this is made of, for the record; anything JSON can hold.
        contents: the files of weights behind it, by name.
        said: what the user should know of it, empty if nothing.
        lessons: pictures to learn guidance from; None where there are none.
    """

    score: PictureScore
    world: TorchWorld | None
    pool: Pool | None
    origin: dict[str, Any]
    contents: dict[str, Path]
    said: str = ""
    lessons: Lessons | None = None


def require_paths(paths: LocalPaths, method: MethodName) -> None:
    """Raise `Missing` unless all paths that a method needs are given."""
    needed = {"--backbone": paths.backbone, "--transcoder": paths.transcoder}
    needed |= {} if method in RETRIEVALS else {"--prior": paths.prior}
    needed |= {"--images": paths.images} if method in (*RETRIEVALS, *HYBRIDS) else {}
    absent = [name for name, value in needed.items() if value is None]
    if absent:
        raise Missing(f"{method} needs {', '.join(absent)} (or --embedded for the backend that comes with the project)")


def local_source(
    paths: LocalPaths,
    method: MethodName,
    options: ScoreOptions,
    sampler: SamplerOptions,
    memory: Path | None = None,
    progress: Progress = silent,
    most: int | None = None,
    seed: int = 0,
) -> Source:
    """A DINOv3 backbone, a published transcoder, a prior and a folder of images, all from local paths.

    Args:
        paths: where they are; a retrieval reads no prior, a sampler no images unless they are given.
        method: what they are for.
        options: the score; codes in the central half of each side unless they say otherwise.
        sampler: how the networks are run; the prior's own number of reverse steps unless it says otherwise.
        memory: a file in which to keep which images can be read.
        progress: told while the images are read.
        most: images to take where they only stand for a law; None for all. A retrieval takes all.
        seed: of the choice.

    Raises:
        Missing: if a path that the method needs was not given.
        WrongWeights, BadCheckpoint, MissingWeights, UnreadableImage: see the loaders.
    """
    require_paths(paths, method)
    psi, place = local_score(paths, options, sampler.device)
    score: Callable[[Tensor], Tensor] = psi
    prior = None if method in RETRIEVALS or paths.prior is None else own_prior(paths, sampler.device)
    if prior is not None:
        score = psi if prior.pixels[1:] == (paths.size, paths.size) else Resized(psi, paths.size)
    pool, images, lessons = None, None, None
    said = [] if prior is None else [*said_of(prior, paths.size)]
    world = None if prior is None else prior.world(score, sampler)
    if paths.images is not None:
        files = image_files(paths.images)
        drawn = files if method in RETRIEVALS else some_of(files, most, seed)
        if len(drawn) < len(files):
            said.append(f"{len(drawn)} of the {len(files)} pictures, drawn at random, stand for the folder")
        images = remembered(memory, paths.images, drawn, paths.on_bad_picture, progress)
        pool = folder_pool(paths.images, images.good, paths.size, sampler.batch or 16)
        said += [] if images.ordinary else [str(images)]
        if world is not None and paths.label is None and world.shape == (3, paths.size, paths.size):
            lessons = folder_lessons(psi, paths.images, images.good, paths.size, sampler.batch or 16)
        if method in HYBRIDS and lessons is None:
            raise UserError(
                f"{method} learns from at least {LEAST} pictures of the prior's size ({len(images.good)} given), and "
                "for a prior of pixels without a --label: take another --method"
            )
    given = {name: getattr(paths, name) for name in ("backbone", "transcoder", "prior", "images")}
    return Source(
        picture_score(score, sampler),
        world,
        pool,
        {name: None if path is None else str(path) for name, path in given.items()}
        | {"hook": list(place), **described(psi, options.reduction)}
        | {"size": paths.size, "precision": sampler.precision}
        | ({} if paths.label is None else {"label": paths.label})
        | ({} if images is None or images.ordinary else {"pictures": images.record()}),
        score_files(paths) | ({} if prior is None else prior_files(prior)),
        "\n".join(said),
        lessons,
    )


def embedded_source(options: ScoreOptions, sampler: SamplerOptions) -> Source:
    """The backend that comes with the project: its pictures are the pool.

    Args:
        options: the score; pre-activations on the whole map unless they say otherwise.
        sampler: how the networks are run.

    Raises:
        MissingWeights, MissingData: if they are not there; say how to get them.
    """
    from distributional_view.backends.embedded.animals import load_animals
    from distributional_view.backends.embedded.parts import PARTS, WEIGHTS
    from distributional_view.backends.embedded.world import feature_score, pictures, prior_world

    psi = feature_score(
        options.feature,
        REDUCTIONS[options.reduction],
        1.0 if options.share is None else options.share,
        options.gated is True,
        sampler.device,
    )
    origin = {"embedded": True, **described(psi, options.reduction), "precision": sampler.precision}
    contents = {f"{part}{kind}": WEIGHTS / f"{part}{kind}" for part in PARTS for kind in (".json", ".safetensors")}
    train, test = (part.images for part in load_animals())
    return Source(
        picture_score(psi, sampler),
        prior_world(psi, sampler),
        pool_of(pictures().images),
        origin,
        contents,
        lessons=Lessons(psi, lambda: torch.split(train, 256), lambda n: spread(test, n), len(train)),
    )


def local_score(paths: LocalPaths, options: ScoreOptions, device: str) -> tuple[FeatureScore, tuple[int, int]]:
    """The activation of a feature, and the stage and block that its transcoder reads.

    Args:
        paths: of backbone and transcoder, which must be given.
        options: codes in the central half of each side unless they say otherwise.
        device: of the networks.

    Raises:
        WrongWeights, BadCheckpoint, MissingWeights: see the loaders.
        ValueError: for a feature, a share or a hook that does not exist.
    """
    from distributional_view.backends.zoo.dinov3 import load_backbone

    assert paths.backbone is not None
    assert paths.transcoder is not None
    published = load_published(paths.transcoder, device)
    place = parse_hook(paths.hook or published.hook_in)
    psi = FeatureScore(
        load_backbone(paths.backbone, place, device=device),
        published.transcoder,
        options.feature,
        REDUCTIONS[options.reduction],
        share=0.5 if options.share is None else options.share,
        gated=options.gated is not False,
    )
    return psi, place


def score_files(paths: LocalPaths) -> dict[str, Path]:
    """What the score is read from, by names for the record; backbone and transcoder must be given."""
    from distributional_view.backends.zoo.dinov3 import weight_file

    assert paths.backbone is not None
    assert paths.transcoder is not None
    found = {"backbone": weight_file(paths.backbone)}
    return found | {f"transcoder/{name}": paths.transcoder / name for name in (CONFIG, TRANSCODER)}


def own_prior(paths: LocalPaths, device: str) -> Prior:
    """The prior of `paths`, of pictures that the backbone takes.

    Raises:
        UserError: for pictures without colours, and as `load_prior` does.
    """
    from distributional_view.backends.priors.load import load_prior

    assert paths.prior is not None
    prior = load_prior(paths.prior, paths.size, paths.label, device)
    if prior.pixels[0] != 3:
        raise UserError(f"{shown(paths.prior)}: its pictures have {prior.pixels[0]} channels, the backbone takes 3")
    return prior


def said_of(prior: Prior, size: int) -> tuple[str, ...]:
    """What the user should know of a prior whose pictures are scored at `size` pixels a side."""
    if prior.pixels[1:] == (size, size):
        return prior.said
    own = " x ".join(map(str, prior.pixels[1:]))
    return (*prior.said, f"the prior's pictures, {own} pixels, are resized to {size} x {size} (--size) for the score")


def prior_files(prior: Prior) -> dict[str, Path]:
    """What a prior was read from, by names for the record."""
    return {f"prior/{name}".rstrip("/"): path for name, path in prior.files.items()}


def picture_score(psi: Callable[[Tensor], Tensor], sampler: SamplerOptions) -> PictureScore:
    """The score as a retrieval takes it."""
    return PictureScore(psi, sampler.device, autocast_of(sampler.precision), sampler.batch)


def described(psi: FeatureScore, reduction: ReductionName) -> dict[str, Any]:
    """A score in words and numbers, for the record."""
    return {"feature": psi.feature, "reduction": reduction, "share": psi.share, "gated": psi.gated}


def parse_hook(name: str) -> tuple[int, int]:
    """Stage and block from a hook's name: "2.20", "stages.2.20", "stages.2.blocks.20", "model.stages.2.layers.20".

    Raises:
        ValueError: for anything else.
    """
    match = re.fullmatch(r"(?:(?:model\.)?stages\.)?(\d+)\.(?:blocks\.|layers\.)?(\d+)", name)
    if match is None:
        raise ValueError(f"hook = {name!r}: must be a stage and a block, such as 2.20 or stages.2.20")
    return int(match[1]), int(match[2])
