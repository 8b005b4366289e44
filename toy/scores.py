"""Intrinsic scores psi of the toy world: what a feature of a vision model is to an image.

The paper's score is angular: smallest on the diagonal direction, growing with the angular deviation from it
(Appendix H.1, (195)). Its exact shape is lost; `SHAPES` holds the candidates. `LinearScore` is not a function
of the angle. Scores take points (..., 2) of numpy or JAX and return values (...), in score units.
"""

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Shaped
from scipy.optimize import brentq

from distributional_view.theory.errors import require

Anything = Shaped[Any, "*n"]


def _module(x: object) -> ModuleType:
    """jax.numpy for JAX arrays, numpy for others: one formula serves sampling, gradients and exact laws."""
    return jnp if isinstance(x, jax.Array) else np


SHAPES: dict[str, Callable[[Any], Any]] = {
    "absolute_angle": lambda d: d,
    "cosine": lambda d: 2 * _module(d).sin(d / 2) ** 2,
    "chord": lambda d: _module(d).sin(d / 2),
    "squared_angle": lambda d: d**2,
    "root_angle": lambda d: d**0.5,
    "squared_cosine": lambda d: 4 * _module(d).sin(d / 2) ** 4,
    "sine": lambda d: _module(d).sin(d),
}
"""Score shapes as functions of the angular deviation d in [0, pi], before scaling; 1 - cos d has few digits near 0."""


class AngularScore(eqx.Module):
    """psi(x) = scale * shape(|wrap(theta(x) - direction)|), theta = atan2(x2, x1). Paper: (195), (204)-(205).

    Args:
        shape: a key of `SHAPES`.
        scale: score units, > 0.
        direction: the angle where psi is smallest, in radians.
        wrapped: whether the deviation is taken on the circle; if not, it is |theta - direction| with theta in
            (-pi, pi], which jumps across the negative x axis (a slip that the paper's words do not exclude).
    """

    shape: str = eqx.field(static=True)
    scale: float
    direction: float = math.pi / 4
    wrapped: bool = eqx.field(static=True, default=True)

    def __check_init__(self) -> None:
        require(self.shape in SHAPES, "shape", self.shape, f"one of {sorted(SHAPES)}")
        if not isinstance(self.scale, jax.core.Tracer):
            require(math.isfinite(self.scale) and self.scale > 0, "scale", self.scale, "finite and > 0")

    def __call__(self, x: Shaped[Any, "*n 2"]) -> Anything:
        """psi at the points x."""
        return self.at(x[..., 0], x[..., 1])

    def at(self, x: Anything, y: Anything) -> Anything:
        """psi at points given by their coordinates. The cosine needs no angle: cos(theta - direction) = u.x/|x|."""
        if self.shape == "cosine" and self.wrapped:
            radius = _module(x).hypot(x, y)
            along = (x * math.cos(self.direction) + y * math.sin(self.direction)) / (radius + (radius == 0))
            return self.scale * (1 - along)
        return self.of_angle(_module(x).arctan2(y, x))

    def of_angle(self, theta: Anything) -> Anything:
        """psi as a function of the polar angle, in radians; periodic if `wrapped`."""
        return self.angle_function()(theta)

    def angle_function(self) -> Callable[[Any], Any]:
        """`of_angle` as a plain function, which is quicker to call many times on a few angles."""
        shape, scale, direction, wrapped = SHAPES[self.shape], self.scale, self.direction, self.wrapped

        def of_angle(theta: Any) -> Any:
            offset = theta - direction
            if wrapped:
                offset = offset - 2 * math.pi * _module(theta).round(offset / (2 * math.pi))
            return scale * shape(abs(offset))

        return of_angle

    def breakpoints(self) -> Float[np.ndarray, " b"]:
        """Angles in [start, start + 2 pi] between which psi is smooth and monotone, both ends included."""
        if not self.wrapped:
            return np.unique(np.array([-math.pi, self.direction, math.pi]))
        turns = [0.5] if self.shape == "sine" else []
        fractions = sorted({-1.0, 0.0, 1.0, *turns, *(-t for t in turns)})
        return self.direction + math.pi * np.array(fractions)

    def angles_at(self, level: float) -> list[float]:
        """The angles, between the breakpoints, at which psi equals `level`."""
        found = []
        for a, b in zip(self.breakpoints()[:-1], self.breakpoints()[1:], strict=True):
            low, high = (float(self._inside(u, a, b)) - level for u in (a, b))
            if low * high < 0:
                found.append(float(brentq(lambda u, a=a, b=b: float(self._inside(u, a, b)) - level, a, b, xtol=1e-15)))
        return found

    def _inside(self, theta: float, low: float, high: float) -> float:
        """psi at theta, continued from inside [low, high] to its ends (where it may wrap or jump)."""
        nudge = 1e-15 * (high - low)
        return float(self.of_angle(np.float64(min(max(theta, low + nudge), high - nudge))))


class LinearScore(eqx.Module):
    """psi(x) = direction . x: a score that is no function of the angle, unbounded above.

    Args:
        direction: coefficients, score units per unit of x; not zero.
    """

    direction: tuple[float, float]

    def __check_init__(self) -> None:
        require(any(self.direction), "direction", self.direction, "not zero")

    def __call__(self, x: Shaped[Any, "*n 2"]) -> Anything:
        """psi at the points x."""
        return self.at(x[..., 0], x[..., 1])

    def at(self, x: Anything, y: Anything) -> Anything:
        """psi at points given by their coordinates."""
        return x * self.direction[0] + y * self.direction[1]


Score = AngularScore | LinearScore
