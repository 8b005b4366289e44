"""Sampled rung, Appendix F: tempered laws, optimisers and the typical region, by draws and ascents.

Every comparison of a sample with a number allows `SIGMAS` standard errors computed from the sample itself.
"""

import math
from collections.abc import Callable

import numpy as np

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.theory.measures.typical import log_mode_ball_mass, paper_exponent, typical_shell
from distributional_view.theory.samplers.ascent import Ascent, gibbs_log_density
from tests.support.gaussian_world import GaussianWorld, Quadratic, falling
from tests.support.strategies import shrinks

SIGMAS = 4.0


def quartic(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """R = |x|^2/2 + |x|^4/4."""
    square = (x**2).sum(1)
    return 0.5 * square + 0.25 * square**2, (1 + square)[:, None] * x


def metropolis(log_density: Callable[[np.ndarray], np.ndarray], x: np.ndarray, scale: float, steps: int) -> np.ndarray:
    """Independent random-walk chains, one for each row."""
    rng = np.random.default_rng(11)
    here = log_density(x)
    for _ in range(steps):
        there = x + scale * rng.normal(size=x.shape)
        logs = log_density(there)
        taken = np.log(rng.random(len(x))) < logs - here
        x, here = np.where(taken[:, None], there, x), np.where(taken, logs, here)
    return x


def integrals(temperature: float, weight: float, slope: float, mode: np.ndarray) -> tuple[float, float]:
    """E_T[max J - J]/T and E_T|x - x*|^2 on a grid around x*, for J written out."""
    axis = np.linspace(-14, 14, 561) * math.sqrt(temperature)
    x, y = mode[0] + axis[:, None], mode[1] + axis[None]
    square = x**2 + y**2
    j = slope * (x + y) - weight * (square / 2 + square**2 / 4)
    pi = np.exp((j - j.max()) / temperature)
    pi /= pi.sum()
    away = (x - mode[0]) ** 2 + (y - mode[1]) ** 2
    return float((pi * (j.max() - j)).sum()) / temperature, float((pi * away).sum())


@evidence(
    "Lemma F.2",
    "sampled",
    controls={
        "the maximiser of psi + lambda R": {"sign": 1},
        "exp(T J)": {"power": 1},
        "a spread like T^2": {"rate": 2.0},
        "ascents cut short": {"iterations": 2},
    },
)
def chains_gather_at_the_maximiser(sign: int = -1, power: int = -1, rate: float = 1.0, iterations: int = 200) -> str:
    """psi = 3 (x_1 + x_2), lambda = 1/2: x* = r (1, 1)/sqrt 2 with r + r^3 = 3 sqrt 2/lambda, by hand.

    Laplace's limits, E_T[max J - J]/T -> d/2 and E_T|x - x*|^2 ~ T, have errors of order T: those of exact integrals
    on a grid are followed to 0, and the chains must agree with the integrals.
    """
    weight, slope, n = 0.5, 3.0, 3000
    world = GaussianWorld(falling(3, 0.1), Quadratic(slope), dimension=2)
    starts = np.random.default_rng(3).uniform(-6, 6, (40, 2))
    ascent = Ascent(world, quartic, starts, iterations)
    roots = np.roots([1.0, 0.0, 1.0, sign * slope * math.sqrt(2) / weight])
    radius = float(next(r.real for r in roots if abs(r.imag) < 1e-9))
    mode = radius / math.sqrt(2) * np.ones(2)
    ends = ascent.climb(weight)
    miss = float(np.abs(ends.x - mode).max())
    expect(miss < 1e-3, "all ascents end in the maximiser of psi - lambda R", miss=miss, mode=mode, ends=ends.x[:3])
    top, temperatures, shares, errors, spreads = float(ends.objective.max()), [0.4, 0.1, 0.025], [], [], []
    for t in temperatures:
        end = metropolis(
            lambda x, t=t: gibbs_log_density(ascent.objective(x, weight)[0], t**-power),
            np.repeat(mode[None], n, axis=0),
            0.8 * math.sqrt(t),
            120,
        )
        lost = (top - ascent.objective(end, weight)[0]) / t
        away = ((end - mode) ** 2).sum(1)
        shares.append(float(lost.mean()))
        spreads.append(float(away.mean()))
        errors.append((float(lost.std(ddof=1)) / math.sqrt(n), float(away.std(ddof=1)) / math.sqrt(n)))
    exact = [integrals(t, weight, slope, mode) for t in (*temperatures, temperatures[-1] / 4)]
    shown = {"T": temperatures, "shares": shares, "spreads": spreads, "errors": errors, "exact": exact}
    for (share, spread), at_t, (share_se, spread_se) in zip(
        zip(shares, spreads, strict=True), exact, errors, strict=False
    ):
        expect(abs(share - at_t[0]) < SIGMAS * share_se, "E_T[max J - J]/T, drawn and integrated", **shown)
        expect(abs(spread - at_t[1]) < SIGMAS * spread_se, "E_T|x - x*|^2, drawn and integrated", **shown)
    expect(shrinks([abs(at_t[0] - 1) for at_t in exact], 0.35), "E_T[max J - J]/T -> d/2", **shown)
    found = np.diff(np.log([at_t[1] for at_t in exact])) / -math.log(4)
    expect(shrinks(np.abs(found - rate).tolist(), 0.35), "E_T|x - x*|^2 falls like T", slopes=found, **shown)
    return f"40 ascents end within {miss:.0e} of x*; at T = 0.025 (max J - J)/T = {shares[-1]:.3f}, d/2 = 1."


def double_well(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """-(x^2 - 4)^2/8 + 1.2 x in the first coordinate: maxima near 2.2 (the higher) and -1.6."""
    u = x[:, :1]
    slope = np.zeros_like(x)
    slope[:, :1] = -0.5 * u * (u**2 - 4) + 1.2
    return -((u**2 - 4) ** 2 / 8)[:, 0] + 1.2 * u[:, 0], slope


def bump(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A score with one maximum, at 0, and no other stationary point."""
    square = (x**2).sum(1)
    return -np.log1p(square), -2 * x / (1 + square)[:, None]


@evidence(
    "Assumption F.5",
    "sampled",
    controls={
        "a second maximum": {"psi": double_well},
        "one iteration": {"iterations": 1},
        "r below the error of the optimiser": {"radius": 1e-12},
        "around another point": {"shift": 0.5},
    },
)
def ascents_end_near_the_maximiser(
    psi: Callable = bump, iterations: int = 200, radius: float = 1e-2, shift: float = 0.0
) -> str:
    """Of n starts none may miss: then eta <= 1 - alpha^(1/n) at confidence 1 - alpha. x_MAP is the best end of all."""
    n, d, alpha = 400, 6, 1e-3
    world = GaussianWorld(falling(3, 0.1), psi, dimension=d)
    starts = np.random.default_rng(4).normal(size=(n, d)) * 2
    eta = -math.expm1(math.log(alpha) / n)
    climbed = Ascent(world, lambda x: (0.05 * (x**2).sum(1), 0.1 * x), starts, iterations).climb(1.0)
    far = np.linalg.norm(climbed.x - (climbed.x[climbed.objective.argmax()] + shift), axis=1)
    missed = int((far > radius).sum())
    expect(missed == 0, "P(|x_hat - x_MAP| <= r) >= 1 - eta", missed=missed, of=n, largest=far.max(), r=radius)
    return f"{n} ascents from N(0, 4 I_6) end within {far.max():.0e} of x_MAP: F.5 with r = {radius}, eta = {eta:.3f}."


@evidence(
    "Assumption F.5",
    "sampled",
    controls={"all starts succeed": {"share": lambda boundary: 1.0}, "half of them": {"share": lambda boundary: 0.5}},
)
def basins_set_the_failure_rate(share: Callable[[float], float] | None = None) -> str:
    """With two maxima eta is the mass of starts in the wrong basin: each start climbed alone, in one dimension."""
    world = GaussianWorld(falling(3, 0.1), double_well)
    starts = np.random.default_rng(5).uniform(-3, 3, (800, 1))
    none = lambda x: (np.zeros(len(x)), np.zeros_like(x))  # noqa: E731
    # Steps along the gradient: the ascent of each start stays in its basin, whose border is the middle root of psi'.
    ends = starts
    for _ in range(400):
        ends = ends + 0.05 * Ascent(world, none, ends, 1).objective(ends, 0.0)[1]
    roots = np.sort(np.roots([-0.5, 0.0, 2.0, 1.2]).real)
    expected = (3 - roots[1]) / 6 if share is None else share(roots[1])
    near = float((np.abs(ends[:, 0] - roots[2]) < 1e-3).mean())
    error = math.sqrt(max(near * (1 - near), 1 / 800) / 800)
    expect(abs(near - expected) < SIGMAS * error, "1 - eta = share of the basin", near=near, share=expected, se=error)
    return f"Two maxima: {near:.3f} +- {error:.3f} of the starts end at the higher; its basin holds {expected:.3f}."


@evidence(
    "Lemma F.6",
    "sampled",
    controls={
        "x_MAP in the shell": {"slope": 1.0},
        "one iteration": {"iterations": 1},
        "three times the exponent": {"bound": lambda delta: 3 * paper_exponent(delta)},
        "draws of N(0, 0.64 I)": {"scale": 0.8},
    },
)
def ascents_miss_what_draws_hit(
    slope: float = 0.0, iterations: int = 200, bound: Callable[[float], float] = paper_exponent, scale: float = 1.0
) -> str:
    """d = 20, delta = 1/2: draws of N(0, I) against outputs of ascents that start from those draws."""
    d, delta, n = 20, 0.5, 40_000
    draws = scale * np.random.default_rng(6).normal(size=(n, d))
    inside = float(((draws**2).sum(1) <= (1 - delta) * d).mean())
    error = math.sqrt(inside * (1 - inside) / n)
    exact = math.exp(log_mode_ball_mass(d, delta))
    expect(abs(inside - exact) < SIGMAS * error, "q(B), drawn and exact", drawn=inside, exact=exact, se=error)
    limit = math.exp(-d * bound(delta))
    expect(inside - SIGMAS * error <= limit, "q(B) <= exp(-d delta^2/4)", drawn=inside, se=error, bound=limit)
    world = GaussianWorld(falling(3, 0.1), Quadratic(slope), dimension=d)
    ends = Ascent(
        world, lambda x: (0.5 * (x**2).sum(1) + 0.01 * (x**4).sum(1), x + 0.04 * x**3), draws[:300], iterations
    )
    x = ends.climb(1.0).x
    near = float((np.linalg.norm(x, axis=1) <= math.sqrt((1 - delta) * d)).mean())
    hit = float(((x**2).sum(1) > (1 - delta) * d).mean())
    expect(near == 1.0, "F.5 with r = sqrt((1 - delta) d), eta = 0 of 300", near=near)
    expect(hit <= 1 - near, "the complement is hit with probability <= eta", hit=hit, eta=1 - near)
    shell = typical_shell(d, 0.1)
    kept = float(((draws**2).sum(1) >= shell.inner**2).mean())
    expect(kept > 0.9 and (x**2).sum(1).max() < shell.inner**2, "no output in the 0.1-typical shell", kept=kept)
    return f"q(B) = {inside:.4f} +- {error:.4f} (exact {exact:.4f}, bound {limit:.3f}); 300 of 300 ascents end in B."
