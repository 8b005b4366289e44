"""The constants of a world that fit the printed Table 2 best under one hypothesis, and which fit is kept.

Five constants are fitted by least squares on ours/printed - 1: R/sigma, the score scale, the margin, the target step
and the bandwidth. Hypotheses are compared by AIC; a difference below `NOT_SEPARATED` does not separate them.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.optimize import least_squares

from distributional_view.toy.hypotheses import Hypothesis, Printed, deviations
from distributional_view.toy.scores import SHAPES
from distributional_view.toy.world import TARGETS, ToyWorld, published_table2

NOT_SEPARATED = 4.0  # difference in AIC
_FIT_STEP = 0.45  # grid step while fitting: smoothed KLs to about 1e-5
_STARTS = ((2.0, 0.3), (3.0, 1.5))  # R/sigma, and log-headroom of the score above the last target
_SIGNIFICANT = 4  # digits kept of each constant


@dataclass(frozen=True)
class Fit:
    """A hypothesis, its best constants (relative standard errors beside them) and ours/printed - 1 of the cells."""

    hypothesis: Hypothesis
    world: ToyWorld
    relative_se: dict[str, float]
    deviations: Float[np.ndarray, "t 2 3"]

    @property
    def loss(self) -> float:
        """Sum over the 18 cells of (ours/printed - 1)^2."""
        return float((self.deviations**2).sum())

    @property
    def aic(self) -> float:
        """Akaike's criterion for Gaussian deviations, up to a constant; the exact-KL reading has no bandwidth."""
        return self.deviations.size * math.log(self.loss) + 2 * (4 if self.hypothesis.kl == "exact" else 5)

    @property
    def median(self) -> float:
        """Median over the cells of |ours/printed - 1|."""
        return float(np.median(np.abs(self.deviations)))

    @property
    def worst(self) -> float:
        """Largest |ours/printed - 1|."""
        return float(np.abs(self.deviations).max())


def _world(hypothesis: Hypothesis, logs: Float[np.ndarray, " 5"]) -> ToyWorld:
    """The world of log(R/sigma), log(headroom), log(margin), log(step), log(bandwidth).

    The headroom, largest score minus (last target plus step), keeps every target attainable.
    """
    radius, headroom, margin, step, bandwidth = (float(v) for v in np.exp(logs))
    top = float(SHAPES[hypothesis.score](np.linspace(0, np.pi * (1 if hypothesis.wrapped else 1.25), 1001)).max())
    scale = (TARGETS[-1] + step + headroom) / top
    shape, layout = hypothesis.score, hypothesis.layout
    return ToyWorld(shape, radius, 1.0, scale, margin, step, bandwidth, layout, hypothesis.wrapped)


def _rounded(world: ToyWorld) -> ToyWorld:
    def digits(value: float) -> float:
        return float(f"{value:.{_SIGNIFICANT}g}")

    return replace(
        world,
        radius=digits(world.radius),
        score_scale=digits(world.score_scale),
        margin=digits(world.margin),
        target_step=digits(world.target_step),
        bandwidth=digits(world.bandwidth),
    )


def fit(
    hypothesis: Hypothesis, printed: Printed | None = None, starts: tuple[tuple[float, float], ...] = _STARTS
) -> Fit:
    """The best constants under a hypothesis, rounded to four digits; the deviations are those of the rounded world."""
    lower = np.log([0.1, 1e-3, 1e-3, 5e-3, 0.2])
    upper = np.log([12.0, 20.0, 1.0, 0.5, 2.0])

    def residuals(logs: Float[np.ndarray, " 5"]) -> Float[np.ndarray, " 18"]:
        return deviations(hypothesis, _world(hypothesis, logs), _FIT_STEP, printed).ravel()

    runs = []
    for radius, headroom in starts:
        start = np.log([radius, headroom, 0.07, 0.08, 0.8])
        runs.append(least_squares(residuals, start, bounds=(lower, upper), diff_step=1e-4, ftol=1e-5, xtol=1e-5))
    best = min(runs, key=lambda r: r.cost)
    world = _rounded(_world(hypothesis, best.x))
    variance = 2 * best.cost / (best.fun.size - best.x.size)
    se = np.sqrt(variance * np.diag(np.linalg.pinv(best.jac.T @ best.jac)))
    names = ("radius", "headroom", "margin", "target_step", "bandwidth")
    cells = deviations(hypothesis, world, printed=printed)
    fresh = replace(world)  # without cached laws, which do not travel between processes
    return Fit(hypothesis, fresh, dict(zip(names, map(float, se), strict=True)), cells)


def choose(fits: list[Fit]) -> Fit:
    """The fit to keep: the shape and layout of the best hypothesis, read as Table 2 of this project is made."""
    best = min(fits, key=lambda f: f.aic).hypothesis
    wanted = replace(best, boundary="hard_threshold", kl="kde")
    return next(f for f in fits if f.hypothesis == wanted)


def kl_column_bound() -> tuple[float, float]:
    """(upper bound, printed value) of the KLSC KL at the lowest target, were the printed hard KLs exact; in nats.

    KLSC is KL-minimal at its mean tau, so that any law with that mean bounds it: take (1 - a) p + a q_t', where
    q_t' is the hard solution of a higher target tau'. Its tail mass is s' = exp(-KL'), and its density relative to
    p is 1 - a off the tail and 1 - a + a/s' on it. The mean is tau for a = (tau - mu)/(tau' - mu), which falls as
    mu = E_p[psi] grows; and mu >= S tau with S = exp(-KL) because psi >= 0. The bound takes the best tau'.
    Ours: printed KL.
    """
    printed = published_table2()
    tau = TARGETS[0]
    mean_floor = math.exp(-printed[tau, "hard"]["kl_kde"]) * tau
    bounds = []
    for target in TARGETS[1:]:
        share = (tau - mean_floor) / (target - mean_floor)
        tail = math.exp(-printed[target, "hard"]["kl_kde"])
        off, on = 1 - share, 1 - share + share / tail
        bounds.append((1 - tail) * off * math.log(off) + tail * on * math.log(on))
    return min(bounds), printed[tau, "klsc"]["kl_kde"]
