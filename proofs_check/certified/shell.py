"""Lemma F.4 for every delta and every dimension, and the exact shell probability behind it.

Let I(delta) = -(delta + log(1 - delta))/2 be the optimal Chernoff exponent, a = d/2 and x = (1 - delta) a. The series
gamma(a, x) = x^a e^-x/a sum_k x^k/((a + 1)...(a + k)) gives, for the exact P(chi2_d <= (1 - delta) d),

    P = e^(-d I(delta)) r(delta),   r = a^a e^-a/Gamma(a + 1) * 1F1(1; a + 1; x),

and r grows with x: from 1/sqrt(2 pi a), nearly, at delta = 1 to P(chi2_d <= d) < 1 at delta = 0.
"""

from collections.abc import Callable

from flint import arb, arb_series, ctx, fmpq

from distributional_view.proofs_check.balls import Interval, ball, cover, q
from distributional_view.proofs_check.evidence import evidence, expect

DIMENSIONS = (1, 2, 3, 10, 100, 1000, 10_000)
UNIT = (fmpq(0), fmpq(1))
Exponent = Callable[[arb_series], arb_series]


def optimal_exponent(delta: arb) -> arb:
    """I(delta), for delta < 1; increasing."""
    return -(delta + (1 - delta).log()) / 2


def shell_probability(d: int, delta: fmpq) -> arb:
    """P(chi2_d <= (1 - delta) d), exact; decreasing in delta."""
    a = fmpq(d, 2)
    with ctx.workprec(ctx.prec + 2 * d):  # the series cancels that many digits
        return arb((1 - delta) * a).gamma_lower(arb(a), regularized=1)


def prefactor(d: int, delta: fmpq) -> arb:
    """r(delta); decreasing in delta."""
    a, x = arb(fmpq(d, 2)), arb((1 - delta) * fmpq(d, 2))
    constant = (a * a.log() - a - (a + 1).lgamma()).exp()
    if delta == 0 or delta == 1:
        return constant * x.hypgeom_1f1(arb(1), a + 1)
    with ctx.workprec(ctx.prec + 2 * d):
        return constant * x.hypgeom_1f1(arb(1), a + 1)


@evidence(
    "Lemma F.4",
    "certified",
    controls={
        "exponent delta^2/2": {"rate": "0.5"},
        "exponent delta^2/3": {"rate": "0.3333"},
        "s = delta in the Laplace transform": {"s": "1"},
    },
    constants=(
        "rate",
        "s",
    ),
    survives={"rate": "a smaller constant gives a weaker inequality, true as well; a larger one is rejected"},
)
def chernoff_exponent(rate: str = "0.25", s: str = "0.5") -> str:
    """I(delta) >= rate delta^2 on (0, 1), and log(1 + 2 s delta)/2 - s delta(1 - delta) >= rate delta^2 too.

    Near 0 by a Taylor expansion: value and slope vanish, the curvature is >= 0 and the third derivative > 0. Near 1
    by monotone pieces. In between by a cover. The exponent does not depend on d: this settles every dimension.
    """
    c, slope = q(rate), q(s)

    def optimal(x: arb_series) -> arb_series:
        return -(x + (1 - x).log()) / 2 - c * x * x

    def chosen(x: arb_series) -> arb_series:
        return (1 + 2 * slope * x).log() / 2 - slope * x * (1 - x) - c * x * x

    def derivatives(f: Exponent, box: arb) -> list[arb]:
        found = f(arb_series([box, 1], 4))
        return [found[k] for k in range(4)]

    total = 0
    with ctx.workprec(128):
        near, last = fmpq(1, 8), fmpq(7, 8)
        for name, f in (("I(delta)", optimal), ("the exponent at s = delta/2", chosen)):
            step = f"{name} >= {rate} delta^2"
            at_zero = derivatives(f, arb(0))
            expect(at_zero[0] == 0 and at_zero[1] == 0, f"{step}: value and slope at 0", taylor=at_zero)
            expect(at_zero[2] >= 0, f"{step}: curvature at 0", taylor=at_zero)

            def rises(box: Interval, f: Exponent = f) -> bool:
                return bool(derivatives(f, ball(*box))[3] > 0)

            def holds(box: Interval, f: Exponent = f, step: str = step) -> bool:
                value = derivatives(f, ball(*box))[0]
                expect(not value < 0, f"{step}: false on a box", box=box, value=value)
                return bool(value > 0)

            total += cover(rises, (fmpq(0), near), step=f"{step}: third derivative near 0", depth=30)
            total += cover(holds, (near, last if f is optimal else fmpq(1)), step=step, depth=30)
        edge = -(1 + arb(1 - last).log()) / 2 - c
        expect(edge > 0, "I(delta) >= -(1 + log(1 - 7/8))/2 > rate on [7/8, 1)", margin=edge)
    return (
        f"I(delta) >= delta^2/4 and log(1 + delta)/2 - delta(1 - delta)/2 >= delta^2/4 for all delta in (0, 1): "
        f"Taylor at 0, {total} boxes, a monotone bound at 1. So P <= exp(-d delta^2/4) for every dimension d."
    )


@evidence(
    "Lemma F.4",
    "certified",
    controls={
        "exponent delta^2/2": {"rate": "0.5"},
        "exponent delta^2/3": {"rate": "0.3333"},
        "d^2 in place of d": {"power": 2},
    },
    constants=("rate",),
    survives={
        "rate": "at these dimensions the probability is far below the bound: chernoff_exponent has the best rate"
    },
)
def exact_value_below_bound(rate: str = "0.25", power: int = 1) -> str:
    """The exact P(chi2_d <= (1 - delta) d) <= exp(-rate d^power delta^2) on [0, 1], for some d up to 10^4.

    Both fall in delta, so that on a box P at its lower end is held against the bound at its upper end.
    """
    boxes = 0
    with ctx.workprec(192):
        for d in DIMENSIONS:

            def bound(delta: fmpq, d: int = d) -> arb:
                return (-arb(q(rate) * d**power * delta**2)).exp()

            def proved(box: Interval, d: int = d, bound: Callable[[fmpq], arb] = bound) -> bool:
                exact = shell_probability(d, box[0])
                here = bound(box[0])
                expect(not exact > here, "P <= exp(-rate d delta^2): false", d=d, delta=box[0], p=exact, bound=here)
                return bool(exact <= bound(box[1]))

            boxes += cover(proved, UNIT, step=f"P <= exp(-rate d delta^2), d = {d}", depth=40)
    return (
        f"P(chi2_d <= (1 - delta) d) <= exp(-d delta^2/4), exact P, delta in [0, 1] ({boxes} boxes), d in {DIMENSIONS}"
    )


@evidence(
    "Ours: exact shell",
    "certified",
    controls={
        "twice the exponent": {"factor": 2},
        "half the optimal bound": {"share": "0.5"},
        "a ratio within 0.4 log(pi d)": {"spread": "0.4"},
        "exponent delta^2/4 in place of the optimal one": {"optimal": False},
    },
    constants=(
        "factor",
        "share",
        "spread",
        "optimal",
    ),
    survives={
        "share": "r(0) tends to 1/2 and is 0.68 at most: the claim is < 1",
        "spread": "a larger bound is weaker, and true as well; a smaller one is rejected",
    },
)
def optimal_chernoff(factor: int = 1, share: str = "1", spread: str = "0.5", optimal: bool = True) -> str:
    """e^(-d I)/(sqrt(pi d) e^(1/(6d))) <= P < e^(-d I): for d <= 500 and every delta, and at d up to 10^7."""
    checked = 0
    with ctx.workprec(192):

        def exponent(delta: arb) -> arb:
            return factor * optimal_exponent(delta) if optimal else factor * delta * delta / 4

        for d in (*range(1, 501), 10**3, 10**4, 10**5, 10**6, 10**7):
            most, least = prefactor(d, fmpq(0)), prefactor(d, fmpq(1))
            slack = arb(q(spread)) * (arb.pi() * d).log() + 1 / arb(6 * d)
            expect(most < arb(q(share)), "r(0) < 1: P is below the optimal bound", d=d, r=most)
            expect(-least.log() <= slack, "-log r(1) <= log(pi d)/2 + 1/(6 d)", d=d, r=least, slack=slack)
            checked += 1
        for d in DIMENSIONS:  # the ratio r is what it is said to be
            for delta in (fmpq(1, 50), fmpq(1, 5), fmpq(1, 2), fmpq(9, 10)):
                exact = shell_probability(d, delta).log()
                formula = -d * exponent(arb(delta)) + prefactor(d, delta).log()
                gap = abs(exact - formula) / d
                expect(gap < arb("1e-20"), "log P = -d I + log r", d=d, delta=delta, log_p=exact, formula=formula)
    return (
        f"P = e^(-d I) r with I the optimal Chernoff exponent and r increasing in 1 - delta, so that r(1) <= r < r(0): "
        f"r(0) < 1 and -log r(1) <= log(pi d)/2 + 1/(6 d) at {checked} dimensions up to 10^7, for every delta; "
        "-log(P)/d exceeds I by less than (log(pi d)/2 + 1/(6 d))/d, which tends to 0: no larger exponent holds."
    )
