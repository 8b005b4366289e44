"""A world that is another one but for what a subclass changes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Shaped

from distributional_view.theory.progress import Progress
from distributional_view.theory.samplers.schedule import NoiseSchedule, Row
from distributional_view.theory.samplers.world import Guidance, Noise, Numbers, Points, State, Step, World


@dataclass(frozen=True)
class Wrapped:
    """Everything as `world` has it.

    Args:
        world: the other one.
    """

    world: World

    @property
    def schedule(self) -> NoiseSchedule:
        """Of the world."""
        return self.world.schedule

    def guidance(self, x_t: Points, row: Row) -> Guidance:
        """Of the world."""
        return self.world.guidance(x_t, row)

    def sample_prior(self, seed: int, n: int) -> Points:
        """Of the world."""
        return self.world.sample_prior(seed, n)

    def noise(self, seed: int, n: int) -> Noise:
        """Of the world."""
        return self.world.noise(seed, n)

    def denoise(self, x_t: Points, row: Row) -> Points:
        """Of the world."""
        return self.world.denoise(x_t, row)

    def score(self, x: Points) -> Numbers:
        """Of the world."""
        return self.world.score(x)

    def score_gradient(self, x: Points) -> tuple[Numbers, Points]:
        """Of the world."""
        return self.world.score_gradient(x)

    def scale(self, factors: Numbers, x: Points) -> Points:
        """Of the world."""
        return self.world.scale(factors, x)

    def dot(self, x: Points, y: Points) -> Numbers:
        """Of the world."""
        return self.world.dot(x, y)

    def take(self, x: Points, indices: Shaped[np.ndarray, " m"]) -> Points:
        """Of the world."""
        return self.world.take(x, indices)

    def loop(self, step: Step[State], x: State, rows: Row, noise: Noise, progress: Progress | None = None) -> State:
        """Of the world."""
        return self.world.loop(step, x, rows, noise, progress)

    def to_numpy(self, x: Any) -> Shaped[np.ndarray, "n ..."]:
        """Of the world."""
        return self.world.to_numpy(x)

    def from_numpy(self, x: Shaped[np.ndarray, "n ..."]) -> Points:
        """Of the world."""
        return self.world.from_numpy(x)
