"""The embedded backend as a world: its prior, and the activation of one feature of its transcoder as the score.

Sampling starts where the signal's share is `LEAST`, not at the prior's very last level: see `NoiseSchedule.until`.
"""

from functools import cache

import torch
from torch import Tensor

from distributional_view.backends.adapter.feature import FeatureScore, Mix, Reduction
from distributional_view.backends.adapter.passes import autocast_of
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.embedded.animals import Animals, load_animals
from distributional_view.backends.embedded.convnext import Hook
from distributional_view.backends.embedded.store import load_classifier, load_prior, load_transcoder
from distributional_view.backends.embedded.train import SCHEDULE
from distributional_view.backends.options import SamplerOptions
from distributional_view.backends.transcoders.transcoder import Transcoder
from distributional_view.theory.samplers.schedule import NoiseSchedule, Spacing

LEAST = 1e-3
STEPS = 20
"""Reverse steps, unless others are asked for."""


@cache
def pictures() -> Animals:
    """All 10 000 pictures, training part first: the pool of retrieval and the reference of every distance."""
    train, test = load_animals()
    return Animals(torch.cat([train.images, test.images]), torch.cat([train.labels, test.labels]))


def unchanged(x: Tensor) -> Tensor:
    """The classifier sees pictures in [-1, 1] as they are."""
    return x


def feature_score(
    feature: int,
    reduction: Reduction | None = None,
    share: float = 1.0,
    gated: bool = False,
    device: str = "cpu",
    reading: tuple[Transcoder, Hook] | None = None,
) -> FeatureScore:
    """The activation of a feature on pictures (n, 1, 32, 32); by default of its pre-activations over the whole map.

    Args:
        feature: its index.
        reduction, share, gated: see `FeatureScore`.
        device: of the networks.
        reading: a dictionary and where it reads; None: the world's.

    Raises:
        ValueError: for a feature that does not exist.
        MissingWeights: if the classifier or the transcoder is not there.
    """
    classifier, (transcoder, hook) = load_classifier().to(device), reading or load_transcoder()
    return FeatureScore(
        classifier.backbone(hook),
        transcoder.to(device),
        feature,
        reduction or Mix(),
        unchanged,
        share,
        gated,
    )


def schedule_of(steps: int, spacing: Spacing) -> NoiseSchedule:
    """The prior's own schedule from `LEAST` on, with this many steps, between its own levels too."""
    return SCHEDULE.until(LEAST).spaced(steps, spacing)


def prior_world(psi: FeatureScore, options: SamplerOptions) -> TorchWorld:
    """The prior with a score as a world, on `schedule_of` the steps wanted: the network takes any time.

    `sample_prior` draws pictures of the data set, without replacement.

    Args:
        psi: a score on the options' device.
        options: how the networks are run; `STEPS` reverse steps unless they say otherwise.

    Raises:
        ValueError: for bad arguments.
        MissingWeights, MissingData: if a part is not there; says how to get it.
    """
    device = options.device

    def draw(seed: int, n: int) -> Tensor:
        order = torch.randperm(len(pictures().images), generator=torch.Generator().manual_seed(seed))
        return pictures().images[order[:n]].to(device)

    return TorchWorld(
        load_prior().to(device),
        psi,
        schedule_of(STEPS if options.steps is None else options.steps, options.spacing),
        (1, 32, 32),
        "v",
        (-1.0, 1.0),
        device,
        autocast=autocast_of(options.precision),
        batch=options.batch,
        recompute=options.recompute,
        prior=draw,
        fractional=True,
    )


def embedded_world(feature: int, steps: int, spacing: Spacing = "log-SNR") -> TorchWorld:
    """Prior and activation of a feature as a world, with the usual score; see `feature_score` and `prior_world`."""
    return prior_world(feature_score(feature), SamplerOptions(steps, spacing=spacing))
