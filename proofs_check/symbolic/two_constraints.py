"""Definition 2.4 and Lemma E.1, symbolically: two constraints, the joint tilt, and complementary slackness.

That the infimum over laws on an infinite space is approached by such identities (integrability, existence of
multipliers) stays a matter of measure theory.
"""

from collections.abc import Callable

import sympy as sp

from distributional_view.proofs_check.algebra import (
    Expression,
    equal,
    kl,
    mean,
    partition,
    positive,
    real,
    tilt,
)
from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.proofs_check.two_scores import BETA, GAMMA, KAPPA, PSI, TAU, G, N, P, Q, joint_exponent


def _derivative_at_zero(expression: Expression, variable: Expression, order: int = 1) -> Expression:
    return sp.diff(expression, variable, order).subs(variable, 0)


@evidence(
    "Definition 2.4",
    "symbolic",
    controls={
        "curvature against the reference": {"denominator": lambda mixed, p: p},
        "the reversed divergence": {"divergence": lambda q, p: kl(p, q)},
        "a constraint on the second moment of the density": {"constraint": lambda q, s: mean([x**2 for x in q], s)},
    },
)
def convex_problem(
    divergence: Callable[..., Expression] = kl,
    denominator: Callable[[Expression, Expression], Expression] = lambda mixed, p: mixed,
    constraint: Callable[..., Expression] = mean,
) -> str:
    """(13): along a segment of laws both constraints are affine and KL(. || p) has curvature sum (r - q)^2/mixture."""
    u = positive("u")[0]
    p, q, r = positive(f"p_:{N}"), positive(f"q_:{N}"), positive(f"r_:{N}")  # convex for all masses, total 1 or not
    mixed = [(1 - u) * a + u * b for a, b in zip(q, r, strict=True)]
    curvature = sum((b - a) ** 2 / denominator(m, c) for a, b, c, m in zip(q, r, p, mixed, strict=True))
    equal(sp.diff(divergence(mixed, p), u, 2), curvature, "second derivative of KL along a segment of laws")
    for score in (PSI, G):
        line = (1 - u) * constraint(q, score) + u * constraint(r, score)
        equal(constraint(mixed, score), line, "constraints are affine, so that the feasible set is convex")
    return (
        "on four atoms the second derivative of KL along a segment of laws is a sum of squares over the mixture's"
        " masses, zero only for equal ends, and both constraints are affine: the minimiser is unique if there is one"
    )


@evidence(
    "Lemma E.1",
    "symbolic",
    controls={
        "psi enters with the other sign": {"sign": -1},
        "no multiplier of the normalisation": {"eta": lambda z: sp.Integer(1)},
        "the derivative of r log r without its 1": {"entropy_slope": 0},
    },
    constants=(
        "sign",
        "entropy_slope",
    ),
)
def stationarity(
    sign: int = 1, eta: Callable[[Expression], Expression] = lambda z: 1 - sp.log(z), entropy_slope: int = 1
) -> str:
    """(147)-(151): the Lagrangian's derivative in every direction v vanishes at r = exp(beta psi + gamma g)/Z."""
    e, h = real("epsilon eta")
    v, r = real(f"v_:{N}"), positive(f"r_:{N}")

    def lagrangian(density: list[Expression]) -> Expression:
        law = [p * x for p, x in zip(P, density, strict=True)]
        cost = sum(p * x * sp.log(x) for p, x in zip(P, density, strict=True))
        return cost - BETA * (mean(law, PSI) - TAU) - GAMMA * (mean(law, G) - KAPPA) - h * (sum(law) - 1)

    slope = _derivative_at_zero(lagrangian([x + e * w for x, w in zip(r, v, strict=True)]), e)
    lift = joint_exponent(sign * BETA, GAMMA)
    stated = [sp.log(x) + entropy_slope - b - h for x, b in zip(r, lift, strict=True)]
    equal(slope, sum(p * w * s for p, w, s in zip(P, v, stated, strict=True)), "(148): derivative in the direction v")
    z = partition(P, lift)
    for b, x in zip(lift, r, strict=True):
        found = sp.exp(b) / z
        left = (sp.log(x) + 1 - b).subs(x, found)
        equal(sp.expand_log(left, force=True), eta(z), "(149)-(151): log r + 1 - beta psi - gamma g is constant")
    equal(sum(tilt(P, lift)), 1, "(151): normalised by Z")
    return (
        "on four atoms the Lagrangian's derivative in a general direction is (148), and it vanishes in all of them at"
        " r = exp(beta psi + gamma g)/Z with normalisation multiplier 1 - log Z"
    )


@evidence(
    "Lemma E.1",
    "symbolic",
    controls={
        "the gap counts the constraint of psi the other way": {"sign": -1},
        "the task's multiplier is left out of the gap": {"task": 0},
        "the divergence from the solution reversed": {"remainder": lambda q, solution: kl(solution, q)},
    },
    constants=(
        "sign",
        "task",
    ),
)
def duality_gap(
    sign: int = 1, task: int = 1, remainder: Callable[..., Expression] = lambda q, solution: kl(q, solution)
) -> str:
    """(145)-(146), (152): primal less dual value is KL(q || q*) + beta (E_q psi - tau) + gamma (E_q g - kappa)."""
    lift = joint_exponent(BETA, GAMMA)
    dual = BETA * TAU + GAMMA * KAPPA - sp.log(partition(P, lift))
    slack = sign * BETA * (mean(Q, PSI) - TAU) + task * GAMMA * (mean(Q, G) - KAPPA)
    equal(kl(Q, P) - dual, remainder(Q, tilt(P, lift)) + slack, "primal less dual value for a general law q")
    for multiplier, score, level in ((BETA, PSI, TAU), (GAMMA, G, KAPPA)):
        equal(sp.diff(dual, multiplier), level - mean(tilt(P, lift), score), "slope of the dual value")
    return (
        "for every law q on four atoms and all multipliers, KL(q || p) - dual = KL(q || q*) + beta (E_q psi - tau) +"
        " gamma (E_q g - kappa): with beta, gamma >= 0 three terms >= 0 on the feasible set, so that a feasible q* with"
        " complementary slackness is the only minimiser, and zero gap forces slackness; existence of multipliers is"
        " Slater's condition, not shown here"
    )


@evidence(
    "Lemma E.1",
    "symbolic",
    controls={
        "a positive multiplier on a slack constraint": {"gamma": sp.Rational(1, 2)},
        "a negative multiplier of psi": {"beta": -1},
    },
)
def slackness_is_needed(beta: Expression = 1, gamma: Expression = 0) -> str:
    """(152) on three atoms with psi = (0, 1, 2), g = (0, 2, 1): where g is slack only gamma = 0 is optimal."""
    p, psi, g = [sp.Rational(1, 3)] * 3, (0, 1, 2), (0, 2, 1)
    q = tilt(p, [beta * s + gamma * t for s, t in zip(psi, g, strict=True)])
    kappa = mean(q, g) - sp.Rational(1, 10)  # g is slack at q, psi is tight
    expect(sp.N(mean(q, g) - kappa) > 0, "the premise: the task constraint is slack")
    gradient = [sp.log(a / b) for a, b in zip(q, p, strict=True)]
    along = list(sp.Matrix([[1, 1, 1], list(psi)]).nullspace()[0])  # keeps the mass and E psi; both signs are feasible
    equal(sp.expand_log(mean(along, gradient), force=True), 0, "no descent along the active constraint")
    inwards = [-1, 0, 1]  # keeps the mass, raises E psi
    rise = sp.simplify(sp.expand_log(mean(inwards, gradient), force=True))
    expect(rise >= 0, "no descent into the feasible set", direction=list(inwards), rise=rise)
    return (
        "with psi tight and g slack at the tilt by beta = 1, gamma = 0 the divergence has zero slope along the active"
        " constraint and positive slope inwards; a tilt with gamma > 0 or beta < 0 has a direction of descent"
    )
