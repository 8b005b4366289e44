"""A learned H_t of pictures: the embedded features on pictures that the training has not seen, and any backbone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from distributional_view.backends.adapter.feature import FeatureScore, maximum
from distributional_view.backends.embedded import learned as embedded
from distributional_view.backends.embedded.animals import load_animals
from distributional_view.backends.embedded.world import feature_score
from distributional_view.backends.fit import Plan
from distributional_view.backends.options import SamplerOptions
from distributional_view.backends.potential.calibration import calibration
from distributional_view.backends.potential.learned import LearnedPotential, Spec
from distributional_view.backends.potential.pictures import learn_from_pictures, together
from distributional_view.backends.potential.train import noised
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.errors import UserError
from distributional_view.theory.samplers.potential import predictive

torch.set_num_threads(1)
TINY = Plan(steps=3, batch=8, learning_rate=1e-3, seed=1, decay=0.9)
FEATURES = (417, 482)


@pytest.fixture(scope="module")
def found():
    return embedded.learned_potential(FEATURES)  # the usual training: a minute


@pytest.fixture(scope="module")
def unseen():
    images = load_animals()[1].images[::2]  # of every class: they lie in the order of their classes
    return images, embedded.scores_of(images, FEATURES)


@pytest.mark.slow
def test_the_training_is_calibrated_on_unseen_pictures_and_a_sharpened_one_is_not(found, unseen):
    told = calibration(found, *unseen, 0)
    assert told.faults(slack=0.1) == []
    assert (told.explained[0] > 0.6).all()
    assert (told.gain[:4] > 0.2).all()
    sharp = LearnedPotential(found.spec, found.bins, found.weights, {})
    object.__setattr__(sharp, "logits", lambda *given: 2 * LearnedPotential.logits(found, *given))
    assert any("coverage" in fault for fault in calibration(sharp, *unseen, 0).faults(slack=0.1))


@pytest.mark.slow
def test_the_learned_score_tells_more_than_the_plug_in_where_there_is_much_noise(found, monkeypatch):
    monkeypatch.setattr(embedded, "learned_potential", lambda *given, **more: found)
    world = embedded.learned_worlds(FEATURES, SamplerOptions(8, batch=60))[FEATURES[0]]
    known = predictive(world, 0, 1000)
    assert 1 <= known.switch < 8
    assert known.potential[: known.switch].sum() < known.plug_in[: known.switch].sum() - 0.02
    test = load_animals()[1].images
    drawn = world.sample_prior(0, 5)
    assert all((test == x).flatten(1).all(1).any() for x in drawn)
    with pytest.raises(ValueError, match=r"n = 10000: must be <= \d+, the test pictures"):
        world.sample_prior(0, 10_000)


def test_a_folder_serves_its_own_request_alone(tmp_path, monkeypatch):
    few = load_animals()[0]._replace(images=load_animals()[0].images[:20])
    monkeypatch.setattr(embedded, "load_animals", lambda: (few, few))
    first = embedded.learned_potential(FEATURES, tmp_path, TINY)
    monkeypatch.setattr(embedded, "learn", None)  # not learned again
    again = embedded.learned_potential(FEATURES, tmp_path, TINY)
    x = torch.randn(2, 1, 32, 32)
    assert torch.equal(first.log_law(x, 0.6, 0.8), again.log_law(x, 0.6, 0.8))
    for other in ((FEATURES[::-1], TINY), (FEATURES, replace(TINY, steps=4))):
        with pytest.raises(UserError, match=r"potential\.json is of another request"):
            embedded.learned_potential(other[0], tmp_path, other[1])


def test_scores_of_several_features_are_those_of_each():
    images = load_animals()[1].images[:6]
    each = torch.stack([feature_score(f)(images) for f in FEATURES], 1)
    assert torch.allclose(embedded.scores_of(images, FEATURES), each, atol=1e-5)
    with pytest.raises(ValueError, match="scores = 'of several backbones'"):
        together([feature_score(f) for f in FEATURES])


def test_any_backbone_serves_and_its_passes_are_counted():
    passes = []
    layer = torch.nn.Conv2d(3, 6, 8, stride=8).requires_grad_(False)

    def backbone(x):
        passes.append(len(x))
        return layer(x)

    transcoder = Transcoder(TranscoderSpec(6, 12, top_k=3), seed=0)
    same = torch.nn.Identity()
    scores = [FeatureScore(backbone, transcoder, f, maximum, same, 1.0, gated=False) for f in (2, 7)]
    rng = np.random.default_rng(0)
    batches = [torch.tensor(rng.uniform(-1, 1, (n, 3, 128, 128))).float() for n in (5, 3)]
    learned = learn_from_pictures(together(scores), ("2", "7"), batches, TINY)
    assert sum(passes) == learned.record["scored pictures"] == 16
    assert learned.record["CPU seconds of scoring"] >= 0
    law = learned.log_law(batches[0], 0.6, 0.8)
    assert law.shape == (5, 2, 64)
    assert torch.allclose(law.exp().sum(-1), torch.ones(5, 2), atol=1e-5)
    with pytest.raises(ValueError, match=r"shape of pictures = \(3, 64, 64\): must be \(3, 128, 128\), as before"):
        learn_from_pictures(together(scores), ("2", "7"), [*batches, torch.zeros(1, 3, 64, 64)], TINY)
    with pytest.raises(ValueError, match="batches = 'none': must be at least one batch"):
        learn_from_pictures(together(scores), ("2", "7"), [], TINY)


def test_noise_on_averaged_pictures_is_averaged_noise():
    spec = Spec((1, 128, 128), ("a",), 4, 1.0)
    assert spec.square == 2
    whole = spec.averaged(torch.randn(40, 1, 128, 128, generator=torch.Generator().manual_seed(0))).std()
    drawn, _, sd = noised(torch.zeros(40, 1, 64, 64), torch.Generator().manual_seed(1), spec.square)
    assert float(whole) == pytest.approx(0.5, abs=0.01)
    assert torch.allclose(drawn.std((1, 2, 3)) / sd, whole, atol=0.03)
