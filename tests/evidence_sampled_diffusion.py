"""Sampled rung, Appendix G: time reversal, the tilted score, Algorithm 1 and what the plug-in guidance really samples.

A sample is compared with a number by `SIGMAS` standard errors of the run itself. The error of finitely many steps is
allowed for in one of two ways, neither of them tuned: in Gaussian worlds it is known exactly (`law_after`); elsewhere
it is removed by extrapolation in the number of steps, and what is left is estimated from a third run.
"""

import math
from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.proofs_check.resolution import reached
from distributional_view.theory import calibrate_klsc
from distributional_view.theory.samplers.energy_dps import energy_dps, guided_rows, guided_step, plain_step, unguided
from distributional_view.theory.samplers.schedule import NoiseSchedule, Row, each
from distributional_view.toy.angle import angular_law
from distributional_view.toy.exact_samples import exact_samples
from distributional_view.toy.ideal import ideal_world
from distributional_view.toy.mixture import GaussianMixture
from distributional_view.toy.planar import PlanarWorld
from distributional_view.toy.scores import AngularScore
from distributional_view.toy.world import paper_world
from tests.support.gaussian_world import GaussianWorld, LineWorld, Quadratic, falling, normal_errors
from tests.support.numpy_world import NumpyWorld
from tests.support.resolution import extrapolated, resolved

SIGMAS = 4.0
LINEAR = NoiseSchedule.linear()
WEIGHTS = np.array([0.1, 0.2, 0.3, 0.4])
MEANS = np.array([[1.7, 1.5], [-1.4, 1.9], [-1.8, -1.2], [2.0, -1.6]])
VARIANCES = np.array([1.0, 0.8, 1.3, 0.9])
MIXTURE = GaussianMixture(jnp.asarray(WEIGHTS), jnp.asarray(MEANS), jnp.asarray(VARIANCES[:, None, None] * np.eye(2)))


LINE = np.array([0.3, 0.7]), np.array([-1.2, 0.9]), np.array([0.15, 0.3])
STRIDES = {steps: LINEAR.strided(steps) for steps in (25, 50, 100)}  # one object each: a loop is compiled once for it
TEN = LINEAR.strided(10)


def visited(world, step: Callable, start, rows: Row, noise: Callable, levels: Sequence[int]) -> dict[int, np.ndarray]:
    """The states at these levels of a chain that starts at the last one."""
    x, found = start, {}
    for row in each(rows):
        x = step(world, x, row, noise(row.index - 1))
        if row.index - 1 in levels:
            found[row.index - 1] = x
    return found


def shared(seed: int, shape: tuple[int, int], factor: int) -> Callable[[int], np.ndarray]:
    """Standard normal noise of a chain whose steps are `factor` of the finest ones: sums of the noise of those."""

    def noise(i: int) -> np.ndarray:
        parts = (np.random.default_rng([seed, factor * i + k]).normal(size=shape) for k in range(factor))
        return sum(parts) / math.sqrt(factor)

    return noise


def slope(steps: Sequence[int], errors: Sequence[float]) -> float:
    return float(np.polyfit(np.log(steps), np.log(np.abs(errors)), 1)[0])


def moved(score: float, noise: float) -> Callable:
    """The unguided step with its score and its noise multiplied."""

    def step(world, x, row, z):
        stein = (row.signal * world.denoise(x, row) - x) / row.noise_variance
        return plain_step(world, x, row, noise * z) + (score - 1) * row.tilt_zeta * stein

    return step


def compared(x: np.ndarray, truth: tuple[float, float], counts: Sequence[int], laws: Sequence) -> str:
    """The sample against the exact law of the chain, and that law, as the steps grow, against the normal law of the
    process; `laws` are those of the chain at these step counts, and the sample has the first.

    The chain's mean has no error at all (its conditional means are exact), its variance one that falls like 1/steps.
    """
    means, variances = (np.array([law[k] for law in laws]) - truth[k] for k in (0, 1))
    expect(np.abs(means).max() < 1e-9, "the chain's mean is exact at any number of steps", errors=means)
    rate = slope(counts, variances.tolist())
    expect(-1.1 < rate < -0.9, "the error of the chain's variance falls like 1/steps", rate=rate, errors=variances)
    left = 2 * variances[-1] - variances[-2]
    expect(abs(left) < 1e-3 * truth[1], "to nothing", left=left, variance=truth[1])
    error = normal_errors(x, *laws[0])
    expect(max(map(abs, error)) < SIGMAS, "the law of the chain", exact=laws[0], errors=error)
    said = resolved("Var Y_s", laws[0][1], laws[0][1] * math.sqrt(2 / x.size))
    return f"{x.mean():.3f}, {x.var():.3f} for {truth[0]:.3f}, {truth[1]:.3f} (of the variance {said})"


REVERSALS = {
    "started in N(0, 1)": {"start": lambda mean, variance: (0.0, 1.0)},
    "no noise": {"noise": 0.0},
    "the flow's half score with noise": {"score": 0.5},
    "a score too strong": {"score": 1.4},
    "a tenth of the drift missing": {"score": 0.9},
}


@evidence(
    "Lemma G.2",
    "sampled",
    controls={**REVERSALS, "a score 2 % too strong": {"score": 1.02}},
    resolution={"Var Y_s": 0.02},
)
def gaussians_are_reversed(
    start=lambda mean, variance: (mean, variance), score: float = 1.0, noise: float = 1.0
) -> str:
    """From rho_T on, with a last level that remembers the data (alpha_bar_N = 0.3): the law at two levels."""
    n, counts = 250_000, [100, 200, 400, 800]
    worlds = [GaussianWorld(falling(steps, 0.3), mean=0.8, variance=0.3) for steps in counts]
    world, steps = worlds[0], counts[0]
    begin = start(*world.diffused(0.8, 0.3))
    x = begin[0] + math.sqrt(begin[1]) * np.random.default_rng(1).normal(size=(n, 1))
    found = visited(world, moved(score, noise), x, world.schedule.rows, world.noise(2, n), [steps // 2, 0])
    said = []
    for share in (0.5, 0.0):
        biases = [w.law_after(0.0, w.diffused(0.8, 0.3), int(share * c)) for w, c in zip(worlds, counts, strict=True)]
        truth, level = world.diffused(0.8, 0.3, int(share * steps)), int(share * steps)
        said.append(compared(found[level], truth, counts, biases))
    return f"From rho_T, mean and variance half-way and at the end: {'; '.join(said)}; errors of steps fall like 1/N."


@evidence("Lemma G.2", "sampled", controls=REVERSALS, resolution={"E Y_s^2": 0.02})
def mixtures_are_reversed(start: Callable | None = None, score: float = 1.0, noise: float = 1.0) -> str:
    """Two unequal modes on the line: mean, second moment and mass above 0, half-way and at the end."""
    runs, n = [], 100_000
    for steps in (16, 32, 64):
        world = LineWorld(*LINE, falling(steps, 0.6))
        x = world.noise(steps, n)(steps) if start else world.sample_at(steps, 6, n)
        draws = shared(7, x.shape, 64 // steps)
        states = visited(world, moved(score, noise), x, world.schedule.rows, draws, [steps // 2, 0])
        runs.append((world, states))
    return f"Two modes, extrapolated in steps: {missed(runs)} those of rho_(T-s)."


def missed(runs: Sequence[tuple[LineWorld, dict[int, np.ndarray]]]) -> str:
    """Half-way and at the end: E x, E x^2 and P(x > 0) of the states, extrapolated, against the diffused mixture."""
    worst, said = 0.0, ""
    for part in (0, 1):
        columns: dict[str, list[np.ndarray]] = {}
        for world, states in runs:
            level = max(states) if part == 0 else 0
            x, (w, m, v) = states[level].ravel(), world.diffused(level)
            above = 0.5 * np.array([math.erfc(-c / math.sqrt(2 * s)) for c, s in zip(m, v, strict=True)])
            exact = {"E x": w @ m, "E x^2": w @ (v + m**2), "P(x > 0)": w @ above}
            for of, values in (("E x", x), ("E x^2", x**2), ("P(x > 0)", (x > 0).astype(float))):
                columns.setdefault(of, []).append(values)
        for of, arrays in columns.items():
            value, bias, error = extrapolated(arrays)
            off, allowed = value - exact[of], bias + SIGMAS * error
            expect(abs(off) < allowed, "the law of the process", of=of, part=part, error=off, allowed=allowed)
            worst = max(worst, abs(off))
            if of == "E x^2":
                said = resolved("E Y_s^2", exact[of], error, bias)
    return f"six means of Y_s miss by at most {worst:.4f} (of E x^2 {said})"


def tilted_start(world: GaussianWorld, beta: float) -> tuple[float, float]:
    return world.diffused(*world.psi.tilted(world.mean, world.variance, beta))


@evidence(
    "Theorem G.3",
    "sampled",
    controls={
        "started in p_T": {"start": lambda world, beta: world.diffused(world.mean, world.variance)},
        "twice grad H": {"strength": 2.0},
        "grad H and 2 % more": {"strength": 1.02},
        "minus grad H": {"sign": -1},
        "the plug-in for grad H": {"plug_in": True},
        "no noise": {"noise": 0.0},
    },
    resolution={"Var Y_s": 0.02},
)
def tilted_gaussians_are_reversed(
    start: Callable = tilted_start, strength: float = 1.0, sign: int = 1, plug_in: bool = False, noise: float = 1.0
) -> str:
    """psi = 0.7 x - 0.3 x^2 under N(0.4, 0.8), beta = 0.9: H_t in closed form, the law at two levels."""
    beta, n, counts = 0.9, 1_000_000, [100, 200, 400, 800]
    psi = Quadratic(0.7, -0.6)
    worlds = [GaussianWorld(falling(c, 0.3), psi, 0.4, 0.8, ideal=beta) for c in counts]
    world, steps = worlds[0], counts[0]
    runs = GaussianWorld(world.schedule, psi, 0.4, 0.8) if plug_in else world
    rows = guided_rows(world.schedule, beta * strength if plug_in else strength)
    rows = rows._replace(zeta=sign * rows.zeta, noise_sd=noise * rows.noise_sd)
    begin = start(world, beta)
    x = begin[0] + math.sqrt(begin[1]) * np.random.default_rng(3).normal(size=(n, 1))
    found = visited(runs, guided_step, x, rows, world.noise(4, n), [steps // 2, 0])
    target = psi.tilted(0.4, 0.8, beta)
    said = []
    for share in (0.5, 0.0):
        biases = [w.law_after(1.0, tilted_start(w, beta), int(share * c)) for w, c in zip(worlds, counts, strict=True)]
        truth, level = world.diffused(*target, int(share * steps)), int(share * steps)
        said.append(compared(found[level], truth, counts, biases))
    return f"From q_T with grad H_t, mean and variance half-way and at the end: {'; '.join(said)}."


@evidence(
    "Theorem G.3",
    "sampled",
    controls={
        "started in p_T": {"begin": 0.0},
        "half of grad H": {"strength": 0.5},
        "the plug-in for grad H": {"plug_in": True},
        "the tilt by 2 beta": {"factor": 2.0},
    },
    resolution={"E Y_s^2": 0.02},
)
def tilted_lines_are_reversed(
    begin: float = 1.0, strength: float = 1.0, plug_in: bool = False, factor: float = 1.0
) -> str:
    """Two unequal modes on the line, psi = x, beta = 1.2: H_t in closed form, three means half-way and at the end."""
    beta, n, runs = 1.2, 100_000, []
    for steps in (16, 32, 64):
        world = LineWorld(*LINE, falling(steps, 0.3), None if plug_in else beta)
        x = world.tilted(begin * beta).sample_at(steps, 6, n)
        rows = guided_rows(world.schedule, beta * strength if plug_in else strength)
        states = visited(world, guided_step, x, rows, shared(7, x.shape, 64 // steps), [steps // 2, 0])
        runs.append((world.tilted(factor * beta), states))
    return f"Two modes, extrapolated in steps: {missed(runs)} those of q_(T-s)."


@evidence(
    "Theorem G.3",
    "sampled",
    controls={
        "half of grad H": {"strength": 0.5},
        "the plug-in for grad H": {"plug_in": True},
        "the tilt by 2 beta": {"factor": 2.0},
    },
    slow=True,
    resolution={"E[psi]": 0.1},
)
def tilted_mixtures_are_reversed(strength: float = 1.0, plug_in: bool = False, factor: float = 1.0) -> str:
    """Four unequal modes, an angular score, beta = 0.4: the mean score, extrapolated in the number of steps."""
    beta, n, psi = 0.4, 20_000, AngularScore("cosine", 3.7, 0.6)
    exact, runs = angular_law(MIXTURE, psi).tilt(factor * beta).mean, []
    for steps, schedule in STRIDES.items():
        plain = PlanarWorld(MIXTURE, psi, schedule)
        world = plain if plug_in else ideal_world(plain, beta)
        x = energy_dps(world, world.noise(steps, n), beta * strength if plug_in else strength)
        runs.append(world.to_numpy(world.score(x)))
    value, bias, error = extrapolated(runs)
    allowed = bias + SIGMAS * error
    expect(abs(value - exact) < allowed, "E[psi] under the tilt", left=value, right=exact, by=allowed)
    said = resolved("E[psi]", exact, error, bias)
    return f"Four modes: E[psi] = {value:.3f} after extrapolation, {exact:.3f} under the tilt; of it {said}."


@evidence(
    "Remark G.4",
    "sampled",
    controls={
        "x0_hat without the division": {"tweedie": lambda x, row, score: x + row.noise_variance * score},
        "x0_hat with half the score": {
            "tweedie": lambda x, row, score: (x + 0.5 * row.noise_variance * score) / row.signal
        },
        "plug-in for grad H": {"exact": False},
        "grad H counted as an approximation": {"other": "exact"},
    },
    resolution={"grad H_t": 0.02},
)
def plug_in_is_not_the_gradient_of_h(
    tweedie: Callable = lambda x, row, score: (x + row.noise_variance * score) / row.signal,
    exact: bool = True,
    other: str = "plug-in",
) -> str:
    """X_0 given x_t by weighted draws of p: grad H_t = s/(1 - s^2) times (its tilted mean less its mean, x0_hat).

    The gradient of `ideal_world` agrees with grad H_t, beta times that of psi(x0_hat) does not.
    """
    psi, n, beta = AngularScore("cosine", 3.7, 0.6), 150_000, 0.5
    plain = PlanarWorld(MIXTURE, psi, TEN, jnp.float64)
    ideal = ideal_world(plain, beta)
    row = list(each(plain.schedule.rows))[4]
    at = np.array([[0.5, 0.3], [-0.9, 0.4], [1.1, -1.0]])
    points = plain.from_numpy(at)
    totals = row.signal**2 * VARIANCES + row.noise_variance
    pulls = (row.signal * MEANS - at[:, None]) / totals[:, None]
    shares = WEIGHTS / totals * np.exp(-0.5 * totals * (pulls**2).sum(2))
    stein = (shares[:, :, None] * pulls).sum(1) / shares.sum(1)[:, None]  # grad log p_t
    rng = np.random.default_rng(5)
    k = rng.choice(4, size=n, p=WEIGHTS)
    x0 = MEANS[k] + np.sqrt(VARIANCES[k])[:, None] * rng.normal(size=(n, 2))
    tilt = np.exp(beta * np.asarray(psi(x0)))
    x0_hat = plain.to_numpy(plain.denoise(points, row))
    expect(np.abs(x0_hat - tweedie(at, row, stein)).max() < 1e-9, "x0_hat by Tweedie", left=x0_hat, score=stein)
    guided = plain.to_numpy(ideal.guidance(points, row).gradient)
    plugged = beta * plain.to_numpy(plain.guidance(points, row).gradient)
    apart, fine = [], 0.0
    for k, x_t in enumerate(at):
        logs = -((x_t - row.signal * x0) ** 2).sum(1) / (2 * row.noise_variance)
        w = np.exp(logs - logs.max())
        mean, v = w @ x0 / w.sum(), w * tilt
        error = np.sqrt((w**2) @ (x0 - mean) ** 2) / w.sum()
        expect(np.all(np.abs(mean - x0_hat[k]) < SIGMAS * error), "x0_hat = E[X_0 | x_t]", left=mean, right=x0_hat[k])
        tilted_mean = v @ x0 / v.sum()
        influence = (v / v.sum())[:, None] * (x0 - tilted_mean) - (w / w.sum())[:, None] * (x0 - mean)
        gradient = row.signal / row.noise_variance * (tilted_mean - mean)
        allowed = SIGMAS * row.signal / row.noise_variance * np.sqrt((influence**2).sum(0))
        fine = max(fine, float(np.linalg.norm(allowed) / SIGMAS / np.linalg.norm(gradient)))
        used = guided[k] if exact else plugged[k]
        expect(np.all(np.abs(used - gradient) < allowed), "grad H_t", at=x_t, left=used, right=gradient, by=allowed)
        apart.append(float(np.max(np.abs((plugged if other == "plug-in" else guided)[k] - gradient) / allowed)))
    expect(min(apart) > 1, "the plug-in is another gradient", apart=apart, plug_in=plugged, exact=guided)
    said = resolved("grad H_t", 1.0, fine)
    return (
        f"x0_hat and grad H_t agree with weighted draws (of the gradient {said}); the plug-in misses by "
        f"{min(apart):.0f} or more allowances."
    )


@evidence(
    "Algorithm 1",
    "sampled",
    controls={
        "twice the guidance": {"strength": 2.0},
        "zeta without the root": {"zeta": lambda row, alpha: row.zeta * math.sqrt(alpha)},
        "x0_hat without its root": {"denoised": lambda row, alpha: row.from_x0 * math.sqrt(alpha)},
        "the plug-in gradient": {"plug_in": True},
        "no guidance": {"strength": 0.0},
    },
    resolution={"zeta": 0.02},
)
def conditional_mean_is_exact(
    strength: float = 1.0,
    zeta: Callable = lambda row, alpha: row.zeta,
    denoised: Callable = lambda row, alpha: row.from_x0,
    plug_in: bool = False,
) -> str:
    """One step, however long, from pairs of the tilted forward process: x_(i-1) - step(x_i) is orthogonal to x_i.

    Half a standard error more than elsewhere, for the largest of thirty.
    """
    n, toy = 640_000, paper_world()
    klsc = calibrate_klsc(toy.law, 6.0)
    x0 = exact_samples(toy, klsc, 7, n)
    plain = PlanarWorld(toy.mixture, toy.psi, TEN, jnp.float64)
    ideal = ideal_world(plain, klsc.multiplier)
    world = plain if plug_in else ideal
    rng, worst, finest = np.random.default_rng(8), 0.0, math.inf
    for row in list(each(guided_rows(plain.schedule, strength * (klsc.multiplier if plug_in else 1.0))))[3:9:2]:
        now, before = plain.schedule.alpha_bar[row.index], plain.schedule.alpha_bar[row.index - 1]
        alpha = now / before
        earlier = math.sqrt(before) * x0 + math.sqrt(1 - before) * rng.normal(size=x0.shape)
        x = math.sqrt(alpha) * earlier + math.sqrt(1 - alpha) * rng.normal(size=x0.shape)
        used = row._replace(zeta=zeta(row, alpha), from_x0=denoised(row, alpha))
        points = plain.from_numpy(x)
        left = earlier - plain.to_numpy(guided_step(world, points, used, plain.from_numpy(np.zeros_like(x))))
        gradient = plain.to_numpy(ideal.guidance(points, row).gradient)
        for name, h in {"1": 1 + 0 * x[:, 0], "x": x[:, 0], "y": x[:, 1], "r": np.hypot(*x.T), "xy": x.prod(1)}.items():
            products = left * h[:, None]
            ratio = float(np.max(np.abs(products.mean(0)) / products.std(0) * math.sqrt(n)))
            expect(ratio < SIGMAS + 0.5, "E[x_(i-1) | x_i] is the step", index=row.index, h=name, ratio=ratio)
            worst = max(worst, ratio)
        along = (left * gradient).sum(1)  # the projection that feels zeta most
        error = float(along.std()) / math.sqrt(n)
        expect(abs(along.mean()) < SIGMAS * error, "orthogonal to grad H too", left=along.mean(), se=error)
        finest = min(finest, error / (row.tilt_zeta * float((gradient**2).sum(1).mean())))
    said = resolved("zeta", 1.0, finest)
    return (
        f"Three steps of ten, thirty projections of x_(i-1) - step(x_i): the largest is {worst:.1f} standard errors; "
        f"of the guidance {said}."
    )


@evidence(
    "Algorithm 1",
    "sampled",
    controls={
        "a gradient past the denoiser": {"through": False},
        "the cap ignored": {"cap": math.inf},
        "a cap of 4.49": {"cap": 4.49},
        "a cap of 4.51": {"cap": 4.51},
        "noise at the last step": {"last_noise": 0.1},
        "DDPM's other variance": {"variance": lambda alpha, before, now: 1 - alpha},
        "a constant zeta": {"zeta": lambda alpha: 0.05},
    },
    resolution={"x_0": 1e-4},
)
def samples_are_those_of_the_lines(
    through: bool = True,
    cap: float = 4.5,
    last_noise: float = 0.0,
    variance: Callable = lambda alpha, before, now: (1 - before) * (1 - alpha) / (1 - now),
    zeta: Callable = lambda alpha: (1 - alpha) / math.sqrt(alpha),
) -> str:
    """The lines of the algorithm written out, the gradient by central differences, against `energy_dps`."""
    n, strength, scale, direction = 2000, 0.4, 3.7, 0.6
    schedule = LINEAR.strided(12)
    world = NumpyWorld(WEIGHTS, MEANS, VARIANCES[:, None, None] * np.eye(2), scale, direction, schedule)
    noise = world.noise(9, n)

    def x0_hat(x, a):
        totals = a * VARIANCES + 1 - a
        pulls = (math.sqrt(a) * MEANS - x[:, None]) / totals[:, None]
        r = WEIGHTS / totals * np.exp(-0.5 * totals * (pulls**2).sum(2))
        return (x + (1 - a) * (r[:, :, None] * pulls).sum(1) / r.sum(1)[:, None]) / math.sqrt(a)

    def psi(x):
        return scale * (1 - np.cos(np.arctan2(x[:, 1], x[:, 0]) - direction))

    x, capped = noise(schedule.steps), 0
    for i in range(schedule.steps, 0, -1):
        now, before = schedule.alpha_bar[i], schedule.alpha_bar[i - 1]
        alpha, hat = now / before, x0_hat(x, now)
        along = (lambda p, a=now: psi(x0_hat(p, a))) if through else psi
        at = x if through else hat
        steps = 1e-6 * np.eye(2)
        gradient = np.stack([(along(at + e) - along(at - e)) / 2e-6 for e in steps], axis=1)
        free = psi(hat) <= cap
        capped += int((~free).sum())
        mean = math.sqrt(alpha) * (1 - before) / (1 - now) * x + math.sqrt(before) * (1 - alpha) / (1 - now) * hat
        deviation = math.sqrt(variance(alpha, before, now)) if i > 1 else last_noise
        x = mean + deviation * noise(i - 1) + strength * zeta(alpha) * free[:, None] * gradient
    found = energy_dps(world, noise, strength, cap=4.5)
    apart = float(np.abs(found - x).max())
    expect(apart < 1e-4, "every sample is that of the lines", largest=apart, left=found[:2], right=x[:2])
    reached("x_0", 1e-4 / math.sqrt(float((x**2).mean())))
    expect(1000 < capped < 12 * n - 1000, "the cap was at work", capped=capped)
    return (
        f"12 steps, {n} particles, {capped} times capped: the largest distance to the lines as written is {apart:.0e}."
    )


def angular(scale: float) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """psi = scale (1 - cos(angle)) and its gradient, in the plane."""

    def psi(x):
        r = np.linalg.norm(x, axis=1)
        along = x[:, 0] / r
        return scale * (1 - along), -scale * (np.array([1.0, 0.0]) - (along / r)[:, None] * x) / r[:, None]

    return psi


DIRECTION = angular(2.0)
AFFINE = Quadratic(1.0)


def horizontal(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A linear score: phi = sqrt(alpha_bar) x_1 fades with the noise."""
    return 2.0 * x[:, 0], np.broadcast_to([2.0, 0.0], x.shape)


@evidence(
    "Ours: factor of two",
    "sampled",
    controls={
        "the tilt by beta": {"factor": 1.0},
        "1.95 beta": {"factor": 1.95},
        "2.05 beta": {"factor": 2.05},
        "started in p_T": {"tilted": False},
        "a score that fades": {"psi": horizontal},
        "no noise": {"noise": 0.0},
    },
    resolution={"the factor 2": 0.02},
)
def plug_in_samples_twice_the_tilt(
    factor: float = 2.0, tilted: bool = True, psi: Callable = DIRECTION, noise: float = 1.0
) -> str:
    """Prior N(0, I_2), a score of the direction: from p_T exp(2 beta phi) on the angle keeps its law.

    alpha_bar_N = 0.3, so that a wrong start shows. E[psi] half-way and at the end, and E|x|^2 = 2, extrapolated.
    """
    beta, n = 0.4, 200_000
    angles = 2 * np.pi * (np.arange(4000) + 0.5) / 4000
    scores = 2.0 * (1 - np.cos(angles))
    shares = np.exp(factor * beta * scores) / np.exp(factor * beta * scores).sum()
    exact = float(shares @ scores)
    moves = factor * beta * float(shares @ (scores - exact) ** 2)  # of E[psi] with the log of the factor
    found: dict[tuple[float, str], list[np.ndarray]] = {}
    for steps in (16, 32, 64):
        world = GaussianWorld(falling(steps, 0.3), psi, dimension=2)
        rng = np.random.default_rng(128)
        weights = np.exp(2 * beta * 2.0 * (1 - np.cos(angles))) if tilted else np.ones(4000)
        turned = rng.choice(angles, size=n, p=weights / weights.sum())
        x = np.sqrt(rng.chisquare(2, size=n))[:, None] * np.stack([np.cos(turned), np.sin(turned)], axis=1)
        rows = guided_rows(world.schedule, beta)
        rows, draws = rows._replace(noise_sd=noise * rows.noise_sd), shared(9, x.shape, 64 // steps)
        states = visited(world, guided_step, x, rows, draws, [steps // 2, 0])
        for share in (0.5, 0.0):
            here = states[int(share * steps)]
            for name, values in (("E psi", DIRECTION(here)[0]), ("E|x|^2", (here**2).sum(1))):
                found.setdefault((share, name), []).append(values)
    said, finest = [], ""
    for (share, name), runs in found.items():
        value, bias, error = extrapolated(runs)
        truth, allowed = exact if name == "E psi" else 2.0, bias + SIGMAS * error
        expect(
            abs(value - truth) < allowed, "p_t exp(2 beta phi)", of=(share, name), left=value, right=truth, by=allowed
        )
        said.append(f"{name} = {value:.3f} ({truth:.3f})")
        if (share, name) == (0.5, "E psi"):
            finest = resolved("the factor 2", moves, error, bias)
    return f"beta = 0.4, half-way and at the end, for the tilt by 0.8: {', '.join(said)}; of the 2 {finest}."


@evidence(
    "Ours: plug-in bias",
    "sampled",
    controls={
        "the tilt by beta": {"strength_reached": lambda beta: beta},
        "the tilt by 2 beta": {"strength_reached": lambda beta: 0.5 * (1 - math.exp(-4 * beta))},
        "grad H for the plug-in": {"ideal": True},
    },
    resolution={"the tilt reached": 0.02},
)
def squares_get_less_than_beta(
    strength_reached: Callable[[float], float] = lambda beta: 0.5 * (1 - 4 * beta / math.expm1(4 * beta)),
    ideal: bool = False,
) -> str:
    """psi = x^2 under N(0, 1): the plug-in's variance solves a linear equation and ends at (e^(4 beta) - 1)/(4 beta).

    So it samples the tilt by (1 - 4 beta/(e^(4 beta) - 1))/2 < beta, a law for every beta, while no tilt by beta >= 1/2
    exists. Sample against exact recursion, recursion against the formula at a rate.
    """
    n, counts, said = 1_000_000, [62, 125, 250, 500], []
    for beta in (0.2, 0.4, 1.0):
        worlds = [GaussianWorld(LINEAR.strided(c), Quadratic(curvature=2.0)) for c in counts]
        used = GaussianWorld(worlds[0].schedule, Quadratic(curvature=2.0), ideal=beta) if ideal else worlds[0]
        x = energy_dps(used, used.noise(1, n), 1.0 if ideal else beta)
        laws = [w.law_after(beta) for w in worlds]
        errors = normal_errors(x, *laws[0])
        expect(max(map(abs, errors)) < SIGMAS, "sample and recursion", beta=beta, errors=errors, law=laws[0])
        reached = 1 / (1 - 2 * strength_reached(beta))
        biases = [law[1] - reached for law in laws]
        rate = slope(counts, biases)
        expect(-1.25 < rate < -0.8, "the recursion tends to the formula", beta=beta, rate=rate, biases=biases)
        value, se = 0.5 * (1 - 1 / x.var()), 0.5 * math.sqrt(2 / n) / x.var()
        bias = 0.5 * abs(1 / laws[0][1] - 1 / reached)
        expect(beta - value > SIGMAS * se + bias, "it is not the tilt by beta", beta=beta, reached=value, se=se)
        left = 2 * biases[-1] - biases[-2]
        expect(abs(left) < 4e-3 * reached, "with nothing left", beta=beta, left=left, variance=reached)
        fine = resolved("the tilt reached", value, se)
        said.append(f"{value:.3f} at {beta} ({fine})")
    return f"psi = x^2: the tilt reached is {', '.join(said)}; no tilt by 1.0 exists."


@evidence(
    "Ours: plug-in bias",
    "sampled",
    controls={
        "twice beta": {"factor": 2.0},
        "half of beta": {"factor": 0.5},
        "beta less 5 %": {"factor": 0.95},
        "a curved score": {"psi": Quadratic(1.0, 0.8)},
        "a constant zeta": {"zeta": "constant"},
    },
    resolution={"beta": 0.02},
)
def linear_scores_get_beta(factor: float = 1.0, psi: Quadratic = AFFINE, zeta: str = "tilt") -> str:
    """A linear score and a Gaussian prior: the ratio of the tilt reached to beta is 1, for any mean and variance."""
    n, beta, said = 150_000, 0.7, []
    for mean, variance in ((0.0, 1.0), (-0.5, 2.0)):
        world = GaussianWorld(LINEAR.strided(100), psi, mean, variance)
        truth, target = mean + beta * variance, mean + factor * beta * variance
        bias = abs(world.law_after(beta)[0] - truth)  # of the start in N(0, 1) only: steps leave the mean exact
        expect(bias < 2 * math.sqrt(world.schedule.alpha_bar[-1]) * (1 + abs(truth)), "so it is small", bias=bias)
        x = energy_dps(world, world.noise(2, n), beta, zeta)
        error, allowed = x.mean() - target, SIGMAS * math.sqrt(x.var() / n) + bias
        expect(abs(error) < allowed, "E[x] = mean + beta variance", prior=(mean, variance), error=error, by=allowed)
        fine = resolved("beta", beta * variance, math.sqrt(x.var() / n), bias)
        said.append(f"{(x.mean() - mean) / (beta * variance):.3f} ({fine})")
    return f"A linear score: the ratio of the tilt reached to beta is {' and '.join(said)} (1)."


@evidence(
    "Ours: few steps",
    "sampled",
    controls={
        "no bias": {"expected": lambda steps: 1.0},
        "the cosine schedule": {"schedule": NoiseSchedule.cosine(1000)},
        "noise at the last step": {"last_noise": 0.2},
        "the forward variance for the noise": {"forward": True},
    },
    resolution={"Var x_0": 0.02},
)
def few_steps_shrink_the_prior(
    expected: Callable[[int], float] | None = None,
    schedule: NoiseSchedule = LINEAR,
    last_noise: float = 0.0,
    forward: bool = False,
) -> str:
    """N(0, 1) with the exact score: sampled, by recursion, the two claimed numbers; the bias falls like 1/steps."""
    claimed, said = {50: 0.8574, 1000: 0.9911}, []
    for steps, n in ((50, 200_000), (1000, 130_000)):
        world = GaussianWorld(schedule.strided(steps))
        rows = schedule.strided(steps).rows
        noise = (
            np.sqrt(1 - (1 - rows.noise_variance) / np.append(1 - rows.noise_variance[1:], 1.0))
            if forward
            else rows.noise_sd.copy()
        )
        noise[-1] = last_noise
        x = world.loop(plain_step, world.noise(3, n)(steps), rows._replace(noise_sd=noise), world.noise(3, n))
        exact = GaussianWorld(LINEAR.strided(steps)).law_after(0.0)[1] if expected is None else expected(steps)
        expect(max(map(abs, normal_errors(x, 0.0, exact))) < SIGMAS, "variance", steps=steps, left=x.var(), right=exact)
        expect(abs(exact - claimed[steps]) < 5e-5, "the number", steps=steps, left=exact, right=claimed[steps])
        fine = resolved("Var x_0", exact, exact * math.sqrt(2 / n))
        said.append(f"{x.var():.4f} at {steps} (exact {exact:.4f}; {fine})")
    plain = GaussianWorld(LINEAR.strided(50))
    same = np.array_equal(
        unguided(plain, plain.noise(3, 500)),
        plain.loop(plain_step, plain.noise(3, 500)(50), plain.schedule.rows, plain.noise(3, 500)),
    )
    expect(same, "this is the unguided sampler")
    counts = [50, 100, 200, 400]
    rate = slope(counts, [1 - GaussianWorld(LINEAR.strided(c)).law_after(0.0)[1] for c in counts])
    expect(-1.1 < rate < -0.8, "the bias falls like 1/steps", rate=rate)
    return f"Variance {', '.join(said)}; the bias falls like steps^{rate:.2f}."
