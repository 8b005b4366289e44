"""Necessity rung, Appendix E: drop a hypothesis of the joint tilt, of Gibbs' principle or of the distortion.

Each check says which hypotheses hold in its example, refutes the conclusion, and shows that the one dropped is broken;
its controls are examples in which the conclusion stands, and must be rejected for that. Infinite spaces are limits of
finite ones, whose values are followed.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.special import expn

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.proofs_check.premises import broken, granted, holds, refuted
from distributional_view.theory import InfeasibleTarget
from distributional_view.theory.measures.tasks import (
    baseline,
    distortion,
    distortion_bound,
    largest_task_mean,
    task_injected,
)
from tests.support.refusals import clipped, refused
from tests.support.strategies import non_steep_law

THREE = np.array([0.5, 0.25, 0.25]), np.array([0.0, 1.0, 2.0]), np.array([1.0, -1.0, 0.0])


@evidence(
    "Lemma E.1", "necessity", drops="strict feasibility", controls={"room below the largest E[g]": {"kappa": 0.3}}
)
def edges_have_no_joint_tilt(kappa: float = 0.5) -> str:
    """Without a strictly feasible law the multipliers diverge: the only feasible law has a zero that no tilt has."""
    p, psi, g = THREE
    found = task_injected(psi, 1.0, task=g, task_target=kappa, masses=p)
    q = found.masses
    holds("attained minimum", q @ psi > 1 - 1e-6 and q @ g > kappa - 1e-6, masses=q)
    gaps = [1e-2, 1e-4, 1e-6]
    multipliers = [task_injected(psi, 1.0, task=g, task_target=kappa - gap, masses=p).task_multiplier for gap in gaps]
    rises = np.diff(multipliers) / math.log(100)
    diverge = q.min() < 1e-6 and rises.min() > 0.1
    refuted("the minimiser is a tilt, positive wherever p is", diverge, masses=q, gaps=gaps, multipliers=multipliers)
    top = largest_task_mean(psi, 1.0, task=g, masses=p, at_least=True)
    broken("strict feasibility", abs(top - kappa) < 1e-9, largest=top, kappa=kappa)
    return (
        f"Three points, kappa at the largest E[g]: the minimiser (1/2, 0, 1/2) is no tilt; gamma ~ {rises[-1]:.2f} log."
    )


@evidence("Lemma E.2", "necessity", drops="finite Z", controls={"E[e^f] finite": {"slope": 0.5}})
def infinite_partition_has_no_maximiser(slope: float = 1.0) -> str:
    """mu exponential, f = slope y: the values at the tilts of the law clipped at n grow without end."""
    ends = [10.0, 30.0, 100.0]
    laws = [clipped(lambda u: -np.log(u), lambda n: math.exp(-n), n) for n in ends]
    values = [law.log_partition(slope) for law in laws]
    rises = np.diff(values)
    granted("integrable", "there is no maximiser under which f could be integrable")
    refuted("E_q[f] - KL(q||mu) has a largest value", rises.min() > 0.9, ends=ends, values=values)
    exact = [math.log1p(n) for n in ends]
    broken("finite Z", np.allclose(values, exact), values=values, exact=exact)  # log E[exp(min(Y, n))]
    return f"Exponential mu, f = y: E_q[f] - KL(q||mu) reaches {values[-1]:.2f} at n = 100 and grows like log n."


@evidence("Lemma E.2", "necessity", drops="integrable", controls={"f integrable under the tilt": {"power": 4}})
def maximisers_without_a_mean(power: int = 2) -> str:
    """mu ~ e^-y (1 + y)^-power, f = y: the tilt exists, but E_q[f] and KL(q||mu) are both infinite for power 2."""
    reaches = [1e1, 1e2, 1e3]
    tilts = [non_steep_law(power, r).tilt(1.0) for r in reaches]
    means = [t.mean for t in tilts]
    log_c = 1 + math.log(expn(power, 1))  # of the density; what is left below a reach carries the rest
    below = [1 - (1 + r) ** (1 - power) * expn(power, 1 + r) / expn(power, 1) for r in reaches]
    values = [non_steep_law(power, r).log_partition(1.0) + math.log(b) for r, b in zip(reaches, below, strict=True)]
    supremum = -math.log(power - 1) - log_c
    errors = [supremum - value for value in values]
    holds("finite Z", math.isfinite(supremum), log_z=supremum)
    no_value = np.diff(means).min() > 1 and min(errors) > 0 and errors[2] < 0.02 * errors[0]
    refuted("the supremum is attained, at the tilt", no_value, means=means, values=values, sup=supremum)
    broken("integrable", means[2] > 5, reaches=reaches, means=means)
    return f"mu ~ e^-y (1 + y)^-2, f = y: log E[e^f] = {supremum:.3f} is approached only; its tilt has E_q[f] = inf."


def product(masses: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(p, psi, g): a fair coin psi, and g independent of it."""
    return np.outer([0.5, 0.5], masses).ravel(), np.repeat([0.0, 1.0], len(values)), np.tile(values, 2)


def heavy(count: int) -> tuple[np.ndarray, np.ndarray]:
    """g = 2^k with probability ~ 8^-k: a finite mean, no exponential moment as the count grows."""
    masses = 8.0 ** -np.arange(count)
    return masses / masses.sum(), 2.0 ** np.arange(count)


def light(count: int) -> tuple[np.ndarray, np.ndarray]:
    """g = k with probability ~ e^-k."""
    masses = np.exp(-np.arange(float(count)))
    return masses / masses.sum(), np.arange(float(count))


Tail = Callable[[int], tuple[np.ndarray, np.ndarray]]


@evidence("Theorem E.3", "necessity", drops="exponential moment", controls={"an exponential tail": {"tail": light}})
def heavy_tasks_cost_nothing(tail: Tail = heavy) -> str:
    """Without an exponential moment of g: a demand above E[g] costs less and less as the tail is let in."""
    counts, bounds, exact = [6, 10, 14, 18], [], []
    for count in counts:
        p, psi, g = product(*tail(count))
        intrinsic = baseline(psi, 0.7, masses=p)
        kappa = float(intrinsic.masses @ g) + 0.5
        bounds.append(distortion_bound(intrinsic, g, kappa))
        exact.append(distortion(intrinsic, g, kappa).value)
    falls = np.array(bounds[1:]) / bounds[:-1]
    holds("unmet demand", kappa > intrinsic.masses @ g + 0.4, kappa=kappa)
    vanish = falls.max() < 0.3 and exact[-1] < 1e-2 * exact[0]
    refuted("bound and Delta are positive", vanish, counts=counts, bounds=bounds, exact=exact)
    logs = [math.log(float(m @ np.exp(0.05 * np.minimum(v, 5e3)))) for m, v in map(tail, counts)]
    broken("exponential moment", logs[-1] > 20 * max(logs[0], 1e-9), log_e_exp_of_g=logs)
    return f"g = 2^k with probability ~ 8^-k, kappa = E[g] + 1/2: Delta falls from {exact[0]:.1e} to {exact[-1]:.1e}."


@evidence("Theorem E.3", "necessity", drops="unmet demand", controls={"a demand above E[g]": {"excess": 0.2}})
def met_demands_cost_nothing(excess: float = -0.2) -> str:
    p, psi, g = THREE
    intrinsic = baseline(psi, 1.0, masses=p)
    start = float(intrinsic.masses @ g)
    bound = distortion_bound(intrinsic, g, start + excess)
    holds("exponential moment", math.isfinite(float(intrinsic.masses @ np.exp(g))))
    refuted("the bound is positive", abs(bound) <= 1e-12, bound=bound)
    broken("unmet demand", excess <= 0, start=start, excess=excess)
    return "At kappa <= E_(q_beta)[g] the supremum is at gamma = 0: bound and distortion are 0."


@evidence(
    "Ours: exact distortion",
    "necessity",
    drops="finite or inside",
    controls={"an exponential tail": {"tail": light}, "a demand inside": {"edge": -0.1}},
)
def on_the_edge_the_dual_may_be_finite(tail: Tail = heavy, edge: float = 0.0) -> str:
    """Infinite space, kappa on the edge: half the mass at (psi, g) = (0, 0), the rest at g = -1 with a heavy psi.

    E[g] >= 0 keeps (0, 0) alone, where E[psi] = tau fails: Delta(0) = inf. But Delta(-e) -> log 2 as e -> 0 and the
    tail is let in, and so no multipliers, whose dual is lower semicontinuous in kappa, reach more than log 2 at 0.
    """
    counts, values, at_edge = [8, 12, 16, 20], [], []
    for count in counts:
        masses, heights = tail(count)
        p, psi, g = np.append(0.5, 0.5 * masses), np.append(0.0, heights), np.append(0.0, -np.ones(count))
        intrinsic = baseline(psi, float(p @ psi), masses=p)
        at_edge.append(refused(lambda i=intrinsic, t=g: distortion(i, t, edge), InfeasibleTarget))
        values.append(distortion(intrinsic, g, -8 * intrinsic.mean / heights[-1]).value)
        expect(abs(intrinsic.multiplier) < 1e-9, "the intrinsic solution is p", beta=intrinsic.multiplier)
    errors = [abs(v - math.log(2)) for v in values]
    duals = {
        b: b * intrinsic.mean - math.log(0.5 + 0.5 * float(masses @ np.exp(b * heights - 60))) for b in (0.0, -0.1)
    }
    blown = [math.log(float(m @ np.exp(np.minimum(0.01 * v, 600)))) for m, v in map(tail, counts)]
    finite = errors[-1] < 0.02 and max(duals.values()) <= math.log(2) + 1e-9 and blown[-1] > 100
    refuted("Delta is its dual", all(at_edge) and finite, delta_infinite=at_edge, values=values, duals=duals, b=blown)
    broken("finite or inside", edge == 0 and (g <= 0).all(), edge=edge)
    return f"Heavy psi, kappa = 0 on the edge: Delta = inf, its dual log 2; Delta(-e) -> {values[-1]:.4f}."
