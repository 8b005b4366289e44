"""Mode against typical set in high dimension: how little mass N(0, I_d) has near its mode.

A maximiser of psi - lambda R is a mode of a Gibbs law (Lemma F.2), and a mode says nothing about where the mass is.
For N(0, I_d) the mass lies in a shell of radius sqrt(d) and of constant width, while the ball
B = {||x||^2 <= (1 - delta) d} around the mode has mass exponentially small in d. With a = d/2 and R the remainder of
Stirling's formula, the mass is exactly

    log P(B) = -d I(delta) - log(pi d)/2 - R(a) + log M,    I(delta) = -(delta + log(1 - delta))/2,

where M = sum over k of ((1 - delta) a)^k/((a + 1)...(a + k)) tends to 1/delta. So no bound e^{-c d} with c > I holds.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool
from scipy.special import gammainc, gammaincc, gammaincinv

from distributional_view.theory.errors import require, require_unmasked
from distributional_view.theory.laws.arrays import ArrayLike1D
from distributional_view.theory.measures.finite import on_support

_UNDERFLOW = 1e-280  # below it a regularised gamma function is replaced by its logarithm's own series
_NEGLECTED = 40.0  # terms below e^-40 of the first are dropped


def log_ball_mass(dimension: int, radius: float) -> float:
    """log P(||X|| <= r) for X ~ N(0, I_d), exact and free of underflow, in nats. Paper: (166). Ours: exact shell.

    Args:
        dimension: d >= 1.
        radius: r > 0, in units of the standard deviation of a coordinate.

    Returns:
        Nats, < 0.

    Raises:
        ValueError: if an argument is out of range.

    Example:
        >>> round(log_ball_mass(2, 1.0), 4), round(log_ball_mass(196_608, 300.0), 1)
        (-0.9328, -23517.0)
    """
    require(dimension >= 1, "dimension", dimension, ">= 1")
    require(math.isfinite(radius) and radius > 0, "radius", radius, "finite and > 0")
    a, x = 0.5 * dimension, 0.5 * radius**2
    mass = float(gammainc(a, x))
    if mass > 0.5:
        return math.log1p(-float(gammaincc(a, x)))
    if mass > _UNDERFLOW:
        return math.log(mass)
    log_share = 2 * math.log(radius) - math.log(dimension)  # log(1 - delta)
    prefactor = a * (log_share - math.expm1(log_share)) - 0.5 * math.log(2 * math.pi * a) - _stirling_remainder(a)
    return prefactor + _log_series(a, log_share)


def log_mode_ball_mass(dimension: int, deficit: float) -> float:
    """log P(||X||^2 <= (1 - delta) d), exact, in nats. Paper: Lemmas F.4, F.6, (172).

    Args:
        dimension: d >= 1.
        deficit: delta.

    Returns:
        Nats, < 0.

    Raises:
        ValueError: if the dimension is below 1 or the deficit outside (0, 1).

    Example:
        >>> round(log_mode_ball_mass(1000, 0.5), 2)
        -99.91
    """
    _require_deficit(deficit)
    return log_ball_mass(dimension, math.sqrt((1 - deficit) * dimension))


def paper_exponent(deficit: float) -> float:
    """delta^2/4, so that P(||X||^2 <= (1 - delta) d) <= exp(-d delta^2/4). Paper: Lemma F.4 (166)-(170).

    Args:
        deficit: delta.

    Returns:
        Nats a dimension.

    Raises:
        ValueError: if the deficit is outside (0, 1).

    Example:
        >>> paper_exponent(0.5)
        0.0625
    """
    _require_deficit(deficit)
    return deficit**2 / 4


def chernoff_exponent(deficit: float) -> float:
    """I(delta) = -(delta + log(1 - delta))/2 >= delta^2/4, the largest c with P <= exp(-c d) for all d.

    Ours: exact shell.

    Args:
        deficit: delta.

    Returns:
        Nats a dimension.

    Raises:
        ValueError: if the deficit is outside (0, 1).

    Example:
        >>> round(chernoff_exponent(0.5), 4)
        0.0966
    """
    _require_deficit(deficit)
    if deficit > 1e-3:
        return -0.5 * (deficit + math.log1p(-deficit))
    return 0.5 * sum(deficit**k / k for k in range(2, 8))


class Shell(NamedTuple):
    """The radii between which a share 1 - epsilon of N(0, I_d) lies, epsilon/2 on either side, and the median.

    Example:
        >>> round(typical_shell(10_000, 0.1).median, 2)
        100.0
    """

    inner: float
    median: float
    outer: float


def typical_shell(dimension: int, epsilon: float) -> Shell:
    """An epsilon-typical region of N(0, I_d): a shell around radius sqrt(d), of a width that does not grow with d.

    Paper: Definition F.3, Lemma F.4.

    Args:
        dimension: d >= 1.
        epsilon: what lies outside.

    Returns:
        Radii, in units of the standard deviation of a coordinate.

    Raises:
        ValueError: if the dimension is below 1 or epsilon outside (0, 1).

    Example:
        >>> [round(radius, 2) for radius in typical_shell(10_000, 0.1)]
        [98.84, 100.0, 101.16]
    """
    require(dimension >= 1, "dimension", dimension, ">= 1")
    require(0 < epsilon < 1, "epsilon", epsilon, "in (0, 1)")
    return Shell(*(math.sqrt(2 * float(gammaincinv(0.5 * dimension, u))) for u in (epsilon / 2, 0.5, 1 - epsilon / 2)))


class Conditioning(NamedTuple):
    """What conditioning on a region does to the mean of a statistic, and the bound 2 epsilon sup|s| of it.

    Example:
        >>> conditioning_error([1, -1], [True, False], masses=[0.75, 0.25]).error
        0.5
    """

    error: float
    bound: float


def conditioning_error(
    statistic: ArrayLike1D, region: Sequence[bool] | Bool[np.ndarray, " n"], *, masses: ArrayLike1D
) -> Conditioning:
    """|E_q[s] - E_q[s | T]| = q(not T) |E_q[s | not T] - E_q[s | T]| <= 2 q(not T) sup|s|. Paper: Definition F.3 (165).

    Args:
        statistic: s at the points.
        region: whether a point lies in T.
        masses: q, >= 0 with sum 1.

    Returns:
        The error and its bound, in units of the statistic.

    Raises:
        ValueError: if the masses are no probability, lengths differ, a statistic is not finite, or T has no mass.

    Example:
        >>> conditioning_error([1, 1, -1], [True, True, False], masses=[0.5, 0.25, 0.25])
        Conditioning(error=0.5, bound=0.5)
    """
    require_unmasked("region", region)
    q, s = on_support(masses, statistic=statistic)
    kept = np.asarray(region, dtype=bool)
    require(kept.shape == q.shape, "region.shape", kept.shape, f"that of the masses, {q.shape}")
    inside = float(q[kept].sum())
    require(inside > 0, "q(region)", inside, "> 0")
    error = abs(float(q[~kept] @ (s[~kept] - float(q[kept] @ s[kept]) / inside)))
    return Conditioning(error, 2 * float(q[~kept].sum()) * float(np.abs(s[q > 0]).max()))


def _log_series(a: float, log_share: float) -> float:
    """log of M = sum over k >= 0 of (share a)^k/((a + 1)...(a + k)), 0 < share < 1."""
    # The k-th term is at most exp(k log share) and, for k <= a, at most exp(-k^2/(4a)).
    terms = int(min(-_NEGLECTED / log_share, max(2 * math.sqrt(_NEGLECTED * a), _NEGLECTED * 4))) + 2
    ratios = log_share - np.log1p(np.arange(1, terms) / a)
    return math.log1p(math.fsum(np.exp(np.cumsum(ratios))))


def _stirling_remainder(a: float) -> float:
    """log Gamma(a + 1) - [a log a - a + log(2 pi a)/2]."""
    if a < 30:
        return math.lgamma(a + 1) - (a * math.log(a) - a + 0.5 * math.log(2 * math.pi * a))
    return 1 / (12 * a) - 1 / (360 * a**3) + 1 / (1260 * a**5) - 1 / (1680 * a**7)


def _require_deficit(deficit: float) -> None:
    require(0 < deficit < 1, "deficit", deficit, "in (0, 1)")
