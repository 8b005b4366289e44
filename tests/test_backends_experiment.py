"""The embedded experiment: its measures, its methods at their levels, what it keeps, and the figure's command."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from distributional_view.backends.embedded import experiment
from distributional_view.backends.embedded.animals import CLASSES
from distributional_view.backends.embedded.experiment import METHODS, QUICK, ExperimentBudget, FeatureRun, run, shared
from distributional_view.backends.embedded.features import read_named
from distributional_view.backends.embedded.methods import feature_methods
from distributional_view.backends.embedded.prior_pool import PoolPlan, kept_pool, prior_pool
from distributional_view.backends.embedded.smoothness import smoothness
from distributional_view.backends.embedded.world import embedded_world, feature_score, pictures
from distributional_view.backends.jobs import OtherRequest
from distributional_view.backends.measures.alike import look_alikes, usual_distance
from distributional_view.backends.measures.kernel import kid
from distributional_view.errors import UserError
from distributional_view.figures.command import main

torch.set_num_threads(1)
TINY = ExperimentBudget(
    quantiles=(0.8, 0.95), n=6, particles=8, seeds=2, steps=6, few=8, steered=8, known=40, iterations=3, tolerance=0.3
)


def test_smoothness_is_zero_on_flat_pictures_and_has_its_gradient():
    x = np.random.default_rng(0).normal(scale=1.5, size=(2, 1, 5, 4))
    value, gradient = smoothness(x)
    for index in np.ndindex(x.shape):
        moved = np.zeros_like(x)
        moved[index] = 1e-6
        slope = (smoothness(x + moved)[0] - smoothness(x - moved)[0])[index[0]] / 2e-6
        assert gradient[index] == pytest.approx(slope, rel=1e-6, abs=1e-6)
    assert (smoothness(np.full((1, 1, 4, 4), -0.7))[0] == 0).all()
    assert value[0] == pytest.approx(
        (np.diff(x[0, 0], axis=0) ** 2).sum()
        + (np.diff(x[0, 0], axis=1) ** 2).sum()
        + (np.maximum(np.abs(x[0, 0]) - 1, 0) ** 2).sum()
    )


def test_kid_is_zero_for_the_same_law_and_grows_with_the_shift():
    rng = torch.Generator().manual_seed(0)
    reference = torch.randn((2000, 8), generator=rng)
    same, near, far = (torch.randn((100, 8), generator=rng) + shift for shift in (0.0, 0.3, 1.0))
    found = [kid(reference, x, 0) for x in (same, near, far)]
    assert abs(found[0].kid) < 4 * found[0].sd
    assert found[0].kid < found[1].kid < found[2].kid
    assert found[2].kid > 10 * found[2].sd
    assert kid(reference, near, 0) == found[1]
    a, b = reference[:100] / 8**0.5, far / 8**0.5  # the cubic kernel (x.y/d + 1)^3, unbiased, by hand on whole sets
    whole = kid(reference[:100], far, 0, subsets=1).kid

    def within(x):
        k = (x @ x.T + 1) ** 3
        return (k.sum() - k.trace()) / (len(x) * (len(x) - 1))

    assert whole == pytest.approx(float(within(a) + within(b) - 2 * ((a @ b.T + 1) ** 3).mean()), rel=1e-4)
    for n in (1, 2001):
        with pytest.raises(ValueError, match="features"):
            kid(reference, torch.zeros(n, 8), 0)


def test_look_alikes_counts_pictures_with_a_twin():
    images = torch.randn((5, 1, 8, 8), generator=torch.Generator().manual_seed(1))
    usual = usual_distance(images, torch.tensor([[0, 1], [1, 2], [2, 3]]))
    assert usual == pytest.approx(2**0.5, abs=0.2)
    assert look_alikes(images, usual) == 0
    assert look_alikes(torch.cat([images, images[:2] + 0.01]), usual) == 4


def test_the_shared_activation_is_the_score():
    feature = read_named()[0].index
    some = torch.arange(0, 10_000, 997)
    direct = feature_score(feature)(pictures().images[some]).double().numpy()
    assert np.abs(shared().activation(feature)[some] - direct).max() < 1e-4


def test_sampling_starts_where_there_is_signal():
    world = embedded_world(0, 50)
    assert world.schedule.alpha_bar[-1] >= 1e-3
    assert world.schedule.rows.tilt_zeta.max() < 2


@pytest.fixture(scope="module")
def found():
    return feature_methods(read_named()[0].index, shared(), TINY, seed=3)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_brought_to_its_level(found, name):
    method, scores = found.registry.make(name), found.pool.scores
    for level in found.levels:
        knob = method.calibrate(level).knob
        if name in ("retrieval", "KLSC-weights"):
            weights = np.zeros(len(scores))
            if name == "retrieval":
                weights[np.argsort(-scores)[: int(knob)]] = 1 / knob
            else:
                weights = np.exp(knob * (scores - scores.max()))
                weights /= weights.sum()
            assert weights @ scores == pytest.approx(level, abs=1e-2 * found.sd)
        drawn, again, other = (method.draw(knob, seed, TINY.n) for seed in (5, 5, 6))
        assert drawn.points.shape == (TINY.n, 1, 32, 32)
        assert torch.equal(drawn.points, again.points)
        assert not torch.equal(drawn.points, other.points)
        assert drawn.scores == pytest.approx(found.world.to_numpy(found.world.score(drawn.points.float())), abs=1e-4)
        if name in ("twisted-SMC", "FK-steering"):
            assert knob == pytest.approx(found.registry.make("KLSC-weights").calibrate(level).knob)
        else:
            assert abs(drawn.mean - level) < 6 * found.sd / TINY.n**0.5


def test_a_level_out_of_reach_is_shown_at_the_nearest_mean():
    brief = replace(TINY, iterations=1, tolerance=1e-3, seeds=1)
    feature_run = FeatureRun(read_named()[0], shared(), brief, 0)
    cell, images, scores = feature_run.cell("optimisation", 14.0)  # a level of the pool, too high for one iteration
    assert "target = 14.0: the target is out of reach" in cell.problem
    runs = [feature_run.methods.registry.make("optimisation")._ascent(0, 2).climb(w).scores.mean() for w in (0.0, 1.0)]
    assert runs[0] > runs[1]
    assert cell.knob == 0.0
    assert images.shape == (brief.n, 32, 32)
    assert np.isfinite(scores).all()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What the command makes with its smallest sizes."""
    out = tmp_path_factory.mktemp("embedded")
    done = CliRunner().invoke(main, ["embedded", "--quick", "--jobs", "1", "--out", str(out)])
    assert done.exit_code == 0, done.output
    return out


def test_results_are_kept_and_not_repeated(made, monkeypatch):
    two = read_named()[:2]
    seen = []
    job = made / "embedded-job-quick"
    assert (job / "potential" / "potential.safetensors").exists()
    monkeypatch.setattr(experiment, "_work", None)
    again = run(job, QUICK, 0, lambda *r: seen.append(r), two)
    assert not seen  # nothing was left to do
    told = json.loads((made / "embedded.json").read_text())["features"]
    for result, feature in zip(again, told, strict=True):
        assert len(result.cells) == len(METHODS) * len(QUICK.quantiles)
        assert [cell.means for cell in result.cells] == [cell["means"] for cell in feature["cells"]]
        assert result.images.shape == (14, QUICK.n, 32, 32)
        masses = {c.method: c.boundary_mass for c in result.cells if c.level == result.levels[-1]}
        assert masses["KLSC-weights"] < masses["retrieval"]
        assert masses["EnergyDPS"] is None
    with pytest.raises(OtherRequest, match=r"seed"):
        run(job, QUICK, 1, lambda *r: None, two)


def test_both_tilts_stand_beside_the_methods(tmp_path):
    feature = read_named()[0]
    level = float(np.quantile(shared().activation(feature.index), 0.95))
    plan = PoolPlan(steps=2, part=20)
    with pytest.raises(UserError, match=r"pool = .*: must be a folder of `dview embedded-pool`"):
        kept_pool(tmp_path)
    made = prior_pool(tmp_path / "pool", 40, plan)
    pool = kept_pool(tmp_path / "pool")
    assert len(pool) == 40
    assert np.array_equal(pool.grey, made.grey)
    low, high = (experiment.tilts(feature, [x], pool)[0] for x in (float(pool.activation(feature.index).mean()), level))
    assert low.prior == pytest.approx((pool.labels == CLASSES.index(feature.dominant)).mean(), abs=0.01)
    assert low.prior_ess == pytest.approx(40, rel=0.01)
    assert high.data == pytest.approx(0.69, abs=0.05)  # stripes are zebras'
    assert experiment.tilts(feature, [level])[0].prior is None
    beyond = pool.activation(feature.index).max() + 0.01
    assert experiment.tilts(feature, [float(beyond)], pool)[0].prior is None


@pytest.mark.slow
def test_processes_change_nothing(tmp_path):
    two = read_named()[:2]
    alone, together = (run(tmp_path / str(j), QUICK, 0, lambda *r: None, two, jobs=j) for j in (1, 2))
    assert [r.cells for r in alone] == [r.cells for r in together]


def test_the_command_draws_and_tells(made):
    content = json.loads((made / "embedded.json").read_text())
    assert [f["name"] for f in content["features"]] == [f.name for f in read_named()[:2]]
    assert len(content["unguided_kids"]) == QUICK.seeds
    text = (made / "embedded.md").read_text()
    assert text.count("EnergyDPS") == 4
    assert text.count("| tilt of the data |") == 4
    assert "tilt of the prior" not in text
    tilts = content["features"][0]["tilts"]
    assert [tilt["level"] for tilt in tilts] == content["features"][0]["levels"]
    assert all(0 <= tilt["data"] <= 1 and tilt["prior"] is None for tilt in tilts)
    for name in ("embedded.png", "embedded-tradeoff.png"):
        assert (made / name).read_bytes()[:4] == b"\x89PNG"
    with np.load(made / "embedded-activations.npz") as kept:
        assert {len(kept[name]) for name in kept.files} == {10_000}
