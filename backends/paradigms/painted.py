"""Optimised pictures as what a method draws."""

import numpy as np

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.paradigms.climb import Painted
from distributional_view.theory.methods.method import Drawn


def drawn(world: TorchWorld, painted: Painted, **notes: float) -> Drawn:
    """The pictures with their clean scores; `reached` is the share of them that came to the level."""
    scores = np.asarray(world.to_numpy(painted.scores))
    share = float(painted.reached.double().mean())
    return Drawn(painted.pictures, scores, None, {"reached": share, "steps": painted.steps, **notes})
