"""Proposition D.13 and the Gaussian example for every level, with proved error bounds.

Y ~ N(0, 1): S(t) = erfc(t/sqrt 2)/2, lambda = phi/S, m = lambda - t, V_hard = 1/m, V_soft = 1/sqrt(2 pi).
Both S and I(t) = phi(t) - t S(t) = integral of S beyond t decrease, so that on [a, b]

    I(b)/S(a) <= m <= I(a)/S(b),

and only end points need evaluation. For all large t, bounds R of the Mills ratio S/phi are rational functions: with
G = S - phi R, G -> 0 at infinity and G' = -phi (1 - t R + R'), so 1 - t R + R' > 0 beyond T gives S > phi R there,
and < 0 gives S < phi R. These signs are those of polynomials.
"""

from flint import arb, ctx, fmpq, fmpq_poly

from distributional_view.proofs_check.balls import Interval, ball, bracket, cover, positive_beyond, q
from distributional_view.proofs_check.evidence import evidence, expect

T = fmpq_poly([0, 1])


def survival(t: arb) -> arb:
    """P(Y >= t)."""
    return (t / arb(2).sqrt()).erfc() / 2


def density(t: arb) -> arb:
    """phi(t)."""
    return (-t * t / 2).exp() / (2 * arb.pi()).sqrt()


def hazard(t: arb) -> arb:
    """lambda(t)."""
    return density(t) / survival(t)


def residual(t: arb) -> arb:
    """m(t)."""
    return hazard(t) - t


def soft_speed(half: str = "0.5") -> arb:
    """E|Y - tau|/(2 Var Y) = sqrt(2/pi)/2; another factor makes it wrong."""
    return arb(q(half)) * (2 / arb.pi()).sqrt()


def mills_bound(depth: int) -> tuple[fmpq_poly, fmpq_poly]:
    """The rational function t + 1/(t + 2/(t + ... depth/t)) as (numerator, denominator)."""
    above, below = T, fmpq_poly([1])
    for k in range(depth, 0, -1):
        above, below = T * above + k * below, above
    return above, below


def bounds_hazard(above: fmpq_poly, below: fmpq_poly, side: int, start: fmpq) -> bool:
    """Whether side * (lambda - above/below) > 0 for every t > start, by the sign of 1 - t R + R', R = below/above."""
    sign = above * above - T * below * above + below.derivative() * above - below * above.derivative()
    return positive_beyond(above, start) and positive_beyond(-side * sign, start)


@evidence(
    "Proposition D.13",
    "certified",
    controls={
        "from t = -3": {"start": "-3"},
        "the speed is 1/lambda, not 1/(lambda - t)": {"origin": 0},
        "the KLSC path is the faster one": {"side": -1},
        "the bound t + 1/(2t) beyond": {"beyond": "0.5"},
    },
    constants=(
        "side",
        "origin",
        "beyond",
    ),
    survives={
        "origin": "1/(lambda - 1.1 t) is larger still: the inequality is the weaker one",
        "beyond": "a larger bound is weaker, and true as well; a smaller one is rejected",
    },
)
def hard_path_is_faster(start: str = "0", end: str = "50", origin: int = 1, side: int = 1, beyond: str = "1") -> str:
    """side * (1/(lambda(t) - origin t) - V_soft) > 0 on [start, end] by a cover, then by lambda < t + beyond/t."""
    with ctx.workprec(256):
        slow = 1 / soft_speed()

        def proved(box: Interval) -> bool:
            a, b = (arb(x) for x in box)
            low = (density(b) - origin * b * survival(b)) / survival(a)
            high = (density(a) - origin * a * survival(a)) / survival(b)
            wrong = (low, high) if side > 0 else (high, low)
            expect(not side * (wrong[0] - slow) > 0, "V_hard > V_soft: false on a box", t=box, m_low=low, m_high=high)
            return bool(side * (slow - wrong[1]) > 0)

        boxes = cover(proved, (q(start), q(end)), step="V_hard > V_soft", depth=40)
        far, coefficient = q(end), q(beyond)
        expect(bounds_hazard(T, fmpq_poly([1]), 1, far), "lambda > t beyond", start=far)
        expect(bounds_hazard(T * T + coefficient, T, -1, far), "lambda < t + beyond/t", beyond=beyond, start=far)
        expect(coefficient / arb(far) < slow, "m < beyond/t < sqrt(2 pi) beyond", start=far)
    return (
        f"V_hard(t) > V_soft = 1/sqrt(2 pi) for all t in [{start}, {end}] ({boxes} boxes) and for all t > {end} by "
        f"t < lambda(t) < t + 1/t; averages over [a, b] inherit a pointwise order, as the mean of V over levels."
    )


@evidence(
    "Ours: crossing",
    "certified",
    controls={
        "V_soft without its half": {"half": "1"},
        "the crossing in (-2.4, -2.3)": {"near": ("-2.4", "-2.3")},
        "V_hard is the faster one before t*": {"side": -1},
        "m' < -1/2 throughout": {"slope": "-0.5"},
    },
    constants=(
        "half",
        "side",
    ),
)
def crossing(half: str = "0.5", near: tuple[str, str] = ("-2.5", "-2.4"), side: int = 1, slope: str = "0") -> str:
    """m(t*) = 1/V_soft has one root, in `near`; side * (m - 1/V_soft) > 0 before it and < 0 after it.

    One root: m > -t settles t <= -1/V_soft, Proposition D.13 settles t >= 0, and in between m' = lambda m - 1 < slope.
    """
    with ctx.workprec(192):
        level = 1 / soft_speed(half)
        low, high = bracket(
            lambda t: residual(t) - level, q(near[0]), q(near[1]), fmpq(1, 10**36), "m(t*) = sqrt(2 pi)"
        )
        expect(side * (residual(arb(low)) - level) > 0, "V_hard < V_soft just before t*", t=low)
        expect(side * (residual(arb(high)) - level) < 0, "V_hard > V_soft just after t*", t=high)

        def falls(box: Interval) -> bool:
            a, b = (arb(x) for x in box)  # lambda increases (lambda' = lambda m > 0)
            return bool(hazard(b) * (density(a) - a * survival(a)) / survival(b) - 1 < q(slope))

        far = fmpq(-3)
        expect(-arb(far) > level, "m(t) > -t >= sqrt(2 pi) for t <= -3", level=level)
        boxes = cover(falls, (far, fmpq(0)), step="m' < slope on [-3, 0]", depth=40)
        digits = ball(low, high).str(31, radius=False)
    return (
        f"m = sqrt(2 pi) at t* = {digits} only: m' < 0 on [-3, 0] ({boxes} boxes), m > 3 below, m < sqrt(2 pi) above 0 "
        "by Proposition D.13. V_hard < V_soft for t < t*, V_hard > V_soft for t > t*."
    )


@evidence(
    "Ours: crossing",
    "certified",
    controls={
        "averaged over t, not over levels": {"over_levels": False},
        "the two averages swapped": {"slow": "0.6007", "fast": "0.3645"},
        "[-8, -2.4] averages above V_soft": {"order": -1},
        "[-8, -1] in place of [-8, -2.4]": {"ends": ("-1", "-2.4")},
    },
    constants=(
        "over_levels",
        "slow",
        "fast",
        "order",
    ),
)
def crossing_averages(
    over_levels: bool = True,
    slow: str = "0.3645",
    fast: str = "0.6007",
    order: int = 1,
    ends: tuple[str, str] = ("-2.4", "-1"),
) -> str:
    """log(S(a)/S(b))/(tau(b) - tau(a)) on [-8, b] for two b: below V_soft, then above; four digits each."""
    with ctx.workprec(192):
        a, found = arb(-8), []
        for end, printed in zip(ends, (slow, fast), strict=True):
            b = arb(q(end))
            mean = (survival(a) / survival(b)).log() / (hazard(b) - hazard(a) if over_levels else b - a)
            expect(abs(mean - arb(q(printed))) < arb(q("0.00005")), "average to four digits", to=end, mean=mean)
            found.append(mean)
        expect(order * (soft_speed() - found[0]) > 0, "the first average is below V_soft", mean=found[0])
        expect(order * (found[1] - soft_speed()) > 0, "the second average is above V_soft", mean=found[1])
    shown = [x.str(12, radius=False) for x in found]
    return f"average of V_hard over levels: {shown[0]} on [-8, -2.4], {shown[1]} on [-8, -1]; V_soft = 0.3989..."


@evidence(
    "Gaussian example",
    "certified",
    controls={
        "+2/t^3": {"cubic": "2", "breaks": "remainder has its sign"},
        "1/t too large by 1e-12, which no point shows": {
            "linear": "1.000000000001",
            "breaks": "lower bound is above the expansion",
        },
        "-2/t^3 too large by 1e-6, which no point shows": {
            "cubic": "-1.999999",
            "breaks": "lower bound is above the expansion",
        },
        "a constant below the next coefficient by 1e-5, which no point shows": {
            "constant": "9.99999",
            "breaks": "upper bound is below expansion + C/t^5",
        },
        "the remainder is negative": {"side": -1, "breaks": "remainder has its sign"},
    },
    constants=("linear", "cubic", "constant", "side"),
    survives={"constant": "11/t^5 is a true bound, weaker than the best one, which the last steps show to be 10/t^5"},
)
def hazard_asymptotics(linear: str = "1", cubic: str = "-2", constant: str = "10", side: int = 1) -> str:
    """0 < lambda(t) - t - linear/t - cubic/t^3 < constant/t^5 for every t > 0."""
    first, third, fifth_bound, start = q(linear), q(cubic), q(constant), fmpq(0)
    with ctx.workprec(256):
        for k in range(-8, 41):  # the claim itself at points, before its proof
            t = arb(2) ** (fmpq(k, 4))
            rest = side * (hazard(t) - t - first / t - third / t**3)
            expect(rest > 0, "remainder has its sign", t=t, remainder=rest)
            expect(rest < fifth_bound / t**5, "remainder < C/t^5", t=t, remainder=rest, bound=fifth_bound / t**5)
    expansion, fifth = T**6 + first * T**4 + third * T**2, T**5
    low, high = mills_bound(2), mills_bound(3)
    expect(bounds_hazard(*low, 1, start), "lambda > t + 1/(t + 2/t)", bound=low)
    expect(bounds_hazard(*high, -1, start), "lambda < t + 1/(t + 2/(t + 3/t))", bound=high)
    below = low[0] * fifth - expansion * low[1]
    above = (expansion + fifth_bound) * high[1] - high[0] * fifth
    expect(positive_beyond(below, start), "lower bound is above the expansion", numerator=below)
    expect(positive_beyond(above, start), "upper bound is below expansion + C/t^5", numerator=above)
    next_low = mills_bound(4)
    sharp = next_low[0] * T**7 - (T**8 + T**6 - 2 * T**4 + 10 * T**2 - 74) * next_low[1]
    expect(bounds_hazard(*next_low, 1, start), "lambda > t + 1/(t + 2/(t + 3/(t + 4/t)))", bound=next_low)
    expect(positive_beyond(sharp, start), "remainder > 10/t^5 - 74/t^7", numerator=sharp)
    excess = low[0] - T * low[1]  # m > excess/low[1], so V_hard < low[1]/excess
    expect(low[1] * T == excess * (T * T + 2), "1/m < t + 2/t", numerator=excess, denominator=low[1])
    return (
        "0 < lambda(t) - t - 1/t + 2/t^3 < 10/t^5 for every t > 0 (Mills-ratio bounds as polynomials with coefficients "
        ">= 0), and the remainder exceeds 10/t^5 - 74/t^7, so 10 is the best constant; t < V_hard < t + 2/t for t > 0."
    )
