"""A store against the dense table that it was written from."""

import numpy as np
import pytest

from distributional_view import AtomicLaw, InfeasibleTarget, reweight_to
from distributional_view.backends.store.read import open_store
from distributional_view.errors import UserError
from tests.support.stores import sparse_scores, write_store

DENSE = sparse_scores(350, 12, seed=1)
DENSE[:, 3] = 0  # never fires
DENSE[:, 5] = 0.5 + np.arange(350, dtype=np.float32) % 7  # fires on all


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store") / "s"
    return open_store(write_store(folder, {"mix": DENSE, "max": 2 * DENSE}, labels=["a", "b"] * 175))


@pytest.mark.parametrize("feature", [0, 5, 11])
def test_the_law_is_that_of_the_dense_column(store, feature):
    law, dense = store.law(feature), AtomicLaw(DENSE[:, feature].astype(float))
    assert law.atoms()[0].tolist() == dense.atoms()[0].tolist()
    assert law.atoms()[1] == pytest.approx(dense.atoms()[1], rel=1e-12)
    assert store.law(feature, "max").mean == pytest.approx(2 * dense.mean, rel=1e-12)
    assert store.scores(feature).tolist() == DENSE[:, feature].tolist()
    assert (store.pictures, store.images.tolist()) == (350, list(range(350)))


def test_a_feature_that_never_fires_is_zero_everywhere(store):
    assert (store.law(3).ess_sup, store.law(3).survival(0)) == (0, 1)
    for call in (lambda: store.top_k(3), lambda: store.weights(3, 1.0)):
        with pytest.raises(UserError, match="feature = 3: must be one that fires: it is 0 on all 350 pictures"):
            call()


def test_a_feature_that_fires_on_all_has_no_zeros(store):
    law = store.law(5)
    assert law.ess_inf == 0.5
    assert law.survival(0.5) == pytest.approx(1)
    assert store.fired(5).images.size == 350


def test_top_pictures_come_with_their_places(store):
    found = store.top_k(5, 60)
    wanted = np.argsort(-DENSE[:, 5], kind="stable")[:60]
    assert found.images.tolist() == wanted.tolist()
    assert found.scores.tolist() == DENSE[wanted, 5].tolist()
    assert (found.rows.tolist(), found.columns.tolist()) == (((wanted + 5) % 7).tolist(), (wanted % 7).tolist())
    assert store.identity.map == (7, 7)
    rows = store.rows_of(found.images)
    assert [row.image for row in rows] == wanted.tolist()
    assert [row.label for row in rows] == ["ab"[i % 2] for i in wanted]
    fires = int((DENSE[:, 0] > 0).sum())
    assert store.top_k(0, 300).images.size == fires < 300


def test_weights_are_those_of_the_dense_column(store):
    y = DENSE[:, 7].astype(float)
    found, wanted = store.weights(7, 2.0), reweight_to(y, 2.0)
    assert found.weights == pytest.approx(wanted.weights, rel=1e-6)
    assert found.multiplier == pytest.approx(wanted.multiplier, rel=1e-9)
    assert found.effective_size == pytest.approx(wanted.effective_size, rel=1e-9)
    assert found.weights @ y == pytest.approx(2.0, rel=1e-9)
    with pytest.raises(InfeasibleTarget, match=r"target = 1000\.0"):
        store.weights(7, 1000.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: s.law(12), r"feature = 12: must be in 0\.\.11"),
        (lambda s: s.law(-1), r"feature = -1: must be in 0\.\.11"),
        (lambda s: s.law(0, "mean"), "reduction = 'mean': must be one of those of .*: mix, max"),
        (lambda s: s.top_k(0, 0), "k = 0: must be >= 1"),
        (lambda s: s.rows_of([350]), "image = 350: must be the number of a picture"),
    ],
)
def test_what_is_not_there_is_refused_in_words(store, call, words):
    with pytest.raises(ValueError, match=words):
        call(store)


def test_a_score_takes_few_bytes(tmp_path):
    dense = sparse_scores(10_000, 200, 300 / 16_384)
    folder = write_store(tmp_path / "s", dense, 10_000)
    size = (folder / "scores-00000.parquet").stat().st_size
    assert size / (dense > 0).sum() < 5.5  # no place is likelier than another here; on a real map some are
    assert (open_store(folder).scores(150) == dense[:, 150]).all()
