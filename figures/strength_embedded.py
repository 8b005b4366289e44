"""KID and a perceptual distance against the achieved activation as guidance grows, on the embedded world.

What is shown: `figures.strength_pictures`. torch is needed.

dview strength --embedded [--feature 457] [--pool results/prior-pool] [--out results] [--quick]
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from distributional_view.figures.strength_pictures import PictureStrength
from distributional_view.figures.strength_pictures import over_seeds as over_seeds
from distributional_view.theory.progress import Progress, silent


@dataclass(frozen=True)
class EmbeddedStrength(PictureStrength):
    """All cells, and the solutions on the pool."""

    name: ClassVar[str] = "strength-embedded"

    @property
    def kid_on(self) -> str:
        """Of the world's own network."""
        return "the classifier's features"


def compute(
    out: Path, pool_folder: Path, feature: int, seed: int, quick: bool, progress: Progress = silent
) -> EmbeddedStrength:
    """Sample the pool if it is not there, then run the cells or go on with them.

    Args:
        out: folder of the results; the job lies in a folder of it.
        pool_folder: of the prior's pool.
        feature: of the transcoder.
        seed: of everything random.
        quick: few pictures, steps and strengths.
        progress: called on the way.

    Raises:
        ImportError: without torch.
        OtherRequest: if a folder belongs to something else.
        ValueError: for a feature that does not exist.
    """
    from distributional_view.backends.embedded import strength
    from distributional_view.backends.embedded.prior_pool import prior_pool
    from distributional_view.backends.paradigms.strength_ground import StrengthBudget
    from distributional_view.figures.levels_source import embedded_names

    budget = strength.QUICK if quick else StrengthBudget()
    pool = prior_pool(pool_folder, budget.pool, progress=progress)
    job = out / f"strength-{feature}-job{'-quick' if quick else ''}"
    found = strength.run(job, feature, pool, budget, seed, progress)
    title = embedded_names([feature])[feature]
    return EmbeddedStrength(feature, title, found.rows, found.solutions, found.independent, budget, seed)
