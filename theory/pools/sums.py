"""Running sums of long arrays: blocks within blocks, so that rounding grows with the logarithm of the length.

A sequential sum of 10^7 numbers loses up to seven digits, and every later sum has the loss of the earlier ones.
"""

import numpy as np
from jaxtyping import Float

_BLOCK = 32


def running_sums(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The sums of the first 1, 2, ..., n values, each as exact as a pairwise sum."""
    if values.size <= _BLOCK:
        return np.cumsum(values)
    blocks = np.zeros(-(-values.size // _BLOCK) * _BLOCK)
    blocks[: values.size] = values
    within = np.cumsum(blocks.reshape(-1, _BLOCK), axis=1)
    within[1:] += running_sums(within[:, -1])[:-1, None]
    return within.ravel()[: values.size]
