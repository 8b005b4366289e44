"""Typical regions, symbolically: Definition F.3 to Assumption F.5; the Gaussian shell for a symbolic dimension."""

from collections.abc import Callable

import sympy as sp

from distributional_view.proofs_check.algebra import Expression, equal, mean, normalised, positive, real
from distributional_view.proofs_check.evidence import evidence, expect

T = sp.Symbol("T", positive=True)
D, X = sp.Symbol("d", positive=True), sp.Symbol("x", real=True)
DELTA = sp.Symbol("delta", positive=True)
HALF = sp.Rational(1, 2)


@evidence(
    "Definition F.3",
    "symbolic",
    controls={
        "eps in place of 2 eps": {"factor": 1},
        "the difference over the region's mass": {"outside": lambda inside: 1 / inside - 1},
    },
    constants=("factor",),
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
    constants=("tail",),
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
    constants=("scale",),
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
        "a radius that forgets the temperature": {"level": lambda r: r**2 / 2, "breaks": "the density of"},
        "Markov with the radius, not its square": {"power": 1, "breaks": "Markov"},
        "half the temperature's spread": {"spread": HALF, "breaks": "Markov"},
    },
    constants=("power", "spread"),
)
def tempered_optimiser(
    level: Callable[[Expression], Expression] = lambda r: r**2 / (2 * T), power: int = 2, spread: Expression = 1
) -> str:
    """(171) is met by tempering: N(0, T I_d) has eta = Gamma(d/2, r^2/(2 T))/Gamma(d/2) <= T d/r^2, for any d."""
    r, rho, y = positive("r rho y")
    one = sp.exp(-(X**2) / (2 * T)) / sp.sqrt(2 * sp.pi * T)
    rate = positive("s")[0]
    laplace = sp.simplify(sp.integrate(one * sp.exp(-rate * X**2), (X, -sp.oo, sp.oo)))
    equal(laplace, (1 + 2 * rate * T) ** -HALF, "Laplace transform of one squared coordinate")
    chi = y ** (D / 2 - 1) * sp.exp(-y / (2 * T)) / ((2 * T) ** (D / 2) * sp.gamma(D / 2))
    whole = sp.integrate(chi * sp.exp(-rate * y), (y, 0, sp.oo), conds="none")
    equal(sp.powsimp(sp.simplify(whole), force=True), (1 + 2 * rate * T) ** (-D / 2), "of y = |x|^2, for any d")
    beyond = sp.uppergamma(D / 2, level(r)) / sp.gamma(D / 2)
    density = sp.expand_power_base(-sp.diff(beyond, r), force=True)
    expected = sp.expand_power_base((chi * 2 * r).subs(y, r**2), force=True)
    equal(sp.powsimp(sp.simplify(density / expected), force=True), 1, "the density of |x| is the slope of eta")
    # Markov: 1{y >= r^2} <= y/r^2, so that eta <= E[y]/r^2.
    eta = spread * T * D / r**power
    second = sp.gammasimp(sp.integrate(chi * y, (y, 0, sp.oo), conds="none"))
    equal(second / r**2, eta, "Markov: E|x|^2/r^2 = T d/r^2")
    plane = sp.integrate(rho * sp.exp(-(rho**2) / (2 * T)) / T, (rho, r, sp.oo))
    equal(sp.expand_func(beyond.subs(D, 2)), plane, "d = 2: exp(-r^2/(2 T)) in polar coordinates")
    delta = DELTA
    at_shell = eta.subs(r, sp.sqrt((1 - delta) * D))
    equal(at_shell, T / (1 - delta), "at r^2 = (1 - delta) d: T/(1 - delta)")
    return (
        "for symbolic d the tempered Gaussian N(0, T I_d) fails with eta = Gamma(d/2, r^2/(2 T))/Gamma(d/2), at most"
        " T d/r^2 by Markov's inequality and exp(-r^2/(2 T)) in the plane: at r^2 = (1 - delta) d the failure is at"
        " most T/(1 - delta), so that Lemma F.6 applies to every low temperature"
    )
