"""Stores that are not as a scan left them: each fault is told with its file and the way out, and nothing is removed."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from distributional_view.backends.store import layout
from distributional_view.backends.store.read import open_store
from distributional_view.errors import UserError
from tests.support.stores import sparse_scores, write_store

DENSE = sparse_scores(250, 5, 0.4)


@pytest.fixture
def folder(tmp_path):
    DENSE[100:102, 4] = 1.0
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
    with pytest.raises(UserError, match=rf"{name} is cut or damaged .*: delete it, and the same `dview scan` makes"):
        open_store(folder)
    assert path.exists()


def test_a_shard_that_is_damaged_inside_is_named_when_it_is_read(folder):
    path = folder / layout.scores_file(2)
    content = bytearray(path.read_bytes())
    content[4:400] = bytes(396)
    path.write_bytes(content)
    store = open_store(folder)
    with pytest.raises(UserError, match=rf"{path.name} is damaged .*: delete it"):
        store.features()


def test_a_shard_without_its_pictures_is_named(folder):
    (folder / layout.images_file(0)).unlink()
    with pytest.raises(UserError, match=r"images-00000\.parquet is missing"):
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


def test_an_image_that_stands_twice_is_named(folder):
    for name in (layout.scores_file(1), layout.images_file(1)):
        table = pq.read_table(folder / name)
        numbers = table.column("image").to_numpy().copy()
        numbers[numbers == 101] = 100
        table = table.set_column(table.schema.get_field_index("image"), table.schema.field("image"), [numbers])
        pq.write_table(table, folder / name)
    store = open_store(folder)
    both = next(j for j in range(5) if DENSE[100, j] > 0 and DENSE[101, j] > 0)
    with pytest.raises(UserError, match=rf"scores-00001\.parquet has image 100 twice with feature {both}"):
        store.law(both)
    with pytest.raises(UserError, match=r"images-00001\.parquet has image 100 twice as a picture"):
        _ = store.images


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
