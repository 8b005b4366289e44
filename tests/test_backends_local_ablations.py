"""`dview neurons`, `layers` and `priors` on weights and pictures that the user has: tiny random ones."""

import json
import shutil
from unittest.mock import Mock

import numpy as np
import pytest
import torch

from distributional_view.backends.measures import cost as cost_module
from distributional_view.backends.paradigms import local_layers, local_priors
from distributional_view.backends.paradigms.kept import shown
from distributional_view.backends.paradigms.local_model import local_model
from distributional_view.backends.zoo.images import read_image
from distributional_view.theory.pools.retrieval import reweight_to
from tests.support.local_calls import FEATURE, call, request_of, save_several, scores_of

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    return save_several(tmp_path_factory.mktemp("mine") / "parts")


@pytest.fixture(autouse=True, scope="module")
def unswept():
    """Memory is swept before each cost is measured: in a process of many tests that is most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cost_module, "gc", Mock())
        yield


# Layers


@pytest.fixture(scope="module")
def layers(parts, tmp_path_factory):
    out = tmp_path_factory.mktemp("layers")
    methods = ("--method", "KLSC-weights", "--method", "retrieval", "--method", "EnergyDPS", "--levels", 0.8)
    done = call("layers", parts, out, *methods, transcoders=("transcoder", "deeper"))
    assert done.exit_code == 0, done.output
    return json.loads((out / "layers.json").read_text()), done.output, out


def test_each_transcoder_is_a_layer_with_live_features_at_their_own_level(layers, parts, tmp_path):
    found, output, _ = layers
    assert [layer["layer"] for layer in found["layers"]] == ["stage 1 block 0", "stage 1 block 1"]
    assert "left out: EnergyDPS: there is no --prior" in output
    for layer, transcoder in zip(found["layers"], ("transcoder", "deeper"), strict=True):
        model = local_model(request_of(parts, transcoder), tmp_path / "memory.json", 0)
        rows = {row["method"]: row for row in layer["rows"]}
        assert list(rows) == ["retrieved", "retrieval", "KLSC-weights"]
        index = rows["retrieval"]["feature"]
        assert index in local_layers.live_features(model, local_layers.LIVE)
        scores = scores_of(model.score(index), [*model.training, *model.held])
        assert rows["retrieval"]["target"] == pytest.approx(np.quantile(scores, 0.8), abs=1e-5)


def test_live_features_fire_in_enough_pictures_and_no_others_do(parts, tmp_path, monkeypatch):
    model = local_model(request_of(parts), tmp_path / "memory.json", 0)
    pictures = torch.stack([read_image(file, 32) for file in model.training])
    with torch.no_grad():
        codes = model.psi.transcoder.encode(model.psi.backbone(model.psi.preprocess(pictures)))
    firing = (codes.amax((2, 3)) > 0).double().mean(0).numpy()
    monkeypatch.setattr(local_layers, "LIVE", float(np.median(firing)))
    assert (
        local_layers.live_features(model, local_layers.LIVE).tolist()
        == np.flatnonzero(firing >= np.median(firing)).tolist()
    )
    monkeypatch.setattr(local_layers, "LIVE", 1.1)
    with pytest.raises(local_layers.UserError, match="must have features that fire in 110% of the pictures"):
        local_layers.chosen(model, parts / "transcoder", 1, 0)


def test_what_a_transcoder_explains_is_that_of_what_it_reads(layers, parts, tmp_path):
    model = local_model(request_of(parts, "deeper"), tmp_path / "memory.json", 0)
    pictures = torch.stack([read_image(file, 32) for file in model.held])
    with torch.no_grad():
        read = model.psi.backbone(model.psi.preprocess(pictures)).double()
        rest = read - model.psi.transcoder(read.float()).double()
    usual = read - read.mean((0, 2, 3), keepdim=True)
    expected = 1 - (rest.square().sum() / usual.square().sum()).item()
    assert layers[0]["layers"][1]["explained_variance"] == pytest.approx(expected, rel=1e-4)


def test_a_second_call_runs_nothing_again(layers, parts, monkeypatch):
    found, _, out = layers
    monkeypatch.setattr("distributional_view.backends.paradigms.local_run.FeatureCells", None)
    methods = ("--method", "KLSC-weights", "--method", "retrieval", "--method", "EnergyDPS", "--levels", 0.8)
    assert call("layers", parts, out, *methods, transcoders=("transcoder", "deeper")).exit_code == 0
    assert json.loads((out / "layers.json").read_text()) == found


def test_layers_are_told_by_their_place_whatever_the_order(layers, parts, tmp_path):
    found, _, out = layers
    shutil.copytree(out, tmp_path / "out")
    methods = ("--method", "KLSC-weights", "--method", "retrieval", "--method", "EnergyDPS", "--levels", 0.8)
    assert call("layers", parts, tmp_path / "out", *methods, transcoders=("deeper", "transcoder")).exit_code == 0
    turned = json.loads((tmp_path / "out" / "layers.json").read_text())
    assert turned["layers"] == found["layers"][::-1]


def test_a_later_transcoder_that_is_wrong_is_refused_before_the_first_layer(parts, tmp_path):
    shutil.copytree(parts / "transcoder", tmp_path / "b" / "transcoder")
    absent = call("layers", parts, tmp_path / "out", transcoders=("transcoder", "none"))
    assert "none is missing: a transcoder is a folder" in " ".join(absent.output.split())
    alike = call("layers", parts, tmp_path / "out", transcoders=("transcoder", tmp_path / "b" / "transcoder"))
    assert "must have a name that no other folder of its layer has" in " ".join(alike.output.split())
    assert not (tmp_path / "out").exists()


# Priors


@pytest.fixture(scope="module")
def priors(parts, tmp_path_factory):
    out = tmp_path_factory.mktemp("priors")
    more = ("--prior", parts / "pixels", "--prior", parts / "other", "--feature", FEATURE, "--level", 0.8)
    done = call("priors", parts, out, *more)
    assert done.exit_code == 0, done.output
    return json.loads((out / "priors-own.json").read_text())["rows"], out, more


def test_each_prior_has_samples_its_own_tilt_and_guided_samples(priors):
    rows = priors[0]
    cells = [(row["prior"], row["what"]) for row in rows]
    each = ["unguided", "its tilt", "EnergyDPS", "hybrid"]
    assert cells == [("the pictures", "its tilt"), *(("pixels", w) for w in each), *(("other", w) for w in each)]
    assert len({row["target"] for row in rows}) == 1
    numbers = [{k: v for k, v in row.items() if k != "prior"} for row in rows]
    assert numbers[1:5] == numbers[5:9]  # the same weights by another name are the same prior


def test_the_tilt_of_a_prior_is_that_of_its_samples(priors, parts):
    rows, out, _ = priors
    unguided, tilt = rows[1:3]
    (scores,) = (out / "priors-own-job-quick" / "prior-0").glob(f"samples-{FEATURE}-*.npy")
    known = np.load(scores, allow_pickle=False)[:, 0].astype(np.float64)
    assert unguided["activation"] == pytest.approx(known.mean(), rel=1e-6)
    assert unguided["pictures"] == len(known) == 64
    weights = reweight_to(known, tilt["target"])
    assert tilt["activation"] == pytest.approx(tilt["target"], rel=1e-3)
    assert tilt["effective_size"] == pytest.approx(weights.effective_size, rel=1e-6)
    assert unguided["kid_own"] is None
    assert rows[3]["kid_own"] is not None


def test_priors_go_on_and_refuse_what_cannot_be(priors, parts, monkeypatch, tmp_path):
    _, out, more = priors
    monkeypatch.setattr(local_priors._Runner, "row", Mock(side_effect=AssertionError))
    assert call("priors", parts, out, *more).exit_code == 0
    same = ("--prior", parts / "pixels", "--prior", parts / "pixels", "--feature", FEATURE)
    assert "--prior pixels: must have a name that no other prior has" in call("priors", parts, tmp_path, *same).output
    assert "--prior: must be given at least once" in call("priors", parts, tmp_path, "--feature", 3).output
    assert "--feature: must be given at least once" in call("priors", parts, tmp_path, *more[:2]).output
    few = (*more, "--samples", 8)
    assert "samples = 8: must be at least 20" in call("priors", parts, tmp_path, *few).output


# Neurons


@pytest.fixture(scope="module")
def neurons(parts, tmp_path_factory):
    out = tmp_path_factory.mktemp("neurons")
    done = call("neurons", parts, out, "--objects", 3, "--levels", 0.8, "--label-folders", images="labelled")
    assert done.exit_code == 0, done.output
    return json.loads((out / "neurons-own.json").read_text()), out


def test_objects_are_scored_as_features_and_channels_are(neurons, parts, tmp_path):
    rows = neurons[0]["rows"]
    model = local_model(request_of(parts, images="labelled"), tmp_path / "memory.json", 0)
    files = [*model.training, *model.held]
    feature = next(row for row in rows if row["kind"] == "feature")
    scores = scores_of(model.score(feature["index"]), files)
    assert feature["target"] == pytest.approx(np.quantile(scores, 0.8), abs=1e-5)
    matched = next(row for row in rows if row["kind"] == "matched channel" and row["feature"] == feature["index"])
    pictures = torch.stack([read_image(file, 32) for file in files])
    with torch.no_grad():
        channels = model.psi.backbone(model.psi.preprocess(pictures)).mean((2, 3)).double().numpy()
    assert matched["target"] == pytest.approx(np.quantile(channels[:, matched["index"]], 0.8), abs=1e-5)
    every = [np.corrcoef(scores, channel)[0, 1] for channel in channels.T]
    assert matched["correlation"] == pytest.approx(max(every), abs=1e-4)


def test_words_are_the_folders_and_gain_is_by_their_weights(neurons, parts, tmp_path):
    rows = neurons[0]["rows"]
    model = local_model(request_of(parts, images="labelled"), tmp_path / "memory.json", 0)
    row = next(r for r in rows if r["kind"] == "feature" and r["method"] == "KLSC-weights")
    scores = scores_of(model.score(row["index"]), model.training)
    weights = reweight_to(scores, row["target"]).weights
    labels = np.array([file.parent.name for file in [*model.training, *model.held]])
    gains = {}
    for word in "abc":
        base = np.mean(labels == word)
        gains[word] = (weights[labels[: len(weights)] == word].sum() - base) / (1 - base)
    assert row["word"] == max(gains, key=gains.get)
    assert row["gain"] == pytest.approx(max(gains.values()), abs=1e-4)
    assert row["class_gain"] == row["gain"]


def test_without_folders_only_what_the_backbone_sees_is_measured(parts, tmp_path):
    done = call("neurons", parts, tmp_path, "--objects", 2, "--levels", 0.8, "--method", "retrieval")
    assert done.exit_code == 0, done.output
    assert "No words: --label-folders" in done.output
    rows = json.loads((tmp_path / "neurons-own.json").read_text())["rows"]
    assert {row["gain"] for row in rows} == {None}
    assert all(-1 <= row["similarity"] <= 1 for row in rows)
    flat = [word for row in rows if row.get("shown") for word in shown(row)]
    assert flat == []  # no pictures in the JSON


@pytest.mark.parametrize(
    ("command", "more", "message"),
    [
        ("neurons", ["--method", "EnergyDPS"], "--method EnergyDPS: cannot be had: there is no --prior"),
        ("neurons", ["--label-folders"], "must have pictures in at least two folders, has 1"),
        ("layers", ["--jobs", 2], "--jobs: of the embedded world: must be left out beside weights of your own"),
        ("layers", ["--hooks", "1.0"], "--hooks: of the embedded world"),
        ("priors", ["--classes", "cow"], "--classes: of the embedded world"),
    ],
)
def test_what_does_not_fit_is_refused(parts, tmp_path, command, more, message):
    done = call(command, parts, tmp_path, *more)
    assert done.exit_code != 0
    assert message in f"{done.output}{done.exception}".replace("\n", " ")


def test_a_transcoder_is_given_once_and_at_least_once(parts, tmp_path):
    twice = call("layers", parts, tmp_path, transcoders=("transcoder", "transcoder"))
    assert "must be given once" in f"{twice.output}{twice.exception}"
    assert "--transcoder: must be given at least once" in call("layers", parts, tmp_path, transcoders=()).output
