"""Object drift on pictures: a word or a reference picture is demanded of a feature's evidence at the same activation.

The tilt of the data (or of a pool of the prior's samples) has its mean activation at a level; a task score is added and
its mean pushed up while the activation stays: log P(word | x) of the embedded classifier, or the likeness to one
picture, the cosine of the classifier's centred features. On a set of pictures the distortion is exact, and so is the
paper's bound; what is sampled is the set itself: errors are those of a jackknife over its parts.

Paper: Figures 2, 10, 11, Definition 2.5, Theorem E.3, Appendix L.5.

dview drift --embedded [--feature 457] [--word horse] [--reference 12] [--pool results/prior-pool] [--out results]
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from scipy.special import log_softmax

from distributional_view.errors import UserError
from distributional_view.figures.artefact import Artefact
from distributional_view.figures.drift_embedded_drawn import figure
from distributional_view.figures.levels_path import PARTS, jackknife_error, parts_of, spread
from distributional_view.figures.output import Provenance
from distributional_view.files import finite
from distributional_view.theory.errors import InfeasibleTarget, require
from distributional_view.theory.measures.tasks import Baseline, baseline, distortion, largest_task_mean
from distributional_view.theory.pools.retrieval import effective_size
from distributional_view.theory.progress import Progress, silent
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
        classes: share of each class.
        places: pictures that stand for it.
    """

    step: Step
    se: float
    size: float
    classes: list[float]
    places: list[int]


@dataclass(frozen=True)
class PictureTask:
    """A task score with the price of every demand; the first of `demands` is none: the tilt itself."""

    name: str
    unit: str
    correlation: float
    largest: float
    curve: list[Step]
    demands: list[Demand]


@dataclass(frozen=True)
class EmbeddedDrift(Artefact):
    """Both tasks on one feature."""

    name: ClassVar[str] = "drift-embedded"
    feature: int
    title: str
    source: str
    word: str
    reference: int
    classes: tuple[str, ...]
    intrinsic: Baseline
    tasks: list[PictureTask]
    pictures: Callable[[Any], Any]

    @property
    def provenance(self) -> Provenance:
        """No random numbers are drawn."""
        chosen = {
            "feature": self.feature,
            "pictures": self.source,
            "target": self.intrinsic.mean,
            "word": self.word,
            "reference": self.reference,
            "shares": SHARES,
        }
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
                        | {"classes": dict(zip(self.classes, d.classes, strict=True))}
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


def compute(
    feature: int,
    pool: Path | None = None,
    word: str | None = None,
    reference: int | None = None,
    progress: Progress = silent,
) -> EmbeddedDrift:
    """Exact task-injected solutions on the pictures of the embedded world.

    Args:
        feature: of its transcoder; the activation is held at the 95 % quantile over the data.
        pool: folder of `dview embedded-pool`; None: the data's pictures.
        word: a class; None: the one that the tilt shows second most.
        reference: place of a picture in the set; None: the word's picture whose own score is nearest to the level.
        progress: called on the way.

    Raises:
        UserError: for a word that is no class, a picture that is not there, or a folder without a pool of this prior.
        ValueError: for a feature that does not exist.
        ImportError: without torch.
    """
    from distributional_view.backends.embedded.animals import CLASSES
    from distributional_view.backends.embedded.described import data_described, pool_described
    from distributional_view.backends.embedded.prior_pool import kept_pool
    from distributional_view.figures.levels_source import embedded_names

    if word is not None and word not in CLASSES:
        raise UserError(f"word = {word!r}: must be one of {', '.join(CLASSES)}")
    progress("pictures", 0, 3)
    samples = None if pool is None else kept_pool(pool)
    data = data_described(feature)
    target = float(np.quantile(data.scores, QUANTILE))
    found = data if samples is None else pool_described(samples, feature)
    n = len(found.scores)
    if reference is not None and not 0 <= reference < n:
        raise UserError(f"reference = {reference}: must be in 0..{n - 1}, the pictures of the set")
    intrinsic = baseline(found.scores, target, masses=np.full(n, 1 / n))
    labels = found.words[:, 0]
    shares = np.bincount(labels, weights=intrinsic.masses, minlength=len(CLASSES))
    said = CLASSES[np.argsort(-shares)[1]] if word is None else word
    if reference is None:
        of_word = np.flatnonzero(labels == CLASSES.index(said))
        reference = int(of_word[np.argmin(np.abs(found.scores[of_word] - target))])
    scores = {
        f"the word {said}": ("nats", np.asarray(log_softmax(found.logits, axis=1)[:, CLASSES.index(said)])),
        "the reference": ("cosine", likeness(found.pooled, reference)),
    }
    tasks: list[PictureTask] = []
    for name, (unit, g) in scores.items():
        progress(name, 1 + len(tasks), 3)
        tasks.append(priced(name, unit, intrinsic, g, labels, len(CLASSES)))
    title = embedded_names([feature])[feature]
    source = "the data" if pool is None else "the prior's samples"
    return EmbeddedDrift(
        feature, title, source, said, reference, CLASSES, intrinsic, tasks, lambda i: found.pictures(i)[:, 0]
    )


def likeness(features: Float[np.ndarray, "n d"], reference: int) -> Vector:
    """The cosine of each picture's features to those of one of them, from the mean of all: in [-1, 1].

    Paper: Appendix L.5 (216). In features in place of pixels.
    """
    away = features - features.mean(0)
    units = away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-12)
    found: Vector = units @ units[reference]
    return found


def priced(name: str, unit: str, intrinsic: Baseline, g: Vector, labels: np.ndarray, classes: int) -> PictureTask:
    """The price of every demand on a task score, and what a few demands show.

    Args:
        name, unit: of the task.
        intrinsic: the tilt.
        g: the task score of each picture.
        labels: classes of the pictures.
        classes: how many there are.
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
            np.bincount(labels, weights=step.masses, minlength=classes).tolist(),
            spread(psi, step.masses, SHOWN).tolist(),
        )
        for step in drawn
    ]
    centred = np.stack([psi - q @ psi, g - start])
    covariance = (centred * q) @ centred.T
    correlation = float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))
    return PictureTask(name, unit, correlation, top, curve, demands)


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
