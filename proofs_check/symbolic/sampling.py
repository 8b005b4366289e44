"""Section 2.2.4 and Appendix F, symbolically: pools, modes, typical regions, and the price of a prompt family.

Pools and finite laws have symbolic masses and scores; the Gaussian shell is treated for a symbolic dimension.
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

BETA, T = positive("beta T")
D, X = sp.Symbol("d", positive=True), sp.Symbol("x", real=True)
DELTA = sp.Symbol("delta", positive=True)
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
        "the limit counts one winner": {"limit": 1},
        "a tempered form with Z(beta)^2/Z(beta)": {"power": 1},
        "slope A'(2 beta) - A'(beta)": {"sign": -1},
        "bounded by the exponential of twice the divergence": {"entropy": 2},
    },
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
    equal(sp.limit(size.subs(dict(zip(GAPS, (1, 2, 3), strict=True))), BETA, sp.oo), limit, "the winners at infinity")
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
    u, v = real("u v")
    equal(sp.log(sp.exp(u) / sp.exp(v)), u - v, "log of the ratio of two densities is the difference of objectives")
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


@evidence(
    "Definition F.3",
    "symbolic",
    controls={
        "eps in place of 2 eps": {"factor": 1},
        "the difference over the region's mass": {"outside": lambda inside: 1 / inside - 1},
    },
)
def typical_region(factor: int = 2, outside: Callable[[Expression], Expression] = lambda inside: 1 - inside) -> str:
    """(165): E s - E[s | T] = q(not T) (E[s | not T] - E[s | T]), so that it is at most 2 eps sup |s|."""
    q, s = normalised(positive("q_:4")), real("s_:4")
    inside = q[0] + q[1]
    within, without = mean(q[:2], s[:2]) / inside, mean(q[2:], s[2:]) / (1 - inside)
    equal(mean(q, s) - within, outside(inside) * (without - within), "the difference is a multiple of q(not T)")
    # |E[s | not T] - E[s | T]| <= 2 sup |s|, reached by s = 1 on T and -1 elsewhere: the factor is sharp.
    sharp = dict(zip(s, (1, 1, -1, -1), strict=True))
    reached = sp.simplify((within - mean(q, s)).subs(sharp))
    equal(reached, factor * (1 - inside), "the bound is reached")
    eps, share = positive("epsilon share")  # q(not T) = share eps, share <= 1
    lo, hi = real("m_T m_not")
    bound = factor * eps - share * eps * (hi - lo)
    corners = [bound.subs({lo: i, hi: j, share: k}) for i in (-1, 1) for j in (-1, 1) for k in (0, 1)]
    expect(
        all(v.is_nonnegative for v in corners), "linear in each of its arguments: least at a corner", corners=corners
    )
    return (
        "E s - E[s | T] = q(not T) (E[s | not T] - E[s | T]) for symbolic masses and values; with q(not T) <= eps it is"
        " at most 2 eps sup |s|, reached by s = 1 on T, -1 elsewhere with q(not T) = eps"
    )


def _gaussian_integral(exponent: Expression) -> Expression:
    return sp.simplify(sp.integrate(sp.exp(exponent) / sp.sqrt(2 * sp.pi), (X, -sp.oo, sp.oo)))


@evidence(
    "Lemma F.4",
    "symbolic",
    controls={
        "s = delta": {"s": DELTA},
        "log(1 + delta) >= delta - delta^2/4": {"lower": DELTA - DELTA**2 / 4},
        "twice the exponent": {"exponent": -D * DELTA**2 / 2},
        "the upper tail": {"tail": 1},
    },
)
def shell_bound(
    s: Expression = DELTA / 2,
    lower: Expression = DELTA - DELTA**2 / 2,
    exponent: Expression = -D * DELTA**2 / 4,
    tail: int = -1,
) -> str:
    """(167)-(170): Markov on exp(-s |X|^2), the Laplace transform (1 + 2 s)^(-d/2), s = delta/2, the log bound."""
    rate, y, slack = positive("s y slack")
    one = _gaussian_integral(-(X**2) / 2 - rate * X**2)
    equal(one, (1 + 2 * rate) ** sp.Rational(-1, 2), "Laplace transform of one squared coordinate")
    chi = y ** (D / 2 - 1) * sp.exp(-y / 2) / (2 ** (D / 2) * sp.gamma(D / 2))
    whole = sp.integrate(chi * sp.exp(-rate * y), (y, 0, sp.oo), conds="none")
    equal(sp.powsimp(sp.simplify(whole), force=True), (1 + 2 * rate) ** (-D / 2), "(167)-(168): of chi-square, any d")
    level = (1 + tail * DELTA) * D
    # 1{y <= a} <= exp(s (a - y)): the exponent is >= 0 where the indicator is 1.
    expect((rate * (level - (level - slack))).is_positive, "Markov: y = a - slack")
    log_bound = (rate * level - D / 2 * sp.log(1 + 2 * rate)).subs(rate, s)
    equal(log_bound, D / 2 * (DELTA * (1 - DELTA) - sp.log(1 + DELTA)), "(169): at s = delta/2")
    shortfall = sp.log(1 + DELTA) - lower
    equal(shortfall.subs(DELTA, 0), 0, "log bound: equal at 0")
    expect(sp.factor(sp.diff(shortfall, DELTA)).is_nonnegative, "log bound: the difference rises")
    equal(log_bound + D / 2 * shortfall, exponent, "(170): log bound = exponent - d/2 * shortfall")
    equal(exponent.subs(DELTA, sp.Rational(1, 2)), -D / 16, "delta = 1/2")
    moments = [sp.integrate(chi * y**k, (y, 0, sp.oo), conds="none") for k in (1, 2)]
    equal(sp.gammasimp(moments[0]), D, "E|X|^2 = d")
    equal(sp.gammasimp(moments[1] - moments[0] ** 2), 2 * D, "Var|X|^2 = 2 d: relative spread of the shell -> 0")
    expect(sp.diff(-(X**2) / 2, X).subs(X, 0) == 0 and sp.diff(-(X**2) / 2, X, 2) < 0, "the mode is at 0")
    return (
        "for symbolic d > 0 and delta > 0 the Laplace transform is (1 + 2 s)^(-d/2), s = delta/2 gives the exponent"
        " d (delta (1 - delta) - log(1 + delta))/2 <= -d delta^2/4, as log(1 + delta) - delta + delta^2/2 rises from 0;"
        " |X|^2 has mean d and variance 2 d, the mode is at 0"
    )


@evidence(
    "Ours: exact shell",
    "symbolic",
    controls={
        "the proof's s = delta/2": {"best": DELTA / 2},
        "the upper tail's exponent": {"rate": (DELTA - sp.log(1 + DELTA)) / 2},
        "half the level in the gamma function": {"scale": sp.Rational(1, 4)},
    },
)
def exact_shell(
    best: Expression = None,
    rate: Expression = None,
    scale: Expression = HALF,
) -> str:
    """P(|X|^2 <= a) = gamma(d/2, a/2)/Gamma(d/2); Legendre transform -(delta + log(1 - delta))/2 per dimension."""
    u = positive("u")[0]  # delta = u/(1 + u) runs over (0, 1)
    on = {DELTA: u / (1 + u)}
    best = (DELTA / (2 * (1 - DELTA)) if best is None else best).subs(on)
    rate = (-(DELTA + sp.log(1 - DELTA)) / 2 if rate is None else rate).subs(on)
    delta = on[DELTA]
    y, s = positive("y s")
    cdf = sp.lowergamma(D / 2, scale * y) / sp.gamma(D / 2)
    chi = y ** (D / 2 - 1) * sp.exp(-y / 2) / (2 ** (D / 2) * sp.gamma(D / 2))
    equal(sp.powsimp(sp.expand_power_base(sp.diff(cdf, y), force=True)), chi, "derivative: the chi-square density")
    log_bound = s * (1 - delta) - sp.log(1 + 2 * s) / 2  # per dimension
    equal(sp.diff(log_bound, s).subs(s, best), 0, "stationary in s")
    expect(sp.diff(log_bound, s, 2).is_positive, "convex in s: the least bound")
    equal(log_bound.subs(s, best), -rate, "the least exponent")
    variance = 1 - delta
    equal(rate, (variance - 1 - sp.log(1 / (1 + u))) / 2, "it is KL(N(0, 1 - delta) || N(0, 1))")
    excess = -(DELTA + sp.log(1 - DELTA)) / 2 - DELTA**2 / 4
    equal(excess.subs(DELTA, 0), 0, "equal to delta^2/4 at 0")
    expect(sp.factor(sp.diff(excess, DELTA).subs(on)).is_positive, "above delta^2/4, and more so with delta")
    rho = positive("rho")[0]  # the plane, where the distribution is elementary
    plane = sp.integrate(rho * sp.exp(-(rho**2) / 2), (rho, 0, sp.sqrt(y)))
    equal(sp.expand_func(cdf.subs(D, 2)), plane, "d = 2: in polar coordinates")
    # Exact rate: k gamma(k, x) - gamma(k+1, x) = x^k e^-x and 0 <= gamma(k+1, x) <= x gamma(k, x) enclose gamma(k, x)
    # between x^k e^-x/k and x^k e^-x/(k - x); here k = d/2, x = (1 - delta) k.
    k, x = positive("k x")
    difference = k * sp.lowergamma(k, x) - sp.lowergamma(k + 1, x)
    equal(sp.diff(difference, x), sp.diff(x**k * sp.exp(-x), x), "recurrence of the incomplete gamma function")
    ratio = sp.log(1 / (1 + u)) - 1 / (1 + u)  # log(x^k e^-x)/k, less log k
    stirling = sp.limit(sp.log(k) - (k * sp.log(k) - k + sp.log(2 * sp.pi * k) / 2) / k, k, sp.oo)
    equal((ratio + stirling) / 2, -rate, "its log per dimension tends to the same exponent")
    return (
        "the distribution function is the regularised incomplete gamma function for symbolic d; the best Chernoff"
        " exponent -(delta + log(1 - delta))/2 is at s = delta/(2 (1 - delta)), equals KL(N(0, 1 - delta) || N(0, 1)),"
        " exceeds delta^2/4, and is the exact rate (with Stirling's formula)"
    )


@evidence(
    "Assumption F.5",
    "symbolic",
    controls={
        "a radius that forgets the temperature": {"failure": lambda r: sp.exp(-(r**2) / 2)},
        "Markov with the radius, not its square": {"power": 1},
    },
)
def tempered_optimiser(
    failure: Callable[[Expression], Expression] = lambda r: sp.exp(-(r**2) / (2 * T)), power: int = 2
) -> str:
    """(171) is met by tempering: N(0, T I) has eta = T d/r^2 by Markov, and exactly exp(-r^2/(2 T)) in the plane."""
    r, rho = positive("r rho")
    density = sp.exp(-(X**2) / (2 * T)) / sp.sqrt(2 * sp.pi * T)
    second = sp.simplify(sp.integrate(X**2 * density, (X, -sp.oo, sp.oo)))
    equal(second, T, "second moment of exp(-x^2/(2 T))")
    plane = sp.integrate(rho * sp.exp(-(rho**2) / (2 * T)) / T, (rho, r, sp.oo))
    equal(plane, failure(r), "d = 2: probability beyond r")
    # Markov in the plane: u e^-u <= 1 < 2 with u = r^2/(2 T), so that e^-u <= 2 T/r^2 = T d/r^2.
    u = positive("u")[0]
    markov = (2 * T / r**power).subs(r, sp.sqrt(2 * T * u))
    equal(markov, 1 / u, "Markov's eta in units of u = r^2/(2 T)")
    expect(sp.solve(sp.diff(u * sp.exp(-u), u), u) == [1] and sp.exp(-1) < 1, "u e^-u <= 1/e < 1")
    return (
        "the tempered Gaussian N(0, T I_d) meets the assumption with eta = T d/r^2, in the plane exactly with"
        " exp(-r^2/(2 T)), smaller than that: at r^2 = (1 - delta) d the failure is at most T/(1 - delta), so that"
        " Lemma F.6 applies to every low temperature"
    )


@evidence(
    "Lemma F.6",
    "symbolic",
    controls={
        "a radius beyond the typical one": {"radius": (1 + DELTA) * D},
        "mass of the ball at most eta": {"caught": lambda eta: eta},
    },
)
def optimiser_misses(
    radius: Expression = (1 - DELTA) * D, caught: Callable[[Expression], Expression] = lambda eta: 1 - eta
) -> str:
    """(172)-(174): |x| <= r and r^2 <= (1 - delta) d put x in B; nu(B) >= 1 - eta, q(B) <= exp(-d delta^2/4)."""
    u, f, g = positive("u f g")  # delta = u/(1 + u); r^2 = share of the radius, |x|^2 = share of r^2
    shares = {f: f / (1 + f), g: g / (1 + g)}
    inside = ((1 - DELTA) * D - shares[f] * shares[g] * radius).subs(DELTA, u / (1 + u))
    expect(
        sp.factor(sp.together(inside)).is_positive, "a point within r is in B", excess=sp.factor(sp.together(inside))
    )
    eta, inner, outer = positive("eta inner outer")  # nu of the ball of radius r is 1 - eta + inner; of B, + outer more
    nu_ball = 1 - eta + inner + outer
    expect((nu_ball - caught(eta)).is_positive, "nu(B) >= the assumption's mass", difference=nu_ball - caught(eta))
    equal(1 - nu_ball, eta - inner - outer, "the complement is hit at most eta")
    small = sp.exp(-D * DELTA**2 / 4)
    equal(nu_ball - small - (1 - eta - small), inner + outer, "TV(nu, q) >= nu(B) - q(B) >= 1 - eta - exp(...)")
    return (
        "for symbolic d, delta in (0, 1), r and x with r^2 <= (1 - delta) d the ball of radius r lies in B, so that"
        " nu(B) >= 1 - eta, the complement is hit with probability <= eta, and, with Lemma F.4, TV(nu, q) >= 1 - eta -"
        " exp(-d delta^2/4)"
    )


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
