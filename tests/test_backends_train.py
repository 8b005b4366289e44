"""Training of transcoders: a planted dictionary, exact resume, streaming, dead features, image folders, the command."""

import dataclasses
import functools
import json
import weakref

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from torch.nn import functional as F  # noqa: N812

from distributional_view.backends.__main__ import main
from distributional_view.backends.training import TrainingDiverged
from distributional_view.backends.transcoders import train as training
from distributional_view.backends.transcoders.checkpoint import load_published
from distributional_view.backends.transcoders.evaluate import evaluate
from distributional_view.backends.transcoders.run import STATE
from distributional_view.backends.transcoders.settings import TrainingSettings
from distributional_view.backends.transcoders.stream import stream_of
from distributional_view.backends.transcoders.train import train
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.backends.zoo.images import ImageBatches, UnreadableImage, image_files, read_image
from distributional_view.errors import UserError
from distributional_view.theory.progress import silent
from tests.support.official_convnext import official

DICTIONARY = F.normalize(torch.randn(16, 12, generator=torch.Generator().manual_seed(17)), dim=1)
SPEC = TranscoderSpec(12, 40, 1, "topk", 3)


@functools.cache
def planted_one(number):
    """Activations (12, 4, 4): each of the 16 directions is present at each position with probability 0.08."""
    rng = torch.Generator().manual_seed(number)
    strength = (torch.rand(16, 4, 4, generator=rng) + 0.5) * (torch.rand(16, 4, 4, generator=rng) < 0.08)
    return torch.einsum("khw,kc->chw", strength, DICTIONARY)


def planted(images):
    """The activations of images that are their own number; the same to read and to reconstruct."""
    y = torch.stack([planted_one(int(image.flatten()[0])) for image in images])
    return y, y


def numbered(first, last, batch=4):
    """Batches of images that are their own number."""
    values = torch.arange(first, last, dtype=torch.float32).reshape(-1, batch, 1, 1, 1)
    return list(values)


TRAINING, VALIDATION = numbered(0, 200), numbered(200, 240)


def settings(**changes):
    return TrainingSettings(**{"steps": 400, "learning_rate": 3e-3, "check_every": 400, **changes})


def fit(spec=SPEC, activations=planted, batches=TRAINING, seed=0, folder=None, progress=silent, **changes):
    return train(spec, activations, batches, VALIDATION, settings(**changes), seed, folder, progress=progress)


@pytest.mark.parametrize(
    ("activation", "steps", "near", "count"),
    [("topk", 600, 0.95, 12), ("batchtopk", 600, 0.8, 6), ("relu", 1200, 0.95, 11)],
)
def test_a_planted_dictionary_is_found(activation, steps, near, count):
    """Many of the 16 planted directions have a decoder row close to them, and nearly all variance is explained."""
    spec = dataclasses.replace(SPEC, activation=activation)
    weight = 0.02 if activation == "relu" else 0.0
    result = fit(spec, steps=steps, learning_rate=1e-2, sparsity_weight=weight)
    found, chance = (
        ((DICTIONARY @ F.normalize(t.W_D, dim=1).T).amax(dim=1) > near).sum()
        for t in (result.transcoder, Transcoder(spec, 0))
    )
    assert evaluate(Transcoder(spec, 0), planted, VALIDATION).explained_variance < 0.5
    assert result.evaluation.explained_variance > 0.92
    assert chance <= 1
    assert found >= count
    assert result.evaluation.active < 4


def test_a_common_offset_does_little_harm(monkeypatch):
    """The first b_conv centres the pre-activations; without that, an offset takes the place of the features."""
    offset = 10 * F.normalize(torch.randn(12, generator=torch.Generator().manual_seed(9)), dim=0)[:, None, None]

    def moved(images):
        y, _ = planted(images)
        return y + offset, y + offset

    centred = fit(activations=moved, learning_rate=1e-2).evaluation
    calibrate = training.calibrate_to_data

    def uncentred(transcoder, *arguments):
        calibrate(transcoder, *arguments)
        transcoder.b_conv.data.zero_()

    monkeypatch.setattr(training, "calibrate_to_data", uncentred)
    assert fit(activations=moved, learning_rate=1e-2).evaluation.explained_variance < 0.75
    assert centred.explained_variance > 0.85


def test_a_convolutional_encoder_learns_a_shift():
    """The target is the activation one position to the left: a 3 x 3 kernel can copy it, a 1 x 1 kernel cannot."""

    def shifted(images):
        x, _ = planted(images)
        return x, x.roll(1, dims=3) * (torch.arange(4) > 0)

    explained = [
        fit(dataclasses.replace(SPEC, kernel_size=k), shifted, learning_rate=1e-2).evaluation.explained_variance
        for k in (3, 1)
    ]
    assert explained[0] > 0.55
    assert explained[1] < 0.1


def test_evaluation_by_hand():
    t = Transcoder(SPEC, 0).eval()
    y = torch.cat([planted(images)[0] for images in VALIDATION])
    z = t.encode(y)
    result = evaluate(t, planted, VALIDATION)
    centred = y - y.mean(dim=(0, 2, 3), keepdim=True)
    unexplained = (y - t(y)).square().sum() / centred.square().sum()
    assert result.explained_variance == pytest.approx(1 - unexplained.item(), abs=1e-6)
    assert result.active == pytest.approx((z > 0).sum().item() / (40 * 16))
    assert result.silent == int(((z > 0).sum(dim=(0, 2, 3)) == 0).sum())
    assert result.positions == 40 * 16
    with pytest.raises(ValueError, match="constant"):
        evaluate(t, lambda x: (torch.ones(1, 12, 2, 2),) * 2, VALIDATION)
    with pytest.raises(ValueError, match="at least one batch"):
        evaluate(t, planted, [])


class Killed(Exception):
    """Stands for a kill at some step."""


def killer(at):
    def progress(what, done, total):
        if done == at:
            raise Killed

    return progress


@pytest.mark.parametrize("activation", ["topk", "batchtopk"])
def test_a_killed_run_ends_in_the_same_weights(tmp_path, activation):
    """Twice killed, between two saves: bit for bit the uninterrupted run, over more than one epoch of the data."""
    flags = {"pre_bias": True, "dataset_norm": True, "decoder_norm_scaling": True}
    spec = dataclasses.replace(SPEC, activation=activation, top_k=1, **flags)
    how = {"steps": 64, "save_every": 10, "dead_after": 2, "check_every": 20}
    whole = fit(spec, **how)
    for at in (17, 38):
        with pytest.raises(Killed):
            fit(spec, folder=tmp_path, progress=killer(at), **how)
    first = []
    resumed = fit(spec, folder=tmp_path, progress=lambda what, done, total: first.append(done), **how)
    assert first[0] == 31
    for name, value in whole.transcoder.state_dict().items():
        assert torch.equal(value, resumed.transcoder.state_dict()[name]), name
    assert resumed.history == whole.history
    assert resumed.steps == whole.steps
    started = Transcoder(spec, 0).W_D
    assert not torch.equal(started, whole.transcoder.W_D)


def test_a_lost_optimiser_state_would_be_seen(tmp_path):
    """Resuming from weights alone does not give the same weights: the test above is not vacuous."""
    how = {"steps": 24, "save_every": 10}
    whole = fit(**how)
    with pytest.raises(Killed):
        fit(folder=tmp_path, progress=killer(17), **how)
    state = torch.load(tmp_path / STATE, weights_only=True)
    state["optimiser"]["state"] = {}
    torch.save(state, tmp_path / STATE)
    assert not torch.equal(fit(folder=tmp_path, **how).transcoder.W_D, whole.transcoder.W_D)


def test_a_finished_run_is_not_trained_again(tmp_path):
    done = fit(folder=tmp_path, steps=30)
    steps = []
    again = fit(folder=tmp_path, steps=30, progress=lambda what, done, total: steps.append(done))
    assert steps == []
    assert torch.equal(again.transcoder.W_conv, done.transcoder.W_conv)
    assert again.evaluation == done.evaluation


def test_another_run_s_state_is_refused(tmp_path):
    fit(folder=tmp_path, steps=20)
    with pytest.raises(ValueError, match=r"settings of .*another folder"):
        fit(folder=tmp_path, steps=21)
    with pytest.raises(ValueError, match=r"seed of .*another folder"):
        fit(folder=tmp_path, steps=20, seed=1)
    with pytest.raises(ValueError, match=r"spec of .*another folder"):
        fit(dataclasses.replace(SPEC, top_k=2), folder=tmp_path, steps=20)


def test_only_one_batch_of_activations_is_alive():
    """Streaming: when new activations are computed, at most those of the step before still exist."""
    alive, most = weakref.WeakSet(), []

    def watched(images):
        most.append(len(alive))
        y, _ = planted(images)
        alive.add(y)
        return y, y

    fit(activations=watched, steps=60)
    assert len(most) > 60
    assert max(most) <= 1


def test_decoder_rows_stay_on_the_sphere_unless_their_norms_count():
    norms = fit(steps=50).transcoder.W_D.norm(dim=1)
    assert torch.allclose(norms, torch.ones(40), atol=1e-6)
    free = fit(dataclasses.replace(SPEC, decoder_norm_scaling=True), steps=50).transcoder.W_D.norm(dim=1)
    assert (free - 1).abs().max() > 1e-3


def test_the_gradient_of_a_unit_row_is_tangent(monkeypatch):
    """Adam gets no component along the rows that the renormalisation would undo."""
    along = []

    def watch(optimiser):
        t = next(iter(optimiser.param_groups))["params"][2]
        assert t.shape == (40, 12)
        along.append(((t.grad * t).sum(dim=1).abs().max() / t.grad.norm(dim=1).max()).item())

    original = torch.optim.Adam.step
    monkeypatch.setattr(torch.optim.Adam, "step", lambda self: (watch(self), original(self)))
    fit(steps=20)
    assert len(along) == 20
    assert max(along) < 1e-5


def test_dead_features_are_revived(monkeypatch):
    """Biases that silence 32 of 40 features for good: AuxK brings most of them back, without it all stay dead."""
    original = Transcoder._initialise

    def silenced(self, seed):
        original(self, seed)
        with torch.no_grad():
            self.b_conv[8:] = -2.0

    monkeypatch.setattr(Transcoder, "_initialise", silenced)
    how = {"steps": 600, "dead_after": 20, "learning_rate": 1e-2}
    dead, revived = (fit(aux_weight=weight, **how).evaluation for weight in (0.0, 1 / 32))
    assert dead.silent == 32
    assert revived.silent <= 16
    assert revived.explained_variance > dead.explained_variance + 0.03


def test_norms_and_means_come_from_the_data():
    spec = dataclasses.replace(SPEC, dataset_norm=True, pre_bias=True)
    t = fit(spec, steps=1, calibration_batches=50, learning_rate=1e-12).transcoder
    y = torch.cat([planted(images)[0] for images in TRAINING])
    norm = y.norm(dim=1).mean()
    assert t.norm_in.item() == pytest.approx(norm.item(), rel=1e-6)
    assert t.norm_out.item() == pytest.approx(norm.item(), rel=1e-6)
    wanted = y.mean(dim=(0, 2, 3)) * 12**0.5 / norm
    assert torch.allclose(t.b_D, wanted, atol=1e-6)
    assert torch.allclose(t.b_pre, wanted, atol=1e-6)
    t = fit(dataclasses.replace(spec, pre_bias=False), steps=1, calibration_batches=50, learning_rate=1e-12).transcoder
    assert torch.allclose(t.pre_activations(y).mean(dim=(0, 2, 3)), torch.zeros(40), atol=1e-5)


def test_the_batch_threshold_is_the_smallest_value_kept():
    spec = dataclasses.replace(SPEC, activation="batchtopk")
    t = fit(spec, steps=1, learning_rate=1e-12).transcoder
    z = t.train().encode(planted(TRAINING[0])[0])
    assert t.batch_threshold.item() == pytest.approx(z[z > 0].min().item(), rel=1e-5)


def test_stops_when_the_target_is_reached():
    result = fit(until=0.6, check_every=25, steps=2000)
    assert result.reached
    assert result.steps < 2000
    assert [e.explained_variance >= 0.6 for _, e in result.history] == [False] * (len(result.history) - 1) + [True]
    missed = fit(until=0.999, steps=50)
    assert (missed.reached, missed.steps) == (False, 50)


def test_the_learning_rate_rises_and_falls():
    s = settings(steps=100, warmup=9, learning_rate=1.0)
    rates = [s.rate_at(i) for i in range(100)]
    assert rates[:10] == pytest.approx([0.1 * (i + 1) for i in range(10)])
    assert rates[10:80] == [1.0] * 70
    assert rates[80:] == pytest.approx([1 - i / 20 for i in range(20)])


def test_streams():
    """A plain iterable starts again and skips what was taken; a stream is asked for the place."""
    batches = [torch.tensor(i) for i in range(3)]
    assert [int(b) for b, _ in zip(stream_of(batches)(4), range(5), strict=False)] == [1, 2, 0, 1, 2]
    assert next(stream_of(lambda start: iter([torch.tensor(start)]))(7)) == 7


def test_training_errors():
    with pytest.raises(ValueError, match="activation = 'jumprelu'"):
        fit(dataclasses.replace(SPEC, activation="jumprelu"))
    with pytest.raises(TrainingDiverged, match="loss = nan at step 0"):
        fit(activations=lambda x: (torch.full((1, 12, 2, 2), torch.nan),) * 2)
    for shape, name in [((1, 11, 2, 2), "read"), ((1, 12, 3, 2), "to reconstruct")]:
        with pytest.raises(ValueError, match=f"activations {name} = "):
            fit(activations=lambda x, shape=shape: (torch.ones(shape), torch.ones(1, 12, 2, 2)))
    for batches in ([], iter(TRAINING)):
        with pytest.raises(
            ValueError, match=r"batches = .*: must be batches that can be iterated over again and again"
        ):
            fit(batches=batches)
    for name, value in [
        ("steps", 0),
        ("learning_rate", 0.0),
        ("until", 1.0),
        ("aux_weight", -1.0),
        ("threshold_rate", 0.0),
    ]:
        with pytest.raises(ValueError, match=f"{name} = "):
            settings(**{name: value})


# --- Images ---


def paint(folder, count, side=40, seed=0):
    """Pictures of smooth coloured noise."""
    rng = np.random.default_rng(seed)
    for i in range(count):
        (folder / f"{i % 3}").mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((side + i % 2 * 10, side)).save(folder / f"{i % 3}" / f"{i}.png")


def test_images_are_cropped_to_the_centre_and_scaled(tmp_path):
    pixels = np.zeros((10, 20, 3), dtype=np.uint8)
    pixels[:, 5:15] = 255
    pixels[0, 5] = (255, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png", 10)
    assert image[:, 0, 0].tolist() == [1, -1, -1]
    assert (image[:, 1:] == 1).all()
    Image.new("L", (7, 9), 51).save(tmp_path / "grey.png")
    assert read_image(tmp_path / "grey.png", 4).unique().tolist() == pytest.approx([51 / 127.5 - 1])
    (tmp_path / "bad.png").write_bytes(b"no image")
    with pytest.raises(UnreadableImage, match=r"bad\.png"):
        read_image(tmp_path / "bad.png", 4)


def test_batches_resume_and_visit_everything(tmp_path):
    paint(tmp_path, 11)
    files = image_files(tmp_path)
    assert len(files) == 11
    batches = ImageBatches(files, 8, 3, seed=5)
    first = [b for b, _ in zip(batches(0), range(9), strict=False)]
    for start in (1, 3, 5):
        for resumed, wanted in zip(batches(start), first[start:], strict=False):
            assert torch.equal(resumed, wanted)
    epochs = [torch.cat(first[i : i + 3]) for i in (0, 3)]
    assert not torch.equal(*epochs)
    for epoch in epochs:
        assert len(epoch.flatten(1).unique(dim=0)) == 9
    whole = torch.cat(list(batches))
    assert torch.equal(whole, torch.stack([read_image(f, 8) for f in files]))
    with pytest.raises(ValueError, match="batch = 12"):
        ImageBatches(files, 8, 12, 0)
    (tmp_path / "empty").mkdir()
    for bad in ("empty", "nowhere"):
        with pytest.raises(ValueError, match=bad):
            image_files(tmp_path / bad)


# --- The command ---


def call(tmp_path, *more):
    arguments = ["train-transcoder", "--images", tmp_path / "images", "--backbone", tmp_path / "net.pth"]
    arguments += ["--out", tmp_path / "out", "--stage", 1, "--block", 0, "--expansion", 2, "--kernel", 3, "--top-k", 4]
    arguments += ["--learning-rate", 3e-3, "--steps", 30, "--batch", 4, "--size", 32, "--held-out", 6, *more]
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def test_the_command_trains_and_writes_the_published_format(tmp_path):
    paint(tmp_path / "images", 20)
    torch.save(official().state_dict(), tmp_path / "net.pth")
    result = call(tmp_path, "--until", 0.99)
    assert result.exit_code == 0, result.output
    assert "explained variance" in result.output
    assert "target 0.99: not reached after 30 steps" in result.output.replace("\n", " ")
    back = load_published(tmp_path / "out")
    assert back.hook_in == "stages.1.0"
    assert back.transcoder.W_conv.shape == (32, 16, 3, 3)
    record = json.loads((tmp_path / "out" / "training.json").read_text())
    assert record["history"][-1]["step"] == 30
    assert f"{record['history'][-1]['explained_variance']:.4f}" in result.output


def test_the_command_answers_again_and_refuses_other_inputs(tmp_path):
    """Whatever decides the weights is compared; the published files of a folder that is not ours are never replaced."""
    paint(tmp_path / "images", 20)
    paint(tmp_path / "others", 20, seed=1)
    torch.save(official().state_dict(), tmp_path / "net.pth")
    assert call(tmp_path).exit_code == 0
    weights = (tmp_path / "out" / "sae_weights.safetensors").read_bytes()
    assert call(tmp_path).exit_code == 0
    shown = [
        (["--images", tmp_path / "others"], "images.folder"),
        (["--size", 64], "images.size"),
        (["--batch", 5], "images.batch"),
        (["--held-out", 5], "images.held-out"),
        (["--block", 1], "hook"),
        (["--steps", 31], "settings.steps"),
        (["--seed", 1], "seed"),
        (["--top-k", 5], "spec.top_k"),
    ]
    for more, name in shown:
        result = call(tmp_path, *more)
        assert result.exit_code == 1
        said = "".join(result.output.split())
        assert f"differsin{name})" in said
        assert "chooseanotherfolder" in said
    changed = official().state_dict()
    torch.save({name: value + 1e-3 for name, value in changed.items()}, tmp_path / "net.pth")
    assert "contents.backbone" in call(tmp_path).output
    assert (tmp_path / "out" / "sae_weights.safetensors").read_bytes() == weights
    (tmp_path / "out" / "job.json").unlink()
    (tmp_path / "out" / "training.pt").unlink()
    assert "so that nothing is lost" in " ".join(call(tmp_path).output.split())
    assert (tmp_path / "out" / "sae_weights.safetensors").read_bytes() == weights


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"{}", lambda b: b[::-1]])
def test_a_damaged_state_is_named(tmp_path, damage):
    fit(folder=tmp_path, steps=20)
    path = tmp_path / STATE
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match=rf"{STATE}.*delete"):
        fit(folder=tmp_path, steps=20)


def test_the_state_of_another_program_is_named(tmp_path):
    for other in ([1, 2], {"model": torch.ones(2)}, torch.ones(3)):
        torch.save(other, tmp_path / STATE)
        with pytest.raises(UserError, match=rf"{STATE} is no state of this training.*delete"):
            fit(folder=tmp_path, steps=20)


def test_the_command_says_what_is_missing(tmp_path):
    result = call(tmp_path)
    assert result.exit_code == 1
    assert "images" in result.output
    paint(tmp_path / "images", 20)
    result = call(tmp_path)
    assert result.exit_code == 1
    assert "dinov3-downloads" in result.output
    torch.save(official().state_dict(), tmp_path / "net.pth")
    assert "held-out = 19: must be in [1, 16]" in call(tmp_path, "--held-out", 19).output
