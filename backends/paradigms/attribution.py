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

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from distributional_view.backends.adapter.passes import PictureScore
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.theory.errors import require
from distributional_view.theory.samplers.schedule import NoiseSchedule

_PIECES, _FINEST = 4, 0.25 / 1024  # at the start; the shortest that is halved
_SHARED = 4  # pieces that may use up the tolerance
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


class _Pieces(NamedTuple):
    """Pieces of paths, all equally long: of which picture, where they begin, the scores at both ends."""

    of: Int[Tensor, " m"]
    begin: Float[Tensor, " m"]
    low: Float[Tensor, " m"]
    high: Float[Tensor, " m"]


def scored_world(score: PictureScore, shape: Sequence[int]) -> TorchWorld:
    """A score of pictures (c, h, w) as a world without a prior."""
    return TorchWorld(
        lambda x, time: x,
        score.psi,
        NoiseSchedule.linear(2),
        tuple(shape),
        "sample",
        device=score.device,
        autocast=score.autocast,
        batch=score.batch,
    )


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
    away, n, device = pictures - start, len(pictures), pictures.device

    def at(of: Tensor, s: Tensor) -> Tensor:
        return start[of] + s[:, None, None, None] * away[of]

    everyone, length = torch.arange(n, device=device), 1 / _PIECES
    ends = [world.score(at(everyone, torch.full((n,), k * length, device=device))) for k in range(_PIECES + 1)]
    difference, maps = ends[-1] - ends[0], torch.zeros_like(pictures)
    allowed = tolerance / _SHARED * difference.abs().clamp_min(_LEAST)
    begins = torch.arange(_PIECES, device=device).repeat_interleave(n) * length
    left = _Pieces(everyone.repeat(_PIECES), begins, torch.cat(ends[:-1]), torch.cat(ends[1:]))
    while True:
        halves = []
        for of, begin, low, high in zip(*(column.split(n) for column in left), strict=True):
            points = (begin + length * (0.5 + sign * 0.5 / 3**0.5) for sign in (-1, 1))
            found = length / 2 * away[of] * sum(world.score_gradient(at(of, s))[1] for s in points)
            bad = (high - low - found.sum((1, 2, 3))).abs() > allowed[of]
            bad &= length > _FINEST
            maps.index_add_(0, of[~bad], found[~bad])
            if bool(bad.any()):
                of, begin, low, high = (column[bad] for column in (of, begin, low, high))
                middle = world.score(at(of, begin + length / 2))
                halves += [_Pieces(of, begin, low, middle), _Pieces(of, begin + length / 2, middle, high)]
        if not halves:
            break
        left, length = _Pieces(*(torch.cat(columns) for columns in zip(*halves, strict=True))), length / 2
    return Attributed(maps.sum(1), difference)


def _baseline(pictures: Tensor, baseline: float | Tensor) -> Tensor:
    shown = torch.as_tensor(baseline, dtype=pictures.dtype, device=pictures.device)
    return shown.expand(pictures.shape).clone()
