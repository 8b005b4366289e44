"""Rows of pictures under each other, each row with a name and each picture with a line of text."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure


class Strip(NamedTuple):
    """A row: its name, pictures in [-1, 1] (one or three channels), a text above each (empty for none)."""

    name: str
    pictures: Float[np.ndarray, "n c h w"]
    above: Sequence[str] = ()


def save_sheet(strips: Sequence[Strip], path: Path, title: str) -> None:
    """Write a PNG; rows may differ in length."""
    wide = max(len(strip.pictures) for strip in strips)
    with mpl.rc_context({"font.size": 8}):
        figure = Figure(figsize=(1.3 * wide + 0.4, 1.5 * len(strips) + 0.4), layout="constrained", dpi=150)
        figure.suptitle(title)
        cells = figure.subplots(len(strips), wide, squeeze=False)
        for row, strip in zip(cells, strips, strict=True):
            for axes in row:
                axes.set_xticks([])
                axes.set_yticks([])
                axes.set_frame_on(False)
            row[0].set_ylabel(strip.name, fontsize=8)
            for place, (axes, picture) in enumerate(zip(row, strip.pictures, strict=False)):
                pixels = np.clip((picture.transpose(1, 2, 0) + 1) / 2, 0, 1)
                axes.imshow(pixels if pixels.shape[2] == 3 else pixels[:, :, 0], cmap="gray", vmin=0, vmax=1)
                axes.set_title(strip.above[place] if strip.above else "", fontsize=7, pad=2)
        figure.savefig(path, metadata={"Software": None})
