"""Pictures of the embedded world with scores and words; EnergyDPS on them as its strength grows."""

import numpy as np
import pytest
import torch

from distributional_view.backends.embedded import strength
from distributional_view.backends.embedded.described import data_described, pool_described
from distributional_view.backends.embedded.prior_pool import PoolPlan, kept_pool, prior_pool
from distributional_view.backends.embedded.words import VOCABULARY, captions
from distributional_view.backends.embedded.world import feature_score
from distributional_view.backends.jobs import OtherRequest
from distributional_view.errors import UserError
from distributional_view.figures.levels_source import _embedded

torch.set_num_threads(1)
PLAN = PoolPlan(steps=3, part=60)


def test_a_pool_is_described_by_its_own_pictures(tmp_path):
    made = prior_pool(tmp_path, 120, PLAN)
    pool = kept_pool(tmp_path)
    assert len(pool) == 120
    found = pool_described(pool, 417)
    images = torch.from_numpy(found.pictures(np.arange(120)))
    assert torch.equal(images, made.pictures(np.arange(120)))
    with torch.no_grad():
        assert found.scores == pytest.approx(feature_score(417)(images).numpy(), abs=1e-4)
    assert (found.words[:, 0] == found.logits.argmax(1)).all()
    assert (found.words == captions(images, torch.from_numpy(found.words[:, 0])).numpy()).all()
    kinds = _embedded("x", found).kinds.values()
    for word in range(120):
        assert [kind.words[kind.codes[word]] for kind in kinds] == [VOCABULARY[w] for w in found.words[word]]


def test_a_folder_without_a_pool_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"must be a folder of `dview embedded-pool`, and has no part"):
        kept_pool(tmp_path)


def test_the_data_has_every_picture():
    found = data_described(457)
    assert len(found.scores) == len(found.words) == len(found.pooled) == 10_000
    assert (found.words[found.scores > 13, 0] == 9).mean() > 0.95  # zebras


BUDGET = strength.StrengthBudget((0.5, 4.0), 3, 1, 10, 120, 2)


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    return prior_pool(tmp_path_factory.mktemp("pool"), 120, PLAN)


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    return tmp_path_factory.mktemp("strength") / "job"


@pytest.fixture(scope="module")
def found(job, pool):
    return strength.run(job, 417, pool, BUDGET, 0)


def test_guidance_raises_the_activation_and_moves_the_pictures(found):
    assert [(r["zeta"], r["factor"]) for r in found.rows] == [
        (None, 0.0),
        ("tilt", 0.5),
        ("tilt", 4.0),
        ("constant", 0.5),
        ("constant", 4.0),
    ]
    plain, *guided = found.rows
    assert plain["lpips"] == 0.0
    for weak, strong in (guided[:2], guided[2:]):
        assert plain["activation"] < weak["activation"] < strong["activation"]
        assert 0 < weak["lpips"] < strong["lpips"]


def test_both_schedules_of_a_factor_push_equally_in_all(pool):
    runner = strength._Runner(417, pool, BUDGET, 0)
    rows = runner.world.schedule.rows
    tilt = runner.strength("tilt", 2.0) * rows.tilt_zeta.sum()
    assert runner.strength("constant", 2.0) * len(rows.tilt_zeta) == pytest.approx(tilt)
    assert runner.strength("tilt", 2.0) == pytest.approx(2 / runner.sd)


def test_solutions_have_their_levels(found, pool):
    half = pool.activation(417)[1::2]
    first, whole, last, truncated = found.solutions
    assert first["solution"] == "tilt"
    assert first["activation"] == pytest.approx(half.mean(), abs=0.05)
    assert first["effective_size"] == pytest.approx(60)
    assert last["activation"] == pytest.approx(np.sort(half)[-2:].mean(), abs=0.1)
    assert truncated["solution"] == "truncation"
    assert whole["kid"] == first["kid"]  # at the mean both are the prior


def test_a_run_goes_on_where_it_stopped(job, found, pool, monkeypatch):
    lines = job / "cells.jsonl"
    kept = lines.read_bytes().splitlines(keepends=True)
    lines.write_bytes(b"".join(kept[:-1]))
    drawn = []
    original = strength._Runner.row
    monkeypatch.setattr(strength._Runner, "row", lambda self, *cell: drawn.append(cell) or original(self, *cell))
    again = strength.run(job, 417, pool, BUDGET, 0)
    assert drawn == [("constant", 4.0, 0)]
    assert again.rows == found.rows
    with pytest.raises(OtherRequest, match="feature"):
        strength.run(job, 457, pool, BUDGET, 0)
