"""H_t for a real backbone: pictures of a folder, scored by its features, then averaged and learned from.

The backbone runs once a picture for all features that read it. The learning itself never runs it.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.adapter.feature import FeatureScore, centre
from distributional_view.backends.adapter.passes import in_precision, require_finite
from distributional_view.backends.fit import Plan
from distributional_view.backends.potential.learned import LearnedPotential, Spec
from distributional_view.backends.potential.train import PLAN, learn
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, silent

Scores = Callable[[Tensor], Tensor]
"""Pictures (n, c, h, w) -> (n, features), score units."""


def together(scores: Sequence[FeatureScore]) -> Scores:
    """Several features of one backbone as one function that runs it once a picture.

    Args:
        scores: at least one; equal backbone and preprocessing.

    Raises:
        ValueError: for none, or several backbones.
    """
    require(len(scores) >= 1, "number of scores", len(scores), ">= 1")
    first = scores[0]
    same = all(s.backbone is first.backbone and s.preprocess is first.preprocess for s in scores)
    require(same, "scores", "of several backbones", "of one backbone, prepared in one way")

    def all_of(x: Tensor) -> Tensor:
        activations = first.backbone(first.preprocess(x))
        columns = []
        for s in scores:
            one = s.transcoder.feature_map if s.gated else s.transcoder.feature_pre_activation
            window = centre(activations.shape[2], activations.shape[3], s.share)
            columns.append(s.reduction(one(activations, s.feature, window)))
        return torch.stack(columns, dim=1)

    return all_of


@torch.no_grad()
def with_mirrors(
    score: Scores, batches: Iterable[Tensor], device: torch.device | str = "cpu", autocast: torch.dtype | None = None
) -> Iterator[tuple[Float[Tensor, "n c h w"], Float[Tensor, "n features"]]]:
    """Each batch with its scores, then its mirror image with its own; both on the CPU.

    Args:
        score: on `device`.
        batches: pictures in [-1, 1].
        device: where pictures are scored.
        autocast: precision inside the score.

    Raises:
        ModelFailed: for scores that are not finite.
    """
    for batch in batches:
        for x in (batch, batch.flip(-1)):
            with in_precision(device, autocast):
                found = score(x.to(device, torch.float32)).float().cpu()
            require_finite(found, "the score", "clean points")
            yield x.float().cpu(), found


@torch.no_grad()
def learn_from_pictures(
    score: Scores,
    features: tuple[str, ...],
    batches: Iterable[Tensor],
    plan: Plan = PLAN,
    device: torch.device | str = "cpu",
    autocast: torch.dtype | None = None,
    checkpoint: Path | None = None,
    progress: Progress = silent,
) -> LearnedPotential:
    """Score pictures and their mirror images, and learn H_t of every feature.

    What is kept of the pictures is what the network sees: at most 64 pixels a side. The record says the passes of the
    backbone ("scored pictures") and the CPU seconds of scoring and of learning.

    Args:
        score: on `device`, from `together` for several features.
        features: names of its columns.
        batches: (n, c, h, w) each; pictures in [-1, 1], each once, all of one size.
        plan: of the training.
        device: where pictures are scored; the learning is done on the CPU.
        autocast: precision inside the score.
        checkpoint: of the learning; None keeps nothing.
        progress: told of each step.

    Raises:
        ValueError: for no pictures, sizes that differ, or scores that do not fit.
        ModelFailed: for scores that are not finite.
    """
    started = time.process_time()
    seen: list[Tensor] = []
    numbers: list[Tensor] = []
    shape: tuple[int, ...] | None = None
    for pictures, found in with_mirrors(score, batches, device, autocast):
        shape = tuple(pictures.shape[1:]) if shape is None else shape
        require(
            tuple(pictures.shape[1:]) == shape, "shape of pictures", tuple(pictures.shape[1:]), f"{shape}, as before"
        )
        numbers.append(found)
        seen.append(Spec(shape, features, 2, 1.0).averaged(pictures))
    require(shape is not None, "batches", "none", "at least one batch of pictures")
    draws, scores = torch.cat(seen), torch.cat(numbers)
    scoring = round(time.process_time() - started, 1)
    with torch.enable_grad():
        learned = learn(draws, scores, features, plan, checkpoint, progress, shape=shape)
    learned.record.update({"scored pictures": len(draws), "CPU seconds of scoring": scoring})
    return learned
