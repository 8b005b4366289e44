"""The same methods at other layers: which there are, their transcoders, their features, going on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from distributional_view.backends.cells import ordered
from distributional_view.backends.embedded import layer as layer_module
from distributional_view.backends.embedded import layers, train
from distributional_view.backends.embedded.animals import CLASSES, Animals, load_animals
from distributional_view.backends.embedded.convnext import Hook
from distributional_view.backends.embedded.layer import load_layer
from distributional_view.backends.embedded.layers import LayerBudget, chosen, trained
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.paradigm_experiment import cells_of
from distributional_view.backends.embedded.store import WEIGHTS
from distributional_view.backends.paradigms.entrants import entrants_of
from distributional_view.errors import UserError
from distributional_view.jobs import Job

torch.set_num_threads(1)
DEEP = Hook(3, 0)
CELLS = replace(layers.QUICK.cells, n=3, steps=3, runs=3, ascent=2, tolerance=3.0)


@pytest.fixture
def few(monkeypatch):
    """A training on few pictures."""
    parts = [Animals(part.images[:128], part.labels[:128]) for part in load_animals()]
    monkeypatch.setattr(train, "load_animals", lambda: parts)
    monkeypatch.setattr(layer_module, "pictures", lambda: parts[0])
    return parts[0]


def test_a_layer_is_trained_once_and_belongs_to_its_hook(tmp_path, few, monkeypatch):
    assert trained(tmp_path / "own", train.HOOK, 2) == WEIGHTS
    assert not (tmp_path / "own").exists()
    folder = trained(tmp_path / "deep", DEEP, 2)
    layer = load_layer(folder)
    assert layer.hook == DEEP
    assert layer.hooked.shape == (128, 96, 2, 2)
    assert layer.score(3)(few.images[:5]).numpy() == pytest.approx(layer.activation(3)[:5], abs=1e-4)
    monkeypatch.setattr(layers, "train_features", lambda *_: pytest.fail("trained again"))
    assert trained(folder, DEEP, 2) == folder
    with pytest.raises(UserError, match="another training"):
        trained(folder, DEEP, 3)
    with pytest.raises(UserError, match=r"has a transcoder of .*'stage': 3.*, must be of .*'stage': 1"):
        trained(folder, Hook(1, 0), 2)


def test_features_of_a_layer_are_live_and_know_their_class():
    layer = shared().layer
    found = chosen(layer, train.HOOK, 2, 0)
    assert found == chosen(layer, train.HOOK, 2, 0)
    assert {feature.index for feature in found} != {feature.index for feature in chosen(layer, train.HOOK, 2, 1)}
    for feature in found:
        assert feature.index in layer.live(layers.LIVE)
        best = np.argsort(-layer.activation(feature.index))[:100]
        assert np.mean(shared().labels[best] == CLASSES.index(feature.dominant)) == pytest.approx(feature.share)
        assert feature.name == f"stage 2: {feature.index}"


def test_methods_climb_the_score_of_the_layer_they_are_given(tmp_path):
    """Channels in place of features: another dictionary at the same place."""
    channels = shared().layer.channels
    named = replace(chosen(shared().layer, train.HOOK, 1, 0)[0], index=5)
    cells = cells_of(named, CELLS, 0, Job(tmp_path, "token"), channels)
    one = cells.one
    assert one.ground.world.psi.transcoder is channels.transcoder
    assert one.prompted.world.psi.transcoder is channels.transcoder
    images = shared().images[:4]
    assert one.ground.world.score(images).numpy() == pytest.approx(one.scores[:4], abs=1e-4)
    (entrant,) = entrants_of(["KLSC-weights"])
    row = cells.row(entrant, 0.8, 0)
    assert row["target"] == pytest.approx(np.quantile(channels.activation(5), 0.8))
    assert row["sd"] == pytest.approx(channels.activation(5).std())


@pytest.mark.slow
def test_another_stage_is_explained_and_kept(tmp_path):
    budget = LayerBudget(1, 3, CELLS)
    (found,) = layers.run(tmp_path, budget, [DEEP], ("retrieval", "EnergyDPS"), 0)
    assert found.hook == DEEP
    assert [row["method"] for row in found.rows] == ["retrieved", "retrieval", "EnergyDPS"]
    assert layers.run(tmp_path, budget, [DEEP], ("retrieval", "EnergyDPS"), 0) == [found]
    assert ordered(found.rows, lambda row: row["method"], ["retrieval"])[0]["name"].startswith("stage 3: ")


def test_a_block_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"block = 1: must be in \[0, 0\] for stage 3"):
        layers.run(tmp_path, layers.QUICK, [Hook(3, 1)], layers.METHODS, 0)
    assert not list(tmp_path.iterdir())
