"""What the evidence for a feature consists of at each level: shares of words along the tilt and along the truncation.

At a mean score both solutions put weights on the same pictures; the share of a word is the weight on the pictures that
it describes. Along the levels the tilt moves smoothly, and the truncation drops its lowest pictures one by one.
Standard errors are those of a delete-a-group jackknife in which both solutions are calibrated again, so that they hold
the uncertainty of the threshold and of the multiplier too.

Paper: Lemma D.1, Lemma D.4, Lemma D.10, Lemma D.12, Figure 9.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Float, Int

from distributional_view.errors import UserError
from distributional_view.theory import (
    AtomicLaw,
    Solution,
    calibrate_hard,
    calibrate_klsc,
    effective_size,
    inclusion_probabilities,
    systematic_sample,
    tv,
)
from distributional_view.theory.errors import require

MethodName = Literal["tilt", "truncation"]
METHODS: tuple[MethodName, ...] = get_args(MethodName)
HIGHEST = 20
"""The highest level is the mean of so many largest scores."""
PARTS = 20
"""Groups of the jackknife."""
LEVELS, EVERY = 81, 5
"""Levels of a path, and each how manieth has standard errors."""
LEAST = 100
"""Pictures that a path needs."""

Pixels = np.ndarray
"""A picture, (rows, columns) or (rows, columns, 3), grey values or colours in [0, 1]."""


class Kind(NamedTuple):
    """Words of one kind, one of which describes each picture."""

    words: tuple[str, ...]
    codes: Int[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """Scored pictures with words.

    Args:
        name: of the set.
        scores: of the feature.
        kinds: by name; the first one is that of the classes.
        pictures: indices -> what can be shown of them, None where nothing can.

    Raises:
        UserError: for too few pictures, or scores that are all the same.
    """

    name: str
    scores: Float[np.ndarray, " n"]
    kinds: Mapping[str, Kind]
    pictures: Callable[[Int[np.ndarray, " k"]], Sequence[Pixels | None]]

    def __post_init__(self) -> None:
        if len(self.scores) < LEAST:
            raise UserError(f"{self.name}: number of pictures = {len(self.scores)}: must be >= {LEAST}")
        if np.ptp(self.scores) == 0:
            raise UserError(f"{self.name}: the score is {self.scores[0]:g} on every picture: choose another feature")


@dataclass(frozen=True)
class Way:
    """One of the solutions along the levels.

    Args:
        knobs: multipliers of the tilt (1/score), or thresholds of the truncation (score).
        sizes: effective sizes of the weights, pictures.
        kls: nats.
        speeds: total variation between neighbouring levels, a standard deviation of the score; one fewer.
        shares: by kind, one row a level.
        errors: standard errors of the shares, at each `EVERY`-th level.
    """

    knobs: Float[np.ndarray, " l"]
    sizes: Float[np.ndarray, " l"]
    kls: Float[np.ndarray, " l"]
    speeds: Float[np.ndarray, " steps"]
    shares: Mapping[str, Float[np.ndarray, "l words"]]
    errors: Mapping[str, Float[np.ndarray, "some words"]]

    def moved(self, kind: str) -> tuple[float, float]:
        """Total variation of the shares from the first level to the last, and along the path: at least as large."""
        shares = self.shares[kind]
        return _tv(shares[0], shares[-1]), float(sum(_tv(a, b) for a, b in pairwise(shares)))


@dataclass(frozen=True)
class Path:
    """Both solutions at the same mean scores, from that of all pictures upwards."""

    targets: Float[np.ndarray, " l"]
    ways: Mapping[MethodName, Way]


def weights_at(scores: Float[np.ndarray, " n"], target: float, method: MethodName) -> Float[np.ndarray, " n"]:
    """The weights (sum 1) of pictures by one of the solutions with this mean score.

    Raises:
        InfeasibleTarget: beyond the largest score.
    """
    return _weights(scores, _solution(AtomicLaw(scores), target, method))


def highest_level(scores: Float[np.ndarray, " n"]) -> float:
    """The mean of the `HIGHEST` largest scores: beyond it a level rests on a handful of pictures."""
    return float(np.sort(scores)[-HIGHEST:].mean())


def path(evidence: Evidence, levels: int = LEVELS) -> Path:
    """Both solutions from the mean of all pictures to `highest_level`, evenly.

    Args:
        evidence: scored pictures with words.
        levels: how many, >= 2.

    Raises:
        ValueError: for fewer levels.
    """
    require(levels >= 2, "levels", levels, ">= 2")
    scores = evidence.scores
    targets = np.linspace(scores.mean(), highest_level(scores), levels)
    return Path(targets, {method: _way(evidence, targets, method) for method in METHODS})


def parts_of(n: int, parts: int = PARTS) -> Int[np.ndarray, " n"]:
    """The part of each picture for a jackknife: equal parts by a fixed shuffle, so that no order of a set matters."""
    return np.random.default_rng(0).permutation(n) % parts


def jackknife_error(values: Float[np.ndarray, "parts *shape"]) -> Float[np.ndarray, "*shape"]:
    """The standard error of an estimate, from its values with one of equal parts left out each."""
    return np.asarray(np.sqrt((len(values) - 1) * np.var(values, axis=0)))


def spread(scores: Float[np.ndarray, " n"], weights: Float[np.ndarray, " n"], k: int) -> Int[np.ndarray, " k"]:
    """At most k different pictures that stand for weighted ones, spread over the score, lowest first.

    Paper: (17). See `theory.pools.inclusion`.
    """
    order = np.argsort(scores, kind="stable")
    chances = inclusion_probabilities(weights, min(k, int(np.count_nonzero(weights))))
    return order[systematic_sample(chances[order], 0.5)]


def _way(evidence: Evidence, targets: Float[np.ndarray, " l"], method: MethodName) -> Way:
    scores, law = evidence.scores, AtomicLaw(evidence.scores)
    solutions = [_solution(law, float(target), method) for target in targets]
    weights = [_weights(scores, solution) for solution in solutions]
    steps = zip(solutions, solutions[1:], np.diff(targets) / scores.std(), strict=False)
    return Way(
        np.array([s.multiplier if method == "tilt" else max(s.threshold, law.ess_inf) for s in solutions]),  # type: ignore[union-attr]
        np.array([effective_size(w) for w in weights]),
        np.array([s.kl for s in solutions]),
        np.array([tv(a, b) / width for a, b, width in steps]),
        {name: np.array([_shares(kind, w) for w in weights]) for name, kind in evidence.kinds.items()},
        _errors(evidence, targets[::EVERY], method),
    )


def _errors(
    evidence: Evidence, targets: Float[np.ndarray, " some"], method: MethodName
) -> dict[str, Float[np.ndarray, "some words"]]:
    """Standard errors of the shares: each part is left out in turn, and the solution calibrated again."""
    part = parts_of(len(evidence.scores))
    found: dict[str, list[list[np.ndarray]]] = {name: [] for name in evidence.kinds}
    for left_out in range(PARTS):
        kept = part != left_out
        scores = evidence.scores[kept]
        law = AtomicLaw(scores)
        weights = [_weights(scores, _solution(law, min(float(t), law.ess_sup), method)) for t in targets]
        for name, kind in evidence.kinds.items():
            found[name].append([_shares(Kind(kind.words, kind.codes[kept]), w) for w in weights])
    return {name: jackknife_error(np.array(values)) for name, values in found.items()}


def _solution(law: AtomicLaw, target: float, method: MethodName) -> Solution:
    return calibrate_klsc(law, target) if method == "tilt" else calibrate_hard(law, target)


def _weights(scores: Float[np.ndarray, " n"], solution: Solution) -> Float[np.ndarray, " n"]:
    ratio = np.exp(solution.log_ratio(scores))
    return ratio / ratio.sum()


def _shares(kind: Kind, weights: Float[np.ndarray, " n"]) -> Float[np.ndarray, " words"]:
    return np.bincount(kind.codes, weights=weights, minlength=len(kind.words))


def _tv(a: Float[np.ndarray, " words"], b: Float[np.ndarray, " words"]) -> float:
    return 0.5 * float(np.abs(a - b).sum())
