"""The comparison of all paradigms on weights and pictures that the user has.

Nothing here knows the methods: `backends.paradigms.local_run` runs them by the code of the embedded world.

Paper: Table 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from distributional_view.errors import UserError
from distributional_view.figures.own import request_of, sized, told
from distributional_view.figures.paradigms import Paradigms
from distributional_view.figures.paradigms_drawn import Method
from distributional_view.theory.progress import Progress

TOLD = (
    "KID: to the pictures held back, on {features}; to the tilt: to these weighed to the same level, zero for exact "
    "draws. Naturalness: a NIQE of the other pictures, small is natural."
)


def compute_local(
    out: Path,
    seed: int,
    quick: bool,
    levels: Sequence[float],
    options: Mapping[str, Any],
    console: Console,
    progress: Progress,
) -> Paradigms:
    """Run the comparison, or go on with it; its job lies in a folder of `out`.

    Args:
        out: folder of the results.
        seed: of everything random.
        quick: few pictures and steps.
        levels: quantiles of the score, each in (0, 1); none for the budget's.
        options: of the command, by name.
        console: where is told what is left out.
        progress: called on the way.

    Raises:
        ImportError: without torch.
        UserError: for a path that is missing, too few pictures, or a level out of reach.
        ValueError: for a level or a feature out of range.
        OtherRequest: if the folder belongs to something else.
    """
    from distributional_view.backends.paradigms.comparison import RETRIEVED
    from distributional_view.backends.paradigms.kept import shown
    from distributional_view.backends.paradigms.local_run import LARGE, QUICK_LARGE, QUICK_TRIED, Comparison

    features = tuple(dict.fromkeys(options["own"]))
    if not features:
        raise UserError("--feature: must be given at least once for weights of your own, the index of a feature")
    budget = sized(replace(QUICK_LARGE if quick else LARGE, features=len(features)), options)
    budget = replace(budget, levels=tuple(sorted(set(levels))) or budget.levels)
    request = request_of(features, options)
    tried = options["tried"] or (QUICK_TRIED if quick else None)
    job = out / ("paradigms-job-quick" if quick else "paradigms-job")
    comparison = Comparison(job, request, budget, seed, tried, progress)
    told(comparison.said, console)
    found = comparison.run()
    return Paradigms(
        [row for row in found.rows if row["method"] != RETRIEVED],
        [row for row in found.rows if row["method"] == RETRIEVED],
        [Method(entrant.name, entrant.paradigm, entrant.says) for entrant in found.entrants],
        budget,
        seed,
        shown,
        {"made_of": found.made_of, "left_out": found.left_out},
        TOLD.format(features=found.features),
    )
