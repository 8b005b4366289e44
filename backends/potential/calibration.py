"""Whether a learned law is right, on draws that it has not seen, as numbers at each noise level and for each feature.

Where the law is that of psi given x_t, four things hold exactly: psi regressed on the predicted mean has slope 1 and
intercept 0; the rank of the score's bin in the predicted law, spread at random inside the bin, is uniform, so that 80 %
of the ranks lie in the middle 80 %; and the mean log-loss is at most that of the marginal law of the bins.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.potential.learned import LearnedPotential
from distributional_view.theory.errors import require

LEVELS = (0.2, 0.5, 0.8, 1.1, 1.3, 1.45)
"""Angles atan2(sd, signal) at which it is looked, radians."""
CENTRAL = 0.8
"""Mass of the interval whose coverage is counted."""


class Calibration(NamedTuple):
    """One row a level, one column a feature, and the standard errors.

    `slope` and `intercept` (in standard deviations of the score) of psi on its predicted mean, both about the mean;
    `coverage` of the central 80 %; `explained`, the share of psi's variance; `gain`, how many nats a draw the log-loss
    lies below that of the marginal law.
    """

    angles: Float[np.ndarray, " levels"]
    slope: Float[np.ndarray, "levels features"]
    slope_se: Float[np.ndarray, "levels features"]
    intercept: Float[np.ndarray, "levels features"]
    intercept_se: Float[np.ndarray, "levels features"]
    coverage: Float[np.ndarray, "levels features"]
    coverage_se: Float[np.ndarray, "levels features"]
    explained: Float[np.ndarray, "levels features"]
    gain: Float[np.ndarray, "levels features"]
    gain_se: Float[np.ndarray, "levels features"]

    def faults(self, slack: float = 0.0, errors: float = 4.0) -> list[str]:
        """What does not hold, in words; empty if all does.

        Args:
            slack: how far slope, intercept and coverage may be off beyond the standard errors.
            errors: how many standard errors are allowed.
        """
        told = []
        checks = (
            ("slope", self.slope, 1.0, self.slope_se),
            ("intercept", self.intercept, 0.0, self.intercept_se),
            ("coverage", self.coverage, CENTRAL, self.coverage_se),
        )
        for name, found, wanted, se in checks:
            for level, feature in np.argwhere(np.abs(found - wanted) > slack + errors * se):
                told.append(f"{name} {found[level, feature]:.3f} at angle {self.angles[level]:g}, column {feature}")
        for level, feature in np.argwhere(self.gain < -errors * self.gain_se):
            told.append(f"gain {self.gain[level, feature]:.3f} at angle {self.angles[level]:g}, column {feature}")
        return told


@torch.no_grad()
def calibration(
    learned: LearnedPotential,
    draws: Float[Tensor, "n ..."],
    scores: Float[Tensor, "n features"],
    seed: int,
    angles: tuple[float, ...] = LEVELS,
    batch: int = 500,
) -> Calibration:
    """Noise draws that the training has not seen, and compare their scores with the predicted laws.

    Args:
        learned: the potential.
        draws: n >= 10, of the spec's shape.
        scores: of the draws, score units.
        seed: of noise and ranks.
        angles: of the levels, in (0, pi/2).
        batch: draws in one pass.

    Raises:
        ValueError: for scores that do not fit, too few draws, or an angle out of range.
    """
    wanted = (len(draws), len(learned.spec.features))
    require(tuple(scores.shape) == wanted, "scores.shape", tuple(scores.shape), f"{wanted}, draws and features")
    require(len(draws) >= 10, "len(draws)", len(draws), ">= 10")
    targets = learned.bins.targets(scores).double()
    marginal = targets.mean(0)
    rng = torch.Generator().manual_seed(seed)
    rows = []
    for angle in angles:
        require(0 < angle < math.pi / 2, "angle", angle, "in (0, pi/2)")
        signal, sd = math.cos(angle), math.sin(angle)
        x_t = signal * draws + sd * torch.randn(draws.shape, generator=rng)
        log_p = torch.cat([learned.log_law(part, signal, sd) for part in x_t.split(batch)]).double()
        gain = (targets * (log_p - marginal.clamp(min=1e-300).log())).sum(-1)
        mean = (log_p.exp() * learned.bins.centres.double()).sum(-1)
        slope, slope_se, shift, shift_se = _regression(mean, scores.double())
        rank = _ranks(log_p.exp(), targets, rng)
        inside = ((rank - 0.5).abs() < CENTRAL / 2).double()
        left = (scores - mean).square().mean(0) / scores.double().var(0, correction=0)
        n = len(draws) ** 0.5
        coverage_se = torch.full_like(slope, (CENTRAL * (1 - CENTRAL)) ** 0.5 / n)
        row = (slope, slope_se, shift, shift_se, inside.mean(0), coverage_se, 1 - left, gain.mean(0), gain.std(0) / n)
        rows.append([column.numpy() for column in row])
    columns = (np.stack(column) for column in zip(*rows, strict=True))
    return Calibration(np.array(angles), *columns)


def _regression(x: Float[Tensor, "n k"], y: Float[Tensor, "n k"]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Slope, mean difference (in sd of y), and their errors, which allow for a spread that depends on x."""
    n, about = len(x), x - x.mean(0)
    total = about.square().sum(0).clamp(min=1e-300)
    slope = (about * y).sum(0) / total
    rest = y - y.mean(0) - slope * about
    slope_se = ((about * rest).square().sum(0)).sqrt() / total
    sd = y.std(0, correction=0)
    return slope, slope_se, (y - x).mean(0) / sd, (y - x).std(0) / sd / n**0.5


def _ranks(
    p: Float[Tensor, "n k bins"], targets: Float[Tensor, "n k bins"], rng: torch.Generator
) -> Float[Tensor, "n k"]:
    """The rank in p of a bin drawn from the target, spread evenly inside the bin."""
    n, k, bins = p.shape
    drawn = torch.multinomial(targets.reshape(-1, bins), 1, generator=rng).reshape(n, k, 1)
    above = p.cumsum(-1).gather(-1, drawn)[..., 0]
    return above - torch.rand(n, k, generator=rng) * p.gather(-1, drawn)[..., 0]
