"""Features against channels: channels as a dictionary, how consistent pictures are, the objects, going on."""

from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest
import torch

from distributional_view.backends.adapter.feature import Mix
from distributional_view.backends.embedded import neurons
from distributional_view.backends.embedded.animals import CLASSES, load_animals
from distributional_view.backends.embedded.consistency import base, consistency
from distributional_view.backends.embedded.described import data_words
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.neurons import NeuronBudget, chosen
from distributional_view.backends.embedded.words import VOCABULARY
from distributional_view.backends.measures.consistency import SUCCESS
from distributional_view.backends.paradigms.kept import shown
from distributional_view.backends.paradigms.objects import CHANNEL, FEATURE, MATCHED, OFFLINE
from distributional_view.jobs import OtherRequest
from distributional_view.theory.pools.retrieval import reweight_to

torch.set_num_threads(1)
BUDGET = NeuronBudget(2, (0.9,), replace(neurons.QUICK.sampling, n=3, steps=3, runs=3, tolerance=3.0))


def test_a_channel_is_a_feature_of_the_dictionary_that_changes_nothing():
    layer, some = shared().layer, shared().images[:7]
    maps = layer.classifier.features(some, layer.hook)
    assert torch.equal(layer.channels.transcoder(maps.relu()), maps.relu())
    for channel in (0, 95):
        expected = Mix()(maps[:, channel])
        assert layer.channels.score(channel)(some) == pytest.approx(expected.numpy(), abs=1e-5)
        assert layer.channels.activation(channel)[:7] == pytest.approx(expected.numpy(), abs=1e-5)
    assert not np.allclose(layer.activation(0)[:7], layer.channels.activation(0)[:7])


def test_gain_is_none_of_the_data_and_all_of_a_class():
    words, features = data_words(), shared().reference.double().numpy()
    n = len(words)
    whole = consistency(words, features, np.full(n, 1 / n))
    assert whole.gain == pytest.approx(0, abs=1e-12)
    assert whole.class_entropy == pytest.approx(np.log(10), abs=0.01)
    assert not whole.success
    zebras = (words[:, 0] == CLASSES.index("zebra")).astype(float)
    found = consistency(words, features, zebras / zebras.sum())
    assert (found.class_gain, found.class_entropy, found.gain) == pytest.approx((1, 0, 1))
    assert found.class_success
    assert found.effective_size == pytest.approx(zebras.sum())
    assert found.similarity > whole.similarity + 0.3
    half = np.where(zebras > 0, SUCCESS - 0.01, 0) / zebras.sum() + (1.01 - SUCCESS) / n
    assert not consistency(words, features, half).class_success  # mixed with the data just below the limit
    assert base()[: len(CLASSES)].sum() == pytest.approx(1)


def test_similarity_is_the_mean_over_pairs_and_halves_are_those_of_the_places():
    words, features = data_words()[:6], shared().reference[:6].double().numpy()
    units = features - shared().reference.double().numpy().mean(0)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    weights = np.array([0.4, 0.1, 0.2, 0.1, 0.2, 0.0])
    pairs = [(i, j) for i in range(6) for j in range(6) if i != j]
    total = sum(weights[i] * weights[j] * (units[i] @ units[j]) for i, j in pairs)
    found = consistency(words, features, weights)
    assert found.similarity == pytest.approx(total / sum(weights[i] * weights[j] for i, j in pairs))
    same = words.copy()
    same[:, 0] = 3
    assert consistency(same, features, weights).halves == pytest.approx(1)
    same[1::2, 0] = 4
    assert consistency(same, features, weights).halves == pytest.approx(0)
    assert consistency(same, features, np.array([0.5, 0, 0.5, 0, 0, 0])).halves is None
    with pytest.raises(ValueError, match="pictures with weights > 0 = 1"):
        consistency(words, features, np.eye(6)[0])


def test_a_match_is_the_channel_of_largest_correlation():
    layer = shared().layer
    objects = chosen(layer, 3, 0)
    assert [thing.kind for thing in objects] == [FEATURE] * 3 + [MATCHED] * 3 + [CHANNEL] * 3
    theirs = layer.channels.activations(range(96))
    assert theirs[:, 7] == pytest.approx(layer.channels.activation(7), abs=1e-4)
    for feature, match in zip(objects[:3], objects[3:6], strict=True):
        assert match.feature == feature.index
        all_of_them = np.corrcoef(layer.activation(feature.index), theirs, rowvar=False)[0, 1:]
        assert match.index == int(np.argmax(all_of_them))
        assert match.correlation == pytest.approx(all_of_them.max())
    assert chosen(layer, 3, 1) != objects


def test_rows_are_made_once_and_say_what_the_weights_say(tmp_path, monkeypatch):
    rows = neurons.run(tmp_path, BUDGET, OFFLINE, 0)
    assert len(rows) == 2 * 3 * 2
    layer = shared().layer
    for row in rows:
        assert row["word"] in VOCABULARY
        assert row["control_gain"] < 0.3
        assert len(shown(row)[0]) == 3
    weighted = next(row for row in rows if row["kind"] == FEATURE and row["method"] == "KLSC-weights")
    scores = layer.activation(weighted["index"])
    assert weighted["target"] == pytest.approx(np.quantile(scores, 0.9))
    pool = scores[: len(load_animals()[0].images)]
    assert weighted["activation"] == pytest.approx(weighted["target"])
    assert weighted["effective_size"] == pytest.approx(reweight_to(pool, weighted["target"]).effective_size)
    monkeypatch.setattr(neurons._Runner, "row", Mock(side_effect=AssertionError("made again")))
    assert neurons.run(tmp_path, BUDGET, OFFLINE, 0) == rows
    with pytest.raises(OtherRequest):
        neurons.run(tmp_path, BUDGET, OFFLINE, 1)


@pytest.mark.slow
def test_sampled_pictures_of_a_channel_are_measured_as_they_are(tmp_path):
    rows = neurons.run(tmp_path, replace(BUDGET, objects=1), ("EnergyDPS",), 0)
    assert [row["kind"] for row in rows] == [FEATURE, MATCHED, CHANNEL]
    assert all(row["effective_size"] == pytest.approx(3) and row["control_gain"] is None for row in rows)


def test_bad_input_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"level = 1\.5: must be in \(0, 1\)"):
        NeuronBudget(2, (1.5,))
    with pytest.raises(ValueError, match="method = 'magic': must be one of Fourier"):
        neurons.run(tmp_path, BUDGET, ("magic",), 0)
    assert not list(tmp_path.iterdir())
