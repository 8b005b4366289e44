"""Property rung, the two constraint problems: truncation and tilting against random competitors, limits, ties, the gap.

Each check states one claim with its ingredients as arguments; the library's value is compared with a sum over points
written out here, or with the claim's own inequality on random competitors.
"""

import itertools
import math
from collections.abc import Callable

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from scipy.integrate import quad

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.theory import (
    AtomicLaw,
    GaussianLaw,
    Hard,
    InfeasibleTarget,
    Klsc,
    ScoreLaw,
    calibrate_hard,
    calibrate_klsc,
    interpretability_gap,
    kl,
    tv,
)
from distributional_view.theory.measures import finite as finite
from distributional_view.toy.world import published_table2
from tests.support.enumeration import bound_groups, close, log_partition, summed_kl, tilted
from tests.support.strategies import (
    beta_laws,
    exponential_law,
    finite_measures,
    for_all,
    gaussian_laws,
    level_at,
    non_steep_law,
    restricted,
    shrinks,
    smooth_laws,
    tilting_laws,
    truncating_laws,
    two_quantiles,
    unit,
    upper_quantile,
    weights_of_six,
)

tilts = st.floats(0.0, 3.0)


@evidence(
    "Definition 2.1", "property", controls={"competitors below t": {"reach": 1.0}, "the wrong sign": {"sign": -1}}
)
@evidence("Lemma D.1", "property", controls={"competitors below t": {"reach": 1.0}, "the wrong sign": {"sign": -1}})
def truncation_is_minimal(reach: float = 0.0, sign: int = 1) -> str:
    @for_all(finite_measures(), weights_of_six, unit, examples=100)
    def each(measure, raw, share):
        masses, scores = measure
        law = AtomicLaw(scores, masses=masses)
        t = upper_quantile(law, share)
        at = scores >= t
        expected = np.where(at, masses, 0) / masses[at].sum()
        q_t = finite.reweight(scores, Hard(law, t), masses=masses)
        expect(np.allclose(q_t, expected), "q_t = p 1{psi >= t}/S(t)", measure=measure, t=t, left=q_t, right=expected)
        q = restricted(raw, (scores >= t - reach) & (masses > 0))
        left, right = summed_kl(q, masses), summed_kl(q, q_t) - sign * math.log(masses[at].sum())
        expect(close(left, right), "(46)", measure=measure, t=t, q=q, left=left, right=right)
        value = Hard(law, t).kl
        expect(left >= value - 1e-12, "minimal", measure=measure, t=t, q=q, left=left, right=value)
        apart = float(np.abs(q - q_t).sum())
        expect(left - value >= apart**2 / 2 - 1e-12, "unique: the excess bounds the distance", q=q, q_t=q_t)

    return "Every q on {psi >= t} has KL(q||p) = KL(q||q_t) - log p(A_t): q_t is feasible, minimal, unique."


@evidence(
    "Assumption D.2", "property", controls={"A at half the tilt": {"scale": 0.5}, "-A for the upper end": {"scale": -1}}
)
def moments_bound_the_mean(scale: float = 1.0) -> str:
    light = tilting_laws().filter(lambda law: law.ess_inf > -1e6 or isinstance(law, GaussianLaw))

    @for_all(st.one_of(light, smooth_laws(heavy=False)), unit)
    def each(law, fraction):
        beta = fraction * min(law.max_multiplier, 3.0)
        low, high = -law.log_partition(-scale * beta) / beta, law.log_partition(scale * beta) / beta
        slack = 1e-9 * (1 + abs(law.mean))
        expect(low - slack <= law.mean <= high + slack, "-A(-b)/b <= E <= A(b)/b", law=law, b=beta, low=low, high=high)

    return "Two finite exponential moments pin the mean: -A(-b)/b <= E[Y] <= A(b)/b for every law and b in the domain."


@evidence("Remark D.3", "property", controls={"an unbounded score": {"laws": [exponential_law(1.0)]}})
def bounded_scores_have_all_moments(laws: list[ScoreLaw] | None = None) -> str:
    bounded = tilting_laws().filter(lambda law: math.isfinite(law.ess_sup) and law.ess_inf > -1e6)

    @for_all(st.sampled_from(laws) if laws else bounded, st.floats(0.5, 200.0), st.sampled_from([1, -1]))
    def each(law, size, sign):
        beta = sign * size
        expect(beta < law.max_multiplier, "Z is finite at every beta", law=law, beta=beta, end=law.max_multiplier)
        ends, value = sorted((beta * law.ess_inf, beta * law.ess_sup)), law.log_partition(beta)
        slack = 1e-9 * (1 + abs(value))
        expect(ends[0] - slack <= value <= ends[1] + slack, "beta psi bounds A", law=law, beta=beta, A=value, ends=ends)

    return (
        "A(beta) lies between the ends of beta psi, hence is finite, at every beta in [-200, 200] for bounded scores."
    )


@evidence(
    "Definition 2.2",
    "property",
    controls={"twice the multiplier": {"factor": 2.0}, "competitors below tau": {"lag": 1.0}},
)
@evidence(
    "Lemma D.4", "property", controls={"twice the multiplier": {"factor": 2.0}, "competitors below tau": {"lag": 1.0}}
)
def tilt_is_minimal(factor: float = 1.0, lag: float = 0.0) -> str:
    """Minimality and the Pythagorean relation; competitors reach tau - lag (tau - E_p[psi])."""

    @for_all(finite_measures(), unit, weights_of_six, st.booleans(), examples=100)
    def each(measure, fraction, raw, near):
        masses, scores = measure
        law = AtomicLaw(scores, masses=masses)
        target = level_at(law, fraction)
        beta = factor * calibrate_klsc(law, target).multiplier
        q_beta = tilted(masses, scores, beta)
        expect(close(q_beta @ scores, target), "E[psi] = tau", measure=measure, left=q_beta @ scores, right=target)
        expect(close(summed_kl(q_beta, masses), beta * target - log_partition(masses, scores, beta)), "(58)")
        q = masses if near else restricted(raw, masses > 0)
        floor, top = target - lag * (target - law.mean), np.eye(6)[np.argmax(np.where(masses > 0, scores, -np.inf))]
        if q @ scores < floor:  # mix in the best point until the constraint holds
            share = (floor - q @ scores) / (top @ scores - q @ scores)
            q = (1 - share) * q + share * top
        left, right = summed_kl(q, masses), summed_kl(q, q_beta) + summed_kl(q_beta, masses)
        expect(
            left >= right - 1e-10, "KL(q||p) >= KL(q||q_b) + KL(q_b||p)", measure=measure, q=q, left=left, right=right
        )
        if close(q @ scores, target):
            expect(close(left, right, 1e-8), "Pythagoras at equal means", measure=measure, q=q, left=left, right=right)

    return "q_beta beats every q with E_q[psi] >= tau, by at least KL(q||q_beta), exactly that when the means agree."


@evidence(
    "Lemma D.4",
    "property",
    controls={"a negative multiplier": {"signs": (-1,)}, "+A in place of -A": {"log_partition_sign": 1}},
)
def weak_duality(signs: tuple[int, ...] = (1,), log_partition_sign: int = -1) -> str:
    """(51) with its remainder at every real beta; (56)-(57) for beta >= 0, at levels that q exceeds."""

    @for_all(finite_measures(), weights_of_six, tilts, st.floats(0.0, 1.0), unit, examples=100)
    def each(measure, raw, beta, slack, near):
        masses, scores = measure
        law = AtomicLaw(scores, masses=masses)
        q = near * masses + (1 - near) * restricted(raw, masses > 0)
        value = summed_kl(q, masses)
        for b in (beta, -beta):
            bound = b * (q @ scores) + log_partition_sign * law.log_partition(b)
            remainder = summed_kl(q, tilted(masses, scores, b))
            expect(close(value, bound + remainder), "(51)", measure=measure, q=q, beta=b, left=value, right=bound)
        for b in (sign * beta for sign in signs):
            bound = b * (q @ scores - slack) - law.log_partition(b)
            expect(value >= bound - 1e-12, "(56)-(57)", measure=measure, q=q, beta=b, kl=value, bound=bound)

    return (
        "KL(q||p) = beta E_q[psi] - A(beta) + KL(q||q_beta) at every real beta; beta tau - A bounds it for beta >= 0."
    )


@evidence(
    "Remark D.5", "property", controls={"the sd for the variance": {"power": 0.5}, "minus": {"power": 1.0, "s": -1}}
)
def tilted_mean_rises_at_the_variance(power: float = 1.0, s: int = 1) -> str:
    @for_all(tilting_laws(), st.floats(0.1, 2.0), unit, st.floats(0.0, 3.0))
    def each(law, beta, fraction, other):
        b = beta / math.sqrt(law.tilt(beta).variance)
        q, steps = law.tilt(b), [1e-2, 1e-3]
        assume(q.variance > 1e-8)
        unit_step = 1 / math.sqrt(q.variance)
        slopes = [
            (law.tilt(b + e * unit_step).mean - law.tilt(b - e * unit_step).mean) / (2 * e * unit_step) for e in steps
        ]
        errors = [abs(slope - s * q.variance**power) / q.variance for slope in slopes]
        expect(shrinks(errors, 0.1, 1e-6), "A'' = Var, second order in the step", law=law, beta=b, errors=errors)
        target = level_at(law, fraction)
        found = calibrate_klsc(law, target)
        dual = other * target - law.log_partition(other)
        expect(
            dual <= found.kl + 1e-8 * (1 + abs(target)), "beta(tau) maximises the dual", law=law, dual=dual, kl=found.kl
        )

    return "dE/dbeta = Var under the tilt (second-order convergence); beta(tau) maximises beta tau - A(beta)."


@evidence("Ours: limits", "property", controls={"the limit keeps half the top atom": {"share": 0.5}})
def tilts_tend_to_the_top(share: float = 1.0) -> str:
    @for_all(finite_measures())
    def at_the_supremum(measure):
        masses, scores = measure
        law = AtomicLaw(scores, masses=masses)
        top = -math.log(share * law.ess_sup_mass)
        limit = calibrate_klsc(law, law.ess_sup)
        expect(close(limit.kl, top), "KL = -log P(psi = sup)", measure=measure, left=limit.kl, right=top)
        errors = [abs(Klsc(law, float(b)).kl - top) for b in (4, 16, 64)]
        expect(shrinks(errors), "exponential approach", measure=measure, errors=errors)

    return "At tau = sup psi with mass the solution is p on the top, KL = -log of its mass, approached as beta grows."


@evidence("Ours: limits", "property", controls={"short of the last multiplier": {"last": 0.9}})
def infimum_without_minimiser(last: float = 1.0) -> str:
    @for_all(st.sampled_from([3, 4, 5]), st.floats(1.5, 4.0), examples=4, shrink=False)
    def each(power, excess):
        law = non_steep_law(power)
        target = excess / (power - 2)  # the last slope is 1/(power - 2)
        infimum = last * target - law.log_partition(last)
        with_message = None
        try:
            calibrate_klsc(law, target)
        except InfeasibleTarget as error:
            with_message = str(error)
        expect(with_message is not None, "the solver says that nothing attains it", power=power, target=target)
        # Feasible: tilts of p conditioned on {psi < reach}, for which KL to p adds -log P(psi < reach).
        reaches = (1e1, 1e2, 1e3)
        costs = [calibrate_klsc(non_steep_law(power, r), target).kl - math.log1p(-law.survival(r)) for r in reaches]
        errors = [cost - infimum for cost in costs]
        expect(min(errors) > 0 and shrinks(errors), "approached from above", power=power, target=target, errors=errors)

    return (
        "Beyond the last slope of A the infimum is beta_max tau - A(beta_max): approached, and refused by the solver."
    )


@evidence("Ours: ties", "property", controls={"the other fraction": {"kept": lambda a: 1 - a}})
def randomised_ties(kept: Callable[[float], float] = lambda a: a) -> str:
    @for_all(finite_measures(), unit)
    def each(measure, fraction):
        masses, scores = measure
        law = AtomicLaw(scores, masses=masses)
        target = level_at(law, fraction)
        hard = calibrate_hard(law, target)
        q = masses * ((scores > hard.threshold) + kept(hard.tie_fraction) * (scores == hard.threshold))
        q = q / q.sum() if q.sum() > 0 else masses
        expect(close(q @ scores, target), "E[psi] = tau", measure=measure, hard=hard, left=q @ scores, right=target)
        expect(close(summed_kl(q, masses), hard.kl), "its KL", left=summed_kl(q, masses), right=hard.kl)
        means = [law.tail_mean(v) for v in law.atoms()[0]]
        best = min(abs(m - target) for m in means)
        nearest = abs(calibrate_hard(law, target, ties="nearest").mean - target)
        expect(close(nearest, best), "nearest", measure=measure, target=target, left=nearest, right=best)

    return "Keeping a fraction of the tie meets every level exactly; `nearest` is the closest of all plain truncations."


@evidence("Lemma D.8", "property", controls={"the other direction": {"order": (1, 0)}})
@evidence("Ours: reverse KL", "property", controls={"the other direction": {"order": (1, 0)}})
def kl_between_truncations(order: tuple[int, int] = (0, 1)) -> str:
    @for_all(truncating_laws(), unit, unit)
    def each(law, a, b):
        pair = [Hard(law, t) for t in two_quantiles(law, a, b)]
        assume(pair[0].kept - pair[1].kept > 1e-6)
        q, r = (pair[i] for i in order)
        expect(kl(q, r) == math.inf, "KL(low || high) = inf", q=q, r=r, value=kl(q, r))
        expected = math.log(q.kept / r.kept)
        expect(close(kl(r, q), expected, 1e-8), "KL(high || low) = log S/S'", q=q, r=r, left=kl(r, q), right=expected)

    return "KL(q_t1 || q_t2) = inf and KL(q_t2 || q_t1) = log(S(t1)/S(t2)) for t1 < t2 with mass between, any law."


@evidence(
    "Lemma D.9", "property", controls={"the slope at the other end": {"at": 1}, "without the half": {"half": 1.0}}
)
def bregman_form(at: int = 0, half: float = 0.5) -> str:
    @for_all(finite_measures(), st.floats(-2.0, 2.0), st.floats(-2.0, 2.0))
    def measures(measure, b1, b2):
        masses, scores = measure
        law, b = AtomicLaw(scores, masses=masses), (b1, b2)
        left = summed_kl(*(tilted(masses, scores, v) for v in b))
        right = law.log_partition(b2) - law.log_partition(b1) - (b2 - b1) * law.tilt(b[at]).mean
        expect(close(left, right, 1e-8), "(72)-(75)", measure=measure, b=b, left=left, right=right)
        if min(b) >= 0:
            value = kl(Klsc(law, b1), Klsc(law, b2))
            expect(close(value, left, 1e-8), "the library's KL", measure=measure, b=b, left=value, right=left)

    @for_all(tilting_laws(), unit, st.floats(0.05, 1.0))
    def laws(law, b1, step):
        b1, b2 = (v / math.sqrt(law.variance) for v in (b1, b1 + step))
        spread = [law.tilt(float(v)).variance for v in np.linspace(b1, b2, 33)]
        low, high = (half * (b2 - b1) ** 2 * v for v in (min(spread), max(spread)))
        for value in (kl(Klsc(law, b1), Klsc(law, b2)), kl(Klsc(law, b2), Klsc(law, b1))):
            inside = 0.99 * low - 1e-12 <= value <= 1.01 * high + 1e-12
            expect(inside, "between the extremes of Var/2", law=law, b=(b1, b2), kl=value, low=low, high=high)

    return "KL between tilts is the Bregman divergence of A and lies between the extremes of (b2 - b1)^2 Var/2."


@evidence("Theorem D.14", "property", controls={"tau above the truncation's mean": {"excess": 0.5}})
@evidence("Ours: gap", "property", controls={"tau above the truncation's mean": {"excess": 0.5}})
def gap_is_a_divergence(excess: float = 0.0) -> str:
    @for_all(st.one_of(tilting_laws(), st.just(exponential_law(1.0))), st.floats(0.05, 0.9))
    def each(law, share):
        hard = Hard(law, upper_quantile(law, share))
        assume(1 - hard.kept > 1e-6 and hard.mean < law.ess_sup)
        top = law.ess_sup if math.isfinite(law.ess_sup) else hard.mean + 3 * math.sqrt(law.variance)
        klsc = calibrate_klsc(law, hard.mean + excess * (top - hard.mean))
        left, right = hard.kl - klsc.kl, kl(hard, klsc)
        expect(left >= -1e-9, "the tilt is no dearer", hard=hard, klsc=klsc, left=hard.kl, right=klsc.kl)
        expect(close(left, right, 1e-6, 1e-8), "gap = KL(q_t || q_beta)", hard=hard, klsc=klsc, left=left, right=right)
        apart = tv(hard, klsc)
        expect(left >= 2 * apart**2 - 1e-8, "no gap only if they agree", hard=hard, klsc=klsc, gap=left, tv=apart)

    @for_all(finite_measures(), unit)
    def measures(measure, share):
        masses, scores = measure
        law = AtomicLaw(scores, masses=masses)
        t = upper_quantile(law, share)
        q_t = np.where(scores >= t, masses, 0.0) / law.survival(t)
        assume(t > law.ess_inf and law.survival(t) > 1.001 * law.ess_sup_mass)
        target = q_t @ scores + excess * (law.ess_sup - q_t @ scores)
        q_beta = tilted(masses, scores, calibrate_klsc(law, target).multiplier)
        left, right = summed_kl(q_t, masses) - summed_kl(q_beta, masses), summed_kl(q_t, q_beta)
        expect(close(left, right, 1e-8), "the gap by its sums", measure=measure, t=t, left=left, right=right)
        found = interpretability_gap(law, t).gap
        expect(close(found, right, 1e-8), "the library's gap", measure=measure, t=t, left=found, right=right)

    @for_all(st.one_of(gaussian_laws(), beta_laws()), st.floats(0.05, 0.9), examples=15, shrink=False)
    def densities(law, share):
        t = upper_quantile(law, share)
        found = interpretability_gap(law, t)
        soft, kept = law.tilt(found.klsc.multiplier), law.survival(t)
        ends = [t, *(upper_quantile(law, kept * 10.0**-k) for k in (1, 6, 12))]

        def integrand(u: float) -> float:
            return law.density(u) / kept * math.log(law.density(u) / (kept * soft.density(u)))

        value = sum(quad(integrand, a, b)[0] for a, b in itertools.pairwise(ends))
        expect(close(found.gap, value, 1e-6), "the gap by quadrature", law=law, t=t, left=found.gap, right=value)

    return "KL(q_t||p) - KL(q_beta||p) = KL(q_t||q_beta) >= 2 TV^2 at equal means, for any law with such a tilt."


@evidence("Ours: printed KL", "property", controls={"a top group 30 % higher": {"top": 1.3}})
def hard_levels_bound_the_tilt(top: float = 1.0) -> str:
    """With psi >= 0, exact KL of truncations at three levels bounds the exact KL of the tilt at the lowest one.

    The groups between the three thresholds have known masses and means, the group below has mean >= 0; replacing each
    group by its mean lowers A(beta) (Jensen), hence raises the dual.
    """

    @for_all(tilting_laws(), st.lists(st.floats(0.05, 0.9), min_size=3, max_size=3, unique=True))
    def each(law, shares):
        shift = max(0.0, -law.ess_inf) if law.ess_inf > -1e6 else math.inf
        hard = [Hard(law, t) for t in sorted(upper_quantile(law, s) for s in shares)]
        kept = [h.kept for h in hard]
        assume(shift < math.inf and min(1 - kept[0], *(-np.diff(kept))) > 1e-3 and hard[0].mean < law.ess_sup)
        groups = bound_groups([h.kl for h in hard], [h.mean + shift for h in hard])
        values, masses = groups.atoms()
        raised = AtomicLaw(np.append(values[:-1], values[-1] / top), masses=masses)
        target, found = hard[0].mean + shift, calibrate_klsc(law, hard[0].mean).kl
        bound = calibrate_klsc(raised, target).kl if target < raised.ess_sup else -math.inf
        expect(found <= bound + 1e-7, "KL(q_beta || p) <= the bound", law=law, hard=hard, kl=found, bound=bound)

    table = published_table2()
    levels = [5.0, 6.0, 7.0]
    groups = bound_groups([table[level, "hard"]["kl_kde"] for level in levels], levels)
    bound, printed = calibrate_klsc(groups, levels[0]).kl, table[levels[0], "klsc"]["kl_kde"]
    expect(bound < printed, "the printed KLSC value obeys the bound", bound=bound, printed=printed)
    return f"For psi >= 0 the printed hard KL, if exact, force the KLSC KL at 5 below {bound:.4f}; printed: {printed}."
