"""The explaining job: what it shows, that it resumes without repeating work, and that it refuses what it cannot do."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from distributional_view.backends.__main__ import main
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.explain.job import explain
from distributional_view.backends.explain.methods import NAMES, Request, methods
from distributional_view.backends.explain.pool import pool_of, pool_scores
from distributional_view.backends.explain.sources import parse_hook
from distributional_view.backends.jobs import OtherRequest
from distributional_view.choices import FILTERS, RETRIEVALS
from distributional_view.errors import UserError
from distributional_view.figures.study.sources import Cell, collected
from distributional_view.theory.errors import CalibrationFailed, InfeasibleTarget
from distributional_view.theory.methods.method import forgetful
from distributional_view.theory.methods.pool import ScoredPool, representatives
from distributional_view.theory.methods.twisted_smc import TwistedSmc
from distributional_view.theory.pools.inclusion import inclusion_probabilities
from distributional_view.theory.pools.retrieval import retrieve, reweight_to
from distributional_view.theory.samplers.potential import predictive
from distributional_view.theory.seeds import part_seed
from tests.support.explained import POOL, SCHEDULE, SCORE, SHAPE, gaussian_world

torch.set_num_threads(1)
KNOWN = predictive(gaussian_world(), 0, 400)


@pytest.mark.parametrize("method", NAMES)
def test_every_method_reaches_its_mean_and_repeats_itself(method, tmp_path):
    request = Request(method, target=1.0, n=6, tolerance=0.02, runs=64)
    runs = [explain(request, tmp_path / str(i), gaussian_world(), pool_of(POOL, 64), known=KNOWN) for i in range(2)]
    assert np.array_equal(runs[0].images, runs[1].images)
    found = runs[0]
    assert found.images.shape == (6, *SHAPE)
    assert found.scores == pytest.approx(4 * found.images.mean((1, 2, 3)), abs=1e-5)
    independent = method.startswith("EnergyDPS") or method == "hybrid"
    mean = found.numbers["calibration_mean"] if independent else found.numbers["mean"]
    assert abs(mean - 1.0) < 0.021
    assert abs(found.scores.mean() - 1.0) < 5 / np.sqrt(6)
    seeded = Request(method, 1.0, 6, seed=1, tolerance=0.02, runs=64)
    other = explain(seeded, tmp_path / "o", gaussian_world(), pool_of(POOL), known=KNOWN)
    assert not np.array_equal(other.images, found.images)


def test_retrieval_is_that_of_theory(tmp_path):
    scores = (4 * POOL.mean((1, 2, 3))).double().numpy()
    kept, weighted = retrieve(scores, 1.2), reweight_to(scores, 1.2)
    hard = explain(Request("retrieval", 1.2, 5), tmp_path / "h", gaussian_world(), pool_of(POOL, 70))
    soft = explain(Request("KLSC-weights", 1.2, 5), tmp_path / "s", gaussian_world(), pool_of(POOL))
    assert set(hard.numbers["indices"]) < set(kept.indices.tolist())
    assert hard.numbers["threshold"] == pytest.approx(scores[kept.indices].min(), abs=1e-6)
    assert soft.numbers["multiplier"] == pytest.approx(weighted.multiplier, rel=1e-5)
    assert soft.scores.min() < hard.numbers["threshold"]
    assert (np.diff(soft.scores) <= 0).all()


def test_twisted_shows_particles_by_their_weights(tmp_path):
    world, request = gaussian_world(), Request("twisted-SMC", 1.0, 5, knob=1.5, runs=40, solver="DDPM")
    found = explain(request, tmp_path, world)
    method = TwistedSmc(world, particles=40)
    seed = part_seed(request.seed, 0)
    whole = method.draw(1.5, seed, 40)
    assert whole.weights.max() > 2 * whole.weights.min()
    assert whole.scores == pytest.approx((4 * whole.points.mean((1, 2, 3))).double().numpy(), abs=1e-5)
    chosen = representatives(whole.weights, whole.scores, 5, part_seed(seed, 2))
    by_score = chosen[np.argsort(-whole.scores[chosen])]
    assert np.array_equal(found.images, whole.points[torch.as_tensor(by_score)].double().numpy())
    assert found.numbers["mean"] == pytest.approx(whole.mean)
    assert found.numbers["calibration_mean"] is None
    hits = np.zeros(40)
    for part in range(2000):
        hits[representatives(whole.weights, whole.scores, 5, part)] += 1 / 2000
    expected = inclusion_probabilities(whole.weights, 5)
    assert np.abs(hits - expected).max() < 5 * np.sqrt(0.25 / 2000)


def test_retrieval_needs_a_score_and_no_prior(tmp_path):
    request = Request("KLSC-weights", 1.2, 5)
    alone = explain(request, tmp_path / "a", pool=pool_of(POOL), score=SCORE)
    beside = explain(request, tmp_path / "b", gaussian_world(), pool_of(POOL))
    assert np.array_equal(alone.images, beside.images)
    with pytest.raises(ValueError, match="score = None: must be given where there is no world"):
        explain(request, tmp_path / "c", pool=pool_of(POOL))
    with pytest.raises(ValueError, match="world = None: must be given: EnergyDPS samples from a prior"):
        explain(Request("EnergyDPS", 1.2, 5), tmp_path / "d", pool=pool_of(POOL))


class Killed(Exception):
    pass


def kill_after(count):
    left = [count]

    def report(what, done, total):
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    return report


@pytest.mark.parametrize(("method", "share"), [("EnergyDPS", 0.5), ("EnergyDPS", 0.95), ("twisted-SMC", 0.5)])
def test_a_killed_job_goes_on_and_ends_the_same(method, share, tmp_path):
    request = Request(method, target=1.0, n=6, tolerance=0.01, runs=32, fresh=True)
    calls, again, reports = [], [], []
    whole = explain(request, tmp_path / "whole", gaussian_world(calls, batch=4), progress=lambda *r: reports.append(r))
    with pytest.raises(Killed):
        explain(request, tmp_path / "cut", gaussian_world(batch=4), progress=kill_after(int(share * len(reports))))
    kept = sorted(p.name for p in (tmp_path / "cut").iterdir())
    assert "calibration.jsonl" in kept
    assert ("pictures-0000.npz" in kept) == (share > 0.9)
    resumed = explain(request, tmp_path / "cut", gaussian_world(again, batch=4))
    assert np.array_equal(resumed.images, whole.images)
    assert resumed.numbers == whole.numbers
    assert len(again) < len(calls)


def test_pool_scores_are_kept_as_they_come(tmp_path):
    seen = []
    pool = pool_of(POOL, 50)

    def report(what, done, total):
        seen.append(done)
        if done == 150:
            raise Killed

    with pytest.raises(Killed):
        pool_scores(SCORE, pool, tmp_path / "s.npy", report)
    assert np.isfinite(np.load(tmp_path / "s.npy")).sum() == 150
    scores = pool_scores(SCORE, pool, tmp_path / "s.npy", lambda w, d, t: seen.append(d))
    assert seen == [50, 100, 150, 200, 250, 300, 350, 400]
    assert scores == pytest.approx((4 * POOL.mean((1, 2, 3))).numpy(), abs=1e-5)


def test_a_folder_is_bound_to_its_request(tmp_path):
    explain(Request("retrieval", 1.0, 2), tmp_path, gaussian_world(), pool_of(POOL), origin={"feature": 1})
    explain(Request("retrieval", 1.0, 2), tmp_path, gaussian_world(), pool_of(POOL), origin={"feature": 1})
    with pytest.raises(OtherRequest, match=r"request\.target"):
        explain(Request("retrieval", 1.1, 2), tmp_path, gaussian_world(), pool_of(POOL), origin={"feature": 1})
    with pytest.raises(OtherRequest, match=r"origin\.feature"):
        explain(Request("retrieval", 1.0, 2), tmp_path, gaussian_world(), pool_of(POOL), origin={"feature": 2})


@pytest.mark.parametrize("method", ["EnergyDPS", "twisted-SMC"])
def test_the_batch_changes_nothing(method, tmp_path):
    request = Request(method, target=1.0, n=6, knob=1.5, runs=8)
    found = {
        batch: explain(request, tmp_path / str(batch), gaussian_world(batch=batch)) for batch in (None, 1, 2, 4, 5, 7)
    }
    for one in found.values():
        assert len(one.images) == 6
        assert np.array_equal(one.images, found[None].images)
    fewer = explain(replace(request, n=3), tmp_path / "fewer", gaussian_world())
    if method == "EnergyDPS":
        assert np.array_equal(fewer.images, found[None].images[:3])
        assert len({image.tobytes() for image in found[None].images}) == 6


@pytest.mark.parametrize("method", ["EnergyDPS", "hybrid"])
def test_the_calibrations_pictures_come_first(method, tmp_path):
    calls = []
    request = Request(method, target=1.0, n=6, tolerance=0.01, runs=32)

    def at(name, **changes):
        calls.clear()
        return explain(replace(request, **changes), tmp_path / name, gaussian_world(calls), known=KNOWN)

    shown = at("shown")
    evaluations = shown.numbers["calibration_runs"] * 32 * SCHEDULE.steps
    assert sum(calls) == evaluations  # no picture was drawn anew
    assert shown.numbers["from_calibration"] == 6
    assert shown.numbers["fresh_mean"] is None
    made = methods(request, gaussian_world(), lambda: ScoredPool(np.ones(2), lambda i: i), forgetful, KNOWN).make(
        method
    )
    knob = shown.numbers[made.knob_name]
    drawn = made.draw(knob, part_seed(0, 0), 32)
    assert np.array_equal(shown.images, drawn.points[:6].double().numpy())
    assert drawn.mean == pytest.approx(shown.numbers["calibration_mean"])
    fresh, more = at("fresh", fresh=True, n=40), at("more", n=40)
    assert sum(calls) == evaluations + 8 * SCHEDULE.steps
    assert fresh.numbers["from_calibration"] == 0
    assert fresh.numbers["fresh_mean"] == fresh.numbers["mean"]
    assert more.numbers["from_calibration"] == 32
    assert np.array_equal(more.images[:32], drawn.points.double().numpy())
    assert np.array_equal(more.images[32:], fresh.images[32:])
    assert more.numbers["fresh_mean"] == pytest.approx(more.scores[32:].mean())
    assert more.numbers["mean"] == pytest.approx(more.scores.mean())


def test_a_calibration_begins_with_what_is_known(tmp_path):
    """The filters take the multiplier of the pool, the others spare the run without guidance."""
    calls = []
    for method in FILTERS:
        request = Request(method, target=1.0, n=6, runs=64, multiplier=1.0)
        found = explain(request, tmp_path / method, gaussian_world(calls), known=KNOWN)
        assert found.numbers["multiplier"] == 1.0
        assert found.numbers["calibration_runs"] == 0
        assert found.numbers["mean"] == pytest.approx(1.0, abs=0.5)
        assert sum(calls) < 2 * 64 * SCHEDULE.steps
        calls.clear()
    request = Request("hybrid", target=1.0, n=6, tolerance=0.02, runs=64)
    usual = explain(request, tmp_path / "usual", gaussian_world(), known=KNOWN)
    spared = explain(replace(request, unguided=0.0), tmp_path / "spared", gaussian_world(), known=KNOWN)
    assert spared.numbers["calibration_runs"] == usual.numbers["calibration_runs"] - 1
    assert spared.numbers["multiplier"] == usual.numbers["multiplier"]
    with pytest.raises(ValueError, match="known = None: must be given: hybrid shrinks the plug-in"):
        explain(request, tmp_path / "none", gaussian_world())


@pytest.mark.parametrize(("first", "then"), [(2, 4), (4, 2), (3, None)])
def test_a_killed_job_goes_on_with_another_batch(first, then, tmp_path):
    request = Request("EnergyDPS", target=1.0, n=6, knob=1.5, runs=8)
    whole = explain(request, tmp_path / "whole", gaussian_world())
    with pytest.raises(Killed):
        explain(request, tmp_path / "cut", gaussian_world(batch=first), progress=kill_after(SCHEDULE.steps + 5))
    assert len(list((tmp_path / "cut").glob("pictures-*.npz"))) == first
    again = explain(request, tmp_path / "cut", gaussian_world(batch=then))
    assert np.array_equal(again.images, whole.images)
    assert again.numbers == whole.numbers


def test_other_contents_at_the_same_place_are_refused(tmp_path):
    """What the answer is made of, not where it lies."""
    weights, request = tmp_path / "weights", Request("retrieval", 1.0, 2)
    weights.write_bytes(b"one")
    pool = pool_of(POOL)._replace(digest="a")

    def again(pool=pool, out=tmp_path / "out"):
        return explain(request, out, pool=pool, score=SCORE, origin="o", contents={"net": weights})

    assert np.array_equal(again().images, again().images)
    with pytest.raises(OtherRequest, match=r"pool\.digest.*delete"):
        again(pool._replace(digest="b"))
    weights.write_bytes(b"two")
    with pytest.raises(OtherRequest, match=r"contents\.net.*delete"):
        again()
    weights.write_bytes(b"one")
    again()


def test_zeros_of_a_cut_file_are_no_scores(tmp_path):
    path = tmp_path / "s.npy"
    right = pool_scores(SCORE, pool_of(POOL, 50), path)
    whole = path.read_bytes()
    for length in (0, 10, 200, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"s\.npy is damaged.*delete"):
            pool_scores(SCORE, pool_of(POOL, 50), path)
    path.unlink()
    assert np.array_equal(pool_scores(SCORE, pool_of(POOL, 50), path), right)


def test_what_cannot_be_reached_is_said(tmp_path):
    with pytest.raises(InfeasibleTarget, match="largest"):
        explain(Request("KLSC-weights", 40.0, 2), tmp_path / "a", gaussian_world(), pool_of(POOL))
    flat = TorchWorld(lambda x, t: 0.0 * x, lambda x: 0 * x.sum((1, 2, 3)), SCHEDULE, SHAPE, "sample")
    with pytest.raises(CalibrationFailed, match=r"strength in \[0, .*means in \[0, 0\]"):
        explain(Request("EnergyDPS", 1.0, 2), tmp_path / "b", flat)
    with pytest.raises(ValueError, match="pool = None"):
        explain(Request("retrieval", 1.0, 2), tmp_path / "c", gaussian_world())
    for bad in ({"method": "dream"}, {"n": 0}, {"target": float("nan")}, {"tolerance": 0.0}, {"runs": 0}):
        name = next(iter(bad))
        with pytest.raises(Exception, match=name):
            Request(**{"method": "EnergyDPS", "target": 1.0, "n": 2, **bad})


@pytest.mark.parametrize("name", ["2.20", "stages.2.20", "stages.2.blocks.20", "model.stages.2.layers.20"])
def test_hook_names(name):
    assert parse_hook(name) == (2, 20)
    with pytest.raises(ValueError, match=r"must be a stage and a block"):
        parse_hook(name + ".norm")


def test_command_needs_its_paths(tmp_path):
    def run(*arguments):
        return CliRunner().invoke(
            main, ["explain", "--feature", "3", "--target", "1", "--out", str(tmp_path), *arguments]
        )

    assert "EnergyDPS needs --backbone, --transcoder, --prior" in run().output
    assert "retrieval needs --backbone, --transcoder, --images" in run("--method", "retrieval").output
    for device in ("cuda:99", "mps", "gpu", "foo", "meta"):
        assert f"device = '{device}': must be one that is there: cpu" in run("--device", device).output
    assert "--target 0 leaves no default for --tolerance" in run("--target", "0").output
    assert "needs --backbone" in run("--target", "0", "--method", "retrieval").output
    for more in (["--images", "F"], ["--backbone", "F", "--size", "64"], ["--hook", "2.20"]):
        said = " ".join(run("--embedded", *more).output.split())
        assert f"leave out {', '.join(w for w in more if w.startswith('-'))}, or --embedded" in said
    absent = run("--backbone", "no/such.pth", "--transcoder", "no/such", "--prior", "no.pt")
    assert absent.exit_code == 1
    assert "no/such is missing" in absent.output


@pytest.mark.parametrize("method", ["KLSC-weights", "EnergyDPS"])
def test_command_on_the_embedded_backend(method, tmp_path):
    arguments = [
        "explain",
        "--embedded",
        "--feature",
        "5",
        "--n",
        "3",
        "--runs",
        "4",
        "--method",
        method,
        *(["--steps", "6", "--check", "0"] if method.startswith("EnergyDPS") else []),
    ]
    target = ["--target", "0.5", "--tolerance", "10", "--out", str(tmp_path)]
    done = CliRunner().invoke(main, [*arguments, *target])
    assert done.exit_code == 0, done.output
    written = json.loads((tmp_path / "explanation.json").read_text())
    assert len(written["activations"]) == 3
    assert written["request"]["method"] == method
    assert written["origin"]["feature"] == 5
    assert (tmp_path / "grid.png").read_bytes()[:4] == b"\x89PNG"
    assert {cell: len(shots) for cell, shots in collected([tmp_path]).items()} == {Cell(method, "5", "0.5"): 3}


def test_names_without_torch_are_those_of_the_methods():
    registry = methods(Request("retrieval", 1.0, 2), None, lambda: ScoredPool(np.ones(2), lambda i: i), forgetful)
    assert registry.names == NAMES
    assert {name for name in NAMES if registry_needs_no_world(registry, name)} == set(RETRIEVALS)


def registry_needs_no_world(registry, name):
    try:
        registry.make(name)
    except ValueError:
        return False
    return True
