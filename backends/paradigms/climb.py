"""Ascent on the parameters of a picture, each picture until its own clean score comes to the level that is wanted.

Views transform the picture before the score sees it; whether the level is reached is decided on the picture as it is,
since the mean over views lies far from it. Between the last step on one side of the level and the first on the other
the parameters are interpolated, so that pictures of all methods can be compared at one activation. Noise at the start
may lie above the level already (it has fine stripes, for one): such a picture descends. Without a level (infinity) the
ascent takes all of its steps: the super-stimulus.

Paper: Lemma F.2. The stop at a level is ours.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from distributional_view.backends.adapter.passes import score_at
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.training import step_generator
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, silent

_HALVINGS = 16


@runtime_checkable
class Canvas(Protocol):
    """Parameters of pictures, and the pictures that they stand for."""

    def start(self, n: int, rng: torch.Generator) -> list[Tensor]:
        """Parameters of n pictures, each tensor's first axis the picture's."""
        ...

    def paint(self, *leaves: Tensor) -> Float[Tensor, "n c h w"]:
        """Pictures in [-1, 1], differentiable."""
        ...


Loss = Callable[[Tensor, torch.Generator], Tensor]
"""(pictures (n, c, h, w), randomness) -> the loss of each picture (n,)."""
Optimiser = Callable[[Sequence[Tensor]], tuple[torch.optim.Optimizer, Callable[[], object]]]
"""Parameters -> optimiser, and what to call after each step (the learning rate's schedule)."""


def constant(kind: Callable[..., torch.optim.Optimizer], learning_rate: float, **settings: Any) -> Optimiser:
    """An optimiser of torch whose learning rate stays."""
    return lambda leaves: (kind(leaves, lr=learning_rate, **settings), lambda: None)


class Painted(NamedTuple):
    """Pictures, their clean scores, which of them reached the level, and how many steps were taken."""

    pictures: Float[Tensor, "n c h w"]
    scores: Float[Tensor, " n"]
    reached: Bool[Tensor, " n"]
    steps: int


def through_views(world: TorchWorld, views: Callable[[Tensor, torch.Generator], Tensor]) -> Loss:
    """Minus the mean score of a picture's views: activation maximisation."""

    def loss(pictures: Tensor, rng: torch.Generator) -> Tensor:
        seen = views(pictures, rng)
        return -score_at(world.psi, seen, "views", world.autocast).reshape(-1, len(pictures)).mean(0)

    return loss


def climb(
    world: TorchWorld,
    canvas: Canvas,
    loss: Loss,
    optimiser: Optimiser,
    steps: int,
    level: float,
    seed: int,
    n: int,
    progress: Progress = silent,
    directed: bool = True,
) -> Painted:
    """Optimise n pictures; each is kept as it is where it first comes to the level, the others as they end.

    Args:
        world: supplies the clean score.
        canvas: what is optimised.
        loss: of each picture; a picture's parameters are moved by its own loss alone.
        optimiser: must treat each parameter by itself, as Adam does.
        steps: most steps, >= 1.
        level: of the clean score; infinity to take all steps.
        seed: of the start and of all views.
        n: pictures, >= 1.
        progress: called after each step.
        directed: whether the loss falls with the score, so that its sign is turned for a picture that starts above.

    Raises:
        ValueError: for bad arguments.
        ModelFailed: if the score is no longer finite.
    """
    require(steps >= 1, "steps", steps, ">= 1")
    require(n >= 1, "n", n, ">= 1")
    leaves = [leaf.to(world.device).requires_grad_() for leaf in canvas.start(n, step_generator(seed, 0))]
    turn, after = optimiser(leaves)
    with torch.no_grad():
        pictures = canvas.paint(*leaves).clone()
    scores = world.score(pictures)
    below = scores < level
    signs = torch.where(below, 1.0, -1.0) if directed else torch.ones_like(scores)
    reached, done = scores == level, 0
    while done < steps and not bool(reached.all()):
        before = [leaf.detach().clone() for leaf in leaves]
        turn.zero_grad()
        (signs * loss(canvas.paint(*leaves), step_generator(seed, done + 1))).sum().backward()
        turn.step()
        after()
        done += 1
        with torch.no_grad():
            moved = canvas.paint(*leaves).clone()
        found = world.score(moved)
        now = ~reached & ((found < level) != below)
        pictures[~reached], scores[~reached] = moved[~reached], found[~reached]
        if bool(now.any()):
            ends = [b[now] for b in before], [a.detach()[now] for a in leaves]
            pictures[now], scores[now] = _crossing(world, canvas, *ends, level, below[now])
        reached = reached | now
        progress("optimising pictures", done, steps)
    return Painted(pictures, scores, reached, done)


@torch.no_grad()
def _crossing(
    world: TorchWorld, canvas: Canvas, before: list[Tensor], after: list[Tensor], level: float, below: Tensor
) -> tuple[Tensor, Tensor]:
    """The picture between two steps that is barely on the other side of the level, and its score."""
    low, high = torch.zeros_like(below, dtype=after[0].dtype), torch.ones_like(below, dtype=after[0].dtype)

    def at(share: Tensor) -> tuple[Tensor, Tensor]:
        mixed = [torch.lerp(b, a, share.reshape(-1, *[1] * (a.ndim - 1))) for b, a in zip(before, after, strict=True)]
        pictures = canvas.paint(*mixed)
        return pictures, world.score(pictures)

    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        crossed = (at(middle)[1] < level) != below
        low, high = torch.where(crossed, low, middle), torch.where(crossed, middle, high)
    return at(high)
