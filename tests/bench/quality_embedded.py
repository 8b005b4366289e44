"""Quality against network evaluations on the embedded world: one feature, one level, against the prior's own tilt."""

from pathlib import Path
from typing import Any

from distributional_view.backends.embedded.features import read_named
from distributional_view.backends.embedded.judge_experiment import run
from distributional_view.backends.embedded.judge_methods import JudgeBudget
from distributional_view.backends.embedded.prior_pool import prior_pool
from distributional_view.figures.samplers_summary import label
from distributional_view.theory.methods import energy_dps, hybrid, twisted_smc
from distributional_view.theory.progress import Progress

FEATURE, LEVEL, SEED = 417, 0.95, 0  # the walking bear
COUNTS, QUICK_COUNTS = (8, 20, 50), (6, 12)
MANY, QUICK_MANY = 1000, 40
METHODS = (hybrid.NAME, twisted_smc.HYBRID, energy_dps.NAME, twisted_smc.STEERING)


def rows(out: Path, pool: Path, quick: bool, progress: Progress) -> list[dict[str, Any]]:
    """Every method with each number of steps, and the plug-in's chain with a thousand; resumable, in `out`.

    A row is one of `samplers.json` with the method's `name` without the number of evaluations; the last is of the long
    chain.
    """
    counts, many = (QUICK_COUNTS, QUICK_MANY) if quick else (COUNTS, MANY)
    size = dict(n=12, calibrated=12, pool=500, known=60) if quick else dict(n=24, calibrated=24, pool=20_000)
    found: list[dict[str, Any]] = []
    drawn = prior_pool(pool, size["pool"], progress=progress)
    feature = [named for named in read_named() if named.index == FEATURE]
    for steps, chain, methods in (*((c, c, METHODS) for c in counts), (counts[0], many, (energy_dps.NAME,))):
        budget = JudgeBudget(
            (LEVEL,), 1, seeds=1 + (chain < many), steps=steps, chain=chain, thorough=LEVEL, training=0, **size
        )
        made = run(out / f"quality-{steps}-{chain}", drawn, budget, SEED, progress, feature, 1, methods)
        found += [row for row in made if chain < many or row["solver"] == "DDPM"]
    for row in found:
        row["name"] = label(row).removesuffix(f" {row['evaluations']:.0f}")
    return found
