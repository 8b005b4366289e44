"""Which examples to show of a feature: the top of the activations, and a draw by KLSC weight without duplicates."""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from distributional_view.figures.report.settings import ReportSettings
from distributional_view.theory.pools.inclusion import inclusion_probabilities, systematic_sample
from distributional_view.theory.pools.retrieval import tilted_weights
from distributional_view.theory.solutions.gap import Gap


def shown_examples(
    name: str,
    pair: Gap,
    scores: Float[np.ndarray, " n"],
    settings: ReportSettings,
    by_rank: bool,
    ids: Sequence[str] | None = None,
) -> tuple[dict[str, Any], list[str]]:
    """The examples to show for both solutions, highest activation first, with their names where they have some."""
    order = np.argsort(-scores, kind="stable")
    offset = float(np.random.default_rng([settings.seed, zlib.crc32(name.encode())]).random())
    weights = tilted_weights(scores, pair.klsc.multiplier)[order]
    soft, certain, expected = _chosen(weights, scores[order], settings.top_k, offset)
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
        top = order[_chosen(kept / kept.sum(), scores[order], settings.top_k, offset)[0]]
    soft = order[soft]
    return {
        "top_k" if by_rank else "hard": _listed(top, scores, ids),
        "klsc": _listed(soft, scores, ids) | {"certain": certain, "expected_mean": expected},
        "in_both": np.intersect1d(top, soft).tolist(),
    }, notes


def _chosen(
    weights: Float[np.ndarray, " n"], scores: Float[np.ndarray, " n"], k: int, offset: float
) -> tuple[Int[np.ndarray, " k"], int, float]:
    """Positions to show, how many of them are certain, and the mean score to expect of them."""
    pi = inclusion_probabilities(weights, min(k, int(np.count_nonzero(weights))))
    return systematic_sample(pi, offset), int((pi == 1).sum()), float(pi @ scores / pi.sum())


def _listed(
    indices: Int[np.ndarray, " k"], scores: Float[np.ndarray, " n"], ids: Sequence[str] | None
) -> dict[str, Any]:
    """Positions in the file, counted from 0 without a header line; names; activations and their mean."""
    listed = {
        "indices": indices.tolist(),
        "activations": scores[indices].tolist(),
        "mean": float(scores[indices].mean()),
    }
    return listed if ids is None else listed | {"ids": [ids[i] for i in indices]}
