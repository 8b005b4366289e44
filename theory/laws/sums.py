"""Sums over millions of atoms, block by block: no long running sum, and no temporary array as long as the law.

A sum in sequence loses up to n roundings, 1e-9 for 10^7 terms. Here a block is summed in pairs by numpy and the block
sums with compensation, so that a sum of positive terms keeps about 15 digits whatever n is.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

BLOCK = 8192
_NO_SHARE = 800.0  # nats below the largest weight: a block of such atoms adds nothing in double precision


def blocks(first: int, last: int) -> Iterator[slice]:
    """Slices of at most `BLOCK` indices that cover [first, last)."""
    return (slice(start, min(start + BLOCK, last)) for start in range(first, last, BLOCK))


def running(terms: Float[np.ndarray, " b"]) -> Float[np.ndarray, " b1"]:
    """0, x_1, x_1 + x_2, ...: each partial sum to about one rounding (Neumaier's compensation)."""
    total = lost = 0.0
    found = [0.0]
    for term in terms.tolist():
        after = total + term
        lost += (total - after) + term if abs(total) >= abs(term) else (term - after) + total
        total = after
        found.append(total + lost)
    return np.array(found)


class Tail(NamedTuple):
    """S(v_i) and E[(Y - v_i)^+] for an atom v_i."""

    mass: float
    excess: float


class Tails:
    """Masses and first moments above and below any atom, in O(`BLOCK`) each.

    Args:
        values: ascending.
        masses: of these values.
    """

    def __init__(self, values: Float[np.ndarray, " k"], masses: Float[np.ndarray, " k"]):
        self._values, self._masses = values, masses
        parts = list(blocks(0, len(values)))
        starts = np.array([values[part.start] for part in parts])
        own = np.array([masses[part].sum() for part in parts])
        inside = np.array([masses[part] @ (values[part] - values[part.start]) for part in parts])
        self._below = running(own)
        self._above = running(own[::-1])[::-1]
        steps = np.append(np.diff(starts), 0.0) * self._above[1:]
        # E[(Y - start_b)^+] = inside_b + step_b S(start_(b+1)) + E[(Y - start_(b+1))^+]: all terms are positive.
        self._excess = running((inside + steps)[::-1])[::-1]

    def at(self, i: int) -> Tail:
        """Of the atom with index i; zeros beyond the last one."""
        if i >= len(self._values):
            return Tail(0.0, 0.0)
        after = i // BLOCK + 1
        end = min(after * BLOCK, len(self._values))
        mass, rest = self._masses[i:end], float(self._above[after])
        excess = float(mass @ (self._values[i:end] - self._values[i])) + float(self._excess[after])
        if rest > 0:
            excess += float(self._values[end] - self._values[i]) * rest
        return Tail(min(1.0, float(mass.sum()) + rest), excess)

    def below(self, i: int) -> float:
        """Mass of the atoms with an index below i."""
        block = min(i // BLOCK, len(self._below) - 1)
        return float(self._below[block]) + float(self._masses[block * BLOCK : i].sum())

    def hazards(self, first: int, last: int) -> float:
        """Sum of m_i/S(v_i) over [first, last)."""
        total = []
        for part in blocks(first, last):
            mass = self._masses[part]
            tail = self.at(part.stop).mass + np.cumsum(mass[::-1])[::-1]
            total.append(float((mass / tail).sum()))
        return math.fsum(total)


def first_moment(
    values: Float[np.ndarray, " k"], masses: Float[np.ndarray, " k"], origin: float, first: int, last: int
) -> float:
    """Sum of m_i (v_i - origin) over [first, last)."""
    return math.fsum(float(masses[part] @ (values[part] - origin)) for part in blocks(first, last))


class TiltedSums(NamedTuple):
    """log sum m_i exp(beta (v_i - anchor)), and the tilted law's mean (less the origin) and variance."""

    log_total: float
    mean: float
    variance: float


def tilted_sums(
    values: Float[np.ndarray, " k"],
    log_masses: Callable[[slice], Float[np.ndarray, " b"]],
    multiplier: float,
    anchor: float,
    origin: float,
) -> TiltedSums:
    """Total, mean and variance under the weights m_i exp(beta (v_i - anchor)), with log m_i asked for by blocks.

    Variances add up without cancellation: within the blocks, then between them.
    """
    order = list(blocks(0, len(values)))
    best, found = -math.inf, []
    for part in reversed(order) if multiplier >= 0 else order:
        with np.errstate(over="ignore"):  # an exponent below the smallest double: such an atom has no mass left
            logs = multiplier * (values[part] - anchor) + log_masses(part)
        peak = float(logs.max())
        if peak < best - _NO_SHARE or peak == -math.inf:
            continue
        best = max(best, peak)
        logs -= peak
        w = np.exp(logs, out=logs)
        total, offsets = float(w.sum()), values[part] - origin
        mean = float(w @ offsets) / total
        offsets -= mean
        offsets *= offsets
        found.append((peak, total, mean, float(w @ offsets)))
    peaks, totals, means, squares = np.array(found).T
    scales = np.exp(peaks - best)
    shares = scales * totals
    total = math.fsum(shares)
    mean = math.fsum(shares * means) / total
    variance = (math.fsum(scales * squares) + math.fsum(shares * (means - mean) ** 2)) / total
    return TiltedSums(best + math.log(total), mean, variance)
