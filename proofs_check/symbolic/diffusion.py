"""Section 2.3 and Appendix G in continuous time, symbolically.

Drift, noise, densities and scores are undefined functions in one or two dimensions: a Fokker-Planck equation is
used by replacing the time derivative that it defines. Uniqueness of its solution, and that the law of a process
solves it, stay matters of analysis. For the variance-preserving process `a` is alpha_bar in (0, 1]: given X_0,
X_t ~ N(sqrt(a) X_0, (1 - a) I).
"""

from collections.abc import Callable, Sequence

import sympy as sp

from distributional_view.proofs_check.algebra import Expression, equal, mean, positive, real
from distributional_view.proofs_check.evidence import evidence, expect

X = real("x y")
T = sp.Symbol("t", real=True)
BETA = positive("beta")[0]
HALF = sp.Rational(1, 2)


def _gradient(u: Expression, at: Sequence[Expression]) -> list[Expression]:
    return [sp.diff(u, c) for c in at]


def _divergence(v: Sequence[Expression], at: Sequence[Expression]) -> Expression:
    return sum(sp.diff(w, c) for w, c in zip(v, at, strict=True))


def _dot(v: Sequence[Expression], w: Sequence[Expression]) -> Expression:
    return sum(a * b for a, b in zip(v, w, strict=True))


def _fokker_planck(
    law: Expression, drift: Sequence[Expression], noise: Expression, at: Sequence[Expression]
) -> Expression:
    """Time derivative of a density under dX = drift dt + noise dW."""
    diffusion = noise**2 / 2 * _divergence(_gradient(law, at), at)
    return -_divergence([b * law for b in drift], at) + diffusion


def _generator(u: Expression, drift: Sequence[Expression], noise: Expression, at: Sequence[Expression]) -> Expression:
    """Rate of the expectation of a function under dX = drift dt + noise dW."""
    return _dot(drift, _gradient(u, at)) + noise**2 / 2 * _divergence(_gradient(u, at), at)


def _general(dimension: int) -> tuple[tuple[Expression, ...], list[Expression], Expression, Expression]:
    """Coordinates, drift f, noise g and a density p > 0, all general."""
    at = X[:dimension]
    drift = [sp.Function(f"f_{i}", real=True)(*at, T) for i in range(dimension)]
    return at, drift, sp.Function("g", positive=True)(T), sp.Function("p", positive=True)(*at, T)


def _in_time(expression: Expression, rates: dict[Expression, Expression]) -> Expression:
    """Replace each time derivative that an evolution equation defines."""
    return expression.subs({sp.diff(u, T): rate for u, rate in rates.items()})


def _noised(prior_mean: Expression, prior_var: Expression, a: Expression) -> tuple[Expression, Expression]:
    """Mean and variance of X_t for a normal X_0."""
    return sp.sqrt(a) * prior_mean, a * prior_var + 1 - a


def _log_normal(x: Expression, m: Expression, v: Expression) -> Expression:
    return -((x - m) ** 2) / (2 * v) - sp.log(2 * sp.pi * v) / 2


@evidence(
    "Assumption G.1",
    "symbolic",
    controls={
        "half the noise": {"noise": HALF},
        "a variance that keeps growing": {"variance": lambda a: a + 1},
        "a drift of full rate": {"drift": 1},
    },
)
def marginals_of_a_process(
    noise: Expression = 1, variance: Callable[[Expression], Expression] = lambda a: 1 - a, drift: Expression = HALF
) -> str:
    """(181) holds for dX = -b X/2 dt + sqrt(b) dW with any rate b(t): its kernel is N(sqrt(a) x_0, 1 - a)."""
    b = sp.Function("b", positive=True)(T)
    a = sp.Function("a", positive=True)(T)
    here, speed = 1 / (1 + positive("k")[0]), positive("b")[0]
    for dimension in (1, 2):
        at, start = X[:dimension], real(f"s_:{dimension}")
        log_kernel = sum(_log_normal(c, sp.sqrt(a) * s, variance(a)) for c, s in zip(at, start, strict=True))
        rate = sp.diff(log_kernel, T).subs(sp.diff(a, T), -b * a)
        kernel = sp.exp(log_kernel)
        stated = sp.expand(_fokker_planck(kernel, [-drift * b * c for c in at], sp.sqrt(noise * b), at) / kernel)
        now = {b: speed, a: here}  # any values of the rate and of alpha_bar
        equal(rate.subs(now), stated.subs(now), f"kernel in dimension {dimension}")
    equal(variance(sp.Integer(1)), 0, "at a = 1 the kernel is the unit mass at its start")
    return (
        "for every rate b(t), with a' = -b a, the kernel N(sqrt(a) x_0, (1 - a) I) solves the Fokker-Planck equation in"
        " one and two dimensions and starts as a unit mass: every prior, atoms included, gets smooth positive marginals"
        " at t > 0 as a mixture of kernels; at t = 0 smoothness is the prior's own"
    )


@evidence(
    "Lemma G.2",
    "symbolic",
    controls={
        "half the score": {"score": HALF},
        "the drift not reversed": {"flow": 1},
        "the score with the other sign": {"score": -1},
        "noise switched off but the full score kept": {"noise": 0},
    },
)
def time_reversal(score: Expression = 1, flow: int = -1, noise: Expression = 1) -> str:
    """(183)-(189): rho_(T-s) solves the Fokker-Planck equation of drift -f + g^2 grad log rho and noise g."""
    for dimension in (1, 2):
        at, f, g, rho = _general(dimension)
        forward = {rho: _fokker_planck(rho, f, g, at)}
        log_gradient = _gradient(sp.log(rho), at)
        drift = [flow * fi + score * g**2 * ui for fi, ui in zip(f, log_gradient, strict=True)]
        carried = [b * rho for b in drift]
        stated = [flow * fi * rho + score * g**2 * ui for fi, ui in zip(f, _gradient(rho, at), strict=True)]
        for left, right in zip(carried, stated, strict=True):
            equal(sp.expand(left), right, f"(186) in dimension {dimension}: b rho = -f rho + g^2 grad rho")
        backwards = -_in_time(sp.diff(rho, T), forward)  # s = T - t: d/ds = -d/dt
        reverse = _fokker_planck(rho, drift, noise * g, at)
        equal(sp.expand(backwards), sp.expand(reverse), f"(187)-(189) in dimension {dimension}")
        # The same marginals for any share eta of the noise, with (1 + eta^2)/2 of the score: eta = 0 is the flow.
        eta = positive("eta")[0]
        any_noise = [-fi + (1 + eta**2) / 2 * g**2 * ui for fi, ui in zip(f, log_gradient, strict=True)]
        equal(sp.expand(backwards), sp.expand(_fokker_planck(rho, any_noise, eta * g, at)), "any share of the noise")
    return (
        "for general f(x, t), g(t) and rho > 0 in one and two dimensions the terms of (189) cancel; so they do for"
        " noise eta g with (1 + eta^2)/2 of the score, eta = 0 being the probability flow; that the equation's solution"
        " is unique is assumed"
    )


@evidence(
    "Theorem G.3",
    "symbolic",
    controls={
        "e^H solves the backward equation of the forward drift": {"carrier": lambda f, g, u: f},
        "e^H carried by the flow": {"carrier": lambda f, g, u: [-a + g**2 * b / 2 for a, b in zip(f, u, strict=True)]},
        "half of the guidance": {"guidance": HALF},
        "guidance towards low scores": {"guidance": -1},
    },
)
def guided_reversal(
    carrier: Callable[..., Sequence[Expression]] = lambda f, g, u: [-a + g**2 * b for a, b in zip(f, u, strict=True)],
    guidance: Expression = 1,
) -> str:
    """(190)-(193): u = e^H solves du/dt = (-f + g^2 grad log p) . grad u + g^2/2 lap u, so that q = p u solves the
    forward equation, and the reverse SDE with grad log p + grad H keeps q."""
    for dimension in (1, 2):
        at, f, g, p = _general(dimension)
        h = sp.Function("H", real=True)(*at, T)
        u = sp.exp(h)
        log_gradient = _gradient(sp.log(p), at)
        rates = {
            p: _fokker_planck(p, f, g, at),
            h: sp.expand(_generator(u, carrier(f, g, log_gradient), g, at) / u),
        }
        q = p * u  # the constant Z drops out
        forward = _in_time(sp.diff(q, T), rates)
        equal(sp.expand(forward / u), sp.expand(_fokker_planck(q, f, g, at) / u), f"q solves (183), dim {dimension}")
        pairs = list(zip(_gradient(sp.log(q), at), log_gradient, _gradient(h, at), strict=True))
        for left, prior, extra in pairs:
            equal(sp.expand(left), sp.expand(prior + extra), f"(192): score identity in dimension {dimension}")
        drift = [-fi + g**2 * (prior + guidance * extra) for fi, (_, prior, extra) in zip(f, pairs, strict=True)]
        reverse = _fokker_planck(q, drift, g, at)
        equal(
            sp.expand(-forward / u), sp.expand(reverse / u), f"(193): the guided reverse SDE in dimension {dimension}"
        )
    return (
        "for general f, g, p, H in one and two dimensions: if e^H solves the backward equation of the reversed"
        " diffusion (as E[exp(beta psi(X_0)) | X_t] does), p e^H solves the forward equation with the same f, g, its"
        " score is grad log p + grad H, and the reverse SDE with that score has the marginals p e^H/Z"
    )


def _posterior(x: Expression, m: Expression, v: Expression, a: Expression) -> tuple[Expression, Expression]:
    """Mean and variance of X_0 ~ N(m, v) given X_t = x."""
    total = a * v + 1 - a
    return m + sp.sqrt(a) * v * (x - sp.sqrt(a) * m) / total, v * (1 - a) / total


@evidence(
    "Theorem G.3",
    "symbolic",
    controls={
        "the plug-in's H, without the posterior variance": {"spread": 0},
        "the tilted prior narrowed": {"narrowed": 2},
        "Z left out": {"log_z": lambda m, v: 0},
    },
)
def gaussian_tilt(
    spread: int = 1,
    narrowed: int = 1,
    log_z: Callable[[Expression, Expression], Expression] = lambda m, v: BETA * m + BETA**2 * v / 2,
) -> str:
    """X_0 ~ N(m, v), psi = x: H_t = beta E[X_0 | x] + beta^2 Var[X_0 | x]/2, and p_t e^H/Z is N(m + beta v, v) noised;
    the same for the scores in the plane with a general covariance."""
    x, m, k = X[0], real("m")[0], positive("k")[0]
    v, a = positive("v")[0], 1 / (1 + k)
    centre, var = _posterior(x, m, v, a)
    h = BETA * centre + spread * BETA**2 * var / 2
    tilted = _log_normal(x, *_noised(m + BETA * v, v / narrowed, a))
    equal(_log_normal(x, *_noised(m, v, a)) + h - log_z(m, v), tilted, "log p_t + H_t - A(beta) = log q_t")
    h_now = h.subs(k, 0)
    equal(h_now, BETA * x, "H_0 = beta psi")
    # In the plane: psi = c . x, prior N(0, V) with V general; the noised tilt is N(sqrt(a) beta V c, S).
    c, e = sp.Matrix(real("c_:2")), sp.Matrix(X)
    v_plane = sp.Matrix([[v, m], [m, 1]])
    s = a * v_plane + (1 - a) * sp.eye(2)
    grad_h = BETA * sp.sqrt(a) * (v_plane * s.inv()).T * c
    prior, target = -s.inv() * e, -s.inv() * (e - sp.sqrt(a) * BETA * v_plane * c / narrowed)
    for left, right in zip(prior + grad_h, target, strict=True):
        equal(left, right, "in the plane: score of the noised tilt = score of p_t + grad H_t")
    # Starting from N(0, 1) costs KL(q_T || N(0, 1)), which vanishes with a only.
    end_mean, end_var = _noised(m + BETA * v, v, sp.Symbol("a", positive=True))
    cost = (end_mean**2 + end_var - 1 - sp.log(end_var)) / 2
    equal(sp.limit(cost, sp.Symbol("a", positive=True), 0), 0, "the start N(0, 1) is exact as a -> 0")
    return (
        "for X_0 ~ N(m, v) and psi = x, p_t exp(H_t)/Z(beta) is exactly the noised N(m + beta v, v) at every noise"
        " level, with H_0 = beta psi; the scores agree in the plane for a general covariance; KL(q_T ||"
        " N(0, 1)) -> 0 as alpha_bar_T -> 0"
    )


@evidence(
    "Remark G.4",
    "symbolic",
    controls={
        "Tweedie with the other sign": {"tweedie": -1},
        "the gradient not through the denoiser": {"through": lambda slope: 1},
    },
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
    centre, var = _posterior(x, m, v, a)
    x0_hat = sp.simplify(denoised(_log_normal(x, *_noised(m, v, a))))
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
)
def factor_of_two(factor: int = 2, half: Expression | None = HALF) -> str:
    """If d phi/dt + v . grad phi = 0, v = f - g^2/2 grad log p, the reverse SDE guided by g^2 beta grad phi keeps
    p exp(2 beta phi)."""
    for dimension in (1, 2):
        at, f, g, p = _general(dimension)
        phi = sp.Function("phi", real=True)(*at, T)
        log_gradient, pull = _gradient(sp.log(p), at), _gradient(phi, at)
        velocity = [fi - (half or 0) * g**2 * ui for fi, ui in zip(f, log_gradient, strict=True)]
        rates = {p: _fokker_planck(p, f, g, at), phi: sp.Integer(0) if half is None else -_dot(velocity, pull)}
        lift = sp.exp(factor * BETA * phi)
        q = p * lift
        drift = [-fi + g**2 * (ui + BETA * wi) for fi, ui, wi in zip(f, log_gradient, pull, strict=True)]
        left = -_in_time(sp.diff(q, T), rates)
        equal(sp.expand(left / lift), sp.expand(_fokker_planck(q, drift, g, at) / lift), f"dimension {dimension}")
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
    equal(_dot(velocity, [sp.diff(phi, c).doit() for c in X]), 0, "phi is constant along the flow")
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
