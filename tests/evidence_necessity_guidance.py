"""Necessity rung, the factor of two: a denoised score that fades along the flow, and a start without the tilt.

Both examples are normal priors with a linear score, where the law after any number of steps of Algorithm 1 is known:
phi(x, t) = x0_hat. Along the probability flow the share of a clean deviation that phi keeps is sqrt(a v/(a v + 1 - a)),
a = alpha_bar and v the prior's variance: it falls for a prior as wide as the noise, and stays for one far wider.
"""

import math
from collections.abc import Callable

import numpy as np

from distributional_view.proofs_check.evidence import evidence
from distributional_view.proofs_check.premises import broken, holds, refuted
from tests.support.gaussian_world import GaussianWorld, Quadratic, falling

LAST, STEPS, MEAN = 0.3, (100, 400, 1600), 0.4
Normal = tuple[float, float]
"""Mean and variance."""


def lifted_start(world: GaussianWorld, lift: float) -> Normal:
    """p_T exp(lift phi), by sums over a grid."""
    centre, total = world.diffused(world.mean, world.variance)
    x = centre + math.sqrt(total) * np.linspace(-14, 14, 4001)
    gain = math.sqrt(LAST) * world.variance / total
    logs = lift * gain * (x - centre) - (x - centre) ** 2 / (2 * total)
    weights = np.exp(logs - logs.max())
    mean = float(weights @ x / weights.sum())
    return mean, float(weights @ (x - mean) ** 2 / weights.sum())


def plain_start(world: GaussianWorld, lift: float) -> Normal:
    """p_T."""
    return world.diffused(world.mean, world.variance)


def kept_along_the_flow(world: GaussianWorld) -> float:
    """phi's deviation from the mean at T over that at time 0, for one point carried along by the flow.

    The flow keeps a point at its quantile of p_t.
    """
    centre, total = world.diffused(world.mean, world.variance)
    there = centre + math.sqrt(total)  # from one deviation above the mean
    x0_hat = world.mean + math.sqrt(LAST) * world.variance / total * (there - centre)
    return (x0_hat - world.mean) / math.sqrt(world.variance)


def misses(variance: float, beta: float, start: Callable[[GaussianWorld, float], Normal]) -> tuple[list[float], list]:
    """By how many deviations the guided mean misses the tilt by 2 beta, for ever finer steps; and the worlds."""
    worlds = [GaussianWorld(falling(n, LAST), Quadratic(slope=1.0), MEAN, variance) for n in STEPS]
    wanted = MEAN + 2 * beta * variance
    ends = [world.law_after(beta, start(world, 2 * beta))[0] for world in worlds]
    return [abs(end - wanted) / math.sqrt(variance) for end in ends], worlds


@evidence(
    "Ours: factor of two",
    "necessity",
    drops="constant along the flow",
    controls={"a prior far wider than the noise": {"variance": 1e6}, "no guidance": {"size": 0.0}},
)
def fading_scores_get_less(variance: float = 1.0, size: float = 0.5) -> str:
    """Started in p_T exp(2 beta phi), guided by g^2 beta grad phi: it should end in the tilt by 2 beta."""
    beta = size / math.sqrt(variance)
    off, worlds = misses(variance, beta, lifted_start)
    start, (centre, total) = lifted_start(worlds[-1], 2 * beta), worlds[-1].diffused(MEAN, variance)
    closed = centre + 2 * beta * math.sqrt(LAST) * variance, total
    holds("tilted start", np.allclose(start, closed, rtol=1e-9, atol=1e-9), start=start, closed=closed)
    refuted("the marginals are p_t exp(2 beta phi)", off[-1] > 0.1 and off[-1] > 0.9 * off[0], steps=STEPS, misses=off)
    kept = kept_along_the_flow(worlds[-1])
    broken("constant along the flow", kept < 0.9, kept=kept)
    return (
        f"N(0.4, 1), psi = x: phi keeps {kept:.2f} of its spread; the mean misses 2 beta by {off[-1]:.2f} deviations."
    )


@evidence(
    "Ours: factor of two",
    "necessity",
    drops="tilted start",
    controls={"started in p_T exp(2 beta phi)": {"start": lifted_start}, "no guidance": {"size": 0.0}},
)
def plain_starts_are_remembered(
    start: Callable[[GaussianWorld, float], Normal] = plain_start, size: float = 0.5
) -> str:
    """A prior far wider than the noise, psi = x: phi stays along the flow, and so does a start without the tilt."""
    variance = 1e6
    beta = size / math.sqrt(variance)
    off, worlds = misses(variance, beta, start)
    kept = kept_along_the_flow(worlds[-1])
    holds("constant along the flow", abs(kept - 1) < 1e-5, kept=kept)
    refuted("the marginals are p_t exp(2 beta phi)", off[-1] > 0.1 and off[-1] > 0.9 * off[0], steps=STEPS, misses=off)
    found, wanted = start(worlds[-1], 2 * beta), lifted_start(worlds[-1], 2 * beta)
    away = abs(found[0] - wanted[0]) / math.sqrt(wanted[1])
    broken("tilted start", away > 0.1, deviations=away)
    return f"From p_T, guided by beta = 1/2 a deviation: {off[-1]:.2f} deviations short of the tilt by 2 beta."
