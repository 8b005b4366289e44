"""Hazard and mean residual life of the standard normal law, accurate at any level.

lambda(z) = phi(z)/S(z) (inverse Mills ratio) and m(z) = lambda(z) - z (109)-(124). The difference loses all
its digits for large z, and lambda itself is 0/0 there; both are replaced by Laplace's continued fraction

    lambda(z) = z + 1/(z + 2/(z + 3/(z + ...))),

whose tail is m. Relative errors stay below about 1e-14.
"""

import math

import numpy as np
from jaxtyping import Float
from scipy.special import erfcx, log_ndtr, ndtr

Levels = Float[np.ndarray, "*n"] | float

_FRACTION_FROM = 10.0  # below it lambda - z loses at most two digits
_FRACTION_DEPTH = 24  # enough for full precision at z >= 10
_VARIANCE_FRACTION_FROM = 2.0  # below it 1 - lambda m loses less than two digits
_VARIANCE_FRACTION_DEPTH = 160  # enough for full precision at z >= 2
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


def log_survival(z: float) -> float:
    """log P(Z >= z), in nats."""
    return float(log_ndtr(-z))


def hazard(z: Levels) -> Float[np.ndarray, "*n"]:
    """lambda(z) = phi(z)/P(Z >= z); 0 below the smallest double (z < -38.6). Paper: Gaussian example (109)-(124)."""
    z = np.asarray(z, dtype=np.float64)
    below = np.minimum(z, 0.0)
    left = np.exp(-0.5 * below**2) / math.sqrt(2 * math.pi) / ndtr(-below)
    right = math.sqrt(2 / math.pi) / erfcx(np.maximum(z, 0.0) / math.sqrt(2))
    return np.where(z < 0, left, right)


def mean_residual(z: Levels) -> Float[np.ndarray, "*n"]:
    """m(z) = E[Z - z | Z >= z] = lambda(z) - z > 0. Paper: Gaussian example, Proposition D.13 (125)-(140)."""
    z = np.asarray(z, dtype=np.float64)
    far = np.maximum(z, _FRACTION_FROM)
    tail = np.zeros_like(far)
    for k in range(_FRACTION_DEPTH, 0, -1):
        tail = k / (far + tail)
    near = np.minimum(z, _FRACTION_FROM)
    return np.where(z < _FRACTION_FROM, hazard(near) - near, tail)


def tail_variance(z: float) -> float:
    """Var(Z | Z >= z) = 1 - lambda(z) m(z) > 0; with m = 1/(z + r) it is m (r - m), r from the fraction where z > 2."""
    if z <= _VARIANCE_FRACTION_FROM:
        return 1.0 - float(hazard(z)) * float(mean_residual(z))
    rest = 0.0
    for k in range(_VARIANCE_FRACTION_DEPTH, 1, -1):
        rest = k / (z + rest)
    residual = 1.0 / (z + rest)
    return residual * (rest - residual)


def shell_mass(z: float, width: float) -> float:
    """P(z <= Z < z + width | Z >= z), for width >= 0, without cancellation.

    For z >= 0 it is -expm1(-H), where H is the integral of the hazard over the shell: by quadrature for a
    short shell, by differences of logarithms for a long one. Below 0, symmetry reduces to that case.
    """
    if z == -math.inf:
        return 0.0  # the shell [-inf, -inf + width)
    if z < 0:
        upper = z + width
        if upper <= 0:
            mass = float(ndtr(upper)) * shell_mass(-upper, width)
        else:
            mass = 0.5 * (shell_mass(0.0, -z) + shell_mass(0.0, upper))
        return mass / float(ndtr(-z))
    if width == math.inf:
        return 1.0
    if width <= 1:
        points = z + 0.5 * width * (1 + _NODES)
        exponent = 0.5 * width * float(_WEIGHTS @ hazard(points))
    else:
        exponent = width * (z + 0.5 * width) + math.log(float(hazard(z + width) / hazard(z)))
    return -math.expm1(-exponent)
