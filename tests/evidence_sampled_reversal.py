"""Sampled rung, Appendix G: time reversal and the tilted score, by chains that run from the last level to the first.

A sample is compared with a number by `SIGMAS` standard errors of the run itself. The error of finitely many steps is
allowed for in one of two ways, neither of them tuned: in Gaussian worlds it is known exactly (`law_after`); elsewhere
it is removed by extrapolation in the number of steps, and what is left is estimated from a third run.
"""

import math
from collections.abc import Callable, Sequence

import equinox as eqx
import numpy as np

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.theory.samplers.energy_dps import energy_dps, guided_rows, guided_step, plain_step
from distributional_view.theory.samplers.schedule import NoiseSchedule
from distributional_view.toy.angle import angular_law
from distributional_view.toy.ideal import ideal_world
from distributional_view.toy.planar import PlanarNoise, PlanarWorld
from tests.support.chains import shared, slope, visited
from tests.support.gaussian_world import GaussianWorld, LineWorld, Quadratic, falling, normal_errors
from tests.support.one_mixture import PSI, mixture
from tests.support.resolution import SIGMAS, extrapolated, resolved

LINE = np.array([0.3, 0.7]), np.array([-1.2, 0.9]), np.array([0.15, 0.3])
LAW = "the law of Y_s"
LINEAR = NoiseSchedule.linear()
STRIDES = {steps: LINEAR.strided(steps) for steps in (25, 50, 100)}  # one object each: a loop is compiled once for it


def moved(world: GaussianWorld | LineWorld, score: float, noise: float) -> Callable:
    """The unguided step with its score and its noise multiplied."""

    def step(x, row, z):
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
    mean, variance = laws[0]
    error = normal_errors(x, mean, variance)
    expect(max(map(abs, error)) < SIGMAS, LAW, exact=laws[0], errors=error)
    resolved("E Y_s", mean, math.sqrt(variance / x.size))
    said = resolved("Var Y_s", variance, variance * math.sqrt(2 / x.size))
    return f"{x.mean():.3f}, {x.var():.3f} for {truth[0]:.3f}, {truth[1]:.3f} (of the variance {said})"


REVERSALS = {
    "started in N(0, 1)": {"start": lambda mean, variance: (0.0, 1.0), "breaks": LAW},
    "no noise": {"noise": 0.0, "breaks": LAW},
    "the flow's half score with noise": {"score": 0.5, "breaks": LAW},
    "a score too strong": {"score": 1.4, "breaks": LAW},
    "a tenth of the drift missing": {"score": 0.9, "breaks": LAW},
}


@evidence(
    "Lemma G.2",
    "sampled",
    controls={**REVERSALS, "a score 2 % too strong": {"score": 1.02, "breaks": LAW}},
    resolution={"E Y_s": 0.02, "Var Y_s": 0.02},
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
    found = visited(moved(world, score, noise), x, world.schedule.rows, world.noise(2, n), [steps // 2, 0])
    said = []
    for share in (0.5, 0.0):
        biases = [w.law_after(0.0, w.diffused(0.8, 0.3), int(share * c)) for w, c in zip(worlds, counts, strict=True)]
        truth, level = world.diffused(0.8, 0.3, int(share * steps)), int(share * steps)
        said.append(compared(found[level], truth, counts, biases))
    return f"From rho_T, mean and variance half-way and at the end: {'; '.join(said)}; errors of steps fall like 1/N."


@evidence(
    "Lemma G.2",
    "sampled",
    controls=REVERSALS,
    resolution={"E Y_s^2": 0.02, "P(Y_s > 0)": 0.02},
)
def mixtures_are_reversed(start: Callable | None = None, score: float = 1.0, noise: float = 1.0) -> str:
    """Two unequal modes on the line: mean, second moment and mass above 0, half-way and at the end."""
    runs, n = [], 100_000
    for steps in (16, 32, 64):
        world = LineWorld(*LINE, falling(steps, 0.6))
        x = world.noise(steps, n)(steps) if start else world.sample_at(steps, 6, n)
        draws = shared(7, x.shape, 64 // steps)
        states = visited(moved(world, score, noise), x, world.schedule.rows, draws, [steps // 2, 0])
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
            expect(abs(off) < allowed, LAW, of=of, part=part, error=off, allowed=allowed)
            worst = max(worst, abs(off))
            if of != "E x":
                said = resolved(of.replace("x", "Y_s"), exact[of], error, bias)
    return f"six means of Y_s miss by at most {worst:.4f} (of the mass above 0 {said})"


def tilted_start(world: GaussianWorld, beta: float) -> tuple[float, float]:
    return world.diffused(*world.psi.tilted(world.mean, world.variance, beta))


@evidence(
    "Theorem G.3",
    "sampled",
    controls={
        "started in p_T": {"start": lambda world, beta: world.diffused(world.mean, world.variance), "breaks": LAW},
        "twice grad H": {"strength": 2.0, "breaks": LAW},
        "grad H and 2 % more": {"strength": 1.02, "breaks": LAW},
        "minus grad H": {"sign": -1, "breaks": LAW},
        "the plug-in for grad H": {"plug_in": True, "breaks": LAW},
        "no noise": {"noise": 0.0, "breaks": LAW},
    },
    resolution={"E Y_s": 0.01, "Var Y_s": 0.01},
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
    found = visited(lambda x, row, z: guided_step(runs, x, row, z), x, rows, world.noise(4, n), [steps // 2, 0])
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
        "started in p_T": {"begin": 0.0, "breaks": LAW},
        "half of grad H": {"strength": 0.5, "breaks": LAW},
        "the plug-in for grad H": {"plug_in": True, "breaks": LAW},
        "the tilt by 2 beta": {"factor": 2.0, "breaks": LAW},
    },
    resolution={"E Y_s^2": 0.02, "P(Y_s > 0)": 0.02},
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
        draws = shared(7, x.shape, 64 // steps)
        states = visited(lambda x, row, z, w=world: guided_step(w, x, row, z), x, rows, draws, [steps // 2, 0])
        runs.append((world.tilted(factor * beta), states))
    return f"Two modes, extrapolated in steps: {missed(runs)} those of q_(T-s)."


class PairedNoise(eqx.Module):
    """A world's noise for steps that are `factor` of the finest ones: the same start, then sums of their noise."""

    finest: PlanarNoise
    factor: int = eqx.field(static=True)

    def __call__(self, index):
        if isinstance(index, int):  # the start; inside the compiled loop an index is traced
            return self.finest(self.factor * index)
        total = self.finest(self.factor * index)
        for k in range(1, self.factor):
            total = total + self.finest(self.factor * index + k)
        return total * (1 / math.sqrt(self.factor))


@evidence(
    "Theorem G.3",
    "sampled",
    controls={
        "half of grad H": {"strength": 0.5, "breaks": "E[psi] under the tilt"},
        "grad H less 5 %": {"strength": 0.95, "breaks": "E[psi] under the tilt"},
        "the plug-in for grad H": {"plug_in": True, "breaks": "E[psi] under the tilt"},
        "the tilt by 2 beta": {"factor": 2.0, "breaks": "E[psi] under the tilt"},
    },
    resolution={"E[psi]": 0.01, "beta": 0.04},
)
def tilted_mixtures_are_reversed(strength: float = 1.0, plug_in: bool = False, factor: float = 1.0) -> str:
    """Four unequal modes, an angular score, beta = 0.4: the mean score, extrapolated in the number of steps."""
    beta, n, runs = 0.4, 60_000, []
    law = angular_law(mixture(), PSI)
    exact, near = (law.tilt(c * factor * beta).mean for c in (1.0, 1.01))
    for steps, schedule in STRIDES.items():
        plain = PlanarWorld(mixture(), PSI, schedule)
        world = plain if plug_in else ideal_world(plain, beta)
        noise = PairedNoise(world.noise(1, n), max(STRIDES) // steps)
        x = energy_dps(world, noise, beta * strength if plug_in else strength)
        runs.append(world.to_numpy(world.score(x)))
    value, bias, error = extrapolated(runs)
    allowed = bias + SIGMAS * error
    expect(abs(value - exact) < allowed, "E[psi] under the tilt", left=value, right=exact, by=allowed)
    said = resolved("E[psi]", exact, error, bias)
    moves = (near - exact) / math.log(1.01)  # with the logarithm of beta
    of_beta = resolved("beta", moves, error, bias)
    return (
        f"Four modes: E[psi] = {value:.3f} after extrapolation, {exact:.3f} under the tilt; of it {said}, of beta "
        f"{of_beta}."
    )
