"""What a study says: scores, agreement and descriptions, method by method.

Paper: Section 3.3, Tables 4, 6, 7, Appendix K. The intervals, alpha, and chance are ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from distributional_view.errors import UserError
from distributional_view.figures.artefact import Artefact
from distributional_view.figures.output import Provenance
from distributional_view.figures.study.agreement import METRICS
from distributional_view.figures.study.answers import MODEL, PERSON, Read
from distributional_view.figures.study.descriptions import Embed, Spread, spread
from distributional_view.figures.study.drawn import figure
from distributional_view.figures.study.scores import (
    Draws,
    Estimate,
    Grades,
    agreement,
    by_name,
    difference,
    draws_of,
    mean_score,
    success,
)
from distributional_view.figures.study.sources import Cell
from distributional_view.figures.study.study import Study
from distributional_view.files import finite
from distributional_view.terminal import Table
from distributional_view.theory.errors import require

SUCCESS = 2.5
"""The mean score from which a set of pictures counts as understood (Table 7)."""
GROUPS = ("all", PERSON, MODEL)
HEADER = ("method", "items", "score", "95 %", "people", "AI", "success %", "variance", "between", "chance")


@dataclass(frozen=True)
class Reading(Artefact):
    """A study with its answers.

    Args:
        study: what was rated.
        cells: what each item shows.
        read: the answers, at least one.
        embed: descriptions to vectors.
        embedding: what `embed` is, for the record.
        least: mean score from which an item is a success, in [1, 4].
        seed: of the bootstrap, >= 0.

    Raises:
        UserError: if no answer counts.
        ValueError: for a number out of range.
    """

    name: ClassVar[str] = "study"
    study: Study
    cells: Mapping[str, Cell]
    read: Read
    embed: Embed
    embedding: str
    least: float = SUCCESS
    seed: int = 0

    def __post_init__(self) -> None:
        require(1 <= self.least <= 4, "success", self.least, "in [1, 4]")
        require(self.seed >= 0, "seed", self.seed, ">= 0")
        if not self.read.answers:
            why = f": {self.read.rejected[0].reason}" if self.read.rejected else ""
            raise UserError(f"no answer to study {self.study.name} counts{why}")

    @cached_property
    def raters(self) -> dict[str, str]:
        """Name -> kind; people first."""
        kinds = {answer.rater: answer.kind for answer in self.read.answers}
        return dict(sorted(kinds.items(), key=lambda pair: (pair[1] != PERSON, pair[0])))

    @cached_property
    def grades(self) -> Grades:
        """All scores as an array; a method at several levels counts as several."""
        labels = [self._label(self.cells[item]) for item in self.study.items]
        features = [self.cells[item].feature for item in self.study.items]
        scores = np.full((len(labels), len(self.raters)), np.nan)
        rows = {item: i for i, item in enumerate(self.study.items)}
        columns = {rater: i for i, rater in enumerate(self.raters)}
        for answer in self.read.answers:
            scores[rows[answer.item], columns[answer.rater]] = answer.score
        means = {label: [] for label in sorted(set(labels))}  # type: dict[str, list[float]]
        for label, row in zip(labels, scores, strict=True):
            means[label] += row[~np.isnan(row)].tolist()
        names = sorted(means, key=lambda label: -float(np.mean(means[label] or [0.0])))
        return Grades(
            scores,
            np.array([names.index(label) for label in labels]),
            np.unique(features, return_inverse=True)[1].astype(int),
            names,
        )

    def _label(self, cell: Cell) -> str:
        several = len({(c.level) for c in self.cells.values() if c.method == cell.method and c.level}) > 1
        return f"{cell.method} at {cell.level}" if several and self._levels_shared else cell.method

    @cached_property
    def _levels_shared(self) -> bool:
        """Whether levels are something to compare: some feature is there at more than one by the same method."""
        pairs = [(cell.method, cell.feature) for cell in self.cells.values()]
        return len(pairs) > len(set(pairs))

    def group(self, name: str) -> np.ndarray:
        """The raters of a group, as a mask."""
        return np.array([name in ("all", kind) for kind in self.raters.values()])

    @cached_property
    def drawn(self) -> Draws:
        """The draws of the bootstrap."""
        return draws_of(self.grades, self.seed)

    @cached_property
    def methods(self) -> dict[str, dict[str, Any]]:
        """The estimates of each method, best mean first."""
        return {name: self._method(name, rows) for name, rows in by_name(self.grades).items()}

    def _method(self, name: str, rows: np.ndarray) -> dict[str, Any]:
        g, all_raters = self.grades, self.group("all")
        alone = {r: np.array([r == other for other in self.raters]) for r in self.raters}
        given = g.scores[rows]
        return {
            "items": int(rows.sum()),
            "features": int(np.unique(g.features[rows]).size),
            "score": {group: mean_score(g, rows, self.group(group), self.drawn) for group in GROUPS},
            "score_of": {r: mean_score(g, rows, mask, self.drawn).value for r, mask in alone.items()},
            "shares": {str(score): _share(given, score) for score in (1, 2, 3, 4)},
            "success": success(g, rows, all_raters, self.drawn, self.least),
            "agreement": agreement(g, rows, all_raters, self.drawn, "ordinal"),
            "descriptions": self.spreads[name],
        }

    @cached_property
    def spreads(self) -> dict[str, Spread]:
        """How far the descriptions of each method differ."""
        answers = self.read.answers
        vectors = self.embed([answer.concept for answer in answers])
        places = {item: i for i, item in enumerate(self.study.items)}
        items = np.array([places[answer.item] for answer in answers])
        scores = np.array([float(answer.score) for answer in answers])
        raters = np.array([answer.rater for answer in answers])
        found = {}
        for name, rows in by_name(self.grades).items():
            here = rows[items]
            found[name] = spread(vectors[here], scores[here], items[here], raters[here].tolist())
        return found

    @cached_property
    def agreements(self) -> dict[str, dict[str, Estimate]]:
        """Krippendorff's alpha of each group of raters, by each metric."""
        every = np.ones(len(self.study.items), bool)
        return {
            group: {m: agreement(self.grades, every, self.group(group), self.drawn, m) for m in METRICS}
            for group in GROUPS
        }

    @property
    def provenance(self) -> Provenance:
        """The parameters are the study and how it was read."""
        parameters = {"study": self.study.name, "embedding": self.embedding, "success": self.least}
        return Provenance("A blinded study of pictures", (), parameters, self.seed)

    def numbers(self) -> dict[str, Any]:
        """All of study.json."""
        names = list(self.methods)
        rows, every = by_name(self.grades), self.group("all")
        differences = [
            {"method": a, "less": b, **difference(self.grades, rows[a], rows[b], every, self.drawn)._asdict()}
            for i, a in enumerate(names)
            for b in names[i + 1 :]
        ]
        answered = {r: int((~np.isnan(self.grades.scores[:, i])).sum()) for i, r in enumerate(self.raters)}
        found: dict[str, Any] = finite(
            _plain(
                {
                    **self.provenance.as_dict(),
                    "items": len(self.study.items),
                    "raters": {r: {"kind": kind, "answered": answered[r]} for r, kind in self.raters.items()},
                    "methods": self.methods,
                    "differences": differences,
                    "agreement": self.agreements,
                    "rejected": self.read.rejected,
                    "revised": self.read.revised,
                }
            )
        )
        return found

    def draw(self) -> dict[str, Figure]:
        """Scores, their shares, and descriptions, a line a method."""
        return {self.name: figure(self.methods, self.raters)}

    def table(self) -> Table:
        """A line a method."""
        lines = [self._line(name, found) for name, found in self.methods.items()]
        return Table(f"Study {self.study.name}", HEADER, lines, ("method",), note="\n".join(self._notes()))

    def _line(self, name: str, found: Mapping[str, Any]) -> list[str]:
        score, said = found["score"], found["descriptions"]
        share = found["success"].value
        return [
            name,
            str(found["items"]),
            _text(score["all"].value),
            _span(score["all"]),
            _text(score[PERSON].value),
            _text(score[MODEL].value),
            "–" if share is None else f"{100 * share:.0f}",
            *(_text(number) for number in (said.variance, said.between, said.chance)),
        ]

    def _notes(self) -> list[str]:
        alphas = [(group, found["ordinal"]) for group, found in self.agreements.items()]
        words = [
            f"{'people' if g == PERSON else g} {_text(e.value)} ({_span(e)})" for g, e in alphas if e.value is not None
        ]
        of = len(self.study.items)
        short = [f"{r} {n}" for i, r in enumerate(self.raters) if (n := self._answered(i)) < of]
        return [
            f"{len(self.raters)} raters, {len(self.read.answers)} answers to {of} items.",
            "Krippendorff's alpha (ordinal): " + (", ".join(words) or "needs two raters of the same items") + ".",
            "Intervals are over features. Raters agree in words as far as `between` lies below `chance`.",
            *([f"Not all of the {of} items were answered: {', '.join(short)}."] if short else []),
        ]

    def _answered(self, column: int) -> int:
        return int((~np.isnan(self.grades.scores[:, column])).sum())


def _share(scores: np.ndarray, score: int) -> float | None:
    given = scores[~np.isnan(scores)]
    return float((given == score).mean()) if given.size else None


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _span(found: Estimate) -> str:
    return "–" if found.interval is None else f"{found.interval[0]:.2f} to {found.interval[1]:.2f}"


def _plain(content: Any) -> Any:
    """The same with named tuples as mappings."""
    if isinstance(content, Mapping):
        return {key: _plain(value) for key, value in content.items()}
    if hasattr(content, "_asdict"):
        return _plain(content._asdict())
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [_plain(value) for value in content]
    return content
