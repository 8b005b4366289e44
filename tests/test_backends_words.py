"""Captions of the embedded pictures, and the encoder of prompts."""

import numpy as np
import pytest
import torch
from scipy.ndimage import distance_transform_edt

from distributional_view.backends.embedded import words
from distributional_view.backends.embedded.animals import CLASSES, load_animals
from distributional_view.backends.embedded.prompt import PromptEncoder
from distributional_view.backends.embedded.unet import UNet
from distributional_view.backends.embedded.words import EMPTY, LENGTH, VOCABULARY
from distributional_view.backends.fit import build


def disc(radius, grey=0.5):
    rows, columns = np.mgrid[:32, :32] - 15.5
    return torch.from_numpy(np.where(rows**2 + columns**2 < radius**2, grey, -1.0)).float()[None, None]


def test_each_attribute_measures_what_its_name_says():
    small, large = words.attributes(disc(5)), words.attributes(disc(10))
    assert large.size.item() == pytest.approx(np.pi * 100 / 1024, rel=0.02)
    assert large.size > 3 * small.size
    assert words.attributes(disc(8, 0.25)).brightness.item() == pytest.approx(0.25)
    assert small.outline.item() == pytest.approx(large.outline.item(), rel=0.1)  # of a shape, not of a size
    star = disc(10) * 1.0
    star[..., ::4, :] = -1.0
    assert words.attributes(star).outline > 1.5 * large.outline
    striped = disc(10)
    striped[..., ::2][striped[..., ::2] > -0.9] = -0.1
    assert large.texture == 0
    assert words.attributes(striped).texture > 0.25
    assert distance_transform_edt(disc(10)[0, 0] > -0.9).max() > 9  # the disc is one


def test_a_black_picture_has_numbers_too():
    found = words.attributes(torch.full((1, 1, 32, 32), -1.0))
    assert [float(value) for value in found] == [0.0, -1.0, 0.0, 0.0]


def test_a_caption_names_the_class_and_a_third_of_each_attribute():
    pictures, _ = load_animals()
    found = words.captions(*pictures)
    assert found.shape == (len(pictures.labels), LENGTH)
    assert (found[:, 0] == pictures.labels).all()
    shares = torch.bincount(found[:, 1:].flatten(), minlength=len(VOCABULARY))[len(CLASSES) :] / len(found)
    assert shares.numpy() == pytest.approx(np.full(12, 1 / 3), abs=0.01)
    for place, kind in enumerate(words.ATTRIBUTES.values(), start=1):
        assert {VOCABULARY[i] for i in found[:, place]} == set(kind)


def test_mirrored_pictures_have_equal_captions():
    pictures, _ = load_animals()
    images, labels = pictures.images[:500], pictures.labels[:500]
    same = words.captions(images, labels) == words.captions(images.flip(-1), labels)
    assert same.double().mean() > 0.999  # a sum in another order may cross a third


def test_captions_lose_words_at_random():
    rows = torch.arange(LENGTH).repeat(20_000, 1)
    found = words.thinned(rows, torch.Generator().manual_seed(0), empty=0.4, kept=0.6)
    there = found != EMPTY
    assert there.any(1).double().mean().item() == pytest.approx(0.6 * (1 - 0.4**LENGTH), abs=0.015)
    assert there.double().mean().item() == pytest.approx(0.36, abs=0.01)
    assert (found[there] == rows[there]).all()


def test_words_that_are_not_known_are_refused():
    with pytest.raises(ValueError, match=r"word = 'lion': must be one of \('bear'"):
        words.prompt_of("large lion")
    with pytest.raises(ValueError, match="number of words = 11: must be <= 10"):
        words.prompt_of("large " * 11)


@pytest.fixture(scope="module")
def encoder():
    made = build(lambda: PromptEncoder(len(VOCABULARY), 24), seed=0)
    torch.nn.init.normal_(made.out.weight, generator=torch.Generator().manual_seed(0))
    return made.eval()


def test_no_words_are_no_condition(encoder):
    none = torch.full((3, LENGTH), EMPTY)
    assert (encoder.of_words(none) == 0).all()
    assert (encoder.of_words(words.prompt_of("")) == 0).all()
    mixed = encoder.of_words(torch.cat([none[:1], torch.arange(LENGTH)[None]]))
    assert (mixed[0] == 0).all()
    assert (mixed[1] != 0).all()


def test_a_prompt_is_a_set_of_words(encoder):
    one, other = (
        encoder.of_words(words.prompt_of("large dark zebra")),
        encoder.of_words(words.prompt_of("zebra large dark")),
    )
    assert torch.allclose(one, other, atol=1e-6)
    padded = torch.cat([words.prompt_of("large dark zebra"), torch.full((1, 2), EMPTY)], dim=1)
    assert torch.allclose(encoder.of_words(padded), one, atol=1e-6)
    assert not torch.allclose(encoder.of_words(words.prompt_of("large dark bear")), one, atol=1e-3)


def test_a_prior_without_words_is_the_network_without_them():
    plain, prompted = build(lambda: UNet((8, 8)), 0), build(lambda: UNet((8, 8), words=5), 0)
    prompted.load_state_dict(plain.state_dict(), strict=False)
    for network in (plain, prompted):
        torch.nn.init.ones_(network.down[0].block.conv2.weight)
    x, time = torch.randn(2, 1, 32, 32), torch.tensor([3, 500])
    assert prompted.prompt is not None
    condition = prompted.prompt.of_words(torch.full((2, 3), EMPTY))
    assert torch.equal(prompted(x, time, condition), plain(x, time))
    assert not torch.equal(prompted(x, time, condition + 1), plain(x, time))
