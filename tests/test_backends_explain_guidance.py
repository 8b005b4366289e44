"""What hybrid and steering learn: from local weights and pictures, kept for other jobs, and going on after a kill."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from distributional_view.backends.__main__ import main
from distributional_view.backends.embedded import animals, world
from distributional_view.backends.embedded.animals import Animals
from distributional_view.backends.explain import guidance, sources
from distributional_view.backends.explain.folder import some_of, spread
from distributional_view.backends.explain.guidance import Teaching
from distributional_view.backends.explain.lessons import KeptScores
from distributional_view.backends.priors.prior import Prior
from distributional_view.backends.transcoders.checkpoint import publish, save_published
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.errors import UserError
from distributional_view.theory.samplers.schedule import NoiseSchedule
from tests.support.official_convnext import official

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """A backbone, a transcoder on its stage 1, 60 pictures of 32 pixels, and a file that stands for the prior."""
    folder = tmp_path_factory.mktemp("local")
    torch.save(official().state_dict(), folder / "net.pth")
    save_published(folder / "transcoder", publish(Transcoder(TranscoderSpec(16, 32, 3, "topk", 4), 0), "stages.1.0"))
    (folder / "images").mkdir()
    rng = np.random.default_rng(0)
    for i in range(60):
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(folder / "images" / f"{i:02}.png")
    (folder / "prior.pt").write_bytes(b"prior")
    return folder


@pytest.fixture
def explained(local, monkeypatch):
    """Runs the command on them; the prior is white noise of variance 1/3, as the pictures are."""
    alpha_bar = torch.tensor(NoiseSchedule.linear().alpha_bar[1:], dtype=torch.float32)

    def denoiser(x, time):
        a = alpha_bar[time][:, None, None, None]
        return a.sqrt() * x / (a + 3 * (1 - a))

    prior = Prior(denoiser, NoiseSchedule.linear(), (3, 32, 32), "sample", files={"": local / "prior.pt"})
    monkeypatch.setattr(sources, "own_prior", lambda paths, device: prior)

    def run(out, *more, images=True):
        words = ["explain", "--feature", "3", "--backbone", local / "net.pth", "--transcoder", local / "transcoder"]
        words += ["--prior", local / "prior.pt", "--size", "32", "--share", "1", "--ungated", "--reduction", "mean"]
        words += ["--level", "0.6", "--knob", "1", "--steps", "6", "--n", "2", "--runs", "4", "--check", "0"]
        words += ["--draws", "12", *(["--images", local / "images"] if images else []), "--out", out, *more]
        return CliRunner().invoke(main, [str(word) for word in words])

    return run


def test_a_potential_is_learned_from_the_folder_once(explained, tmp_path, monkeypatch):
    done = explained(tmp_path / "a", "--potential", "learned", "--training", "3")
    said = " ".join(done.output.split())
    assert done.exit_code == 0, done.output
    assert "the learned potential (96 pictures, " in said  # 48 of 60 and their mirror images
    assert f"kept in {tmp_path / 'learned'}" in done.output.replace("\n", "")
    written = json.loads((tmp_path / "a" / "explanation.json").read_text())
    assert written["request"]["method"] == "hybrid"  # the default where there are pictures
    assert written["guidance"]["learned"]["scored pictures"] == 96
    assert written["guidance"]["learned"]["CPU seconds"] >= 0
    assert len(written["guidance"]["slope"]) == 6
    assert 0 <= written["guidance"]["switch"] <= 6
    assert written["law"]["size"] == 60
    assert np.isfinite(written["guidance"]["potential"]).all()
    monkeypatch.setattr(guidance, "learn_from_pictures", lambda *given: 1 / 0)
    monkeypatch.setattr(guidance, "predictive", lambda *given: 1 / 0)
    other = explained(tmp_path / "b", "--potential", "learned", "--training", "3", "--level", "0.7")
    assert other.exit_code == 0, other.output
    assert json.loads((tmp_path / "b" / "explanation.json").read_text())["guidance"] == written["guidance"]
    again = explained(tmp_path / "c", "--potential", "learned", "--training", "4")
    assert isinstance(again.exception, ZeroDivisionError)  # another training is another potential
    assert len(list((tmp_path / "learned").glob("potential-*"))) == 2


def test_the_pictures_guide_as_they_are(explained, tmp_path, monkeypatch):
    done = explained(tmp_path / "a")
    said = " ".join(done.output.split())
    assert done.exit_code == 0, done.output
    assert "the potential of the pictures (96 pictures, " in said  # 48 of 60 and their mirror images
    written = json.loads((tmp_path / "a" / "explanation.json").read_text())
    assert written["guidance"]["pool"]["pictures"] == 96
    assert written["guidance"]["pool"]["block"] == 1
    assert "learned" not in written["guidance"]
    assert np.isfinite(written["guidance"]["potential"]).all()
    monkeypatch.setattr(guidance, "together", lambda *given: 1 / 0)
    monkeypatch.setattr(guidance, "predictive", lambda *given: 1 / 0)
    other = explained(tmp_path / "b", "--level", "0.7")
    assert other.exit_code == 0, other.output
    assert json.loads((tmp_path / "b" / "explanation.json").read_text())["guidance"] == written["guidance"]
    particles = explained(tmp_path / "c", "--method", "hybrid-SMC", "--level", "0.7")
    assert particles.exit_code == 0, particles.output
    made = json.loads((tmp_path / "c" / "explanation.json").read_text())
    assert made["guidance"] == written["guidance"]
    assert made["ancestors"] >= 1  # it is a filter


@pytest.mark.parametrize(
    ("shape", "block"), [((3, 256, 256), 8), ((1, 32, 32), 1), ((3, 64, 48), 2), ((3, 62, 62), 2), ((3, 37, 74), 1)]
)
def test_large_pictures_are_seen_in_blocks(shape, block):
    assert guidance.block_of(shape) == block


def test_steering_needs_no_pictures(explained, tmp_path):
    done = explained(tmp_path / "a", "--method", "FK-steering", "--pool-size", "40", images=False)
    assert done.exit_code == 0, done.output
    assert "quantile 0.6 of 40 scores" in " ".join(done.output.split())
    written = json.loads((tmp_path / "a" / "explanation.json").read_text())
    assert "learned" not in written["guidance"]
    assert written["guidance"]["switch"] == 0
    assert written["guidance"]["potential"] == [None] * 6
    assert written["request"]["runs"] == 4
    assert [path.parent.name[:6] for path in (tmp_path / "learned").rglob("pictures-0001.npy")] == ["prior-"]
    refused = explained(tmp_path / "b", "--method", "hybrid", images=False)
    assert "hybrid needs --images" in " ".join(refused.output.split())
    assert explained(tmp_path / "c", images=False).exit_code == 0
    assert json.loads((tmp_path / "c" / "explanation.json").read_text())["request"]["method"] == "EnergyDPS"


def test_a_sampler_scores_only_some_of_the_folder(explained, tmp_path):
    some = explained(tmp_path / "a", "--pool-size", "55")
    said = " ".join(some.output.split())
    assert some.exit_code == 0, some.output
    assert "55 of the 60 pictures, drawn at random, stand for the folder" in said
    assert "quantile 0.6 of 55 scores" in said
    few = explained(tmp_path / "b", "--pool-size", "30", "--method", "hybrid")
    assert few.exit_code == 1
    assert "hybrid learns from at least 50 pictures of the prior's size (30 given)" in " ".join(few.output.split())
    whole = explained(tmp_path / "c", "--method", "KLSC-weights", "--pool-size", "30")
    assert "of 60 scores" in " ".join(whole.output.split())


def test_options_that_a_method_cannot_take_are_refused(explained, tmp_path):
    for more, message in (
        (["--cap", "3"], "--cap ends the guidance of EnergyDPS, and hybrid does not take it"),
        (["--check", "50"], "--check 50: must be 0, or at least 100 samples"),
        (["--draws", "2"], "2 is not in the range x>=3"),
        (["--method", "EnergyDPS", "--pool-size", "1"], "pool_size = 1: must be >= 2"),
    ):
        done = explained(tmp_path, *more)
        assert done.exit_code != 0
        assert message in " ".join(done.output.split())
    with pytest.raises(ValueError, match=r"draws = 2: must be >= 3"):
        Teaching(tmp_path, draws=2)


def test_a_chosen_part_of_a_list():
    files = [Path(f"{i:02}") for i in range(100)]
    chosen = some_of(files, 10, 0)
    assert len(set(chosen)) == 10
    assert chosen == sorted(chosen)
    assert chosen == some_of(files, 10, 0) != some_of(files, 10, 1)
    assert some_of(files, None, 0) == some_of(files, 100, 0) == files
    with pytest.raises(UserError, match="pool_size = 1"):
        some_of(files, 1, 0)
    assert [len(spread(files, n)) for n in (1, 3, 60, 100, 500)] == [1, 3, 50, 100, 100]


def test_scores_go_on_where_they_were(tmp_path):
    batches = torch.randn(5, 4, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    calls = []

    def score(x):
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append(len(x))
        return x.sum((1, 2, 3))[:, None]

    first = KeptScores(score, tmp_path / "s.npy", "job")
    with pytest.raises(KeyboardInterrupt):
        torch.cat([first(batch) for batch in batches])
    first.save()
    calls.clear()
    again = KeptScores(score, tmp_path / "s.npy", "job")
    found = torch.cat([again(batch) for batch in batches])
    assert calls == [4, 4]
    assert torch.allclose(found, batches.flatten(0, 1).sum((1, 2, 3))[:, None])
    with pytest.raises(UserError, match="of another job"):
        KeptScores(score, tmp_path / "s.npy", "other")


def test_the_embedded_backend_learns_too(tmp_path, monkeypatch):
    train, test = (Animals(part.images[::40], part.labels[::40]) for part in animals.load_animals())
    monkeypatch.setattr(animals, "load_animals", lambda: (train, test))
    monkeypatch.setattr(world, "pictures", lambda: train)
    words = ["explain", "--embedded", "--feature", "5", "--n", "2", "--runs", "2", "--steps", "6"]
    words += ["--draws", "20", "--check", "100", "--tolerance", "10", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    written = json.loads((tmp_path / "out" / "explanation.json").read_text())
    assert written["request"]["method"] == "hybrid"
    assert written["guidance"]["pool"]["pictures"] == 2 * len(train.images)
    assert written["prior_range"]["samples"] == 100
    assert len(written["prior_range"]["ranks"]) == 2
    assert len(written["prior_range"]["losses"]) == len(written["prior_range"]["usual"]) >= 3
