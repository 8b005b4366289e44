"""The methods that the embedded experiment compares, each brought to a mean activation of one feature.

Top-k and KLSC weights on the pool of pictures, optimisation with regularisation, EnergyDPS, and the twisted sampler
with the multiplier of the KLSC weights.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.adapter.feature import Mix
from distributional_view.backends.embedded.measures import pooled, usual_distance
from distributional_view.backends.embedded.smoothness import smoothness
from distributional_view.backends.embedded.store import load_classifier, load_transcoder
from distributional_view.backends.embedded.world import embedded_world, pictures
from distributional_view.backends.explain.job import chosen_for, part_seed
from distributional_view.theory.errors import CalibrationFailed
from distributional_view.theory.pools.retrieval import retrieve, reweight_to
from distributional_view.theory.samplers.ascent import Ascent
from distributional_view.theory.samplers.energy_dps import energy_dps
from distributional_view.theory.samplers.knobs import calibrate_knob
from distributional_view.theory.samplers.twisted_smc import twisted

METHODS = ("top-k", "KLSC weights", "optimisation", "EnergyDPS", "twisted")
Sampler = Callable[[int], Tensor]
"""Seed -> pictures."""


@dataclass(frozen=True)
class Budget:
    """Sizes of the experiment.

    Args:
        quantiles: levels, as quantiles of the feature's activation over all pictures.
        features: how many of the named features, in their order.
        n: pictures a cell and seed.
        particles: of the twisted sampler, >= n; n of them are drawn by weight.
        seeds: repetitions.
        steps: reverse steps of the prior.
        iterations: of the optimiser.
        tolerance: of a calibrated mean, in standard deviations of the activation over all pictures.
        margin: of the boundary mass, in the same unit.
        start: strength at which a calibration begins, one over the same unit.
    """

    quantiles: tuple[float, ...] = (0.8, 0.9, 0.95, 0.99)
    features: int = 6
    n: int = 24
    particles: int = 48
    seeds: int = 3
    steps: int = 50
    iterations: int = 30
    tolerance: float = 0.05
    margin: float = 0.1
    start: float = 1.0


QUICK = Budget(quantiles=(0.8, 0.95), features=2, n=4, particles=6, seeds=2, steps=8, iterations=4, tolerance=0.5)


class Shared:
    """What all features need: pictures, their features at both ends of the classifier, the classifier."""

    def __init__(self) -> None:
        self.images, self.classifier = pictures().images, load_classifier()
        self.transcoder, hook = load_transcoder()
        with torch.no_grad():
            self.hooked = torch.cat([self.classifier.features(part, hook) for part in self.images.split(500)])
        self.reference = pooled(self.classifier, self.images)
        pairs = torch.randint(len(self.images), (2000, 2), generator=torch.Generator().manual_seed(0))
        self.usual = usual_distance(self.images, pairs)

    def activation(self, feature: int) -> Float[np.ndarray, " pool"]:
        """The feature's activation on every picture: `feature_score`, with the classifier's part done once."""
        everywhere = (slice(None), slice(None))
        with torch.no_grad():
            return Mix()(self.transcoder.feature_pre_activation(self.hooked, feature, everywhere)).double().numpy()


@cache
def shared() -> Shared:
    """One for the process."""
    return Shared()


class Methods:
    """One feature's samplers. They are calibrated with common random numbers and drawn with others."""

    def __init__(self, feature: int, shared: Shared, budget: Budget, seed: int) -> None:
        self.shared, self.budget, self.seed = shared, budget, seed
        self.world = embedded_world(feature, budget.steps)
        self.pool = shared.activation(feature)
        self.spread = float(self.pool.std())
        self.known: dict[float, float] = {}

    @cached_property
    def levels(self) -> list[float]:
        """Mean activations wanted."""
        return [float(np.quantile(self.pool, q)) for q in self.budget.quantiles]

    def sampler(self, method: str, level: float) -> tuple[float, Sampler, str | None]:
        """The calibrated knob (K, multiplier, weight or strength), draws from the method, and what went wrong."""
        if method == "top-k":
            kept = retrieve(self.pool, level).indices
            weights = np.zeros(len(self.pool))
            weights[kept] = 1 / len(kept)
            return float(len(kept)), self._from_pool(weights), None
        if method == "KLSC weights":
            found = reweight_to(self.pool, level)
            return found.multiplier, self._from_pool(found.weights), None
        if method == "twisted":
            return self._twisted(reweight_to(self.pool, level).multiplier)
        return self._optimised(level) if method == "optimisation" else self._guided(level)

    def _from_pool(self, weights: Float[np.ndarray, " pool"]) -> Sampler:
        n = min(self.budget.n, int(np.count_nonzero(weights)))
        return lambda seed: self.shared.images[torch.as_tensor(chosen_for(weights, self.pool, n, seed))]

    def _guided(self, level: float) -> tuple[float, Sampler, str | None]:
        noise = self.world.noise(part_seed(self.seed, 0), self.budget.n)

        def mean_at(strength: float) -> float:
            if strength not in self.known:
                self.known[strength] = float(self.world.score(energy_dps(self.world, noise, strength)).double().mean())
            return self.known[strength]

        strength, problem = self._calibrated(mean_at, level, self.budget.start / self.spread, "strength")
        return strength, lambda seed: energy_dps(self.world, self.world.noise(seed, self.budget.n), strength), problem

    def _twisted(self, multiplier: float) -> tuple[float, Sampler, str | None]:
        def draw(seed: int) -> Tensor:
            end = twisted(self.world, self.world.noise(seed, self.budget.particles), multiplier, seed)
            scores = self.world.to_numpy(self.world.score(end.x))
            chosen: Tensor = end.x[torch.as_tensor(chosen_for(end.weights, scores, self.budget.n, seed))]
            return chosen

        return multiplier, draw, None

    def _optimised(self, level: float) -> tuple[float, Sampler, str | None]:
        def ascent(seed: int) -> Ascent:
            starts = 0.1 * np.random.default_rng(seed).normal(size=(self.budget.n, *self.world.shape)) - 0.5
            return Ascent(self.world, smoothness, starts, self.budget.iterations)

        first = ascent(part_seed(self.seed, 1))
        weight, problem = self._calibrated(lambda w: float(first.climb(w).scores.mean()), level, 0.1, "weight")
        return weight, lambda seed: ascent(seed).climb(weight).x, problem

    def _calibrated(
        self, mean_at: Callable[[float], float], level: float, start: float, name: str
    ) -> tuple[float, str | None]:
        means: dict[float, float] = {}

        def kept(knob: float) -> float:
            means[knob] = mean_at(knob)
            return means[knob]

        try:
            return calibrate_knob(kept, level, self.budget.tolerance * self.spread, start, name).knob, None
        except CalibrationFailed as failure:  # shown as it is, at the nearest mean
            return min(means, key=lambda knob: abs(means[knob] - level)), str(failure)
