"""Pictures that explain one feature: n of them at a wanted mean activation, by one of four methods.

- topk: the pool's K highest scores, so many that their mean is the target (hard constraint, Lemma D.1 on a pool), and n
  of them spread over the K;
- klsc-retrieval: the pool under KLSC weights with that mean (17); n different pictures, each with a chance proportional
  to its weight;
- energydps: samples of Algorithm 1, the strength calibrated to the target (I.3);
- twisted: the particle filter of `theory.samplers.twisted_smc`, the multiplier calibrated to the target; n
  different particles.

A job is a folder. Whatever took long is in it as soon as it is known (pool scores, calibration runs, finished
pictures), and the same call goes on from there. A folder is bound to its request: another one is refused.

Paper: (17), Algorithm 1, Appendices I.1, I.3, J.
"""

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from numpy.lib.format import open_memmap
from torch import Tensor

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.theory.errors import require
from distributional_view.theory.pools.inclusion import inclusion_probabilities, systematic_sample
from distributional_view.theory.pools.retrieval import effective_size, retrieve, reweight_to
from distributional_view.theory.samplers.energy_dps import ZetaSchedule, energy_dps
from distributional_view.theory.samplers.knobs import Calibrated, calibrate_knob
from distributional_view.theory.samplers.twisted_smc import twisted
from distributional_view.theory.samplers.world import Progress

Method = Literal["topk", "klsc-retrieval", "energydps", "twisted"]
Report = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and the total (0: not known)."""


class OtherRequest(ValueError):
    """The folder holds the work of another request; says what differs."""


@dataclass(frozen=True)
class Request:
    """What is wanted.

    Args:
        method: one of the four.
        target: mean activation wanted.
        n: pictures to show, >= 1.
        seed: of everything random.
        tolerance: of the mean, score units, > 0.
        knob: strength (energydps) or multiplier (twisted) to use without calibration; None to calibrate.
        start: first knob that a calibration tries, > 0.
        runs: pictures a calibration run (energydps) or particles (twisted), >= n for the latter.
        zeta: guidance schedule of energydps.
        cap: score beyond which a step is not guided; None for none.

    Raises:
        ValueError: for bad arguments.
    """

    method: Method
    target: float
    n: int
    seed: int = 0
    tolerance: float = 0.1
    knob: float | None = None
    start: float = 1.0
    runs: int = 16
    zeta: ZetaSchedule = "tilt"
    cap: float | None = None

    def __post_init__(self) -> None:
        require(self.method in get_args(Method), "method", self.method, f"one of {get_args(Method)}")
        require(math.isfinite(self.target), "target", self.target, "finite")
        require(self.n >= 1, "n", self.n, ">= 1")
        require(math.isfinite(self.tolerance) and self.tolerance > 0, "tolerance", self.tolerance, "finite and > 0")
        least = self.n if self.method == "twisted" else 1
        require(self.runs >= least, "runs", self.runs, f">= {least}")


class Explanation(NamedTuple):
    """The pictures in [-1, 1], the score of each, and the numbers behind them."""

    images: Float[np.ndarray, "n c h w"]
    scores: Float[np.ndarray, " n"]
    numbers: dict[str, Any]


class Pool(NamedTuple):
    """Pictures to retrieve from: how many, their batches in order, and one picture by its index."""

    size: int
    batches: Callable[[int], Iterable[Tensor]]
    """Batches from a picture on: (first index) -> batches."""
    picture: Callable[[int], Tensor]


def explain(
    world: TorchWorld,
    request: Request,
    out: Path,
    pool: Pool | None = None,
    origin: Any = None,
    report: Report | None = None,
) -> Explanation:
    """Do what is requested, in the folder `out`, going on where an earlier call stopped.

    Args:
        world: prior and score; retrieval uses its score only.
        request: what is wanted.
        out: the job's folder.
        pool: pictures; needed by the two retrieval methods.
        origin: anything JSON can hold that says what the world is made of (paths, hashes, feature); part of the job.
        report: progress.

    Raises:
        OtherRequest: if the folder belongs to another request.
        CalibrationFailed: if the target is not reached; says the achieved range.
        InfeasibleTarget: if no weighting of the pool reaches it; says the largest attainable mean.
        ValueError: if a pool is needed and not given.
    """
    show: Report = report or (lambda what, done, total: None)
    bind(out, {"request": asdict(request), "origin": origin, "schedule": world.schedule.alpha_bar.tolist()})
    if request.method in ("topk", "klsc-retrieval"):
        require(pool is not None, "pool", pool, f"given: {request.method} retrieves pictures")
        assert pool is not None
        return _retrieve(world, request, out, pool, show)
    return (_guide if request.method == "energydps" else _twist)(world, request, out, show)


def bind(out: Path, job: dict[str, Any]) -> None:
    """Make `out` the folder of this job, or see that it is.

    Raises:
        OtherRequest: if it is another job's.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / "job.json"
    wanted = json.loads(json.dumps(job))
    if not path.exists():
        path.write_text(json.dumps(wanted, indent=2) + "\n")
        return
    known = json.loads(path.read_text())
    if known != wanted:
        differing = sorted(k for part in wanted for k in _differences(known.get(part), wanted[part], part))
        raise OtherRequest(f"{out} holds another job (differs in {', '.join(differing)}): choose another folder for it")


def _differences(a: Any, b: Any, name: str) -> list[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        return [n for k in {*a, *b} for n in _differences(a.get(k), b.get(k), f"{name}.{k}")]
    return [] if a == b else [name]


def pool_scores(world: TorchWorld, pool: Pool, path: Path, progress: Progress | None = None) -> Float[np.ndarray, " n"]:
    """The score of every picture of the pool, kept in a file that fills as they come; NaN: not known yet."""
    fresh = not path.exists()
    scores = open_memmap(path, "w+" if fresh else "r+", np.float64, (pool.size,) if fresh else None)
    require(scores.shape == (pool.size,), f"shape of {path.name}", scores.shape, f"({pool.size},), one a picture")
    if fresh:
        scores[:] = np.nan
    done = int(np.isfinite(scores).sum())
    for batch in pool.batches(done) if done < pool.size else ():
        scores[done : done + len(batch)] = world.to_numpy(world.score(batch.to(world.device, world.dtype)))
        scores.flush()
        done += len(batch)
        if progress is not None:
            progress(done, pool.size)
    return np.array(scores)


def chosen_for(
    weights: Float[np.ndarray, " n"], scores: Shaped[np.ndarray, " n"], k: int, seed: int
) -> Int[np.ndarray, " k"]:
    """k different positions, each with a chance proportional to its weight, spread over the score."""
    order = np.argsort(scores, kind="stable")
    shares = inclusion_probabilities(weights[order], k)
    return order[systematic_sample(shares, float(np.random.default_rng(seed).random()))]


def part_seed(seed: int, *key: int) -> int:
    """A seed of its own for each part of a job."""
    return int(np.random.SeedSequence(seed, spawn_key=key).generate_state(1)[0])


def _retrieve(world: TorchWorld, request: Request, out: Path, pool: Pool, show: Report) -> Explanation:
    scores = pool_scores(world, pool, out / "pool_scores.npy", _steps(show, "scoring the pool"))
    kept, weighted = retrieve(scores, request.target), reweight_to(scores, request.target)
    numbers = {
        "pool": pool.size,
        "K": len(kept.indices),
        "threshold": float(scores[kept.indices].min()),
        "multiplier": weighted.multiplier,
        "effective_size": weighted.effective_size,
    }
    if request.method == "topk":
        require(request.n <= len(kept.indices), "n", request.n, f"<= {len(kept.indices)}, the pictures at this target")
        weights = np.zeros(pool.size)
        weights[kept.indices] = 1 / len(kept.indices)
    else:
        weights = weighted.weights
    indices = chosen_for(weights, scores, request.n, request.seed)
    indices = indices[np.argsort(-scores[indices], kind="stable")]
    images = np.stack([world.to_numpy(pool.picture(int(i))[None])[0] for i in indices])
    return Explanation(
        images, scores[indices], {**numbers, "indices": indices.tolist(), "mean": float(weights @ scores)}
    )


def _guide(world: TorchWorld, request: Request, out: Path, show: Report) -> Explanation:
    cap = math.inf if request.cap is None else request.cap
    noise = world.noise(part_seed(request.seed, 0), request.runs)

    def mean_at(strength: float, what: str) -> float:
        x = energy_dps(world, noise, strength, request.zeta, cap, _steps(show, what))
        return float(world.to_numpy(world.score(x)).mean())

    found = _calibrated(mean_at, request, out, "strength")
    images: list[Float[np.ndarray, "c h w"]] = []
    size = world.batch or request.n
    for part, first in enumerate(range(0, request.n, size)):
        n, path = min(size, request.n - first), out / f"pictures-{part:04}.npy"
        if not path.exists():
            x = energy_dps(
                world,
                world.noise(part_seed(request.seed, 1, part), n),
                found.knob,
                request.zeta,
                cap,
                _steps(show, f"pictures {first + 1} to {first + n} of {request.n}"),
            )
            write_arrays(path, world.to_numpy(x).astype(np.float32))
        images.extend(np.load(path).astype(np.float64))
    stack = np.stack(images)
    scores = world.to_numpy(world.score(world.from_numpy(stack)))
    numbers = {"strength": found.knob, "calibration_mean": found.mean, "calibration_runs": found.evaluations}
    return Explanation(stack, scores, {**numbers, "mean": float(scores.mean())})


def _twist(world: TorchWorld, request: Request, out: Path, show: Report) -> Explanation:
    noise, seed = world.noise(part_seed(request.seed, 0), request.runs), part_seed(request.seed, 1)

    def mean_at(multiplier: float, what: str) -> float:
        end = twisted(world, noise, multiplier, seed, progress=_steps(show, what))
        return float(end.weights @ world.to_numpy(world.score(end.x)))

    found = _calibrated(mean_at, request, out, "multiplier")
    path = out / "particles.npz"
    if not path.exists():
        end = twisted(world, noise, found.knob, seed, progress=_steps(show, "particles"))
        kept = {
            "x": world.to_numpy(end.x).astype(np.float32),
            "weights": end.weights,
            "log_partition": end.log_partition,
        }
        write_arrays(path, kept)
    with np.load(path) as kept:
        x, weights, log_partition = kept["x"].astype(np.float64), kept["weights"], float(kept["log_partition"])
    scores = world.to_numpy(world.score(world.from_numpy(x)))
    chosen = chosen_for(weights, scores, request.n, request.seed)
    numbers = {
        "multiplier": found.knob,
        "calibration_runs": found.evaluations,
        "log_partition": log_partition,
        "effective_size": effective_size(weights),
        "mean": float(weights @ scores),
    }
    return Explanation(x[chosen], scores[chosen], numbers)


def _calibrated(mean_at: Callable[[float, str], float], request: Request, out: Path, name: str) -> Calibrated:
    """`calibrate_knob` with every finished run kept in a file and never repeated."""
    if request.knob is not None:
        return Calibrated(request.knob, math.nan, 0)
    path = out / "calibration.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    known = {row["knob"]: row["mean"] for row in map(json.loads, lines)}

    def remembered(knob: float) -> float:
        if knob not in known:
            known[knob] = mean_at(knob, f"run {len(known) + 1} of the calibration, {name} {knob:.4g}")
            with path.open("a") as file:
                print(json.dumps({"knob": knob, "mean": known[knob]}), file=file)
        return known[knob]

    return calibrate_knob(remembered, request.target, request.tolerance, request.start, name)


def _steps(show: Report, what: str) -> Progress:
    return lambda done, total: show(what, done, total)


def write_arrays(path: Path, content: Any) -> None:
    """Write an array, or several by name, whole or not at all."""
    part = path.with_name("part-" + path.name)
    if isinstance(content, dict):
        np.savez(part, **content)
    else:
        np.save(part, content)
    part.replace(path)


def pool_of(images: Tensor, batch: int = 256) -> Pool:
    """A pool of pictures that fit into memory."""
    return Pool(len(images), lambda first: torch.split(images[first:], batch), lambda index: images[index])
