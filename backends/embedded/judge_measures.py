"""What the judge measures of weighted pictures: class shares and their floor, and a weighted kernel distance.

    KID = sum'_ij v_i v_j k(x_i, x_j) + sum'_ij w_i w_j k(y_i, y_j) - 2 sum_ij v_i w_j k(x_i, y_j),
    k(x, y) = (x.y/d + 1)^3,    sum' over i != j, divided by what the weights of those pairs sum to,

is the squared kernel distance between two weighted sets without the bias of pairing a picture with itself. With equal
weights it is the KID of `embedded.measures` for one subset of everything.

Paper: Tables 8-10. KID. The weights and the standard error are ours.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from distributional_view.theory.errors import require

_BLOCKS = 20  # of the reference, for its part of the standard error

Weights = Float[np.ndarray, " n"]


class Kernel(NamedTuple):
    """KID and its standard error."""

    kid: float
    se: float


def shares(labels: Int[np.ndarray, " n"], weights: Weights, classes: int) -> Float[np.ndarray, " classes"]:
    """The weight on each class."""
    return np.bincount(labels, weights=weights, minlength=classes)


def class_tv(a: Float[np.ndarray, " classes"], b: Float[np.ndarray, " classes"]) -> float:
    """Total variation between two laws on the classes, in [0, 1]."""
    return 0.5 * float(np.abs(a - b).sum())


def tv_floor(law: Float[np.ndarray, " classes"], n: int, seed: int, repeats: int = 4000) -> float:
    """What the class shares of n exact draws from a law are away from it, on average.

    Args:
        law: of the classes, sum 1.
        n: draws, >= 1.
        seed: of the repetitions.
        repeats: how many.

    Raises:
        ValueError: for no draws.
    """
    require(n >= 1, "n", n, ">= 1")
    counts = np.random.default_rng(seed).multinomial(n, law / law.sum(), size=repeats)
    return float((0.5 * np.abs(counts / n - law).sum(1)).mean())


def resampled(weights: Weights, m: int, seed: int) -> tuple[Int[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Places of a weighted set and their shares of m systematic draws by weight: a smaller set that stands for it."""
    line = np.cumsum(weights) / weights.sum()
    ticks = (np.arange(m) + np.random.default_rng(seed).random()) / m
    places, counts = np.unique(np.searchsorted(line, ticks, side="right").clip(max=len(line) - 1), return_counts=True)
    return places, counts / m


def weighted_kid(
    x: Float[np.ndarray, "n d"], v: Weights, y: Float[np.ndarray, "m d"], w: Float[np.ndarray, " m"]
) -> Kernel:
    """The kernel distance of two weighted sets of features, with a jackknife's standard error.

    Each picture of the one set is left out in turn, and each of 20 parts of the other. Pictures that depend on
    each other, as particles of one filter do, make the true error larger.

    Args:
        x, v: features of the pictures, and their weights (sum 1), at least two of them positive.
        y, w: of the reference, the same.

    Raises:
        ValueError: if one of the sets has fewer than two pictures with a weight.
    """
    for name, weights in (("v", v), ("w", w)):
        require(np.count_nonzero(weights) >= 2, f"positive weights in {name}", np.count_nonzero(weights), ">= 2")
    own, cross = _kernel(x, x), _kernel(x, y) @ w
    block = np.arange(len(y)) % min(_BLOCKS, len(y))
    one_hot = (block[:, None] == np.arange(block.max() + 1)).astype(np.float64) * w[:, None]
    theirs = _kernel(y, y)
    self_pairs = w**2 * np.diagonal(theirs)
    between = one_hot.T @ theirs @ one_hot - np.diag(np.bincount(block, weights=self_pairs))
    reference = between.sum() / (1 - (w**2).sum())

    left_x = np.array([_within(own, without) - 2 * without @ cross for without in _each_left_out(v)]) + reference
    cross_blocks = v @ _kernel(x, y) @ one_hot
    own_blocks, squares = one_hot.sum(0), np.bincount(block, weights=w**2)
    kept = [~(np.arange(block.max() + 1) == b) for b in range(block.max() + 1)]
    left_y = np.array([_without(between, own_blocks, squares, cross_blocks, k) for k in kept])
    value = _within(own, v) + reference - 2 * float(v @ cross)
    return Kernel(float(value), float(np.sqrt(_jackknife(left_x) + _jackknife(left_y))))


def _kernel(a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "n m"]:
    return (a @ b.T / a.shape[1] + 1) ** 3


def _within(kernel: Float[np.ndarray, "n n"], v: Weights) -> float:
    """The mean over pairs of different pictures."""
    return float((v @ kernel @ v - v**2 @ np.diagonal(kernel)) / (1 - (v**2).sum()))


def _each_left_out(v: Weights) -> list[Weights]:
    """The weights without each picture that has one, where two others remain."""
    charged = np.flatnonzero(v)
    masks = [np.where(np.arange(len(v)) == i, 0.0, v) for i in charged] if len(charged) > 2 else [v]
    return [mask / mask.sum() for mask in masks]


def _without(
    between: Float[np.ndarray, "b b"],
    masses: Float[np.ndarray, " b"],
    squares: Float[np.ndarray, " b"],
    cross: Float[np.ndarray, " b"],
    kept: np.ndarray,
) -> float:
    """The reference's terms from the blocks kept, as shares of what they weigh."""
    mass = masses[kept].sum()
    return float(between[np.ix_(kept, kept)].sum() / (mass**2 - squares[kept].sum()) - 2 * cross[kept].sum() / mass)


def _jackknife(values: Float[np.ndarray, " n"]) -> float:
    """The variance that the values with one part left out each say of the whole."""
    n = len(values)
    return float((n - 1) / n * ((values - values.mean()) ** 2).sum())
