"""The methods that the embedded experiment compares, each brought to a mean activation of one feature."""

from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import torch
from jaxtyping import Float, Int

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.embedded.judge_methods import Offer
from distributional_view.backends.embedded.layer import load_layer
from distributional_view.backends.embedded.learned import unseen
from distributional_view.backends.embedded.measures import features_and_logits
from distributional_view.backends.embedded.smoothness import smoothness
from distributional_view.backends.embedded.world import embedded_world, pictures
from distributional_view.backends.measures.alike import usual_distance
from distributional_view.theory.methods import energy_dps, hybrid, klsc_weights, optimisation, retrieval, twisted_smc
from distributional_view.theory.methods.method import Registry, in_memory
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.pools.retrieval import reweight_to
from distributional_view.theory.samplers.potential import Predictive, predictive
from distributional_view.theory.samplers.solvers import Solver
from distributional_view.theory.seeds import part_seed

METHODS = (
    retrieval.NAME,
    klsc_weights.NAME,
    optimisation.NAME,
    energy_dps.NAME,
    twisted_smc.NAME,
    hybrid.NAME,
    twisted_smc.STEERING,
)
SOLVER: Solver = "DDPM"
"""Of the reverse steps of EnergyDPS and of the twisted sampler, evenly in time: in few steps of second order the
plug-in cannot always be calibrated. The two others take few steps of second order, evenly in log-SNR."""
_GUIDED, _CLIMBED = 0, 1  # parts of the seed
_KNOWN = 4  # after those of `experiment`


@dataclass(frozen=True)
class ExperimentBudget:
    """Sizes of the experiment.

    Args:
        quantiles: levels, as quantiles of the feature's activation over all pictures.
        features: how many of the named features, in their order.
        n: pictures a cell and seed.
        particles: of the twisted sampler, >= n; n of them are drawn by weight.
        seeds: repetitions.
        steps: reverse steps of the prior, for EnergyDPS and the twisted sampler.
        few: reverse steps of second order, for the hybrid guidance and for steering.
        steered: particles of the steering, >= n.
        known: pictures on which it is measured how much each level knows.
        training: steps of the learned potential's training; None for as many as usual.
        iterations: of the optimiser.
        tolerance: of a calibrated mean, in standard deviations of the activation over all pictures.
        margin_sd: of the boundary mass, in the same unit.
        start: strength at which a calibration begins, one over the same unit.
    """

    quantiles: tuple[float, ...] = (0.8, 0.9, 0.95, 0.99)
    features: int = 6
    n: int = 24
    particles: int = 48
    seeds: int = 3
    steps: int = 50
    few: int = 20
    steered: int = 96
    known: int = 300
    training: int | None = None
    iterations: int = 30
    tolerance: float = 0.05
    margin_sd: float = 0.1
    start: float = 1.0


QUICK = ExperimentBudget(
    quantiles=(0.8, 0.95),
    features=2,
    n=4,
    particles=6,
    seeds=2,
    steps=8,
    few=8,
    steered=6,
    known=30,
    training=20,
    iterations=4,
    tolerance=0.5,
)


class Shared:
    """What all features need: pictures, their features at both ends of the classifier, the classifier."""

    def __init__(self) -> None:
        self.images, self.layer = pictures().images, load_layer()
        self.classifier = self.layer.classifier
        self.reference, self.logits = features_and_logits(self.classifier, self.images)
        pairs = torch.randint(len(self.images), (2000, 2), generator=torch.Generator().manual_seed(0))
        self.usual = usual_distance(self.images, pairs)

    @property
    def labels(self) -> Int[np.ndarray, " pool"]:
        """The class that the classifier gives each picture."""
        found: Int[np.ndarray, " pool"] = self.logits.argmax(1).numpy()
        return found

    def activation(self, feature: int) -> Float[np.ndarray, " pool"]:
        """The feature's activation on every picture; see `Layer`."""
        return self.layer.activation(feature)


@cache
def shared() -> Shared:
    """One for the process."""
    return Shared()


@dataclass(frozen=True)
class FeatureMethods:
    """One feature's methods. They are calibrated with common random numbers and drawn with others.

    Args:
        world: the prior with the feature's activation as score, on the chain of many steps.
        pool: all pictures with their activations.
        levels: mean activations wanted.
        registry: makes the methods.
    """

    world: TorchWorld
    pool: ScoredPool
    levels: tuple[float, ...]
    registry: Registry

    @property
    def sd(self) -> float:
        """Standard deviation of the activation over the pool: the unit of tolerances."""
        return float(self.pool.scores.std())


def feature_methods(
    feature: int, shared: Shared, budget: ExperimentBudget, seed: int, offer: Offer | None = None
) -> FeatureMethods:
    """All of `METHODS` for one feature of the embedded transcoder.

    Args:
        feature: its index.
        shared: pictures and networks.
        budget: sizes.
        seed: of the calibrations.
        offer: gives the world of few steps its learned potential; None: the hybrid is the shrunken plug-in alone.
    """
    world = embedded_world(feature, budget.steps, "time")
    scores = shared.activation(feature)
    pool = ScoredPool(scores, lambda indices: shared.images[torch.as_tensor(indices)])
    sd = float(scores.std())
    tolerance = budget.tolerance * sd

    def starts(seed: int, n: int) -> Float[np.ndarray, "n c h w"]:
        return 0.1 * np.random.default_rng(seed).normal(size=(n, *world.shape)) - 0.5

    climbing = optimisation.Optimisation(
        world, smoothness, starts, budget.iterations, tolerance, part_seed(seed, _CLIMBED), budget.n
    )
    guided = energy_dps.EnergyDps(
        world, tolerance, part_seed(seed, _GUIDED), budget.n, budget.start / sd, remember=in_memory({}), solver=SOLVER
    )
    few = unseen(embedded_world(feature, budget.few))
    offered = few if offer is None else offer(few, feature)

    @cache
    def known() -> Predictive:
        return predictive(offered, part_seed(seed, _KNOWN), budget.known)

    def multiplier(target: float) -> float:
        return reweight_to(scores, target).multiplier

    def mixed() -> hybrid.HybridGuidance:
        common = part_seed(seed, _GUIDED)
        start, remember = 0.25 / sd, in_memory(mixed_runs)
        return hybrid.HybridGuidance(offered, known(), None, tolerance, common, budget.n, start, remember)

    def steered() -> twisted_smc.TwistedSmc:
        twist = tuple(known().slope.tolist())
        return twisted_smc.TwistedSmc(few, budget.steered, multiplier, solver="2M-SDE", proposal=0.0, twist=twist)

    mixed_runs: dict[float, float] = {}
    filtered = twisted_smc.TwistedSmc(world, budget.particles, multiplier, solver=SOLVER)
    registry = Registry(
        {
            retrieval.NAME: partial(retrieval.Retrieval, pool),
            klsc_weights.NAME: partial(klsc_weights.KlscWeights, pool),
            optimisation.NAME: lambda: climbing,
            energy_dps.NAME: lambda: guided,
            twisted_smc.NAME: lambda: filtered,
            hybrid.NAME: mixed,
            twisted_smc.STEERING: steered,
        }
    )
    return FeatureMethods(world, pool, tuple(float(np.quantile(scores, q)) for q in budget.quantiles), registry)
