"""A finite pool of scores: the truncation behind its top-k set, the tilt with the same mean, and how both move.

Top-k keeps k points of n. Points that tie at the k-th score are kept or not by their order alone; here the tie is
shared out evenly, the randomised truncation of `Hard`, so that nothing depends on the order. Ours: ties.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Shaped

from distributional_view.theory.errors import require
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.laws.law import ScoreLaw
from distributional_view.theory.solutions.calibrate import calibrate_hard, calibrate_klsc
from distributional_view.theory.solutions.divergence import kl, tv
from distributional_view.theory.solutions.gap import Gap
from distributional_view.theory.solutions.hard import Hard


class Move(NamedTuple):
    """A change of the truncation and the same change of mean along the KLSC path: the mean's rise and both TVs."""

    rise: float
    hard: float
    klsc: float


def top_k_truncation(law: AtomicLaw, scores: Shaped[np.ndarray, " n"], k: int) -> Hard:
    """The truncation that keeps k of the n scores; of the ties at the k-th highest it keeps an equal fraction each.

    Args:
        law: `AtomicLaw(scores)`, passed so that it is sorted once.
        scores: the pool.
        k: in 1..n.

    Raises:
        ValueError: for another k.
    """
    n = len(scores)
    require(1 <= k <= n, "top_k", k, f"in 1..{n}, the number of scores")
    threshold = float(np.partition(scores, n - k)[n - k])
    above, ties = int((scores > threshold).sum()), int((scores == threshold).sum())
    return Hard(law, threshold, (k - above) / ties)


def matched(hard: Hard) -> Gap:
    """The truncation, the tilt with its mean, and the KL saved, KL(q_t || q_beta) in nats.

    Unlike `interpretability_gap` it takes a randomised truncation, and one that keeps everything (a gap of 0).
    Paper: Theorem D.14 (141)-(144).

    Raises:
        InfeasibleTarget: if no tilt reaches the mean of the truncation.
    """
    klsc = calibrate_klsc(hard.prior, hard.mean)
    return Gap(hard, klsc, kl(hard, klsc))


def matched_at(law: ScoreLaw, target: float) -> Gap:
    """Both solutions at a mean score, ties randomised. Raises as `calibrate_hard` does."""
    hard, klsc = calibrate_hard(law, target), calibrate_klsc(law, target)
    return Gap(hard, klsc, kl(hard, klsc))


def move(pair: Gap, to: Hard) -> Move:
    """What moves when the truncation is replaced by another one, and when the tilt follows its mean.

    Paper: Lemma D.10 (80)-(84), Lemma D.12 (108).
    """
    after = calibrate_klsc(to.prior, to.mean)
    return Move(to.mean - pair.hard.mean, tv(pair.hard, to), tv(pair.klsc, after))
