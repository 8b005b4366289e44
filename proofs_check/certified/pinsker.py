"""Pinsker's inequality on the whole square of Bernoulli pairs; two-point laws are its worst case.

With a = q(B), b = p(B), the data processing inequality gives KL(q || p) >= KL(Ber(a) || Ber(b)), and at the event
B = {q > p} a - b = TV. KL(Ber(a) || Ber(b)) decreases towards the diagonal in each argument, so that over a box away
from it the least KL and the largest distance sit at opposite corners. Near the diagonal, Taylor's theorem in b:
KL = (a - b)^2 (1/2) g(xi) with g >= min 1/(xi(1 - xi)) over xi between a and b, from d KL/db = (b - a)/(b(1 - b)).
"""

from flint import arb, ctx, fmpq

from distributional_view.proofs_check.balls import Interval, cover, q
from distributional_view.proofs_check.evidence import evidence, expect

NEAR = fmpq(1, 4)
"""Boxes that reach less far across the diagonal than this are proved by Taylor's theorem."""


def x_log(x: fmpq, ratio: fmpq) -> arb:
    """x log(ratio) with 0 log 0 = 0."""
    return arb(x) * arb(ratio).log() if x else arb(0)


def bernoulli_kl(a: fmpq, b: fmpq) -> arb:
    """KL(Ber(a) || Ber(b)) for 0 < b < 1."""
    return x_log(a, a / b) + x_log(1 - a, (1 - a) / (1 - b))


@evidence(
    "Lemma B.4",
    "certified",
    controls={"a constant above 2": {"constant": "2.1"}, "L1 distance in place of TV": {"distance": 2}},
    constants=(
        "constant",
        "distance",
    ),
    survives={
        "constant": "a smaller constant gives a weaker inequality, true as well; a larger one is rejected",
        "distance": "a smaller constant gives a weaker inequality, true as well; a larger one is rejected",
    },
)
def two_point_pinsker(constant: str = "2", distance: int = 1) -> str:
    """KL(Ber(a) || Ber(b)) >= constant (distance |a - b|)^2 on the unit square."""
    used = {"corners": 0, "Taylor": 0}
    c = q(constant) * distance**2

    def proved(first: Interval, second: Interval) -> bool:
        (a0, a1), (b0, b1) = first, second
        low, high = min(a0, b0), max(a1, b1)
        if high - low <= NEAR:
            nearest = min(max(fmpq(1, 2), low), high)  # where xi(1 - xi) is largest
            if 1 / (2 * nearest * (1 - nearest)) >= c:
                used["Taylor"] += 1
                return True
        elif a0 > b1 or b0 > a1:
            a, b, span = (a0, b1, a1 - b0) if a0 > b1 else (a1, b0, b1 - a0)
            if bernoulli_kl(a, b) >= arb(c * span**2):
                used["corners"] += 1
                return True
        a, b = (2 * a0 + a1) / 3, (b0 + 2 * b1) / 3
        value, bound = bernoulli_kl(a, b), arb(c * (a - b) ** 2)
        expect(not value < bound, "KL >= c TV^2: false at a point", a=a, b=b, kl=value, bound=bound)
        return False

    with ctx.workprec(96):
        unit = (fmpq(0), fmpq(1))
        boxes = cover(proved, unit, unit, step="KL >= c TV^2", depth=30)
    return (
        f"KL(Ber(a) || Ber(b)) >= 2 (a - b)^2 on the whole unit square: {boxes} boxes, {used['corners']} by their "
        f"corners, {used['Taylor']} near the diagonal by Taylor's theorem; the constant 2 is best as a, b -> 1/2."
    )
