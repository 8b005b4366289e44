"""How far apart two tilts of one law are: the rise of the mean, total variation and KL, without cancellation.

Differences of means, of normalisers or of survivals lose the digits that the two tilts share: all of them where the law
is shifted far from 0, or where nearly all mass sits at the top. Relative to q_a the tilt q_b has the density e^D, with
D = s Y - L, s = b - a and L = log E_a[e^(s Y)]. Then

    E_b[Y] - E_a[Y] = E_a[D (e^D - 1)]/s,    TV = E_a[(e^D - 1)^+],
    KL(q_a || q_b) = log(1 + E_a[e^X - 1 - X]),    X = s (Y - E_a[Y]),

whose terms are all >= 0. On finitely many atoms they are summed as they stand; other laws answer by means and tails
taken from a near origin.
"""

import math

import numpy as np
from jaxtyping import Float

from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.laws.gaussian import GaussianLaw
from distributional_view.theory.laws.law import ScoreLaw

_LARGEST_EXPONENT = 600.0  # e^600 and sums of such terms are far from overflow
_SERIES = [1.0 / math.factorial(k) for k in range(16, 1, -1)]  # of e^x - 1 - x, divided by x^2


def tilted_mean_rise(prior: ScoreLaw, lower: float, upper: float) -> float:
    """A'(b) - A'(a) for multipliers a < b, in score units. Paper: Lemma D.12 (105)-(107)."""
    if isinstance(prior, GaussianLaw):
        return (upper - lower) * prior.scale * prior.scale
    low, high = prior.tilt(lower), prior.tilt(upper)
    if isinstance(low, AtomicLaw) and isinstance(high, AtomicLaw):
        exponents, differences = _density(low, high, upper - lower)
        return float((exponents * differences).sum()) / (upper - lower)
    origin = low.mean
    return high.mean_from(origin) - low.mean_from(origin)


def tilted_tv(low: ScoreLaw, high: ScoreLaw, step: float, crossing: float) -> float:
    """TV of a law and its tilt by `step` > 0, whose densities cross at a score. Paper: Definition B.3 (2)."""
    if isinstance(low, AtomicLaw) and isinstance(high, AtomicLaw):
        differences = _density(low, high, step)[1]
        return float(differences[differences > 0].sum())
    # Rounding may move the crossing over the only atom on one side of it.
    at = min(max(crossing, math.nextafter(low.ess_inf, math.inf)), low.ess_sup)
    above = high.survival(at)
    if above < 0.5:
        return above - low.survival(at)
    return low.share_below(-math.inf, at) - high.share_below(-math.inf, at)


def tilted_kl(law: ScoreLaw, step: float) -> float:
    """KL(q || q_s) of a law and its tilt by s, of either sign, in nats. Paper: Lemma D.9 (72)-(76)."""
    mean = law.mean
    if isinstance(law, AtomicLaw):
        values, masses = law.atoms()
        with np.errstate(over="ignore"):
            x = step * (values - mean)
        if float(x.max()) <= _LARGEST_EXPONENT:
            curved, line = float((masses * _exp_beyond_line(x)).sum()), float((masses * x).sum())
            grown = curved + line
            return curved + _log_beyond_line(grown) if grown < 0.5 else math.log1p(grown) - line
    return law.log_partition_from(step, mean) - step * law.mean_from(mean)


def _density(low: AtomicLaw, high: AtomicLaw, step: float) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """D at the atoms and the differences of the masses of q_b and q_a, which have its sign."""
    (values, before), after = low.atoms(), high.atoms()[1]
    heaviest = float(values[np.argmax(before)])  # from there most of the mass has an exponent near 0
    exponents = step * (values - heaviest)
    if float(exponents[-1]) <= _LARGEST_EXPONENT:
        log_z = math.log1p(float((before * np.expm1(exponents)).sum()))
    else:
        log_z = low.log_partition_from(step, heaviest)
    exponents -= log_z
    near = np.abs(exponents) < 1.0
    return exponents, np.where(near, before * np.expm1(np.where(near, exponents, 0.0)), after - before)


def _exp_beyond_line(x: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
    """e^x - 1 - x >= 0."""
    small = np.abs(x) < 0.5
    near = np.where(small, x, 0.0)
    return np.where(small, np.polyval(_SERIES, near) * near * near, np.expm1(x) - x)


def _log_beyond_line(u: float) -> float:
    """log(1 + u) - u <= 0."""
    return u * u * (-0.5 + u / 3 - u * u / 4) if abs(u) < 1e-5 else math.log1p(u) - u
