"""`dview strength` and `dview drift` on weights and pictures of one's own: tiny random ones in the real formats."""

import json
import shutil
from functools import partial

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from distributional_view.backends.explain import prior_sample
from distributional_view.backends.options import LocalPaths, SamplerOptions, ScoreOptions
from distributional_view.backends.paradigms.local_measures import local_eyes
from distributional_view.backends.paradigms.local_model import LocalRequest, local_model
from distributional_view.backends.paradigms.local_seen import prior_samples, require_various
from distributional_view.backends.paradigms.strength_cells import StrengthCells
from distributional_view.backends.zoo.images import read_image
from distributional_view.errors import UserError
from distributional_view.figures import artefact, drift_pictures
from distributional_view.figures.command import figure_command
from distributional_view.figures.strength_pictures import decimals
from tests.support.local_parts import save_parts
from tests.support.tiny_priors import save_latents

torch.set_num_threads(1)
FEATURE, OTHER, SAMPLES, SMALLEST = 3, 9, 24, 1e-6
SCORE = ["--size", 32, "--ungated", "--share", 1, "--reduction", "mean"]
STRENGTH = ["--n", 3, "--steps", 4, "--samples", SAMPLES, "--factors", f"{SMALLEST},1"]


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    return save_parts(tmp_path_factory.mktemp("mine") / "parts")


def call(name, parts, out, *more, feature=FEATURE):
    paths = ["--backbone", parts / "net.pth", "--transcoder", parts / "transcoder", "--images", parts / "images"]
    given = [*paths, *SCORE, *(["--feature", feature] if feature is not None else []), "--out", out, *more]
    return CliRunner().invoke(figure_command(name), [*map(str, given)])


def strength(parts, out, *more, **feature):
    return call("strength", parts, out, "--prior", parts / "pixels", *STRENGTH, *more, **feature)


def drift(parts, out, *more, **feature):
    return call("drift", parts, out, "--level", 0.8, *more, **feature)


@pytest.fixture(autouse=True, scope="module")
def two_parts():
    """Of the jackknife, which has its tests elsewhere and would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drift_pictures, "jackknife", partial(drift_pictures.jackknife, parts=2))
        yield


@pytest.fixture
def made(monkeypatch):
    """What is shown, in place of its files: pictures take most of the time."""
    found = []
    monkeypatch.setattr(artefact, "publish", lambda one, out, console: found.append(one) or [])
    return found


def model_of(parts, folder, **more):
    paths = LocalPaths(parts / "net.pth", parts / "transcoder", images=parts / "images", size=32, **more)
    options = ScoreOptions(0, "mean", 1.0, gated=False)
    return local_model(
        LocalRequest((FEATURE,), paths, score=options, sampler=SamplerOptions(batch=8)), folder / "memory", 0
    )


@pytest.fixture(scope="module")
def guided(parts, tmp_path_factory):
    """The experiment on strengths once, and what it told."""
    out = tmp_path_factory.mktemp("guided") / "out"
    done = strength(parts, out)
    assert done.exit_code == 0, done.output
    return out, " ".join(done.output.split())


def cells(out):
    (found,) = out.glob("strength-own-*/cells.jsonl")
    return found


def test_guidance_without_strength_gives_the_unguided_pictures_and_more_moves_them(guided):
    out, said = guided
    assert {p.suffix for p in out.glob("strength-own.*")} == {".json", ".png", ".pdf", ".md"}
    content = json.loads((out / "strength-own.json").read_text())
    rows = {(row["zeta"], row["factor"]): row for row in content["rows"]}
    assert [*rows] == [(None, 0.0), *((zeta, f) for zeta in ("tilt", "constant") for f in (SMALLEST, 1.0))]
    plain = rows[None, 0.0]
    assert plain["lpips"] == 0
    for zeta in ("tilt", "constant"):
        assert 0 <= rows[zeta, SMALLEST]["lpips"] < 1e-3 < rows[zeta, 1.0]["lpips"]
        assert rows[zeta, SMALLEST]["activation"] == pytest.approx(plain["activation"], abs=1e-3)
        assert rows[zeta, 1.0]["activation"] > plain["activation"] + plain["activation_se"]
    assert content["independent_lpips"] > 0.01
    assert content["made_of"]["hook"] == [1, 0]
    assert "on the backbone's pooled features" in said
    reach = max(solution["activation"] for solution in content["solutions"])
    assert rows["constant", 1.0]["activation"] > reach
    assert f"The samples reach a mean of {reach:.3g}: beyond it, where" in said


def test_numbers_are_those_of_the_pictures(guided, parts, tmp_path):
    out, _ = guided
    content = json.loads((out / "strength-own.json").read_text())
    model = model_of(parts, tmp_path, prior=parts / "pixels")
    samples = prior_samples(model, FEATURE, out / "prior-samples", SAMPLES, 4, 0)
    assert len([*(out / "prior-samples").iterdir()]) == 1
    with torch.no_grad():
        psi = model.score(FEATURE)(samples.take(np.arange(SAMPLES))).numpy()
        pictures = torch.stack([read_image(path, 32) for path in model.images.good])
        sd = float(model.score(FEATURE)(pictures).double().std(correction=0))
    assert content["solutions"][0]["activation"] == pytest.approx(psi[1::2].mean(), abs=1e-4)
    tilt = next(row for row in content["rows"] if (row["zeta"], row["factor"]) == ("tilt", 1.0))
    assert tilt["strength"] == pytest.approx(1 / sd)
    kept = np.load(next(out.glob("strength-own-*/samples-3-seen.npy")))
    assert kept[:, 0] == pytest.approx(psi, abs=1e-5)
    assert kept[:, 1:] == pytest.approx(local_eyes(model).see(samples.take(np.arange(SAMPLES))).numpy(), abs=1e-4)


def test_the_same_call_goes_on_and_more_strengths_only_add(guided, parts, tmp_path, made, monkeypatch):
    out, before = tmp_path / "out", cells(guided[0]).read_bytes()
    shutil.copytree(guided[0], out)
    cells(out).write_bytes(b"".join(before.splitlines(keepends=True)[:-1]))
    drawn, original = [], StrengthCells.row
    monkeypatch.setattr(StrengthCells, "row", lambda self, *cell: drawn.append(cell) or original(self, *cell))
    monkeypatch.setattr(prior_sample, "unguided", None)  # samples and unguided pictures are there
    assert strength(parts, out).exit_code == 0
    assert drawn == [("constant", 1.0, 0)]
    assert cells(out).read_bytes() == before
    assert strength(parts, out, "--factors", f"{SMALLEST},1,2").exit_code == 0
    assert drawn[1:] == [("tilt", 2.0, 0), ("constant", 2.0, 0)]
    assert cells(out).read_bytes().startswith(before)
    wrong = strength(parts, out, "--n", 4)
    assert "budget.n" in str(wrong.exception)


def test_another_feature_takes_the_same_samples(guided, parts, tmp_path, made, monkeypatch):
    out = tmp_path / "out"
    shutil.copytree(guided[0] / "prior-samples", out / "prior-samples")
    sizes, original = [], prior_sample.unguided
    monkeypatch.setattr(
        prior_sample, "unguided", lambda world, *more: sizes.append(len(world.places)) or original(world, *more)
    )
    done = strength(parts, out, "--factors", "1", feature=OTHER)
    assert done.exit_code == 0, done.exception
    assert sizes == [3]  # the unguided pictures alone
    sampled = ["--prior", parts / "pixels", "--samples", SAMPLES, "--steps", 4]
    done = drift(parts, out, "--other", FEATURE, *sampled, "--level", 0.6, feature=OTHER)
    assert done.exit_code == 0, done.exception
    assert sizes == [3]
    assert len([*(out / "prior-samples").iterdir()]) == 1


@pytest.fixture(scope="module")
def drifted(parts, tmp_path_factory):
    """Both tasks on the pictures of the folder, and what was told."""
    out = tmp_path_factory.mktemp("drifted") / "out"
    done = drift(parts, out, "--reference", parts / "images" / "005.png", "--other", OTHER)
    assert done.exit_code == 0, done.output
    return out, " ".join(done.output.split())


def test_the_activation_is_held_and_the_tasks_are_demanded(drifted, parts, tmp_path):
    out, said = drifted
    assert {p.suffix for p in out.glob("drift-own.*")} == {".json", ".png", ".pdf", ".md"}
    content = json.loads((out / "drift-own.json").read_text())
    model = model_of(parts, tmp_path)
    pictures = torch.stack([read_image(path, 32) for path in model.images.good])
    with torch.no_grad():
        psi, g = (model.score(feature)(pictures).double().numpy() for feature in (FEATURE, OTHER))
        seen = local_eyes(model).see(pictures).double().numpy()
    target = np.quantile(psi, 0.8)
    assert content["parameters"]["target"] == pytest.approx(target, abs=1e-5)
    weights = np.exp(content["intrinsic"]["multiplier"] * (psi - psi.max()))
    weights /= weights.sum()
    away = seen - seen.mean(0)
    cosine = away @ away[5] / np.linalg.norm(away, axis=1) / np.linalg.norm(away[5])
    reference, other = content["tasks"]
    assert (reference["task"], other["task"]) == ("the reference", f"feature {OTHER}")
    for task, score in ((reference, cosine), (other, g)):
        first, *more = task["drawn"]
        assert first["task_target"] == pytest.approx(weights @ score, abs=1e-3)
        assert "classes" not in first
        for one in more:
            assert one["mean"] == pytest.approx(target, abs=1e-5)
            assert one["task_target"] > first["task_target"]
            assert one["bound"] <= one["distortion"] + 1e-9
            assert len(one["shown"]) == 8
    assert "what a task score costs at the same activation" in said
    assert "On the folder's pictures, 64 in all" in said


def test_a_reference_need_not_be_in_the_folder_and_tasks_add_to_it(drifted, parts, tmp_path, made):
    out = tmp_path / "out"
    shutil.copytree(drifted[0], out)
    Image.fromarray(np.full((50, 60, 3), 200, np.uint8)).save(tmp_path / "flat.png")
    kept = out / "drift-own-job" / f"folder-{FEATURE}-{OTHER}-seen.npy"
    before = kept.stat().st_mtime_ns
    assert drift(parts, out, "--reference", tmp_path / "flat.png", "--other", OTHER).exit_code == 0
    assert kept.stat().st_mtime_ns == before
    assert drift(parts, out, "--other", 5).exit_code == 0
    both, one = made
    assert both.tasks[0].reference.shape == (32, 32, 3)
    assert np.ptp(both.tasks[0].reference) == 0
    assert both.tasks[0].largest < 1  # no picture of the folder is the reference
    assert [task.name for task in one.tasks] == ["feature 5"]
    assert one.tasks[0].reference is None
    assert both.pictures(both.tasks[0].demands[0].places).shape == (8, 32, 32, 3)


def test_drift_on_samples_holds_the_level_of_the_folder(parts, tmp_path, made):
    more = ["--prior", parts / "pixels", "--samples", SAMPLES, "--steps", 2, "--other", OTHER, "--level", 0.55]
    done = drift(parts, tmp_path / "out", *more)
    assert done.exit_code == 0, done.exception
    (found,) = made
    assert found.source == "the prior's samples"
    assert len(found.intrinsic.masses) == SAMPLES
    model = model_of(parts, tmp_path)
    with torch.no_grad():
        psi = model.score(FEATURE)(torch.stack([read_image(path, 32) for path in model.images.good])).numpy()
    assert found.intrinsic.mean == pytest.approx(np.quantile(psi, 0.55), abs=1e-5)
    assert found.numbers()["made_of"]["samples"] == {"n": SAMPLES, "steps": 2, "seed": 0}


def test_samples_of_latents_are_pictures_of_the_size(parts, tmp_path):
    model = model_of(parts, tmp_path, prior=save_latents(tmp_path / "latents"))
    samples = prior_samples(model, FEATURE, tmp_path / "kept", 40, 1, 0)
    whole = torch.cat([*samples.batches()])
    assert whole.shape == (40, 3, 32, 32)
    assert whole.abs().max() <= 1
    places = np.array([33, 2, 2, 39])
    assert samples.take(places) == pytest.approx(whole[places], abs=1e-5)


@pytest.mark.parametrize(
    ("name", "more", "says"),
    [
        ("strength", [], "strength on your own weights needs --prior too"),
        ("strength", ["--prior", "PRIOR", "--embedded"], "of weights of your own: must be left out beside --embedded"),
        ("strength", ["--prior", "PRIOR", "--pool", "x"], "--pool: of the embedded world: must be left out beside"),
        ("strength", ["--prior", "PRIOR", "--samples", "5"], "samples = 5: must be >= 20"),
        ("strength", ["--prior", "PRIOR", "--factors", "1,0"], "'0': must be a number > 0"),
        ("strength", ["--prior", "PRIOR", "--feature", "32"], "feature = 32: must be in [0, 32)"),
        ("drift", [], "--reference or --other: one must be given"),
        ("drift", ["--other", "3"], "other = 3: must be another feature than --feature"),
        ("drift", ["--other", "32"], "other = 32: must be in [0, 32)"),
        ("drift", ["--other", "9", "--word", "bear"], "--word: of the embedded world: must be left out beside"),
        ("drift", ["--other", "9", "--embedded"], "of weights of your own: must be left out beside --embedded"),
        ("drift", ["--other", "9", "--samples", "30"], "samples = 30: must be left out without a --prior"),
        ("drift", ["--other", "9", "--prior", "PRIOR", "--samples", "5"], "samples = 5: must be at least 20"),
        ("drift", ["--reference", "none.png"], "none.png"),
    ],
)
def test_what_does_not_fit_is_refused(parts, tmp_path, name, more, says):
    given = [str(parts / "pixels") if one == "PRIOR" else one for one in more]
    wrong = call(name, parts, tmp_path / "out", *given)
    assert wrong.exit_code != 0
    assert says in " ".join(f"{wrong.exception} {wrong.output}".split())
    assert not [*tmp_path.rglob("*.npy"), *tmp_path.rglob("*.jsonl"), *tmp_path.rglob("job.json")]


def test_a_feature_is_asked_for(parts, tmp_path):
    for name in ("strength", "drift"):
        assert "--feature: must be given" in str(call(name, parts, tmp_path / "out", feature=None).exception)


def test_a_level_out_of_reach_is_refused(drifted, parts, tmp_path):
    shutil.copytree(drifted[0], tmp_path / "out")
    wrong = drift(parts, tmp_path / "out", "--other", OTHER, "--level", 0.1)
    assert "level = 0.1: the activation is" in str(wrong.exception)
    assert "above the mean" in str(wrong.exception)


def test_a_feature_that_is_the_same_everywhere_is_refused():
    with pytest.raises(
        UserError, match="other = 4: must be one that tells pictures apart: it is 0 on all 3 of --images"
    ):
        require_various(np.zeros(3), "other", 4, "of --images")
    require_various(np.array([0.0, 0.0, 1e-9]), "other", 4, "of --images")


def test_small_numbers_keep_two_digits():
    assert [decimals(values) for values in ([12.3, 0.1], [0.0], [-0.04, 0.01], [3e-4])] == [2, 2, 3, 5]
