"""What a sampler needs of a world, and how arrays of any library pass through.

A *world* is a natural distribution p that can be sampled, a diffusion that turns noise into p, and an intrinsic
score psi. Samplers, calibrations and metrics are written once against the protocol `World`; they know no mixture,
no network and no array library. The decision behind it:

- **A batch of points is opaque.** Samplers add points, subtract them and multiply them by numbers; everything else
  that they need is a method of the world (`scale`, `dot`, `take`). A batch may be a numpy array, a JAX array, a torch
  tensor on a GPU, or any object with +, - and *: the toy world keeps its two coordinates apart, which makes it quick.
- **One number a particle** (scores, log-weights) is a one-dimensional array of the world's library inside a step, and
  becomes a numpy array (`to_numpy`) wherever a decision is taken: calibration, resampling, metrics.
- **A step is a pure function** `step(world, x, row, z)`; the world runs it over the rows of a schedule (`loop`): a
  Python loop, or a compiled one. What changes from run to run (strength, cap) sits in the rows, so that nothing is
  compiled twice.
- **Randomness is an argument.** `world.noise(seed, n)` is a function of the step's index; the same noise gives the same
  samples, in this world and, converted, in another; common random numbers come for free.

In the examples of this room `world` is N(0, 1) with psi(x) = x, diffused in 50 steps.

Paper: Assumption G.1, Algorithm 1, (208)-(211).
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Shaped

from distributional_view.theory.progress import Progress
from distributional_view.theory.samplers.schedule import NoiseSchedule, Row, each

Points = Any
"""A batch of n points: has +, - and multiplication by numbers."""
Numbers = Any
"""n numbers, one a point, in the world's library."""
Noise = Callable[[Any], Points]
"""Step index i -> standard normal points; i = N starts the chain, i < N is the noise added on the way to x_i."""
State = TypeVar("State")
Step = Callable[[Any, State, Row, Points], State]


class Guidance(NamedTuple):
    """psi at the denoised estimate, its gradient with respect to x_t (through the denoiser), and the estimate.

    Example:
        >>> found = world.guidance(np.array([[1.0]]), next(each(world.schedule.rows)))
        >>> found.value == found.x0_hat[:, 0]
        array([ True])
    """

    value: Numbers
    gradient: Points
    x0_hat: Points


@runtime_checkable
class World(Protocol):
    """A prior, its diffusion and a score. See the module's docstring.

    Example:
        >>> isinstance(world, World)
        True
    """

    @property
    def schedule(self) -> NoiseSchedule:
        """The noise levels that the reverse process visits."""
        ...

    def sample_prior(self, seed: int, n: int) -> Points:
        """n draws from p."""
        ...

    def noise(self, seed: int, n: int) -> Noise:
        """Standard normal points for each step index; equal seeds give equal noise."""
        ...

    def denoise(self, x_t: Points, row: Row) -> Points:
        """x0_hat = E[X_0 | X_t = x_t]. Paper: Algorithm 1. Its line 2."""
        ...

    def guidance(self, x_t: Points, row: Row) -> Guidance:
        """Value and gradient of psi(x0_hat(x_t)) in one call, with x0_hat."""
        ...

    def score(self, x: Points) -> Numbers:
        """psi at clean points."""
        ...

    def score_gradient(self, x: Points) -> tuple[Numbers, Points]:
        """psi and its gradient at clean points."""
        ...

    def scale(self, factors: Numbers, x: Points) -> Points:
        """Each point times its own factor, a number or a truth value."""
        ...

    def dot(self, x: Points, y: Points) -> Numbers:
        """Inner product of each pair of points."""
        ...

    def take(self, x: Points, indices: Shaped[np.ndarray, " m"]) -> Points:
        """The points with these indices, repeats allowed."""
        ...

    def loop(self, step: "Step[State]", x: State, rows: Row, noise: Noise, progress: Progress | None) -> State:
        """Run x = step(world, x, row, noise(row.index - 1)) over the rows, first to last; x is any state of points."""
        ...

    def to_numpy(self, x: Points | Numbers) -> Shaped[np.ndarray, "n ..."]:
        """A numpy copy of points (n, ...) or numbers (n,), in double precision."""
        ...

    def from_numpy(self, x: Shaped[np.ndarray, "n ..."]) -> Points:
        """Points from a numpy array, in the world's precision."""
        ...


def python_loop(
    world: World, step: Step[State], x: State, rows: Row, noise: Noise, progress: Progress | None = None
) -> State:
    """`World.loop` as a plain loop, for worlds without a compiler. Paper: Algorithm 1.

    Args:
        world: passed to the step.
        step: (world, x, row, z) -> x, a pure function.
        x: the state before the first row.
        rows: as columns, from i = N to 1.
        noise: step index -> z.
        progress: called after each step.

    Returns:
        The state after the last row.

    Raises:
        ValueError: if the columns of `rows` differ in length.

    Example:
        >>> count = lambda world, x, row, z: x + 1
        >>> python_loop(world, count, 0, world.schedule.rows, world.noise(0, 2))
        50
    """
    total = len(rows.index)
    for done, row in enumerate(each(rows), start=1):
        x = step(world, x, row, noise(row.index - 1))
        if progress is not None:
            progress("reverse step", done, total)
    return x
