"""The same methods at other layers of the embedded classifier, each feature at its own level.

`layers.json` has a row for each layer, feature and method (`backends.embedded.layers`; torch is needed), the retrieved
set of each feature, and what a layer's transcoder explains. The picture shows one feature a layer.

Paper: Table 8. At matched activations; here on the embedded world, in `figures.layers_own` on weights of one's own.

dview layers [--out results] [--seed 0] [--quick] [--hooks 1.0,2.0,3.0] [--features 3] [--method MACO] [--jobs 2]
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from distributional_view.figures.artefact import Artefact
from distributional_view.figures.means import Mean, mean_of, text_of
from distributional_view.figures.output import Provenance
from distributional_view.figures.paradigms import COLUMNS
from distributional_view.figures.paradigms_drawn import Method, grid
from distributional_view.figures.paradigms_plot import styles
from distributional_view.files import finite
from distributional_view.terminal import Table
from distributional_view.theory.progress import Progress

STATEMENTS = ("Definition 2.1", "Lemma D.4", "Lemma F.1", "Algorithm 1")
MEASURES = ("kid", "kid_tilt", "naturalness", "diversity", "prior_loss", "agreement")
WORDS = {
    "kid": "KID",
    "kid_tilt": "KID to the tilt",
    "prior_loss": "the prior's loss",
    "agreement": "class agrees",
}
PANELS = ("kid_tilt", "agreement", "diversity", "prior_loss")
"""Of these the first three that were measured."""
RETRIEVED = "retrieved"
SAID = {"MACO": "pixels climb, the spectrum stays that of pictures"}
"""Where the method that it is compared with in `figures.paradigms` is not there."""


@dataclass(frozen=True)
class Layers(Artefact):
    """A layer each: its words, what its transcoder explains, and its rows with `off`, in sd of the score."""

    name: ClassVar[str] = "layers"
    layers: Sequence[tuple[str, float | None, Sequence[dict[str, Any]]]]
    methods: Sequence[Method]
    parameters: dict[str, Any]
    seed: int
    shown: Callable[[dict[str, Any]], Any] = field(repr=False)
    judges: str = "test pictures"

    @property
    def provenance(self) -> Provenance:
        """The parameters are budget and hooks."""
        return Provenance("the same methods at other layers", STATEMENTS, self.parameters, self.seed)

    def of(self, rows: Sequence[dict[str, Any]], method: str) -> list[dict[str, Any]]:
        """The rows of a method; `RETRIEVED` for the yardstick."""
        return [row for row in rows if row["method"] == method]

    def means(self, rows: Sequence[dict[str, Any]], method: str) -> dict[str, Mean]:
        """Over features, whose own means are over levels and seeds."""
        ours = self.of(rows, method)
        columns = (*MEASURES, *(["off"] if method != RETRIEVED else []))
        found = {}
        for name in columns:
            features = [
                {name: np.mean([row[name] for row in ours if row["feature"] == feature and row[name] is not None])}
                for feature in dict.fromkeys(row["feature"] for row in ours if row[name] is not None)
            ]
            found[name] = mean_of(features, name)
        return found

    def numbers(self) -> dict[str, Any]:
        """Rows without pictures, means by layer and method, settings; null where a column does not apply."""
        layers = [
            {
                "layer": layer,
                "explained_variance": explained,
                "rows": [{name: row.get(name) for name in (*COLUMNS, "off")} for row in rows],
                "means": {
                    method: {name: mean._asdict() for name, mean in self.means(rows, method).items()}
                    for method in (RETRIEVED, *(m.method for m in self.methods))
                },
            }
            for layer, explained, rows in self.layers
        ]
        found: dict[str, Any] = finite({"layers": layers, "settings": self.provenance.as_dict()})
        return found

    def draw(self) -> dict[str, Figure]:
        """A feature a layer by all methods, and some measures by layer."""
        rows, names = [], []
        for _, _, ours in self.layers:
            names.append(ours[0]["name"])
            rows += [row for row in ours if row["name"] == names[-1]]
        levels = sorted({row["level"] for row in rows if row["level"] is not None})
        pictures = grid(rows, self.methods, names, levels[len(levels) // 2], self.shown, "At other layers")
        return {self.name: pictures, f"{self.name}-measures": self._measures()}

    @property
    def measured(self) -> tuple[str, ...]:
        """Columns that are not empty."""
        return tuple(m for m in MEASURES if any(row[m] is not None for _, _, rows in self.layers for row in rows))

    def _measures(self) -> Figure:
        names = [name for name in PANELS if name in self.measured][:3]
        figure, panels = plt.subplots(1, len(names), figsize=(3.6 * len(names), 3.6), layout="constrained")
        several = (*styles(self.methods), (RETRIEVED, "0.5", "x"))
        for axes, name in zip(panels, names, strict=True):
            for place, (method, color, marker) in enumerate(several):
                means = [self.means(rows, method)[name] for _, _, rows in self.layers]
                there = [(i, mean) for i, mean in enumerate(means) if mean.mean is not None]
                axes.errorbar(
                    [i + 0.09 * (place - len(several) / 2) for i, _ in there],
                    [mean.mean for _, mean in there],
                    yerr=[mean.se or 0.0 for _, mean in there],
                    fmt=marker,
                    color=color,
                    ms=4.5,
                    lw=1,
                    label=method if method != RETRIEVED else "highest scores",
                )
            axes.set_xticks(
                range(len(self.layers)), [layer.replace(" block", "\nblock") for layer, _, _ in self.layers]
            )
            axes.set_title(WORDS.get(name, name))
        panels[0].axhline(0, color="0.7", lw=0.8)
        figure.legend(*panels[1].get_legend_handles_labels(), loc="outside right center", fontsize=8)
        return figure

    def table(self) -> Table:
        """A line for each layer and method."""
        measured = self.measured
        header = ("layer", "method", "reached", "off", *(WORDS.get(name, name) for name in measured))
        lines = []
        for layer, _, rows in self.layers:
            for method in (RETRIEVED, *(m.method for m in self.methods)):
                ours, means = self.of(rows, method), self.means(rows, method)
                at_level = method != RETRIEVED
                reached = f"{sum(bool(row['reached']) for row in ours)} of {len(ours)}" if at_level else "–"
                lines.append(
                    (
                        layer,
                        method if at_level else "highest scores",
                        reached,
                        text_of(*means["off"]) if at_level else "–",
                        *(text_of(*means[name]) for name in measured),
                    )
                )
        return Table("The same methods at other layers", header, lines, ("layer", "method"), 2, self._note())

    def _note(self) -> str:
        explained = ", ".join(
            f"{layer} {'not known' if value is None else f'{value:.0%}'}" for layer, value, _ in self.layers
        )
        return (
            f"Explained variance of the transcoders: {explained}. ± standard error over features. Off: mean minus "
            f"level, in sd of the score over the data. KID to the tilt: to the {self.judges} weighed to the same "
            f"level. Seed {self.seed}."
        )


def compute(
    out: Path,
    seed: int,
    quick: bool,
    hooks: Sequence[tuple[int, int]],
    features: int | None,
    methods: Sequence[str],
    jobs: int,
    progress: Progress,
) -> Layers:
    """Train what is missing and run the cells, or go on with them; the jobs lie in a folder of `out`.

    Args:
        out: folder of the results.
        seed: of everything random but the transcoders' training.
        quick: two layers, one feature each, short trainings.
        hooks: stage and block of each layer; none for the usual ones.
        features: of each layer; None for the budget's.
        methods: names; none for the usual ones.
        jobs: processes.
        progress: called on the way.

    Raises:
        ImportError: without torch.
        ValueError: for a hook or a method that does not exist.
        OtherRequest: if a folder belongs to something else.
        MissingWeights, MissingData: if weights or pictures are missing.
    """
    from distributional_view.backends.embedded import layers
    from distributional_view.backends.embedded.convnext import Hook
    from distributional_view.backends.paradigms.entrants import entrants_of
    from distributional_view.backends.paradigms.kept import shown

    usual = layers.QUICK if quick else layers.LayerBudget()
    budget = usual if features is None else replace(usual, features=features)
    chosen = [Hook(*hook) for hook in dict.fromkeys(hooks)] or list(layers.HOOKS[1:] if quick else layers.HOOKS)
    names = tuple(methods) or layers.METHODS
    entrants = [Method(e.name, e.paradigm, SAID.get(e.name, e.says)) for e in entrants_of(names)]
    job = out / ("layers-job-quick" if quick else "layers-job")
    found = layers.run(job, budget, chosen, names, seed, progress, jobs)
    told = [(layer.name, layer.explained_variance, with_off(layer.rows)) for layer in found]
    return Layers(told, entrants, layers.parameters(budget, chosen), seed, shown)


def with_off(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with how far each mean lies from its level, in sd of the score; None where there is no level."""
    return [
        row | {"off": None if row["level"] is None else (row["activation"] - row["target"]) / row["sd"]} for row in rows
    ]
