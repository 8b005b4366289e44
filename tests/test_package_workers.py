"""Workers end with their parent, however it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PARENT = """
import os, sys, time
from pathlib import Path
from distributional_view.workers import workers

def work(path):
    Path(path).write_text(str(os.getpid()))
    time.sleep(600)

if __name__ == "__main__":
    with workers(1) as pool:
        pool.submit(work, sys.argv[1]).result()
"""


def waited(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")  # without an init process to reap it, an ended orphan stays as a zombie
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_killed_process_leaves_no_worker_behind(tmp_path):
    script, told = tmp_path / "parent.py", tmp_path / "pid"
    script.write_text(PARENT)
    parent, worker = subprocess.Popen([sys.executable, script, told]), None
    try:
        assert waited(lambda: told.exists() and told.read_text())
        worker = int(told.read_text())
        assert runs(worker)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert waited(lambda: not runs(worker), 20)
    finally:
        parent.kill()
        if worker is not None and runs(worker):
            os.kill(worker, signal.SIGKILL)
