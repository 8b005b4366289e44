"""Correlations and matchings of features against numpy and against planted permutations."""

import numpy as np
import pytest
from click.testing import CliRunner

from distributional_view.backends.store.command import match
from distributional_view.backends.store.read import open_store
from distributional_view.backends.store.shared import correlations, matched_features, neighbours, table
from distributional_view.errors import UserError
from tests.support.stores import sparse_scores, write_store

DENSE = sparse_scores(400, 9, 0.3, seed=4)
DENSE[:, 0] = 0
DENSE[:, 6] = np.where(np.arange(400) % 3, DENSE[:, 2], DENSE[:, 6])
ORDER = np.array([4, 0, 8, 2, 6, 1, 3, 5, 7])
PATHS = [f"{i}.png" for i in range(400)]


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("s")
    noisy = np.where(DENSE > 0, DENSE + 0.1, 0).astype(np.float32)[:, ORDER]
    turned = np.random.default_rng(1).permutation(400)
    write_store(folder / "a", DENSE, paths=PATHS)
    write_store(folder / "b", noisy, made_of={"backbone": "other"}, paths=PATHS)
    write_store(folder / "c", noisy[turned[:300]], paths=[PATHS[i] for i in turned[:300]], digest="c")
    write_store(folder / "d", noisy, digest="d2", paths=[f"x{i}" for i in range(400)])
    return folder


def test_correlations_are_those_of_numpy(stores):
    store = open_store(stores / "a")
    scores = table(store, "mix", store.images)
    assert (scores.toarray() == DENSE).all()
    assert correlations(scores, scores)[1:, 1:] == pytest.approx(np.corrcoef(DENSE[:, 1:].T.astype(float)), abs=1e-5)
    assert not correlations(scores, scores)[0].any()


def test_neighbours_fire_on_the_same_pictures(stores):
    found = neighbours(open_store(stores / "a"), most=2)
    wanted = np.corrcoef(DENSE[:, 1:].T.astype(float))
    assert (found[2][0][0], found[6][0][0], found[0]) == (6, 2, [])
    assert found[2][0][1] == pytest.approx(wanted[1, 5], abs=1e-5)
    assert all(len(row) <= 2 for row in found)


@pytest.mark.parametrize("other", ["b", "c"])
def test_a_permutation_is_found_again(stores, other):
    found = matched_features(open_store(stores / "a"), open_store(stores / other))
    assert {m.feature: m.other for m in found} == {int(f): j for j, f in enumerate(ORDER) if f}
    assert all(m.correlation > 0.99 for m in found)
    result = CliRunner().invoke(match, [str(stores / "a"), str(stores / other), "--csv", "-"])
    assert result.output.splitlines()[0] == "feature,other,correlation"
    assert len(result.output.splitlines()) == 9


def test_stores_of_other_pictures_are_refused(stores):
    with pytest.raises(UserError, match="share no picture: scan the same manifest"):
        matched_features(open_store(stores / "a"), open_store(stores / "d"))
