"""Remark G.4 in continuous time, symbolically: the plug-in gradient, the factor of two, and that neither is universal.

Written as in `diffusion`, with general functions where the claim is general.
"""

from collections.abc import Callable

import sympy as sp

from distributional_view.proofs_check.algebra import Expression, equal, mean, positive, real
from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.proofs_check.evolution import (
    T,
    X,
    dot,
    fokker_planck,
    general_diffusion,
    grad,
    in_time,
    log_normal,
    noised,
    posterior,
)

BETA = positive("beta")[0]
HALF = sp.Rational(1, 2)


@evidence(
    "Remark G.4",
    "symbolic",
    controls={
        "Tweedie with the other sign": {"tweedie": -1},
        "the gradient not through the denoiser": {"through": lambda slope: 1},
    },
    constants=("tweedie",),
)
def plug_in_guidance(tweedie: int = 1, through: Callable[[Expression], Expression] = lambda slope: slope) -> str:
    """x0_hat = (x + (1 - a) grad log p_t)/sqrt(a) = E[X_0 | x]; the plug-in is grad H for a linear score and a normal
    prior, and differs at the order beta^2 for two atoms, at the order beta for psi = x^2."""
    x, m, k, v = X[0], real("m")[0], *positive("k v")
    a = 1 / (1 + k)

    def denoised(log_p: Expression) -> Expression:
        return (x + tweedie * (1 - a) * sp.diff(log_p, x)) / sp.sqrt(a)

    atoms, weights = real("z_:3"), positive("w_:3")
    kernels = [w * sp.exp(-((x - sp.sqrt(a) * z) ** 2) / (2 * (1 - a))) for w, z in zip(weights, atoms, strict=True)]
    density = sum(kernels)
    numerator = sp.expand(x * density + tweedie * (1 - a) * sp.diff(density, x))
    equal(numerator, sp.sqrt(a) * mean(kernels, atoms), "Tweedie for three atoms, times their density")
    centre, var = posterior(x, m, v, a)
    x0_hat = sp.simplify(denoised(log_normal(x, *noised(m, v, a))))
    equal(x0_hat, centre, "Tweedie for a normal prior")
    slope = through(sp.diff(x0_hat, x))
    equal(
        BETA * slope, sp.diff(BETA * centre + BETA**2 * var / 2, x), "linear score, normal prior: the plug-in is grad H"
    )
    # psi = x^2: exp(beta z^2) times N(c, w) is exp(beta c^2/(1 - 2 beta w)) times a normal density with another mean.
    z, c, w = real("z c w")
    factor = 1 - 2 * BETA * w
    square = -((z - c) ** 2) / (2 * w) + BETA * z**2 + factor * (z - c / factor) ** 2 / (2 * w)
    equal(square, BETA * c**2 / factor, "completed square of the posterior tilted by z^2")
    h = (BETA * c**2 / factor).subs({c: centre, w: var})
    share = positive("share")[0]  # 1 - 2 beta var = 1/(1 + share), so that beta < 1/(2 var)
    narrow = {BETA: share / (1 + share) / (2 * var)}
    exact, plug_in = sp.diff(h, x), 2 * BETA * centre * slope
    equal(
        sp.simplify((plug_in / exact).subs(narrow)),
        1 / (1 + share),
        "psi = x^2: the plug-in is 1 - 2 beta var of grad H",
    )
    # Two atoms at +-1: H = log cosh(r + beta) - log cosh(r), r = x sqrt(a)/(1 - a), x0_hat = tanh r.
    r = sp.Symbol("r", real=True)
    two = sp.log(sp.cosh(r + BETA)) - sp.log(sp.cosh(r))
    by_order = [sp.simplify(sp.diff(two - BETA * sp.tanh(r), r, 1).diff(BETA, n).subs(BETA, 0)) for n in (1, 2)]
    equal(by_order[0], 0, "two atoms: equal at the order beta")
    equal(sp.simplify(by_order[1] - sp.diff(1 - sp.tanh(r) ** 2, r)), 0, "at beta^2/2: slope of the posterior variance")
    expect(by_order[1].subs(r, 1) != 0, "which is not zero")
    return (
        "Tweedie's formula gives E[X_0 | x] for three general atoms and for normal priors; the plug-in equals grad H"
        " for a linear score and a normal prior, is 1 - 2 beta Var[X_0 | x] of it for psi = x^2, and misses"
        " beta^2/2 times the slope of Var[X_0 | x] for two atoms and a linear score"
    )


@evidence(
    "Ours: factor of two",
    "symbolic",
    controls={
        "factor one": {"factor": 1},
        "factor three": {"factor": 3},
        "phi constant along the forward drift instead of the flow": {"half": 0},
        "phi constant in time at each point": {"half": None},
    },
    constants=(
        "factor",
        "half",
    ),
)
def factor_of_two(factor: int = 2, half: Expression | None = HALF) -> str:
    """If d phi/dt + v . grad phi = 0, v = f - g^2/2 grad log p, the reverse SDE guided by g^2 beta grad phi keeps
    p exp(2 beta phi)."""
    for dimension in (1, 2):
        at, f, g, p = general_diffusion(dimension)
        phi = sp.Function("phi", real=True)(*at, T)
        log_gradient, pull = grad(sp.log(p), at), grad(phi, at)
        velocity = [fi - (half or 0) * g**2 * ui for fi, ui in zip(f, log_gradient, strict=True)]
        rates = {p: fokker_planck(p, f, g, at), phi: sp.Integer(0) if half is None else -dot(velocity, pull)}
        lift = sp.exp(factor * BETA * phi)
        q = p * lift
        drift = [-fi + g**2 * (ui + BETA * wi) for fi, ui, wi in zip(f, log_gradient, pull, strict=True)]
        left = -in_time(sp.diff(q, T), rates)
        equal(sp.expand(left / lift), sp.expand(fokker_planck(q, drift, g, at) / lift), f"dimension {dimension}")
    return (
        "for general f, g, p and any phi that is constant along the probability flow, in one and two dimensions, the"
        " density p exp(2 beta phi) solves the reverse equation guided by g^2 beta grad phi; the start must be that"
        " law at T, and the equation's solution unique"
    )


@evidence(
    "Ours: factor of two",
    "symbolic",
    controls={
        "a score that sees the radius": {"score": lambda x, y: sp.Function("Psi")(x**2 + y**2)},
        "a prior that is not round": {"squared_radius": lambda x, y: x**2 + 2 * y**2},
    },
)
def round_prior_and_direction(
    score: Callable[[Expression, Expression], Expression] = lambda x, y: sp.Function("Psi")(sp.atan(y / x)),
    squared_radius: Callable[[Expression, Expression], Expression] = lambda x, y: x**2 + y**2,
) -> str:
    """Premise in the plane: for p_t a function of |x| and psi of the angle alone, phi = psi(x0_hat) does not change
    in time where x0_hat does not vanish, nor along the flow's velocity -b x/2 - b/2 grad log p_t, which is radial."""
    x, y = X
    b, a = sp.Function("b", positive=True)(T), sp.Function("a", positive=True)(T)
    log_p = sp.Function("L", real=True)(squared_radius(x, y), T)
    slopes = [sp.diff(log_p, c).doit() for c in X]
    velocity = [-b * (c + u) / 2 for c, u in zip(X, slopes, strict=True)]
    shrink = positive("h")[0]
    x0_hat = [(c + (1 - a) * u) / sp.sqrt(a) for c, u in zip(X, slopes, strict=True)]
    equal(sp.expand(x * x0_hat[1]), sp.expand(y * x0_hat[0]), "x0_hat is a multiple of x")
    # A positive one: opposite atoms z and -z add w exp(c w) - w exp(-c w) to x . x0_hat, w = x . z, c > 0, which is
    # 0 at c = 0 and grows with c.
    w, c = real("w")[0], positive("c")[0]
    pair = w * sp.exp(c * w) - w * sp.exp(-c * w)
    equal(pair.subs(c, 0), 0, "opposite atoms cancel at c = 0")
    equal(sp.diff(pair, c), w**2 * (sp.exp(c * w) + sp.exp(-c * w)), "and add a sum of squares from there")
    phi = score(x, y)
    equal(score(shrink * x, shrink * y), phi, "phi = psi(x0_hat) for a positive multiple")
    equal(dot(velocity, [sp.diff(phi, c).doit() for c in X]), 0, "phi is constant along the flow")
    return (
        "for a density of |x| in the plane, general in time, x0_hat is a multiple of x, a positive one because opposite"
        " atoms add w (e^(c w) - e^(-c w)), and the flow is radial: a score of the angle is constant along the flow"
    )


@evidence(
    "Ours: plug-in bias",
    "symbolic",
    controls={
        "the plug-in reaches the tilt": {"reached": lambda b: 1 / (1 - 2 * b)},
        "the plug-in reaches the tilt by 2 beta": {"reached": lambda b: 1 / (1 - 4 * b)},
        "a linear score is doubled too": {"linear": 2},
    },
    constants=("linear",),
)
def plug_in_bias(
    reached: Callable[[Expression], Expression] = lambda b: (sp.exp(4 * b) - 1) / (4 * b), linear: int = 1
) -> str:
    """N(0, 1), x0_hat = sqrt(a) x. psi = x^2: the plug-in ends with variance (e^(4 beta) - 1)/(4 beta), below the
    tilt's 1/(1 - 2 beta) for 0 < beta < 1/2. psi = x: it ends with mean beta, the tilt's."""
    u, x = positive("u")[0], X[0]
    # Rate 1 in reverse time s: dY = (-Y/2 + beta d psi(x0_hat)/dx) ds + dW, with a = u growing by du/ds = u.
    rate = -HALF + BETA * sp.diff((sp.sqrt(u) * x) ** 2, x) / x  # dV/ds = 2 rate V + 1
    path = reached(BETA * u)
    equal(u * sp.diff(path, u), 2 * rate * path + 1, "psi = x^2: variance along the reverse SDE")
    equal(sp.limit(path, u, 0), 1, "it starts from N(0, 1)")
    # Coefficients of beta^n: 4^n/(n + 1)! against the tilt's 2^n. Both start with 1, 2; then the first grow by less.
    series = sp.series(reached(BETA), BETA, 0, 7).removeO()
    for n in range(7):
        equal(series.coeff(BETA, n), sp.Integer(4) ** n / sp.factorial(n + 1), f"coefficient of beta^{n}")
    n = sp.Symbol("n", integer=True, nonnegative=True)
    ratio = sp.combsimp((4 ** (n + 1) / sp.factorial(n + 2)) / (4**n / sp.factorial(n + 1)))
    equal(2 - ratio, 2 * n / (n + 2), "coefficients grow by at most the tilt's factor 2, by less from n = 1")
    tilt_reached = (1 - 4 * BETA / (sp.exp(4 * BETA) - 1)) / 2
    equal(1 / (1 - 2 * tilt_reached), reached(BETA), "the tilt that has the plug-in's variance")
    equal(sp.series(tilt_reached, BETA, 0, 3).removeO(), BETA - 2 * BETA**2 / 3, "beta - 2 beta^2/3 + ...")
    # psi = x with w = sqrt(a), dw/ds = w/2: the mean.
    w = positive("w")[0]
    m = linear * BETA * w
    equal(w / 2 * sp.diff(m, w), -m / 2 + BETA * sp.diff(w * x, x), "psi = x: mean along the reverse SDE")
    equal(m.subs(w, 1), BETA, "psi = x: it ends at the mean of the tilt by beta")
    return (
        "from N(0, 1) at alpha_bar = 0 the plug-in for psi = x^2 ends with variance (e^(4 beta) - 1)/(4 beta), the tilt"
        " by (1 - 4 beta/(e^(4 beta) - 1))/2 = beta - 2 beta^2/3 + ..., whose series is below 1/(1 - 2 beta)'s term by"
        " term: more than beta is needed for 0 < beta < 1/2; for psi = x it ends at the tilt's mean, factor 1"
    )
