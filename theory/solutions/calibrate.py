"""Calibration: the threshold or the multiplier whose solution has a given mean score.

Both maps are monotone: t -> E[Y | Y >= t] because raising the threshold drops the smallest scores, and
beta -> A'(beta) because A'' is a variance (Remark D.5, (61)-(62)). The threshold is the law's to find
(`tail_threshold`), the multiplier is found in `theory.solutions.multiplier`. Targets that no solution meets are errors
that say how far one can go.
"""

import math
from typing import Literal

import numpy as np

from distributional_view.theory.errors import InfeasibleTarget, require, require_finite
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.laws.law import ScoreLaw
from distributional_view.theory.solutions.hard import Hard
from distributional_view.theory.solutions.klsc import Klsc
from distributional_view.theory.solutions.multiplier import multiplier_at


def calibrate_hard(prior: ScoreLaw, target: float, ties: Literal["randomise", "nearest"] = "randomise") -> Hard:
    """The hard solution with E_q[psi] = target.

    A target at or below the prior mean leaves the constraint inactive (threshold -inf, `status` says so). Where
    an atom makes the tail mean jump over the target, `ties` decides: keep a fraction of the atom (exact), or
    take the plain truncation with the nearest mean (read it off `.mean`).

    Paper: Lemma D.10 (77)-(78), Appendix H (199). Ours: ties.

    Args:
        prior: law of the score under p.
        target: tau, in score units, at most the essential supremum.
        ties: what to do when the target falls into a jump.

    Returns:
        The truncation; its `status` says whether the constraint is active.

    Raises:
        InfeasibleTarget: if the target exceeds the essential supremum, or equals it and no mass lies there.
        ValueError: if the target is not finite, or `ties` is neither word.

    Example:
        >>> hard = calibrate_hard(AtomicLaw([0, 1, 2]), 1.75)
        >>> hard.threshold, round(hard.tie_fraction, 4), round(hard.mean, 9)
        (1.0, 0.3333, 1.75)
    """
    require_finite("target", target)
    require(ties in ("randomise", "nearest"), "ties", ties, "'randomise' or 'nearest'")
    if target <= prior.mean:
        return Hard(prior, -math.inf)
    _require_reachable(prior, target)
    if target == prior.ess_sup:
        return Hard(prior, target)
    values, _ = prior.atoms()
    if not isinstance(prior, AtomicLaw):  # a few atoms at most: does the tail mean jump over the target at one?
        values = np.array([v for v in values if prior.tail_mean(v) <= target <= _mean_above(prior, v)])
    if values.size:
        threshold = prior.tail_threshold(target) if isinstance(prior, AtomicLaw) else float(values[0])
        return _split_tie(prior, threshold, target, ties)
    return Hard(prior, prior.tail_threshold(target))


def calibrate_klsc(prior: ScoreLaw, target: float) -> Klsc:
    """The KLSC solution with E_q[psi] = target, the unique minimiser of KL(q || p) under E_q[psi] >= target.

    A target at or below the prior mean gives beta = 0 (`status` "inactive"); the essential supremum, if it
    carries mass, gives beta = inf (`status` "limit"). Paper: Lemma D.4, Remark D.5, (200). Ours: limits.

    Args:
        prior: law of the score under p.
        target: tau, in score units.

    Returns:
        The tilt; its `status` says whether the constraint is active.

    Raises:
        InfeasibleTarget: if the target exceeds the essential supremum, equals it where no mass lies, or lies
            beyond the last slope of a log-partition function that is not steep (the infimum of KL is then
            approached but not attained; the message gives it).
        ValueError: if the target is not finite.

    Example:
        >>> calibrate_klsc(GaussianLaw(), 2.0).multiplier, calibrate_klsc(AtomicLaw([0, 1]), 1.0).status
        (2.0, 'limit')
    """
    require_finite("target", target)
    if target <= prior.mean:
        return Klsc(prior, 0.0)
    _require_reachable(prior, target)
    if target == prior.ess_sup:
        return Klsc(prior, math.inf)

    last = prior.max_multiplier
    if not prior.steep:
        slope = prior.tilt(last).mean
        if target > slope:
            infimum = last * target - prior.log_partition(last)
            raise InfeasibleTarget(
                f"target = {target!r}: must be <= {slope!r}, the last slope of the log-partition function "
                f"(multiplier {last!r}); beyond it KL(q || p) comes arbitrarily close to {infimum!r} nats "
                "but no distribution attains it"
            )
        if target == slope:
            return Klsc(prior, last)
    return Klsc(prior, multiplier_at(prior, target))


def _require_reachable(prior: ScoreLaw, target: float) -> None:
    top = prior.ess_sup
    if target > top:
        raise InfeasibleTarget(f"target = {target!r}: must be <= the essential supremum of the score, {top!r}")
    if target == top and prior.ess_sup_mass == 0:
        raise InfeasibleTarget(
            f"target = {target!r}: must be < the essential supremum of the score, {top!r}, which carries no mass"
        )


def _mean_above(prior: ScoreLaw, value: float) -> float:
    """E[Y | Y > value], or the value itself if nothing lies above it."""
    above = math.nextafter(value, math.inf)
    return prior.tail_mean(above) if prior.log_survival(above) > -math.inf else value


def _split_tie(prior: ScoreLaw, value: float, target: float, ties: Literal["randomise", "nearest"]) -> Hard:
    """Keep the fraction a of the atom at `value` for which the mean is the target.

    With S and m at the atom, the excess over `value` is S m whatever a is, and the kept mass is P(Y > value) + a atom;
    so the mean is the target when the kept mass is S m/(target - value).
    """
    if target <= value:  # the tail mean at the value exceeds the target only by rounding
        return Hard(prior, value)
    above, atom = prior.survival_above(value), prior.atom(value)
    excess = prior.survival(value) * prior.mean_residual(value)
    fraction = min(1.0, max(0.0, (excess / (target - value) - above) / atom))
    if fraction == 1.0:
        return Hard(prior, value)
    exact = Hard(prior, value, fraction) if above + fraction * atom > 0 else Hard(prior, value)
    if ties == "randomise" and fraction > 0:
        return exact
    low, high = Hard(prior, value), _next_truncation(prior, value)
    return low if target - low.mean <= high.mean - target else high


def _next_truncation(prior: ScoreLaw, value: float) -> Hard:
    """The truncation that drops the atom at `value`, written with a threshold at the next atom where there is one."""
    values, _ = prior.atoms()
    if isinstance(prior, AtomicLaw):
        return Hard(prior, float(values[min(int(np.searchsorted(values, value, side="right")), len(values) - 1)]))
    return Hard(prior, value, 0.0)
