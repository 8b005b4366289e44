"""What is measured of the pictures of any method, with pictures that were held back as what is real.

KID is to these, and to these weighed by exp(beta psi) with the level as mean: the data's own tilt, which is what a
method should show by the KL-minimal principle. Content moves every measure, so that the retrieved pictures at the same
level stand beside each.

Paper: Tables 3, 8-11. The distance to the tilt is ours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.measures.alike import have_twins
from distributional_view.backends.measures.diversity import Maps, diversity
from distributional_view.backends.measures.naturalness import Naturalness
from distributional_view.backends.measures.weighted import KernelReference
from distributional_view.theory.pools.retrieval import reweight_to


class Measured(NamedTuple):
    """Numbers of a set of pictures; means over pictures where they are of a picture. None: not measured.

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


@dataclass(frozen=True, eq=False)
class Real:
    """Networks that see pictures, what they see of the pictures that judge, and what is fitted to pictures.

    Args:
        see: pictures in [-1, 1] -> features (n, d) for kernel distances.
        features: of the pictures that judge.
        maps: for the diversity.
        usual_distance: see `measures.usual_distance`.
        natural: the law of natural patches; None: not measured.
        loss: of each picture under the prior; None: not measured.
        agrees: features of pictures -> the share that shows the feature's class; None: there are no classes.
    """

    see: Callable[[Tensor], Tensor]
    features: Float[np.ndarray, "m d"]
    maps: Maps
    usual_distance: float
    natural: Naturalness | None = None
    loss: Callable[[Tensor], Float[np.ndarray, " n"]] | None = None
    agrees: Callable[[Tensor], float] | None = None

    @cached_property
    def usual(self) -> KernelReference:
        """The pictures that judge, all alike."""
        n = len(self.features)
        return KernelReference(self.features, np.full(n, 1 / n))


@dataclass(frozen=True, eq=False)
class Measuring:
    """Measures pictures of a feature at a level.

    Args:
        real: what they are measured with.
        scores: of the pictures that judge.
        level: mean score wanted; None: the distance to the tilt is not measured.
    """

    real: Real
    scores: Float[np.ndarray, " m"]
    level: float | None

    @cached_property
    def tilt(self) -> KernelReference | None:
        """The pictures that judge, reweighted to the level; None beyond their largest score."""
        if self.level is None or self.level >= self.scores.max():
            return None
        return KernelReference(self.real.features, reweight_to(self.scores, self.level).weights)

    def __call__(self, pictures: Float[Tensor, "n c h w"]) -> Measured:
        """All numbers.

        Args:
            pictures: in [-1, 1], at least two.

        Raises:
            ValueError: for fewer than two pictures.
        """
        real, n = self.real, len(pictures)
        seen = real.see(pictures)
        features = seen.double().numpy()
        same = np.full(n, 1 / n)
        usual = real.usual.distance(features, same)
        tilt = None if self.tilt is None else self.tilt.distance(features, same)
        return Measured(
            usual.kid,
            usual.se,
            None if tilt is None else tilt.kid,
            None if tilt is None else tilt.se,
            None if real.natural is None else float(real.natural(pictures).mean()),
            diversity(real.maps, pictures),
            None if real.loss is None else float(real.loss(pictures).mean()),
            float(have_twins(pictures, real.usual_distance).double().mean()),
            None if real.agrees is None else real.agrees(seen),
        )


def as_shown(pictures: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """Pictures as somebody sees and a file keeps them: cut to [-1, 1], nothing else."""
    return torch.as_tensor(pictures).float().clamp(-1, 1).cpu()
