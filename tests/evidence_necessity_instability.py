"""Necessity rung, Appendix D.4: drop a hypothesis of the speeds and of the Gaussian ordering, exhibit what goes wrong.

Each check shows first that the conclusion fails, then that the hypothesis does; its controls are examples in which the
hypothesis holds, and must be rejected.
"""

import math

import numpy as np

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.theory import (
    AtomicLaw,
    GaussianLaw,
    Hard,
    Klsc,
    PiecewiseLaw,
    ScoreLaw,
    calibrate_klsc,
    hard_tv_speed,
    klsc_tv_speed,
    mean_hard_tv_speed,
    mean_klsc_tv_speed,
    tv,
    tv_step,
)
from tests.support.enumeration import close
from tests.support.strategies import exponential_law, pareto_law

NORMAL = GaussianLaw()
UNIFORM = PiecewiseLaw(lambda u: u, np.zeros_like, np.array([0.0, 1.0]))
GAPPED = PiecewiseLaw(
    lambda u: u, lambda u: np.where((u > 1) & (u < 2), -np.inf, -math.log(2)), np.array([0.0, 1.0, 2.0, 3.0])
)
FOUR = AtomicLaw(np.arange(4.0))
CONSTANT = AtomicLaw(np.array([2.0]))
COIN = AtomicLaw(np.array([0.0, 1.0]), masses=np.array([0.7, 0.3]))
BETA_5_1 = PiecewiseLaw(lambda u: u, lambda u: math.log(5) + 4 * np.log(u), np.array([0.0, 1.0]))
EXPONENTIAL = exponential_law(1.0)
PARETO = pareto_law(3.0)
NEGATIVE_EXPONENTIAL = PiecewiseLaw(np.log, np.zeros_like, np.array([0.0, 1.0]))


def refusal(call) -> str | None:
    """What the library says when it refuses, else None."""
    try:
        call()
    except ValueError as error:
        return str(error)
    return None


def soft_at_level(law: ScoreLaw, t: float) -> float:
    """The KLSC speed at the faithfulness of the truncation at t."""
    return klsc_tv_speed(law, calibrate_klsc(law, law.tail_mean(t)).multiplier)


@evidence("Lemma D.10", "necessity", controls={"mass above t'": {"above": 0.9}})
def distance_needs_both_truncations(above: float = 1.1) -> str:
    said = refusal(lambda: tv(Hard(UNIFORM, 0.5), Hard(UNIFORM, above)))
    expect(said is not None, "there is no distance to q_t'", above=above)
    expect(UNIFORM.log_survival(above) == -math.inf, "S(t') = 0", above=above)
    return f"Uniform on [0, 1], t' = 1.1: 1 - S(t')/S(t) would be 1, but q_t' does not exist ({said})."


@evidence("Lemma D.10", "necessity", controls={"no atom at t": {"t": 0.5}, "a density": {"law": UNIFORM, "t": 0.5}})
def atoms_make_the_path_jump(law: ScoreLaw = FOUR, t: float = 1.0) -> str:
    steps = [1e-2, 1e-4, 1e-6]
    distances = [tv(Hard(law, t), Hard(law, t + s)) for s in steps]
    expect(min(distances) > 0.1, "TV -> 0 with the step: not here", steps=steps, distances=distances)
    expect(law.atom(t) > 0 and close(distances[-1], law.atom(t) / law.survival(t)), "an atom at t", distances=distances)
    return f"At an atom every step, however small, moves the truncation by TV = P(Y = t)/S(t) = {distances[-1]:.3f}."


@evidence(
    "Lemma D.11", "necessity", controls={"both inside the support": {"t": 0.4, "u": 0.6}, "out of the gap": {"u": 2.1}}
)
@evidence("Ours: finite step", "necessity", controls={"both inside the support": {"t": 0.4, "u": 0.6}})
def flat_means_have_no_speed(t: float = 1.2, u: float = 1.8) -> str:
    """In a gap of the support tau(t) is constant: TV/dtau is 0/0, while 1/m(t) is a number."""
    said = refusal(lambda: tv_step(Hard(GAPPED, t), Hard(GAPPED, u)))
    speeds = [hard_tv_speed(GAPPED, v) for v in (t, u)]
    expect(said is not None, "no speed between these levels", t=t, u=u, speeds=speeds)
    expect(GAPPED.hazard(t) == 0 and GAPPED.tail_mean(t) == GAPPED.tail_mean(u), "tau is flat", t=t, u=u)
    return (
        f"Uniform on [0, 1] and [2, 3]: tau is flat on (1, 2); 1/m goes from {speeds[0]:.2f} to {speeds[1]:.2f} unused."
    )


@evidence(
    "Lemma D.11",
    "necessity",
    controls={"a density": {"law": UNIFORM, "t": 0.2}, "exponential": {"law": EXPONENTIAL, "t": 0.2}},
)
def atoms_break_the_hard_speed(law: ScoreLaw = FOUR, t: float = 0.0) -> str:
    ratios = [tv_step(Hard(law, t), Hard(law, t + s)) for s in (1e-2, 1e-4)]
    expect(
        max(ratios) < 0.9 * hard_tv_speed(law, t),
        "TV/dtau -> 1/m: not here",
        ratios=ratios,
        speed=hard_tv_speed(law, t),
    )
    expect(law.atom(t) > 0, "an atom at t", atom=law.atom(t))
    return f"Uniform on 0..3 at t = 0: TV/dtau = {ratios[-1]:.3f} at every step, 1/m = {hard_tv_speed(law, t):.3f}."


@evidence("Lemma D.12", "necessity", controls={"two values": {"law": COIN}})
def constant_scores_have_no_speed(law: ScoreLaw = CONSTANT) -> str:
    said = refusal(lambda: klsc_tv_speed(law, 1.0))
    expect(said is not None and "almost surely constant" in said, "E|Y - tau|/(2 Var) is 0/0", said=said)
    expect(law.variance == 0 and tv(Klsc(law, 0.0), Klsc(law, 3.0)) == 0, "the path does not move")
    return "A constant score: variance 0, one point as a path, no speed."


@evidence(
    "Ours: Nelson-Aalen",
    "necessity",
    controls={"uniform": {"law": UNIFORM, "u": 0.5}, "exponential": {"law": EXPONENTIAL}},
)
def logarithms_need_a_density(law: ScoreLaw = FOUR, t: float = 0.0, u: float = 1.0) -> str:
    rise = law.tail_mean(u) - law.tail_mean(t)
    logarithm, mean, speed = (
        (law.log_survival(t) - law.log_survival(u)) / rise,
        mean_hard_tv_speed(law, t, u),
        hard_tv_speed(law, t),
    )
    expect(logarithm > 1.05 * mean, "the logarithm is not the mean speed", log=logarithm, mean=mean)
    expect(law.atom(t) > 0 and close(mean, tv_step(Hard(law, t), Hard(law, u))), "one jump", mean=mean)
    return f"Uniform on 0..3 from 0 to 1: Nelson-Aalen {mean:.3f}, logarithm {logarithm:.3f}, 1/m {speed:.3f}."


@evidence(
    "Proposition D.13",
    "necessity",
    controls={"N(0, 1)": {"law": NORMAL}, "N(2, 0.5)": {"law": GaussianLaw(2.0, 0.5)}},
)
def soft_speed_varies(law: ScoreLaw = UNIFORM) -> str:
    """A constant to compare V_hard with exists for the normal law only."""
    speeds = [klsc_tv_speed(law, beta) for beta in (0.0, 2.0, 8.0)]
    expect(max(speeds) > 1.01 * min(speeds), "V_soft is the same at every level: not here", speeds=speeds)
    expect(not isinstance(law, GaussianLaw), "the law is not normal", law=law)
    return f"Uniform on [0, 1]: V_soft at beta = 0, 2, 8 is {', '.join(f'{v:.3f}' for v in speeds)}."


@evidence("Proposition D.13", "necessity", controls={"N(0, 1)": {"law": NORMAL}, "uniform": {"law": UNIFORM}})
def residual_life_may_grow(law: ScoreLaw = PARETO) -> str:
    """m' < 0 is not general: the step from m(t) <= m(0) to the ordering is lost under a heavy tail."""
    levels = [law.mean + k * 0.2 * math.sqrt(law.variance) for k in (0, 1, 2)]
    residuals = [law.mean_residual(t) for t in levels]
    expect(residuals[0] < residuals[1] < residuals[2], "m falls: not here", residuals=residuals)
    return f"Pareto(3): m grows, {', '.join(f'{m:.3f}' for m in residuals)}; the hard path slows down."


@evidence("Proposition D.13", "necessity", controls={"t = 0": {"z": 0.0}, "just above t*": {"z": -2.48}})
@evidence("Ours: crossing", "necessity", controls={"t = 0": {"z": 0.0}, "just above t*": {"z": -2.48}})
def below_the_crossing(z: float = -2.5) -> str:
    hard, soft = hard_tv_speed(NORMAL, z), klsc_tv_speed(NORMAL, 0.0)
    expect(hard < soft, "V_hard > V_soft fails", z=z, hard=hard, soft=soft)
    expect(z < 0 and NORMAL.mean_residual(z) > math.sqrt(2 * math.pi), "m(t) > sqrt(2 pi)", z=z)
    return f"N(0, 1) at t = -2.5: {hard:.5f} < {soft:.5f}."


@evidence(
    "Proposition D.13", "necessity", controls={"[-8, -1]": {"upper": -1.0}, "[0, 1]": {"lower": 0.0, "upper": 1.0}}
)
def averages_go_either_way(lower: float = -8.0, upper: float = -2.4) -> str:
    """[-8, -2.4] reaches above t* and yet averages below; [-8, -1] reaches as far down and averages above."""
    low, high = (calibrate_klsc(NORMAL, NORMAL.tail_mean(t)).multiplier for t in (lower, upper))
    hard, soft = mean_hard_tv_speed(NORMAL, lower, upper), mean_klsc_tv_speed(NORMAL, low, high)
    expect(hard < soft, "the average ordering fails", hard=hard, soft=soft)
    expect(lower < 0 and hard_tv_speed(NORMAL, upper) > soft, "although the top of the interval is above t*")
    return f"N(0, 1) on [-8, -2.4]: {hard:.4f} < {soft:.4f}."


@evidence(
    "Proposition D.13", "necessity", controls={"N(0, 1) at 0": {"law": NORMAL}, "exponential": {"law": EXPONENTIAL}}
)
def beta_reverses_the_ordering(law: ScoreLaw = BETA_5_1, t: float = 0.0) -> str:
    """Outside the normal law, at a threshold below no mass at all: 1/E[Y] against E|Y - E[Y]|/(2 Var)."""
    hard, soft = hard_tv_speed(law, t), soft_at_level(law, t)
    expect(hard < soft, "the ordering fails", hard=hard, soft=soft)
    mean, variance = 5 / 6, 5 / (36 * 7)
    deviation = 2 * mean**6 / 6  # E|Y - m| = 2 int_0^m F(y) dy with F(y) = y^5
    exact = (1 / mean, deviation / (2 * variance))
    expect(close(hard, exact[0]) and close(soft, exact[1]), "closed form", found=(hard, soft), exact=exact)
    return f"Beta(5, 1) at t = 0: hard {hard:.4f} < KLSC {soft:.6f}, both in closed form."


@evidence("Proposition D.13", "necessity", controls={"exponential": {"law": EXPONENTIAL}, "uniform": {"law": UNIFORM}})
@evidence("Ours: crossing", "necessity", controls={"exponential": {"law": EXPONENTIAL}, "uniform": {"law": UNIFORM}})
def unbounded_below_reverses(law: ScoreLaw = NEGATIVE_EXPONENTIAL) -> str:
    """As t -> ess inf = -inf, V_hard ~ 1/(E[Y] - t) -> 0 while V_soft tends to its value at beta = 0."""
    floor = max(law.ess_inf, law.mean - 30 * math.sqrt(law.variance))
    thresholds = [law.mean + k * (floor - law.mean) for k in (0.3, 0.6, 0.99)]
    hard, soft = [hard_tv_speed(law, t) for t in thresholds], soft_at_level(law, thresholds[-1])
    expect(hard[-1] < 0.2 * soft and hard[0] > hard[1] > hard[2], "hard falls below KLSC", hard=hard, soft=soft)
    expect(law.ess_inf == -math.inf, "the law is unbounded below", inf=law.ess_inf)
    expect(hard_tv_speed(NORMAL, -20.0) < 0.2 * soft_at_level(NORMAL, -20.0), "the normal law too, at t = -20")
    return f"-Exp(1): V_hard falls to {hard[-1]:.4f} at low thresholds, V_soft stays near {soft:.4f}; N(0, 1) likewise."


@evidence(
    "Ours: crossing", "necessity", controls={"N(0, 1)": {"law": NORMAL}, "N(-3, 2)": {"law": GaussianLaw(-3.0, 2.0)}}
)
def other_laws_cross_elsewhere(law: ScoreLaw = NEGATIVE_EXPONENTIAL) -> str:
    """The crossing at t* = -2.49 standard deviations belongs to the normal law."""
    below, above = (law.mean + z * math.sqrt(law.variance) for z in (-2.6, -2.4))
    signs = [hard_tv_speed(law, t) > soft_at_level(law, t) for t in (below, above)]
    expect(signs != [False, True], "no crossing between -2.6 and -2.4 sd", signs=signs)
    return "-Exp(1) is still above its KLSC speed at -2.6 standard deviations: it crosses lower down."
