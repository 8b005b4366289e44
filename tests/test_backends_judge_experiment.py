"""The comparison on the embedded world: its contenders, its rows, and going on where it stopped."""

from dataclasses import replace
from functools import partial
from unittest.mock import Mock

import numpy as np
import pytest
import torch

from distributional_view.backends import cells as cells_module
from distributional_view.backends.embedded.features import read_named
from distributional_view.backends.embedded.judge_experiment import FeatureJudged, cells, run, size_at
from distributional_view.backends.embedded.judge_methods import (
    ENTRANTS,
    EVEN,
    ODD,
    POOL,
    Counting,
    JudgeBudget,
)
from distributional_view.backends.embedded.prior_pool import PoolPlan, prior_pool
from distributional_view.backends.jobs import OtherRequest
from distributional_view.backends.paradigms.strengths import bounded
from distributional_view.jobs import Job
from distributional_view.theory.errors import CalibrationFailed
from distributional_view.theory.methods.method import forgetful
from distributional_view.theory.samplers.knobs import calibrate_knob

torch.set_num_threads(1)
BUDGET = JudgeBudget((0.8,), 1, 4, 1, 5, 4, 5, 6, 6, 20, 1.0, 80, thorough=0.8, training=0)


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    return prior_pool(tmp_path_factory.mktemp("pool"), 80, PoolPlan(steps=4, part=40))


@pytest.fixture
def judged(tmp_path, pool):
    return FeatureJudged(Job(tmp_path, "token"), pool, BUDGET, 0, read_named()[1])


def test_rows_say_what_was_run(judged):
    contenders, switch = judged.contenders, 2
    known = contenders.known._replace(potential=np.array([0.0, 0.0, 9.0, 9.0]))  # forty pictures know too little
    contenders.__dict__["known"] = known
    rows = [judged.row(*cell) for cell in cells(BUDGET)]
    found = {(row["method"], row["solver"]): row for row in rows}
    passes = {key: (row["evaluations"], row["backward"], row["chains"]) for key, row in found.items()}
    assert known.switch == switch
    assert passes == {
        ("hybrid", "2M-SDE"): (4, 4 - switch, 4),
        ("hybrid-learned", "2M-SDE"): (4, 4, 4),  # none was learned: the shrunken plug-in, all the way
        ("hybrid-SMC", "2M-SDE"): (4, 4 - switch, 6),
        ("EnergyDPS", "2M-SDE"): (4, 4, 4),
        ("EnergyDPS", "DDPM"): (5, 5, 4),
        ("twisted-SMC", "2M-SDE"): (4, 4, 6),
        ("FK-steering", "2M-SDE"): (4, 0, 6),
        (POOL, None): (None, None, None),
    }
    for row in rows:
        assert row["pictures"] == 4
        assert 0 <= row["tv"] <= 1
        assert row["target"] == pytest.approx(np.quantile(judged.scores, 0.8))
        assert (row["ancestors"] is not None) == (row["method"] in ("twisted-SMC", "FK-steering", "hybrid-SMC"))
    whole, half = judged.judge(0.8), judged.judge(0.8, half=True)
    assert found[POOL, None]["reference_ess"] == half.prior.effective_size < whole.prior.effective_size
    assert size_at(rows, judged.feature.name, 0.8) == whole.prior.effective_size
    assert found["FK-steering", "2M-SDE"]["knob"] == pytest.approx(whole.prior.multiplier)


def test_the_pool_is_not_judged_by_its_own_pictures(pool):
    places = np.arange(len(pool))
    assert not set(places[EVEN]) & set(places[ODD])
    assert len(places[EVEN]) + len(places[ODD]) == len(pool)


def test_what_the_pool_guides_is_judged_by_the_other_half(judged, pool):
    contenders = judged.contenders
    assert torch.equal(contenders.pooled.pool, pool.pictures(np.arange(80)[EVEN]).flatten(1))
    unknown = {tuple(x) for x in pool.pictures(np.arange(80)[ODD]).flatten(1).tolist()}
    assert {tuple(x) for x in contenders.world.sample_prior(3, 20).flatten(1).tolist()} <= unknown
    assert {entrant.name for entrant in ENTRANTS if entrant.pooled} == {"hybrid", "hybrid-SMC", POOL}


def test_costly_methods_run_where_the_budget_says():
    budget = replace(BUDGET, quantiles=(0.8, 0.9), thorough=0.9, thorough_features=1)
    costly = {entrant.name for entrant in ENTRANTS if entrant.costly}
    for place, wanted in ((0, {0.9}), (1, set())):
        ran = {q for entrant, q, _ in cells(budget, place) if entrant.name in costly and entrant.costly}
        assert ran == wanted
    assert {q for entrant, q, _ in cells(budget, 1) if entrant.name == "hybrid"} == {0.8, 0.9}


def test_a_denoiser_counts_pictures_and_ways_back():
    counting = Counting(lambda x, t: 2 * x)
    counting(torch.zeros(3, 1), torch.zeros(3))
    counting(torch.zeros(2, 1, requires_grad=True), torch.zeros(2))
    with torch.no_grad():
        counting(torch.zeros(5, 1, requires_grad=True), torch.zeros(5))
    assert counting.now == (10, 2)


def test_a_calibration_ends_at_the_largest_strength():
    tried = []
    mean_at = bounded(forgetful, 4.0)(lambda knob: tried.append(knob) or knob)
    with pytest.raises(CalibrationFailed, match="no strength up to 4") as failure:
        calibrate_knob(mean_at, 50.0, 0.01, 0.5, "strength")
    assert max(tried) <= 4
    assert failure.value.nearest(50.0) == 4


def test_run_goes_on_where_it_stopped(tmp_path, pool, monkeypatch):
    features = read_named()[:1]
    seen = []

    class Here:  # in place of processes: patches reach it
        def __init__(self, *_):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def submit(self, work, *given):
            seen.append(given[4].name)
            work(*given)
            return Mock(result=lambda: None)

    monkeypatch.setattr(cells_module, "workers", Here)
    monkeypatch.setattr(cells_module, "wait", lambda left, timeout: (left, set()))
    told = []
    go = partial(run, tmp_path / "job", pool, BUDGET, 0, lambda *a: told.append(a), features)
    rows = go()
    assert len(rows) == len(list(cells(BUDGET)))
    assert told[-1] == ("cells", len(rows), len(rows))
    lines = next((tmp_path / "job").glob("cells-*.jsonl"))
    kept = lines.read_bytes().splitlines(keepends=True)
    lines.write_bytes(b"".join(kept[:-2]))
    again = go()
    timed = ("cpu_seconds",)
    assert [{k: v for k, v in row.items() if k not in timed} for row in again] == [
        {k: v for k, v in row.items() if k not in timed} for row in rows
    ]
    assert lines.read_bytes().splitlines(keepends=True)[:-2] == kept[:-2]
    with pytest.raises(OtherRequest, match="seed"):
        run(tmp_path / "job", pool, BUDGET, 1, features=features)
    two = replace(BUDGET, quantiles=(0.7, 0.8))
    found = run(tmp_path / "job", pool, two, 0, features=features, entrants=[POOL])
    assert [(row["method"], row["level"]) for row in found] == [(POOL, 0.7), (POOL, 0.8)]
    assert found[1] == again[-1]  # not made again: the measured seconds are the same
    with pytest.raises(ValueError, match=r"method = 'hybrids': must be one of hybrid, "):
        run(tmp_path / "job", pool, BUDGET, 0, features=features, entrants=["hybrids"])
    with pytest.raises(ValueError, match=r"level = 1\.5: must be in \(0, 1\)"):
        replace(BUDGET, quantiles=(1.5,))
