"""The comparison of all paradigms on the embedded world: its cells and rows, what it measures, going on, bad input."""

import base64
import sys
from dataclasses import replace
from functools import partial
from unittest.mock import Mock

import numpy as np
import pytest
import torch

from distributional_view.backends import cells as cells_module
from distributional_view.backends.embedded import paradigm_experiment as module
from distributional_view.backends.embedded.animals import load_animals
from distributional_view.backends.embedded.features import read_named
from distributional_view.backends.embedded.judge import tilt_of
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.paradigm_experiment import cells_of, run
from distributional_view.backends.embedded.paradigm_measures import real, real_of
from distributional_view.backends.measures.cost import cost
from distributional_view.backends.paradigms import comparison
from distributional_view.backends.paradigms.budget import ParadigmBudget
from distributional_view.backends.paradigms.comparison import RETRIEVED, cells
from distributional_view.backends.paradigms.entrants import AM, ENTRANTS, PARADIGMS, SEARCH
from distributional_view.backends.paradigms.kept import LARGEST, SHOWN, kept, shown
from distributional_view.backends.paradigms.measuring import Measuring
from distributional_view.backends.zoo.weights import MissingWeights
from distributional_view.jobs import Job, OtherRequest
from distributional_view.theory.errors import CalibrationFailed, InfeasibleTarget
from distributional_view.theory.methods.method import Drawn

torch.set_num_threads(1)
BUDGET = ParadigmBudget(
    levels=(0.8,), n=3, seeds=1, steps=3, runs=3, ascent=2, prompt=1, references=2, known=10, tolerance=3.0
)
BELLY = read_named()[3]
CHEAP = tuple(e for e in ENTRANTS if e.name in ("MACO", "retrieval", "search-patch", "KLSC-weights"))
MEASURED = ("seconds", "search_seconds", "peak_mib")


@pytest.fixture
def belly(tmp_path):
    return of_belly(Job(tmp_path, "token"))


@pytest.fixture
def one(belly):
    return belly.one


def of_belly(job):
    return cells_of(BELLY, BUDGET, 5, job, shared().layer)


def untimed(rows):
    return [{k: v for k, v in row.items() if k not in MEASURED} for row in rows]


@pytest.mark.slow
def test_every_method_has_a_row_that_says_what_it_is(belly):
    one = belly.one
    rows = {entrant.name: belly.row(entrant, quantile, draw) for entrant, quantile, draw in cells(BUDGET, ENTRANTS)}
    assert list(rows) == [entrant.name for entrant in ENTRANTS]
    assert {entrant.paradigm for entrant in ENTRANTS} == set(PARADIGMS)
    level = np.quantile(one.scores, 0.8)
    for name, row in rows.items():
        assert (row["feature"], row["name"], row["level"]) == (BELLY.index, BELLY.name, 0.8)
        assert row["target"] == pytest.approx(level)
        assert row["pictures"] == 3
        pictures, scores = shown(row)
        assert len(pictures) == len(scores) == 3
        seen = torch.from_numpy(pictures.astype(np.float32))[:, None] / 127.5 - 1
        found = one.ground.world.score(seen).numpy()
        if row["paradigm"] in (AM, SEARCH):  # whose values are not cut, only rounded to grey values
            assert found == pytest.approx(scores, abs=0.1 * one.sd), name
        assert row["activation"] == pytest.approx(scores.mean())
        assert row["seconds"] > 0
        assert row["diversity"] > 0
    for name in ("retrieval", "search-patch", "KLSC-weights"):
        assert rows[name]["prior_loss"] < 0.5 * rows["Fourier"]["prior_loss"]
    assert rows["DEXTER"]["search_seconds"] > rows["retrieval"]["search_seconds"]
    again = of_belly(one.job)
    dexter = next(entrant for entrant in ENTRANTS if entrant.name == "DEXTER")
    assert untimed([again.row(dexter, 0.8, 0)]) == untimed([rows["DEXTER"]])  # from the prompt that was kept
    assert len((one.job.folder / f"prompt-{BELLY.index}-DEXTER.jsonl").read_text().splitlines()) == 1


class Here:
    """In place of processes: patches reach it."""

    def __init__(self, *_):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def submit(self, work, *given):
        work(*given)
        return Mock(result=lambda: None)


@pytest.fixture
def cheap(monkeypatch):
    monkeypatch.setattr(cells_module, "workers", Here)
    monkeypatch.setattr(cells_module, "wait", lambda left, timeout: (left, set()))


@pytest.mark.slow
def test_run_goes_on_and_another_level_only_adds(tmp_path, cheap):
    told = []
    names = [entrant.name for entrant in CHEAP]
    go = partial(run, tmp_path / "job", features=[BELLY], entrants=names, progress=lambda *a: told.append(a))
    rows = go(BUDGET, 0)
    assert [row["method"] for row in rows] == [RETRIEVED, *(entrant.name for entrant in CHEAP)]
    assert told[-1] == ("cells", len(rows), len(rows))
    lines = next((tmp_path / "job").glob("cells-*.jsonl"))
    kept = lines.read_bytes().splitlines(keepends=True)
    lines.write_bytes(b"".join(kept[:-2]))
    assert untimed(go(BUDGET, 0)) == untimed(rows)
    assert lines.read_bytes().splitlines(keepends=True)[:-2] == kept[:-2]
    before = lines.read_bytes()
    more = go(replace(BUDGET, levels=(0.5, 0.8)), 0)
    assert untimed([row for row in more if row["level"] != 0.5]) == untimed(rows)
    assert lines.read_bytes().startswith(before)
    with pytest.raises(OtherRequest, match="seed"):
        go(BUDGET, 1)
    with pytest.raises(OtherRequest, match=r"budget\.n"):
        go(replace(BUDGET, n=4), 0)


def test_the_retrieved_set_has_the_highest_scores(belly):
    row = belly.retrieved()
    best = np.sort(belly.one.ground.pool.scores)[::-1][:3]
    assert row["activation"] == pytest.approx(best.mean())
    assert row["kid_tilt"] is None
    assert np.sort(shown(row)[1]) == pytest.approx(best[::-1])


@pytest.mark.parametrize(
    ("failure", "knob"),
    [
        (CalibrationFailed("no", {0.5: 0.1, 2.0: 0.2}), 2.0),
        (CalibrationFailed("no", {0.5: 0.1, 16.0: 0.2}), 8.0),  # beyond what the method draws
        (InfeasibleTarget("no"), 3.0),
    ],
)
def test_a_level_that_is_missed_is_shown_as_it_is(one, failure, knob):
    method = Mock(calibrate=Mock(side_effect=failure), most=8.0)
    assert comparison.brought_to(method, one, 0.8) == (knob, "no")


def test_nothing_is_measured_of_one_picture(belly):
    drawn = Drawn(load_animals()[0].images[:1], np.array([1.0]), None, {})
    told = belly._told(drawn, drawn.points, Measuring(real(), belly.one.scores, 1.0), keep=True)
    assert told["kid"] is None
    assert told["activation"] == 1.0
    assert "single picture" in comparison._missed(drawn)
    assert comparison._missed(Drawn(None, np.ones(4), None, {"reached": 0.5, "steps": 7})) == (
        "50% of the pictures came to the level in 7 steps"
    )
    assert comparison._missed(Drawn(None, np.ones(4), None, {"reached": 1.0, "steps": 7})) is None


def test_kept_pictures_are_spread_over_the_scores():
    pictures = torch.linspace(-1, 1, 10)[:, None, None, None].expand(-1, 1, 32, 32)
    grey, scores = shown({"shown": kept(pictures, np.arange(10.0))})
    assert len(scores) == SHOWN
    assert scores.tolist() == [0, 3, 6, 9]
    assert grey[:, 0, 0].tolist() == [0, 85, 170, 255]
    assert len(base64.b64decode(kept(pictures[:2], np.arange(2.0))["grey"])) == 2 * 32 * 32


def test_kept_pictures_have_their_colours_and_are_not_large():
    blue = torch.tensor([-1.0, 0.0, 1.0])[None, :, None, None].expand(3, -1, 40, 40)
    colours, scores = shown({"shown": kept(blue, np.arange(3.0))})
    assert colours.shape == (3, 40, 40, 3)
    assert colours[2, 7, 9].tolist() == [0, 128, 255]
    assert scores.tolist() == [0, 1, 2]
    large, _ = shown({"shown": kept(torch.zeros(2, 3, 2 * LARGEST, 2 * LARGEST), np.arange(2.0))})
    assert large.shape == (2, LARGEST, LARGEST, 3)


def test_pictures_of_the_tilt_are_near_it_and_others_are_not(one):
    """Training pictures drawn by the weights of the level against test pictures weighed to it."""
    training, test = load_animals()
    mine, others = one.scores[: len(training.images)], one.scores[len(training.images) :]
    level = one.level(0.95)
    measure = Measuring(real_of(BELLY.dominant), others, level)
    weights = tilt_of(mine, training.labels.numpy(), level).weights
    drawn = np.random.default_rng(0).choice(len(mine), 60, replace=False, p=weights)
    usual = np.random.default_rng(0).choice(len(mine), 60, replace=False)
    near, far = (measure(training.images[torch.from_numpy(places)]) for places in (drawn, usual))
    assert abs(near.kid_tilt) < 3 * near.kid_tilt_se
    assert far.kid_tilt > 3 * far.kid_tilt_se
    assert abs(far.kid) < 3 * far.kid_se
    noise = measure(torch.randn(20, 1, 32, 32, generator=torch.Generator().manual_seed(0)).clamp(-1, 1))
    assert noise.prior_loss > 5 * near.prior_loss
    assert noise.naturalness > 5 * near.naturalness
    assert measure(training.images[:1].expand(4, -1, -1, -1)).near_duplicates == 1.0
    assert Measuring(real(), others, float(others.max())).tilt is None
    assert len(real().features) == len(test.images)


def test_bad_input_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    for levels in ((0.8, 1.0), (0.0,), (1.2,)):
        with pytest.raises(ValueError, match=r"level = .*: must be in \(0, 1\)"):
            ParadigmBudget(levels=levels)
    with pytest.raises(ValueError, match=r"levels = .*: must be at least one"):
        ParadigmBudget(levels=())
    with pytest.raises(ValueError, match="n = 1: must be >= 2"):
        ParadigmBudget(n=1)
    monkeypatch.setattr(module, "read_record", partial(module.read_record, folder=tmp_path / "none"))
    with pytest.raises(MissingWeights, match="embedded-train --part"):
        run(tmp_path / "job", BUDGET, 0, [BELLY])
    assert not (tmp_path / "job").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_the_cost_of_a_call_is_its_own():
    large = cost(lambda: np.ones(8 * 2**20).sum())
    small = cost(lambda: np.ones(2**17).sum())
    assert large.result == 8 * 2**20
    assert 60 < large.peak_mib < 100
    assert small.peak_mib < 10
    assert large.seconds > small.seconds >= 0
