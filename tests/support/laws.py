"""Laws with a density in closed form, by name."""

import math

import mpmath as mp
import numpy as np

from distributional_view.theory import PiecewiseLaw


def beta_law(a: int, b: int) -> PiecewiseLaw:
    constant = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return PiecewiseLaw(
        lambda u: u, lambda u: constant + (a - 1) * np.log(u) + (b - 1) * np.log1p(-u), np.array([0.0, 1.0])
    )


def non_steep_law() -> PiecewiseLaw:
    """f(y) = exp(-y)(1 + y)^-3/C on y > 0 with y = u/(1 - u); C = e E_3(1)."""
    with mp.workdps(30):
        log_c = float(mp.log(mp.e * mp.expint(3, 1)))
    return PiecewiseLaw(
        lambda u: u / (1 - u),
        lambda u: -u / (1 - u) + np.log1p(-u) - log_c,
        np.array([0.0, 1.0]),
        max_multiplier=1.0,
        steep=False,
    )
