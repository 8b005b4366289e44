"""Lemmas D.6 to D.9 with our sharpenings, symbolically: boundary mass, hazards, and KL along both paths."""

from collections.abc import Callable

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
T, U = real("t u")
DELTA, BETA = positive("delta beta")
f = sp.Function("f", positive=True)
S = sp.Function("S", positive=True)


@evidence(
    "Lemma D.6",
    "symbolic",
    controls={
        "S(t) = P(Y > t)": {"above": lambda y, t: y > t},
        "hazard f/(1 - S)": {"hazard": lambda density, survival: density / (1 - survival)},
        "the shell below t": {"side": -1},
    },
    constants=("side",),
)
def boundary_mass(
    above: Callable[[int, int], bool] = lambda y, t: y >= t,
    hazard: Binary = lambda density, survival: density / survival,
    side: int = 1,
) -> str:
    """(63)-(65): 1 - S(t + delta)/S(t); its slope in delta; its form as an integral of the hazard."""
    scores, q = range(5), normalised(positive("q:5"))
    for t, width in ((0, 1), (1, 1), (1, 2)):
        hard = conditioned(q, [y >= t for y in scores])
        shell = mass(hard, [t <= y < t + width for y in scores])
        survivals = [mass(q, [above(y, level) for y in scores]) for level in (t, t + width)]
        equal(shell, 1 - survivals[1] / survivals[0], "(63): M = 1 - S(t + delta)/S(t), atoms on both ends")
    rate = hazard(f(U), S(U))
    law = {sp.Derivative(S(U), U): -f(U)}  # f is the density
    log_slope = sp.diff(sp.log(S(U)), U).subs(law)
    equal(log_slope, -rate, "(65): d log S = -h, so that M = 1 - exp(-integral of h)")
    shape = 1 - S(T + side * DELTA) / S(T)
    slope = sp.diff(shape, DELTA).doit().subs(DELTA, 0).doit()
    slope = slope.subs(sp.diff(S(T), T), -f(T))
    equal(slope, rate.subs(U, T), "(64): slope h(t) at delta = 0")
    thin = mass(conditioned(q, [y >= 1 for y in scores]), [1 <= y < 1.1 for y in scores])
    survivals = [mass(q, [above(y, level) for y in scores]) for level in (1, 2)]
    equal(thin, q[1] / survivals[0], "limit at an atom: P(Y = t)/S(t)")
    return "M = 1 - S(t+delta)/S(t) for 5 atoms, slope h(t) and 1 - exp(-int h) for a general differentiable S"


@evidence(
    "Lemma D.7",
    "symbolic",
    controls={
        "beta < 0": {"sign": -1},
        "an expectation that is not conditional": {"given": lambda survival: sp.Integer(1)},
        "exp(beta t) left out": {"numerator": lambda e: sp.Integer(1)},
    },
    constants=("sign",),
)
def tilted_hazard(
    sign: int = 1,
    given: Callable[[Expression], Expression] = lambda survival: survival,
    numerator: Callable[[Expression], Expression] = lambda e: e,
) -> str:
    """(66)-(69): h_beta = h exp(beta t)/E[exp(beta Y)|Y >= t] <= h, for a general density f."""
    z, x = positive("Z x")
    beta = sign * BETA
    survival = sp.Integral(f(U), (U, T, sp.oo))
    above = sp.Integral(sp.exp(beta * U) * f(U), (U, T, sp.oo))
    tilted, tilted_survival = sp.exp(beta * T) * f(T) / z, above / z
    equal(tilted / tilted_survival, numerator(sp.exp(beta * T)) * f(T) / above, "(66): Z cancels")
    conditional = above / given(survival)  # E[exp(beta Y) | Y >= t]
    by_hazard = f(T) / survival * sp.exp(beta * T) / conditional
    equal(tilted / tilted_survival, by_hazard, "(67): h_beta = h exp(beta t)/E[exp(beta Y)|Y >= t]")
    integrand = sp.exp(beta * (T + x)) - sp.exp(beta * T)
    equal(integrand, sp.exp(beta * T) * (sp.exp(beta * x) - 1), "(68): exp(beta Y) - exp(beta t) at Y = t + x")
    positive_beyond_zero(lambda v: sp.exp(beta * v) - 1, "(68): E[exp(beta (Y - t))|Y >= t] > 1")
    return (
        "h_beta = h exp(beta t)/E[exp(beta Y)|Y >= t] for a general density, and exp(beta (Y - t)) > 1 wherever Y > t,"
        " so that h_beta < h(t) unless Y = t almost surely above t; that integrals keep the sign is measure theory"
    )


@evidence(
    "Ours: all margins",
    "symbolic",
    controls={
        "beta < 0": {"sign": -1},
        "survivals from below the threshold on": {"start": 0},
    },
    constants=("sign",),
)
def stochastic_order(sign: int = 1, start: int = 1) -> str:
    """S_beta(t+delta)/S_beta(t) - S(t+delta)/S(t) is a sum over pairs (shell, above) of positive terms."""
    p, gaps = positive("p:5"), positive("g:4")
    scores = [sum(gaps[:k]) for k in range(5)]  # any five increasing scores, from 0
    weights = [m * sp.exp(sign * BETA * y) for m, y in zip(p, scores, strict=True)]
    for cut in (2, 3, 4):  # the threshold is the score of atom 1: atoms 1 .. cut - 1 are in the shell
        plain, tilted = (sum(w[cut:]) / sum(w[start:]) for w in (p, weights))
        pairs = sp.Integer(0)
        for low in range(1, cut):
            for high in range(cut, 5):
                growth = sp.exp(sign * BETA * sum(gaps[low:high])) - 1
                pairs += weights[low] * p[high] * growth
        equal(tilted - plain, pairs / (sum(p[1:]) * sum(weights[1:])), "M_delta(q_t) - M_delta(q_beta) as pairs")
    positive_beyond_zero(lambda gap: sp.exp(sign * BETA * gap) - 1, "each pair: exp(beta gap) - 1 > 0")
    return "for any 5 ordered atoms and every shell, M(q_t) - M(q_beta) is a sum over pairs of exp(beta gap) - 1 > 0"


@evidence(
    "Lemma D.8",
    "symbolic",
    controls={
        "no mass between the thresholds": {"between": sp.Integer(0)},
        "the other direction": {"direction": lambda q, r: divergence(r, q)},
    },
)
def truncations_are_far(
    between: Expression = sp.Symbol("w", positive=True),  # noqa: B008 - an immutable symbol
    direction: Callable[..., Expression] = divergence,
) -> str:
    """(70)-(71): q_t1 charges the shell that q_t2 leaves out; mixing a little of q_t1 back in shows the rate."""
    below, above = positive("b a")
    eps = sp.Symbol("epsilon", positive=True)
    p = [below, between, above]
    low, high = conditioned(p, (False, True, True)), conditioned(p, (False, False, True))
    expect(direction(low, high) == sp.oo, "(71): not absolutely continuous", value=direction(low, high))
    near = [(1 - eps) * b + eps * a for a, b in zip(low, high, strict=True)]
    regular = direction(low, near)
    rate = sp.limit(regular / -sp.log(eps), eps, 0, "+")
    equal(rate, between / (between + above), "(71): grows like P(shell)/S(t1) log(1/eps)")
    return "q_t1 charges the shell, q_t2 does not; with eps of q_t1 mixed in, KL ~ P(shell)/S(t1) log(1/eps) -> inf"


@evidence(
    "Ours: reverse KL",
    "symbolic",
    controls={
        "log(S(t2)/S(t1))": {"value": lambda first, second: sp.log(second / first)},
        "difference of survivals": {"value": lambda first, second: first - second},
        "the infinite direction": {"direction": lambda q, r: divergence(r, q)},
    },
)
def reverse_direction(
    value: Binary = lambda first, second: sp.log(first / second),
    direction: Callable[..., Expression] = divergence,
) -> str:
    """KL(q_t2||q_t1) = log(S(t1)/S(t2)): the density ratio is constant on the smaller set."""
    p = normalised(positive("p:5"))
    for low in range(3):
        for high in range(low, 4):
            events = [[k >= start for k in range(5)] for start in (low, high)]
            wide, narrow = (conditioned(p, event) for event in events)
            first, second = (mass(p, event) for event in events)
            equal(direction(narrow, wide), value(first, second), f"thresholds at atoms {low} and {high}")
    return "KL(q_t2||q_t1) = log(S(t1)/S(t2)) for all pairs of thresholds on 5 atoms with symbolic masses"


@evidence(
    "Lemma D.9",
    "symbolic",
    controls={
        "the slope at the other end": {"slope_at": lambda b1, b2: b2},
        "the divergence the other way round": {"direction": lambda q, r: kl(r, q)},
        "a whole squared step": {"share": sp.Integer(1)},
    },
    constants=("share",),
)
def bregman(
    slope_at: Binary = lambda b1, b2: b1,
    direction: Callable[..., Expression] = kl,
    share: Expression = sp.S.Half,
) -> str:
    """(72)-(76): KL between tilts is the Bregman divergence of A, a second-order Taylor remainder."""
    b, b1, b2, s, step, *gaps = real("b b1 b2 s step g:3")
    p, psi = normalised(positive("p:3")), [sum(gaps[: k + 1]) for k in range(3)]
    log_z = sp.log(partition(p, [b * y for y in psi]))
    first, second = (tilt(p, [value * y for y in psi]) for value in (b1, b1 + step))
    slope = mean(tilt(p, [slope_at(b1, b1 + step) * y for y in psi]), psi)
    remainder = log_z.subs(b, b1 + step) - log_z.subs(b, b1) - step * slope
    equal(direction(first, second), remainder, "(72)-(73): KL = A(b2) - A(b1) - (b2 - b1) A'(b1)")
    a = sp.Function("A")
    general = a(b2) - a(b1) - (b2 - b1) * sp.diff(a(b1), b1)
    primitive = (b2 - s) * sp.diff(a(s), s) + a(s)
    equal(sp.diff(primitive, s), (b2 - s) * sp.diff(a(s), s, 2), "(74): by parts")
    equal((primitive.subs(s, b2) - primitive.subs(s, b1)).doit(), general, "(74): = integral of (b2 - s) A''(s)")
    equal(sp.integrate(b2 - s, (s, b1, b2)), share * (b2 - b1) ** 2, "(75): the weights' integral")
    equal(general.subs(b2, b1).doit(), 0, "(76): vanishes as b2 -> b1")
    return (
        "KL(q_b1||q_b2) = A(b2) - A(b1) - (b2 - b1) A'(b1) for 3 atoms; for any smooth A it is the integral of"
        " (b2 - s) A''(s), so by the mean value theorem half the squared step times A'' = Var (Remark D.5) between"
    )
