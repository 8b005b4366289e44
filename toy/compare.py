"""The samplers of Section 2.2.4 and 2.3 side by side at matched mean score: the numbers of Figure 3.

Every method has the same budget of n points and is calibrated to the target within a tolerance; then it is judged
against the exact KLSC solution with that mean. Beside the paper's three methods: both guidance schedules of
EnergyDPS, KLSC weights on the retrieval pool, the ideal sampler of Theorem G.3, the twisted sampler, and EnergyDPS
guided by the gradient of E[psi(X_0) | x_t], which shows where the factor of two comes from.

Paper: Section 2.2.4, Appendix I, Figure 3.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from distributional_view.theory import Klsc, calibrate_klsc
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.seeds import part_seed
from distributional_view.toy.exact_samples import exact_samples
from distributional_view.toy.judge import Judge, Verdict, judge_of
from distributional_view.toy.methods import NAMES as METHODS
from distributional_view.toy.methods import ComparisonBudget, draw_seed, toy_methods
from distributional_view.toy.planar import as_numpy
from distributional_view.toy.world import TARGETS, ToyWorld

__all__ = ["METHODS", "QUICK", "Comparison", "ComparisonBudget", "Result"]
QUICK = ComparisonBudget(n=2000, steps=100, ideal_steps=50, twisted_steps=50, iterations=20)
_JUDGE, _FLOOR = 2, 3  # parts of the seed, after those of `toy.methods`


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


class Comparison:
    """The methods on one world with one seed; `results` runs them.

    Args:
        world: a toy world.
        budget: points and steps.
        seed: of all random numbers; equal seeds give equal results.
    """

    def __init__(self, world: ToyWorld, budget: ComparisonBudget, seed: int):
        self.world, self.budget, self.seed = world, budget, seed
        self.methods = toy_methods(world, budget, seed)

    def results(self, targets: tuple[float, ...] = TARGETS, progress: Progress = silent) -> Iterator[Result]:
        """One result a method and target, in the order of `targets` and `METHODS`."""
        total = len(targets) * len(METHODS)
        for i, target in enumerate(targets):
            klsc = calibrate_klsc(self.world.law, target)
            judge = self._judge(klsc, i)
            for j, name in enumerate(METHODS):
                progress(f"{name}, target {target:g}", i * len(METHODS) + j, total)
                yield self._result(name, target, klsc, judge)
        progress("done", total, total)

    def floor(self, target: float, index: int, replicates: int = 4) -> Verdict:
        """Mean verdict on independent exact samples of the same number."""
        klsc = calibrate_klsc(self.world.law, target)
        judge = self._judge(klsc, index)
        runs = [
            judge(exact_samples(self.world, klsc, part_seed(self.seed, _FLOOR, index, r), self.budget.n))
            for r in range(replicates)
        ]
        return Verdict(*np.mean(runs, axis=0).tolist())

    def _judge(self, klsc: Klsc, index: int) -> Judge:
        return judge_of(self.world, klsc, part_seed(self.seed, _JUDGE, index))

    def _result(self, name: str, target: float, klsc: Klsc, judge: Judge) -> Result:
        method = self.methods.make(name)
        found = method.calibrate(target)
        drawn = method.draw(found.knob, draw_seed(self.seed, name), self.budget.n)
        points = as_numpy(drawn.points)
        notes = dict(drawn.notes) | ({"evaluations": found.evaluations} if found.evaluations else {})
        if "log_partition" in notes:
            notes["exact_log_partition"] = klsc.log_partition
        return Result(
            name,
            target,
            (method.knob_name, found.knob),
            points,
            drawn.weights,
            drawn.mean,
            judge(points, drawn.weights),
            notes,
        )
