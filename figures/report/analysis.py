"""The numbers of one feature's report: truncation against tilting at one mean activation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from distributional_view.figures.report.curves import Curves, curves_of
from distributional_view.figures.report.settings import MARGIN_SHARE, ReportSettings
from distributional_view.figures.report.shown import shown_examples
from distributional_view.theory import AtomicLaw, Hard, calibrate_klsc, klsc_tv_speed, tv
from distributional_view.theory.errors import require
from distributional_view.theory.pools.matched import Move, matched, matched_at, move, top_k_truncation
from distributional_view.theory.pools.retrieval import effective_size, tilted_weights
from distributional_view.theory.solutions.gap import Gap

Status = Literal["active", "inactive", "limit", "constant", "failed"]
LARGEST, RESOLUTION = 1e150, 1e-12
"""Of |activation|, and of the range of the activations relative to it: what double precision can square and tell."""
COMMON, HEAVY = 0.01, 0.05
"""Shares of the activations and of the KLSC weight from which on a note says that the most common value keeps it."""


@dataclass(frozen=True)
class FeatureReport:
    """One feature: its status, what a reader must know (`notes`), all numbers, and the curves."""

    name: str
    status: Status
    notes: list[str]
    numbers: dict[str, Any] = field(default_factory=dict)
    curves: Curves | None = None

    def as_dict(self) -> dict[str, Any]:
        """For a JSON file."""
        drawn = {} if self.curves is None else self.curves.as_dict()
        return {"feature": self.name, "status": self.status, "notes": self.notes, **self.numbers, **drawn}


def analyse(
    name: str, scores: Float[np.ndarray, " n"], settings: ReportSettings, ids: Sequence[str] | None = None
) -> FeatureReport:
    """The report of one feature.

    Statuses: `active`; `inactive` where the level is no constraint (everything is kept); `limit` where the mean equals
    the largest activation (the multiplier is infinite); `constant` where there is nothing to explain.

    Args:
        name: of the feature.
        scores: its activations, finite, at least one.
        settings: what was asked for.
        ids: names of the examples; None: they have none.

    Raises:
        InfeasibleTarget: if the target exceeds the largest activation.
        ValueError: if top_k exceeds the number of activations, or their scale is beyond double precision.
    """
    largest = float(np.abs(scores).max())
    require(
        largest <= LARGEST, "largest |activation|", largest, f"<= {LARGEST:g}, so that its square is finite: rescale"
    )
    law = AtomicLaw(scores)
    activations = _describe(law, scores)
    target = settings.targets.get(name, settings.target)
    first = top_k_truncation(scores, settings.top_k, law=law)  # also refuses a k that is too large
    if law.ess_inf == law.ess_sup:
        note = f"all {scores.size} activations are {law.mean:g}: nothing to explain"
        return FeatureReport(name, "constant", [note], {"activations": activations})
    spread, least = law.ess_sup - law.ess_inf, max(RESOLUTION * largest, 1 / LARGEST)
    require(spread >= least, "range of the activations", spread, f">= {least:.3g}: less is rounding")
    pair = _pair(first) if target is None else matched_at(law, target)
    status: Status = "limit" if pair.klsc.status == "limit" else pair.hard.status
    k = settings.top_k if target is None else None
    shown, remarks = shown_examples(name, pair, scores, settings, target is None, ids)
    notes = [*_tie_notes(pair, scores, k), *_status_notes(pair, status, activations, k, target), *remarks]
    numbers = {"activations": activations, **_compared(pair, scores, status, settings, target), "shown": shown}
    return FeatureReport(name, status, notes, numbers, curves_of(pair, moving=status == "active"))


def _pair(hard: Hard) -> Gap:
    """The top-k set and the tilt with its mean; if it is the whole pool, no tilt, whatever the rounding of its mean."""
    if hard.status == "inactive":
        return Gap(hard, calibrate_klsc(hard.prior, hard.prior.ess_inf), 0.0)
    return matched(hard)


def _compared(
    pair: Gap, scores: Float[np.ndarray, " n"], status: Status, settings: ReportSettings, target: float | None
) -> dict[str, Any]:
    """Both solutions at one mean, and what a small change does; no boundary where everything is kept."""
    law, solved, k = pair.hard.prior, status != "inactive", settings.top_k if target is None else None
    margin = settings.margin if settings.margin is not None else MARGIN_SHARE * math.sqrt(law.variance)
    hard = _hard(pair, scores, margin if solved else None)
    if k is not None:
        hard["kl_if_ties_by_order"] = math.log(scores.size / k)
    return {
        "mean": pair.hard.mean,
        "target": target,
        "margin": margin,
        "hard": hard,
        "klsc": _klsc(pair, scores, margin if solved else None),
        "kl_saved": pair.gap,
        "tv_between": tv(pair.hard, pair.klsc),
        "moves": _moves(pair, scores, k, margin) if solved else {},
    }


def _status_notes(
    pair: Gap, status: Status, activations: dict[str, Any], k: int | None, target: float | None
) -> list[str]:
    """What the status means here, and whether a few large activations carry the mean."""
    if status == "inactive":
        wanted = f"target = {target:g} is at most the mean, keeps" if k is None else f"top_k = {k} keeps"
        return [f"{wanted} all activations: no constraint, multiplier 0"]
    if status == "limit":
        top = activations["at_max"]
        return [f"the mean is the largest activation, which {top} share: multiplier infinite, nothing saved"]
    value, share = activations["most_common"].values()
    stays = pair.klsc.atom(value)
    if share >= COMMON and value < pair.hard.threshold and stays > HEAVY:
        return [f"{100 * stays:.0f} % of the KLSC weight stays at {value:g}: a few large activations carry the mean"]
    return []


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
