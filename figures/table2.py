"""Table 2: hard against KLSC at matched mean score; exact, sampled by the paper's protocol, and as printed."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import jax

from distributional_view.figures.artefact import Artefact, Settings
from distributional_view.figures.output import Provenance
from distributional_view.terminal import Table
from distributional_view.theory.progress import Progress, silent
from distributional_view.toy.sampled import Estimate, sampled_table
from distributional_view.toy.table2 import METRICS, PRINTED, calibrated, exact_table
from distributional_view.toy.world import TARGETS, ToyWorld, published_table2

STATEMENTS = ("Definition 2.1", "Definition 2.2", "Definition 2.3", "Lemma D.7", "Lemma D.10", "Theorem D.14")
TITLE = "Table 2: hard truncation against KLSC at the same mean score"
LABELS = {
    "boundary_mass": "boundary",
    "tv_step": "TV step",
    "kl": "KL exact",
    "kl_kde": "KL by KDE",
}
HEADER = ("target", "method", "metric", "exact", "sampled", "printed", "ratio")


class Sampling(NamedTuple):
    """Points in a pool, and independent replicates."""

    pool: int = 50_000
    replicates: int = 16


QUICK = Sampling(pool=5_000, replicates=4)


class MethodRow(NamedTuple):
    """One method at one target: its parameter, and each metric exact, sampled, and as the paper prints it.

    `threshold` is that of the hard solution for both methods; `multiplier` is None for the hard one.
    """

    target: float
    method: str
    threshold: float
    multiplier: float | None
    exact: dict[str, float]
    sampled: dict[str, Estimate]
    published: dict[str, float]


@dataclass(frozen=True)
class Table2(Artefact):
    """The table's rows, and how they were sampled."""

    name: ClassVar[str] = "table2"
    world: ToyWorld
    sampling: Sampling
    seed: int
    rows: list[MethodRow]

    @property
    def provenance(self) -> Provenance:
        """The seed is that of the sampled column."""
        return Provenance(TITLE, STATEMENTS, self.world.parameters(), self.seed)

    def numbers(self) -> dict[str, Any]:
        """ToyWorld, seed, statements, and a record a row."""
        source = self.provenance
        return {
            "world": dict(source.parameters),
            "seed": source.seed,
            "rows": [
                {
                    **row._asdict(),
                    "target": int(row.target),
                    "sampled": {metric: estimate._asdict() for metric, estimate in row.sampled.items()},
                }
                for row in self.rows
            ],
            "statements": list(source.statements),
            "sampling": self.sampling._asdict(),
        }

    def table(self) -> Table:
        """One line a target, method and metric."""
        lines = [_line(row, metric) for row in self.rows for metric in METRICS]
        return Table(TITLE, HEADER, lines, words=("method", "metric"), keys=2, note=self._note())

    def _note(self) -> str:
        world = ", ".join(f"{k} = {v}" for k, v in self.world.parameters().items())
        return (
            "boundary: mass of the shell above the hard threshold; TV step: TV between the solutions at the target "
            "and one step beyond; KL by KDE: of the smoothed solution (212), the paper's KL column; "
            "ratio: exact/printed.\n"
            f"sampled: {self.sampling.replicates} replicates of {self.sampling.pool} points, seed {self.seed}, "
            f"mean ± standard error.\nworld: {world}."
        )


def compute(settings: Settings, progress: Progress = silent) -> Table2:
    """Exact values and sampled estimates of every metric, beside the printed ones."""
    world, sampling = settings.world, QUICK if settings.quick else Sampling()
    exact, printed = exact_table(world), published_table2()
    sampled = sampled_table(world, jax.random.key(settings.seed), *sampling, progress=progress)
    rows = []
    for target in TARGETS:
        level = calibrated(world, target)
        for method, multiplier in (("hard", None), ("klsc", level.klsc.multiplier)):
            key = (target, method)
            rows.append(
                MethodRow(
                    target,
                    method,
                    level.hard.threshold,
                    multiplier,
                    {m: exact[key][m] for m in METRICS},
                    {m: sampled[key][m] for m in METRICS},
                    {m: printed[key][m] for m in PRINTED},
                )
            )
    return Table2(world, sampling, settings.seed, rows)


def _line(row: MethodRow, metric: str) -> tuple[str, ...]:
    """Target, method, metric, exact, sampled, printed, exact/printed."""
    exact, estimate, printed = row.exact[metric], row.sampled[metric], row.published.get(metric)
    return (
        f"{row.target:g}",
        row.method,
        LABELS[metric],
        f"{exact:.5f}",
        f"{estimate.mean:.5f} ± {estimate.se:.5f}",
        "-" if printed is None else f"{printed:.4f}",
        "-" if printed is None else f"{exact / printed:.2f}",
    )
