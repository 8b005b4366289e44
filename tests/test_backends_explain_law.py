"""Where a target lies in the law of the score: quantile, effective size, doubts, and the pool behind them."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from distributional_view.backends.__main__ import main
from distributional_view.backends.explain.law import law_scores, level_target, placed
from distributional_view.backends.explain.pool import pool_of
from distributional_view.backends.explain.prior_sample import Sampling, kept_sample
from distributional_view.backends.jobs import OtherRequest
from tests.support.explained import POOL, SCORE, gaussian_world

SCORES = np.random.default_rng(0).normal(2.0, 3.0, size=4000)


def test_a_target_is_placed_in_the_law():
    target = level_target(SCORES, 0.95)
    found = placed(SCORES, target)
    assert found.quantile == pytest.approx(0.95, abs=1e-3)
    assert found.sds == pytest.approx(1.645, abs=0.1)
    assert found.largest == SCORES.max()
    weights = np.exp(found.multiplier * (SCORES - SCORES.max()))
    weights /= weights.sum()
    assert weights @ SCORES == pytest.approx(target, abs=1e-6)
    assert found.effective_size == pytest.approx(1 / (weights**2).sum(), rel=1e-6)
    assert found.doubts(8) == []
    assert "quantile 0.95 of 4000 scores" in found.words()


def test_doubts_are_said_in_plain_words():
    beyond = placed(SCORES, SCORES.max() + 1)
    assert beyond.multiplier is None
    assert "beyond every score of the pool" in beyond.doubts(1)[0]
    few = placed(SCORES, SCORES.max() - 0.01)
    assert few.effective_size < 8
    assert "fewer than the 8 shown" in few.doubts(8)[0]
    assert few.doubts(1) == []
    assert placed(SCORES, SCORES.mean() - 1).doubts(8) == []


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_level_is_a_share(level):
    with pytest.raises(ValueError, match=r"level = .*must be in \(0, 1\)"):
        level_target(SCORES, level)


def test_a_law_without_spread_is_refused():
    with pytest.raises(ValueError, match="standard deviation"):
        placed(np.ones(5), 1.0)


def test_a_law_belongs_to_its_pool(tmp_path):
    pool = pool_of(POOL)._replace(digest="a")
    first = law_scores(tmp_path, SCORE, pool)
    assert np.array_equal(law_scores(tmp_path, lambda x: 1 / 0, pool), first)  # not scored again
    assert len(first) == len(POOL)
    with pytest.raises(OtherRequest, match="digest"):
        law_scores(tmp_path, SCORE, pool._replace(digest="b"))


def test_samples_of_the_prior_stand_for_a_law(tmp_path):
    """As the command does it where there are no pictures."""
    sampled = kept_sample(gaussian_world(), Sampling(tmp_path / "keep", 300, 0, "2M-SDE"))
    scores = law_scores(tmp_path / "law", SCORE, pool_of(sampled.points)._replace(digest=sampled.token))
    assert abs(scores.mean()) < 5 / np.sqrt(300)
    assert abs(scores.std() - 1) < 0.2


def run(out, *arguments):
    words = ["explain", "--embedded", "--feature", "457", "--n", "8", "--out", str(out), *arguments]
    return CliRunner().invoke(main, words)


def test_the_command_takes_a_level_or_a_target(tmp_path):
    both = run(tmp_path / "a", "--level", "0.9", "--target", "3")
    assert both.exit_code == 1
    assert "one of --level and --target" in " ".join(both.output.split())
    assert "level = 1.0: must be in (0, 1)" in run(tmp_path / "b", "--level", "1").output
    done = run(tmp_path / "c", "--method", "KLSC-weights")
    assert done.exit_code == 0, done.output
    written = json.loads((tmp_path / "c" / "explanation.json").read_text())
    assert written["request"]["target"] == pytest.approx(10.85, abs=0.01)
    assert written["law"]["quantile"] == pytest.approx(0.95, abs=1e-3)
    assert written["multiplier"] == pytest.approx(written["law"]["multiplier"])
    assert written["doubts"] == []
    assert [path.parent.name for path in (tmp_path / "c").rglob("pool_scores.npy")] == ["law"]  # scored once


def test_the_command_warns_of_a_tilt_that_rests_on_few_pictures(tmp_path):
    done = run(tmp_path, "--level", "0.99995", "--method", "KLSC-weights")
    said = " ".join(done.output.split())
    assert done.exit_code == 0, done.output
    assert "pictures, fewer than the 8 shown: the prior hardly reaches this target" in said
    written = json.loads((tmp_path / "explanation.json").read_text())
    assert written["law"]["effective_size"] < 8
    assert len(written["doubts"]) == 1
    assert "rests on" in written["doubts"][0]


def test_a_target_beyond_the_pool_is_refused_at_once(tmp_path):
    done = run(tmp_path, "--target", "100")
    said = " ".join(done.output.split())
    assert done.exit_code == 1
    assert "target 100 lies beyond every score of the pool" in said
    assert not (tmp_path / "calibration.jsonl").exists()
