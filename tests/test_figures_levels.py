"""`dview levels`: shares along both solutions, their errors, the picture, the embedded world and stores."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from distributional_view.errors import UserError
from distributional_view.figures import levels as module
from distributional_view.figures import levels_path
from distributional_view.figures.artefact import save
from distributional_view.figures.command import main
from distributional_view.figures.levels import Levels, compute
from distributional_view.figures.levels_path import Evidence, Kind, highest_level, path, spread, weights_at
from distributional_view.theory import AtomicLaw, calibrate_klsc
from tests.support.stores import sparse_scores, write_store

WORDS = ("low", "high")


def evidence(n=400, seed=0, name="made up"):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=n)
    kinds = {"class": Kind(WORDS, (scores > 1).astype(int)), "size": Kind(WORDS, rng.integers(2, size=n))}
    return Evidence(name, scores, kinds, lambda places: [np.full((4, 4), float(i % 2)) for i in places])


def test_both_solutions_have_the_level_and_their_shares_are_weights():
    found = evidence()
    followed = path(found, levels=11)
    for method, way in followed.ways.items():
        for target, shares in zip(followed.targets, way.shares["class"], strict=True):
            w = weights_at(found.scores, float(target), method)
            assert w @ found.scores == pytest.approx(target, abs=1e-9)
            assert shares[1] == pytest.approx(w[found.scores > 1].sum(), abs=1e-12)
    tilt, truncation = followed.ways["tilt"], followed.ways["truncation"]
    assert tilt.shares["class"][0] == pytest.approx(truncation.shares["class"][0])  # both are p
    assert (tilt.kls <= truncation.kls + 1e-12).all()
    assert tilt.knobs[5] == pytest.approx(
        calibrate_klsc(AtomicLaw(found.scores), float(followed.targets[5])).multiplier
    )


def test_a_truncation_jumps_where_a_tilt_does_not():
    ways = path(evidence(), levels=31).ways
    net, along = ways["truncation"].moved("size")
    smooth_net, smooth = ways["tilt"].moved("size")
    assert along > 2 * smooth  # a word without meaning comes and goes with single pictures
    assert along >= net
    assert smooth >= smooth_net
    faster = ways["truncation"].speeds > ways["tilt"].speeds
    assert faster[1:].all()
    assert not faster[0]  # near p a truncation drops what is far below the mean: Proposition D.13 has a lower end


def test_errors_are_those_of_other_draws():
    target = 1.0
    for method in ("tilt", "truncation"):
        many = [
            weights_at(e.scores, target, method)[e.kinds["size"].codes == 1].sum()
            for e in map(lambda s: evidence(seed=s), range(200))
        ]
        told = levels_path._errors(evidence(seed=1000), np.array([target]), method)["size"][0, 1]
        assert told == pytest.approx(np.std(many), rel=0.4)


def test_what_is_shown_is_spread_over_the_weights():
    found = evidence()
    places = spread(found.scores, weights_at(found.scores, 1.5, "truncation"), 7)
    assert len(set(places.tolist())) == 7
    assert (np.diff(found.scores[places]) > 0).all()
    assert found.scores[places].mean() == pytest.approx(1.5, abs=0.1)
    assert spread(np.array([0.0, 1, 2]), np.array([0, 0.5, 0.5]), 7).tolist() == [1, 2]


def test_the_artefact_is_complete(tmp_path):
    artefact = Levels([compute(7, "made up", [evidence(), evidence(200, 1, "others")], levels=11)])
    files = {p.name for p in save(artefact, tmp_path)}
    assert files == {"levels-7.png", "levels-7.pdf", "levels.json", "levels.md"}
    (feature,) = json.loads((tmp_path / "levels.json").read_text())["features"]
    first, second = feature["sets"]
    scores = evidence().scores  # the highest level is that of the top 5 %: below the 99 % quantile, which is left out
    wanted = [*np.quantile(scores, module.QUANTILES[:2]), highest_level(scores)]
    assert [s["target"] for s in first["shown"]] == pytest.approx(wanted)
    assert max(s["target"] for s in second["shown"]) <= highest_level(evidence(200, 1).scores)
    shares = np.array([first["tilt"]["shares"]["class"][w] for w in WORDS])
    assert shares.sum(0) == pytest.approx(1, abs=1e-5)
    assert len(first["tilt"]["se"]["class"]["low"]) == 3


def test_too_few_pictures_and_constant_scores_are_refused():
    with pytest.raises(UserError, match="number of pictures = 99: must be >= 100"):
        evidence(99)
    with pytest.raises(UserError, match="the score is 0 on every picture"):
        Evidence("x", np.zeros(100), {}, lambda places: [])


def run(*arguments: str):
    return CliRunner().invoke(main, ["levels", *arguments])


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    scores = sparse_scores(300, 3, density=0.5)
    labels = [None if i % 3 == 0 else f"class-{int(s > 1)}" for i, s in enumerate(scores[:, 2])]
    return write_store(tmp_path_factory.mktemp("store") / "s", scores, labels=labels)


def test_a_store_is_followed_by_its_labels(store, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "compute", partial(compute, levels=6))
    result = run(str(store), "--feature", "2", "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert "pictures cannot be shown" in result.output  # the store has no files
    (feature,) = json.loads((tmp_path / "levels.json").read_text())["features"]
    share = feature["sets"][0]["tilt"]["shares"]["label"]
    assert set(share) == {"(none)", "class-0", "class-1"}
    assert share["class-1"][-1] > share["class-1"][0]


def test_what_does_not_fit_is_refused(store, tmp_path):
    unlabelled = write_store(tmp_path / "u", sparse_scores(120, 2))
    for arguments, said in [
        ([str(store)], "feature = none: must be given"),
        ([str(store), "--feature", "9"], "feature = 9: must be in 0..2"),
        ([str(store), "--feature", "1", "--pool", "x"], "--pool x: must be left out beside a store"),
        (["--reduction", "max"], "--reduction max: must be left out without a store"),
        ([str(unlabelled), "--feature", "1"], "labels of"),
        (["--pool", str(tmp_path)], "must be a folder of `dview embedded-pool`"),
    ]:
        result = run(*arguments, "--out", str(tmp_path / "out"))
        assert result.exit_code == 1, result.output
        assert said in " ".join(result.output.split())
    assert not (tmp_path / "out").exists()
