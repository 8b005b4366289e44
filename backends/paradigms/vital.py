"""VITAL: a picture whose features, layer by layer, are distributed as those of reference pictures.

    loss = sum_l w_l mean_c r_lc W_2^2(features_lc of the picture, of the references) + tv TV + l2 |x|^2

The references of a class are pictures of the class, those of an inner unit the pictures that activate it most. For an
inner unit each channel counts by its relevance r_lc for the unit's score on the references (`relevance`); for a class
all channels count alike. Nothing maximises the activation; a picture is kept where it reaches the level.

References: Gorgun et al. 2025. `PUBLISHED_CLASS` and `PUBLISHED_UNIT` have the published settings (weights of five
layers of a ConvNeXt, Adam 1.0 with betas 0.5 and 0.9, 2000 steps, warm-up of 100 and a cosine fall, jitter 30) for 224
pixels; `SMALL` is tuned for 32 pixels and three layers.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.paradigms.climb import Optimiser
from distributional_view.backends.paradigms.layers import Layers
from distributional_view.backends.paradigms.matching import matching_loss, reference_quantiles
from distributional_view.backends.paradigms.painted import Painting
from distributional_view.backends.paradigms.relevance import Relevance, relevances
from distributional_view.backends.paradigms.views import sampled
from distributional_view.theory.errors import require
from distributional_view.theory.methods.method import Drawn
from distributional_view.theory.progress import Progress, silent

NAME = "VITAL"


@dataclass(frozen=True)
class VitalSettings:
    """How pictures are optimised.

    Args:
        layer_weights: of each layer, >= 0, not all 0.
        steps: most steps, >= 1.
        learning_rate: the largest, of Adam with betas 0.5 and 0.9; > 0.
        relevance: by which channels are weighed (inner units, see `relevance`); None: all alike (classes).
        tv, l2: weights of the total variation and of the squared norm, each a mean over pixels; >= 0.
        jitter: most pixels of a view's move.
        warmup: steps over which the learning rate rises.

    Raises:
        ValueError: for numbers out of range.
    """

    layer_weights: tuple[float, ...]
    steps: int
    learning_rate: float
    relevance: Relevance | None
    tv: float = 0.0
    l2: float = 0.0
    jitter: int = 30
    warmup: int = 100

    def __post_init__(self) -> None:
        ok = min(self.layer_weights, default=-1.0) >= 0 and sum(self.layer_weights) > 0
        require(ok, "layer_weights", self.layer_weights, ">= 0, not all 0")
        require(self.steps >= 1, "steps", self.steps, ">= 1")
        require(self.learning_rate > 0, "learning_rate", self.learning_rate, "> 0")
        rules = (*get_args(Relevance), None)
        require(self.relevance in rules, "relevance", self.relevance, f"one of {rules}")
        for name in ("tv", "l2", "jitter", "warmup"):
            require(getattr(self, name) >= 0, name, getattr(self, name), ">= 0")


PUBLISHED_CLASS = VitalSettings((10.0, 1.0, 1.0, 1.0, 1.0), 2000, 1.0, relevance=None)
PUBLISHED_UNIT = VitalSettings((0.1, 1.0, 1.0, 1.0, 0.0), 2000, 1.0, relevance="LRP", tv=3e-7, l2=3e-7)
SMALL = VitalSettings((1.0, 1.0, 1.0), 120, 0.1, relevance="gradient", tv=3e-3, l2=3e-4, jitter=2, warmup=10)


def total_variation(x: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
    """Mean absolute step between neighbouring pixels, down plus across."""
    down, across = x[..., 1:, :] - x[..., :-1, :], x[..., 1:] - x[..., :-1]
    return down.abs().mean((1, 2, 3)) + across.abs().mean((1, 2, 3))


@dataclass(frozen=True)
class PixelCanvas:
    """Pixels as they are, cut to the range of pictures."""

    shape: tuple[int, ...]

    def start(self, n: int, rng: torch.Generator) -> list[Tensor]:
        """Noise around black to grey."""
        return [0.1 * torch.randn((n, *self.shape), generator=rng)]

    def paint(self, *leaves: Tensor) -> Float[Tensor, "n c h w"]:
        """The pictures; a pixel outside the range keeps its gradient."""
        (x,) = leaves
        return x + (x.clamp(-1, 1) - x).detach()


@dataclass(frozen=True)
class Vital(Painting):
    """Matching of feature distributions; the knob is the clean score at which a picture is kept.

    Paper: Table 1.

    Args:
        world: supplies the score, for relevance and for the stop; its prior is not used.
        layers: what is matched.
        references: pictures of the class, or those that activate the unit most.
        settings: see `VitalSettings`.

    Raises:
        ValueError: if there are no references, or not as many layers as weights.
    """

    layers: Layers
    references: Float[Tensor, "n c h w"]
    settings: VitalSettings

    def __post_init__(self) -> None:
        require(len(self.references) >= 1, "number of references", len(self.references), ">= 1")
        given, found = len(self.settings.layer_weights), len(self.layers(self.references[:1])[0])
        require(given == found, "number of layer weights", given, f"{found}, that of the layers")

    @cached_property
    def matched(self) -> list[tuple[Tensor, Tensor | None]]:
        """For each layer the references' quantiles (c, p) and the channels' weights (c,)."""
        with torch.no_grad():
            wanted = [reference_quantiles(part) for part in self.layers(self.references)[0]]
        rule = self.settings.relevance
        weights: Sequence[Tensor | None] = [None] * len(wanted) if rule is None else self.relevance(rule)
        return list(zip(wanted, weights, strict=True))

    def relevance(self, rule: Relevance) -> list[Float[Tensor, " c"]]:
        """Sum of |relevance| for the score over references and positions, a channel; mean 1.

        Raises:
            ValueError: if the score does not depend on a layer, or for a function without a rule.
        """
        sums = [part.abs().sum((0, 2, 3)) for part in relevances(self.layers, self.references, rule)]
        return [value / value.mean() for value in sums]

    def loss(self, pictures: Tensor, rng: torch.Generator) -> Float[Tensor, " n"]:
        """Of each picture, seen moved by up to `jitter` pixels."""
        s, side = self.settings, pictures.shape[-1]
        move = torch.randint(-s.jitter, s.jitter + 1, (1, 2), generator=rng) / (side / 2)
        n = len(pictures)
        seen = sampled(pictures, torch.ones(n), torch.zeros(n), move.expand(n, 2))
        total = s.tv * total_variation(pictures) + s.l2 * pictures.square().mean((1, 2, 3))
        for weight, part, (wanted, channels) in zip(s.layer_weights, self.layers(seen)[0], self.matched, strict=True):
            if weight:
                total = total + weight * matching_loss(part, wanted, channels)
        return total

    def draw(self, knob: float, seed: int, n: int, progress: Progress = silent) -> Drawn:
        """n pictures; infinity as knob takes all steps."""
        s, canvas = self.settings, PixelCanvas(self.world.shape)
        optimiser = risen_and_fallen(s.learning_rate, s.warmup, s.steps)
        how = {"seed": seed, "n": n, "progress": progress, "directed": False}
        return self.painted(canvas, self.loss, optimiser, s.steps, knob, **how)


def risen_and_fallen(learning_rate: float, warmup: int, steps: int) -> Optimiser:
    """Adam with betas 0.5 and 0.9 whose learning rate rises linearly and falls by a cosine."""

    def made(leaves: Sequence[Tensor]) -> tuple[torch.optim.Optimizer, Callable[[], object]]:
        adam = torch.optim.Adam(leaves, lr=learning_rate, betas=(0.5, 0.9))

        def share(step: int) -> float:
            rise = min((step + 1) / (warmup + 1), 1.0)
            return rise * 0.5 * (1 + math.cos(math.pi * max(step - warmup, 0) / max(steps - warmup, 1)))

        return adam, torch.optim.lr_scheduler.LambdaLR(adam, share).step

    return made
