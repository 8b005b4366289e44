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
from tests.support.resolution import SIGMAS, resolved
from tests.support.strategies import shrinks


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
        "the maximiser of psi + lambda R": {"sign": 1, "breaks": "all ascents end in the maximiser"},
        "exp(T J)": {"power": 1, "breaks": "E_T[max J - J]/T, drawn and integrated"},
        "a spread like T^2": {"rate": 2.0, "breaks": "E_T|x - x*|^2 falls like T"},
        "ascents cut short": {"iterations": 2, "breaks": "all ascents end in the maximiser"},
    },
    resolution={"E_T[max J - J]/T": 0.02},
)
def chains_gather_at_the_maximiser(sign: int = -1, power: int = -1, rate: float = 1.0, iterations: int = 200) -> str:
    """psi = 3 (x_1 + x_2), lambda = 1/2: x* = r (1, 1)/sqrt 2 with r + r^3 = 3 sqrt 2/lambda, by hand.

    Laplace's limits, E_T[max J - J]/T -> d/2 and E_T|x - x*|^2 ~ T, have errors of order T: those of exact integrals
    on a grid are followed to 0, and the chains must agree with the integrals.
    """
    weight, slope, n = 0.5, 3.0, 70_000
    world = GaussianWorld(falling(3, 0.1), Quadratic(slope), dimension=2)
    starts = np.random.default_rng(3).uniform(-6, 6, (40, 2))
    ascent = Ascent(world, quartic, starts, iterations)
    roots = np.roots([1.0, 0.0, 1.0, sign * slope * math.sqrt(2) / weight])
    radius = float(next(r.real for r in roots if abs(r.imag) < 1e-9))
    mode = radius / math.sqrt(2) * np.ones(2)
    ends = ascent.climb(weight)
    miss = float(np.abs(ends.x - mode).max())
    expect(miss < 1e-3, "all ascents end in the maximiser of psi - lambda R", miss=miss, mode=mode, ends=ends.x[:3])
    at_mode = float(slope * mode.sum() - weight * quartic(mode[None])[0][0])
    expect(abs(ends.objective - at_mode).max() < 1e-5, "with the value there", left=ends.objective[:3], right=at_mode)
    top, temperatures, shares, errors, spreads, densities = at_mode, [0.4, 0.1, 0.025], [], [], [], []
    for t in temperatures:

        def log_density(x: np.ndarray, t: float = t) -> np.ndarray:
            return gibbs_log_density(ascent.objective(x, weight)[0], t**-power)

        end = metropolis(log_density, np.repeat(mode[None], n, axis=0), 0.8 * math.sqrt(t), 120)
        lost = (top - ascent.objective(end, weight)[0]) / t
        away = ((end - mode) ** 2).sum(1)
        written = (at_mode - slope * end.sum(1) + weight * quartic(end)[0]) / t
        expect(np.allclose(lost, written, atol=1e-7), "(max J - J)/T at the draws", left=lost[:3], right=written[:3])
        logs = log_density(end)
        densities.append((logs - logs[0], written[0] - written))
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
    for left, right in densities:
        expect(np.allclose(left, right, atol=1e-7), "log pi_T = J/T up to a constant", left=left[:3], right=right[:3])
    expect(shrinks([abs(at_t[0] - 1) for at_t in exact], 0.35), "E_T[max J - J]/T -> d/2", **shown)
    found = np.diff(np.log([at_t[1] for at_t in exact])) / -math.log(4)
    expect(shrinks(np.abs(found - rate).tolist(), 0.35), "E_T|x - x*|^2 falls like T", slopes=found, **shown)
    said = resolved("E_T[max J - J]/T", shares[-1], errors[-1][0])
    return f"40 ascents end within {miss:.0e} of x*; at T = 0.025 (max J - J)/T = {shares[-1]:.3f}, d/2 = 1: {said}."


def double_well(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """-(x^2 - 4)^2/8 + 1.2 x in the first coordinate: maxima near 2.2 (the higher) and -1.6."""
    u = x[:, :1]
    slope = np.zeros_like(x)
    slope[:, :1] = -0.5 * u * (u**2 - 4) + 1.2
    return -((u**2 - 4) ** 2 / 8)[:, 0] + 1.2 * u[:, 0], slope


NEAR, BASIN = "P(|x_hat - x_MAP| <= r) >= 1 - eta", "1 - eta = share of the basin"
CENTRE = np.array([1.0, -0.5, 0.25, 0.75, -1.0, 0.5])
PULL = 0.05


def bump(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A score with one maximum, at CENTRE, and no other stationary point."""
    away = x - CENTRE
    square = (away**2).sum(1)
    return -np.log1p(square), -2 * away / (1 + square)[:, None]


def bump_mode() -> np.ndarray:
    """The maximiser of bump - PULL |x|^2: s CENTRE with (1 - s) = PULL s (1 + |CENTRE|^2 (1 - s)^2), a cubic in s."""
    c = float(CENTRE @ CENTRE)
    roots = np.roots([PULL * c, -2 * PULL * c, PULL * (1 + c) + 1, -1.0])
    return float(next(r.real for r in roots if abs(r.imag) < 1e-9)) * CENTRE


def well_mode() -> np.ndarray:
    """The maximiser of double_well - PULL |x|^2, on the first axis: the largest of its stationary points."""
    points = np.roots([-0.5, 0.0, 2.0 - 2 * PULL, 1.2]).real
    values = -((points**2 - 4) ** 2) / 8 + 1.2 * points - PULL * points**2
    return np.eye(6)[0] * points[values.argmax()]


@evidence(
    "Assumption F.5",
    "sampled",
    controls={
        "a second maximum": {"psi": double_well, "mode": well_mode, "breaks": NEAR},
        "one iteration": {"iterations": 1, "breaks": NEAR},
        "r below the error of the optimiser": {"radius": 1e-12, "breaks": NEAR},
        "around another point": {"shift": 0.005, "breaks": NEAR},
        "an optimiser off by 3": {"optimiser": lambda ascent: ascent.climb(1.0).x + 3.0, "breaks": NEAR},
        "an optimiser off by 1 %": {"optimiser": lambda ascent: 1.01 * ascent.climb(1.0).x, "breaks": NEAR},
    },
    resolution={"x_MAP": 1e-3},
)
def ascents_end_near_the_maximiser(
    psi: Callable = bump,
    mode: Callable[[], np.ndarray] = bump_mode,
    iterations: int = 200,
    radius: float = 1e-3,
    shift: float = 0.0,
    optimiser: Callable[[Ascent], np.ndarray] = lambda ascent: ascent.climb(1.0).x,
) -> str:
    """Of n starts none may miss: then eta <= 1 - alpha^(1/n) at confidence 1 - alpha. x_MAP by hand, not the best end.

    That it is the maximum: no start, no end and no point of a cloud around it has a larger J.
    """
    n, d, alpha = 400, 6, 1e-3
    world = GaussianWorld(falling(3, 0.1), psi, dimension=d)
    rng = np.random.default_rng(4)
    starts, x_map = rng.normal(size=(n, d)) * 2, mode()
    eta = -math.expm1(math.log(alpha) / n)
    ascent = Ascent(world, lambda x: (PULL * (x**2).sum(1), 2 * PULL * x), starts, iterations)
    ends = optimiser(ascent)

    def value(x: np.ndarray) -> np.ndarray:
        return psi(x)[0] - PULL * (x**2).sum(1)

    cloud = np.concatenate([starts, ends, x_map + 0.1 * rng.normal(size=(5000, d))])
    expect(value(cloud).max() <= value(x_map[None])[0] + 1e-12, "x_MAP is the maximum", at=x_map)
    far = np.linalg.norm(ends - (x_map + shift), axis=1)
    missed = int((far > radius).sum())
    expect(missed == 0, NEAR, missed=missed, of=n, largest=far.max(), r=radius)
    said = resolved("x_MAP", float(np.linalg.norm(x_map)), 0.0, radius)
    return (
        f"{n} ascents from N(0, 4 I_6) end within {far.max():.0e} of x_MAP, known by hand: F.5 with r = {radius}, "
        f"eta = {eta:.3f}; of x_MAP {said}."
    )


@evidence(
    "Assumption F.5",
    "sampled",
    controls={
        "all starts succeed": {"share": lambda boundary: 1.0, "breaks": BASIN},
        "half of them": {"share": lambda boundary: 0.5, "breaks": BASIN},
        "a basin 2 % larger": {"share": lambda boundary: 1.02 * (3 - boundary) / 6, "breaks": BASIN},
        "a basin 2 % smaller": {"share": lambda boundary: 0.98 * (3 - boundary) / 6, "breaks": BASIN},
    },
    resolution={"1 - eta": 0.02},
)
def basins_set_the_failure_rate(share: Callable[[float], float] | None = None) -> str:
    """With two maxima eta is the mass of starts in the wrong basin: each start climbed alone, in one dimension."""
    world = GaussianWorld(falling(3, 0.1), double_well)
    n = 60_000
    starts = np.random.default_rng(5).uniform(-3, 3, (n, 1))
    none = lambda x: (np.zeros(len(x)), np.zeros_like(x))  # noqa: E731
    # Steps along the gradient: the ascent of each start stays in its basin, whose border is the middle root of psi'.
    ends = starts
    for _ in range(200):
        ends = ends + 0.1 * Ascent(world, none, ends, 1).objective(ends, 0.0)[1]
    roots = np.sort(np.roots([-0.5, 0.0, 2.0, 1.2]).real)
    expected = (3 - roots[1]) / 6 if share is None else share(roots[1])
    near = float((np.abs(ends[:, 0] - roots[2]) < 1e-3).mean())
    error = math.sqrt(max(near * (1 - near), 1 / n) / n)
    expect(abs(near - expected) < SIGMAS * error, BASIN, near=near, share=expected, se=error)
    said = resolved("1 - eta", expected, error)
    return (
        f"Two maxima: {near:.3f} +- {error:.3f} of the starts end at the higher; its basin holds {expected:.3f}; "
        f"of it {said}."
    )


def summed_log_ball(d: int, delta: float) -> float:
    """log P(|X|^2 <= (1 - delta) d), X ~ N(0, I_d): the series of the incomplete gamma function, written out."""
    a, x = d / 2, (1 - delta) * d / 2
    ratios = np.log(x) - np.log(a + np.arange(1, 20_000))
    return a * math.log(x) - x - math.lgamma(a + 1) + math.log1p(math.fsum(np.exp(np.cumsum(ratios))))


@evidence(
    "Lemma F.6",
    "sampled",
    controls={
        "x_MAP in the shell": {"slope": 1.0, "breaks": "the outputs are in B"},
        "one iteration": {"iterations": 1, "breaks": "F.5 around x_MAP"},
        "three times the exponent": {"exponent": lambda delta: 3 * delta**2 / 4, "breaks": "q(B) <= exp"},
        "the exponent and 1 % more": {"exponent": lambda delta: 1.01 * delta**2 / 4, "breaks": "no exponent 0.4 %"},
        "the exponent less 1 %": {"exponent": lambda delta: 0.99 * delta**2 / 4, "breaks": "no exponent 0.4 %"},
        "draws of N(0, 0.98 I)": {"scale": 0.99, "breaks": "q(B), drawn and exact"},
        "q(B) = 42": {"ball": lambda d, delta: math.log(42.0), "breaks": "q(B) by its sum"},
        "q(B) and 3 % more": {
            "ball": lambda d, delta: log_mode_ball_mass(d, delta) + math.log(1.03),
            "breaks": "q(B) by its sum",
        },
    },
    resolution={"q(B)": 0.02},
)
def ascents_miss_what_draws_hit(
    slope: float = 0.0,
    iterations: int = 200,
    exponent: Callable[[float], float] = lambda delta: paper_exponent(delta),
    scale: float = 1.0,
    ball: Callable[[int, float], float] = lambda d, delta: log_mode_ball_mass(d, delta),
) -> str:
    """d = 20, delta = 1/2: draws of N(0, I) against outputs of ascents that start from those draws.

    The constant of the bound needs small delta and large d, where -log q(B)/d tends to it: by a sum.
    """
    d, delta, n, alpha = 20, 0.5, 2_000_000, 1e-3
    rng = np.random.default_rng(6)
    squares = np.concatenate([(scale**2 * rng.normal(size=(n // 10, d)) ** 2).sum(1) for _ in range(10)])
    inside = float((squares <= (1 - delta) * d).mean())
    error = math.sqrt(inside * (1 - inside) / n)
    exact, limit = math.exp(ball(d, delta)), math.exp(-d * exponent(delta))
    expect(math.isclose(exact, math.exp(summed_log_ball(d, delta)), rel_tol=1e-9), "q(B) by its sum", left=exact)
    expect(abs(inside - exact) < SIGMAS * error, "q(B), drawn and exact", drawn=inside, exact=exact, se=error)
    expect(inside - SIGMAS * error <= limit, "q(B) <= exp(-d delta^2/4)", drawn=inside, se=error, bound=limit)
    large, small = 10**10, 0.002
    rate = -summed_log_ball(large, small) / large / exponent(small)
    expect(1 <= rate < 1.004, "no exponent 0.4 % larger bounds q(B)", rate=rate, d=large, delta=small)
    world = GaussianWorld(falling(3, 0.1), Quadratic(slope), dimension=d)
    starts = rng.normal(size=(300, d))
    ends = Ascent(world, lambda x: (0.5 * (x**2).sum(1) + 0.01 * (x**4).sum(1), x + 0.04 * x**3), starts, iterations)
    x = ends.climb(1.0).x
    x_map = float(next(r.real for r in np.roots([0.04, 0.0, 1.0, -slope]) if abs(r.imag) < 1e-9))  # each coordinate
    far, eta = np.linalg.norm(x - x_map, axis=1), -math.expm1(math.log(alpha) / len(starts))
    expect(far.max() < 1e-3, "F.5 around x_MAP", largest=far.max(), x_map=x_map)
    size = np.linalg.norm(x, axis=1)
    expect(size.max() <= math.sqrt((1 - delta) * d), "the outputs are in B", largest=size.max())
    drawn = 1 - float(((starts**2).sum(1) <= (1 - delta) * d).mean())
    expect(drawn >= 1 - limit > eta, "where the ascents began, in the typical region", share=drawn, eta=eta)
    shell = typical_shell(d, 0.1)
    edges = [(shell.inner, 0.05), (shell.median, 0.5), (shell.outer, 0.95)]
    for edge, share in edges:
        se = math.sqrt(share * (1 - share) / n)
        found = float((squares <= edge**2).mean())
        expect(abs(found - share) < SIGMAS * se, "the 0.1-typical shell", edge=edge, left=found, right=share)
    expect(size.max() < shell.inner, "no output in it", largest=size.max(), inner=shell.inner)
    said = resolved("q(B)", exact, error)
    return (
        f"q(B) = {inside:.4f} +- {error:.4f} (exact {exact:.4f}, bound {limit:.3f}; {said}); the exponent is sharp to "
        f"{rate - 1:.3f}; 300 of 300 ascents end at the mode, eta = {eta:.3f}."
    )
