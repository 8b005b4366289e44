"""MACO: activation maximisation in the phase alone, the magnitude of the spectrum kept at that of natural pictures.

    picture = 2 sigmoid(M standardised(irfft2(magnitude * exp(i phase)))) - 1

seen through random crops with noise.

References: Fel et al. 2023. `PUBLISHED` has the settings of Horama (NAdam 1.0, 1000 steps, 6 crops of 0.25 to 0.30 of
the side, noise 0.05) for large canvases; `SMALL` is tuned for 32 pixels, where so small a crop shows nothing.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.paradigms.climb import constant, through_views
from distributional_view.backends.paradigms.fourier import recorrelated
from distributional_view.backends.paradigms.painted import Painting
from distributional_view.backends.paradigms.statistics import PictureStatistics
from distributional_view.backends.paradigms.views import Crops
from distributional_view.theory.errors import require
from distributional_view.theory.methods.method import Drawn
from distributional_view.theory.progress import Progress, silent

NAME = "MACO"


@dataclass(frozen=True)
class MacoSettings:
    """How pictures are optimised.

    Args:
        crops: what the score sees.
        steps: most steps, >= 1.
        learning_rate: of NAdam, > 0.

    Raises:
        ValueError: for numbers out of range.
    """

    crops: Crops
    steps: int
    learning_rate: float = 1.0

    def __post_init__(self) -> None:
        require(self.steps >= 1, "steps", self.steps, ">= 1")
        require(self.learning_rate > 0, "learning_rate", self.learning_rate, "> 0")


PUBLISHED = MacoSettings(Crops(6, (0.25, 0.30), noise=0.05), 1000)
SMALL = MacoSettings(Crops(4, (0.6, 0.95), noise=0.08), 128, 0.3)


def real_phase(phase: Float[Tensor, "n c h f"], width: int) -> Float[Tensor, "n c h f"]:
    """The phases as the spectrum of a real picture has them: odd in the first column, and in the last of an even width.

    There each frequency stands beside its negative; without this the inverse transform would take the mean of both and
    change the magnitude. The frequencies that are their own negatives get phase 0.
    """
    columns = [0] if width % 2 else [0, width // 2]
    odd = phase[..., columns]
    mirrored = odd.flip(-2).roll(1, -2)
    return phase.index_copy(-1, torch.tensor(columns, device=phase.device), (odd - mirrored) / 2)


@dataclass(frozen=True)
class MacoCanvas:
    """Phases and their pictures.

    Args:
        shape: of a picture, (c, h, w).
        statistics: the magnitude that is kept, and the colours.

    Raises:
        ValueError: for a magnitude of another shape.
    """

    shape: tuple[int, ...]
    statistics: PictureStatistics

    def __post_init__(self) -> None:
        c, h, w = self.shape
        found = tuple(self.statistics.magnitude.shape)
        require(found == (c, h, w // 2 + 1), "magnitude.shape", found, f"{(c, h, w // 2 + 1)}")

    def start(self, n: int, rng: torch.Generator) -> list[Tensor]:
        """Phases uniform in a full turn."""
        return [torch.pi * (2 * torch.rand((n, *self.statistics.magnitude.shape), generator=rng) - 1)]

    def plain(self, phase: Tensor) -> Float[Tensor, "n c h w"]:
        """The inverse transform, whose spectrum has the magnitude."""
        real = real_phase(phase, self.shape[2])
        return torch.fft.irfft2(
            torch.polar(self.statistics.magnitude.to(phase).expand_as(real), real), s=self.shape[1:]
        )

    def paint(self, *leaves: Tensor) -> Float[Tensor, "n c h w"]:
        """The pictures."""
        plain = self.plain(*leaves)
        centred = plain - plain.mean((1, 2, 3), keepdim=True)
        standard = centred / (centred.std((1, 2, 3), keepdim=True) + 1e-5)
        return 2 * recorrelated(standard, self.statistics.colour).sigmoid() - 1


@dataclass(frozen=True)
class Maco(Painting):
    """Activation maximisation with a fixed magnitude; the knob is the clean score at which a picture is kept.

    Paper: Lemma F.2, Table 1.

    Args:
        world: supplies the score; its prior is not used.
        statistics: of natural pictures.
        settings: see `MacoSettings`.
    """

    statistics: PictureStatistics
    settings: MacoSettings

    def draw(self, knob: float, seed: int, n: int, progress: Progress = silent) -> Drawn:
        """n pictures, each with random phases at the start; infinity as knob takes all steps."""
        s, canvas = self.settings, MacoCanvas(self.world.shape, self.statistics)
        optimiser, loss = constant(torch.optim.NAdam, s.learning_rate), through_views(self.world, s.crops)
        return self.painted(canvas, loss, optimiser, s.steps, knob, seed=seed, n=n, progress=progress)
