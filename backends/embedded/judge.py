"""The judge of the embedded world: how far pictures are from the tilt of the prior, and what the data's tilt says.

A sampler that has only the prior can at best sample the *prior's* tilt, p exp(beta psi)/Z with the wanted level as its
mean. That tilt is known: a large pool of prior samples, reweighted to the level. Every number of a method stands beside
what exact draws reach; the tilt of the *data*, the pictures reweighted to the same level, says what a better
prior would change. The levels are quantiles of the score over the data.

Paper: Lemma D.4, Lemma F.1 (17), Tables 8-10.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from distributional_view.backends.embedded.animals import CLASSES
from distributional_view.backends.embedded.convnext import ConvNeXt
from distributional_view.backends.embedded.judge_measures import class_tv, resampled, shares, tv_floor
from distributional_view.backends.embedded.measures import features_and_logits
from distributional_view.backends.measures.alike import have_twins
from distributional_view.backends.measures.weighted import KernelReference
from distributional_view.theory.errors import require
from distributional_view.theory.pools.retrieval import effective_size, reweight_to
from distributional_view.theory.seeds import part_seed

REFERENCE = 3000
"""Draws of the tilt that the kernel distance compares with."""
TRUSTED = 10.0
"""The pool is trusted for n pictures at a level where its effective size is at least so many times n."""

Scores = Float[np.ndarray, " n"]


class Tilt(NamedTuple):
    """A scored set of pictures reweighted to a level: weights (sum 1), multiplier (1/score), effective size, the
    classes' shares."""

    weights: Float[np.ndarray, " n"]
    multiplier: float
    effective_size: float
    shares: Float[np.ndarray, " classes"]


class Verdict(NamedTuple):
    """What the judge says of n pictures.

    `mean_error_sd`: |E[psi] - level| in standard deviations of the score over the data; `tv`: of the class shares to
    the prior's tilt, `tv_floor` what n exact draws have on average; `kid` to draws of the prior's tilt with its
    standard error; `agreement`: weight on the feature's class with its binomial error; `near_duplicates`: weight
    on pictures that have a twin among the n.
    """

    mean_error_sd: float
    tv: float
    tv_floor: float
    kid: float
    kid_se: float
    agreement: float
    agreement_se: float
    near_duplicates: float


def tilt_of(scores: Scores, labels: Int[np.ndarray, " n"], level: float) -> Tilt:
    """The tilt of a set of pictures with the level as its mean. Paper: Lemma F.1 (17).

    Args:
        scores: of the pictures.
        labels: their classes.
        level: mean score wanted.

    Raises:
        InfeasibleTarget: beyond the largest score.
    """
    found = reweight_to(scores, level)
    return Tilt(found.weights, found.multiplier, found.effective_size, shares(labels, found.weights, len(CLASSES)))


@dataclass(frozen=True, eq=False)
class Judge:
    """Knows both tilts of one feature at one level.

    Args:
        level: mean score wanted.
        sd: of the score over the data.
        label: the feature's class.
        prior: tilt of the pool.
        data: tilt of the pictures.
        features: the classifier's pooled features of the pool.
        classifier: of the pictures that are judged.
        usual: mean distance between pictures of the data, see `measures.usual_distance`.
        seed: of what is drawn from the tilt.
    """

    level: float
    sd: float
    label: int
    prior: Tilt
    data: Tilt
    features: Float[np.ndarray, "pool d"]
    classifier: ConvNeXt
    usual: float
    seed: int

    @cached_property
    def reference(self) -> KernelReference:
        """Draws of the prior's tilt."""
        places, w = resampled(self.prior.weights, REFERENCE, part_seed(self.seed, 0))
        return KernelReference(self.features[places].astype(np.float64), w)

    def __call__(
        self, images: Float[Tensor, "n 1 h w"], scores: Scores, weights: Float[np.ndarray, " n"] | None = None
    ) -> Verdict:
        """Judge pictures, weighted or not.

        Args:
            images: in [-1, 1], at least two.
            scores: of the pictures.
            weights: sum 1; None: all equal.

        Raises:
            ValueError: for fewer than two pictures, or another number of scores or weights.
        """
        n = len(images)
        require(n >= 2, "number of pictures", n, ">= 2")
        v = np.full(n, 1 / n) if weights is None else weights
        require(len(scores) == n == len(v), "number of scores and weights", (len(scores), len(v)), f"{n} each")
        features, logits = features_and_logits(self.classifier, images)
        found = shares(logits.argmax(1).numpy(), v, len(CLASSES))
        agreement = float(found[self.label])
        kid = self.reference.distance(features.double().numpy(), v)
        return Verdict(
            abs(float(v @ scores) - self.level) / self.sd,
            class_tv(found, self.prior.shares),
            tv_floor(self.prior.shares, n, part_seed(self.seed, 1)),
            kid.kid,
            kid.se,
            agreement,
            float((agreement * (1 - agreement) / effective_size(v)) ** 0.5),
            float(v @ have_twins(images, self.usual).numpy()),
        )


def trusted_up_to(levels: Sequence[float], size_at: Callable[[float], float], n: int) -> float | None:
    """The highest of some levels up to which a pool can stand for its tilt, None if there is none.

    Args:
        levels: ascending.
        size_at: level -> the pool's effective size there.
        n: pictures wanted of it.
    """
    found = None
    for level in levels:
        if size_at(float(level)) < TRUSTED * n:
            break
        found = float(level)
    return found
