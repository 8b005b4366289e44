"""Own activations in the lab: files that are read, files that are refused in a sentence, a million rows, weights."""

import io

import numpy as np
import pytest

from distributional_view.theory import AtomicLaw, calibrate_klsc, effective_size, tilted_weights, top_k_truncation
from tests.browser.conftest import chromium
from tests.browser.lab import Lab, number

pytestmark = pytest.mark.browser
SCORES = np.maximum(np.random.default_rng(3).normal(0.5, 1.0, 4000), 0).round(2)  # a ReLU's zeros, and many ties


def as_npy(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return tmp_path_factory.mktemp("saved")


@pytest.fixture(scope="module")
def lab(saved):
    browser = chromium()
    browser.execute_cdp_cmd("Page.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(saved)})
    yield Lab(browser)
    browser.quit()


def give(lab, path, content: bytes | str) -> None:
    """Open the scene afresh and choose a file in it."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    lab.open("own")
    lab.find("#file").send_keys(str(path))
    said = "[data-part=sentence]"
    lab.wait(lambda: path.name in lab.text(said) and not lab.text(said).startswith("Reading"), lab.text(said))


FILES = {
    "scores.npy": as_npy(SCORES),
    "big-endian.npy": as_npy(SCORES.astype(">f8")),
    "fortran.npy": as_npy(np.asfortranarray(np.stack([SCORES, -SCORES], axis=1))),
    "scores.csv": "activation\n" + "\n".join(map(repr, SCORES.tolist())) + "\n",
    "named.tsv": "file\tactivation\n" + "\n".join(f"{i}.png\t{x!r}" for i, x in enumerate(SCORES.tolist())) + "\n",
    "plain.txt": "\r\n".join(map(repr, SCORES.tolist())),
}


@pytest.mark.parametrize("name", sorted(FILES))
def test_numbers_of_a_file_are_those_of_theory(lab, tmp_path, name):
    give(lab, tmp_path / name, FILES[name])
    lab.set_range("k", 50)
    law, hard = AtomicLaw(SCORES), top_k_truncation(SCORES, 50)
    klsc = calibrate_klsc(law, hard.mean)
    weights = tilted_weights(SCORES, klsc.multiplier)
    assert lab.numbers("KL to p, nats") == pytest.approx([hard.kl, klsc.kl], abs=6e-4)
    assert lab.numbers("examples it rests on")[1] == pytest.approx(effective_size(weights), abs=0.51)
    assert float(lab.find("#target").get_attribute("value")) == pytest.approx(hard.mean, rel=1e-5)
    assert lab.complaints() == []


REFUSED = {
    "picture.png": (b"\x89PNG", "the page reads .npy, .csv, .tsv and .txt"),
    "empty.csv": ("", "is empty: it must hold at least one number"),
    "words.csv": ("name\nzebra\n", "holds no number with a decimal point"),
    "comma.csv": ('score\n"1,5"\n', "holds no number with a decimal point"),
    "gap.csv": ("score\n1.5\n\n2.5\n", "line 3: an empty cell is no finite number"),
    "nan.csv": ("score\n1.5\nnan\n", "line 3: 'nan' is no finite number"),
    "no.npy": (b"hello, this is no array", "is not a .npy file"),
    "torn.npy": (as_npy(SCORES)[:-80], "should hold 4000 numbers and ends after 3990"),
    "header.npy": (as_npy(SCORES)[:30], "ends inside its header"),
    "complex.npy": (as_npy(np.ones(3, complex)), "the type '<c16'"),
    "cube.npy": (as_npy(np.ones((2, 2, 2))), "it must have one axis, or two"),
    "nothing.npy": (as_npy(np.ones(0)), "is empty"),
    "infinite.npy": (as_npy(np.array([1.0, np.inf])), "example 2: Infinity is not a finite number"),
    "large.npy": (as_npy(np.zeros(1_000_001, np.uint8)), "has 1000001 examples: at most 1000000"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_wrong_with_a_file_is_a_sentence(lab, tmp_path, name):
    content, words = REFUSED[name]
    give(lab, tmp_path / name, content)
    alert = lab.alert()
    assert name in alert
    assert words in alert
    assert lab.numbers("boundary mass at t")  # what was shown before is still there
    assert lab.complaints() == []


@pytest.mark.parametrize(("k", "words"), [("0", "from 1 to"), ("2.5", "a whole number"), ("200000", "100\u2009000")])
def test_a_k_that_cannot_be_is_a_sentence(lab, k, words):
    lab.open("own")
    lab.after_drawing(lab.find("[data-action=example]").click)
    lab.put("k", k)
    alert = lab.alert()
    assert f"k = {k}" in alert
    assert words in alert


def test_a_mean_out_of_reach_is_a_sentence_and_one_in_reach_sets_k(lab):
    lab.open("own")
    lab.put("target", 99)
    assert "mean = 99: must be a number up to" in lab.alert()
    lab.set_range("target", 2.0)
    assert int(lab.find("#k").get_attribute("value")) > 1000


def test_a_million_rows(lab, tmp_path):
    scores = np.random.default_rng(0).exponential(size=1_000_000)
    give(lab, tmp_path / "million.npy", as_npy(scores))
    lab.set_range("k", 1000)
    hard = top_k_truncation(scores, 1000)
    klsc = calibrate_klsc(AtomicLaw(scores), hard.mean)
    assert lab.numbers("KL to p, nats") == pytest.approx([hard.kl, klsc.kl], abs=6e-4)
    assert lab.complaints() == []


def test_the_weights_that_are_downloaded_are_those_of_the_tilt(lab, tmp_path, saved):
    give(lab, tmp_path / "scores.npy", as_npy(SCORES))
    lab.set_range("k", 50)
    weights = tilted_weights(SCORES, calibrate_klsc(AtomicLaw(SCORES), top_k_truncation(SCORES, 50).mean).multiplier)
    for action, name in (("csv", "weights.csv"), ("npy", "weights.npy")):
        lab.find(f"[data-action={action}]").click()
        lab.wait(lambda name=name: (saved / name).is_file(), f"no {name} came")
    table = np.genfromtxt(saved / "weights.csv", delimiter=",", names=True)
    assert table.dtype.names == ("example", "score", "truncation", "tilt")
    assert (table["score"] == SCORES).all()
    assert table["tilt"] == pytest.approx(weights, rel=1e-9)
    assert table["truncation"].sum() == pytest.approx(1)
    assert np.load(saved / "weights.npy") == pytest.approx(weights, rel=1e-9)
    assert number(lab.row("examples it rests on")[1]) > 1
