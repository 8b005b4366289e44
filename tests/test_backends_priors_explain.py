"""`dview explain --prior FOLDER` from the command to the grid, with tiny random weights in the real formats."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from distributional_view.backends.__main__ import main
from distributional_view.backends.explain.job import explain
from distributional_view.backends.explain.methods import Request
from distributional_view.backends.explain.sources import local_source
from distributional_view.backends.options import LocalPaths, SamplerOptions, ScoreOptions
from distributional_view.backends.transcoders.checkpoint import publish, save_published
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.errors import UserError
from tests.support.official_convnext import official
from tests.support.tiny_priors import save_dit, save_latents, save_pixels, save_text, unet

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """A backbone, a transcoder on its stage 1, and priors by name."""
    folder = tmp_path_factory.mktemp("parts")
    torch.save(official().state_dict(), folder / "net.pth")
    save_published(folder / "transcoder", publish(Transcoder(TranscoderSpec(16, 32, 3, "topk", 4), 0), "stages.1.0"))
    for name, save in {"pixels": save_pixels, "latents": save_latents, "dit": save_dit, "text": save_text}.items():
        save(folder / name)
    return folder


def arguments(parts, prior, out, *more):
    paths = ["--backbone", parts / "net.pth", "--transcoder", parts / "transcoder", "--prior", parts / prior]
    score = ["--feature", "3", "--reduction", "mean", "--share", "1", "--ungated"]
    size = ["--size", "32", "--steps", "2", "--n", "2", "--pool-size", "4", "--runs", "2", "--knob", "0.5"]
    check = [] if prior == "latents" else ["--check", "0"]
    return [str(word) for word in ["explain", *paths, *score, *size, *check, "--out", out / "job", *more]]


@pytest.mark.parametrize(
    ("prior", "pixels", "more", "said"),
    [
        ("pixels", 32, [], ""),
        ("latents", 32, ["--recompute"], ""),
        (
            "dit",
            16,
            ["--label", "cock"],
            "the prior is that of class 7\nthe prior's pictures, 16 x 16 pixels, are resized",
        ),
        ("text", 16, ["--label", "a cat", "--batch", "1"], "the prior is that of the prompt 'a cat'"),
    ],
)
def test_a_folder_is_explained(prior, pixels, more, said, parts, tmp_path):
    for _ in range(1 + (prior == "latents")):  # the second goes on with what the first left
        done = CliRunner().invoke(main, arguments(parts, prior, tmp_path, *more), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert said in done.output.replace("to 32 x 32", "")
    written = json.loads((tmp_path / "job" / "explanation.json").read_text())
    assert len(written["activations"]) == 2
    assert written["law"]["size"] == 4
    assert f"prior/{'transformer' if prior == 'dit' else 'unet'}/config.json" in json.dumps(written)
    assert Image.open(tmp_path / "job" / "grid.png").size[0] > 100
    shown = np.load(tmp_path / "job" / "shown.npy")
    assert shown.shape == (2, 3, pixels, pixels)
    assert np.abs(shown).max() <= 1 + 1e-6
    found = explained(parts, prior, tmp_path / "again", more)
    assert found.images.shape == (2, 3, pixels, pixels)
    assert np.abs(found.images).max() <= 1
    assert found.images.std() > 0.01


def explained(parts, prior, out, more=()):
    label = more[1] if "--label" in more else None
    source = local_source(
        LocalPaths(parts / "net.pth", parts / "transcoder", parts / prior, size=32, label=label),
        "EnergyDPS",
        ScoreOptions(3, "mean", 1.0, False),
        SamplerOptions(steps=2),
    )
    found = explain(Request("EnergyDPS", 0.1, 2, knob=0.5, runs=2), out, source.world)
    scores = source.score(torch.tensor(found.images, dtype=torch.float32))
    assert scores == pytest.approx(found.scores, abs=1e-4)  # what is shown is what was scored
    points = source.world.from_numpy(found.points)
    assert source.world.to_numpy(source.world.pictures(points)) == pytest.approx(found.images, abs=1e-6)
    return found


def test_the_strength_moves_the_score(parts, tmp_path):
    source = local_source(
        LocalPaths(parts / "net.pth", parts / "transcoder", parts / "latents", size=32),
        "EnergyDPS",
        ScoreOptions(3, "mean", 1.0, False),
        SamplerOptions(steps=6),
    )
    means = [
        explain(Request("EnergyDPS", 0.1, 4, knob=knob, runs=4), tmp_path / str(knob), source.world).numbers["mean"]
        for knob in (0.0, 5.0)
    ]
    assert means[1] > means[0] + 0.01


def test_other_weights_or_another_label_are_another_request(parts, tmp_path):
    def run(*more):
        return CliRunner().invoke(main, arguments(parts, "dit", tmp_path, *more)).output

    assert "wrote" in run("--label", "7")
    assert "origin.label" in run("--label", "8")
    config = parts / "dit" / "scheduler" / "scheduler_config.json"
    whole = config.read_text()
    config.write_text(whole.replace("0.02", "0.019"))
    try:
        assert "scheduler" in run("--label", "7")
    finally:
        config.write_text(whole)


def test_priors_that_the_backbone_cannot_see(parts, tmp_path):
    grey = tmp_path / "grey"
    unet(1).save_pretrained(grey)
    (grey / "scheduler_config.json").write_text((parts / "pixels/scheduler/scheduler_config.json").read_text())
    paths = LocalPaths(parts / "net.pth", parts / "transcoder", grey, size=32)
    with pytest.raises(UserError, match="its pictures have 1 channels, the backbone takes 3"):
        local_source(paths, "EnergyDPS", ScoreOptions(3), SamplerOptions())
    refused = CliRunner().invoke(main, arguments(parts, "pixels", tmp_path / "o", "--label", "3"))
    assert refused.exit_code == 1
    assert "label = '3': must be left out" in refused.output
