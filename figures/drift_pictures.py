"""Object drift on pictures: a second score is demanded of a feature's evidence at the same activation.

The tilt of a set of pictures has its mean activation at a level; a task score is added and its mean pushed up while the
activation stays. On a set of pictures the distortion is exact, and so is the paper's bound; what is sampled is the set
itself: errors are those of a jackknife over its parts.

Paper: Figures 2, 10, 11, Definition 2.5, Theorem E.3, Appendix L.5.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from distributional_view.errors import UserError
from distributional_view.figures.artefact import Artefact
from distributional_view.figures.drift_drawn import figure
from distributional_view.figures.levels_path import PARTS, jackknife_error, parts_of, spread
from distributional_view.figures.output import Provenance
from distributional_view.files import finite
from distributional_view.theory.errors import InfeasibleTarget, require
from distributional_view.theory.measures.tasks import Baseline, baseline, distortion, largest_task_mean
from distributional_view.theory.pools.retrieval import effective_size
from distributional_view.toy.drift import Step, sweep

STATEMENTS = ("Definition 2.4", "Definition 2.5", "Lemma E.1", "Lemma F.1", "Theorem E.3", "Appendix L.5")
QUANTILE = 0.95
SHARES = (0.3, 0.6, 0.9)
"""Of the way from E_{q_beta}[g] to the largest E[g] that the pictures allow at this activation."""
CURVE = 10
SHOWN = 8

Vector = Float[np.ndarray, " n"]


@dataclass(frozen=True)
class Demand:
    """One demand: what it costs, with its jackknife error, what is left of the pictures, what they show.

    Args:
        step: the exact solution.
        se: standard error of the distortion, nats.
        size: effective size, pictures.
        classes: share of each class; empty where there are none.
        places: pictures that stand for it.
    """

    step: Step
    se: float
    size: float
    classes: list[float]
    places: list[int]


@dataclass(frozen=True)
class PictureTask:
    """A task score with the price of every demand; the first of `demands` is none: the tilt itself.

    `reference`: pixels of the picture that is asked for, if it is one.
    """

    name: str
    unit: str
    correlation: float
    largest: float
    curve: list[Step]
    demands: list[Demand]
    reference: Any = None


@dataclass(frozen=True)
class PictureDrift(Artefact):
    """The tasks on one feature.

    Args:
        feature: its index.
        title: its name.
        source: what the pictures are, in words.
        intrinsic: the tilt.
        tasks: at least one.
        pictures: places -> pixels in [-1, 1], grey (k, h, w) or colours (k, h, w, 3).
        classes: words for the classes of the pictures; none where there are none.
    """

    name: ClassVar[str]
    feature: int
    title: str
    source: str
    intrinsic: Baseline
    tasks: list[PictureTask]
    pictures: Callable[[Any], Any]
    classes: tuple[str, ...]

    @property
    def chosen(self) -> dict[str, Any]:
        """What the tasks were asked for, for the record."""
        raise NotImplementedError

    @property
    def provenance(self) -> Provenance:
        """No random numbers are drawn for it."""
        held = {"feature": self.feature, "pictures": self.source, "target": self.intrinsic.mean}
        chosen = {**held, **self.chosen, "shares": SHARES}
        return Provenance("object drift on pictures at the same activation", STATEMENTS, chosen, None)

    def numbers(self) -> dict[str, Any]:
        """The tilt, and for both tasks the curve and the drawn demands; an error that is not known is null."""
        intrinsic = self.intrinsic
        size = effective_size(intrinsic.masses)
        found: dict[str, Any] = {
            **self.provenance.as_dict(),
            "intrinsic": {"multiplier": intrinsic.multiplier, "kl": intrinsic.kl, "effective_size": size},
            "tasks": [
                {
                    "task": task.name,
                    "unit": task.unit,
                    "correlation": task.correlation,
                    "largest_task_mean": task.largest,
                    "curve": [_record(step) for step in task.curve],
                    "drawn": [
                        _record(d.step)
                        | {"distortion_se": d.se, "effective_size": d.size, "shown": d.places}
                        | ({"classes": dict(zip(self.classes, d.classes, strict=True))} if self.classes else {})
                        for d in task.demands
                    ],
                }
                for task in self.tasks
            ],
        }
        return dict(finite(found))

    def draw(self) -> dict[str, Figure]:
        """A block a task."""
        return {self.name: figure(self)}


def require_level(scores: Vector, target: float, level: float, source: str) -> None:
    """Raise `UserError` for a level that the pictures do not reach, or that lies at or below their mean.

    Args:
        scores: of the pictures.
        target: the level.
        level: the quantile that it is.
        source: what the pictures are, in words.
    """
    mean, largest = float(scores.mean()), float(scores.max())
    if not mean < target < largest:
        raise UserError(
            f"level = {level:g}: the activation is {target:.4g} there, must be above the mean, {mean:.4g}, and below "
            f"the largest, {largest:.4g}, of {source}, {len(scores)} in all: choose another level, or give more"
        )


def likeness(features: Float[np.ndarray, "n d"], reference: int) -> Vector:
    """The cosine of each picture's features to those of one of them, from the mean of all: in [-1, 1].

    Paper: Appendix L.5 (216). In features in place of pixels.
    """
    return likeness_to(features, features[reference])


def likeness_to(features: Float[np.ndarray, "n d"], reference: Float[np.ndarray, " d"]) -> Vector:
    """The same to any features, such as those of a picture that is not among them."""
    away = features - features.mean(0)
    found: Vector = _units(away) @ _units((reference - features.mean(0))[None])[0]
    return found


def _units(vectors: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def priced(
    name: str,
    unit: str,
    intrinsic: Baseline,
    g: Vector,
    labels: np.ndarray | None = None,
    classes: int = 0,
    reference: Any = None,
) -> PictureTask:
    """The price of every demand on a task score, and what a few demands show.

    Args:
        name, unit: of the task.
        intrinsic: the tilt.
        g: the task score of each picture.
        labels: classes of the pictures; None: there are none.
        classes: how many there are.
        reference: pixels of the picture that is asked for, if it is one.
    """
    q, psi = intrinsic.masses, intrinsic.scores
    start, top = float(q @ g), largest_task_mean(psi, float(q @ psi), task=g, masses=q)
    curve = sweep(intrinsic, g, [start + s * (top - start) for s in np.linspace(0, SHARES[-1], CURVE)])
    drawn = [curve[0], *sweep(intrinsic, g, [start + s * (top - start) for s in SHARES])]
    demands = [
        Demand(
            step,
            jackknife(intrinsic, g, step.task_target) if step.distortion > 0 else 0.0,
            effective_size(step.masses),
            [] if labels is None else np.bincount(labels, weights=step.masses, minlength=classes).tolist(),
            spread(psi, step.masses, SHOWN).tolist(),
        )
        for step in drawn
    ]
    centred = np.stack([psi - q @ psi, g - start])
    covariance = (centred * q) @ centred.T
    correlation = float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))
    return PictureTask(name, unit, correlation, top, curve, demands, reference)


def jackknife(intrinsic: Baseline, g: Vector, demand: float, parts: int = PARTS) -> float:
    """The standard error of a distortion: each part of the pictures is left out in turn, the tilt calibrated again.

    A part without which the demand is out of reach is as far as one can tell; then the error is infinite.

    Raises:
        ValueError: for fewer than two parts.
    """
    require(parts >= 2, "parts", parts, ">= 2")
    place, values = parts_of(len(g), parts), []
    for left_out in range(parts):
        kept = place != left_out
        masses = np.full(int(kept.sum()), 1 / kept.sum())
        try:
            without = baseline(intrinsic.scores[kept], intrinsic.mean, masses=masses)
            values.append(distortion(without, g[kept], demand).value)
        except InfeasibleTarget:
            return float("inf")
    return float(jackknife_error(np.array(values)))


def _record(step: Step) -> dict[str, float]:
    return {name: value for name, value in step._asdict().items() if name != "masses"}


def largest_classes(classes: Sequence[str], shares: Sequence[float], most: int = 3) -> str:
    """The classes of the largest shares, in words."""
    order = np.argsort(-np.asarray(shares), kind="stable")[:most]
    return ", ".join(f"{classes[c]} {shares[c]:.0%}" for c in order if shares[c] >= 0.02)
