"""Certified inequalities in ball arithmetic (python-flint): an inequality that a cover proves holds at every point.

A box has rational end points. A test answers True where it proves the claim on the whole box and False where it
cannot tell; it raises `Rejected` where it finds the claim false. `cover` bisects until all boxes are proved.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise, product

from flint import arb, fmpq, fmpq_poly

from distributional_view.proofs_check.evidence import Rejected

Interval = tuple[fmpq, fmpq]


def q(number: str | int | fmpq) -> fmpq:
    """An exact rational from decimal text: q("-2.4") = -12/5."""
    if not isinstance(number, str):
        return fmpq(number)
    whole, _, decimals = number.partition(".")
    return fmpq(int(whole + decimals), 10 ** len(decimals))


def ball(low: fmpq, high: fmpq) -> arb:
    """The smallest ball that holds [low, high], up to rounding outwards."""
    return arb(low).union(arb(high))


def cover(proved: Callable[..., bool], *sides: Interval, step: str, depth: int = 60, cuts: Iterable[fmpq] = ()) -> int:
    """Prove a claim on a box; return the number of boxes that it took.

    Args:
        proved: takes one interval per side of a box; whether the claim is proved on all of it.
        sides: the box.
        step: the claim, in words.
        depth: how often a box may be halved before the claim counts as not proved.
        cuts: where the first side is cut at the start.

    Raises:
        Rejected: where a box remains undecided at that depth.
    """
    first = sorted({*sides[0], *cuts})
    boxes: list[tuple[int, tuple[Interval, ...]]] = [(0, ((a, b), *sides[1:])) for a, b in pairwise(first)]
    count = 0
    while boxes:
        level, box = boxes.pop()
        if proved(*box):
            count += 1
        elif level == depth:
            shown = ", ".join(f"[{float(a):.6g}, {float(b):.6g}]" for a, b in box)
            raise Rejected(f"{step}: not proved on a box halved {depth} times", box=shown)
        else:
            halves = [((a, (a + b) / 2), ((a + b) / 2, b)) for a, b in box]
            boxes += [(level + 1, part) for part in product(*halves)]
    return count


def bracket(f: Callable[[arb], arb], low: fmpq, high: fmpq, width: fmpq, step: str) -> Interval:
    """A zero of a continuous f, by bisection with proved signs: f(low) and f(high) have opposite signs.

    Raises:
        Rejected: if the signs at the ends are not proved to differ, or a midpoint's sign cannot be told.
    """

    def sign(x: fmpq) -> int:
        value = f(arb(x))
        if not (value > 0 or value < 0):
            raise Rejected(f"{step}: sign not proved", at=x, value=value)
        return 1 if value > 0 else -1

    start = sign(low)
    if sign(high) == start:
        raise Rejected(f"{step}: no change of sign", low=low, high=high, sign=start)
    while high - low > width:
        middle = (low + high) / 2
        low, high = (middle, high) if sign(middle) == start else (low, middle)
    return low, high


def positive_beyond(polynomial: fmpq_poly, start: fmpq) -> bool:
    """Whether P(start + u) has coefficients >= 0, not all zero: then P(t) > 0 for every t > start."""
    shifted = polynomial(fmpq_poly([start, 1])).coeffs()
    return any(c > 0 for c in shifted) and all(c >= 0 for c in shifted)
