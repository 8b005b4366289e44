"""What the pictures of the comparison are measured with on the embedded world: its classifier and its test pictures.

Paper: Tables 3, 8-11. KID is on the features of our classifier.
"""

from dataclasses import replace
from functools import cache, partial

from torch import Tensor

from distributional_view.backends.embedded.animals import CLASSES, load_animals
from distributional_view.backends.embedded.convnext import ConvNeXt
from distributional_view.backends.embedded.measures import pooled, stage_maps
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.prior_pool import CHUNK, spaced_world
from distributional_view.backends.measures.naturalness import SMALL, fit_naturalness
from distributional_view.backends.measures.prior_loss import prior_loss
from distributional_view.backends.paradigms.measuring import Real

_FINE = 50  # levels of noise, of which the loss takes the nearest to its own


@cache
def real() -> Real:
    """One for the process, of no class."""
    training, _ = load_animals()
    classifier = shared().classifier
    return Real(
        partial(_seen, classifier),
        shared().reference[len(training.images) :].double().numpy(),
        stage_maps(classifier),
        shared().usual,
        fit_naturalness(training.images.split(500), SMALL),
        partial(prior_loss, spaced_world(0, _FINE, "log-SNR")),
    )


def real_of(dominant: str) -> Real:
    """The same, with the agreement of a feature's class."""
    classifier, label = shared().classifier, CLASSES.index(dominant)

    def agrees(features: Tensor) -> float:
        return float((classifier.head(features).argmax(1) == label).double().mean())

    found = replace(real(), agrees=agrees)
    found.__dict__["usual"] = real().usual  # the same reference, computed once
    return found


def _seen(classifier: ConvNeXt, pictures: Tensor) -> Tensor:
    return pooled(classifier, pictures, CHUNK)
