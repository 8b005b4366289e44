"""Retrieval on a pool: prefix search and KLSC weights against enumeration; ties, limits, errors. Lemma F.1."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributional_view.theory import InfeasibleTarget
from distributional_view.theory.pools.retrieval import effective_size, retrieve, reweight_to, tilted_weights
from tests.support.strategies import unit

pools = st.lists(st.integers(-6, 6), min_size=1, max_size=12).map(lambda v: np.array(v, dtype=float) / 2)


@given(pools, unit)
def test_top_k_is_the_prefix_nearest_to_the_target(scores, fraction):
    target = scores.mean() + fraction * (scores.max() - scores.mean())
    found = retrieve(scores, target)
    ordered = np.sort(scores)[::-1]
    means = [ordered[:k].mean() for k in range(1, len(scores) + 1)]
    assert abs(found.mean - target) == pytest.approx(min(abs(m - target) for m in means), abs=1e-12)
    assert scores[found.indices].mean() == pytest.approx(found.mean, abs=1e-12)
    assert (scores[found.indices] == ordered[: len(found.indices)]).all()


@given(pools, unit)
def test_weights_meet_the_target_and_have_the_exponential_form(scores, fraction):
    target = scores.mean() + fraction * (scores.max() - scores.mean())
    found = reweight_to(scores, target)
    assert found.mean == pytest.approx(target, abs=1e-9)
    assert found.weights @ scores == pytest.approx(target, abs=1e-9)
    logs = np.log(found.weights)
    assert np.allclose(logs - logs[0], found.multiplier * (scores - scores[0]), atol=1e-8)
    assert 1 <= found.effective_size <= len(scores) * (1 + 1e-12)


def test_limit_shares_the_weight_among_the_maximisers():
    scores = np.array([1.0, 3.0, 2.0, 3.0, -5.0])
    assert tilted_weights(scores, math.inf).tolist() == [0, 0.5, 0, 0.5, 0]
    assert tilted_weights(scores, 1e308).tolist() == [0, 0.5, 0, 0.5, 0]
    errors = [np.abs(tilted_weights(scores, b) - [0, 0.5, 0, 0.5, 0]).max() for b in (5.0, 10.0, 20.0)]
    slopes = np.diff(np.log(errors)) / [5.0, 10.0]
    assert np.allclose(slopes, -1.0, atol=0.02)  # the rate is the gap to the second best score
    assert reweight_to(scores, 3.0).weights.tolist() == [0, 0.5, 0, 0.5, 0]
    assert reweight_to(scores, 3.0).effective_size == pytest.approx(2.0)


def test_weights_survive_huge_and_tiny_scores():
    scores = np.array([1e6, 1e6 + 1, 1e6 + 2])
    assert np.allclose(tilted_weights(scores, 1.0), tilted_weights(scores - 1e6, 1.0))
    assert effective_size(tilted_weights(scores, 0.0)) == pytest.approx(3.0)


def test_infeasible_targets_name_the_largest_mean():
    scores = np.array([0.5, 2.0, 1.0])
    for method in (retrieve, reweight_to):
        with pytest.raises(InfeasibleTarget, match=r"target = 2.5: must be <= 2.0, the largest score in the pool of 3"):
            method(scores, 2.5)
        with pytest.raises(ValueError, match="not finite"):
            method(np.array([1.0, np.nan]), 0.5)
        with pytest.raises(ValueError, match=r"scores.shape"):
            method(np.empty(0), 0.5)
    with pytest.raises(ValueError, match="multiplier = -1"):
        tilted_weights(scores, -1.0)


def test_low_targets_keep_everything():
    scores = np.array([0.5, 2.0, 1.0])
    assert len(retrieve(scores, -3.0).indices) == 3
    assert reweight_to(scores, -3.0).weights.tolist() == pytest.approx([1 / 3] * 3)


def test_a_tie_at_the_target_is_kept_whole():
    for ties in (1, 2, 3, 5):
        assert retrieve([3.0] * ties + [1.0], 3.0).indices.tolist() == list(range(ties))
