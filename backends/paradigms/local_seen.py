"""Scored pictures of a local model with what the backbone sees of them: its folder, or samples of its prior.

Both are seen a batch at a time and kept as they are seen, so that a killed call goes on. Samples are made once for all
features: they lie in a folder of their own (`explain.prior_sample`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from distributional_view.backends.adapter.passes import autocast_of, in_precision, require_finite
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.explain.lessons import KeptScores
from distributional_view.backends.explain.prior_sample import Sampling, kept_parts, kept_points
from distributional_view.backends.paradigms.budget import SOLVER, SPACING
from distributional_view.backends.paradigms.local_model import BATCH, LocalModel
from distributional_view.backends.paradigms.measuring import as_shown
from distributional_view.backends.potential.pictures import together
from distributional_view.backends.priors.prior import resized
from distributional_view.errors import UserError
from distributional_view.jobs import Job
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.seeds import part_seed

SAMPLES, LEAST = 1000, 20
"""Unguided samples of a prior, unless others are asked for, and the fewest: half of them is a reference."""
NUMBERS = ("folder-*.npy", "samples-*.npy")
"""Files of a job."""
_SAMPLED = 7  # part of the seed
See = Callable[[Tensor], Tensor]
"""Pictures (n, c, h, w) -> features (n, d)."""


class Seen(NamedTuple):
    """Pictures by their place: a column of scores a feature, what was seen of each, and the pictures when asked for."""

    scores: Float[np.ndarray, "n features"]
    features: Float[np.ndarray, "n d"]
    take: Callable[[Int[np.ndarray, " k"]], Float[Tensor, "k c h w"]]


@dataclass(frozen=True, eq=False)
class PriorSamples:
    """Unguided samples of the prior of a local model.

    Args:
        model: with a prior.
        feature: of the world; the samples do not depend on it.
        how: how many, and where they are kept.
        steps: reverse steps.
        progress: in pictures.
    """

    model: LocalModel
    feature: int
    how: Sampling
    steps: int
    progress: Progress = silent

    @cached_property
    def world(self) -> TorchWorld:
        """The prior with the score."""
        assert self.model.prior is not None
        return self.model.world(self.model.prior, self.feature, self.steps, SPACING)

    def batches(self) -> Iterator[Float[Tensor, "m c h w"]]:
        """All of them as pictures, in order; those that are not there are made."""
        for part in kept_parts(self.world, self.how, self.progress):
            yield from self.pictures(part).split(batch_of(self.model))

    def take(self, places: Int[np.ndarray, " k"]) -> Float[Tensor, "k c h w"]:
        """Some of them."""
        return self.pictures(kept_points(self.world, self.how, places, self.progress))

    def pictures(self, points: Tensor) -> Float[Tensor, "n c h w"]:
        """Points as pictures of the size that the score takes, on the CPU."""
        return as_shown(resized(self.world.pictures(points.to(self.world.device)), self.model.size))


def prior_samples(
    model: LocalModel, feature: int, keep: Path, n: int, steps: int, seed: int, progress: Progress = silent
) -> PriorSamples:
    """The samples of a model's prior.

    Args:
        model: with a prior.
        feature: of the world.
        keep: folder in which samples of each number, seed, prior and steps have a folder.
        n: how many.
        steps: reverse steps.
        seed: of everything random.
        progress: in pictures.

    Raises:
        UserError: for fewer than `LEAST`.
    """
    if n < LEAST:
        raise UserError(f"samples = {n}: must be at least {LEAST}")
    origin = {name: model.made_of[name] for name in ("size", "label", "precision")}
    how = Sampling(keep, n, part_seed(seed, _SAMPLED), SOLVER, origin, model.contents)
    return PriorSamples(model, feature, how, steps, progress)


def seen_samples(samples: PriorSamples, features: tuple[int, ...], see: See | None, job: Job) -> Seen:
    """The samples with their scores and what `see` makes of them.

    Args:
        samples: made if need be.
        features: indices, a column each.
        see: pictures -> features, on the CPU; None: nothing is seen of them.
        job: where the numbers are kept.
    """
    path = job.folder / _file("samples", features, see)
    rows = _rows(samples.model, samples.batches, samples.how.n, features, see, path, job, samples.progress)
    return Seen(rows[:, : len(features)], rows[:, len(features) :], samples.take)


def seen_folder(
    model: LocalModel, features: tuple[int, ...], see: See | None, job: Job, progress: Progress = silent
) -> Seen:
    """All pictures of the folder with their scores and what `see` makes of them; None: nothing."""
    files = model.images.good

    def take(places: Int[np.ndarray, " k"]) -> Tensor:
        return torch.cat(list(model.batches([files[int(place)] for place in places])))

    path = job.folder / _file("folder", features, see)
    rows = _rows(model, partial(model.batches, files), len(files), features, see, path, job, progress)
    return Seen(rows[:, : len(features)], rows[:, len(features) :], take)


def require_various(scores: Float[np.ndarray, " n"], name: str, feature: int, what: str) -> None:
    """Raise `UserError` for a feature that is the same on all of the pictures.

    Args:
        scores: of the pictures.
        name: of the option that names the feature.
        feature: its index.
        what: what the pictures are, in words.
    """
    if np.ptp(scores) == 0:
        raise UserError(
            f"{name} = {feature}: must be one that tells pictures apart: it is {scores[0]:.4g} on all {len(scores)} "
            f"{what}"
        )


def scored(model: LocalModel, features: tuple[int, ...], pictures: Tensor) -> Float[Tensor, "n features"]:
    """The scores of pictures in memory, on the CPU, a batch at a time."""
    score = together([model.score(feature) for feature in features])
    found = list[Tensor]()
    for part in pictures.split(batch_of(model)):
        with torch.no_grad(), in_precision(model.device, autocast_of(model.request.sampler.precision)):
            found.append(score(part.to(model.device)).float().cpu())
        require_finite(found[-1], "the score", "clean points")
    return torch.cat(found)


def batch_of(model: LocalModel) -> int:
    """Most pictures in one pass."""
    return model.request.sampler.batch or BATCH


def _file(kind: str, features: tuple[int, ...], see: See | None) -> str:
    return "-".join([kind, *map(str, features), *([] if see is None else ["seen"])]) + ".npy"


def _rows(
    model: LocalModel,
    batches: Callable[[], Iterable[Tensor]],
    n: int,
    features: tuple[int, ...],
    see: See | None,
    path: Path,
    job: Job,
    progress: Progress,
) -> Float[np.ndarray, "n columns"]:
    """A row a picture: its scores, then what is seen of it; those that the file has are read."""

    def both(part: Tensor) -> Tensor:
        scores = scored(model, features, part)
        return scores if see is None else torch.cat([scores, see(part).float().cpu()], 1)

    known = KeptScores(both, path, job.token)
    if len(known.rows) < n:
        try:
            for part in batches():
                known(part)
                progress("scoring pictures", known.place, n)
        finally:
            known.save()
    return np.stack(known.rows).astype(np.float64)
