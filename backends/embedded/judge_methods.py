"""The samplers that the judge compares on the embedded world, each brought to a level of one feature.

What the prior's pool tells is used: the multiplier of the tilt, which the particle filters take as it is, and in which
the strengths of a calibration are counted; the draws on which the slopes of the plug-in are measured. Every chain
counts its passes through the prior's network.

The pool itself is a method too. It is drawn from one half of the pool and judged against the other: against itself it
would be exact by construction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distributional_view.backends.adapter.world import Denoiser, TorchWorld
from distributional_view.backends.embedded.learned import learned_potential
from distributional_view.backends.embedded.prior_pool import PriorPool, spaced_world
from distributional_view.backends.embedded.world import schedule_of
from distributional_view.backends.paradigms.strengths import Strengths
from distributional_view.backends.potential.from_pool import with_pool
from distributional_view.backends.potential.train import PLAN
from distributional_view.backends.potential.world import with_potential
from distributional_view.theory.errors import require
from distributional_view.theory.methods import energy_dps, hybrid, twisted_smc
from distributional_view.theory.methods.klsc_weights import KlscWeights
from distributional_view.theory.methods.method import Memory, Method
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.potential import Predictive, predictive
from distributional_view.theory.samplers.schedule import Spacing
from distributional_view.theory.samplers.solvers import Solver
from distributional_view.theory.samplers.world import World
from distributional_view.theory.seeds import part_seed

POOL = "prior-pool"
EVEN, ODD = slice(0, None, 2), slice(1, None, 2)
"""The half that the pool's own pictures come from, and the half that they are judged against."""
_KNOWN, _CALIBRATED = 0, 1  # parts of the seed


@dataclass(frozen=True)
class JudgeBudget:
    """Sizes of the comparison.

    Args:
        quantiles: levels, as quantiles of the score over the data, ascending.
        features: how many of the named features, in their order.
        n: pictures a cell.
        seeds: draws of each calibrated method.
        calibrated: pictures of each run of a calibration. The mean of n independent ones is uncertain by about
            sd/sqrt(n), which a calibration adds to every picture drawn after it.
        steps: reverse steps of the solver of second order.
        chain: reverse steps of the DDPM chain.
        particles: of the twisted sampler, >= n; n of them are judged.
        steered: particles of the steering without guidance, >= n.
        known: noised draws of the prior that the slopes of the plug-in are measured on.
        tolerance: of a calibrated mean, in standard deviations of the score over the data.
        pool: samples of the prior.
        thorough: the level at which the costly methods are compared as well: the DDPM chain and the learned potential.
        thorough_features: how many features, the first ones, they are compared on.
        spacing: where the levels of noise lie for the solver of second order; the chain has them evenly in time.
        training: steps of the learned potential's training; None for as many as usual; 0 for no potential: the hybrid
            is then the shrunken plug-in alone.

    Raises:
        ValueError: for levels out of range.
    """

    quantiles: tuple[float, ...] = (0.8, 0.9, 0.95, 0.99)
    features: int = 6
    n: int = 48
    seeds: int = 3
    calibrated: int = 96
    steps: int = 20
    chain: int = 50
    particles: int = 48
    steered: int = 96
    known: int = 300
    tolerance: float = 0.05
    pool: int = 20_000
    thorough: float = 0.95
    thorough_features: int = 3
    spacing: Spacing = "log-SNR"
    training: int | None = None

    def __post_init__(self) -> None:
        require(len(self.quantiles) >= 1, "levels", self.quantiles, "at least one")
        for level in self.quantiles:
            require(0 < level < 1, "level", level, "in (0, 1), a quantile")


QUICK = JudgeBudget((0.8, 0.95), 2, 12, 1, 12, 12, 24, 12, 24, 60, 0.1, 500, training=300)
LEARNED = "hybrid-learned"
"""The hybrid guidance with a trained potential in place of the pool's."""


class Counted(NamedTuple):
    """Passes of pictures through the network, and how many of them had a way back for the gradient."""

    evaluations: int
    backward: int


class Counting:
    """A denoiser that counts the pictures it is given.

    Args:
        denoiser: the network.
    """

    def __init__(self, denoiser: Denoiser) -> None:
        self.denoiser, self.evaluations, self.backward = denoiser, 0, 0

    def __call__(self, x_t: Tensor, time: Tensor) -> Tensor:
        """The network's prediction."""
        self.evaluations += len(x_t)
        self.backward += len(x_t) if torch.is_grad_enabled() and x_t.requires_grad else 0
        return self.denoiser(x_t, time)

    def since(self, before: Counted) -> Counted:
        """What came after an earlier `now`."""
        return Counted(self.evaluations - before.evaluations, self.backward - before.backward)

    @property
    def now(self) -> Counted:
        """So far."""
        return Counted(self.evaluations, self.backward)


class Contender(NamedTuple):
    """A method at a level, with what its row says beside the numbers.

    Args:
        method: to be calibrated and drawn.
        solver: of its chain, None where there is none.
        chains: how many run for one draw: particles, or pictures; 0 where nothing runs.
    """

    method: Method
    solver: Solver | None
    chains: int


class Entrant(NamedTuple):
    """What a row calls a method, and how it is made: (feature's contenders, level) -> the method at this level.

    `pooled`: it knows the pictures of one half of the pool, and is judged by the other; `costly`: it is compared at the
    budget's `thorough` level of its first features alone.
    """

    name: str
    solver: Solver | None
    make: "Callable[[Contenders, float], Contender]"
    pooled: bool = False
    costly: bool = False


Offer = Callable[[TorchWorld, int], World]
"""A world and the feature that is its score -> the same with a potential."""


@dataclass(frozen=True, eq=False)
class Contenders:
    """The methods for one feature.

    Args:
        feature: its index.
        pool: samples of the prior.
        budget: sizes.
        sd: of the score over the data.
        lowest: the level at whose tilt calibrations begin (score units).
        seed: of calibrations and slopes.
        remember: name -> memory of its calibration.
        offer: gives a world its learned potential; None: there is none.
    """

    feature: int
    pool: PriorPool
    budget: JudgeBudget
    sd: float
    lowest: float
    seed: int
    remember: Callable[[str], Memory]
    offer: Offer | None = None

    @cached_property
    def counting(self) -> Counting:
        """The prior's network, for every method."""
        return Counting(self._plain.denoiser)

    @cached_property
    def _plain(self) -> TorchWorld:
        return spaced_world(self.feature, self.budget.steps, self.budget.spacing)

    @cached_property
    def world(self) -> TorchWorld:
        """Of the solver of second order; its `sample_prior` draws from the pool."""
        return replace(self._plain, denoiser=self.counting, prior=self._drawn)

    @cached_property
    def chain(self) -> TorchWorld:
        """Of the DDPM chain."""
        return replace(self.world, schedule=schedule_of(self.budget.chain, "time"))

    @cached_property
    def offered(self) -> World:
        """The world with its learned potential, if there is one."""
        return self.world if self.offer is None else self.offer(self.world, self.feature)

    @cached_property
    def pooled(self) -> World:
        """The world with the potential of one half of the pool."""
        half = self.pool.pictures(np.arange(len(self.pool))[EVEN])
        return with_pool(self.world, half, self.pool.activation(self.feature)[EVEN])

    @cached_property
    def known_learned(self) -> Predictive:
        """What each level tells of the score, by the plug-in and by the learned potential."""
        return predictive(self.offered, part_seed(self.seed, _KNOWN), self.budget.known)

    @cached_property
    def known(self) -> Predictive:
        """What each level tells of the score, by the plug-in and by the pool's potential."""
        return predictive(self.pooled, part_seed(self.seed, _KNOWN), self.budget.known)

    @cached_property
    def strengths(self) -> Strengths:
        """Of the calibrations, in multipliers of the prior's tilt, which the whole pool tells."""
        tolerance, seed = self.budget.tolerance * self.sd, part_seed(self.seed, _CALIBRATED)
        whole = self.pool.scored(self.feature)
        return Strengths(whole, self.sd, self.lowest, tolerance, seed, self.budget.calibrated)

    def _drawn(self, seed: int, n: int) -> Tensor:
        """From the half that the pool's potential does not know."""
        half = np.arange(len(self.pool))[ODD]
        require(n <= len(half), "n", n, f"<= {len(half)}, half of the pictures of the pool")
        return self.pool.pictures(np.random.default_rng(seed).permutation(half)[:n])


def _energy(c: Contenders, level: float, solver: Solver) -> Contender:
    world = c.world if solver == "2M-SDE" else c.chain
    memory = c.remember(f"{energy_dps.NAME}-{solver}")
    return Contender(c.strengths.energy(world, level, memory, solver), solver, c.budget.n)


def _hybrid(c: Contenders, level: float, world: World, known: Predictive, name: str) -> Contender:
    return Contender(c.strengths.hybrid(world, known, level, c.remember(name)), "2M-SDE", c.budget.n)


def _hybrid_smc(c: Contenders, level: float) -> Contender:
    made = twisted_smc.TwistedSmc(c.pooled, c.budget.steered, c.strengths.multiplier, solver="2M-SDE", known=c.known)
    return Contender(made, "2M-SDE", c.budget.steered)


def _twisted(c: Contenders, level: float) -> Contender:
    made = twisted_smc.TwistedSmc(c.world, c.budget.particles, c.strengths.multiplier, solver="2M-SDE")
    return Contender(made, "2M-SDE", c.budget.particles)


def _steered(c: Contenders, level: float) -> Contender:
    made = twisted_smc.TwistedSmc(
        c.world,
        c.budget.steered,
        c.strengths.multiplier,
        solver="2M-SDE",
        proposal=0.0,
        twist=tuple(c.known.slope.tolist()),
    )
    return Contender(made, "2M-SDE", c.budget.steered)


def _pool(c: Contenders, level: float) -> Contender:
    return Contender(KlscWeights(c.pool.scored(c.feature, EVEN)), None, 0)


ENTRANTS: tuple[Entrant, ...] = (
    Entrant(hybrid.NAME, "2M-SDE", lambda c, level: _hybrid(c, level, c.pooled, c.known, hybrid.NAME), pooled=True),
    Entrant(LEARNED, "2M-SDE", lambda c, level: _hybrid(c, level, c.offered, c.known_learned, LEARNED), costly=True),
    Entrant(twisted_smc.HYBRID, "2M-SDE", _hybrid_smc, pooled=True),
    Entrant(energy_dps.NAME, "2M-SDE", lambda c, level: _energy(c, level, "2M-SDE")),
    Entrant(energy_dps.NAME, "DDPM", lambda c, level: _energy(c, level, "DDPM"), costly=True),
    Entrant(twisted_smc.NAME, "2M-SDE", _twisted),
    Entrant(twisted_smc.STEERING, "2M-SDE", _steered),
    Entrant(POOL, None, _pool, pooled=True),
)
"""In the order of the table. Another method is one more line."""


def learned_offer(features: Sequence[int], folder: Path, steps: int | None, progress: Progress = silent) -> Offer:
    """What gives a world its learned potential; learned at the first call, for all features at once.

    Args:
        features: of the transcoder.
        folder: where the potential is kept.
        steps: of the training; None for as many as usual.
        progress: of the training.
    """
    plan = PLAN if steps is None else replace(PLAN, steps=steps)
    learned = learned_potential(list(features), folder, plan, progress)

    def offer(world: TorchWorld, feature: int) -> World:
        return with_potential(world, learned, list(features).index(feature))

    return offer
