"""Necessity rung, Appendix B and the two constraint problems: drop a hypothesis, exhibit where the conclusion fails.

Each check shows first that the conclusion fails, then that the hypothesis does. Its controls are examples in which the
hypothesis holds, so that the conclusion does not fail and the check must reject them.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.theory import (
    AtomicLaw,
    GaussianLaw,
    Hard,
    InfeasibleTarget,
    Klsc,
    PiecewiseLaw,
    ScoreLaw,
    calibrate_hard,
    calibrate_klsc,
    interpretability_gap,
    kl,
)
from distributional_view.theory.measures import finite as finite
from distributional_view.toy.world import published_table2
from tests.support.enumeration import bound_groups, summed_kl
from tests.support.refusals import clipped, refused
from tests.support.strategies import exponential_law, non_steep_law

UNIFORM = PiecewiseLaw(lambda u: u, np.zeros_like, np.array([0.0, 1.0]))
FLOORED = PiecewiseLaw(lambda u: np.maximum(u, 0.4), np.zeros_like, np.array([0.0, 0.4, 1.0]))
CAPPED = PiecewiseLaw(lambda u: np.minimum(u, 0.7), np.zeros_like, np.array([0.0, 0.7, 1.0]))
COIN = AtomicLaw(np.array([0.0, 1.0]), masses=np.array([0.7, 0.3]))
CONSTANT = AtomicLaw(np.array([2.0]))
EXPONENTIAL = exponential_law(1.0)
DIE = AtomicLaw(np.array([0.0, 1.0, 2.0]), masses=np.array([0.5, 0.3, 0.2]))


@evidence("Assumption D.2", "necessity", controls={"Pareto(3)": {"index": 3.0}})
def one_sided_moments_leave_no_mean(index: float = 0.5) -> str:
    """psi = -Pareto(index): Z(beta) <= 1 for every beta >= 0, but the mean may be -inf."""
    ends = [1e2, 1e4, 1e6]
    laws = [clipped(lambda u: u ** (-1 / index), lambda n: n**-index, n, -1) for n in ends]
    slope = np.polyfit(np.log(ends), np.log([-law.mean for law in laws]), 1)[0]
    expect(slope > 0.4, "the mean of max(psi, -n) falls without end", ends=ends, means=[law.mean for law in laws])
    expect(all(law.log_partition(b) <= 0 for law in laws for b in (0.01, 1.0, 100.0)), "Z(beta) <= 1 for beta >= 0")
    return f"-Pareto(1/2): Z <= 1 at every beta >= 0, but E[max(psi, -n)] falls like -n^{slope:.2f}: no mean."


@evidence(
    "Assumption D.2",
    "necessity",
    controls={"exponential": {"score": lambda u: -np.log(u), "inverse": lambda n: math.exp(-n)}},
)
def heavy_upper_tail_has_no_tilt(
    score: Callable[[np.ndarray], np.ndarray] = lambda u: u ** (-1 / 3),
    inverse: Callable[[float], float] = lambda n: n**-3,
) -> str:
    beta, ends = 0.1, [1e3, 1e4, 1e5]
    values = [clipped(score, inverse, n).log_partition(beta) / n for n in ends]
    expect(abs(values[-1] / beta - 1) < 0.02, "A_n(beta)/n -> beta: Z = inf", values=values)
    mean = clipped(score, inverse, 1e12).mean
    expect(abs(mean - 1.5) < 1e-9, "although the mean is finite", mean=mean)
    return "Pareto(3) has mean 3/2, but log E[exp(0.1 min(psi, n))] ~ 0.1 n: no tilt exists."


@evidence("Remark D.3", "necessity", controls={"bounded": {"law": UNIFORM}})
def unbounded_scores_lose_tilts(law: ScoreLaw = EXPONENTIAL) -> str:
    expect(refused(lambda: Klsc(law, 1.0)), "no tilt at beta = 1", law=law)
    expect(law.ess_sup == math.inf, "the score is unbounded", sup=law.ess_sup)
    return "An exponential score has no tilt at beta = 1."


@evidence("Lemma B.4", "necessity", controls={"the constant itself": {"constant": 2.0}})
def pinsker_is_sharp(constant: float = 2.001) -> str:
    """Without the constant 2: near (1/2, 1/2) KL = 2 TV^2 + O(TV^4)."""
    p, shifts = np.array([0.5, 0.5]), [0.1, 0.03, 0.01, 0.003]
    gaps = [
        finite.finite_tv(q, p) - math.sqrt(finite.finite_kl(q, p) / constant)
        for q in (p + np.array([s, -s]) for s in shifts)
    ]
    expect(max(gaps) > 0, "TV > sqrt(KL/c) for some q", shifts=shifts, gaps=gaps)
    return f"TV <= sqrt(KL/{constant}) is false near a fair coin: 2 cannot be raised."


@evidence("Lemma D.1", "necessity", controls={"mass above t": {"t": 1.0}})
def truncation_needs_mass(t: float = 1.5) -> str:
    expect(refused(lambda: Hard(COIN, t)), "no truncation", t=t)
    expect(refused(lambda: COIN.shell_mass(t, 0.1)), "no boundary mass", t=t)
    expect(COIN.log_survival(t) == -math.inf, "p(A_t) = 0", t=t)
    return "Above the supremum no q << p lives on {psi >= t}, and q(shell)/q(A_t) is 0/0."


@evidence(
    "Lemma D.4",
    "necessity",
    controls={
        "uniform, inside": {"target": 0.9},
        "not steep, below its slope": {"law": non_steep_law(3), "target": 0.9},
    },
)
@evidence(
    "Ours: limits",
    "necessity",
    controls={"uniform, inside": {"target": 0.9}, "an atom on top": {"law": CAPPED, "target": 0.7}},
)
def tilts_may_not_reach(law: ScoreLaw = UNIFORM, target: float = 1.0) -> str:
    expect(refused(lambda: calibrate_klsc(law, target), InfeasibleTarget), "no tilt has this mean", target=target)
    last = law.max_multiplier if math.isfinite(law.max_multiplier) else 1e5
    reached = law.tilt(last).mean
    expect(reached < target, "some beta reaches tau: not here", beta=last, reached=reached, target=target)
    return f"Uniform on [0, 1], tau = 1: beta = 1e5 reaches {reached:.6f}; the supremum carries no mass."


@evidence(
    "Lemma D.4",
    "necessity",
    controls={"below the last slope": {"target": 0.9}, "a faster tail": {"power": 5, "target": 0.3}},
)
def not_steep_is_not_attained(power: int = 3, target: float = 2.0) -> str:
    law = non_steep_law(power)
    expect(refused(lambda: calibrate_klsc(law, target), InfeasibleTarget), "no minimiser", target=target)
    slope = law.tilt(1.0).mean
    expect(slope < target, "the level is beyond the last slope", slope=slope, target=target)
    return f"Density ~ e^-y (1 + y)^-3: A ends at beta = 1 with slope {slope:.6f}; tau = 2 is feasible but unattained."


@evidence("Lemma D.4", "necessity", controls={"above the mean": {"target": 0.8}})
def inactive_levels_are_not_tilted(target: float = 0.3) -> str:
    """Without tau > E_p[psi]: the tilt with mean tau has beta < 0 and costs more than p, which is feasible."""
    beta = brentq(lambda b: UNIFORM.tilt(b).mean - target, -50.0, 50.0)
    cost = beta * target - UNIFORM.log_partition(beta)
    feasible = target <= UNIFORM.mean
    expect(feasible and cost > 0, "p is feasible and cheaper than the tilt", beta=beta, cost=cost, feasible=feasible)
    expect(beta < 0 and calibrate_klsc(UNIFORM, target).status == "inactive", "the constraint is inactive", beta=beta)
    return f"At tau = 0.3 below the mean the tilt with mean tau has beta = {beta:.3f} and KL {cost:.3f} > 0 = KL(p||p)."


@evidence("Remark D.5", "necessity", controls={"two values": {"law": COIN}})
def constant_scores_do_not_move(law: ScoreLaw = CONSTANT) -> str:
    slope, moved = law.tilt(1.0).variance, law.tilt(5.0).mean - law.tilt(0.0).mean
    expect(slope == 0 and moved == 0, "dE/dbeta = 0", slope=slope, moved=moved)
    expect(law.ess_inf == law.ess_sup, "psi is constant")
    return "A constant score has the same mean under every tilt."


@evidence("Lemma D.6", "necessity", controls={"no atom at t": {"t": 0.6}})
def atoms_break_the_hazard_limit(t: float = 0.4) -> str:
    masses = [Hard(FLOORED, t).boundary_mass(t, d) for d in (1e-2, 1e-4, 1e-6)]
    expect(masses[-1] > 0.1, "M_d -> 0 with d: not here", masses=masses)
    limit = FLOORED.atom(t) / FLOORED.survival(t)
    expect(limit > 0 and abs(masses[-1] - limit) < 1e-5, "the limit is P(Y = t)/S(t)", masses=masses, limit=limit)
    return f"max(U, 0.4) at its atom: M_d -> {limit:.3f}, not 0."


@evidence("Lemma D.7", "necessity", controls={"beta > 0": {"beta": 1.0}})
@evidence("Ours: all margins", "necessity", controls={"beta > 0": {"beta": 1.0}})
def negative_tilts_raise_the_hazard(beta: float = -1.0) -> str:
    law, t = GaussianLaw(), 0.5
    pairs = [(law.tilt(beta).hazard(t), law.hazard(t))]
    pairs += [(law.tilt(beta).shell_mass(t, d), law.shell_mass(t, d)) for d in (0.01, 0.3, 2.0)]
    expect(all(soft > hard for soft, hard in pairs), "the tilt is heavier at the boundary", pairs=pairs)
    expect(beta < 0, "beta is not positive", beta=beta)
    return "N(0, 1) at t = 0.5: beta = -1 raises the hazard and every shell."


@evidence(
    "Lemma D.7",
    "necessity",
    controls={"two values above t": {"t": 0.0}, "a density above t": {"law": UNIFORM, "t": 0.5}},
)
def degenerate_tails_give_equality(law: ScoreLaw = COIN, t: float = 1.0) -> str:
    soft, hard = law.tilt(2.0).shell_mass(t, 0.25), law.shell_mass(t, 0.25)
    expect(soft == hard, "strictness fails", soft=soft, hard=hard)
    expect(law.mean_residual(t) == 0, "Y is degenerate on [t, inf)", residual=law.mean_residual(t))
    return "With a single value above t both boundary masses are 1."


@evidence("Lemma D.8", "necessity", controls={"mass between": {"t1": 0.0}})
def no_mass_between(t1: float = 0.2, t2: float = 0.8) -> str:
    value = kl(Hard(COIN, t1), Hard(COIN, t2))
    expect(value == 0, "KL is 0, not infinite", value=value)
    expect(COIN.survival(t1) == COIN.survival(t2), "no mass between")
    return "Thresholds 0.2 < 0.8 in a gap of the support give the same truncation."


@evidence("Ours: reverse KL", "necessity", controls={"t1 < t2": {"t1": 0.0, "t2": 1.0}})
def reverse_kl_needs_nesting(t1: float = 1.0, t2: float = 0.0) -> str:
    law = GaussianLaw()
    value, ratio = kl(Hard(law, t2), Hard(law, t1)), law.log_survival(t1) - law.log_survival(t2)
    expect(abs(value - ratio) > 1e-9, "the logarithm is not the KL", value=value, ratio=ratio)
    expect(value == math.inf and t1 > t2, "the supports are not nested", value=value)
    return "With t1 > t2 the same expression is negative and the KL infinite."


@evidence("Lemma D.9", "necessity", controls={"tilts": {"path": Klsc}})
def truncations_have_no_such_bound(path: Callable[..., Hard | Klsc] = Hard) -> str:
    law, steps = GaussianLaw(), [1e-2, 1e-4, 1e-6]
    values = [kl(path(law, 0.5), path(law, 0.5 + s)) for s in steps]
    expect(min(values) > 1e-3, "KL -> 0 with the step: not here", steps=steps, values=values)
    expect(values == [math.inf] * 3, "infinite at every step", values=values)
    return "KL(q_t || q_(t + s)) is infinite at every s > 0: no smoothness in the threshold."


@evidence("Lemma D.9", "necessity", controls={"finite variance at the end": {"power": 6}})
def ends_of_the_domain_are_not_smooth(power: int = 3) -> str:
    """At beta_max the variance may be infinite: KL = O(step^2) fails by a logarithm."""
    law, steps = non_steep_law(power), [1e-1, 1e-2, 1e-3, 1e-4]
    ratios = [kl(Klsc(law, 1 - s), Klsc(law, 1.0)) / s**2 for s in steps]
    rises = np.diff(ratios)
    expect(min(rises) > 0.7 * max(rises) > 0.1, "KL/step^2 grows by a constant per decade", ratios=ratios)
    moments = [non_steep_law(power, r).tilt(1.0).variance for r in (1e2, 1e3, 1e4)]
    expect(min(np.diff(moments)) > 1, "the variance at the end is infinite", moments=moments)
    return "Density ~ e^-y (1 + y)^-3 near beta = 1: KL/step^2 grows like log(1/step)."


@evidence("Ours: score law", "necessity", controls={"a density in psi alone": {"lean": 0.0}})
def other_densities_need_the_space(lean: float = 0.4) -> str:
    p, scores = np.array([0.25, 0.25, 0.25, 0.25]), np.array([0.0, 0.0, 1.0, 1.0])
    q = np.array([0.2 + lean / 4, 0.2 - lean / 4, 0.3, 0.3])
    law_p, law_q = (np.array([m[scores == v].sum() for v in (0.0, 1.0)]) for m in (p, q))
    on_space, on_law = summed_kl(q, p), summed_kl(law_q, law_p)
    expect(on_space > on_law + 1e-9, "KL is not a functional of the law", space=on_space, law=on_law)
    expect(q[0] != q[1], "the density differs at equal scores", q=q)
    return f"A density that differs at equal scores: KL {on_space:.4f} on the space, {on_law:.4f} between score laws."


@evidence("Ours: ties", "necessity", controls={"a density": {"law": UNIFORM, "target": 0.75}})
def plain_truncations_skip_levels(law: ScoreLaw = DIE, target: float = 1.0) -> str:
    nearest = calibrate_hard(law, target, ties="nearest")
    expect(abs(nearest.mean - target) > 1e-6, "no plain truncation has this mean", mean=nearest.mean, target=target)
    expect(calibrate_hard(law, target).tie_fraction < 1, "an atom is split", law=law.atoms())
    return f"Three values: no threshold has mean 1; the nearest has {nearest.mean:.3f}."


@evidence("Theorem D.14", "necessity", controls={"matched levels": {"excess": 0.0}})
@evidence("Ours: gap", "necessity", controls={"matched levels": {"excess": 0.0}})
def unmatched_levels(excess: float = 0.5) -> str:
    law = GaussianLaw()
    hard = Hard(law, 0.0)
    klsc = calibrate_klsc(law, hard.mean + excess)
    expect(klsc.kl > hard.kl, "the tilt is dearer", klsc=klsc.kl, hard=hard.kl)
    expect(abs(hard.kl - klsc.kl - kl(hard, klsc)) > 0.1, "and the gap is no KL", gap=hard.kl - klsc.kl)
    expect(klsc.mean > hard.mean + 0.1, "the levels differ", klsc=klsc.mean, hard=hard.mean)
    return f"N(0, 1) at t = 0, tilt 0.5 higher: KL {klsc.kl:.3f} > {hard.kl:.3f}."


@evidence(
    "Theorem D.14",
    "necessity",
    controls={"three values": {"law": DIE, "target": 1.0}, "a density": {"law": UNIFORM, "target": 0.8}},
)
def randomised_ties_reach_equality(law: ScoreLaw = COIN, target: float = 0.8) -> str:
    """Strictness at a finite beta needs plain truncation: on two values a split tie is a tilt."""
    hard, klsc = calibrate_hard(law, target), calibrate_klsc(law, target)
    expect(abs(hard.kl - klsc.kl) < 1e-12 and klsc.status == "active", "equality", hard=hard.kl, klsc=klsc.kl)
    expect(hard.dropped_tie > 0 and hard.threshold == law.ess_inf, "the truncation splits a tie", hard=hard)
    return f"A coin at tau = 0.8: the split tie is the tilt with beta = {klsc.multiplier:.4f}; the gap is 0."


@evidence(
    "Theorem D.14",
    "necessity",
    controls={"two values above t": {"t": 1.0}, "a density above t": {"law": UNIFORM, "t": 0.5}},
)
@evidence(
    "Ours: gap",
    "necessity",
    controls={"two values above t": {"t": 1.0}, "a density above t": {"law": UNIFORM, "t": 0.5}},
)
def one_value_above_gives_equality(law: ScoreLaw = DIE, t: float = 2.0) -> str:
    result = interpretability_gap(law, t)
    expect(result.gap == 0, "no gap", gap=result.gap)
    finite_tilts = [result.hard.kl - Klsc(law, b).kl for b in (1.0, 5.0, 25.0)]
    expect(result.klsc.status == "limit" and min(finite_tilts) > 0, "only in the limit", differences=finite_tilts)
    return "With one value on {psi >= t} the gap is 0, reached at no finite beta."


@evidence("Ours: printed KL", "necessity", controls={"psi >= 0": {"lowest": 0.0}, "psi >= -1": {"lowest": -1.0}})
def negative_scores_lift_the_bound(lowest: float = -30.0) -> str:
    table, levels = published_table2(), [5.0, 6.0, 7.0]
    values, masses = bound_groups([table[level, "hard"]["kl_kde"] for level in levels], levels).atoms()
    law = AtomicLaw(np.append(lowest, values[1:]), masses=masses)
    exact, printed = calibrate_klsc(law, 5.0).kl, table[5.0, "klsc"]["kl_kde"]
    expect(exact >= printed, "a law with the printed hard KL reaches the printed KLSC KL", exact=exact, printed=printed)
    matched = [abs(calibrate_hard(law, level).kl - table[level, "hard"]["kl_kde"]) for level in levels]
    expect(
        max(matched) < 1e-9 and law.ess_inf < 0, "its hard KL are the printed ones; psi < 0 somewhere", matched=matched
    )
    return f"With scores down to {lowest} the printed hard KL allow a KLSC KL of {exact:.3f} >= {printed} at 5."
