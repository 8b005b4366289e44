"""Stores that are not as a scan left them: each fault is told with its file and the way out, and nothing is removed."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from distributional_view.backends.store import layout
from distributional_view.backends.store.command import match
from distributional_view.backends.store.read import open_store
from distributional_view.backends.store.shared import matched_features
from distributional_view.errors import UserError
from distributional_view.figures.atlas.build import build
from distributional_view.figures.report.source import source_of
from tests.support.scans import contents
from tests.support.stores import sparse_scores, write_store

DENSE = sparse_scores(250, 5, 0.4)
FULL = 4
"""A feature that fires on both pictures that are made one."""


@pytest.fixture
def folder(tmp_path):
    DENSE[100:102, FULL] = 1.0
    return write_store(tmp_path / "s", DENSE)


def test_a_missing_shard_is_named_and_the_rest_can_be_asked(folder):
    (folder / layout.scores_file(1)).unlink()
    with pytest.raises(
        UserError, match=r"1 of 3 shards are missing \(1\): the same `dview scan` makes them; --partial"
    ):
        open_store(folder)
    store = open_store(folder, partial=True)
    there = np.r_[0:100, 200:250]
    assert (store.pictures, store.shards.missing) == (150, (1,))
    assert store.scores(2).tolist() == DENSE[there, 2].tolist()
    with pytest.raises(UserError, match="image = 120: must be the number of a picture"):
        store.rows_of([120])


@pytest.mark.parametrize("name", [layout.scores_file(1), layout.images_file(1)])
def test_a_torn_shard_is_named(folder, name):
    path = folder / name
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(
        UserError, match=rf"{name} is cut or damaged .*: delete scores-00001.parquet, and the same `dview scan` makes"
    ):
        open_store(folder)
    assert path.exists()


def test_a_shard_that_is_damaged_inside_is_named_when_it_is_read(folder):
    path = folder / layout.scores_file(2)
    content = bytearray(path.read_bytes())
    content[4:400] = bytes(396)
    path.write_bytes(content)
    store = open_store(folder)
    with pytest.raises(UserError, match=rf"{path.name} is damaged .*: delete scores-00002"):
        store.features()


def test_a_shard_without_its_pictures_is_named(folder):
    (folder / layout.images_file(0)).unlink()
    with pytest.raises(UserError, match=r"images-00000\.parquet is missing: delete scores-00000"):
        open_store(folder)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"made_of": {"backbone": "another"}}, "made of other weights, pictures or settings: the shard is of another"),
        ({"scores": {"mean": DENSE}}, "with the columns feature, image, mean, row, column"),
    ],
)
def test_a_shard_of_another_scan_is_named(folder, tmp_path, other, words):
    given = {"scores": DENSE} | other
    write_store(tmp_path / "other", given.pop("scores"), **given)
    shutil.copy(tmp_path / "other" / layout.scores_file(1), folder)
    with pytest.raises(UserError, match=rf"scores-00001\.parquet is {words}"):
        open_store(folder)


def test_a_renamed_shard_is_named(folder):
    shutil.copy(folder / layout.scores_file(0), folder / layout.scores_file(1))
    with pytest.raises(UserError, match=r"scores-00001\.parquet is with images 0 to 99, outside 100 to 199"):
        open_store(folder)
    shutil.copy(folder / layout.scores_file(0), folder / layout.scores_file(7))
    with pytest.raises(UserError, match=r"00007\.parquet is beyond shard 2|00001\.parquet is with images"):
        open_store(folder)


def test_a_place_outside_the_map_is_named(folder):
    said = json.loads((folder / layout.IDENTITY).read_text())
    (folder / layout.IDENTITY).write_text(json.dumps(said | {"map": [7, 6]}))
    for shard in range(3):  # shards that do not say which scan wrote them
        pq.write_table(pq.read_table(path := folder / layout.scores_file(shard)).replace_schema_metadata(), path)
        pq.write_table(pq.read_table(path := folder / layout.images_file(shard)).replace_schema_metadata(), path)
    with pytest.raises(UserError, match=r"scores-00000\.parquet is with columns 0 to 6, outside 0 to 5"):
        open_store(folder)


READERS = {
    "law": lambda folder, out: open_store(folder).law(FULL),
    "top_k": lambda folder, out: open_store(folder).top_k(FULL, 3),
    "weights": lambda folder, out: open_store(folder).weights(FULL, 2.0),
    "features": lambda folder, out: open_store(folder).features(),
    "match": lambda folder, out: matched_features(open_store(write_store(out, DENSE)), open_store(folder)),
    "atlas": lambda folder, out: build(open_store(folder), out, features=[FULL]),
    "report": lambda folder, out: source_of(folder, None, None, [str(FULL)])[0].columns[0].read(),
}


def other_model(folder, tmp_path):
    write_store(tmp_path / "other", DENSE, made_of={"backbone": "another"})
    shutil.copy(tmp_path / "other" / layout.scores_file(1), folder)


def missing(folder, tmp_path):
    (folder / layout.scores_file(1)).unlink()


def torn(folder, tmp_path):
    path = folder / layout.scores_file(1)
    path.write_bytes(path.read_bytes()[:-20])


def twice(*names):
    def fault(folder, tmp_path):
        for name in names:
            table = pq.read_table(folder / name)
            numbers = table.column("image").to_numpy().copy()
            numbers[numbers == 101] = 100
            table = table.set_column(table.schema.get_field_index("image"), table.schema.field("image"), [numbers])
            pq.write_table(table, folder / name)

    return fault


FAULTS = {
    "another model": (other_model, r"00001\.parquet is made of other weights, pictures or settings: .* take it out"),
    "missing": (missing, r"1 of 3 shards are missing \(1\): the same `dview scan` makes them"),
    "torn": (torn, r"scores-00001\.parquet is cut or damaged .*: delete scores-00001\.parquet"),
    "scored twice": (
        twice(layout.scores_file(1)),
        r"scores-00001\.parquet has image 100 twice with feature \d, and an image has one row: delete scores-00001",
    ),
    "listed twice": (
        twice(layout.images_file(1)),
        r"images-00001\.parquet has image 100 twice as a picture, and an image has one row: delete scores-00001",
    ),
}


def test_every_reader_takes_a_whole_store(folder, tmp_path):
    for name, reader in READERS.items():
        assert reader(folder, tmp_path / name) is not None


@pytest.mark.parametrize("fault", FAULTS)
def test_every_reader_says_what_is_wrong_and_leaves_the_store(folder, tmp_path, fault):
    damage, words = FAULTS[fault]
    damage(folder, tmp_path)
    before = contents(folder)
    for name, reader in READERS.items():
        with pytest.raises(UserError, match=words):
            reader(folder, tmp_path / name)
    assert contents(folder) == before


def test_features_that_never_fire_or_always_do(tmp_path):
    """Never: a law at zero, a row of zeros, no pictures. Always: a law without an atom at zero."""
    dense = sparse_scores(60, 4, 0.5)
    dense[:, 1], dense[:, 2], dense[:, 3] = 0, 2, 1 + np.arange(60)
    store = open_store(write_store(tmp_path / "s", dense))
    rows = store.features().rows
    assert [row.fires for row in rows[1:]] == [0, 60, 60]
    assert (rows[1].max, rows[2].effective_size, rows[2].tail) == (None, pytest.approx(60), 0)
    assert [store.law(j).atoms()[0].tolist() for j in (1, 2, 3)] == [[0], [2], list(range(1, 61))]
    for call in (
        lambda: store.top_k(1),
        lambda: store.weights(1, 0.1),
        lambda: build(store, tmp_path, features=[0, 1]),
    ):
        with pytest.raises(UserError, match="feature = 1: must be one that fires: it is 0 on all 60 pictures of"):
            call()
    assert store.weights(2, 2.0).weights == pytest.approx(np.full(60, 1 / 60))
    with pytest.raises(ValueError, match=r"target = 61\.0: must be <= the essential supremum of the score, 60"):
        store.weights(3, 61.0)
    turned = open_store(write_store(tmp_path / "t", dense[:, ::-1].copy()))
    assert {(m.feature, m.other) for m in matched_features(store, turned)} == {(0, 3), (3, 0)}
    told = CliRunner().invoke(match, [str(tmp_path / "s"), str(tmp_path / "t")]).output
    assert "2 of 4 and 2 of 4 features have no partner" in " ".join(told.split())


def test_pictures_that_nobody_counted_are_told(folder):
    path = folder / layout.images_file(1)
    pq.write_table(pq.read_table(path).slice(0, 90), path)
    with pytest.raises(UserError, match="with 90 pictures, read or not, where the shard has 100"):
        open_store(folder)
    bad = '{"image": 190, "path": "x", "reason": "cut"}\n'
    (folder / layout.bad_file(1)).write_text(bad * 10)
    assert open_store(folder).pictures == 240


def test_a_folder_that_is_no_store(tmp_path):
    with pytest.raises(UserError, match="must be a folder that `dview scan` wrote"):
        open_store(tmp_path)
