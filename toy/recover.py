"""Recover the lost constants of the toy world from the 18 printed numbers of Table 2.

    python -m toy.recover [--quick] [--json FILE] [--write]

For each hypothesis about what the paper's words leave open (layout of the modes, shape of the score, where the
boundary mass of the tilt is taken, which KL is printed) five constants are fitted by least squares on
ours/printed - 1: R/sigma, the score scale, the margin, the target step and the bandwidth. Everything is computed
by exact quadrature. Hypotheses are compared by AIC; a difference below 4 does not separate them.

Table 2 takes the boundary mass of both methods at the hard threshold, which is what Lemma D.7 compares. The world that
is kept for it has the score shape of the hypothesis that fits best of all, with the constants that fit best under that
reading of the boundary mass (`toy.fit.choose`).

What no hypothesis can change: with psi >= 0, the printed hard KLs, if they were exact, would bound the KLSC KL at the
lowest target well below the printed one. See `toy.fit.kl_column_bound`.
"""

import math
import os
from concurrent.futures import as_completed
from contextlib import nullcontext
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import jax
from rich.console import Console

from distributional_view.errors import UserError
from distributional_view.files import write_json
from distributional_view.jobs import read_json
from distributional_view.locks import held, lock_beside
from distributional_view.terminal import Table, progress_bar
from distributional_view.theory.errors import require
from distributional_view.toy.fit import NOT_SEPARATED, Fit, choose, fit, kl_column_bound
from distributional_view.toy.hypotheses import Hypothesis, deviations, hypotheses
from distributional_view.toy.table2 import PRINTED
from distributional_view.toy.world import TARGETS, ToyWorld, published_table2
from distributional_view.workers import workers

LOSS = 1e-5
"""How near a recorded loss is to that of the recorded constants, which are rounded."""
_TABLE_WIDTH = 136
_COLUMNS = ("hypothesis", "loss", "dAIC", "median", "worst", "R/sigma", "scale", "margin", "step", "bandwidth")
_ALWAYS_KEPT = ("cosine", "absolute_angle")


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
    _overview(fits, best).show(console)
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
        _cells(chosen).show(console)
    bound, printed = kl_column_bound()
    console.print(
        f"Were the printed hard KLs exact, the KLSC KL at target {TARGETS[0]:g} could not exceed {bound:.4f}; "
        f"printed: {printed:.4f}. The KL column is not the exact KL."
    )


def _overview(fits: list[Fit], best: Fit) -> Table:
    rows = []
    for f in sorted(fits, key=lambda f: f.aic):
        w = f.world
        numbers = (f.loss, f.aic - best.aic, f.median, f.worst)
        constants = (w.radius, w.score_scale, w.margin, w.target_step, w.bandwidth)
        rows.append([f.hypothesis.name, *(f"{v:.3f}" for v in numbers), *(f"{v:.4g}" for v in constants)])
    return Table("Fit of each hypothesis to the 18 printed cells of Table 2", _COLUMNS, rows, words=["hypothesis"])


def _cells(fit: Fit) -> Table:
    ratios = 1 + fit.deviations.reshape(-1, len(PRINTED))
    rows = [
        [f"{target:g}", method, *(f"{v:.2f}" for v in row)]
        for (target, method), row in zip(published_table2(), ratios, strict=True)
    ]
    return Table(f"ours/printed under {fit.hypothesis.name}", ["target", "method", *PRINTED], rows)


def run(quick: bool, json_path: Path | None, write: bool) -> None:
    """Fit every hypothesis that a file has not, tell, and keep what is asked for.

    Args:
        quick: two hypotheses only.
        json_path: file of the fits, written as they come; an existing one is resumed.
        write: whether to keep the world for Table 2 in `toy/recovered.json`.

    Raises:
        UserError: if the file holds something else, is damaged, in use, or cannot be written.
    """
    _use_64_bits()
    with nullcontext() if json_path is None else held(lock_beside(json_path), str(json_path)):
        _run(quick, json_path, write)


def _run(quick: bool, json_path: Path | None, write: bool) -> None:
    console = Console(width=max(_TABLE_WIDTH, Console().width))
    fits = _resumed(json_path)
    jobs = [h for h in hypotheses(quick) if h not in {f.hypothesis for f in fits}]
    if fits:
        console.print(f"{len(fits)} fits resumed from {json_path}")
    failed = []
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the workers' matrix products would fight over the cores
    with workers(begin=_use_64_bits) as pool, progress_bar(console) as progress:
        futures = {pool.submit(fit, job): job for job in jobs}
        for done, future in enumerate(as_completed(futures), start=1):
            try:
                fits.append(future.result())
            except (ValueError, ArithmeticError) as error:
                failed.append(futures[future].name)
                console.print(f"{futures[future].name}: no fit: {error}")
            if json_path is not None and fits:
                write_json(json_path, _record(fits), indent=1)
            progress("fitting hypotheses", done, len(jobs))
    fits.sort(key=lambda f: (f.aic, f.hypothesis.name))
    show(fits, console)
    if write:
        record = _record(fits)
        kept = {k: v for k, v in record.items() if k in (fits[0].hypothesis.name, *_ALWAYS_KEPT)}
        target = Path(str(files("distributional_view.toy").joinpath("recovered.json")))
        write_json(target, {"winner": choose(fits).hypothesis.name, "worlds": kept}, indent=1)
        console.print(f"wrote {target.name}")
    if failed:
        raise click.ClickException(f"no fit for {', '.join(failed)}")


def _resumed(json_path: Path | None) -> list[Fit]:
    """The fits of an earlier run that was cut off."""
    if json_path is None or not json_path.exists():
        return []
    record = read_json(json_path, "choose another file, or delete this one")
    known = {hypothesis.name: hypothesis for hypothesis in hypotheses()}
    if not isinstance(record, dict) or not record.keys() <= known.keys():
        raise UserError(f"{json_path} holds something else than fits: choose another file, so that nothing is lost")
    try:
        return [_fit_of(known[name], kept) for name, kept in record.items()]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{json_path} is damaged, or of another version: delete it to begin again") from error


def _fit_of(hypothesis: Hypothesis, kept: dict[str, Any]) -> Fit:
    """A fit from its record.

    Raises:
        ValueError: if the constants do not give the loss that is written beside them.
    """
    world = ToyWorld(**kept["world"])
    errors = {name: math.nan if value is None else float(value) for name, value in kept["relative_se"].items()}
    found = Fit(hypothesis, world, errors, deviations(hypothesis, world))
    require(math.isclose(found.loss, kept["loss"], abs_tol=LOSS), "loss", found.loss, f"{kept['loss']}, as recorded")
    return found


def _use_64_bits() -> None:
    jax.config.update("jax_enable_x64", True)


if __name__ == "__main__":
    from distributional_view.toy.command import recover

    recover()
