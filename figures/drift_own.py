"""Object drift on weights and pictures that the user has: a reference picture or another feature is demanded.

The likeness is the cosine of the backbone's centred pooled features; there are no classes, so that another feature's
activation stands where the embedded world has a word. What is computed and shown: `figures.drift_pictures`; what scores
the pictures: `backends.paradigms.local_drift`. torch is needed.

dview drift --backbone FILE --transcoder FOLDER --images FOLDER --feature N --reference PICTURE [--out results]
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from rich.console import Console

from distributional_view.errors import UserError
from distributional_view.figures.drift_pictures import (
    QUANTILE,
    Demand,
    PictureDrift,
    PictureTask,
    likeness_to,
    priced,
    require_level,
)
from distributional_view.figures.own import SAMPLES, request_of, told
from distributional_view.terminal import Table
from distributional_view.theory.measures.tasks import baseline
from distributional_view.theory.progress import Progress

HEADER = ("task", "E[ψ]", "E[g]", "distortion (nats)", "lower bound", "effective pictures")
STEPS, QUICK_STEPS, QUICK_SAMPLES = 50, 10, 64
"""Reverse steps of the samples, and their number where all is quick."""


@dataclass(frozen=True)
class OwnDrift(PictureDrift):
    """The tasks on one feature of one's own.

    Args:
        level: the quantile at which the activation is held.
        other: the other feature, if there is one.
        reference: file of the reference, if there is one.
        made_of: score, sizes and pictures.
    """

    name: ClassVar[str] = "drift-own"
    level: float
    other: int | None
    reference: str | None
    made_of: Mapping[str, Any]

    @property
    def chosen(self) -> dict[str, Any]:
        """The level and the tasks."""
        return {"level": self.level, "other": self.other, "reference": self.reference}

    def numbers(self) -> dict[str, Any]:
        """With the origin of everything."""
        return {**super().numbers(), "made_of": dict(self.made_of)}

    def table(self) -> Table:
        """A line a task and demand."""
        lines = [_line(task, demand) for task in self.tasks for demand in task.demands]
        note = (
            f"On {self.source}, {len(self.intrinsic.masses)} in all; the activation is held at "
            f"{self.intrinsic.mean:.3g}, the {self.level:g} quantile over --images. The first line of a task is the "
            "tilt, before anything is demanded. Errors: jackknife over the pictures; none where some of them alone "
            "carry the demand."
        )
        return Table(
            f"{self.title}: what a task score costs at the same activation", HEADER, lines, ("task",), 1, note=note
        )


def compute(
    out: Path, feature: int, seed: int, quick: bool, options: Mapping[str, Any], console: Console, progress: Progress
) -> OwnDrift:
    """Exact task-injected solutions on one's own pictures, or on samples of one's own prior.

    Args:
        out: folder of the results; numbers and samples lie in folders of it.
        feature: of the transcoder.
        seed: of the choice of pictures, and of the samples.
        quick: few samples and steps.
        options: of the command, by name.
        console: where is told what the user should know.
        progress: called on the way.

    Raises:
        ImportError: without torch.
        UserError: for no task, a path that is missing, a level out of reach, too few pictures, or a feature that is the
            same on all of them.
        ValueError: for a feature that does not exist.
        OtherRequest: if a folder belongs to something else.
    """
    from distributional_view.backends.paradigms.local_drift import LocalDrift, SampleSizes
    from distributional_view.backends.paradigms.local_seen import SAMPLES as MANY

    other, reference, level = options["other"], options["reference"], options["level"] or QUANTILE
    if other is None and reference is None:
        raise UserError("--reference or --other: one must be given for weights of your own, the task that is demanded")
    if other == feature:
        raise UserError(f"other = {other}: must be another feature than --feature, whose activation is held")
    sizes = None
    if options["prior"] is not None:
        steps = options["steps"] or (QUICK_STEPS if quick else STEPS)
        sizes = SampleSizes(options["samples"] or (QUICK_SAMPLES if quick else MANY), steps)
    else:
        for name in ("samples", "steps"):
            if options[name] is not None:
                raise UserError(f"{name} = {options[name]}: must be left out without a --prior, which is sampled")
    job = out / ("drift-own-job" if sizes is None else f"drift-own-samples-job{'-quick' if quick else ''}")
    file = None if reference is None else Path(reference)
    local = LocalDrift(job, out / SAMPLES, request_of((feature,), options), other, file, sizes, seed, progress)
    told(local.model.said, console)
    found = local.run()
    source = "the folder's pictures" if sizes is None else "the prior's samples"
    target, n = float(np.quantile(found.data, level)), len(found.scores)
    require_level(found.scores, target, level, source)
    intrinsic = baseline(found.scores, target, masses=np.full(n, 1 / n))
    tasks: list[PictureTask] = []
    if found.reference is not None and found.features is not None:
        progress("the reference", 0, 2)
        g = likeness_to(found.features, found.reference[0])
        tasks.append(priced("the reference", "cosine", intrinsic, g, reference=found.reference[1]))
    if found.other is not None:
        progress(f"feature {other}", 1, 2)
        tasks.append(priced(f"feature {other}", "activation", intrinsic, found.other))
    progress("demands", 2, 2)
    places = sorted({place for task in tasks for demand in task.demands for place in demand.places})
    pixels = dict(zip(places, found.pixels(places), strict=True))

    def pictures(wanted: Any) -> Any:
        return np.stack([pixels[int(place)] for place in wanted])

    title = f"feature {feature}"
    return OwnDrift(feature, title, source, intrinsic, tasks, pictures, (), level, other, reference, found.made_of)


def _line(task: PictureTask, demand: Demand) -> tuple[str, ...]:
    step = demand.step
    error = f" ± {demand.se:.2f}" if np.isfinite(demand.se) and step.distortion > 0 else ""
    return (
        task.name,
        f"{step.mean:.3g}",
        f"{step.task_target:.3g}",
        f"{step.distortion:.2f}{error}",
        f"{step.bound:.2f}",
        f"{demand.size:.1f}",
    )
