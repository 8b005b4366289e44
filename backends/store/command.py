"""`dview features`: the features of a store as a table, JSON or CSV."""

import csv
import json
import sys
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console

from distributional_view.files import finite, shown, write_json, write_whole
from distributional_view.shell import Command

WORDS = ("feature", "fires", "density", "mean", "median", "q90", "q99", "max", "tail", "top_mean", "multiplier")
SORTS = (*WORDS, "effective_size", "label", "purity")
"""The columns, as `summary.FeatureRow` has them; a test compares."""


@click.command("features", cls=Command)
@click.argument("store", type=click.Path(path_type=Path))
@click.option("--reduction", help="The score column.  [default: the store's first]")
@click.option("--sort", "by", default="feature", show_default=True, type=click.Choice(SORTS), help="Column to sort by.")
@click.option("--descending", is_flag=True, help="Largest first.")
@click.option("--top", type=click.IntRange(min=1), help="Only so many rows, after sorting.")
@click.option("--labels", is_flag=True, help="Find the label that most of a feature's top pictures share.")
@click.option("--partial", is_flag=True, help="Take a scan that is not finished.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write JSON here; - is the terminal.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write CSV here; - is the terminal.")
def features(
    store: Path,
    reduction: str | None,
    by: str,
    descending: bool,
    top: int | None,
    labels: bool,
    partial: bool,
    json_file: Path | None,
    csv_file: Path | None,
) -> None:
    """List the features of a store: density, quantiles, tail, and what a tilt rests on."""
    import io

    from distributional_view.backends.store.read import open_store
    from distributional_view.backends.store.summary import COLUMNS
    from distributional_view.terminal import Table

    found = open_store(store, partial).features(reduction, labels or by in ("label", "purity"))
    rows = [asdict(row) for row in found.sorted(by, descending)[:top]]
    if csv_file is not None:
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        _put(csv_file, text.getvalue())
    if json_file is not None:
        content = {"store": shown(store), "reduction": found.reduction, "pictures": found.pictures, "features": rows}
        if str(json_file) == "-":
            _put(json_file, json.dumps(finite(content), indent=1) + "\n")
        else:
            write_json(json_file, content)
    if json_file is None and csv_file is None:
        names = [name for name in COLUMNS if name not in ("label", "purity") or any(row[name] for row in rows)]
        cells = [[_cell(row[name]) for name in names] for row in rows]
        note = f"{found.pictures} pictures; tail: Hill's estimator over the 100 largest scores; sizes at top-9's mean"
        title = f"{shown(store.name)}: {len(rows)} of {len(found.rows)} features, score {found.reduction}"
        Table(title, names, cells, words=("label",), note=note).show(Console())


def _cell(value: float | str | None) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else f"{value:.4g}" if isinstance(value, float) else str(value)


def _put(file: Path, text: str) -> None:
    """Into a file, or for - to the terminal."""
    if str(file) == "-":
        sys.stdout.write(text)
    else:
        write_whole(file, text)


@click.command("match", cls=Command)
@click.argument("store", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path))
@click.option("--partial", is_flag=True, help="Take scans that are not finished.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write CSV here; - is the terminal.")
def match(store: Path, other: Path, partial: bool, csv_file: Path | None) -> None:
    """Match the features of two stores one to one by the correlation over shared pictures."""
    from distributional_view.backends.store.read import open_store
    from distributional_view.backends.store.shared import matched_features
    from distributional_view.terminal import Table

    both = open_store(store, partial), open_store(other, partial)
    found = matched_features(*both)
    rows = [[str(m.feature), str(m.other), f"{m.correlation:.4f}"] for m in found]
    header = ["feature", "other", "correlation"]
    if csv_file is not None:
        _put(csv_file, "".join(",".join(row) + "\n" for row in [header, *rows]))
    else:
        rest = " and ".join(f"{one.identity.features - len(rows)} of {one.identity.features}" for one in both)
        note = (
            f"{rest} features have no partner: they fire on no shared picture or equally on all, or others fit better"
        )
        Table(f"{shown(store.name)} and {shown(other.name)}: {len(rows)} pairs", header, rows, note=note).show(
            Console()
        )
