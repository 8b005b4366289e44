"""How fast both paths move, symbolically: Lemmas D.10 to D.12, any law and step, laws with atoms.

Laws with a density are written with general functions: the density f is a `Function`, S and N are the integrals of f
and u f(u) beyond t, differentiated by Leibniz's rule. Laws with atoms are finite measures with symbolic masses at
symbolic places 0 < y0 < y1 < ..., written through their positive gaps so that all signs are provable.
"""

from collections.abc import Sequence

import sympy as sp

from distributional_view.proofs_check.algebra import Expression, equal, mean, normalised, positive, real, tilt
from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.proofs_check.finite import (
    ATOMS,
    above,
    conditioned,
    ladder,
    mass,
    positive_beyond_zero,
)

T, U, BETA = real("t u beta")
F = sp.Function("f")
_S, _N = positive("S N")  # stand for the integrals below once these are differentiated
SURVIVAL = sp.Integral(F(U), (U, T, sp.oo))
FIRST = sp.Integral(U * F(U), (U, T, sp.oo))


def slope(expression: Expression, order: int = 1) -> Expression:
    """The derivative in t, with S and N in place of the integrals."""
    found = sp.diff(expression, T, order)
    return found.subs({SURVIVAL: _S, FIRST: _N})


def plain(expression: Expression) -> Expression:
    """With S and N in place of the integrals."""
    return expression.subs({SURVIVAL: _S, FIRST: _N})


def tv_of_truncations(p: Sequence[Expression], j: int, k: int) -> Expression:
    """Half the sum of |q_j - q_k| for j < k, each sign proved."""
    first, second = conditioned(p, above(j, len(p))), conditioned(p, above(k, len(p)))
    total = sp.Integer(0)
    for i, (a, b) in enumerate(zip(first, second, strict=True)):
        gap = sp.factor(a - b if j <= i < k else b - a)
        expect(gap.is_nonnegative, f"sign of q - q' at atom {i}", gap=gap)
        total += gap
    return total / 2


@evidence(
    "Lemma D.10",
    "symbolic",
    controls={
        "L1 distance in place of its half": {"half": 2},
        "S(t)/S(t') - 1": {"inverse": True},
        "f in place of f/S": {"conditional": False},
    },
    constants=(
        "half",
        "inverse",
        "conditional",
    ),
)
def truncations_differ_by_the_lost_mass(half: int = 1, inverse: bool = False, conditional: bool = True) -> str:
    """(80)-(84): the three pieces of |q_t - q_t'|, their sum, and the expansion in t' - t."""
    p = positive(f"w:{ATOMS}")  # total mass cancels
    for j in range(ATOMS):
        for k in range(j + 1, ATOMS):
            s, s_next = mass(p, above(j)), mass(p, above(k))
            claim = s / s_next - 1 if inverse else 1 - s_next / s
            equal(half * tv_of_truncations(p, j, k), claim, f"TV = 1 - S'/S, thresholds at atoms {j} and {k}")
    end = sp.Symbol("v", real=True)
    tv = 1 - SURVIVAL.subs(T, end) / SURVIVAL
    equal(plain(tv.subs(end, T)), 0, "TV vanishes at t' = t")
    rate = sp.diff(tv, end).subs(end, T)
    equal(plain(rate), F(T) / (_S if conditional else 1), "d TV/dt' at t' = t is the hazard")
    return (
        f"TV(q_t, q_t') = 1 - S(t')/S(t) for {ATOMS} symbolic masses and every pair of thresholds, signs proved; for a "
        "general density its slope at t' = t is h(t). Left to measure theory: continuity of f makes that the limit."
    )


@evidence(
    "Lemma D.11",
    "symbolic",
    controls={
        "S' = +f": {"loss": 1},
        "tau in place of m": {"origin": 0},
        "h m^2": {"power": 2},
    },
    constants=(
        "loss",
        "origin",
        "power",
    ),
)
def hard_path_speed(loss: int = -1, origin: int = 1, power: int = 1) -> str:
    """(85)-(91): tau = N/S, tau' = h (tau - t) = h m, V_hard = h/(h m) = 1/m, m' = h m - 1."""
    hazard, tau = F(T) / _S, _N / _S
    residual = tau - origin * T
    equal(slope(SURVIVAL), loss * F(T), "S' = -f")
    equal(slope(FIRST), -T * F(T), "N' = -t f")
    rise = slope(FIRST / SURVIVAL)
    equal(rise, hazard * residual**power, "tau' = h m")
    equal(hazard / rise, 1 / residual, "V_hard = (d TV/dt)/(d tau/dt) = h/(h m) = 1/m")
    equal(slope(FIRST / SURVIVAL - T), hazard * residual - 1, "m' = h m - 1")
    equal(slope(FIRST - T * SURVIVAL), -_S, "m S = integral of S beyond t: its slope is -S")
    return (
        "tau' = h m, V_hard = 1/m and m' = h m - 1 for a general density f by Leibniz's rule. Assumed: f continuous "
        "at t with f(t) > 0 and m(t) > 0 (tau strictly increasing), E|Y| finite."
    )


def _signs(split: int) -> list[int]:
    """Sign of y - tau on four ordered atoms with this many of them below tau."""
    return [-1] * split + [1] * (4 - split)


def _speeds(split: int) -> tuple[Expression, Expression]:
    """d TV/d beta and d tau/d beta of a tilt of any four ordered atoms, from its definition, at any beta.

    TV to a slightly larger beta is the mass that the atoms above tau gain; derivatives are taken of the tilt by b of
    the law of today, at b = 0.
    """
    b, y = real("b")[0], ladder(4)
    weights = [m * sp.exp(b * v) for m, v in zip(_four_masses(), y, strict=True)]
    moved = [sp.expand(sp.diff(w / sum(weights), b).subs(b, 0)) for w in weights]
    gained = sum(x for x, sign in zip(moved, _signs(split), strict=True) if sign > 0)
    return gained, mean(moved, y)


def _deviation_and_variance(split: int) -> tuple[Expression, Expression]:
    """E|Y - tau| and Var Y of the same law, written out."""
    law, y = _four_masses(), ladder(4)
    centred = [v - mean(law, y) for v in y]
    deviation = sum(sign * m * v for sign, m, v in zip(_signs(split), law, centred, strict=True))
    return sp.expand(deviation), sp.expand(mean(law, [v**2 for v in centred]))


def _four_masses() -> list[Expression]:
    """Four masses of total 1, polynomials: the last is what is left."""
    w = positive("w:3")
    return [*w, 1 - sum(w)]


@evidence(
    "Lemma D.12",
    "symbolic",
    controls={
        "E|Y - tau|/Var": {"parts": 1, "breaks": "V_soft = E|Y - tau|/(2 Var)"},
        "no centring: dq/d beta = q Y": {"centre": 0},
        "the second moment about 0 in place of the variance": {"about": 0},
    },
    constants=("parts", "centre", "about"),
)
def klsc_path_speed(parts: int = 2, centre: int = 1, about: int = 1) -> str:
    """(92)-(101): dq/d beta = q (Y - tau), d tau/d beta = Var; the remainder; V_soft = E|Y - tau|/(2 Var)."""
    p, y = positive("p:4"), real("y:4")  # `tilt` normalises
    q = tilt(p, [BETA * v for v in y])
    tau = mean(q, y)
    shift = [v - tau for v in y]
    variance = mean(q, [(v - about * tau) ** 2 for v in y])
    for k in range(4):
        equal(sp.diff(q[k], BETA), q[k] * (y[k] - centre * tau), f"dq/d beta = q (Y - tau) at atom {k}")
    equal(sp.diff(tau, BETA), variance, "d tau/d beta = Var")
    masses, spots = positive("q:4"), real("y:4")  # q_beta as symbols: their derivatives are now known
    average = mean(masses, spots) / sum(masses)
    spread = mean(masses, [(v - average) ** 2 for v in spots]) / sum(masses)
    for k in range(4):
        bend = sum(
            sp.diff(masses[k] * (spots[k] - average), masses[i]) * masses[i] * (spots[i] - average) for i in range(4)
        )
        equal(bend, masses[k] * ((spots[k] - average) ** 2 - spread), f"q'' = q ((Y - tau)^2 - Var) at atom {k}")
    equal(mean(q, shift), 0, "E(Y - tau) = 0: the parts above and below tau weigh the same")
    for split in (1, 2, 3):  # how many atoms lie below tau
        (moved, covered), (deviation, square) = _speeds(split), _deviation_and_variance(split)
        equal(moved * parts * square, deviation * covered, f"V_soft = E|Y - tau|/(2 Var), {split} atoms below tau")
    return (
        "dq/d beta = q (Y - tau), d tau/d beta = Var and q'' = q ((Y - tau)^2 - Var), which bounds the remainder, for "
        "4 symbolic atoms; TV = |d beta| E|Y - tau|/2 + O(d beta^2), V_soft = E|Y - tau|/(2 Var), for any 4 ordered "
        "atoms and any number of them below tau (an atom at tau does not move to first order). For a density: "
        "differentiation under the integral inside the domain of A."
    )


@evidence(
    "Lemma D.12",
    "symbolic",
    controls={
        "log(S(b)/S(a))": {"sign": -1},
        "V dt in place of V d tau": {"levels": False},
        "a seventh of E|Y - tau|": {"share": sp.Rational(1, 7), "breaks": "V_soft d tau/d beta = E|Y - tau|/2"},
    },
    constants=("sign", "levels", "share"),
)
def averages_over_levels(sign: int = 1, levels: bool = True, share: Expression = sp.S.Half) -> str:
    """(102)-(107): V_hard d tau = h dt, whose integral is log(S(a)/S(b)); V_soft d tau = E|Y - tau|/2 d beta."""
    residual = FIRST / SURVIVAL - T
    integrand = plain(1 / residual) * (slope(FIRST / SURVIVAL) if levels else 1)
    start = sp.Symbol("S_a", positive=True)
    accumulated = sign * sp.log(start / SURVIVAL)
    equal(integrand, F(T) / _S, "V_hard d tau/dt = h")
    equal(slope(accumulated), integrand, "d/db log(S(a)/S(b)) = h(b)")
    equal(accumulated.subs(SURVIVAL, start), 0, "log(S(a)/S(b)) is 0 at b = a")
    for split in (1, 2, 3):
        (moved, covered), (deviation, variance) = _speeds(split), _deviation_and_variance(split)
        equal(deviation / 2 * covered, share * deviation * variance, "V_soft d tau/d beta = E|Y - tau|/2")
        equal(moved, share * deviation, "which is d TV/d beta")
    return (
        "averages over levels: log(S(a)/S(b))/(tau(b) - tau(a)) for a general density; for KLSC, of E|Y - tau|/2 d beta"
        ", which is d TV, for any 4 ordered atoms"
    )


@evidence(
    "Ours: finite step",
    "symbolic",
    controls={
        "E[Y | Y < t'] in place of the shell's mean": {"lower": False},
        "tau(t) in place of tau(t')": {"ahead": False},
        "the reciprocal": {"power": 1},
    },
    constants=(
        "lower",
        "ahead",
        "power",
    ),
)
def finite_step_speed(lower: bool = True, ahead: bool = True, power: int = -1) -> str:
    """TV/(tau' - tau) = 1/(tau' - E[Y | t <= Y < t']): tau is the mixture of tau' and the shell's mean."""
    p, y = normalised(positive(f"w:{ATOMS}")), real(f"y:{ATOMS}")
    for j, k in ((1, 2), (1, 3), (2, 4)):
        shell = [(j if lower else 0) <= i < k for i in range(ATOMS)]
        tau, beyond = (mean(conditioned(p, above(c)), y) for c in (j, k))
        inside = mean(conditioned(p, shell), y)
        share = tv_of_truncations(p, j, k)
        equal(tau, (1 - share) * beyond + share * inside, f"tau = (1 - TV) tau' + TV E[Y | shell], atoms {j} to {k}")
        equal(
            share / (beyond - tau), ((beyond if ahead else tau) - inside) ** power, f"TV/(tau' - tau), atoms {j} to {k}"
        )
    return (
        f"TV/(tau(t') - tau(t)) = 1/(tau(t') - E[Y | t <= Y < t']) for {ATOMS} symbolic masses at symbolic places: an "
        "identity of the masses and means of the shell and of the tail beyond it, hence for every law."
    )


@evidence(
    "Ours: Nelson-Aalen",
    "symbolic",
    controls={
        "the logarithm, with atoms": {"numerator": "log"},
        "jumps over the mass beyond them": {"numerator": "after"},
        "jumps over all mass": {"numerator": "unconditional"},
    },
)
def average_speed_with_atoms(numerator: str = "before") -> str:
    """Jumps of the path: sum of V d tau = sum of TV = sum of P(Y = y)/S(y); log(S(a)/S(b)) for a density."""
    weights, y = positive(f"w:{ATOMS}"), ladder(ATOMS)
    p = [w / sum(weights) for w in weights]
    s = [mass(p, above(k)) for k in range(ATOMS)]
    j, k = 1, 4
    forms = {
        "before": lambda i: p[i] / s[i],
        "after": lambda i: p[i] / s[i + 1],
        "log": lambda i: sp.log(s[i] / s[i + 1]),
        "unconditional": lambda i: p[i],
    }
    travelled = sp.Integer(0)
    for i in range(j, k):
        tau, beyond = (sp.factor(mean(conditioned(weights, above(c)), y)) for c in (i, i + 1))
        speed = 1 / (beyond - y[i])  # the finite step's speed: its shell is the atom y_i
        equal(
            speed * (beyond - tau),
            sp.factor(tv_of_truncations(weights, i, i + 1)),
            f"V d tau = TV of the jump over atom {i}",
        )
        travelled += sp.factor(tv_of_truncations(weights, i, i + 1))
    equal(
        travelled,
        sum(forms[numerator](i) for i in range(j, k)),
        "sum of TV over the jumps in [a, b) = integral of dF/S",
    )
    equal(slope(-sp.log(SURVIVAL)), F(T) / _S, "for a density dF/S = -d log S: the integral is log(S(a)/S(b))")
    # One jump x = P(Y = y)/S(y): x < -log(1 - x) < x/(1 - x), written with x = r/(1 + r), r > 0.
    positive_beyond_zero(lambda r: sp.log(1 + r) - r / (1 + r), "the sum of jumps is below the logarithm")
    positive_beyond_zero(lambda r: r - sp.log(1 + r), "the logarithm is below the sum with S beyond the jump")
    quarter = [sp.Rational(1, 4)] * 4
    rise = mean(conditioned(quarter, above(1, 4)), range(4)) - mean(quarter, range(4))
    equal(tv_of_truncations(quarter, 0, 1) / rise, sp.Rational(1, 2), "uniform on {0, 1, 2, 3}, from 0 to 1: 1/2")
    expect(sp.log(sp.Rational(4, 3)) / rise > sp.Rational(1, 2), "the logarithm would give more: 0.575", rise=rise)
    return (
        f"sum of V d tau over jumps in [a, b) = sum of P(Y = y)/S(y) for {ATOMS} symbolic atoms; = log(S(a)/S(b)) for "
        "a general density; each jump lies strictly below its logarithm, so that atoms never give the logarithm."
    )
