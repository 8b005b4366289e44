"""Property rung, Appendix B, the law of the score and boundary masses: finite measures against enumeration, any law."""

import itertools
import math
from collections.abc import Callable

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.theory import (
    AtomicLaw,
    Hard,
    Klsc,
    kl,
    pinsker_bound,
    tv,
)
from distributional_view.theory.measures import finite as finite
from tests.support.drawn import Drawn
from tests.support.enumeration import close, summed_kl, tilted
from tests.support.quadrature import log_moment, mass
from tests.support.strategies import (
    finite_measures,
    for_all,
    restricted,
    shrinks,
    smooth_laws,
    tilting_laws,
    two_quantiles,
    unit,
    upper_quantile,
    weights_of_six,
    wild_laws,
)

tilts = st.floats(0.0, 3.0)
hazard_shares = st.one_of(st.floats(0.05, 0.95), st.sampled_from([1e-4, 1e-6]))
observables = st.lists(st.integers(-4, 4), min_size=6, max_size=6).map(lambda v: np.array(v) / 2)


@evidence("Definition B.1", "property", controls={"without dq/dp": {"power": 0}, "dq/dp squared": {"power": 2}})
def expectation_by_change_of_measure(power: int = 1) -> str:
    """For psi and for an observable that is no function of it; q written out as masses."""
    drawn = Drawn("tied scores told apart", "q without a point of p", "a signed observable")

    @for_all(finite_measures(), observables, unit, tilts)
    def each(measure, phi, share, beta):
        masses, scores = measure
        law = AtomicLaw(scores, masses=masses)
        t = upper_quantile(law, share)
        cut = np.where(scores >= t, masses, 0.0)
        for q, written in ((Hard(law, t), cut / cut.sum()), (Klsc(law, beta), tilted(masses, scores, beta))):
            ratio = np.exp(q.log_ratio(scores)) ** power
            for name, values in (("psi", scores), ("phi", phi), ("phi^2 psi", phi**2 * scores)):
                left, right = math.fsum(values * written), math.fsum(values * masses * ratio)
                expect(close(left, right), "E_q = E_p[. dq/dp]", of=name, measure=measure, q=q, left=left, right=right)
            mean = math.fsum(scores * written)
            expect(close(q.mean, mean), "the library's mean", measure=measure, q=q, left=q.mean, right=mean)
        apart = any(scores[i] == scores[j] and phi[i] != phi[j] for i, j in itertools.combinations(range(6), 2))
        lost = bool((masses[scores < t] > 0).any())
        drawn.note({"tied scores told apart": apart, "q without a point of p": lost})
        drawn.note({"a signed observable": phi.min() < 0 < phi.max()})

    return (
        "E_q[phi] is the sum of phi q, and E_p[phi dq/dp], for psi and other observables, truncations and tilts; "
        f"drawn: {drawn.reached()}."
    )


@evidence(
    "Definition B.2",
    "property",
    controls={
        "the arguments exchanged": {"divergence": lambda q, p: summed_kl(p, q)},
        "0 log 0 = 1": {"divergence": lambda q, p: summed_kl(q, p) + (q == 0).sum()},
    },
)
def kl_of_measures(divergence: Callable[[np.ndarray, np.ndarray], float] = summed_kl) -> str:
    @for_all(weights_of_six, weights_of_six, st.integers(1, 5))
    def each(raw_q, raw_p, cut):
        q, p = (restricted(raw, np.full(6, True)) for raw in (raw_q, raw_p))
        value = finite.finite_kl(q, p)
        expect(close(value, divergence(q, p)), "KL by its sum", q=q, p=p, left=value, right=divergence(q, p))
        same = bool(np.allclose(q, p, rtol=1e-12, atol=0))
        expect((value <= 1e-12) == same and value >= 0, "KL >= 0, and 0 only at q = p", q=q, p=p, value=value)
        merged = [np.append(m[:cut], m[cut:].sum()) for m in (q, p)]
        expect(finite.finite_kl(*merged) <= value + 1e-12, "merging points cannot raise KL", q=q, p=p, cut=cut)

    return "KL is the sum of q log(q/p), +inf off the support of p, 0 only at q = p, and falls when points are merged."


@evidence("Definition B.3", "property", controls={"without the half": {"factor": 1.0}, "a quarter": {"factor": 0.25}})
def tv_is_the_largest_difference(factor: float = 0.5) -> str:
    @for_all(weights_of_six, weights_of_six)
    def each(raw_q, raw_p):
        q, p = (restricted(raw, np.full(6, True)) for raw in (raw_q, raw_p))
        events = (np.array(event) for event in itertools.product([0.0, 1.0], repeat=6))
        largest = max(abs(float(event @ (q - p))) for event in events)
        half = factor * float(np.abs(q - p).sum())
        for value in (finite.finite_tv(q, p), half):
            expect(close(value, largest), "TV = max over the 64 events", q=q, p=p, left=value, right=largest)

    return "Half the sum of |q - p| is the largest difference over all 64 events of six points."


@evidence("Lemma B.4", "property", controls={"sqrt(KL/2.2)": {"constant": 2.2}, "sqrt(KL/4)": {"constant": 4.0}})
def pinsker(constant: float = 2.0) -> str:
    def check(distance: float, divergence: float, **shown: object) -> None:
        bound = pinsker_bound(2 * divergence / constant)
        expect(distance <= bound + 1e-9, "TV <= sqrt(KL/2)", tv=distance, bound=bound, **shown)

    @for_all(weights_of_six, weights_of_six)
    def measures(raw_q, raw_p):
        q, p = (restricted(raw, np.full(6, True)) for raw in (raw_q, raw_p))
        check(finite.finite_tv(q, p), finite.finite_kl(q, p), q=q, p=p)

    @for_all(tilting_laws(), unit, unit, tilts, tilts)
    def solutions(law, a, b, beta, gamma):
        found = [Hard(law, upper_quantile(law, s)) for s in (a, b)] + [Klsc(law, m) for m in (beta, gamma)]
        for q, r in itertools.permutations(found, 2):
            check(tv(q, r), kl(q, r), law=law, q=q, r=r)

    return "TV <= sqrt(KL/2) for random pairs of measures and all pairs of truncations and tilts of any law."


@evidence("Definition B.5", "property", controls={"-log(1 - p(a))": {"mass": lambda p: 1 - p}})
def dirac(mass: Callable[[float], float] = lambda p: p) -> str:
    @for_all(finite_measures(), st.integers(0, 5), st.integers(0, 5), st.floats(-5, 5))
    def each(measure, i, j, beta):
        masses, scores = measure
        at, other = np.eye(6)[i], np.eye(6)[j]
        expected = -math.log(mass(masses[i])) if masses[i] > 0 else math.inf
        value = finite.finite_kl(at, masses)
        expect(close(value, expected), "KL(delta_a || p) = -log p(a)", measure=measure, i=i, left=value, right=expected)
        expect(finite.finite_tv(at, other) == (i != j), "TV between points is 0 or 1", i=i, j=j)
        law = AtomicLaw(scores, masses=at).tilt(beta)
        expect((law.mean, law.variance) == (scores[i], 0.0), "a point is fixed by tilting", score=scores[i], law=law)
        pool = sum(m * np.eye(6)[k] for k, m in enumerate(masses))
        expect(np.array_equal(pool, masses), "a finite measure is the mixture of its points", measure=measure)

    return "Points: E[g] = g(a), KL to p is -log p(a), TV 0 or 1, invariant under tilting, mixtures give all measures."


@evidence("Ours: score law", "property", controls={"an observable that is no function of psi": {"mix": 1.0}})
def only_the_law_of_the_score_matters(mix: float = 0.0) -> str:
    """Two spaces with one score law; observables psi + mix * (something else on the space)."""

    @for_all(finite_measures(), unit, tilts, st.permutations(range(6)), unit)
    def each(measure, share, beta, order, split):
        masses, scores = measure
        there = np.concatenate([split * masses, (1 - split) * masses])[[*order, *range(6, 12)]]
        there_scores = np.concatenate([scores, scores])[[*order, *range(6, 12)]]
        other, there_other = np.arange(6) ** 2.0, np.arange(12) ** 2.0
        law = AtomicLaw(scores, masses=masses)
        pairs = (Hard(law, upper_quantile(law, share)), Klsc(law, beta))
        here_q = [finite.reweight(scores, s, masses=masses) for s in pairs]
        there_q = [finite.reweight(there_scores, s, masses=there) for s in pairs]
        for q, r in zip(here_q, there_q, strict=True):
            left, right = q @ (scores + mix * other), r @ (there_scores + mix * there_other)
            expect(close(left, right), "E_q on both spaces", measure=measure, there=there, left=left, right=right)
            expect(close(summed_kl(q, masses), summed_kl(r, there)), "KL on both spaces", measure=measure)
        expect(close(finite.finite_tv(*here_q), finite.finite_tv(*there_q)), "TV on both spaces", measure=measure)
        expect(close(finite.finite_tv(*here_q), tv(*pairs), 1e-8), "TV from the law alone", measure=measure)

    return "Two spaces with the same law of psi give the same means, KL and TV of truncations and tilts."


@evidence("Definition 2.3", "property", controls={"the shell closed above": {"inside": np.less_equal}})
@evidence("Lemma D.6", "property", controls={"the shell closed above": {"inside": np.less_equal}})
def shells_by_enumeration(inside: Callable[..., np.ndarray] = np.less) -> str:
    @for_all(finite_measures(), unit, st.sampled_from([0.25, 0.5, 1.0, 1.5]), tilts)
    def each(measure, share, margin, beta):
        masses, scores = measure
        law = AtomicLaw(scores, masses=masses)
        t = float(law.atoms()[0][int(share * len(law.atoms()[0]))])
        for q in (Hard(law, law.ess_inf), Hard(law, t), Klsc(law, beta)):
            w = finite.reweight(scores, q, masses=masses)
            expected = w[(scores >= t) & inside(scores, t + margin)].sum() / w[scores >= t].sum()
            found = q.boundary_mass(t, margin)
            expect(close(found, expected), "M by its sum", measure=measure, q=q, t=t, left=found, right=expected)
        ratio = 1 - law.survival(t + margin) / law.survival(t)
        expect(close(Hard(law, t).boundary_mass(t, margin), ratio), "1 - S(t + d)/S(t)", measure=measure, t=t)

    return "Boundary masses equal their sums, atoms on both ends of the shell included, and 1 - S(t + d)/S(t)."


@evidence(
    "Lemma D.6", "property", controls={"twice the hazard": {"factor": 2.0}, "the density": {"conditional": False}}
)
def shells_to_first_order(factor: float = 1.0, conditional: bool = True) -> str:
    @for_all(smooth_laws(), st.floats(0.05, 0.95))
    def each(law, share):
        t = upper_quantile(law, share)
        rate = factor * law.density(t) / (law.survival(t) if conditional else 1.0)
        shells = [(d / rate, Hard(law, t).boundary_mass(t, d / rate)) for d in (1e-2, 1e-3, 1e-4)]
        errors = [abs(mass / (width * rate) - 1) for width, mass in shells]
        expect(shrinks(errors, 0.2, 1e-7), "M = d h + O(d^2)", law=law, t=t, errors=errors)

    return "M_d/(d h) - 1 falls like d for normal, Beta, exponential and Pareto laws."


@evidence(
    "Lemma D.7",
    "property",
    controls={
        "beta < 0": {"sign": -1},
        "without e^(beta t)": {"shift": 0.0},
        "1.02 beta": {"shift": 1.02},
        "S for E[e^(beta Y) | Y >= t]": {"conditional": False},
    },
)
def tilting_lowers_the_hazard(sign: int = 1, shift: float = 1.0, conditional: bool = True) -> str:
    """The expectation over {Y >= t} by quadrature; beta up to 6 standard deviations, or 0.95 of the domain's end."""
    drawn = Drawn("beta sd < 0.1", "beta sd > 2", "near the end of the domain", "a far tail")

    @for_all(smooth_laws(heavy=False), hazard_shares, st.floats(0.01, 6.0), examples=100, shrink=False)
    def each(law, share, size):
        t, sd = upper_quantile(law, share), math.sqrt(law.variance)
        beta = sign * min(size / sd, 0.95 * law.max_multiplier)
        rise = log_moment(law, beta, low=t) - math.log(mass(law, t)) if conditional else -math.log(mass(law, t))
        factor = math.exp(shift * beta * t - rise)
        found, plain = law.tilt(beta).hazard(t), law.hazard(t)
        expect(close(plain, law.density(t) / mass(law, t), 1e-8), "h = f/S", law=law, t=t, left=plain)
        accuracy = max(1e-7, 1e-12 / share)  # a far tail is known to a part of the whole mass
        expect(
            close(found, plain * factor, accuracy), "(12)", law=law, t=t, beta=beta, left=found, right=plain * factor
        )
        expect(found < plain, "h_beta < h", law=law, t=t, beta=beta, left=found, right=plain)
        end = law.max_multiplier < math.inf and beta > 0.9 * law.max_multiplier
        drawn.note({"beta sd < 0.1": beta * sd < 0.1, "beta sd > 2": beta * sd > 2})
        drawn.note({"near the end of the domain": end, "a far tail": share < 1e-3})

    return (
        f"h_beta = h e^(beta t)/E[e^(beta Y) | Y >= t] < h, the expectation by quadrature; drawn: {drawn.reached(3)}."
    )


@evidence("Ours: all margins", "property", controls={"beta < 0": {"sign": -1}})
def tilting_lowers_every_shell(sign: int = 1) -> str:
    @for_all(st.one_of(tilting_laws(), wild_laws()), unit, unit, unit, examples=120)
    def each(law, share, width, size):
        low, high = two_quantiles(law, share, share * width)
        b = sign * min(size / math.sqrt(law.variance), 0.9 * law.max_multiplier)
        assume(high > low and mass(law, low) > 0)
        top, cut = log_moment(law, b, low=low), low + (high - low)
        assume(top - log_moment(law, b) > math.log(1e-12))
        plain, soft = law.shell_mass(low, high - low), law.tilt(b).shell_mass(low, high - low)
        inside = mass(law, low, cut)
        summed = inside / mass(law, low), math.exp(log_moment(law, b, low, cut) - top) if inside > 0 else 0.0
        for found, right in zip((plain, soft), summed, strict=True):
            expect(close(found, right, 1e-6, 1e-8), "both by quadrature", law=law, t=low, left=found, right=right)
        shown = {"law": law, "t": low, "d": high - low, "beta": b}
        expect(soft <= plain + 1e-10, "M_d(q_beta) <= M_d(q_t)", **shown, left=soft, right=plain)

    return "At every margin the tilt's shell is no heavier, for laws with ties, atoms, heavy lower tails, no spread."
