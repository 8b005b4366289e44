"""What is measured of pictures: the prior's loss, naturalness, diversity, features and ratings from elsewhere."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.stats import gennorm

from distributional_view.backends.embedded.animals import load_animals
from distributional_view.backends.embedded.measures import stage_maps
from distributional_view.backends.embedded.store import load_classifier
from distributional_view.backends.embedded.train import SCHEDULE, velocity_loss
from distributional_view.backends.embedded.world import embedded_world, pictures
from distributional_view.backends.measures.aggd import fit_aggd
from distributional_view.backends.measures.diversity import diversity, perceptual_distances
from distributional_view.backends.measures.inception import inception_features
from distributional_view.backends.measures.naturalness import FEATURES, PUBLISHED, SMALL, Local, fit_naturalness
from distributional_view.backends.measures.prior_loss import SHARES, levels, prior_loss
from distributional_view.backends.measures.rated import rated
from distributional_view.errors import UserError
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


def asymmetric(rng, shape, left, right, size):
    """Draws by scipy: each side a half of a generalised normal law, the sides by the area below the density."""
    x = np.abs(gennorm.rvs(shape, size=size, random_state=rng))
    return np.where(rng.random(size) < left / (left + right), -left * x, right * x)


@pytest.mark.parametrize(
    ("shape", "left", "right"), [(0.7, 1.0, 2.0), (1.0, 1.0, 1.0), (2.0, 3.0, 0.5), (4.0, 0.2, 0.3)]
)
def test_asymmetric_laws_are_found_again(shape, left, right):
    x = asymmetric(np.random.default_rng(0), shape, left, right, (5, 40_000))
    found = fit_aggd(x)
    assert found.shape == pytest.approx(np.full(5, shape), rel=0.06)
    assert found.left == pytest.approx(np.full(5, left), rel=0.06)
    assert found.right == pytest.approx(np.full(5, right), rel=0.06)
    assert found.mean == pytest.approx(x.mean(1), abs=5 * x.std() / 200)


def test_degenerate_samples_have_a_law():
    flat = fit_aggd(np.zeros((2, 9)))
    assert [v.tolist() for v in flat] == [[0.2, 0.2], [0, 0], [0, 0], [0, 0]]
    one_sided = fit_aggd(np.abs(np.random.default_rng(0).normal(size=(1, 1000))))
    assert one_sided.left == 0
    assert one_sided.shape == pytest.approx(2, rel=0.2)
    mirrored = fit_aggd(-np.abs(np.random.default_rng(0).normal(size=(1, 1000))))
    swapped = [one_sided.shape, one_sided.right, one_sided.left, -one_sided.mean]
    assert np.ravel(mirrored) == pytest.approx(np.ravel(swapped))


def leaves(n, size, seed):
    """Colour pictures of opaque discs of all sizes, which have the statistics of natural scenes."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size]
    x = np.zeros((n, 3, size, size), dtype=np.float32)
    for picture in x:
        for _ in range(300):
            (a, b), radius = rng.uniform(0, size, 2), 3 / np.sqrt(rng.uniform(0.005, 1))
            picture[:, (rows - a) ** 2 + (columns - b) ** 2 < radius**2] = rng.uniform(-1, 1, (3, 1))
    return torch.from_numpy(x)


def blurred(x, side=3):
    return torch.nn.functional.avg_pool2d(torch.nn.functional.pad(x, (side // 2,) * 4, mode="replicate"), side, 1)


def test_noise_and_blur_are_less_natural_at_full_size():
    natural = fit_naturalness(leaves(8, 288, 0).split(3), PUBLISHED)
    x = leaves(4, 200, 1)
    plain = natural(x)
    assert (natural(x + 0.1 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))) > plain + 1).all()
    assert (natural(blurred(x)) > plain + 1).all()
    assert natural(x[:1]) == pytest.approx(plain[:1])
    assert natural.distance(natural.mean, natural.covariance) == 0
    shifted = natural.mean + 0.1 * np.arange(FEATURES) * np.sqrt(np.diag(natural.covariance))
    assert natural.distance(shifted, natural.covariance) > 1
    assert natural.distance(shifted, 4 * natural.covariance) < natural.distance(shifted, natural.covariance)


def test_the_animals_are_natural_and_what_is_made_of_them_is_not():
    training, test = (part.images for part in load_animals())
    natural = fit_naturalness(training.split(500), SMALL)
    x = test[torch.randperm(len(test), generator=torch.Generator().manual_seed(0))[:32]]
    plain = natural(x).mean()
    assert plain < 10
    rng = torch.Generator().manual_seed(0)
    assert natural(blurred(x)).mean() > 1.5 * plain
    assert natural((x + 0.05 * torch.randn(x.shape, generator=rng)).clamp(-1, 1)).mean() > 5 * plain
    flat = natural(torch.tensor([-1.0, -0.3, 0.3, 0.7])[:, None, None, None].expand(4, 1, 32, 32))
    assert flat == pytest.approx(np.full(4, flat[0]))
    assert flat[0] > 2 * plain
    assert natural(x.expand(-1, 3, -1, -1)) == pytest.approx(natural(x))


def test_naturalness_refuses_what_it_cannot_measure():
    with pytest.raises(ValueError, match=r"patch = 7: must be even and >= 8"):
        fit_naturalness([some_pictures(2)], Local(7, 1.0))
    with pytest.raises(ValueError, match=r"floor = 0.0: must be > 0"):
        fit_naturalness([some_pictures(2)], Local(16, 0.0))
    with pytest.raises(ValueError, match=r"size of pictures = \(32, 32\): must be >= 96, the patch"):
        fit_naturalness([some_pictures(2)], PUBLISHED)
    with pytest.raises(ValueError, match="number of patches = 2: must be > 36"):
        fit_naturalness([some_pictures(2)], SMALL)
    with pytest.raises(ValueError, match="number of patches = 0: must be > 36"):
        fit_naturalness([], SMALL)


def test_diversity_is_the_mean_over_pairs():
    maps = stage_maps(load_classifier())
    x = some_pictures(5)
    found = perceptual_distances(maps, x, batch=2).numpy()
    units = [m / m.norm(dim=1, keepdim=True) for m in maps(x)]
    a, b = 1, 3
    expected = np.mean([float((u[a] - u[b]).square().sum(0).mean()) for u in units])
    assert found[a, b] == pytest.approx(expected, rel=1e-5)
    assert (found.diagonal() == 0).all()
    assert found == pytest.approx(found.T)
    assert diversity(maps, x) == pytest.approx(found[np.triu_indices(5, 1)].mean())
    assert diversity(maps, x[:1].expand(3, -1, -1, -1)) == pytest.approx(0, abs=1e-9)
    by_class = some_pictures(64)
    labels = load_classifier()(by_class).argmax(1)
    commonest = by_class[labels == labels.mode().values]
    assert diversity(maps, commonest) < diversity(maps, by_class)
    with pytest.raises(ValueError, match="number of pictures = 1: must be >= 2"):
        diversity(maps, x[:1])
    with pytest.raises(ValueError, match="number of layers = 0: must be >= 1"):
        diversity(lambda images: [], x)


class Detector(torch.nn.Module):
    """What the TorchScript file of Inception takes and gives, with other numbers."""

    def forward(self, x: torch.Tensor, return_features: bool = False) -> torch.Tensor:
        assert x.dtype == torch.uint8
        assert x.shape[1] == 3
        assert return_features
        return x.to(torch.float32).mean((2, 3))


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_inception_is_read_from_a_file(tmp_path):
    torch.jit.script(Detector()).save(str(tmp_path / "inception.pt"))
    x = torch.tensor([-1.0, 0.0, 1.0, 5.0])[:, None, None, None].expand(4, 1, 8, 8)
    found = inception_features(tmp_path / "inception.pt", x, batch=3)
    assert found.tolist() == [[0] * 3, [128] * 3, [255] * 3, [255] * 3]
    (tmp_path / "no.pt").write_text("no")
    for name in ("no.pt", "absent.pt"):
        with pytest.raises(UserError, match=f"{name} is no TorchScript network"):
            inception_features(tmp_path / name, x)
    torch.jit.script(torch.nn.Identity()).save(str(tmp_path / "other.pt"))
    with pytest.raises(UserError, match=r"other\.pt does not take pictures and return_features"):
        inception_features(tmp_path / "other.pt", x)


def test_ratings_are_those_of_pyiqa_where_it_is(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyiqa", None)
    with pytest.raises(ImportError, match="nrqm needs pyiqa, which is not installed and is for non-commercial use"):
        rated("nrqm")
    seen = []

    def create_metric(name, device):
        return lambda x: seen.append(x) or x.mean((1, 2, 3))[:, None]

    stand_in = SimpleNamespace(list_models=lambda: ["nrqm"], create_metric=create_metric)
    monkeypatch.setitem(sys.modules, "pyiqa", stand_in)
    found = rated("nrqm", batch=2)(torch.tensor([-1.0, 0.0, 1.0])[:, None, None, None].expand(3, 1, 8, 8))
    assert found.tolist() == [0, 0.5, 1]
    assert [tuple(x.shape) for x in seen] == [(2, 3, 8, 8), (1, 3, 8, 8)]
    with pytest.raises(UserError, match="name = 'nonsense': must be a measure of pyiqa"):
        rated("nonsense")
