"""Calls of commands on tiny weights in the real formats, with several layers and priors, and pictures in folders."""

import shutil
from pathlib import Path

import numpy as np
import torch
from click.testing import CliRunner, Result
from jaxtyping import Float

from distributional_view.backends.adapter.feature import FeatureScore
from distributional_view.backends.options import LocalPaths, SamplerOptions, ScoreOptions
from distributional_view.backends.paradigms.local_model import LocalRequest
from distributional_view.backends.transcoders.checkpoint import publish, save_published
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.backends.zoo.images import read_image
from distributional_view.figures.command import main
from tests.support.local_parts import save_parts

SCORE = ["--size", 32, "--ungated", "--share", 1, "--reduction", "mean"]
SIZES = ["--n", 3, "--runs", 2, "--steps", 2, "--quick"]
FEATURE = 3


def save_several(folder: Path) -> Path:
    """The parts of `save_parts` with a second layer, a second prior and a word for each third picture."""
    parts = save_parts(folder)
    save_published(parts / "deeper", publish(Transcoder(TranscoderSpec(16, 24, 3, "topk", 4), 1), "stages.1.1"))
    shutil.copytree(parts / "pixels", parts / "other")
    for place, file in enumerate(sorted((parts / "images").iterdir())):
        labelled = parts / "labelled" / "abc"[place % 3]
        labelled.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, labelled)
    return parts


def call(
    command: str,
    parts: Path,
    out: Path,
    *more: object,
    transcoders: tuple[str | Path, ...] = ("transcoder",),
    images: str = "images",
) -> Result:
    """A command with these weights, into a folder."""
    paths: list[object] = ["--backbone", parts / "net.pth", "--images", parts / images]
    paths += [word for name in transcoders for word in ("--transcoder", parts / name)]
    given = [command, *paths, *SCORE, *SIZES, "--out", out, *more]
    return CliRunner().invoke(main, [str(word) for word in given])


def request_of(
    parts: Path, transcoder: str = "transcoder", images: str = "images", prior: str | None = None
) -> LocalRequest:
    """What `call` asks for."""
    paths = LocalPaths(
        parts / "net.pth", parts / transcoder, None if prior is None else parts / prior, parts / images, size=32
    )
    score = ScoreOptions(0, "mean", 1.0, False)
    return LocalRequest((FEATURE,), paths, None, None, score, SamplerOptions(batch=8), 5000)


def scores_of(psi: FeatureScore, files: list[Path]) -> Float[np.ndarray, " n"]:
    """Of the pictures in files, all at once."""
    pictures = torch.stack([read_image(file, 32) for file in files])
    with torch.no_grad():
        return psi(pictures).double().numpy()
