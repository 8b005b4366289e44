"""The methods that are compared on the toy world: those of `theory.methods`, and four that know the exact law.

Paper: Section 2.2.4, Section 2.3, Appendix I.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from distributional_view.theory import Solution, calibrate_hard, calibrate_klsc
from distributional_view.theory.errors import require
from distributional_view.theory.methods import energy_dps, klsc_weights, optimisation, retrieval, twisted_smc
from distributional_view.theory.methods.method import Drawn, Maker, Registry
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers import energy_dps as sampler
from distributional_view.theory.samplers.knobs import Calibrated
from distributional_view.theory.samplers.schedule import NoiseSchedule
from distributional_view.theory.seeds import part_seed
from distributional_view.theory.solutions.hard import Hard
from distributional_view.theory.solutions.klsc import Klsc
from distributional_view.toy.exact_samples import exact_samples
from distributional_view.toy.ideal import ideal_world, mean_world
from distributional_view.toy.planar import PlanarWorld
from distributional_view.toy.world import ToyWorld

NAMES = (
    "exact-hard",
    "exact-KLSC",
    retrieval.NAME,
    klsc_weights.NAME,
    optimisation.NAME,
    energy_dps.NAME,
    energy_dps.CONSTANT,
    "mean-guided",
    "ideal",
    twisted_smc.NAME,
)
BOX = (-5.0, 5.0)
TOLERANCE = {optimisation.NAME: 0.02, energy_dps.NAME: 0.005, energy_dps.CONSTANT: 0.005}
_POOL, _DRAWS = 0, 1  # parts of the seed


@dataclass(frozen=True)
class ComparisonBudget:
    """Numbers of points and steps.

    Args:
        n: points of every method.
        steps: reverse steps of EnergyDPS.
        ideal_steps: reverse steps of the ideal and the mean-guided sampler.
        twisted_steps: reverse steps of the twisted sampler.
        iterations: of the optimiser; with more of them every lambda ends at the maximum of psi (see `figures.fig3`).
    """

    n: int = 20_000
    steps: int = 1000
    ideal_steps: int = 500
    twisted_steps: int = 250
    iterations: int = 20


def regularizer(x: Float[np.ndarray, "n 2"]) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "n 2"]]:
    """R(x) = x_2^2 and its gradient. Paper: (207)."""
    return x[:, 1] ** 2, np.stack([np.zeros(len(x)), 2 * x[:, 1]], axis=1)


def box(seed: int, n: int) -> Float[np.ndarray, "n 2"]:
    """Where ascents start. Paper: I.2."""
    return np.random.default_rng(seed).uniform(*BOX, size=(n, 2))


@dataclass(frozen=True)
class ExactSamples:
    """Independent draws from an exact solution of the toy world; the knob is its threshold or multiplier."""

    world: ToyWorld
    kind: type[Hard] | type[Klsc]
    independent = True

    @property
    def knob_name(self) -> str:
        """By the kind of solution."""
        return "threshold" if self.kind is Hard else "multiplier"

    def calibrate(self, target: float, progress: Progress = silent) -> Calibrated:
        """From the exact law."""
        law = self.world.law
        knob = calibrate_hard(law, target).threshold if self.kind is Hard else calibrate_klsc(law, target).multiplier
        return Calibrated(knob, target, 0)

    def draw(self, knob: float, seed: int, n: int, progress: Progress = silent) -> Drawn:
        """By rejection from p."""
        solution: Solution = self.kind(self.world.law, knob)
        points = exact_samples(self.world, solution, seed, n)
        return Drawn(points, np.asarray(self.world.psi(points)), None, {"kl": solution.kl})


@dataclass(frozen=True)
class ConditionalGuidance:
    """EnergyDPS guided by an average over X_0 given x_t, where the law of the score tells the multiplier.

    Paper: Theorem G.3, Remark G.4.

    Args:
        world: the toy world, for its law.
        guided: multiplier -> the world with that guidance, and the strength at which it samples the tilt.
    """

    world: ToyWorld
    guided: Callable[[float], tuple[PlanarWorld, float]]
    knob_name = "multiplier"
    independent = True

    def calibrate(self, target: float, progress: Progress = silent) -> Calibrated:
        """From the exact law."""
        return Calibrated(calibrate_klsc(self.world.law, target).multiplier, target, 0)

    def draw(self, knob: float, seed: int, n: int, progress: Progress = silent) -> Drawn:
        """n samples."""
        world, strength = self.guided(knob)
        points = world.to_numpy(sampler.energy_dps(world, world.noise(seed, n), strength, progress=progress))
        return Drawn(points, np.asarray(self.world.psi(points)), None, {})


def toy_methods(world: ToyWorld, budget: ComparisonBudget, seed: int) -> Registry:
    """All methods on one world. A method is calibrated with the seed that `draw_seed` gives, and is drawn with it.

    Args:
        world: a toy world.
        budget: points and steps.
        seed: of everything random.
    """
    full = NoiseSchedule.linear()
    planar = PlanarWorld(world.mixture, world.psi, full.strided(budget.steps), jnp.float32)
    shorter = replace(planar, schedule=full.strided(budget.ideal_steps))
    points = planar.to_numpy(planar.sample_prior(part_seed(seed, _POOL), budget.n))
    pool = ScoredPool(np.asarray(world.psi(points)), lambda indices: points[indices])

    def guided(name: str, **options: Any) -> energy_dps.EnergyDps:
        return energy_dps.EnergyDps(planar, TOLERANCE[name], draw_seed(seed, name), budget.n, **options)

    makers: dict[str, Maker] = {
        "exact-hard": partial(ExactSamples, world, Hard),
        "exact-KLSC": partial(ExactSamples, world, Klsc),
        retrieval.NAME: partial(retrieval.Retrieval, pool),
        klsc_weights.NAME: partial(klsc_weights.KlscWeights, pool),
        optimisation.NAME: lambda: optimisation.Optimisation(
            replace(planar, dtype=jnp.float64),
            regularizer,
            box,
            budget.iterations,
            TOLERANCE[optimisation.NAME],
            draw_seed(seed, optimisation.NAME),
            budget.n,
            start=1.0,
        ),
        energy_dps.NAME: partial(guided, energy_dps.NAME, start=0.05),
        energy_dps.CONSTANT: partial(guided, energy_dps.CONSTANT, start=4e-4, zeta_schedule="constant"),
        "mean-guided": lambda: ConditionalGuidance(world, lambda beta: (mean_world(shorter), beta)),
        "ideal": lambda: ConditionalGuidance(world, lambda beta: (ideal_world(shorter, beta), 1.0)),
        twisted_smc.NAME: lambda: twisted_smc.TwistedSmc(
            replace(planar, schedule=full.strided(budget.twisted_steps)),
            budget.n,
            lambda target: calibrate_klsc(world.law, target).multiplier,
        ),
    }
    return Registry({name: makers[name] for name in NAMES})


def draw_seed(seed: int, name: str) -> int:
    """The seed of a method's points, and of its calibration.

    Raises:
        ValueError: for an unknown name.
    """
    require(name in NAMES, "method", name, f"one of {NAMES}")
    return part_seed(seed, _DRAWS, NAMES.index(name))
