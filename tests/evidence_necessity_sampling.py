"""Necessity rung, Appendices F and G: drop a hypothesis of weights, modes, typical regions, the bottleneck, G.3.

Each check says which hypotheses hold in its example, refutes the conclusion, and shows that the one dropped is broken.
Its controls are examples in which the conclusion stands, and must be rejected for that.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.special import gammainc
from scipy.stats import chi2

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.proofs_check.premises import broken, granted, holds, refuted
from distributional_view.theory.measures.bottleneck import decompose
from distributional_view.theory.measures.tasks import baseline
from distributional_view.theory.measures.typical import typical_shell
from distributional_view.theory.pools.retrieval import tilted_weights
from distributional_view.theory.samplers.ascent import Ascent
from tests.support.enumeration import summed_kl
from tests.support.gaussian_world import GaussianWorld, Quadratic, falling

FOUR = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.0, 1.0, 2.0, 4.0])


def spaced(n: int) -> np.ndarray:
    return np.arange(1.0, n + 1) / n


@evidence(
    "Lemma F.1",
    "necessity",
    drops="finite pool",
    controls={"a pool that repeats itself": {"pool": lambda n: np.tile(spaced(10), n // 10)}},
)
def endless_pools_have_no_limit(pool: Callable[[int], np.ndarray] = spaced) -> str:
    """Infinitely many different scores: however large beta, the best point's weight vanishes as the pool grows."""
    beta, sizes = 200.0, [10**3, 10**4, 10**5]
    pools = [pool(n) for n in sizes]
    best = [float(tilted_weights(y, beta)[y == y.max()].sum()) for y in pools]
    vanish = best[2] < 0.15 * best[1] < 0.1 and best[0] < 0.3
    refuted("the maximisers' weight tends to 1", vanish, beta=beta, sizes=sizes, best=best)
    gaps = [float(np.ptp(np.sort(y)[-2:])) for y in pools]
    broken("finite pool", gaps[2] < 1e-4, gaps_below_the_supremum=gaps)
    return (
        f"Scores i/N: at beta = 200 the best point has weight {best[0]:.3f}, {best[1]:.4f}, {best[2]:.5f} as N grows."
    )


@evidence("Definition F.3", "necessity", drops="eps < 1", controls={"q(T) > 0": {"inside": True}})
def empty_regions_have_no_mean(inside: bool = False) -> str:
    q, s = np.array([0.7, 0.3]), np.array([1.0, -1.0])
    region = np.array([inside, False])
    holds("bounded", np.abs(s).max() <= 1)
    with np.errstate(invalid="ignore"):
        mean = float(np.divide(q[region] @ s[region], q[region].sum()))
    eps = 1 - q[region].sum()
    refuted("|E[s] - E[s | T]| <= 2 eps sup|s|", not abs(q @ s - mean) <= 2 * eps, conditional_mean=mean)
    broken("eps < 1", eps == 1, eps=eps)
    return "At eps = 1 the empty region is typical, and E[s | T] is 0/0."


def spike(x: np.ndarray) -> np.ndarray:
    """1 at 0, 0 elsewhere: the maximum is no essential supremum under Lebesgue measure."""
    return (x == 0).astype(float)


@evidence(
    "Lemma F.2",
    "necessity",
    drops="essential supremum",
    controls={"continuous at its maximum": {"objective": lambda x: 1 - np.abs(x)}},
)
def spikes_do_not_attract(objective: Callable[[np.ndarray], np.ndarray] = spike) -> str:
    """J = 1{x = 0}: grids that refine Lebesgue measure on [-1, 1] leave the tempered law uniform at any T."""
    far, x = [], np.linspace(-1, 1, 2 * 10**6 + 1)
    expect(objective(x).argmax() == 10**6, "the maximiser of J is 0")
    for temperature in (0.3, 0.1):
        weights = np.exp((objective(x) - 1) / temperature)
        holds("normalisable", math.isfinite(weights.sum()))
        far.append(float(weights[np.abs(x) > 0.5].sum() / weights.sum()))
    refuted("pi_T concentrates on the maximisers", min(far) > 0.45, far=far)
    cells = [float(np.quantile(objective(np.linspace(-1, 1, 2 * n + 1)), 1 - 2 / n)) for n in (10**2, 10**4)]
    broken("essential supremum", cells == [0.0, 0.0], upper_quantiles=cells)
    return f"J = 1 at x = 0, else 0: pi_T leaves {far[-1]:.3f} of its mass beyond 1/2 at T = 0.1."


@evidence("Lemma F.2", "necessity", drops="normalisable", controls={"a quadratic well": {"penalty": lambda x: x**2}})
def unnormalised_laws_do_not_concentrate(
    penalty: Callable[[np.ndarray], np.ndarray] = lambda x: x**2 / (1 + x**2),
) -> str:
    """A bounded regulariser: exp(-R/T) has no integral at any T; cut at ever larger windows its mass leaves [-1, 1]."""
    near, totals = [], []
    for window in (1e8, 1e12, 1e16):
        u = np.linspace(0, math.log1p(window), 400_001)
        x = np.expm1(u)
        weights = np.exp(-penalty(x) / 0.05) * np.exp(u)  # dx = e^u du
        totals.append(float(weights.sum() * (u[1] - u[0])))
        near.append(float(weights[x <= 1].sum() / weights.sum()))
    holds("essential supremum", penalty(np.array([1e-9]))[0] < 1e-15 and penalty(np.array([0.1]))[0] > 1e-3)
    gone = near[2] < 1e-3 * near[1] < 1e-3 * near[0]
    refuted("a tempered law at T = 0.05 has most of its mass near the maximiser", gone, near=near)
    broken("normalisable", totals[2] > 1e3 * totals[1] > 1e3 * totals[0], totals=totals)
    return f"R = x^2/(1 + x^2): of exp(-R/0.05) on [0, 1e16] a share {near[2]:.0e} lies within 1 of the maximiser."


NOT_NORMAL = {"unit variance": {"deviation": 1.0}, "more": {"deviation": 1.5}}
DEFICITS = {"delta in (0, 1)": {"delta": 0.5}, "small delta": {"delta": 0.05}}


@evidence("Lemma F.4", "necessity", drops="0 < delta < 1", controls=DEFICITS)
@evidence("Lemma F.6", "necessity", drops="0 < delta < 1", controls=DEFICITS)
def negative_deficits_break_the_bound(delta: float = -0.5) -> str:
    """The output is x_MAP = 0 itself: r = 0, eta = 0."""
    d = 400
    holds("standard normal", abs(chi2(d).var() - 2 * d) < 1e-9)
    granted("near the maximiser", "the output is the maximiser itself")
    granted("maximiser at 0", "the output is the origin by choice")
    holds("small radius", (1 - delta) * d >= 0)
    left, right = float(chi2(d).logcdf((1 - delta) * d)), -d * delta**2 / 4
    refuted("P(|X|^2 <= (1 - delta) d) <= exp(-d delta^2/4)", left > right + 1, left=left, right=right)
    broken("0 < delta < 1", delta < 0, delta=delta)
    return f"delta = -1/2, d = 400: log P = {left:.1e}, the bound would be {right:.0f}."


@evidence("Ours: exact shell", "necessity", drops="0 < delta < 1", controls=DEFICITS)
def negative_deficits_break_the_exponent(delta: float = -0.5) -> str:
    holds("standard normal", abs(chi2(400).var() - 800) < 1e-9)
    exponent = -(delta + math.log1p(-delta)) / 2
    refuted("-(delta + log(1 - delta))/2 >= delta^2/4", exponent < delta**2 / 4, exponent=exponent, bound=delta**2 / 4)
    broken("0 < delta < 1", delta < 0, delta=delta)
    return f"delta = -1/2: the exponent {exponent:.4f} is below {delta**2 / 4:.4f}."


@evidence("Lemma F.4", "necessity", drops="standard normal", controls=NOT_NORMAL)
@evidence("Lemma F.6", "necessity", drops="standard normal", controls=NOT_NORMAL)
def smaller_variances_break_the_bound(deviation: float = 0.8) -> str:
    """X ~ N(0, deviation^2 I); the output is x_MAP = 0 itself: r = 0, eta = 0."""
    d, delta = 400, 0.25
    holds("0 < delta < 1", 0 < delta < 1)
    granted("near the maximiser", "the output is the maximiser itself")
    granted("maximiser at 0", "the output is the origin by choice")
    holds("small radius", (1 - delta) * d >= 0)
    left, right = float(chi2(d).logcdf((1 - delta) * d / deviation**2)), -d * delta**2 / 4
    refuted("P(|X|^2 <= (1 - delta) d) <= exp(-d delta^2/4)", left > right + 1, left=left, right=right)
    broken("standard normal", deviation < 1, deviation=deviation)
    return f"N(0, 0.64 I_400), delta = 1/4: log P = {left:.3f} against {right:.2f}."


@evidence("Ours: exact shell", "necessity", drops="standard normal", controls={"unit variance": {"deviation": 1.0}})
def other_variances_have_other_shells(deviation: float = 0.8) -> str:
    """In two dimensions, where P(|X|^2 <= s) = 1 - exp(-s/(2 deviation^2)) and the formula says 1 - exp(-s/2)."""
    delta = 0.5
    holds("0 < delta < 1", 0 < delta < 1)
    exact, formula = -math.expm1(-(1 - delta) / deviation**2), float(gammainc(1.0, 1 - delta))
    refuted("P is the incomplete gamma function", abs(exact - formula) > 0.05, exact=exact, formula=formula)
    broken("standard normal", deviation != 1, deviation=deviation)
    return f"N(0, 0.64 I_2), delta = 1/2: P = {exact:.3f}, the formula says {formula:.3f}."


@evidence("Lemma F.4", "necessity", drops="standard normal", controls={"all coordinates": {"carriers": 6400}})
def few_directions_are_not_a_shell(carriers: int = 1) -> str:
    """E|X|^2 = d alone is not enough: with the variance in k directions |X|^2 is (d/k) chi^2_k, not concentrated."""
    delta, dimensions = 0.5, [400, 1600, 6400]
    holds("0 < delta < 1", 0 < delta < 1)
    spread = [min(d, carriers) for d in dimensions]
    logs = [float(chi2(k).logcdf((1 - delta) * k)) for k in spread]
    bounds = [-d * delta**2 / 4 for d in dimensions]
    above = min(left - right for left, right in zip(logs, bounds, strict=True)) > 1
    refuted("P(|X|^2 <= (1 - delta) d) <= exp(-d delta^2/4)", above, logs=logs, bounds=bounds)
    broken("standard normal", spread != dimensions, carriers=spread)
    return f"All the variance in one direction: P = {math.exp(logs[0]):.3f} in every dimension."


@evidence("Ours: effective sample size", "necessity", drops="beta >= 0", controls={"beta >= 0": {"betas": (0.0, 1.0)}})
def negative_multipliers_raise_the_size(betas: tuple[float, float] = (-2.0, -1.0)) -> str:
    scores = np.array([0.0, 1.0, 2.0, 2.0])
    granted("finite pool", "four scores are a finite pool")
    weights = [np.exp(b * scores) for b in betas]
    sizes = [float(w.sum() ** 2 / (w @ w)) for w in weights]
    refuted("the size falls as beta grows", sizes[0] < sizes[1], betas=betas, sizes=sizes)
    broken("beta >= 0", min(betas) < 0, betas=betas)
    return f"From beta = -2 to -1 the size grows from {sizes[0]:.2f} to {sizes[1]:.2f}."


@evidence("Lemma F.6", "necessity", drops="near the maximiser", controls={"converged": {"iterations": 3000}})
def unfinished_ascents_stay_typical(iterations: int = 1) -> str:
    """Without Assumption F.5: J = -|x|^2/2, one step of length 0.01 from typical starts."""
    d, delta = 100, 0.5
    starts = np.random.default_rng(2).normal(size=(60, d))
    ends = starts * (1 - 0.01) ** iterations  # x <- x - 0.01 x
    radius = math.sqrt((1 - delta) * d)
    granted("maximiser at 0", "J has its only maximum at the origin")
    holds("small radius", radius > 0)
    holds("standard normal", abs(float((starts**2).mean()) - 1) < 0.1)
    holds("0 < delta < 1", 0 < delta < 1)
    hits = float(((ends**2).sum(1) > radius**2).mean())
    refuted("the complement is hit with a small probability", hits > 0.5, hits=hits)
    far = float((np.linalg.norm(ends, axis=1) > radius).mean())
    broken("near the maximiser", far > 0.5, share_beyond_the_radius=far)
    return f"One short step of an ascent leaves {hits:.0%} of the outputs in the complement of the ball."


def hits_of_the_complement(d: int, delta: float, centre: float, radius: float) -> float:
    """Share of points uniform on the sphere of this radius around a centre at this distance that leave the ball."""
    z = np.random.default_rng(0).normal(size=(2000, d))
    z *= radius / np.linalg.norm(z, axis=1, keepdims=True)
    z[:, 0] += centre
    return float(((z**2).sum(1) > (1 - delta) * d * (1 + 1e-9)).mean())


@evidence(
    "Lemma F.6",
    "necessity",
    drops="small radius",
    controls={"r <= sqrt((1 - delta) d)": {"share": 1.0}, "x_MAP = 0, small r": {"share": 0.1}},
)
def wide_optimisers_hit_the_shell(share: float = 2**0.5) -> str:
    """r = sqrt(d): an output uniform on that sphere meets Assumption F.5 with eta = 0, and is typical."""
    d, delta = 300, 0.5
    radius = share * math.sqrt((1 - delta) * d)
    granted("near the maximiser", "every output lies at the distance r, so that eta = 0")
    granted("maximiser at 0", "the outputs lie around the origin by choice")
    holds("standard normal", abs(chi2(d).mean() - d) < 1e-9)
    holds("0 < delta < 1", 0 < delta < 1)
    hits = hits_of_the_complement(d, delta, 0.0, radius)
    refuted("the complement is hit with probability <= eta = 0", hits > 0.99, hits=hits)
    ends = typical_shell(d, 0.05)
    known = np.sqrt(chi2(d).ppf([0.025, 0.975]))
    within = known[0] < radius < known[1] and abs(ends.inner - known[0]) + abs(ends.outer - known[1]) < 0.2
    expect(within, "its outputs lie in the typical shell", radius=radius, shell=ends, quantiles=known)
    broken("small radius", radius > math.sqrt((1 - delta) * d), radius=radius)
    return f"r = sqrt(300): every output is in the 0.05-typical shell [{ends.inner:.2f}, {ends.outer:.2f}]."


@evidence(
    "Lemma F.6",
    "necessity",
    drops="maximiser at 0",
    controls={"x_MAP = 0": {"slope": 0.0}, "x_MAP near 0": {"slope": 0.2}},
)
def distant_modes_are_typical(slope: float = 1.0) -> str:
    """psi = slope sum x_j, R = |x|^2/2: x_MAP = (slope, ..., slope) has |x_MAP|^2 = slope^2 d."""
    d, delta = 100, 0.5
    starts = np.random.default_rng(1).normal(size=(50, d))
    world = GaussianWorld(falling(3, 0.1), Quadratic(slope=slope), dimension=d)
    ends = Ascent(world, lambda x: (0.5 * (x**2).sum(1), x), starts, 100).climb(1.0).x
    near = float((np.linalg.norm(ends - slope, axis=1) < 0.1).mean())
    hits = float(((ends**2).sum(1) > (1 - delta) * d).mean())
    holds("near the maximiser", near == 1, near=near)
    holds("small radius", math.sqrt((1 - delta) * d) > 0.1)
    granted("standard normal", "q is N(0, I_d) by choice, only the output is run")
    holds("0 < delta < 1", 0 < delta < 1)
    refuted("the complement is hit with probability <= eta = 0", hits > 0.99, hits=hits)
    broken("maximiser at 0", slope != 0, slope=slope)
    return f"x_MAP = (1, ..., 1) in d = 100: all ascents end within 0.1 of it, {hits:.0%} in the typical complement."


@evidence("Theorem F.7", "necessity", drops="feasible law", controls={"E_q[psi] >= tau": {"lift": 1.0}})
def infeasible_laws_cost_less(lift: float = 0.0) -> str:
    p, psi = FOUR
    tau = 2.0
    q = (1 - lift) * p + lift * np.array([0.1, 0.2, 0.2, 0.5])
    parts = decompose(psi, tau, q=q, masses=p)
    holds("solution", abs(baseline(psi, tau, masses=p).mean - tau) < 1e-9)
    granted("feasible member", "no prompt family is part of this example")
    cheaper = parts.kl < parts.klsc_kl + parts.gap - 0.1
    refuted("KL(q||p) >= KL(q_b||p) + KL(q||q_b)", cheaper, parts=parts)
    solved = baseline(psi, tau, masses=p).masses
    known = summed_kl(q, p), summed_kl(solved, p), summed_kl(q, solved)
    agree = np.allclose([parts.kl, parts.klsc_kl, parts.gap], known)
    expect(agree, "term by term", parts=parts, known=known)
    broken("feasible law", q @ psi < tau, mean=q @ psi)
    return f"q = p at tau = 2: KL(p||p) = 0, the right side is {parts.klsc_kl + parts.gap:.3f}."


@evidence(
    "Theorem F.7", "necessity", drops="solution", controls={"at tau": {"shift": 0.0}, "below tau": {"shift": -0.2}}
)
def tilts_of_higher_levels_give_no_bound(shift: float = 0.3) -> str:
    """With q_beta the KLSC solution of another, higher level, a feasible q may cost less."""
    p, psi = FOUR
    tau = 1.8
    q, other = baseline(psi, tau, masses=p).masses, baseline(psi, tau + shift, masses=p)
    left, right = summed_kl(q, p), other.kl + summed_kl(q, other.masses)
    holds("feasible law", q @ psi >= tau - 1e-9, mean=q @ psi)
    granted("feasible member", "no prompt family is part of this example")
    refuted("KL(q||p) >= KL(q_b'||p) + KL(q||q_b')", left < right - 1e-3, left=left, right=right)
    broken("solution", other.mean > tau + 1e-6, mean=other.mean)
    return f"q_beta' at 2.1 against a feasible q at 1.8: {left:.4f} < {right:.4f}."


def tilted_start(world: GaussianWorld, beta: float) -> tuple[float, float]:
    return world.diffused(*world.psi.tilted(world.mean, world.variance, beta))


STARTS = {"started in q_T": {"start": tilted_start}, "a long diffusion": {"last": 1e-7}}


@evidence("Lemma G.2", "necessity", drops="exact start", controls=STARTS)
@evidence("Theorem G.3", "necessity", drops="exact start", controls=STARTS)
def the_start_is_remembered(
    start: Callable = lambda world, beta: world.diffused(world.mean, world.variance), last: float = 0.3
) -> str:
    """From p_T instead of q_T the reverse process misses the tilt, however many steps it takes."""
    beta, psi, steps = 0.9, Quadratic(0.7, -0.6), [100, 400, 1600]
    target = psi.tilted(0.4, 0.8, beta)
    worlds = [GaussianWorld(falling(c, last), psi, 0.4, 0.8, ideal=beta) for c in steps]
    misses = [abs(w.law_after(1.0, start(w, beta))[0] - target[0]) for w in worlds]
    holds("smooth marginals", worlds[0].variance > 0)
    holds("finite Z", target is not None and math.isfinite(target[0]), target=target)
    off = misses[-1] > 0.9 * misses[0] and misses[-1] > 0.01
    refuted("the reverse process ends in q_0", off, steps=steps, misses=misses)
    x_t, q_t = start(worlds[0], beta), tilted_start(worlds[0], beta)
    broken("exact start", abs(x_t[0] - q_t[0]) > 0.01, start=x_t, q_T=q_t)
    return f"alpha_bar_N = 0.3, from p_T: the mean misses by {misses[-1]:.3f} at 1600 steps."
