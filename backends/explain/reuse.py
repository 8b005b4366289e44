"""The pictures of a calibration, so that the chosen knob need not be run again.

All runs share their noise, and the knob is turned until *these* pictures have the target as mean. They are samples of
the method like any others, but their mean tells nothing of how well the knob holds; fresh ones do.
"""

import json
from typing import Any

import numpy as np

from distributional_view.files import finite
from distributional_view.jobs import Job
from distributional_view.sealed import read_sealed_arrays, seal_of, write_sealed_arrays
from distributional_view.theory.methods.method import Drawn, Watch

CALIBRATED = "calibrated.npz"
"""The file."""


def nearest(job: Job, target: float) -> Watch:
    """A watcher that keeps the run whose mean is nearest to the target, the first of equals."""
    path = job.folder / CALIBRATED

    def watch(knob: float, drawn: Drawn) -> None:
        gap = abs(drawn.mean - target)
        if path.exists() and seal_of(path, job.token)["gap"] <= gap:
            return
        images = drawn.points.cpu().numpy().astype(np.float32)
        notes = json.dumps(finite(dict(drawn.notes)), allow_nan=False)
        content = {"images": images, "scores": drawn.scores, "notes": notes}
        write_sealed_arrays(path, content, job.token, knob=knob, gap=gap)

    return watch


def of_calibration(job: Job, knob: float, n: int) -> dict[str, Any] | None:
    """The first n pictures and scores at this knob, or as many as there are; None if another one was kept.

    Raises:
        UserError: if the file is damaged or of another job.
    """
    path = job.folder / CALIBRATED
    if not path.exists():
        return None
    kept, notes = read_sealed_arrays(path, job.token)
    return {**kept, **{name: kept[name][:n] for name in ("images", "scores")}} if notes["knob"] == knob else None
