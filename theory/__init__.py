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
| g            | `task`                    | task score, added to psi by a pipeline               | task units    |
| kappa        | `task_target`             | demand on E_q[g]                                     | task units    |
| gamma        | `task_multiplier`         | weight of g in the tilt exp(beta psi + gamma g)      | 1/task unit   |
| b            | `shift`                   | multiplier of psi relative to q_beta, either sign    | 1/score       |
| Delta(kappa) | `distortion`              | least KL(q, q_beta) at the same E[psi], E_q[g]>=kappa| nats          |
| delta (F.4)  | `deficit`                 | ball of squared radius (1 - delta) d around the mode |               |
| V            | `*_tv_speed`, `tv_step`   | total variation per unit of faithfulness             | 1/score       |
| x_t, x_i     | `x_t`, `x`                | points at noise level t (step i)                     | length        |
| x_0 hat      | `x0_hat`                  | denoised estimate E[X_0 given X_t = x_t]             | length        |
| alpha bar    | `alpha_bar`               | share of signal variance left at step i              | [0, 1]        |
| 1 - alpha_i  | `variance`                | the DDPM variance of step i (its usual letter: beta) |               |
| 1 - alpha bar| `noise_variance` of a `Row`| variance of the noise in x_i                        | length^2      |
| zeta_i       | `zeta` of a `Row`         | factor of the guidance at step i                     | length^2/score|
| rho          | `strength`                | scale of zeta; equals beta only for the ideal H_t    | 1/score       |
| H_t          | by `toy.ideal.ideal_world`| log E[exp(beta psi(X_0)) given X_t]                  | nats          |
| lambda       | `penalty`                 | weight of the regulariser in (18)                    | score         |
| w_i          | `weights`                 | of the points of a pool, or of particles, sum 1      |               |
| K            | `k`                       | number of retrieved points                           |               |

Laws of the score: `GaussianLaw`, `AtomicLaw`, `PiecewiseLaw`. Start at `calibrate_hard` and `calibrate_klsc`.
Scores come first in every call and are given by position; the masses of their points are given by name
(`AtomicLaw(scores, masses=p)`), as is every other array over the same points. A list will do for an array.
Finite measures with explicit masses are in `theory.measures.finite`; on them `theory.measures.tasks` prices an added
task score (Appendix E) and `theory.measures.bottleneck` a restricted family (Theorem F.7). `theory.measures.typical` is
the Gaussian of Lemma F.4.

Samplers, written once for any `World` (`theory.samplers.world`): `retrieve`, `top_k` and `reweight_to` on pools,
`Ascent`, `energy_dps`, `twisted_smc`, `unguided`; `calibrate_strength` and `calibrate_knob` bring a sampler to a target
mean.
"""

from distributional_view.theory.errors import CalibrationFailed, InfeasibleTarget
from distributional_view.theory.laws.arrays import ArrayLike1D, SupportsArray
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.laws.gaussian import GaussianLaw
from distributional_view.theory.laws.law import ScoreLaw
from distributional_view.theory.laws.piecewise import PiecewiseLaw
from distributional_view.theory.measures.bottleneck import Decomposition, Family, Member, best_member, decompose
from distributional_view.theory.measures.dual import Gibbs, gibbs
from distributional_view.theory.measures.finite import finite_kl, finite_tv, reweight
from distributional_view.theory.measures.tasks import (
    Baseline,
    Distortion,
    TaskInjected,
    baseline,
    distortion,
    distortion_bound,
    largest_task_mean,
    task_injected,
)
from distributional_view.theory.measures.typical import (
    Conditioning,
    Shell,
    chernoff_exponent,
    conditioning_error,
    log_ball_mass,
    log_mode_ball_mass,
    paper_exponent,
    typical_shell,
)
from distributional_view.theory.pools.inclusion import inclusion_probabilities, systematic_sample
from distributional_view.theory.pools.matched import Move, matched, matched_at, move, top_k_truncation
from distributional_view.theory.pools.retrieval import (
    Retrieved,
    Reweighted,
    effective_size,
    retrieve,
    reweight_to,
    tilted_weights,
    top_k,
)
from distributional_view.theory.progress import Progress
from distributional_view.theory.samplers.ascent import Ascent, Climbed
from distributional_view.theory.samplers.energy_dps import calibrate_strength, energy_dps, unguided
from distributional_view.theory.samplers.knobs import Calibrated, calibrate_knob
from distributional_view.theory.samplers.schedule import NoiseSchedule, Row, each
from distributional_view.theory.samplers.twisted_smc import Twisted, twisted_smc
from distributional_view.theory.samplers.world import Guidance, World, python_loop
from distributional_view.theory.seeds import part_seed
from distributional_view.theory.solutions.calibrate import calibrate_hard, calibrate_klsc
from distributional_view.theory.solutions.divergence import kl, tv
from distributional_view.theory.solutions.gap import Gap, interpretability_gap, pinsker_bound
from distributional_view.theory.solutions.hard import Hard
from distributional_view.theory.solutions.instability import (
    hard_tv_speed,
    klsc_tv_speed,
    mean_hard_tv_speed,
    mean_klsc_tv_speed,
    mean_tv_step,
    tv_step,
)
from distributional_view.theory.solutions.klsc import Klsc, Solution
from distributional_view.theory.solutions.truncated import TruncatedLaw

__all__ = [
    "ArrayLike1D",
    "Ascent",
    "AtomicLaw",
    "Baseline",
    "Calibrated",
    "CalibrationFailed",
    "Climbed",
    "Conditioning",
    "Decomposition",
    "Distortion",
    "Family",
    "Gap",
    "GaussianLaw",
    "Gibbs",
    "Guidance",
    "Hard",
    "InfeasibleTarget",
    "Klsc",
    "Member",
    "Move",
    "NoiseSchedule",
    "PiecewiseLaw",
    "Progress",
    "Retrieved",
    "Reweighted",
    "Row",
    "ScoreLaw",
    "Shell",
    "Solution",
    "SupportsArray",
    "TaskInjected",
    "TruncatedLaw",
    "Twisted",
    "World",
    "baseline",
    "best_member",
    "calibrate_hard",
    "calibrate_klsc",
    "calibrate_knob",
    "calibrate_strength",
    "chernoff_exponent",
    "conditioning_error",
    "decompose",
    "distortion",
    "distortion_bound",
    "each",
    "effective_size",
    "energy_dps",
    "finite_kl",
    "finite_tv",
    "gibbs",
    "hard_tv_speed",
    "inclusion_probabilities",
    "interpretability_gap",
    "kl",
    "klsc_tv_speed",
    "largest_task_mean",
    "log_ball_mass",
    "log_mode_ball_mass",
    "matched",
    "matched_at",
    "mean_hard_tv_speed",
    "mean_klsc_tv_speed",
    "mean_tv_step",
    "move",
    "paper_exponent",
    "part_seed",
    "pinsker_bound",
    "python_loop",
    "retrieve",
    "reweight",
    "reweight_to",
    "systematic_sample",
    "task_injected",
    "tilted_weights",
    "top_k",
    "top_k_truncation",
    "tv",
    "tv_step",
    "twisted_smc",
    "typical_shell",
    "unguided",
]
