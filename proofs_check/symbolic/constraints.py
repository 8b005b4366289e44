"""Lemma D.1 to Remark D.5, symbolically: truncation and tilting solve their problems.

Identities between KLs are shown twice: for the integrand at a general point, where p, q > 0 are the densities, which
integrates to the statement for any measure; and for a finite measure with symbolic masses and scores.
"""

from collections.abc import Callable, Sequence

import sympy as sp

from distributional_view.proofs_check.algebra import (
    Expression,
    equal,
    kl,
    mean,
    normalised,
    partition,
    positive,
    real,
    tilt,
)
from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.proofs_check.finite import conditioned, divergence, mass, positive_beyond_zero

Binary = Callable[[Expression, Expression], Expression]
P, Q = positive("p q")
KEPT = (False, True, True, True)


def _relative(q: Expression, r: Expression) -> Expression:
    """The integrand of KL(q || r)."""
    return q * sp.log(q / r)


@evidence(
    "Lemma D.1",
    "symbolic",
    controls={
        "restriction without renormalising": {"normaliser": lambda kept: sp.Integer(1)},
        "KL(q_t || q) in place of KL(q || q_t)": {"integrand": lambda q, r: r * sp.log(r / q)},
        "+ log p(A_t)": {"cost": sp.log},
    },
)
def truncation_minimises(
    normaliser: Callable[[Expression], Expression] = lambda kept: kept,
    integrand: Binary = _relative,
    cost: Callable[[Expression], Expression] = lambda kept: -sp.log(kept),
) -> str:
    """(44)-(46): on A_t, log(q/p) = log(q/q_t) - log p(A_t); the last term integrates to itself under q."""
    (kept,) = positive("P")
    solution = P / normaliser(kept)
    equal(_relative(Q, P), integrand(Q, solution) + Q * cost(kept), "(46): the integrand on A_t")
    p = normalised(positive("p:4"))
    q = conditioned(normalised(positive("q:4")), KEPT)
    truncated = conditioned(p, KEPT)
    total = mass(p, KEPT)
    equal(divergence(q, p), divergence(q, truncated) + cost(total), "(46): KL(q||p) = KL(q||q_t) - log p(A_t)")
    equal(divergence(truncated, p), cost(total), "KL(q_t||p) = -log S(t)")
    return "KL(q||p) = KL(q||q_t) - log p(A_t) on A_t; by Definition B.2 the least value is -log p(A_t), at q_t only"


@evidence(
    "Assumption D.2",
    "symbolic",
    controls={
        "too small a moment bound": {"bound": lambda k: sp.Integer(2) ** k},
        "a witness with a finite mean": {"tail": sp.Integer(2)},
        "domination up to beta_0 itself": {"room": sp.Integer(0)},
    },
)
def what_integrability_gives(
    bound: Callable[[Expression], Expression] = sp.factorial,
    tail: Expression = sp.S.Half,
    room: Expression = sp.Symbol("c", positive=True),  # noqa: B008 - an immutable symbol
) -> str:
    """Moments are finite, A may be differentiated below beta_0; one-sided integrability would not be enough."""
    x, beta = positive("x beta")
    k = sp.Symbol("k", integer=True, positive=True)
    # exp(x) - x^k/bound(k) has the derivative exp(x) - x^(k-1)/bound(k-1) and is 1 at 0: induction from exp(x) > 0
    equal(sp.gammasimp(sp.diff(x**k / bound(k), x) * bound(k - 1) / x ** (k - 1)), 1, "x^k <= k! exp(x)")
    equal(bound(sp.Integer(0)), 1, "x^k <= k! exp(x): start")
    # x exp(beta x) <= exp((beta + c) x)/(e c): the derivative at beta is dominated while c = beta_0 - beta > 0
    ratio = x * sp.exp(beta * x) / sp.exp((beta + room) * x)
    expect(sp.limit(ratio, x, sp.oo) == 0, "x exp(beta x) is dominated by exp(beta_0 x)", ratio=ratio)
    peak = sp.solve(sp.diff(ratio, x), x)
    equal(ratio.subs(x, peak[0]), 1 / (sp.E * room), "the dominating constant")
    # psi = -Y, P(Y > y) = y^(-tail): Z(beta) <= Z(0) = 1 for every beta >= 0, yet no mean
    density = tail * x ** (-tail - 1)
    equal(sp.integrate(density, (x, 1, sp.oo)), 1, "the witness is a probability")
    positive_beyond_zero(lambda y: 1 - sp.exp(-beta * y), "exp(-beta Y) <= 1, so Z(beta) <= 1")
    expect(sp.integrate(x * density, (x, 1, sp.oo)) == sp.oo, "the witness has no mean", tail=tail)
    return (
        "x^k <= k! exp(x) gives all moments, x exp(beta x) <= exp(beta_0 x)/(e (beta_0 - beta)) lets A be"
        " differentiated (dominated convergence, a matter of measure theory); psi = -Pareto(1/2) has Z <= 1 on"
        " beta >= 0 and no mean"
    )


@evidence(
    "Remark D.3",
    "symbolic",
    controls={
        "half the bound": {"bound": lambda size, b: size * b / 2},
        "a bound without |beta|": {"bound": lambda size, b: b},
        "scores up to 2 b": {"reach": 2},
    },
)
def bounded_scores(bound: Binary = lambda size, b: size * b, reach: int = 1) -> str:
    """|beta psi| <= |beta| b pointwise, so that Z lies between exp(-|beta| b) and exp(|beta| b)."""
    b, size = positive("b s")
    share = sp.Symbol("a", nonnegative=True)
    for beta, side in ((size, 1), (-size, 1), (size, -1), (-size, -1)):
        psi = side * reach * b * (1 - 2 / (2 + share))  # from 0 to the end of its side as `share` grows
        for sign in (1, -1):
            slack = sp.factor(bound(size, b) - sign * beta * psi)
            expect(slack.is_nonnegative, "|beta psi| <= |beta| b", beta=beta, psi=psi, slack=slack)
    p = normalised(positive("p:4"))
    equal(sp.log(partition(p, [size * b] * 4)), size * b, "A is exactly |beta| b where psi = b")
    return "-|beta| b <= beta psi <= |beta| b for |psi| <= b; integrated: |A(beta)| <= |beta| b for every beta"


def _gibbs(p: Expression, psi: Expression, beta: Expression, log_z: Expression) -> Expression:
    """q_beta at a point."""
    return p * sp.exp(beta * psi - log_z)


@evidence(
    "Lemma D.4",
    "symbolic",
    controls={
        "exp(-beta psi)": {"density": lambda p, psi, beta, a: _gibbs(p, psi, -beta, a)},
        "not normalised": {"density": lambda p, psi, beta, a: _gibbs(p, psi, beta, sp.Integer(0))},
        "A(beta) = log Z(2 beta)": {"log_z": lambda p, psi, beta: sp.log(partition(p, [2 * beta * y for y in psi]))},
        "KL = beta tau + A": {"value": lambda beta, tau, a: beta * tau + a},
    },
)
def tilting_minimises(
    density: Callable[..., Expression] = _gibbs,
    log_z: Callable[..., Expression] = lambda p, psi, beta: sp.log(partition(p, [beta * y for y in psi])),
    value: Callable[..., Expression] = lambda beta, tau, a: beta * tau - a,
) -> str:
    """(47)-(60): KL(q||p) = KL(q||q_beta) + beta E_q[psi] - A(beta) for every q, and what follows from it."""
    (beta, *psi), (a, y) = real("beta y:3"), real("A y")
    p, q = normalised(positive("p:3")), normalised(positive("q:3"))
    equal(_relative(Q, P), _relative(Q, density(P, y, beta, a)) + Q * (beta * y - a), "(51): the integrand")
    log_partition = log_z(p, psi, beta)
    solution = [density(m, s, beta, log_partition) for m, s in zip(p, psi, strict=True)]
    equal(sum(solution), 1, "(9): q_beta is a probability")
    tau = mean(solution, psi)
    equal(sp.diff(log_partition, beta), tau, "(59): A' is the mean of q_beta")
    equal(kl(solution, p), value(beta, tau, log_partition), "(58): KL(q_beta||p) = beta tau - A")
    gain = value(beta, mean(q, psi), log_partition)
    equal(kl(q, p), kl(q, solution) + gain, "(51): KL(q||p) = KL(q||q_beta) + beta E_q[psi] - A")
    excess = beta * (mean(q, psi) - tau)
    equal(gain - value(beta, tau, log_partition), excess, "(60): what a mean above tau adds, >= 0 for beta >= 0")
    equal(kl(p, p), 0, "tau <= E_p[psi]: p is a candidate at no cost")
    return (
        "KL(q||p) - KL(q_beta||p) = KL(q||q_beta) + beta (E_q[psi] - tau) for 3 atoms and as an integrand, with"
        " A' = tau and KL(q_beta||p) = beta tau - A: for beta >= 0 and E_q[psi] >= tau both terms are >= 0, which is"
        " weak duality (56)-(57) and uniqueness; integrability of psi under q is assumed"
    )


@evidence(
    "Remark D.5",
    "symbolic",
    controls={
        "the second moment": {"spread": lambda q, psi: mean(q, [y**2 for y in psi])},
        "the variance under p": {"under": lambda q, p: p},
        "a dual with the other sign": {"dual": lambda beta, tau, a: a - beta * tau},
    },
)
def the_mean_increases(
    spread: Callable[[Sequence[Expression], Sequence[Expression]], Expression] = lambda q, psi: mean(
        q, [(y - mean(q, psi)) ** 2 for y in psi]
    ),
    under: Callable[..., Sequence[Expression]] = lambda q, p: q,
    dual: Callable[..., Expression] = lambda beta, tau, a: beta * tau - a,
) -> str:
    """(61)-(62): the derivative of the tilted mean is the tilted variance, a sum over pairs of squares."""
    (beta, tau, *psi) = real("beta tau y:3")
    weights = positive("p:3")
    p, q = normalised(weights), tilt(weights, [beta * y for y in psi])
    variance = spread(under(q, p), psi)
    equal(sp.diff(mean(q, psi), beta), variance, "(61): d E[psi]/d beta = Var(psi)")
    pairs = sum(q[i] * q[j] * (psi[i] - psi[j]) ** 2 for i in range(3) for j in range(i))
    equal(variance, pairs, "(61): a sum over pairs, > 0 unless all scores agree")
    objective = dual(beta, tau, sp.log(partition(weights, [beta * y for y in psi])))  # A and a constant
    equal(sp.diff(objective, beta), tau - mean(q, psi), "(62): the dual's slope")
    return (
        "d E[psi]/d beta = Var = sum over pairs of q_i q_j (psi_i - psi_j)^2 for 3 atoms; the dual's slope is"
        " tau - E[psi], so that it is concave and maximal at beta(tau)"
    )
