"""The embedded backend: its pictures, its training code, and its stored weights against their records."""

import json
import os
import pickle
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from distributional_view.backends.adapter.feature import FeatureScore
from distributional_view.backends.embedded import animals, command, features, store, train
from distributional_view.backends.embedded.animals import (
    CLASSES,
    HASHES,
    PICTURES,
    Animals,
    MissingData,
    check_hash,
    find_file,
    load_animals,
    read_array,
    split,
)
from distributional_view.backends.embedded.convnext import ConvNeXt, Hook
from distributional_view.backends.embedded.parts import PARTS
from distributional_view.backends.embedded.unet import UNet
from distributional_view.backends.fit import Plan, build, fit
from distributional_view.backends.training import TrainingDiverged
from distributional_view.backends.transcoders.evaluate import evaluate
from distributional_view.backends.transcoders.transcoder import Transcoder
from distributional_view.backends.zoo.weights import MissingWeights

torch.set_num_threads(1)


# The pictures


def test_pictures_are_ten_classes_in_range():
    training, test = load_animals()
    assert len(training.labels) + len(test.labels) == 10_000
    for part, share in ((training, 0.85), (test, 0.15)):
        assert part.images.shape[1:] == (1, 32, 32)
        assert (part.images.min(), part.images.max()) == (-1, 1)
        counts = torch.bincount(part.labels, minlength=len(CLASSES)) / 1000
        assert ((counts - share).abs() < 0.05).all()


def test_no_test_picture_is_a_copy_of_a_training_picture():
    training, test = ({image.tobytes() for image in part.images.numpy()} for part in load_animals())
    assert len(training) + len(test) == 9716  # distinct pictures
    assert not training & test


def test_copies_stay_together_where_a_random_split_parts_them():
    rng = np.random.default_rng(0)
    pictures = np.repeat(rng.integers(0, 255, (200, 28, 28), dtype=np.uint8), 2, axis=0)
    together = split(pictures).reshape(200, 2)
    assert (together[:, 0] == together[:, 1]).all()
    assert 0 < together.mean() < 0.3


class Malicious:
    def __reduce__(self):
        return os.system, ("echo the pickle ran",)


@pytest.mark.parametrize("content", [Malicious(), [np.zeros(2), Malicious()], Hook(0, 0), torch.Size([1])])
def test_a_pickle_of_anything_but_arrays_is_refused(content, capfd):
    with pytest.raises(pickle.UnpicklingError, match="only numpy arrays are permitted"):
        read_array(pickle.dumps(content))
    assert "the pickle ran" not in capfd.readouterr().out
    if isinstance(content, Malicious):  # it would have run
        pickle.loads(pickle.dumps(content))
        assert "the pickle ran" in capfd.readouterr().out


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, np.array([1, None]), "text"])
def test_a_pickle_of_something_harmless_is_refused_too(content):
    with pytest.raises(pickle.UnpicklingError, match="only an array of numbers is permitted"):
        read_array(pickle.dumps(content))


@pytest.mark.parametrize("array", [np.arange(6, dtype=np.uint8).reshape(2, 3), np.array([1.5, 2.5])])
def test_arrays_are_read_under_both_names_of_the_module(array):
    pickled = pickle.dumps(array, protocol=3)
    assert b"numpy._core.multiarray" in pickled
    for content in (pickled, pickled.replace(b"numpy._core", b"numpy.core")):
        np.testing.assert_array_equal(read_array(content), array)


def test_a_changed_file_is_refused():
    content = find_file(PICTURES).read_bytes()
    check_hash(content, HASHES[PICTURES], PICTURES)
    with pytest.raises(ValueError, match="sha256 of animal_data_version_3"):
        check_hash(content[:-1] + b"x", HASHES[PICTURES], PICTURES)


def test_a_missing_package_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("distributional_view.backends.embedded.animals.PACKAGE", "animal-mnist-that-is-not-there")
    with pytest.raises(MissingData, match="pip install --no-deps animal-mnist"):
        find_file(PICTURES)


# The networks


def test_the_hook_gives_the_input_of_the_block():
    network = build(ConvNeXt, 0).eval()
    images = torch.randn(2, 1, 32, 32)
    for hook in (Hook(0, 0), Hook(1, 0), Hook(1, 2), Hook(2, 0), Hook(3, 0)):
        seen = []
        handle = network.stages[hook.stage][hook.block].register_forward_pre_hook(
            lambda _, args, s=seen: s.append(args[0])
        )
        network(images)
        handle.remove()
        torch.testing.assert_close(network.features(images, hook), seen[0], rtol=0, atol=0)


def test_the_network_is_cut_at_the_hook():
    network = build(ConvNeXt, 0)
    for parameter in network.stages[1][2].parameters():
        parameter.data.fill_(torch.nan)
    images = torch.randn(2, 1, 32, 32)
    assert network.features(images, Hook(1, 2)).isfinite().all()
    assert network(images).isnan().all()


@pytest.mark.parametrize(
    ("hook", "words"), [(Hook(4, 0), "stage = 4"), (Hook(1, 3), "block = 3"), (Hook(1, -1), "block = -1")]
)
def test_a_hook_that_is_not_there(hook, words):
    with pytest.raises(ValueError, match=words):
        ConvNeXt().features(torch.zeros(1, 1, 32, 32), hook)


def test_the_block_is_dinov3s():
    """The same weights in transformers' DINOv3 layer give the same result."""
    modeling = pytest.importorskip("transformers.models.dinov3_convnext.modeling_dinov3_convnext")
    from transformers import DINOv3ConvNextConfig

    torch.manual_seed(0)
    ours = ConvNeXt().stages[1][0]
    theirs = modeling.DINOv3ConvNextLayer(DINOv3ConvNextConfig(), channels=48).eval()
    names = {
        "dwconv": "depthwise_conv",
        "norm": "layer_norm",
        "pwconv1": "pointwise_conv1",
        "pwconv2": "pointwise_conv2",
    }
    renamed = {".".join(names.get(p, p) for p in name.split(".")): v for name, v in ours.state_dict().items()}
    theirs.load_state_dict(renamed)
    x = torch.randn(2, 48, 8, 8)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-5)
    with torch.no_grad():
        ours.gamma *= 2
    assert not torch.allclose(ours(x), theirs(x), rtol=1e-3, atol=1e-3)


def test_the_velocity_loss_is_zero_at_the_true_velocity():
    """For a known x_0 the velocity (sqrt(alpha_bar) x_t - x_0)/sqrt(1 - alpha_bar) has no error; another sign has."""
    images, noise, times = torch.randn(4, 1, 32, 32), torch.randn(4, 1, 32, 32), torch.tensor([0, 10, 500, 999])
    alpha_bar = torch.tensor(train.SCHEDULE.alpha_bar[1:], dtype=torch.float64)

    def velocity(x_t, time, sign=1.0):
        a = alpha_bar[time][:, None, None, None]
        return ((sign * a.sqrt() * x_t - images) / (1 - a).sqrt()).float()

    assert train.velocity_loss(velocity, images, times, noise).max() < 1e-6
    assert train.velocity_loss(lambda x, t: velocity(x, t, -1.0), images, times, noise).max() > 0.1


def test_pictures_are_moved_by_whole_pixels():
    images = torch.full((2, 1, 32, 32), -1.0)
    images[:, :, 10, 20] = 1
    moved = train.shifted(images, torch.tensor([2, -1]), torch.tensor([0, 2]))
    assert moved[0, 0, 12, 20] == 1
    assert moved[1, 0, 9, 22] == 1
    assert (moved == 1).sum() == 2


# The training code

TINY = Plan(steps=12, batch=8, learning_rate=3e-3, seed=5, decay=0.5, warmup=2, save_every=4)


def toy_task(seed=5):
    """A small regression: network and loss."""
    network = build(lambda: torch.nn.Linear(3, 1), seed)

    def loss(rng):
        x = torch.randn(8, 3, generator=rng)
        return (network(x) - x.sum(dim=1, keepdim=True)).square().mean()

    return network, loss


class Killed(Exception):
    pass


def kill_at(step):
    def progress(what, done, total):
        if done == step:
            raise Killed

    return progress


@pytest.mark.parametrize("step", [3, 4, 7, 11])
def test_a_killed_run_ends_in_the_same_weights(tmp_path, step):
    whole, loss = toy_task()
    smoothed = fit(whole, loss, TINY)
    killed, loss = toy_task()
    with pytest.raises(Killed):
        fit(killed, loss, TINY, tmp_path / "c", kill_at(step))
    assert not torch.equal(killed.weight, whole.weight)
    resumed, loss = toy_task()
    assert fit(resumed, loss, TINY, tmp_path / "c") == smoothed
    assert torch.equal(resumed.weight, whole.weight)


def test_a_checkpoint_of_another_plan_is_refused(tmp_path):
    network, loss = toy_task()
    with pytest.raises(Killed):
        fit(network, loss, TINY, tmp_path / "c", kill_at(5))
    with pytest.raises(ValueError, match="plan of"):
        fit(network, loss, Plan(**{**TINY.__dict__, "seed": 6}), tmp_path / "c")


def test_divergence_is_reported():
    network, _ = toy_task()
    with pytest.raises(TrainingDiverged, match="at step 0"):
        fit(network, lambda rng: network.weight.sum() * torch.nan, TINY)


SHORT = {
    "classifier": replace(train.CLASSIFIER, steps=40, save_every=8, warmup=5, batch=32),
    "transcoder": replace(train.TRANSCODER, steps=20, save_every=8, check_every=20, warmup=2),
    "draft": replace(train.DRAFT, steps=12, save_every=5, warmup=2, batch=8),
    "prior": replace(train.PRIOR, steps=12, save_every=5, warmup=2, batch=8),
}
TRAIN = {
    "draft": train.train_draft,
    "classifier": train.train_classifier,
    "transcoder": train.train_features,
    "prior": train.train_prior,
}


EXACT = {
    "classifier": replace(train.CLASSIFIER, steps=5, save_every=2, warmup=2, batch=32),
    "transcoder": replace(train.TRANSCODER, steps=5, save_every=2, check_every=3, warmup=2, dead_after=1),
    "draft": replace(train.DRAFT, steps=5, save_every=2, warmup=2, batch=8),
    "prior": replace(train.PRIOR, steps=5, save_every=2, warmup=2, batch=8),
}
"""Few steps, where two runs must be equal to the last bit."""


@contextmanager
def one_picture_in(count):
    """The training code and the commands see a part of the pictures."""
    part = tuple(Animals(a.images[::count], a.labels[::count]) for a in load_animals())
    with pytest.MonkeyPatch.context() as patch:
        for module in (train, animals):
            patch.setattr(module, "load_animals", lambda: part)
        yield part


@pytest.fixture(scope="module")
def few():
    with one_picture_in(10) as part:
        yield part


@pytest.fixture(scope="module")
def short_run(tmp_path_factory, few):
    folder = tmp_path_factory.mktemp("whole")
    return folder, {part: TRAIN[part](SHORT[part], folder) for part in PARTS}


@pytest.fixture
def fewer():
    with one_picture_in(100):
        yield


@pytest.fixture(scope="module")
def exact_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exact")
    with one_picture_in(100):
        return folder, {part: TRAIN[part](EXACT[part], folder) for part in PARTS}


def test_a_short_training_learns(short_run, few):
    folder, records = short_run
    _, test = few
    assert records["classifier"].measured["accuracy"] > 0.2  # chance: 0.1
    untrained = build(lambda: UNet(**records["prior"].network), train.PRIOR.seed)
    assert records["prior"].measured["velocity loss"] < 0.8 * train.prior_loss(untrained, test.images)
    transcoder, hook = store.load_transcoder(folder)
    activations = train.activations_at(store.load_classifier(folder), hook)
    before = evaluate(Transcoder(transcoder.spec, train.TRANSCODER_SEED), activations, [test.images])
    assert 1 - records["transcoder"].measured["explained variance"] < 0.8 * (1 - before.explained_variance)


def test_killed_and_repeated_training_gives_the_same_weights(exact_run, fewer, tmp_path):
    """Every part is killed after its first checkpoint and started again; the files equal those of the whole run."""
    whole, _ = exact_run
    for part in PARTS:
        with pytest.raises(Killed):
            TRAIN[part](EXACT[part], tmp_path, kill_at(3))
        assert not store.weights_path(part, tmp_path).exists()
        TRAIN[part](EXACT[part], tmp_path)
        assert store.weights_path(part, tmp_path).read_bytes() == store.weights_path(part, whole).read_bytes()


def test_a_finished_part_is_not_trained_again(exact_run, fewer):
    folder, records = exact_run
    for part in PARTS:
        before = store.weights_path(part, folder).read_bytes()
        again = TRAIN[part](EXACT[part], folder, kill_at(EXACT[part].steps))
        assert store.weights_path(part, folder).read_bytes() == before
        drop = {"CPU seconds": 0}
        assert again.measured | drop == records[part].measured | drop


def test_checkpoints_are_removed_and_weights_stay(tmp_path):
    (tmp_path / "transcoder.checkpoint").mkdir()
    (tmp_path / "transcoder.checkpoint" / "training.pt").touch()
    for name in ("prior.checkpoint", "prior.safetensors"):
        (tmp_path / name).touch()
    train.remove_checkpoints(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["prior.safetensors"]


def test_another_seed_gives_other_weights(exact_run, fewer, tmp_path):
    whole, _ = exact_run
    train.train_prior(replace(EXACT["prior"], seed=99), tmp_path)
    assert store.weights_path("prior", tmp_path).read_bytes() != store.weights_path("prior", whole).read_bytes()


def test_the_command_trains_and_reports(tmp_path, fewer):
    result = CliRunner().invoke(command.embedded_train, ["--part", "prior", "--steps", "1", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "velocity loss" in result.output
    assert not list(tmp_path.glob("*.checkpoint"))
    assert store.load_prior(tmp_path)(torch.zeros(1, 1, 32, 32), torch.zeros(1, dtype=torch.long)).shape == (
        1,
        1,
        32,
        32,
    )


def test_the_classifier_sees_what_the_draft_makes_of_noise():
    """A prior that always answers v(x, t) = 0 has x0_hat = sqrt(alpha_bar) x_t; a real one comes near the pictures."""
    images = load_animals()[1].images[:64]
    blind = train.denoised(lambda x, t: torch.zeros_like(x), images, torch.Generator().manual_seed(0))
    real = train.denoised(store.load_draft(), images, torch.Generator().manual_seed(0))
    errors = [(x - images).square().mean((1, 2, 3)) for x in (blind, real)]
    assert real.abs().max() <= 1
    assert errors[1].median() < 0.3 * errors[0].median()
    assert errors[1].max() > 20 * errors[1].min()  # every noise level


def test_missing_weights_say_how_to_make_them(tmp_path):
    for load in (store.load_classifier, store.load_transcoder, store.load_prior, store.load_draft):
        with pytest.raises(MissingWeights, match="embedded-train --part"):
            load(tmp_path)


# The stored weights

ROUNDING = 2e-3
"""Other machines may differ in the last digits of each sum."""


def test_the_weights_are_small():
    assert sum(file.stat().st_size for file in store.WEIGHTS.iterdir()) <= 8e6


def test_the_classifier_is_as_accurate_as_recorded():
    _, test = load_animals()
    found = train.accuracy(store.load_classifier(), *test)
    assert found == pytest.approx(store.read_record("classifier").measured["accuracy"], abs=ROUNDING)
    assert found >= 0.92


def test_the_transcoder_explains_as_much_as_recorded():
    _, test = load_animals()
    transcoder, hook = store.load_transcoder()
    activations = train.activations_at(store.load_classifier(), hook)
    found = evaluate(transcoder, activations, test.images.split(train.CHUNK)).explained_variance
    assert found == pytest.approx(store.read_record("transcoder").measured["explained variance"], abs=ROUNDING)
    assert found >= 0.9


@pytest.mark.parametrize(
    ("part", "load", "bound"), [("draft", store.load_draft, 0.15), ("prior", store.load_prior, 0.15)]
)
def test_the_priors_denoise_as_well_as_recorded(part, load, bound):
    _, test = load_animals()
    found = train.prior_loss(load(), test.images)
    assert found == pytest.approx(store.read_record(part).measured["velocity loss"], abs=ROUNDING)
    assert found <= bound


# The named features


@pytest.fixture(scope="module")
def summaries():
    parts = load_animals()
    images, labels = (torch.cat(both) for both in zip(*parts, strict=True))
    transcoder, hook = store.load_transcoder()
    scores = features.every_activation(store.load_classifier(), transcoder, hook, images)
    return {summary.index: summary for summary in features.summarise(scores, labels)}


def test_named_features_respond_to_their_classes(summaries):
    named = features.read_named()
    assert len({entry.index for entry in named}) == len({entry.name for entry in named}) == len(named) >= 8
    for entry in named:
        assert summaries[entry.index].dominant == entry.dominant, entry
        assert summaries[entry.index].share == pytest.approx(entry.share, abs=0.03), entry


def test_a_summary_counts_by_hand():
    """Three features over 200 pictures: one that never fires, one for zebras, one for everything."""
    labels = torch.arange(10).repeat(20)
    scores = torch.stack([torch.zeros(200), (labels == 9) * 2.0, torch.ones(200)], dim=1)
    zebras, everything = features.summarise(scores, labels)
    assert (zebras.index, everything.index) == (1, 2)
    assert zebras.dominant == "zebra"
    assert zebras.live == pytest.approx(0.1)
    assert zebras.classes == (*[0] * 9, 20)  # pictures of score zero are not counted
    assert zebras.quantiles[0] == 0
    assert zebras.quantiles[-1] == 2
    assert everything.live == 1


def test_scores_are_those_of_feature_score(summaries):
    """All features at once give what `FeatureScore` gives for one."""
    _, test = load_animals()
    classifier, (transcoder, hook) = store.load_classifier(), store.load_transcoder()
    images, index = test.images[::50], next(iter(summaries))
    one = FeatureScore(lambda x: classifier.features(x, hook), transcoder, index, preprocess=lambda x: x, share=1.0)
    every = features.every_activation(classifier, transcoder, hook, images)
    torch.testing.assert_close(one(images), every[:, index], rtol=1e-5, atol=1e-5)


def test_a_montage_is_red_where_the_map_is_large():
    images = torch.full((3, 1, 32, 32), -1.0)
    maps = torch.zeros(3, 8, 8)
    maps[1, 2, 3] = 5.0
    picture = features.montage(images, maps, columns=2)
    assert picture.shape == (66, 66, 3)
    assert picture[10, 33 + 14].tolist() == [255, 0, 0]
    assert picture[10, 14].tolist() == [0, 0, 0]


def test_the_command_draws_every_live_feature(tmp_path, few):
    result = CliRunner().invoke(command.embedded_features, ["--out", str(tmp_path), "--shown", "1"])
    assert result.exit_code == 0, result.output
    transcoder, hook = store.load_transcoder()
    images, labels = (torch.cat(both) for both in zip(*few, strict=True))
    scores = features.every_activation(store.load_classifier(), transcoder, hook, images)
    expected = {s.index: s.dominant for s in features.summarise(scores, labels)}
    assert len(expected) > 100
    drawn = (path.stem.split("-") for path in tmp_path.glob("*.png"))
    assert {int(index): dominant for index, dominant in drawn} == expected
    written = json.loads((tmp_path / "summaries.json").read_text())
    assert {entry["index"]: entry["dominant"] for entry in written} == expected
