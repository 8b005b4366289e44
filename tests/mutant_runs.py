"""Running tests for mutation testing: a private copy of the project, child processes, a plugin that times tests."""

import contextlib
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "distributional_view"
ROOMS = ("theory", "toy", "figures", "proofs_check", "backends")
COPIED = (*ROOMS, "tests", "docs", "pyproject.toml", "README.md")
# Not about theory/, needing weights that the copy lacks, or too slow to run thousands of times: what only these would
# catch counts as survived.
LEFT_OUT = (
    "test_backends",
    "test_bench",
    "test_docs",
    "test_figures_ablations",
    "test_figures_bottleneck_embedded",
    "test_figures_command",
    "test_figures_lab",
    "test_figures_neurons",
    "test_figures_on_pictures",
    "test_figures_own",
    "test_figures_paradigms",
    "test_figures_report_faults",
    "test_figures_samplers",
    "test_figures_site",
    "test_figures_study",
    "test_layout",
    "test_package",
    "test_proofs_check_attack",
    "test_proofs_check_certified",
    "test_proofs_check_formal",
    "test_proofs_check_record",
    "test_proofs_check_statements",
    "test_proofs_check_trail",
    "test_readme",
    "test_slow",
    "test_store",
    "test_theory_mutants",
    "test_toy_recover",
    "test_weights",
)
RUNGS = "not symbolic- and not certified-"  # those two share no code with theory/


def judging_files(prefix: str = "") -> list[str]:
    """The test files that judge; only those whose names start with a prefix, and the doctests."""
    names = sorted(p.name for p in (ROOT / "tests").glob("test_*.py"))
    return [f"tests/{n}" for n in names if not n.startswith(LEFT_OUT) and n.startswith((prefix, "test_doctests"))]


class Timer:
    """A pytest plugin that times each test, and tells coverage which one is running."""

    def __init__(self, coverage=None):
        self.coverage, self.seconds, self.failed, self.why = coverage, {}, [], ""

    def pytest_runtest_setup(self, item):
        if self.coverage is not None:
            self.coverage.switch_context(item.nodeid)

    def pytest_runtest_logreport(self, report):
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)
            self.why = report.longreprtext[-4000:]


def run_pytest(arguments: list[str], *plugins: object) -> int:
    import pytest

    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        return int(pytest.main(["-q", "-m", "not slow", *arguments], plugins=list(plugins)))


def forked(work, seconds: float):
    """The JSON result of `work()` in a child process, or None when it took too long or died."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        os.setsid()
        status = 1
        try:
            answer = json.dumps(work())
            with os.fdopen(write, "w") as out:
                out.write(answer)
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    text, deadline = b"", time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            if select.select([read], [], [], 0.2)[0]:
                part = os.read(read, 1 << 16)
                if not part:
                    os.waitpid(pid, 0)
                    return json.loads(text) if text else None
                text += part
    finally:
        os.close(read)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def copy_of_the_project() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="mutants-"))
    for name in COPIED:
        if (ROOT / name).is_dir():
            left_out = shutil.ignore_patterns("__pycache__", "node_modules", "weights")
            shutil.copytree(ROOT / name, folder / name, ignore=left_out)
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "package", folder / PACKAGE)
    for name in ROOMS:  # under the name by which they are imported
        (folder / PACKAGE / name).symlink_to(folder / name)
    return folder


def enter(folder: Path) -> None:
    """Make this (child) process import the project from `folder`."""
    sys.dont_write_bytecode = True
    os.chdir(folder)
    for name in [n for n in sys.modules if n.split(".")[0] in (PACKAGE, "tests")]:
        del sys.modules[name]
    sys.meta_path[:] = [f for f in sys.meta_path if not f.__module__.startswith("__editable__")]
    sys.path[:] = [str(folder), *(p for p in sys.path if p not in ("", str(ROOT)))]


def preload() -> None:
    """What every child would import again. No JAX computation here: its threads would not survive the fork."""
    import equinox
    import hypothesis
    import jax.numpy
    import mpmath
    import pytest
    import scipy.integrate
    import scipy.interpolate
    import scipy.optimize
    import scipy.special
    import scipy.stats

    assert all((equinox, hypothesis, jax.numpy, mpmath, pytest, scipy))
