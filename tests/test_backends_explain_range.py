"""How pictures look to the prior: what it would not make is told, what it makes is not."""

import numpy as np
import pytest
import torch

from distributional_view.backends.embedded.world import embedded_world, pictures
from distributional_view.backends.explain.prior_range import (
    LEAST,
    Standing,
    distances,
    level_losses,
    standing,
)
from distributional_view.backends.explain.prior_sample import Sampling, kept_losses, kept_sample
from distributional_view.theory.samplers.energy_dps import unguided

torch.set_num_threads(1)
CHOSEN = tuple(range(8))


@pytest.fixture(scope="module")
def prior(tmp_path_factory):
    """The embedded prior in few steps, and the losses of its samples."""
    world = embedded_world(457, 8)
    return world, kept_losses(world, Sampling(tmp_path_factory.mktemp("keep"), LEAST, 0, "2M-SDE"))


def told(prior, images):
    world, usual = prior
    return standing(usual, level_losses(world, images))


def discs(n):
    """White discs on black, at different places and of different sizes."""
    rng = torch.Generator().manual_seed(0)
    y, x = torch.meshgrid(torch.linspace(-1, 1, 32), torch.linspace(-1, 1, 32), indexing="ij")
    made = []
    for _ in range(n):
        radius, (a, b) = 0.4 + 0.4 * torch.rand(1, generator=rng), 0.5 * torch.rand(2, generator=rng) - 0.25
        made.append(2 * torch.sigmoid((radius - ((x - a) ** 2 + (y - b) ** 2).sqrt()) / 0.1) - 1)
    return torch.stack(made)[:, None]


def test_samples_of_the_prior_are_not_told_of(prior):
    world, _ = prior
    new = unguided(world, world.noise(1, 40), solver="2M-SDE")
    found = told(prior, new)
    assert found.outside <= 2
    assert found.doubts() == []
    assert np.divide(found.losses, found.usual) == pytest.approx(1, abs=0.35)


@pytest.mark.parametrize("kind", ["noise", "faint noise", "discs", "white", "grey"])
def test_pictures_that_the_prior_would_not_make_are_told_of(kind, prior):
    noise = torch.randn(8, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    images = {
        "noise": noise.clamp(-1, 1),
        "faint noise": (0.3 * noise).clamp(-1, 1),
        "discs": discs(8),
        "white": torch.ones(8, 1, 32, 32),
        "grey": torch.zeros(8, 1, 32, 32),
    }[kind]
    found = told(prior, images)
    assert found.outside >= 4
    assert f"{found.outside} of 8 pictures leave the range of the prior's own samples" in found.doubts()[0]
    assert found.record()["outside"] == found.outside
    alone = told(prior, images[:1])
    assert alone.ranks == pytest.approx(found.ranks[:1])  # a picture's rank is its own


def test_pictures_of_the_data_are_mostly_in_the_range(prior):
    images = pictures().images
    some = images[torch.randperm(len(images), generator=torch.Generator().manual_seed(0))[:40]]
    assert told(prior, some).doubts() == []


def test_distances_leave_each_sample_out():
    rng = np.random.default_rng(0)
    samples, points = rng.normal(size=(30, 3)) @ rng.normal(size=(3, 3)), rng.normal(size=(4, 3))
    own, others = distances(samples, points)

    def to(x, rest):
        about = x - rest.mean(0)
        return float(about @ np.linalg.inv(np.cov(rest, rowvar=False)) @ about)

    assert own == pytest.approx([to(x, np.delete(samples, i, axis=0)) for i, x in enumerate(samples)])
    assert others == pytest.approx([to(x, samples) for x in points])


def test_the_chance_of_a_sample_is_what_is_said():
    rng = np.random.default_rng(0)
    outside = [standing(np.exp(rng.normal(size=(150, 4))), np.exp(rng.normal(size=(50, 4)))) for _ in range(60)]
    share = np.mean([found.outside / 50 for found in outside])
    assert abs(share - outside[0].chance) < 4 * np.sqrt(0.01 * 0.99 / 3000) + 0.002
    assert outside[0].chance == 1 / 151


@pytest.mark.parametrize(
    ("outside", "n", "doubt"), [(0, 4, False), (1, 1, True), (1, 4, False), (2, 4, True), (2, 16, False), (4, 16, True)]
)
def test_a_few_strange_pictures_are_no_reason(outside, n, doubt):
    ranks = [0.005] * outside + [0.5] * (n - outside)
    assert bool(Standing(ranks, [2.0], [1.0], 200, 2 / 201).doubts()) == doubt


def test_bad_losses_are_refused():
    good = np.ones((LEAST, 2)) + np.arange(LEAST)[:, None]
    for samples, images, message in (
        (good[:50], good[:2], "samples = 50: must be >= 100"),
        (good, 0 * good[:2], "losses of the pictures = 0.0: must be > 0"),
    ):
        with pytest.raises(ValueError, match=message):
            standing(samples, images)


def test_samples_are_kept_in_parts_and_do_not_depend_on_them(tmp_path):
    """A killed call goes on; neither parts nor batches change a picture."""
    from tests.support.explained import gaussian_world

    class Killed(Exception):
        pass

    def kill(what, done, total):
        if done >= 50:
            raise Killed

    calls, whole = [], kept_sample(gaussian_world(), Sampling(tmp_path / "a", 80, 3, "2M-SDE"))
    with pytest.raises(Killed):
        kept_sample(gaussian_world(), Sampling(tmp_path / "b", 80, 3, "2M-SDE"), kill)
    assert len(list((tmp_path / "b").rglob("pictures-*.npy"))) == 1
    again = kept_sample(gaussian_world(calls, batch=7), Sampling(tmp_path / "b", 80, 3, "2M-SDE"))
    assert torch.equal(again.points, whole.points)
    assert again.token == whole.token
    assert sum(calls) == 30 * 48
    assert len(kept_sample(gaussian_world(), Sampling(tmp_path / "b", 81, 3, "2M-SDE")).points) == 81  # beside it
    with pytest.raises(ValueError, match=r"pool_size = 1: must be >= 2"):
        Sampling(tmp_path, 1, 0, "2M-SDE")
    other = kept_sample(gaussian_world(), Sampling(tmp_path / "b", 80, 4, "2M-SDE"))
    assert not torch.equal(other.points, whole.points)
