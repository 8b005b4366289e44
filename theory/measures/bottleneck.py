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
from distributional_view.theory.laws.arrays import ArrayLike1D, probability
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.measures.dual import deviations
from distributional_view.theory.measures.finite import Masses, finite_kl, on_support, reweight
from distributional_view.theory.solutions.calibrate import calibrate_klsc

Parameters = Float[np.ndarray, " k"]
Family = Callable[[Parameters], tuple[Float[np.ndarray, " n"], Float[np.ndarray, "k n"]]]
"""Parameters -> log-masses up to a constant, and their derivatives along each parameter."""

_FEASIBLE = 1e-9  # by which a member's mean may miss the target, in standard deviations of the score under p


class Decomposition(NamedTuple):
    """KL(q || p) and the three parts that add up to it, in nats; each is computed on its own.

    `kl` = `klsc_kl` (the price of the level) + `gap` = KL(q || q_beta) + `excess` = beta (E_q[psi] - tau).

    Example:
        >>> decompose([0, 1], 0.75, q=[0.25, 0.75], masses=[0.5, 0.5]).gap
        0.0
    """

    kl: float
    klsc_kl: float
    gap: float
    excess: float


def decompose(scores: ArrayLike1D, target: float, *, q: ArrayLike1D, masses: ArrayLike1D) -> Decomposition:
    """The Pythagorean decomposition of KL(q || p) at the KLSC solution with mean `target`.

    For E_q[psi] >= target all parts are >= 0: KL(q || p) >= KL(q_beta || p) + KL(q || q_beta), with equality for
    E_q[psi] = target. Where the target is the essential supremum (beta = inf), a feasible q has no excess.

    Paper: Theorem F.7 (23), (175)-(180).

    Args:
        scores: psi at the points.
        target: tau (score units).
        q: >= 0 with sum 1.
        masses: p, >= 0 with sum 1.

    Returns:
        The divergence and its three parts, in nats.

    Raises:
        InfeasibleTarget: if no distribution on the points has mean `target`.
        ValueError: if masses are no probability or lengths differ.

    Example:
        >>> parts = decompose([0, 1, 2], 1.0, q=[0, 0.5, 0.5], masses=[0.5, 0.25, 0.25])
        >>> [round(part, 4) for part in parts]
        [0.6931, 0.0438, 0.476, 0.1733]
    """
    p, psi = on_support(masses, scores=scores)
    own = probability("q", q, psi.size)
    solution = calibrate_klsc(AtomicLaw(psi, masses=p), target)
    tilted = reweight(psi, solution, masses=p)
    above = float(own @ (psi - target))
    excess = solution.multiplier * above if math.isfinite(solution.multiplier) else 0.0
    return Decomposition(finite_kl(own, p), solution.kl, finite_kl(own, tilted), excess)


class Member(NamedTuple):
    """A member of a family, its KL to p in nats, its mean score, and how far it is from a stationary point.

    `stationarity` is the norm of the gradient of KL(q || p) - multiplier E_q[psi], with the multiplier >= 0 that makes
    it smallest, and 0 where the constraint is slack.

    Example:
        >>> Member(np.zeros(1), np.array([0.5, 0.5]), 0.0, 0.5, 0.0).mean
        0.5
    """

    parameters: Parameters
    masses: Masses
    kl: float
    mean: float
    stationarity: float


def best_member(
    family: Family,
    scores: ArrayLike1D,
    target: float,
    starts: Sequence[Parameters],
    *,
    masses: ArrayLike1D,
) -> Member:
    """The member with the least KL(q || p) among those with E_q[psi] >= target, the best of several local searches.

    The problem is not convex in the parameters: a better member than the one returned may exist, never a worse one.
    With target = -inf it is the projection of p on the family.

    Paper: (20)-(22), Theorem F.7.

    Args:
        family: a smooth parametrisation; its masses are normalised here.
        scores: psi at the points.
        target: tau (score units), or -inf.
        starts: parameters from which the searches start, at least one.
        masses: p, >= 0 with sum 1.

    Returns:
        The member with its masses, its divergence and its mean.

    Raises:
        InfeasibleTarget: if no search ends with E_q[psi] >= target.
        ValueError: if there are no starts, the target is NaN or +inf, the masses are no probability, or lengths differ.

    Example:
        >>> def softmax(at):
        ...     return at, np.eye(2)
        >>> best_member(softmax, [0, 1], 0.75, [np.zeros(2)], masses=[0.5, 0.5]).masses.round(4).tolist()
        [0.25, 0.75]
    """
    require(len(starts) > 0, "starts", starts, "at least one")
    require(target < math.inf, "target", target, "a finite number, or -inf")
    p, psi = on_support(masses, scores=scores)
    search = _Search(family, p, psi, target)
    found = [search.descend(start) for start in starts]
    feasible = [at for at in found if not search.bounded or search.excess(at)[0] >= -_FEASIBLE]
    if not feasible:
        best = max(search.member(at).mean for at in found)
        raise InfeasibleTarget(
            f"target = {target!r}: no search found a member with that E[psi]; the largest is {best!r}"
        )
    return search.member(min(feasible, key=lambda at: search.divergence(at)[0]))


class _Search:
    """One problem, min KL(q || p) with E_q[psi] >= target over a family: its functions, a descent and a report."""

    def __init__(self, family: Family, masses: Masses, scores: Float[np.ndarray, " n"], target: float):
        self.family, self.masses, self.scores, self.bounded = family, masses, scores, math.isfinite(target)
        self.charged = masses > 0
        self.log_p = np.log(masses[self.charged])
        # The search sees scores in standard deviations from the target: neither units nor an offset matter.
        origin = target if self.bounded else float(masses @ scores)
        self.levels = (scores[self.charged] - origin) / deviations(masses, scores[None])[0]

    def at(self, parameters: Parameters) -> tuple[Masses, Float[np.ndarray, " m"], Float[np.ndarray, "k m"]]:
        """Masses, their logarithms and the slopes of the latter, where p has mass."""
        log_masses, slopes = self.family(parameters)
        logs = log_masses[self.charged] - float(logsumexp(log_masses[self.charged]))
        return np.exp(logs), logs, slopes[:, self.charged]

    def divergence(self, parameters: Parameters) -> tuple[float, Parameters]:
        """KL(q || p) and its gradient."""
        q, logs, slopes = self.at(parameters)
        value = float(q @ (logs - self.log_p))
        return value, slopes @ (q * (logs - self.log_p - value))

    def excess(self, parameters: Parameters) -> tuple[float, Parameters]:
        """E_q[psi] - target in standard deviations, and its gradient; without a target, from the mean under p."""
        q, _, slopes = self.at(parameters)
        value = float(q @ self.levels)
        return value, slopes @ (q * (self.levels - value))

    def descend(self, start: Parameters) -> Parameters:
        """Where a local search from these parameters ends."""
        held = {"type": "ineq", "fun": lambda at: self.excess(at)[0], "jac": lambda at: self.excess(at)[1]}
        return minimize(
            self.divergence,
            start,
            jac=True,
            method="SLSQP",
            constraints=[held] if self.bounded else [],
            options={"ftol": 1e-15, "maxiter": 500},
        ).x

    def member(self, parameters: Parameters) -> Member:
        """The member at these parameters, and how far it is from a stationary point."""
        q = np.zeros_like(self.masses)
        q[self.charged] = self.at(parameters)[0]
        (value, slope), (excess, rise) = self.divergence(parameters), self.excess(parameters)
        active = self.bounded and excess <= 1e-6 and bool(rise.any())
        multiplier = max(0.0, float(slope @ rise) / float(rise @ rise)) if active else 0.0
        return Member(parameters, q, value, float(q @ self.scores), float(np.linalg.norm(slope - multiplier * rise)))
