"""What a feature's report draws: the pool and both solutions over the activation, and how far both move."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from distributional_view.theory import Hard, Klsc, Solution, tv
from distributional_view.theory.solutions.gap import Gap

BINS, LEVELS, STEPS, TILTS = 40, 160, 40, 9


@dataclass(frozen=True)
class Curves:
    """What is drawn: shares a bin, survivals over levels, TV against the rise of the mean."""

    edges: Float[np.ndarray, " b1"]
    shares: dict[str, Float[np.ndarray, " b"]]
    levels: Float[np.ndarray, " l"]
    survivals: dict[str, Float[np.ndarray, " l"]]
    moved: dict[str, tuple[list[float], list[float]]]

    def as_dict(self) -> dict[str, Any]:
        """For a JSON file."""
        return {
            "histogram": {"edges": self.edges.tolist(), **{k: v.tolist() for k, v in self.shares.items()}},
            "tail": {"level": self.levels.tolist(), **{k: v.tolist() for k, v in self.survivals.items()}},
            "moved": {k: {"rise_of_mean": rise, "tv": far} for k, (rise, far) in self.moved.items()},
        }


def curves_of(pair: Gap, moving: bool) -> Curves:
    """Histogram and tail of the pool and of both solutions; if `moving`, how far both move when the mean rises."""
    law = pair.hard.prior
    values, masses = law.atoms()
    solutions: dict[str, Solution] = {"hard": pair.hard, "klsc": pair.klsc}
    edges = np.histogram_bin_edges(values, bins=BINS)
    laws = {"p": masses} | {name: masses * np.exp(q.log_ratio(values)) for name, q in solutions.items()}
    shares = {name: np.histogram(values, bins=edges, weights=w)[0] for name, w in laws.items()}
    ranks = np.unique(np.geomspace(1, len(values), LEVELS).astype(int))
    levels = values[len(values) - ranks[::-1]]
    survivals = {"p": np.array([law.survival(float(v)) for v in levels])} | {
        name: np.array([q.survival(float(v)) for v in levels]) for name, q in solutions.items()
    }
    moved = _path(pair) if moving else {}
    return Curves(edges, shares, levels, survivals, moved)


def _path(pair: Gap) -> dict[str, tuple[list[float], list[float]]]:
    """TV from here against the rise of the mean along both paths, until half of the truncated set is gone (or more)."""
    law, hard, klsc = pair.hard.prior, pair.hard, pair.klsc
    values, masses = law.atoms()
    first = int(np.searchsorted(values, hard.threshold, side="right"))
    tails = np.cumsum(masses[first:][::-1])[::-1]
    inside = max(int((tails >= 0.5 * hard.kept).sum()), min(1, len(tails)))
    picks = np.unique(np.linspace(0, inside - 1, STEPS).astype(int)) if inside else np.empty(0, int)
    raised = [Hard(law, float(values[first + i])) for i in picks]
    rises = [0.0, *(q.mean - hard.mean for q in raised)]
    moved = {"hard": (rises, [0.0, *(tv(hard, q) for q in raised)])}
    tilts, step = [klsc], rises[-1] / TILTS
    while step > 0 and len(tilts) <= TILTS and (variance := tilts[-1].law.variance) > 0:
        tilts.append(Klsc(law, tilts[-1].multiplier + step / variance))  # about one step of the mean further
    if len(tilts) > 1:
        moved["klsc"] = ([q.mean - klsc.mean for q in tilts], [tv(klsc, q) for q in tilts])
    return moved
