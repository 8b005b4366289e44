"""Pools and modes, symbolically: weights of a finite pool, its effective size, and tempered laws (Lemmas F.1, F.2).

Pools and finite laws have symbolic masses and scores.
"""

from collections.abc import Callable, Sequence

import sympy as sp

from distributional_view.proofs_check.algebra import (
    Expression,
    equal,
    mean,
    normalised,
    positive,
    real,
)
from distributional_view.proofs_check.evidence import evidence, expect

BETA, T = positive("beta T")
X = sp.Symbol("x", real=True)
GAPS = positive("a b c")  # how far the scores of the losers are below the pool's largest score
WINNERS = 2
HALF = sp.Rational(1, 2)


def _weights(beta: Expression, winners: int = WINNERS) -> list[Expression]:
    """(17) with scores top, ..., top, top - a, top - b, top - c."""
    top = real("top")[0]
    scores = [top] * winners + [top - gap for gap in GAPS]
    return normalised([sp.exp(beta * s) for s in scores])


@evidence(
    "Lemma F.1",
    "symbolic",
    controls={
        "beta to minus infinity": {"end": -sp.oo},
        "uniform over the whole pool": {"share": sp.Rational(1, WINNERS + 3)},
        "one winner takes all": {"share": 1},
    },
    constants=("share",),
)
def pool_collapses(end: Expression = sp.oo, share: Expression = HALF) -> str:
    """(159)-(160): w_i/w_j = exp(beta (psi_i - psi_j)), so that a winner's weight is 1/|M| less S/(|M| (|M| + S)),
    with S the sum of exp(-beta gap) over the losers."""
    weights = _weights(BETA)
    for gap, weight in zip(GAPS, weights[WINNERS:], strict=True):
        equal(sp.powsimp(sp.simplify(weight / weights[0])), sp.exp(-BETA * gap), "(160): ratio of two weights")
    losers = sum(sp.exp(-BETA * gap) for gap in GAPS)
    shortfall = losers / (WINNERS * (WINNERS + losers))
    equal(sp.simplify(weights[0]), sp.simplify(sp.Rational(1, WINNERS) - shortfall), "a winner's weight")
    limits = [sp.limit(sp.exp(-BETA * gap), BETA, end) for gap in GAPS]
    expect(all(v.is_finite for v in limits), "losers' ratios have a limit", limits=limits)
    winner = 1 / (WINNERS + sum(limits))
    equal(winner, share, "limit of a winner's weight")
    equal(sum(limits) * winner, 0, "limit of the losers' weights")
    return (
        f"in a pool with {WINNERS} tied winners and three losers at symbolic gaps a winner has the weight 1/|M| -"
        " S/(|M| (|M| + S)) exactly, S = sum exp(-beta gap) -> 0 over the losers: limit 1/|M| at the rate of the"
        " least gap"
    )


@evidence(
    "Ours: effective sample size",
    "symbolic",
    controls={
        "the limit counts one winner": {"limit": 1, "breaks": "the winners at infinity"},
        "a tempered form with Z(beta)^2/Z(beta)": {"power": 1},
        "slope A'(2 beta) - A'(beta)": {"sign": -1},
        "bounded by the exponential of twice the divergence": {"entropy": 2},
    },
    constants=("limit", "power", "sign", "entropy"),
)
def effective_sample_size(limit: int = WINNERS, power: int = 2, sign: int = 1, entropy: int = 1) -> str:
    """1/sum w^2 = Z(beta)^2/Z(2 beta) (Z a sum over the pool) runs from N to |M|, falls for beta > 0, and is at most
    the exponential of the weights' entropy."""
    n = WINNERS + len(GAPS)

    def z(beta: Expression) -> Expression:
        return WINNERS + sum(sp.exp(-beta * gap) for gap in GAPS)

    w = positive(f"w_:{n}")
    size = z(BETA) ** 2 / z(power * BETA)
    unnormalised = [sp.Integer(1)] * WINNERS + [sp.exp(-BETA * gap) for gap in GAPS]
    equal(1 / sum(v**2 for v in normalised(unnormalised)), size, "1/sum w^2 = Z(beta)^2/Z(2 beta)")
    equal(size.subs(BETA, 0), n, "the whole pool at beta = 0")
    ratios = positive("r_:3")
    by_ratios = (WINNERS + sum(ratios)) ** 2 / (WINNERS + sum(r**power for r in ratios))
    equal(by_ratios.subs(dict(zip(ratios, [sp.exp(-BETA * gap) for gap in GAPS], strict=True))), size, "in the ratios")
    ends = {r: sp.limit(sp.exp(-BETA * gap), BETA, sp.oo) for r, gap in zip(ratios, GAPS, strict=True)}
    equal(by_ratios.subs(ends), limit, "the winners at infinity, whatever the gaps")
    slope = sp.diff(sp.log(size), BETA)
    a_prime = sp.diff(sp.log(z(BETA)), BETA)
    equal(slope, sign * 2 * (a_prime - a_prime.subs(BETA, 2 * BETA)), "slope 2 (A'(beta) - A'(2 beta))")
    # A' rises: its derivative is half a sum of squares, pair by pair (here for three general weights and scores).
    s, v = real("s_:3"), normalised(w[:3])
    variance = mean(v, [c**2 for c in s]) - mean(v, s) ** 2
    pairs = sum(v[i] * v[j] * (s[i] - s[j]) ** 2 for i in range(3) for j in range(i))
    equal(variance, pairs, "a variance is a sum of squares over pairs")
    squares = sum((w[i] - w[j]) ** 2 for i in range(n) for j in range(i))
    equal(n * sum(c**2 for c in w) - sum(w) ** 2, squares, "N sum w^2 - (sum w)^2 is a sum of squares: at most N")
    rest = 1 - sum(w[:2])
    law = [w[0], w[1], rest]  # three weights of total 1
    square = sum(c**2 for c in law)
    negentropy = entropy * sum(c * sp.log(c) for c in law)
    divergence = sum(c * (sp.log(c) - sp.log(c**2 / square)) for c in law)
    equal(sp.log(square) - negentropy, divergence, "log sum w^2 - sum w log w is a divergence")
    top = real("top")[0]
    scores = [top] * WINNERS + [top - gap for gap in GAPS]
    equal(top * sum(w) - mean(w, scores), sum(c * gap for c, gap in zip(w[WINNERS:], GAPS, strict=True)), "below top")
    return (
        "1/sum w^2 = Z(beta)^2/Z(2 beta): N at 0, |M| at infinity, log-slope 2 (A'(beta) - A'(2 beta)) < 0 for beta > 0"
        " because A' rises; it is at most exp(entropy of w), and no weights give a mean above the pool's maximum"
    )


@evidence(
    "Lemma F.2",
    "symbolic",
    controls={
        "the regulariser raises the density": {"sign": 1},
        "temperature to infinity": {"end": sp.oo},
        "winners share equally whatever the reference": {"share": lambda mu: [1 / sp.Integer(len(mu))] * len(mu)},
    },
    constants=("sign",),
)
def modes_and_temperature(
    sign: int = -1,
    end: Expression = 0,
    share: Callable[[Sequence[Expression]], list[Expression]] = lambda mu: normalised(mu),
) -> str:
    """(161)-(164): exp is increasing, so modes are maximisers; exp(J/T) weighs a gap a by exp(-a/T) -> 0."""
    lam = positive("lambda")[0]
    psi, penalty = sp.Function("psi")(X), sp.Function("R")(X)
    objective = psi - lam * penalty
    density = sp.exp(psi + sign * lam * penalty)
    equal(sp.diff(density, X), density * sp.diff(objective, X), "stationary points agree")
    there = {X: sp.Symbol("z", real=True)}
    log_ratio = sp.log(density) - sp.log(density.subs(there))
    equal(log_ratio, objective - objective.subs(there), "log of the ratio of two densities: difference of objectives")
    # pi_T is the tilt by 1/T of the proxy prior exp(-lambda R/T); and lambda = 1/beta gives p exp(beta psi), p = e^-R.
    equal(sp.log(sp.exp(sign * lam * penalty / T)) + psi / T, objective / T, "tilt of the proxy prior")
    equal((objective / T).subs(T, lam).subs(lam, 1 / BETA), BETA * psi - penalty, "lambda = 1/beta: the KLSC target")
    # Limit: reference masses mu, two maximisers and two atoms below by the gaps a and b.
    mu, (a, b, _) = positive("mu_:4"), GAPS
    factors = [sp.Integer(1), sp.Integer(1), *(sp.limit(sp.exp(-gap / T), T, end) for gap in (a, b))]
    law = normalised([m * f for m, f in zip(mu, factors, strict=True)])
    for found, stated in zip(law, [*share(mu[:2]), 0, 0], strict=True):
        equal(found, stated, "limit of the tempered law")
    # The maximum must be the essential supremum: J = 1{x = 0} under Lebesgue on [-1, 1] never moves.
    witness = sp.integrate(sp.exp(sp.Piecewise((1, sp.Eq(X, 0)), (0, True)) / T), (X, -1, 1))
    equal(witness, 2, "J = 1{x = 0}: the tempered law is uniform at every temperature")
    # A mode depends on the reference measure: that of exp(X), X ~ N(0, 1), is exp(-1), not exp(0).
    y = positive("y")[0]
    expect(
        sp.solve(sp.diff(-(sp.log(y) ** 2) / 2 - sp.log(y), y), y) == [sp.exp(-1)], "modes move under a change of scale"
    )
    return (
        "modes of exp(psi - lambda R) are the maximisers of psi - lambda R, the law is the tilt of exp(-lambda R) by 1"
        " (by 1/T when tempered), and on a finite space the tempered law tends to the reference restricted to the"
        " maximisers; it need not where the maximum is not the essential supremum, and a mode depends on the reference"
    )
