"""Necessity rung, Appendix D.4: drop a hypothesis of the speeds and of the Gaussian ordering, exhibit what goes wrong.

Each check says which hypotheses hold in its example, refutes the conclusion, and shows that the one dropped is broken.
Its controls are examples in which the conclusion stands, and must be rejected for that.
"""

import itertools
import math
from collections.abc import Callable

import numpy as np
from scipy.integrate import quad
from scipy.special import ndtr

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.proofs_check.premises import broken, granted, holds, refuted
from distributional_view.theory import (
    AtomicLaw,
    GaussianLaw,
    Hard,
    PiecewiseLaw,
    ScoreLaw,
    calibrate_klsc,
    hard_tv_speed,
    klsc_tv_speed,
    tv,
    tv_step,
)
from tests.support.enumeration import close
from tests.support.strategies import exponential_law

NORMAL = GaussianLaw()
UNIFORM = PiecewiseLaw(lambda u: u, np.zeros_like, np.array([0.0, 1.0]))
FOUR = AtomicLaw(np.arange(4.0))
BETA_5_1 = PiecewiseLaw(lambda u: u, lambda u: math.log(5) + 4 * np.log(u), np.array([0.0, 1.0]))
EXPONENTIAL = exponential_law(1.0)
SOFT = 1 / math.sqrt(2 * math.pi)
"""V_soft of the normal law."""


def mills(t: float) -> float:
    """lambda(t) = E[Y | Y >= t] for Y ~ N(0, 1)."""
    return math.exp(-t * t / 2) / math.sqrt(2 * math.pi) / float(ndtr(-t))


@evidence(
    "Lemma D.10",
    "necessity",
    drops="continuous density",
    controls={"no atom at t": {"t": 0.5}, "a density": {"law": UNIFORM, "t": 0.5}},
)
def atoms_make_the_path_jump(law: ScoreLaw = FOUR, t: float = 1.0) -> str:
    steps = [1e-2, 1e-4, 1e-6]
    distances = [tv(Hard(law, t), Hard(law, t + s)) for s in steps]
    holds("mass above t", law.survival(t + steps[0]) > 0)
    refuted("TV -> 0 with the step", min(distances) > 0.1, steps=steps, distances=distances)
    broken("continuous density", close(distances[-1], law.atom(t) / law.survival(t)), distances=distances)
    return f"At an atom every step, however small, moves the truncation by TV = P(Y = t)/S(t) = {distances[-1]:.3f}."


@evidence(
    "Lemma D.11",
    "necessity",
    drops="continuous density",
    controls={"a density": {"law": UNIFORM, "t": 0.2}, "exponential": {"law": EXPONENTIAL, "t": 0.2}},
)
def atoms_break_the_hard_speed(law: ScoreLaw = FOUR, t: float = 0.0) -> str:
    ratios = [tv_step(Hard(law, t), Hard(law, t + s)) for s in (1e-2, 1e-4)]
    speed = hard_tv_speed(law, t)
    holds("moving mean", law.tail_mean(t + 1e-4) > law.tail_mean(t))
    refuted("TV/d tau -> 1/m(t)", max(ratios) < 0.9 * speed, ratios=ratios, speed=speed)
    expect(close(speed, 2 / 3) and close(ratios[1], 1 / 2), "closed forms", ratios=ratios, speed=speed)
    broken("continuous density", law.atom(t) > 0, atom=law.atom(t))
    return f"Uniform on 0..3 at t = 0: TV/d tau = {ratios[-1]:.3f} at every step, 1/m = {speed:.3f}."


@evidence("Lemma D.12", "necessity", drops="not constant", controls={"two values": {"scores": (2.0, 3.0)}})
def constant_scores_have_no_speed(scores: tuple[float, ...] = (2.0, 2.0)) -> str:
    """Variance and E|Y - tau| vanish at every beta: E|Y - tau|/(2 Var) is 0/0, the path one point."""
    y = np.array(scores)
    holds("inside the domain", math.isfinite(math.exp(3.0 * y.max())))
    granted("density", "a constant score is an atom; (102)-(104), which ask for a density, are not refuted here")
    tilts = [np.exp(b * (y - y.max())) for b in (0.0, 1.0, 3.0)]
    tilts = [q / q.sum() for q in tilts]
    spreads = [float(q @ np.abs(y - q @ y)) for q in tilts]
    moved = float(np.abs(tilts[2] - tilts[0]).sum() / 2)
    refuted("V_soft is a number", max(spreads) == 0 == moved, spreads=spreads, moved=moved)
    broken("not constant", len(set(scores)) == 1, scores=scores)
    return "A constant score: variance 0, one point as a path, no speed."


@evidence(
    "Lemma D.12",
    "necessity",
    drops="density",
    controls={"uniform": {"law": UNIFORM, "u": 0.5}, "exponential": {"law": EXPONENTIAL}},
)
def logarithms_need_a_density(law: ScoreLaw = FOUR, t: float = 0.0, u: float = 1.0) -> str:
    """(102) with atoms: from 0 to 1 the path is one jump, whose length per d tau is not log(S(a)/S(b))/d tau."""
    rise = law.tail_mean(u) - law.tail_mean(t)
    logarithm = (law.log_survival(t) - law.log_survival(u)) / rise
    thresholds = np.linspace(t, u, 2001)
    path = [Hard(law, float(v)) for v in thresholds]
    average = sum(tv(a, b) for a, b in itertools.pairwise(path)) / rise
    holds("inside the domain", law.max_multiplier > 0)
    holds("not constant", law.variance > 0)
    refuted("the average is log(S(a)/S(b))/d tau", logarithm > 1.05 * average, log=logarithm, average=average)
    expect(close(average, 1 / 2) and close(logarithm, 2 * math.log(4 / 3)), "closed forms", found=(average, logarithm))
    broken("density", law.atom(t) > 0, atom=law.atom(t))
    return (
        f"Uniform on 0..3 from 0 to 1: the path's length per d tau is {average:.3f}, the logarithm's {logarithm:.3f}."
    )


OTHER = {"N(0, 1)": {"law": NORMAL}}


@evidence("Gaussian example", "necessity", drops="normal", controls=OTHER)
@evidence("Proposition D.13", "necessity", drops="normal", controls=OTHER)
def soft_speed_varies(law: ScoreLaw = UNIFORM, thresholds: tuple[float, ...] = (0.0, 0.3, 0.7)) -> str:
    """A constant to compare V_hard with exists for the normal law only: 3/2 at tau(0) = E[Y] for the uniform law."""
    holds("t >= 0", min(thresholds) >= 0, thresholds=thresholds)
    betas = [calibrate_klsc(law, law.tail_mean(t)).multiplier for t in thresholds]
    speeds = [klsc_tv_speed(law, beta) for beta in betas]
    refuted("V_soft is the same at every level", max(speeds) > 1.01 * min(speeds), speeds=speeds)
    expect(close(speeds[0], 3 / 2), "closed form", speeds=speeds)
    broken("normal", law.ess_sup < math.inf, sup=law.ess_sup)
    return f"Uniform on [0, 1]: V_soft at tau(0), tau(0.3), tau(0.7) is {', '.join(f'{v:.3f}' for v in speeds)}."


@evidence(
    "Proposition D.13", "necessity", drops="normal", controls={"N(0, 1)": {"density": lambda y: math.exp(-y * y / 2)}}
)
def heavy_tails_slow_the_hard_path(density: Callable[[float], float] = lambda y: (1 + y) ** -4) -> str:
    """Density ~ (1 + y)^-4 on y > 0: m(t) = (1 + t)/2 grows, V_hard falls with t."""
    levels = [2.0, 4.0, 8.0]
    holds("t >= 0", min(levels) >= 0)
    tails = [quad(density, t, math.inf, epsabs=0)[0] for t in levels]
    means = [quad(lambda y: y * density(y), t, math.inf, epsabs=0)[0] for t in levels]
    speeds = [1 / (m / s - t) for m, s, t in zip(means, tails, levels, strict=True)]
    refuted("V_hard grows with t", speeds[0] > speeds[1] > speeds[2], levels=levels, speeds=speeds)
    broken("normal", tails[2] > 1e-4, tail=tails[2])
    return f"A power tail: V_hard at 2, 4, 8 is {', '.join(f'{v:.3f}' for v in speeds)}."


@evidence(
    "Proposition D.13", "necessity", drops="t >= 0", controls={"t = 0": {"z": 0.0}, "just above t*": {"z": -2.48}}
)
def below_the_crossing(z: float = -2.5) -> str:
    holds("normal", close(klsc_tv_speed(NORMAL, 0.7), SOFT), soft=klsc_tv_speed(NORMAL, 0.7))
    hard, exact = hard_tv_speed(NORMAL, z), 1 / (mills(z) - z)
    expect(close(hard, exact), "closed form", hard=hard, exact=exact)
    refuted("V_hard > V_soft", hard < SOFT, z=z, hard=hard, soft=SOFT)
    broken("t >= 0", z < 0, z=z)
    return f"N(0, 1) at t = -2.5: {hard:.5f} < {SOFT:.5f}."


@evidence(
    "Proposition D.13",
    "necessity",
    drops="t >= 0",
    controls={"[-8, -1]": {"upper": -1.0}, "[0, 1]": {"lower": 0.0, "upper": 1.0}},
)
def averages_go_either_way(lower: float = -8.0, upper: float = -2.4) -> str:
    """[-8, -2.4] reaches above t* and yet averages below; [-8, -1] reaches as far down and averages above."""
    holds("normal", close(NORMAL.tail_mean(upper), mills(upper)), upper=upper)
    hard = math.log(ndtr(-lower) / ndtr(-upper)) / (mills(upper) - mills(lower))
    refuted("V_hard > V_soft on average", hard < SOFT, hard=hard, soft=SOFT)
    expect(1 / (mills(upper) - upper) > SOFT, "although the top of the interval is above t*")
    broken("t >= 0", lower < 0, lower=lower)
    return f"N(0, 1) on [-8, -2.4]: {hard:.4f} < {SOFT:.4f}."


@evidence(
    "Proposition D.13",
    "necessity",
    drops="normal",
    controls={"N(0, 1) at 0": {"law": NORMAL}, "exponential": {"law": EXPONENTIAL}},
)
def beta_reverses_the_ordering(law: ScoreLaw = BETA_5_1, t: float = 0.0) -> str:
    """Outside the normal law, at a threshold below no mass at all: 1/E[Y] against E|Y - E[Y]|/(2 Var)."""
    holds("t >= 0", t >= 0)
    hard, soft = hard_tv_speed(law, t), klsc_tv_speed(law, calibrate_klsc(law, law.tail_mean(t)).multiplier)
    refuted("V_hard > V_soft", hard < soft, hard=hard, soft=soft)
    mean, variance = 5 / 6, 5 / (36 * 7)
    deviation = 2 * mean**6 / 6  # E|Y - m| = 2 int_0^m F(y) dy with F(y) = y^5
    exact = (1 / mean, deviation / (2 * variance))
    expect(close(hard, exact[0]) and close(soft, exact[1]), "closed form", found=(hard, soft), exact=exact)
    broken("normal", law.ess_sup < math.inf, sup=law.ess_sup)
    return f"Beta(5, 1) at t = 0: hard {hard:.4f} < KLSC {soft:.6f}, both in closed form."


def falling_exponential(t: float) -> tuple[float, float]:
    """(V_hard, V_soft) of -Exp(1) at a threshold t < 0, in closed form.

    With s = -t and E = -Y: m(t) = s - E[E | E <= s]; the tilt by beta is -Exp(1 + beta), where E|Y - tau| = -2 tau/e
    and Var = tau^2, so that V_soft = 1/(e |tau|).
    """
    s = -t
    mean = (1 - math.exp(-s) * (1 + s)) / -math.expm1(-s)
    return 1 / (s - mean), 1 / (math.e * mean)


def standard_normal(t: float) -> tuple[float, float]:
    """(V_hard, V_soft) of N(0, 1), moved to the mean -1 as -Exp(1) has it."""
    return 1 / (mills(t + 1) - t - 1), SOFT


@evidence("Ours: crossing", "necessity", drops="normal", controls={"N(-1, 1)": {"speeds": standard_normal}})
def other_laws_cross_elsewhere(speeds: Callable[[float], tuple[float, float]] = falling_exponential) -> str:
    """-Exp(1), mean -1 and deviation 1: no crossing at t* = -2.49 deviations, but lower down."""
    below, above, far = (speeds(-1 + z) for z in (-2.6, -2.4, -8.0))
    signs = [hard > soft for hard, soft in (below, above)]
    refuted("V_hard crosses V_soft between -2.6 and -2.4 deviations", signs != [False, True], signs=signs)
    expect(far[0] < far[1], "it crosses lower down", speeds=far)
    broken("normal", speeds(-1.0)[1] != SOFT, soft=speeds(-1.0)[1])
    return "-Exp(1) is still above its KLSC speed at -2.6 standard deviations: it crosses lower down."
