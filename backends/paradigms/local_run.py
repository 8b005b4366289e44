"""Every method of Table 1 on features of local weights, by the same code as on the embedded world, kept cell by cell.

The work lies in a folder that is bound to the weights, the pictures and the sizes; another feature or level adds to it.
A method that lacks what it needs is left out, and is told of.

Paper: Table 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

from distributional_view.backends.cells import FILES, Row
from distributional_view.backends.jobs import usable
from distributional_view.backends.paradigms.budget import ParadigmBudget
from distributional_view.backends.paradigms.comparison import FeatureCells, complete, rows_of
from distributional_view.backends.paradigms.entrants import EVERY, Entrant, entrants_of
from distributional_view.backends.paradigms.ground import Settings
from distributional_view.backends.paradigms.local_ground import SCORES, UNRULED, LocalGround, published
from distributional_view.backends.paradigms.local_measures import kid_features, local_real
from distributional_view.backends.paradigms.local_model import COMPARISON, LocalModel, LocalRequest, local_model
from distributional_view.backends.paradigms.one_feature import OneFeature
from distributional_view.errors import UserError
from distributional_view.jobs import Job, opened
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.seeds import part_seed

LARGE = ParadigmBudget((0.95,), 1, n=12, seeds=1, steps=50, runs=16, ascent=None, prompt=1000, known=300)
QUICK_LARGE = ParadigmBudget((0.95,), 1, 4, 1, 10, 4, 32, 8, 10, 30, 0.1)
QUICK_TRIED = 20
"""Single words that are tried where all is quick."""


class LocalRows(NamedTuple):
    """All rows, the methods that were compared, why others were not, and what all was made of."""

    rows: list[Row]
    entrants: tuple[Entrant, ...]
    left_out: dict[str, str]
    made_of: dict[str, Any]
    features: str
    """Of KID, in words."""


class Comparison:
    """The comparison on local weights.

    Args:
        out: its folder.
        request: what there is.
        budget: sizes.
        seed: of everything random.
        tried: most single words that a search tries; None: as many as published.
        progress: of each cell.
        methods: names of those that are wanted.
        choose: the features, by what is loaded; None: those of the request.
        command: that asks.

    Raises:
        UserError, ValueError: see `local_model`, before anything but the list of readable pictures is written.
    """

    def __init__(
        self,
        out: Path,
        request: LocalRequest,
        budget: ParadigmBudget,
        seed: int,
        tried: int | None = None,
        progress: Progress = silent,
        methods: Sequence[str] = EVERY,
        choose: Callable[[LocalModel], tuple[int, ...]] | None = None,
        command: str = COMPARISON.command,
    ) -> None:
        usable(request.sampler.device)
        self.out, self.budget, self.seed, self.progress = out, budget, seed, progress
        self.wanted, purpose = entrants_of(methods), COMPARISON._replace(command=command)
        model = local_model(request, out / ".pictures.json", seed, progress, purpose)
        if choose is not None:
            model = replace(model, request=replace(request, features=choose(model)))
        self.model: LocalModel = model
        self.settings: Settings = published(self.model.hook[0], request.score.reduction, tried)

    @property
    def left_out(self) -> dict[str, str]:
        """Methods that lack what they need, and why."""
        lacking = self.model.lacking
        return {e.name: lacking[e.needs] for e in self.wanted if e.needs is not None and e.needs in lacking}

    @property
    def said(self) -> list[str]:
        """What the user should know before it begins."""
        reasons: dict[str, list[str]] = {}
        for name, reason in self.left_out.items():
            reasons.setdefault(reason, []).append(name)
        left = [f"left out: {', '.join(names)}: {reason}" for reason, names in reasons.items()]
        loss = ["the prior's loss is not measured: there is no --prior"] if self.model.prior is None else []
        unruled = self.model.request.score.reduction == UNRULED
        rule = [f"VITAL weighs channels by the gradient: LRP has no rule for {UNRULED}"] if unruled else []
        return [*self.model.said, *left, *loss, *rule]

    def run(self) -> LocalRows:
        """All rows; what the folder has already is read.

        Raises:
            OtherRequest: if the folder belongs to another comparison.
            UserError: for a level out of reach; if a file of the folder is damaged or cannot be written.
        """
        features = self.model.request.features
        entrants = tuple(entrant for entrant in self.wanted if entrant.name not in self.left_out)
        made_of = self.model.made_of
        identity = {
            "budget": asdict(self.budget) | {"features": None, "levels": None},
            "seed": self.seed,
            "settings": {name: asdict(value) for name, value in self.settings._asdict().items()},
            "made_of": made_of,
        }
        with opened(self.out, identity, self.model.contents, (FILES, SCORES)) as job:
            ones = [self._one(feature, job) for feature in features]
            for one in ones:
                require_reachable(one, self.budget.levels)
            real = None
            for one in ones:

                def made(one: OneFeature = one) -> FeatureCells:
                    nonlocal real
                    real = local_real(self.model, self.progress) if real is None else real
                    return FeatureCells(one, f"feature {one.ground.feature}", real)

                complete(job, one.ground.feature, self.budget, entrants, made, self.progress)
            rows = rows_of(job, features, self.budget, entrants)
        return LocalRows(rows, entrants, self.left_out, made_of, kid_features(self.model))

    def _one(self, feature: int, job: Job) -> OneFeature:
        ground = LocalGround(feature, self.model, self.budget.steps, self.settings, job, self.progress)
        return OneFeature(ground, self.budget, part_seed(self.seed, feature), job, self.progress)


def require_reachable(one: OneFeature, levels: Sequence[float]) -> None:
    """Raise `UserError` for a level at or below the mean of the pool, or at or beyond its largest score."""
    scores = one.ground.pool.scores
    mean, largest = float(scores.mean()), float(scores.max())
    if mean == largest:
        raise UserError(
            f"feature = {one.ground.feature}: must be one that tells pictures apart: it is {largest:.4g} on all "
            f"{len(scores)} that methods may take"
        )
    for quantile in levels:
        target = one.level(quantile)
        if not mean < target < largest:
            raise UserError(
                f"level = {quantile:g}: feature {one.ground.feature} has {target:.4g} there, must be above the mean, "
                f"{mean:.4g}, and below the largest, {largest:.4g}, of the {len(scores)} pictures that methods may "
                "take: choose another level, or give more pictures"
            )
