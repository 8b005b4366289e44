"""A row or grid of pictures with the activation under each."""

import math
from pathlib import Path

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure


def save_grid(
    images: Float[np.ndarray, "n c h w"], scores: Float[np.ndarray, " n"], path: Path, title: str, columns: int = 8
) -> None:
    """Write a PNG; pictures in [-1, 1] with one or three channels (values outside are drawn as the nearest colour)."""
    wide = min(columns, len(images))
    high = math.ceil(len(images) / wide)
    with mpl.rc_context({"font.size": 8}):
        figure = Figure(figsize=(1.4 * wide, 1.65 * high + 0.3), layout="constrained", dpi=150)
        figure.suptitle(title)
        for axes in (cells := figure.subplots(high, wide, squeeze=False)).flat:
            axes.axis("off")
        for axes, image, score in zip(cells.flat, images, scores, strict=False):
            pixels = np.clip((image.transpose(1, 2, 0) + 1) / 2, 0, 1)
            axes.imshow(pixels if pixels.shape[2] == 3 else pixels[:, :, 0], cmap="gray", vmin=0, vmax=1)
            axes.set_title(f"{score:.3g}", fontsize=8, pad=2)
        figure.savefig(path, metadata={"Software": None})
