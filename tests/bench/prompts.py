"""Prompts on the embedded world: what each search finds, whether it reaches the level, and what its pictures show.

    python -m tests.bench.prompts [--features 6] [--n 100] [--pool 2000] [--out results/prompts]

For each named feature and its 95 % level: the best single word, coordinate search, DEXTER and DiffExplainer; each
searched with small budgets, its guidance calibrated to the level (or left where it came nearest), then n pictures on
fresh noise. Everything is sampled in 12 steps of second order, the prior's pool too. One line of JSON a feature and
method in `rows.jsonl`, with scores and classes; what is there is not run again. At the end the split of Theorem F.7 at
the level, or at the mean where the level was missed, from the rows and the pool (cells: class and score).
"""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.embedded.animals import CLASSES
from distributional_view.backends.embedded.features import Named, read_named
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.prompted import embedded_prior
from distributional_view.backends.paradigms import coordinates, dexter, diffexplainer
from distributional_view.backends.paradigms.prompts import Prompting, Sampling
from distributional_view.theory.errors import CalibrationFailed
from distributional_view.theory.pools.split import split_sampled
from distributional_view.theory.samplers.energy_dps import unguided

LEVEL, STEPS, SOLVER = 0.95, 12, "2M-SDE"
FEW = Sampling(6, 1.0, 4, "2M-SDE")
RUNS, TOLERANCE = 24, 0.1


def methods(feature: Named, sd: float) -> dict[str, Prompting]:
    """The four searches."""
    prior = embedded_prior(feature.index, STEPS, "time")
    prior.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    same: dict[str, Any] = {"prior": prior, "tolerance": TOLERANCE * sd, "seed": 0, "runs": RUNS, "solver": SOLVER}
    return {
        coordinates.SINGLE: coordinates.CoordinateSearch(
            settings=replace(coordinates.SINGLE_SMALL, sampling=FEW), **same
        ),
        coordinates.NAME: coordinates.CoordinateSearch(
            settings=replace(coordinates.SMALL, sampling=FEW, rounds=2, starts=1), **same
        ),
        diffexplainer.NAME: diffexplainer.DiffExplainer(
            settings=replace(diffexplainer.SMALL, sampling=FEW, iterations=40, starts=2), **same
        ),
        dexter.NAME: dexter.Dexter(settings=replace(dexter.SMALL, sampling=FEW, iterations=50, starts=1), **same),
    }


def labels_of(x: torch.Tensor) -> list[int]:
    """The classifier's class of each picture."""
    with torch.no_grad():
        found: list[int] = shared().classifier(x).argmax(1).tolist()
    return found


def row(feature: Named, name: str, method: Prompting, level: float, n: int) -> dict[str, Any]:
    """Search, calibrate, draw."""
    started = time.process_time()
    found = method.found()
    searched = time.process_time() - started
    try:
        knob, problem = method.calibrate(level).knob, None
    except CalibrationFailed as failure:
        knob, problem = failure.nearest(level), str(failure)
    drawn = method.draw(min(knob, method.most), 1, n)
    labels = labels_of(drawn.points)
    return {
        "feature": feature.name,
        "method": name,
        "level": level,
        "guidance": knob,
        "mean": drawn.mean,
        "agrees": float(np.mean(np.array(labels) == CLASSES.index(feature.dominant))),
        "problem": problem,
        "optimism": found.optimism,
        "search seconds": searched,
        "found": found.row() | {"vectors": None},
        "scores": drawn.scores.tolist(),
        "labels": labels,
    }


def pool(world: TorchWorld, n: int, path: Path) -> torch.Tensor:
    """Samples of the prior, kept in a file."""
    if not path.exists():
        parts = [unguided(world, world.noise(1000 + i, 250), solver="2M-SDE") for i in range(n // 250)]
        np.save(path, torch.cat(parts).numpy().astype(np.float16))
    return torch.from_numpy(np.load(path)).float()


@click.command()
@click.option("--features", default=6)
@click.option("--n", default=100)
@click.option("--pool", "size", default=2000)
@click.option("--out", default="results/prompts", type=click.Path(path_type=Path))
def main(features: int, n: int, size: int, out: Path) -> None:
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    rows = out / "rows.jsonl"
    done = (
        {(r["feature"], r["method"]) for r in map(json.loads, rows.read_text().splitlines())} if rows.exists() else {}
    )
    for feature in read_named()[:features]:
        data = shared().activation(feature.index)
        level = float(np.quantile(data, LEVEL))
        for name, method in methods(feature, float(data.std())).items():
            if (feature.name, name) in done:
                continue
            found = row(feature, name, method, level, n)
            with rows.open("a") as lines:
                print(json.dumps(found), file=lines)
            print({k: v for k, v in found.items() if k not in ("scores", "labels")}, flush=True)
    for feature in read_named()[:features]:
        world = replace(embedded_prior(feature.index, STEPS, "time").world, batch=250)
        pictures = pool(world, size, out / "pool.npy")
        known = world.score(pictures).double().numpy(), np.array(labels_of(pictures))
        for line in rows.read_text().splitlines():
            found = json.loads(line)
            if found["feature"] == feature.name:
                target = min(found["level"], found["mean"])  # the level as far as it was reached
                split = split_sampled(*known, found["scores"], found["labels"], target)
                print(json.dumps({"feature": feature.name, "method": found["method"], **split._asdict()}), flush=True)


if __name__ == "__main__":
    main()
