"""What is measured of pictures: the prior's loss."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from distributional_view.backends.embedded.train import SCHEDULE, velocity_loss
from distributional_view.backends.embedded.world import embedded_world, pictures
from distributional_view.backends.measures.prior_loss import SHARES, levels, prior_loss
from distributional_view.theory.samplers.energy_dps import unguided


@pytest.fixture(scope="module")
def world():
    return embedded_world(482, 20)


def some_pictures(n=12, seed=0):
    images = pictures().images
    return images[torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))[:n]]


def test_levels_are_the_nearest():
    fine = [row.signal**2 for row in levels(SCHEDULE)]
    assert fine == pytest.approx(SHARES, abs=0.002)
    coarse = SCHEDULE.strided(4)
    for share, row in zip(SHARES, levels(coarse), strict=True):
        assert abs(row.signal**2 - share) == pytest.approx(np.abs(coarse.alpha_bar[1:] - share).min())
    for shares, says in (((), "number of shares = 0: must be >= 1"), ((1.0,), r"share = 1.0: must be in \(0, 1\)")):
        with pytest.raises(ValueError, match=says):
            levels(SCHEDULE, shares)


def test_the_prior_loss_is_that_of_its_training(world):
    """Without the clamp of the estimate, and with the noise of the one that it is compared with."""
    x = some_pictures()
    (row,) = levels(SCHEDULE, (0.5,))
    noise = torch.randn((1, 1, 1, 32, 32), generator=torch.Generator().manual_seed(3))[0, 0]
    times = torch.full((len(x),), int(row.time))
    with torch.no_grad():
        expected = velocity_loss(world.denoiser, x, times, noise.expand(x.shape))
    found = prior_loss(replace(world, clip=None), x, [row], seed=3, repeats=1)
    assert found == pytest.approx(expected.numpy(), rel=1e-4)


def test_the_prior_loss_tells_its_own_samples_from_others(world):
    x = some_pictures(24)
    own = prior_loss(world, unguided(world, world.noise(5, 24), solver="2M-SDE"))
    rng = torch.Generator().manual_seed(1)
    others = {
        "white noise": torch.randn(x.shape, generator=rng).clamp(-1, 1),
        "weak noise": (x + 0.2 * torch.randn(x.shape, generator=rng)).clamp(-1, 1),
        "inverted": -x,
        "blurred": torch.nn.functional.avg_pool2d(x, 5, 1, 2),
    }
    assert abs(prior_loss(world, x).mean() - own.mean()) < 0.02
    for name, odd in others.items():
        assert prior_loss(world, odd).mean() > own.mean() + 0.04, name
    assert prior_loss(world, others["white noise"]).min() > 5 * own.max()


def test_a_pictures_prior_loss_is_its_own(world):
    x = some_pictures(5)
    whole = prior_loss(world, x)
    assert prior_loss(replace(world, batch=2), x.flip(0))[::-1] == pytest.approx(whole, rel=1e-4)
    assert prior_loss(world, torch.cat([x[:1], x[:1]]))[1] == pytest.approx(whole[0], rel=1e-4)
    assert not np.allclose(prior_loss(world, x, seed=1), whole, rtol=1e-4)


def test_the_prior_loss_refuses_what_it_cannot_measure(world):
    with pytest.raises(ValueError, match=r"shape of a picture = \(3, 32, 32\): must be \(1, 32, 32\), the world's"):
        prior_loss(world, torch.zeros(1, 3, 32, 32))
    with pytest.raises(ValueError, match="repeats = 0: must be >= 1"):
        prior_loss(world, some_pictures(1), repeats=0)
    with pytest.raises(ValueError, match="number of levels = 0: must be >= 1"):
        prior_loss(world, some_pictures(1), [])
    with pytest.raises(ValueError, match="number of pictures = 0: must be >= 1"):
        prior_loss(world, some_pictures(0))
