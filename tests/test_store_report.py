"""The report of a store's features, with the pictures themselves: numbers as for the dense table, patches in place."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from PIL import Image

from distributional_view.backends.scan.heat import heat_maps
from distributional_view.backends.store import layout
from distributional_view.backends.store.read import open_store
from distributional_view.figures.atlas.command import atlas
from distributional_view.figures.command import main
from distributional_view.figures.output import Provenance, save_pictures, style
from distributional_view.figures.report import pictures as module
from distributional_view.figures.report.pictures import StoreAlbum
from tests.support.scans import scanned, write_pictures
from tests.support.stores import sparse_scores, write_store

DENSE = sparse_scores(300, 6, 0.5, seed=3)
DENSE[:, 4] = 0


def colour(i: int) -> tuple[int, int, int]:
    return (i % 256, 40 + i // 256, 200)


@pytest.fixture
def folder(tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for i in range(300):
        Image.new("RGB", (64, 64), colour(i)).save(pictures / f"{i}.png")
    paths = [str(pictures / f"{i}.png") for i in range(300)]
    return write_store(tmp_path / "s", DENSE, paths=paths)


@pytest.fixture
def run(tmp_path):
    def once(path, *arguments: str, code: int = 0):
        result = CliRunner().invoke(main, ["report", str(path), "--out", str(tmp_path / "out"), *map(str, arguments)])
        assert result.exit_code == code, result.output
        file = tmp_path / "out" / "report.json"
        return (json.loads(file.read_text()) if file.exists() else None), " ".join(result.output.split())

    return once


def test_a_store_gives_the_report_of_its_dense_table(folder, run, tmp_path):
    np.savez(tmp_path / "a.npz", **{str(j): DENSE[:, j].astype(float) for j in range(6)})
    dense, _ = run(tmp_path / "a.npz", "--feature", "1", "--feature", "4")
    found, printed = run(folder, "--feature", "1", "--feature", "4")
    for a, b in zip(dense["features"], found["features"], strict=True):
        assert {k: v for k, v in a.items() if k != "shown"} == {
            k: v for k, v in b.items() if k not in ("shown", "levels")
        }
    shown = found["features"][0]["shown"]
    assert shown["top_k"]["indices"] == dense["features"][0]["shown"]["top_k"]["indices"]
    assert shown["klsc"]["ids"][0].endswith(f"pictures/{shown['klsc']['indices'][0]}.png")
    [level] = found["features"][0]["levels"]  # 90 of about 150 that fire; 900 are more than there are
    assert (level["kept"], level["mean"]) == (90, pytest.approx(np.sort(DENSE[:, 1].astype(float))[-90:].mean()))
    assert found["pages"] == ["report.png", "report.pdf", "report-pictures.png", "report-pictures.pdf"]
    assert all((tmp_path / "out" / page).is_file() for page in found["pages"])
    assert "feature" not in printed.split("note:")[0].split("Error")[0] or "cannot be shown" not in printed
    assert "all 300 activations are 0: nothing to explain" in printed


def test_tiles_are_the_pictures_with_their_patches(folder):
    found = StoreAlbum(open_store(folder)).tiles("2", [5, 250])
    for i, tile in zip((5, 250), found, strict=True):
        assert tile.pixels[50, 50].tolist() == list(colour(i))
        place = pytest.approx(((i % 7) / 7, ((i + 2) % 7) / 7, 1 / 7, 1 / 7))
        assert tile.box == (place if DENSE[i, 2] > 0 else None)
    assert any(tile.box for tile in found) or DENSE[[5, 250], 2].max() == 0


def test_pictures_that_moved_are_told_and_found_again(folder, run, tmp_path):
    (tmp_path / "pictures").rename(tmp_path / "moved")
    _, printed = run(folder, "--feature", "1")
    assert "pictures cannot be shown, first" in printed
    assert "no such file" in printed
    assert "--images FOLDER says where they are" in printed
    _, printed = run(folder, "--feature", "1", "--images", tmp_path / "moved")
    assert "cannot be shown" not in printed
    for i in range(300):
        Image.new("RGB", (32, 64)).save(tmp_path / "moved" / f"{i}.png")
    _, printed = run(folder, "--feature", "1", "--images", tmp_path / "moved")
    assert "another picture than was scanned: 32 x 64 pixels now, 64 x 64 then" in printed


def test_a_table_names_its_pictures(folder, run, tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(module.FolderAlbum, "tiles", lambda self, name, at: made.append(at) or TILES(self, name, at))
    rows = "\n".join(f"{i}.png,{DENSE[i, 1]!r}" for i in range(300))
    for place in (tmp_path, tmp_path / "pictures"):
        (place / "a.csv").write_text("file,f\n" + rows.replace("np.float32(", "").replace(")", ""))
    found, _ = run(tmp_path / "a.csv")
    assert len(found["pages"]) == 2
    assert not made
    found, _ = run(tmp_path / "a.csv", "--images", tmp_path / "pictures")
    assert len(found["pages"]) == 4
    assert made[0] == found["features"][0]["shown"]["top_k"]["indices"]
    assert len(run(tmp_path / "pictures" / "a.csv")[0]["pages"]) == 4


TILES = module.FolderAlbum.tiles


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "feature = none: must be given:"),
        (("--feature", "6"), "feature = '6': must be in 0..5"),
        (("--feature", "x"), "feature = 'x': must be in 0..5"),
        (("--feature", "1", "--reduction", "max"), "reduction = 'max': must be one of"),
    ],
)
def test_what_a_store_does_not_have(folder, run, arguments, words):
    _, printed = run(folder, *arguments, code=1)
    assert words in printed


def test_a_table_without_names_takes_a_folder_in_order(folder, run, tmp_path):
    np.save(tmp_path / "a.npy", DENSE[:, 1])
    few = tmp_path / "few"
    few.mkdir()
    for i in (1, 0):
        Image.new("RGB", (64, 64), colour(i)).save(few / f"{i}.png")
    _, printed = run(tmp_path / "a.npy", "--images", few, code=1)
    assert "must hold as many pictures as a.npy has rows, 300, not 2, or a column of a.npy must name them" in printed
    np.save(tmp_path / "a.npy", [1.0, 2.0])
    found, printed = run(tmp_path / "a.npy", "--images", few, "--top-k", 1)
    assert found["features"][0]["shown"]["top_k"]["ids"] == ["1.png"]
    assert "in the order of their paths, first 0.png" in printed
    assert len(found["pages"]) == 4


def test_a_store_that_is_not_finished(folder, run):
    (folder / layout.scores_file(1)).unlink()
    _, printed = run(folder, "--feature", "1", code=1)
    assert "1 of 3 shards are missing (1)" in printed
    found, printed = run(folder, "--feature", "1", "--partial")
    assert "200 pictures that were scanned, score 'mix', without 1 of 3 shards, which are not there yet" in printed
    there = np.r_[0:100, 200:300]
    top = np.argsort(-DENSE[there, 1], kind="stable")[:9]
    names = [Path(name).name for name in found["features"][0]["shown"]["top_k"]["ids"]]
    assert names == [f"{there[i]}.png" for i in top]


def test_heat_maps_tint_where_the_feature_is_active(tmp_path, run):
    pictures = write_pictures(tmp_path / "p", 12)
    scanned(tmp_path / "s", pictures)
    store = open_store(tmp_path / "s")
    feature = int(np.argmax([row.fires for row in store.features().rows]))
    at = int(np.argmax(store.scores(feature)))
    [plain], [hot] = (StoreAlbum(store, None, heat).tiles(str(feature), [at]) for heat in (None, heat_maps(store)))
    side, (x, y, w, h) = plain.pixels.shape[0], plain.box
    moved = np.abs(hot.pixels.astype(int) - plain.pixels).sum(axis=2)
    row, column = np.unravel_index(moved.argmax(), moved.shape)
    assert moved.max() > 50
    near = 1 / store.identity.map[0]  # of the middle of the marked patch, give and take a patch
    assert abs(row / side - (y + h / 2)) <= near
    assert abs(column / side - (x + w / 2)) <= near
    found, _ = run(tmp_path / "s", "--feature", feature, "--heat", "--top-k", 2)
    assert "report-pictures.png" in found["pages"]


@pytest.mark.parametrize(
    ("made_of", "arguments", "words"),
    [
        ({}, ("--backbone", "x"), "must be left out without --heat"),
        ({"backbone": {"weights": "other"}}, ("--heat",), "another model, which differs in backbone.weights"),
        ({"backbone": {"kind": "module"}}, ("--heat",), "backbone = None: must be one of --backbone, --module"),
    ],
)
def test_heat_maps_need_the_model_of_the_scan(tmp_path, run, made_of, arguments, words):
    scanned(tmp_path / "s", write_pictures(tmp_path / "p", 2))
    file = tmp_path / "s" / layout.IDENTITY
    said = json.loads(file.read_text())
    for part, new in made_of.items():
        said["made_of"][part] |= new
    file.write_text(json.dumps(said))
    for path in (tmp_path / "s" / layout.scores_file(0), tmp_path / "s" / layout.images_file(0)):
        pq.write_table(pq.read_table(path).replace_schema_metadata(), path)
    _, printed = run(tmp_path / "s", "--feature", "0", *arguments, code=1)
    assert words in printed


def test_only_a_store_has_heat_and_parts(run, tmp_path):
    np.save(tmp_path / "a.npy", DENSE)
    for option in ("heat", "partial"):
        _, printed = run(tmp_path / "a.npy", f"--{option}", code=1)
        assert f"{option}: must be left out: a.npy is no store" in printed


def test_an_atlas_has_the_partner_and_what_methods_made(folder, tmp_path):
    other = write_store(tmp_path / "other", DENSE[:, ::-1].copy(), paths=[str(folder / "gone.png")] * 300)
    job = tmp_path / "made" / "job"
    job.mkdir(parents=True)
    said = {"request": {"method": "EnergyDPS", "target": 2.5}, "origin": {"feature": 1}}
    (job / "explanation.json").write_text(json.dumps(said))
    np.save(job / "shown.npy", np.full((2, 1, 8, 8), 1.0, np.float32))
    arguments = [str(folder), "--out", str(tmp_path / "a"), "--feature", "1", "--feature", "2"]
    done = CliRunner().invoke(atlas, [*arguments, "--made", str(tmp_path / "made"), "--beside", str(other)])
    assert done.exit_code == 0, done.output
    one, two = (
        json.loads((tmp_path / "a/data" / f"{j}.js").read_text().removeprefix("atlas(").removesuffix(");\n"))["beside"]
        for j in (1, 2)
    )
    assert [row["words"].split(" (")[0] for row in one] == ["partner in other: feature 4", "made by EnergyDPS at 2.5"]
    assert [row["words"].split(" (")[0] for row in two] == ["partner in other: feature 3"]
    assert one[0]["scores"] == pytest.approx(np.sort(DENSE[:, 1])[::-1][:9])
    assert (one[1]["first"], one[1]["scores"], len(one[1]["names"])) == (9, [None, None], 2)
    sheet = np.asarray(Image.open(tmp_path / "a/sheets/1-beside.jpg"))
    assert sheet.shape == (2 * 96, 9 * 96, 3)
    assert sheet[96 + 40, 40] == pytest.approx([255] * 3, abs=3)
    wrong = CliRunner().invoke(atlas, [*arguments, "--made", str(folder)])
    assert "holds no pictures: must be a table" in " ".join(wrong.output.split())


def test_partners_are_links_into_the_atlas_of_the_other_store(folder, tmp_path):
    turned, paths = DENSE[:, ::-1].copy(), [str(folder / "gone.png")] * 300
    other = write_store(tmp_path / "other", turned, paths=paths, made_of={"backbone": "another"})

    def made(store, out, *more):
        return CliRunner().invoke(atlas, [str(store), "--out", str(tmp_path / out), *map(str, more)])

    assert made(other, "sites/the other", "--feature", 4, "--feature", 3).exit_code == 0
    (tmp_path / "sites/the other/data/3.js").unlink()
    beside = ("--beside", other, "--feature", 1, "--feature", 2)
    done = made(folder, "a", *beside, "--beside-atlas", tmp_path / "sites/the other")
    assert done.exit_code == 0, done.output
    read = lambda name: json.loads((tmp_path / f"a/data/{name}.js").read_text()[6:-3])  # noqa: E731
    way = "../sites/the%20other/feature.html#4"
    assert [read(j)["beside"][0]["link"] for j in (1, 2)] == [way, None]  # the page of 3 is gone
    partners = read("index")["partners"]
    assert (partners["1"][::2], partners["2"][2]) == ([4, way], None)
    assert (tmp_path / "a" / "../sites/the other/feature.html").is_file()
    told = lambda *more: " ".join(made(folder, "a", *more).output.split())  # noqa: E731
    assert "beside-atlas: must be left out without --beside" in told("--beside-atlas", tmp_path / "sites/the other")
    assert "must be a folder that `dview atlas` wrote, with data/index.js" in told(*beside, "--beside-atlas", folder)
    assert f"must be the atlas of {other}" in told(*beside, "--beside-atlas", tmp_path / "a")


def test_a_pdf_has_the_layout_of_its_png(tmp_path):
    with style():
        figure = plt.figure(layout="none")
        axes = figure.add_axes((0.1, 0.1, 0.3, 0.3))
        save_pictures(figure, tmp_path, "one", Provenance("t", (), {}, 0))
        assert axes.get_position().bounds == pytest.approx((0.1, 0.1, 0.3, 0.3))
        assert figure.get_layout_engine() is None
