"""The regulariser of the optimisation on pictures."""

import numpy as np
from jaxtyping import Float


def smoothness(x: Float[np.ndarray, "n c h w"]) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "n c h w"]]:
    """R(x) = sum of squares of differences between neighbouring pixels, and of what lies outside [-1, 1]; its gradient.

    Paper: Lemma F.2 (18). The total variation of feature visualisation in its quadratic form.
    """
    down, right, beyond = np.diff(x, axis=2), np.diff(x, axis=3), x - np.clip(x, -1, 1)
    value = (down**2).sum((1, 2, 3)) + (right**2).sum((1, 2, 3)) + (beyond**2).sum((1, 2, 3))
    gradient = 2 * beyond
    gradient[:, :, 1:] += 2 * down
    gradient[:, :, :-1] -= 2 * down
    gradient[..., 1:] += 2 * right
    gradient[..., :-1] -= 2 * right
    return value, gradient
