"""Sampled rung, ours: which tilt the plug-in guidance reaches, and what few steps cost.

A sample is compared with a number by `SIGMAS` standard errors of the run itself. The error of finitely many steps is
allowed for in one of two ways, neither of them tuned: in Gaussian worlds it is known exactly (`law_after`); elsewhere
it is removed by extrapolation in the number of steps, and what is left is estimated from a third run.
"""

import math
from collections.abc import Callable

import numpy as np

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.theory.samplers.energy_dps import energy_dps, guided_rows, guided_step, plain_step, unguided
from distributional_view.theory.samplers.schedule import NoiseSchedule
from tests.support.chains import shared, slope, visited
from tests.support.gaussian_world import GaussianWorld, Quadratic, falling, normal_errors
from tests.support.resolution import SIGMAS, extrapolated, resolved

LINEAR = NoiseSchedule.linear()
MARGINALS, REACHED = "p_t exp(2 beta phi)", "E[x] = mean + beta variance"


DIMENSION = 4
FIRST = np.eye(DIMENSION)[0]


class Direction:
    """psi = 2 (1 - x_1/|x|) with its gradient: x0_hat has the direction of x_t, so that phi = psi."""

    cosines = -1 + 2 * (np.arange(4000) + 0.5) / 4000
    scores = 2.0 * (1 - cosines)

    def __call__(self, x):
        r = np.linalg.norm(x, axis=1)
        cosine = x[:, 0] / r
        return 2.0 * (1 - cosine), -2.0 * (FIRST - (cosine / r)[:, None] * x) / r[:, None]

    def shares(self, multiplier: float) -> np.ndarray:
        """Masses of the cosines, of density sqrt(1 - c^2) exp(multiplier psi) on the sphere in four dimensions."""
        weights = np.sqrt(1 - self.cosines**2) * np.exp(multiplier * self.scores)
        return weights / weights.sum()

    def drawn(self, multiplier: float, alpha_bar: float, rng: np.random.Generator, n: int) -> np.ndarray:
        """n points of p_t exp(multiplier phi), p_t = N(0, I)."""
        c = rng.choice(self.cosines, size=n, p=self.shares(multiplier))
        across = rng.normal(size=(n, DIMENSION - 1))
        across *= (np.sqrt(1 - c**2) / np.linalg.norm(across, axis=1))[:, None]
        return np.sqrt(rng.chisquare(DIMENSION, size=n))[:, None] * np.column_stack([c, across])

    def means(self, multiplier: float, alpha_bar: float) -> dict[str, float]:
        """E[psi] and E|x|^2 under p_t exp(multiplier phi)."""
        return {"E psi": float(self.shares(multiplier) @ self.scores), "E|x|^2": float(DIMENSION)}


class Fading:
    """psi = 2 x_1 with its gradient: phi = 2 sqrt(alpha_bar) x_1 fades with the noise."""

    def __call__(self, x):
        return 2.0 * x[:, 0], np.broadcast_to(2.0 * FIRST, x.shape)

    def drawn(self, multiplier: float, alpha_bar: float, rng: np.random.Generator, n: int) -> np.ndarray:
        """n points of p_t exp(multiplier phi), p_t = N(0, I): its mean is moved along the first axis."""
        return rng.normal(size=(n, DIMENSION)) + 2 * multiplier * math.sqrt(alpha_bar) * FIRST

    def means(self, multiplier: float, alpha_bar: float) -> dict[str, float]:
        """E[psi] and E|x|^2 under p_t exp(multiplier phi)."""
        mean = 2 * multiplier * math.sqrt(alpha_bar)
        return {"E psi": 2 * mean, "E|x|^2": DIMENSION + mean**2}


DIRECTION = Direction()


@evidence(
    "Ours: factor of two",
    "sampled",
    controls={
        "the tilt by beta": {"factor": 1.0, "breaks": MARGINALS},
        "1.95 beta": {"factor": 1.95, "breaks": MARGINALS},
        "2.05 beta": {"factor": 2.05, "breaks": MARGINALS},
        "started in p_T": {"begun": 0.0, "breaks": MARGINALS},
        "a score that fades": {"psi": Fading(), "breaks": MARGINALS},
        "no noise": {"noise": 0.0, "breaks": MARGINALS},
    },
    resolution={"the factor 2": 0.02, "E|x|^2": 0.02},
)
def plug_in_samples_twice_the_tilt(
    factor: float = 2.0, begun: float = 2.0, psi: Direction | Fading = DIRECTION, noise: float = 1.0
) -> str:
    """Prior N(0, I), a score of the direction: from p_T exp(2 beta phi) on the direction keeps its law.

    alpha_bar_N = 0.3, so that a wrong start shows. E[psi] and E|x|^2 half-way and at the end, extrapolated. In four
    dimensions: a step h moves x by about h/|x|, whose square has no finite mean in the plane. There E|x|^2 of the chain
    is infinite and E[psi] has an error like h log h, which no extrapolation of first order removes.
    """
    beta, n, last = 0.4, 200_000, 0.3
    start = psi.drawn(begun * beta, last, np.random.default_rng(1), n)
    for name, values in observed(psi, start).items():
        off, error = values.mean() - psi.means(begun * beta, last)[name], values.std() / math.sqrt(n)
        expect(abs(off) < SIGMAS * error, "the start has its law", of=name, off=off, error=error)
    found: dict[tuple[int, str], list[np.ndarray]] = {}
    for steps in (16, 32, 64):
        world = GaussianWorld(falling(steps, last), psi, dimension=DIMENSION)
        rows = guided_rows(world.schedule, beta)
        rows, draws = rows._replace(noise_sd=noise * rows.noise_sd), shared(109, start.shape, 64 // steps)
        states = visited(lambda x, row, z, w=world: guided_step(w, x, row, z), start, rows, draws, [steps // 2, 0])
        for part, level in enumerate((steps // 2, 0)):
            for name, values in observed(psi, states[level]).items():
                found.setdefault((part, name), []).append(values)
    said = []
    for (part, name), runs in found.items():
        value, bias, error = extrapolated(runs)
        alpha_bar = (falling(2, last).alpha_bar[1], 1.0)[part]
        truth, near = (psi.means(c * beta, alpha_bar)[name] for c in (factor, 1.001 * factor))
        allowed = bias + SIGMAS * error
        expect(abs(value - truth) < allowed, MARGINALS, of=(part, name), left=value, right=truth, by=allowed)
        if name == "E psi":  # moves with the logarithm of the factor
            fine = resolved("the factor 2", (near - truth) / math.log(1.001), error, bias)
        else:
            fine = resolved(name, truth, error, bias)
        said.append(f"{name} = {value:.3f} ({truth:.3f}; {fine})")
    return f"beta = 0.4, half-way and at the end, for the tilt by 0.8: {', '.join(said)}."


def observed(psi: Direction | Fading, x: np.ndarray) -> dict[str, np.ndarray]:
    """psi and |x|^2 at the points."""
    return {"E psi": psi(x)[0], "E|x|^2": (x**2).sum(1)}


AFFINE = Quadratic(1.0)


@evidence(
    "Ours: plug-in bias",
    "sampled",
    controls={
        "the tilt by beta": {"strength_reached": lambda beta: beta, "breaks": "the recursion tends to the formula"},
        "the tilt by 2 beta": {
            "strength_reached": lambda beta: 0.5 * (1 - math.exp(-4 * beta)),
            "breaks": "the recursion tends to the formula",
        },
        "grad H for the plug-in": {"ideal": True, "breaks": "sample and recursion"},
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
        "twice beta": {"factor": 2.0, "breaks": REACHED},
        "half of beta": {"factor": 0.5, "breaks": REACHED},
        "beta less 5 %": {"factor": 0.95, "breaks": REACHED},
        "a curved score": {"psi": Quadratic(1.0, 0.8), "breaks": REACHED},
        "a constant zeta": {"zeta": "constant", "breaks": REACHED},
    },
    resolution={"beta": 1e-8, "E[x]": 0.02},
)
def linear_scores_get_beta(factor: float = 1.0, psi: Quadratic = AFFINE, zeta: str = "tilt") -> str:
    """A linear score and a Gaussian prior: the ratio of the tilt reached to beta is 1, for any mean and variance.

    From the tilt at the last level, with the noise of an unguided chain: what the guidance adds is no random number.
    """
    n, beta, said = 150_000, 0.7, []
    for mean, variance in ((0.0, 1.0), (-0.5, 2.0)):
        world = GaussianWorld(LINEAR.strided(100), psi, mean, variance)
        target = psi.tilted(mean, variance, factor * beta)[0]  # mean + factor beta variance if psi is linear
        x = energy_dps(world, started(world, psi.tilted(mean, variance, beta), n), beta, zeta)
        error, allowed = x.mean() - target, SIGMAS * math.sqrt(x.var() / n)
        expect(abs(error) < allowed, REACHED, prior=(mean, variance), error=error, by=allowed)
        moved = x - unguided(world, started(world, (mean, variance), n))  # by the same amount at every draw
        off, spread = float(moved.mean()) - (target - mean), float(moved.std())
        expect(max(abs(off), spread) < 1e-9, "every draw is moved by beta variance", off=off, spread=spread)
        resolved("E[x]", target, math.sqrt(x.var() / n))
        fine = resolved("beta", beta * variance, 0.0, 1e-9)
        said.append(f"{(x.mean() - mean) / (beta * variance):.3f}")
    ratios = " and ".join(said)
    return f"A linear score: tilt reached to beta is {ratios} in E[x], 1 in what the guidance adds ({fine})."


def started(world: GaussianWorld, clean: tuple[float, float], n: int) -> Callable[[int], np.ndarray]:
    """The world's noise, with the start from the diffused N(*clean) in place of N(0, 1)."""
    noise, (mean, variance) = world.noise(2, n), world.diffused(*clean)

    def draw(i: int) -> np.ndarray:
        return mean + math.sqrt(variance) * noise(i) if i == world.schedule.steps else noise(i)

    return draw


@evidence(
    "Ours: few steps",
    "sampled",
    controls={
        "no bias": {"expected": lambda steps: 1.0, "breaks": "variance"},
        "the cosine schedule": {"schedule": NoiseSchedule.cosine(1000), "breaks": "variance"},
        "noise at the last step": {"last_noise": 0.2, "breaks": "variance"},
        "the forward variance for the noise": {"forward": True, "breaks": "variance"},
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
