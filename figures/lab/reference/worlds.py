"""The paper's world over the slider's whole range, ten worlds with dragged modes, and modes as prompts."""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

from distributional_view.figures.lab.reference.levels import Record, level, refused
from distributional_view.theory import Hard, Klsc, PiecewiseLaw, calibrate_hard, calibrate_klsc
from distributional_view.toy.angle import angular_law
from distributional_view.toy.mixture import GaussianMixture
from distributional_view.toy.scores import AngularScore
from distributional_view.toy.world import paper_world

BINS = 24
_DRAGGED: dict[str, dict[str, Any]] = {
    "one mode far out": {"modes": [[10, 2], [-1.7, 1.7], [-1.7, -1.7], [1.7, -1.7]]},
    "overlapping": {"modes": [[0.3, 0.2], [-0.2, 0.3], [-0.3, -0.4], [0.4, -0.1]]},
    "one mode at the origin": {"modes": [[0, 0], [-1.7, 1.7], [-1.7, -1.7], [1.7, -1.7]]},
    "one mode on the cut": {"modes": [[3, 3], [-1.7, 1.7], [-0.5, -2], [1.7, -1.7]]},
    "scores mostly low": {"modes": [[2.5, 1.5], [1.5, 2.5], [3, 2.7], [2, 0.3]]},
    "scores mostly high": {"modes": [[-2.5, -1.5], [-1.5, -2.5], [-3, -2.7], [-2, -0.3]]},
    "on the axes": {"modes": [[2.4, 0], [0, 2.4], [-2.4, 0], [0, -2.4]]},
    "two modes in one place": {"modes": [[1.7, 1.7], [-1.7, -1.7], [-1.7, -1.7], [1.7, -1.7]]},
    "unequal weights": {
        "modes": [[1.7, 1.7], [-1.7, 1.7], [-1.7, -1.7], [1.7, -1.7]],
        "weights": [0.4, 0.3, 0.05, 0.25],
    },
    "sharp and small": {"modes": [[6, 5], [-4, 6], [-5, -7], [7, -4]], "sigma": 0.4, "scoreScale": 1.5},
}


def paper_settings() -> Record:
    """The recovered constants as the page takes them."""
    world = paper_world()
    side = world.radius / math.sqrt(2)
    return {
        "modes": [[side, side], [-side, side], [-side, -side], [side, -side]],
        "weights": [0.25] * 4,
        "sigma": world.sigma,
        "scoreScale": world.score_scale,
        "margin": world.margin,
        "targetStep": world.target_step,
    }


def mixture_of(settings: Record) -> GaussianMixture:
    """p of a world."""
    covariance = settings["sigma"] ** 2 * np.eye(2)
    means = np.array(settings["modes"], dtype=np.float64)
    weights = np.array(settings["weights"])
    return GaussianMixture(*(jnp.asarray(a) for a in (weights, means, np.tile(covariance, (len(means), 1, 1)))))


def law_of(settings: Record) -> PiecewiseLaw:
    """The exact law of the score of a world."""
    return angular_law(mixture_of(settings), AngularScore("cosine", settings["scoreScale"], math.pi / 4))


def worlds() -> list[Record]:
    """The record of each world, the paper's first."""
    paper = paper_settings()
    named: dict[str, Record] = {"the paper's": {}} | _DRAGGED
    return [_world(name, paper | changes, 24 if name == "the paper's" else 7) for name, changes in named.items()]


def _world(name: str, settings: Record, levels: int) -> Record:
    law, top = law_of(settings), 2 * settings["scoreScale"]
    low, high = law.mean + 0.02 * (top - law.mean), top - 0.02 * (top - law.mean)
    targets = [law.mean - 0.1 * settings["scoreScale"], *np.linspace(low, high, levels).tolist()]
    if name == "the paper's":
        targets += [4.2, 5.0, 6.0, 7.0, top - 1e-3, top - 1e-5]
    middle = 0.5 * (law.mean + top)
    return {
        "name": name,
        "settings": settings,
        "mean": law.mean,
        "variance": law.variance,
        "levels": [level(law, t, settings["margin"], settings["targetStep"]) for t in targets],
        "refused": refused(law, [top - 1e-3, top, top + 0.1]),
        "histogram": _histogram(law, top, middle),
        "prompts": [_prompt(settings, law, k, middle) for k in range(len(settings["modes"]))],
    }


def _histogram(law: PiecewiseLaw, top: float, target: float) -> Record:
    """Masses of p, truncation and tilt in equal bins."""
    hard, klsc = calibrate_hard(law, target), calibrate_klsc(law, target)
    edges = np.linspace(0, top, BINS + 1)
    return {
        "target": target,
        "prior": _masses(Klsc(law, 0.0), edges),
        "hard": _masses(hard, edges),
        "tilt": _masses(klsc, edges),
    }


def _masses(q: Hard | Klsc, edges: Float[np.ndarray, " e"]) -> list[float]:
    """Each without the cancellation of a difference of survivals."""
    lows = edges[:-1].tolist()
    start = q.threshold if isinstance(q, Hard) else 0.0
    found = []
    for low, high in zip(lows, edges[1:].tolist(), strict=True):
        at = max(low, start)
        found.append(q.survival(at) * q.boundary_mass(at, high - at) if at < high else 0.0)
    return found


def _prompt(settings: Record, law: PiecewiseLaw, index: int, target: float) -> Record:
    """The split of Theorem F.7 for one mode; its KL to p by a Gauss-Legendre product rule around it."""
    mixture, sigma, mode = mixture_of(settings), settings["sigma"], np.array(settings["modes"][index], dtype=np.float64)
    alone = law_of(settings | {"modes": [mode.tolist()], "weights": [1.0]})
    klsc = calibrate_klsc(law, target)
    divergence = _kl_of_mode(mixture, mode, sigma)
    return {
        "kl": divergence,
        "mean": alone.mean,
        "target": target,
        "level": klsc.kl,
        "bottleneck": divergence - klsc.multiplier * alone.mean + klsc.log_partition,
        "overshoot": klsc.multiplier * (alone.mean - target),
    }


def _kl_of_mode(mixture: GaussianMixture, mode: Float[np.ndarray, " 2"], sigma: float) -> float:
    """KL(N(mode, sigma^2 I) || p), in nats."""
    x, w = np.polynomial.legendre.leggauss(400)
    offsets, weights = 9 * x, 9 * w * np.exp(-0.5 * (9 * x) ** 2) / math.sqrt(2 * math.pi)
    grid = np.stack(np.meshgrid(offsets, offsets, indexing="ij"), axis=-1)
    means, shares = np.asarray(mixture.means), np.asarray(mixture.weights)
    squares = ((grid[..., None, :] + (mode - means) / sigma) ** 2).sum(-1)
    log_ratio = -0.5 * (grid**2).sum(-1) - logsumexp(np.log(shares) - 0.5 * squares, axis=-1)
    return float(weights @ log_ratio @ weights)
