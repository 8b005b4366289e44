"""Which pixels of a picture its score is owed to, whichever method made the picture.

    gradient x input        (x - b) * gradient psi(x)                                      (one pass)
    integrated gradients    (x - b) * mean over s in (0, 1) of gradient psi(b + s (x - b))

with a baseline b. The second sums to psi(x) - psi(b) over the pixels of a picture (completeness). The mean is taken
over pieces of the path, two points of Gauss and Legendre a piece; a piece whose sum is not the score's own difference
between its ends is halved, so that most points lie where another position of the map becomes the largest: evenly spread
points miss more. Where the score itself jumps, as a code does when it is selected, no gradient says so, and
`Attributed.missing` is what is lost.

References: Sundararajan et al. 2017. The halving is ours.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.theory.errors import require

_PIECES, _FINEST = 4, 0.25 / 1024  # at the start; the shortest that is halved
_SHARED = 16  # pieces that may use up the tolerance
_LEAST = 1e-6  # score units: a smaller difference has no share


class Attributed(NamedTuple):
    """What each number of each picture adds to its score, and the score's difference to the baseline's.

    Args:
        maps: summed over channels.
        difference: psi(picture) - psi(baseline).
    """

    maps: Float[Tensor, "n h w"]
    difference: Float[Tensor, " n"]

    @property
    def missing(self) -> Float[Tensor, " n"]:
        """What the sum of a map lacks of the difference, as a share of it (of 1e-6, where it is smaller)."""
        lacks = self.difference - self.maps.sum((1, 2))
        return lacks.abs() / self.difference.abs().clamp_min(_LEAST)


def gradient_times_input(
    world: TorchWorld, pictures: Float[Tensor, "n c h w"], baseline: float | Tensor = -1.0
) -> Attributed:
    """The first formula.

    Args:
        world: supplies the score and its gradient.
        pictures: in its range, on its device.
        baseline: grey value, or pictures; black by default.

    Raises:
        ModelFailed: if the score gives no gradient.
    """
    start = _baseline(pictures, baseline)
    value, gradient = world.score_gradient(pictures)
    return Attributed(((pictures - start) * gradient).sum(1), value - world.score(start))


def integrated_gradients(
    world: TorchWorld, pictures: Float[Tensor, "n c h w"], baseline: float | Tensor = -1.0, tolerance: float = 0.01
) -> Attributed:
    """The second formula.

    Args:
        world, pictures, baseline: see `gradient_times_input`.
        tolerance: of `missing`, > 0; a piece is halved at most ten times.

    Raises:
        ValueError: for a tolerance that is not > 0.
        ModelFailed: if the score gives no gradient.
    """
    require(tolerance > 0, "tolerance", tolerance, "> 0")
    start = _baseline(pictures, baseline)
    away = pictures - start
    ends = {s: world.score(start + s * away) for s in (0.0, 1.0)}
    difference = ends[1.0] - ends[0.0]
    allowed = tolerance / _SHARED * difference.abs().clamp_min(_LEAST)
    maps, left = torch.zeros_like(pictures), [(k / _PIECES, (k + 1) / _PIECES) for k in range(_PIECES)]
    while left:
        a, b = left.pop()
        for s in (a, b):
            if s not in ends:
                ends[s] = world.score(start + s * away)
        middle, half = (a + b) / 2, (b - a) / 2
        points = (middle - half / 3**0.5, middle + half / 3**0.5)
        found = half * away * sum(world.score_gradient(start + s * away)[1] for s in points)
        lacks = (ends[b] - ends[a] - found.sum((1, 2, 3))).abs()
        if b - a > _FINEST and bool((lacks > allowed).any()):
            left += [(a, middle), (middle, b)]
        else:
            maps += found
    return Attributed(maps.sum(1), difference)


def _baseline(pictures: Tensor, baseline: float | Tensor) -> Tensor:
    shown = torch.as_tensor(baseline, dtype=pictures.dtype, device=pictures.device)
    return shown.expand(pictures.shape).clone()
