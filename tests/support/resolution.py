"""How fine a sampled check is: the smallest wrong factor of what it measures that it rejects at 5 standard errors.

A check claims its resolution in its registration; `proofs_check.resolution` holds the run to it.
"""

from collections.abc import Sequence

import numpy as np

from distributional_view.proofs_check.resolution import reached

SIGMAS = 4.0
"""Standard errors that a sampled check allows."""
REJECTED = 5.0
"""Standard errors at which a wrong number is certainly rejected."""


def resolved(quantity: str, value: float, error: float, bias: float = 0.0) -> str:
    """Note how finely a number is known, under the name of its claim, and say so.

    Args:
        quantity: as in the check's registration.
        value: the number, or how fast what is compared moves with its logarithm.
        error: one standard error of the run.
        bias: what is allowed for besides.
    """
    fine = (REJECTED * error + bias) / abs(value)
    reached(quantity, fine)
    return f"an error of {100 * fine:.2g} % is rejected"


def extrapolated(runs: Sequence[np.ndarray]) -> tuple[float, float, float]:
    """From three runs, each with twice the steps: the mean without its error of first order, its bias, its error.

    Particle by particle, so that runs with common noise have a small error. The extrapolation from the last two is off
    by an error of second order, of which the one from the first two has four times as much; their distance gives it.
    This needs an error of whole orders: of one like h log h a part of first order stays, three times the bias given.
    """
    coarse, fine = 2 * runs[1] - runs[0], 2 * runs[2] - runs[1]
    bias = abs(float(fine.mean() - coarse.mean())) / 3
    return float(fine.mean()), bias, float(fine.std() / np.sqrt(fine.size))
