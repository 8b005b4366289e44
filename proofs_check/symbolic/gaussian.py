"""The Gaussian example and Proposition D.13, symbolically: every step from phi' = -t phi and S' = -phi."""

import sympy as sp

from distributional_view.proofs_check.algebra import equal, real
from distributional_view.proofs_check.evidence import evidence, expect

T, U, BETA = real("t u beta")
LAMBDA = sp.Function("lambda")(T)
PHI = sp.exp(-(T**2) / 2) / sp.sqrt(2 * sp.pi)
SURVIVAL = sp.erfc(T / sp.sqrt(2)) / 2
SOFT = 1 / sp.sqrt(2 * sp.pi)
RESIDUAL_AT_0, LEVEL = sp.sqrt(2 / sp.pi), sp.sqrt(2 * sp.pi)


@evidence(
    "Gaussian example",
    "symbolic",
    controls={
        "E[Y | Y >= t] = phi(t)/Phi(t)": {"upper": False},
        "V_hard = 1/lambda": {"origin": 0},
        "the average with log S(a) - S(b)": {"log": False},
    },
    constants=(
        "upper",
        "origin",
        "log",
    ),
)
def hard_path(upper: bool = True, origin: int = 1, log: bool = True) -> str:
    """(109)-(117): tau = lambda = phi/S, m = lambda - t, V_hard = 1/m, mean log(S(a)/S(b))/(lambda(b) - lambda(a))."""
    tail = SURVIVAL if upper else 1 - SURVIVAL
    equal(sp.diff(SURVIVAL, T), -PHI, "S' = -phi")
    equal(sp.limit(SURVIVAL, T, sp.oo), 0, "S vanishes at infinity")
    equal(sp.diff(PHI, T), -T * PHI, "phi' = -t phi: phi(t) is the integral of u phi(u) beyond t")
    tau = sp.integrate(U * PHI.subs(T, U), (U, T, sp.oo)) / SURVIVAL
    equal(tau, PHI / tail, "tau = phi/S = lambda")
    hazard = PHI / SURVIVAL
    equal(sp.diff(tau, T), hazard * (hazard - origin * T), "tau' = h m with h = lambda, m = lambda - t")
    path = -sp.log(SURVIVAL) if log else -SURVIVAL
    equal(sp.diff(path, T), hazard, "V_hard d tau = lambda dt = d(-log S): the average's numerator is log(S(a)/S(b))")
    return (
        "tau = lambda, m = lambda - t, V_hard = 1/(lambda - t), average log(S(a)/S(b))/(lambda(b) - lambda(a)): exact"
    )


@evidence(
    "Gaussian example",
    "symbolic",
    controls={
        "the tilt by beta moves the mean by beta/2": {"shift": sp.Rational(1, 2)},
        "A(beta) = beta^2": {"log_partition": BETA**2},
        "V_soft = sqrt(2/pi)": {"speed": sp.sqrt(2 / sp.pi)},
    },
    constants=(
        "shift",
        "speed",
    ),
)
def klsc_path(shift: sp.Expr = sp.S.One, log_partition: sp.Expr = BETA**2 / 2, speed: sp.Expr = SOFT) -> str:
    """(118)-(124): q_beta = N(beta, 1), A = beta^2/2, tau = beta, Var = 1, E|Y - tau| = sqrt(2/pi), V_soft."""
    tilted = sp.exp(BETA * U - log_partition) * PHI.subs(T, U)
    equal(tilted, PHI.subs(T, U - shift * BETA), "exp(beta u - A) phi(u) = phi(u - beta): the square completed")
    equal(sp.diff(log_partition, BETA), BETA, "tau = A' = beta")
    equal(sp.diff(log_partition, BETA, 2), 1, "Var = A'' = 1")
    v = sp.Symbol("v", real=True)
    deviation = 2 * sp.integrate(v * PHI.subs(T, v), (v, 0, sp.oo))
    equal(deviation, sp.sqrt(2 / sp.pi), "E|Y - tau| = sqrt(2/pi)")
    equal(deviation / 2, speed, "V_soft = E|Y - tau|/(2 Var) at every level")
    return "exp(beta u - beta^2/2) phi(u) = phi(u - beta), tau = beta, Var = 1, V_soft = 1/sqrt(2 pi) at every level"


@evidence(
    "Proposition D.13",
    "symbolic",
    controls={
        "lambda' = lambda (lambda + t)": {"riccati": -1},
        "m' = +Var": {"sign": -1},
        "m(0) = 1/sqrt(2 pi)": {"start": SOFT},
        "V_soft = sqrt(2), E|Y - tau| times sqrt(pi)": {"soft": sp.sqrt(2)},
    },
    constants=(
        "riccati",
        "sign",
        "start",
        "soft",
    ),
)
def ordering(riccati: int = 1, sign: int = 1, start: sp.Expr = RESIDUAL_AT_0, soft: sp.Expr = SOFT) -> str:
    """(125)-(136): lambda' = lambda m, Var = 1 - lambda m, m' = -Var (m = lambda - t); m <= m(0), 1/m(0) > V_soft."""
    hazard = PHI / SURVIVAL
    equal(sp.diff(hazard, T), hazard * (hazard - riccati * T), "lambda' = lambda (lambda - t)")
    equal(sp.diff(T * PHI + SURVIVAL, T), -(T**2) * PHI, "t phi + S is the integral of u^2 phi(u) beyond t")
    equal(sp.limit(T * PHI + SURVIVAL, T, sp.oo), 0, "t phi + S vanishes at infinity")
    second = sp.expand((T * PHI + SURVIVAL) / SURVIVAL)
    equal(second, 1 + T * hazard, "E[Y^2 | Y >= t] = 1 + t lambda")
    variance = 1 + T * LAMBDA - LAMBDA**2
    equal(variance, 1 - LAMBDA * (LAMBDA - T), "Var(Y | Y >= t) = 1 - lambda (lambda - t)")
    slope = sp.diff(LAMBDA - T, T).subs(sp.diff(LAMBDA, T), LAMBDA * (LAMBDA - riccati * T))
    equal(slope, -sign * variance, "m' = lambda' - 1 = -Var(Y | Y >= t)")
    origin = (hazard - T).subs(T, 0)
    equal(origin, start, "m(0) = sqrt(2/pi)")
    expect(sp.simplify(1 / origin - soft).is_positive, "1/m(0) > V_soft", fast=1 / origin, soft=soft)
    equal(1 / (origin * soft), sp.pi, "V_hard(0)/V_soft = pi")
    return (
        "m' = -Var(Y | Y >= t), so m falls (a truncated normal is not constant: Var > 0) and V_hard = 1/m >= 1/m(0) = "
        "sqrt(pi/2) = pi V_soft for t >= 0; averages over levels inherit it, being means of V over tau."
    )


@evidence(
    "Proposition D.13",
    "symbolic",
    controls={"+2/t^3": {"cubic": 2}, "1/(2t)": {"linear": sp.Rational(1, 2)}, "lambda - t ~ t": {"power": 1}},
    constants=("linear", "cubic", "fifth", "power"),
)
def growth(linear: sp.Expr = sp.S.One, cubic: int = -2, power: int = -1, fifth: int = 10) -> str:
    """(137)-(140): the only series t + a/t + b/t^3 + c/t^5 that solves lambda' = lambda (lambda - t)."""
    a, b, c = sp.symbols("a b c")
    series = T + a / T + b / T**3 + c / T**5
    residual = sp.expand(sp.diff(series, T) - series * (series - T))
    found = sp.solve([residual.coeff(T, -k) for k in (0, 2, 4)], [a, b, c], dict=True)
    expect(len(found) == 1, "one series solves the equation", solutions=found)
    equal(found[0][a], linear, "coefficient of 1/t")
    equal(found[0][b], cubic, "coefficient of 1/t^3")
    equal(found[0][c], fifth, "coefficient of 1/t^5")
    excess = (series - T).subs(found[0])
    equal(sp.limit(excess * T**-power, T, sp.oo), 1, "m(t) ~ 1/t, V_hard(t) ~ t")
    return (
        "lambda = t + 1/t - 2/t^3 + 10/t^5 - ... is forced by lambda' = lambda (lambda - t); m ~ 1/t and V_hard ~ t; "
        "V_soft is constant. That lambda has such a series: the proved remainder on the certified rung."
    )


@evidence(
    "Ours: crossing",
    "symbolic",
    controls={
        "the level sqrt(pi/2)/2": {"level": sp.sqrt(sp.pi / 2) / 2},
        "m' = +Var": {"sign": -1},
        "lambda < 0 below 0": {"bound": -1},
    },
    constants=(
        "level",
        "sign",
    ),
)
def one_crossing(level: sp.Expr = LEVEL, sign: int = 1, bound: int = 1) -> str:
    """V_hard > V_soft iff m < sqrt(2 pi); m falls strictly from above it at -sqrt(2 pi) to below it at 0."""
    equal(1 / SOFT, level, "V_hard = 1/m > V_soft iff m < 1/V_soft = sqrt(2 pi)")
    hazard = PHI / SURVIVAL
    second = (T * PHI + SURVIVAL) / SURVIVAL
    equal(sp.diff(hazard - T, T), -sign * (second - hazard**2), "m' = -(E[Y^2 | Y >= t] - E[Y | Y >= t]^2)")
    at = -level
    excess = bound * hazard.subs(T, at)
    expect(excess.is_positive, "m(-sqrt(2 pi)) - sqrt(2 pi) = lambda > 0", excess=excess)
    expect((level - hazard.subs(T, 0)).is_positive, "m(0) = sqrt(2/pi) < sqrt(2 pi)", m=hazard.subs(T, 0))
    slope = (LAMBDA * (LAMBDA - T) - 1).subs(LAMBDA, T + level)
    equal(slope, 2 * sp.pi + sp.sqrt(2 * sp.pi) * T - 1, "m'(t*) = lambda m - 1 with m = sqrt(2 pi)")
    return (
        "m decreases strictly on the whole line (m' = -Var < 0), above sqrt(2 pi) at -sqrt(2 pi) and below it at 0: "
        "one t* in between, V_hard < V_soft before it and > after it, with m'(t*) = 2 pi + sqrt(2 pi) t* - 1."
    )
