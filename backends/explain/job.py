"""Pictures that explain one feature: n of them at a wanted mean activation, by any method of `explain.methods`.

A job is a folder (`backends.jobs`). Whatever took long is in it as soon as it is known (pool scores, calibration runs,
finished pictures), and the same call goes on from there. A folder is bound to its request: another one is refused.

Paper: (17), Algorithm 1, Appendices I.1, I.3, J.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.explain.methods import CALIBRATION, Request, methods
from distributional_view.backends.explain.pool import Pool, Score, scored
from distributional_view.backends.jobs import bind, in_file
from distributional_view.files import write_arrays
from distributional_view.theory.errors import require
from distributional_view.theory.methods.method import Drawn, Method
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.progress import Progress, named, silent
from distributional_view.theory.samplers.knobs import Calibrated
from distributional_view.theory.seeds import part_seed

_PICTURES = 1  # part of the seed, after that of the calibration


class Explanation(NamedTuple):
    """The pictures in [-1, 1], the score of each, and the numbers behind them."""

    images: Float[np.ndarray, "n c h w"]
    scores: Float[np.ndarray, " n"]
    numbers: dict[str, Any]


def explain(
    request: Request,
    out: Path,
    world: TorchWorld | None = None,
    pool: Pool | None = None,
    score: Score | None = None,
    origin: Any = None,
    progress: Progress = silent,
) -> Explanation:
    """Do what is requested, in the folder `out`, going on where an earlier call stopped.

    Args:
        request: what is wanted.
        out: the job's folder.
        world: prior and score; needed by the methods that sample.
        pool: pictures; needed by the methods that retrieve.
        score: of the pool's pictures; default that of the world.
        origin: anything JSON can hold that says what the world is made of (paths, hashes, feature); part of the job.
        progress: called as the work goes on.

    Raises:
        OtherRequest: if the folder belongs to another request.
        CalibrationFailed: if the target is not reached; says the achieved range.
        InfeasibleTarget: if no weighting of the pool reaches it; says the largest attainable mean.
        ValueError: if what the method needs is not given.
    """
    levels = None if world is None else world.schedule.alpha_bar.tolist()
    bind(out, {"request": asdict(request), "origin": origin, "schedule": levels})

    def ready() -> ScoredPool:
        require(pool is not None, "pool", pool, f"given: {request.method} retrieves pictures")
        of_one = score if score is not None else None if world is None else world.score
        require(of_one is not None, "score", score, "given where there is no world")
        assert pool is not None
        assert of_one is not None
        return scored(of_one, pool, out / "pool_scores.npy", progress)

    method = methods(request, world, ready, in_file(out / "calibration.jsonl")).make(request.method)
    if request.knob is None:
        found = method.calibrate(request.target, progress)
    else:
        found = Calibrated(request.knob, math.nan, 0)
    parts = list(_parts(method, found.knob, request, world, out, progress))
    images, scores = (np.concatenate([part[name] for part in parts]) for name in ("images", "scores"))
    require(len(images) == request.n, "n", request.n, f"<= {len(images)}, the pictures at this target")
    notes: dict[str, Any] = json.loads(str(parts[0]["notes"]))
    mean = notes.pop("level", float(scores.mean()))
    reached = found.mean if math.isfinite(found.mean) else None
    numbers = {method.knob_name: found.knob, "calibration_mean": reached, "calibration_runs": found.evaluations}
    return Explanation(images, scores, {**numbers, **notes, "mean": mean})


def _parts(
    method: Method, knob: float, request: Request, world: TorchWorld | None, out: Path, progress: Progress
) -> Iterator[dict[str, Any]]:
    """The pictures in parts of one batch, or all at once where they belong together; each is kept and not repeated."""
    size = world.batch if world is not None and world.batch and method.independent else request.n
    for part, first in enumerate(range(0, request.n, size)):
        n, path = min(size, request.n - first), out / f"pictures-{part:04}.npz"
        if not path.exists():
            progress_here = named(progress, f"pictures {first + 1} to {first + n} of {request.n}")
            # What belongs together is shown as it was calibrated: the particles of a filter are those of its last run.
            place = (_PICTURES, part) if method.independent else (CALIBRATION,)
            drawn = method.draw(knob, part_seed(request.seed, *place), n, progress_here)
            write_arrays(path, _content(drawn, by_score=not method.independent))
        with np.load(path) as kept:
            yield {**kept, "images": kept["images"].astype(np.float64)}


def _content(drawn: Drawn, by_score: bool) -> dict[str, Any]:
    """What is kept of drawn pictures; highest score first where they belong together."""
    order = np.argsort(-drawn.scores, kind="stable") if by_score else np.arange(len(drawn.scores))
    places = {} if drawn.indices is None else {"indices": drawn.indices[order].tolist()}
    images = drawn.points.cpu().numpy().astype(np.float32)[order]
    return {"images": images, "scores": drawn.scores[order], "notes": json.dumps({**drawn.notes, **places})}
