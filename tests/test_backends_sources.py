"""What `explain` works on: a retrieval from local files needs no prior, and its score is that of the world."""

import numpy as np
import pytest
import torch
from PIL import Image

from distributional_view.backends.adapter.passes import ModelFailed, PictureScore
from distributional_view.backends.explain.job import explain
from distributional_view.backends.explain.methods import Request
from distributional_view.backends.explain.sources import Missing, embedded_source, local_source
from distributional_view.backends.options import LocalPaths, SamplerOptions, ScoreOptions
from distributional_view.backends.priors.prior import Prior
from distributional_view.backends.transcoders.checkpoint import publish, save_published
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.theory.samplers.schedule import NoiseSchedule
from tests.support.official_convnext import official

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """A backbone, a transcoder on its stage 1 (16 channels, 4 x 4 for 32 pixels), and pictures."""
    folder = tmp_path_factory.mktemp("local")
    torch.save(official().state_dict(), folder / "net.pth")
    save_published(folder / "transcoder", publish(Transcoder(TranscoderSpec(16, 32, 3, "topk", 4), 0), "stages.1.0"))
    rng = torch.Generator().manual_seed(0)
    (folder / "images").mkdir()
    for i in range(12):
        pixels = torch.randint(0, 256, (32, 32, 3), generator=rng, dtype=torch.uint8).numpy()
        Image.fromarray(pixels).save(folder / "images" / f"{i:02}.png")
    return LocalPaths(folder / "net.pth", folder / "transcoder", images=folder / "images", size=32)


SCORE = ScoreOptions(3, "mean", 1.0, gated=False)


def test_a_local_retrieval_needs_no_prior(paths, tmp_path):
    source = local_source(paths, "retrieval", SCORE, SamplerOptions(batch=5))
    assert source.world is None
    pictures = torch.cat(list(source.pool.batches(0)))
    scores = source.score(pictures)
    assert scores.std() > 0.01
    found = explain(
        Request("retrieval", float(scores.mean()) + 0.01, 2), tmp_path, pool=source.pool, score=source.score
    )
    assert found.numbers["pool"] == 12
    for image, score in zip(found.images, found.scores, strict=True):
        assert source.score(torch.tensor(image)[None])[0] == pytest.approx(score, abs=1e-5)


def test_what_a_method_needs_is_said(paths, tmp_path):
    with pytest.raises(Missing, match="EnergyDPS needs --prior"):
        local_source(paths, "EnergyDPS", SCORE, SamplerOptions())
    source = local_source(paths, "retrieval", SCORE, SamplerOptions())
    with pytest.raises(ValueError, match="world = None"):
        explain(Request("EnergyDPS", 1.0, 2), tmp_path / "a", pool=source.pool, score=source.score)
    with pytest.raises(ValueError, match="score = None"):
        explain(Request("retrieval", 1.0, 2), tmp_path / "b", pool=source.pool)


def test_defaults_and_origin_of_both_backends(paths):
    local = local_source(paths, "retrieval", ScoreOptions(3), SamplerOptions())
    assert local.origin == {
        "backbone": str(paths.backbone),
        "transcoder": str(paths.transcoder),
        "prior": None,
        "images": str(paths.images),
        "hook": [1, 0],
        "feature": 3,
        "reduction": "mix",
        "share": 0.5,
        "gated": True,
        "size": 32,
        "precision": "float32",
    }
    embedded = embedded_source(ScoreOptions(5), SamplerOptions(batch=7))
    assert embedded.origin == {
        "embedded": True,
        "feature": 5,
        "reduction": "mix",
        "share": 1.0,
        "gated": False,
        "precision": "float32",
    }
    world, pictures = embedded.world, next(iter(embedded.pool.batches(9_980)))
    assert world.schedule.steps == 20
    assert (embedded.score(pictures) == world.to_numpy(world.score(pictures))).all()


@pytest.mark.parametrize(
    ("psi", "message"),
    [
        (lambda x: x, r"the score gave shape \(4, 1, 2, 2\), not one number a point"),
        (lambda x: x.sum((1, 2, 3)) / 0, "the score is not finite at clean points"),
    ],
)
def test_scores_that_no_retrieval_can_use_are_named(psi, message):
    with pytest.raises(ModelFailed, match=message):
        PictureScore(psi)(torch.ones(4, 1, 2, 2))


def test_a_score_is_computed_in_its_precision_and_batches():
    seen = []

    def psi(x):
        seen.append((len(x), torch.nn.functional.linear(x.flatten(1), torch.ones(1, 4)).dtype))
        return x.sum((1, 2, 3))

    images = torch.arange(20.0).reshape(5, 1, 2, 2)
    low = PictureScore(psi, autocast=torch.bfloat16, batch=2)(images.double())
    assert [size for size, _ in seen] == [2, 2, 1]
    assert {kind for _, kind in seen} == {torch.bfloat16}
    assert low.tolist() == images.sum((1, 2, 3)).tolist()
    PictureScore(psi)(images)
    assert seen[-1] == (5, torch.float32)


def test_the_prior_takes_levels_between_its_own_and_adm_does_not():
    some = SamplerOptions(steps=7, spacing="Karras")
    embedded = embedded_source(ScoreOptions(5), some).world
    times = embedded.schedule.times
    assert embedded.fractional
    assert len(times) == 7
    assert (times != np.round(times)).any()
    own = NoiseSchedule.linear()
    adm = Prior(lambda x, time: x, own, (3, 32, 32))
    for spacing in ("time", "log-SNR", "Karras"):
        levels = adm.levels(SamplerOptions(steps=7, spacing=spacing))
        assert np.array_equal(levels.times, np.round(levels.times))
        assert np.isin(levels.alpha_bar, own.alpha_bar).all()
    assert np.array_equal(adm.levels(SamplerOptions()).alpha_bar, own.alpha_bar)
