"""Densities that move in time, as general functions: the Fokker-Planck equation, and the noised normal law.

A Fokker-Planck equation is used by replacing the time derivative that it defines. For the variance-preserving process
`a` is alpha_bar in (0, 1]: given X_0, X_t ~ N(sqrt(a) X_0, (1 - a) I).
"""

from collections.abc import Sequence

import sympy as sp

from distributional_view.proofs_check.algebra import Expression, real

X = real("x y")
T = sp.Symbol("t", real=True)


def grad(u: Expression, at: Sequence[Expression]) -> list[Expression]:
    return [sp.diff(u, c) for c in at]


def div(v: Sequence[Expression], at: Sequence[Expression]) -> Expression:
    return sum(sp.diff(w, c) for w, c in zip(v, at, strict=True))


def dot(v: Sequence[Expression], w: Sequence[Expression]) -> Expression:
    return sum(a * b for a, b in zip(v, w, strict=True))


def fokker_planck(
    law: Expression, drift: Sequence[Expression], noise: Expression, at: Sequence[Expression]
) -> Expression:
    """Time derivative of a density under dX = drift dt + noise dW."""
    diffusion = noise**2 / 2 * div(grad(law, at), at)
    return -div([b * law for b in drift], at) + diffusion


def generator(u: Expression, drift: Sequence[Expression], noise: Expression, at: Sequence[Expression]) -> Expression:
    """Rate of the expectation of a function under dX = drift dt + noise dW."""
    return dot(drift, grad(u, at)) + noise**2 / 2 * div(grad(u, at), at)


def general_diffusion(dimension: int) -> tuple[tuple[Expression, ...], list[Expression], Expression, Expression]:
    """Coordinates, drift f, noise g and a density p > 0, all general."""
    at = X[:dimension]
    drift = [sp.Function(f"f_{i}", real=True)(*at, T) for i in range(dimension)]
    return at, drift, sp.Function("g", positive=True)(T), sp.Function("p", positive=True)(*at, T)


def in_time(expression: Expression, rates: dict[Expression, Expression]) -> Expression:
    """Replace each time derivative that an evolution equation defines."""
    return expression.subs({sp.diff(u, T): rate for u, rate in rates.items()})


def noised(prior_mean: Expression, prior_var: Expression, a: Expression) -> tuple[Expression, Expression]:
    """Mean and variance of X_t for a normal X_0."""
    return sp.sqrt(a) * prior_mean, a * prior_var + 1 - a


def log_normal(x: Expression, m: Expression, v: Expression) -> Expression:
    return -((x - m) ** 2) / (2 * v) - sp.log(2 * sp.pi * v) / 2


def posterior(x: Expression, m: Expression, v: Expression, a: Expression) -> tuple[Expression, Expression]:
    """Mean and variance of X_0 ~ N(m, v) given X_t = x."""
    total = a * v + 1 - a
    return m + sp.sqrt(a) * v * (x - sp.sqrt(a) * m) / total, v * (1 - a) / total
