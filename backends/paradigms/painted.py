"""What all methods that optimise pictures share: a level as the knob, and optimised pictures as what is drawn."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.paradigms.climb import Canvas, Loss, Optimiser, climb
from distributional_view.theory.methods.method import Drawn
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.knobs import Calibrated


@dataclass(frozen=True)
class Painting:
    """Optimised pictures; the knob is the clean score at which a picture is kept.

    Paper: Lemma F.2, Table 1.

    Args:
        world: supplies the score; its prior is not used.
    """

    world: TorchWorld
    knob_name = "level"
    independent = False

    def calibrate(self, target: float, progress: Progress = silent) -> Calibrated:
        """The target itself: each picture stops there by itself, if it comes there."""
        return Calibrated(target, math.nan, 0)

    def painted(self, canvas: Canvas, loss: Loss, optimiser: Optimiser, steps: int, level: float, **how: Any) -> Drawn:
        """Pictures with their clean scores, by `climb`; `reached` is the share of them that came to the level."""
        found = climb(self.world, canvas, loss, optimiser, steps, level, **how)
        scores = np.asarray(self.world.to_numpy(found.scores))
        notes = {"reached": float(found.reached.double().mean()), "steps": found.steps}
        return Drawn(found.pictures, scores, None, notes)
