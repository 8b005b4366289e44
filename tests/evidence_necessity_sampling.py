"""Necessity rung, Appendices F and G: drop a hypothesis of weights, modes, typical regions, the bottleneck, G.3.

Each check says which hypotheses hold in its example, refutes the conclusion, and shows that the one dropped is broken.
Its controls are examples in which the conclusion stands, and must be rejected for that.
"""

import math
from collections.abc import Callable

import numpy as np

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.proofs_check.premises import broken, holds, refuted
from distributional_view.theory.measures.bottleneck import decompose
from distributional_view.theory.measures.tasks import baseline
from distributional_view.theory.pools.retrieval import tilted_weights
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


@evidence("Ours: effective sample size", "necessity", drops="beta >= 0", controls={"beta >= 0": {"betas": (0.0, 1.0)}})
def negative_multipliers_raise_the_size(betas: tuple[float, float] = (-2.0, -1.0)) -> str:
    scores = np.array([0.0, 1.0, 2.0, 2.0])
    different = np.unique(scores)
    holds("finite pool", scores.size == 4 and different[-1] - different[-2] >= 1, different=different)
    weights = [np.exp(b * scores) for b in betas]
    sizes = [float(w.sum() ** 2 / (w @ w)) for w in weights]
    refuted("the size falls as beta grows", sizes[0] < sizes[1], betas=betas, sizes=sizes)
    broken("beta >= 0", min(betas) < 0, betas=betas)
    return f"From beta = -2 to -1 the size grows from {sizes[0]:.2f} to {sizes[1]:.2f}."


@evidence("Theorem F.7", "necessity", drops="feasible law", controls={"E_q[psi] >= tau": {"lift": 1.0}})
def infeasible_laws_cost_less(lift: float = 0.0) -> str:
    p, psi = FOUR
    tau = 2.0
    q = (1 - lift) * p + lift * np.array([0.1, 0.2, 0.2, 0.5])
    parts = decompose(psi, tau, q=q, masses=p)
    holds("solution", abs(baseline(psi, tau, masses=p).mean - tau) < 1e-9)
    family = [q, np.array([0.1, 0.2, 0.2, 0.5])]
    holds("feasible member", max(float(member @ psi) for member in family) >= tau)
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
    family = [p, q]
    holds("feasible member", max(float(member @ psi) for member in family) >= tau - 1e-9)
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
