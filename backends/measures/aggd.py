"""Asymmetric generalised Gaussian laws, fitted by moments.

    density proportional to exp(-(-x/left)^shape) for x < 0, exp(-(x/right)^shape) for x >= 0

With r = (E|x|)^2/E x^2 and g = (root mean square of x < 0)/(that of x > 0), the shape solves

    Gamma(2/shape)^2 / (Gamma(1/shape) Gamma(3/shape)) = r (g^3 + 1)(g + 1)/(g^2 + 1)^2,

whose left side rises with the shape: 1/2 at a Laplace law, 2/pi at a normal one, towards 3/4 at a uniform one.

References: Lasmar et al. 2009; Mittal et al. 2013 (NIQE).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import gammaln

SHAPES = (0.2, 10.0)
"""Least and largest shape, as published; a law of zeros, or of almost only zeros, gets the least."""
_GRID = np.geomspace(*SHAPES, 4000)
_RATIOS = np.exp(2 * gammaln(2 / _GRID) - gammaln(1 / _GRID) - gammaln(3 / _GRID))


class Aggd(NamedTuple):
    """One law a row: shape, left and right scale, and the mean (right - left) Gamma(2/shape)/Gamma(1/shape)."""

    shape: Float[np.ndarray, "..."]
    left: Float[np.ndarray, "..."]
    right: Float[np.ndarray, "..."]
    mean: Float[np.ndarray, "..."]


def fit_aggd(x: Float[np.ndarray, "... m"]) -> Aggd:
    """The law of each row's m numbers, one row or more; finite for any finite numbers, one-sided ones and zeros too."""
    square, negative = x * x, x < 0
    left = _root_mean(square, negative)
    right = _root_mean(square, x > 0)
    larger = np.maximum(left, right)
    g = np.divide(np.minimum(left, right), larger, out=np.ones_like(larger), where=larger > 0)
    power = square.mean(-1)
    r = np.divide(np.abs(x).mean(-1) ** 2, power, out=np.zeros_like(power), where=power > 0)
    shape = np.interp(r * (g**3 + 1) * (g + 1) / (g * g + 1) ** 2, _RATIOS, _GRID)
    scale = np.exp(0.5 * (gammaln(1 / shape) - gammaln(3 / shape)))
    mean = (right - left) * scale * np.exp(gammaln(2 / shape) - gammaln(1 / shape))
    return Aggd(shape, left * scale, right * scale, mean)


def _root_mean(square: Float[np.ndarray, "... m"], where: Bool[np.ndarray, "... m"]) -> Float[np.ndarray, "..."]:
    count = where.sum(-1)
    return np.sqrt(np.where(where, square, 0.0).sum(-1) / np.maximum(count, 1))
