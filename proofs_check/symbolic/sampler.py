"""Algorithm 1 and its few-step bias, symbolically: discrete time, any decreasing alpha_bar, strided or not.

With ab_i = alpha_bar_i: x_i = sqrt(alpha_i) x_(i-1) + noise of variance b_i = 1 - alpha_i, alpha_i = ab_i/ab_(i-1).
Symbols k, l > 0 stand for ab_(i-1) = 1/(1 + k) and alpha_i = 1/(1 + l), so that they run over all of (0, 1).
"""

from collections.abc import Callable, Sequence

import mpmath as mp
import sympy as sp

from distributional_view.proofs_check.algebra import Expression, equal, mean, positive, real
from distributional_view.proofs_check.evidence import evidence, expect

K, L, BETA = positive("k l beta")
BEFORE, ALPHA = 1 / (1 + K), 1 / (1 + L)  # ab_(i-1) and alpha_i
NOW, B = BEFORE * ALPHA, 1 - ALPHA  # ab_i and b_i
SQRT_ALPHA = sp.sqrt(ALPHA)
SHIFT = B / SQRT_ALPHA
X, X0, SCORE = real("x x_0 score")


def _coefficients() -> tuple[Expression, Expression]:
    """Of x_i and of x0_hat in line 3."""
    return sp.sqrt(ALPHA) * (1 - BEFORE) / (1 - NOW), sp.sqrt(BEFORE) * B / (1 - NOW)


def _atoms() -> tuple[tuple[Expression, ...], tuple[Expression, ...], list[Expression]]:
    """Three atoms of x_(i-1), their weights, and the kernels from them to x_i = x."""
    atoms, weights = real("z_:3"), positive("w_:3")
    return atoms, weights, [sp.exp(-((X - sp.sqrt(ALPHA) * z) ** 2) / (2 * B)) for z in atoms]


@evidence(
    "Algorithm 1",
    "symbolic",
    controls={
        "the two coefficients swapped": {"coefficients": lambda: _coefficients()[::-1]},
        "sqrt(ab_i) in place of sqrt(ab_(i-1))": {
            "coefficients": lambda: (_coefficients()[0], _coefficients()[1] * sp.sqrt(ALPHA))
        },
        "Tweedie without the noise level": {"level": 1},
        "noise variance b_i": {"variance": B},
    },
)
def unguided_step(
    coefficients: Callable[[], tuple[Expression, Expression]] = _coefficients,
    level: Expression = 1 - NOW,
    variance: Expression = (1 - BEFORE) / (1 - NOW) * B,
) -> str:
    """Lines 2-3: the mean of x_(i-1) given x_i and x_0, at x_0 = x0_hat; with Tweedie it is (x + b_i s)/sqrt(alpha_i),
    the mean of x_(i-1) given x_i for any law."""
    on_x, on_x0 = coefficients()
    y = real("y")[0]
    precision = 1 / (1 - BEFORE) + ALPHA / B
    centre = (sp.sqrt(BEFORE) * X0 / (1 - BEFORE) + sp.sqrt(ALPHA) * X / B) / precision
    log_joint = -((y - sp.sqrt(BEFORE) * X0) ** 2) / (2 * (1 - BEFORE)) - (X - sp.sqrt(ALPHA) * y) ** 2 / (2 * B)
    square = log_joint + precision * (y - centre) ** 2 / 2
    equal(sp.diff(square, y), 0, "x_(i-1) given x_i and x_0 is normal with this mean and precision")
    equal(on_x * X + on_x0 * X0, centre, "line 3: its mean")
    equal(variance, 1 / precision, "line 3: its variance, sigma_tilde^2 = b_i (1 - ab_(i-1))/(1 - ab_i)")
    x0_hat = (X + level * SCORE) / sp.sqrt(NOW)
    step = (X + B * SCORE) / sp.sqrt(ALPHA)
    equal(on_x * X + on_x0 * x0_hat, step, "lines 2-3 together: (x + b_i s)/sqrt(alpha_i)")
    atoms, weights, kernels = _atoms()
    weighed = [w * c for w, c in zip(weights, kernels, strict=True)]
    times_density = step.subs(SCORE, 0) * sum(weighed) + B / sp.sqrt(ALPHA) * sp.diff(sum(weighed), X)
    equal(sp.expand(times_density), sp.expand(mean(weighed, atoms)), "which is E[x_(i-1) | x_i] for three atoms")
    return (
        "for every ab_(i-1) > ab_i in (0, 1) lines 2-3 are the normal mean and variance of x_(i-1) given x_i and x_0 ="
        " x0_hat, and with Tweedie's x0_hat the mean is E[x_(i-1) | x_i] itself, for three general atoms, hence for"
        " mixtures of them"
    )


@evidence(
    "Algorithm 1",
    "symbolic",
    controls={
        "zeta_i = beta b_i": {"zeta": B},
        "zeta_i = beta sigma_tilde^2": {"zeta": B * (1 - BEFORE) / (1 - NOW)},
        "zeta_i = beta (1 - ab_i)/sqrt(ab_i), a single jump's": {"zeta": (1 - NOW) / sp.sqrt(NOW)},
        "the gradient taken at x0_hat": {"gradient": lambda slope: 1},
    },
)
def guided_step(zeta: Expression = SHIFT, gradient: Callable[[Expression], Expression] = lambda slope: slope) -> str:
    """Line 4 with zeta_i = beta b_i/sqrt(alpha_i): tilting moves E[x_(i-1) | x_i] by b_i/sqrt(alpha_i) grad H_i."""
    # Normal prior, psi = x: regression of x_(i-1) on x_i, for X_0 ~ N(m, v) and for its tilt N(m + beta v, v).
    m, v = real("m")[0], positive("v")[0]
    var = BEFORE * v + 1 - BEFORE

    def regression(prior_mean: Expression) -> Expression:
        centre = sp.sqrt(BEFORE) * prior_mean
        return centre + sp.sqrt(ALPHA) * var / (ALPHA * var + B) * (X - sp.sqrt(ALPHA) * centre)

    denoiser_slope = sp.sqrt(NOW) * v / (NOW * v + 1 - NOW)  # d x0_hat/dx; here grad H = beta times this (Remark G.4)
    shift = BETA * zeta * gradient(denoiser_slope)
    equal(regression(m + BETA * v) - regression(m), shift, "shift of the conditional mean, normal prior")
    # Any law of x_(i-1) with any H_(i-1): weights w exp(h) in place of w; H_i = log(sum w exp(h) k/sum w k).
    atoms, weights, kernels = _atoms()
    prior = [w * c for w, c in zip(weights, kernels, strict=True)]
    tilted = [w * e * c for w, e, c in zip(weights, positive("e_:3"), kernels, strict=True)]
    p, q = sum(prior), sum(tilted)
    shift_pq = sp.expand(mean(tilted, atoms) * p - mean(prior, atoms) * q)  # times p q
    grad_h_pq = sp.expand(sp.diff(q, X) * p - sp.diff(p, X) * q)
    equal(shift_pq, sp.expand(zeta * grad_h_pq), "shift = b_i/sqrt(alpha_i) grad H_i for three atoms, any H_(i-1)")
    # A constant zeta is the strength zeta sqrt(alpha_i)/b_i: on the linear schedule b = 1/50 ... 1/10000.
    strength = sp.sqrt(1 - B) / B
    noisy, clean = (strength.subs(L, b / (1 - b)) for b in (sp.Rational(1, 50), sp.Rational(1, 10000)))
    equal(noisy, 35 * sp.sqrt(2), "constant zeta = 1 at the noisy end: 49.5")
    expect(9999 < clean < 10000, "constant zeta = 1 at the clean end: 10^4", clean=clean)
    return (
        "for every ab_(i-1) > ab_i the tilt moves E[x_(i-1) | x_i] by exactly b_i/sqrt(alpha_i) grad H_i: for a normal"
        " prior with psi = x, where the plug-in gradient is grad H/beta, and for three atoms with any H_(i-1); a"
        " constant zeta has the strength 49.5 zeta to 10^4 zeta along the linear schedule"
    )


def _linear(steps: int = 1000) -> list[mp.mpf]:
    """alpha_bar of the schedule with b_i linear from 1e-4 to 0.02, from noise level 1 to `steps`."""
    levels, product = [], mp.mpf(1)
    for i in range(steps):
        product *= 1 - (mp.mpf("1e-4") + (mp.mpf("0.02") - mp.mpf("1e-4")) * i / (steps - 1))
        levels.append(product)
    return levels


Levels = Callable[[], Sequence[list[mp.mpf]]]


def _every_20th() -> list[list[mp.mpf]]:
    """50 of the 1000 levels: leading strides (from the first or the second level), and trailing ones (to the last)."""
    return [_linear()[first::20] for first in (0, 1, 19)]


def _posterior_variance(before: Expression, now: Expression) -> Expression:
    """sigma_tilde^2 of line 3."""
    return (1 - now / before) * (1 - before) / (1 - now)


def _kernel_variance(before: Expression, now: Expression) -> Expression:
    """b_i, the variance of x_(i-1) given x_i for N(0, 1); no noise at the last step."""
    return (1 - now / before) if before < 1 else mp.mpf(0)


@evidence(
    "Ours: few steps",
    "symbolic",
    controls={
        "50 levels evenly from the first to the last": {
            "strided": lambda: [[_linear()[round(i * 999 / 49)] for i in range(50)]]
        },
        "a linear schedule of 50 steps": {"strided": lambda: [_linear(50)]},
        "noise variance b_i": {"noise": _kernel_variance},
        "a contraction by alpha_i": {"contraction": ALPHA},
    },
)
def variance_of_few_steps(
    strided: Levels = _every_20th,
    noise: Callable[[Expression, Expression], Expression] = _posterior_variance,
    contraction: Expression = SQRT_ALPHA,
) -> str:
    """N(0, 1), s = -x: v_(i-1) = alpha_i v_i + sigma_tilde_i^2, so that 1 - v_0 = sum (ab_(i-1) - ab_i)^2/(1 - ab_i)
    from v_N = 1."""
    on_x, on_x0 = _coefficients()
    x0_hat = (X - (1 - NOW) * X) / sp.sqrt(NOW)
    equal(on_x * X + on_x0 * x0_hat, contraction * X, "the step's mean is sqrt(alpha_i) x_i")
    v = positive("v")[0]
    deficit = 1 - (ALPHA * v + _posterior_variance(BEFORE, NOW))
    lost = (BEFORE - NOW) ** 2 / (BEFORE * (1 - NOW))
    equal(deficit, ALPHA * (1 - v) + lost, "deficit after a step")
    equal(ALPHA * BEFORE, NOW, "so that ab_(i-1) (1 - v_(i-1)) = ab_i (1 - v_i) + (ab_(i-1) - ab_i)^2/(1 - ab_i)")
    equal(ALPHA * 1 + B, 1, "with noise of variance b_i at every step N(0, 1) would be kept: the bias is sigma_tilde's")

    def end(levels: Sequence[mp.mpf]) -> mp.mpf:
        variance = mp.mpf(1)
        for before, now in zip([*levels[-2::-1], mp.mpf(1)], levels[::-1], strict=True):
            variance = now / before * variance + noise(before, now)
        closed = 1 - sum((c - d) ** 2 / (1 - d) for c, d in zip([mp.mpf(1), *levels[:-1]], levels, strict=True))
        expect(abs(closed - variance) < mp.mpf(10) ** -25, "recursion = closed sum", recursion=variance, closed=closed)
        return variance

    with mp.workdps(40):
        full = end(_linear())
        expect(mp.nstr(full, 3) == "0.991", "1000 steps", variance=full)
        coarse = [end(levels) for levels in strided()]
        expect(all(mp.nstr(c, 3) == "0.857" for c in coarse), "50 steps", variances=[mp.nstr(c, 6) for c in coarse])
    return (
        "for N(0, 1) and the exact score the deficit is 1 - v_0 = sum (ab_(i-1) - ab_i)^2/(1 - ab_i), the price of"
        f" sigma_tilde^2 < b_i: v_0 = {mp.nstr(full, 5)} for 1000 linear steps, {mp.nstr(min(coarse), 5)} to"
        f" {mp.nstr(max(coarse), 5)} for every 20th of them, leading or trailing"
    )
