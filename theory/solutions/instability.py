"""How fast the two paths of solutions move per unit of faithfulness (Appendix D.4).

Both paths are indexed by tau = E_q[psi]. The speed at tau is the limit of TV(q_tau, q_(tau + d))/d.
"""

import itertools
import math

import numpy as np
from scipy.integrate import quad

from distributional_view.theory.errors import require
from distributional_view.theory.laws.arrays import ArrayLike1D, vector
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.laws.gaussian import GaussianLaw
from distributional_view.theory.laws.law import ScoreLaw
from distributional_view.theory.solutions.calibrate import calibrate_hard, calibrate_klsc
from distributional_view.theory.solutions.divergence import tv
from distributional_view.theory.solutions.hard import Hard
from distributional_view.theory.solutions.klsc import Klsc, Solution
from distributional_view.theory.solutions.moves import tilted_mean_rise

_QUADRATURE_ERROR = 1e-5


def hard_tv_speed(prior: ScoreLaw, threshold: float) -> float:
    """V_hard(t) = 1/m(t), per score unit, for a law with a density at t. Paper: Lemma D.11 (85)-(91).

    Args:
        prior: law of the score under p.
        threshold: t, in score units.

    Returns:
        Total variation per score unit; inf where all mass above t sits at t.

    Raises:
        ValueError: if no mass lies at or above the threshold.

    Example:
        >>> round(hard_tv_speed(GaussianLaw(), 0.0), 4)
        1.2533
    """
    residual = prior.mean_residual(threshold)
    return math.inf if residual == 0 else 1.0 / residual


def klsc_tv_speed(prior: ScoreLaw, multiplier: float) -> float:
    """V_soft(beta) = E|Y - tau|/(2 Var(Y)) under q_beta, per score unit. Paper: Lemma D.12 (92)-(101).

    Args:
        prior: law of the score under p.
        multiplier: beta, per score unit; finite.

    Returns:
        Total variation per score unit.

    Raises:
        ValueError: if the score is almost surely constant, or beta is outside the domain of A.

    Example:
        >>> round(klsc_tv_speed(GaussianLaw(), 1.7), 4)
        0.3989
    """
    law = prior.tilt(multiplier)
    absolute, standard = _deviations(law)
    require(standard > 0, "prior", prior, "a law whose score is not almost surely constant")
    return absolute / standard / (2.0 * standard)


def tv_step(q: Solution, r: Solution) -> float:
    """TV(q, r)/|E_r[psi] - E_q[psi]|: the finite-step analogue of the speed, per score unit. Paper: (108), (203).

    For two truncations at t < t' it equals 1/(tau(t') - E[Y | t <= Y < t']), for any law and step. Ours: finite step.

    Args:
        q: a hard or KLSC solution.
        r: another one over the same prior.

    Returns:
        Total variation per score unit.

    Raises:
        ValueError: if both solutions have the same mean, or different priors.

    Example:
        >>> law = GaussianLaw()
        >>> round(tv_step(Hard(law, 0.0), Hard(law, 0.1)), 4), round(tv_step(Klsc(law, 1.0), Klsc(law, 1.1)), 4)
        (1.2305, 0.3988)
    """
    distance, step = tv(q, r), abs(_rise(q, r))
    # Equal laws have equal means, whatever the rounding of their difference says.
    require(distance > 0 and step > 0, "r.mean", r.mean, "different from the mean of q")
    return distance / step


def _rise(q: Solution, r: Solution) -> float:
    """E_r[psi] - E_q[psi], from an origin that is close to both, or as the law knows it without cancellation."""
    same = q.prior is r.prior
    if same and isinstance(q, Klsc) and isinstance(r, Klsc) and max(q.multiplier, r.multiplier) < math.inf:
        if q.multiplier == r.multiplier:
            return 0.0
        if q.multiplier > r.multiplier:
            return -_rise(r, q)
        return tilted_mean_rise(q.prior, q.multiplier, r.multiplier)
    if same and isinstance(q, Hard) and isinstance(r, Hard) and isinstance(q.prior, GaussianLaw):
        low, high = sorted((q.threshold, r.threshold))
        if high < q.prior.location:  # both means are close to the location, not to a threshold
            return math.copysign(q.prior.tail_mean_rise(low, high), r.threshold - q.threshold)
    origin = q.mean
    return r.mean_from(origin) - q.mean_from(origin)


def mean_hard_tv_speed(prior: ScoreLaw, threshold: float, higher_threshold: float) -> float:
    """Average of the hard speed over the faithfulness levels from tau(a) to tau(b), thresholds a < b.

    = log(S(a)/S(b))/(tau(b) - tau(a)) for a law with a density; with atoms the numerator is the
    Nelson-Aalen sum. Paper: Lemma D.12 (102)-(104). Ours: Nelson-Aalen.

    Args:
        prior: law of the score under p.
        threshold: a, in score units.
        higher_threshold: b.

    Returns:
        Total variation per score unit.

    Raises:
        ValueError: unless a < b, mass lies at or above b, and the tail means differ.

    Example:
        >>> round(mean_hard_tv_speed(AtomicLaw([0, 1, 2, 3]), 0.0, 1.0), 12)
        0.5
    """
    require(threshold < higher_threshold, "higher_threshold", higher_threshold, f"> threshold = {threshold!r}")
    rise = _rise(Hard(prior, threshold), Hard(prior, higher_threshold))
    require(rise > 0, "higher_threshold", higher_threshold, f"one with a larger tail mean than {threshold!r}")
    return prior.cumulative_hazard(threshold, higher_threshold) / rise


def mean_klsc_tv_speed(prior: ScoreLaw, multiplier: float, larger_multiplier: float) -> float:
    """Average of the KLSC speed over the levels from A'(a) to A'(b), multipliers a < b.

    = integral of E|Y - tau(beta)|/2 over beta, divided by tau(b) - tau(a). Paper: Lemma D.12 (105)-(107).
    By adaptive quadrature, to about 1e-9 for a continuous law; with atoms the integrand has a kink wherever tau(beta)
    passes one, and about 1e-7 is reached.

    Args:
        prior: law of the score under p.
        multiplier: a, per score unit.
        larger_multiplier: b.

    Returns:
        Total variation per score unit.

    Raises:
        ValueError: unless a < b and the tilted means differ, or if the quadrature does not converge.

    Example:
        >>> round(mean_klsc_tv_speed(GaussianLaw(), 0.2, 3.0), 9)  # 1/sqrt(2 pi) at every level
        0.39894228
    """
    require(multiplier < larger_multiplier, "larger_multiplier", larger_multiplier, f"> multiplier = {multiplier!r}")
    rise = tilted_mean_rise(prior, multiplier, larger_multiplier)
    require(rise > 0, "prior", prior, "a law whose score is not almost surely constant")
    # The integrand lives on the scale 1/sd around 0 and decays slowly beyond: windows that double in length.
    windows = 2.0 ** np.arange(-1, 64) / _deviations(prior)[1]
    cuts = np.concatenate([-windows[::-1], [0.0], windows])
    edges = [multiplier, *cuts[(cuts > multiplier) & (cuts < larger_multiplier)].tolist(), larger_multiplier]
    length, error = 0.0, 0.0
    for a, b in itertools.pairwise(edges):
        # `full_output`: where kinks keep it from epsrel the routine says so instead of warning; the error is judged.
        part = quad(
            lambda beta: 0.5 * _deviations(prior.tilt(beta))[0],
            a,
            b,
            epsabs=0.0,
            epsrel=1e-9,
            limit=200,
            full_output=1,
        )
        length, error = length + float(part[0]), error + float(part[1])
    require(error <= _QUADRATURE_ERROR * length, "relative error of the quadrature", error / length, "at most 1e-5")
    return length / rise


def mean_tv_step(path: type[Hard] | type[Klsc], prior: ScoreLaw, targets: ArrayLike1D, step: float) -> float:
    """Mean over levels tau_k of TV(q_(tau_k), q_(tau_k + step))/step, along the hard or the KLSC path.

    Paper: Lemma D.12 (108).

    Args:
        path: `Hard` or `Klsc`.
        prior: law of the score under p.
        targets: the levels tau_k, above the prior mean; at least one.
        step: > 0, in score units.

    Returns:
        Total variation per score unit.

    Raises:
        InfeasibleTarget: if a level or a level plus the step is out of reach.
        ValueError: for any other path, no level, or a step that is not positive.

    Example:
        >>> [round(mean_tv_step(path, GaussianLaw(), [0.8], 0.1), 4) for path in (Hard, Klsc)]
        [1.219, 0.3988]
    """
    require(path is Hard or path is Klsc, "path", path, "the class `Hard` or the class `Klsc`")
    require(np.size(targets) > 0, "targets", targets, "at least one level")
    levels = vector("targets", targets)
    require(math.isfinite(step) and step > 0, "step", step, "finite and > 0")
    pairs = [(_calibrated(path, prior, t), _calibrated(path, prior, t + step)) for t in levels.tolist()]
    return sum(tv(q, r) / step for q, r in pairs) / len(pairs)


def _deviations(law: ScoreLaw) -> tuple[float, float]:
    """E|Y - E[Y]| and the standard deviation, in score units.

    For Gaussians and atoms without a square that may leave the doubles, and from a mean that is not rounded.
    """
    if isinstance(law, GaussianLaw):
        return law.mean_abs_dev, law.scale
    if not isinstance(law, AtomicLaw):
        return law.mean_abs_dev, math.sqrt(law.variance)
    values, masses = law.atoms()
    offsets = values - law.mean
    offsets -= law.mean_from(law.mean)
    np.abs(offsets, out=offsets)
    unit = float(offsets.max()) or 1.0
    shares = offsets / unit
    return float((masses * offsets).sum()), unit * math.sqrt(float((masses * shares * shares).sum()))


def _calibrated(path: type[Hard] | type[Klsc], prior: ScoreLaw, target: float) -> Solution:
    return calibrate_hard(prior, target) if path is Hard else calibrate_klsc(prior, target)
