"""Methods as such: one protocol, what a pool gives, what a calibration remembers, and what a failed one carries."""

import math

import numpy as np
import pytest

from distributional_view.theory.errors import CalibrationFailed, InfeasibleTarget
from distributional_view.theory.methods import energy_dps, hybrid, klsc_weights, optimisation, retrieval, twisted_smc
from distributional_view.theory.methods.method import Drawn, Method, Registry, in_memory
from distributional_view.theory.methods.pool import ScoredPool, representatives
from distributional_view.theory.pools.inclusion import inclusion_probabilities
from distributional_view.theory.samplers.knobs import calibrate_knob
from distributional_view.theory.samplers.schedule import NoiseSchedule
from distributional_view.theory.seeds import part_seed
from tests.support.gaussian_world import GaussianWorld

SCORES = np.random.default_rng(0).normal(size=500)
POOL = ScoredPool(SCORES, lambda indices: SCORES[indices][:, None])
STEPS = NoiseSchedule.linear().strided(40)


def world():
    return GaussianWorld(STEPS)


def square(x):
    return (x**2).sum(1), 2 * x


def starts(seed, n):
    return np.random.default_rng(seed).normal(size=(n, 1))


def made():
    return {
        retrieval.NAME: retrieval.Retrieval(POOL),
        klsc_weights.NAME: klsc_weights.KlscWeights(POOL),
        optimisation.NAME: optimisation.Optimisation(world(), square, starts, 20, 1e-3, 0, 50),
        energy_dps.NAME: energy_dps.EnergyDps(world(), 1e-3, 0, 400),
        energy_dps.CONSTANT: energy_dps.EnergyDps(world(), 1e-3, 0, 400, 0.01, "constant"),
        twisted_smc.NAME: twisted_smc.TwistedSmc(world(), 400, None, 1e-2),
    }


@pytest.mark.parametrize("name", made())
def test_every_method_keeps_the_protocol(name):
    method = made()[name]
    assert isinstance(method, Method)
    found = method.calibrate(1.0)
    assert found.mean == pytest.approx(1.0, abs=2e-2)
    drawn, again, other = (method.draw(found.knob, seed, 40) for seed in (3, 3, 4))
    assert isinstance(drawn, Drawn)
    assert len(drawn.points) == len(drawn.scores) <= 40
    assert drawn.weights is None
    assert np.array_equal(drawn.points, again.points)
    assert name in ("optimisation", "retrieval") or not np.array_equal(drawn.points, other.points)
    assert drawn.mean == pytest.approx(1.0, abs=5 * max(drawn.scores.std(), 0.01) / math.sqrt(40))


def test_the_twisted_filter_takes_a_multiplier_that_is_known():
    method = twisted_smc.TwistedSmc(world(), 300, lambda target: 0.5 * target)
    found = method.calibrate(1.0)
    assert found.knob == 0.5
    assert math.isnan(found.mean)
    whole = method.draw(0.5, 1, 300)
    assert whole.weights is not None
    assert whole.notes["level"] == pytest.approx(whole.mean) == pytest.approx(float(whole.weights @ whole.scores))
    assert 1 < whole.notes["effective_size"] <= 300
    for n in (0, 301):
        with pytest.raises(ValueError, match=r"n = .*: must be in 1\.\.300, the particles"):
            method.draw(0.5, 1, n)


def test_a_pool_gives_all_it_has_or_points_that_stand_for_it():
    weights = np.exp(SCORES) / np.exp(SCORES).sum()
    whole = POOL.drawn(weights, 0, 500)
    assert whole.weights == pytest.approx(weights)
    assert np.array_equal(whole.indices, np.arange(500))
    few = POOL.drawn(weights, 0, 20)
    assert len(set(few.indices.tolist())) == 20
    assert few.weights is None
    assert (np.diff(few.scores) >= 0).all()
    equal = POOL.drawn(np.where(SCORES > 1, 1 / (SCORES > 1).sum(), 0.0), 0, 500)
    assert equal.weights is None
    assert (equal.scores > 1).all()
    with pytest.raises(ValueError, match="n = 0"):
        POOL.drawn(weights, 0, 0)


def test_representatives_come_by_their_weight():
    weights = np.exp(2 * SCORES) / np.exp(2 * SCORES).sum()
    hits = np.zeros(500)
    for seed in range(3000):
        hits[representatives(weights, SCORES, 10, seed)] += 1 / 3000
    expected = inclusion_probabilities(weights, 10)
    assert np.abs(hits - expected).max() < 5 * np.sqrt(0.25 / 3000)


def test_retrieval_refuses_a_k_that_is_none():
    for knob in (0.0, 2.5, 501.0):
        with pytest.raises(ValueError, match=r"K = .*: must be a whole number in 1\.\.500"):
            retrieval.Retrieval(POOL).draw(knob, 0, 5)
    with pytest.raises(InfeasibleTarget, match="largest"):
        retrieval.Retrieval(POOL).calibrate(40.0)
    assert retrieval.Retrieval(POOL).draw(1.0, 0, 5).scores.tolist() == [SCORES.max()]


def test_optimisation_draws_as_many_ends_as_it_is_asked_for():
    method = made()[optimisation.NAME]
    assert [len(method.draw(0.5, seed, n).points) for seed, n in ((3, 7), (11, 2))] == [7, 2]
    assert not np.array_equal(method.draw(0.5, 3, 7).points, method.draw(0.5, 4, 7).points)


def test_memory_never_runs_a_knob_twice():
    runs, known = [], {}

    def mean_at(knob):
        runs.append(knob)
        return 2 * knob

    for _ in range(2):
        remembered = in_memory(known)(mean_at)
        assert [remembered(k) for k in (1.0, 2.0, 1.0)] == [2.0, 4.0, 2.0]
    assert runs == [1.0, 2.0]
    method = energy_dps.EnergyDps(world(), 1e-3, 0, 50, remember=in_memory(known := {}))
    found = method.calibrate(0.5)
    assert known[found.knob] == pytest.approx(0.5, abs=1e-3)
    assert len(known) == found.evaluations
    assert method.calibrate(0.5) == found


def test_a_failed_calibration_carries_its_runs():
    with pytest.raises(CalibrationFailed) as caught:
        calibrate_knob(lambda v: v / (1 + v), 3.0, 0.1, 1.0, "knob")
    runs = caught.value.runs
    assert runs[0.0] == 0.0
    assert runs[1.0] == 0.5
    assert caught.value.nearest(3.0) == max(runs)
    assert caught.value.nearest(0.4) == 1.0
    with pytest.raises(ValueError, match="at least one finite mean"):
        CalibrationFailed("no run", {1.0: math.nan}).nearest(1.0)


def test_registry_knows_its_names():
    names = Registry({name: lambda m=method: m for name, method in made().items()})
    assert names.names == tuple(made())
    assert isinstance(names.make("retrieval"), retrieval.Retrieval)
    with pytest.raises(ValueError, match=r"method = 'topk': must be one of \('retrieval', "):
        names.make("topk")


def test_part_seeds_do_not_meet():
    seeds = {part_seed(s, *part) for s in range(40) for part in ((), (0,), (1,), (0, 0), (0, 1), (1, 0))}
    assert len(seeds) == 240
    for bad in ((-1,), (0, -2)):
        with pytest.raises(ValueError, match="seed = -"):
            part_seed(*bad)


def test_what_each_method_says_of_itself():
    """Whether n points may be drawn in parts, and the name of the knob."""
    kinds = (
        energy_dps.EnergyDps,
        hybrid.HybridGuidance,
        optimisation.Optimisation,
        twisted_smc.TwistedSmc,
        retrieval.Retrieval,
        klsc_weights.KlscWeights,
    )
    assert [(kind.knob_name, kind.independent) for kind in kinds] == [
        ("strength", True),
        ("multiplier", True),
        ("penalty", False),
        ("multiplier", False),
        ("K", False),
        ("multiplier", False),
    ]
    pool = ScoredPool(np.arange(6.0), lambda indices: indices)
    for method in (retrieval.Retrieval(pool), klsc_weights.KlscWeights(pool)):
        assert method.calibrate(4.0).evaluations == 0  # nothing is run: the pool's scores are known
