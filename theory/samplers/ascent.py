"""Optimisation with regularisation, the classical feature visualisation, as a mode-seeking sampler.

Each start climbs J(x) = psi(x) - lambda R(x); where it ends is a "sample". J's maximisers are the modes of
the Gibbs law pi proportional to exp(J), in which exp(-lambda R) plays the part of the prior; the tempered laws
proportional to exp(J/T) concentrate on them as T falls. The ascent is L-BFGS-B of scipy on all starts at once: J of the
batch is the sum of the J of its points.

Paper: Lemma F.2 (18)-(19), (161)-(164), Appendix I.2 (207).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress
from distributional_view.theory.samplers.knobs import Calibrated, calibrate_knob
from distributional_view.theory.samplers.world import Points, World

Values = Float[np.ndarray, " n"]
Batch = Float[np.ndarray, "n ..."]
Regularizer = Callable[[Batch], tuple[Values, Batch]]
"""R and its gradient at points (n, ...)."""


class Climbed(NamedTuple):
    """Where the starts ended, the objective and the score there, and how many evaluations it took.

    `converged` says whether the optimiser met its own criterion or ran out of iterations.

    Example:
        >>> half_square = lambda x: ((x**2).sum(1) / 2, x)
        >>> Ascent(world, half_square, np.array([[-1.0], [2.0]]), 50).climb(1.0).converged
        True
    """

    x: Points
    objective: Values
    scores: Values
    evaluations: int
    converged: bool


@dataclass(frozen=True)
class Ascent:
    """The method without its knob lambda.

    Args:
        world: supplies psi and its gradient at clean points.
        regularizer: R with its gradient.
        starts: where the ascents begin, at least one.
        iterations: most steps of the optimiser; the method's budget.

    Raises:
        ValueError: if there is no start, one that is not finite, or no iteration.

    Example:
        >>> half_square = lambda x: ((x**2).sum(1) / 2, x)
        >>> Ascent(world, half_square, np.array([[-1.0], [2.0]]), 50).climb(1.0).x.round(3).tolist()
        [[1.0], [1.0]]
    """

    world: World
    regularizer: Regularizer
    starts: Batch
    iterations: int

    def __post_init__(self) -> None:
        ok = len(self.starts) > 0 and bool(np.isfinite(self.starts).all())
        require(ok, "starts", self.starts, "at least one finite point")
        require(self.iterations >= 1, "iterations", self.iterations, ">= 1")

    def objective(self, x: Batch, penalty: float) -> tuple[Values, Batch]:
        """J = psi - lambda R and its gradient at points."""
        scores, gradient = self.world.score_gradient(self.world.from_numpy(x))
        regularizer, slope = self.regularizer(x)
        values = self.world.to_numpy(scores) - penalty * regularizer
        return values, self.world.to_numpy(gradient) - penalty * slope

    def climb(self, penalty: float) -> Climbed:
        """The ends of all ascents for lambda = `penalty` >= 0.

        Raises:
            ValueError: for a penalty that is negative or not finite.
        """
        require(math.isfinite(penalty) and penalty >= 0, "penalty", penalty, "finite and >= 0")
        shape = self.starts.shape

        def loss(flat: Float[np.ndarray, " m"]) -> tuple[float, Float[np.ndarray, " m"]]:
            values, gradient = self.objective(flat.reshape(shape), penalty)
            return -float(values.sum()), -gradient.ravel()

        found = minimize(
            loss,
            self.starts.ravel(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": self.iterations, "maxfun": 10 * self.iterations},
        )
        x = found.x.reshape(shape)
        points = self.world.from_numpy(x)
        scores = self.world.to_numpy(self.world.score(points))
        return Climbed(points, self.objective(x, penalty)[0], scores, int(found.nfev), bool(found.success))

    def calibrate(
        self, target: float, tolerance: float, start: float = 0.1, progress: Progress | None = None
    ) -> Calibrated:
        """The lambda at which the mean score of the ends is the target. Paper: Appendix I.2.

        Raises:
            CalibrationFailed: if no lambda does; says the bracket and the achieved range.
        """
        return calibrate_knob(
            lambda penalty: float(self.climb(penalty).scores.mean()), target, tolerance, start, "penalty", progress
        )


def gibbs_log_density(objective: Values, temperature: float = 1.0) -> Values:
    """log of the tempered Gibbs density exp(J/T), up to its constant, in nats. Paper: Lemma F.2 (19), (163).

    Raises:
        ValueError: unless the temperature is finite and positive.
    """
    require(math.isfinite(temperature) and temperature > 0, "temperature", temperature, "finite and > 0")
    return objective / temperature
