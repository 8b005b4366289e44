"""What all features of local weights share in the comparison: networks, pictures, and what is fitted to pictures.

One picture of five is held back to judge. Pictures lie on the disk and are read when they are taken: in memory are a
batch of them, and what guides (blocks of at most 32 pixels a side).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.adapter.feature import FeatureScore
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.explain.folder import LEAST, in_order, some_of, spread
from distributional_view.backends.explain.guidance import block_of
from distributional_view.backends.explain.lessons import HELD
from distributional_view.backends.explain.sources import (
    Missing,
    described,
    local_score,
    own_prior,
    prior_files,
    said_of,
    score_files,
)
from distributional_view.backends.options import LocalPaths, SamplerOptions, ScoreOptions
from distributional_view.backends.paradigms.one_feature import Need
from distributional_view.backends.paradigms.statistics import PictureStatistics, statistics
from distributional_view.backends.potential.from_pool import seen
from distributional_view.backends.priors.folder import read_folder
from distributional_view.backends.priors.prior import Prior, Resized
from distributional_view.backends.priors.stable_diffusion import StableDiffusion, load_stable_diffusion
from distributional_view.backends.zoo.images import image_files
from distributional_view.backends.zoo.readable import Readable, remembered
from distributional_view.errors import UserError
from distributional_view.fingerprints import listing
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.schedule import Spacing

FITTED = 1000
"""Pictures of the pool that statistics are fitted to, at most."""
FEWEST = 20
"""Pictures without which nothing is compared: four would judge."""
BATCH = 8
"""Pictures in one pass, unless another number is asked for."""


class Purpose(NamedTuple):
    """What everything is loaded for.

    Args:
        command: that asks for it.
        prior: whether nothing is possible without one.
        few: what `FEWEST` pictures are needed for.
    """

    command: str
    prior: bool
    few: str


COMPARISON = Purpose("paradigms", False, "one of five judges")


@dataclass(frozen=True)
class LocalRequest:
    """What there is, and what is to be explained.

    Args:
        features: indices, at least one.
        paths: backbone, transcoder and images; a prior or none.
        words: folder of Stable Diffusion, for the methods that look for a prompt; None: the prior, if it is one.
        inception: TorchScript file, for the features of KID; None: the backbone's own.
        score: of any feature; its index is not used.
        sampler: how the networks are run.
        pool_size: pictures to take of those that there are, drawn at random; None: all.
    """

    features: tuple[int, ...]
    paths: LocalPaths
    words: Path | None = None
    inception: Path | None = None
    score: ScoreOptions = field(default_factory=lambda: ScoreOptions(0))
    sampler: SamplerOptions = field(default_factory=lambda: SamplerOptions(batch=BATCH))
    pool_size: int | None = None


@dataclass(frozen=True, eq=False)
class LocalModel:
    """Networks and pictures.

    Args:
        request: what there is.
        psi: the score of the first feature.
        hook: stage and block that the transcoder reads.
        images: the pictures that can be read.
        prior: None where there is none.
        words: a generator that takes prompts; None where there is none.
        said: what the user should know.
    """

    request: LocalRequest
    psi: FeatureScore
    hook: tuple[int, int]
    images: Readable
    prior: Prior | None
    words: StableDiffusion | None
    said: tuple[str, ...]

    @property
    def size(self) -> int:
        """Side of the pictures, pixels."""
        return self.request.paths.size

    @property
    def device(self) -> str:
        """Of the networks."""
        return self.request.sampler.device

    @cached_property
    def held(self) -> list[Path]:
        """The pictures that judge."""
        return self.images.good[::HELD]

    @cached_property
    def training(self) -> list[Path]:
        """The pictures that methods may know."""
        return [path for place, path in enumerate(self.images.good) if place % HELD]

    def batches(self, files: Sequence[Path]) -> Iterable[Float[Tensor, "n c h w"]]:
        """These pictures, a batch at a time, each once."""
        return in_order(files, self.size, self.request.sampler.batch or BATCH)

    def score(self, feature: int) -> FeatureScore:
        """Of pictures of the size.

        Raises:
            ValueError: for a feature that does not exist.
        """
        return replace(self.psi, feature=feature)

    def world(self, prior: Prior, feature: int, steps: int, spacing: Spacing) -> TorchWorld:
        """A prior with the score of a feature; pictures of another size are resized for it."""
        return prior.world(self.seeing(prior, feature), self.sampled(steps, spacing))

    def seeing(self, prior: Prior, feature: int) -> FeatureScore | Resized:
        """The score of a prior's pictures."""
        psi = self.score(feature)
        return psi if prior.pixels[1:] == (self.size, self.size) else Resized(psi, self.size)

    def sampled(self, steps: int, spacing: Spacing) -> SamplerOptions:
        """How a prior is sampled."""
        return replace(self.request.sampler, steps=steps, spacing=spacing)

    @cached_property
    def lacking(self) -> dict[Need, str]:
        """What is not there, and why."""
        found: dict[Need, str] = {}
        if self.words is None:
            found["words"] = "no generator takes prompts (--words, or a --prior of Stable Diffusion)"
        if self.prior is None:
            found["prior"] = found["potential"] = "there is no --prior"
        elif self.prior.latents is not None:
            found["potential"] = "the prior's points are latents, not pictures"
        elif self.request.paths.label is not None:
            found["potential"] = "with a --label the prior's pictures are not those of the folder"
        elif self.prior.shape != (3, self.size, self.size):
            own = " x ".join(map(str, self.prior.shape[1:]))
            found["potential"] = f"the prior's pictures, {own} pixels, have not the --size, {self.size}"
        elif len(self.training) < LEAST:
            found["potential"] = f"{len(self.training)} pictures can guide, fewer than {LEAST}"
        return found

    @property
    def contents(self) -> dict[str, Path]:
        """The files of weights, by name."""
        found = score_files(self.request.paths)
        if self.prior is not None:
            found |= prior_files(self.prior)
        if self.words is not None:
            found |= {f"words/{name}": path for name, path in self.words.unconditional.files.items()}
        return found | ({} if self.request.inception is None else {"inception": self.request.inception})

    @property
    def made_of(self) -> dict[str, Any]:
        """Everything that decides a result beside weights, features and sizes, as JSON can hold it."""
        paths = self.request.paths
        assert paths.images is not None
        score = described(self.psi, self.request.score.reduction)
        return {
            **{name: value for name, value in score.items() if name != "feature"},
            "hook": list(self.hook),
            "size": self.size,
            "label": paths.label,
            "precision": self.request.sampler.precision,
            "device": torch.device(self.device).type,  # each kind has its random numbers
            "pool": {"size": len(self.images.good), "digest": listing(paths.images, self.images.good)},
        }

    @cached_property
    def statistics(self) -> PictureStatistics:
        """Of some pictures of the pool."""
        return statistics(self.batches(spread(self.training, FITTED)))

    @cached_property
    def blocks(self) -> tuple[Float[Tensor, "m d"], int]:
        """What is seen of the pool's pictures where the noise is strong, and the side of the blocks."""
        block = block_of((3, self.size, self.size))
        return torch.cat([seen(part, block) for part in self.batches(self.training)]), block

    def drawn(self, seed: int, n: int) -> Float[Tensor, "n c h w"]:
        """Some of the pictures that are held back, at random, on the device."""
        places = np.random.default_rng(seed).permutation(len(self.held))[:n]
        return torch.cat(list(self.batches([self.held[place] for place in places]))).to(self.device)


def local_model(
    request: LocalRequest, memory: Path, seed: int, progress: Progress = silent, purpose: Purpose = COMPARISON
) -> LocalModel:
    """Load everything.

    Args:
        request: what there is.
        memory: a file in which to keep which pictures can be read.
        seed: of the choice of pictures.
        progress: told while they are read.
        purpose: what it is for.

    Raises:
        Missing: if a path that the purpose needs was not given.
        ValueError: for a feature that does not exist.
        UserError: for too few pictures, or a label without a prior.
        WrongWeights, BadCheckpoint, MissingWeights, UnreadableImage: see the loaders.
    """
    paths, device = request.paths, request.sampler.device
    needed = {"--backbone": paths.backbone, "--transcoder": paths.transcoder, "--images": paths.images}
    needed |= {"--prior": paths.prior} if purpose.prior else {}
    absent = [name for name, value in needed.items() if value is None]
    if absent:
        raise Missing(f"{purpose.command} on your own weights needs {', '.join(absent)} too")
    if paths.label is not None and paths.prior is None:
        raise UserError(f"label = {paths.label!r}: must be left out without a --prior, which it is for")
    assert paths.images is not None
    psi, hook = local_score(paths, replace(request.score, feature=request.features[0]), device)
    for feature in request.features:
        replace(psi, feature=feature)  # refuses what does not exist
    words = None if request.words is None else load_stable_diffusion(request.words, device)
    if paths.prior is None:
        prior = None
    elif words is None and _takes_prompts(paths.prior):
        words = load_stable_diffusion(paths.prior, device)
        prior = words.prior(paths.label or "")
    else:
        prior = own_prior(paths, device)
    files = image_files(paths.images)
    drawn = some_of(files, request.pool_size, seed)
    images = remembered(memory, paths.images, drawn, paths.on_bad_picture, progress)
    if len(images.good) < FEWEST:
        raise UserError(f"{paths.images}: {len(images.good)} pictures: must be at least {FEWEST}; {purpose.few}")
    said = [f"{len(drawn)} of the {len(files)} pictures, drawn at random"] if len(drawn) < len(files) else []
    said += [] if images.ordinary else [str(images)]
    said += [] if prior is None else said_of(prior, paths.size)
    return LocalModel(request, psi, hook, images, prior, words, tuple(said))


def _takes_prompts(path: Path) -> bool:
    """Whether a prior is Stable Diffusion."""
    unet = read_folder(path).parts.get("unet") if path.is_dir() else None
    return unet is not None and unet.kind == "UNet2DConditionModel"
