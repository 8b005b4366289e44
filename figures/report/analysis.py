"""The numbers of one feature's report: truncation against tilting at one mean activation."""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Int

from distributional_view.theory import AtomicLaw, Hard, Klsc, Solution, klsc_tv_speed, tv
from distributional_view.theory.errors import require, require_finite, require_margin
from distributional_view.theory.pools.inclusion import inclusion_probabilities, systematic_sample
from distributional_view.theory.pools.matched import Move, matched, matched_at, move, top_k_truncation
from distributional_view.theory.pools.retrieval import effective_size, tilted_weights
from distributional_view.theory.solutions.gap import Gap

Status = Literal["active", "inactive", "limit", "constant", "failed"]
MARGIN_SHARE = 0.1
"""The margin of the boundary shell unless one is given, in standard deviations of the activation."""
LARGEST, RESOLUTION = 1e150, 1e-12
"""Of |activation|, and of the range of the activations relative to it: what double precision can square and tell."""
COMMON, HEAVY = 0.01, 0.05
"""Shares of the activations and of the KLSC weight from which on a note says that the most common value keeps it."""
BINS, LEVELS, STEPS, TILTS = 40, 160, 40, 9


@dataclass(frozen=True)
class Settings:
    """What was asked for.

    Args:
        top_k: size of the top-k set, and how many examples to show; at least 1.
        target: mean activation wanted of every feature that is not in `targets`; None: the mean of its top-k set.
        targets: mean activation wanted, by feature.
        margin: width of the boundary shell in units of the activation; None: `MARGIN_SHARE` standard deviations.
        seed: decides which examples are shown.

    Raises:
        ValueError: for a number outside its range.
    """

    top_k: int = 9
    target: float | None = None
    targets: Mapping[str, float] = field(default_factory=dict)
    margin: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        require(self.top_k >= 1, "top_k", self.top_k, ">= 1")
        for name, value in {"target": self.target, **self.targets}.items():
            if value is not None:
                require_finite("target" if name == "target" else f"target of {name!r}", value)
        if self.margin is not None:
            require_margin(self.margin)
        require(self.seed >= 0, "seed", self.seed, ">= 0")


@dataclass(frozen=True)
class Curves:
    """What is drawn: shares a bin, survivals over levels, TV against the rise of the mean."""

    edges: Float[np.ndarray, " b1"]
    shares: dict[str, Float[np.ndarray, " b"]]
    levels: Float[np.ndarray, " l"]
    survivals: dict[str, Float[np.ndarray, " l"]]
    moved: dict[str, tuple[list[float], list[float]]]


@dataclass(frozen=True)
class Feature:
    """One feature: its status, what a reader must know (`notes`), all numbers, and the curves."""

    name: str
    status: Status
    notes: list[str]
    numbers: dict[str, Any] = field(default_factory=dict)
    curves: Curves | None = None

    def as_dict(self) -> dict[str, Any]:
        """For a JSON file."""
        drawn: dict[str, Any] = {}
        if self.curves is not None:
            c = self.curves
            drawn = {
                "histogram": {"edges": c.edges.tolist(), **{k: v.tolist() for k, v in c.shares.items()}},
                "tail": {"level": c.levels.tolist(), **{k: v.tolist() for k, v in c.survivals.items()}},
                "moved": {k: {"rise_of_mean": rise, "tv": far} for k, (rise, far) in c.moved.items()},
            }
        return {"feature": self.name, "status": self.status, "notes": self.notes, **self.numbers, **drawn}


def analyse(name: str, scores: Float[np.ndarray, " n"], settings: Settings) -> Feature:
    """The report of one feature.

    Statuses: `active`; `inactive` where the level is no constraint (everything is kept); `limit` where the mean equals
    the largest activation (the multiplier is infinite); `constant` where there is nothing to explain.

    Args:
        name: of the feature.
        scores: its activations, finite, at least one.
        settings: what was asked for.

    Raises:
        InfeasibleTarget: if the target exceeds the largest activation.
        ValueError: if top_k exceeds the number of activations, or their scale is beyond double precision.
    """
    largest = float(np.abs(scores).max())
    require(
        largest <= LARGEST, "largest |activation|", largest, f"<= {LARGEST:g}, so that its square is finite: rescale"
    )
    law = AtomicLaw(scores)
    numbers: dict[str, Any] = {"activations": _describe(law, scores)}
    target = settings.targets.get(name, settings.target)
    first = top_k_truncation(scores, settings.top_k, law=law)  # also refuses a k that is too large
    if law.ess_inf == law.ess_sup:
        return Feature(
            name, "constant", [f"all {scores.size} activations are {law.mean:g}: nothing to explain"], numbers
        )
    spread, least = law.ess_sup - law.ess_inf, max(RESOLUTION * largest, 1 / LARGEST)
    require(spread >= least, "range of the activations", spread, f">= {least:.3g}: less is rounding")
    pair = matched(first) if target is None else matched_at(law, target)
    status: Status = "limit" if pair.klsc.status == "limit" else pair.hard.status
    notes = _tie_notes(pair, scores, settings.top_k if target is None else None)
    if status == "inactive":
        wanted = (
            f"top_k = {settings.top_k} keeps" if target is None else f"target = {target:g} is at most the mean, keeps"
        )
        notes.append(f"{wanted} all activations: no constraint, multiplier 0")
    elif status == "limit":
        top = numbers["activations"]["at_max"]
        notes.append(f"the mean is the largest activation, which {top} share: multiplier infinite, nothing saved")
    value, share = numbers["activations"]["most_common"].values()
    stays = pair.klsc.atom(value)
    if status == "active" and share >= COMMON and value < pair.hard.threshold and stays > HEAVY:
        notes.append(
            f"{100 * stays:.0f} % of the KLSC weight stays at {value:g}: a few large activations carry the mean"
        )
    margin = settings.margin if settings.margin is not None else MARGIN_SHARE * math.sqrt(law.variance)
    solved = status != "inactive"
    numbers |= {
        "mean": pair.hard.mean,
        "target": target,
        "margin": margin,
        "hard": _hard(pair, scores, margin if solved else None),
        "klsc": _klsc(pair, scores, margin if solved else None),
        "kl_saved": pair.gap,
        "tv_between": tv(pair.hard, pair.klsc),
        "moves": _moves(pair, scores, settings.top_k if target is None else None, margin) if solved else {},
    }
    if target is None:
        numbers["hard"]["kl_if_ties_by_order"] = math.log(scores.size / settings.top_k)
    shown, extra = _shown(name, pair, scores, settings, by_rank=target is None)
    numbers["shown"] = shown
    return Feature(name, status, notes + extra, numbers, _curves(pair, status))


def _describe(law: AtomicLaw, scores: Float[np.ndarray, " n"]) -> dict[str, Any]:
    """Size, range and the most common value."""
    values, masses = law.atoms()
    common = int(np.argmax(masses))
    return {
        "count": scores.size,
        "distinct": len(values),
        "min": law.ess_inf,
        "max": law.ess_sup,
        "at_max": round(law.ess_sup_mass * scores.size),
        "mean": law.mean,
        "sd": math.sqrt(law.variance),
        "most_common": {"value": float(values[common]), "share": float(masses[common])},
    }


def _tie_notes(pair: Gap, scores: Float[np.ndarray, " n"], k: int | None) -> list[str]:
    ties, kept = _ties(pair.hard, scores)
    if k is None or kept in (0, ties):
        return []
    return [f"{kept:g} of the top {k} are an arbitrary choice among {ties} that tie at {pair.hard.threshold:g}"]


def _ties(hard: Hard, scores: Float[np.ndarray, " n"]) -> tuple[int, float]:
    """How many activations equal the threshold, and how many of them are kept (a fraction each; may be no integer)."""
    ties = int((scores == hard.threshold).sum())
    kept = hard.tie_fraction * ties
    return ties, round(kept) if math.isclose(kept, round(kept), rel_tol=1e-9) else kept


def _hard(pair: Gap, scores: Float[np.ndarray, " n"], margin: float | None) -> dict[str, Any]:
    hard = pair.hard
    ties, kept = _ties(hard, scores)
    residual = hard.mean_from(hard.threshold) if margin is not None else 0.0
    return {
        "threshold": hard.threshold if math.isfinite(hard.threshold) else None,
        "kept": hard.kept * scores.size,
        "ties": ties,
        "ties_kept": kept,
        "mean": hard.mean,
        "kl": hard.kl,
        "boundary_mass": None if margin is None else hard.boundary_mass(hard.threshold, margin),
        "tv_speed": 1 / residual if residual > 0 else None,
    }


def _klsc(pair: Gap, scores: Float[np.ndarray, " n"], margin: float | None) -> dict[str, Any]:
    klsc, t = pair.klsc, pair.hard.threshold
    weights = tilted_weights(scores, klsc.multiplier)
    return {
        "multiplier": klsc.multiplier if math.isfinite(klsc.multiplier) else None,
        "mean": klsc.mean,
        "kl": klsc.kl,
        "boundary_mass": None if margin is None else klsc.boundary_mass(t, margin),
        "tv_speed": klsc_tv_speed(klsc.prior, klsc.multiplier) if klsc.status == "active" else None,
        "mass_below_threshold": max(0.0, 1 - klsc.survival(t)),
        "effective_size": effective_size(weights),
        "largest_weight": float(weights.max()),
    }


def _moves(pair: Gap, scores: Float[np.ndarray, " n"], k: int | None, margin: float) -> dict[str, Any]:
    """What a small change of k or of the threshold does; a key is left out where the change is impossible."""
    law = pair.hard.prior
    assert isinstance(law, AtomicLaw)
    found: dict[str, Move] = {}
    if k is not None and k < scores.size:
        found["one_more"] = move(pair, top_k_truncation(scores, k + 1, law=law))
    if pair.hard.threshold + margin <= law.ess_sup:
        found["threshold_plus_margin"] = move(pair, Hard(law, pair.hard.threshold + margin))
    return {name: {"rise_of_mean": m.rise, "tv_hard": m.hard, "tv_klsc": m.klsc} for name, m in found.items()}


def _shown(
    name: str, pair: Gap, scores: Float[np.ndarray, " n"], settings: Settings, by_rank: bool
) -> tuple[dict[str, Any], list[str]]:
    """The examples to show for both solutions, highest activation first."""
    order = np.argsort(-scores, kind="stable")
    offset = float(np.random.default_rng([settings.seed, zlib.crc32(name.encode())]).random())
    weights = tilted_weights(scores, pair.klsc.multiplier)[order]
    soft, certain, expected = _draw(weights, scores[order], settings.top_k, offset)
    notes = []
    if len(soft) < settings.top_k:
        notes.append(f"only {len(soft)} activations have a KLSC weight > 0: so many are shown, not {settings.top_k}")
    elif certain and pair.klsc.status == "active":
        notes.append(
            f"{certain} of the {len(soft)} shown weigh more than 1/{len(soft)} and cannot be repeated: "
            f"the shown mean is {expected:.4g} on average, not {pair.klsc.mean:.4g} (a larger pool would help)"
        )
    if by_rank:
        top = order[: settings.top_k]
    else:
        kept = np.exp(pair.hard.log_ratio(scores[order]))
        top = order[_draw(kept / kept.sum(), scores[order], settings.top_k, offset)[0]]
    soft = order[soft]
    return {
        "top_k" if by_rank else "hard": _listed(top, scores),
        "klsc": _listed(soft, scores) | {"certain": certain, "expected_mean": expected},
        "in_both": np.intersect1d(top, soft).tolist(),
    }, notes


def _draw(
    weights: Float[np.ndarray, " n"], scores: Float[np.ndarray, " n"], k: int, offset: float
) -> tuple[Int[np.ndarray, " k"], int, float]:
    """Positions to show, how many of them are certain, and the mean score to expect of them."""
    pi = inclusion_probabilities(weights, min(k, int(np.count_nonzero(weights))))
    return systematic_sample(pi, offset), int((pi == 1).sum()), float(pi @ scores / pi.sum())


def _listed(indices: Int[np.ndarray, " k"], scores: Float[np.ndarray, " n"]) -> dict[str, Any]:
    return {"indices": indices.tolist(), "activations": scores[indices].tolist(), "mean": float(scores[indices].mean())}


def _curves(pair: Gap, status: Status) -> Curves:
    """Histogram and tail of the pool and of both solutions, and how far both move when the mean rises."""
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
    moved = _path(pair) if status == "active" else {}
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
