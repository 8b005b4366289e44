"""A kernel distance (KID) between weighted sets of features, with its standard error.

    KID = sum'_ij v_i v_j k(x_i, x_j) + sum'_ij w_i w_j k(y_i, y_j) - 2 sum_ij v_i w_j k(x_i, y_j),
    k(x, y) = (x.y/d + 1)^3,    sum' over i != j, divided by what the weights of those pairs sum to,

is the squared kernel distance between two weighted sets without the bias of pairing a picture with itself. With equal
weights it is the KID of `measures.kernel` for one subset of everything.

Paper: Tables 8-10. KID. The weights and the standard error are ours.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from distributional_view.theory.errors import require
from distributional_view.theory.samplers.resampling import systematic_resample

_PARTS = 20  # of the reference, for its share of the standard error

Weights = Float[np.ndarray, " n"]


class Kernel(NamedTuple):
    """KID and its standard error."""

    kid: float
    se: float


@dataclass(frozen=True, eq=False)
class KernelReference:
    """A weighted set of features that others are compared with.

    Args:
        features: of its pictures.
        weights: sum 1, at least two of them positive.

    Raises:
        ValueError: if fewer than two pictures have a weight.
    """

    features: Float[np.ndarray, "m d"]
    weights: Float[np.ndarray, " m"]

    def __post_init__(self) -> None:
        _require_two("weights", self.weights)

    def distance(self, x: Float[np.ndarray, "n d"], v: Weights) -> Kernel:
        """The kernel distance of a weighted set to the reference, with a jackknife's standard error.

        Each picture of the set is left out in turn, and each of 20 parts of the reference. Pictures that depend on
        each other, as particles of one filter do, make the true error larger.

        Args:
            x: features of the pictures.
            v: their weights (sum 1), at least two of them positive.

        Raises:
            ValueError: if fewer than two pictures have a weight.
        """
        _require_two("v", v)
        own, cross = _kernel(x, x), _kernel(x, self.features) @ self._shared_out
        value = _within(own, v) - 2 * float(v @ cross.sum(1)) + self._theirs(slice(None))
        ours = [_within(own, u) - 2 * float(u @ cross.sum(1)) for u in _each_left_out(v)]
        parts = np.arange(cross.shape[1])
        kept = [parts != part for part in parts] if len(parts) > 1 else [parts == 0]
        masses = self._shared_out.sum(0)
        theirs = [self._theirs(k) - 2 * float(v @ cross[:, k].sum(1)) / masses[k].sum() for k in kept]
        return Kernel(value, (_jackknife(np.array(ours)) + _jackknife(np.array(theirs))) ** 0.5)

    @cached_property
    def _shared_out(self) -> Float[np.ndarray, "m parts"]:
        """The weights, a column for each part."""
        part = np.arange(len(self.weights)) % min(_PARTS, len(self.weights) // 2)
        return np.where(part[:, None] == np.arange(part.max() + 1), self.weights[:, None], 0.0)

    @cached_property
    def _between(self) -> Float[np.ndarray, "parts parts"]:
        """The kernel summed over pairs of different pictures, by the parts that they are in."""
        kernel, w = _kernel(self.features, self.features), self._shared_out
        found: Float[np.ndarray, "parts parts"] = w.T @ kernel @ w - np.diag(np.diagonal(kernel) @ w**2)
        return found

    def _theirs(self, kept: Any) -> float:
        """The mean over pairs of different pictures of some parts."""
        w = self._shared_out[:, kept]
        return float(self._between[kept][:, kept].sum() / (w.sum() ** 2 - (w**2).sum()))


def resampled(weights: Weights, m: int, seed: int) -> tuple[Int[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Places of a weighted set and their shares of m systematic draws by weight: a smaller set that stands for it."""
    drawn = systematic_resample(weights, float(np.random.default_rng(seed).random()), m)
    places, counts = np.unique(drawn, return_counts=True)
    return places, counts / m


def _require_two(name: str, weights: Weights) -> None:
    charged = int(np.count_nonzero(weights))
    require(charged >= 2, f"pictures with {name} > 0", charged, ">= 2")


def _kernel(a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "n m"]:
    found: Float[np.ndarray, "n m"] = (a @ b.T / a.shape[1] + 1) ** 3
    return found


def _within(kernel: Float[np.ndarray, "n n"], v: Weights) -> float:
    """The mean over pairs of different pictures."""
    return float((v @ kernel @ v - v**2 @ np.diagonal(kernel)) / (1 - (v**2).sum()))


def _each_left_out(v: Weights) -> list[Weights]:
    """The weights without each picture that has one, where two others remain."""
    charged = np.flatnonzero(v)
    masks = [np.where(np.arange(len(v)) == i, 0.0, v) for i in charged] if len(charged) > 2 else [v]
    return [mask / mask.sum() for mask in masks]


def _jackknife(values: Float[np.ndarray, " n"]) -> float:
    """The variance of the whole, from the values with one part left out each."""
    n = len(values)
    return float((n - 1) / n * ((values - values.mean()) ** 2).sum())
