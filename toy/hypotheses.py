"""What the paper's words about its toy world leave open, and how far a world under one reading is from Table 2.

Open are the layout of the modes, the shape of the score, where the boundary mass of the tilt is taken, and which KL is
printed. A reading with its constants gives 18 numbers by exact quadrature, to be compared with the printed ones.
"""

import itertools
import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float

from distributional_view.theory.errors import require
from distributional_view.toy.kde import GRID_STEP, quadrature_nodes, smoothed_kls
from distributional_view.toy.scores import SHAPES
from distributional_view.toy.table2 import PRINTED, Level, calibrated, exact_rows
from distributional_view.toy.world import LAYOUTS, TARGETS, ToyWorld, published_table2

Boundary = Literal["hard_threshold", "own_level", "unconditional"]
KlColumn = Literal["kde", "kde_scott", "exact"]
Printed = dict[tuple[float, str], dict[str, float]]

_LARGEST = 5.0


@dataclass(frozen=True)
class Hypothesis:
    """One reading of Appendix H.

    Args:
        score, layout, wrapped: as in `World`.
        boundary: shell of the tilt's boundary mass: at the hard threshold (Lemma D.7), at the target itself, or at
            the hard threshold without conditioning on what lies above it.
        kl: KL of a KDE with one bandwidth (212), of a KDE whose bandwidth is proportional to the deviation of each
            solution (Scott's rule), or the exact one.

    Raises:
        ValueError: for a word that names no reading.
    """

    score: str = "cosine"
    layout: str = "diagonal"
    wrapped: bool = True
    boundary: Boundary = "hard_threshold"
    kl: KlColumn = "kde"

    def __post_init__(self) -> None:
        require(self.boundary in get_args(Boundary), "boundary", self.boundary, f"one of {get_args(Boundary)}")
        require(self.kl in get_args(KlColumn), "kl", self.kl, f"one of {get_args(KlColumn)}")

    @property
    def name(self) -> str:
        """Short name: what departs from the default reading is appended."""
        words = [self.score if self.wrapped else f"unwrapped_{self.score}"]
        words += [
            w
            for w, default in ((self.layout, "diagonal"), (self.boundary, "hard_threshold"), (self.kl, "kde"))
            if w != default
        ]
        return "/".join(words)


def hypotheses(quick: bool = False) -> list[Hypothesis]:
    """All layouts with all score shapes; then the conventions, one at a time, for the shapes that fit best."""
    shapes = ["absolute_angle", "cosine"] if quick else list(SHAPES)
    base = [Hypothesis(score, layout) for layout, score in itertools.product(LAYOUTS, shapes)]
    if quick:
        return [h for h in base if h.layout == "diagonal"]
    base += [Hypothesis("absolute_angle", layout, wrapped=False) for layout in LAYOUTS]
    closest = [h for h in base if h.layout == "diagonal" and h.score in ("absolute_angle", "cosine")]
    for h in closest:
        base += [replace(h, boundary=b) for b in ("own_level", "unconditional")]
        base += [replace(h, kl=k) for k in ("kde_scott", "exact")]
    return base


def deviations(
    hypothesis: Hypothesis, world: ToyWorld, step: float = GRID_STEP, printed: Printed | None = None
) -> Float[np.ndarray, "t 2 3"]:
    """ours/printed - 1 for target x (hard, klsc) x `PRINTED`; at most 5 (a hypothesis may be far off).

    `printed` replaces the paper's Table 2.
    """
    levels = [calibrated(world, target) for target in TARGETS]
    table = {key: row for level in levels for key, row in exact_rows(world, level).items()}
    for row, kl in zip(table.values(), _kl_column(hypothesis, world, levels, step), strict=True):
        row["kl_kde"] = kl
    for level in levels:
        row = table[level.target, "klsc"]
        if hypothesis.boundary == "own_level":
            row["boundary_mass"] = level.klsc.boundary_mass(level.target, world.margin)
        elif hypothesis.boundary == "unconditional":
            row["boundary_mass"] *= level.klsc.survival(level.hard.threshold)
    printed = published_table2() if printed is None else printed
    ratios = np.array([[table[key][m] / printed[key][m] for m in PRINTED] for key in printed])
    return np.minimum(ratios - 1, _LARGEST).reshape(len(TARGETS), 2, len(PRINTED))


def _kl_column(hypothesis: Hypothesis, world: ToyWorld, levels: list[Level], step: float) -> list[float]:
    solutions = [q for level in levels for q, _ in level.pairs().values()]
    thresholds = [level.hard.threshold for level in levels]
    if hypothesis.kl == "exact":
        return [q.kl for q in solutions]
    if hypothesis.kl == "kde":
        return smoothed_kls(world, solutions, thresholds, step)
    points, masses = quadrature_nodes(world, *thresholds)
    values = []
    for q in solutions:
        w = masses * np.exp(q.log_ratio(np.asarray(world.psi(points))))
        mean = w @ points / w.sum()
        deviation = math.sqrt(float(w @ ((points - mean) ** 2).sum(1)) / float(w.sum()) / 2)
        values += smoothed_kls(replace(world, bandwidth=world.bandwidth * deviation), [q], thresholds, step)
    return values
