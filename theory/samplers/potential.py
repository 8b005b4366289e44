"""Guidance by the potential H_t, which a world may offer, where it predicts better than the plug-in.

The tilt's reverse process is guided by the gradient of H_t(x) = log E[exp(beta psi(X_0)) | X_t = x] (Theorem G.3); the
plug-in puts beta psi(x0_hat(x)) in its place (Remark G.4). Near the noisy end x0_hat is a blur of everything and psi of
it says little, while H_t, smooth there, is easily learned; near the clean end x0_hat is nearly X_0 and the plug-in is
nearly right, while a learned H_t lacks the detail. `predictive` measures both on noised draws from the prior; `Hybrid`
changes from one to the other where the errors say so, and shrinks the plug-in by its regression slope b_i:

    E[psi(X_0) | x_i] is about a_i + b_i psi(x0_hat(x_i)),   guidance grad H_t, then beta b_i grad psi(x0_hat).

Paper: Theorem G.3, Remark G.4. The change from one to the other is ours.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.schedule import Row, each
from distributional_view.theory.samplers.world import Guidance, Noise, Numbers, Points, State, Step, World, python_loop
from distributional_view.theory.samplers.wrapped import Wrapped
from distributional_view.theory.seeds import part_seed


@runtime_checkable
class PotentialWorld(World, Protocol):
    """A world that knows, or has learned, H_t."""

    def potential(self, x_t: Points, row: Row, multiplier: float) -> Guidance:
        """H_t for this multiplier (nats), its gradient, and x0_hat. Paper: (190)."""
        ...

    def expected_score(self, x_t: Points, row: Row) -> Numbers:
        """E[psi(X_0) | X_t = x_t] (score units), the slope of H_t at multiplier 0."""
        ...


class Predictive(NamedTuple):
    """What is known of psi(X_0) at each level, from the noisiest to the cleanest (N of each).

    `slope` is b_i; `plug_in` and `potential` are the mean squared errors of a_i + b_i psi(x0_hat) and of
    `expected_score`, as shares of the variance of psi(X_0): 0 knows it, 1 knows nothing. `potential` is NaN where the
    world offers none.
    """

    slope: Float[np.ndarray, " steps"]
    plug_in: Float[np.ndarray, " steps"]
    potential: Float[np.ndarray, " steps"]

    @property
    def switch(self) -> int:
        """How many of the noisiest steps the potential should guide: those before the plug-in predicts better, the
        place at which the sum of the errors is least."""
        if np.isnan(self.potential).any():
            return 0
        before = np.concatenate([[0.0], np.cumsum(self.potential)])
        after = np.concatenate([np.cumsum(self.plug_in[::-1])[::-1], [0.0]])
        return int(np.argmin(before + after))


def predictive(world: World, seed: int, n: int, progress: Progress = silent) -> Predictive:
    """Noise n draws from the prior to every level and see what predicts their score.

    Paper: Remark G.4. How good the plug-in is.

    Args:
        world: supplies prior, denoiser and score, and a potential if it is a `PotentialWorld`.
        seed: of draws and noise.
        n: how many draws, >= 3; a few hundred tell the slopes to a few per cent.
        progress: called after each level.

    Raises:
        ValueError: for too few draws, or if all have the same score.
    """
    require(n >= 3, "n", n, ">= 3")
    x_0 = world.sample_prior(part_seed(seed, 0), n)
    noise = world.noise(part_seed(seed, 1), n)
    scores = np.asarray(world.to_numpy(world.score(x_0)))
    variance = float(scores.var())
    require(variance > 0, "scores of the draws", float(scores[0]), "not all the same")
    found = []
    rows = list(each(world.schedule.rows))
    for done, row in enumerate(rows, start=1):
        x_t = row.signal * x_0 + row.noise_variance**0.5 * noise(row.index)
        guess = np.asarray(world.to_numpy(world.score(world.denoise(x_t, row))))
        slope = float(np.mean((guess - guess.mean()) * scores) / max(guess.var(), np.finfo(float).tiny))
        rest = float(np.var(scores - slope * guess))
        learned = np.nan
        if isinstance(world, PotentialWorld):
            learned = float(np.mean((np.asarray(world.to_numpy(world.expected_score(x_t, row))) - scores) ** 2))
        found.append((slope, rest / variance, learned / variance))
        progress("how much each level knows of the score", done, len(rows))
    return Predictive(*(np.array(column) for column in zip(*found, strict=True)))


@dataclass(frozen=True)
class Hybrid(Wrapped):
    """A world guided by H_t at the noisy end and by the shrunken plug-in at the clean end, for one multiplier.

    Its `guidance` is in nats, so that EnergyDPS samples the tilt at strength 1.

    Paper: Theorem G.3, Remark G.4.

    Args:
        world: whose prior, denoiser and score are used; a `PotentialWorld` unless `switch` is 0.
        multiplier: beta of the tilt (1/score).
        slopes: b_i of each level, from the noisiest to the cleanest.
        switch: how many of the noisiest steps H_t guides, in 0..N.

    Raises:
        ValueError: for another number of slopes, a switch out of range, or a world without a potential.
    """

    world: World
    multiplier: float
    slopes: Float[np.ndarray, " steps"]
    switch: int

    def __post_init__(self) -> None:
        steps = self.world.schedule.steps
        require(np.shape(self.slopes) == (steps,), "slopes.shape", np.shape(self.slopes), f"({steps},)")
        require(0 <= self.switch <= steps, "switch", self.switch, f"in 0..{steps}")
        known = self.switch == 0 or isinstance(self.world, PotentialWorld)
        require(known, "world", type(self.world).__name__, "a world with a potential, unless switch = 0")

    @cached_property
    def _strengths(self) -> Float[np.ndarray, " steps"]:
        return self.multiplier * np.asarray(self.slopes)

    def guidance(self, x_t: Points, row: Row) -> Guidance:
        """H_t or beta b_i psi(x0_hat), its gradient, and x0_hat."""
        place = self.schedule.steps - row.index
        if place < self.switch:
            assert isinstance(self.world, PotentialWorld)
            return self.world.potential(x_t, row, self.multiplier)
        value, gradient, x0_hat = self.world.guidance(x_t, row)
        strength = float(self._strengths[place])
        return Guidance(strength * value, strength * gradient, x0_hat)

    def loop(self, step: Step[State], x: State, rows: Row, noise: Noise, progress: Progress | None = None) -> State:
        """One by one: the guidance depends on the step."""
        return python_loop(self, step, x, rows, noise, progress)
