"""Appendix B and Definitions 2.1 to 2.3, symbolically: elementary properties that later proofs use.

Where a property is an integral of a pointwise identity or inequality, the check is about the integrand at a general
point, with p, q > 0 the densities there; otherwise about a finite measure with symbolic masses.
"""

from collections.abc import Callable
from itertools import product

import sympy as sp

from distributional_view.proofs_check.algebra import Expression, equal, mean, normalised, positive, real
from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.proofs_check.finite import conditioned, convex_minimum, divergence, mass, positive_beyond_zero

Binary = Callable[[Expression, Expression], Expression]
P, Q = positive("p q")


@evidence(
    "Definition B.1",
    "symbolic",
    controls={
        "weights p/q": {"weight": lambda q, p: p / q},
        "no weights": {"weight": lambda q, p: sp.Integer(1)},
        "masses that need not sum to 1": {"scale": sp.Symbol("c", positive=True)},
    },
    constants=("scale",),
)
def expectation(weight: Binary = lambda q, p: q / p, scale: Expression = 1) -> str:
    """Linear, monotone, E[1] = 1, and the change of measure with weights dq/dp."""
    p = normalised(positive("p:4"))
    q = [scale * m for m in normalised(positive("q:4"))]
    phi, chi, (a, b), excess = real("f:4"), real("g:4"), real("a b"), sp.symbols("d:4", nonnegative=True)
    left = mean(q, [a * f + b * g for f, g in zip(phi, chi, strict=True)])
    equal(left, a * mean(q, phi) + b * mean(q, chi), "linearity")
    rise = sp.expand(mean(q, [f + d for f, d in zip(phi, excess, strict=True)]) - mean(q, phi))
    expect(sp.simplify(rise).is_nonnegative, "monotone: phi <= phi + d", rise=rise)
    equal(mean(q, [sp.Integer(1)] * 4), 1, "a constant is its own expectation")
    weighted = [weight(m, n) * f for m, n, f in zip(q, p, phi, strict=True)]
    equal(mean(p, weighted), mean(q, phi), "E_p[phi dq/dp] = E_q[phi]")
    return "linear, monotone, normalised, and E_p[phi dq/dp] = E_q[phi], for all masses on 4 points; the general case"


@evidence(
    "Definition B.2",
    "symbolic",
    controls={
        "log(p/q)": {"integrand": lambda q, p: q * sp.log(p / q)},
        "logarithm to base 2": {"integrand": lambda q, p: q * sp.log(q / p) / sp.log(2)},
        "q alone": {"integrand": lambda q, p: q * sp.log(q)},
    },
)
def divergence_is_a_distance_from_p(integrand: Binary = lambda q, p: q * sp.log(q / p)) -> str:
    """(1): the integrand less q - p, which integrates to 0, is q (u - 1 - log u) with u = p/q, so >= 0."""
    u = P / Q
    equal(integrand(Q, P) - (Q - P), Q * (u - 1 - sp.log(u)), "(1): q log(q/p) - (q - p) = q (u - 1 - log u)")
    convex_minimum(lambda v: v - 1 - sp.log(v), 1, "v - 1 - log v")
    equal(sp.limit(integrand(Q, P), Q, 0, "+"), 0, "(1): 0 log 0 = 0")
    expect(sp.limit(integrand(Q, P), P, 0, "+") == sp.oo, "(1): infinite where p = 0 < q")
    return "KL >= 0 with equality only for p = q, from the integrand at a general point; infinite unless q << p"


def _events(n: int) -> list[tuple[bool, ...]]:
    return list(product((True, False), repeat=n))


@evidence(
    "Definition B.3",
    "symbolic",
    controls={
        "a third of the L1 distance": {"factor": sp.Rational(1, 3)},
        "the whole L1 distance": {"factor": 1},
        "attained where q < p": {"attained": lambda sign: sign < 0},
    },
    constants=("factor",),
)
def variation_is_attained(
    factor: Expression = sp.S.Half, attained: Callable[[int], bool] = lambda sign: sign > 0
) -> str:
    """(2): for every sign pattern of q - p on 4 points, factor * L1 bounds q(B) - p(B) for every event B."""
    size = positive("a:4")
    for signs in product((1, -1), repeat=4):
        if len(set(signs)) == 1:
            continue  # the differences sum to 0
        free = signs.index(-1)
        # q - p sums to 0: the mass of one negative point follows from the others
        balance = sum(s * a for k, (s, a) in enumerate(zip(signs, size, strict=True)) if k != free)
        for event in _events(4):
            slack = sp.expand(factor * sum(size) - sum(s * a for s, a, b in zip(signs, size, event, strict=True) if b))
            by_sizes = sp.expand(slack + sp.Rational(1, 2) * sum(s * a for s, a in zip(signs, size, strict=True)))
            coefficients = [by_sizes.coeff(a) for a in size]
            expect(min(coefficients) >= 0, "(2): TV >= q(B) - p(B)", signs=signs, event=event, slack=by_sizes)
            if event == tuple(attained(s) for s in signs):
                rest = sp.expand(slack.subs(size[free], balance))
                expect(rest == 0, "(2): equality at B = {q > p}", signs=signs, event=event, slack=rest)
    return "half the L1 distance bounds q(B) - p(B) and equals it at {q > p}: all signs and events on 4 points"


@evidence(
    "Lemma B.4",
    "symbolic",
    controls={
        "a smaller bound, sqrt(KL/3)": {"constant": 3},
        "a bound barely smaller": {"constant": sp.Rational(201, 100)},
        "conditionals under p only": {"within": lambda q, Q, p, P: q * sp.log(q / (p / P))},
    },
    constants=("constant",),
    survives={"constant": "a smaller constant gives a weaker inequality, true as well; a larger one is rejected"},
)
def pinsker(
    constant: Expression = 2,
    within: Callable[..., Expression] = lambda q, Q, p, P: Q * (q / Q) * sp.log((q / Q) / (p / P)),
) -> str:
    """KL >= constant * TV^2: the event {q > p} reduces it to two points, where it is an integral of a sign."""
    big_q, big_p = positive("A B")
    equal(Q * sp.log(Q / P), Q * sp.log(big_q / big_p) + within(Q, big_q, P, big_p), "chain rule on an event")
    a, b = sp.symbols("a b", positive=True)
    two = a * sp.log(a / b) + (1 - a) * sp.log((1 - a) / (1 - b)) - constant * (a - b) ** 2
    equal(two.subs(b, a), 0, "two points: no gap at b = a")
    equal(sp.diff(two, b), (b - a) * (1 / (b * (1 - b)) - 2 * constant), "two points: slope in b")
    least = sp.minimum(1 / (b * (1 - b)), b, sp.Interval.open(0, 1))
    expect(least >= 2 * constant, "two points: the slope has the sign of b - a", least=least, needed=2 * constant)
    return (
        "KL = two-point KL on {q > p} + conditional KLs >= 0, and the two-point KL less 2 TV^2 falls to 0 at b = a and"
        " rises beyond; for measures with densities, the conditional KLs' sign being Definition B.2"
    )


@evidence(
    "Definition B.5",
    "symbolic",
    controls={
        "KL with the other sign": {"cost": sp.log},
        "KL the other way round": {"between": lambda q, p: divergence(p, q)},
        "TV equal to the mass": {"far": lambda m: m},
    },
)
def dirac(
    cost: Callable[[Expression], Expression] = lambda m: -sp.log(m),
    between: Callable[..., Expression] = divergence,
    far: Callable[[Expression], Expression] = lambda m: 1 - m,
) -> str:
    """Expectation, KL to p and TV to p of the unit mass at a point that p charges."""
    p, phi = normalised(positive("p:4")), real("f:4")
    for k in range(4):
        unit = [sp.Integer(int(i == k)) for i in range(4)]
        equal(mean(unit, phi), phi[k], "E[phi] = phi(x)")
        equal(between(unit, p), cost(p[k]), "KL = -log p({x})")
        distance = sum(1 - m if i == k else m for i, m in enumerate(p)) / 2
        equal(distance, far(p[k]), "TV = 1 - p({x})")
    return "E[phi] = phi(x), KL = -log p({x}) and TV = 1 - p({x}), for all masses on 4 points"


def _mixture_is_a_candidate(constraint: Callable[[list[Expression]], Expression], step: str) -> None:
    """A mixture's constraint value is the mixture of the values; all masses symbolic."""
    first, second, s = normalised(positive("u:4")), normalised(positive("v:4")), sp.Symbol("s", positive=True)
    mixed = [(1 - s) * a + s * b for a, b in zip(first, second, strict=True)]
    equal(constraint(mixed), (1 - s) * constraint(first) + s * constraint(second), step)


def _strictly_convex(objective: Binary) -> None:
    """The integrand is strictly convex in q: its second derivative along any segment is a sum of positive terms."""
    bend = sp.simplify(sp.diff(objective(Q, P), Q, 2))
    expect(bend.is_positive, "the objective is strictly convex in q", second_derivative=bend)


@evidence(
    "Definition 2.1",
    "symbolic",
    controls={
        "maximise instead": {"objective": lambda q, p: -q * sp.log(q / p)},
        "a squared mass": {"value": lambda q: mass(q, (False, False, True, True)) ** 2},
        "conditional mean in place of mass": {"value": lambda q: (q[2] + 2 * q[3]) / (q[2] + q[3])},
    },
)
def hard_candidates(
    value: Callable[[list[Expression]], Expression] = lambda q: mass(q, (False, False, True, True)),
    objective: Binary = lambda q, p: q * sp.log(q / p),
) -> str:
    """(4)-(5): q(A_t) = 1 defines a convex set with a finite value, so that the minimiser is unique."""
    _mixture_is_a_candidate(value, "(4): q(A_t) is affine in q")
    _strictly_convex(objective)
    p = normalised(positive("p:4"))
    finite = divergence(conditioned(p, (False, False, True, True)), p)
    expect(not finite.has(sp.oo), "(5): some candidate has a finite KL if p(A_t) > 0", value=finite)
    return "the candidates are convex, one has finite KL if p(A_t) > 0, KL is strictly convex: one minimiser at most"


@evidence(
    "Definition 2.2",
    "symbolic",
    controls={
        "maximise instead": {"objective": lambda q, p: -q * sp.log(q / p)},
        "the variance in place of the mean": {
            "value": lambda q, psi: mean(q, [y**2 for y in psi]) - mean(q, psi) ** 2,
        },
    },
)
def soft_candidates(value: Callable[..., Expression] = mean, objective: Binary = lambda q, p: q * sp.log(q / p)) -> str:
    """(7)-(8): E_q[psi] >= tau defines a convex set, so that there is one minimiser at most."""
    psi = real("y:4")
    _mixture_is_a_candidate(lambda q: value(q, psi), "(7): E_q[psi] is affine in q")
    _strictly_convex(objective)
    return "the candidates are convex and KL is strictly convex: one minimiser at most; existence is Lemma D.4"


Shell = Callable[[int, int, int], bool]


@evidence(
    "Definition 2.3",
    "symbolic",
    controls={
        "a shell closed above": {"inside": lambda y, t, width: t <= y <= t + width},
        "a shell open below": {"inside": lambda y, t, width: t < y < t + width},
        "unconditional mass": {"given": lambda total: sp.Integer(1)},
    },
)
def shells_compose(
    inside: Shell = lambda y, t, width: t <= y < t + width,
    given: Callable[[Expression], Expression] = lambda total: total,
) -> str:
    """(10): the mass beyond adjacent shells is a product: 1 - M_(c+d)(t) = (1 - M_c(t)) (1 - M_d(t + c))."""
    scores = range(5)
    q = normalised(positive("q:5"))

    def boundary(t: int, width: int) -> Expression:
        return mass(q, [inside(y, t, width) for y in scores]) / given(mass(q, [y >= t for y in scores]))

    for t, c, d in product((0, 1), (1, 2), (1,)):
        both = (1 - boundary(t, c)) * (1 - boundary(t + c, d))
        equal(1 - boundary(t, c + d), both, f"(10): shells of widths {c} and {d} above {t}")
    total = mass(q, [y >= 1 for y in scores])
    positive_beyond_zero(lambda x: 1 - 1 / (1 + x), "(10): in [0, 1], with x the shell's mass over the rest")
    equal(boundary(1, 2), 1 - 1 / (1 + (q[1] + q[2]) / (total - q[1] - q[2])), "(10): as a function of that ratio")
    return "M is a conditional mass in [0, 1) and adjacent half-open shells compose, atoms on their ends included"
