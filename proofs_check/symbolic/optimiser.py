"""Lemma F.6, symbolically: an optimiser near the mode misses the typical region, whose mass is computed here afresh.

The mass q(B) of the ball is not taken from Lemma F.4: it is an incomplete gamma function by polar coordinates, and its
bound follows from how fast its logarithm falls with delta, without Markov's inequality.
"""

from collections.abc import Callable

import sympy as sp

from distributional_view.proofs_check.algebra import Expression, equal, positive
from distributional_view.proofs_check.evidence import evidence, expect

D, DELTA, U = positive("d delta u")
QUARTER = sp.Rational(1, 4)
ON = {DELTA: U / (1 + U)}
"""delta as a function of u > 0: it runs over (0, 1)."""


@evidence(
    "Lemma F.6",
    "symbolic",
    controls={
        "a radius beyond the typical one": {"radius": (1 + DELTA) * D, "breaks": "a point within r is in B"},
        "mass of the ball at most eta": {"caught": lambda eta: eta, "breaks": "nu(B) >= the assumption's mass"},
        "twice the exponent": {"share": sp.S.Half, "breaks": "log q(B) falls at least as fast as the bound"},
        "spheres that grow like r^d": {"sphere": 0, "breaks": "polar coordinates"},
        "a level beyond d": {"level": 1, "breaks": "log q(B) falls at least as fast as the bound"},
    },
    constants=("share", "sphere", "level"),
    survives={"share": "a smaller exponent is a weaker bound of q(B), and true"},
)
def optimiser_misses(
    radius: Expression = (1 - DELTA) * D,
    caught: Callable[[Expression], Expression] = lambda eta: 1 - eta,
    share: Expression = QUARTER,
    sphere: int = 1,
    level: int = -1,
) -> str:
    """(172)-(174): |x| <= r and r^2 <= (1 - delta) d put x in B; nu(B) >= 1 - eta, q(B) <= exp(-d delta^2/4)."""
    f, g = positive("f g")  # r^2 = share of the radius, |x|^2 = share of r^2
    shares = {f: f / (1 + f), g: g / (1 + g)}
    inside = sp.factor(sp.together(((1 - DELTA) * D - shares[f] * shares[g] * radius).subs(ON)))
    expect(inside.is_positive, "a point within r is in B", excess=inside)
    eta, inner, outer = positive("eta inner outer")  # nu of the ball of radius r is 1 - eta + inner; of B, + outer more
    nu_ball = 1 - eta + inner + outer
    expect((nu_ball - caught(eta)).is_positive, "nu(B) >= the assumption's mass", difference=nu_ball - caught(eta))
    equal(1 - nu_ball, eta - inner - outer, "the complement is hit at most eta")
    _mass_by_polar_coordinates(D - sphere)
    _bounded(share, level)
    small, below = sp.exp(-share * D * DELTA**2), positive("below")[0]  # q(B) = the bound less `below`
    equal(1 - (small - below), 1 - small + below, "q(not B) >= 1 - exp(...): the complement is typical")
    gap = nu_ball - (small - below) - (1 - eta - small)
    expect(gap.is_positive, "TV(nu, q) >= nu(B) - q(B) >= 1 - eta - exp(...)", gap=gap)
    return (
        "for symbolic d, delta in (0, 1), r and x with r^2 <= (1 - delta) d the ball of radius r lies in B, so that"
        " nu(B) >= 1 - eta and the complement is hit with probability <= eta; q(B) = gamma(d/2, (1 - delta) d/2)/"
        "Gamma(d/2) by polar coordinates, its logarithm starts below 0 and falls at least as fast as -d delta^2/4, so"
        " that TV(nu, q) >= 1 - eta - exp(-d delta^2/4)"
    )


def _mass_by_polar_coordinates(power: Expression) -> None:
    """P(|X|^2 <= a) = gamma(d/2, a/2)/Gamma(d/2): both are 0 at a = 0, rise alike, and reach 1.

    Args:
        power: of r in the area of a sphere.
    """
    a, r = positive("a r")
    density = r**power * sp.exp(-(r**2) / 2)
    whole = sp.gammasimp(sp.integrate(density, (r, 0, sp.oo), conds="none"))
    rises = density.subs(r, sp.sqrt(a)) / (2 * sp.sqrt(a)) / whole
    claimed = sp.diff(sp.lowergamma(D / 2, a / 2) / sp.gamma(D / 2), a)
    ratio = sp.gammasimp(sp.powsimp(sp.simplify(sp.expand_power_base(rises / claimed, force=True)), force=True))
    equal(ratio, 1, "polar coordinates")
    equal(sp.lowergamma(D / 2, 0), 0, "no mass at 0")


def _bounded(share: Expression, side: int) -> None:
    """q(B) <= exp(-share d delta^2), with k = d/2 and x = (1 - delta) k where the bound is evaluated.

    From k gamma(k, x) - gamma(k + 1, x) = x^k e^-x and gamma(k + 1, x) = x gamma(k, x) - s, s > 0, the logarithm of
    gamma(k, x) rises with x at ((k - x) gamma(k, x) + s)/(x gamma(k, x)).
    """
    k, x, mass, s = positive("k x mass s")
    low, next_low = sp.lowergamma(k, x), sp.lowergamma(k + 1, x)
    equal(sp.diff(k * low - next_low, x), sp.diff(x**k * sp.exp(-x), x), "recurrence of the incomplete gamma function")
    equal((k * low - next_low).subs(x, 0), 0, "both sides of it vanish at 0")
    # s = x gamma(k, x) - gamma(k + 1, x) is 0 at x = 0 and rises at gamma(k, x), an integral of what is positive.
    equal(sp.diff(x * low - next_low, x), low, "s > 0: it rises at gamma(k, x)")
    density = (k - x) * mass + s  # x^k e^-x, with gamma(k, x) = mass
    equal(sp.diff(low, x), x**k * sp.exp(-x) / x, "gamma(k, x) rises at x^k e^-x/x")
    at = (1 + side * DELTA) * k
    falls = -sp.diff(at, DELTA) * (density / (x * mass)).subs(x, at)  # of log q(B), as delta grows
    wanted = sp.diff(share * 2 * k * DELTA**2, DELTA)
    excess = sp.factor(sp.together((falls - wanted).subs(ON)))
    expect(excess.is_positive, "log q(B) falls at least as fast as the bound", excess=excess)
    beyond = positive("beyond")[0]  # Gamma(k) = gamma(k, k) + beyond
    expect((1 - mass / (mass + beyond)).together().is_positive, "at delta = 0: P(|X|^2 <= d) < 1")
