"""What methods pay for a level on pictures: the split against sums over the pool, its control, going on, bad input."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from distributional_view.backends.embedded import split_experiment as module
from distributional_view.backends.embedded.animals import CLASSES, as_grey, load_animals
from distributional_view.backends.embedded.features import read_named
from distributional_view.backends.embedded.measures import features_and_logits
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.prior_pool import PriorPool
from distributional_view.backends.embedded.split_experiment import EXACT, GENERATE, SplitBudget, run
from distributional_view.backends.paradigms.budget import ParadigmBudget
from distributional_view.backends.paradigms.entrants import Entrant
from distributional_view.jobs import Job
from distributional_view.theory.methods.method import Drawn

torch.set_num_threads(1)
SAMPLING = ParadigmBudget(n=3, seeds=1, steps=3, runs=3, prompt=1, references=2, known=10, tolerance=3.0)
BUDGET = SplitBudget((0.8,), 200, 1000, SAMPLING)
ZEBRA = read_named()[0]


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """Pictures of the data in the place of the prior's samples."""
    whole = load_animals()[0].images
    images = whole[torch.from_numpy(np.random.default_rng(0).permutation(len(whole))[:1500])]
    pooled, logits = features_and_logits(shared().classifier, images)
    job = Job(tmp_path_factory.mktemp("pool"), "token")
    return PriorPool(job, as_grey(images), pooled, logits)


@pytest.fixture
def made(pool, monkeypatch):
    """Runs with that pool, and a method for the others: it draws what it is told to."""

    def go(tmp_path, points, budget=BUDGET, knob=(1.0, None)):
        class Fixed:
            def draw(self, knob, seed, n, progress=None):
                scores = shared().layer.score(ZEBRA.index)(points).detach().double().numpy()
                return Drawn(points, scores, float(scores.mean()), {})

        fixed = Entrant("hybrid", "soft constraint", "says", lambda one, level: Fixed(), None)
        monkeypatch.setattr(module, "prior_pool", lambda *_: pool)
        monkeypatch.setattr(module, "entrants_of", lambda names: (fixed,))
        monkeypatch.setattr(module, "brought_to", lambda *_: knob)
        folders = (tmp_path / name for name in ("out", "paradigms", "pool"))
        return run(*folders, budget, 0, [ZEBRA], methods=["hybrid"])

    return go


def of_class(pool, name, n):
    return pool.pictures(np.flatnonzero(pool.labels == CLASSES.index(name))[:n])


def test_the_parts_are_those_of_sums_over_the_samples(made, pool, tmp_path):
    zebras = of_class(pool, "zebra", 100)
    row, _ = made(tmp_path, zebras)
    scores, target = pool.activation(ZEBRA.index), row["target"]
    low, high = 0.0, 10.0
    for _ in range(80):  # the multiplier, by halving
        beta = (low + high) / 2
        weights = np.exp(beta * (scores - scores.max()))
        weights /= weights.sum()
        low, high = (beta, high) if weights @ scores < target else (low, beta)
    level = float(weights @ np.log(weights * len(scores)))
    drawn = shared().layer.score(ZEBRA.index)(zebras).detach().double().numpy()
    assert row["level_nats"][0] == pytest.approx(level, rel=1e-5)
    assert row["overshoot"][0] == pytest.approx(beta * (drawn.mean() - target), rel=1e-5)
    assert row["kl"][0] == pytest.approx(row["level_nats"][0] + row["bottleneck"][0] + row["overshoot"][0])
    assert row["activation"] == pytest.approx(drawn.mean())
    assert row["prior_mean"] == pytest.approx(scores.mean())


def test_pictures_of_one_class_show_a_bottleneck_and_draws_of_the_tilt_none(made, pool, tmp_path):
    row, control = made(tmp_path, of_class(pool, "elephant", 100))
    share = float(np.mean(pool.labels == CLASSES.index("elephant")))
    assert row["kl"][0] == pytest.approx(-np.log(share), abs=0.5)  # at least the class; in the class nearly the prior
    assert row["bottleneck"][0] > 3 * row["floor"]
    assert row["agreement"] == 0.0
    assert control["method"] == EXACT
    assert abs(control["bottleneck"][0]) < control["floor"]
    assert control["activation"] == pytest.approx(control["target"], abs=0.5)


def test_what_is_there_is_not_made_again(made, pool, tmp_path, monkeypatch):
    zebras = of_class(pool, "zebra", 40)
    first = made(tmp_path, zebras)
    monkeypatch.setattr(module, "split_sampled", None)
    assert made(tmp_path, zebras) == first


def test_a_level_beyond_the_samples_is_told_and_the_reason_of_a_miss_kept(made, pool, tmp_path, monkeypatch):
    whole = pool.activation(ZEBRA.index)
    monkeypatch.setattr(pool.__class__, "activation", lambda self, feature: whole - 20.0)
    row, control = made(tmp_path, of_class(pool, "zebra", 10), knob=(2.0, "no knob reached it"))
    assert row["kl"] is None
    assert f"end at {whole.max() - 20:.2f}" in row["unsplit"]
    assert row["problem"] == "no knob reached it"
    assert control["kl"] is None
    assert "half of the prior's samples ends at" in control["unsplit"]


def test_a_prompt_is_taken_from_the_job_of_the_paradigms(pool, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "prior_pool", lambda *_: pool)
    folders = [tmp_path / name for name in ("out", "paradigms", "pool")]
    row, _ = run(*folders, replace(BUDGET, n=6), 0, [ZEBRA], methods=["best word"])
    assert len(row["prompt"]) == 1
    kept = tmp_path / "paradigms" / f"prompt-{ZEBRA.index}-best-word.jsonl"
    assert f'"words": ["{row["prompt"][0]}"]' in kept.read_text()


@pytest.mark.parametrize("name", ["retrieval", "Fourier"])
def test_a_method_that_generates_nothing_is_refused(tmp_path, name):
    assert name not in GENERATE
    with pytest.raises(ValueError, match=rf"method = '{name}': must be one of best word"):
        run(tmp_path, tmp_path, tmp_path, BUDGET, 0, [ZEBRA], methods=[name])


@pytest.mark.parametrize("sizes", [{"levels": (1.0,)}, {"n": 3}])
def test_sizes_out_of_range_are_refused(sizes):
    with pytest.raises(ValueError, match=next(iter(sizes)).rstrip("s")):
        replace(BUDGET, **sizes)
