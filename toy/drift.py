"""Object drift on the toy world: a task score pulls the solution away while E[psi] stays where it is.

Two task scores stand for the paper's two: a text-like one, the log-probability of a label given the point (the label
is one of the modes), and a point reference, minus the mean squared error to one image. Both have supremum 0.
Paper: Section 2.2.3, Definitions 2.4, 2.5, Lemma E.1, Theorem E.3, Appendix L.5 (215)-(216).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import log_softmax

from distributional_view.theory import calibrate_klsc
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.measures.finite import reweight
from distributional_view.theory.measures.tasks import Baseline, distortion, distortion_bound
from distributional_view.toy.world import ToyWorld


def label_score(world: ToyWorld, mode: int, x: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n"]:
    """g(x) = log P(mode | x) in nats, the log of the mode's responsibility for x. Paper: Definition 2.4 (13)."""
    means = np.asarray(world.mixture.means, np.float64)
    logs = np.log(np.asarray(world.mixture.weights, np.float64))
    logs = logs - 0.5 * ((x[..., None, :] - means) ** 2).sum(-1) / world.sigma**2
    return np.asarray(log_softmax(logs, axis=-1)[..., mode])


def reference_score(reference: Float[np.ndarray, " 2"], x: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n"]:
    """g(x) = -|x - x_ref|^2/n with n = 2 coordinates, in squared lengths. Paper: Appendix L.5 (216)."""
    return -((x - reference) ** 2).mean(-1)


def reference_at(world: ToyWorld, target: float) -> Float[np.ndarray, " 2"]:
    """A point on the circle of the modes whose own score is the target, on the far side of the first mode."""
    angle = min(world.psi.angles_at(target))
    return world.radius * np.array([np.cos(angle), np.sin(angle)])


class Step(NamedTuple):
    """One demand kappa: what it costs, what the paper's bound says, and the solution's multipliers relative to p.

    `free_mean` is E[psi] of the solution behind the bound, which lets psi go; the exact one holds it.
    """

    task_target: float
    distortion: float
    bound: float
    mean: float
    free_mean: float
    multiplier: float
    task_multiplier: float
    masses: Float[np.ndarray, " n"]


def sweep(intrinsic: Baseline, task: Float[np.ndarray, " n"], task_targets: Sequence[float]) -> list[Step]:
    """Exact distortions and bounds at each demand on E[g]. Paper: Definition 2.5 (15), Theorem E.3 (16).

    Args:
        intrinsic: q_beta on the points where `task` is given.
        task: g at the points.
        task_targets: values of kappa.

    Raises:
        InfeasibleTarget: if a demand is out of reach at this E[psi].
    """
    steps = []
    for task_target in task_targets:
        exact = distortion(intrinsic, task, task_target)
        free = calibrate_klsc(AtomicLaw(task, masses=intrinsic.masses), task_target)
        steps.append(
            Step(
                task_target,
                exact.value,
                distortion_bound(intrinsic, task, task_target),
                float(exact.masses @ intrinsic.scores),
                float(reweight(task, free, masses=intrinsic.masses) @ intrinsic.scores),
                intrinsic.multiplier + exact.shift,
                exact.task_multiplier,
                exact.masses,
            )
        )
    return steps
