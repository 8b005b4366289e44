"""Transcoder features against single channels of the same place: whose explanation is more consistent?

`neurons.json` has a row for each object, level and method (`backends.embedded.neurons`; torch is needed), means by kind
of object, and differences. The pictures show some features, each beside its matched channel and a random one.

Paper: Table 7, Figures 6, 7. Without raters; here on the embedded world, in `figures.neurons_own` on weights of one's
own.

dview neurons [--out results] [--seed 0] [--quick] [--objects 100] [--levels 0.99] [--method EnergyDPS]
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from distributional_view.figures.kept_rows import KeptRows
from distributional_view.figures.means import mean_of, text_of
from distributional_view.figures.neurons_summary import (
    CHANNEL,
    FEATURE,
    MATCHED,
    MEASURES,
    Difference,
    paired,
    unpaired,
)
from distributional_view.figures.paradigms_drawn import Method, grid
from distributional_view.files import finite
from distributional_view.terminal import Table
from distributional_view.theory.progress import Progress

KINDS = {FEATURE: "#00785A", MATCHED: "#0072B2", CHANNEL: "#D55E00"}
SAID = {
    FEATURE: "a random live one of the transcoder",
    MATCHED: "the channel that follows it most closely",
    CHANNEL: "a random channel of the same place",
}
SUCCESS = 0.5
BLOCKS = 4
"""Features on the picture, spread evenly over the gain of their explanations."""


@dataclass(frozen=True)
class Neurons(KeptRows):
    """All rows and how the kept pictures are read."""

    name: ClassVar[str] = "neurons"
    title: ClassVar[str] = "features against single channels of the same place"
    statements: ClassVar[tuple[str, ...]] = ("Definition 2.1", "Lemma D.4", "Lemma F.1")

    def of(self, kind: str, level: float, method: str) -> list[dict[str, Any]]:
        """The rows of one kind of object."""
        return [r for r in self.rows if (r["kind"], r["level"], r["method"]) == (kind, level, method)]

    @property
    def cells(self) -> list[tuple[float, str]]:
        """Levels and methods."""
        return list(dict.fromkeys((row["level"], row["method"]) for row in self.rows))

    @property
    def measures(self) -> tuple[str, ...]:
        """Columns that are not empty: without words some are."""
        return tuple(name for name in MEASURES if any(row[name] is not None for row in self.rows))

    def differences(self, level: float, method: str) -> dict[str, dict[str, Difference | None]]:
        """Of each measure: features minus matched channels, and minus random ones."""
        a, b, c = (self.of(kind, level, method) for kind in KINDS)
        return {
            name: {MATCHED: paired(a, b, name, self.seed), CHANNEL: unpaired(a, c, name, self.seed)}
            for name in self.measures
        }

    def numbers(self) -> dict[str, Any]:
        """Rows without their pictures, means by kind, differences, settings; null where a column does not apply."""
        means, differences = [], []
        for level, method in self.cells:
            cell = {"level": level, "method": method}
            for kind in KINDS:
                rows = self.of(kind, level, method)
                columns = (*MEASURES, "effective_size", "control_gain", "control_success")
                found = {name: mean_of(rows, name)._asdict() for name in columns}
                means.append(cell | {"kind": kind, "objects": len(rows)} | found)
            for name, pair in self.differences(level, method).items():
                told = {against: d and d._asdict() for against, d in pair.items()}
                differences.append(cell | {"measure": name} | told)
        content = {
            "rows": self.plain_rows,
            "means": means,
            "differences": differences,
            "settings": self.provenance.as_dict(),
        }
        finished: dict[str, Any] = finite(content)
        return finished

    def draw(self) -> dict[str, Figure]:
        """Pictures of some objects, and the success rate by the gain that is asked for."""
        return {self.name: self._pictures(), f"{self.name}-gain": self._gains()}

    @property
    def drawn(self) -> tuple[float, str]:
        """The last level and method of which something was measured: what is drawn."""
        return next(
            (level, method)
            for level, method in reversed(self.cells)
            if any(row["similarity"] is not None for kind in KINDS for row in self.of(kind, level, method))
        )

    def _measured_at(self, name: str, kind: str) -> list[dict[str, Any]]:
        """The rows that are drawn and have a column."""
        return [row for row in self.of(kind, *self.drawn) if row[name] is not None]

    def _pictures(self) -> Figure:
        level, method = self.drawn
        features, matched, channels = (
            [row for row in self.of(kind, level, method) if row["shown"] is not None] for kind in KINDS
        )
        key = next((name for name in ("gain", "similarity") if self._measured_at(name, FEATURE)), "index")
        by_gain = sorted((row for row in features if row[key] is not None), key=lambda row: row[key])
        places = np.unique(np.linspace(0, len(by_gain) - 1, min(BLOCKS, len(by_gain))).round().astype(int))
        rows, names = [], []
        for place in places:
            row = by_gain[int(place)]
            names.append(f"feature {row['index']}")
            match = [m for m in matched if m["feature"] == row["index"]]
            for one in (row, *match, *channels[int(place) : int(place) + 1]):
                told = {"name": names[-1], "method": one["kind"]}
                rows.append(one | told)
        methods = [Method(kind, f"at {100 * level:g} % by {method}", says) for kind, says in SAID.items()]
        return grid(rows, methods, names, level, self.shown, "Feature or channel?", "Each at a level of its own.")

    def _gains(self) -> Figure:
        level, method = self.drawn
        titles = {"gain": "by any word", "class_gain": "by a class"}
        told = {name: title for name, title in titles.items() if any(self._measured_at(name, kind) for kind in KINDS)}
        told = told or {"similarity": "mean cosine between pictures"}
        figure, panels = plt.subplots(1, len(told), figsize=(1.4 + 4.0 * len(told), 3.8), sharey=True, squeeze=False)
        for axes, (name, title) in zip(panels[0], told.items(), strict=True):
            for kind, color in KINDS.items():
                values = np.sort([max(row[name], 0.0) for row in self._measured_at(name, kind)])
                x = np.concatenate([[0.0], values, [1.0]])
                y = np.concatenate([[1.0], 1 - np.arange(len(values)) / len(values), [0.0]])
                axes.step(x, y, where="pre", color=color, label=f"{kind} ({len(values)})")
            if name != "similarity":
                axes.axvline(SUCCESS, color="0.5", ls=":", lw=1)
            asked = "similarity" if name == "similarity" else "gain"
            axes.set(xlabel=f"{asked} that is asked for", xlim=(0, 1), ylim=(0, 1.02))
            axes.set_title(title)
        panels[0, 0].set_ylabel("share of objects that have it")
        panels[0, 0].legend(fontsize=8)
        alike = "similarity" in told
        said = "How alike the pictures are" if alike else "How much of a word's possible gain an explanation has"
        figure.suptitle(f"{said} ({method}, {100 * level:g} % level)", **({"fontsize": 10} if alike else {}))
        return figure

    def table(self) -> Table:
        """A line for each level, method and kind."""
        header = ("level", "method", "object", "n", *(name.replace("_", " ") for name in self.measures), "pictures")
        lines = []
        for level, method in self.cells:
            for kind in KINDS:
                rows = self.of(kind, level, method)
                size = mean_of(rows, "effective_size").mean
                lines.append(
                    (
                        f"{100 * level:g} %",
                        method,
                        kind,
                        str(len(rows)),
                        *(text_of(*mean_of(rows, name)) for name in self.measures),
                        "–" if size is None else f"{size:.0f}",
                    )
                )
            for against in (MATCHED, CHANNEL):
                found = [pair[against] for pair in self.differences(level, method).values()]
                told = ("–" if d is None else f"{text_of(d.difference, d.se)} (p {d.p:.3f})" for d in found)
                lines.append((f"{100 * level:g} %", method, f"feature − {against}", "", *told, ""))
        title = "Features and channels: how consistent their explanations are"
        return Table(title, header, lines, ("level", "method", "object"), 3, self._note())

    def _note(self) -> str:
        control = [r["control_success"] for r in self.rows if r["control_success"] is not None]
        said = "not measured" if not control else f"{np.mean(control):.0%} of them"
        return (
            "Success: a word, or a class, has at least half of the gain over the data's share that it could have. "
            "± standard error over objects; of matched pairs a bootstrap over channels; p of permutations. Pictures: "
            f"effective size. Random pictures with the same weights succeed: {said}. Seed {self.seed}."
        )


def compute(
    out: Path,
    seed: int,
    quick: bool,
    objects: int | None,
    levels: Sequence[float],
    methods: Sequence[str],
    progress: Progress,
) -> Neurons:
    """Run the comparison, or go on with it; its job lies in a folder of `out`.

    Args:
        out: folder of the results.
        seed: of everything random.
        quick: few objects.
        objects: features, and at most as many channels; None for the budget's.
        levels: quantiles of the score; none for the budget's.
        methods: names; none for those that need no sampling.
        progress: called on the way.

    Raises:
        ImportError: without torch.
        ValueError: for a level out of range, or a method that does not exist.
        OtherRequest: if the folder belongs to something else.
        MissingWeights, MissingData: if weights or pictures are missing.
    """
    from distributional_view.backends.embedded import neurons
    from distributional_view.backends.paradigms.kept import shown
    from distributional_view.backends.paradigms.objects import OFFLINE

    usual = neurons.QUICK if quick else neurons.NeuronBudget()
    budget = replace(usual, objects=objects or usual.objects, levels=tuple(sorted(set(levels))) or usual.levels)
    job = out / ("neurons-job-quick" if quick else "neurons-job")
    rows = neurons.run(job, budget, tuple(methods) or OFFLINE, seed, progress)
    return Neurons(rows, budget, seed, shown)
