"""Property rung, Appendix F: pool weights, tempered laws, typical regions, effective sizes, the prompt bottleneck."""

import math

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from distributional_view.proofs_check.evidence import Rejected, evidence, expect
from distributional_view.theory import InfeasibleTarget
from distributional_view.theory.measures.bottleneck import best_member, decompose
from distributional_view.theory.measures.tasks import baseline
from distributional_view.theory.measures.typical import conditioning_error
from distributional_view.theory.pools.retrieval import effective_size, retrieve, reweight_to, tilted_weights
from distributional_view.theory.samplers.ascent import Ascent, gibbs_log_density
from tests.support.enumeration import close, inside, log_partition, summed_kl, tilted
from tests.support.gaussian_world import GaussianWorld, falling
from tests.support.strategies import far_pools, finite_measures, for_all, restricted, unit, weights_of_six

tied = st.lists(st.integers(-6, 6), min_size=1, max_size=12).map(lambda v: np.array(v, dtype=float) / 2)
pools = st.one_of(tied, far_pools())


def top_of(scores: np.ndarray) -> np.ndarray:
    """The limit weights, written out: equal on the maximisers."""
    winners = np.array([y == max(scores) for y in scores], dtype=float)
    return winners / sum(winners)


@evidence(
    "Lemma F.1",
    "property",
    controls={
        "the first maximiser takes all": {"limit": lambda y: np.eye(len(y))[int(np.argmax(y))]},
        "the minimisers": {"limit": lambda y: top_of(-y)},
        "twice the rate": {"rate": 2.0},
        "half the constant": {"constant": 0.5},
    },
)
def weights_tend_to_the_maximisers(limit=top_of, rate: float = 1.0, constant: float = 1.0) -> str:
    """With R = sum over the others of exp(-beta gap_i), the distance to the limit is exactly R/(|M| + R)."""

    @for_all(pools, st.floats(0.0, 60.0), examples=120)
    def each(scores, beta):
        target = limit(scores)
        size, rest = int((scores == scores.max()).sum()), scores[scores < scores.max()]
        expect(np.array_equal(tilted_weights(scores, math.inf), target), "beta = inf", scores=scores, limit=target)
        assume(rest.size > 0)
        gap = float(scores.max() - rest.max())
        for b in (beta / gap, 10 * beta / gap):
            w = tilted_weights(scores, b)
            written = np.exp(b * (scores - scores.max()))
            written /= math.fsum(written)
            expect(np.allclose(w, written, rtol=1e-9, atol=1e-15), "w = e^(beta psi)/sum", scores=scores, beta=b)
            left = 0.5 * float(np.abs(w - target).sum())
            remainder = math.fsum(np.exp(-rate * b * (scores.max() - rest)))
            right = remainder / (size + remainder)
            expect(close(left, right, 1e-9, 1e-13), "TV to the limit", scores=scores, beta=b, left=left, right=right)
            bound = constant * rest.size / size * math.exp(-rate * b * gap)
            expect(left <= bound + 1e-13, "at most (N - |M|)/|M| e^(-beta gap)", scores=scores, beta=b, bound=bound)

    return (
        "TV(w(beta), uniform on M) = R/(|M| + R) <= (N - |M|)/|M| exp(-beta gap), ties included; equal at beta = inf."
    )


def counting_size(scores: np.ndarray, beta: float) -> float:
    """exp(2 A(beta) - A(2 beta)) with A of the counting measure."""
    ones = np.ones(len(scores))
    return math.exp(2 * log_partition(ones, scores, beta) - log_partition(ones, scores, 2 * beta))


@evidence(
    "Ours: effective sample size",
    "property",
    controls={
        "the sum of cubes": {"size": lambda w: 1 / float((w**3).sum())},
        "the entropy's exponential": {"size": lambda w: math.exp(-math.fsum(v * math.log(v) for v in w if v > 0))},
        "one point in the limit": {"last": lambda y: 1},
        "a mean above the maximum": {"ceiling": lambda y: float(np.mean(y))},
    },
)
def effective_size_falls(
    size=lambda w: effective_size(w), last=lambda y: int((y == y.max()).sum()), ceiling=lambda y: float(y.max())
) -> str:
    @for_all(pools, st.floats(0.0, 5.0), st.floats(1e-3, 5.0), unit, examples=120)
    def each(scores, beta, step, fraction):
        spread = float(np.std(scores)) or 1.0
        low, high = (size(tilted_weights(scores, b / spread)) for b in (beta, beta + step))
        expect(close(low, counting_size(scores, beta / spread)), "exp(2A(b) - A(2b))", scores=scores, left=low)
        expect(high <= low * (1 + 1e-9), "it falls", scores=scores, beta=beta, by=step, low=low, high=high)
        ends = size(tilted_weights(scores, 0.0)), size(tilted_weights(scores, math.inf))
        expect(close(ends[0], len(scores)), "N at beta = 0", scores=scores, ends=ends)
        expect(close(ends[1], last(scores)), "|M| at beta = inf", scores=scores, ends=ends)
        target = float(scores.mean()) + fraction * float(scores.max() - scores.mean())
        found = reweight_to(scores, target)
        slack = 1e-9 * (1 + float(np.abs(scores).max()))
        expect(found.weights @ scores <= ceiling(scores) + slack, "mean <= max", scores=scores, mean=found.mean)
        for method in (reweight_to, retrieve):
            try:
                method(scores, float(scores.max()) + spread)
            except InfeasibleTarget:
                continue
            raise Rejected("a mean above the largest score was promised", scores=scores, method=method.__name__)

    return "1/sum w^2 = exp(2 A(b) - A(2b)) falls from N to |M|; weighted means stay below the pool's maximum."


points = st.lists(st.integers(-12, 12), min_size=2, max_size=12, unique=True).map(lambda v: np.array(v)[:, None] / 4)


@evidence(
    "Lemma F.2",
    "property",
    controls={
        "psi + lambda R": {"sign": 1},
        "exp(T J)": {"power": 1},
        "twice the rate": {"rate": 2.0},
        "the prior exp(-R)": {"prior_weight": lambda weight: 1.0},
    },
)
def tempered_laws_concentrate(
    sign: int = -1, power: int = -1, rate: float = 1.0, prior_weight=lambda weight: weight
) -> str:
    """On n points: pi_T(J <= max J - e) <= n/|M| exp(-e/T), and E_T[J] >= max J - T log(n/|M|)."""

    def psi(x):
        return np.sin(3 * x[:, 0]) + x[:, 0], 3 * np.cos(3 * x) + 1

    def penalty(x):
        return x[:, 0] ** 2, 2 * x

    @for_all(points, st.floats(0.05, 2.0), st.floats(0.02, 3.0), st.floats(0.0, 1.0), examples=120)
    def each(x, weight, temperature, depth):
        world = GaussianWorld(falling(3, 0.1), psi)
        objective = Ascent(world, penalty, x, 1).objective(x, weight)[0]
        j = psi(x)[0] + sign * weight * penalty(x)[0]
        shown = {"x": x.ravel(), "weight": weight, "T": temperature}
        expect(np.allclose(objective, j), "J = psi - lambda R", left=objective, right=j, **shown)
        log_pi = gibbs_log_density(objective)
        proxy = psi(x)[0] - prior_weight(weight) * penalty(x)[0]  # log of exp(psi) times the prior exp(-lambda R)
        expect(np.allclose(np.diff(log_pi), np.diff(proxy)), "pi = exp(psi) exp(-lambda R)/Z", **shown)
        density = np.exp(psi(x)[0]) * np.exp(-prior_weight(weight) * penalty(x)[0])
        modes = set(np.flatnonzero(log_pi >= log_pi.max() - 1e-12))
        best = set(np.flatnonzero(density >= density.max() * (1 - 1e-12)))
        expect(modes == best, "the modes are the maximisers of exp(psi) exp(-lambda R)", modes=modes, of=best, **shown)
        top, n = float(j.max()), len(x)
        ties = len(best)
        written = np.exp((j - top) / temperature) / math.fsum(np.exp((j - top) / temperature))
        log_density = gibbs_log_density(objective, temperature**-power)
        pi = np.exp(log_density - log_density.max())
        pi /= pi.sum()
        expect(np.allclose(pi, written, rtol=1e-9, atol=1e-14), "pi_T = exp(J/T)/Z", left=pi, right=written, **shown)
        gap = depth * float(np.ptp(objective))
        left = math.fsum(pi[objective < top - gap])
        bound = (n - ties) / ties * math.exp(-rate * gap / temperature)
        expect(left <= bound + 1e-12, "mass below max J - e", e=gap, mass=left, bound=bound, **shown)
        mean, floor = float(pi @ objective), float(top - temperature / rate * math.log(n / ties))
        expect(mean >= floor - 1e-12, "E_T[J] >= max J - T log(n/|M|)", mean=mean, floor=floor, **shown)

    return "On n points: the modes are the maximisers, and pi_T leaves at most n/|M| exp(-e/T) below max J - e."


def outside_mass(q: np.ndarray, region: np.ndarray) -> float:
    return math.fsum(q[~region])


@evidence(
    "Definition F.3",
    "property",
    controls={
        "eps sup|s|": {"factor": 1.0},
        "eps = q(T)": {"epsilon": lambda q, region: 1 - outside_mass(q, region)},
        "E|s| in place of sup|s|": {"size": lambda q, s: float(q @ np.abs(s))},
    },
)
def conditioning_moves_little(
    factor: float = 2.0, epsilon=outside_mass, size=lambda q, s: max(abs(v) for v, a in zip(s, q, strict=True) if a > 0)
) -> str:
    rows = st.lists(st.tuples(st.integers(0, 9), st.integers(-5, 5), st.booleans()), min_size=3, max_size=8)

    @for_all(rows, unit, examples=150)
    def each(rows, more):
        raw, s, chosen = (np.array(column) for column in zip(*rows, strict=True))
        raw, s, region = raw.astype(float), s.astype(float), chosen.astype(bool)
        raw[0], region[0] = 1.0, True
        q = raw / raw.sum()
        error, bound = conditioning_error(s, region, masses=q)
        shown = {"q": q, "s": s, "region": region}
        direct = abs(math.fsum(q * s) - math.fsum(q[region] * s[region]) / math.fsum(q[region]))
        expect(close(error, direct), "|E[s] - E[s | T]|", left=error, right=direct, **shown)
        eps, top = epsilon(q, region), size(q, s)
        expect(error <= factor * eps * top + 1e-12, "(165) at the least eps", error=error, eps=eps, **shown)
        expect(close(bound, factor * eps * top), "the library's bound", left=bound, right=factor * eps * top, **shown)
        # Centred s has the same error: the bound holds with half the range of s in place of sup|s|.
        middle = 0.5 * float(s[q > 0].max() + s[q > 0].min())
        half = size(q, s - middle)
        expect(error <= factor * (eps + more * (1 - eps)) * half + 1e-12, "centred", error=error, half=half, **shown)

    return "|E[s] - E[s|T]| <= 2 eps sup|s| for every eps >= 1 - q(T), also with half the range of s for sup|s|."


@evidence(
    "Theorem F.7",
    "property",
    controls={
        "KL(q_beta || q)": {"direction": lambda q, q_beta: summed_kl(q_beta, q)},
        "twice the multiplier": {"factor": 2.0},
        "competitors below tau": {"lag": 1.0},
    },
)
def decomposition_bounds_every_competitor(direction=summed_kl, factor: float = 1.0, lag: float = 0.0) -> str:
    @for_all(finite_measures(), weights_of_six, unit, unit, examples=120)
    def each(measure, raw, a, near):
        p, psi = measure
        target = inside(p, psi, a)
        beta = factor * baseline(psi, target, masses=p).multiplier
        q_beta = tilted(p, psi, beta)
        q = near * q_beta + (1 - near) * restricted(raw, p > 0)
        best = np.eye(6)[np.argmax(np.where(p > 0, psi, -np.inf))]
        floor = target - lag * (target - float(p @ psi))
        if q @ psi < floor:
            share = (floor - q @ psi) / (best @ psi - q @ psi)
            q = (1 - share) * q + share * best
        parts = decompose(psi, target, q=q, masses=p)
        price, gap = summed_kl(q_beta, p), direction(q, q_beta)
        shown = {"p": p, "psi": psi, "q": q, "tau": target, "beta": beta}
        expect(close(parts.kl, summed_kl(q, p)), "KL(q||p)", left=parts.kl, **shown)
        total = price + gap + beta * (q @ psi - target)
        expect(close(parts.kl, total, 1e-7, 1e-8), "(178)", left=parts.kl, right=total, **shown)
        pieces = parts.klsc_kl, parts.gap, parts.excess
        expect(close(sum(pieces), parts.kl, 1e-7, 1e-8), "the parts add up", parts=parts, **shown)
        expect(parts.kl >= price + gap - 1e-9, "(23)", kl=parts.kl, price=price, gap=gap, **shown)

    return "KL(q||p) = KL(q_b||p) + KL(q||q_b) + beta (E_q[psi] - tau) for all q, hence >= the first two if feasible."


@evidence(
    "Theorem F.7",
    "property",
    controls={"the reference p for the distance": {"own_prior": True}, "twice the distance": {"factor": 2.0}},
)
def families_pay_their_distance(own_prior: bool = False, factor: float = 1.0) -> str:
    """A curve through random log-masses; the projection on it starts from the best feasible member as well."""

    @for_all(finite_measures(), weights_of_six, weights_of_six, unit, examples=20, shrink=False)
    def each(measure, offsets, slopes, a):
        p, psi = measure
        bend, slope = np.array(offsets) / 4, np.array(slopes, dtype=float) / 4 + 0.3 * psi

        def family(at):
            return np.log(np.maximum(p, 1e-300)) + bend + at[0] * slope, slope[None]

        target = inside(p, psi, 0.7 * a)
        intrinsic = baseline(psi, target, masses=p)
        try:
            found = best_member(family, psi, target, [np.array([c]) for c in (-1.0, 0.5, 2.0)], masses=p)
        except InfeasibleTarget:
            assume(False)
        reference = p if own_prior else intrinsic.masses
        nearest = best_member(family, psi, -math.inf, [found.parameters, np.zeros(1)], masses=reference)
        bound = intrinsic.kl + factor * nearest.kl
        shown = {"p": p, "psi": psi, "bend": bend, "slope": slope, "tau": target}
        expect(
            found.kl >= bound - 1e-7, "inf KL(q||p) >= KL(q_b||p) + inf KL(q||q_b)", kl=found.kl, bound=bound, **shown
        )

    return "The best feasible member of a curve costs at least KL(q_b||p) plus the curve's distance from q_b."
