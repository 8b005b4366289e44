"""Necessity rung, our own statements about score laws: ties, gaps, printed values.

Each check says which hypotheses hold in its example, refutes the conclusion, and shows that the one dropped is broken.
Its controls are examples in which the conclusion stands, and must be rejected for that.
"""

import math

import numpy as np
from scipy.integrate import quad
from scipy.special import ndtr

from distributional_view.proofs_check.evidence import evidence
from distributional_view.proofs_check.premises import broken, holds, refuted
from distributional_view.theory import AtomicLaw, calibrate_hard, calibrate_klsc
from distributional_view.toy.world import published_table2
from tests.support.enumeration import bound_groups, summed_kl

DIE = np.array([0.5, 0.3, 0.2]), np.array([0.0, 1.0, 2.0])


@evidence("Ours: score law", "necessity", drops="functions of psi", controls={"a density in psi": {"lean": 0.0}})
def other_densities_need_the_space(lean: float = 0.4) -> str:
    p, scores = np.array([0.25, 0.25, 0.25, 0.25]), np.array([0.0, 0.0, 1.0, 1.0])
    q = np.array([0.2 + lean / 4, 0.2 - lean / 4, 0.3, 0.3])
    law_p, law_q = (np.array([m[scores == v].sum() for v in (0.0, 1.0)]) for m in (p, q))
    on_space, on_law = summed_kl(q, p), summed_kl(law_q, law_p)
    refuted("KL is a functional of the law of Y", on_space > on_law + 1e-9, space=on_space, law=on_law)
    broken("functions of psi", q[0] != q[1], q=q)
    return f"A density that differs at equal scores: KL {on_space:.4f} on the space, {on_law:.4f} between score laws."


@evidence("Ours: ties", "necessity", drops="levels in range", controls={"inside": {"level": 1.0}})
def levels_beyond_are_not_reached(level: float = 2.1) -> str:
    """Three values 0, 1, 2: the mean of every randomised truncation, on a fine grid of a at each atom."""
    p, psi = DIE
    shares = np.linspace(0, 1, 2001)
    kept = [p * (psi > t) + a * p * (psi == t) for t in psi for a in shares[1:]]
    means = np.array([float(q @ psi / q.sum()) for q in kept])
    nearest = float(np.abs(means - level).min())
    refuted("some randomised truncation has this mean", nearest > 1e-2, level=level, nearest=nearest)
    broken("levels in range", not p @ psi <= level <= psi.max(), level=level)
    return f"Levels above the largest score stay {nearest:.2f} away."


@evidence("Theorem D.14", "necessity", drops="matched level", controls={"matched levels": {"excess": 0.0}})
@evidence("Ours: gap", "necessity", drops="matched level", controls={"matched levels": {"excess": 0.0}})
def unmatched_levels(excess: float = 0.5) -> str:
    """N(0, 1) at t = 0: KL(q_t || p) = log 2, KL(q_tau || p) = tau^2/2, KL(q_t || q_tau) = log 2 - tau m + tau^2/2."""
    mean = math.sqrt(2 / math.pi)
    tau = mean + excess
    hard, soft = math.log(2), tau**2 / 2
    for name in ("mass above t", "mass below t"):
        holds(name, math.isclose(ndtr(0.0), 0.5))
    holds("finite mean", quad(lambda y: y * math.exp(-y * y / 2), 0, 40)[0] < math.inf)
    holds("solution", math.isfinite(tau))
    between = hard - tau * mean + tau**2 / 2
    dearer = soft > hard and abs(hard - soft - between) > 0.1
    refuted("the tilt is cheaper, by KL(q_t || q_beta)", dearer, soft=soft, hard=hard, between=between)
    broken("matched level", abs(tau - mean) > 0.1, levels=(tau, mean))
    return f"N(0, 1) at t = 0, tilt 0.5 higher: KL {soft:.3f} > {hard:.3f}."


@evidence("Ours: gap", "necessity", drops="mass below t", controls={"something is cut": {"t": 1.0}})
def nothing_cut_leaves_no_gap(t: float = 0.0) -> str:
    p, psi = DIE
    kept = p * (psi >= t)
    hard = kept / kept.sum()
    soft = AtomicLaw(psi, masses=p)
    tilted = calibrate_klsc(soft, float(hard @ psi))
    holds("matched level", abs(tilted.mean - hard @ psi) < 1e-9, mean=tilted.mean)
    gap = summed_kl(hard, p) - tilted.kl
    refuted("the gap is positive at a finite beta", abs(gap) < 1e-12, gap=gap)
    broken("mass below t", p[psi < t].sum() == 0)
    return "At the lowest score truncation and tilt are both p: no gap."


@evidence("Ours: reverse KL", "necessity", drops="ordered thresholds", controls={"t1 < t2": {"t1": 0.0, "t2": 1.0}})
def reverse_kl_needs_nesting(t1: float = 1.0, t2: float = 0.0) -> str:
    p, psi = DIE
    first, second = p * (psi >= t1), p * (psi >= t2)
    holds("mass above t", second.sum() > 0)
    value, ratio = summed_kl(second / second.sum(), first / first.sum()), math.log(first.sum() / second.sum())
    refuted("KL(q_t2 || q_t1) = log(S(t1)/S(t2))", not math.isclose(value, ratio), value=value, ratio=ratio)
    broken("ordered thresholds", t1 > t2, thresholds=(t1, t2))
    return f"With t1 > t2 the logarithm is {ratio:.3f}, the KL infinite."


@evidence(
    "Ours: printed KL",
    "necessity",
    drops="psi >= 0",
    controls={"psi >= 0": {"lowest": 0.0}, "psi >= -1": {"lowest": -1.0}},
)
def negative_scores_lift_the_bound(lowest: float = -30.0) -> str:
    table, levels = published_table2(), [5.0, 6.0, 7.0]
    values, masses = bound_groups([table[level, "hard"]["kl_kde"] for level in levels], levels).atoms()
    law = AtomicLaw(np.append(lowest, values[1:]), masses=masses)
    matched = [abs(calibrate_hard(law, level).kl - table[level, "hard"]["kl_kde"]) for level in levels]
    holds("exact hard values", max(matched) < 1e-9, matched=matched)
    exact, printed = calibrate_klsc(law, 5.0).kl, table[5.0, "klsc"]["kl_kde"]
    refuted("the exact KLSC KL is below the printed one", exact >= printed, exact=exact, printed=printed)
    broken("psi >= 0", law.ess_inf < 0, lowest=lowest)
    return f"With scores down to {lowest} the printed hard KL allow a KLSC KL of {exact:.3f} >= {printed} at 5."


@evidence("Ours: printed KL", "necessity", drops="exact hard values", controls={"dearer values": {"scale": 1.0}})
def other_hard_values_lift_the_bound(scale: float = 3.0) -> str:
    """Hard KLs three times the printed ones, psi >= 0: the printed KLSC KL is possible."""
    table, levels = published_table2(), [5.0, 6.0, 7.0]
    values, masses = bound_groups([scale * table[level, "hard"]["kl_kde"] for level in levels], levels).atoms()
    law = AtomicLaw(values, masses=masses)
    holds("psi >= 0", values.min() == 0, values=values)
    exact, printed = calibrate_klsc(law, 5.0).kl, table[5.0, "klsc"]["kl_kde"]
    refuted("the exact KLSC KL is below the printed one", exact >= printed, exact=exact, printed=printed)
    hard, stated = calibrate_hard(law, 5.0).kl, table[5.0, "hard"]["kl_kde"]
    broken("exact hard values", scale != 1 and math.isclose(hard, scale * stated), hard=hard, stated=stated)
    return f"Hard KLs {scale:.0f} times the printed ones allow a KLSC KL of {exact:.3f} >= {printed} at 5."
