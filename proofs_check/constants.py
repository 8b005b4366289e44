"""The attack on what a check claims: each constant of its claim is made wrong by a tenth, or reversed.

A check declares which of its keyword arguments are constants of the claim: `@evidence(..., constants=("half",))`.
A number is tried times 11/10, times 9/10 and with the other sign, a direction (`DIRECTIONS`) with the other sign only;
yes and no are exchanged. Each must be rejected.
A constant with a wrong value that is not rejected survives: it needs a reason in `survives`, under its own name.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

import sympy as sp
from flint import fmpq

from distributional_view.proofs_check.balls import q
from distributional_view.proofs_check.evidence import Evidence, Rejected, attacked

FACTORS = {"x 1.1": (11, 10), "x 0.9": (9, 10), "negated": (-1, 1)}
DIRECTIONS = ("side", "sign", "order")
"""Arguments that say which of two sides is meant, by 1 or -1."""


@dataclass(frozen=True)
class Tried:
    """What came of the attack on one constant: what was done to it -> how it was rejected (None: it was accepted)."""

    evidence: Evidence
    constant: str
    rejected: Mapping[str, str | None]
    seconds: float

    @property
    def accepted(self) -> list[str]:
        """The wrong values that the check accepts."""
        return [change for change, how in self.rejected.items() if how is None]


def wrong_values(value: Any) -> dict[str, Any]:
    """What is tried in place of a constant: decimal text, rationals of either library, whole numbers, yes and no.

    Raises:
        ValueError: for anything else.
    """
    if isinstance(value, bool):
        return {"reversed": not value}
    if isinstance(value, str | fmpq):
        return {change: q(value) * fmpq(*factor) for change, factor in FACTORS.items()}
    if isinstance(value, int | sp.Expr) and sp.sympify(value).is_number:
        return {change: value * sp.Rational(*factor) for change, factor in FACTORS.items()}
    raise ValueError(f"constant = {value!r}: must be a number, decimal text, True or False")


def constants(piece: Evidence) -> Iterator[Tried]:
    """Try wrong values of each constant that the check declares, one by one."""
    arguments = signature(piece.check).parameters
    for name in piece.constants:
        start, rejected = time.perf_counter(), dict[str, str | None]()
        tried = wrong_values(arguments[name].default)
        if name in DIRECTIONS:
            tried = {"negated": tried["negated"]}
        for change, value in tried.items():
            balls = piece.rung == "certified" and isinstance(value, sp.Rational)
            rejected[change] = _rejected(piece, name, fmpq(int(value.p), int(value.q)) if balls else value)
        yield Tried(piece, name, rejected, time.perf_counter() - start)


def verdict(found: Tried) -> tuple[str, str]:
    """The state in a word, and why: noticed, survived, explained (with a reason given), or stale (a needless one)."""
    reason = found.evidence.survives.get(found.constant)
    if found.accepted:
        return ("survived", f"accepted: {', '.join(found.accepted)}") if reason is None else ("explained", reason)
    if reason is not None:
        return "stale", f"it is rejected, so that no reason is needed: {reason}"
    return "noticed", next(how for how in found.rejected.values() if how)


def _rejected(piece: Evidence, name: str, value: Any) -> str | None:
    with attacked():
        try:
            piece.check(**{name: value})
        except Rejected as error:
            return error.step
        except AssertionError as error:
            return str(error)
    return None
