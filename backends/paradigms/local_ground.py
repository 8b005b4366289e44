"""A feature of local weights as the ground of the comparison: the user's pictures, backbone, prior and prompts.

Settings are those that were published for large pictures.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float

from distributional_view.backends.adapter.passes import autocast_of, in_precision, require_finite
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.explain.folder import folder_pool
from distributional_view.backends.explain.lessons import KeptScores
from distributional_view.backends.explain.pool import scored
from distributional_view.backends.explain.sources import picture_score
from distributional_view.backends.paradigms import coordinates, dexter, diffexplainer, fourier, maco, vital
from distributional_view.backends.paradigms.attribution import scored_world
from distributional_view.backends.paradigms.budget import SPACING
from distributional_view.backends.paradigms.ground import Ground, Settings
from distributional_view.backends.paradigms.layers import ScoredLayers
from distributional_view.backends.paradigms.local_model import LocalModel
from distributional_view.backends.paradigms.relevance import Relevance
from distributional_view.backends.paradigms.search import BY_PATCH, keyed
from distributional_view.backends.paradigms.statistics import PictureStatistics
from distributional_view.backends.potential.from_pool import PoolWorld, with_seen
from distributional_view.backends.potential.pictures import together
from distributional_view.backends.priors.stable_diffusion import PromptedDiffusion
from distributional_view.choices import ReductionName
from distributional_view.jobs import Job
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.schedule import Spacing

SCORES = "scores-*.npy"
"""Files of a job, one a feature."""
UNRULED: ReductionName = "logsumexp"
"""The reduction through which `relevance` cannot go by LRP."""


def published(stage: int, reduction: ReductionName = "mix", tried: int | None = None) -> Settings:
    """The published settings.

    Args:
        stage: that the transcoder reads: VITAL matches the stem and the stages up to it, with their weights.
        reduction: of the score: LRP has no rule for `UNRULED`, and VITAL takes the gradient.
        tried: most single words that are tried; None: as many as published.
    """
    weights = vital.PUBLISHED_UNIT.layer_weights[: stage + 2]
    rule: Relevance | None = "gradient" if reduction == UNRULED else vital.PUBLISHED_UNIT.relevance
    found = Settings(
        fourier.PUBLISHED,
        maco.PUBLISHED,
        replace(vital.PUBLISHED_UNIT, layer_weights=weights, relevance=rule),
        coordinates.SINGLE_LARGE,
        diffexplainer.PUBLISHED,
        dexter.PUBLISHED,
    )
    if tried is None:
        return found
    words = (replace(getattr(found, name), tried=tried) for name in ("word", "soft", "hard"))
    return found._replace(**dict(zip(("word", "soft", "hard"), words, strict=True)))


@dataclass(frozen=True, eq=False)
class LocalGround(Ground):
    """A feature.

    Args:
        feature: its index.
        model: what all features share.
        steps: reverse steps of the priors.
        settings: see `published`.
        job: where its scores are kept.
        progress: told while pictures are scored.
    """

    feature: int
    model: LocalModel
    steps: int
    settings: Settings
    job: Job
    progress: Progress = silent

    @cached_property
    def _numbers(self) -> Float[np.ndarray, "pictures 2"]:
        """The score and the largest code of every picture, the pool first; scored once."""
        model, psi = self.model, self.model.score(self.feature)
        both = together([psi, keyed(psi, BY_PATCH)])
        known = KeptScores(both, self.job.folder / SCORES.replace("*", str(self.feature)), self.job.token)
        files = [*model.training, *model.held]
        if len(known.rows) < len(files):
            try:
                for part in model.batches(files):
                    with torch.no_grad(), in_precision(model.device, autocast_of(model.request.sampler.precision)):
                        found = known(part.to(model.device))
                    require_finite(found, "the score", "clean points")
                    self.progress(f"feature {self.feature}: scoring the pictures", known.place, len(files))
            finally:
                known.save()
        return np.stack(known.rows).astype(np.float64)

    @property
    def scores(self) -> Float[np.ndarray, " pictures"]:
        """Of all pictures, those that methods may know first."""
        return self._numbers[:, 0]

    @cached_property
    def pool(self) -> ScoredPool:
        """Four pictures of five, read when they are taken."""
        model, paths = self.model, self.model.request.paths
        assert paths.images is not None
        files = folder_pool(paths.images, model.training, model.size, model.request.sampler.batch or 1)
        return scored(files, self.scores[: len(model.training)])

    @property
    def patches(self) -> Float[np.ndarray, " pool"]:
        """What the search by patch ranks the pool by."""
        return self._numbers[: len(self.model.training), 1]

    @property
    def statistics(self) -> PictureStatistics:
        """Of some pictures of the pool."""
        return self.model.statistics

    @cached_property
    def layers(self) -> ScoredLayers:
        """What the backbone has behind its stem and at the end of each stage, up to the hook."""
        psi = self.model.score(self.feature)
        stages = psi.backbone.stages  # type: ignore[attr-defined]
        return ScoredLayers(psi, [stages[0].downsample_layers[-1], *stages])

    @cached_property
    def canvas(self) -> TorchWorld:
        """The score of pictures of the size."""
        score = picture_score(self.model.score(self.feature), self.model.request.sampler)
        return scored_world(score, (3, self.model.size, self.model.size))

    @cached_property
    def world(self) -> TorchWorld:
        """The prior with the score; its draws from p are pictures that are held back, where its points are pictures."""
        assert self.model.prior is not None
        found = self.model.world(self.model.prior, self.feature, self.steps, SPACING)
        return replace(found, prior=self.model.drawn) if "potential" not in self.model.lacking else found

    @cached_property
    def pooled(self) -> PoolWorld:
        """The prior with the H_t of the pool."""
        blocks, block = self.model.blocks
        return with_seen(self.world, blocks, self.pool.scores, block)

    def prompted(self, steps: int, spacing: Spacing) -> PromptedDiffusion:
        """Stable Diffusion with the score."""
        words = self.model.words
        assert words is not None
        score = self.model.seeing(words.unconditional, self.feature)
        return words.with_score(score, self.model.sampled(steps, spacing))
