"""Fourier feature visualisation: a picture optimised in its spectrum and in decorrelated colours, seen through views.

    picture = 2 sigmoid(M irfft2(scale * spectrum)) - 1,   scale = sqrt(h w) / max(frequency, 1/max(h, w))^decay

References: Olah et al. 2017. The settings of `PUBLISHED` are those of lucent (Adam 0.05, 512 steps, pad 12, jitter 8,
scale 0.9 to 1.1, turns of 10 degrees, jitter 4), for pictures of some 224 pixels; `SMALL` is tuned for 32.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.paradigms.climb import constant, through_views
from distributional_view.backends.paradigms.painted import Painting
from distributional_view.backends.paradigms.statistics import PictureStatistics
from distributional_view.backends.paradigms.views import Jittered
from distributional_view.theory.errors import require
from distributional_view.theory.methods.method import Drawn
from distributional_view.theory.progress import Progress, silent

NAME = "Fourier"
_CONTRAST = 4.0  # divides the inverse transform, as published: the sigmoid starts where it is nearly linear


@dataclass(frozen=True)
class FourierSettings:
    """How pictures are optimised.

    Args:
        views: what the score sees.
        steps: most steps, >= 1.
        learning_rate: of Adam, > 0.
        decay: power of the frequency that the spectrum is divided by, >= 0.
        sd: of the random spectrum at the start, > 0.

    Raises:
        ValueError: for numbers out of range.
    """

    views: Jittered
    steps: int
    learning_rate: float = 0.05
    decay: float = 1.0
    sd: float = 0.01

    def __post_init__(self) -> None:
        require(self.steps >= 1, "steps", self.steps, ">= 1")
        for name in ("learning_rate", "sd"):
            require(getattr(self, name) > 0, name, getattr(self, name), "> 0")
        require(self.decay >= 0, "decay", self.decay, ">= 0")


PUBLISHED = FourierSettings(Jittered(12, (8, 4), (0.9, 1.1), 10), 512)
SMALL = FourierSettings(Jittered(2, (2, 1), (0.9, 1.1), 10), 128)


def recorrelated(x: Float[Tensor, "n c h w"], colour: Float[Tensor, "c c"]) -> Float[Tensor, "n c h w"]:
    """Decorrelated colours as the world's own, each pixel by the colour matrix."""
    return torch.einsum("dc,nchw->ndhw", colour.to(x), x)


@dataclass(frozen=True)
class FourierCanvas:
    """Spectra and their pictures.

    Args:
        shape: of a picture, (c, h, w).
        colour: see `PictureStatistics`.
        decay, sd: see `FourierSettings`.
    """

    shape: tuple[int, ...]
    colour: Float[Tensor, "c c"]
    decay: float
    sd: float

    def start(self, n: int, rng: torch.Generator) -> list[Tensor]:
        """Random spectra, real and imaginary part in the last axis."""
        c, h, w = self.shape
        return [self.sd * torch.randn((n, c, h, w // 2 + 1, 2), generator=rng)]

    @property
    def scale(self) -> Float[Tensor, "h f"]:
        """What each frequency's coefficient is multiplied with."""
        _, h, w = self.shape
        frequency = np.hypot(np.fft.fftfreq(h)[:, None], np.fft.rfftfreq(w)[None])
        return torch.from_numpy((h * w) ** 0.5 / np.maximum(frequency, 1 / max(h, w)) ** self.decay).float()

    def paint(self, *leaves: Tensor) -> Float[Tensor, "n c h w"]:
        """The pictures."""
        (parts,) = leaves
        spectrum = torch.view_as_complex(parts) * self.scale.to(parts.device)
        plain = torch.fft.irfft2(spectrum, s=self.shape[1:], norm="ortho") / _CONTRAST
        return 2 * recorrelated(plain, self.colour).sigmoid() - 1


@dataclass(frozen=True)
class Fourier(Painting):
    """Activation maximisation in Fourier space; the knob is the clean score at which a picture is kept.

    Paper: Lemma F.2, Table 1.

    Args:
        world: supplies the score; its prior is not used.
        statistics: of natural pictures; only the colours are used.
        settings: see `FourierSettings`.
    """

    statistics: PictureStatistics
    settings: FourierSettings

    def draw(self, knob: float, seed: int, n: int, progress: Progress = silent) -> Drawn:
        """n pictures, each with a random start; infinity as knob takes all steps."""
        s = self.settings
        canvas = FourierCanvas(self.world.shape, self.statistics.colour, s.decay, s.sd)
        loss = through_views(self.world, s.views)
        optimiser = constant(torch.optim.Adam, s.learning_rate)
        return self.painted(canvas, loss, optimiser, s.steps, knob, seed=seed, n=n, progress=progress)
