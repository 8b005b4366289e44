"""Finite measures with zero masses, and signs: what proofs about truncation need beyond `proofs_check.algebra`."""

from collections.abc import Callable, Sequence

import sympy as sp

from distributional_view.proofs_check.algebra import Expression, positive
from distributional_view.proofs_check.evidence import expect

ATOMS = 5


def divergence(q: Sequence[Expression], p: Sequence[Expression]) -> Expression:
    """KL(q || p) with 0 log 0 = 0, and +inf unless q << p."""
    pairs = [(a, b) for a, b in zip(q, p, strict=True) if a != 0]
    return sp.oo if any(b == 0 for _, b in pairs) else sum(a * (sp.log(a) - sp.log(b)) for a, b in pairs)


def mass(q: Sequence[Expression], event: Sequence[bool]) -> Expression:
    """q(event)."""
    return sum((m for m, inside in zip(q, event, strict=True) if inside), sp.Integer(0))


def conditioned(p: Sequence[Expression], event: Sequence[bool]) -> list[Expression]:
    """p given the event."""
    return [m / mass(p, event) if inside else sp.Integer(0) for m, inside in zip(p, event, strict=True)]


def positive_beyond_zero(f: Callable[[Expression], Expression], step: str) -> None:
    """Prove f > 0 on (0, inf) from f(0) = 0 and f' > 0 there, or raise `Rejected`."""
    x = sp.Symbol("x", positive=True)
    start, slope = sp.simplify(f(sp.Integer(0))), sp.simplify(sp.diff(f(x), x))
    expect(start == 0, f"{step}: is 0 at 0", value=start)
    expect(slope.is_positive, f"{step}: increases beyond 0", slope=slope)


def convex_minimum(f: Callable[[Expression], Expression], at: int, step: str) -> None:
    """Prove f >= 0 on (0, inf) with equality only at `at`: f = f' = 0 there and f'' > 0, or raise `Rejected`."""
    u = sp.Symbol("u", positive=True)
    value, slope, bend = (sp.simplify(sp.diff(f(u), u, k)) for k in range(3))
    expect(value.subs(u, at) == 0, f"{step}: is 0 at {at}", value=value.subs(u, at))
    expect(slope.subs(u, at) == 0, f"{step}: has slope 0 at {at}", slope=slope.subs(u, at))
    expect(bend.is_positive, f"{step}: convex", second_derivative=bend)


def ladder(n: int) -> list[Expression]:
    """y0 < y1 < ... as sums of positive symbols."""
    gaps = positive(f"g:{n}")
    return [sum(gaps[: k + 1]) for k in range(n)]


def above(k: int, n: int = ATOMS) -> list[bool]:
    """The event {Y >= y_k}."""
    return [i >= k for i in range(n)]
