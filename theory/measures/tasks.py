"""Object drift: what a task demand does to the intrinsic solution when the mean score is held.

A pipeline that adds a task score g (a label's log-probability, the likeness to a reference) to the intrinsic score
psi solves another problem: its solution is the tilt p exp(beta psi + gamma g)/Z (Definition 2.4, Lemma E.1). How far
that object is from the intrinsic one, q_beta, at the same E[psi], is the distortion Delta(kappa) (Definition 2.5).
Everything here lives on a finite measure: psi and g are arrays over points, p is an array of masses over the same
points. Quadrature nodes of a density are such a measure. The problems are solved through their concave duals, in one
or two multipliers; there the dual is attained unless the levels lie on the edge of what any q reaches.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from distributional_view.theory.errors import InfeasibleTarget, require_finite
from distributional_view.theory.laws.arrays import ArrayLike1D
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.measures.dual import TOLERANCE, deviations, dual_optimum, gibbs
from distributional_view.theory.measures.envelope import envelope_at
from distributional_view.theory.measures.finite import Masses, on_support, reweight
from distributional_view.theory.solutions.calibrate import calibrate_klsc

Scores = Float[np.ndarray, " n"]


class TaskInjected(NamedTuple):
    """The task-injected solution q, proportional to p exp(beta psi + gamma g), and its multipliers.

    `dual` is beta tau + gamma kappa - log E_p[exp(beta psi + gamma g)], equal to KL(q || p), in nats.

    Example:
        >>> found = task_injected([0, 1], 0.6, task=[1, 0], task_target=0.3, masses=[0.5, 0.5])
        >>> round(found.multiplier, 4), found.task_multiplier
        (0.4055, 0.0)
    """

    masses: Masses
    multiplier: float
    task_multiplier: float
    dual: float


def task_injected(
    scores: ArrayLike1D, target: float, *, task: ArrayLike1D, task_target: float, masses: ArrayLike1D
) -> TaskInjected:
    """The q with the least KL(q || p) such that E_q[psi] >= tau and E_q[g] >= kappa.

    beta (E_q[psi] - tau) = 0 and gamma (E_q[g] - kappa) = 0: a level that the other constraints already reach has
    multiplier 0, so the four sets of active constraints are tried, smallest first; the first feasible one is optimal.
    On the edge of what is attainable no strictly feasible point exists and the multipliers diverge; the ones returned
    there meet the levels to `TOLERANCE`.

    Paper: Definition 2.4 (13), Lemma E.1 (14), (145)-(152).

    Args:
        scores: psi at the points (score units).
        target: tau.
        task: g at the points (task units).
        task_target: kappa.
        masses: p, >= 0 with sum 1.

    Returns:
        q with its multipliers and the value of the dual.

    Raises:
        InfeasibleTarget: if no q << p meets both levels; the message says which level is out of reach, and by how much.
        ValueError: if the masses are no probability, lengths differ, or a number is not finite.

    Example:
        >>> psi, g, p = [0, 1, 0, 1], [0, 0, 1, 1], [0.3, 0.2, 0.1, 0.4]
        >>> task_injected(psi, 0.9, task=g, task_target=0.8, masses=p).masses.round(3).tolist()
        [0.054, 0.146, 0.046, 0.754]
    """
    p, psi, g = on_support(masses, scores=scores, task=task)
    require_finite("target", target)
    require_finite("task_target", task_target)
    features = np.stack([psi - target, g - task_target])  # from the levels: a common offset of scores costs no digits
    _require_below_top(psi[p > 0], target, "target", "E[psi]")
    _require_below_top(g[p > 0], task_target, "task_target", "E[g]")
    units = deviations(p, features)
    for active in ([], [0], [1], [0, 1]):
        multipliers = np.zeros(2)
        found = dual_optimum(p, features[active], np.zeros(len(active)))
        if found is None:
            continue
        multipliers[active] = found
        q, log_z = gibbs(multipliers @ features, masses=p)
        if (features @ q >= -TOLERANCE * units).all() and (multipliers >= 0).all():
            return TaskInjected(q, float(multipliers[0]), float(multipliers[1]), max(0.0, -log_z))
    top = largest_task_mean(psi, target, task=g, masses=p, at_least=True)
    raise _out_of_reach(task_target, top, f"E[psi] >= {target!r}")


class Baseline(NamedTuple):
    """The intrinsic solution q_beta as masses, with its score, its multiplier, its mean score and KL(q_beta || p).

    Example:
        >>> round(baseline([0, 1], 0.75, masses=[0.5, 0.5]).kl, 4)
        0.1308
    """

    masses: Masses
    scores: Scores
    multiplier: float
    mean: float
    kl: float


def baseline(scores: ArrayLike1D, target: float, *, masses: ArrayLike1D) -> Baseline:
    """The intrinsic-only KLSC solution on a finite measure, to measure task distortions from.

    Paper: Definition 2.2, Lemma D.4.

    Args:
        scores: psi at the points (score units).
        target: tau.
        masses: p, >= 0 with sum 1.

    Returns:
        q_beta with beta, its mean score and its divergence from p.

    Raises:
        InfeasibleTarget: if no q << p has E[psi] = target.
        ValueError: if the masses are no probability or a number is not finite.

    Example:
        >>> baseline([0, 1], 0.75, masses=[0.5, 0.5]).masses.round(4).tolist()
        [0.25, 0.75]
    """
    p, psi = on_support(masses, scores=scores)
    solution = calibrate_klsc(AtomicLaw(psi, masses=p), target)
    return Baseline(reweight(psi, solution, masses=p), psi, solution.multiplier, solution.mean, solution.kl)


class Distortion(NamedTuple):
    """Delta(kappa) in nats, the q that attains it, and its multipliers relative to q_beta.

    q is proportional to q_beta exp(b psi + gamma g); b has either sign because E[psi] is held, not bounded.

    Example:
        >>> distortion(baseline([0, 1], 0.75, masses=[0.5, 0.5]), [1, 0], 0.2).value  # met already
        0.0
    """

    value: float
    masses: Masses
    shift: float
    task_multiplier: float


def distortion(intrinsic: Baseline, task: ArrayLike1D, task_target: float) -> Distortion:
    """The least KL(q || q_beta) with E_q[psi] = E_{q_beta}[psi] and E_q[g] >= kappa, exactly:

        Delta(kappa) = sup over gamma >= 0, b real of gamma kappa + b tau - log E_{q_beta}[exp(gamma g + b psi)].

    Held is the mean of the baseline: tau wherever the intrinsic constraint is active.

    Paper: Definition 2.5 (15). Ours: exact distortion. Theorem E.3 is its restriction to b = 0.

    Args:
        intrinsic: q_beta.
        task: g at the points (task units).
        task_target: kappa.

    Returns:
        The least divergence in nats, and the q that attains it.

    Raises:
        InfeasibleTarget: if no q << q_beta meets both levels; the message gives the largest E[g] at this E[psi].
        ValueError: if lengths differ or a number is not finite.

    Example:
        >>> intrinsic = baseline([0, 1, 0, 1], 0.6, masses=[0.3, 0.2, 0.1, 0.4])
        >>> round(distortion(intrinsic, [0, 0, 1, 1], 0.7).value, 4)
        0.099
    """
    q, psi, g = on_support(intrinsic.masses, scores=intrinsic.scores, task=task)
    require_finite("task_target", task_target)
    held = float(q @ psi)
    features = np.stack([psi - held, g - task_target])  # from the levels: a common offset of scores costs no digits
    features[0] -= features[0] @ q
    if q @ features[1] >= 0:
        return Distortion(0.0, q, 0.0, 0.0)
    found = dual_optimum(q, features, np.zeros(2)) if task_target <= g[q > 0].max() else None
    if found is None:
        top = largest_task_mean(psi, held, task=g, masses=q)
        raise _out_of_reach(task_target, top, f"E[psi] = {intrinsic.mean!r}")
    tilted, log_z = gibbs(found @ features, masses=q)
    return Distortion(max(0.0, -log_z), tilted, float(found[0]), float(found[1]))


def distortion_bound(intrinsic: Baseline, task: ArrayLike1D, task_target: float) -> float:
    """The paper's lower bound of Delta(kappa): sup over gamma >= 0 of gamma kappa - log E_{q_beta}[exp(gamma g)].

    It is the KLSC cost of g alone, starting at q_beta: what the demand costs if E[psi] is let go. Positive once
    kappa > E_{q_beta}[g]; +inf above the essential supremum of g. Near E_{q_beta}[g], Delta exceeds it by the factor
    1/(1 - r^2), r the correlation of psi and g under q_beta; for g = psi it is finite while Delta is not (ours).

    Paper: Theorem E.3 (16), (156)-(158).

    Args:
        intrinsic: q_beta.
        task: g at the points (task units).
        task_target: kappa.

    Returns:
        Nats, >= 0; may be inf.

    Raises:
        ValueError: if lengths differ or a number is not finite.

    Example:
        >>> intrinsic = baseline([0, 1, 0, 1], 0.6, masses=[0.3, 0.2, 0.1, 0.4])
        >>> round(distortion_bound(intrinsic, [0, 0, 1, 1], 0.7), 4)
        0.0823
    """
    q, g = on_support(intrinsic.masses, task=task)
    require_finite("task_target", task_target)
    try:
        return calibrate_klsc(AtomicLaw(g, masses=q), task_target).kl
    except InfeasibleTarget:
        return math.inf


def largest_task_mean(
    scores: ArrayLike1D, target: float, *, task: ArrayLike1D, masses: ArrayLike1D, at_least: bool = False
) -> float:
    """The largest E_q[g] of any q << p with E_q[psi] = target (or >= target), to rounding.

    Paper: Definition 2.4 (13).

    Args:
        scores: psi at the points (score units).
        target: tau.
        task: g at the points (task units).
        masses: p, >= 0 with sum 1.
        at_least: whether E_q[psi] may exceed the target.

    Returns:
        Task units.

    Raises:
        InfeasibleTarget: if no q << p has that E[psi].
        ValueError: if the masses are no probability, lengths differ, or a number is not finite.

    Example:
        >>> largest_task_mean([0, 1, 2], 1.5, task=[0, 3, 1], masses=[0.5, 0.25, 0.25])
        2.0
    """
    p, psi, g = on_support(masses, scores=scores, task=task)
    psi, g = psi[p > 0], g[p > 0]
    low, high = float(psi.min()), float(psi.max())
    if target > high or (target < low and not at_least):
        raise InfeasibleTarget(f"target = {target!r}: must be in [{low!r}, {high!r}], the range of the score")
    top = float(g.max())
    return top if at_least and target <= psi[g == top].max() else envelope_at(target, psi, g)


def _out_of_reach(task_target: float, top: float, held: str) -> InfeasibleTarget:
    """The error for a demand that the dual does not reach."""
    if task_target > top:
        return InfeasibleTarget(f"task_target = {task_target!r}: must be <= {top!r}, the largest E[g] with {held}")
    return InfeasibleTarget(
        f"task_target = {task_target!r}: cannot be told from the largest E[g] with {held}, {top!r}, in double precision"
    )


def _require_below_top(values: Scores, level: float, name: str, mean: str) -> None:
    """Raise unless some q << p has a mean of at least the level."""
    if level > values.max():
        raise InfeasibleTarget(f"{name} = {level!r}: must be <= {float(values.max())!r}, the largest {mean} of any q")
