"""The distributional view: definitions, exact solutions and their metrics, for any world.

Notation, once for the whole project (ASCII names; time as suffix, estimates `_hat`, log domain `log_`):

| symbol       | name in code              | meaning                                              | unit          |
|--------------|---------------------------|------------------------------------------------------|---------------|
| p            | `prior`                   | natural (reference) distribution, or its score law   |               |
| q            | a `Hard` or `Klsc`        | induced distribution, q << p                         |               |
| psi, Y       | `score`, `scores`         | intrinsic score; Y = psi(X), X ~ p                   | score         |
| tau          | `target`, `mean`          | faithfulness level E_q[psi]                          | score         |
| t            | `threshold`               | hard threshold, A_t = {psi >= t}                     | score         |
| delta        | `margin`, `width`         | width of the boundary shell                          | score         |
| Delta tau    | `target_step`, `step`     | finite step between two levels                       | score         |
| beta         | `multiplier`              | Lagrange multiplier, inverse temperature of the tilt | 1/score       |
| A(beta)      | `log_partition`           | log E_p[exp(beta psi)]                               | nats          |
| S(t)         | `survival`                | P(Y >= t), atoms at t included                       |               |
| f(t)         | `density`                 | density of Y                                         | 1/score       |
| h(t)         | `hazard`                  | f(t)/S(t)                                            | 1/score       |
| m(t)         | `mean_residual`           | E[Y - t given Y >= t]                                | score         |
| M_delta(q;t) | `boundary_mass`           | q(t <= psi < t + delta)/q(psi >= t)                  |               |
| KL, TV       | `kl`, `tv`                | divergence, total variation                          | nats, [0, 1]  |
| V            | `*_tv_speed`, `tv_step`   | total variation per unit of faithfulness             | 1/score       |

Laws of the score: `GaussianLaw`, `AtomicLaw`, `PiecewiseLaw`. Start at `calibrate_hard` and `calibrate_klsc`.
Finite measures with explicit masses are in `theory.measure`.
"""

from theory.atomic import AtomicLaw
from theory.calibrate import calibrate_hard, calibrate_klsc
from theory.divergence import kl, tv
from theory.errors import InfeasibleTarget
from theory.gap import Gap, interpretability_gap, pinsker_bound
from theory.gaussian import GaussianLaw
from theory.instability import (
    hard_tv_speed,
    klsc_tv_speed,
    mean_hard_tv_speed,
    mean_klsc_tv_speed,
    mean_tv_step,
    tv_step,
)
from theory.law import ScoreLaw
from theory.piecewise import PiecewiseLaw
from theory.solutions import Hard, Klsc, Solution

__all__ = [
    "AtomicLaw",
    "Gap",
    "GaussianLaw",
    "Hard",
    "InfeasibleTarget",
    "Klsc",
    "PiecewiseLaw",
    "ScoreLaw",
    "Solution",
    "calibrate_hard",
    "calibrate_klsc",
    "hard_tv_speed",
    "interpretability_gap",
    "kl",
    "klsc_tv_speed",
    "mean_hard_tv_speed",
    "mean_klsc_tv_speed",
    "mean_tv_step",
    "pinsker_bound",
    "tv",
    "tv_step",
]
