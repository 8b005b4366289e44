"""Pictures that explain one feature: n of them at a wanted mean activation, by any method of `explain.methods`.

A job is a folder (`distributional_view.jobs`). Whatever took long is in it as soon as it is known (pool scores,
calibration runs, finished pictures), and the same call goes on from there. A folder is bound to its request and to
what is in the files that it reads: anything else is refused. Each picture has a seed of its own, so that how many are
drawn at once (`TorchWorld.batch`) changes nothing.

Paper: (17), Algorithm 1, Appendix I.1, Appendix I.3.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from distributional_view.backends.adapter.passes import PictureScore
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.explain.methods import CALIBRATION, Request, methods
from distributional_view.backends.explain.pool import Pool, Score, pool_scores, scored
from distributional_view.backends.explain.reuse import CALIBRATED, nearest, of_calibration
from distributional_view.backends.jobs import in_file
from distributional_view.choices import RETRIEVALS
from distributional_view.files import finite
from distributional_view.jobs import Job, opened
from distributional_view.sealed import read_sealed_arrays, write_sealed_arrays
from distributional_view.theory.errors import require
from distributional_view.theory.methods.method import Drawn, Method, Registry
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.progress import Progress, named, silent
from distributional_view.theory.samplers.knobs import Calibrated
from distributional_view.theory.samplers.potential import Predictive
from distributional_view.theory.seeds import part_seed

_PICTURES = 1  # part of the seed, after that of the calibration
MADE = (
    "pool_scores.npy",
    "calibration.jsonl",
    CALIBRATED,
    "pictures-*.npz",
    "grid.png",
    "shown.npy",
    "attribution.*",
    "explanation.json",
)
"""Files of a job."""


class Explanation(NamedTuple):
    """The pictures in [-1, 1], the score of each, the numbers behind them, and their points (latents, or pictures)."""

    images: Float[np.ndarray, "n c h w"]
    scores: Float[np.ndarray, " n"]
    numbers: dict[str, Any]
    points: Float[np.ndarray, "n ..."]


def explain(
    request: Request,
    out: Path,
    world: TorchWorld | None = None,
    pool: Pool | None = None,
    score: Score | None = None,
    origin: Any = None,
    progress: Progress = silent,
    contents: Mapping[str, Path] | None = None,
    scores: Float[np.ndarray, " pool"] | None = None,
    known: Predictive | None = None,
) -> Explanation:
    """Do what is requested, in the folder `out`, going on where an earlier call stopped.

    Args:
        request: what is wanted.
        out: the job's folder.
        world: prior and score; needed by the methods that sample.
        pool: pictures; needed by the methods that retrieve.
        score: of the pool's pictures; default that of the world.
        origin: anything JSON can hold that says what the world is made of (paths, feature); part of the job.
        progress: called as the work goes on.
        contents: files that the world, the pool or the score were made from; their contents are part of the job.
        scores: of the pool, where they are known; None to score it, once, in the folder.
        known: how much each noise level tells of the score; only for the methods of `choices.PREDICTED`. What it was
            learned from must be part of `origin`.

    Raises:
        OtherRequest: if the folder belongs to another request.
        UserError: if a file of the folder is damaged, another process works there, or it cannot be written.
        CalibrationFailed: if the target is not reached; says the achieved range.
        InfeasibleTarget: if no weighting of the pool reaches it; says the largest attainable mean.
        ValueError: if what the method needs is not given.
    """
    with opened(out, _identity(request, world, pool, origin), contents, MADE) as job:

        def ready() -> ScoredPool:
            require(pool is not None, "pool", pool, f"given: {request.method} retrieves pictures")
            assert pool is not None
            if scores is not None:
                return scored(pool, scores)
            of_one = score
            if of_one is None and world is not None:
                of_one = PictureScore(world.psi, world.device, world.autocast, world.batch)
            require(of_one is not None, "score", score, "given where there is no world")
            assert of_one is not None
            return scored(pool, pool_scores(of_one, pool, out / "pool_scores.npy", progress, job.token))

        remember, watch = in_file(out / "calibration.jsonl", job.token), nearest(job, request.target)

        def made(here: TorchWorld | None) -> Registry:
            return methods(request, here, ready, remember, known, watch)

        method = made(world).make(request.method)
        if request.knob is None:
            found = method.calibrate(request.target, progress)
        else:
            found = Calibrated(request.knob, math.nan, 0)
        if world is not None and method.independent:
            anew = request.fresh or request.knob is not None
            shown = None if anew else of_calibration(job, found.knob, request.n)
            first = 0 if shown is None else len(shown["scores"])
            fresh = _one_by_one(world, made, found.knob, request, job, progress, first)
            parts, more = [*([] if shown is None else [shown]), *fresh], _origins(first, fresh)
        else:
            parts, more = [_together(method, found.knob, request, job, progress)], {}
        here = None if request.method in RETRIEVALS else world
        return _explanation(parts, method.knob_name, found, request, more, here)


def _identity(request: Request, world: TorchWorld | None, pool: Pool | None, origin: Any) -> dict[str, Any]:
    """What decides the result, but for the contents of files; a part that the method does not use decides nothing."""
    if request.method in RETRIEVALS:
        world = None
    else:
        pool = None
    return {
        "request": asdict(request),
        "origin": origin,
        "schedule": None if world is None else world.schedule.alpha_bar.tolist(),
        "device": None if world is None else torch.device(world.device).type,  # each kind has its random numbers
        "pool": None if pool is None else {"size": pool.size, "digest": pool.digest},
    }


def _origins(reused: int, fresh: list[dict[str, Any]]) -> dict[str, Any]:
    """How many pictures are the calibration's, and the mean of the others, if there are some."""
    scores = [float(score) for part in fresh for score in part["scores"]]
    return {"from_calibration": reused, "fresh_mean": float(np.mean(scores)) if scores else None}


def _explanation(
    parts: list[dict[str, Any]],
    knob_name: str,
    found: Calibrated,
    request: Request,
    more: dict[str, Any],
    world: TorchWorld | None,
) -> Explanation:
    """The parts as one, with their numbers; points of a world as its pictures."""
    points, scores = (np.concatenate([part[name] for part in parts]) for name in ("images", "scores"))
    require(len(points) == request.n, "n", request.n, f"<= {len(points)}, the pictures at this target")
    notes: dict[str, Any] = json.loads(str(parts[0]["notes"]))
    mean = notes.pop("level", float(scores.mean()))
    reached = found.mean if math.isfinite(found.mean) else None
    runs = max(found.evaluations - (request.unguided is not None), 0)
    numbers = {knob_name: found.knob, "calibration_mean": reached, "calibration_runs": runs, **notes, **more}
    images = points if world is None else world.to_numpy(world.pictures(world.from_numpy(points)))
    return Explanation(images.astype(np.float64), scores, {**numbers, "mean": mean}, points.astype(np.float64))


def _one_by_one(
    world: TorchWorld,
    made: Callable[[TorchWorld], Registry],
    knob: float,
    request: Request,
    job: Job,
    progress: Progress,
    first_place: int,
) -> list[dict[str, Any]]:
    """Pictures that have nothing to do with each other, from a place on: a file each, those that are missing drawn a
    batch at a time."""
    paths = {i: job.folder / f"pictures-{i:04}.npz" for i in range(first_place, request.n)}
    missing = [i for i, path in paths.items() if not path.exists()]
    size = world.batch or request.n
    for places in (missing[first : first + size] for first in range(0, len(missing), size)):
        here = named(progress, f"pictures {places[0] + 1} to {places[-1] + 1} of {request.n}")
        method = made(replace(world, places=tuple(places))).make(request.method)
        drawn = method.draw(knob, part_seed(request.seed, _PICTURES), len(places), here)
        content = _content(drawn, by_score=False)
        for row, place in enumerate(places):
            one = {name: content[name][row : row + 1] for name in ("images", "scores")}
            write_sealed_arrays(paths[place], {**one, "notes": content["notes"]}, job.token)
    return [read_sealed_arrays(path, job.token)[0] for path in paths.values()]


def _together(method: Method, knob: float, request: Request, job: Job, progress: Progress) -> dict[str, Any]:
    """Pictures that belong together, as they were calibrated: the particles of a filter are those of its last run."""
    path = job.folder / "pictures-0000.npz"
    if not path.exists():
        seed = part_seed(request.seed, CALIBRATION)
        drawn = method.draw(knob, seed, request.n, named(progress, f"pictures 1 to {request.n} of {request.n}"))
        write_sealed_arrays(path, _content(drawn, by_score=True), job.token)
    found: dict[str, Any] = read_sealed_arrays(path, job.token)[0]
    return found


def _content(drawn: Drawn, by_score: bool) -> dict[str, Any]:
    """What is kept of drawn pictures; highest score first where they belong together."""
    order = np.argsort(-drawn.scores, kind="stable") if by_score else np.arange(len(drawn.scores))
    places = {} if drawn.indices is None else {"indices": drawn.indices[order].tolist()}
    images = drawn.points.cpu().numpy().astype(np.float32)[order]
    notes = json.dumps(finite({**drawn.notes, **places}), allow_nan=False)
    return {"images": images, "scores": drawn.scores[order], "notes": notes}
