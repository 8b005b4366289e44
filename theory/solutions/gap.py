"""The interpretability gap: what truncation costs beyond tilting at the same mean score (Theorem D.14)."""

import math
from typing import NamedTuple

from distributional_view.theory.errors import require
from distributional_view.theory.laws.law import ScoreLaw
from distributional_view.theory.solutions.calibrate import calibrate_klsc
from distributional_view.theory.solutions.divergence import kl
from distributional_view.theory.solutions.hard import Hard
from distributional_view.theory.solutions.klsc import Klsc


class Gap(NamedTuple):
    """A truncation, the tilt with its mean, and KL(q_t || p) - KL(q_beta || p) = KL(q_t || q_beta) in nats.

    Example:
        >>> round(interpretability_gap(AtomicLaw([0, 1, 2]), 1.0).klsc.mean, 9)
        1.5
    """

    hard: Hard
    klsc: Klsc
    gap: float


def interpretability_gap(prior: ScoreLaw, threshold: float) -> Gap:
    """The gap at a threshold; >= 0, and 0 only if psi is a.s. constant on {psi >= t}.

    Paper: Theorem D.14 (141)-(144). Ours: gap.

    Args:
        prior: law of the score under p.
        threshold: t with 0 < P(Y >= t) < 1, in score units.

    Returns:
        Both solutions and the gap in nats.

    Raises:
        ValueError: if the threshold keeps no mass or all of it.
        InfeasibleTarget: if no tilt reaches the mean of the truncation (a log-partition that is not steep).

    Example:
        >>> round(interpretability_gap(GaussianLaw(), 0.0).gap, 4)
        0.3748
    """
    hard = Hard(prior, threshold)
    require(hard.status != "inactive", "threshold", threshold, f"above the essential infimum {prior.ess_inf!r}")
    klsc = calibrate_klsc(prior, hard.mean)
    return Gap(hard, klsc, kl(hard, klsc))


def pinsker_bound(divergence: float) -> float:
    """sqrt(KL/2), an upper bound of the total variation. Paper: Lemma B.4 (28).

    Args:
        divergence: KL, in nats.

    Returns:
        A number >= 0; above 1 it says nothing.

    Raises:
        ValueError: if the divergence is negative or NaN.

    Example:
        >>> pinsker_bound(0.02)
        0.1
    """
    require(divergence >= 0, "divergence", divergence, ">= 0 (nats)")
    return math.sqrt(divergence / 2)
