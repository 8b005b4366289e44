"""Quality against network evaluations: python -m tests.bench.quality [--quick] [--out results]

Every sampler of the toy world at the mean 7, at its own strength or multiplier for each number of evaluations, judged
by the smoothed total variation to the exact solution, as in Figure 3; ratios to the 1000-step plug-in of the same run.
The second panel has the KID of the embedded world, if `samplers.json` is in the folder. Writes quality.json and .png.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from rich.console import Console

from distributional_view.figures.output import style
from distributional_view.files import write_json, write_with
from distributional_view.terminal import Table, progress_bar
from distributional_view.theory import calibrate_klsc
from distributional_view.theory.methods import energy_dps, hybrid, twisted_smc
from distributional_view.theory.methods.method import Method
from distributional_view.theory.progress import Progress
from distributional_view.theory.samplers.knobs import CalibrationFailed
from distributional_view.theory.samplers.potential import Predictive, predictive
from distributional_view.theory.samplers.schedule import NoiseSchedule
from distributional_view.toy.exact_samples import exact_samples
from distributional_view.toy.ideal import KnownPotential, ideal_world
from distributional_view.toy.judge import judge_of
from distributional_view.toy.methods import ConditionalGuidance
from distributional_view.toy.planar import PlanarWorld, as_numpy
from distributional_view.toy.world import paper_world

TARGET, TOLERANCE, SEED = 7.0, 0.01, 0
COUNTS, QUICK_COUNTS = (5, 10, 20, 50, 100, 250, 1000), (20, 1000)
SLOW_FROM = 250  # hybrid and filters go step by step in Python: from here on only the compiled samplers
REFERENCE = ("EnergyDPS DDPM time", 1000)


def methods(steps: int, n: int) -> Iterator[tuple[str, Method]]:
    """Every method with this number of evaluations a point, by name."""
    toy = paper_world()
    beta = calibrate_klsc(toy.law, TARGET).multiplier

    def planar(spacing: Any) -> PlanarWorld:
        return PlanarWorld(toy.mixture, toy.psi, NoiseSchedule.linear().spaced(steps, spacing), jnp.float32)

    def known(target: float) -> float:
        return beta

    for solver, spacing in (("DDPM", "time"), ("2M-SDE", "time"), ("2M-SDE", "log-SNR"), ("2M-SDE", "Karras")):
        yield (
            f"EnergyDPS {solver} {spacing}",
            energy_dps.EnergyDps(planar(spacing), TOLERANCE, SEED, n, 0.05, solver=solver),  # type: ignore[arg-type]
        )
    yield "ideal H, DDPM", ConditionalGuidance(toy, lambda b: (ideal_world(planar("time"), b), 1.0))
    if steps >= SLOW_FROM:
        return
    world = KnownPotential(planar("time"))
    slopes = predictive(world, SEED, 2000)
    one = np.ones(steps)
    always = Predictive(one, one, 0 * one)  # H_t guides every step
    yield "ideal H, 2M-SDE", hybrid.HybridGuidance(world, always, known)
    yield hybrid.NAME, hybrid.HybridGuidance(world, slopes, known)
    twist = tuple(slopes.slope.tolist())
    yield twisted_smc.NAME, twisted_smc.TwistedSmc(planar("time"), n, known, solver="2M-SDE")
    yield (
        twisted_smc.STEERING,
        twisted_smc.TwistedSmc(planar("time"), n, known, solver="2M-SDE", proposal=0.0, twist=twist),
    )


def compute(quick: bool, progress: Progress) -> dict[str, Any]:
    """All rows, the floor of exact samples, and each TV over that of the 1000-step plug-in."""
    n, counts = (2000, QUICK_COUNTS) if quick else (20_000, COUNTS)
    toy = paper_world()
    klsc = calibrate_klsc(toy.law, TARGET)
    judge = judge_of(toy, klsc, SEED + 1)
    rows: list[dict[str, Any]] = []
    for done, steps in enumerate(counts):
        for name, method in methods(steps, n):
            progress(f"{name}, {steps} evaluations", done, len(counts))
            row = {"method": name, "evaluations": steps, "knob": None, "mean": None, "tv": None, "failed": None}
            try:
                knob = method.calibrate(TARGET).knob
                drawn = method.draw(knob, SEED, n)
                tv = judge(as_numpy(drawn.points), drawn.weights).tv
                row |= {"knob": knob, "mean": drawn.mean, "tv": tv}
            except CalibrationFailed as error:
                row["failed"] = str(error)
            rows.append(row)
    reference = next(r["tv"] for r in rows if (r["method"], r["evaluations"]) == REFERENCE)
    for row in rows:
        row["ratio"] = row["tv"] / reference if row["tv"] is not None and reference else None
    floor = judge(exact_samples(toy, klsc, SEED + 2, n)).tv
    return {"target": TARGET, "points": n, "seed": SEED, "floor": floor, "rows": rows}


def draw(content: dict[str, Any], embedded: list[dict[str, Any]], path: Path) -> None:
    """TV, and KID if there are rows of the embedded world, on logarithmic axes."""
    with style():
        figure, axes = plt.subplots(1, 1 + bool(embedded), figsize=(5.4 * (1 + bool(embedded)), 4), squeeze=False)
        panels = [(axes[0, 0], content["rows"], "tv", "TV to the tilt, toy world")]
        if embedded:
            panels.append((axes[0, 1], embedded, "kid", "KID to the prior's tilt, embedded world"))
        markers = "osD^vP*X<>"
        for panel, rows, column, label in panels:
            for i, name in enumerate(dict.fromkeys(r["method"] for r in rows)):
                found = [(r["evaluations"], r[column]) for r in rows if r["method"] == name and (r[column] or 0) > 0]
                line = "-" if column == "tv" else ""
                panel.plot(
                    *zip(*found, strict=True) if found else ([], []), line, marker=markers[i % 10], ms=4, label=name
                )
            panel.set(xscale="log", yscale="log", xlabel="network evaluations a point", ylabel=label)
            panel.legend(fontsize=6.5)
        axes[0, 0].axhline(content["floor"], color="k", ls=":", lw=1)
        write_with(path, figure.savefig)
        plt.close(figure)


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("results"))
    given = parser.parse_args()
    with progress_bar() as progress:
        content = compute(given.quick, progress)
    given.out.mkdir(parents=True, exist_ok=True)
    write_json(given.out / "quality.json", content)
    other = given.out / "samplers.json"
    embedded = json.loads(other.read_text(encoding="utf-8"))["rows"] if other.exists() else []
    draw(content, [r for r in embedded if r["world"] == "embedded"], given.out / "quality.png")
    lines = []
    for r in content["rows"]:
        found = ("failed", "failed") if r["tv"] is None else (f"{r['tv']:.4f}", f"{r['ratio']:.2f}")
        lines.append((r["method"], f"{r['evaluations']}", *found))
    header = ("method", "evaluations", "TV", "over the 1000-step plug-in")
    Table(f"Mean {TARGET:g}, floor {content['floor']:.4f}", header, lines, words=("method",)).show(Console(width=110))


if __name__ == "__main__":
    main()
