"""Sampled rung, Remark G.4 and Algorithm 1: the plug-in gradient, the mean of one step, the lines of the algorithm.

A sample is compared with a number by `SIGMAS` standard errors of the run itself.
"""

import math
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.proofs_check.resolution import reached
from distributional_view.theory import calibrate_klsc
from distributional_view.theory.samplers.energy_dps import energy_dps, guided_rows, guided_step
from distributional_view.theory.samplers.schedule import NoiseSchedule, each
from distributional_view.toy.exact_samples import exact_samples
from distributional_view.toy.ideal import ideal_world
from distributional_view.toy.planar import PlanarWorld
from distributional_view.toy.world import paper_world
from tests.support.numpy_world import NumpyWorld
from tests.support.one_mixture import DIRECTION, MEANS, PSI, SCALE, VARIANCES, WEIGHTS, mixture
from tests.support.resolution import SIGMAS, resolved

LINEAR = NoiseSchedule.linear()
TEN = LINEAR.strided(10)
STEP, SAME = "E[x_(i-1) | x_i] is the step", "every sample is that of the lines"


@evidence(
    "Remark G.4",
    "sampled",
    controls={
        "x0_hat without the division": {
            "tweedie": lambda x, signal, variance, score: x + variance * score,
            "breaks": "x0_hat by Tweedie",
        },
        "x0_hat with half the score": {
            "tweedie": lambda x, signal, variance, score: (x + 0.5 * variance * score) / signal,
            "breaks": "x0_hat by Tweedie",
        },
        "plug-in for grad H": {"exact": False, "breaks": "grad H_t"},
        "grad H counted as an approximation": {"other": "exact", "breaks": "the plug-in is another gradient"},
    },
    resolution={"grad H_t": 0.02},
)
def plug_in_is_not_the_gradient_of_h(
    tweedie: Callable = lambda x, signal, variance, score: (x + variance * score) / signal,
    exact: bool = True,
    other: str = "plug-in",
) -> str:
    """X_0 given x_t by weighted draws of p: grad H_t = s/(1 - s^2) times (its tilted mean less its mean, x0_hat).

    The gradient of `ideal_world` agrees with grad H_t, beta times that of psi(x0_hat) does not.
    """
    n, beta = 150_000, 0.5
    plain = PlanarWorld(mixture(), PSI, TEN, jnp.float64)
    ideal = ideal_world(plain, beta)
    row = list(each(plain.schedule.rows))[4]
    signal, variance = math.sqrt(TEN.alpha_bar[row.index]), 1 - TEN.alpha_bar[row.index]
    at = np.array([[0.5, 0.3], [-0.9, 0.4], [1.1, -1.0]])
    points = plain.from_numpy(at)
    totals = signal**2 * VARIANCES + variance
    pulls = (signal * MEANS - at[:, None]) / totals[:, None]
    shares = WEIGHTS / totals * np.exp(-0.5 * totals * (pulls**2).sum(2))
    stein = (shares[:, :, None] * pulls).sum(1) / shares.sum(1)[:, None]  # grad log p_t
    rng = np.random.default_rng(5)
    k = rng.choice(4, size=n, p=WEIGHTS)
    x0 = MEANS[k] + np.sqrt(VARIANCES[k])[:, None] * rng.normal(size=(n, 2))
    tilt = np.exp(beta * SCALE * (1 - np.cos(np.arctan2(x0[:, 1], x0[:, 0]) - DIRECTION)))
    x0_hat = plain.to_numpy(plain.denoise(points, row))
    expect(
        np.abs(x0_hat - tweedie(at, signal, variance, stein)).max() < 1e-9,
        "x0_hat by Tweedie",
        left=x0_hat,
        score=stein,
    )
    guided = plain.to_numpy(ideal.guidance(points, row).gradient)
    plugged = beta * plain.to_numpy(plain.guidance(points, row).gradient)
    apart, fine = [], 0.0
    for k, x_t in enumerate(at):
        logs = -((x_t - signal * x0) ** 2).sum(1) / (2 * variance)
        w = np.exp(logs - logs.max())
        mean, v = w @ x0 / w.sum(), w * tilt
        error = np.sqrt((w**2) @ (x0 - mean) ** 2) / w.sum()
        expect(np.all(np.abs(mean - x0_hat[k]) < SIGMAS * error), "x0_hat = E[X_0 | x_t]", left=mean, right=x0_hat[k])
        tilted_mean = v @ x0 / v.sum()
        influence = (v / v.sum())[:, None] * (x0 - tilted_mean) - (w / w.sum())[:, None] * (x0 - mean)
        gradient = signal / variance * (tilted_mean - mean)
        allowed = SIGMAS * signal / variance * np.sqrt((influence**2).sum(0))
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
        "twice the guidance": {"strength": 2.0, "breaks": STEP},
        "zeta without the root": {"zeta": lambda row, alpha: row.zeta * math.sqrt(alpha), "breaks": STEP},
        "x0_hat without its root": {"denoised": lambda row, alpha: row.from_x0 * math.sqrt(alpha), "breaks": STEP},
        "the plug-in gradient": {"plug_in": True, "breaks": STEP},
        "no guidance": {"strength": 0.0, "breaks": STEP},
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
            expect(ratio < SIGMAS + 0.5, STEP, index=row.index, h=name, ratio=ratio)
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
        "a gradient past the denoiser": {"through": False, "breaks": SAME},
        "the cap ignored": {"cap": math.inf, "breaks": SAME},
        "a cap of 4.49": {"cap": 4.49, "breaks": SAME},
        "a cap of 4.51": {"cap": 4.51, "breaks": SAME},
        "noise at the last step": {"last_noise": 0.1, "breaks": SAME},
        "DDPM's other variance": {"variance": lambda alpha, before, now: 1 - alpha, "breaks": SAME},
        "a constant zeta": {"zeta": lambda alpha: 0.05, "breaks": SAME},
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
    n, strength = 2000, 0.4
    schedule = LINEAR.strided(12)
    world = NumpyWorld(WEIGHTS, MEANS, VARIANCES[:, None, None] * np.eye(2), SCALE, DIRECTION, schedule)
    noise = world.noise(9, n)

    def x0_hat(x, a):
        totals = a * VARIANCES + 1 - a
        pulls = (math.sqrt(a) * MEANS - x[:, None]) / totals[:, None]
        logs = np.log(WEIGHTS / totals) - 0.5 * totals * (pulls**2).sum(2)
        r = np.exp(logs - logs.max(1, keepdims=True))  # far from all modes too
        return (x + (1 - a) * (r[:, :, None] * pulls).sum(1) / r.sum(1)[:, None]) / math.sqrt(a)

    def psi(x):
        return SCALE * (1 - np.cos(np.arctan2(x[:, 1], x[:, 0]) - DIRECTION))

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
    expect(math.isfinite(apart), "all samples are finite", largest=apart)
    expect(apart < 1e-4, SAME, largest=apart, left=found[:2], right=x[:2])
    reached("x_0", 1e-4 / math.sqrt(float((x**2).mean())))
    expect(1000 < capped < 12 * n - 1000, "the cap was at work", capped=capped)
    return (
        f"12 steps, {n} particles, {capped} times capped: the largest distance to the lines as written is {apart:.0e}."
    )
