"""What each method that generates pays for a feature's level on pictures: level, bottleneck, overshoot.

`backends.embedded.split_experiment` draws and splits (torch is needed). One panel a feature and level: a bar a method,
whose blue part every law with this mean pays, whose red part is what is seen of the distance to the
tilt. Counterpart
of `figures.bottleneck`, where all densities are known.

Paper: Theorem F.7, Lemma D.4, Figure 4.

dview bottleneck --embedded [--features 457,417] [--levels 0.95] [--out results] [--seed 0] [--quick]
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from distributional_view.figures.artefact import Artefact
from distributional_view.figures.bottleneck import PARTS
from distributional_view.figures.means import text_of
from distributional_view.figures.output import Provenance
from distributional_view.files import finite
from distributional_view.terminal import Table
from distributional_view.theory.progress import Progress, silent

STATEMENTS = ("Definition 2.2", "Lemma D.4", "Theorem F.7")
COLUMNS = (
    "feature",
    "name",
    "level",
    "target",
    "method",
    "prompt",
    "activation",
    "activation_sd",
    "agreement",
    "level_nats",
    "bottleneck",
    "floor",
    "bottleneck_halves",
    "overshoot",
    "kl",
    "unsplit",
    "knob",
    "problem",
    "prior_mean",
)
ESTIMATES = ("level_nats", "bottleneck", "bottleneck_halves", "overshoot", "kl")
"""In nats, each with a standard error."""
FEATURES = 2
"""How many of the named features, where none is asked for."""

Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class EmbeddedBottleneck(Artefact):
    """All rows, and how their kept pictures are read."""

    name: ClassVar[str] = "bottleneck-embedded"
    rows: Rows
    budget: Any
    seed: int
    shown: Callable[[dict[str, Any]], Any]

    @property
    def provenance(self) -> Provenance:
        """The parameters are the experiment's budget."""
        return Provenance("what each method pays for a level on pictures", STATEMENTS, asdict(self.budget), self.seed)

    def numbers(self) -> dict[str, Any]:
        """Every row; nats as {"value", "se"}; null where the prior's samples do not reach the level."""
        rows = [
            {name: row[name] for name in COLUMNS}
            | {n: None if row[n] is None else dict(zip(("value", "se"), row[n], strict=True)) for n in ESTIMATES}
            for row in self.rows
        ]
        found: dict[str, Any] = finite({**self.provenance.as_dict(), "rows": rows})
        return found

    def draw(self) -> dict[str, Figure]:
        """A panel a feature and level."""
        return {self.name: _figure(self)}

    def table(self) -> Table:
        """A line a row."""
        names = [name for name, _ in _NATS]
        header = ("feature", "level", "method", "E[ψ]", "class agrees", *names[:3], "floor", names[3])
        lines = [_line(row) for row in self.rows]
        note = (
            f"Nats. {self.budget.n} pictures a row, {self.budget.pool} of the prior, {self.budget.sampling.steps} "
            f"reverse steps, seed {self.seed}. The bottleneck is a lower bound by shares of cells of class and score; "
            "95 % of sets of as many exact draws lie below the floor. By halves: by a function that is fitted on one "
            "half and evaluated on the other, which needs hundreds of pictures. Exact draws: of the prior's tilt, as a "
            "control. A mean below the level makes the overshoot negative."
        )
        return Table("What each method pays for a level", header, lines, ("feature", "method"), 2, note)


_NATS = (
    ("level", "level_nats"),
    ("overshoot", "overshoot"),
    ("bottleneck ≥", "bottleneck"),
    ("by halves ≥", "bottleneck_halves"),
)


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    nats = ["–" if row[n] is None else text_of(row[n][0], row[n][1]) for _, n in _NATS]
    seen = ("–", "–") if "activation" not in row else (f"{row['activation']:.2f}", f"{row['agreement']:.0%}")
    level = f"{100 * row['level']:g} % ({row['target']:.2f})"
    return (row["name"], level, _called(row), *seen, *nats[:3], text_of(row["floor"], None), nats[3])


def _called(row: dict[str, Any]) -> str:
    """The method, with the words of a hard prompt."""
    return row["method"] if not row["prompt"] else f"{row['method']} ({' '.join(row['prompt'])})"


def compute(
    out: Path, seed: int, quick: bool, features: Sequence[int], levels: Sequence[float], progress: Progress = silent
) -> EmbeddedBottleneck:
    """Run the experiment, or go on with it; its job, the prior's samples and the prompts lie in folders of `out`.

    Args:
        out: folder of the results; a job of `dview paradigms` there lends its prompts and calibrations.
        seed: of everything random.
        quick: few pictures and steps, a single level.
        features: indices of named features; none for the first two.
        levels: quantiles of the score, each in (0, 1); none for the budget's.
        progress: called on the way.

    Raises:
        ImportError: without torch.
        UserError: for a feature without a name.
        ValueError: for a level out of range.
        OtherRequest: if a folder belongs to something else.
        MissingWeights, MissingData: if weights or pictures are missing.
    """
    from distributional_view.backends.embedded import split_experiment
    from distributional_view.backends.embedded.features import chosen_features
    from distributional_view.backends.paradigms.kept import shown

    budget = split_experiment.QUICK if quick else split_experiment.SplitBudget()
    budget = replace(budget, levels=tuple(sorted(set(levels))) or budget.levels)
    chosen, tail = chosen_features(features, FEATURES), "-quick" if quick else ""
    job, known, pool = (out / f"{name}{tail}" for name in ("bottleneck-job", "paradigms-job", "bottleneck-pool"))
    rows = split_experiment.run(job, known, pool, budget, seed, chosen, progress)
    return EmbeddedBottleneck(rows, budget, seed, shown)


def _figure(data: EmbeddedBottleneck) -> Figure:
    panels: dict[tuple[str, float], list[dict[str, Any]]] = {}
    for row in data.rows:
        panels.setdefault((row["name"], row["level"]), []).append(row)
    most = max(len(rows) for rows in panels.values())
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(9.6, len(panels) * (0.42 * most + 0.75) + 1.1), sharex=True, squeeze=False
    )
    for here, ((name, level), rows) in zip(axes[:, 0], panels.items(), strict=True):
        _bars(here, rows, data.shown)
        target, prior = rows[0]["target"], rows[0]["prior_mean"]
        here.set_title(f"{name}, {100 * level:g} % level: E[ψ] = {target:.2f} (prior {prior:.2f})", loc="left")
    axes[-1, 0].margins(x=0.02)
    axes[-1, 0].set_xlabel("KL to the prior, at least (nats)")
    handles: list[Artist] = [Patch(color=color, label=said) for said, color in PARTS.values()]
    handles.append(Patch(facecolor="none", edgecolor=PARTS["excess"][1], hatch="////", label="short of the level"))
    handles.append(Line2D([], [], color="black", lw=1.4, label="chance: 95 % of as many exact draws show less red"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=8)
    figure.suptitle("At one activation: what every law pays (blue), and what a method pays beyond it (red)")
    return figure


def _bars(axes: Axes, rows: Rows, shown: Callable[[dict[str, Any]], Any]) -> None:
    """A bar a method, first on top."""
    places = np.arange(len(rows))[::-1]
    for place, row in zip(places, rows, strict=True):
        if row["kl"] is None:
            axes.text(0.02, place, row["unsplit"], va="center", fontsize=8)
            continue
        left = 0.0
        for part, (_, color) in zip(("level_nats", "bottleneck", "overshoot"), PARTS.values(), strict=True):
            width = row[part][0] if part == "overshoot" else max(row[part][0], 0.0)
            kind: dict[str, Any] = (
                {"color": color} if width >= 0 else {"facecolor": "none", "edgecolor": color, "hatch": "////"}
            )
            axes.barh(place, width, left=left, height=0.62, **kind)
            if part == "bottleneck":
                axes.plot([left + row["floor"]] * 2, [place - 0.31, place + 0.31], color="black", lw=1.4)
            left += width
        axes.text(
            1.01,
            place,
            f"mean {row['activation']:.2f}, class {row['agreement']:.0%}",
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=7.5,
        )
    axes.set_yticks(places, [_called(row) for row in rows], fontsize=8)
    axes.set_ylim(-0.6, len(rows) - 0.4)
