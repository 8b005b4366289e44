"""How the evidence for a feature changes with the level: words and pictures along the tilt and along the truncation.

The same mean score is reached by both solutions at every level; what they show there differs, and how it moves from
level to level. One picture a feature, with a column for each set of pictures. Counterpart of the paper's Figure 9,
whose pictures are samples; here they are pictures of the data, or unguided samples of the prior, reweighted.

Paper: Figure 9, Lemma D.10, Lemma D.12.

dview levels [STORE] [--feature 457] [--pool results/prior-pool] [--out results]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from distributional_view.figures.artefact import Artefact
from distributional_view.figures.levels_drawn import figure
from distributional_view.figures.levels_path import (
    EVERY,
    HIGHEST,
    LEVELS,
    METHODS,
    PARTS,
    Evidence,
    MethodName,
    Path,
    highest_level,
    path,
    spread,
    weights_at,
)
from distributional_view.figures.output import Provenance
from distributional_view.terminal import Table

STATEMENTS = ("Lemma D.1", "Lemma D.4", "Lemma D.10", "Lemma D.12", "Lemma F.1")
QUANTILES = (0.8, 0.95, 0.99)
"""Levels at which pictures are shown, as quantiles of the score over the first set; and its highest level."""
SHOWN = 7
"""Pictures of a solution at a level."""
NAMED = 0.02
"""A word is written down if its share is at least this somewhere on a path."""


@dataclass(frozen=True)
class Sample:
    """Pictures of both solutions at a level: their places in the set, lowest score first."""

    target: float
    places: dict[MethodName, list[int]]


@dataclass(frozen=True)
class Followed:
    """One set of pictures with its path, and what is shown of it."""

    evidence: Evidence
    path: Path
    ladder: list[int]
    samples: list[Sample]


@dataclass(frozen=True)
class FeatureLevels:
    """A feature: its number, its name, and a set of pictures each."""

    index: int
    title: str
    sets: list[Followed]


@dataclass(frozen=True)
class Levels(Artefact):
    """All features."""

    name: ClassVar[str] = "levels"
    features: list[FeatureLevels]

    @property
    def provenance(self) -> Provenance:
        """No random numbers are drawn."""
        chosen = {"quantiles": QUANTILES, "highest": HIGHEST, "parts": PARTS, "shown": SHOWN}
        return Provenance("how the evidence for a feature changes with the level", STATEMENTS, chosen, None)

    def numbers(self) -> dict[str, Any]:
        """Paths, shares with standard errors at every `EVERY`-th level, and places of what is shown."""
        features = [
            {"feature": f.index, "name": f.title, "sets": [_numbers(followed) for followed in f.sets]}
            for f in self.features
        ]
        return {**self.provenance.as_dict(), "features": features}

    def draw(self) -> dict[str, Figure]:
        """One picture a feature."""
        return {f"{self.name}-{f.index}": figure(f) for f in self.features}

    def table(self) -> Table:
        """The largest words of both solutions at the levels that are shown."""
        header = ("feature", "set", "level", "solution", "effective size", "KL", "largest shares")
        rows = [row for f in self.features for followed in f.sets for row in _rows(f.title, followed)]
        words = ("feature", "set", "solution", "largest shares")
        return Table("Evidence at each level", header, rows, words, keys=2, note=_note(self.features))


def compute(index: int, title: str, sets: Sequence[Evidence], levels: int = LEVELS) -> FeatureLevels:
    """Follow a feature through its sets.

    Args:
        index, title: of the feature.
        sets: scored pictures; the levels that are shown are those of the first one, as far as the others reach.
        levels: of a path.

    Raises:
        ValueError: for no sets.
    """
    first = sets[0].scores
    wanted = [*np.quantile(first, QUANTILES).tolist(), highest_level(first)]
    return FeatureLevels(index, title, [_followed(evidence, wanted, levels) for evidence in sets])


def _followed(evidence: Evidence, wanted: Sequence[float], levels: int) -> Followed:
    scores = evidence.scores
    low, high = float(scores.mean()), highest_level(scores)
    targets = sorted({level for level in wanted if low < level <= high} or {high})
    samples = [
        Sample(t, {m: spread(scores, weights_at(scores, t, m), SHOWN).tolist() for m in METHODS}) for t in targets
    ]
    steps = np.linspace(scores.min(), scores.max(), 2 * SHOWN + 1)
    order = np.argsort(scores, kind="stable")
    near = np.searchsorted(scores[order], steps).clip(max=len(scores) - 1)
    return Followed(evidence, path(evidence, levels), order[near].tolist(), samples)


def _numbers(followed: Followed) -> dict[str, Any]:
    evidence, found = followed.evidence, followed.path
    return {
        "set": evidence.name,
        "pictures": len(evidence.scores),
        "mean": float(evidence.scores.mean()),
        "sd": float(evidence.scores.std()),
        "targets": _short(found.targets),
        **{method: _way_numbers(followed, method) for method in METHODS},
        "shown": [{"target": s.target, **s.places} for s in followed.samples],
        "ladder": followed.ladder,
    }


def _way_numbers(followed: Followed, method: MethodName) -> dict[str, Any]:
    way = followed.path.ways[method]
    kinds = followed.evidence.kinds
    seen = {
        name: [
            c
            for c in range(len(kind.words))
            if max(w.shares[name][:, c].max() for w in followed.path.ways.values()) >= NAMED
        ]
        for name, kind in kinds.items()
    }
    return {
        "multiplier" if method == "tilt" else "threshold": _short(way.knobs),
        "effective_size": _short(way.sizes),
        "kl": _short(way.kls),
        "tv_per_sd": _short(way.speeds),
        "shares": {
            name: {kinds[name].words[c]: _short(way.shares[name][:, c]) for c in columns}
            for name, columns in seen.items()
        },
        "se": {
            name: {kinds[name].words[c]: _short(way.errors[name][:, c]) for c in columns}
            for name, columns in seen.items()
        },
        "moved": {name: dict(zip(("net", "along"), way.moved(name), strict=True)) for name in kinds},
    }


def _short(values: Float[np.ndarray, " n"]) -> list[float | None]:
    """To six digits, so that the file stays small; an infinite multiplier, which JSON has no word for, is null."""
    return [float(f"{v:.6g}") if np.isfinite(v) else None for v in values.tolist()]


def _rows(title: str, followed: Followed) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for sample in followed.samples:
        for method in METHODS:
            way = followed.path.ways[method]
            at = int(np.argmin(np.abs(followed.path.targets - sample.target)))
            kind, shares = next(iter(followed.evidence.kinds.values())), next(iter(way.shares.values()))[at]
            largest = [c for c in np.argsort(-shares)[:3] if shares[c] >= NAMED]
            error = next(iter(way.errors.values()))[round(at / EVERY)]
            said = ", ".join(f"{kind.words[c]} {shares[c]:.0%} ± {error[c]:.0%}" for c in largest)
            numbers = f"{sample.target:.2f}", method, f"{way.sizes[at]:.0f}", f"{way.kls[at]:.2f}", said
            found.append((title, followed.evidence.name, *numbers))
    return found


def _note(features: Sequence[FeatureLevels]) -> str:
    return (
        "Both solutions have the level as their mean score (nearest of the path's levels). "
        f"Effective size in pictures, KL in nats; ± jackknife over {PARTS} parts, both solutions calibrated again. "
        "Sizes of the sets: " + ", ".join(f"{s.evidence.name} {len(s.evidence.scores)}" for s in features[0].sets) + "."
    )
