"""How far pictures are from natural ones in their local statistics: a NIQE that is fitted to a world's own pictures.

Grey values are centred and divided by their local standard deviation; a patch is described by the generalised Gaussian
laws of these numbers and of the products of neighbours (across, down, both diagonals), at full and at half size: 36
numbers. Natural patches have a mean m and a covariance S of them, a picture has its own m' and S' over its patches, and

    naturalness(x) = sqrt((m' - m)^T ((S' + S)/2)^+ (m' - m)).

Small is natural. What a picture shows matters too: natural pictures of one kind have another mean than those of another
kind, so that a number says something beside that of retrieved pictures alone.

References: Mittal et al. 2013, whose patch and constant are `PUBLISHED`. `SMALL` is for drawings of 32 pixels: one
patch each (S' = 0, so that a natural picture is at about sqrt(2 * 36) = 8.5), and a larger constant beside the local
deviation, since on a ground of exactly one grey value a noise of one grey value, which nobody sees, would decide.
Products are of neighbours inside the patch (theirs wrap around it).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from distributional_view.backends.measures.aggd import fit_aggd
from distributional_view.theory.errors import require


class Local(NamedTuple):
    """What "local" means: the side of a `patch` (pixels, even, >= 8), and the `floor` that is added to the local
    standard deviation (grey values of 0 ... 255, > 0)."""

    patch: int
    floor: float


PUBLISHED, SMALL = Local(96, 1.0), Local(32, 10.0)
FEATURES = 36
_RADIUS, _SD = 3, 7 / 6  # of the local mean's window
_SHARP = 0.75  # of a picture's sharpest patch: those below it do not count in the fit
_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
_ROUNDING = 1e-6  # grey values: on a flat ground the signs of rounding errors would be a pattern
_LUMINANCE = (0.299, 0.587, 0.114)


@dataclass(frozen=True, eq=False)
class Naturalness:
    """The law of natural patches, from `fit_naturalness`.

    Args:
        local: see `Local`.
        mean, covariance: of what describes a patch.
    """

    local: Local
    mean: Float[np.ndarray, " features"]
    covariance: Float[np.ndarray, "features features"]

    def __call__(self, pictures: Float[Tensor, "n c h w"]) -> Float[np.ndarray, " n"]:
        """The distance of each picture, >= 0.

        Args:
            pictures: in [-1, 1], at least a patch a side; what does not fill a patch is left out.

        Raises:
            ValueError: for smaller pictures.
        """
        return np.array(
            [self.distance(patches.mean(0), _covariance(patches)) for patches, _ in _described(pictures, self.local)]
        )

    def distance(
        self, mean: Float[np.ndarray, " features"], covariance: Float[np.ndarray, "features features"]
    ) -> float:
        """To another law of patches; zero to its own."""
        away = mean - self.mean
        within = np.linalg.pinv((self.covariance + covariance) / 2, hermitian=True)
        return float(np.sqrt(max(away @ within @ away, 0.0)))


def fit_naturalness(batches: Iterable[Tensor], local: Local) -> Naturalness:
    """The law of natural patches, from the sharp ones of each picture (their mean local standard deviation is at least
    0.75 of the picture's largest).

    Args:
        batches: natural pictures (n, c, h, w) in [-1, 1]; together more patches than `FEATURES`.
        local: see `Local`.

    Raises:
        ValueError: for a `Local` out of range, pictures smaller than it, or too few patches.
    """
    kept = [
        patches[sharpness >= _SHARP * sharpness.max()]
        for batch in batches
        for patches, sharpness in _described(batch, local)
    ]
    found = np.concatenate(kept) if kept else np.zeros((0, FEATURES))
    require(len(found) > FEATURES, "number of patches", len(found), f"> {FEATURES}")
    return Naturalness(local, found.mean(0), np.cov(found.T))


def _described(
    pictures: Tensor, local: Local
) -> Iterator[tuple[Float[np.ndarray, "p features"], Float[np.ndarray, " p"]]]:
    """The patches of each picture and how sharp they are."""
    patch, floor = local
    require(floor > 0, "floor", floor, "> 0")
    require(patch >= 8 and patch % 2 == 0, "patch", patch, "even and >= 8")
    height, width = pictures.shape[-2:]
    require(min(height, width) >= patch, "size of pictures", (height, width), f">= {patch}, the patch")
    grey = _grey(pictures)[..., : height // patch * patch, : width // patch * patch]
    half = F.interpolate(grey[:, None], scale_factor=0.5, mode="bicubic", antialias=True)[:, 0]
    coarse, fine = _features(half.numpy(), patch // 2, floor), _features(grey.numpy(), patch, floor)
    yield from zip(np.concatenate([fine[0], coarse[0]], axis=-1), fine[1], strict=True)


def _grey(pictures: Tensor) -> Float[Tensor, "n h w"]:
    """Grey values 0 ... 255, as the published constant supposes."""
    x = (pictures.detach().double().cpu().clamp(-1, 1) + 1) * 127.5
    return x[:, 0] if x.shape[1] == 1 else torch.einsum("c,nchw->nhw", x.new_tensor(_LUMINANCE), x)


def _features(
    grey: Float[np.ndarray, "n h w"], side: int, floor: float
) -> tuple[Float[np.ndarray, "n p f"], Float[np.ndarray, "n p"]]:
    """18 numbers a patch, and its mean local standard deviation."""
    normal, sd = _normalised(grey, floor)
    patches, sharpness = _patches(normal, side), _patches(sd, side).mean((-1, -2))
    whole = fit_aggd(patches.reshape(*patches.shape[:2], -1))
    columns = [whole.shape, (whole.left + whole.right) / 2]
    for down, right in _NEIGHBOURS:
        a = patches[..., : side - down, max(0, -right) : side - max(0, right)]
        b = patches[..., down:, max(0, right) : side + min(0, right)]
        law = fit_aggd((a * b).reshape(*patches.shape[:2], -1))
        columns += [law.shape, law.mean, law.left, law.right]
    return np.stack(columns, axis=-1), sharpness


def _normalised(
    grey: Float[np.ndarray, "n h w"], floor: float
) -> tuple[Float[np.ndarray, "n h w"], Float[np.ndarray, "n h w"]]:
    """(x - local mean)/(local sd + floor), and the local sd."""

    def local(x: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, "n h w"]:
        return gaussian_filter(x, _SD, mode="nearest", radius=_RADIUS, axes=(1, 2))

    mean = local(grey)
    sd = np.sqrt(np.maximum(local(grey * grey) - mean * mean, 0.0))
    away = np.where(np.abs(grey - mean) < _ROUNDING, 0.0, grey - mean)
    return away / (sd + floor), sd


def _patches(x: Float[np.ndarray, "n h w"], side: int) -> Float[np.ndarray, "n p a b"]:
    n, height, width = x.shape
    grid = x.reshape(n, height // side, side, width // side, side).swapaxes(2, 3)
    return grid.reshape(n, -1, side, side)


def _covariance(patches: Float[np.ndarray, "p features"]) -> Float[np.ndarray, "features features"]:
    """Zero for a single patch."""
    return np.cov(patches.T) if len(patches) > 1 else np.zeros((patches.shape[1],) * 2)
