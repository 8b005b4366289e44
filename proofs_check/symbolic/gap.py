"""Theorem D.14 and its exact form, symbolically, for finitely many atoms: all masses and places are symbols."""

from collections.abc import Callable

import sympy as sp

from distributional_view.proofs_check.algebra import Expression, equal, mean, normalised, positive, real, tilt
from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.proofs_check.finite import above, conditioned, convex_minimum, divergence, ladder, mass

BETA = real("beta")[0]


@evidence(
    "Theorem D.14",
    "symbolic",
    controls={
        "a soft solution with another mean": {"excess": 1},
        "KL(q_t || p) = -log p(not A)": {"event": False},
        "tau below the mean of p": {"order": -1},
    },
    constants=(
        "event",
        "order",
    ),
)
def hard_solution_is_a_candidate(excess: int = 0, event: bool = True, order: int = 1) -> str:
    """(141)-(144): q_t meets the soft constraint at tau, tau > E_p[psi], and KL >= 0 gives the gap its sign."""
    n, cut = 4, 2
    p, y = normalised(positive("p:4")), ladder(n)
    tail = above(cut, n)
    hard = conditioned(p, tail)
    kept, tau = mass(p, tail), mean(hard, y)
    below = mean(conditioned(p, [not b for b in tail]), y)
    divergence = sum(a * sp.log(a / b) for a, b, inside in zip(hard, p, tail, strict=True) if inside)
    equal(divergence, -sp.log(kept if event else 1 - kept), "KL(q_t || p) = -log p(A_t)")
    equal(tau - mean(p, y), (1 - kept) * (tau - below), "tau - E_p[psi] = p(not A)(E[psi | A] - E[psi | not A])")
    rise = sp.factor(sp.together(order * (tau - mean(p, y))))
    expect(rise.is_positive, "tau > E_p[psi]: the soft constraint is active", difference=rise)
    z = mean(p, [sp.exp(BETA * v) for v in y])
    hard_kl, dual = -sp.log(kept), BETA * (tau + excess) - sp.log(z)
    gap = sum(
        a * (sp.log(a) - sp.log(b) - BETA * v + sp.log(z))
        for a, b, v, inside in zip(hard, p, y, tail, strict=True)
        if inside
    )
    equal(hard_kl - dual, gap, "KL(q_t || p) - (beta tau - A) = KL(q_t || q_beta)")
    convex_minimum(lambda u: u * sp.log(u) - u + 1, 1, "KL >= 0, and 0 only if the laws agree")
    return (
        "q_t has mean tau > E_p[psi] and KL(q_t || p) = -log p(A_t), and KL(q_t || p) - KL(q_beta || p) = "
        "KL(q_t || q_beta) >= 0, 0 only if q_beta = q_t, for 4 symbolic atoms. Where no beta attains tau, q_t is a "
        "candidate, and strict convexity of KL makes the minimiser unique (Lemma D.4, Ours: limits)."
    )


@evidence(
    "Ours: gap",
    "symbolic",
    controls={
        "unmatched means": {"matched": False, "breaks": "KL(q_t || p) - KL(q_beta || p)"},
        "the reverse multiplier": {"sign": -1, "breaks": "KL(q_t || p) - KL(q_beta || p)"},
        "twice the gap": {"factor": 2, "breaks": "KL(q_t || p) - KL(q_beta || p)"},
        "the truncation below t": {"upper": False, "breaks": "E_(q_t) > E_p"},
        "KL(q_beta || q_t) for the gap": {"direction": lambda q, r: divergence(r, q), "breaks": "KL(q_t || p) - KL"},
    },
    constants=("factor", "matched", "upper"),
)
def exact_gap(
    matched: bool = True,
    sign: int = 1,
    factor: int = 1,
    upper: bool = True,
    direction: Callable[..., Expression] = divergence,
) -> str:
    """Gap = KL(q_t || q_beta) + beta (difference of means); >= -log q_beta(A) > 0; -> 0 if psi is largest on A."""
    n, cut = 4, 2
    p, y = normalised(positive("p:4")), ladder(n)
    tail = [inside is upper for inside in above(cut, n)]
    hard, soft = conditioned(p, tail), tilt(p, [BETA * v for v in y])
    rest = conditioned(p, [not inside for inside in tail])
    rise = sp.factor(sp.together(mean(hard, y) - mean(rest, y)))
    equal(mean(hard, y) - mean(p, y), (1 - mass(p, tail)) * rise, "E_(q_t) - E_p is p(not A) (E[ | A] - E[ | not A])")
    expect(rise.is_positive, "E_(q_t) > E_p: only a beta > 0 has the mean of q_t", rise=rise)
    difference = sign * BETA * (mean(hard, y) - mean(soft, y)) if matched else sp.Integer(0)
    equal(
        divergence(hard, p) - divergence(soft, p),
        factor * direction(hard, soft) + difference,
        "KL(q_t || p) - KL(q_beta || p) = KL(q_t || q_beta) + beta (E_(q_t) - E_(q_beta)); 0 at matched means",
    )
    reached, inner = mass(soft, tail), conditioned(soft, tail)
    split = divergence(hard, inner) - sp.log(reached)
    equal(divergence(hard, soft), split, "KL(q_t || q_beta) = -log q_beta(A) + KL(q_t || q_beta( . | A))")
    lost = mass(soft, [not b for b in tail])
    expect(lost.is_positive, "q_beta(not A) > 0 for every finite beta: the gap is > 0", mass=lost)
    top = [k == n - 1 for k in range(n)]
    far = tilt(p, [BETA * (v - y[-1]) for v in y])
    near = sp.Symbol("epsilon", positive=True)
    limit = sp.limit(mass(far, top).subs(BETA, 1 / near), near, 0)
    equal(limit, 1, "A = {psi = its largest value}: q_beta(A) -> 1, so the gap -log q_beta(A) -> 0")
    return (
        "gap = KL(q_t || q_beta) at matched means, = -log q_beta(A) + KL(q_t || q_beta(.|A)) > 0 for every finite beta "
        "as q_beta(not A) > 0; it tends to 0 as beta -> inf if psi is constant and largest on A. 4 symbolic atoms."
    )
