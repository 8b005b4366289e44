"""What a scan reads: folders, tables of paths, tar files, addresses; and pictures that cannot be read."""

import io
import json
import tarfile

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from distributional_view.backends.scan.listed import read_paths
from distributional_view.backends.scan.manifest import manifest_of
from distributional_view.backends.scan.recipe import Recipe
from distributional_view.backends.scan.run import scan
from distributional_view.backends.store import layout
from distributional_view.backends.store.pictures import PictureGone, Unreachable, members, picture_bytes
from distributional_view.errors import UserError
from tests.support.scans import rows, scanned, write_pictures


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), 7)


def scores(store):
    return [(r["feature"], r["image"], r["mix"], r["row"], r["column"]) for r in rows(store)]


@pytest.fixture(scope="module")
def wanted(folder, tmp_path_factory):
    store = tmp_path_factory.mktemp("plain")
    scanned(store, folder)
    return scores(store)


def write_tar(path, folder, labels=False, mode="w"):
    """A tar file in WebDataset's layout; members in the order of their names."""
    with tarfile.open(path, mode) as archive:
        for j, file in enumerate(sorted(folder.glob("*.png"))):
            archive.add(file, file.name)
            if labels:
                entry = tarfile.TarInfo(f"{file.stem}.cls")
                entry.size = 1
                archive.addfile(entry, io.BytesIO(str(j % 3).encode()))
    return path


TABLES = {
    "a.csv": "label,path\ncat,{0}\n,{1}\ndog,{2}\n",
    "semicolon.csv": "path;label\n{0};cat\n{1};\n{2};dog\n",
    "a.tsv": "file\tclass\n{0}\tcat\n{1}\t\n{2}\tdog\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_text_tables_with_labels(tmp_path, name):
    paths = ["with space/a.png", "b.png", "/else where/c.png"]
    (tmp_path / name).write_text(TABLES[name].format(*paths))
    found = manifest_of(str(tmp_path / name))
    assert found.paths.to_pylist() == [str(tmp_path / "with space/a.png"), str(tmp_path / "b.png"), paths[2]]
    assert found.labels.to_pylist() == ["cat", None, "dog"]


def test_one_path_a_line_needs_no_header(tmp_path):
    for name in ("a.txt", "a.csv"):
        (tmp_path / name).write_text("x y.png\nz.png\n")
        assert manifest_of(str(tmp_path / name)).paths.to_pylist() == [str(tmp_path / p) for p in ("x y.png", "z.png")]


def test_parquet_and_named_columns(tmp_path):
    table = pa.table({"where": ["a.png", "b.png"], "path": ["no", "na"], "kind": [3, 4]})
    pq.write_table(table, tmp_path / "a.parquet")
    found = manifest_of(str(tmp_path / "a.parquet"), path_column="where", label_column="kind")
    assert found.paths.to_pylist() == [str(tmp_path / "a.png"), str(tmp_path / "b.png")]
    assert found.labels.to_pylist() == ["3", "4"]
    pq.write_table(pa.table({"path": ["a.png", "b.png"], "label": ["None", None]}), tmp_path / "b.parquet")
    assert manifest_of(str(tmp_path / "b.parquet")).labels.to_pylist() == ["None", None]
    pq.write_table(pa.table({"path": ["a.png", None]}), tmp_path / "c.parquet")
    with pytest.raises(UserError, match="row 2 has no path"):
        manifest_of(str(tmp_path / "c.parquet"))


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("path\na.png\nb.png\na.png\n", {}, r"rows 1 and 3 are both 'a\.png': every picture must be there once"),
        ("path,file\na,b\n", {}, "columns path, file can each be the path: say which, --path-column"),
        ("a,b\nc,d\n", {}, "no column is called path: --path-column, one of column 0, column 1"),
        ("path,x\na,b\n", {"label_column": "y"}, "label-column = 'y': must be one of x"),
        ("path,x\na,b\n", {"path_column": "y", "header": True}, "path-column = 'y': must be one of path, x"),
        ("path,label\n,b\n", {}, "row 1 has no path"),
        ("path\n", {}, "must have at least one row"),
        ("path,x\na\n", {}, "line 2 has 1 columns: must have 2"),
    ],
)
def test_tables_that_are_refused(tmp_path, text, options, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        manifest_of(str(tmp_path / "t.csv"), **options)


def test_other_things_that_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"must be an existing folder, a \.tar file, or a table"):
        manifest_of(str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match=r"must be a folder with images"):
        manifest_of(str(tmp_path))
    with pytest.raises(UserError, match=r"an address must be of a \.tar file"):
        manifest_of("s3://bucket/folder")
    (tmp_path / "no.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(UserError, match="not a parquet file"):
        read_paths(tmp_path / "no.parquet", None, None, None)


def test_a_table_gives_the_scores_of_the_folder(folder, wanted, tmp_path):
    (tmp_path / "t.txt").write_text("".join(f"{file}\n" for file in sorted(folder.glob("*.png"))))
    scanned(tmp_path / "s", tmp_path / "t.txt")
    assert scores(tmp_path / "s") == wanted


@pytest.mark.parametrize("place", ["one", "folder", "table"])
def test_tar_files_give_the_scores_of_the_folder(folder, wanted, tmp_path, place):
    write_tar(tmp_path / "x.tar", folder, labels=True)
    (tmp_path / "t.txt").write_text("x.tar\n")
    scanned(tmp_path / "s", tmp_path / {"one": "x.tar", "folder": "", "table": "t.txt"}[place])
    assert scores(tmp_path / "s") == wanted
    images = rows(tmp_path / "s", "images")
    assert [row["label"] for row in images] == [str(j % 3) for j in range(7)]
    assert images[2]["path"] == f"{tmp_path / 'x.tar'}::0002.png"
    assert picture_bytes(images[2]["path"]) == (folder / "0002.png").read_bytes()


def test_addresses_of_fsspec(folder, wanted, tmp_path):
    memory = fsspec.filesystem("memory")
    files = sorted(folder.glob("*.png"))
    for file in files:
        memory.pipe(f"/pictures/{file.name}", file.read_bytes())
    memory.pipe("/x.tar", write_tar(tmp_path / "x.tar", folder).read_bytes())
    (tmp_path / "t.txt").write_text("".join(f"memory://pictures/{file.name}\n" for file in files))
    for store, images in (("a", tmp_path / "t.txt"), ("b", "memory://x.tar")):
        scanned(tmp_path / store, images)
        assert scores(tmp_path / store) == wanted
    assert rows(tmp_path / "b", "images")[0]["path"] == "memory://x.tar::0000.png"


def test_bad_pictures_are_listed_and_do_not_stop(folder, wanted, tmp_path):
    names = [file.name for file in sorted(folder.glob("*.png"))]
    for name in names:
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / names[1]).write_bytes(b"")
    (tmp_path / names[4]).write_bytes((folder / names[4]).read_bytes()[:60])
    lines = [*names[:6], "gone.png"]
    (tmp_path / "t.txt").write_text("".join(f"{line}\n" for line in lines))
    count = scanned(tmp_path / "s", tmp_path / "t.txt")
    assert (count.read, count.bad) == (4, 3)
    bad = [json.loads(line) for line in (tmp_path / "s" / layout.bad_file(0)).read_text().splitlines()]
    assert [row["image"] for row in bad] == [1, 4, 6]
    assert bad[0]["reason"] == "the file is empty"
    assert bad[2] == {"image": 6, "path": str(tmp_path / "gone.png"), "reason": "no such file"}
    # the same pictures lie in other batches, and a batch's size may change the last bit of a score
    here, there = scores(tmp_path / "s"), [row for row in wanted if row[1] in (0, 2, 3, 5)]
    assert [(*row[:2], *row[3:]) for row in here] == [(*row[:2], *row[3:]) for row in there]
    np.testing.assert_allclose([row[2] for row in here], [row[2] for row in there], rtol=1e-5)
    assert [row["image"] for row in rows(tmp_path / "s", "images")] == [0, 2, 3, 5]


def test_a_store_without_any_readable_picture_is_told(tmp_path):
    (tmp_path / "t.txt").write_text("a.png\nb.png\n")
    with pytest.raises(UserError, match=r"none of 2 pictures can be read, first .*a\.png \(no such file\)"):
        scanned(tmp_path / "s", tmp_path / "t.txt")


def test_a_place_that_does_not_answer_stops_and_is_not_listed(folder, tmp_path):
    """A picture behind a lost connection is not a bad picture: nothing is lost when the call is made again."""
    files = sorted(folder.glob("*.png"))
    (tmp_path / "t.txt").write_text(f"{files[0]}\nnosuchprotocol://x/a.png\n")
    with pytest.raises(Unreachable, match=r"nosuchprotocol.*the same call goes on"):
        scanned(tmp_path / "s", tmp_path / "t.txt")
    assert not [*(tmp_path / "s").glob("scores-*"), *(tmp_path / "s").glob("bad-*")]


def test_an_address_that_fails_while_it_is_read(monkeypatch):
    class Broken(io.BytesIO):
        def read(self, *size):
            raise OSError("connection reset")

    monkeypatch.setattr("distributional_view.backends.store.pictures.opened", lambda place: Broken())
    with pytest.raises(Unreachable, match=r"memory://a cannot be read: connection reset: mend this"):
        picture_bytes("memory://a")


def test_tar_files_that_are_refused(folder, tmp_path):
    write_tar(tmp_path / "z.tar", folder, mode="w:gz")
    with pytest.raises(PictureGone, match=r"z\.tar: not a tar file without compression"):
        manifest_of(str(tmp_path / "z.tar"))
    whole = write_tar(tmp_path / "x.tar", folder).read_bytes()
    place = members(str(tmp_path / "x.tar"))["0006.png"]
    (tmp_path / "x.tar").write_bytes(whole[: place.start + 10])
    with pytest.raises(PictureGone, match="the tar file is cut"):
        picture_bytes(f"{tmp_path / 'x.tar'}::0006.png")
    with pytest.raises(PictureGone, match="no such member"):
        picture_bytes(f"{tmp_path / 'x.tar'}::none.png")
    with tarfile.open(tmp_path / "y.tar", "w"):
        pass
    with pytest.raises(PictureGone, match="holds no picture"):
        manifest_of(str(tmp_path / "y.tar"))


def test_the_digest_knows_pictures_not_places(folder, tmp_path):
    other = write_pictures(tmp_path / "copy", 7)
    first, second = manifest_of(str(folder)), manifest_of(str(other))
    assert first.digest == second.digest
    assert first.paths.to_pylist() != second.paths.to_pylist()
    (other / "0003.png").write_bytes((other / "0003.png").read_bytes() + b" ")
    assert manifest_of(str(other)).digest != first.digest
    assert manifest_of(str(folder), label_folders=True).digest != first.digest


def test_a_store_refuses_other_pictures(folder, tmp_path):
    scanned(tmp_path / "s", folder)
    other = write_pictures(tmp_path / "p", 6)
    with pytest.raises(UserError, match=r"differs in images\.digest .*images\.number \(7 there, 6 now\)"):
        scan(tmp_path / "s", manifest_of(str(other)), Recipe(embedded=True))
