"""KID and a perceptual distance against the achieved activation as guidance grows, on pictures: what is shown of it.

Both schedules of EnergyDPS at growing strengths (`backends.paradigms.strength_cells`), beside the exact tilt and
truncation of the prior's samples at the same means. Counterpart of the paper's Table 10 and Figure 8.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from distributional_view.figures.artefact import Artefact
from distributional_view.figures.output import Provenance
from distributional_view.figures.strength import COLORS
from distributional_view.terminal import Table

STATEMENTS = ("Lemma D.4", "Lemma F.1", "Theorem D.14", "Algorithm 1", "Remark G.4")
NAMES = {"tilt": "EnergyDPS", "constant": "EnergyDPS-constant", None: "unguided"}
SOLUTIONS = {"tilt": "the prior's tilt", "truncation": "the prior's truncation"}
MEASURED = ("activation", "kid", "lpips")
HEADER = ("method", "factor", "E[ψ]", "KID", "perceptual distance")

Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class PictureStrength(Artefact):
    """All cells, and the solutions on the samples."""

    name: ClassVar[str]
    feature: int
    title: str
    rows: Rows
    solutions: Rows
    independent: float
    budget: Any
    seed: int

    @property
    def kid_on(self) -> str:
        """What the features of KID are, in words."""
        raise NotImplementedError

    @property
    def reach(self) -> float:
        """The highest mean that the samples show a solution of."""
        return float(max(s["activation"] for s in self.solutions))

    @property
    def unreached(self) -> str:
        """A sentence on the strengths that go beyond the samples; empty if none does."""
        beyond = [m for m in over_seeds(self.rows) if m["activation"] > self.reach]
        if not beyond:
            return ""
        many = "1 strength" if len(beyond) == 1 else f"{len(beyond)} strengths"
        told = f"beyond it, where {many} went, no tilt or truncation is shown."
        return f" The samples reach a mean of {self.reach:.3g}: {told}"

    @property
    def provenance(self) -> Provenance:
        """The parameters are the experiment's budget."""
        parameters = {"feature": self.feature, **asdict(self.budget)}
        title = "distance to the prior against achieved activation, on pictures"
        return Provenance(title, STATEMENTS, parameters, self.seed)

    def numbers(self) -> dict[str, Any]:
        """Every cell, their means over seeds, the solutions, and the distance between independent samples."""
        return {
            **self.provenance.as_dict(),
            "rows": list(self.rows),
            "means": over_seeds(self.rows),
            "solutions": list(self.solutions),
            "independent_lpips": self.independent,
        }

    def draw(self) -> dict[str, Figure]:
        """Two panels."""
        return {self.name: _figure(self)}

    def table(self) -> Table:
        """A line a schedule and strength, averaged over seeds; then the solutions."""
        means = over_seeds(self.rows)
        told = {k: decimals([m[k] for m in means]) for k in MEASURED}

        def said(row: dict[str, Any], name: str) -> str:
            return f"{row[name]:.{told[name]}f} ± {row[name + '_se']:.{told[name]}f}"

        lines = [(NAMES[m["zeta"]], f"{m['factor']:g}", *(said(m, k) for k in MEASURED)) for m in means]
        lines += [
            (SOLUTIONS[s["solution"]], "", f"{s['activation']:.{told['activation']}f}", said(s, "kid"), "")
            for s in sorted(self.solutions, key=lambda s: s["solution"])
        ]
        apart = f"{self.independent:.{told['lpips']}f}"
        note = (
            f"{self.budget.n} pictures a cell, {self.budget.seeds} seeds, {self.budget.steps} reverse steps, seed "
            f"{self.seed}. KID to unguided samples, on {self.kid_on}. Perceptual distance to the unguided "
            f"sample of the same noise; between independent samples it is {apart}. Factor: strength in "
            "1/sd of the activation; a constant zeta of the same factor has the same sum over the steps."
            f"{self.unreached}"
        )
        return Table(
            f"{self.title}: distance to the prior as guidance grows",
            HEADER,
            lines,
            words=("method",),
            keys=1,
            note=note,
        )


def over_seeds(rows: Rows) -> list[dict[str, Any]]:
    """Means over the seeds of each schedule and strength, with their standard errors."""
    found: dict[tuple[Any, float], list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["zeta"], row["factor"]), []).append(row)
    return [
        {"zeta": zeta, "factor": factor}
        | {name: float(np.mean([row[name] for row in cell])) for name in MEASURED}
        | {f"{name}_se": _error([row[f"{name}_se"] for row in cell]) for name in MEASURED}
        for (zeta, factor), cell in found.items()
    ]


def decimals(values: Sequence[float]) -> int:
    """Digits behind the point of a column: two, or as many as show two digits of its largest number."""
    largest = max(map(abs, values))
    return 2 if largest == 0 else max(2, 1 + math.ceil(-math.log10(largest)))


def _error(errors: Sequence[float]) -> float:
    """Of the mean over seeds: what the cells' own errors say, however few seeds there are."""
    return float(np.sqrt(np.sum(np.square(errors))) / len(errors))


def _figure(data: PictureStrength) -> Figure:
    drawn, (left, right) = plt.subplots(1, 2, figsize=(10.4, 3.9))
    means = over_seeds(data.rows)
    start = next(m for m in means if m["zeta"] is None)
    for zeta, color in COLORS.items():
        curve = [start, *(m for m in means if m["zeta"] == zeta)]
        for axes, name in ((left, "kid"), (right, "lpips")):
            _curve(axes, curve, name, color, NAMES[zeta])
    for name, color in (("tilt", "#000000"), ("truncation", "#D55E00")):
        exact = [s for s in data.solutions if s["solution"] == name]
        x, y, error = (np.array([s[k] for s in exact]) for k in ("activation", "kid", "kid_se"))
        left.plot(x, y, color=color, lw=1.1, ls="-" if name == "tilt" else "--", label=SOLUTIONS[name])
        left.fill_between(x, y - 2 * error, y + 2 * error, color=color, alpha=0.12, lw=0)
    left.axhline(0, color="0.7", lw=0.8)
    left.set(xlabel="achieved mean activation", ylabel="KID to unguided samples")
    left.set_title("Distribution: how far from the prior")
    left.legend(fontsize=8)
    right.axhline(data.independent, color="0.5", ls=":", lw=1.2, label="independent samples")
    right.set(xlabel="achieved mean activation", ylabel="perceptual distance", ylim=(0, None))
    right.set_title("Picture: how far from the unguided one of the same noise")
    right.legend(fontsize=8)
    drawn.suptitle(f"{data.title}: stronger guidance moves away from the prior; so must every law with that mean")
    return drawn


def _curve(axes: Axes, curve: Rows, name: str, color: str, label: str) -> None:
    x, y = ([m[k] for m in curve] for k in ("activation", name))
    axes.errorbar(
        x,
        y,
        xerr=[m["activation_se"] for m in curve],
        yerr=[m[f"{name}_se"] for m in curve],
        color=color,
        marker="o",
        ms=3.5,
        lw=1.2,
        elinewidth=0.7,
        label=label,
    )
