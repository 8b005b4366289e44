"""Weights in the real formats with tiny random networks, and pictures in colour, as somebody may have them."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from distributional_view.backends.transcoders.checkpoint import publish, save_published
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from tests.support.official_convnext import official
from tests.support.tiny_priors import save_pixels, save_text


def save_parts(folder: Path) -> Path:
    """A backbone, a transcoder of 32 features on its stage 1, a prior of 32 pixels, Stable Diffusion of 16, and 64
    pictures of 40 pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(official().state_dict(), folder / "net.pth")
    save_published(folder / "transcoder", publish(Transcoder(TranscoderSpec(16, 32, 3, "topk", 4), 0), "stages.1.0"))
    save_pixels(folder / "pixels")
    save_text(folder / "text")
    save_pictures(folder / "images", 64)
    return folder


def save_pictures(folder: Path, count: int, side: int = 40) -> None:
    """A disc on a slope between two colours, each its own."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:side, 0:side] / side
    for place in range(count):
        one, other, disc = 255 * rng.random((3, 3))
        slope = 1 / (1 + np.exp(-6 * ((x - 0.5) * rng.normal() + (y - 0.5) * rng.normal())))[..., None]
        pixels = one * slope + other * (1 - slope)
        (right, down), radius = rng.random(2), 0.1 + 0.3 * rng.random()
        pixels[(x - right) ** 2 + (y - down) ** 2 < radius**2] = disc
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{place:03}.png")
