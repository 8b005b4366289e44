"""Sharpness rung: where equality is reached, which constant cannot be better, and which stronger claims are false.

No hypothesis is dropped here. The controls are examples in which the stronger claim happens to hold.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.theory import (
    AtomicLaw,
    GaussianLaw,
    InfeasibleTarget,
    Klsc,
    PiecewiseLaw,
    ScoreLaw,
    calibrate_hard,
    calibrate_klsc,
    hard_tv_speed,
    interpretability_gap,
    klsc_tv_speed,
)
from distributional_view.theory.measures import finite
from distributional_view.theory.measures.tasks import baseline, distortion, distortion_bound, task_injected
from distributional_view.theory.measures.typical import conditioning_error
from distributional_view.theory.pools.retrieval import tilted_weights
from tests.support.enumeration import close, summed_kl
from tests.support.refusals import refused

NORMAL = GaussianLaw()
UNIFORM = PiecewiseLaw(lambda u: u, np.zeros_like, np.array([0.0, 1.0]))
COIN = AtomicLaw(np.array([0.0, 1.0]), masses=np.array([0.7, 0.3]))
MASSES, SCORES = np.array([0.5, 0.3, 0.2]), np.array([0.0, 1.0, 2.0])
DIE = AtomicLaw(SCORES, masses=MASSES)
THREE = np.array([0.5, 0.25, 0.25]), np.array([0.0, 1.0, 2.0]), np.array([1.0, -1.0, 0.0])


@evidence("Lemma B.4", "sharpness", controls={"the constant itself": {"constant": 2.0}})
def pinsker_is_sharp(constant: float = 2.001) -> str:
    """The constant 2 cannot be raised: near (1/2, 1/2) KL = 2 TV^2 + O(TV^4)."""
    p, shifts = np.array([0.5, 0.5]), [0.1, 0.03, 0.01, 0.003]
    laws = [p + np.array([s, -s]) for s in shifts]
    distances, divergences = [finite.finite_tv(q, p) for q in laws], [finite.finite_kl(q, p) for q in laws]
    expect(np.allclose(distances, shifts), "TV is the shift", distances=distances)
    expect(np.allclose(divergences, [summed_kl(q, p) for q in laws]), "KL term by term", kl=divergences)
    gaps = [d - math.sqrt(k / constant) for d, k in zip(distances, divergences, strict=True)]
    expect(max(gaps) > 0, "TV > sqrt(KL/c) for some q", shifts=shifts, gaps=gaps)
    return f"TV <= sqrt(KL/{constant}) is false near a fair coin: 2 cannot be raised."


@evidence("Lemma D.4", "sharpness", controls={"above the mean": {"target": 0.8}})
def inactive_levels_are_not_tilted(target: float = 0.3) -> str:
    """The case tau <= E_p[psi] cannot join the other: the tilt with mean tau has beta < 0 and costs more than p."""
    beta = brentq(lambda b: UNIFORM.tilt(b).mean - target, -50.0, 50.0)
    exact = 1 / -math.expm1(-beta) - 1 / beta
    expect(close(exact, target, 1e-7), "closed form of the tilted mean", exact=exact)
    cost = beta * target - math.log(math.expm1(beta) / beta)
    expect(target <= 0.5 and cost > 0, "p is feasible and cheaper than the tilt", beta=beta, cost=cost)
    expect(beta < 0 and calibrate_klsc(UNIFORM, target).status == "inactive", "the constraint is inactive", beta=beta)
    return f"At tau = 0.3 below the mean the tilt with mean tau has beta = {beta:.3f} and KL {cost:.3f} > 0 = KL(p||p)."


@evidence(
    "Lemma D.7",
    "sharpness",
    controls={"two values above t": {"t": 0.0}, "a density above t": {"law": UNIFORM, "t": 0.5}},
)
def single_values_give_equality(law: ScoreLaw = COIN, t: float = 1.0) -> str:
    """Equality for shells: with a single value above t truncation and tilt have the same boundary mass, 1."""
    soft, hard = law.tilt(2.0).shell_mass(t, 0.25), law.shell_mass(t, 0.25)
    expect(soft == hard == 1, "both boundary masses are 1", soft=soft, hard=hard)
    return "With a single value above t both boundary masses are 1."


@evidence("Ours: ties", "sharpness", controls={"a density": {"law": UNIFORM, "target": 0.75}})
def plain_truncations_skip_levels(law: ScoreLaw = DIE, target: float = 1.0) -> str:
    """Without splitting ties the claim is false: means of plain truncations are 0.7, 1.4 and 2."""
    nearest = calibrate_hard(law, target, ties="nearest")
    expect(abs(nearest.mean - target) > 1e-6, "no plain truncation has this mean", mean=nearest.mean, target=target)
    expect(close(nearest.mean, 0.7), "the nearest is p itself", mean=nearest.mean)
    return f"Three values: no threshold has mean 1; the nearest has {nearest.mean:.3f}."


@evidence(
    "Theorem D.14",
    "sharpness",
    controls={"three values": {"law": DIE, "target": 1.0}, "a density": {"law": UNIFORM, "target": 0.8}},
)
def randomised_ties_reach_equality(law: ScoreLaw = COIN, target: float = 0.8) -> str:
    """Equality at a finite beta: on two values a split tie is a tilt."""
    hard, klsc = calibrate_hard(law, target), calibrate_klsc(law, target)
    expect(abs(hard.kl - klsc.kl) < 1e-12 and klsc.status == "active", "equality", hard=hard.kl, klsc=klsc.kl)
    exact = summed_kl(np.array([0.2, 0.8]), np.array([0.7, 0.3]))
    expect(close(hard.kl, exact), "the law (0.2, 0.8)", hard=hard.kl, exact=exact)
    expect(hard.dropped_tie > 0, "a tie is split", hard=hard)
    return f"A coin at tau = 0.8: the split tie is the tilt with beta = {klsc.multiplier:.4f}; the gap is 0."


@evidence(
    "Theorem D.14",
    "sharpness",
    controls={"two values above t": {"t": 1.0}, "a density above t": {"law": UNIFORM, "t": 0.5}},
)
@evidence(
    "Ours: gap",
    "sharpness",
    controls={"two values above t": {"t": 1.0}, "a density above t": {"law": UNIFORM, "t": 0.5}},
)
def one_value_above_gives_equality(law: ScoreLaw = DIE, t: float = 2.0) -> str:
    """Positivity at every finite beta is all that can be had: with one value above t the gap tends to 0."""
    result = interpretability_gap(law, t)
    expect(result.gap == 0, "no gap", gap=result.gap)
    expect(close(result.hard.kl, -math.log(0.2)), "the truncation is the top atom", kl=result.hard.kl)
    tilts = [Klsc(law, b).kl for b in (1.0, 5.0, 25.0)]
    exact = [summed_kl(q / q.sum(), MASSES) for q in (MASSES * np.exp(b * SCORES) for b in (1.0, 5.0, 25.0))]
    expect(np.allclose(tilts, exact), "KL of the tilts", tilts=tilts, exact=exact)
    gaps = [result.hard.kl - kl for kl in tilts]
    expect(result.klsc.status == "limit" and gaps[0] > gaps[1] > gaps[2] > 0, "only in the limit", gaps=gaps)
    return "With one value on {psi >= t} the gap is 0, reached at no finite beta."


@evidence("Ours: crossing", "sharpness", controls={"both above t*": {"below": -2.48, "above": -2.3}})
def the_crossing_is_between(law: ScoreLaw = NORMAL, below: float = -2.5, above: float = -2.48) -> str:
    """No weaker condition than t > t*: V_hard is already below V_soft at -2.5, still above at -2.48."""
    soft, hard = klsc_tv_speed(law, 0.0), [hard_tv_speed(law, t) for t in (below, above)]
    expect(close(soft, 1 / math.sqrt(2 * math.pi)), "V_soft", soft=soft)
    expect(hard[0] < soft < hard[1], "the crossing lies between", hard=hard, soft=soft)
    return f"N(0, 1): {hard[0]:.5f} < {soft:.5f} < {hard[1]:.5f} at -2.5 and -2.48."


def product(masses: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(p, psi, g): a fair coin psi, and g independent of it."""
    return np.outer([0.5, 0.5], masses).ravel(), np.repeat([0.0, 1.0], len(values)), np.tile(values, 2)


@evidence("Lemma E.1", "sharpness", controls={"g falls with psi": {"lean": -1.0}})
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


@evidence("Theorem E.3", "sharpness", controls={"g independent of psi": {"lean": 0.0}})
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


@evidence("Ours: exact distortion", "sharpness", controls={"gamma >= 0": {"kappa_excess": 0.1}})
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


@evidence("Lemma F.1", "sharpness", controls={"no tie": {"scores": (1.0, 2.5, 2.0)}})
def ties_share_the_limit(scores: tuple[float, ...] = (1.0, 2.5, 2.5)) -> str:
    """The limit is 1/|M|, not an argmax: with a tie no point ever gets more than half."""
    largest = [float(tilted_weights(np.array(scores), b).max()) for b in (10.0, 1e3, math.inf)]
    expect(max(largest) <= 0.5 + 1e-12, "no point takes all", largest=largest)
    expect(scores.count(max(scores)) == 2, "two maximisers", scores=scores)
    return "Two equal best scores keep weight 1/2 each at every beta."


@evidence("Definition F.3", "sharpness", controls={"a bounded statistic": {"height": lambda eps: 1.0}})
def unbounded_statistics_feel_rare_regions(height: Callable[[float], float] = lambda eps: 1 / eps) -> str:
    rare = [1e-2, 1e-4, 1e-6]
    errors = [
        conditioning_error(np.array([0.0, height(e)]), np.array([True, False]), masses=np.array([1 - e, e])).error
        for e in rare
    ]
    expect(min(errors) > 0.9, "E[s] and E[s | T] stay apart as eps -> 0", eps=rare, errors=errors)
    expect(height(1e-6) > 1e5, "s is not bounded")
    return "Mass eps at s = 1/eps: E[s] - E[s | T] = 1 at every eps."
