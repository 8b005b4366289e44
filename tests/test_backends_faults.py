"""Long commands that are killed, run out of space, find damaged files or another process: nothing lost, nothing wrong.

The trials run in a process of their own (`tests.support.faults`): it forks, which JAX does not like.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FEW = {"sampled": 12, "filtered": 8, "retrieved": 16, "transcoder": 3, "prior": 2}
MANY = {"sampled": 200, "filtered": 150, "retrieved": 200, "transcoder": 40, "prior": 40}
KINDS = ("killed_at_operations", "killed_at_times", "without_space", "damaged")


def tried(kind, job, folder, trials):
    """What the program says of its trials."""
    words = [sys.executable, "-m", "tests.support.faults", kind, job, str(folder), str(trials), "0"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    print(kind, job, found["trials"], found["ends"])
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("job", ["sampled", "retrieved"])
def test_nothing_is_lost_and_nothing_wrong(kind, job, tmp_path):
    found = tried(kind, job, tmp_path, FEW[job])
    assert found["wrong"] == []
    assert found["trials"] >= FEW[job]
    if kind == "killed_at_operations":
        assert found["ends"] == {"killed": found["trials"]}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("job", MANY)
def test_nothing_is_lost_and_nothing_wrong_in_many_trials(kind, job, tmp_path):
    assert tried(kind, job, tmp_path, MANY[job])["wrong"] == []


READ_ONLY = """
import os, sys
from pathlib import Path
from tests.support.faults import JOBS, prepare
from distributional_view.errors import UserError
folder = Path(sys.argv[1])
prepare(folder, "sampled")
JOBS["sampled"](folder / "whole")
(folder / "whole").chmod(0o555)
(folder / "empty").mkdir(mode=0o555)
if os.getuid() == 0:
    os.setuid(65534)
for name in ("whole", "empty", "empty/below"):
    try:
        JOBS["sampled"](folder / name)
        print(name, "went on")
    except UserError as error:
        print(name, error)
"""


def test_a_folder_that_cannot_be_written_is_named():
    """By somebody who may not: the superuser becomes nobody."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        done = subprocess.run([sys.executable, "-c", READ_ONLY, name], cwd=ROOT, capture_output=True, text=True)
        (folder / "whole").chmod(0o755)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    for line, below in zip(lines, ("whole", "empty", "empty/below"), strict=True):
        assert line == f"{below} {folder / below} cannot be written: Permission denied: choose another place"
