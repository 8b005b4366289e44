"""Resampling of weighted particles, and how many equal ones they are worth.

Systematic resampling, written out: the libraries that have it are tied to one array library each.
"""

import math

import numpy as np
from jaxtyping import Float, Int
from scipy.special import logsumexp

_BELOW_ONE = math.nextafter(1.0, 0.0)


def systematic_resample(
    weights: Float[np.ndarray, " n"], offset: float, draws: int | None = None
) -> Int[np.ndarray, " k"]:
    """k indices, i drawn either floor(k w_i) or ceil(k w_i) times, k w_i on average.

    Args:
        weights: >= 0, sum 1.
        offset: uniform on [0, 1), the only random number.
        draws: k, >= 1; None: as many as there are weights.
    """
    k = weights.size if draws is None else draws
    ends = np.cumsum(weights)
    places = np.minimum((np.arange(k) + offset) / k, _BELOW_ONE)  # which rounding may lift to 1, beyond all weights
    return np.searchsorted(ends / ends[-1], places, side="right")


def effective_size_of_logs(log_weights: Float[np.ndarray, " n"]) -> float:
    """(sum w)^2/sum w^2 of unnormalised log-weights, between 1 and n."""
    return math.exp(2 * float(logsumexp(log_weights)) - float(logsumexp(2 * log_weights)))
