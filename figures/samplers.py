"""Which sampler reaches the tilt: every method at every level against the prior's own tilt, and against the exact one.

`samplers.json` has a row for each cell of the embedded world (`backends.embedded.judge_experiment`; torch is needed)
and of the toy world (`figures.samplers_toy`), with the same columns; null where one does not apply.

Paper: Theorem G.3, Remark G.4, Appendix I. The comparison is ours.

dview samplers [--out results] [--seed 0] [--quick] [--features 457,417] [--levels 0.95,0.99] [--jobs 2] [--pool FOLDER]
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from matplotlib.figure import Figure

from distributional_view.figures.artefact import Artefact
from distributional_view.figures.output import Provenance
from distributional_view.figures.samplers_drawn import figure
from distributional_view.figures.samplers_summary import HEADER, line, note, summaries
from distributional_view.figures.samplers_toy import toy_rows
from distributional_view.files import finite
from distributional_view.terminal import Table
from distributional_view.theory.progress import Progress
from distributional_view.toy.world import paper_world

STATEMENTS = ("Lemma D.4", "Lemma F.1", "Algorithm 1", "Theorem G.3", "Remark G.4")
COLUMNS = (
    "world",
    "feature",
    "level",
    "method",
    "solver",
    "evaluations",
    "backward",
    "seed",
    "mean_error_sd",
    "signed_error_sd",
    "tv",
    "tv_floor",
    "kid",
    "kid_se",
    "agreement",
    "agreement_se",
    "prior_tilt_agreement",
    "data_tilt_agreement",
    "reference_ess",
    "data_ess",
    "ancestors",
    "cpu_seconds",
    "near_duplicates",
    "chains",
    "pictures",
    "pool_ess",
    "target",
    "knob",
    "beta",
    "calibration_runs",
    "problem",
)
TOY_POINTS, TOY_QUICK = 20_000, 2000


@dataclass(frozen=True)
class Samplers(Artefact):
    """All rows, and how they were made."""

    name: ClassVar[str] = "samplers"
    rows: Sequence[dict[str, Any]]
    budget: Any
    trusted: dict[str, float | None]
    seed: int

    @property
    def provenance(self) -> Provenance:
        """The parameters are the budget of the embedded world."""
        return Provenance("which sampler reaches the tilt", STATEMENTS, asdict(self.budget), self.seed)

    def numbers(self) -> dict[str, Any]:
        """Rows and settings; `pool_trusted_up_to` is the highest level (a quantile) for each feature."""
        settings = self.provenance.as_dict() | {"pool_trusted_up_to": self.trusted}
        rows = [{name: row.get(name) for name in COLUMNS} for row in self.rows]
        found: dict[str, Any] = finite({"rows": rows, "settings": settings})
        return found

    def draw(self) -> dict[str, Figure]:
        """Quality against level, a panel a measure."""
        return {self.name: figure(self.rows)}

    def table(self) -> Table:
        """A line for each world, level and method, averaged over features and seeds."""
        lines = [line(summary) for summary in summaries(self.rows)]
        title = "Which sampler reaches the tilt"
        return Table(title, HEADER, lines, ("world", "method"), 2, note(self.budget, self.trusted, self.seed))


def compute(
    out: Path,
    pool_folder: Path,
    seed: int,
    quick: bool,
    jobs: int,
    features: Sequence[int],
    levels: Sequence[float],
    progress: Progress,
) -> Samplers:
    """Sample the pool if it is not there, run the comparison or go on with it, and the toy world.

    Args:
        out: folder of the results; the job lies in a folder of it.
        pool_folder: of the prior's pool.
        seed: of everything random.
        quick: few pictures, steps and levels.
        jobs: processes.
        features: indices of named features; none for the budget's first ones.
        levels: quantiles of the score, each in (0, 1); none for the budget's.
        progress: called on the way.

    Raises:
        ImportError: without torch.
        UserError: for a feature without a name.
        OtherRequest: if a folder belongs to something else.
        FileNotFoundError: if weights or pictures are missing.
    """
    from distributional_view.backends.embedded import judge_experiment, judge_methods
    from distributional_view.backends.embedded.features import chosen_features
    from distributional_view.backends.embedded.judge import trusted_up_to
    from distributional_view.backends.embedded.prior_pool import prior_pool

    budget = judge_methods.QUICK if quick else judge_methods.JudgeBudget()
    chosen = chosen_features(features, budget.features)
    budget = replace(budget, features=len(chosen), quantiles=tuple(sorted(set(levels))) or budget.quantiles)
    pool = prior_pool(pool_folder, budget.pool, progress=progress)
    job = out / ("samplers-job-quick" if quick else "samplers-job")
    rows = judge_experiment.run(job, pool, budget, seed, progress, chosen, jobs)
    trusted = {
        feature.name: trusted_up_to(
            budget.quantiles,
            lambda quantile, name=feature.name: judge_experiment.size_at(rows, name, quantile),  # type: ignore[misc]
            budget.n,
        )
        for feature in chosen
    }
    toy = toy_rows(paper_world(), TOY_QUICK if quick else TOY_POINTS, seed, progress)
    return Samplers([*rows, *toy], budget, trusted, seed)
