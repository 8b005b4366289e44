"""A narrower prior: what the same features look like under it, and the tilt of it that the theory predicts.

`priors.json` has a row for each feature, prior and set of pictures (`backends.embedded.prior_experiment`; torch is
needed): samples, samples reweighted to the level, guided samples.

Paper: Table 9, Lemma F.1 (17). On the embedded world.

dview priors [--out results] [--seed 0] [--quick] [--classes cow,horse,sheep] [--features 457,482] [--prior FOLDER]
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from distributional_view.figures.kept_rows import KeptRows
from distributional_view.figures.paradigms_drawn import Method, grid
from distributional_view.files import finite
from distributional_view.terminal import Table
from distributional_view.theory.progress import Progress

SAID = {"unguided": "samples, without guidance", "its tilt": "samples reweighted to the level", "EnergyDPS": "guided"}
ON_PAGE = 3
"""Features on the picture."""


@dataclass(frozen=True)
class Priors(KeptRows):
    """All rows, and how the kept pictures are read; `tv` of a row: class shares from its prior's own tilt.

    `tv_floor`: what as many exact draws have on average.
    """

    name: ClassVar[str] = "priors"
    title: ClassVar[str] = "the same features under other priors"
    statements: ClassVar[tuple[str, ...]] = ("Definition 2.1", "Lemma D.4", "Lemma F.1", "Algorithm 1")

    def numbers(self) -> dict[str, Any]:
        """Rows without pictures, settings; null where a column does not apply."""
        found: dict[str, Any] = finite({"rows": self.plain_rows, "settings": self.provenance.as_dict()})
        return found

    def draw(self) -> dict[str, Figure]:
        """Pictures of some features, and the class shares of all."""
        return {self.name: self._pictures(), f"{self.name}-classes": self._classes()}

    def _pictures(self) -> Figure:
        names = list(dict.fromkeys(row["name"] for row in self.rows))[:ON_PAGE]
        cells = list(dict.fromkeys((row["prior"], row["what"]) for row in self.rows))
        methods = [Method(f"{what} ({prior})", prior, SAID[what]) for prior, what in cells]
        rows = [
            row | {"method": f"{row['what']} ({row['prior']})"} for row in self.rows if row["activation"] is not None
        ]
        note = "The tilts and guided samples have one mean."
        return grid(rows, methods, names, self.rows[0]["level"], self.shown, "Under other priors", note)

    def _classes(self) -> Figure:
        names = list(dict.fromkeys(row["name"] for row in self.rows))
        figure, panels = plt.subplots(
            1, len(names), figsize=(3.0 * len(names) + 1.6, 4.0), sharey=True, squeeze=False, layout="constrained"
        )
        colors = plt.get_cmap("tab10").colors  # type: ignore[attr-defined]
        for axes, name in zip(panels[0], names, strict=True):
            rows = [row for row in self.rows if row["name"] == name]
            for place, row in enumerate(rows):
                left = 0.0
                for color, (word, share) in zip(colors, (row["shares"] or {}).items(), strict=False):
                    axes.barh(place, share, left=left, color=color, label=word if place == 0 else None, height=0.8)
                    if share > 0.02 + 0.02 * len(word):
                        axes.text(left + share / 2, place, word, ha="center", va="center", fontsize=6.5, color="white")
                    left += share
                if row["tv"] is not None:
                    axes.text(1.02, place, f"{row['tv']:.2f} ({row['tv_floor']:.2f})", va="center", fontsize=7)
                if not row["shares"]:
                    axes.text(0.02, place, "out of reach", va="center", fontsize=7)
            axes.set_yticks(range(len(rows)), [f"{row['prior']}: {row['what']}" for row in rows], fontsize=7.5)
            axes.set(xlim=(0, 1.3), xticks=(0, 0.5, 1), xlabel="share of each class")
            axes.set_title(name)
        panels[0, 0].invert_yaxis()
        figure.suptitle(
            "What guided samples should show is the tilt of their own prior\n"
            "Right of the guided: total variation to it (in parentheses: as many exact draws)",
            fontsize=10,
        )
        return figure

    def table(self) -> Table:
        """A line for each feature, prior and set."""
        header = ("feature", "prior", "pictures", "E[ψ]", "reached", "home", "TV to the tilt", "KID", "KID to home")
        lines = []
        for row in self.rows:
            home, tv = (row["home"], row["tv"])
            lines.append(
                (
                    row["name"],
                    row["prior"],
                    row["what"],
                    "–" if row["activation"] is None else f"{row['activation']:.2f}",
                    "–" if row["reached"] is None else "yes" if row["reached"] else "no",
                    "out of reach" if home is None else f"{home:.0%}",
                    "–" if tv is None else f"{tv:.2f} ({row['tv_floor']:.2f})",
                    *("–" if row[k] is None else f"{row[k]:.2f} ± {row[k + '_se']:.2f}" for k in ("kid", "kid_home")),
                )
            )
        return Table(
            "The same features under other priors", header, lines, ("feature", "prior", "pictures"), 3, self._note()
        )

    def _note(self) -> str:
        targets = {row["name"]: row["target"] for row in self.rows}
        return (
            "Level: " + ", ".join(f"{name} {target:.2f}" for name, target in targets.items()) + ". Home: the classes "
            f"{', '.join(self.budget.classes)}, by the classifier. TV: class shares of guided samples from those of "
            "their own prior's samples reweighted to the level; in parentheses what as many exact draws have. KID: to "
            f"all test pictures, and to those of home; ± jackknife. Seed {self.seed}."
        )


def compute(
    out: Path,
    seed: int,
    quick: bool,
    classes: Sequence[str],
    features: Sequence[int],
    priors: Sequence[Path],
    progress: Progress,
) -> Priors:
    """Train the narrow prior if it is not there, then run the cells, or go on with them.

    Args:
        out: folder of the results; narrow prior and job lie in folders of it.
        seed: of everything random but the training.
        quick: few features and steps.
        classes: of the narrow prior; none for the budget's.
        features: indices of named features; none for the budget's first ones.
        priors: folders of further priors.
        progress: called on the way.

    Raises:
        ImportError: without torch, or without diffusers where a folder is given.
        ValueError: for a class that does not exist.
        UserError: for a feature without a name, a folder that is no prior, or another training in the folder.
        OtherRequest: if the folder belongs to something else.
        MissingWeights, MissingData: if weights or pictures are missing.
    """
    from distributional_view.backends.embedded import narrow, prior_experiment
    from distributional_view.backends.embedded.features import chosen_features
    from distributional_view.backends.paradigms.kept import shown
    from distributional_view.theory.progress import named

    usual = prior_experiment.QUICK if quick else prior_experiment.PriorBudget()
    chosen = chosen_features(features, usual.features)
    budget = replace(usual, classes=tuple(dict.fromkeys(classes)) or usual.classes, features=len(chosen))
    further = [narrow.of_folder(folder) for folder in priors]
    job = out / ("priors-job-quick" if quick else "priors-job")
    folder = job / f"narrow-{'-'.join(budget.classes)}"
    narrow.narrowed(folder, budget.classes, budget.training, named(progress, "narrowing the prior"))
    candidates = [narrow.wide(), narrow.narrow(folder, budget.classes), *further]
    rows = prior_experiment.run(job, budget, candidates, seed, chosen, progress)
    tilts = {(row["feature"], row["prior"]): row for row in rows if row["what"] == prior_experiment.TILT}
    told = []
    for row in rows:
        pair = (row, tilts[row["feature"], row["prior"]]) if row["what"] == prior_experiment.GUIDED else None
        tv = None if pair is None else prior_experiment.to_prediction(*pair)
        lowest = None if pair is None else prior_experiment.floor(*pair, seed)
        told.append(row | {"tv": tv, "tv_floor": lowest})
    return Priors(told, budget, seed, shown)
