"""Hazard and mean residual life of the standard normal law, accurate at any level.

lambda(z) = phi(z)/S(z) (inverse Mills ratio) and m(z) = lambda(z) - z (109)-(124). The difference loses all
its digits for large z, and lambda itself is 0/0 there; both are replaced by Laplace's continued fraction

    lambda(z) = z + 1/(z + 2/(z + 3/(z + ...))),

whose tail is m. Relative errors stay below 3e-14; those of a shell below 3e-13, as the rounding of z + width counts
|z| times far below 0.
"""

import math

import numpy as np
from jaxtyping import Float
from scipy.special import erfcx, log_ndtr, ndtr

Levels = Float[np.ndarray, "*n"] | float

_FRACTION_FROM = 3.0  # below it lambda - z loses about one digit
_FRACTION_DEPTH = 80  # enough for full precision at z >= 3
_DEEP_FROM, _DEEP_DEPTH = 10.0, 24  # and at z >= 10
_VARIANCE_FRACTION_FROM = 2.0  # below it 1 - lambda m loses less than two digits
_VARIANCE_FRACTION_DEPTH = 160  # enough for full precision at z >= 2
_NO_DENSITY = 40.0  # beyond it exp(-z^2/2) is 0 in double precision
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


def log_survival(z: float) -> float:
    """log P(Z >= z), in nats."""
    return math.log1p(-float(lower_mass(z))) if z < 0 else float(log_ndtr(-z))


def half_square(z: Levels) -> Float[np.ndarray, "*n"]:
    """exp(-z^2/2): with z = r + d and r a multiple of 1/64, r^2 is exact, and d (r + z) is small."""
    z = np.asarray(z, dtype=np.float64)
    near = np.clip(z, -_NO_DENSITY, _NO_DENSITY)
    rounded = np.round(64 * near) / 64
    return np.where(np.isnan(z), z, np.exp(-0.5 * rounded**2) * np.exp(-0.5 * (near - rounded) * (near + rounded)))


def lower_mass(z: Levels) -> Float[np.ndarray, "*n"]:
    """P(Z < z) for z <= 0, to its last digits also where it is tiny."""
    return np.asarray(0.5 * half_square(z) * erfcx(-np.asarray(z, dtype=np.float64) / math.sqrt(2)))


def hazard(z: Levels) -> Float[np.ndarray, "*n"]:
    """lambda(z) = phi(z)/P(Z >= z); 0 below the smallest double (z < -38.6). Paper: Gaussian example (109)-(124)."""
    z = np.asarray(z, dtype=np.float64)
    below = np.minimum(z, 0.0)
    left = half_square(below) / math.sqrt(2 * math.pi) / ndtr(-below)
    right = math.sqrt(2 / math.pi) / erfcx(np.maximum(z, 0.0) / math.sqrt(2))
    return np.where(z < 0, left, right)


def mean_residual(z: Levels) -> Float[np.ndarray, "*n"]:
    """m(z) = E[Z - z | Z >= z] = lambda(z) - z > 0. Paper: Gaussian example, Proposition D.13 (125)-(140)."""
    z = np.asarray(z, dtype=np.float64)
    near = np.minimum(z, _FRACTION_FROM)
    middle = np.clip(z, _FRACTION_FROM, _DEEP_FROM)
    tail = fraction(np.maximum(z, _DEEP_FROM), _DEEP_DEPTH)
    if ((z >= _FRACTION_FROM) & (z < _DEEP_FROM)).any():
        tail = np.where(z < _DEEP_FROM, fraction(middle, _FRACTION_DEPTH), tail)
    return np.where(z < _FRACTION_FROM, hazard(near) - near, tail)


def fraction(z: Levels, depth: int) -> Float[np.ndarray, "*n"]:
    """1/(z + 2/(z + ... + depth/z)): the tail of Laplace's fraction."""
    tail = np.zeros_like(z)
    for k in range(depth, 0, -1):
        tail = k / (z + tail)
    return np.asarray(tail)


def tail_variance(z: float) -> float:
    """Var(Z | Z >= z) = 1 - lambda(z) m(z) > 0; with m = 1/(z + r) it is m (r - m), r from the fraction where z > 2."""
    if z <= _VARIANCE_FRACTION_FROM:
        return 1.0 - float(hazard(z)) * float(mean_residual(z))
    rest = 0.0
    for k in range(_VARIANCE_FRACTION_DEPTH, 1, -1):
        rest = k / (z + rest)
    residual = 1.0 / (z + rest)
    return residual * (rest - residual)


def shell_mass(z: float, width: float, upper: float | None = None) -> float:
    """P(z <= Z < z + width | Z >= z), for width >= 0, without cancellation.

    For z >= 0 it is -expm1(-H), where H is the integral of the hazard over the shell: by quadrature for a
    short shell, by differences of logarithms for a long one. Below 0, symmetry reduces to that case.
    Where z + width would lose the digits of the upper end (z = -1e17), `upper` gives it.
    """
    if z == -math.inf:
        return 0.0 if upper is None else float(ndtr(upper))  # the shell [-inf, -inf + width) is empty
    if z < 0:
        end = z + width if upper is None else upper
        if end <= 0:
            mass = float(lower_mass(end)) * shell_mass(-end, width, -z)
        else:
            mass = 0.5 * (shell_mass(0.0, -z) + shell_mass(0.0, end))
        return min(1.0, mass / float(ndtr(-z)))
    if width == math.inf:
        return 1.0
    if width <= 1:
        points = z + 0.5 * width * (1 + _NODES)
        exponent = 0.5 * width * float(_WEIGHTS @ hazard(points))
    else:
        exponent = width * (z + 0.5 * width) + math.log(float(hazard(z + width) / hazard(z)))
    return -math.expm1(-exponent)
