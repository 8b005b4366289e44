"""A finite pool of scores: the truncation behind its top-k set, the tilt with the same mean, and how both move.

Top-k keeps k points of n. Points that tie at the k-th score are kept or not by their order alone; here the tie is
shared out evenly, the randomised truncation of `Hard`, so that nothing depends on the order. Ours: ties.
"""

from typing import NamedTuple

import numpy as np

from distributional_view.theory.errors import require
from distributional_view.theory.laws.arrays import ArrayLike1D, finite_vector
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.laws.law import ScoreLaw
from distributional_view.theory.solutions.calibrate import calibrate_hard, calibrate_klsc
from distributional_view.theory.solutions.divergence import kl, tv
from distributional_view.theory.solutions.gap import Gap
from distributional_view.theory.solutions.hard import Hard


class Move(NamedTuple):
    """A change of the truncation and the same change of mean along the KLSC path: the mean's rise and both TVs.

    Example:
        >>> Move(rise=0.1, hard=0.3, klsc=0.2).hard
        0.3
    """

    rise: float
    hard: float
    klsc: float


def top_k_truncation(scores: ArrayLike1D, k: int, *, law: AtomicLaw | None = None) -> Hard:
    """The truncation that keeps k of the n scores; of the ties at the k-th highest it keeps an equal fraction each.

    Its mean is that of `theory.pools.retrieval.top_k`, which keeps some of the ties whole.

    Paper: (206). Ours: ties.

    Args:
        scores: the pool.
        k: in 1..n.
        law: `AtomicLaw(scores)`, where it is at hand already, so that it is sorted once.

    Returns:
        A truncation of the pool's law, which keeps the share k/n of it.

    Raises:
        ValueError: for another k.

    Example:
        >>> hard = top_k_truncation([0, 1, 1, 2], 2)
        >>> hard.threshold, hard.tie_fraction, hard.mean
        (1.0, 0.5, 1.5)
    """
    y = finite_vector("scores", scores)
    require(1 <= k <= y.size, "top_k", k, f"in 1..{y.size}, the number of scores")
    threshold = float(np.partition(y, y.size - k)[y.size - k])
    above, ties = int((y > threshold).sum()), int((y == threshold).sum())
    return Hard(AtomicLaw(y) if law is None else law, threshold, (k - above) / ties)


def matched(hard: Hard) -> Gap:
    """The truncation, the tilt with its mean, and the KL saved, KL(q_t || q_beta) in nats.

    Unlike `interpretability_gap` it takes a randomised truncation, and one that keeps everything (a gap of 0).
    Paper: Theorem D.14 (141)-(144).

    Args:
        hard: a truncation of any law.

    Returns:
        Both solutions and the gap in nats, >= 0.

    Raises:
        InfeasibleTarget: if no tilt reaches the mean of the truncation.

    Example:
        >>> round(matched(top_k_truncation([0, 1, 1, 2], 2)).gap, 4)
        0.0849
    """
    klsc = calibrate_klsc(hard.prior, hard.mean)
    return Gap(hard, klsc, kl(hard, klsc))


def matched_at(law: ScoreLaw, target: float) -> Gap:
    """Both solutions at a mean score, ties randomised.

    Paper: Theorem D.14 (141)-(144).

    Args:
        law: of the score under p.
        target: tau, in score units.

    Returns:
        Both solutions and the gap in nats, >= 0.

    Raises:
        InfeasibleTarget: if a solution does not reach the target.
        ValueError: if the target is not finite.

    Example:
        >>> pair = matched_at(AtomicLaw([0, 1, 1, 2]), 1.5)
        >>> pair.hard.tie_fraction, round(pair.klsc.multiplier, 4)
        (0.5, 1.0986)
    """
    hard, klsc = calibrate_hard(law, target), calibrate_klsc(law, target)
    return Gap(hard, klsc, kl(hard, klsc))


def move(pair: Gap, to: Hard) -> Move:
    """What moves when the truncation is replaced by another one, and when the tilt follows its mean.

    Paper: Lemma D.10 (80)-(84), Lemma D.12 (108).

    Args:
        pair: where it starts.
        to: the new truncation, of the same law.

    Returns:
        The rise of the mean and both total variations.

    Raises:
        InfeasibleTarget: if no tilt reaches the mean of the new truncation.
        ValueError: if it is a truncation of another law.

    Example:
        >>> law = AtomicLaw([0, 1, 2, 3])
        >>> move(matched(Hard(law, 1.0)), Hard(law, 2.0)).hard == 1 / 3
        True
    """
    after = calibrate_klsc(to.prior, to.mean)
    return Move(to.mean_from(pair.hard.mean), tv(pair.hard, to), tv(pair.klsc, after))
