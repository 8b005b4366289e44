"""H_t of a pool: the sum that it is, its gradient, its limits, and the exact H_t of the toy world."""

import math
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.potential.from_pool import seen, with_pool, with_seen
from distributional_view.theory import calibrate_klsc
from distributional_view.theory.samplers.potential import Hybrid, PotentialWorld, predictive
from distributional_view.theory.samplers.schedule import NoiseSchedule, each
from distributional_view.toy.ideal import KnownPotential
from distributional_view.toy.planar import PlanarWorld
from distributional_view.toy.world import paper_world
from tests.support.torch_mixture import torch_mixture

torch.set_num_threads(1)
WORLD = paper_world()
SCHEDULE = NoiseSchedule.linear().spaced(12, "log-SNR", whole=True)
TWELVE = PlanarWorld(WORLD.mixture, WORLD.psi, SCHEDULE, jnp.float64)
ROWS = list(each(SCHEDULE.rows))


def drawn(seed, n):
    x = np.asarray(TWELVE.to_numpy(TWELVE.sample_prior(seed, n)))
    return torch.tensor(x), np.asarray(WORLD.psi(x))


def plain(batch=None):
    law = WORLD.mixture
    weights, means, covariances = (np.asarray(a) for a in (law.weights, law.means, law.covariances))
    world = torch_mixture(weights, means, covariances[:, 0, 0], 3.0, math.pi / 4, batch=batch)
    return replace(world, schedule=SCHEDULE)


def pool_world(n=500, **how):
    """With the scores that the torch world gives."""
    world, points = plain(**how), drawn(1, n)[0]
    return with_pool(world, points, world.to_numpy(world.score(points)))


def direct(world, x, row, beta):
    """Log of the ratio of two sums of densities, term by term, differentiated by torch."""
    x = x.clone().requires_grad_()
    squares = ((x[:, None] - float(row.signal) * world.pool) ** 2).sum(2) / (2 * float(row.noise_variance))
    value = (beta * world.values - squares).logsumexp(1) - (-squares).logsumexp(1)
    return value.detach(), torch.autograd.grad(value.sum(), x)[0]


@pytest.mark.parametrize("place", [0, 4, 8])
def test_it_is_the_ratio_of_two_sums_and_its_gradient(place):
    world, row = pool_world(batch=7), ROWS[place]
    x = world.noise(3, 20)(12) + float(row.signal)
    found = world.potential(x, row, 1.3)
    value, gradient = direct(world, x, row, 1.3)
    assert torch.allclose(found.value, value, rtol=0, atol=1e-9)
    assert torch.allclose(found.gradient, gradient, rtol=1e-9, atol=1e-9)
    assert torch.allclose(found.x0_hat, world.denoise(x, row))
    slope = (world.potential(x, row, 1e-5).value - world.potential(x, row, -1e-5).value) / 2e-5
    assert torch.allclose(world.expected_score(x, row), slope, atol=1e-7)


def test_its_ends():
    world, x = pool_world(), torch.zeros(3, 2, dtype=torch.float64)
    whole = ROWS[0]._replace(signal=1e-9)  # nothing but noise: every picture weighs the same
    tilted = float((1.5 * world.values).logsumexp(0)) - math.log(len(world.values))
    assert world.potential(x, whole, 1.5).value.tolist() == pytest.approx([tilted] * 3)
    one = with_pool(plain(), *drawn(1, 1))  # one picture has every score: a constant
    found = one.potential(x, ROWS[4], 2.0)
    assert found.value.tolist() == pytest.approx([2 * float(one.values[0])] * 3)
    assert found.gradient.abs().max() == 0


def test_a_large_pool_has_nearly_the_exact_potential():
    """Below a signal-to-noise ratio of one; at the clean end a pool of 500 is one picture, and that is measured."""
    beta = calibrate_klsc(WORLD.law, 7.0).multiplier
    exact = KnownPotential(TWELVE)
    errors = {}
    for n in (500, 20_000):
        world = with_pool(plain(), *drawn(1, n))
        for place in (3, 9):
            row = ROWS[place]
            z = np.asarray(TWELVE.to_numpy(TWELVE.noise(5, 200)(12)))
            x = float(row.signal) * drawn(2, 200)[0].numpy() + float(row.noise_variance) ** 0.5 * z
            wanted = np.asarray(TWELVE.to_numpy(exact.potential(TWELVE.from_numpy(x), row, beta).gradient))
            found = world.potential(torch.tensor(x), row, beta).gradient.numpy()
            errors[n, place] = float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))
    assert errors[20_000, 3] < 0.015 < 2 * errors[500, 3] / 3
    assert errors[500, 9] > 0.5


def pictures_world(shape):
    return TorchWorld(lambda x, time: x, lambda x: x.mean((1, 2, 3)), SCHEDULE, shape, "sample", dtype=torch.float64)


def test_blocks_show_what_strong_noise_leaves():
    """H_t of the blocks: its gradient is that of its value, and pictures of even blocks lose nothing."""
    rng, row, shape = torch.Generator().manual_seed(0), ROWS[5], (2, 4, 6)
    even = (
        torch.randn((40, 2, 2, 3), generator=rng, dtype=torch.float64).repeat_interleave(2, 2).repeat_interleave(2, 3)
    )
    scores = even[:, 0].amax((1, 2)).numpy()
    x = torch.randn((5, *shape), generator=rng, dtype=torch.float64)
    world = pictures_world(shape)
    whole, blocks = (with_pool(world, even, scores, block).potential(x, row, 2.0) for block in (1, 2))
    assert torch.allclose(whole.value, blocks.value, atol=1e-12)
    assert torch.allclose(whole.gradient, blocks.gradient, atol=1e-12)
    uneven = torch.randn((40, *shape), generator=rng, dtype=torch.float64)
    coarse = with_pool(world, uneven, scores, 2)
    step = 1e-5 * torch.randn(x.shape, generator=rng, dtype=torch.float64)
    up, down = (coarse.potential(x + s, row, 2.0).value for s in (step, -step))
    assert torch.allclose((up - down) / 2, coarse.dot(coarse.potential(x, row, 2.0).gradient, step), rtol=1e-5)
    assert torch.equal(with_seen(world, seen(uneven, 2), scores, 2).pool, coarse.pool)
    with pytest.raises(ValueError, match=r"block = 3: must be 1, or a divisor of the sides of \(2, 4, 6\)"):
        with_pool(world, uneven, scores, 3)
    with pytest.raises(ValueError, match=r"size of the pool's points = 48: must be 12, the world's"):
        with_seen(world, uneven.flatten(1), scores, 2)


def test_it_guides_the_hybrid():
    world = replace(pool_world(5000), prior=lambda seed, n: drawn(seed + 100, n)[0])
    assert isinstance(world, PotentialWorld)
    known = predictive(world, 0, 400)
    assert known.potential[:7].mean() < known.plug_in[:7].mean() + 0.02  # all there is to know
    assert 5 <= known.switch < 12  # at the clean end the nearest picture of the pool is a worse guess than x0_hat
    Hybrid(world, 1.0, known.slope, known.switch).guidance(world.noise(0, 3)(12), ROWS[0])


def test_what_does_not_fit_is_refused():
    points, scores = drawn(1, 5)
    with pytest.raises(ValueError, match=r"shape of the pool's points = \(3,\): must be \(2,\)"):
        with_pool(plain(), torch.zeros(5, 3, dtype=torch.float64), scores)
    with pytest.raises(ValueError, match="block = 2"):
        with_pool(plain(), points, scores, block=2)
    with pytest.raises(ValueError, match="number of points in the pool = 0"):
        with_pool(plain(), points[:0], scores[:0])
    with pytest.raises(ValueError, match=r"shape of scores = \(4,\): must be \(5,\)"):
        with_pool(plain(), points, scores[:4])
    with pytest.raises(ValueError, match="scores of the pool"):
        with_pool(plain(), points, [*scores[:4], np.nan])
    with pytest.raises(ValueError, match="world = 'PoolWorld'"):
        with_pool(pool_world(), points, scores)
