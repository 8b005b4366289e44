"""Attribution to pixels: what is exact for simple scores, completeness on the embedded feature."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from distributional_view.backends.__main__ import main
from distributional_view.backends.adapter.feature import maximum
from distributional_view.backends.adapter.passes import PictureScore
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.embedded import world as world_module
from distributional_view.backends.embedded.animals import Animals
from distributional_view.backends.embedded.world import embedded_world, feature_score, pictures
from distributional_view.backends.explain.owed import MAPS, SHEET, doubts, save_attribution
from distributional_view.backends.paradigms.attribution import gradient_times_input, integrated_gradients
from distributional_view.theory.samplers.schedule import NoiseSchedule

WEIGHTS = torch.arange(12.0).reshape(1, 3, 2, 2) - 5


def simple(psi):
    return TorchWorld(lambda x, time: x, psi, NoiseSchedule.linear(2), (3, 2, 2))


def test_a_linear_score_is_owed_to_its_terms():
    world, x = simple(lambda x: (WEIGHTS * x).sum((1, 2, 3))), torch.rand((3, 3, 2, 2))
    expected = (WEIGHTS * (x + 1)).sum(1)
    for found in (gradient_times_input(world, x), integrated_gradients(world, x)):
        assert torch.allclose(found.maps, expected, atol=1e-4)
        assert (found.missing < 1e-4).all()
    grey = integrated_gradients(world, x, baseline=0.25)
    assert torch.allclose(grey.maps, (WEIGHTS * (x - 0.25)).sum(1), atol=1e-4)


def test_integration_is_exact_for_a_cubic_and_one_gradient_is_not():
    world, x = simple(lambda x: (x**3).sum((1, 2, 3))), torch.full((1, 3, 2, 2), 0.5)
    found = integrated_gradients(world, x)
    assert torch.allclose(found.maps, torch.full((1, 2, 2), 3 * (0.125 + 1)), atol=1e-5)
    assert gradient_times_input(world, x).missing == pytest.approx(abs(1 - 1.5 * 0.75 / 1.125))
    assert gradient_times_input(world, torch.ones_like(x)).missing > 0.4
    with pytest.raises(ValueError, match="tolerance = 0: must be > 0"):
        integrated_gradients(world, x, tolerance=0)


def test_a_kink_is_found_and_a_jump_is_told():
    x = torch.full((1, 3, 2, 2), 0.5)
    kinked = integrated_gradients(simple(lambda x: (x.sum((1, 2, 3)) + 4).relu()), x, tolerance=1e-3)
    assert kinked.missing < 1e-3
    assert torch.allclose(kinked.maps, torch.full((1, 2, 2), 10 / 4), atol=0.01)
    jumping = simple(lambda x: x.sum((1, 2, 3)) + (x.sum((1, 2, 3)) > 0) * 12.0)
    assert integrated_gradients(jumping, x).missing == pytest.approx(12 / 30, abs=0.01)


def test_attributions_of_the_embedded_feature_are_complete():
    world = embedded_world(482, 20)
    x = pictures().images[torch.randperm(10_000, generator=torch.Generator().manual_seed(0))[:6]]
    found = integrated_gradients(world, x)
    assert (found.missing < 0.01).all(), found.missing
    assert found.maps.shape == (6, 32, 32)
    assert found.maps[x[:, 0] == -1].abs().max() == 0
    assert gradient_times_input(world, x).missing.mean() > 0.1


EXPLAIN = ["explain", "--embedded", "--feature", "457", "--level", "0.8", "--tolerance", "9", "--n", "3"]


def run(folder, *more):
    done = CliRunner().invoke(main, [*EXPLAIN, "--out", str(folder), *more])
    assert done.exit_code == 0, done.output
    return json.loads((folder / "explanation.json").read_text()), " ".join(done.output.split())


def few(monkeypatch):
    """A pool that is scored in no time."""
    images, labels = pictures()
    monkeypatch.setattr(world_module, "pictures", lambda: Animals(images[:200], labels[:200]))


def test_maps_of_explained_pictures_add_up_to_their_activations(tmp_path, monkeypatch):
    few(monkeypatch)
    sampled = ["--method", "EnergyDPS", "--steps", "6", "--runs", "3", "--check", "0"]
    without, _ = run(tmp_path, *sampled)
    assert "attribution" not in without
    assert not list(tmp_path.glob("attribution*"))
    found, said = run(tmp_path, *sampled, "--attribution")
    assert f"{SHEET} wrote" in said
    assert found.items() >= without.items()
    maps = np.load(tmp_path / MAPS)
    assert maps.shape == (3, 32, 32)
    black = feature_score(457)(torch.full((1, 1, 32, 32), -1.0)).item()
    difference = np.array(found["activations"]) - black
    assert (np.abs(difference) > 1).all()
    assert found["attribution"]["difference"] == pytest.approx(difference, abs=1e-4)
    assert maps.sum((1, 2)) == pytest.approx(difference, rel=0.01)
    assert max(found["attribution"]["missing"]) < 0.01


def test_what_a_jump_takes_is_told(tmp_path):
    score, x = PictureScore(feature_score(482, maximum, gated=True)), pictures().images[:3]
    told = save_attribution(score, x.numpy(), score(x), tmp_path, "codes")
    assert max(told["missing"]) > 0.05
    assert "of 3 maps do not add up to the score, the worst lacks" in doubts(told)[0]
    assert doubts({"missing": [0.001, 0.009]}) == []
    assert "1 of 2 maps do not add up to the score, the worst lacks 40%" in doubts({"missing": [0.001, 0.4]})[0]
