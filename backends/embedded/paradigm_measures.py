"""What is measured of the pictures of any method, with the test pictures as what is real.

KID is to the test pictures, and to those weighed by exp(beta psi) with the level as mean: the data's own tilt, which
is what a method should show by the KL-minimal principle. Content moves every measure, so that the retrieved pictures at
the same level stand beside each.

Paper: Tables 3, 8-11. KID is on the features of our classifier; the distance to the tilt is ours.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.embedded.animals import CLASSES, load_animals
from distributional_view.backends.embedded.judge import tilt_of
from distributional_view.backends.embedded.judge_measures import KernelReference
from distributional_view.backends.embedded.measures import features_and_logits, stage_maps
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.prior_pool import CHUNK, spaced_world
from distributional_view.backends.measures.alike import have_twins
from distributional_view.backends.measures.diversity import diversity
from distributional_view.backends.measures.naturalness import SMALL, Naturalness, fit_naturalness
from distributional_view.backends.measures.prior_loss import prior_loss

_FINE = 50  # levels of noise, of which the loss takes the nearest to its own


class Measured(NamedTuple):
    """Numbers of a set of pictures; means over pictures where they are of a picture.

    `kid` and `kid_tilt` with their standard errors; `near_duplicates`, `agreement`: shares of the pictures.
    """

    kid: float | None
    kid_se: float | None
    kid_tilt: float | None
    kid_tilt_se: float | None
    naturalness: float | None
    diversity: float | None
    prior_loss: float | None
    near_duplicates: float | None
    agreement: float | None


NOTHING = Measured(*[None] * 9)
"""Of fewer than two pictures."""


class _Real:
    """The test pictures, and what is fitted to pictures."""

    def __init__(self) -> None:
        training, test = load_animals()
        everything = shared().reference[len(training.images) :]
        self.features: Float[np.ndarray, "m d"] = everything.double().numpy()
        self.labels: np.ndarray = test.labels.numpy()
        self.natural: Naturalness = fit_naturalness(training.images.split(500), SMALL)
        self.world: TorchWorld = spaced_world(0, _FINE, "log-SNR")
        n = len(self.features)
        self.usual = KernelReference(self.features, np.full(n, 1 / n))


@cache
def real() -> _Real:
    """One for the process."""
    return _Real()


@dataclass(frozen=True, eq=False)
class Measuring:
    """Measures pictures of a feature at a level.

    Args:
        scores: of the test pictures.
        level: mean score wanted; None: the distance to the tilt is not measured.
        dominant: the feature's class.
    """

    scores: Float[np.ndarray, " m"]
    level: float | None
    dominant: str

    @cached_property
    def tilt(self) -> KernelReference | None:
        """The test pictures reweighted to the level; None beyond their largest score."""
        if self.level is None or self.level >= self.scores.max():
            return None
        return KernelReference(real().features, tilt_of(self.scores, real().labels, self.level).weights)

    def __call__(self, pictures: Float[Tensor, "n 1 h w"]) -> Measured:
        """All numbers.

        Args:
            pictures: in [-1, 1], at least two.

        Raises:
            ValueError: for fewer than two pictures.
        """
        classifier, n = shared().classifier, len(pictures)
        seen, logits = features_and_logits(classifier, pictures, CHUNK)
        features = seen.double().numpy()
        same = np.full(n, 1 / n)
        usual = real().usual.distance(features, same)
        tilt = None if self.tilt is None else self.tilt.distance(features, same)
        return Measured(
            usual.kid,
            usual.se,
            None if tilt is None else tilt.kid,
            None if tilt is None else tilt.se,
            float(real().natural(pictures).mean()),
            diversity(stage_maps(classifier), pictures),
            float(prior_loss(real().world, pictures).mean()),
            float(have_twins(pictures, shared().usual).double().mean()),
            float((logits.argmax(1) == CLASSES.index(self.dominant)).double().mean()),
        )


def as_shown(pictures: Float[Tensor, "n 1 h w"]) -> Float[Tensor, "n 1 h w"]:
    """Pictures as somebody sees and a file keeps them: cut to [-1, 1], nothing else."""
    return torch.as_tensor(pictures).float().clamp(-1, 1)
