"""KL and total variation between any two solutions over one prior, exact.

All log-densities relative to the prior are affine in the score on their supports, so KL needs only means and
normalisers, and the set where one density exceeds the other is an interval of scores.
"""

import math

from distributional_view.theory.errors import require
from distributional_view.theory.solutions.hard import Hard
from distributional_view.theory.solutions.klsc import Klsc, Solution
from distributional_view.theory.solutions.moves import tilted_kl, tilted_tv


def kl(q: Solution, r: Solution) -> float:
    """KL(q || r) in nats; +inf where q is not absolutely continuous with respect to r.

    Two hard solutions: Lemma D.8 (70)-(71) for the infinite direction; log(S(t1)/S(t2)) for the other (ours).
    Two KLSC solutions: the Bregman divergence of A, Lemma D.9 (72)-(76), to about 1e-15 absolute, relative for
    Gaussians and atoms.
    Hard against KLSC at one mean: the interpretability gap, Theorem D.14 (ours, exact).
    Paper: Lemma D.8 (70)-(71), Lemma D.9 (72)-(76). Ours: reverse KL, gap.

    Paper: Lemma D.8 (70)-(71), Lemma D.9 (72)-(76).

    Args:
        q: a hard or KLSC solution.
        r: another one over the same prior.

    Returns:
        Nats, >= 0.

    Raises:
        ValueError: if the solutions have different priors.

    Example:
        >>> law = GaussianLaw()
        >>> kl(Klsc(law, 2.0), Klsc(law, 1.0)), kl(Hard(law, 0.0), Hard(law, 1.0))
        (0.5, inf)
    """
    q, r = _pair(q, r)
    if isinstance(r, Klsc):
        if isinstance(q, Klsc):
            return 0.0 if q.multiplier == r.multiplier else max(0.0, tilted_kl(q.law, r.multiplier - q.multiplier))
        return max(0.0, q.kl - (r.multiplier * q.mean_from(r.origin) - r.log_partition_from_origin))
    if q.charges_below(r.threshold) or (r.tie_fraction == 0 and q.atom(r.threshold) > 0):
        return math.inf
    tie = q.atom(r.threshold) if r.tie_fraction < 1 else 0.0
    return max(0.0, q.kl + r.log_kept - (tie * math.log(r.tie_fraction) if tie > 0 else 0.0))


def tv(q: Solution, r: Solution) -> float:
    """TV(q, r) in [0, 1], exact.

    Two hard solutions: 1 - S(t')/S(t), Lemma D.10 (80)-(84). Otherwise the mass difference over the interval
    of scores where q's density exceeds r's; the two tilts cross at one score, (A2 - A1)/(beta2 - beta1).
    Paper: Definition B.3 (2), Lemma D.10 (80)-(84).

    Paper: Definition B.3 (2), Lemma D.10 (80)-(84).

    Args:
        q: a hard or KLSC solution.
        r: another one over the same prior.

    Returns:
        A number in [0, 1].

    Raises:
        ValueError: if the solutions have different priors.

    Example:
        >>> law = AtomicLaw([0, 1, 2, 3])
        >>> tv(Hard(law, 1.0), Hard(law, 2.0)) == 1 / 3
        True
    """
    q, r = _pair(q, r)
    if isinstance(q, Klsc) and isinstance(r, Klsc):
        low, high = (q, r) if q.multiplier <= r.multiplier else (r, q)
        if low.multiplier == high.multiplier:
            return 0.0
        rise = high.log_partition_from_origin - low.log_partition_from_origin
        crossing = low.origin + rise / (high.multiplier - low.multiplier)
        return max(0.0, tilted_tv(low.law, high.law, high.multiplier - low.multiplier, crossing))
    if isinstance(q, Hard) and isinstance(r, Hard):
        return _tv_hard(*((q, r) if q.kept >= r.kept else (r, q)))
    return _tv_mixed(q, r) if isinstance(q, Hard) and isinstance(r, Klsc) else tv(r, q)


def _pair(q: Solution, r: Solution) -> tuple[Solution, Solution]:
    """The two solutions with limits replaced by the truncations that they stand for."""
    require(
        q.prior is r.prior or q.prior == r.prior, "r.prior", r.prior, "the same object as q.prior (or equal Gaussians)"
    )
    q = q.limit if isinstance(q, Klsc) and q.limit else q
    r = r.limit if isinstance(r, Klsc) and r.limit else r
    return q, r


def _tv_hard(low: Hard, high: Hard) -> float:
    """TV of nested truncations: the mass of the larger set that the smaller one drops, ties shared out."""
    tie = low.atom(high.threshold) - high.atom(high.threshold) if high.tie_fraction < 1 else 0.0
    return low.mass_below(high.threshold) + max(0.0, tie)


def _tv_mixed(hard: Hard, soft: Klsc) -> float:
    """The truncation has the larger density from its threshold up to the score where the tilt overtakes it."""
    start = hard.threshold
    crossing = math.inf
    if soft.multiplier > 0:
        crossing = soft.origin + (soft.log_partition_from_origin - hard.log_kept) / soft.multiplier
    tie = hard.atom(start) - soft.atom(start)
    if crossing <= start:
        return max(0.0, tie)
    above = math.nextafter(start, math.inf)
    by_hard = hard.mass_below(crossing) - hard.atom(start)
    beyond = soft.survival(above)
    by_soft = beyond * soft.law.share_below(above, crossing) if crossing > above and beyond > 0 else 0.0
    return min(1.0, max(0.0, by_hard - by_soft) + max(0.0, tie))
