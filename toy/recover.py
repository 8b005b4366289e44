"""Recover the lost constants of the toy world from the 18 printed numbers of Table 2.

    python -m toy.recover [--quick] [--json FILE] [--write]

For each hypothesis about what the paper's words leave open (layout of the modes, shape of the score, where the
boundary mass of the tilt is taken, which KL is printed) five constants are fitted by least squares on
ours/printed - 1: R/sigma, the score scale, the margin, the target step and the bandwidth. Everything is computed
by exact quadrature. Hypotheses are compared by AIC; a difference below 4 does not separate them.

Table 2 takes the boundary mass of both methods at the hard threshold, which is what Lemma D.7 compares. The world that
is kept for it has the score shape of the hypothesis that fits best of all, with the constants that fit best under that
reading of the boundary mass (`choose`).

What no hypothesis can change: with psi >= 0, the printed hard KLs, if they were exact, would bound the KLSC KL at the
lowest target well below the printed one. See `kl_column_bound`.
"""

import itertools
import json
import math
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import click
import jax
import numpy as np
from jaxtyping import Float
from rich.console import Console
from scipy.optimize import least_squares

from distributional_view.files import write_whole
from distributional_view.terminal import Table, progress_bar
from distributional_view.toy.kde import GRID_STEP, quadrature_nodes, smoothed_kls
from distributional_view.toy.scores import SHAPES
from distributional_view.toy.table2 import PRINTED, Level, calibrated, exact_rows
from distributional_view.toy.world import LAYOUTS, TARGETS, ToyWorld, published_table2

Boundary = Literal["hard_threshold", "own_level", "unconditional"]
KlColumn = Literal["kde", "kde_scott", "exact"]
Printed = dict[tuple[float, str], dict[str, float]]

NOT_SEPARATED = 4.0  # difference in AIC
_LARGEST = 5.0
_FIT_STEP = 0.45  # grid step while fitting: smoothed KLs to about 1e-5
_STARTS = ((2.0, 0.3), (3.0, 1.5))  # R/sigma, and log-headroom of the score above the last target
_SIGNIFICANT = 4  # digits kept of each constant
_TABLE_WIDTH = 136
_ALWAYS_KEPT = ("cosine", "absolute_angle")


@dataclass(frozen=True)
class Hypothesis:
    """One reading of Appendix H.

    Args:
        score, layout, wrapped: as in `World`.
        boundary: shell of the tilt's boundary mass: at the hard threshold (Lemma D.7), at the target itself, or at
            the hard threshold without conditioning on what lies above it.
        kl: KL of a KDE with one bandwidth (212), of a KDE whose bandwidth is proportional to the spread of each
            solution (Scott's rule), or the exact one.
    """

    score: str = "cosine"
    layout: str = "diagonal"
    wrapped: bool = True
    boundary: Boundary = "hard_threshold"
    kl: KlColumn = "kde"

    @property
    def name(self) -> str:
        """Short name: what departs from the default reading is appended."""
        words = [self.score if self.wrapped else f"unwrapped_{self.score}"]
        words += [
            w
            for w, default in ((self.layout, "diagonal"), (self.boundary, "hard_threshold"), (self.kl, "kde"))
            if w != default
        ]
        return "/".join(words)


@dataclass(frozen=True)
class Fit:
    """A hypothesis, its best constants (relative standard errors beside them) and ours/printed - 1 of the cells."""

    hypothesis: Hypothesis
    world: ToyWorld
    relative_se: dict[str, float]
    deviations: Float[np.ndarray, "t 2 3"]

    @property
    def loss(self) -> float:
        """Sum over the 18 cells of (ours/printed - 1)^2."""
        return float((self.deviations**2).sum())

    @property
    def aic(self) -> float:
        """Akaike's criterion for Gaussian deviations, up to a constant; the exact-KL reading has no bandwidth."""
        return self.deviations.size * math.log(self.loss) + 2 * (4 if self.hypothesis.kl == "exact" else 5)

    @property
    def median(self) -> float:
        """Median over the cells of |ours/printed - 1|."""
        return float(np.median(np.abs(self.deviations)))

    @property
    def worst(self) -> float:
        """Largest |ours/printed - 1|."""
        return float(np.abs(self.deviations).max())


def hypotheses(quick: bool = False) -> list[Hypothesis]:
    """All layouts with all score shapes; then the conventions, one at a time, for the shapes that fit best."""
    shapes = ["absolute_angle", "cosine"] if quick else list(SHAPES)
    base = [Hypothesis(score, layout) for layout, score in itertools.product(LAYOUTS, shapes)]
    if quick:
        return [h for h in base if h.layout == "diagonal"]
    base += [Hypothesis("absolute_angle", layout, wrapped=False) for layout in LAYOUTS]
    closest = [h for h in base if h.layout == "diagonal" and h.score in ("absolute_angle", "cosine")]
    for h in closest:
        base += [replace(h, boundary=b) for b in ("own_level", "unconditional")]
        base += [replace(h, kl=k) for k in ("kde_scott", "exact")]
    return base


def deviations(
    hypothesis: Hypothesis, world: ToyWorld, step: float = GRID_STEP, printed: Printed | None = None
) -> Float[np.ndarray, "t 2 3"]:
    """ours/printed - 1 for target x (hard, klsc) x `PRINTED`; at most 5 (a hypothesis may be far off).

    `printed` replaces the paper's Table 2.
    """
    levels = [calibrated(world, target) for target in TARGETS]
    table = {key: row for level in levels for key, row in exact_rows(world, level).items()}
    for row, kl in zip(table.values(), _kl_column(hypothesis, world, levels, step), strict=True):
        row["kl_kde"] = kl
    for level in levels:
        row = table[level.target, "klsc"]
        if hypothesis.boundary == "own_level":
            row["boundary_mass"] = level.klsc.boundary_mass(level.target, world.margin)
        elif hypothesis.boundary == "unconditional":
            row["boundary_mass"] *= level.klsc.survival(level.hard.threshold)
    printed = published_table2() if printed is None else printed
    ratios = np.array([[table[key][m] / printed[key][m] for m in PRINTED] for key in printed])
    return np.minimum(ratios - 1, _LARGEST).reshape(len(TARGETS), 2, len(PRINTED))


def _kl_column(hypothesis: Hypothesis, world: ToyWorld, levels: list[Level], step: float) -> list[float]:
    solutions = [q for level in levels for q, _ in level.pairs().values()]
    thresholds = [level.hard.threshold for level in levels]
    if hypothesis.kl == "exact":
        return [q.kl for q in solutions]
    if hypothesis.kl == "kde":
        return smoothed_kls(world, solutions, thresholds, step)
    points, masses = quadrature_nodes(world, *thresholds)
    values = []
    for q in solutions:
        w = masses * np.exp(q.log_ratio(np.asarray(world.psi(points))))
        mean = w @ points / w.sum()
        spread = math.sqrt(float(w @ ((points - mean) ** 2).sum(1)) / float(w.sum()) / 2)
        values += smoothed_kls(replace(world, bandwidth=world.bandwidth * spread), [q], thresholds, step)
    return values


def _world(hypothesis: Hypothesis, logs: Float[np.ndarray, " 5"]) -> ToyWorld:
    """The world of log(R/sigma), log(headroom), log(margin), log(step), log(bandwidth).

    The headroom, largest score minus (last target plus step), keeps every target attainable.
    """
    radius, headroom, margin, step, bandwidth = (float(v) for v in np.exp(logs))
    top = float(SHAPES[hypothesis.score](np.linspace(0, np.pi * (1 if hypothesis.wrapped else 1.25), 1001)).max())
    scale = (TARGETS[-1] + step + headroom) / top
    shape, layout = hypothesis.score, hypothesis.layout
    return ToyWorld(shape, radius, 1.0, scale, margin, step, bandwidth, layout, hypothesis.wrapped)


def _rounded(world: ToyWorld) -> ToyWorld:
    def digits(value: float) -> float:
        return float(f"{value:.{_SIGNIFICANT}g}")

    return replace(
        world,
        radius=digits(world.radius),
        score_scale=digits(world.score_scale),
        margin=digits(world.margin),
        target_step=digits(world.target_step),
        bandwidth=digits(world.bandwidth),
    )


def fit(
    hypothesis: Hypothesis, printed: Printed | None = None, starts: tuple[tuple[float, float], ...] = _STARTS
) -> Fit:
    """The best constants under a hypothesis, rounded to four digits; the deviations are those of the rounded world."""
    lower = np.log([0.1, 1e-3, 1e-3, 5e-3, 0.2])
    upper = np.log([12.0, 20.0, 1.0, 0.5, 2.0])

    def residuals(logs: Float[np.ndarray, " 5"]) -> Float[np.ndarray, " 18"]:
        return deviations(hypothesis, _world(hypothesis, logs), _FIT_STEP, printed).ravel()

    runs = []
    for radius, headroom in starts:
        start = np.log([radius, headroom, 0.07, 0.08, 0.8])
        runs.append(least_squares(residuals, start, bounds=(lower, upper), diff_step=1e-4, ftol=1e-5, xtol=1e-5))
    best = min(runs, key=lambda r: r.cost)
    world = _rounded(_world(hypothesis, best.x))
    variance = 2 * best.cost / (best.fun.size - best.x.size)
    se = np.sqrt(variance * np.diag(np.linalg.pinv(best.jac.T @ best.jac)))
    names = ("radius", "headroom", "margin", "target_step", "bandwidth")
    cells = deviations(hypothesis, world, printed=printed)
    fresh = replace(world)  # without cached laws, which do not travel between processes
    return Fit(hypothesis, fresh, dict(zip(names, map(float, se), strict=True)), cells)


def choose(fits: list[Fit]) -> Fit:
    """The fit to keep: the shape and layout of the best hypothesis, read as Table 2 of this project is made."""
    best = min(fits, key=lambda f: f.aic).hypothesis
    wanted = replace(best, boundary="hard_threshold", kl="kde")
    return next(f for f in fits if f.hypothesis == wanted)


def kl_column_bound() -> tuple[float, float]:
    """(upper bound, printed value) of the KLSC KL at the lowest target, were the printed hard KLs exact; in nats.

    KLSC is KL-minimal at its mean tau, so that any law with that mean bounds it: take (1 - a) p + a q_t', where
    q_t' is the hard solution of a higher target tau'. Its tail mass is s' = exp(-KL'), and its density relative to
    p is 1 - a off the tail and 1 - a + a/s' on it. The mean is tau for a = (tau - mu)/(tau' - mu), which falls as
    mu = E_p[psi] grows; and mu >= S tau with S = exp(-KL) because psi >= 0. The bound takes the best tau'.
    Ours: printed KL.
    """
    printed = published_table2()
    tau = TARGETS[0]
    mean_floor = math.exp(-printed[tau, "hard"]["kl_kde"]) * tau
    bounds = []
    for target in TARGETS[1:]:
        share = (tau - mean_floor) / (target - mean_floor)
        tail = math.exp(-printed[target, "hard"]["kl_kde"])
        off, on = 1 - share, 1 - share + share / tail
        bounds.append((1 - tail) * off * math.log(off) + tail * on * math.log(on))
    return min(bounds), printed[tau, "klsc"]["kl_kde"]


def _record(fits: list[Fit]) -> dict[str, Any]:
    best = min(f.aic for f in fits)
    return {
        f.hypothesis.name: {
            "world": f.world.parameters(),
            "loss": round(f.loss, 6),
            "delta_aic": round(f.aic - best, 3),
            "median_deviation": round(f.median, 4),
            "worst_deviation": round(f.worst, 4),
            "relative_se": {k: round(v, 4) for k, v in f.relative_se.items()},
        }
        for f in fits
    }


def show(fits: list[Fit], console: Console) -> None:
    """Print the fit of each hypothesis, best first, and what the data cannot separate."""
    best = min(fits, key=lambda f: f.aic)
    _fits_table(fits).show(console)
    kept = choose(fits)
    for name, chosen, pool in (
        ("Best of all", best, fits),
        ("Kept for Table 2", kept, [f for f in fits if f.hypothesis.boundary == kept.hypothesis.boundary]),
    ):
        close = [f.hypothesis.name for f in pool if abs(f.aic - chosen.aic) < NOT_SEPARATED and f is not chosen]
        console.print(
            f"{name}: {chosen.hypothesis.name}. "
            f"Not separated from it (dAIC < {NOT_SEPARATED:g}): {', '.join(close) or 'none'}."
        )
        _cells_table(chosen).show(console)
    bound, printed = kl_column_bound()
    console.print(
        f"Were the printed hard KLs exact, the KLSC KL at target {TARGETS[0]:g} could not exceed {bound:.4f}; "
        f"printed: {printed:.4f}. The KL column is not the exact KL."
    )


def _fits_table(fits: list[Fit]) -> Table:
    """The loss and the constants of each hypothesis, best first."""
    header = ("hypothesis", "loss", "dAIC", "median", "worst", "R/sigma", "scale", "margin", "step", "bandwidth")
    ordered, rows = sorted(fits, key=lambda f: f.aic), []
    for f in ordered:
        w = f.world
        numbers = (f.loss, f.aic - ordered[0].aic, f.median, f.worst)
        constants = (w.radius, w.score_scale, w.margin, w.target_step, w.bandwidth)
        rows.append((f.hypothesis.name, *(f"{v:.3f}" for v in numbers), *(f"{v:.4g}" for v in constants)))
    return Table("Fit of each hypothesis to the 18 printed cells of Table 2", header, rows, words=("hypothesis",))


def _cells_table(chosen: Fit) -> Table:
    """The cells of Table 2 under a fit, relative to the printed ones."""
    ratios = 1 + chosen.deviations.reshape(-1, len(PRINTED))
    rows = [
        (f"{target:g}", method, *(f"{v:.2f}" for v in row))
        for (target, method), row in zip(published_table2(), ratios, strict=True)
    ]
    title = f"ours/printed under {chosen.hypothesis.name}"
    return Table(title, ("target", "method", *PRINTED), rows, words=("method",))


@click.command(help=(__doc__ or "").split("\n")[0])
@click.option("--quick", is_flag=True, help="Two hypotheses only.")
@click.option(
    "--json",
    "json_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write fits to this file as they come; an existing file is resumed.",
)
@click.option("--write", is_flag=True, help="Keep the best fit and those of both plain shapes in toy/recovered.json.")
def main(quick: bool, json_path: Path | None, write: bool) -> None:
    jax.config.update("jax_enable_x64", True)
    console = Console(width=max(_TABLE_WIDTH, Console().width))
    fits = _resumed(json_path)
    jobs = [h for h in hypotheses(quick) if h not in {f.hypothesis for f in fits}]
    if fits:
        console.print(f"{len(fits)} fits resumed from {json_path}")
    failed = []
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the workers' matrix products would fight over the cores
    with (
        ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=_use_64_bits) as pool,
        progress_bar(console) as progress,
    ):
        futures = {pool.submit(fit, job): job for job in jobs}
        progress("fitting hypotheses", 0, len(jobs))
        for done, future in enumerate(as_completed(futures), start=1):
            try:
                fits.append(future.result())
            except (ValueError, ArithmeticError) as error:
                failed.append(futures[future].name)
                console.print(f"{futures[future].name}: no fit: {error}")
            if json_path is not None and fits:
                write_whole(json_path, json.dumps(_record(fits), indent=1) + "\n")
            progress("fitting hypotheses", done, len(jobs))
    fits.sort(key=lambda f: (f.aic, f.hypothesis.name))
    show(fits, console)
    if write:
        record = _record(fits)
        kept = {k: v for k, v in record.items() if k in (fits[0].hypothesis.name, *_ALWAYS_KEPT)}
        target = Path(str(files("distributional_view.toy").joinpath("recovered.json")))
        write_whole(target, json.dumps({"winner": choose(fits).hypothesis.name, "worlds": kept}, indent=1) + "\n")
        console.print(f"wrote {target.name}")
    if failed:
        raise click.ClickException(f"no fit for {', '.join(failed)}")


def _resumed(json_path: Path | None) -> list[Fit]:
    """The fits of an earlier run that was cut off."""
    if json_path is None or not json_path.exists():
        return []
    record = json.loads(json_path.read_text())
    fits = []
    for hypothesis in hypotheses():
        if hypothesis.name in record:
            kept = record[hypothesis.name]
            world = ToyWorld(**kept["world"])
            fits.append(Fit(hypothesis, replace(world), kept["relative_se"], deviations(hypothesis, world)))
    return fits


def _use_64_bits() -> None:
    jax.config.update("jax_enable_x64", True)


if __name__ == "__main__":
    main()
