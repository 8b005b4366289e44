"""Search by patch: the method, what it ranks by, where in the picture, and the command."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from distributional_view.backends.__main__ import main
from distributional_view.backends.adapter.passes import PictureScore
from distributional_view.backends.embedded.world import feature_score, pictures
from distributional_view.backends.explain.pool import pool_of
from distributional_view.backends.explain.sources import Source
from distributional_view.backends.paradigms.heat import heat, tinted
from distributional_view.backends.paradigms.search import BY_MEAN, BY_PATCH, Search, keyed
from distributional_view.backends.paradigms.searched import searched
from distributional_view.jobs import OtherRequest
from distributional_view.theory.errors import InfeasibleTarget
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.methods.retrieval import Retrieval

BELLY = 482


def numbered(scores):
    return ScoredPool(np.asarray(scores, dtype=float), lambda indices: np.asarray(indices))


def some(n=60):
    images = pictures().images
    return images[torch.randperm(len(images), generator=torch.Generator().manual_seed(0))[:n]]


def test_ranked_by_the_score_it_is_retrieval():
    scores = np.random.default_rng(0).gamma(0.5, size=200)
    search, retrieval = Search(numbered(scores), scores), Retrieval(numbered(scores))
    found = search.calibrate(1.5)
    assert found == pytest.approx(retrieval.calibrate(1.5))
    ours, theirs = (method.draw(found.knob, 3, 5) for method in (search, retrieval))
    assert ours.indices.tolist() == theirs.indices.tolist()
    assert ours.notes == pytest.approx(theirs.notes)


def test_the_level_is_that_of_the_score_and_not_of_the_key():
    scores, keys = np.array([0.0, 1.0, 4.0, 3.0, 2.0]), np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    search = Search(numbered(scores), keys)
    assert search.first(3).tolist() == [0, 1, 2]
    assert search.calibrate(1.6)[:2] == (3, 5 / 3)
    assert search.calibrate(2.0)[:2] == (5, 2.0)
    assert search.calibrate(0.5)[:2] == (2, 0.5)
    drawn = search.draw(3, 0, 9)
    assert (sorted(drawn.indices), drawn.notes["threshold"], drawn.notes["level"]) == ([0, 1, 2], 3.0, 5 / 3)
    with pytest.raises(InfeasibleTarget, match=r"target = 2.5: must be <= 2.0, the largest mean score of the pictures"):
        search.calibrate(2.5)
    for knob in (0, 6, 1.5):
        with pytest.raises(ValueError, match=rf"K = {knob}: must be a whole number in 1\.\.5"):
            search.draw(knob, 0, 1)
    with pytest.raises(ValueError, match=r"n = 6: must be in 1\.\.5"):
        search.first(6)
    with pytest.raises(ValueError, match="number of keys = 4: must be 5, one a picture"):
        Search(numbered(scores), keys[:4])
    with pytest.raises(ValueError, match="keys = 'some of them': must be finite"):
        Search(numbered(scores), keys * np.nan)


def test_keys_are_of_the_codes():
    psi, x = feature_score(BELLY, share=0.5), some(20)
    codes = psi.transcoder.encode(psi.backbone(x))[:, BELLY, 1:3, 1:3]
    assert codes.count_nonzero() > 0
    assert torch.allclose(keyed(psi, BY_PATCH)(x), codes.amax((1, 2)), atol=1e-5)
    assert torch.allclose(keyed(psi, BY_MEAN)(x), codes.mean((1, 2)), atol=1e-5)
    with pytest.raises(ValueError, match=r"name = 'mix': must be one of \('search-patch', 'search-mean'\)"):
        keyed(psi, "mix")


def test_heat_is_hot_where_the_map_is_and_follows_the_picture():
    psi = feature_score(BELLY, gated=True)
    best = some(200)[keyed(psi, BY_PATCH)(some(200)).topk(4).indices]
    maps, found = psi.map(best, whole=True), heat(psi, best)
    assert found.shape == (4, 32, 32)
    side = 32 // maps.shape[1]
    for map_, hot in zip(maps, found, strict=True):
        row, column = divmod(int(map_.argmax()), maps.shape[2])
        at, across = divmod(int(hot.argmax()), 32)
        assert (at // side, across // side) == (row, column)
    assert (heat(replace(psi, gated=False), best) >= 0).all()


def test_tints_say_sign_and_size():
    x = torch.zeros(2, 3, 2, 2)
    maps = torch.zeros(2, 2, 2)
    maps[0, 0, 0], maps[0, 1, 1], maps[1, 0, 1] = 2.0, -1.0, 1.0
    found = (tinted(x, maps) + 1) / 2
    assert found[0, :, 0, 1].tolist() == [0.5] * 3
    assert found[0, :, 0, 0].tolist() == pytest.approx([1, 0.1, 0.1])
    assert found[0, :, 1, 1].tolist() == pytest.approx([0.3, 0.3, 0.5])
    assert found[1, :, 0, 1].tolist() == pytest.approx([0.5, 0.3, 0.3])
    assert torch.equal(tinted(x, maps * 0), x)


def test_a_search_is_kept_and_is_that_of_its_pool(tmp_path, monkeypatch):
    psi, x = feature_score(BELLY), some()
    score = PictureScore(psi, batch=16)
    found = searched(score, pool_of(x, 16), 5, tmp_path / "job")
    for name, hits in found.items():
        keys = keyed(psi, name)(x).double().numpy()
        assert hits.indices.tolist() == np.argsort(-keys, kind="stable")[:5].tolist()
        assert torch.equal(hits.pictures, x[torch.as_tensor(hits.indices)])
        assert all(hits.maps[i, row, column] == hits.maps[i].amax() for i, (row, column) in enumerate(hits.places))

    monkeypatch.setattr(PictureScore, "__call__", lambda self, images: pytest.fail("scored again"))
    again = searched(score, pool_of(x, 16), 3, tmp_path / "job")
    assert again[BY_PATCH].indices.tolist() == found[BY_PATCH].indices[:3].tolist()
    with pytest.raises(OtherRequest, match="pool"):
        searched(score, pool_of(x[:9], 16), 3, tmp_path / "job")
    with pytest.raises(ValueError, match=r"n = 61: must be in 1\.\.60"):
        searched(score, pool_of(x, 16), 61, tmp_path / "other")


def test_the_command_finds_and_shows(tmp_path, monkeypatch):
    def small(options, sampler):
        psi = feature_score(options.feature)
        return Source(PictureScore(psi), None, pool_of(some()), {"embedded": True, "feature": psi.feature}, {})

    monkeypatch.setattr("distributional_view.backends.explain.sources.embedded_source", small)
    done = CliRunner().invoke(
        main, ["search", "--embedded", "--feature", str(BELLY), "--n", "3", "--out", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    content = json.loads((tmp_path / "search.json").read_text())
    first = [set(content["searches"][name]["indices"]) for name in (BY_PATCH, BY_MEAN)]
    assert content["in both"] == len(first[0] & first[1])
    assert f"{content['in both']} of 3 pictures are first by both" in done.output
    assert (tmp_path / "search.png").read_bytes()[:4] == b"\x89PNG"
    refused = CliRunner().invoke(
        main, ["search", "--embedded", "--size", "9", "--feature", "1", "--out", str(tmp_path)]
    )
    assert refused.exit_code == 1
    assert "leave out --size" in refused.output
