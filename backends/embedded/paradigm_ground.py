"""The embedded world as the ground of the comparison of all paradigms.

The data's training pictures, with their scores, are what every method may know: the pool of the searches, the
references of VITAL, the statistics of the optimised pictures. The test pictures are kept for the judging.

Where a method has published settings for large pictures, `SETTINGS` are those for 32 pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.adapter.feature import FeatureScore
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.embedded.animals import load_animals
from distributional_view.backends.embedded.layer import Layer
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.prior_pool import CHUNK
from distributional_view.backends.embedded.prompted import EmbeddedPrior, embedded_prior
from distributional_view.backends.embedded.store import load_classifier
from distributional_view.backends.embedded.world import prior_world
from distributional_view.backends.options import SamplerOptions
from distributional_view.backends.paradigms import coordinates, dexter, diffexplainer, fourier, maco, search, vital
from distributional_view.backends.paradigms.budget import SOLVER, SPACING
from distributional_view.backends.paradigms.ground import Ground, Settings
from distributional_view.backends.paradigms.layers import ScoredLayers
from distributional_view.backends.paradigms.prompts import Sampling
from distributional_view.backends.paradigms.statistics import PictureStatistics, statistics
from distributional_view.backends.potential.from_pool import PoolWorld, with_pool
from distributional_view.theory.errors import require
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.samplers.schedule import Spacing

_FEW = Sampling(6, 1.0, 4, SOLVER)  # of a search for a prompt
SETTINGS = Settings(
    fourier.SMALL,
    maco.SMALL,
    vital.SMALL,
    replace(coordinates.SINGLE_SMALL, sampling=_FEW),
    replace(diffexplainer.SMALL, sampling=_FEW, starts=2),
    replace(dexter.SMALL, sampling=_FEW, starts=1),
)
WorldOf = Callable[[FeatureScore, int, Spacing], TorchWorld]
"""A score, steps and their spacing -> the prior with the score."""


def own_prior(psi: FeatureScore, steps: int, spacing: Spacing) -> TorchWorld:
    """The world's prior with a score."""
    return prior_world(psi, SamplerOptions(steps, batch=CHUNK, spacing=spacing))


@cache
def picture_statistics() -> PictureStatistics:
    """Of the training pictures."""
    return statistics(load_animals()[0].images.split(CHUNK))


@dataclass(frozen=True, eq=False)
class EmbeddedGround(Ground):
    """A feature of the embedded world.

    Args:
        feature: its index.
        steps: reverse steps of the prior.
        layer: whose feature it is.
        world_of: the prior of the methods that generate without a prompt.
    """

    feature: int
    steps: int
    layer: Layer = field(default_factory=lambda: shared().layer)
    world_of: WorldOf = field(default=own_prior)
    settings: Settings = SETTINGS

    @cached_property
    def scores(self) -> Float[np.ndarray, " pictures"]:
        """Of all pictures, training part first."""
        return self.layer.activation(self.feature)

    @cached_property
    def pool(self) -> ScoredPool:
        """The training pictures."""
        images = load_animals()[0].images
        return ScoredPool(self.scores[: len(images)], lambda indices: images[torch.as_tensor(indices)])

    @cached_property
    def patches(self) -> Float[np.ndarray, " pool"]:
        """What the search by patch ranks the pool by."""
        maps = self.layer.transcoder.feature_map
        with torch.no_grad():
            parts = self.layer.hooked[: len(self.pool.scores)].split(CHUNK)
            keys = torch.cat([search.KEYS[search.BY_PATCH](maps(part, self.feature)) for part in parts])
        found: Float[np.ndarray, " pool"] = keys.double().numpy()
        return found

    @property
    def statistics(self) -> PictureStatistics:
        """Of the training pictures."""
        return picture_statistics()

    @cached_property
    def layers(self) -> ScoredLayers:
        """What the classifier has at the end of each stage on the way to the score."""
        classifier, hook = load_classifier(), self.layer.hook
        psi = replace(self.layer.score(self.feature), backbone=classifier.backbone(hook))
        return ScoredLayers(psi, [*classifier.stages[: hook.stage], classifier.downsample_layers[hook.stage]])

    @property
    def canvas(self) -> TorchWorld:
        """The world itself: its points are pictures."""
        return self.world

    @cached_property
    def world(self) -> TorchWorld:
        """The prior with the feature's score; its draws from p are test pictures."""
        return replace(self.world_of(self.layer.score(self.feature), self.steps, SPACING), prior=_held_out)

    @cached_property
    def pooled(self) -> PoolWorld:
        """The prior with the H_t of the training pictures."""
        return with_pool(self.world, load_animals()[0].images, self.pool.scores)

    def prompted(self, steps: int, spacing: Spacing) -> EmbeddedPrior:
        """The world's own prior, which takes prompts."""
        prior = embedded_prior(0, steps, spacing)
        return replace(prior, world=replace(prior.world, psi=self.layer.score(self.feature), batch=CHUNK))


def _held_out(seed: int, n: int) -> Tensor:
    images = load_animals()[1].images
    require(n <= len(images), "n", n, f"<= {len(images)}, the test pictures")
    return images[torch.from_numpy(np.random.default_rng(seed).permutation(len(images))[:n])]
