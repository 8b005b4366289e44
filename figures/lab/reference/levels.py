"""Both solutions of a law at a target, with every measure that the page shows beside them."""

from typing import Any

from distributional_view.theory import (
    InfeasibleTarget,
    ScoreLaw,
    Solution,
    calibrate_hard,
    calibrate_klsc,
    kl,
    tv,
)

Record = dict[str, Any]


def level(law: ScoreLaw, target: float, margin: float, step: float) -> Record:
    """The record of one target; what does not exist is None.

    Args:
        law: of the score under p.
        target: tau (score units), within reach.
        margin: width of the boundary shell.
        step: of the target, the nudge.
    """
    hard, klsc = calibrate_hard(law, target), calibrate_klsc(law, target)
    cut = hard.status != "inactive"
    return {
        "target": target,
        "status": [hard.status, klsc.status],
        "threshold": hard.threshold if cut else None,
        "tie": hard.tie_fraction,
        "kept": hard.kept,
        "means": [hard.mean, klsc.mean],
        "multiplier": None if klsc.limit else klsc.multiplier,
        "log_partition": None if klsc.limit else klsc.log_partition,
        "variance": klsc.variance,
        "kl": [hard.kl, klsc.kl],
        "gap": kl(hard, klsc),
        "tv": tv(hard, klsc),
        "boundary": [q.boundary_mass(hard.threshold, margin) for q in (hard, klsc)] if cut else None,
        "step": _steps(law, target + step, hard, klsc),
    }


def _steps(law: ScoreLaw, target: float, hard: Solution, klsc: Solution) -> list[float] | None:
    """Total variations to both solutions at the nudged target; None if it is out of reach."""
    try:
        return [tv(hard, calibrate_hard(law, target)), tv(klsc, calibrate_klsc(law, target))]
    except InfeasibleTarget:
        return None


def refused(law: ScoreLaw, targets: list[float]) -> list[float]:
    """Those among the targets that both calibrations refuse; they agree on all."""
    found = []
    for target in targets:
        outcomes = set()
        for calibrate in (calibrate_hard, calibrate_klsc):
            try:
                calibrate(law, target)
                outcomes.add(False)
            except InfeasibleTarget:
                outcomes.add(True)
        assert len(outcomes) == 1, (target, outcomes)
        found += [target] if outcomes == {True} else []
    return found
