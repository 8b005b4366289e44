"""Theorem F.7, symbolically: the price of a prompt family, for finite laws with symbolic masses."""

from collections.abc import Callable
from functools import cache

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


@cache
def _normal_kl(at: Expression, spread: Expression, base: Expression) -> Expression:
    """KL(N(at, spread^2) || N(base, 1)), integrated."""
    x = real("x")[0]
    bell = sp.exp(-((x - at) ** 2) / (2 * spread**2)) / (sp.sqrt(2 * sp.pi) * spread)
    log_ratio = ((x - base) ** 2 - (x - at) ** 2 / spread**2) / 2 - sp.log(spread)
    return sp.simplify(sp.integrate(sp.expand(bell * sp.expand(log_ratio)), (x, -sp.oo, sp.oo)))


@evidence(
    "Theorem F.7",
    "symbolic",
    controls={
        "the divergence of q_beta from q": {"third": lambda q, best: kl(best, q)},
        "a negative multiplier": {"multiplier": -BETA},
        "the excess mean counted the other way": {"sign": -1},
        "no divergence from q_beta": {"third": lambda q, best: sp.Integer(0)},
        "a member with five times the mean": {"member": 5, "breaks": "no feasible member is cheaper"},
        "a member that is not feasible": {"member": sp.S.Half, "breaks": "the member is feasible"},
        "a member without its price": {"price": 0, "breaks": "least price of the family"},
    },
    constants=("sign", "member", "price"),
)
def pythagoras(
    third: Callable[..., Expression] = lambda q, best: kl(q, best),
    multiplier: Expression = BETA,
    sign: int = 1,
    member: Expression = 1,
    price: Expression = 1,
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
    cost, best_cost, extra = _normal_kl(m, s, 0), _normal_kl(tau, 1, 0), _normal_kl(m, s, tau)
    equal(cost - best_cost - extra, tau * (m - tau), "on the line: beta (E_q psi - tau)")
    slack, least = positive("slack")[0], member * tau
    expect((least - tau).is_nonnegative, "the member is feasible", member=least)
    saved = sp.expand(cost.subs(m, tau + slack) - cost.subs(m, least))
    expect(saved.is_nonnegative, "no feasible member is cheaper", difference=saved)
    stated = price * (s**2 - 1 - sp.log(s**2)) / 2
    equal(cost.subs(m, least) - best_cost, stated, "least price of the family, in addition to tau^2/2")
    return (
        "for all laws p, q on four atoms and scores the Pythagorean identity with its excess term beta (E_q psi - tau):"
        " >= 0 on the feasible set for beta >= 0, 0 at E_q psi = tau; the bound on a family follows because its"
        " feasible members are members; of the normal laws of one fixed variance s^2 with mean >= tau that at tau is"
        " the cheapest and pays (s^2 - 1 - log s^2)/2, divergences integrated"
    )
