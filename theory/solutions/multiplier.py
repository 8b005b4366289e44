"""The multiplier of a mean: the root of A'(beta) = target, the heart of every calibration of a tilt.

Newton's method, whose slope A'' is a variance, inside a bracket. Where Newton's steps do not shrink they are lengthened
(far out in an exponential tail) or the bracket is bisected (within the rounding of the mean): a few dozen evaluations
find the root of any law, to the last digit that the mean has.
"""

import math

from distributional_view.theory.errors import InfeasibleTarget
from distributional_view.theory.laws.gaussian import GaussianLaw
from distributional_view.theory.laws.law import ScoreLaw

_EPS = 2.0**-52
_MAX_STEPS = 2200  # doublings from the smallest to the largest double, and then some
_SHORT_STEPS = 6  # Newton's, without a bracket from above, after which each is taken twice as long as the one before


def multiplier_at(prior: ScoreLaw, target: float) -> float:
    """The beta with A'(beta) = target, mean < target < ess sup, per score unit. Paper: Remark D.5 (61)-(62).

    Raises:
        InfeasibleTarget: if no finite double reaches the target.
    """
    if isinstance(prior, GaussianLaw):
        return (target - prior.location) / prior.scale / prior.scale
    return _root(prior, target)


def _root(prior: ScoreLaw, target: float) -> float:
    """Newton's method inside a bracket, finished by bisection."""
    lower, upper, last = 0.0, math.inf, prior.max_multiplier
    width = prior.ess_sup - prior.ess_inf
    rounding = 4 * _EPS / (width if width < math.inf else math.sqrt(prior.variance))  # of the mean, over the variance
    multiplier, before_last, moved, short = _first_multiplier(prior, target), math.inf, math.inf, 0
    for _ in range(_MAX_STEPS):
        excess, variance = prior.tilted_moments(multiplier, target)
        if excess == 0:
            return multiplier
        lower, upper = (multiplier, upper) if excess < 0 else (lower, multiplier)
        step = -excess / variance if 0 < variance < math.inf else math.nan
        if abs(step) <= max(2 * _EPS * multiplier, rounding) and multiplier + step > 0:
            return multiplier + step
        proposal = multiplier + step
        if upper == math.inf:
            grown = 2 * multiplier if last == math.inf else 0.5 * (multiplier + last)
            short += proposal < grown
            proposal = multiplier + step * 2.0 ** max(0, short - _SHORT_STEPS)
            proposal = proposal if proposal < grown else grown
            if proposal in (math.inf, last, multiplier):
                break
        elif not (lower < proposal < upper and abs(step) <= 0.5 * before_last):
            proposal = _middle(lower, upper)
            if not lower < proposal < upper:
                return proposal
        before_last, moved, multiplier = moved, abs(proposal - multiplier), proposal
    raise InfeasibleTarget(f"target = {target!r}: cannot be told from the limit {prior.ess_sup!r} in double precision")


def _middle(lower: float, upper: float) -> float:
    """Between both in size where they differ by orders of magnitude."""
    return math.sqrt(lower) * math.sqrt(upper) if 0 < lower < 0.25 * upper else lower + 0.5 * (upper - lower)


def _first_multiplier(prior: ScoreLaw, target: float) -> float:
    """A first guess: the Gaussian's multiplier, but no more than a tilt of one nat over the range of the score."""
    variance, width = prior.variance, prior.ess_sup - prior.ess_inf
    guesses = [
        1.0 / width,
        -prior.mean_from(target) / variance if variance > 0 else math.nan,
        0.5 * prior.max_multiplier,
    ]
    return min((guess for guess in guesses if 0 < guess < math.inf), default=1.0)
