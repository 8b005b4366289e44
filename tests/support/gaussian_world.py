"""Worlds in closed form: a Gaussian prior with independent coordinates, and a mixture on the line; points are (n, d).

For a Gaussian prior and psi(x) = sum over coordinates of slope x + curvature x^2/2 everything stays Gaussian: X_0 given
x_t is normal with mean x0_hat and variance w, so that H_t, its gradient and the law after any number of steps are known
exactly. `law_after` follows mean and variance through Algorithm 1 as written, without the library's schedule.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from distributional_view.theory.samplers.schedule import NoiseSchedule, Row
from distributional_view.theory.samplers.world import Guidance, python_loop


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


class ArrayWorld:
    """What every world of numpy arrays (n, d) shares; `dimension` and `psi` come with the world."""

    def noise(self, seed, n):
        return lambda i: np.random.default_rng([seed, i]).normal(size=(n, self.dimension))

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


@dataclass(frozen=True)
class GaussianWorld(ArrayWorld):
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

    def conditional(self, row):
        """Derivative of x0_hat, and the variance of X_0 given x_t."""
        total = row.signal**2 * self.variance + row.noise_variance
        return row.signal * self.variance / total, self.variance * row.noise_variance / total

    def denoise(self, x_t, row):
        return self.mean + self.conditional(row)[0] * (x_t - row.signal * self.mean)

    def guidance(self, x_t, row: Row) -> Guidance:
        gain, variance = self.conditional(row)
        x0_hat = self.denoise(x_t, row)
        value, slope = self.psi(x0_hat)
        if self.ideal is not None:  # grad log E[exp(beta psi(x0_hat + sqrt(w) z))], which needs a quadratic psi
            slope = self.ideal * slope / (1 - self.ideal * self.psi.curvature * variance)
        return Guidance(value, gain * slope, x0_hat)

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


@dataclass(frozen=True)
class LineWorld(ArrayWorld):
    """A mixture on the line with psi(x) = x. X_0 given x_t is a mixture too, so that

        H_t = log sum_k r_k exp(beta m_k + beta^2 w_k/2),   grad H_t = s/(1 - s^2) (tilted mean - mean),

    means of X_0 given x_t; the last by differentiating the Gaussian kernel under the integral. `ideal` as above.
    """

    weights: np.ndarray
    means: np.ndarray
    variances: np.ndarray
    schedule: NoiseSchedule
    ideal: float | None = None
    dimension: int = 1
    psi: Callable = Quadratic(slope=1.0)

    def tilted(self, beta):
        """The tilt by beta, with the weights w_k exp(beta m_k + beta^2 v_k/2)."""
        weights = self.weights * np.exp(beta * self.means + 0.5 * beta**2 * self.variances)
        return replace(self, weights=weights / weights.sum(), means=self.means + beta * self.variances)

    def diffused(self, level):
        """Weights, means and variances at the level i."""
        a = self.schedule.alpha_bar[level]
        return self.weights, math.sqrt(a) * self.means, a * self.variances + 1 - a

    def sample_at(self, level, seed, n):
        """n draws of the diffused mixture."""
        rng, (weights, means, variances) = np.random.default_rng(seed), self.diffused(level)
        k = rng.choice(len(weights), size=n, p=weights)
        return (means[k] + np.sqrt(variances[k]) * rng.normal(size=n))[:, None]

    def sample_prior(self, seed, n):
        return self.sample_at(0, seed, n)

    def _conditional(self, x_t, row):
        """Log-responsibilities up to a constant (n, k), means (n, k) and variances (k) of X_0 given x_t."""
        total = row.signal**2 * self.variances + row.noise_variance
        off = x_t - row.signal * self.means
        return (
            np.log(self.weights / np.sqrt(total)) - 0.5 * off**2 / total,
            self.means + row.signal * self.variances / total * off,
            self.variances * row.noise_variance / total,
        )

    def denoise(self, x_t, row):
        logs, means, _ = self._conditional(x_t, row)
        return _average(logs, means)

    def guidance(self, x_t, row: Row) -> Guidance:
        logs, means, variances = self._conditional(x_t, row)
        x0_hat = _average(logs, means)
        if self.ideal is None:
            derivative = _average(logs, means**2 + variances) - x0_hat**2
        else:
            b = self.ideal
            derivative = _average(logs + b * means + 0.5 * b**2 * variances, means + b * variances) - x0_hat
        return Guidance(x0_hat[:, 0], row.signal / row.noise_variance * derivative, x0_hat)


def _average(logs, values):
    """Mean of the values with weights exp(logs), along the last axis."""
    shares = np.exp(logs - logs.max(1, keepdims=True))
    return ((shares * values).sum(1) / shares.sum(1))[:, None]


def falling(steps: int, last: float) -> NoiseSchedule:
    """alpha_bar = last^(0.1 u + 0.9 u^2) at u = i/steps: a diffusion that may stop early, in ever finer steps."""
    u = np.arange(steps + 1) / steps
    return NoiseSchedule(last ** (0.1 * u + 0.9 * u**2))


def normal_errors(x, mean, variance):
    """By how many standard errors mean and variance of normal draws miss N(mean, variance)."""
    n = x.size
    return (
        (x.mean() - mean) / math.sqrt(variance / n),
        (x.var() - variance) / (variance * math.sqrt(2 / n)),
    )
