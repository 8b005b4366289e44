"""Necessity rung, the two constraint problems of Appendix D: drop a hypothesis, exhibit where the conclusion fails.

Each check says which hypotheses hold in its example, refutes the conclusion, and shows that the one dropped is broken.
Its controls are examples in which the conclusion stands, and must be rejected for that.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.integrate import quad
from scipy.special import expn, ndtr

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.proofs_check.premises import broken, holds, refuted
from distributional_view.theory import AtomicLaw, GaussianLaw, Klsc, calibrate_klsc, kl
from tests.support.enumeration import summed_kl
from tests.support.refusals import clipped
from tests.support.strategies import non_steep_law

COIN = np.array([0.7, 0.3]), np.array([0.0, 1.0])
ATOMS = tuple[np.ndarray, np.ndarray]
"""Masses and scores."""


@evidence("Assumption D.2", "necessity", drops="exponential moments", controls={"Pareto(3)": {"index": 3.0}})
def one_sided_moments_leave_no_mean(index: float = 0.5) -> str:
    """psi = -Pareto(index): Z(beta) <= 1 for every beta >= 0, but the mean may be -inf."""
    ends = [1e2, 1e4, 1e6]
    laws = [clipped(lambda u: u ** (-1 / index), lambda n: n**-index, n, -1) for n in ends]
    expect(all(law.log_partition(b) <= 0 for law in laws for b in (0.01, 1.0, 100.0)), "Z(beta) <= 1 for beta >= 0")
    means = [law.mean for law in laws]
    slope = np.polyfit(np.log(ends), np.log([-mean for mean in means]), 1)[0]
    refuted("psi has all moments: E[max(psi, -n)] settles", slope > 0.4, ends=ends, means=means)
    other = [law.log_partition(-0.1) / n for law, n in zip(laws, ends, strict=True)]
    broken("exponential moments", abs(other[-1] / 0.1 - 1) < 0.02, log_z_over_n=other)
    return f"-Pareto(1/2): Z <= 1 at every beta >= 0, but E[max(psi, -n)] falls like -n^{slope:.2f}: no mean."


@evidence(
    "Assumption D.2",
    "necessity",
    drops="exponential moments",
    controls={"exponential": {"score": lambda u: 1.5 - np.log(u) / 2 - 0.5, "inverse": lambda n: math.exp(-2 * n + 2)}},
)
def heavy_upper_tail_has_no_tilt(
    score: Callable[[np.ndarray], np.ndarray] = lambda u: u ** (-1 / 3),
    inverse: Callable[[float], float] = lambda n: n**-3,
) -> str:
    beta, ends = 0.1, [1e3, 1e4, 1e5]
    mean = clipped(score, inverse, 1e12).mean
    expect(abs(mean - 1.5) < 1e-9, "the mean is finite", mean=mean)
    values = [clipped(score, inverse, n).log_partition(beta) / n for n in ends]
    refuted("A is finite around 0: A_n(beta)/n -> 0", abs(values[-1] / beta - 1) < 0.02, values=values)
    broken("exponential moments", min(values) > 0.5 * beta, values=values)
    return "Pareto(3) has mean 3/2, but log E[exp(0.1 min(psi, n))] ~ 0.1 n: no tilt exists."


@evidence(
    "Remark D.3",
    "necessity",
    drops="bounded",
    controls={
        "uniform": {"log_density": lambda y: 0.0 if y < 1 else -math.inf},
        "a tail like the normal one": {"log_density": lambda y: -y * y / 2},
    },
)
def unbounded_scores_lose_tilts(log_density: Callable[[float], float] = lambda y: -y) -> str:
    """What the density says at beta = 1, whatever end a law declares: integrals over ever longer intervals."""
    reaches = [10.0, 20.0, 40.0]
    total = quad(lambda y: math.exp(log_density(y)), 0, 40, points=[1], limit=200)[0]
    parts = [quad(lambda y: math.exp(y + log_density(y)), 0, r, points=[1], limit=200)[0] / total for r in reaches]
    refuted("Assumption D.2 holds for beta_0 = 1", min(np.diff(parts)) > 5, reaches=reaches, parts=parts)
    beyond = [quad(lambda y: math.exp(log_density(y)), r, r + 10)[0] for r in reaches]
    broken("bounded", min(beyond) > 0, beyond=beyond)
    return "An exponential score: E[e^psi; psi < r] = r grows without end."


@evidence("Lemma D.4", "necessity", drops="attained level", controls={"below the top": {"level": 0.9}})
def the_top_is_no_tilt(law: ATOMS = COIN, level: float = 1.0) -> str:
    """At tau = max psi the only feasible law is the atom there: a minimiser of finite KL that is no tilt."""
    p, psi = law
    holds("exponential moments", math.isfinite(float(p @ np.exp(np.abs(psi)))))
    cost = -math.log(p[-1])
    tilts = [p * np.exp(b * (psi - psi.max())) for b in np.linspace(0, 30, 301)]
    means = [float(q @ psi / q.sum()) for q in tilts]
    refuted("the minimiser is a tilt q_beta", max(means) < level, best=max(means), level=level)
    expect(summed_kl(np.array([0.0, 1.0]), p) == cost < math.inf, "the atom is feasible", cost=cost)
    broken("attained level", level >= psi.max(), level=level)
    return f"A coin at tau = 1: the minimiser is its upper face, KL {cost:.3f}; every tilt keeps mass at 0."


@evidence(
    "Lemma D.4",
    "necessity",
    drops="attained level",
    controls={"below the last slope": {"target": 0.9}, "a faster tail": {"power": 5, "target": 0.3}},
)
@evidence(
    "Lemma E.1",
    "necessity",
    drops="attained minimum",
    controls={"a level that a tilt reaches": {"target": 0.9}, "a faster tail": {"power": 5, "target": 0.3}},
)
def feasible_levels_may_have_no_minimiser(target: float = 2.0, power: int = 3) -> str:
    """Density ~ e^-y (1 + y)^-power (g = 0): laws cut at a reach approach tau - A(1), which none attains."""
    e = expn(power, 1)
    slope = 1 / (power - 2)  # the mean of (power - 1)(1 + y)^-power, which is the tilt by 1
    infimum = target + math.log(power - 1) + 1 + math.log(e)
    holds("exponential moments", math.isfinite(e))
    reaches = [1e1, 1e2, 1e3]
    below = [1 - (1 + r) ** (1 - power) * expn(power, 1 + r) / e for r in reaches]
    found = [calibrate_klsc(non_steep_law(power, r), target) for r in reaches]
    excess = [f.kl - math.log(b) - infimum for f, b in zip(found, below, strict=True)]
    strict = calibrate_klsc(non_steep_law(power, 1e2), target + 0.5)
    holds("strict feasibility", abs(strict.mean - target - 0.5) < 1e-6 and math.isfinite(strict.kl), mean=strict.mean)
    approached = 0 < excess[2] < 0.3 * excess[1] < 0.1 * excess[0]
    refuted("the minimiser is a tilt: the infimum is attained", approached, excess=excess)
    for name in ("attained level", "attained minimum"):
        broken(name, target > slope, slope=slope, target=target)
    return f"tau = 2 is strictly feasible, no law attains the infimum {infimum:.4f}: tilts end at the mean {slope:.0f}."


@evidence("Remark D.5", "necessity", drops="not constant", controls={"two values": {"scores": (2.0, 3.0)}})
def constant_scores_do_not_move(scores: tuple[float, ...] = (2.0, 2.0)) -> str:
    law = AtomicLaw(np.array(scores))
    holds("inside the domain", math.isfinite(math.exp(5.0 * max(scores))))
    means = [law.tilt(b).mean for b in (0.0, 1.0, 5.0)]
    refuted("dE/dbeta > 0, and beta(tau) is unique", means == [2.0] * 3, means=means)
    broken("not constant", len(set(scores)) == 1, scores=scores)
    return "A constant score has the same mean under every tilt: every beta is a root."


@evidence("Lemma D.6", "necessity", drops="density", controls={"no atom": {"weight": 0.0}})
def atoms_break_the_hazard_limit(weight: float = 0.5, t: float = 0.4) -> str:
    """A uniform law with an atom at t: its part with a density is continuous there, the shell keeps the atom."""

    def density(y: float) -> float:
        return 1 - weight

    def survival(y: float) -> float:
        return (1 - weight) * (1 - y) + (weight if y <= t else 0.0)

    holds("mass above t", survival(t) > 0)
    holds("continuous at t", density(t - 1e-9) == density(t + 1e-9))
    steps = [1e-2, 1e-4, 1e-6]
    masses = [1 - survival(t + d) / survival(t) for d in steps]
    hazards = [1 - math.exp(-quad(lambda y: density(y) / survival(y), t, t + d)[0]) for d in steps]
    far = abs(masses[2] - hazards[2]) > 0.1 and masses[2] > 0.1
    refuted("M_delta = 1 - exp(-integral of h) -> 0", far, masses=masses, hazards=hazards)
    broken("density", weight > 0, atom=weight)
    return f"An atom at t: M_delta -> {masses[2]:.3f}, not 0."


@evidence("Lemma D.6", "necessity", drops="continuous at t", controls={"no jump": {"right": 0.5}})
def jumps_break_the_expansion(right: float = 0.8) -> str:
    """Density 1 - right on [0, 1], `right` on (1, 2]: at t = 1 the shell sees `right`, the hazard f(1) does not."""
    t, at = 1.0, 1 - right
    holds("mass above t", right > 0)
    holds("density", math.isclose((1 - right) * 1 + right * 1, 1))
    steps = [1e-2, 1e-4, 1e-6]
    ratios = [(1 - right * (2 - t - d) / right) / (d * at / right) for d in steps]
    refuted("M_delta/(delta h(t)) -> 1", abs(ratios[2] - 1) > 0.5, ratios=ratios)
    broken("continuous at t", at != right, densities=(at, right))
    return f"A density that jumps from 0.2 to 0.8 at t: M_delta/(delta h(t)) -> {ratios[2]:.2f}."


@evidence("Lemma D.7", "necessity", drops="sign of beta", controls={"beta > 0": {"beta": 1.0}})
@evidence("Ours: all margins", "necessity", drops="sign of beta", controls={"beta > 0": {"beta": 1.0}})
def negative_tilts_raise_the_hazard(beta: float = -1.0) -> str:
    law, t = GaussianLaw(), 0.5

    def phi(y: float) -> float:
        return math.exp(-y * y / 2) / math.sqrt(2 * math.pi)

    z = quad(lambda y: math.exp(beta * y) * phi(y), -40, 40)[0]
    holds("finite Z", math.isclose(z, math.exp(beta**2 / 2)), z=z)
    slopes = [(ndtr(t + e) - ndtr(t - e)) / (2 * e) for e in (1e-2, 1e-3)]
    holds("density at t", abs(slopes[1] / phi(t) - 1) < 1e-5, slopes=slopes)
    holds("positive density", slopes[1] > 0.1, slopes=slopes)
    for name in ("mass above t", "spread above t"):
        holds(name, ndtr(-t) > ndtr(-t - 1) > 0)
    pairs = [(law.tilt(beta).hazard(t), law.hazard(t))]
    pairs += [(law.tilt(beta).shell_mass(t, d), law.shell_mass(t, d)) for d in (0.01, 0.3, 2.0)]
    refuted("the tilt is lighter at the boundary", all(soft > hard for soft, hard in pairs), pairs=pairs)
    known = phi(t) / ndtr(-t), ndtr(t + 0.3) - ndtr(t)
    agree = math.isclose(pairs[0][1], known[0]) and math.isclose(pairs[2][1], known[1] / ndtr(-t))
    expect(agree, "closed forms", pairs=pairs, known=known)
    broken("sign of beta", beta < 0, beta=beta)
    return "N(0, 1) at t = 0.5: beta = -1 raises the hazard and every shell."


@evidence("Lemma D.7", "necessity", drops="positive density", controls={"inside the support": {"t": 0.5}})
def empty_boundaries_have_equal_hazards(t: float = 1.5, beta: float = 1.0) -> str:
    """Uniform on [0, 1] and [2, 3], t in the gap: both hazards are 0."""
    density = 0.5 if 0 <= t <= 1 or 2 <= t <= 3 else 0.0

    def above(y: float, tilt: float) -> float:
        """E[exp(tilt Y); Y >= y]."""
        pieces = [(max(low, y), high) for low, high in ((0.0, 1.0), (2.0, 3.0)) if high > y]
        return sum(quad(lambda u: math.exp(tilt * u) / 2, low, high)[0] for low, high in pieces)

    holds("finite Z", math.isfinite(above(-math.inf, beta)))
    slopes = [(above(t - e, 0) - above(t + e, 0)) / (2 * e) for e in (1e-2, 1e-3)]
    holds("density at t", all(math.isclose(s, density, abs_tol=1e-9) for s in slopes), slopes=slopes)
    holds("sign of beta", beta > 0)
    mass, tail = above(t, 0), above(t, beta)
    holds("mass above t", mass > 0)
    holds("spread above t", mass > above(2.5, 0) > 0)
    hard, soft = density / mass, density * math.exp(beta * t) / tail
    refuted("the inequality is strict", soft == hard, soft=soft, hard=hard)
    broken("positive density", density == 0, density=density)
    return "In a gap of the support both hazards are 0."


@evidence("Lemma D.8", "necessity", drops="mass between", controls={"mass between": {"t1": 0.0}})
def no_mass_between(t1: float = 0.2, t2: float = 0.8) -> str:
    p, psi = COIN
    lower, upper = p * (psi >= t1), p * (psi >= t2)
    holds("mass above t", upper.sum() > 0)
    value = summed_kl(lower / lower.sum(), upper / upper.sum())
    refuted("KL(q_t1 || q_t2) = inf", value == 0, value=value)
    broken("mass between", p[(t1 <= psi) & (psi < t2)].sum() == 0)
    return "Thresholds 0.2 < 0.8 in a gap of the support give the same truncation."


@evidence("Lemma D.9", "necessity", drops="inside the domain", controls={"finite variance at the end": {"power": 6}})
def ends_of_the_domain_are_not_smooth(power: int = 3) -> str:
    """At beta_max the variance may be infinite: KL = O(step^2) fails by a logarithm."""
    law, steps = non_steep_law(power), [1e-1, 1e-2, 1e-3, 1e-4]
    ratios = [kl(Klsc(law, 1 - s), Klsc(law, 1.0)) / s**2 for s in steps]
    rises = np.diff(ratios)
    refuted("KL = step^2 times a variance between", min(rises) > 0.7 * max(rises) > 0.1, ratios=ratios)
    past = [math.exp(-0.01 * power * math.log1p(y) + 0.01 * y) for y in (1e3, 1e4)]
    broken("inside the domain", past[1] > past[0] > 100, integrand_beyond_1=past)
    return "Density ~ e^-y (1 + y)^-3 near beta = 1: KL/step^2 grows like log(1/step)."
