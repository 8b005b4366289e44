"""The samplers of Section 2.2.4 and 2.3 side by side at matched mean score: the numbers of Figure 3.

Every method has the same budget of n points and is calibrated to the target within a tolerance; then it is judged
against the exact KLSC solution with that mean. Beside the paper's three methods: both guidance schedules of
EnergyDPS, KLSC weights on the retrieval pool, the ideal sampler of Theorem G.3, the twisted sampler, and EnergyDPS
guided by the gradient of E[psi(X_0) | x_t], which shows where the factor of two comes from.

Paper: Section 2.2.4, Appendix I, Figure 3.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from distributional_view.theory import Klsc, calibrate_hard, calibrate_klsc
from distributional_view.theory.pools.retrieval import retrieve, reweight_to
from distributional_view.theory.samplers.ascent import Ascent
from distributional_view.theory.samplers.energy_dps import ZetaSchedule, calibrate_strength, energy_dps
from distributional_view.theory.samplers.schedule import NoiseSchedule
from distributional_view.theory.samplers.twisted_smc import twisted
from distributional_view.toy.exact_samples import exact_samples
from distributional_view.toy.ideal import ideal_world, mean_world
from distributional_view.toy.judge import Judge, Verdict, judge_of
from distributional_view.toy.planar import PlanarWorld
from distributional_view.toy.world import TARGETS, World

METHODS = (
    "exact hard",
    "exact KLSC",
    "retrieval",
    "KLSC weights",
    "optimisation",
    "EnergyDPS",
    "EnergyDPS constant",
    "mean-guided",
    "ideal",
    "twisted",
)
BOX = (-5.0, 5.0)
TOLERANCE = {"optimisation": 0.02, "EnergyDPS": 0.005, "EnergyDPS constant": 0.005}


@dataclass(frozen=True)
class Budget:
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


QUICK = Budget(n=2000, steps=100, ideal_steps=50, twisted_steps=50, iterations=20)


@dataclass(frozen=True)
class Result:
    """What a method gave at a target.

    `knob` names its calibrated parameter and value; `weights` is None for equally weighted points; `floor` is what
    exact samples of the same number reach.
    """

    method: str
    target: float
    knob: tuple[str, float]
    points: Float[np.ndarray, "n 2"]
    weights: Float[np.ndarray, " n"] | None
    mean: float
    verdict: Verdict
    notes: dict[str, Any]


def regularizer(x: Float[np.ndarray, "n 2"]) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "n 2"]]:
    """R(x) = x_2^2 and its gradient. Paper: (207)."""
    return x[:, 1] ** 2, np.stack([np.zeros(len(x)), 2 * x[:, 1]], axis=1)


Drawn = tuple[tuple[str, float], Float[np.ndarray, "n 2"], Float[np.ndarray, " n"] | None, dict[str, Any]]


class Comparison:
    """The methods on one world with one seed; `results` runs them.

    Args:
        world: a toy world.
        budget: points and steps.
        seed: of all random numbers; equal seeds give equal results.
    """

    def __init__(self, world: World, budget: Budget, seed: int):
        self.world, self.budget, self.seed = world, budget, seed
        full = NoiseSchedule.linear()
        self.planar = PlanarWorld(world.mixture, world.psi, full.strided(budget.steps), jnp.float32)
        self.shorter = replace_schedule(self.planar, full.strided(budget.ideal_steps))
        self.brief = replace_schedule(self.planar, full.strided(budget.twisted_steps))
        self.noise = self.planar.noise(seed, budget.n)
        self.pool = self.planar.to_numpy(self.planar.sample_prior(seed + 1, budget.n))
        self.pool_scores = np.asarray(world.psi(self.pool))

    def results(
        self, targets: tuple[float, ...] = TARGETS, progress: Callable[[str, int, int], None] = lambda *_: None
    ) -> Iterator[Result]:
        """One result a method and target, in the order of `targets` and `METHODS`."""
        total = len(targets) * len(METHODS)
        for i, target in enumerate(targets):
            klsc = calibrate_klsc(self.world.law, target)
            judge = judge_of(self.world, klsc, self.seed + 1000 + i)
            for j, method in enumerate(METHODS):
                progress(f"{method}, target {target:g}", i * len(METHODS) + j, total)
                yield self._judged(method, target, klsc, judge)
        progress("done", total, total)

    def floor(self, target: float, index: int, replicates: int = 4) -> Verdict:
        """Mean verdict on independent exact samples of the same number."""
        klsc = calibrate_klsc(self.world.law, target)
        judge = judge_of(self.world, klsc, self.seed + 1000 + index)
        runs = [
            judge(exact_samples(self.world, klsc, self.seed + 2000 + 10 * index + r, self.budget.n))
            for r in range(replicates)
        ]
        return Verdict(*np.mean(runs, axis=0).tolist())

    def _judged(self, method: str, target: float, klsc: Klsc, judge: Judge) -> Result:
        knob, points, weights, notes = self._draw(method, target, klsc)
        scores = np.asarray(self.world.psi(points))
        mean = float(scores.mean() if weights is None else weights @ scores)
        return Result(method, target, knob, points, weights, mean, judge(points, weights), notes)

    def _draw(self, method: str, target: float, klsc: Klsc) -> Drawn:
        if method == "exact hard":
            hard = calibrate_hard(self.world.law, target)
            return (
                ("threshold", hard.threshold),
                exact_samples(self.world, hard, self.seed + 3, self.budget.n),
                None,
                {"kl": hard.kl},
            )
        if method == "exact KLSC":
            points = exact_samples(self.world, klsc, self.seed + 4, self.budget.n)
            return ("multiplier", klsc.multiplier), points, None, {"kl": klsc.kl}
        if method == "retrieval":
            kept = retrieve(self.pool_scores, target)
            return ("K", float(len(kept.indices))), self.pool[kept.indices], None, {}
        if method == "KLSC weights":
            found = reweight_to(self.pool_scores, target)
            note = {"effective_size": found.effective_size}
            return ("multiplier", found.multiplier), self.pool, found.weights, note
        if method == "optimisation":
            return self._optimise(target)
        if method in ("EnergyDPS", "EnergyDPS constant"):
            return self._guide(target, "tilt" if method == "EnergyDPS" else "constant")
        if method in ("mean-guided", "ideal"):
            ideal = method == "ideal"
            guided = ideal_world(self.shorter, klsc.multiplier) if ideal else mean_world(self.shorter)
            strength = 1.0 if ideal else klsc.multiplier
            x = energy_dps(guided, guided.noise(self.seed + 5, self.budget.n), strength)
            return ("multiplier", klsc.multiplier), guided.to_numpy(x), None, {}
        end = twisted(self.brief, self.brief.noise(self.seed + 6, self.budget.n), klsc.multiplier, self.seed + 7)
        return (
            ("multiplier", klsc.multiplier),
            self.brief.to_numpy(end.x),
            end.weights,
            {
                "log_partition": end.log_partition,
                "exact_log_partition": klsc.log_partition,
                "effective_size": float(end.effective_sizes[-1]),
                "resampled": end.resampled,
                "ancestors": end.ancestors,
            },
        )

    def _guide(self, target: float, zeta: ZetaSchedule) -> Drawn:
        start = 0.05 if zeta == "tilt" else 4e-4
        tolerance = TOLERANCE["EnergyDPS"]
        found = calibrate_strength(self.planar, self.noise, target, tolerance, zeta, start=start)
        x = energy_dps(self.planar, self.noise, found.knob, zeta)
        return ("strength", found.knob), self.planar.to_numpy(x), None, {"evaluations": found.evaluations}

    def _optimise(self, target: float) -> Drawn:
        starts = np.random.default_rng(self.seed + 8).uniform(*BOX, size=(self.budget.n, 2))
        double = replace(self.planar, dtype=jnp.float64)
        ascent = Ascent(double, regularizer, starts, self.budget.iterations)
        found = ascent.calibrate(target, TOLERANCE["optimisation"], start=1.0)
        ends = ascent.climb(found.knob)
        return (
            ("weight", found.knob),
            double.to_numpy(ends.x),
            None,
            {
                "evaluations": found.evaluations,
                "converged": ends.converged,
            },
        )


def replace_schedule(world: PlanarWorld, schedule: NoiseSchedule) -> PlanarWorld:
    """The same world with other noise levels."""
    return replace(world, schedule=schedule)
