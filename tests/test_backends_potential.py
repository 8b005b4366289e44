"""A learned H_t: its bins, its law against the exact one of the toy world, its world, its files."""

import json
import math
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.fit import Plan
from distributional_view.backends.potential import store
from distributional_view.backends.potential.bins import Bins
from distributional_view.backends.potential.calibration import calibration
from distributional_view.backends.potential.learned import LearnedPotential, Spec
from distributional_view.backends.potential.train import learn
from distributional_view.backends.potential.world import LearnedWorld, with_potential
from distributional_view.backends.zoo.weights import MissingWeights, WrongWeights
from distributional_view.errors import UserError
from distributional_view.theory import AtomicLaw, calibrate_klsc
from distributional_view.theory.samplers.potential import PotentialWorld
from distributional_view.theory.samplers.schedule import NoiseSchedule, each
from distributional_view.toy.ideal import KnownPotential
from distributional_view.toy.planar import PlanarWorld
from distributional_view.toy.world import paper_world
from tests.support.torch_mixture import torch_mixture

torch.set_num_threads(1)
WORLD = paper_world()
SCHEDULE = NoiseSchedule.linear().spaced(12, "log-SNR")
TWELVE = PlanarWorld(WORLD.mixture, WORLD.psi, SCHEDULE, jnp.float64)
TINY = Plan(steps=4, batch=8, learning_rate=1e-3, seed=1, decay=0.9)


def drawn(seed, n):
    x = np.asarray(TWELVE.to_numpy(TWELVE.sample_prior(seed, n)))
    return torch.tensor(x).float(), torch.tensor(np.asarray(WORLD.psi(x))).float()[:, None]


@pytest.fixture(scope="module")
def toy():
    plan = Plan(steps=700, batch=256, learning_rate=3e-3, seed=0, decay=0.99)
    return learn(*drawn(1, 20_000), ("angle",), plan)


def test_the_bins_keep_the_mean_and_the_log_partition():
    """The excess of log-mean-exp over bins lies between 0 and (beta w)^2/8, at the tilt of the 99 % level too."""
    drawn_scores = np.random.default_rng(0).gamma(0.7, 0.7, size=(20_000, 2))
    scores = torch.tensor(drawn_scores * [1.0, 4.0]).float()
    bins = Bins.of(scores)
    masses = bins.targets(scores).double()
    assert torch.allclose(masses.sum(-1), torch.ones(20_000, 2, dtype=torch.float64))
    inner = scores.clamp(bins.centres[:, 0], bins.centres[:, -1])
    assert ((masses * bins.centres).sum(-1) - inner).abs().max() < 1e-4
    for k in range(2):
        y = inner[:, k].double()
        beta = calibrate_klsc(AtomicLaw(y.numpy()), float(y.quantile(0.99))).multiplier
        exact = (beta * y).logsumexp(0) - math.log(len(y))
        excess = float(bins.potential(masses[:, k].mean(0).log()[None], beta, k) - exact)
        assert 1e-5 < excess < float(beta * bins.centres[k].diff().max()) ** 2 / 8
        assert excess < 0.05


def test_the_learned_gradient_is_nearer_to_the_exact_one_than_the_plug_in(toy):
    known = KnownPotential(TWELVE)
    prior, noise = TWELVE.sample_prior(7, 400), TWELVE.noise(8, 400)
    for target in (5.0, 7.0):
        beta = calibrate_klsc(WORLD.law, target).multiplier
        for row in list(each(SCHEDULE.rows))[1:9:2]:
            x_t = row.signal * prior + row.noise_variance**0.5 * noise(row.index)
            exact = np.asarray(TWELVE.to_numpy(known.potential(x_t, row, beta).gradient))
            plug_in = np.asarray(TWELVE.to_numpy(TWELVE.guidance(x_t, row).gradient))
            leaf = torch.tensor(np.asarray(TWELVE.to_numpy(x_t))).requires_grad_()
            law = toy.log_law(leaf, float(row.signal), float(row.noise_variance) ** 0.5)[:, 0]
            (mine,) = torch.autograd.grad(toy.bins.potential(law, beta, 0).sum(), leaf)
            found, other = _cosine(mine.numpy(), exact), _cosine(plug_in, exact)
            assert found > 0.89, (target, row.time, found, other)
            assert found > other - 0.03, (target, row.time, found, other)


def _cosine(a, b):
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def spoiled(learned, factor):
    """The same potential with all its logits multiplied."""
    other = LearnedPotential(learned.spec, learned.bins, learned.weights, {})
    plain = LearnedPotential.logits
    object.__setattr__(other, "logits", lambda *given: factor * plain(learned, *given))
    return other


def test_the_law_is_calibrated_and_a_sharpened_one_is_not(toy):
    draws, scores = drawn(3, 4000)
    found = calibration(toy, draws, scores, 0)
    assert found.faults(slack=0.03) == []
    assert found.explained[0] > 0.8 > 0.2 > found.explained[-1]
    assert (found.gain[:3] > 0.5).all()
    for factor in (0.5, 2.0):
        told = calibration(spoiled(toy, factor), draws, scores, 0).faults(slack=0.03)
        assert any("coverage" in fault for fault in told), factor


@pytest.fixture
def small():
    draws, scores = drawn(1, 200)
    return learn(draws, torch.cat([scores, -2 * scores], 1), ("a", "b"), TINY, bins=9)


def mixture_world(**options):
    means = np.array([[1.5, 1.0], [-1.0, 1.2]])
    return torch_mixture(np.array([0.4, 0.6]), means, np.ones(2), 3.0, 0.5, steps=6, dtype=torch.float32, **options)


def test_a_world_offers_the_potential_of_its_column(small):
    world = with_potential(mixture_world(batch=3), small, 1)
    assert isinstance(world, LearnedWorld)
    assert isinstance(world, TorchWorld)
    assert isinstance(world, PotentialWorld)
    with torch.no_grad():
        small.weights.last.weight.normal_(std=0.3)  # as if it had been trained for long
    row = list(each(world.schedule.rows))[3]
    x = world.noise(0, 8)(3)
    found = world.potential(x, row, 0.7)
    whole = replace(world, batch=None).potential(x, row, 0.7)
    assert torch.allclose(found.gradient, whole.gradient, atol=1e-6)
    assert torch.equal(found.x0_hat, world.denoise(x, row))
    shift = 1e-2 * torch.tensor([0.6, -0.8])
    up, down = (world.potential(x + s, row, 0.7).value for s in (shift, -shift))
    assert torch.allclose((up - down) / 2, found.gradient @ shift, atol=2e-4)
    low = 1e-3
    assert torch.allclose(world.potential(x, row, low).value / low, world.expected_score(x, row), atol=0.05)
    assert not torch.allclose(world.expected_score(x, row), replace(world, column=0).expected_score(x, row), atol=0.1)


def test_where_it_guides_nothing_passes_back_through_the_denoiser(small):
    calls = []

    def denoiser(x, time):
        calls.append(torch.is_grad_enabled())
        return x

    plain = TorchWorld(denoiser, lambda x: x[:, 0], NoiseSchedule.linear().strided(5), (2,), "sample")
    world = with_potential(plain, small, 0)
    row = next(each(world.schedule.rows))
    world.potential(torch.zeros(4, 2), row, 1.0)
    assert calls == [False]
    world.expected_score(torch.zeros(4, 2), row)
    assert calls == [False]


def test_it_comes_back_from_its_folder_and_nothing_else_does(small, tmp_path):
    store.save(small, tmp_path)
    again = store.load(tmp_path)
    x = torch.randn(5, 2)
    assert torch.equal(again.log_law(x, 0.6, 0.8), small.log_law(x, 0.6, 0.8))
    assert again.spec == small.spec
    assert again.record == json.loads(json.dumps(small.record))
    path, record = tmp_path / store.WEIGHTS, tmp_path / store.RECORD
    whole, text = path.read_bytes(), record.read_text()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(WrongWeights, match=r"is not what potential\.json says"):
        store.load(tmp_path)
    path.write_bytes(whole)
    for bad in (text[:50], "{}", text.replace('"bins": 9', '"bins": 8'), text.replace('"scale": ', '"scale": -')):
        record.write_text(bad)
        with pytest.raises(UserError, match=r"potential\.(json|safetensors)"):
            store.load(tmp_path)
    record.unlink()
    with pytest.raises(MissingWeights, match=r"potential\.json is not there"):
        store.load(tmp_path)


def test_training_goes_on_from_a_checkpoint_to_the_same_weights(small, tmp_path):
    class Killed(Exception):
        pass

    def kill(what, done, total):
        if done == 2:
            raise Killed

    draws, scores = drawn(1, 200)
    given = draws, torch.cat([scores, -2 * scores], 1), ("a", "b"), replace(TINY, save_every=1), tmp_path / "c"
    with pytest.raises(Killed):
        learn(*given, kill, bins=9)
    again = learn(*given, bins=9)
    x = torch.randn(5, 2)
    assert torch.equal(again.log_law(x, 0.6, 0.8), small.log_law(x, 0.6, 0.8))


def test_bad_arguments_are_named(small):
    draws, scores = drawn(1, 20)
    with pytest.raises(ValueError, match=r"scores.shape = \(20, 1\): must be \(20, 2\), draws and features"):
        learn(draws, scores, ("a", "b"), TINY)
    with pytest.raises(ValueError, match=r"scores\[:, 0\] = 1.0: must be not all the same"):
        learn(draws, torch.ones(20, 1), ("a",), TINY)
    with pytest.raises(ValueError, match="bins = 1: must be >= 2"):
        Bins.of(scores, 1)
    with pytest.raises(ValueError, match=r"column = 2: must be in 0\.\.1"):
        with_potential(mixture_world(), small, 2)
    with pytest.raises(ValueError, match=r"learned.spec.shape = \(2,\): must be \(1, 4, 4\), the world's"):
        with_potential(replace(mixture_world(), shape=(1, 4, 4)), small, 0)
    with pytest.raises(ValueError, match=r"features = \('a', 'a'\): must be different"):
        Spec((2,), ("a", "a"), 4, 1.0)
    with pytest.raises(ValueError, match=r"shape = \(3, 130, 130\): must be .* multiples of 6"):
        Spec((3, 130, 130), ("a",), 4, 1.0)
