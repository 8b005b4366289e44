"""A report that is killed, has no room, or no folder: nothing wrong is left, and a second run completes."""

import json
import multiprocessing
import os
import random
import resource
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure
from PIL import Image

from distributional_view.errors import UserError
from distributional_view.figures.command import main
from distributional_view.figures.report import ReportSettings, report
from distributional_view.figures.report import run as module
from distributional_view.figures.report.analysis import analyse
from distributional_view.figures.report.folder import ReportFolder
from distributional_view.figures.report.page import draw_page
from distributional_view.tables import Column

TABLE = {f"f{j}": np.random.default_rng(j).gamma(0.5, size=60) for j in range(3)}
CONTEXT = multiprocessing.get_context("forkserver")
"""Children of a server that has imported the report once, so that a kill falls into the writing, not the importing."""


def small_page(features, heading: str) -> Figure:
    """A page that is drawn quickly: what matters here is that it is written."""
    figure = plt.figure(figsize=(2, 2))
    figure.text(0, 0.5, f"{features[0].numbers['mean']:.6f} {heading}")
    return figure


def write(out: Path, shift: float = 0.0, room: int | None = None) -> None:
    """A report of three features, a page each; `room`: the largest file in bytes."""
    module.PAGE, module.draw_page = 1, small_page
    if room is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    report({name: y + shift for name, y in TABLE.items()}, out, ReportSettings(top_k=5))


def started(*arguments) -> multiprocessing.process.BaseProcess:
    CONTEXT.set_forkserver_preload(["tests.test_figures_report_faults", "matplotlib.backends.backend_pdf"])
    process = CONTEXT.Process(target=write, args=arguments)
    process.start()
    return process


def contents(out: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in out.iterdir() if not p.name.startswith(".")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> list[dict[str, bytes]]:
    """What undisturbed runs write, of one table and of another."""
    found = []
    for shift in (0.0, 1.0):
        out = tmp_path_factory.mktemp("whole") / "out"
        process = started(out, shift)
        process.join()
        assert process.exitcode == 0
        found.append(contents(out))
    assert len(found[0]) == 7
    assert all(found[0][name] != found[1][name] for name in found[0])
    return found


def check(out: Path, whole: list[dict[str, bytes]]) -> None:
    """Every file is whole; a report.json stands beside exactly the pages that it lists."""
    found = contents(out) if out.exists() else {}
    for name, content in found.items():
        if name != "report.json":
            assert any(content == run[name] for run in whole), name
    if "report.json" not in found:
        return
    kept = json.loads(found["report.json"])
    assert len(kept["pages"]) == 2 * len(kept["features"])
    runs = [r for r in whole if json.loads(r["report.json"])["features"][: len(kept["features"])] == kept["features"]]
    assert any(all(found[name] == run[name] for name in kept["pages"]) for run in runs)


def killed(out: Path, whole: list[dict[str, bytes]], times: int, seed: int) -> int:
    """Kill a report of another table at random moments, so often; how many kills found it at work."""
    rng, hits = random.Random(seed), 0
    for _ in range(times):
        process = started(out, rng.choice([0.0, 1.0]))
        time.sleep(rng.uniform(0, 1.5))
        hits += process.is_alive()
        process.kill()
        process.join()
        check(out, whole)
    return hits


def test_a_killed_report_leaves_nothing_wrong(tmp_path, whole):
    out = tmp_path / "out"
    assert killed(out, whole, times=int(os.environ.get("REPORT_KILLS", "6")), seed=0) > 0
    write_anew = started(out)
    write_anew.join()
    assert write_anew.exitcode == 0
    assert contents(out) == whole[0]
    assert not [p for p in out.iterdir() if p.name.startswith(".")]


def test_a_report_that_stops_between_any_two_files_leaves_nothing_wrong(tmp_path, whole, monkeypatch):
    """The moments that a random kill hardly hits: before each of the moves that put files in their places."""
    genuine, left = Path.replace, [0]

    def replace(self, target):
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return genuine(self, target)

    monkeypatch.setattr(module, "PAGE", 1)
    monkeypatch.setattr(module, "draw_page", small_page)
    monkeypatch.setattr(Path, "replace", replace)
    stops, stopped = 0, True
    while stopped:
        out = tmp_path / str(stops)
        out.mkdir()
        for name, content in whole[0].items():
            (out / name).write_bytes(content)
        left[0], stopped = stops, False
        try:
            report({name: y + 1 for name, y in TABLE.items()}, out, ReportSettings(top_k=5))
        except KeyboardInterrupt:
            stops, stopped = stops + 1, True
        check(out, whole)
    assert stops == 3 * 3 * 2 + 2  # each page writes and then moves three files, the first one an empty report too
    assert contents(out) == whole[1]


@pytest.mark.parametrize("room", [0, 300, 1_000, 30_000])
def test_a_full_disk_leaves_nothing_half_written(tmp_path, whole, room):
    """A file over the limit fails as on a full disk; what was there before stays whole."""
    for before in (False, True):
        out = tmp_path / f"out-{before}"
        if before:
            started(out).join()
        process = started(out, 1.0, room)
        process.join()
        assert process.exitcode == 1
        check(out, whole)
        assert room > 1_000 or contents(out) == (whole[0] if before else {})
        assert not [p for p in out.iterdir() if p.name.startswith(".")]


def test_folders_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("a\n1\n2\n3\n")
    (tmp_path / "file").write_text("")
    given = str(tmp_path / "a.csv")
    for out, words in (("file/below", "Not a directory"), ("file", "is a file")):
        result = CliRunner().invoke(main, ["report", given, "--top-k", "2", "--out", str(tmp_path / out)])
        assert result.exit_code in (1, 2)
        assert isinstance(result.exception, SystemExit)
        assert words in " ".join(result.output.split())
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked").chmod(0o555)
    if os.geteuid() != 0:
        with pytest.raises(UserError, match=r"locked.*must be a folder that can be written"):
            report(TABLE, tmp_path / "locked")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_json", full)
    with pytest.raises(UserError, match=r"out'.*must be a folder that can be written \(No space left on device\)"):
        report(TABLE, tmp_path / "out")


def test_two_reports_do_not_share_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "draw_page", small_page)
    report(TABLE, tmp_path)
    before = contents(tmp_path)
    with ReportFolder(tmp_path), pytest.raises(UserError, match="that no other report is being written to"):
        report(TABLE, tmp_path)
    assert contents(tmp_path) == before
    report(TABLE, tmp_path)
    assert contents(tmp_path) == before


def test_pages_of_an_earlier_report_do_not_stay(tmp_path, monkeypatch):
    (tmp_path / "report-old.png").write_text("not of a report")
    monkeypatch.setattr(module, "PAGE", 1)
    monkeypatch.setattr(module, "draw_page", small_page)
    report(TABLE, tmp_path)
    assert "report-3.pdf" in contents(tmp_path)
    report({"f0": TABLE["f0"]}, tmp_path)
    assert sorted(contents(tmp_path)) == ["report-old.png", "report.json", "report.pdf", "report.png"]


def test_a_number_that_json_cannot_hold_fails_its_feature_alone(tmp_path, monkeypatch):
    def broken(name, *rest):
        found = analyse(name, *rest)
        if name == "f1":
            found.numbers["mean"] = float("nan")
        return found

    monkeypatch.setattr(module, "analyse", broken)
    monkeypatch.setattr(module, "draw_page", lambda features, heading: small_page(features[:1], heading))
    statuses = [f.status for f in report(TABLE, tmp_path)]
    assert statuses == ["active", "failed", "active"]
    json.loads((tmp_path / "report.json").read_text(), parse_constant=pytest.fail)


def test_examples_are_named_in_json_terminal_and_picture(tmp_path):
    rows = "".join(f"cat {i}.png,{y!r}\n" for i, y in enumerate(TABLE["f0"].tolist()))
    (tmp_path / "a.csv").write_text(f"file,f0\n{rows}")
    out = tmp_path / "out"
    result = CliRunner().invoke(main, ["report", str(tmp_path / "a.csv"), "--top-k", "5", "--out", str(out)])
    assert result.exit_code == 0, result.output
    content = json.loads((out / "report.json").read_text())
    [found] = content["features"]
    for listed in (found["shown"]["klsc"], found["shown"]["top_k"]):
        assert listed["ids"] == [f"cat {i}.png" for i in listed["indices"]]
        assert listed["activations"] == TABLE["f0"][listed["indices"]].tolist()
    assert content["parameters"]["read_as"][1].startswith("the examples are named by column 'file'")
    assert "show " + ", ".join(found["shown"]["klsc"]["ids"]) in " ".join(result.output.split())
    assert "read: cells separated by commas; the first line, 'file,f0', is read as names" in result.output
    ids = [f"cat {i}.png" for i in range(60)]
    [feature] = report(TABLE, features=["f0"], settings=ReportSettings(top_k=5), ids=ids)
    figure = draw_page([feature], "heading")
    words = " ".join(t.get_text() for sub in figure.subfigs for t in sub.texts)
    assert all(name in words for name in feature.numbers["shown"]["klsc"]["ids"])


def test_file_names_that_are_not_utf8(tmp_path):
    path = os.fsencode(tmp_path) + b"/caf\xe9.csv"
    try:
        Path(os.fsdecode(path)).write_text("a\n" + "".join(f"{y!r}\n" for y in TABLE["f0"].tolist()))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    out = os.fsdecode(os.fsencode(tmp_path) + b"/r\xe9sultats")
    result = CliRunner().invoke(main, ["report", os.fsdecode(path), "--out", out])
    assert result.exit_code == 0, result.output
    assert "r\\xe9sultats/report.png" in result.output
    content = json.loads((Path(out) / "report.json").read_text())
    assert content["parameters"]["activations"] == "caf\\xe9.csv"
    assert Image.open(Path(out) / "report.png").format == "PNG"
    Path(os.fsdecode(path)).write_text("a\nx\n")
    result = CliRunner().invoke(main, ["report", os.fsdecode(path), "--out", out])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)


def test_the_whole_pool_is_no_constraint_whatever_the_rounding():
    scores = np.random.default_rng(0).normal(size=100)
    found = analyse("f", scores, ReportSettings(top_k=100))
    assert found.status == "inactive"
    assert found.numbers["klsc"]["multiplier"] == 0
    assert found.notes == ["top_k = 100 keeps all activations: no constraint, multiplier 0"]
    assert Column("f", lambda: scores).ids is None
