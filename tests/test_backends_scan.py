"""A scan against the scores computed one by one; killed, resumed, in parts, in any order: the same store."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from distributional_view.backends.adapter.feature import REDUCTIONS as REDUCE
from distributional_view.backends.adapter.feature import all_scores
from distributional_view.backends.embedded.store import load_classifier, load_transcoder
from distributional_view.backends.scan.decoding import AHEAD, read
from distributional_view.backends.scan.recipe import Recipe
from distributional_view.backends.scan.scorer import Scorer
from distributional_view.backends.scan.shards import Shard
from distributional_view.backends.store import layout
from distributional_view.backends.store.read import open_store
from distributional_view.backends.zoo.images import read_image
from distributional_view.errors import UserError
from tests.support.scans import REDUCTIONS, contents, rows, scanned, write_pictures

ALL = Recipe(embedded=True, reductions=REDUCTIONS)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), 35)


@pytest.fixture(scope="module")
def store(tmp_path_factory, pictures):
    path = tmp_path_factory.mktemp("scan") / "store"
    scanned(path, pictures, ALL)
    return path


def maps(pictures):
    """The codes of all features on each picture, one picture at a time."""
    classifier, (transcoder, hook) = load_classifier(), load_transcoder()
    files = sorted(pictures.glob("*.png"))
    with torch.no_grad():
        return [transcoder.encode(classifier.features(read_image(f, 32)[None, :1], hook))[0] for f in files]


def test_scores_are_those_of_each_feature_and_reduction(store, pictures):
    files = sorted(pictures.glob("*.png"))
    x = torch.stack([read_image(file, 32)[:1] for file in files])
    classifier, (transcoder, hook) = load_classifier(), load_transcoder()
    found = {name: np.zeros((len(files), 512), np.float32) for name in REDUCTIONS}
    for row in rows(store):
        for name in REDUCTIONS:
            found[name][row["image"], row["feature"]] = row[name]
    for name in REDUCTIONS:
        wanted = all_scores(classifier.backbone(hook), transcoder, x, REDUCE[name], lambda x: x, 1.0).numpy()
        assert (wanted > 1e-3).mean() > 0.01
        assert np.abs(found[name] - wanted).max() < 1e-5, name


def test_places_are_those_of_the_largest_codes(store, pictures):
    codes = maps(pictures)
    seen = rows(store)
    assert len({(row["row"], row["column"]) for row in seen}) == 16
    for row in seen:
        z = codes[row["image"]][row["feature"]]
        assert z[row["row"], row["column"]] >= z.max() - 1e-5


def test_only_the_middle_counts_but_places_are_of_the_whole_map(pictures, tmp_path):
    scanned(tmp_path, pictures, Recipe(embedded=True, reductions=("max",), share=0.5))
    codes = maps(pictures)
    wanted = {(i, f) for i, z in enumerate(codes) for f in range(512) if z[f, 1:3, 1:3].max() > 0}
    assert {(row["image"], row["feature"]) for row in rows(tmp_path)} == wanted
    assert any(not (1 <= row["row"] < 3 and 1 <= row["column"] < 3) for row in rows(tmp_path))
    for row in rows(tmp_path):
        assert row["max"] == pytest.approx(codes[row["image"]][row["feature"], 1:3, 1:3].max().item(), rel=1e-4)


def test_rows_are_sorted_and_positive_and_in_their_shard(store):
    identity = layout.read_identity(store)
    assert layout.finished(store) == [0, 1, 2, 3]
    for shard in layout.finished(store):
        table = pq.read_table(store / layout.scores_file(shard))
        keys = list(zip(table["feature"].to_pylist(), table["image"].to_pylist(), strict=True))
        assert keys == sorted(set(keys))
        assert {image for _, image in keys} <= set(identity.block(shard))
        assert min(table["mix"].to_pylist()) > 0
        assert table.schema.equals(layout.score_schema(REDUCTIONS))
    assert identity.block(3) == range(30, 35)


def test_encodings_are_those_of_the_layout(store):
    group = pq.read_metadata(store / layout.scores_file(0)).row_group(0)
    columns = {group.column(j).path_in_schema: group.column(j) for j in range(group.num_columns)}
    assert all("BYTE_STREAM_SPLIT" in columns[name].encodings for name in ("image", *REDUCTIONS))
    assert {column.compression for column in columns.values()} == {"ZSTD"}


def test_a_logsumexp_of_zeros_is_no_row():
    """log n - log n is not always 0 in single precision: such a map must not get a score."""
    scorer = Scorer(lambda x: x, lambda x: x, lambda x: x, 3, ("logsumexp", "mean"), 1.0)
    z = torch.zeros(2, 3, 7, 7)
    z[1, 2, 3, 5] = 1e-3
    found = scorer.reduce(z)
    assert (found.picture.tolist(), found.feature.tolist()) == ([1], [2])
    assert (found.row.tolist(), found.column.tolist()) == ([3], [5])


def test_pictures_are_listed_with_size_and_label(tmp_path):
    write_pictures(tmp_path / "p" / "cats", 3, size=40)
    write_pictures(tmp_path / "p" / "dogs", 2, seed=1)
    from distributional_view.backends.scan.manifest import manifest_of
    from distributional_view.backends.scan.run import Effort, scan

    scan(tmp_path / "s", manifest_of(str(tmp_path / "p"), label_folders=True), Recipe(embedded=True), Effort())
    seen = [(r["image"], r["path"], r["label"], r["width"], r["height"]) for r in rows(tmp_path / "s", "images")]
    files = sorted((tmp_path / "p").rglob("*.png"))
    sides = [40] * 3 + [32] * 2
    assert seen == [
        (i, str(f), f.parent.name, side, side) for i, (f, side) in enumerate(zip(files, sides, strict=True))
    ]


def test_parts_make_the_same_store(store, pictures, tmp_path):
    for part in (2, 0, 1):
        scanned(tmp_path, pictures, ALL, part=part, of=3)
    assert contents(tmp_path) == contents(store)


def test_stores_of_parts_merge_by_copying(store, pictures, tmp_path):
    for part in range(2):
        scanned(tmp_path / str(part), pictures, ALL, part=part, of=2)
    merged = contents(tmp_path / "0") | contents(tmp_path / "1")
    assert merged == contents(store)
    assert len(contents(tmp_path / "0")) < len(merged)


def test_a_second_call_has_nothing_to_do(store, pictures):
    before = {path: path.stat().st_mtime_ns for path in store.glob("*.parquet")}
    assert scanned(store, pictures, ALL) == (0, 0, "")
    assert {path: path.stat().st_mtime_ns for path in store.glob("*.parquet")} == before


def test_only_missing_shards_are_made(store, pictures, tmp_path):
    scanned(tmp_path, pictures, ALL)
    (tmp_path / layout.scores_file(2)).unlink()
    assert scanned(tmp_path, pictures, ALL).read == 10
    assert contents(tmp_path) == contents(store)


CHILD = """
import sys, time
from distributional_view.backends.scan.scorer import Scorer
from distributional_view.backends.scan.recipe import Recipe
from tests.support.scans import REDUCTIONS, scanned
whole = Scorer.__call__
def slow(self, pixels):
    time.sleep(0.05)
    return whole(self, pixels)
Scorer.__call__ = slow
scanned(__import__("pathlib").Path(sys.argv[1]), sys.argv[2], Recipe(embedded=True, reductions=REDUCTIONS))
"""


def test_killed_at_any_moment_it_goes_on(store, pictures, tmp_path):
    for kill in (1, 3):
        with subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path), str(pictures)]) as child:
            until = time.monotonic() + 60
            while len(list(tmp_path.glob("scores-*"))) < kill and time.monotonic() < until:
                time.sleep(0.005)
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        assert kill <= len(layout.finished(tmp_path)) < 4
    assert 0 < scanned(tmp_path, pictures, ALL).read < 35
    assert contents(tmp_path) == contents(store)


def test_memory_is_bounded(pictures, tmp_path, monkeypatch):
    """Never more decoded pictures than the batches ahead, nor more shards than the one filled and the one written."""
    decoded, alive, most = Counter(), set(), Counter()
    score, write, start = Scorer.__call__, Shard.write, Shard.__init__

    def reading(how, picture):
        decoded["pictures"] += 1
        return read(how, picture)

    def scoring(self, pixels):
        time.sleep(0.02)
        decoded["scored"] += len(pixels)
        most["ahead"] = max(most["ahead"], decoded["pictures"] - decoded["scored"])
        return score(self, pixels)

    def starting(self, *given):
        alive.add(id(self))
        most["shards"] = max(most["shards"], len(alive))
        start(self, *given)

    def writing(self, store):
        time.sleep(0.1)
        write(self, store)
        alive.discard(id(self))

    for place, name, ours in ((Scorer, "__call__", scoring), (Shard, "__init__", starting), (Shard, "write", writing)):
        monkeypatch.setattr(place, name, ours)
    monkeypatch.setattr("distributional_view.backends.scan.decoding.read", reading)
    scanned(tmp_path, pictures, batch=2, images_a_shard=4)
    assert decoded["scored"] == 35
    assert 0 < most["ahead"] <= 2 * (AHEAD + 1)
    assert most["shards"] == 2


def test_progress_tells_the_rate_and_the_time_left(pictures, tmp_path):
    told = []
    scanned(tmp_path, pictures, progress=lambda *what: told.append(what))
    assert [done for _, done, _ in told] == [0, 4, 8, 10, 14, 18, 20, 24, 28, 30, 34, 35]
    assert {total for *_, total in told} == {35}
    for what, _, _ in told[1:]:
        assert what.startswith("scanning, ")
        assert " images/s, 0:00:" in what
    (tmp_path / layout.scores_file(1)).unlink()
    told.clear()
    scanned(tmp_path, pictures, progress=lambda *what: told.append(what))
    assert [step[1:] for step in told[:3]] == [(1, 3), (2, 3), (3, 3)]  # what is there is read first
    assert [done for _, done, _ in told[3:]] == [25, 29, 33, 35]


def test_a_picture_in_colour_is_made_grey(tmp_path):
    """Rec. 601's weights: the backend saw grey pictures only."""
    from PIL import Image

    rng = np.random.default_rng(0)
    colour = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(colour).save(tmp_path / "a.png")
    grey = np.round(colour @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "b.png")
    scanned(tmp_path / "s", tmp_path)
    scores = [{r["feature"]: r["mix"] for r in rows(tmp_path / "s") if r["image"] == i} for i in (0, 1)]
    assert scores[0].keys() & scores[1].keys()
    shared = scores[0].keys() & scores[1].keys()
    assert max(abs(scores[0][f] - scores[1][f]) for f in shared) < 0.05


def test_identity_says_what_decides_the_rows(store):
    said = json.loads((store / layout.IDENTITY).read_text())
    assert said["features"] == 512
    assert said["made_of"]["backbone"]["hook"] == "2.0"
    assert len(said["made_of"]["dictionary"]["weights"]) == 64
    assert said["images"]["number"] == 35


def test_the_reader_opens_what_the_scan_wrote(store, pictures):
    """The two halves agree: each feature's law, counted zeros and all, is that of the scores one by one."""
    found = open_store(store)
    files = sorted(pictures.glob("*.png"))
    classifier, (transcoder, hook) = load_classifier(), load_transcoder()
    x = torch.stack([read_image(file, 32)[:1] for file in files])
    wanted = all_scores(classifier.backbone(hook), transcoder, x, REDUCE["max"], lambda x: x, 1.0).numpy()
    for feature in np.argsort(-(wanted > 0).sum(0))[:5]:
        law = found.law(int(feature), "max")
        assert law.mean == pytest.approx(wanted[:, feature].mean(), rel=1e-4)
        assert found.top_k(int(feature), 1, "max").images.tolist() == [int(wanted[:, feature].argmax())]


def test_a_shard_of_another_scan_is_told(store, pictures, tmp_path):
    """Equal columns, pictures and counts, but another share of the map."""
    other = tmp_path / "other"
    scanned(other, pictures, replace(ALL, share=0.5))
    mixed = tmp_path / "mixed"
    shutil.copytree(store, mixed)
    for name in (layout.images_file(0), layout.scores_file(0)):
        shutil.copy(other / name, mixed / name)
    with pytest.raises(UserError, match=r"00000\.parquet"):
        open_store(mixed)
