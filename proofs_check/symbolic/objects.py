"""Section 2.2.3 and Appendix E, symbolically: two constraints, the Gibbs principle, and the cost of a task.

The base law has four atoms with symbolic masses; the scores psi and g are symbols as well, so that each identity
holds for every finite measure with that many atoms, whatever its scores. That the infimum over laws on an infinite
space is approached by such identities (integrability, existence of multipliers) stays a matter of measure theory.
"""

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

N = 4  # atoms
P = normalised(positive(f"p_:{N}"))
Q = normalised(positive(f"q_:{N}"))
PSI, G = real(f"psi_:{N}"), real(f"g_:{N}")
BETA, GAMMA, TAU, KAPPA = real("beta gamma tau kappa")


def _lift(b: Expression, c: Expression) -> list[Expression]:
    """The exponent b psi + c g."""
    return [b * s + c * t for s, t in zip(PSI, G, strict=True)]


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
    lift = _lift(sign * BETA, GAMMA)
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
)
def duality_gap(
    sign: int = 1, task: int = 1, remainder: Callable[..., Expression] = lambda q, solution: kl(q, solution)
) -> str:
    """(145)-(146), (152): primal less dual value is KL(q || q*) + beta (E_q psi - tau) + gamma (E_q g - kappa)."""
    lift = _lift(BETA, GAMMA)
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


@evidence(
    "Definition 2.5",
    "symbolic",
    controls={
        "E_q psi left free at no charge": {"charge": 0},
        "a tilt of g in place of the tilt of psi": {"exponent": (0, BETA)},
        "the reversed divergence": {"distance": lambda q, base: kl(base, q)},
    },
)
def distortion_is_extra_cost(
    charge: Expression = BETA,
    exponent: tuple[Expression, Expression] = (BETA, 0),
    distance: Callable[..., Expression] = lambda q, base: kl(q, base),
) -> str:
    """(15): KL(q || q_beta) = KL(q || p) - KL(q_beta || p) - beta (E_q psi - tau), tau = E_(q_beta) psi."""
    base = tilt(P, _lift(*exponent))
    excess = charge * (mean(Q, PSI) - mean(base, PSI))
    equal(distance(Q, base), kl(Q, P) - kl(base, P) - excess, "distortion as extra cost")
    return (
        "for every law q on four atoms the distortion is the cost above that of q_beta, less beta (E_q psi - tau): with"
        " E_q psi = tau, as (15) is read here, Delta(kappa) is the difference of the two least costs; with >= tau a"
        " law is let off beta times its excess"
    )


@evidence(
    "Lemma E.2",
    "symbolic",
    controls={
        "the divergence from q reversed": {"remainder": lambda q, best: kl(best, q)},
        "the maximiser tilted by -f": {"sign": -1},
        "half the divergence": {"price": sp.Rational(1, 2)},
    },
)
def gibbs_principle(
    remainder: Callable[..., Expression] = lambda q, best: kl(q, best), sign: int = 1, price: Expression = 1
) -> str:
    """(154)-(155): log E_mu[exp f] - (E_q f - KL(q || mu)) = KL(q || q*) >= 0, and KL vanishes only at q = q*."""
    f = real(f"f_:{N}")
    best = tilt(P, [sign * v for v in f])
    shortfall = sp.log(partition(P, f)) - (mean(Q, f) - price * kl(Q, P))
    equal(shortfall, remainder(Q, best), "(155): shortfall of a general law is its divergence from q*")
    # KL(q || r) = sum r B(q/r) with B(x) = x log x - x + 1 >= 0: B(1) = B'(1) = 0, B'' = 1/x > 0.
    x = positive("x")[0]
    bregman = x * sp.log(x) - x + 1
    q, r = positive(f"q_:{N}"), positive(f"r_:{N}")
    total = sum(b * bregman.subs(x, a / b) for a, b in zip(q, r, strict=True))
    equal(total, kl(q, r) - sum(q) + sum(r), "KL is a sum of Bregman terms, for equal totals")
    expect(bregman.subs(x, 1) == 0 and sp.diff(bregman, x).subs(x, 1) == 0, "B and B' vanish at 1")
    equal(sp.diff(bregman, x, 2), 1 / x, "B is strictly convex")
    # The same on the line: mu = N(0, 1), f = a x, q = N(m, s^2).
    a, m, s = sp.Symbol("a", real=True), sp.Symbol("m", real=True), sp.Symbol("s", positive=True)
    value = a * m - price * (m**2 + s**2 - 1 - sp.log(s**2)) / 2
    density = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
    line = sp.Symbol("y", real=True)
    log_z = sp.log(sp.simplify(sp.integrate(density.subs(x, line) * sp.exp(a * line), (line, -sp.oo, sp.oo))))
    equal(value.subs({m: a, s: 1}), log_z, "attained on the line at N(a, 1)")
    expect(all(sp.diff(value, v).subs({m: a, s: 1}) == 0 for v in (m, s)), "stationary at N(a, 1)")
    return (
        "for every law on four atoms the shortfall from log E_mu[exp f] is KL(q || q*), a sum of strictly convex terms"
        " that vanishes only at q = q*; the same for normal laws and linear f; for general mu it needs E_mu[exp f]"
        " finite and f integrable under q"
    )


def _task_bound(base: list[Expression], gamma: Expression) -> Expression:
    """gamma kappa - log E_base[exp(gamma g)]."""
    return gamma * KAPPA - sp.log(partition(base, [gamma * v for v in G]))


# From here on P is q_beta: what follows holds for every law in its place.


@evidence(
    "Theorem E.3",
    "symbolic",
    controls={
        "the task is no demand: kappa below the mean of g": {"demand": -positive("excess")[0]},
        "a negative multiplier": {"direction": -1},
        "twice the bound": {"factor": 2},
    },
)
def distortion_bound(demand: Expression = None, direction: int = 1, factor: int = 1) -> str:
    """(157)-(158): KL(q || q_beta) = gamma E_q g - log E exp(gamma g) + KL(q || q_(beta, gamma)); slope at gamma = 0
    is kappa - E g."""
    demand = positive("excess")[0] if demand is None else demand
    bound = factor * _task_bound(P, GAMMA)
    rest = kl(Q, tilt(P, [GAMMA * v for v in G])) + GAMMA * (mean(Q, G) - KAPPA)
    equal(kl(Q, P), bound + rest, "(157): distortion is the bound, a divergence and gamma (E_q g - kappa)")
    step = positive("step")[0]
    ray = _task_bound(P, direction * step)
    expect(sp.simplify(ray.subs(step, 0)) == 0, "the bound is 0 at gamma = 0")
    slope = sp.diff(ray, step).subs(step, 0).subs(KAPPA, mean(P, G) + demand)
    equal(slope, demand, "the bound leaves 0 with slope kappa - E g")
    expect(demand.is_positive, "the bound rises from 0", slope=demand)
    tilted = tilt(P, [GAMMA * v for v in G])
    variance = mean(tilted, [v**2 for v in G]) - mean(tilted, G) ** 2
    equal(sp.diff(_task_bound(P, GAMMA), GAMMA, 2), -variance, "the bound is concave in gamma")
    return (
        "for every law q on four atoms with E_q g >= kappa the distortion exceeds gamma kappa - log E exp(gamma g) by"
        " two terms >= 0, for each gamma >= 0; the bound starts at 0 with slope kappa - E g and is concave, so its"
        " supremum is > 0 exactly when kappa > E g"
    )


@evidence(
    "Ours: exact distortion",
    "symbolic",
    controls={
        "the level of psi without a multiplier": {"level": 0},
        "psi charged with the other sign": {"level": -1},
    },
)
def exact_distortion(level: int = 1) -> str:
    """Delta(kappa) = sup {gamma kappa + b tau - log E exp(gamma g + b psi)}: the gap is a divergence, and on three
    atoms, where the two levels leave one law, that law's divergence is the value."""
    b = sp.Symbol("b", real=True)
    dual = GAMMA * KAPPA + level * b * TAU - sp.log(partition(P, _lift(b, GAMMA)))
    slack = GAMMA * (mean(Q, G) - KAPPA) + b * (mean(Q, PSI) - TAU)
    equal(kl(Q, P), dual + kl(Q, tilt(P, _lift(b, GAMMA))) + slack, "the gap for a general law")
    # The law itself: three atoms, psi = (0, 1, 2), g = (0, 1, s); q is given by its two means.
    s, (u, v, w) = sp.Symbol("s", positive=True), positive("u v w")
    q, p, psi, g = normalised([u, v, w]), normalised(positive("a_:3")), (0, 1, 2), (0, 1, s)
    log_ratio = [sp.log(x) - sp.log(y) for x, y in zip(q, p, strict=True)]
    system = sp.Matrix([[c, d, -1] for c, d in zip(g, psi, strict=True)])
    gamma, shift, log_z = system.LUsolve(sp.Matrix(log_ratio))
    value = gamma * mean(q, g) + level * shift * mean(q, psi) - log_z
    equal(value, kl(q, p), "the dual's stationary value is the divergence of the only feasible law")
    return (
        "for every law q on four atoms with E_q psi = tau, E_q g >= kappa the distortion exceeds the dual value by a"
        " divergence and gamma (E_q g - kappa); on three atoms the dual's value at its stationary point is exactly the"
        " divergence of the law that the two levels determine"
    )


@evidence(
    "Ours: exact distortion",
    "symbolic",
    controls={
        "the paper's bound taken as exact": {"ratio": lambda rho: 1},
        "the correlation not squared": {"ratio": lambda rho: 1 - rho},
    },
)
def looseness_of_the_bound(ratio: Callable[[Expression], Expression] = lambda rho: 1 - rho**2) -> str:
    """For small demands the bound of E.3 is the exact distortion times 1 - corr(psi, g)^2 under q_beta; where the
    levels are infeasible (g = psi, kappa > tau) the dual is unbounded and the bound finite."""
    d, rho, x, y = sp.Symbol("d", positive=True), sp.Symbol("rho"), sp.Symbol("x"), sp.Symbol("y")
    b = sp.Symbol("b", real=True)
    log_z = sp.log(partition(P, _lift(b, GAMMA)))
    at0 = {b: 0, GAMMA: 0}
    variance = {
        (s, t): mean(P, [i * j for i, j in zip(s, t, strict=True)]) - mean(P, s) * mean(P, t)
        for s, t in ((PSI, PSI), (PSI, G), (G, G))
    }
    hessian = sp.hessian(log_z, (GAMMA, b)).subs(at0)
    for found, stated in zip(
        (hessian[0, 0], hessian[0, 1], hessian[1, 1]),
        (variance[G, G], variance[PSI, G], variance[PSI, PSI]),
        strict=True,
    ):
        equal(found, stated, "curvature of the log-partition function: the covariance of g and psi")
    # To second order in d = kappa - E g: maximise d x - (x^2 + 2 rho x y + y^2)/2 in units of the two spreads.
    quadratic = d * x - (x**2 + 2 * rho * x * y + y**2) / 2
    exact = quadratic.subs(sp.solve([sp.diff(quadratic, x), sp.diff(quadratic, y)], [x, y], dict=True)[0])
    paper = quadratic.subs(y, 0).subs(x, d)
    equal(sp.simplify(paper / exact), ratio(rho), "bound over exact value for small demands")
    # g = psi: along gamma = -b the exponents cancel and the dual grows without bound.
    along = b * KAPPA - b * TAU - sp.log(partition(P, [b * s - b * s for s in PSI]))
    equal(along, b * (KAPPA - TAU), "g = psi: the dual along gamma = -b")
    odds = positive("odds")[0]  # psi = g = a fair coin, tau = 1/2, kappa = odds/(1 + odds)
    kappa = odds / (1 + odds)
    coin = GAMMA * kappa - sp.log((1 + sp.exp(GAMMA)) / 2)
    at_best = {GAMMA: sp.log(odds)}
    equal(sp.diff(coin, GAMMA).subs(at_best), 0, "the bound's stationary point on a coin")
    entropy = -kappa * sp.log(kappa) - (1 - kappa) * sp.log(1 / (1 + odds))
    equal(coin.subs(at_best), sp.log(2) - entropy, "the bound is finite though no law is feasible")
    return (
        "to second order in the demand Theorem E.3's bound is the exact distortion times 1 - corr(psi, g)^2 under"
        " q_beta: exact to this order only without correlation; for g = psi and kappa > tau the dual is unbounded"
        " (no law is feasible) while the bound stays finite, on a fair coin at log 2 - entropy(kappa)"
    )
