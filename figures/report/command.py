"""A report for any feature: what its top-k set leaves out, and which examples to look at instead.

Truncation and tilting see a feature through the law of its activations alone, so that a file of activations is enough.
Each feature is compared at one mean activation: the top-k set (or the truncation with the mean `target`) and the KLSC
solution with the same mean. Of ties at the threshold an equal fraction each is kept, so that no number depends on the
order of the examples; only the list of the top-k examples breaks ties by position.

The examples to show under KLSC weights are drawn by systematic sampling along the order of activation, without
duplicates (`theory.pools.inclusion` says why); the offset comes from the seed and the feature's name, so that a feature
gets the same examples whatever else is in the file.

python -m figures report activations.npy [--top-k 9] [--target 5] [--target NAME=5] [--margin 0.1] [--feature NAME]
                         [--header | --no-header] [--out results] [--seed 0]
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import matplotlib as mpl
import matplotlib.pyplot as plt
from rich.console import Console

from distributional_view.figures.output import Provenance, save_pictures, style, write_json
from distributional_view.figures.report.activations import Column, as_scores, columns
from distributional_view.figures.report.analysis import Feature, Settings, analyse
from distributional_view.figures.report.page import draw
from distributional_view.theory.errors import require

STATEMENTS = (
    "Definition 2.1",
    "Definition 2.2",
    "Definition 2.3",
    "Lemma D.1",
    "Lemma D.4",
    "Lemma D.6",
    "Lemma D.7",
    "Lemma D.10",
    "Lemma D.11",
    "Lemma D.12",
    "Theorem D.14",
    "Lemma F.1",
)
TITLE = "Top-k against KLSC weights, feature by feature"
PAGE = 6
"""Features a page."""


def compute(features: Sequence[Column], settings: Settings) -> Iterator[Feature]:
    """The features' reports, one by one; one that has none gets the status `failed` and the reason in its notes."""
    for column in features:
        try:
            yield analyse(column.name, as_scores(column.read()), settings)
        except ValueError as error:
            yield Feature(column.name, "failed", [str(error)])


def chosen(features: Sequence[Column], names: Sequence[str], settings: Settings) -> list[Column]:
    """The named features, all of them if none is named.

    Raises:
        ValueError: for a name, there or in the targets, that the file does not have.
    """
    known = {column.name: column for column in features}
    some = ", ".join(list(known)[:8]) + (", …" if len(known) > 8 else "")
    for argument, wanted in (("feature", names), ("target of feature", settings.targets)):
        for name in wanted:
            require(name in known, argument, name, f"one of the file's features: {some}")
    return [known[name] for name in dict.fromkeys(names)] if names else list(features)


def parse_targets(texts: Sequence[str]) -> tuple[float | None, dict[str, float]]:
    """The target of all features, and those of single ones: "5" or "NAME=5".

    Raises:
        ValueError: for text that is neither, or two targets of one feature.
    """
    general: list[float] = []
    single: dict[str, float] = {}
    for text in texts:
        name, equals, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            raise ValueError(f"target = {text!r}: must be a number or NAME=number") from None
        require(name not in single and not (general and not equals), "target", text, "given once for each feature")
        if equals:
            single[name] = value
        else:
            general.append(value)
    return (general[0] if general else None), single


def summary(feature: Feature) -> str:
    """A few lines for the terminal."""
    notes = [f"  note: {note}" for note in feature.notes]
    if feature.curves is None:
        return "\n".join([f"{feature.name}: {feature.status}", *notes])
    n, hard, klsc = feature.numbers, feature.numbers["hard"], feature.numbers["klsc"]
    mean = f"mean {n['mean']:.4g}"
    threshold = "none" if hard["threshold"] is None else f"{hard['threshold']:.4g}"
    multiplier = "infinite" if klsc["multiplier"] is None else f"{klsc['multiplier']:.4g}"
    lines = [
        f"{feature.name}: {feature.status}, {mean}, threshold {threshold}, multiplier {multiplier}; "
        f"KL {hard['kl']:.3f} against {klsc['kl']:.3f} nats, saved {n['kl_saved']:.3f}; "
        f"effective size {klsc['effective_size']:.4g}"
    ]
    if hard["boundary_mass"] is not None:
        masses = f"{hard['boundary_mass']:.3f} against {klsc['boundary_mass']:.3f}"
        lines.append(f"  boundary mass {masses} (margin {n['margin']:.3g})")
    lines.append(f"  show {' '.join(map(str, n['shown']['klsc']['indices']))}")
    return "\n".join([*lines, *notes])


def provenance(path: Path, settings: Settings) -> Provenance:
    """Where a report comes from."""
    parameters = {
        "activations": path.name,
        "top_k": settings.top_k,
        "target": settings.target,
        "targets": dict(settings.targets),
        "margin": settings.margin,
    }
    return Provenance(TITLE, STATEMENTS, parameters, settings.seed)


def write(path: Path, features: Sequence[Column], settings: Settings, out: Path, console: Console) -> list[Feature]:
    """Report the features; after each page its pictures and a report.json of all features so far are written."""
    source = provenance(path, settings)
    pages = -(-len(features) // PAGE)
    what = f"top {settings.top_k}" if settings.target is None and not settings.targets else "truncation"
    done: list[Feature] = []
    records: list[dict[str, Any]] = []
    for feature in compute(features, settings):
        done.append(feature)
        records.append(feature.as_dict())
        console.print(
            f"[{len(done)}/{len(features)}] {summary(feature)}", markup=False, highlight=False, soft_wrap=True
        )
        if len(done) % PAGE == 0 or len(done) == len(features):
            page = -(-len(done) // PAGE)
            name = "report" if pages == 1 else f"report-{page:0{len(str(pages))}d}"
            rows = done[(page - 1) * PAGE :]
            with style():
                figure = draw(rows, f"{path.name}: {what} against KLSC weights at the same mean activation")
                written = save_pictures(figure, out, name, source)
            plt.close(figure)
            content = {**source.as_dict(), "features_in_file": len(features), "features": records}
            for file in (*written, write_json(out / "report.json", content)):
                console.print(f"wrote {file}", markup=False, highlight=False, soft_wrap=True)
    return done


@click.command("report")
@click.argument("activations", type=click.Path(path_type=Path))
@click.option("--top-k", default=9, show_default=True, help="Size of the top-k set, and how many examples to show.")
@click.option(
    "--target", "targets", multiple=True, help="Mean activation instead of the top-k set's; NAME=number for one."
)
@click.option("--margin", type=float, help="Width of the boundary shell in activation units.  [default: sd/10]")
@click.option("--feature", "names", multiple=True, help="Only this column; repeatable.")
@click.option("--header/--no-header", default=None, help="Whether the first line of a .csv holds names.")
@click.option("--out", default="results", show_default=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", default=0, show_default=True, help="Decides which examples are shown under KLSC weights.")
def report(
    activations: Path,
    top_k: int,
    targets: tuple[str, ...],
    margin: float | None,
    names: tuple[str, ...],
    header: bool | None,
    out: Path,
    seed: int,
) -> None:
    """Compare top-k with KLSC weights for each feature (column) of a .npy, .npz, .csv or .parquet file."""
    mpl.use("Agg")
    console = Console()
    try:
        general, single = parse_targets(targets)
        settings = Settings(top_k, general, single, margin, seed)
        features = chosen(columns(activations, header), names, settings)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    done = write(activations, features, settings, out, console)
    failed = [f.name for f in done if f.status == "failed"]
    if failed:
        raise click.ClickException(f"{len(failed)} of {len(done)} features have no report: {', '.join(failed)}")
