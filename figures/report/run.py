"""A report for any feature: what its top-k set leaves out, and which examples to look at instead.

Truncation and tilting see a feature through the law of its activations alone, so that activations are enough: a file or
arrays. Each feature is compared at one mean activation: the top-k set (or the truncation with the mean `target`) and
the KLSC solution with the same mean. Of ties at the threshold an equal fraction each is kept, so that no number depends
on the order of the examples; only the list of the top-k examples breaks ties by position.

The examples to show under KLSC weights are drawn by systematic sampling along the order of activation, without
duplicates (`theory.pools.inclusion` says why); the offset comes from the seed and the feature's name, so that a feature
gets the same examples whatever else is in the file.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from numpy.typing import ArrayLike

from distributional_view.errors import UserError
from distributional_view.figures.output import Provenance, save_pictures, strict_json, style, write_json
from distributional_view.figures.report.activations import Column, Table, as_scores, table
from distributional_view.figures.report.analysis import FeatureReport, analyse
from distributional_view.figures.report.folder import EMPTY, REPORT, ReportFolder
from distributional_view.figures.report.gallery import draw_gallery
from distributional_view.figures.report.levels import levels_of
from distributional_view.figures.report.page import draw_page
from distributional_view.figures.report.pictures import Album
from distributional_view.figures.report.settings import ReportSettings
from distributional_view.files import shown

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
Activations = str | Path | ArrayLike | Mapping[str, ArrayLike]


def report(
    activations: Activations,
    out: str | Path | None = None,
    settings: ReportSettings | None = None,
    *,
    features: Sequence[str] = (),
    header: bool | None = None,
    id_column: str | None = None,
    ids: Sequence[str] | None = None,
) -> list[FeatureReport]:
    """Compare truncation with KLSC weights for each feature, at the mean of its top-k set or at a target.

    Paper: Definition 2.1, Definition 2.2, Lemma D.7, Theorem D.14.

    Args:
        activations: a file (.npy, .npz, .csv, .tsv, .txt, .parquet), an array (n,) or (n, features), or arrays by name;
            a row is an example.
        out: folder for report.json and pages of plots (.png, .pdf); None: nothing is written.
        settings: top_k, targets, margin, seed; None: their defaults.
        features: names of the features wanted; none: all.
        header: whether the first line of a text file holds names; None: decided by what it holds, and refused where it
            can be either.
        id_column: the column that names the examples, "none", or None: one of different words, or an index.
        ids: names of the examples of arrays; they go into the lists of what to show.

    Returns:
        One report a feature: its `status`, `notes` for the reader, `numbers`, and `curves`. A feature that has none is
        returned too: its status is `failed`, its note the reason.

    Raises:
        UserError: (a ValueError) for activations that cannot be read, a name that is not there, or a folder that cannot
            be written.

    Example:
        >>> import numpy as np
        >>> activations = np.random.default_rng(0).gamma(0.5, size=(5000, 2))  # two features
        >>> first, second = report(activations, settings=ReportSettings(top_k=20))
        >>> first.status, first.numbers["kl_saved"] > 0
        ('active', True)
        >>> len(first.numbers["shown"]["klsc"]["indices"])  # the examples to look at
        20
    """
    settings = ReportSettings() if settings is None else settings
    found = table(activations, header, id_column, ids)
    wanted = chosen(found.columns, features, settings)
    if out is None:
        return list(analyses(wanted, settings))
    return [feature for feature, _ in written(wanted, settings, provenance(found, settings), Path(out))]


def written(
    features: Sequence[Column], settings: ReportSettings, source: Provenance, out: Path, album: Album | None = None
) -> Iterator[tuple[FeatureReport, list[Path]]]:
    """The features' reports, each with the files that were written after it.

    A page of pictures is put in its place when it is full, with a report.json of all features so far, which lists its
    pages. With an album each page has a second one with the pictures of its examples. Just before the first page
    there is one with neither, so that none stands beside a page of another report.

    Raises:
        UserError: if the folder cannot be written, or another report is being written there.
    """
    pages = -(-len(features) // PAGE)
    done: list[FeatureReport] = []
    names: list[str] = []
    with ReportFolder(out) as folder:
        for feature in analyses(features, settings, levels=album is not None):
            done.append(feature)
            files: list[Path] = []
            if len(done) % PAGE == 0 or len(done) == len(features):
                page = -(-len(done) // PAGE)
                name = "report" if pages == 1 else f"report-{page:0{len(str(pages))}d}"
                with folder.page() as stage:
                    if page == 1:
                        write_json(stage / EMPTY, _content(source, [], [], len(features)))
                    pictures = _write_page(done[(page - 1) * PAGE :], stage, name, source)
                    if album is not None:
                        pictures += _write_gallery(done[(page - 1) * PAGE :], stage, f"{name}-pictures", source, album)
                    names += [picture.name for picture in pictures]
                    write_json(stage / REPORT, _content(source, names, done, len(features)))
                files = [out / picture.name for picture in pictures] + [out / REPORT]
            yield feature, files
        folder.tidy(names)


def _content(source: Provenance, pages: list[str], done: Sequence[FeatureReport], total: int) -> dict[str, Any]:
    """All of report.json."""
    features = [feature.as_dict() for feature in done]
    return {**source.as_dict(), "features_in_file": total, "pages": pages, "features": features}


def analyses(features: Sequence[Column], settings: ReportSettings, levels: bool = False) -> Iterator[FeatureReport]:
    """The features' reports, one by one; one that has none gets the status `failed` and the reason in its notes.

    `levels`: whether examples at lower means are wanted too.
    """
    for column in features:
        try:
            scores = as_scores(column.read())
            feature = analyse(column.name, scores, settings, column.ids)
            if levels and feature.curves is not None:
                feature.numbers["levels"] = levels_of(column.name, scores, settings, column.ids)
            strict_json(feature.as_dict())  # refuses NaN and infinity, which no other reader of JSON takes
            yield feature
        except ValueError as error:
            yield FeatureReport(column.name, "failed", [str(error)])


def chosen(features: Sequence[Column], names: Sequence[str], settings: ReportSettings) -> list[Column]:
    """The named features, all of them if none is named.

    Raises:
        UserError: for a name, there or in the targets, that the file does not have.
    """
    known = {column.name: column for column in features}
    some = ", ".join(list(known)[:8]) + (", …" if len(known) > 8 else "")
    for argument, wanted in (("feature", names), ("target of feature", settings.targets)):
        for name in wanted:
            if name not in known:
                raise UserError(f"{argument} = {name!r}: must be one of the file's features: {some}")
    return [known[name] for name in dict.fromkeys(names)] if names else list(features)


def provenance(found: Table, settings: ReportSettings) -> Provenance:
    """Where a report comes from, and how the table was read."""
    parameters = {
        "activations": shown(found.source),
        "read_as": list(found.reading),
        "top_k": settings.top_k,
        "target": settings.target,
        "targets": dict(settings.targets),
        "margin": settings.margin,
    }
    return Provenance(TITLE, STATEMENTS, parameters, settings.seed)


def _write_page(features: Sequence[FeatureReport], out: Path, name: str, source: Provenance) -> list[Path]:
    asked = source.parameters
    what = "truncation" if asked["target"] is not None or asked["targets"] else f"top {asked['top_k']}"
    heading = f"{asked['activations']}: {what} against KLSC weights at the same mean activation"
    with _style():
        return save_pictures(draw_page(features, heading), out, name, source)


def _write_gallery(
    features: Sequence[FeatureReport], out: Path, name: str, source: Provenance, album: Album
) -> list[Path]:
    """The page of pictures; none if no feature has examples."""
    with _style():
        figure = draw_gallery([feature for feature in features if feature.curves is not None], album)
        return [] if figure is None else save_pictures(figure, out, name, source)


@contextmanager
def _style() -> Iterator[None]:
    """The project's style, with glyphs in the PDF as they are: to cut fonts down takes a quarter of a page's time."""
    with style(), mpl.rc_context({"pdf.fonttype": 3}):
        yield
