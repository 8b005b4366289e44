"""Stores that are somebody else's, torn or in use, and calls that make no sense: each a sentence, nothing lost."""

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from distributional_view.backends.scan.command import scan as command
from distributional_view.backends.scan.recipe import Recipe
from distributional_view.backends.scan.run import Effort
from distributional_view.backends.store import layout, shards
from distributional_view.errors import UserError
from distributional_view.locks import held
from tests.support.scans import contents, scanned, write_pictures

PLAIN = Recipe(embedded=True, reductions=("mix",))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), 12)


@pytest.fixture
def store(pictures, tmp_path):
    scanned(tmp_path / "store", pictures)
    return tmp_path / "store"


@pytest.mark.parametrize(
    ("recipe", "effort", "message"),
    [
        (Recipe(embedded=True, reductions=("max",)), {}, r"reductions \(\('mix',\) there, \('max',\) now\)"),
        (Recipe(embedded=True, share=0.5), {}, r"made_of\.share \(1\.0 there, 0\.5 now\)"),
        (Recipe(embedded=True, size=64), {}, r"size \(32 there, 64 now\)"),
        (Recipe(embedded=True, hook="3.0", neurons=True), {}, r"made_of\.backbone\.hook \('2\.0' there, '3\.0' now\)"),
        (Recipe(embedded=True, neurons=True), {}, r"features \(512 there, 96 now\).*dictionary\.kind"),
        (PLAIN, {"images_a_shard": 6}, r"images_a_shard \(10 there, 6 now\)"),
    ],
)
def test_another_scan_is_refused_and_told_what_differs(store, pictures, recipe, effort, message):
    before = contents(store)
    with pytest.raises(UserError, match=message):
        scanned(store, pictures, recipe, **effort)
    assert contents(store) == before


def test_other_weights_are_refused(store, pictures, monkeypatch):
    from distributional_view.fingerprints import Hashes

    monkeypatch.setattr(Hashes, "of", lambda self, path: "0" * 64)
    with pytest.raises(UserError, match=r"made_of\.backbone\.weights .*made_of\.dictionary\.weights"):
        scanned(store, pictures)


def test_a_torn_shard_is_found_and_made_again(store, pictures):
    before, path = contents(store), store / layout.scores_file(1)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match=r"scores-00001\.parquet is cut or damaged .*: delete scores-00001"):
        scanned(store, pictures)
    path.unlink()
    assert scanned(store, pictures).read == 2
    assert contents(store) == before


@pytest.mark.parametrize("name", [layout.scores_file(0), layout.images_file(0)])
def test_a_hole_in_a_shard_that_counts_as_made_is_found(store, pictures, name):
    """The ends of the file are whole, and the place is what a disk leaves that lost a block."""
    before, path = contents(store), store / name
    content = bytearray(path.read_bytes())
    content[20:60] = bytes(40)
    path.write_bytes(content)
    (store / layout.scores_file(1)).unlink()
    assert shards.counted(store, layout.read_identity(store), [0])
    for effort in ({}, {"of": 2}):
        with pytest.raises(UserError, match=rf"{name} is damaged .*: delete scores-00000"):
            scanned(store, pictures, **effort)
    assert layout.finished(store) == [0]
    assert scanned(store, pictures, part=1, of=2).read == 2  # its own shards only
    (store / layout.scores_file(0)).unlink()
    assert scanned(store, pictures).read == 10
    assert contents(store) == before


def test_a_resumed_scan_tells_what_it_reads(store, pictures):
    told = []
    scanned(store, pictures, progress=lambda *step: told.append(step))
    assert told[:2] == [("reading the shards that are there", k, 2) for k in (1, 2)]


def test_pictures_of_a_shard_that_are_gone_are_noticed(store, pictures):
    (store / layout.images_file(0)).unlink()
    with pytest.raises(UserError, match=r"images-00000\.parquet is missing: delete scores-00000"):
        scanned(store, pictures)


def test_a_shard_of_another_model_does_not_count_as_made(store, pictures, tmp_path):
    scanned(tmp_path / "other", pictures, Recipe(embedded=True, neurons=True, reductions=("mix",)))
    for name in (layout.images_file(1), layout.scores_file(1)):
        (store / name).write_bytes((tmp_path / "other" / name).read_bytes())
    before = contents(store)
    with pytest.raises(UserError, match=r"images-00001\.parquet is made of other weights.*take it out of the folder"):
        scanned(store, pictures)
    assert contents(store) == before


def test_pictures_that_moved_are_the_same_scan(store, pictures, tmp_path):
    """The digest of a manifest knows the pictures, not where they lie."""
    before, moved = contents(store), tmp_path / "elsewhere"
    shutil.copytree(pictures, moved)
    (store / layout.scores_file(1)).unlink()
    assert scanned(store, moved).read == 2
    assert contents(store)[layout.scores_file(1)] == before[layout.scores_file(1)]


def test_identity_that_is_damaged_or_gone(store, pictures):
    path = store / layout.IDENTITY
    whole = path.read_text()
    for text, message in (
        (whole[:50], "is cut or damaged"),
        (
            json.dumps({**json.loads(whole), "format": 1}),
            "format = 1: must be 2: stores of format 1 lack the map's size",
        ),
        (json.dumps({**json.loads(whole), "features": -1}), "is damaged: must have"),
        (json.dumps({k: v for k, v in json.loads(whole).items() if k != "size"}), "is damaged: must have"),
        ("[]", "is damaged: must have"),
    ):
        path.write_text(text)
        with pytest.raises(UserError, match=message):
            scanned(store, pictures)
    path.unlink()
    with pytest.raises(UserError, match=r"holds shards but no store\.json"):
        scanned(store, pictures)
    with pytest.raises(UserError, match="must be a folder that `dview scan` wrote"):
        layout.read_identity(store)


def test_a_store_in_use(store, pictures):
    """Another part may work in it, the same part may not."""
    with held(store / ".lock-0-of-1", "it"):
        with pytest.raises(UserError, match=r"part 0 of 1 of .* is in use by process"):
            scanned(store, pictures)
        scanned(store, pictures, part=1, of=2)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(pictures, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="cannot be written"):
        scanned(tmp_path / "s", pictures)


def test_a_full_disk_costs_the_shard_alone(pictures, tmp_path, monkeypatch):
    import pyarrow.parquet as pq

    write, calls = pq.write_table, []

    def full(table, where, **how):
        calls.append(where)
        if len(calls) == 4:
            raise OSError(28, "No space left on device")
        write(table, where, **how)

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(UserError, match=r"scores-00001\.parquet cannot be written: No space left on device"):
        scanned(tmp_path, pictures)
    assert layout.finished(tmp_path) == [0]
    monkeypatch.undo()
    assert scanned(tmp_path, pictures).read == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"backbone = None: must be one of --backbone, --module, --embedded"),
        ({"embedded": True, "module": "a:b"}, r"backbone = --module and --embedded: must be one of"),
        ({"module": "a:b"}, r"transcoder = None: must be a folder or a file, or --neurons"),
        ({"embedded": True, "neurons": True, "transcoder": Path("x")}, "transcoder: must be left out beside --neurons"),
        ({"embedded": True, "share": 0.0}, r"share = 0\.0: must be in \(0, 1\]"),
        ({"embedded": True, "reductions": ("mix", "mix")}, "must be at least one, each once"),
    ],
)
def test_recipes_that_make_no_sense(options, message):
    with pytest.raises(UserError, match=message):
        Recipe(**options)


def test_parts_that_make_no_sense():
    with pytest.raises(UserError, match=r"part = 2: must be in \[0, 2\)"):
        Effort(part=2, of=2)
    with pytest.raises(UserError, match=r"batch = 0: must be >= 1"):
        Effort(batch=0)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (Recipe(embedded=True, hook="9.0"), r"stage = 9: must be in \[0, 3\]"),
        (Recipe(embedded=True, hook="no"), r"hook = 'no': must be a stage and a block.*--hook"),
        (Recipe(embedded=True, hook="0.0"), r"reads 96 channels, the backbone has 24 at its hook"),
        (Recipe(embedded=True, size=2), r"fails on pictures of size 2: .*--size"),
        (Recipe(embedded=True, device="abacus"), "device = 'abacus'"),
    ],
)
def test_networks_that_do_not_fit(pictures, tmp_path, recipe, message):
    with pytest.raises(ValueError, match=message):
        scanned(tmp_path, pictures, recipe)
    assert not list(tmp_path.glob("*.parquet"))


def test_the_command_says_what_happened(pictures, tmp_path):
    arguments = ["--embedded", "--images", str(pictures), "--store", str(tmp_path / "s"), "--images-a-shard", "10"]
    done = CliRunner().invoke(command, arguments)
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "12 pictures scored")
    assert layout.finished(tmp_path / "s") == [0, 1]
    assert CliRunner().invoke(command, arguments).output.splitlines()[-1] == "nothing left to do"
    refused = CliRunner().invoke(command, ["--module", "a:b", "--neurons", "--store", str(tmp_path / "x")])
    assert refused.exit_code != 0
    assert "images = None: must be a folder" in refused.output


def test_without_pyarrow_a_sentence_says_how_to_get_it(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(layout, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"stores need pyarrow: pip install 'distributional-view\[store\]'"):
        scanned(tmp_path, pictures)
