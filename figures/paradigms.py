"""All paradigms of the paper's Table 1 on pictures: every method at the same activation of the same feature.

`paradigms.json` has a row for each feature, level, method and seed, and the retrieved set of each feature beside them
(`backends.paradigms.comparison`; torch is needed). The pictures show one level.

Paper: Table 1, Figures 4, 5, 12, 13, Tables 3, 11. With every level matched; here on the embedded world, in
`figures.paradigms_local` on local weights.

dview paradigms [--out results] [--seed 0] [--quick] [--features 457,417] [--levels 0.8,0.95,0.99] [--jobs 2]
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from matplotlib.figure import Figure

from distributional_view.figures.artefact import Artefact
from distributional_view.figures.output import Provenance
from distributional_view.figures.paradigms_drawn import Method, grid
from distributional_view.figures.paradigms_plot import tradeoff
from distributional_view.figures.paradigms_summary import EMBEDDED, HEADER, line, note, summaries
from distributional_view.files import finite
from distributional_view.terminal import Table
from distributional_view.theory.progress import Progress

STATEMENTS = (
    "Definition 2.1",
    "Lemma D.4",
    "Lemma F.1",
    "Lemma F.2",
    "Lemma F.6",
    "Theorem F.7",
    "Algorithm 1",
    "Appendix J.3",
)
COLUMNS = (
    "feature",
    "name",
    "level",
    "target",
    "paradigm",
    "method",
    "seed",
    "activation",
    "reached",
    "kid",
    "kid_se",
    "kid_tilt",
    "kid_tilt_se",
    "naturalness",
    "diversity",
    "prior_loss",
    "near_duplicates",
    "agreement",
    "seconds",
    "search_seconds",
    "peak_mib",
    "pictures",
    "knob",
    "problem",
)
ON_PAGE, MIDDLE = 3, 0.95
"""Features on one picture, and the level that is shown if it is among those compared."""


@dataclass(frozen=True)
class Paradigms(Artefact):
    """All rows, the retrieved sets, the methods, and how the kept pictures are read.

    `more` are further settings, `told` says what pictures are measured with.
    """

    name: ClassVar[str] = "paradigms"
    rows: Sequence[dict[str, Any]]
    retrieved: Sequence[dict[str, Any]]
    methods: Sequence[Method]
    budget: Any
    seed: int
    shown: Callable[[dict[str, Any]], Any] = field(repr=False)
    more: Mapping[str, Any] = field(default_factory=dict)
    told: str = EMBEDDED

    @property
    def provenance(self) -> Provenance:
        """The parameters are the budget."""
        parameters = asdict(self.budget) | {"shown_level": self.level}
        return Provenance("four paradigms at the same activation", STATEMENTS, parameters, self.seed)

    @property
    def level(self) -> float:
        """The level whose pictures are shown: 95 %, or the middle one."""
        levels = sorted({row["level"] for row in self.rows})
        return MIDDLE if MIDDLE in levels else levels[len(levels) // 2]

    def numbers(self) -> dict[str, Any]:
        """Rows, retrieved sets and settings; null where a column does not apply."""
        methods = [method._asdict() for method in self.methods]
        content = {
            "rows": [{name: row.get(name) for name in COLUMNS} for row in self.rows],
            "retrieved": [{name: row.get(name) for name in COLUMNS} for row in self.retrieved],
            "settings": self.provenance.as_dict() | {"methods": methods, **self.more},
        }
        found: dict[str, Any] = finite(content)
        return found

    def draw(self) -> dict[str, Figure]:
        """Pictures of three features a page, and distance against activation."""
        names = list(dict.fromkeys(row["name"] for row in self.rows))
        pages = [names[place : place + ON_PAGE] for place in range(0, len(names), ON_PAGE)]
        found = {}
        for number, page in enumerate(pages, start=1):
            name = self.name if number == 1 else f"{self.name}-{number}"
            found[name] = grid([*self.retrieved, *self.rows], self.methods, page, self.level, self.shown)
        return found | {f"{self.name}-tradeoff": tradeoff(self.rows, self.retrieved, self.methods)}

    def table(self) -> Table:
        """A line for each level and method, over features and seeds."""
        lines = [line(summary) for summary in summaries(self.rows, self.retrieved)]
        title = "Four paradigms at the same activation"
        return Table(title, HEADER, lines, ("level", "method"), 1, note(self.budget, self.seed, self.told))


def compute(
    out: Path,
    seed: int,
    quick: bool,
    jobs: int,
    features: Sequence[int],
    levels: Sequence[float],
    progress: Progress,
) -> Paradigms:
    """Run the comparison, or go on with it; its job lies in a folder of `out`.

    Args:
        out: folder of the results.
        seed: of everything random.
        quick: few pictures, steps and levels.
        jobs: processes.
        features: indices of named features; none for the budget's first ones.
        levels: quantiles of the score, each in (0, 1); none for the budget's.
        progress: called on the way.

    Raises:
        ImportError: without torch.
        UserError: for a feature without a name.
        ValueError: for a level out of range.
        OtherRequest: if the folder belongs to something else.
        MissingWeights, MissingData: if weights or pictures are missing.
    """
    from distributional_view.backends.embedded.features import chosen_features
    from distributional_view.backends.embedded.paradigm_experiment import run
    from distributional_view.backends.paradigms.budget import QUICK, ParadigmBudget
    from distributional_view.backends.paradigms.comparison import RETRIEVED
    from distributional_view.backends.paradigms.entrants import ENTRANTS
    from distributional_view.backends.paradigms.kept import shown

    budget = QUICK if quick else ParadigmBudget()
    chosen = chosen_features(features, budget.features)
    budget = replace(budget, features=len(chosen), levels=tuple(sorted(set(levels))) or budget.levels)
    job = out / ("paradigms-job-quick" if quick else "paradigms-job")
    rows = run(job, budget, seed, chosen, progress, jobs)
    methods = [Method(entrant.name, entrant.paradigm, entrant.says) for entrant in ENTRANTS]
    retrieved = [row for row in rows if row["method"] == RETRIEVED]
    others = [row for row in rows if row["method"] != RETRIEVED]
    return Paradigms(others, retrieved, methods, budget, seed, shown)
