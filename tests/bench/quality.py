"""Quality against network evaluations: python -m tests.bench.quality [--quick] [--out results] [--pool prior-pool]

Every sampler of the toy world at the mean 7, at its own strength or multiplier for each number of evaluations, judged
by the smoothed total variation to the exact solution, as in Figure 3; ratios to the 1000-step plug-in of the same run.
With the pool of `dview embedded-pool` the same on the embedded world, one feature at its 95 % level, by TV of class
shares and KID to the prior's own tilt (half an hour of processor time, resumable). Writes quality.json and .png.
"""

import argparse
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
            row = {"name": name, "evaluations": steps, "knob": None, "mean": None, "tv": None, "failed": None}
            try:
                knob = method.calibrate(TARGET).knob
                drawn = method.draw(knob, SEED, n)
                tv = judge(as_numpy(drawn.points), drawn.weights).tv
                row |= {"knob": knob, "mean": drawn.mean, "tv": tv}
            except CalibrationFailed as error:
                row["failed"] = str(error)
            rows.append(row)
    reference = next(r["tv"] for r in rows if (r["name"], r["evaluations"]) == REFERENCE)
    for row in rows:
        row["ratio"] = row["tv"] / reference if row["tv"] is not None and reference else None
    floor = judge(exact_samples(toy, klsc, SEED + 2, n)).tv
    return {"target": TARGET, "points": n, "seed": SEED, "floor": floor, "rows": rows}


def draw(content: dict[str, Any], path: Path) -> None:
    """Against evaluations, with what exact draws have: TV of the toy world; TV and KID of the embedded one."""
    panels = [(content["rows"], "tv", "toy world: TV to the tilt", content["floor"])]
    embedded = content["embedded"]
    if embedded:
        panels.append((embedded, "tv", "embedded world: TV of class shares", embedded[0]["tv_floor"]))
        panels.append((embedded, "kid", "embedded world: KID to the prior's tilt", 0.0))
    markers = "osD^vP*X<>"
    with style():
        figure, axes = plt.subplots(1, len(panels), figsize=(5 * len(panels), 4), squeeze=False, layout="constrained")
        for panel, (rows, column, title, floor) in zip(axes[0], panels, strict=True):
            for i, (name, counts, means) in enumerate(curves(rows, column)):
                panel.plot(counts, means, "-", marker=markers[i % 10], ms=4, label=name)
            panel.axhline(floor, color="k", ls=":", lw=1, label="exact draws")
            panel.set(xscale="log", xlabel="network evaluations a picture or point", title=title)
            panel.set_yscale("symlog", linthresh=0.1) if column == "kid" else panel.set_yscale("log")
            panel.legend(fontsize=6.5)
        write_with(path, figure.savefig)
        plt.close(figure)


def curves(rows: list[dict[str, Any]], column: str) -> Iterator[tuple[str, list[int], list[float]]]:
    """A method, its numbers of evaluations, and the mean over seeds at each; what failed is left out."""
    for name in dict.fromkeys(r["name"] for r in rows):
        at: dict[int, list[float]] = {}
        for r in rows:
            if r["name"] == name and r[column] is not None:
                at.setdefault(round(r["evaluations"]), []).append(r[column])
        yield name, sorted(at), [float(np.mean(at[count])) for count in sorted(at)]


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("results"))
    parser.add_argument("--pool", type=Path, help="folder of the prior's pool: the embedded world too")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with progress_bar() as progress:
        content = compute(given.quick, progress)
        content["embedded"] = []
        if given.pool is not None:
            from tests.bench.quality_embedded import rows

            content["embedded"] = rows(given.out, given.pool, given.quick, progress)
    write_json(given.out / "quality.json", content)
    draw(content, given.out / "quality.png")
    console = Console(width=110)
    toy_table(content).show(console)
    if content["embedded"]:
        embedded_table(content["embedded"]).show(console)
    else:
        console.print("the embedded world needs --pool, the folder of `dview embedded-pool`")


def toy_table(content: dict[str, Any]) -> Table:
    """TV of every method and number of evaluations, and its ratio to that of the 1000-step plug-in."""
    lines = []
    for r in content["rows"]:
        found = ("failed", "failed") if r["tv"] is None else (f"{r['tv']:.4f}", f"{r['ratio']:.2f}")
        lines.append((r["name"], f"{r['evaluations']}", *found))
    header = ("method", "evaluations", "TV", "over the 1000-step plug-in")
    return Table(f"Toy world, mean {TARGET:g}, floor {content['floor']:.4f}", header, lines, words=("method",))


def embedded_table(rows: list[dict[str, Any]]) -> Table:
    """The same on the embedded world, where the last row is the long chain, with the KID and the mean's error."""
    lines = []
    measures = ("tv", "kid", "mean_error_sd")
    for (name, counts, tvs), (*_, kids), (*_, errors) in zip(*(curves(rows, m) for m in measures), strict=True):
        for count, tv, kid, error in zip(counts, tvs, kids, errors, strict=True):
            lines.append((name, f"{count}", f"{error:.2f}", f"{tv:.3f}", f"{tv / rows[-1]['tv']:.2f}", f"{kid:.3f}"))
    header = ("method", "evaluations", "mean error (sd)", "TV", "over the long chain", "KID")
    title = f"Embedded world, TV of exact draws {rows[-1]['tv_floor']:.3f}"
    return Table(title, header, lines, words=("method",))


if __name__ == "__main__":
    main()
