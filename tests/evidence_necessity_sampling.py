"""Necessity rung, Appendices F and G: drop a hypothesis of weights, modes, typical regions, the bottleneck, G.3.

Each check shows first that the conclusion fails, then that the hypothesis does; its controls are examples in which the
hypothesis holds, and must be rejected.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.integrate import quad

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.theory import InfeasibleTarget
from distributional_view.theory.measures.bottleneck import best_member, decompose
from distributional_view.theory.measures.tasks import baseline
from distributional_view.theory.measures.typical import (
    conditioning_error,
    log_ball_mass,
    log_mode_ball_mass,
    paper_exponent,
    typical_shell,
)
from distributional_view.theory.pools.retrieval import tilted_weights
from distributional_view.theory.samplers.ascent import Ascent, gibbs_log_density
from distributional_view.theory.samplers.schedule import NoiseSchedule, each
from tests.support.enumeration import summed_kl
from tests.support.gaussian_world import GaussianWorld, Quadratic, falling
from tests.support.numpy_world import NumpyWorld
from tests.support.refusals import refused

FOUR = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.0, 1.0, 2.0, 4.0])


LINEAR = NoiseSchedule.linear()


def spaced(n: int) -> np.ndarray:
    return np.arange(1.0, n + 1) / n


@evidence(
    "Lemma F.1",
    "necessity",
    controls={"a pool that repeats itself": {"pool": lambda n: np.tile(spaced(10), n // 10)}},
)
def endless_pools_have_no_limit(pool: Callable[[int], np.ndarray] = spaced) -> str:
    """Infinitely many different scores: however large beta, the best point's weight vanishes as the pool grows."""
    beta, sizes = 200.0, [10**3, 10**4, 10**5]
    pools = [pool(n) for n in sizes]
    best = [float(tilted_weights(y, beta)[y == y.max()].sum()) for y in pools]
    expect(best[2] < 0.1 * best[1] * 1.5 < 0.1, "the maximisers' weight -> 0", beta=beta, sizes=sizes, best=best)
    gaps = [float(np.ptp(np.sort(y)[-2:])) for y in pools]
    expect(gaps[2] < 1e-4, "no gap below the supremum is left", gaps=gaps)
    return (
        f"Scores i/N: at beta = 200 the best point has weight {best[0]:.3f}, {best[1]:.4f}, {best[2]:.5f} as N grows."
    )


@evidence("Lemma F.1", "necessity", controls={"no tie": {"scores": (1.0, 2.5, 2.0)}})
def ties_share_the_limit(scores: tuple[float, ...] = (1.0, 2.5, 2.5)) -> str:
    """The limit is 1/|M|, not an argmax: with a tie no point ever gets more than half."""
    largest = [float(tilted_weights(np.array(scores), b).max()) for b in (10.0, 1e3, math.inf)]
    expect(max(largest) <= 0.5 + 1e-12, "no point takes all", largest=largest)
    expect(scores.count(max(scores)) == 2, "two maximisers", scores=scores)
    return "Two equal best scores keep weight 1/2 each at every beta."


def spike(x: np.ndarray) -> np.ndarray:
    """1 at 0, 0 elsewhere: the maximum is no essential supremum under Lebesgue measure."""
    return (x == 0).astype(float)


@evidence("Lemma F.2", "necessity", controls={"continuous at its maximum": {"objective": lambda x: 1 - np.abs(x)}})
def spikes_do_not_attract(objective: Callable[[np.ndarray], np.ndarray] = spike) -> str:
    """J = 1{x = 0}: grids that refine Lebesgue measure on [-1, 1] leave the tempered law uniform at any T."""
    far = []
    for temperature in (0.3, 0.1):
        x = np.linspace(-1, 1, 2 * 10**6 + 1)
        logs = gibbs_log_density(objective(x), temperature)
        pi = np.exp(logs - logs.max())
        far.append(float(pi[np.abs(x) > 0.5].sum() / pi.sum()))
        expect(objective(x).argmax() == 10**6, "the maximiser of J is 0")
    expect(min(far) > 0.45, "half the tempered mass stays beyond 1/2", far=far)
    cells = [float(np.quantile(objective(np.linspace(-1, 1, 2 * n + 1)), 1 - 2 / n)) for n in (10**2, 10**4)]
    expect(cells == [0.0, 0.0], "the essential supremum is 0 < max J = 1", upper_quantiles=cells)
    return f"J = 1 at x = 0, else 0: pi_T leaves {far[-1]:.3f} of its mass beyond 1/2 at T = 0.1."


@evidence("Lemma F.2", "necessity", controls={"a quadratic well": {"penalty": lambda x: x**2}})
def unnormalised_laws_do_not_concentrate(
    penalty: Callable[[np.ndarray], np.ndarray] = lambda x: x**2 / (1 + x**2),
) -> str:
    """A bounded regulariser: the objective has its only maximum at 0, but exp(J/T) has no integral at any T."""

    def regularizer(x):
        h = 1e-5
        return penalty(x[:, 0]), (penalty(x + h) - penalty(x - h)) / (2 * h)

    world = GaussianWorld(falling(3, 0.1), Quadratic(slope=1e-9))
    ascent = Ascent(world, regularizer, np.array([[-0.8], [0.3], [0.9]]), 200)
    ends = ascent.climb(1.0).x
    expect(np.abs(ends).max() < 1e-3, "the maximiser is 0", ends=ends.ravel())
    far = []
    for temperature, window in ((0.1, 1e6), (0.05, 1e10)):
        u = np.linspace(0, math.log1p(window), 400_001)
        x = np.expm1(u)
        logs = gibbs_log_density(-penalty(x), temperature) + u  # dx = e^u du
        pi = np.exp(logs - logs.max())
        far.append(float(pi[x > 100].sum() / pi.sum()))
    expect(min(far) > 0.9, "in a large window the tempered mass is far from the maximiser", far=far)
    expect(penalty(np.array([1e8]))[0] < 2, "R is bounded, so that exp(-R/T) has no integral")
    return (
        f"R = x^2/(1 + x^2): the ascent ends at 0, but {far[-1]:.3f} of exp(-R/0.05) on a large window lies beyond 100."
    )


@evidence("Definition F.3", "necessity", controls={"a bounded statistic": {"height": lambda eps: 1.0}})
def unbounded_statistics_feel_rare_regions(height: Callable[[float], float] = lambda eps: 1 / eps) -> str:
    rare = [1e-2, 1e-4, 1e-6]
    errors = [
        conditioning_error(np.array([0.0, height(e)]), np.array([True, False]), masses=np.array([1 - e, e])).error
        for e in rare
    ]
    expect(min(errors) > 0.9, "E[s] and E[s | T] stay apart as eps -> 0", eps=rare, errors=errors)
    expect(height(1e-6) > 1e5, "s is not bounded")
    return "Mass eps at s = 1/eps: E[s] - E[s | T] = 1 at every eps."


@evidence("Definition F.3", "necessity", controls={"q(T) > 0": {"inside": True}})
def empty_regions_have_no_mean(inside: bool = False) -> str:
    q, s = np.array([0.7, 0.3]), np.array([1.0, -1.0])
    region = np.array([inside, False])
    expect(refused(lambda: conditioning_error(s, region, masses=q)), "E[s | T] does not exist", region=region)
    expect(q[region].sum() == 0, "q(T) = 0 >= 1 - eps only for eps = 1")
    return "At eps = 1 the empty region is typical, and E[s | T] is 0/0."


@evidence("Lemma F.4", "necessity", controls={"delta in (0, 1)": {"delta": 0.5}, "small delta": {"delta": 0.05}})
def negative_deficits_break_the_bound(delta: float = -0.5) -> str:
    d = 400
    left, right = log_ball_mass(d, math.sqrt((1 - delta) * d)), -d * delta**2 / 4
    expect(left > right + 1, "P > exp(-d delta^2/4)", left=left, right=right)
    expect(refused(lambda: log_mode_ball_mass(d, delta)) and delta < 0, "delta is not in (0, 1)", delta=delta)
    return f"delta = -1/2, d = 400: log P = {left:.1e}, the bound would be {right:.0f}."


@evidence("Lemma F.4", "necessity", controls={"unit variance": {"deviation": 1.0}, "more": {"deviation": 1.5}})
def smaller_variances_break_the_bound(deviation: float = 0.8) -> str:
    d, delta = 400, 0.25
    left = log_ball_mass(d, math.sqrt((1 - delta) * d) / deviation)
    right = -d * paper_exponent(delta)
    expect(left > right + 1, "P > exp(-d delta^2/4)", left=left, right=right)
    expect(deviation < 1, "X ~ N(0, deviation^2 I)", deviation=deviation)
    return f"N(0, 0.64 I_400), delta = 1/4: log P = {left:.3f} against {right:.2f}."


@evidence("Lemma F.4", "necessity", controls={"all coordinates": {"carriers": 400}})
def few_directions_are_not_a_shell(carriers: int = 1) -> str:
    """E|X|^2 = d alone is not enough: with the variance in k directions |X|^2 is (d/k) chi^2_k, not concentrated."""
    delta, dimensions = 0.5, [400, 1600, 6400]
    logs = [log_mode_ball_mass(min(d, carriers), delta) for d in dimensions]
    bounds = [-d * paper_exponent(delta) for d in dimensions]
    expect(min(left - right for left, right in zip(logs, bounds, strict=True)) > 1, "above", logs=logs, bounds=bounds)
    expect(carriers < dimensions[0], "the covariance is not I_d", carriers=carriers)
    return f"All the variance in one direction: P = {math.exp(logs[0]):.3f} in every dimension."


def hits_of_the_complement(d: int, delta: float, centre: float, radius: float) -> float:
    """Share of points uniform on the sphere of this radius around a centre at this distance that leave the ball."""
    z = np.random.default_rng(0).normal(size=(2000, d))
    z *= radius / np.linalg.norm(z, axis=1, keepdims=True)
    z[:, 0] += centre
    return float(((z**2).sum(1) > (1 - delta) * d * (1 + 1e-9)).mean())


@evidence(
    "Lemma F.6",
    "necessity",
    controls={"r <= sqrt((1 - delta) d)": {"share": 1.0}, "x_MAP = 0, small r": {"share": 0.1}},
)
def wide_optimisers_hit_the_shell(share: float = 2**0.5) -> str:
    """r = sqrt(d): an output uniform on that sphere meets Assumption F.5 with eta = 0, and is typical."""
    d, delta = 300, 0.5
    radius = share * math.sqrt((1 - delta) * d)
    hits = hits_of_the_complement(d, delta, 0.0, radius)
    expect(hits > 0.99, "the complement is hit although eta = 0", hits=hits)
    shell = typical_shell(d, 0.05)
    expect(shell.inner < radius < shell.outer, "its outputs lie in the typical shell", radius=radius, shell=shell)
    expect(radius > math.sqrt((1 - delta) * d), "r > sqrt((1 - delta) d)", radius=radius)
    return f"r = sqrt(300): every output is in the 0.05-typical shell [{shell.inner:.2f}, {shell.outer:.2f}]."


@evidence("Lemma F.6", "necessity", controls={"x_MAP = 0": {"slope": 0.0}, "x_MAP near 0": {"slope": 0.2}})
def distant_modes_are_typical(slope: float = 1.0) -> str:
    """psi = slope sum x_j, R = |x|^2/2: x_MAP = (slope, ..., slope) has |x_MAP|^2 = slope^2 d."""
    d, delta = 100, 0.5
    starts = np.random.default_rng(1).normal(size=(50, d))
    world = GaussianWorld(falling(3, 0.1), Quadratic(slope=slope), dimension=d)
    ends = Ascent(world, lambda x: (0.5 * (x**2).sum(1), x), starts, 100).climb(1.0).x
    near = float((np.linalg.norm(ends - slope, axis=1) < 0.1).mean())
    hits = float(((ends**2).sum(1) > (1 - delta) * d).mean())
    expect(hits > 0.99, "the complement of the ball is hit", hits=hits)
    expect(near == 1 and slope != 0, "Assumption F.5 holds with r = 0.1, eta = 0, around another point", near=near)
    return f"x_MAP = (1, ..., 1) in d = 100: all ascents end within 0.1 of it, {hits:.0%} in the typical complement."


@evidence(
    "Lemma F.6",
    "necessity",
    controls={"converged": {"iterations": 100}},
)
def unfinished_ascents_stay_typical(iterations: int = 1) -> str:
    """Without Assumption F.5: J = -0.02 |x|^4/d - 1e-3 |x|^2, stopped after one step from typical starts."""
    d, delta = 100, 0.5
    starts = np.random.default_rng(2).normal(size=(60, d))

    def well(x):
        square = (x**2).sum(1)
        return -0.02 * square**2 / d, -0.08 * square[:, None] * x / d

    world = GaussianWorld(falling(3, 0.1), well, dimension=d)
    climbed = Ascent(world, lambda x: ((x**2).sum(1), 2 * x), starts, iterations).climb(1e-3)
    square = (climbed.x**2).sum(1)
    hits = float((square > (1 - delta) * d).mean())
    expect(hits > 0.5, "the complement is hit", hits=hits)
    expect(not climbed.converged, "the optimiser has not met its criterion", mean_square=square.mean())
    return f"One step of the ascent leaves {hits:.0%} of the outputs in the complement of the ball around x_MAP = 0."


@evidence("Theorem F.7", "necessity", controls={"E_q[psi] >= tau": {"lift": 1.0}})
def infeasible_laws_cost_less(lift: float = 0.0) -> str:
    p, psi = FOUR
    tau = 2.0
    q = (1 - lift) * p + lift * np.array([0.1, 0.2, 0.2, 0.5])
    parts = decompose(psi, tau, q=q, masses=p)
    expect(parts.kl < parts.klsc_kl + parts.gap - 0.1, "KL(q||p) < KL(q_b||p) + KL(q||q_b)", parts=parts)
    expect(q @ psi < tau and parts.excess < 0, "E_q[psi] < tau", mean=q @ psi)
    return f"q = p at tau = 2: KL(p||p) = 0, the right side is {parts.klsc_kl + parts.gap:.3f}."


@evidence("Theorem F.7", "necessity", controls={"at tau": {"shift": 0.0}, "below tau": {"shift": -0.2}})
def tilts_of_higher_levels_give_no_bound(shift: float = 0.3) -> str:
    """With q_beta the KLSC solution of another, higher level, a feasible q may cost less."""
    p, psi = FOUR
    tau = 1.8
    q, other = baseline(psi, tau, masses=p).masses, baseline(psi, tau + shift, masses=p)
    left, right = summed_kl(q, p), other.kl + summed_kl(q, other.masses)
    expect(left < right - 1e-3, "KL(q||p) < KL(q_b'||p) + KL(q||q_b')", left=left, right=right)
    expect(other.mean > tau + 1e-6, "q_b' solves a higher level", mean=other.mean)
    return f"q_beta' at 2.1 against a feasible q at 1.8: {left:.4f} < {right:.4f}."


@evidence("Theorem F.7", "necessity", controls={"a level the family reaches": {"tau": 1.95}})
def families_may_not_reach(tau: float = 3.9) -> str:
    """A family without a feasible member: the left side is an infimum over nothing, the right side finite."""
    p, psi = FOUR
    feature = np.array([0.0, 2.0, -1.0, 1.5])

    def curve(at):
        return np.log(p) + at[0] * feature, feature[None]

    starts = [np.array([c]) for c in (-2.0, 0.0, 2.0)]
    expect(
        refused(lambda: best_member(curve, psi, tau, starts, masses=p), InfeasibleTarget),
        "no member is feasible",
        tau=tau,
    )
    q_beta = baseline(psi, tau, masses=p)
    right = q_beta.kl + best_member(curve, psi, -math.inf, starts, masses=q_beta.masses).kl
    at = np.linspace(-60, 60, 4001)[:, None] * feature + np.log(p)
    at = np.exp(at - at.max(1, keepdims=True))
    reached = float(((at @ psi) / at.sum(1)).max())
    expect(reached < tau and math.isfinite(right), "a scan agrees", reached=reached, right=right)
    return f"Means end at {reached:.3f}: at tau = 3.9 the right side is {right:.3f}, the left over no law."


def tilted_start(world: GaussianWorld, beta: float) -> tuple[float, float]:
    return world.diffused(*world.psi.tilted(world.mean, world.variance, beta))


@evidence(
    "Theorem G.3",
    "necessity",
    controls={"started in q_T": {"start": tilted_start}, "a long diffusion": {"last": 1e-7}},
)
def the_start_is_remembered(
    start: Callable = lambda world, beta: world.diffused(world.mean, world.variance), last: float = 0.3
) -> str:
    """From p_T instead of q_T the reverse process misses the tilt, however many steps it takes."""
    beta, psi, steps = 0.9, Quadratic(0.7, -0.6), [100, 400, 1600]
    target = psi.tilted(0.4, 0.8, beta)
    worlds = [GaussianWorld(falling(c, last), psi, 0.4, 0.8, ideal=beta) for c in steps]
    misses = [abs(w.law_after(1.0, start(w, beta))[0] - target[0]) for w in worlds]
    expect(misses[-1] > 0.9 * misses[0] and misses[-1] > 0.01, "the mean stays off", steps=steps, misses=misses)
    x_t, q_t = start(worlds[0], beta), tilted_start(worlds[0], beta)
    expect(abs(x_t[0] - q_t[0]) > 0.01, "the start is not q_T", start=x_t, q_T=q_t)
    return f"alpha_bar_N = 0.3, from p_T: the mean misses by {misses[-1]:.3f} at 1600 steps."


@evidence("Theorem G.3", "necessity", controls={"a finite Z": {"beta": 0.3}})
def infinite_partitions_leave_no_tilt(beta: float = 0.6) -> str:
    """psi = x^2 under N(0, 1): from beta = 1/2 on Z is infinite, and so is H_t at every noisy enough level."""
    reach = [10.0, 20.0, 40.0]
    logs = [math.log(quad(lambda x: math.exp((beta - 0.5) * x * x), 0, r, limit=200)[0]) for r in reach]
    expect(min(np.diff(logs)) > 1, "E[exp(beta psi); |x| < r] grows without end", reach=reach, logs=logs)
    world = GaussianWorld(LINEAR.strided(10), Quadratic(curvature=2.0))
    rows = list(each(world.schedule.rows))
    left = [1 - 2 * beta * world.conditional(row)[1] for row in rows]
    expect(left[0] < 0 < left[-1], "no H_t at the noisy end, one at the clean end", one_less_2_beta_w=left)
    expect(Quadratic(curvature=2.0).tilted(0.0, 1.0, beta) is None, "no tilt", beta=beta)
    return "psi = x^2, beta = 0.6: Z = inf, H_t is finite only where Var(X_0 | x_t) < 1/(2 beta)."


@evidence("Theorem G.3", "necessity", controls={"a density": {"variance": 0.5}})
def atoms_have_no_score_at_the_end(variance: float = 0.0) -> str:
    """Without smooth marginals down to t = 0 (Assumption G.1): two atoms at +-1; the scores blow up like 1/t."""
    world = NumpyWorld(np.array([0.4, 0.6]), np.array([[-1.0], [1.0]]), np.full((2, 1, 1), variance), 1.0, 0.0, LINEAR)
    at, rows = np.array([[0.4], [-0.7]]), list(each(LINEAR.rows))
    stein = [np.abs(row.signal * world.denoise(at, row) - at) / row.noise_variance for row in (rows[-30], rows[-1])]
    growth = float((stein[1] / stein[0]).min()) / (rows[-30].noise_variance / rows[-1].noise_variance)
    expect(growth > 0.8, "the score grows like 1/(1 - alpha_bar)", scores=stein, growth=growth)
    expect(variance == 0, "p has no density", variance=variance)
    return f"Two atoms: between them |grad log p_t| reaches {stein[1].max():.0f} at the last level; at 0 there is none."
