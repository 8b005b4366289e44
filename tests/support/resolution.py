"""How fine a sampled check is: the smallest wrong factor of what it measures that it rejects at 5 standard errors.

A check claims its resolution in the dictionary RESOLUTION of its module; the run itself must reach it.
"""

from collections.abc import Sequence

import numpy as np

from distributional_view.proofs_check.evidence import expect

REJECTED = 5.0
"""Standard errors at which a wrong number is certainly rejected."""


def resolved(claimed: float, value: float, error: float, bias: float = 0.0) -> str:
    """Check that a number is known as finely as claimed, and say so.

    Args:
        claimed: relative resolution.
        value: the number, or how fast what is compared moves with its logarithm.
        error: one standard error of the run.
        bias: what is allowed for besides.
    """
    reached = (REJECTED * error + bias) / abs(value)
    expect(reached <= claimed, "as fine as claimed", reached=reached, claimed=claimed, value=value, error=error)
    return f"a factor of {1 + reached:.3f} is rejected"


def extrapolated(runs: Sequence[np.ndarray]) -> tuple[float, float, float]:
    """From three runs, each with twice the steps: the mean without its error of first order, its bias, its error.

    Particle by particle, so that runs with common noise have a small error. The extrapolation from the last two is off
    by an error of second order, of which the one from the first two has four times as much; their distance gives it.
    """
    coarse, fine = 2 * runs[1] - runs[0], 2 * runs[2] - runs[1]
    bias = abs(float(fine.mean() - coarse.mean())) / 3
    return float(fine.mean()), bias, float(fine.std() / np.sqrt(fine.size))
