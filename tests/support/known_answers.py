"""What real weights must answer, as functions that the tests of `make test-weights` and their own tests share.

Each answer says what was found, what was wanted and whether it holds; random weights must fail every one of them.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate, layer_norm

from distributional_view.backends.adapter.feature import imagenet_normalise
from distributional_view.backends.explain.sources import parse_hook
from distributional_view.backends.measures.prior_loss import levels, prior_loss
from distributional_view.backends.transcoders.checkpoint import load_published
from distributional_view.backends.transcoders.evaluate import evaluate
from distributional_view.backends.zoo.decode import decode
from distributional_view.backends.zoo.dinov3 import SIZES, load_backbone, weight_file
from distributional_view.backends.zoo.weights import read_tensors

CATS = "000000039769"
"""The picture of COCO's val2017 that the published numbers are of."""
PUBLISHED = {
    "tiny": (
        (-6.372119, 1.300791, 2.074303, -0.079975, 0.607205),
        (0.490530, -3.713466, 1.848513, -1.040319, -1.090818),
    ),
    "small": (
        (-0.903914, 1.412183, 0.287465, 0.175296, -2.397940),
        (-1.081114, 0.637362, 3.748765, 0.170179, 1.445153),
    ),
    "base": (
        (0.155366, -0.378771, -0.735157, -2.818718, 0.015095),
        (3.039118, 0.778155, -1.961322, -1.607147, -2.411941),
    ),
    "large": (
        (-2.219094, -0.594451, -2.300294, -0.957415, -0.520473),
        (-1.477349, -0.217038, -3.128137, 0.418962, 0.334949),
    ),
}
"""First numbers of class token and first patch, from the conversion of the official weights in transformers."""
NEAR = 0.02
"""Decoders of JPEG differ by a grey level, 1/255; the published check itself allows 1e-3 on one decoder."""
SHARES = (0.99, 0.9, 0.5, 0.1)
"""alpha_bar of the levels: noise of a tenth of the signal's unit, a third, one, and three. At the last one a prediction
taken for one of another kind is far off; at the others it may pass."""
LEAST_EXPLAINED = 0.5
"""A transcoder that leaves more than half of the variance does not describe the activations that it is used for."""
LEAST_RECONSTRUCTED = 0.8
"""An autoencoder that loses more than a fifth of the pictures' variance has another decoder than encoder."""


class Answer(NamedTuple):
    """What was found and wanted, and whether it holds."""

    holds: bool
    words: str


def given(*names):
    """The paths of variables; a test without one is skipped."""
    absent = [name for name in names if not os.environ.get(name)]
    if absent:
        pytest.skip(f"needs {', '.join(f'{name}=PATH' for name in absent)}")
    return [Path(os.environ[name]) for name in names]


def tokens(path, picture):
    """Class token and first patch of a picture at 224 x 224: mean and corner of the last stage, normalised."""
    tensors = read_tensors(weight_file(path))
    names = [n for n in tensors if re.fullmatch(r"(?:(?!stages|norms)\w+\.)*(?:layer_)?norm\.(?:weight|bias)", n)]
    scale, shift = (next(tensors[n] for n in names if n.endswith(end)).float() for end in ("weight", "bias"))
    depths = {int(m[1]) for n in tensors if (m := re.search(r"stages\.3\.(?:blocks\.|layers\.)?(\d+)\.gamma", n))}
    backbone = load_backbone(path, (3, max(depths) + 1))
    pixels = torch.from_numpy(np.asarray(decode(picture).picture, dtype=np.float32).copy()).permute(2, 0, 1)[None] / 255
    small = interpolate(pixels, (224, 224), mode="bilinear", antialias=True)
    last = backbone(imagenet_normalise(2 * small - 1))
    both = torch.stack([last.mean((2, 3))[0], last[0, :, 0, 0]])
    return layer_norm(both, both.shape[1:], scale, shift, 1e-6), backbone


def dinov3_answer(path, picture, published=PUBLISHED):
    """The published numbers of DINOv3 ConvNeXt."""
    found, backbone = tokens(path, picture)
    size = next((name for name, (w, d) in SIZES.items() if (w, d) == (backbone.widths, backbone.depths)), None)
    if size not in published:
        return Answer(False, f"DINOv3: widths {backbone.widths} and depths {backbone.depths} are of no published size")
    wanted = torch.tensor(published[size])
    off = float((found[:, : wanted.shape[1]] - wanted).abs().max())
    return Answer(
        off < NEAR, f"DINOv3 {size}: {found[:, :5].tolist()}, published {wanted.tolist()}, at most {NEAR} apart"
    )


def linear_loss(points, share):
    """The loss (`measures.prior_loss`) of the best linear filter, which knows the spectrum of these very points.

    It is that of the Gaussian with their spectrum: mean over frequencies of S v/(S + v)/(1 - alpha_bar), with
    v = (1 - alpha_bar)/alpha_bar.
    """
    x = points.double()
    x = x - x.mean((0, 2, 3), keepdim=True)
    power = torch.fft.fft2(x, norm="ortho").abs().square().mean(0)
    noise = (1 - share) / share
    return float((power * noise / (power + noise)).mean()) / (1 - share)


def denoising_answer(world, points, what):
    """The prior denoises better than any linear filter does, at each level.

    A Gaussian prior with the right spectrum reaches the filter's loss; natural pictures are not Gaussian, and edges are
    what a trained network knows beyond it.
    """
    rows = levels(world.schedule, SHARES)
    found = [float(prior_loss(world, points, at=[row]).mean()) for row in rows]
    bounds = [linear_loss(points, row.signal**2) for row in rows]
    listed = ", ".join(f"{f:.3g} ({b:.3g})" for f, b in zip(found, bounds, strict=True))
    holds = all(f < b for f, b in zip(found, bounds, strict=True))
    return Answer(holds, f"{what}: loss (the best linear filter's, which is more) at alpha_bar {SHARES}: {listed}")


def transcoder_answer(folder, backbone, batches, device="cpu"):
    """A published transcoder explains the activations that it is named after."""
    published = load_published(folder, device)
    hooks = [parse_hook(name) for name in (published.hook_in, published.hook_out)]
    read, written = (load_backbone(backbone, hook, device=device) for hook in hooks)

    def activations(images):
        x = imagenet_normalise(images)
        return read(x), written(x)

    return explained_answer(published.transcoder, activations, batches, device)


def explained_answer(transcoder, activations, batches, device="cpu"):
    """The explained variance of a transcoder."""
    found = evaluate(transcoder, activations, batches, device)
    share, words = found.explained_variance, f"{found.active:.3g} codes a position, {found.silent} silent features"
    return Answer(share > LEAST_EXPLAINED, f"transcoder: explained variance {share:.4g} > {LEAST_EXPLAINED}, {words}")


def autoencoder_answer(latents, pictures):
    """Pictures come back from their latents."""
    with torch.no_grad():
        missed = (latents.decode(latents.encode(pictures)) - pictures).square().mean()
    share = 1 - float(missed / (pictures - pictures.mean((0, 2, 3), keepdim=True)).square().mean())
    return Answer(share > LEAST_RECONSTRUCTED, f"autoencoder: {share:.4g} of the variance > {LEAST_RECONSTRUCTED}")
