"""Appendix G in continuous time, symbolically: marginals, time reversal, and the exact score of a tilt.

Drift, noise, densities and scores are undefined functions in one or two dimensions. Uniqueness of the solution of a
Fokker-Planck equation, and that the law of a process solves it, stay matters of analysis.
"""

from collections.abc import Callable, Sequence

import sympy as sp

from distributional_view.proofs_check.algebra import Expression, equal, positive, real
from distributional_view.proofs_check.evidence import evidence
from distributional_view.proofs_check.evolution import (
    T,
    X,
    fokker_planck,
    general_diffusion,
    generator,
    grad,
    in_time,
    log_normal,
    noised,
    posterior,
)

BETA = positive("beta")[0]
HALF = sp.Rational(1, 2)


@evidence(
    "Assumption G.1",
    "symbolic",
    controls={
        "half the noise": {"noise": HALF},
        "a variance that keeps growing": {"variance": lambda a: a + 1},
        "a drift of full rate": {"drift": 1},
    },
    constants=(
        "noise",
        "drift",
    ),
)
def marginals_of_a_process(
    noise: Expression = 1, variance: Callable[[Expression], Expression] = lambda a: 1 - a, drift: Expression = HALF
) -> str:
    """(181) holds for dX = -b X/2 dt + sqrt(b) dW with any rate b(t): its kernel is N(sqrt(a) x_0, 1 - a)."""
    b = sp.Function("b", positive=True)(T)
    a = sp.Function("a", positive=True)(T)
    here, speed = 1 / (1 + positive("k")[0]), positive("b")[0]
    for dimension in (1, 2):
        at, start = X[:dimension], real(f"s_:{dimension}")
        log_kernel = sum(log_normal(c, sp.sqrt(a) * s, variance(a)) for c, s in zip(at, start, strict=True))
        rate = sp.diff(log_kernel, T).subs(sp.diff(a, T), -b * a)
        kernel = sp.exp(log_kernel)
        stated = sp.expand(fokker_planck(kernel, [-drift * b * c for c in at], sp.sqrt(noise * b), at) / kernel)
        now = {b: speed, a: here}  # any values of the rate and of alpha_bar
        equal(rate.subs(now), stated.subs(now), f"kernel in dimension {dimension}")
    equal(variance(sp.Integer(1)), 0, "at a = 1 the kernel is the unit mass at its start")
    return (
        "for every rate b(t), with a' = -b a, the kernel N(sqrt(a) x_0, (1 - a) I) solves the Fokker-Planck equation in"
        " one and two dimensions and starts as a unit mass: every prior, atoms included, gets smooth positive marginals"
        " at t > 0 as a mixture of kernels; at t = 0 smoothness is the prior's own"
    )


@evidence(
    "Lemma G.2",
    "symbolic",
    controls={
        "half the score": {"score": HALF},
        "the drift not reversed": {"flow": 1},
        "the score with the other sign": {"score": -1},
        "noise switched off but the full score kept": {"noise": 0},
    },
    constants=(
        "score",
        "flow",
    ),
)
def time_reversal(score: Expression = 1, flow: int = -1, noise: Expression = 1) -> str:
    """(183)-(189): rho_(T-s) solves the Fokker-Planck equation of drift -f + g^2 grad log rho and noise g."""
    for dimension in (1, 2):
        at, f, g, rho = general_diffusion(dimension)
        forward = {rho: fokker_planck(rho, f, g, at)}
        log_gradient = grad(sp.log(rho), at)
        drift = [flow * fi + score * g**2 * ui for fi, ui in zip(f, log_gradient, strict=True)]
        carried = [b * rho for b in drift]
        stated = [flow * fi * rho + score * g**2 * ui for fi, ui in zip(f, grad(rho, at), strict=True)]
        for left, right in zip(carried, stated, strict=True):
            equal(sp.expand(left), right, f"(186) in dimension {dimension}: b rho = -f rho + g^2 grad rho")
        backwards = -in_time(sp.diff(rho, T), forward)  # s = T - t: d/ds = -d/dt
        reverse = fokker_planck(rho, drift, noise * g, at)
        equal(sp.expand(backwards), sp.expand(reverse), f"(187)-(189) in dimension {dimension}")
        # The same marginals for any share eta of the noise, with (1 + eta^2)/2 of the score: eta = 0 is the flow.
        eta = positive("eta")[0]
        any_noise = [-fi + (1 + eta**2) / 2 * g**2 * ui for fi, ui in zip(f, log_gradient, strict=True)]
        equal(sp.expand(backwards), sp.expand(fokker_planck(rho, any_noise, eta * g, at)), "any share of the noise")
    return (
        "for general f(x, t), g(t) and rho > 0 in one and two dimensions the terms of (189) cancel; so they do for"
        " noise eta g with (1 + eta^2)/2 of the score, eta = 0 being the probability flow; that the equation's solution"
        " is unique is assumed"
    )


@evidence(
    "Theorem G.3",
    "symbolic",
    controls={
        "e^H solves the backward equation of the forward drift": {"carrier": lambda f, g, u: f, "breaks": "e^H = E["},
        "e^H carried by the flow": {
            "carrier": lambda f, g, u: [-a + g**2 * b / 2 for a, b in zip(f, u, strict=True)],
            "breaks": "e^H = E[",
        },
        "half of the guidance": {"guidance": HALF, "breaks": "(193)"},
        "guidance towards low scores": {"guidance": -1, "breaks": "(193)"},
    },
    constants=("guidance",),
)
def guided_reversal(
    carrier: Callable[..., Sequence[Expression]] = lambda f, g, u: [-a + g**2 * b for a, b in zip(f, u, strict=True)],
    guidance: Expression = 1,
) -> str:
    """(190)-(193): u = e^H solves du/dt = (-f + g^2 grad log p) . grad u + g^2/2 lap u, so that q = p u solves the
    forward equation, and the reverse SDE with grad log p + grad H keeps q.

    The equation of u is proved: by Bayes' rule u = E[exp(beta psi(X_0)) | X_t = x] is the sum of w_i e_i k_i over that
    of w_i k_i, with k_i the density of X_t from the i-th atom, and each k_i solves the forward equation.
    """
    for dimension in (1, 2):
        at, f, g, p = general_diffusion(dimension)
        kernels = [sp.Function(f"k_{i}", positive=True)(*at, T) for i in range(3)]
        w, e = positive("w_:3"), positive("e_:3")
        prior = sum(a * k for a, k in zip(w, kernels, strict=True))
        lifted = sum(a * b * k for a, b, k in zip(w, e, kernels, strict=True))
        each = {k: fokker_planck(k, f, g, at) for k in kernels}
        for law in (prior, lifted):
            equal(
                sp.expand(in_time(sp.diff(law, T), each)), sp.expand(fokker_planck(law, f, g, at)), "mixtures solve it"
            )
        tilted = sp.Function("q", positive=True)(*at, T)
        ratio, pulled = tilted / p, carrier(f, g, grad(sp.log(p), at))
        solved = {law: fokker_planck(law, f, g, at) for law in (p, tilted)}
        risen = in_time(sp.diff(ratio, T), solved)
        stated = generator(ratio, pulled, g, at)
        equal(sp.expand(risen - stated), 0, f"e^H = E[exp(beta psi(X_0)) | X_t] solves its equation, dim {dimension}")
        h = sp.Function("H", real=True)(*at, T)
        u = sp.exp(h)
        log_gradient = grad(sp.log(p), at)
        rates = {
            p: fokker_planck(p, f, g, at),
            h: sp.expand(generator(u, carrier(f, g, log_gradient), g, at) / u),
        }
        q = p * u  # the constant Z drops out
        forward = in_time(sp.diff(q, T), rates)
        equal(sp.expand(forward / u), sp.expand(fokker_planck(q, f, g, at) / u), f"q solves (183), dim {dimension}")
        pairs = list(zip(grad(sp.log(q), at), log_gradient, grad(h, at), strict=True))
        for left, prior, extra in pairs:
            equal(sp.expand(left), sp.expand(prior + extra), f"(192): score identity in dimension {dimension}")
        drift = [-fi + g**2 * (prior + guidance * extra) for fi, (_, prior, extra) in zip(f, pairs, strict=True)]
        reverse = fokker_planck(q, drift, g, at)
        equal(
            sp.expand(-forward / u), sp.expand(reverse / u), f"(193): the guided reverse SDE in dimension {dimension}"
        )
    return (
        "for general f, g, p in one and two dimensions e^H = E[exp(beta psi(X_0)) | X_t], a ratio of mixtures of"
        " transition densities, solves the backward equation of the reversed diffusion (mixtures of three, and any two"
        " solutions of the forward equation); so p e^H solves the forward equation with the same f, g, its"
        " score is grad log p + grad H, and the reverse SDE with that score has the marginals p e^H/Z"
    )


@evidence(
    "Theorem G.3",
    "symbolic",
    controls={
        "the plug-in's H, without the posterior variance": {"spread": 0},
        "the tilted prior narrowed": {"narrowed": 2},
        "Z left out": {"log_z": lambda m, v: 0},
    },
    constants=(
        "spread",
        "narrowed",
    ),
)
def gaussian_tilt(
    spread: int = 1,
    narrowed: int = 1,
    log_z: Callable[[Expression, Expression], Expression] = lambda m, v: BETA * m + BETA**2 * v / 2,
) -> str:
    """X_0 ~ N(m, v), psi = x: H_t = beta E[X_0 | x] + beta^2 Var[X_0 | x]/2, and p_t e^H/Z is N(m + beta v, v) noised;
    the same for the scores in the plane with a general covariance."""
    x, m, k = X[0], real("m")[0], positive("k")[0]
    v, a = positive("v")[0], 1 / (1 + k)
    centre, var = posterior(x, m, v, a)
    h = BETA * centre + spread * BETA**2 * var / 2
    tilted = log_normal(x, *noised(m + BETA * v, v / narrowed, a))
    equal(log_normal(x, *noised(m, v, a)) + h - log_z(m, v), tilted, "log p_t + H_t - A(beta) = log q_t")
    h_now = h.subs(k, 0)
    equal(h_now, BETA * x, "H_0 = beta psi")
    # In the plane: psi = c . x, prior N(0, V) with V general; the noised tilt is N(sqrt(a) beta V c, S).
    c, e = sp.Matrix(real("c_:2")), sp.Matrix(X)
    v_plane = sp.Matrix([[v, m], [m, 1]])
    s = a * v_plane + (1 - a) * sp.eye(2)
    grad_h = BETA * sp.sqrt(a) * (v_plane * s.inv()).T * c
    prior, target = -s.inv() * e, -s.inv() * (e - sp.sqrt(a) * BETA * v_plane * c / narrowed)
    for left, right in zip(prior + grad_h, target, strict=True):
        equal(left, right, "in the plane: score of the noised tilt = score of p_t + grad H_t")
    # Starting from N(0, 1) costs KL(q_T || N(0, 1)), which vanishes with a only.
    end_mean, end_var = noised(m + BETA * v, v, sp.Symbol("a", positive=True))
    cost = (end_mean**2 + end_var - 1 - sp.log(end_var)) / 2
    equal(sp.limit(cost, sp.Symbol("a", positive=True), 0), 0, "the start N(0, 1) is exact as a -> 0")
    return (
        "for X_0 ~ N(m, v) and psi = x, p_t exp(H_t)/Z(beta) is exactly the noised N(m + beta v, v) at every noise"
        " level, with H_0 = beta psi; the scores agree in the plane for a general covariance; KL(q_T ||"
        " N(0, 1)) -> 0 as alpha_bar_T -> 0"
    )
