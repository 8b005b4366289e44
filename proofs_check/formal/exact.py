"""The definitions of `Laws.v`, transcribed line by line and evaluated exactly, to compare `theory`'s functions with.

A law is a list of rational masses beside a list of whole scores. The tilt is taken at multiples of log 2, where
exp(b psi) is a power of 2, so that its masses are rational as well. Only KL needs a logarithm: a ball encloses it.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flint import arb

Masses = Sequence[Fraction]
Scores = Sequence[int]


def survival(q: Masses, psi: Scores, t: Fraction) -> Fraction:
    """`survival`: the mass of the points with t <= psi."""
    return sum((m for m, s in zip(q, psi, strict=True) if t <= s), Fraction(0))


def truncation(p: Masses, psi: Scores, t: Fraction) -> list[Fraction]:
    """`truncation`: p where t <= psi, over `survival`; the sum must not be zero."""
    total = survival(p, psi, t)
    return [(m if t <= s else Fraction(0)) / total for m, s in zip(p, psi, strict=True)]


def tilt(p: Masses, psi: Scores, doublings: int) -> list[Fraction]:
    """`tilt` at b = doublings log 2: p exp(b psi) over `partition`."""
    weights = [m * Fraction(2) ** (doublings * s) for m, s in zip(p, psi, strict=True)]
    return [w / sum(weights) for w in weights]


def boundary_mass(q: Masses, psi: Scores, t: Fraction, d: Fraction) -> Fraction:
    """`boundary_mass`: the mass of the points with t <= psi < t + d, over `survival`."""
    shell = sum((m for m, s in zip(q, psi, strict=True) if t <= s < t + d), Fraction(0))
    return shell / survival(q, psi, t)


def total_variation(q: Masses, p: Masses) -> Fraction:
    """`TV`: half the sum of |q - p|."""
    return sum((abs(a - b) for a, b in zip(q, p, strict=True)), Fraction(0)) / 2


def dominated(q: Masses, p: Masses) -> bool:
    """`dominated`: q has no mass where p has none."""
    return all(a == 0 for a, b in zip(q, p, strict=True) if b == 0)


def kl(q: Masses, p: Masses) -> "arb":
    """`KL`: the sum of q log(q/p), a ball that holds it; infinite unless `dominated`."""
    from flint import arb, fmpq

    if not dominated(q, p):
        return arb("inf")
    terms = [(a, a / b) for a, b in zip(q, p, strict=True) if a]
    return sum((arb(fmpq(*a.as_integer_ratio())) * arb(fmpq(*r.as_integer_ratio())).log() for a, r in terms), arb(0))
