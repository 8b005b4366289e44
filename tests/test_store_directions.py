"""Neighbours by decoder direction: cosines against numpy, and dictionaries that are not that of the scan."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file, save_file

from distributional_view.backends.embedded.store import weights_path
from distributional_view.backends.scan import decoder
from distributional_view.backends.scan.decoder import BARE, NEEDED, NEURONS, OLDER, directions_of
from distributional_view.backends.scan.recipe import Recipe
from distributional_view.backends.store import nearest
from distributional_view.backends.store.nearest import by_direction
from distributional_view.backends.store.read import open_store
from distributional_view.backends.transcoders.checkpoint import publish, save_published
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.errors import UserError
from distributional_view.figures.atlas.command import atlas
from tests.support.scans import scanned, write_pictures
from tests.support.stores import sparse_scores, write_store

CHANNELS, FEATURES = 96, 40


def cosines(rows):
    """Of all pairs, each by itself; nan for a row of zeros."""
    found = np.full((len(rows), len(rows)), np.nan)
    for i, a in enumerate(rows.astype(float)):
        for j, b in enumerate(rows.astype(float)):
            if i != j and a.any() and b.any():
                found[i, j] = sum(a * b) / (sum(a * a) ** 0.5 * sum(b * b) ** 0.5)
    return found


@pytest.mark.parametrize("chunk", [7, 512])
def test_cosines_are_those_of_numpy(monkeypatch, chunk):
    monkeypatch.setattr(nearest, "CHUNK", chunk)
    rng = np.random.default_rng(0)
    rows = (rng.normal(size=(30, 5)) * rng.gamma(1, 10, (30, 1))).astype(np.float32)
    rows[4] = 0
    rows[21] = 3 * rows[8] + 0.1 * rng.normal(size=5)
    found, wanted = by_direction(rows, most=3), cosines(rows)
    assert found[4] == []
    assert (found[8][0], found[21][0]) == ((21, pytest.approx(1, abs=0.01)), (8, found[8][0][1]))
    for i in set(range(30)) - {4}:
        order = [int(j) for j in np.argsort(-wanted[i]) if wanted[i, j] > 0][:3]
        assert [j for j, _ in found[i]] == order
        assert [value for _, value in found[i]] == pytest.approx(wanted[i, order], abs=1e-6)


def test_few_features_have_few_neighbours():
    assert by_direction(np.ones((1, 3), np.float32)) == [[]]
    assert by_direction(np.array([[1, 0], [-1, 0]], np.float32)) == [[], []]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Stores of the embedded backbone with each kind of dictionary, and the dictionaries."""
    folder = tmp_path_factory.mktemp("made")
    pictures = write_pictures(folder / "p", 6)
    for name, features, seed in (("own", FEATURES, 0), ("other", FEATURES, 1), ("small", 8, 2)):
        spec = TranscoderSpec(CHANNELS, features, top_k=5)
        save_published(folder / name, publish(Transcoder(spec, seed=seed).requires_grad_(False), "stages.2.0"))
    rng = np.random.default_rng(3)
    tensors = {"W_enc": (CHANNELS, 12), "W_dec": (12, CHANNELS), "b_enc": (12,), "b_dec": (CHANNELS,)}
    (folder / "sae").mkdir()
    save_file({n: rng.normal(size=s).astype("f4") for n, s in tensors.items()}, folder / "sae/sae_weights.safetensors")
    cfg = {"d_in": CHANNELS, "d_sae": 12, "architecture": "standard", "rescale_acts_by_decoder_norm": True}
    (folder / "sae/cfg.json").write_text(json.dumps(cfg))
    save_file({"weight": rng.normal(size=(12, CHANNELS)).astype("f4")}, folder / "linear.safetensors")
    recipes = {
        "embedded": Recipe(embedded=True),
        "published": Recipe(embedded=True, transcoder=folder / "own"),
        "SAELens": Recipe(embedded=True, hook="2.0", transcoder=folder / "sae"),
        "linear": Recipe(embedded=True, hook="2.0", transcoder=folder / "linear.safetensors"),
        "neurons": Recipe(embedded=True, neurons=True),
    }
    for name, recipe in recipes.items():
        scanned(folder / "stores" / name, pictures, recipe)
    return folder


def store_of(made, name):
    return open_store(made / "stores" / name)


def test_rows_are_those_of_the_file(made):
    found = directions_of(store_of(made, "published"), made / "own").rows
    assert np.array_equal(found, load_file(made / "own/sae_weights.safetensors")["W_D"])
    found = directions_of(store_of(made, "SAELens"), made / "sae").rows
    assert np.array_equal(found, load_file(made / "sae/sae_weights.safetensors")["W_dec"])
    found = directions_of(store_of(made, "embedded")).rows
    assert np.array_equal(found, load_file(weights_path("transcoder"))["W_D"].astype(np.float32))


@pytest.mark.parametrize(
    ("store", "transcoder", "words"),
    [
        ("published", "other", r"was made with another, which differs in sae_weights\.safetensors$"),
        ("published", "small", r"must be that of the scan: it has 8 features, .* has 40"),
        ("SAELens", "linear.safetensors", r"made with another, which differs in .*cfg\.json.*kind"),
        ("embedded", "own", r"it has 40 features, .* has 512"),
        ("neurons", "own", f"must be left out: .* is of neurons, and {NEURONS}"),
        ("linear", "linear.safetensors", f"must be left out: {BARE}"),
        ("published", "gone", "gone is missing: must be a transcoder's folder"),
    ],
)
def test_other_dictionaries_are_refused(made, store, transcoder, words):
    with pytest.raises(UserError, match=words):
        directions_of(store_of(made, store), made / transcoder)


def test_why_there_are_none_is_said(made, monkeypatch, tmp_path):
    for name, words in {"neurons": NEURONS, "linear": BARE, "published": NEEDED}.items():
        assert directions_of(store_of(made, name)) == (None, words)
    unknown = open_store(write_store(tmp_path / "s", sparse_scores(20, 3, 0.5)))
    assert directions_of(unknown) == (None, NEEDED)
    monkeypatch.setattr(decoder, "find_spec", lambda name: None)
    assert directions_of(store_of(made, "embedded")) == (None, NEEDED)
    monkeypatch.undo()
    monkeypatch.setattr("distributional_view.fingerprints.Hashes.of", lambda self, path: "0" * 64)
    assert directions_of(store_of(made, "embedded")) == (None, OLDER)


def data_of(site, name):
    return json.loads((site / "data" / f"{name}.js").read_text().removeprefix("atlas(").removesuffix(");\n"))


def test_an_atlas_has_both_kinds_of_neighbours(made, tmp_path):
    store = store_of(made, "published")
    firing = [row.feature for row in store.features().rows if row.fires]
    some = firing[:3]
    arguments = [str(store.path), "--out", str(tmp_path / "a"), *(f"--feature={j}" for j in some)]
    result = CliRunner().invoke(atlas, [*arguments, "--transcoder", str(made / "own")])
    assert result.exit_code == 0, result.output
    wanted = cosines(load_file(made / "own/sae_weights.safetensors")["W_D"])
    assert 0 < len(set(range(FEATURES)) - set(firing)) < FEATURES
    for j in some:
        close = data_of(tmp_path / "a", j)["close"]
        order = [int(k) for k in np.argsort(-wanted[j]) if wanted[j, k] > 0][:8]
        states = ["page" if k in some else "fires" if k in firing else "silent" for k in order]
        assert [[k, s] for k, _, s in close] == [list(pair) for pair in zip(order, states, strict=True)]
        assert [value for _, value, _ in close] == pytest.approx(wanted[j, order], abs=1e-6)
    index = data_of(tmp_path / "a", "index")
    assert [rows[0][0] for rows in index["close"]] == [int(np.nanargmax(row)) for row in wanted]
    assert CliRunner().invoke(atlas, arguments).exit_code == 0
    page = data_of(tmp_path / "a", some[0])
    assert (page["close"], page["lacking"]) == (None, NEEDED)
    assert data_of(tmp_path / "a", "index")["close"] is None
