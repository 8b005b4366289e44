"""Definition 2.5 to Theorem E.3, symbolically: the Gibbs principle, and the cost of a task with its bound.

From Theorem E.3 on P is q_beta: what is shown holds for every law in its place.
"""

from collections.abc import Callable

import sympy as sp

from distributional_view.proofs_check.algebra import (
    Expression,
    equal,
    kl,
    mean,
    partition,
    positive,
    real,
    tilt,
)
from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.proofs_check.two_scores import BETA, GAMMA, KAPPA, PSI, TAU, G, N, P, Q, joint_exponent

U = positive("u")[0]


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
    base = tilt(P, joint_exponent(*exponent))
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
    constants=(
        "sign",
        "price",
    ),
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


@evidence(
    "Theorem E.3",
    "symbolic",
    controls={
        "the task is no demand: kappa below the mean of g": {"demand": -positive("excess")[0]},
        "a negative multiplier": {"direction": -1},
        "twice the bound": {"factor": 2},
    },
    constants=(
        "direction",
        "factor",
    ),
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
        "the level of psi without a multiplier": {"level": 0, "breaks": "the gap for a general law"},
        "psi charged with the other sign": {"level": -1, "breaks": "the gap for a general law"},
        "a law that the task pushes away": {"odds": 1 / (1 + U), "breaks": "the task demands"},
        "half the dual value": {"share": sp.S.Half, "breaks": "attained"},
    },
    constants=("level", "share"),
)
def exact_distortion(level: int = 1, odds: Expression = 1 + U, share: Expression = sp.S.One) -> str:
    """Delta(kappa) = sup {gamma kappa + b tau - log E exp(gamma g + b psi)}: the gap is a divergence and slack >= 0,
    and a tilt by gamma >= 0 and b has neither at its own means."""
    b = sp.Symbol("b", real=True)
    exponent = joint_exponent(b, GAMMA)
    dual = GAMMA * KAPPA + level * b * TAU - sp.log(partition(P, exponent))
    slack = GAMMA * (mean(Q, G) - KAPPA) + b * (mean(Q, PSI) - TAU)
    equal(kl(Q, P), dual + kl(Q, tilt(P, exponent)) + slack, "the gap for a general law")
    best = tilt(P, exponent)
    at_its_means = {KAPPA: mean(best, G), TAU: mean(best, PSI)}
    equal(kl(best, P), share * dual.subs(at_its_means), "attained: the divergence of the tilt is the dual value")
    for multiplier in (GAMMA, b):
        equal(sp.diff(dual, multiplier).subs(at_its_means), 0, "the dual value is stationary there")
    # gamma = log(odds) must be >= 0. With one task value 0 or 1 and psi free, the tilt by gamma asks for more of g than
    # q_beta has just then; with less asked for, q_beta itself is feasible and the distortion is 0.
    with_task, without = positive("p_1 p_0")
    demand = with_task * odds / (with_task * odds + without) - with_task / (with_task + without)
    expect(sp.factor(sp.together(demand)).is_positive, "the task demands more than q_beta has", demand=demand)
    return (
        "for every law q on four atoms with E_q psi = tau, E_q g >= kappa the distortion exceeds the dual value by a"
        " divergence and gamma (E_q g - kappa), each >= 0 for gamma >= 0; the tilt by gamma and b attains the value"
        " at its own means, and with gamma < 0 the demand would be slack, the distortion 0. That a tilt has the means"
        " asked for is the registry's assumption on (tau, kappa)"
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
    log_z = sp.log(partition(P, joint_exponent(b, GAMMA)))
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
