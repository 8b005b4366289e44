"""Prompt families on the toy world: what a restricted description of q can be.

A prompt-guided generator produces only the distributions that its prompts name. Here a vocabulary of four words names
the modes of p; richer families describe q by one Gaussian or by two. Each family contains the one before it.
Paper: Theorem F.7 (20)-(22), Figure 4.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import log_softmax, logsumexp

from distributional_view.theory.errors import InfeasibleTarget
from distributional_view.theory.measures.bottleneck import Family, Parameters, best_member
from distributional_view.theory.measures.finite import Masses, finite_kl
from distributional_view.toy.plane import NodeMeasure
from distributional_view.toy.world import ToyWorld

Points = Float[np.ndarray, "n 2"]
_LIMITS = np.array([[-1e3, -1e3, -15.0, -15.0, -1e6], [1e3, 1e3, 15.0, 15.0, 1e6]])  # no overflow in a wild search step


def gaussian(x: Points, at: Parameters) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "5 n"]]:
    """log N(x; m, (L'L)^-1) and its derivatives along (m1, m2, a, b, c), L = [[e^a, 0], [c, e^b]]."""
    m1, m2, log_a, log_b, c = np.clip(at, *_LIMITS)
    a, b = math.exp(log_a), math.exp(log_b)
    d1, d2 = x[:, 0] - m1, x[:, 1] - m2
    y1, y2 = a * d1, c * d1 + b * d2
    log_density = log_a + log_b - 0.5 * (y1**2 + y2**2) - math.log(2 * math.pi)
    return log_density, np.stack([a * y1 + c * y2, b * y2, 1 - y1**2, 1 - y2 * b * d2, -y2 * d1])


def isotropic_family(x: Points, log_cells: Float[np.ndarray, " n"]) -> Family:
    """N(m, s^2 I), with parameters (m1, m2, -log s)."""

    def family(at: Parameters) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "3 n"]]:
        logs, slopes = gaussian(x, np.array([at[0], at[1], at[2], at[2], 0.0]))
        return log_cells + logs, np.stack([slopes[0], slopes[1], slopes[2] + slopes[3]])

    return family


def gaussian_family(x: Points, log_cells: Float[np.ndarray, " n"]) -> Family:
    """Gaussians with any covariance, five parameters."""

    def family(at: Parameters) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "5 n"]]:
        logs, slopes = gaussian(x, at)
        return log_cells + logs, slopes

    return family


def pair_family(x: Points, log_cells: Float[np.ndarray, " n"]) -> Family:
    """Mixtures of two Gaussians: five parameters each, then the log-odds of the first."""

    def family(at: Parameters) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "11 n"]]:
        (first, d_first), (second, d_second) = gaussian(x, at[:5]), gaussian(x, at[5:10])
        log_w = log_softmax(np.array([at[10], 0.0]))
        parts = np.stack([first + log_w[0], second + log_w[1]])
        total = logsumexp(parts, axis=0)
        share = np.exp(parts - total)
        odds = share[0] - math.exp(log_w[0])
        return log_cells + total, np.vstack([d_first * share[0], d_second * share[1], odds[None]])

    return family


FAMILIES: dict[str, Callable[[Points, Float[np.ndarray, " n"]], Family]] = {
    "one of four words": isotropic_family,
    "isotropic Gaussian": isotropic_family,
    "any Gaussian": gaussian_family,
    "two Gaussians": pair_family,
}
"""From the narrowest to the widest, with the parametrisation of each; each contains the one before."""

WORDS = "one of four words"


class Prompt(NamedTuple):
    """A member of a family: its parameters, its masses on the nodes, and how far it is from a stationary point."""

    parameters: Parameters
    masses: Masses
    stationarity: float


def density(family: str, parameters: Parameters, x: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n"]:
    """The density at x of a member of a family."""
    points = x.reshape(-1, 2)
    logs, _ = FAMILIES[family](points, np.zeros(len(points)))(parameters)
    return np.exp(logs).reshape(x.shape[:-1])


def best_prompts(world: ToyWorld, p: NodeMeasure, target: float, prior: Masses | None = None) -> dict[str, Prompt]:
    """Family -> its member with the least KL to p (or to `prior`) among those with E[psi] >= target.

    A word is exact; the other families are searched locally, each from the best member of the one before, so that a
    wider family never does worse. With target = -inf and prior = q_beta, the KLs are the last term of Theorem F.7.

    Paper: Theorem F.7 (20)-(22), (175).

    Raises:
        InfeasibleTarget: if no word, or no member found, reaches the target.
    """
    prior = p.masses if prior is None else prior
    one_word = _best_word(world, p, target, prior)

    def search(name: str, starts: Sequence[Parameters]) -> Prompt:
        found = best_member(FAMILIES[name](p.points, p.log_cells), p.scores, target, starts, masses=prior)
        return Prompt(found.parameters, found.masses, found.stationarity)

    wide = np.array([0.0, 0.0, -0.5 * math.log(1 + world.radius**2 / 2)])
    isotropic = search("isotropic Gaussian", [one_word.parameters, wide, 0.5 * (one_word.parameters + wide)])
    m1, m2, a = isotropic.parameters
    single = search("any Gaussian", [np.array([m1, m2, a, a, 0.0])])
    pairs = []
    for offset in (np.array([1.0, 1.0]), np.array([1.0, -1.0])):  # along the axis of symmetry, and across it
        near, far = single.parameters.copy(), single.parameters.copy()
        near[:2] += 0.3 * world.radius * offset
        far[:2] -= 0.3 * world.radius * offset
        pairs.append(np.array([*near, *far, 0.0]))
    return {
        WORDS: one_word,
        "isotropic Gaussian": isotropic,
        "any Gaussian": single,
        "two Gaussians": search("two Gaussians", pairs),
    }


def _best_word(world: ToyWorld, p: NodeMeasure, target: float, prior: Masses) -> Prompt:
    """The mode, as a distribution of its own, with the least KL to `prior` among those with E[psi] >= target."""
    family = isotropic_family(p.points, p.log_cells)
    vocabulary = []
    for mean in np.asarray(world.mixture.means, np.float64):
        at = np.array([*mean, -math.log(world.sigma)])
        logs, _ = family(at)
        vocabulary.append(Prompt(at, np.exp(logs - logsumexp(logs)), 0.0))
    feasible = [word for word in vocabulary if float(word.masses @ p.scores) >= target]
    if not feasible:
        best = max(float(word.masses @ p.scores) for word in vocabulary)
        raise InfeasibleTarget(f"target = {target!r}: must be <= {best!r}, the largest E[psi] of the four words")
    return min(feasible, key=lambda word: finite_kl(word.masses, prior))
