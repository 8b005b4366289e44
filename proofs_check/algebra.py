"""Exact algebra for the symbolic rung: an equality counts only when it is proved, and a failure shows a point.

`equal` accepts only what sympy reduces to zero; a numerical value at one rational point is used in the other
direction alone, to refuse early and to show where the two sides differ. Finite measures stand for general ones:
their weights are symbols, so that what holds for them holds for every measure with that many atoms.
"""

from collections.abc import Sequence
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef

from distributional_view.proofs_check.evidence import Rejected

Expression = Any  # sympy has no type information


def equal(left: Expression, right: Expression, step: str) -> None:
    """Prove left = right, or raise `Rejected` with both sides, and a point where they differ if there is one.

    Logarithms are expanded as those of positive numbers: write them of nothing else.
    """
    left, right = sp.sympify(left), sp.sympify(right)
    gap = left - right
    if gap == 0:
        return
    if not gap.has(AppliedUndef, sp.Derivative, sp.Integral):
        symbols = sorted(left.free_symbols | right.free_symbols, key=str)
        point = {s: _value(s, k) for k, s in enumerate(symbols)}
        with mp.workdps(30):
            at = [mp.mpf(v.p) / v.q for v in point.values()]
            sides = [complex(sp.lambdify(symbols, side, "mpmath")(*at)) for side in (left, right)]
        if abs(sides[0] - sides[1]) > 1e-12 * (1 + abs(sides[0])):
            raise Rejected(step, left=left, right=right, at=point, values=sides)
    rational = () if gap.has(sp.log) else (_numerator,)
    for reduce in (sp.expand, _expanded, *rational, sp.simplify, lambda e: sp.simplify(_expanded(e))):
        if reduce(gap) == 0:
            return
    raise Rejected(f"{step}: not reduced to zero", left=left, right=right, difference=sp.simplify(gap))


def _numerator(expression: Expression) -> Expression:
    return sp.expand(sp.fraction(sp.together(expression))[0])


def _expanded(expression: Expression) -> Expression:
    return sp.expand(sp.expand_log(expression, force=True))


def _value(symbol: Expression, k: int) -> Expression:
    """A rational in (0, 1), all different, or a small integer: inside every domain used here."""
    return sp.Integer(k + 2) if symbol.is_integer else sp.Rational(2 * k + 3, 7 * k + 13)


def positive(names: str) -> tuple[Expression, ...]:
    """Positive symbols, always as a tuple."""
    return tuple(sp.symbols(names, positive=True, seq=True))


def real(names: str) -> tuple[Expression, ...]:
    """Real symbols, always as a tuple."""
    return tuple(sp.symbols(names, real=True, seq=True))


def normalised(weights: Sequence[Expression]) -> list[Expression]:
    """The probability with these weights."""
    total = sum(weights)
    return [w / total for w in weights]


def mean(law: Sequence[Expression], values: Sequence[Expression]) -> Expression:
    """Expectation of a function under a finite law."""
    return sum(q * v for q, v in zip(law, values, strict=True))


def kl(law: Sequence[Expression], reference: Sequence[Expression]) -> Expression:
    """KL(law || reference) for positive masses."""
    return sum(q * (sp.log(q) - sp.log(p)) for q, p in zip(law, reference, strict=True))


def partition(law: Sequence[Expression], exponent: Sequence[Expression]) -> Expression:
    """E_law[exp(exponent)]."""
    return mean(law, [sp.exp(e) for e in exponent])


def tilt(law: Sequence[Expression], exponent: Sequence[Expression]) -> list[Expression]:
    """The law proportional to law * exp(exponent)."""
    z = partition(law, exponent)
    return [p * sp.exp(e) / z for p, e in zip(law, exponent, strict=True)]
