"""`dview paradigms` on weights and pictures that the user has: tiny random ones in the real formats."""

import json
import shutil
from dataclasses import replace
from typing import get_args
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from distributional_view.backends.adapter.feature import REDUCTIONS
from distributional_view.backends.explain.command import explain
from distributional_view.backends.measures import cost as cost_module
from distributional_view.backends.measures.prior_loss import prior_loss
from distributional_view.backends.options import LocalPaths, SamplerOptions, ScoreOptions
from distributional_view.backends.paradigms import vital
from distributional_view.backends.paradigms.entrants import EVERY, PARADIGMS
from distributional_view.backends.paradigms.kept import shown
from distributional_view.backends.paradigms.local_ground import LocalGround, published
from distributional_view.backends.paradigms.local_measures import local_real
from distributional_view.backends.paradigms.local_model import LocalRequest, local_model
from distributional_view.backends.priors.latents import Latents
from distributional_view.backends.priors.load import load_prior
from distributional_view.backends.priors.prior import Prior, resized
from distributional_view.backends.zoo.images import read_image
from distributional_view.choices import ReductionName
from distributional_view.errors import UserError
from distributional_view.figures.command import main
from distributional_view.figures.paradigms import COLUMNS
from distributional_view.figures.paradigms_command import paradigms
from distributional_view.figures.study.sources import Cell, collected
from distributional_view.jobs import Job
from distributional_view.theory.samplers.schedule import NoiseSchedule
from tests.support.local_parts import save_parts, save_pictures
from tests.support.tiny_priors import save_latents, vae

torch.set_num_threads(1)
MEASURED = ("seconds", "search_seconds", "peak_mib")
FEATURE = 3


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    return save_parts(tmp_path_factory.mktemp("mine") / "parts")


def arguments(parts, out, *more, prior="pixels", words="text"):
    paths = ["--backbone", parts / "net.pth", "--transcoder", parts / "transcoder", "--images", parts / "images"]
    paths += [*(["--prior", parts / prior] if prior else []), *(["--words", parts / words] if words else [])]
    score = ["--size", 32, "--ungated", "--share", 1, "--reduction", "mean"]
    sizes = ["--n", 3, "--runs", 2, "--steps", 2, "--ascent", 2, "--prompt", 1, "--tried", 2]
    chosen = [*paths, *score, *sizes, "--levels", 0.8, "--feature", FEATURE, "--quick", "--out", out, *more]
    return ["paradigms", *map(str, chosen)]


def call(*given):
    return CliRunner().invoke(main, [*given], catch_exceptions=True)


def cells(out):
    return next((out / "paradigms-job-quick").glob(f"cells-{FEATURE}.jsonl"))


def rows_of(path):
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    return [{k: v for k, v in row.items() if k not in (*MEASURED, "seal")} for row in rows]


@pytest.fixture(autouse=True, scope="module")
def unswept():
    """Memory is swept before each cost is measured: in a process of many tests that is most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cost_module, "gc", Mock())
        yield


@pytest.fixture(scope="module")
def compared(parts, tmp_path_factory):
    """All methods once, and the folder."""
    out = tmp_path_factory.mktemp("compared") / "out"
    done = call(*arguments(parts, out))
    assert done.exit_code == 0, done.output
    return out, done.output


def test_all_methods_have_rows_with_every_column(compared, parts):
    out, said = compared
    content = json.loads((out / "paradigms.json").read_text())
    assert [row["method"] for row in content["rows"]] == list(EVERY)
    assert {row["paradigm"] for row in content["rows"]} == set(PARADIGMS)
    assert {tuple(row) for row in [*content["rows"], *content["retrieved"]]} == {COLUMNS}
    for row in content["rows"]:
        assert row["agreement"] is None
        assert (row["feature"], row["name"], row["pictures"]) == (FEATURE, f"feature {FEATURE}", 3)
        for name in ("kid", "naturalness", "diversity", "prior_loss", "near_duplicates", "seconds"):
            assert np.isfinite(row[name]), name
    assert content["settings"]["left_out"] == {}
    assert content["settings"]["made_of"]["hook"] == [1, 0]
    assert "left out" not in said
    job = json.loads((out / "paradigms-job-quick" / "job.json").read_text())
    assert {"backbone", "transcoder/config.json", "prior/unet/config.json", "words/unet/config.json"} <= set(
        job["contents"]
    )


def test_pictures_are_in_colour_and_have_the_scores_that_stand_below(compared, parts):
    out, _ = compared
    rows = [row for row in rows_of(cells(out)) if row["shown"]]
    psi = model_of(parts, out.parent / "again").score(FEATURE)
    for row in rows:
        pictures, scores = shown(row)
        assert pictures.shape == (3, 32, 32, 3)
        assert np.abs(np.diff(pictures.astype(int), axis=-1)).max() > 20  # no grey
        if row["method"] in ("retrieved", "retrieval", "KLSC-weights", "search-patch"):
            again = psi(torch.from_numpy(pictures.astype(np.float32)).permute(0, 3, 1, 2) / 127.5 - 1)
            assert again.detach().numpy() == pytest.approx(scores, abs=1e-3)
    best, _ = shown(rows[0])
    mine = [read_image(path, 32) for path in sorted((parts / "images").iterdir())]
    folder = {((image + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0).numpy().tobytes() for image in mine}
    assert all(picture.tobytes() in folder for picture in best)
    drawn = np.asarray(Image.open(out / "paradigms.png").convert("RGB")).astype(int)
    assert (np.abs(np.diff(drawn, axis=-1)).max(-1) > 20).mean() > 0.02


@pytest.fixture(scope="module")
def bare(parts, tmp_path_factory):
    """The same without a prior and without prompts."""
    out = tmp_path_factory.mktemp("bare") / "out"
    done = call(*arguments(parts, out, prior=None, words=None))
    assert done.exit_code == 0, done.output
    return out, done.output


def test_the_same_call_goes_on(bare, parts, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(bare[0], out)
    rows, lines = rows_of(cells(out)), cells(out).read_bytes().splitlines(keepends=True)
    cells(out).write_bytes(b"".join(lines[:2]))  # all but the retrieved set and the first method are made anew
    (out / "paradigms.json").unlink()
    assert call(*arguments(parts, out, prior=None, words=None)).exit_code == 0
    assert rows_of(cells(out)) == rows
    assert cells(out).read_bytes().startswith(b"".join(lines[:2]))
    assert len(json.loads((out / "paradigms.json").read_text())["rows"]) == 6


def test_another_level_or_feature_only_adds(bare, parts, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(bare[0], out)
    before = cells(out).read_bytes()
    more = ["--levels", "0.7,0.8", "--feature", "9"]
    done = call(*arguments(parts, out, *more, prior=None, words=None))
    assert done.exit_code == 0, done.output
    assert cells(out).read_bytes().startswith(before)
    assert {row["level"] for row in rows_of(cells(out))} == {None, 0.7, 0.8}
    content = json.loads((out / "paradigms.json").read_text())
    assert [row["name"] for row in content["retrieved"]] == ["feature 3", "feature 9"]
    assert len(content["rows"]) == 2 * 2 * 6


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--steps", "3"], "budget.steps"),
        (["--tried", "3"], "settings.word.tried"),
        (["--gated"], "made_of.gated"),
        (["--pool-size", "40"], "made_of.pool"),
        (["--words", ""], "contents.words"),
    ],
)
def test_other_sizes_weights_or_pictures_want_a_folder_of_their_own(compared, parts, tmp_path, more, says):
    out = tmp_path / "out"
    shutil.copytree(compared[0], out)
    given = arguments(parts, out, words=None) if more[0] == "--words" else arguments(parts, out, *more)
    wrong = call(*given)
    assert wrong.exit_code == 1
    assert says in wrong.output


def test_what_lacks_something_is_left_out_and_named(bare):
    out, told = bare
    said = " ".join(told.split())
    assert "left out: best word, DiffExplainer, DEXTER: no generator takes prompts (--words" in said
    assert "left out: EnergyDPS, hybrid: there is no --prior" in said
    assert "the prior's loss is not measured" in said
    content = json.loads((out / "paradigms.json").read_text())
    rest = ["Fourier", "MACO", "VITAL", "retrieval", "search-patch", "KLSC-weights"]
    assert [row["method"] for row in content["rows"]] == rest
    assert [method["method"] for method in content["settings"]["methods"]] == rest
    assert set(content["settings"]["left_out"]) == set(EVERY) - set(rest)
    assert all(row["prior_loss"] is None for row in content["rows"])


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--images", "none"], "none"),
        (["--feature", "32"], "feature = 32: must be in [0, 32)"),
        (["--features", "457"], "--features: of the embedded world: must be left out"),
        (["--jobs", "2"], "--jobs: of the embedded world: must be left out"),
        (["--levels", "0.8,1"], "level = 1.0: must be in (0, 1)"),
        (["--hook", "stage 2"], "hook = 'stage 2': must be a stage and a block"),
        (["--device", "abacus"], "device = 'abacus': must be one that is there"),
        (["--prior", "none"], "none"),
        (["--label", "cock"], "label = 'cock': must be left out: the prior"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(parts, tmp_path, more, says):
    wrong = call(*arguments(parts, tmp_path / "out", *more))
    assert wrong.exit_code != 0
    assert says in " ".join(wrong.output.split())
    assert not (tmp_path / "out").exists()


def test_what_all_methods_need_is_asked_for(parts, tmp_path):
    bare = ["paradigms", "--feature", "3", "--out", str(tmp_path / "out")]
    assert "needs --backbone, --transcoder, --images too" in call(*bare).output
    assert "--feature: must be given at least once" in call("paradigms", "--backbone", "x", *bare[3:]).output
    label = [*arguments(parts, tmp_path / "out", prior=None, words=None), "--label", "cock"]
    assert "label = 'cock': must be left out without a --prior" in call(*label).output
    assert not (tmp_path / "out").exists()


def test_a_level_out_of_reach_and_too_few_pictures_are_refused(parts, tmp_path):
    high = call(*arguments(parts, tmp_path / "high", "--levels", "0.3,0.8", prior=None, words=None))
    assert high.exit_code == 1
    said = " ".join(high.output.split())
    assert "level = 0.3: feature 3 has" in said
    assert "must be above the mean" in said
    assert not list((tmp_path / "high").rglob("cells-*"))
    save_pictures(tmp_path / "few", 19)
    few = call(*arguments(parts, tmp_path / "out", "--images", str(tmp_path / "few")))
    assert "19 pictures: must be at least 20" in " ".join(few.output.split())


def test_a_rater_study_takes_the_pictures_in_their_colours(compared):
    out, _ = compared
    found = collected([out])
    assert {cell.method for cell in found} == set(EVERY)
    row = next(row for row in rows_of(cells(out)) if row["method"] == "retrieval")
    pictures, _ = shown(row)
    shots = found[Cell("retrieval", "feature 3", "0.8")]
    assert [np.asarray(shot.read()).tolist() for shot in shots] == pictures.tolist()


def model_of(parts, folder, **more):
    paths = LocalPaths(parts / "net.pth", parts / "transcoder", images=parts / "images", size=32)
    paths = replace(paths, **more)
    options = ScoreOptions(0, "mean", 1.0, gated=False)
    return local_model(
        LocalRequest((FEATURE,), paths, score=options, sampler=SamplerOptions(batch=8)), folder / "memory", 0
    )


def a_prior(shape=(3, 32, 32), latents=None):
    return Prior(lambda x, time: x, NoiseSchedule.linear(), shape, latents=latents)


@pytest.mark.parametrize(
    ("prior", "label", "says"),
    [
        (a_prior(), None, None),
        (a_prior((4, 16, 16), latents=Latents(vae())), None, "latents"),
        (a_prior(), "cock", "--label"),
        (a_prior((3, 64, 64)), None, "64 x 64 pixels, have not the --size, 32"),
    ],
)
def test_hybrid_needs_pictures_of_the_priors_size_that_are_its_own(parts, tmp_path, prior, label, says):
    found = replace(model_of(parts, tmp_path), prior=prior)
    found = replace(found, request=replace(found.request, paths=replace(found.request.paths, label=label)))
    assert (says is None) == ("potential" not in found.lacking)
    assert says is None or says in found.lacking["potential"]
    few = replace(found, images=found.images._replace(good=found.images.good[:60]))
    assert few.lacking["potential"] if says else "48 pictures can guide" in few.lacking["potential"]


def test_one_picture_of_five_judges_and_none_of_them_is_in_the_pool(parts, tmp_path):
    found = model_of(parts, tmp_path)
    assert len(found.held) == 13
    assert len(found.training) == 51
    assert not {*found.held} & {*found.training}
    ground = LocalGround(FEATURE, found, 2, published(1), Job(tmp_path, "token"))
    images = torch.stack([read_image(path, 32) for path in [*found.training, *found.held]])
    psi = found.score(FEATURE)
    assert ground.scores == pytest.approx(psi(images).detach().numpy(), abs=1e-5)
    assert (ground.pool.take(np.array([7, 2])) == images[[7, 2]]).all()
    codes = replace(psi, gated=True).map(images[:51], whole=True).amax((1, 2))
    assert ground.patches == pytest.approx(codes.detach().numpy(), abs=1e-5)
    assert {tuple(p.flatten()[:9].tolist()) for p in found.drawn(0, 5)} <= {
        tuple(p.flatten()[:9].tolist()) for p in images[51:]
    }


def test_settings_are_the_published_ones_and_vital_matches_the_layers_up_to_the_hook():
    assert published(2).vital.layer_weights == (0.1, 1.0, 1.0, 1.0)
    assert published(3).vital == vital.PUBLISHED_UNIT
    assert published(2).soft.tried == 1000
    assert [getattr(published(2, "mix", 7), name).tried for name in ("word", "soft", "hard")] == [7, 7, 7]
    assert published(2).vital.relevance == "LRP"


@pytest.mark.parametrize("reduction", get_args(ReductionName))
def test_vital_knows_the_relevance_of_channels_for_every_reduction(parts, tmp_path, reduction):
    found = replace(model_of(parts, tmp_path), hook=(1, 0))
    found = replace(found, psi=replace(found.psi, reduction=REDUCTIONS[reduction]))
    ground = LocalGround(FEATURE, found, 2, published(1, reduction), Job(tmp_path, "token"))
    made = vital.Vital(ground.canvas, ground.layers, ground.pool.take(np.arange(3)), ground.settings.vital)
    assert [len(weights) for _, weights in made.matched] == [8, 8, 16]


def test_the_loss_of_pictures_under_a_prior_of_latents_is_that_of_their_codes(parts, tmp_path):
    prior = load_prior(save_latents(tmp_path / "latents"), 32)
    found = replace(model_of(parts, tmp_path), prior=prior)
    real = local_real(found)
    pictures = torch.stack([read_image(path, 48) for path in found.held[:3]])
    with torch.no_grad():
        points = prior.latents.encode(resized(pictures, 32))
        world = prior.world(found.psi, SamplerOptions(50))
        assert real.loss(pictures) == pytest.approx(prior_loss(world, points))


def test_features_of_kid_are_standard_and_of_the_whole_backbone(parts, tmp_path):
    real = local_real(model_of(parts, tmp_path))
    assert real.features.shape == (13, 32)  # the last stage's width, behind the hook
    assert real.features.mean(1) == pytest.approx(np.zeros(13), abs=1e-5)
    assert real.features.std(1) == pytest.approx(np.ones(13), abs=1e-2)
    assert real.loss is None
    assert real.agrees is None
    assert real.natural is not None
    assert 0.1 < real.usual_distance < 2


def test_options_are_those_of_explain():
    theirs = {option.name: option for option in explain.params}
    shared = [option for option in paradigms.params if option.name in theirs]
    assert len(shared) > 15
    for option in shared:
        assert option.type.to_info_dict() == theirs[option.name].type.to_info_dict() or option.name in (
            "backbone",
            "n",
            "out",
            "pool_size",
        ), option.name
        assert [*option.opts, *option.secondary_opts] == [
            *theirs[option.name].opts,
            *theirs[option.name].secondary_opts,
        ]


def test_a_broken_network_of_inception_is_refused(parts, tmp_path):
    (tmp_path / "inception.pt").write_bytes(b"no network")
    found = model_of(parts, tmp_path)
    found = replace(found, request=replace(found.request, inception=tmp_path / "inception.pt"))
    with pytest.raises(UserError, match="no TorchScript network"):
        local_real(found)
