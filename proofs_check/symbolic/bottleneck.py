"""Theorem F.7, symbolically: the price of a prompt family, for finite laws with symbolic masses."""

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

BETA = positive("beta")[0]


@evidence(
    "Theorem F.7",
    "symbolic",
    controls={
        "the divergence of q_beta from q": {"third": lambda q, best: kl(best, q)},
        "a negative multiplier": {"multiplier": -BETA},
        "the excess mean counted the other way": {"sign": -1},
        "no divergence from q_beta": {"third": lambda q, best: sp.Integer(0)},
    },
)
def pythagoras(
    third: Callable[..., Expression] = lambda q, best: kl(q, best), multiplier: Expression = BETA, sign: int = 1
) -> str:
    """(176)-(180): KL(q || p) = KL(q_beta || p) + KL(q || q_beta) + beta (E_q psi - tau), tau = E_(q_beta) psi."""
    p, q, psi = normalised(positive("p_:4")), normalised(positive("q_:4")), real("psi_:4")
    exponent = [multiplier * v for v in psi]
    best = tilt(p, exponent)
    excess = sign * multiplier * (mean(q, psi) - mean(best, psi))
    log_z = sp.log(partition(p, exponent))
    equal(kl(best, p), multiplier * mean(best, psi) - log_z, "(178): cost of the tilt")
    equal(kl(q, p), kl(best, p) + third(q, best) + excess, "(179): the identity for a general law")
    expect(multiplier.is_nonnegative, "(180): the excess term is >= 0 on the feasible set", multiplier=multiplier)
    # Price of a family on the line: p = N(0, 1), psi = x, members N(m, s^2) with s fixed.
    m, s, tau = real("m")[0], *positive("s tau")

    def normal(mean_1: Expression, var_1: Expression, mean_2: Expression) -> Expression:
        return ((mean_1 - mean_2) ** 2 + var_1 - 1 - sp.log(var_1)) / 2  # second law of variance 1

    gap = normal(m, s**2, 0) - normal(tau, 1, 0) - normal(m, s**2, tau)
    equal(gap, tau * (m - tau), "on the line: beta (E_q psi - tau)")
    price = normal(tau, s**2, tau)
    equal(price, (s**2 - 1 - sp.log(s**2)) / 2, "least price of the family, in addition to tau^2/2")
    return (
        "for all laws p, q on four atoms and scores the Pythagorean identity with its excess term beta (E_q psi - tau):"
        " >= 0 on the feasible set for beta >= 0, 0 at E_q psi = tau; the bound on a family follows because its"
        " feasible members are members; normal laws of one fixed variance pay (s^2 - 1 - log s^2)/2"
    )
