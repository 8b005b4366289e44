"""A world in closed form: a Gaussian prior with independent coordinates and any score; points are arrays (n, d).

For psi(x) = sum over coordinates of slope x + curvature x^2/2 everything stays Gaussian: X_0 given x_t is normal with
mean x0_hat and variance w, so that H_t, its gradient and the law after any number of steps are known exactly.
`law_after` follows mean and variance through Algorithm 1 as written in the paper, without the library's schedule.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from theory.schedule import NoiseSchedule, Row
from theory.worlds import Guidance, python_loop


@dataclass(frozen=True)
class Quadratic:
    """psi(x) = sum of slope x_j + curvature x_j^2/2."""

    slope: float = 0.0
    curvature: float = 0.0

    def __call__(self, x):
        return (self.slope * x + 0.5 * self.curvature * x**2).sum(1), self.slope + self.curvature * x

    def tilted(self, mean, variance, beta):
        """Mean and variance of N(mean, variance) tilted by beta, or None if there is no such law."""
        precision = 1 / variance - beta * self.curvature
        if precision <= 0:
            return None
        return (mean / variance + beta * self.slope) / precision, 1 / precision


@dataclass(frozen=True)
class GaussianWorld:
    """Prior N(mean, variance I_d); `ideal` is the beta whose grad H_t is the guidance, None for the plug-in."""

    schedule: NoiseSchedule
    psi: Callable = Quadratic(slope=1.0)
    mean: float = 0.0
    variance: float = 1.0
    dimension: int = 1
    ideal: float | None = None

    def sample_prior(self, seed, n):
        z = np.random.default_rng(seed).normal(size=(n, self.dimension))
        return self.mean + math.sqrt(self.variance) * z

    def noise(self, seed, n):
        return lambda i: np.random.default_rng([seed, i]).normal(size=(n, self.dimension))

    def _conditional(self, row):
        """Derivative of x0_hat, and the variance of X_0 given x_t."""
        total = row.signal**2 * self.variance + row.spread
        return row.signal * self.variance / total, self.variance * row.spread / total

    def denoise(self, x_t, row):
        return self.mean + self._conditional(row)[0] * (x_t - row.signal * self.mean)

    def guidance(self, x_t, row: Row) -> Guidance:
        gain, variance = self._conditional(row)
        x0_hat = self.denoise(x_t, row)
        value, slope = self.psi(x0_hat)
        if self.ideal is not None:  # grad log E[exp(beta psi(x0_hat + sqrt(w) z))], which needs a quadratic psi
            slope = self.ideal * slope / (1 - self.ideal * self.psi.curvature * variance)
        return Guidance(value, gain * slope, x0_hat)

    def score(self, x):
        return self.psi(x)[0]

    def score_gradient(self, x):
        return self.psi(x)

    def scale(self, factors, x):
        return factors[:, None] * x

    def dot(self, x, y):
        return (x * y).sum(1)

    def take(self, x, indices):
        return x[indices]

    def loop(self, step, x, rows, noise, progress=None):
        return python_loop(self, step, x, rows, noise, progress)

    def to_numpy(self, x):
        return np.array(x, dtype=np.float64)

    def from_numpy(self, x):
        return np.array(x, dtype=np.float64)

    def diffused(self, mean, variance, level=None):
        """Mean and variance at the level i (default N) of a clean N(mean, variance)."""
        a = self.schedule.alpha_bar[-1 if level is None else level]
        return math.sqrt(a) * mean, a * variance + 1 - a

    def law_after(self, strength, start=(0.0, 1.0), until=0):
        """Exact mean and variance of a coordinate at the level `until` of Algorithm 1, started in N(*start)."""
        mean, variance = start
        levels = list(pairwise(self.schedule.alpha_bar))[until:]
        for before, now in reversed(levels):
            alpha = now / before
            total = now * self.variance + 1 - now
            gain, left = math.sqrt(now) * self.variance / total, self.variance * (1 - now) / total
            offset = self.mean - gain * math.sqrt(now) * self.mean  # x0_hat = gain x + offset
            sharpened = 1.0 if self.ideal is None else self.ideal / (1 - self.ideal * self.psi.curvature * left)
            push = strength * (1 - alpha) / math.sqrt(alpha) * gain * sharpened
            towards = math.sqrt(before) * (1 - alpha) / (1 - now) + push * self.psi.curvature
            factor = math.sqrt(alpha) * (1 - before) / (1 - now) + towards * gain
            mean = factor * mean + towards * offset + push * self.psi.slope
            variance = factor**2 * variance + (1 - before) * (1 - alpha) / (1 - now)
        return mean, variance

    def with_steps(self, steps):
        return replace(self, schedule=self.schedule.strided(steps))


def falling(steps: int, last: float) -> NoiseSchedule:
    """alpha_bar = last^(u^2 weighed with u) at u = i/steps: steps that shrink towards the clean end, any last level."""
    u = np.arange(steps + 1) / steps
    return NoiseSchedule(last ** (0.1 * u + 0.9 * u**2))


def normal_errors(x, mean, variance):
    """By how many standard errors mean and variance of normal draws miss N(mean, variance)."""
    n = x.size
    return (
        (x.mean() - mean) / math.sqrt(variance / n),
        (x.var() - variance) / (variance * math.sqrt(2 / n)),
    )
