"""What both solutions show at lower means: those of the sets ten and a hundred times as large as the top-k set."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from distributional_view.figures.report.settings import ReportSettings
from distributional_view.figures.report.shown import shown_examples
from distributional_view.theory import AtomicLaw
from distributional_view.theory.pools.matched import matched, top_k_truncation

FACTORS = (10, 100)


def levels_of(
    name: str, scores: Float[np.ndarray, " n"], settings: ReportSettings, ids: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Examples of both solutions at the mean of larger top sets; a set must lie above the smallest activation.

    Args:
        name: of the feature.
        scores: its activations.
        settings: `top_k` examples are drawn for each.
        ids: names of the examples.

    Returns:
        For each level how many are `kept`, the `mean`, and what truncation (`hard`) and tilt (`klsc`) show.
    """
    law, above = AtomicLaw(scores), int((scores > scores.min()).sum())
    found = []
    for kept in (settings.top_k * factor for factor in FACTORS):
        if kept > above:
            break
        pair = matched(top_k_truncation(scores, kept, law=law))
        shown, _ = shown_examples(name, pair, scores, settings, False, ids)
        found.append({"kept": kept, "mean": pair.hard.mean, "hard": shown["hard"], "klsc": shown["klsc"]})
    return found
