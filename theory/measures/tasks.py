"""Object drift: what a task demand does to the intrinsic solution when the mean score is held.

A pipeline that adds a task score g (a label's log-probability, the likeness to a reference) to the intrinsic score
psi solves another problem: its solution is the tilt p exp(beta psi + gamma g)/Z (Definition 2.4, Lemma E.1). How far
that object is from the intrinsic one, q_beta, at the same E[psi], is the distortion Delta(kappa) (Definition 2.5).
Everything here lives on a finite measure: p is an array of masses over points, psi and g are arrays over the same
points. Quadrature nodes of a density are such a measure. The problems are solved through their concave duals, in one
or two multipliers; there the dual is attained unless the levels lie on the edge of what any q reaches.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.optimize import OptimizeResult, linprog, minimize, root
from scipy.special import logsumexp

from distributional_view.theory.errors import InfeasibleTarget, require, require_finite
from distributional_view.theory.laws.atomic import checked_weights
from distributional_view.theory.measures.finite import Masses, reweight, score_law
from distributional_view.theory.solutions.calibrate import calibrate_klsc

Scores = Float[np.ndarray, " n"]
TOLERANCE = 1e-10  # by which a mean may miss its level, in standard deviations of the score under the base measure


class Gibbs(NamedTuple):
    """The tilt mu e^f/Z and log Z = log E_mu[e^f], in nats."""

    masses: Masses
    log_partition: float


def gibbs(masses: Masses, exponent: Scores) -> Gibbs:
    """The only q that attains log E_mu[e^f] = sup over q << mu of E_q[f] - KL(q || mu).

    Paper: Lemma E.2 (153)-(155).

    Args:
        masses: mu, >= 0 with sum 1.
        exponent: f at the points, finite where mu has mass.

    Raises:
        ValueError: if the masses are no probability, lengths differ, or an exponent is not finite.
    """
    base, f = _checked(masses, exponent=exponent)
    with np.errstate(divide="ignore"):
        logs = np.where(base > 0, np.log(base) + f, -np.inf)
    log_partition = float(logsumexp(logs))
    q = np.exp(logs - log_partition)
    return Gibbs(q / q.sum(), log_partition)


class TaskInjected(NamedTuple):
    """The task-injected solution q, proportional to p exp(beta psi + gamma g), and its multipliers.

    `dual` is beta tau + gamma kappa - log E_p[exp(beta psi + gamma g)], equal to KL(q || p), in nats.
    """

    masses: Masses
    multiplier: float
    task_multiplier: float
    dual: float


def task_injected(masses: Masses, scores: Scores, task: Scores, target: float, task_target: float) -> TaskInjected:
    """The q with the least KL(q || p) such that E_q[psi] >= tau and E_q[g] >= kappa.

    beta (E_q[psi] - tau) = 0 and gamma (E_q[g] - kappa) = 0: a level that the other constraints already reach has
    multiplier 0, so the four sets of active constraints are tried, smallest first; the first feasible one is optimal.
    On the edge of what is attainable no strictly feasible point exists and the multipliers diverge; the ones returned
    there meet the levels to `TOLERANCE`.

    Paper: Definition 2.4 (13), Lemma E.1 (14), (145)-(152).

    Args:
        masses: p, >= 0 with sum 1.
        scores: psi at the points (score units).
        task: g at the points (task units).
        target: tau.
        task_target: kappa.

    Raises:
        InfeasibleTarget: if no q << p meets both levels; the message says which level is out of reach, and by how much.
        ValueError: if the masses are no probability, lengths differ, or a number is not finite.
    """
    p, psi, g = _checked(masses, scores=scores, task=task)
    require_finite("target", target)
    require_finite("task_target", task_target)
    features, levels = np.stack([psi, g]), np.array([target, task_target])
    _require_below_top(psi[p > 0], target, "target", "E[psi]")
    _require_below_top(g[p > 0], task_target, "task_target", "E[g]")
    spread = _spread(p, features)
    for active in ([], [0], [1], [0, 1]):
        multipliers = np.zeros(2)
        found = dual_optimum(p, features[active], levels[active])
        if found is None:
            continue
        multipliers[active] = found
        q, log_z = gibbs(p, multipliers @ features)
        if (features @ q >= levels - TOLERANCE * spread).all() and (multipliers >= 0).all():
            dual = max(0.0, float(multipliers @ levels) - log_z)
            return TaskInjected(q, float(multipliers[0]), float(multipliers[1]), dual)
    top = largest_task_mean(p, psi, g, target, at_least=True)
    raise _out_of_reach(task_target, top, f"E[psi] >= {target!r}")


class Baseline(NamedTuple):
    """The intrinsic solution q_beta as masses, with its score, its multiplier, its mean score and KL(q_beta || p)."""

    masses: Masses
    scores: Scores
    multiplier: float
    mean: float
    kl: float


def baseline(masses: Masses, scores: Scores, target: float) -> Baseline:
    """The intrinsic-only KLSC solution on a finite measure, to measure task distortions from.

    Paper: Definition 2.2, Lemma D.4.

    Raises:
        InfeasibleTarget: if no q << p has E[psi] = target.
        ValueError: if the masses are no probability or a number is not finite.
    """
    p, psi = _checked(masses, scores=scores)
    solution = calibrate_klsc(score_law(p, psi), target)
    return Baseline(reweight(p, psi, solution), psi, solution.multiplier, solution.mean, solution.kl)


class Distortion(NamedTuple):
    """Delta(kappa) in nats, the q that attains it, and its multipliers relative to q_beta.

    q is proportional to q_beta exp(b psi + gamma g); b has either sign because E[psi] is held, not bounded.
    """

    value: float
    masses: Masses
    shift: float
    task_multiplier: float


def distortion(intrinsic: Baseline, task: Scores, task_target: float) -> Distortion:
    """The least KL(q || q_beta) with E_q[psi] = E_{q_beta}[psi] and E_q[g] >= kappa, exactly:

        Delta(kappa) = sup over gamma >= 0, b real of gamma kappa + b tau - log E_{q_beta}[exp(gamma g + b psi)].

    Held is the mean of the baseline: tau wherever the intrinsic constraint is active.

    Paper: Definition 2.5 (15). Ours: exact distortion. Theorem E.3 is its restriction to b = 0.

    Args:
        intrinsic: q_beta.
        task: g at the points (task units).
        task_target: kappa.

    Raises:
        InfeasibleTarget: if no q << q_beta meets both levels; the message gives the largest E[g] at this E[psi].
        ValueError: if lengths differ or a number is not finite.
    """
    q, psi, g = _checked(intrinsic.masses, scores=intrinsic.scores, task=task)
    require_finite("task_target", task_target)
    if q @ g >= task_target:
        return Distortion(0.0, q, 0.0, 0.0)
    features, levels = np.stack([psi, g]), np.array([float(q @ psi), task_target])
    found = dual_optimum(q, features, levels) if task_target <= g[q > 0].max() else None
    if found is None:
        top = largest_task_mean(q, psi, g, float(q @ psi))
        raise _out_of_reach(task_target, top, f"E[psi] = {intrinsic.mean!r}")
    tilted, log_z = gibbs(q, found @ features)
    return Distortion(max(0.0, float(found @ levels) - log_z), tilted, float(found[0]), float(found[1]))


def distortion_bound(intrinsic: Baseline, task: Scores, task_target: float) -> float:
    """The paper's lower bound of Delta(kappa): sup over gamma >= 0 of gamma kappa - log E_{q_beta}[exp(gamma g)].

    It is the KLSC cost of g alone, starting at q_beta: what the demand costs if E[psi] is let go. Positive once
    kappa > E_{q_beta}[g]; +inf above the essential supremum of g. Near E_{q_beta}[g], Delta exceeds it by the factor
    1/(1 - r^2), r the correlation of psi and g under q_beta; for g = psi it is finite while Delta is not (ours).

    Paper: Theorem E.3 (16), (156)-(158).

    Raises:
        ValueError: if lengths differ or a number is not finite.
    """
    q, g = _checked(intrinsic.masses, task=task)
    require_finite("task_target", task_target)
    try:
        return calibrate_klsc(score_law(q, g), task_target).kl
    except InfeasibleTarget:
        return math.inf


def largest_task_mean(masses: Masses, scores: Scores, task: Scores, target: float, *, at_least: bool = False) -> float:
    """The largest E_q[g] of any q << p with E_q[psi] = target (or >= target), by linear programming.

    Raises:
        InfeasibleTarget: if no q << p has that E[psi].
        ValueError: if the masses are no probability, lengths differ, or a number is not finite.
    """
    p, psi, g = _checked(masses, scores=scores, task=task)
    psi, g = psi[p > 0], g[p > 0]
    total = np.ones((1, psi.size))
    if at_least:
        found = linprog(-g, A_ub=-psi[None], b_ub=[-target], A_eq=total, b_eq=[1.0])
    else:
        found = linprog(-g, A_eq=np.vstack([total, psi]), b_eq=[1.0, target])
    if not found.success:
        raise InfeasibleTarget(
            f"target = {target!r}: must be in [{psi.min()!r}, {psi.max()!r}], the range of the score"
        )
    return -float(found.fun)


def dual_optimum(
    masses: Masses, features: Float[np.ndarray, "k n"], levels: Float[np.ndarray, " k"]
) -> Float[np.ndarray, " k"] | None:
    """The real multipliers l that maximise l.levels - log E[exp(l.features)], or None if the supremum is not reached.

    At the maximum each feature has its level as mean under the tilt. The convex problem is solved by a trust-region
    Newton method, then its gradient's root is polished; means miss their levels by at most `TOLERANCE`.
    """
    charged = masses > 0
    log_base = np.log(masses[charged])
    spread = _spread(masses, features)
    scaled = (features[:, charged] - levels[:, None]) / spread[:, None]
    moving = np.ptp(scaled, axis=1) > 0
    deviations = scaled[moving]
    if (np.abs(scaled[~moving]) > TOLERANCE).any():
        return None

    def value(at: Float[np.ndarray, " k"]) -> tuple[float, Float[np.ndarray, " k"], Float[np.ndarray, "k k"]]:
        logs = log_base + at @ deviations
        log_z = float(logsumexp(logs))
        q = np.exp(logs - log_z)
        mean = deviations @ q
        return log_z, mean, (deviations - mean[:, None]) * q @ (deviations - mean[:, None]).T

    multipliers = np.zeros(len(levels))
    if deviations.size == 0:
        return multipliers
    dearest = 1.0 - float(log_base.min())  # above the largest KL to the base of any q: a dual beyond it has no end

    def stop(intermediate_result: OptimizeResult) -> None:
        if -intermediate_result.fun > dearest:
            raise StopIteration

    start = minimize(
        lambda at: value(at)[:2],
        np.zeros(len(deviations)),
        jac=True,
        hess=lambda at: value(at)[2],
        method="trust-exact",
        callback=stop,
        options={"gtol": 1e-8, "max_trust_radius": 1e6, "maxiter": 200},
    )
    if -start.fun > dearest:
        return None
    polished = root(lambda at: value(at)[1:], start.x, jac=True, options={"xtol": 1e-14})
    best = min((start.x, polished.x), key=lambda at: float(np.abs(value(at)[1]).max()))
    if not float(np.abs(value(best)[1]).max()) <= TOLERANCE:
        return None
    multipliers[moving] = best
    return multipliers / spread


def _spread(masses: Masses, features: Float[np.ndarray, "k n"]) -> Float[np.ndarray, " k"]:
    """Standard deviations of the features; 1 for one that is constant where there is mass."""
    charged = features[:, masses > 0]
    deviations = np.sqrt(((features - (features @ masses)[:, None]) ** 2) @ masses)
    return np.where(np.ptp(charged, axis=1) > 0, np.maximum(deviations, 1e-300), 1.0)


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


def _checked(masses: np.ndarray, **scores: np.ndarray) -> tuple[Float[np.ndarray, " n"], ...]:
    """The arrays in double precision; a score where p has no mass is read as 0."""
    arrays = {name: np.asarray(values, dtype=np.float64) for name, values in scores.items()}
    p = checked_weights(np.asarray(masses, dtype=np.float64), len(next(iter(arrays.values()))))
    for name, values in arrays.items():
        require(values.shape == p.shape, f"{name}.shape", values.shape, f"that of the masses, {p.shape}")
        bad = np.flatnonzero((p > 0) & ~np.isfinite(values))
        if bad.size:
            require(False, f"{name}[{bad[0]}]", float(values[bad[0]]), "finite where p has mass")
    return p, *(np.where(p > 0, values, 0.0) for values in arrays.values())
