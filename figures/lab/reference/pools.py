"""Finite pools: own files with ties, zeros, offsets; a heavy tail; the points and the example that the page draws."""

import math

import numpy as np
from jaxtyping import Float

from distributional_view.figures.lab.reference.generator import normals, uniform
from distributional_view.figures.lab.reference.levels import Record, level, refused
from distributional_view.figures.lab.reference.worlds import mixture_of, paper_settings
from distributional_view.theory import (
    AtomicLaw,
    Solution,
    calibrate_hard,
    calibrate_klsc,
    effective_size,
    inclusion_probabilities,
    retrieve,
    systematic_sample,
    top_k_truncation,
)
from distributional_view.toy.scores import AngularScore

EXAMPLE = {"seed": 8, "n": 100_000}
"""The example of the page: Gamma(1/2), half the square of a normal number."""
POINTS = {"seed": 1, "n": 20_000}
"""The points of the page."""
OFFSET = 0.37
"""Of the first tick of a systematic sample."""
Scores = Float[np.ndarray, " n"]


def pools() -> list[Record]:
    """The record of each pool; small ones carry their scores."""
    found = [_pool(name, scores, {"scores": scores.tolist()}) for name, scores in _small().items()]
    found.append(_pool("example", example(), {"example": EXAMPLE}, ks=[100, 1000]))
    found.append(_pool("points", points(paper_settings()), {"points": POINTS}, targets=[4.2, 5.0, 6.0, 7.0, 7.9]))
    return found


def _small() -> dict[str, Scores]:
    """Scores as files have them; rounded, so that they are short and tie."""

    def drawn(seed: int, n: int) -> Scores:
        return normals(n, uniform(seed))

    return {
        "ties": np.round(drawn(11, 60), 1),
        "zeros of a ReLU": np.round(np.maximum(drawn(12, 80) - 0.8, 0.0), 3),
        "negative": np.round(-5 + drawn(13, 40), 3),
        "large offset": 1e6 + np.round(drawn(14, 50), 4),
        "heavy tail": np.round(np.exp(2 * drawn(15, 60)), 5),
        "constant": np.full(7, 2.5),
        "two values": np.array([0.0, 0.0, 0.0, 1.0, 1.0]),
        "one score": np.array([3.25]),
        "whole numbers": np.round(3 * drawn(16, 70)),
        "tiny": 1e-9 * np.round(drawn(17, 30), 3),
    }


def example() -> Scores:
    """The page's example."""
    return 0.5 * normals(EXAMPLE["n"], uniform(EXAMPLE["seed"])) ** 2


def points(settings: Record) -> Scores:
    """The scores of the page's points: lots, then offsets, from one seed."""
    numbers, n = uniform(POINTS["seed"]), POINTS["n"]
    lots = np.array([next(numbers) for _ in range(n)])
    both = normals(2 * n, numbers)
    modes = np.searchsorted(np.cumsum(settings["weights"])[:-1], lots, side="right")
    places = np.asarray(mixture_of(settings).means)[modes] + settings["sigma"] * np.stack([both[:n], both[n:]], axis=1)
    return np.asarray(AngularScore("cosine", settings["scoreScale"], math.pi / 4)(places))


def _pool(
    name: str, scores: Scores, source: Record, ks: list[int] | None = None, targets: list[float] | None = None
) -> Record:
    law, n = AtomicLaw(scores), len(scores)
    top, width = law.ess_sup, law.ess_sup - law.ess_inf
    margin, step = (0.05 * width, 0.02 * width) if width > 0 else (0.1, 0.1)
    if targets is None:
        shares = [-0.1, 0.02, 0.1, 0.3, 0.5, 0.8, 0.95]
        targets = sorted({*(law.mean + share * (top - law.mean) for share in shares), top})
    return {
        "name": name,
        **source,
        "margin": margin,
        "target_step": step,
        "mean": law.mean,
        "variance": law.variance,
        "levels": [_level(law, scores, target, margin, step) for target in targets],
        "refused": refused(law, [top, top + 0.1 * (width or 1.0)]),
        "top_k": [_top_k(law, scores, k) for k in ks or sorted({1, 1 + n // 7, max(1, n // 2), n})],
        "retrieved": [_retrieved(scores, target) for target in targets],
        "drawn": _drawn(law, scores, targets[len(targets) // 2]),
    }


def _weights(scores: Scores, solution: Solution) -> Scores:
    """Of the points of the pool, with sum 1."""
    weights = np.exp(solution.log_ratio(scores))
    return weights / weights.sum()


def _level(law: AtomicLaw, scores: Scores, target: float, margin: float, step: float) -> Record:
    klsc = calibrate_klsc(law, target)
    return level(law, target, margin, step) | {"effective_size": effective_size(_weights(scores, klsc))}


def _top_k(law: AtomicLaw, scores: Scores, k: int) -> Record:
    hard = top_k_truncation(scores, k, law=law)
    klsc = calibrate_klsc(law, hard.mean)
    return {
        "k": k,
        "threshold": hard.threshold,
        "tie": hard.tie_fraction,
        "mean": hard.mean,
        "kl": [hard.kl, klsc.kl],
        "multiplier": None if klsc.limit else klsc.multiplier,
        "effective_size": effective_size(_weights(scores, klsc)),
    }


def _retrieved(scores: Scores, target: float) -> Record:
    kept = retrieve(scores, target)
    return {"target": target, "k": len(kept.indices), "mean": kept.mean, "last": int(kept.indices[-1])}


def _drawn(law: AtomicLaw, scores: Scores, target: float) -> Record:
    """A tenth of the pool, at most 40 points, systematically by score under both solutions."""
    order = np.argsort(scores, kind="stable")
    k = max(1, min(40, len(scores) // 10))
    found: Record = {"target": target, "k": k, "offset": OFFSET}
    solutions: dict[str, Solution] = {"hard": calibrate_hard(law, target), "tilt": calibrate_klsc(law, target)}
    for name, solution in solutions.items():
        chances = inclusion_probabilities(_weights(scores, solution)[order], k)
        found[name] = order[systematic_sample(chances, OFFSET)].tolist()
    return found
