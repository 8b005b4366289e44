"""The pool of prior samples: its parts, its folder, and what is read of it."""

import numpy as np
import pytest
import torch

from distributional_view.backends.embedded import prior_pool as module
from distributional_view.backends.embedded.animals import as_grey, to_images
from distributional_view.backends.embedded.measures import pooled
from distributional_view.backends.embedded.prior_pool import PoolPlan, prior_pool
from distributional_view.backends.embedded.store import load_classifier
from distributional_view.backends.embedded.world import feature_score
from distributional_view.backends.jobs import OtherRequest
from distributional_view.errors import UserError

torch.set_num_threads(1)
PLAN = PoolPlan(steps=3, part=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("pool")
    prior_pool(out, 16, PLAN)
    return out


def test_grey_values_are_the_pictures():
    x = torch.linspace(-1.2, 1.2, 32 * 32).reshape(1, 1, 32, 32)
    assert (to_images(as_grey(x)[:, 0]) - x.clamp(-1, 1)).abs().max() <= 1 / 255 + 1e-6


def test_classifier_and_scores_are_those_of_the_pictures(folder):
    pool = prior_pool(folder, 16, PLAN)
    images, classifier = pool.pictures(np.arange(16)), load_classifier()
    assert torch.allclose(pool.pooled, pooled(classifier, images), atol=1e-4)
    with torch.no_grad():
        assert torch.allclose(pool.logits, classifier(images), atol=1e-4)
        assert np.allclose(pool.activation(457), feature_score(457)(images).numpy(), atol=1e-4)
    assert (pool.labels == pool.logits.numpy().argmax(1)).all()
    half = pool.scored(457, slice(1, None, 2))
    assert (half.scores == pool.activation(457)[1::2]).all()
    assert torch.equal(half.take(np.array([0, 2])), images[[1, 5]])


def test_parts_differ_and_a_larger_pool_goes_on_from_a_smaller_one(folder, monkeypatch):
    small = prior_pool(folder, 16, PLAN)
    assert (small.grey[:8] != small.grey[8:]).any()
    made = []
    original = module._make
    monkeypatch.setattr(
        module, "_make", lambda job, world, plan, place, p: made.append(place) or original(job, world, plan, place, p)
    )
    told = []
    larger = prior_pool(folder, 24, PLAN, lambda *a: told.append(a))
    assert made == [2]
    assert told[-1][1:] == (24, 24)
    assert told[0][1] >= 16
    assert (larger.grey[:16] == small.grey).all()


def test_the_same_seed_gives_the_same_pool_and_another_does_not(folder, tmp_path):
    again, other = prior_pool(tmp_path / "a", 8, PLAN), prior_pool(tmp_path / "b", 8, PoolPlan(steps=3, part=8, seed=1))
    assert (again.grey == prior_pool(folder, 8, PLAN).grey).all()
    assert (again.grey != other.grey).any()


def test_another_prior_another_plan_and_another_number_are_refused(folder, tmp_path, monkeypatch):
    with pytest.raises(OtherRequest, match="steps"):
        prior_pool(folder, 16, PoolPlan(steps=4, part=8))
    with pytest.raises(ValueError, match="n = 12: must be a multiple of 8"):
        prior_pool(folder, 12, PLAN)
    weights = tmp_path / "prior.safetensors"
    weights.write_bytes(b"others")
    original = module.weights_path
    monkeypatch.setattr(module, "weights_path", lambda part: weights if part == "prior" else original(part))
    with pytest.raises(OtherRequest, match=r"contents\.prior"):
        prior_pool(folder, 16, PLAN)


def test_a_damaged_part_is_refused(tmp_path):
    prior_pool(tmp_path, 8, PLAN)
    path = tmp_path / "part-0000.npz"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UserError, match="part-0000"):
        prior_pool(tmp_path, 8, PLAN)
