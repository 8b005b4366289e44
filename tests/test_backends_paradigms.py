"""Activation maximisation on pictures: statistics, views, spectra, matching, the stop at a level."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

from distributional_view.backends.adapter.feature import FeatureScore
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.embedded.store import load_classifier, load_transcoder
from distributional_view.backends.embedded.world import pictures, prior_world, unchanged
from distributional_view.backends.options import SamplerOptions
from distributional_view.backends.paradigms import fourier, maco, matching, views, vital
from distributional_view.backends.paradigms.climb import climb, constant
from distributional_view.backends.paradigms.layers import ScoredLayers
from distributional_view.backends.paradigms.statistics import PictureStatistics, read_magnitude, statistics
from distributional_view.errors import UserError
from distributional_view.theory.samplers.schedule import NoiseSchedule

BELLY = 482
"""A feature for which noise is no super-stimulus; for the fine stripes of a zebra it is."""


def colourful(n=64, side=12, seed=0):
    """Pictures whose channels vary together."""
    rng = np.random.default_rng(seed)
    mix = np.array([[1.0, 0.2, 0.1], [0.5, 0.8, 0.0], [0.1, 0.3, 0.4]])
    return torch.from_numpy(np.tanh(np.einsum("dc,nchw->ndhw", mix, rng.normal(size=(n, 3, side, side))))).float()


def test_statistics_are_numpys():
    x = colourful()
    found = statistics(x.split(10))
    covariance = np.cov(x.movedim(1, 0).flatten(1).double().numpy(), bias=True)
    root = found.colour.double().numpy()
    scale = covariance[0, 0] / (root @ root.T)[0, 0]
    assert root @ root.T * scale == pytest.approx(covariance, rel=1e-4, abs=1e-6)
    assert np.linalg.norm(root, axis=0).max() == pytest.approx(1)
    assert found.magnitude.numpy() == pytest.approx(np.abs(np.fft.rfft2(x.double().numpy())).mean(0), rel=1e-5)
    with pytest.raises(ValueError, match="number of pictures = 0: must be >= 1"):
        statistics([])


def test_a_stored_spectrum_is_matched_by_frequency(tmp_path):
    """Waves of 3 cycles down and 2 across keep their place when the picture shrinks."""
    high, wide = (np.fft.fftfreq(16) * 16)[:, None], np.arange(9)[None]
    np.save(tmp_path / "s.npy", np.broadcast_to(np.abs(high) + 100 * wide, (3, 16, 9)).astype(np.float32))
    assert read_magnitude(tmp_path / "s.npy", 16, 16).numpy() == pytest.approx(np.load(tmp_path / "s.npy"))
    smaller = read_magnitude(tmp_path / "s.npy", 10, 8)
    assert smaller.shape == (3, 10, 5)
    assert smaller[0].numpy() == pytest.approx(np.abs(np.fft.fftfreq(10) * 10)[:, None] + 100 * np.arange(5)[None])
    with pytest.raises(UserError, match=r"s\.npy is the spectrum of 16 x 16 pixels: must be at least 32 x 16"):
        read_magnitude(tmp_path / "s.npy", 32, 16)
    np.save(tmp_path / "bad.npy", np.zeros((3, 4)))
    with pytest.raises(UserError, match=r"bad\.npy holds float64 \(3, 4\): must be non-negative numbers"):
        read_magnitude(tmp_path / "bad.npy", 8, 8)
    (tmp_path / "no.npy").write_text("no")
    with pytest.raises(UserError, match=r"no\.npy is no array of numbers"):
        read_magnitude(tmp_path / "no.npy", 8, 8)


def test_a_view_that_moves_nothing_is_the_picture():
    x = colourful(4)
    still = views.Jittered(0, (0, 0), (1.0, 1.0), 0)
    assert torch.allclose(still(x, torch.Generator()), x, atol=1e-5)
    whole = views.Crops(2, (1.0, 1.0), 0.15, 0.0)
    assert torch.allclose(whole(x, torch.Generator()), x.repeat(2, 1, 1, 1), atol=1e-5)


def test_padding_shows_grey_and_crops_stay_inside():
    x = torch.ones(3, 1, 16, 16)
    padded = views.Jittered(4, (0, 0), (1.0, 1.0), 0)(x, torch.Generator())
    assert padded[:, :, 0].abs().max() == 0
    assert padded.mean().item() == pytest.approx((16 / 24) ** 2, rel=0.05)
    inside = views.Crops(50, (0.3, 0.6), 1.0, 0.0)(x, torch.Generator().manual_seed(0))
    assert inside.min() == pytest.approx(1.0, abs=1e-5)
    noisy = views.Crops(50, (0.3, 0.6), 1.0, 0.1)(x, torch.Generator().manual_seed(0))
    assert noisy.std().item() == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("shape", [(3, 12, 12), (1, 9, 11), (2, 8, 7)])
def test_maco_keeps_the_magnitude_whatever_the_phase(shape):
    x = torch.randn(20, *shape, generator=torch.Generator().manual_seed(1))
    canvas = maco.MacoCanvas(shape, statistics([x]))
    (phase,) = canvas.start(5, torch.Generator().manual_seed(2))
    spectrum = torch.fft.rfft2(canvas.plain(phase.double()).double()).abs()
    assert spectrum.numpy() == pytest.approx(np.broadcast_to(canvas.statistics.magnitude, spectrum.shape), rel=1e-6)
    with pytest.raises(ValueError, match=r"magnitude\.shape = .*: must be"):
        maco.MacoCanvas((shape[0], shape[1] + 1, shape[2]), canvas.statistics)


def test_the_start_of_a_fourier_picture_has_the_scaled_spectrum():
    canvas = fourier.FourierCanvas((1, 16, 16), torch.eye(1), decay=1.0, sd=0.01)
    (parts,) = canvas.start(400, torch.Generator().manual_seed(0))
    picture = canvas.paint(parts).double()
    assert picture.shape == (400, 1, 16, 16)
    before = torch.logit((picture + 1) / 2) * 4
    power = torch.fft.rfft2(before, norm="ortho").abs().square().mean((0, 1))
    inner = power[1:8, 1:8] / canvas.scale[1:8, 1:8] ** 2  # frequencies that are not their own negatives
    assert inner.numpy() == pytest.approx(np.full((7, 7), 2 * 0.01**2), rel=0.25)


def test_matching_is_the_wasserstein_distance():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(1, 3, 4, 5)), rng.gamma(2.0, size=(1, 3, 4, 5))
    mine, other = torch.from_numpy(a), torch.from_numpy(b)
    first = (matching.quantiles(mine) - matching.quantiles(other)).abs().mean(2)[0]
    wanted = [wasserstein_distance(a[0, c].ravel(), b[0, c].ravel()) for c in range(3)]
    assert first.numpy() == pytest.approx(wanted)
    assert matching.matching_loss(mine, matching.reference_quantiles(mine)).item() == 0
    shuffled = mine.flatten(2)[:, :, torch.randperm(20)].reshape(1, 3, 4, 5)
    assert matching.matching_loss(shuffled, matching.reference_quantiles(mine)).item() == 0
    by_hand = np.mean([(np.sort(a[0, c].ravel()) - np.sort(b[0, c].ravel())) ** 2 for c in range(3)])
    assert matching.matching_loss(mine, matching.reference_quantiles(other)).item() == pytest.approx(by_hand)
    weighted = matching.matching_loss(mine, matching.reference_quantiles(other), torch.tensor([3.0, 0.0, 0.0]))
    assert weighted.item() == pytest.approx(np.mean((np.sort(a[0, 0].ravel()) - np.sort(b[0, 0].ravel())) ** 2))
    with pytest.raises(
        ValueError, match=r"channels and positions = \(3, 20\): must be those of the references, \(3, 9\)"
    ):
        matching.matching_loss(mine, torch.zeros(3, 9))


# The stop at a level


def linear_world():
    """psi is the mean of the picture: known without a network."""
    schedule = NoiseSchedule.linear().strided(10)
    return TorchWorld(lambda x, t: x, lambda x: x.mean((1, 2, 3)), schedule, (1, 8, 8))


class OneNumber:
    """The parameter is the grey value."""

    def start(self, n, rng):
        return [torch.linspace(-0.5, 0.4, n)]

    def paint(self, *leaves):
        return leaves[0][:, None, None, None].expand(-1, 1, 8, 8)


def test_each_picture_stops_at_the_level_between_two_steps():
    world, steps = linear_world(), constant(torch.optim.SGD, 0.13)
    found = climb(world, OneNumber(), lambda x, rng: -x.mean((1, 2, 3)), steps, 20, 0.3, 0, 4)
    assert found.reached.all()
    assert found.scores.numpy() == pytest.approx(np.full(4, 0.3), abs=0.13 / 2**7)
    assert (found.scores[:3] >= 0.3).all()
    assert found.scores[3] < 0.3  # it came from above
    assert found.steps == math.ceil(0.8 / 0.13)
    assert not found.pictures.requires_grad
    assert torch.allclose(world.score(found.pictures), found.scores, atol=1e-6)


def test_a_picture_that_never_arrives_is_kept_as_it_ends():
    found = climb(
        linear_world(), OneNumber(), lambda x, rng: -x.mean((1, 2, 3)), constant(torch.optim.SGD, 0.01), 5, 0.3, 0, 2
    )
    assert found.reached.tolist() == [False, False]
    assert found.scores.tolist() == pytest.approx([-0.45, 0.35])
    everything = climb(
        linear_world(),
        OneNumber(),
        lambda x, rng: -x.mean((1, 2, 3)),
        constant(torch.optim.SGD, 0.01),
        5,
        math.inf,
        0,
        2,
    )
    assert everything.scores.tolist() == pytest.approx([-0.45, 0.45])
    assert everything.steps == 5


# On the embedded world


@pytest.fixture(scope="module")
def belly():
    classifier, (transcoder, hook) = load_classifier(), load_transcoder()
    psi = FeatureScore(classifier.backbone(hook), transcoder, BELLY, preprocess=unchanged, share=1.0, gated=False)
    world = prior_world(psi, SamplerOptions(steps=10))
    modules = [classifier.stages[0], classifier.stages[1], classifier.downsample_layers[2]]
    some = pictures().images[::20]
    scores = world.score(some)
    best = some[scores.argsort(descending=True)[:30]]
    return world, ScoredLayers(psi, modules), best, statistics([some]), float(scores.quantile(0.8))


def makers(belly):
    world, layers, best, known, _ = belly
    return {
        fourier.NAME: fourier.Fourier(world, known, fourier.SMALL),
        maco.NAME: maco.Maco(world, known, maco.SMALL),
        vital.NAME: vital.Vital(world, layers, best, vital.SMALL),
    }


@pytest.mark.parametrize("name", [fourier.NAME, maco.NAME, vital.NAME])
def test_each_method_brings_pictures_to_the_level(belly, name):
    world, *_, level = belly
    method = makers(belly)[name]
    assert method.calibrate(level).knob == level
    drawn = method.draw(level, 0, 3)
    assert drawn.points.shape == (3, 1, 32, 32)
    assert drawn.points.abs().max() <= 1
    assert np.asarray(world.score(drawn.points)) == pytest.approx(drawn.scores, rel=1e-5)
    assert drawn.notes["reached"] == 1
    assert drawn.scores == pytest.approx(np.full(3, level), rel=0.03)
    again = method.draw(level, 0, 3)
    assert torch.equal(again.points, drawn.points)
    assert not torch.equal(method.draw(level, 1, 3).points, drawn.points)


def test_relevance_is_gradient_times_activation(belly):
    world, layers, best, _, _ = belly
    method = vital.Vital(world, layers, best[:2], vital.SMALL)
    found = method.relevance("gradient")
    assert [len(value) for value in found] == [24, 48, 96]
    assert [float(value.mean()) for value in found] == pytest.approx([1, 1, 1])
    # the last layer is what the transcoder reads: its share by finite differences of the score in each channel's scale
    activations = layers(best[:2])[0][2].double()
    psi, eps = world.psi, 1e-3

    def score(x):
        scores = psi.transcoder.double().feature_pre_activation(x, BELLY, (slice(None), slice(None)))
        return psi.reduction(scores)

    try:
        by_hand = []
        for channel in range(96):
            total = 0.0
            for row in range(4):
                for column in range(4):
                    up, down = activations.clone(), activations.clone()
                    up[:, channel, row, column] += eps
                    down[:, channel, row, column] -= eps
                    slope = (score(up) - score(down)) / (2 * eps)
                    total += float((slope * activations[:, channel, row, column]).abs().sum())
            by_hand.append(total)
    finally:
        psi.transcoder.float()
    assert (found[2].numpy() * np.mean(by_hand)) == pytest.approx(by_hand, rel=1e-2, abs=1e-3 * max(by_hand))


def test_bad_settings_are_named(belly):
    world, layers, best, _, _ = belly
    with pytest.raises(ValueError, match="number of references = 0: must be >= 1"):
        vital.Vital(world, layers, best[:0], vital.SMALL)
    with pytest.raises(ValueError, match="number of layer weights = 5: must be 3"):
        vital.Vital(world, layers, best, vital.PUBLISHED_CLASS)
    with pytest.raises(ValueError, match=r"layer_weights = \(0.0,\): must be >= 0, not all 0"):
        replace(vital.SMALL, layer_weights=(0.0,))
    with pytest.raises(ValueError, match="steps = 0: must be >= 1"):
        replace(fourier.SMALL, steps=0)
    with pytest.raises(ValueError, match=r"sides = \(0.5, 1.5\): must be 0 < least <= largest <= 1"):
        views.Crops(2, (0.5, 1.5))
    with pytest.raises(ValueError, match=r"runs of layer 0 in one pass = 0: must be 1"):
        ScoredLayers(world.psi, [torch.nn.Identity()])(best[:1])
    with pytest.raises(ValueError, match=r"magnitude\.shape"):
        maco.Maco(world, PictureStatistics(torch.eye(1), torch.ones(1, 8, 5)), maco.SMALL).draw(1.0, 0, 1)


def test_noise_activates_fine_stripes_more_than_every_zebra(belly):
    """Why a level must be approached from above too: MACO's random phases lie above all pictures."""
    world, _, _, known, _ = belly
    stripes = replace(world, psi=replace(world.psi, feature=457))
    canvas = maco.MacoCanvas(world.shape, known)
    start = canvas.paint(*canvas.start(8, torch.Generator().manual_seed(0)))
    assert float(stripes.score(start).min()) > float(stripes.score(pictures().images[::20]).max())
