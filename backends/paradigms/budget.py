"""Sizes of the comparison of all paradigms, and what all methods that generate share; needs no torch."""

from dataclasses import dataclass

from distributional_view.choices import Solver, Spacing
from distributional_view.theory.errors import require

SOLVER: Solver = "2M-SDE"
SPACING: Spacing = "log-SNR"


@dataclass(frozen=True)
class ParadigmBudget:
    """Sizes of the comparison.

    Args:
        levels: quantiles of the score over the data, ascending, each in (0, 1).
        features: how many of the named features, in their order.
        n: pictures a cell, >= 2.
        seeds: draws of each method at a level.
        steps: reverse steps of every method that generates.
        runs: pictures of a calibration.
        ascent: most steps of a method that optimises pictures; None: as many as each has in its settings.
        prompt: iterations of a search for a prompt.
        references: pictures that VITAL matches.
        known: noised pictures that are held back, which tell how far each level of noise knows the score.
        tolerance: of a calibrated mean, in standard deviations of the score over the data.

    Raises:
        ValueError: for levels or sizes out of range.
    """

    levels: tuple[float, ...] = (0.8, 0.95, 0.99)
    features: int = 6
    n: int = 12
    seeds: int = 3
    steps: int = 20
    runs: int = 24
    ascent: int | None = 128
    prompt: int = 40
    references: int = 30
    known: int = 100
    tolerance: float = 0.05

    def __post_init__(self) -> None:
        require(len(self.levels) >= 1, "levels", self.levels, "at least one")
        for level in self.levels:
            require(0 < level < 1, "level", level, "in (0, 1), a quantile")
        require(self.n >= 2, "n", self.n, ">= 2")


QUICK = ParadigmBudget((0.8, 0.95), 2, 6, 1, 10, 12, 64, 8, 12, 60, 0.1)
