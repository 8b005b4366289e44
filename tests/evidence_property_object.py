"""Property rung, Appendix E: the joint tilt, Gibbs' principle, the distortion and its bound, on finite measures.

Values of `theory.measures.tasks` are compared with sums over points, and with random competitors; every exact identity
names the competitor for which it holds.
"""

import itertools

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.measures.dual import gibbs
from distributional_view.theory.measures.tasks import baseline, distortion, distortion_bound, task_injected
from distributional_view.theory.solutions.calibrate import calibrate_klsc
from tests.support.drawn import Drawn
from tests.support.enumeration import close, inside, log_partition, summed_kl, tilted
from tests.support.strategies import finite_measures, for_all, restricted, unit, weights_of_six

tasks = st.lists(st.integers(-4, 4), min_size=6, max_size=6).map(lambda v: np.array(v) / 2)
multipliers = st.floats(0.0, 4.0)
margins_below = st.sampled_from([0.01, 0.05, 0.3])


def held_at(q: np.ndarray, p: np.ndarray, psi: np.ndarray, level: float) -> np.ndarray:
    """q mixed with a point of largest or smallest score, so that E[psi] is the level."""
    mean, charged = float(q @ psi), np.flatnonzero(p > 0)
    end = charged[np.argmax(psi[charged])] if mean < level else charged[np.argmin(psi[charged])]
    share = 0.0 if psi[end] == mean else (level - mean) / (psi[end] - mean)
    return (1 - share) * q + share * np.eye(len(p))[end]


@evidence(
    "Lemma E.1",
    "property",
    controls={
        "a negative multiplier of psi": {"signs": (-1, 1)},
        "a negative multiplier of g": {"signs": (1, -1)},
        "no slackness": {"slackness": (0.0, 1.0)},
        "competitors below the levels": {"lag": 1.0},
    },
)
def joint_tilt_is_minimal(
    signs: tuple[int, int] = (1, 1), slackness: tuple[float, float] = (1.0, 1.0), lag: float = 0.0
) -> str:
    """The levels are means of a charged q less a margin, so that q meets both strictly.

    That q leans towards psi or away from it, and the same for g, so that each constraint is active or not.
    """
    drawn = Drawn("none active", "psi alone", "g alone", "both active")
    margins_of_two, leans = st.tuples(margins_below, margins_below), st.tuples(*[st.sampled_from([-1.0, 1.0])] * 2)

    @for_all(
        finite_measures(), tasks, leans, weights_of_six, weights_of_six, margins_of_two, examples=100, shrink=False
    )
    def each(measure, g, lean, raw, other, margins):
        p, psi = measure
        towards = tilted(p, lean[0] * psi + lean[1] * g, 1.0)
        slater = 0.2 * restricted(raw, p > 0) + 0.7 * towards + 0.1 * p
        levels = np.array([slater @ psi, slater @ g]) - np.array(margins)
        found = task_injected(psi, float(levels[0]), task=g, task_target=float(levels[1]), masses=p)
        shown = {"p": p, "psi": psi, "g": g, "levels": levels, "found": found}
        beta, gamma = np.array(signs) * (found.multiplier, found.task_multiplier)
        expect(np.allclose(tilted(p, beta * psi + gamma * g, 1.0), found.masses, atol=1e-8), "q = p e^(..)/Z", **shown)
        expect(min(beta, gamma) >= 0, "beta, gamma >= 0", **shown)
        means = np.array([found.masses @ psi, found.masses @ g])
        expect((means >= levels - 1e-8).all(), "feasible", means=means, **shown)
        slack = np.array([beta, gamma]) * (means - levels)
        expect(np.abs(slack).max() < 1e-6, "complementary slackness", slack=slack, **shown)
        value = summed_kl(found.masses, p)
        expect(close(value, found.dual, 1e-6, 1e-7), "strong duality", left=value, right=found.dual, **shown)
        q = restricted(other, p > 0)
        meets = (np.array([q @ psi, q @ g]) >= levels).all()
        q = q if meets or lag else slater
        above = np.array(slackness) * [beta, gamma] @ (np.array([q @ psi, q @ g]) - levels)
        left, right = summed_kl(q, p), value + summed_kl(q, found.masses) + above
        expect(close(left, right, 1e-6, 1e-6), "KL(q||p) = KL(q*||p) + KL(q||q*) + slacks", q=q, left=left, right=right)
        expect(left >= value + summed_kl(q, found.masses) - 1e-7, "minimal", q=q, left=left, right=value)
        on = tuple(bool(m > 1e-6) for m in (beta, gamma))
        names = {(False, False): "none active", (True, False): "psi alone", (False, True): "g alone"}
        drawn.note({names.get(on, "both active"): True})

    return (
        "q* = p exp(beta psi + gamma g)/Z is feasible, slack and dual-optimal; any feasible q costs KL(q||q*) more; "
        f"drawn: {drawn.reached(10)}."
    )


@evidence(
    "Lemma E.2",
    "property",
    controls={
        "a maximum of E[f] + KL": {"sign": 1},
        "KL(mu || q)": {"direction": lambda q, p: summed_kl(p, q)},
        "half the exponent": {"scale": 0.5},
    },
)
def gibbs_is_the_only_maximiser(sign: int = -1, direction=summed_kl, scale: float = 1.0) -> str:
    @for_all(finite_measures(), tasks, weights_of_six, st.sampled_from([0.1, 1.0, 30.0]), examples=100)
    def each(measure, f, raw, size):
        mu, _ = measure
        f = size * f
        best, log_z = gibbs(scale * f, masses=mu)
        expect(close(log_z, log_partition(mu, f, 1.0)), "log E[e^f]", mu=mu, f=f, left=log_z)
        q = 0.9 * restricted(raw, mu > 0) + 0.1 * mu
        value, left_over = float(q @ f) + sign * direction(q, mu), summed_kl(q, tilted(mu, f, 1.0))
        expect(close(value, log_z - left_over, 1e-8, 1e-8), "(154)", mu=mu, f=f, q=q, left=value, right=log_z)
        written = tilted(mu, f, 1.0)
        expect(np.allclose(best, written, rtol=1e-9, atol=1e-12), "q = mu e^f/Z", mu=mu, f=f, left=best, right=written)
        attained = float(best @ f) + sign * direction(best, mu)
        expect(close(attained, log_z, 1e-8, 1e-8), "attained", mu=mu, f=f, left=attained, right=log_z)
        # A maximum in every direction, not a saddle: on the line to any q the value falls at once, ever faster.
        line = [(1 - r) * best + r * q for r in (0.0, 0.25, 0.5, 1.0)]
        values = [float(m @ f) - summed_kl(m, mu) for m in line]
        apart = float(np.abs(q - best).sum())
        falls = all(b <= a + 1e-9 for a, b in itertools.pairwise(values))
        expect(falls, "the value falls on the line to any q", mu=mu, f=f, q=q, values=values)
        expect(values[0] - values[-1] >= apart**2 / 2 - 1e-9, "by at least the distance", values=values, apart=apart)

    return (
        "E_q[f] - KL(q||mu) = log E_mu[e^f] - KL(q||mu e^f/Z) for every q: the largest value, attained only there, "
        "and falling on every line from there."
    )


@evidence(
    "Theorem E.3",
    "property",
    controls={
        "a negative gamma": {"sign": -1},
        "twice the bound": {"factor": 2.0},
        "q_beta in place of p forgotten": {"from_prior": True},
        "KL(q_beta || q)": {"direction": lambda q, base: summed_kl(base, q)},
    },
)
def bound_is_below_every_competitor(
    sign: int = 1, factor: float = 1.0, from_prior: bool = False, direction=summed_kl
) -> str:
    @for_all(finite_measures(), tasks, unit, unit, weights_of_six, multipliers, unit, examples=60, shrink=False)
    def each(measure, g, a, near, raw, gamma, slack):
        p, psi = measure
        intrinsic = baseline(psi, inside(p, psi, a), masses=p)
        base = p if from_prior else intrinsic.masses
        rough = near * intrinsic.masses + (1 - near) * restricted(raw, p > 0)
        for q in (held_at(rough, p, psi, intrinsic.mean), gibbs(gamma * g, masses=intrinsic.masses).masses):
            kappa = float(q @ g) - (slack if sign < 0 else 0.0)
            cost, bound = direction(q, intrinsic.masses), factor * distortion_bound(intrinsic, g, kappa)
            shown = {"p": p, "psi": psi, "g": g, "q": q, "kappa": kappa}
            expect(cost >= bound - 1e-8, "KL(q||q_beta) >= the bound", cost=cost, bound=bound, **shown)
            weak = sign * gamma * kappa - log_partition(base, g, sign * gamma)
            expect(bound >= factor * weak - 1e-8, "the bound is the largest of all gamma", bound=bound, weak=weak)
            expect(cost >= weak - 1e-8, "(157)", cost=cost, weak=weak, gamma=gamma, **shown)
            start = float(intrinsic.masses @ g)
            positive = bound > 1e-12 if kappa > start + 1e-5 else bound < 1e-9
            expect(positive, "> 0 exactly beyond E[g]", bound=bound, start=start, **shown)

    return "gamma kappa - log E_(q_beta)[e^(gamma g)] <= the bound <= KL(q||q_beta) for all q with E_q[g] >= kappa."


@evidence(
    "Ours: exact distortion",
    "property",
    controls={
        "no multiplier for psi": {"shift": 0.0},
        "competitors of another mean": {"hold": False},
        "KL(q_beta || q)": {"direction": lambda q, base: summed_kl(base, q)},
    },
)
def distortion_is_its_dual(shift: float = 1.0, hold: bool = True, direction=summed_kl) -> str:
    @for_all(
        finite_measures(), tasks, unit, weights_of_six, multipliers, st.floats(-4, 4), unit, examples=60, shrink=False
    )
    def each(measure, g, a, raw, gamma, b, fraction):
        p, psi = measure
        intrinsic = baseline(psi, inside(p, psi, a), masses=p)
        base, tau = intrinsic.masses, intrinsic.mean
        free = 0.9 * restricted(raw, p > 0) + 0.1 * base
        q = held_at(free, p, psi, tau)
        start = float(base @ g)
        rise = float(q @ g) - start
        assume(rise > 1e-3)
        kappa = start + (0.3 + 0.6 * fraction) * rise
        found = distortion(intrinsic, g, kappa)
        c, exponent = found.task_multiplier, found.task_multiplier * g + shift * found.shift * psi
        dual = c * kappa + shift * found.shift * tau - log_partition(base, exponent, 1.0)
        shown = {"p": p, "psi": psi, "g": g, "q": q, "tau": tau, "kappa": kappa, "found": found}
        expect(
            close(found.value, dual, 1e-6, 1e-7), "the dual at its multipliers", left=found.value, right=dual, **shown
        )
        primal = summed_kl(found.masses, base)
        expect(close(found.value, primal, 1e-6, 1e-7), "= KL(q*||q_beta)", left=found.value, right=primal, **shown)
        met = abs(found.masses @ psi - tau) < 1e-8 and found.masses @ g >= kappa - 1e-8
        expect(met and c >= 0, "q* meets both levels", **shown)
        if not hold:  # the law behind E.3's bound: the cheapest one with E[g] = kappa, wherever it takes E[psi]
            q = gibbs(calibrate_klsc(AtomicLaw(g, masses=base), kappa).multiplier * g, masses=base).masses
        cost = direction(q, base)
        apart = summed_kl(q, found.masses)
        expect(cost >= found.value + apart - 1e-7, "any q costs KL(q||q*) more", cost=cost, apart=apart, **shown)
        other = gamma * kappa + b * tau - log_partition(base, gamma * g + b * psi, 1.0)
        expect(other <= found.value + 1e-8, "no multipliers do better", gamma=gamma, b=b, dual=other, **shown)
        bound = distortion_bound(intrinsic, g, kappa)
        expect(bound <= found.value + 1e-8, "never below Theorem E.3", bound=bound, **shown)

    return "Delta is the dual over (gamma >= 0, b) at a q* of both levels: below every competitor, above E.3's bound."
