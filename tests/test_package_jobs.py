"""Jobs: bound to all that decides them, one process at a time, and files that say whether they are whole."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import click
import numpy as np
import pytest
from click.testing import CliRunner

from distributional_view import fingerprints
from distributional_view.errors import UserError
from distributional_view.files import PARTIAL, write_json, write_whole
from distributional_view.fingerprints import Hashes, listing
from distributional_view.jobs import JOB, LOCK, Lines, OtherRequest, opened
from distributional_view.locks import held
from distributional_view.sealed import read_sealed_arrays, seal_of, write_sealed_arrays
from distributional_view.shell import Command, Group
from distributional_view.theory.errors import require

ASKED = {"request": {"target": 1.0, "n": 4}, "origin": None}


def test_the_same_job_goes_on_and_any_other_is_refused(tmp_path):
    out, weights = tmp_path / "out", tmp_path / "weights"
    weights.write_bytes(b"first")
    with opened(out, ASKED, {"net": weights}) as job:
        token = job.token
    with opened(out, ASKED, {"net": weights}) as job:
        assert job.token == token
    for other, name in [
        ({**ASKED, "request": {"target": 1.1, "n": 4}}, r"request\.target"),
        ({**ASKED, "more": 1}, "more"),
    ]:
        with pytest.raises(OtherRequest, match=rf"{name}.*choose another folder.*delete"), opened(out, other):
            pass
    weights.write_bytes(b"secnd")
    with pytest.raises(OtherRequest, match=r"contents\.net"), opened(out, ASKED, {"net": weights}):
        pass


def test_a_folder_with_results_of_nobody_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match=r"config\.json but no job\.json"), opened(tmp_path, ASKED, writes=("conf*",)):
        pass
    assert sorted(p.name for p in tmp_path.iterdir()) == ["config.json"]
    with opened(tmp_path, ASKED, writes=("*.npz",)):
        pass


def test_what_a_killed_process_left_is_swept(tmp_path):
    (tmp_path / f"{PARTIAL}17-x.npz").touch()
    with opened(tmp_path, ASKED):
        assert sorted(p.name for p in tmp_path.iterdir()) == [LOCK, JOB]
    assert [p.name for p in tmp_path.iterdir()] == [JOB]


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"null", b"[" * 100_000])
def test_a_damaged_job_file_is_named(tmp_path, content):
    (tmp_path / JOB).write_bytes(content)
    with pytest.raises(UserError, match=r"job\.json.*(delete|another)"), opened(tmp_path, ASKED):
        pass


HOLD = "import sys, time; from pathlib import Path; from distributional_view.locks import held\n"
HOLD += "with held(Path(sys.argv[1]), 'it'): print('held', flush=True); time.sleep(60)"


def test_two_processes_do_not_share_a_folder_and_a_killed_one_lets_go(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / LOCK)], stdout=subprocess.PIPE)
    assert other.stdout.readline() == b"held\n"
    with pytest.raises(UserError, match=f"in use by process {other.pid}.*wait"), opened(tmp_path, ASKED):
        pass
    other.kill()
    other.wait()
    with opened(tmp_path, ASKED):
        pass


def test_a_lock_is_held_once_however_many_come(tmp_path):
    """Of threads that come and go, two never hold it at once: a lock that was removed is not mistaken for a new one."""
    inside, most, refused = [0], [0], [0]

    def come(_):
        try:
            with held(tmp_path / "lock", "it"):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1
        except UserError:
            refused[0] += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come, range(400)))
    assert most == [1]
    assert refused[0] < 400


def test_seals(tmp_path):
    path = write_sealed_arrays(tmp_path / "a.npy", np.arange(50.0), "job", done=20)
    found, notes = read_sealed_arrays(path, "job")
    assert found.tolist() == np.load(path).tolist() == list(range(50))
    assert notes == {"done": 20}
    with pytest.raises(UserError, match=r"a\.npy is damaged, or of another job"):
        read_sealed_arrays(path, "other")
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"a\.npy"):
            seal_of(path, "job")
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(UserError, match=r"a\.npy"):
            seal_of(path, "job")


def test_lines_survive_a_cut(tmp_path):
    path, rows = tmp_path / "c.jsonl", [{"knob": 0.1 * i, "mean": 1 / (1 + i)} for i in range(3)]
    lines = Lines(path, "job")
    for row in rows:
        lines.add(row)
    whole = path.read_bytes()
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        kept = Lines(path, "job")
        assert kept.rows == rows[: len(kept.rows)]
        assert len(kept.rows) >= whole[:length].count(b"\n")
        for row in rows[len(kept.rows) :]:
            kept.add(row)
        assert path.read_bytes() == whole
    path.write_bytes(b'{"knob": 1, "mean": 2}\n' + whole)
    with pytest.raises(UserError, match=r"c\.jsonl: line 1 .*delete"):
        Lines(path, "job")
    path.write_bytes(whole)
    with pytest.raises(UserError, match="of another job"):
        Lines(path, "other")


def test_hashes_are_kept_until_the_file_changes(tmp_path, monkeypatch):
    path, memory = tmp_path / "w", tmp_path / "memory.json"
    path.write_bytes(b"1" * 100)
    first = Hashes(memory).of(path)
    state = path.stat()
    with monkeypatch.context() as patch:
        patch.setattr(fingerprints.hashlib, "file_digest", None)
        assert Hashes(memory).of(path) == first
    path.write_bytes(b"2" * 100)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))  # as a copy that keeps times leaves it
    assert Hashes(memory).of(path) != first
    for damage in ("", "{", "[]", '{"a": 1}'):
        memory.write_text(damage)
        assert Hashes(memory).of(path) != first


def test_a_listing_sees_names_sizes_and_times(tmp_path):
    (tmp_path / "a.png").write_bytes(b"1")
    (tmp_path / os.fsdecode(b"\xff.png")).write_bytes(b"1")
    files = sorted(tmp_path.iterdir())
    seen = {listing(tmp_path, files), listing(tmp_path, files[:1])}
    os.utime(files[0], (1, 1))
    seen.add(listing(tmp_path, files))
    files[0].write_bytes(b"12")
    os.utime(files[0], (1, 1))
    seen.add(listing(tmp_path, files))
    assert len(seen) == 4


def test_json_holds_no_nan(tmp_path):
    path = write_json(tmp_path / "a.json", {"a": [1.0, float("nan")], "b": {"c": float("inf")}, "d": (2,)})
    strict = json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(name))
    assert strict == {"a": [1.0, None], "b": {"c": None}, "d": [2]}


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file/below.*cannot be written"):
        write_whole(tmp_path / "file" / "below" / "a.txt", "x")
    with pytest.raises(UserError, match=r"file/below.*cannot be written"), opened(tmp_path / "file" / "below", ASKED):
        pass


def failing(error):
    def fail():
        raise error

    group = Group("dview")
    group.add_command(Command("alone", callback=fail))
    group.add_command(click.Command("plain", callback=fail))
    return [(group, ["alone"]), (group, ["plain"]), (Command("alone", callback=fail), [])]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (UserError("mend a.txt"), "Error: mend a.txt\n"),
        (FileNotFoundError(2, "No such file or directory", "b.txt"), "Error: b.txt: No such file or directory\n"),
        (FileNotFoundError("c.txt is missing"), "Error: c.txt is missing\n"),
        (UserError("d\udcff.txt"), "Error: d\\udcff.txt\n"),
    ],
)
def test_what_a_user_can_mend_is_told_in_words(error, says):
    for command, words in failing(error):
        result = CliRunner().invoke(command, words)
        assert (result.exit_code, result.output) == (1, says)


def test_our_own_refusals_are_told_and_faults_are_not():
    def refused():
        require(False, "n", 0, ">= 1")

    def failed():
        raise_in_theory()

    def raise_in_theory():
        from distributional_view.theory.samplers.knobs import calibrate_knob

        calibrate_knob(lambda knob: 0.0, 1.0, 0.1, 1.0, "knob")

    assert CliRunner().invoke(Command("a", callback=refused), []).output == "Error: n = 0: must be >= 1\n"
    assert "out of reach" in CliRunner().invoke(Command("a", callback=failed), []).output
    faults = [lambda: np.zeros(3) + np.zeros(2), lambda: int("x"), lambda: [].index(1), lambda: {}["a"]]
    for fault in faults:
        result = CliRunner().invoke(Command("a", callback=fault), [])
        assert isinstance(result.exception, ValueError | KeyError), result.output
        assert not isinstance(result.exception, SystemExit)
