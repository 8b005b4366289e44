"""What each method that generates pays at a level of a feature, split by Theorem F.7: level, bottleneck, overshoot.

    KL(q || p) = KL(q_beta || p) + KL(q || q_beta) + beta (E_q[psi] - tau)

q are the pictures of a method, p is the prior by the same solver and steps, q_beta its tilt to the level tau. The first
and the last part follow from the scores of draws. The middle one is bounded from below, twice: by shares of cells of
class and score, and by a function of score and classes, fitted on one half of the draws (`theory.pools.bounded`). As
many draws of the tilt itself, by weight from the second half of the prior's pool against the first, are the control.

Prompts, strengths and calibrations are those of `dview paradigms`, from whose job they are taken, and where they are
kept. Rows are kept as lines in a folder; what is there is not made again.

Paper: Theorem F.7 (23), (175)-(180), Lemma D.4. Measuring it on pictures is ours.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.cells import Row, filled, lines_of
from distributional_view.backends.embedded.animals import CLASSES
from distributional_view.backends.embedded.features import Named
from distributional_view.backends.embedded.measures import features_and_logits
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.paradigm_experiment import job_of
from distributional_view.backends.embedded.paradigm_ground import EmbeddedGround
from distributional_view.backends.embedded.prior_pool import CHUNK, PoolPlan, PriorPool, prior_pool
from distributional_view.backends.embedded.store import Part, weights_path
from distributional_view.backends.paradigms.budget import QUICK as PARADIGM_QUICK
from distributional_view.backends.paradigms.budget import SOLVER, SPACING, ParadigmBudget
from distributional_view.backends.paradigms.comparison import brought_to
from distributional_view.backends.paradigms.entrants import ENTRANTS, Entrant, entrants_of
from distributional_view.backends.paradigms.kept import kept
from distributional_view.backends.paradigms.one_feature import OneFeature
from distributional_view.backends.paradigms.prompts import Prompting
from distributional_view.files import finite
from distributional_view.jobs import Job, opened
from distributional_view.theory.errors import InfeasibleTarget, require
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.pools.bounded import split_at_least
from distributional_view.theory.pools.retrieval import tilted_weights
from distributional_view.theory.pools.split import split_sampled
from distributional_view.theory.progress import Progress, named, silent
from distributional_view.theory.seeds import part_seed
from distributional_view.theory.solutions.calibrate import calibrate_klsc

GENERATE = tuple(entrant.name for entrant in ENTRANTS if entrant.needs is not None)
"""Methods whose pictures have a law that the prior's can be compared with."""
EXACT = "exact draws"
"""The control: draws of the prior's own tilt."""
_DRAWN, _CONTROL = 5, 6  # parts of a feature's seed, beside those of `one_feature` and `entrants`


@dataclass(frozen=True)
class SplitBudget:
    """Sizes.

    Args:
        levels: quantiles of the score over the data, each in (0, 1).
        n: pictures a row, >= 4.
        pool: samples of the prior, a multiple of 500.
        sampling: of the methods; its own levels and pictures are not used.

    Raises:
        ValueError: for levels or sizes out of range.
    """

    levels: tuple[float, ...] = (0.95,)
    n: int = 300
    pool: int = 5000
    sampling: ParadigmBudget = field(default_factory=ParadigmBudget)

    def __post_init__(self) -> None:
        for level in self.levels:
            require(0 < level < 1, "level", level, "in (0, 1), a quantile")
        require(self.n >= 4, "n", self.n, ">= 4")


QUICK = SplitBudget((0.8,), 60, 1000, PARADIGM_QUICK)


def run(
    out: Path,
    paradigms: Path,
    pool_folder: Path,
    budget: SplitBudget,
    seed: int,
    features: Sequence[Named],
    progress: Progress = silent,
    methods: Sequence[str] = GENERATE,
) -> list[Row]:
    """A row for each feature, level and method, the control last; what `out` has already is read.

    Args:
        out: the experiment's folder.
        paradigms: the job of `dview paradigms` whose prompts and calibrations are used, or in which they are made.
        pool_folder: where the prior's samples are kept.
        budget: sizes.
        seed: of everything random; that of the job of `dview paradigms` too.
        features: to be explained.
        progress: in samples, then in rows.
        methods: names, of `GENERATE`.

    Raises:
        ValueError: for a method that generates nothing.
        OtherRequest: if a folder belongs to something else.
        UserError: if a file of a folder is damaged, another process works there, or it cannot be written.
        MissingWeights: if a part of the backend is not there.
    """
    for name in methods:
        require(name in GENERATE, "method", name, f"one of {', '.join(GENERATE)}")
    pool = prior_pool(pool_folder, budget.pool, PoolPlan(budget.sampling.steps, SOLVER, SPACING), progress)
    identity = {
        "n": budget.n,
        "pool": [pool.job.token, len(pool)],
        "sampling": asdict(budget.sampling) | {"features": None, "levels": None},
        "seed": seed,
    }
    contents: dict[str, Path] = {part: weights_path(part) for part in get_args(Part)}
    entrants: list[Entrant | None] = [*entrants_of(methods), None]
    rows = list[Row]()
    with opened(out, identity, contents, ("cells-*.jsonl",)) as job, job_of(paradigms, budget.sampling, seed) as known:
        for feature in features:
            runner = _Runner(feature, pool, budget, part_seed(seed, feature.index), known, progress)
            wanted = {(_name(entrant), level): (entrant, level) for level in budget.levels for entrant in entrants}
            rows += filled(
                lines_of(job, feature.index),
                lambda row: (row["method"], row["level"]),
                wanted,
                runner.row,
                progress,
                lambda entrant, level, of=feature.name: f"{of}, {100 * level:g} %: {_name(entrant)}",
                feature.name,
            )
    return rows


def _name(entrant: Entrant | None) -> str:
    return EXACT if entrant is None else entrant.name


class _Sample(NamedTuple):
    """Draws with what tells them apart: their scores, classes, and the features that a function is fitted in."""

    scores: Float[np.ndarray, " n"]
    labels: np.ndarray
    seen: Float[np.ndarray, "n d"]

    @staticmethod
    def of(scores: Float[np.ndarray, " n"], logits: Float[Tensor, "n classes"]) -> "_Sample":
        exact = logits.double()
        return _Sample(scores, exact.argmax(1).numpy(), np.column_stack([scores, exact, exact.softmax(1)]))

    def at(self, places: Any) -> "_Sample":
        return _Sample(*(part[places] for part in self))


class _Runner:
    """The rows of one feature."""

    def __init__(
        self, feature: Named, pool: PriorPool, budget: SplitBudget, seed: int, known: Job, progress: Progress
    ) -> None:
        self.feature, self.pool, self.budget, self.seed, self.progress = feature, pool, budget, seed, progress
        ground = EmbeddedGround(feature.index, budget.sampling.steps)
        self.one = OneFeature(ground, budget.sampling, seed, known, progress)
        self.prior = _Sample.of(pool.activation(feature.index), pool.logits)

    def row(self, entrant: Entrant | None, level: float) -> Row:
        """One method at a level, or the control."""
        target = self.one.level(level)
        told = {
            "feature": self.feature.index,
            "name": self.feature.name,
            "level": level,
            "target": target,
            "prior_mean": float(self.prior.scores.mean()),
            "method": _name(entrant),
        }
        made = self._control(target) if entrant is None else self._drawn(entrant, level, target)
        found: Row = finite(told | made)  # an error is not known where resampling leaves a cell of the prior empty
        return found

    def _drawn(self, entrant: Entrant, level: float, target: float) -> Row:
        said = named(self.progress, f"{self.feature.name}, {100 * level:g} %: {entrant.name}")
        method = entrant.make(self.one, target)
        knob, problem = brought_to(method, self.one, level, said)
        drawn = method.draw(knob, part_seed(self.seed, _DRAWN), self.budget.n, said)
        pictures = self.one.pictures(drawn.points, entrant.needs)
        logits = features_and_logits(shared().classifier, pictures, CHUNK)[1]
        prompt = method.known if isinstance(method, Prompting) else None
        found = {"knob": knob, "problem": problem, "prompt": None if prompt is None else list(prompt.words)}
        sample = _Sample.of(np.asarray(drawn.scores, dtype=np.float64), logits)
        return found | self._split(self.prior, sample, target) | {"shown": kept(pictures, drawn.scores)}

    def _control(self, target: float) -> Row:
        """The tilt of the second half, against the first."""
        none = {"knob": None, "problem": None, "prompt": None}
        half = len(self.pool) // 2
        first, second = self.prior.at(slice(half)), self.prior.at(slice(half, None))
        largest = float(min(first.scores.max(), second.scores.max()))
        if target > largest:
            return none | _nothing(f"the half of the prior's samples ends at {largest:.2f}")
        law = AtomicLaw(second.scores)
        weights = tilted_weights(second.scores, calibrate_klsc(law, target).multiplier)
        rng = np.random.default_rng(part_seed(self.seed, _CONTROL))
        places = rng.choice(len(second.scores), self.budget.n, p=weights)
        shown = kept(self.pool.pictures(half + places), second.scores[places])
        return none | self._split(first, second.at(places), target) | {"shown": shown}

    def _split(self, prior: _Sample, sample: _Sample, target: float) -> Row:
        own = CLASSES.index(self.feature.dominant)
        told = {
            "activation": float(sample.scores.mean()),
            "activation_sd": float(sample.scores.std(ddof=1)),
            "agreement": float(np.mean(sample.labels == own)),
        }
        try:
            cells = split_sampled(prior.scores, prior.labels, sample.scores, sample.labels, target)
            halves = split_at_least(prior.scores, prior.seen, sample.scores, sample.seen, target)
        except InfeasibleTarget:
            return told | _nothing(f"the prior's samples end at {prior.scores.max():.2f}")
        return told | {
            "level_nats": list(cells.klsc_kl),
            "overshoot": list(cells.excess),
            "bottleneck": list(cells.gap),
            "floor": cells.floor,
            "bottleneck_halves": list(halves.gap),
            "kl": list(cells.kl),
            "unsplit": None,
        }


def _nothing(why: str) -> Row:
    """Of a level that the prior's samples do not reach."""
    names = ("level_nats", "overshoot", "bottleneck", "floor", "bottleneck_halves", "kl")
    return dict.fromkeys(names) | {"unsplit": why}
