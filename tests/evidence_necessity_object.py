"""Necessity rung, Appendix E: drop a hypothesis of the joint tilt, of Gibbs' principle or of the distortion.

Each check shows first that the conclusion fails, then that the hypothesis does; its controls are examples in which the
hypothesis holds, and must be rejected. Infinite spaces are limits of finite ones, whose values are followed.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.special import expn

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.theory import InfeasibleTarget, calibrate_klsc
from distributional_view.theory.measures.tasks import (
    baseline,
    distortion,
    distortion_bound,
    largest_task_mean,
    task_injected,
)
from tests.support.enumeration import summed_kl
from tests.support.refusals import clipped, refused
from tests.support.strategies import non_steep_law

THREE = np.array([0.5, 0.25, 0.25]), np.array([0.0, 1.0, 2.0]), np.array([1.0, -1.0, 0.0])


@evidence("Lemma E.1", "necessity", controls={"room below the largest E[g]": {"kappa": 0.3}})
def edges_have_no_joint_tilt(kappa: float = 0.5) -> str:
    """Without a strictly feasible law the multipliers diverge: the only feasible law has a zero that no tilt has."""
    p, psi, g = THREE
    found = task_injected(psi, 1.0, task=g, task_target=kappa, masses=p)
    expect(found.masses.min() < 1e-6, "the minimiser has a zero where p has mass", masses=found.masses)
    gaps = [1e-2, 1e-4, 1e-6]
    multipliers = [task_injected(psi, 1.0, task=g, task_target=kappa - gap, masses=p).task_multiplier for gap in gaps]
    rises = np.diff(multipliers) / math.log(100)
    expect(rises.min() > 0.1, "gamma grows like log(1/gap)", gaps=gaps, multipliers=multipliers)
    top = largest_task_mean(psi, 1.0, task=g, masses=p, at_least=True)
    expect(abs(top - kappa) < 1e-9, "no law is strictly feasible", largest=top, kappa=kappa)
    return (
        f"Three points, kappa at the largest E[g]: the minimiser (1/2, 0, 1/2) is no tilt; gamma ~ {rises[-1]:.2f} log."
    )


@evidence(
    "Lemma E.1",
    "necessity",
    controls={"a level that a tilt reaches": {"target": 0.9}, "a faster tail": {"power": 5, "target": 0.3}},
)
def strict_feasibility_gives_no_minimiser(target: float = 2.0, power: int = 3) -> str:
    """The lemma speaks of "the minimiser": Slater's condition provides none. Density ~ e^-y (1 + y)^-3, g = 0."""
    law = non_steep_law(power)
    reaches = [1e1, 1e2, 1e3]
    parts = [non_steep_law(power, r) for r in reaches]
    found = [calibrate_klsc(part, target) for part in parts]
    costs = [f.kl - math.log1p(-law.survival(r)) for f, r in zip(found, reaches, strict=True)]
    infimum = target - law.log_partition(1.0)
    excess = [cost - infimum for cost in costs]
    expect(min(excess) > 0 and excess[2] < 0.1 * excess[0], "the infimum is approached", excess=excess)
    refusal = refused(lambda: calibrate_klsc(law, target), InfeasibleTarget)
    expect(refusal and law.tilt(1.0).mean < target, "no tilt has this mean", slope=law.tilt(1.0).mean)
    strict = calibrate_klsc(parts[1], target + 0.5)
    expect(
        strict.mean > target and math.isfinite(strict.kl), "yet a law of finite KL exceeds the level", mean=strict.mean
    )
    return f"tau = 2 is strictly feasible, no law attains the infimum {infimum:.4f}: existence is one more hypothesis."


@evidence("Lemma E.1", "necessity", controls={"g falls with psi": {"lean": -1.0}})
def held_means_allow_negative_multipliers(lean: float = 1.0) -> str:
    """Without inequalities: held at E[psi] = tau, as in Definition 2.5, the multiplier of psi may be negative."""
    p, psi = np.full(4, 0.25), np.array([0.0, 1.0, 2.0, 3.0])
    g = np.array([0.0, 0.2, 0.9, 1.0]) * lean
    intrinsic = baseline(psi, 1.6, masses=p)
    kappa = float(intrinsic.masses @ g) + 0.1
    found = distortion(intrinsic, g, kappa)
    total = intrinsic.multiplier + found.shift
    expect(total < -0.1, "beta < 0", multiplier=total)
    free = task_injected(psi, 1.6, task=g, task_target=kappa, masses=p)
    expect(free.multiplier == 0 and free.masses @ psi > 1.6, "with >= the level is slack", mean=free.masses @ psi)
    return f"A demand that lifts psi too: E[psi] held at tau needs beta = {total:.2f}; E[psi] >= tau has beta = 0."


@evidence("Lemma E.2", "necessity", controls={"E[e^f] finite": {"slope": 0.5}})
def infinite_partition_has_no_maximiser(slope: float = 1.0) -> str:
    """mu exponential, f = slope y: the values at the tilts of the law clipped at n grow without end."""
    ends = [10.0, 30.0, 100.0]
    laws = [clipped(lambda u: -np.log(u), lambda n: math.exp(-n), n) for n in ends]
    values = [law.log_partition(slope) for law in laws]
    rises = np.diff(values)
    expect(rises.min() > 0.9, "E_q[f] - KL(q||mu) is unbounded", ends=ends, values=values)
    exact = [math.log1p(n) for n in ends]
    expect(np.allclose(values, exact), "log E[exp(min(Y, n))] = log(1 + n)", values=values, exact=exact)
    return f"Exponential mu, f = y: E_q[f] - KL(q||mu) reaches {values[-1]:.2f} at n = 100 and grows like log n."


@evidence("Lemma E.2", "necessity", controls={"f integrable under the tilt": {"power": 4}})
def maximisers_without_a_mean(power: int = 2) -> str:
    """mu ~ e^-y (1 + y)^-power, f = y: the tilt exists, but E_q[f] and KL(q||mu) are both infinite for power 2."""
    reaches = [1e1, 1e2, 1e3]
    tilts = [non_steep_law(power, r).tilt(1.0) for r in reaches]
    means = [t.mean for t in tilts]
    expect(np.diff(means).min() > 1, "E_q[f] is infinite at the tilt", reaches=reaches, means=means)
    log_c = 1 + math.log(expn(power, 1))  # of the density; what is left below a reach carries the rest
    below = [1 - (1 + r) ** (1 - power) * expn(power, 1 + r) / expn(power, 1) for r in reaches]
    values = [non_steep_law(power, r).log_partition(1.0) + math.log(b) for r, b in zip(reaches, below, strict=True)]
    supremum = -math.log(power - 1) - log_c
    errors = [supremum - value for value in values]
    expect(min(errors) > 0 and errors[2] < 0.02 * errors[0], "approached, not attained", values=values, sup=supremum)
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


@evidence("Theorem E.3", "necessity", controls={"an exponential tail": {"tail": light}})
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
    expect(falls.max() < 0.3, "the bound tends to 0 although kappa > E[g]", counts=counts, bounds=bounds)
    expect(exact[-1] < 1e-2 * exact[0], "and so does Delta itself", exact=exact)
    logs = [math.log(float(m @ np.exp(0.05 * np.minimum(v, 5e3)))) for m, v in map(tail, counts)]
    expect(logs[-1] > 20 * max(logs[0], 1e-9), "E[exp(0.05 g)] grows without end", logs=logs)
    return f"g = 2^k with probability ~ 8^-k, kappa = E[g] + 1/2: Delta falls from {exact[0]:.1e} to {exact[-1]:.1e}."


@evidence("Theorem E.3", "necessity", controls={"a demand above E[g]": {"excess": 0.2}})
def met_demands_cost_nothing(excess: float = -0.2) -> str:
    p, psi, g = THREE
    intrinsic = baseline(psi, 1.0, masses=p)
    start = float(intrinsic.masses @ g)
    bound = distortion_bound(intrinsic, g, start + excess)
    expect(bound <= 1e-12, "the bound is 0", bound=bound)
    expect(excess <= 0, "the demand is met by q_beta", start=start, excess=excess)
    return "At kappa <= E_(q_beta)[g] the supremum is at gamma = 0: bound and distortion are 0."


@evidence("Theorem E.3", "necessity", controls={"g independent of psi": {"lean": 0.0}})
@evidence("Ours: exact distortion", "necessity", controls={"g independent of psi": {"lean": 0.0}})
def the_bound_is_not_the_distortion(lean: float = 1.0) -> str:
    """The bound lets E[psi] go: without the multiplier b of psi the dual is too small wherever g leans on psi."""
    p, psi, g = product(np.array([0.5, 0.3, 0.2]), np.array([0.0, 1.0, 3.0]))
    g = g + lean * psi
    intrinsic = baseline(psi, 0.6, masses=p)
    kappa = float(intrinsic.masses @ g) + 0.4
    found, bound = distortion(intrinsic, g, kappa), distortion_bound(intrinsic, g, kappa)
    expect(found.value > 1.05 * bound > 0, "Delta exceeds the bound", exact=found.value, bound=bound)
    q, psi_mean = intrinsic.masses, intrinsic.masses @ psi
    covariance = float(q @ ((psi - psi_mean) * (g - q @ g)))
    expect(
        abs(covariance) > 0.1 and found.shift < -0.1, "psi and g are dependent", covariance=covariance, b=found.shift
    )
    top = distortion_bound(intrinsic, psi, 0.8)
    contradiction = refused(lambda: distortion(intrinsic, psi, 0.8), InfeasibleTarget)
    expect(contradiction and math.isfinite(top), "g = psi: infeasible, finite bound", bound=top)
    return f"g = h + psi: Delta = {found.value:.4f}, bound {bound:.4f}; g = psi at 0.8: Delta = inf, bound {top:.4f}."


@evidence(
    "Ours: exact distortion",
    "necessity",
    controls={"an exponential tail": {"tail": light}, "a demand inside": {"edge": -0.1}},
)
def on_the_edge_the_dual_may_be_finite(tail: Tail = heavy, edge: float = 0.0) -> str:
    """Infinite space, kappa on the edge: half the mass at (psi, g) = (0, 0), the rest at g = -1 with a heavy psi.

    E[g] >= 0 keeps (0, 0) alone, where E[psi] = tau fails: Delta(0) = inf. But Delta(-e) -> log 2 as e -> 0 and the
    tail is let in, and so no multipliers, whose dual is lower semicontinuous in kappa, reach more than log 2 at 0.
    """
    counts, values = [8, 12, 16, 20], []
    for count in counts:
        masses, heights = tail(count)
        p, psi, g = np.append(0.5, 0.5 * masses), np.append(0.0, heights), np.append(0.0, -np.ones(count))
        intrinsic = baseline(psi, float(p @ psi), masses=p)
        at_edge = refused(lambda i=intrinsic, t=g: distortion(i, t, edge), InfeasibleTarget)
        expect(at_edge, "on the edge no law meets both levels", edge=edge)
        values.append(distortion(intrinsic, g, -8 * intrinsic.mean / heights[-1]).value)
        expect(abs(intrinsic.multiplier) < 1e-9, "the intrinsic solution is p", beta=intrinsic.multiplier)
    errors = [abs(v - math.log(2)) for v in values]
    expect(errors[-1] < 0.02, "Delta(-e) -> log 2", counts=counts, values=values)
    duals = {
        b: b * intrinsic.mean - math.log(0.5 + 0.5 * float(masses @ np.exp(b * heights - 60))) for b in (0.0, -0.1)
    }
    expect(max(duals.values()) <= math.log(2) + 1e-9, "the dual at gamma = 60 and b <= 0", duals=duals)
    blown = [math.log(float(m @ np.exp(np.minimum(0.01 * v, 600)))) for m, v in map(tail, counts)]
    expect(blown[-1] > 100, "b > 0 is no choice: E[exp(b psi)] grows without end", logs=blown)
    return f"Heavy psi, kappa = 0 on the edge: Delta = inf, its dual log 2; Delta(-e) -> {values[-1]:.4f}."


@evidence("Ours: exact distortion", "necessity", controls={"gamma >= 0": {"kappa_excess": 0.1}})
def equality_is_another_problem(kappa_excess: float = -0.1) -> str:
    """gamma >= 0 belongs to E[g] >= kappa: at a met demand the dual over all gamma is the price of E[g] = kappa."""
    p, psi, g = np.array([0.4, 0.2, 0.2, 0.2]), np.append(THREE[1], 0.0), np.append(THREE[2], 0.0)
    intrinsic = baseline(psi, 1.0, masses=p)
    kappa = float(intrinsic.masses @ g) + kappa_excess
    value = distortion(intrinsic, g, kappa).value
    mirrored = distortion(intrinsic, -g, -kappa)  # E[g] <= kappa
    expect(value == 0 < mirrored.value, "the signed dual exceeds Delta", exact=value, signed=mirrored.value)
    price = summed_kl(mirrored.masses, intrinsic.masses)
    expect(abs(price - mirrored.value) < 1e-8, "it is the price of equality", price=price, signed=mirrored.value)
    return f"At a met demand Delta = 0; with gamma < 0 allowed the dual would be {mirrored.value:.4f}."
