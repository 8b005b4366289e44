"""A second backbone for the embedded pictures: a smaller classifier of another seed, trained in seconds."""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from distributional_view.backends.embedded.animals import load_animals
from distributional_view.backends.embedded.convnext import ConvNeXt
from distributional_view.backends.embedded.train import HOOK, flipped
from distributional_view.backends.fit import Plan, build, fit
from distributional_view.backends.usae.dictionary import Backbone
from distributional_view.theory.progress import Progress, named, silent

SECOND = Plan(steps=400, batch=64, learning_rate=3e-3, seed=11, decay=0.99)
"""86 % of the test pictures right; the stored one is larger, and has seen denoised pictures too."""


def second_classifier(plan: Plan = SECOND, checkpoint: Path | None = None, progress: Progress = silent) -> ConvNeXt:
    """Train it on mirrored pictures, or go on from the checkpoint.

    Raises:
        MissingData: if the pictures are not there.
    """
    training, _ = load_animals()
    network = build(lambda: ConvNeXt((1, 1, 1, 1), (16, 32, 64, 64)), plan.seed)

    def loss(rng: torch.Generator) -> Tensor:
        drawn = torch.randint(len(training.labels), (plan.batch,), generator=rng)
        scores = network(flipped(training.images[drawn], rng))
        return functional.cross_entropy(scores, training.labels[drawn])

    fit(network, loss, plan, checkpoint, named(progress, "second classifier"))
    return network.requires_grad_(False)


def hooked(network: ConvNeXt) -> Backbone:
    """Pictures -> what the transcoder's hook is in the stored classifier: 4 x 4 positions."""
    return network.backbone(HOOK)
