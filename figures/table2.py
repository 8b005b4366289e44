"""Table 2: hard against KLSC at matched mean score; exact, sampled by the paper's protocol, and as printed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
from rich.console import Console
from rich.table import Table

from distributional_view.figures.output import write_json
from distributional_view.files import write_whole
from distributional_view.toy.sampled import Estimate, sampled_table
from distributional_view.toy.table2 import METRICS, PRINTED, calibrated, exact_table
from distributional_view.toy.world import TARGETS, ToyWorld, published_table2

STATEMENTS = ("Definition 2.1", "Definition 2.2", "Definition 2.3", "Lemma D.7", "Lemma D.10", "Theorem D.14")
POOL, REPLICATES = 50_000, 16
QUICK_POOL, QUICK_REPLICATES = 5_000, 4
LABELS = {
    "boundary_mass": "boundary",
    "tv_step": "TV step",
    "kl": "KL exact",
    "kl_kde": "KL by KDE",
}


def compute(world: ToyWorld, seed: int, quick: bool, progress: Callable[[int, int], None]) -> dict[str, Any]:
    """The content of table2.json. `progress` gets the number of replicates done and their total."""
    pool, replicates = (QUICK_POOL, QUICK_REPLICATES) if quick else (POOL, REPLICATES)
    exact, printed = exact_table(world), published_table2()
    progress(0, replicates)
    sampled = sampled_table(
        world, jax.random.key(seed), pool, replicates, progress=lambda done: progress(done, replicates)
    )
    rows = []
    for target in TARGETS:
        level = calibrated(world, target)
        for method in ("hard", "klsc"):
            key = (target, method)
            rows.append(
                {
                    "target": int(target),
                    "method": method,
                    "threshold": level.hard.threshold,
                    "multiplier": level.klsc.multiplier if method == "klsc" else None,
                    "exact": {m: exact[key][m] for m in METRICS},
                    "sampled": {m: sampled[key][m]._asdict() for m in METRICS},
                    "published": {m: printed[key][m] for m in PRINTED},
                }
            )
    return {
        "world": world.parameters(),
        "seed": seed,
        "rows": rows,
        "statements": list(STATEMENTS),
        "sampling": {"pool": pool, "replicates": replicates},
    }


def lines(result: dict[str, Any]) -> list[tuple[str, ...]]:
    """One line per target, method and metric: target, method, metric, exact, sampled, printed, exact/printed."""
    table: list[tuple[str, ...]] = []
    for row in result["rows"]:
        for metric in METRICS:
            exact, estimate = row["exact"][metric], Estimate(**row["sampled"][metric])
            printed = row["published"].get(metric)
            table.append(
                (
                    str(row["target"]),
                    row["method"],
                    LABELS[metric],
                    f"{exact:.5f}",
                    f"{estimate.mean:.5f} ± {estimate.se:.5f}",
                    "-" if printed is None else f"{printed:.4f}",
                    "-" if printed is None else f"{exact / printed:.2f}",
                )
            )
    return table


HEADER = ("target", "method", "metric", "exact", "sampled", "printed", "ratio")


def show(result: dict[str, Any], console: Console) -> None:
    """Print the table in the terminal."""
    table = Table(title="Table 2: hard truncation against KLSC at the same mean score")
    for column in HEADER:
        table.add_column(column, justify="left" if column in ("method", "metric") else "right", no_wrap=True)
    previous = None
    for line in lines(result):
        if previous not in (None, line[:2]):
            table.add_section()
        table.add_row(*(("", "") if previous == line[:2] else line[:2]), *line[2:])
        previous = line[:2]
    console.print(table)
    console.print(_footnote(result), soft_wrap=True, highlight=False)


def markdown(result: dict[str, Any]) -> str:
    """The table with its parameters and seed."""
    rule = ["---" if c in ("method", "metric") else "---:" for c in HEADER]
    rows = ["| " + " | ".join(cells) + " |" for cells in (HEADER, rule, *lines(result))]
    return "\n".join(["# Table 2", "", *rows, "", _footnote(result), ""])


def _footnote(result: dict[str, Any]) -> str:
    world = ", ".join(f"{k} = {v}" for k, v in result["world"].items())
    sampling = result["sampling"]
    return (
        "boundary: mass of the shell above the hard threshold; TV step: TV between the solutions at the target "
        "and one step beyond; KL by KDE: of the smoothed solution (212), the paper's KL column; "
        "ratio: exact/printed.\n"
        f"sampled: {sampling['replicates']} replicates of {sampling['pool']} points, seed {result['seed']}, "
        f"mean ± standard error.\nworld: {world}."
    )


def save(result: dict[str, Any], out: Path) -> list[Path]:
    """Write table2.json and table2.md."""
    return [write_json(out / "table2.json", result), write_whole(out / "table2.md", markdown(result))]
