"""The prompt information bottleneck: what it costs to look for the feature in a restricted family only.

A prompt names a member of a family of distributions P = {p_c}. Every q with a finite E_q[psi] splits its divergence,

    KL(q || p) = KL(q_beta || p) + KL(q || q_beta) + beta (E_q[psi] - tau),

so that among feasible members the KLSC solution is closest to p, and a family pays its distance from q_beta on top.
Measures are arrays of masses over points, as in `theory.measures.finite`.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize
from scipy.special import logsumexp

from distributional_view.theory.errors import InfeasibleTarget, require
from distributional_view.theory.measures.finite import Masses, kl, reweight, score_law
from distributional_view.theory.solutions.calibrate import calibrate_klsc

Parameters = Float[np.ndarray, " k"]
Family = Callable[[Parameters], tuple[Float[np.ndarray, " n"], Float[np.ndarray, "k n"]]]
"""Parameters -> log-masses up to a constant, and their derivatives along each parameter."""

_FEASIBLE = 1e-9  # by which a member's mean may miss the target, in score units


class Decomposition(NamedTuple):
    """KL(q || p) and the three parts that add up to it, in nats; each is computed on its own.

    `kl` = `klsc_kl` (the price of the level) + `gap` = KL(q || q_beta) + `excess` = beta (E_q[psi] - tau).
    """

    kl: float
    klsc_kl: float
    gap: float
    excess: float


def decompose(q: Masses, masses: Masses, scores: Float[np.ndarray, " n"], target: float) -> Decomposition:
    """The Pythagorean decomposition of KL(q || p) at the KLSC solution with mean `target`.

    For E_q[psi] >= target all parts are >= 0: KL(q || p) >= KL(q_beta || p) + KL(q || q_beta), with equality for
    E_q[psi] = target. Where the target is the essential supremum (beta = inf), a feasible q has no excess.

    Paper: Theorem F.7 (23), (175)-(180).

    Args:
        q: >= 0 with sum 1.
        masses: p, >= 0 with sum 1.
        scores: psi at the points.
        target: tau (score units).

    Raises:
        InfeasibleTarget: if no distribution on the points has mean `target`.
        ValueError: if masses are no probability or lengths differ.
    """
    solution = calibrate_klsc(score_law(masses, scores), target)
    tilted = reweight(masses, scores, solution)
    above = float(q @ (scores - target))
    excess = solution.multiplier * above if math.isfinite(solution.multiplier) else 0.0
    return Decomposition(kl(q, masses), solution.kl, kl(q, tilted), excess)


class Member(NamedTuple):
    """A member of a family, its KL to p in nats, its mean score, and how far it is from a stationary point.

    `stationarity` is the norm of the gradient of KL(q || p) - multiplier E_q[psi], with the multiplier >= 0 that makes
    it smallest, and 0 where the constraint is slack.
    """

    parameters: Parameters
    masses: Masses
    kl: float
    mean: float
    stationarity: float


def best_member(
    family: Family,
    masses: Masses,
    scores: Float[np.ndarray, " n"],
    target: float,
    starts: Sequence[Parameters],
) -> Member:
    """The member with the least KL(q || p) among those with E_q[psi] >= target, the best of several local searches.

    The problem is not convex in the parameters: a better member than the one returned may exist, never a worse one.
    With target = -inf it is the projection of p on the family.

    Paper: (20)-(22), Theorem F.7.

    Args:
        family: a smooth parametrisation; its masses are normalised here.
        masses: p, >= 0 with sum 1.
        scores: psi at the points.
        target: tau (score units), or -inf.
        starts: parameters from which the searches start, at least one.

    Raises:
        InfeasibleTarget: if no search ends with E_q[psi] >= target.
        ValueError: if there are no starts.
    """
    require(len(starts) > 0, "starts", starts, "at least one")
    charged = masses > 0
    log_p = np.log(masses[charged])

    def member(at: Parameters) -> tuple[Masses, Float[np.ndarray, " n"], Float[np.ndarray, "k n"]]:
        log_masses, slopes = family(at)
        logs = log_masses[charged] - float(logsumexp(log_masses[charged]))
        return np.exp(logs), logs, slopes[:, charged]

    def divergence(at: Parameters) -> tuple[float, Parameters]:
        q, logs, slopes = member(at)
        value = float(q @ (logs - log_p))
        return value, slopes @ (q * (logs - log_p - value))

    def mean(at: Parameters) -> tuple[float, Parameters]:
        q, _, slopes = member(at)
        value = float(q @ scores[charged])
        return value, slopes @ (q * (scores[charged] - value))

    held = {"type": "ineq", "fun": lambda at: mean(at)[0] - target, "jac": lambda at: mean(at)[1]}
    found = [
        minimize(
            divergence,
            start,
            jac=True,
            method="SLSQP",
            constraints=[held] if math.isfinite(target) else [],
            options={"ftol": 1e-15, "maxiter": 500},
        ).x
        for start in starts
    ]
    feasible = [at for at in found if mean(at)[0] >= target - _FEASIBLE]
    if not feasible:
        best = max(mean(at)[0] for at in found)
        raise InfeasibleTarget(
            f"target = {target!r}: no search found a member with that E[psi]; the largest is {best!r}"
        )
    best = min(feasible, key=lambda at: divergence(at)[0])
    q = np.zeros_like(masses)
    q[charged] = member(best)[0]
    (value, slope), (level, rise) = divergence(best), mean(best)
    active = level <= target + 1e-6
    multiplier = max(0.0, float(slope @ rise) / float(rise @ rise)) if active else 0.0
    return Member(best, q, value, level, float(np.linalg.norm(slope - multiplier * rise)))
