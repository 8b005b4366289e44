"""To which pixels the score of each shown picture is owed: a sheet, the maps, and what these lack of the score."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from distributional_view.backends.adapter.passes import PictureScore
from distributional_view.backends.paradigms.attribution import integrated_gradients, scored_world
from distributional_view.backends.paradigms.heat import tinted
from distributional_view.backends.paradigms.sheet import Strip, save_sheet
from distributional_view.files import write_arrays, write_with

SHEET, MAPS = "attribution.png", "attribution.npy"
BASELINE, TOLERANCE = -1.0, 0.01
"""Black; and what a map may lack before it is told."""
_ACROSS = 8


def save_attribution(
    score: PictureScore,
    images: Float[np.ndarray, "n c h w"],
    scores: Float[np.ndarray, " n"],
    out: Path,
    title: str,
) -> dict[str, Any]:
    """Write `SHEET` and `MAPS` into a folder: (n, h, w), what each pixel adds to the score above a black picture's.

    Args:
        score: differentiable.
        images: pictures in [-1, 1], (n, c, h, w).
        scores: of the pictures.
        out: the folder.
        title: of the sheet.

    Returns:
        For the record: the baseline, `difference` of each score to the baseline's, `missing`: what the sum of each map
        lacks of it, as a share.

    Raises:
        ModelFailed: if the score gives no gradient.
        UserError: for a folder that cannot be written.
    """
    pictures = torch.from_numpy(images).to(score.device, torch.float32)
    found = integrated_gradients(scored_world(score, pictures.shape[1:]), pictures, BASELINE, TOLERANCE)
    maps, seen = found.maps.cpu(), pictures.cpu()
    write_arrays(out / MAPS, maps.numpy())
    coloured, strips = tinted(seen, maps).numpy(), list[Strip]()
    for first in range(0, len(maps), _ACROSS):
        some = slice(first, first + _ACROSS)
        strips.append(Strip("picture", seen[some].numpy(), [f"{y:.3g}" for y in scores[some]]))
        strips.append(Strip("owed to", coloured[some], [f"{y:+.3g}" for y in maps[some].sum((1, 2)).tolist()]))
    write_with(out / SHEET, lambda partial: save_sheet(strips, partial, title))
    return {"baseline": BASELINE, "difference": found.difference.tolist(), "missing": found.missing.tolist()}


def doubts(record: dict[str, Any]) -> list[str]:
    """What the user should know of maps that do not add up; empty if they do."""
    lacking = [share for share in record["missing"] if share > TOLERANCE]
    if not lacking:
        return []
    return [
        f"attribution: {len(lacking)} of {len(record['missing'])} maps do not add up to the score, the worst lacks "
        f"{max(lacking):.0%}: the score jumps on the way from black, which no gradient tells; with --ungated it does "
        "not jump"
    ]
