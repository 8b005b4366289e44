"""A law of the score as a finite measure of quadrature points, from what it was made of and not from its own methods.

Sums over the points are integrals: of f(Y), over {low <= Y < high}. A normal law is cut into short panels with
Gauss-Legendre nodes; a piece of a latent law gets double exponential nodes, u = 1/(1 + e^(-pi sinh s)), which do not
mind what is singular at its ends; atoms are themselves.
"""

import itertools
import math
from collections.abc import Callable

import numpy as np

from distributional_view.theory import AtomicLaw, GaussianLaw, PiecewiseLaw, ScoreLaw

REACH, PANEL = 40.0, 0.25
"""How far the nodes of a normal law go from its mean, and the width of a panel, in standard deviations."""
STEP = 2.0**-6


def made_of(score: Callable, log_density: Callable, breakpoints: list[float], **domain: object) -> PiecewiseLaw:
    """A latent law that remembers its ingredients, for the sums of this module."""
    law = PiecewiseLaw(score, log_density, np.array(breakpoints), **domain)
    law.ingredients = score, log_density, breakpoints
    return law


def points(law: ScoreLaw, low: float = -math.inf, high: float = math.inf) -> tuple[np.ndarray, np.ndarray]:
    """Values and weights of the law on {low <= Y < high}."""
    if isinstance(law, AtomicLaw):
        values, masses = law.atoms()
        kept = (values >= low) & (values < high) & (masses > 0)
        return values[kept], masses[kept]
    return _normal(law, low, high) if isinstance(law, GaussianLaw) else _latent(law, low, high)


def mass(law: ScoreLaw, low: float = -math.inf, high: float = math.inf) -> float:
    """P(low <= Y < high)."""
    return math.fsum(points(law, low, high)[1])


def top_of(law: ScoreLaw) -> float:
    """The largest score with mass, infinite if there is none."""
    return float(law.atoms()[0].max()) if isinstance(law, AtomicLaw) else law.ess_sup


def has_atoms(law: ScoreLaw) -> bool:
    """Whether some score has mass."""
    return bool(law.atoms()[0].size)


def average(law: ScoreLaw, beta: float = 0.0, low: float = -math.inf, high: float = math.inf) -> float:
    """E[Y | low <= Y < high] under the tilt by beta."""
    values, weights = points(law, low, high)
    logs = beta * values + np.log(weights)
    w = np.exp(logs - logs.max())
    middle = values[int(w.argmax())]
    return float(middle + math.fsum(w * (values - middle)) / math.fsum(w))


def log_moment(law: ScoreLaw, beta: float, low: float = -math.inf, high: float = math.inf) -> float:
    """log E[exp(beta Y) 1{low <= Y < high}]."""
    values, weights = points(law, low, high)
    logs = beta * values + np.log(weights)
    return float(logs.max() + math.log(math.fsum(np.exp(logs - logs.max()))))


def _normal(law: GaussianLaw, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    a, b = (min(max((end - law.location) / law.scale, -REACH), REACH) for end in (low, high))
    edges = np.linspace(a, b, max(2, math.ceil((b - a) / PANEL) + 1))
    nodes, weights = np.polynomial.legendre.leggauss(12)
    half = 0.5 * np.diff(edges)[:, None]
    z = (edges[:-1, None] + half * (1 + nodes)).ravel()
    found = (half * weights).ravel() * np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    return (law.location + law.scale * z)[found > 0], found[found > 0]


def _latent(law: PiecewiseLaw, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    score, log_density, breakpoints = law.ingredients
    s = np.arange(-6.0, 6.0, STEP)
    u = 1 / (1 + np.exp(-math.pi * np.sinh(s)))
    du = STEP * math.pi * np.cosh(s) * u / (1 + np.exp(math.pi * np.sinh(s)))
    values, weights = [], []
    with np.errstate(all="ignore"):
        for a, b in _pieces(score, breakpoints, low, high):
            at = a + (b - a) * u
            inside = (at > a) & (at < b)
            found = (b - a) * du[inside] * np.exp(log_density(at[inside]))
            values.append(score(at[inside])[found > 0])
            weights.append(found[found > 0])
    return np.concatenate([*values, np.zeros(0)]), np.concatenate([*weights, np.zeros(0)])


def _pieces(score: Callable, breakpoints: list[float], low: float, high: float) -> list[tuple[float, float]]:
    """The latent intervals on which low <= score < high; between breakpoints the score is monotone."""
    found = []
    for a, b in itertools.pairwise(breakpoints):
        cuts = sorted({a, b, *(c for level in (low, high) if (c := _crossing(score, a, b, level)) is not None)})
        for left, right in itertools.pairwise(cuts):
            if low <= float(score(np.array([0.5 * (left + right)]))[0]) < high:
                found.append((left, right))
    return found


def _crossing(score: Callable, a: float, b: float, level: float) -> float | None:
    """Where the score passes the level inside (a, b), by bisection, or None."""

    def above(u: float) -> bool:
        return float(score(np.array([u]))[0]) >= level

    start = above(a)
    if math.isinf(level) or start == above(b):
        return None
    while a < (middle := 0.5 * (a + b)) < b:
        a, b = (middle, b) if above(middle) == start else (a, middle)
    return b
