"""Mutation testing of theory/: how many small changes of the code do the tests notice?

    python -m tests.mutants [--sample N] [--seed S] [--jobs J] [--only PART] [--out FOLDER]

One run of the tests under coverage tells which tests touch which line. Each mutant is written into a private copy of
the project and those tests run on it, quickest first, until one fails or the patience ends. For a line that only an
import runs, or that JAX compiles, all tests of the files that import the module run. A process that has imported the
libraries once is forked for each mutant. A mutant is *caught* if a test fails or the time is over; else it *survives*,
and is then either listed with a reason in `equivalent_mutants.toml` (it changes nothing that a caller can see) or a
hole in the tests. Results are written as they come; a second call goes on where the first one stopped. At the end
they go into `judged_mutants.txt`, from which a call on another machine goes on, and `--summary` counts without judging.
"""

import ast
import contextlib
import json
import os
import random
import select
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path

import click
from rich.console import Console

from tests import mutant_ledger
from tests.mutations import Mutant, mutants_of

ROOT = Path(__file__).resolve().parent.parent
NOT_MUTATED = {"__init__.py"}  # names
PACKAGE = "distributional_view"
ROOMS = ("theory", "toy", "figures", "proofs_check", "backends")
COPIED = (*ROOMS, "tests", "docs", "pyproject.toml", "README.md")
# Not about theory/, or too slow to run thousands of times: what only these would catch counts as survived.
LEFT_OUT = (
    "test_backends",
    "test_docs",
    "test_figures_command",
    "test_layout",
    "test_package",
    "test_proofs_check_certified",
    "test_proofs_check_statements",
    "test_readme",
    "test_slow",
    "test_theory_mutants",
    "test_toy_recover",
)
# JAX runs these once, when it compiles: which test meets which line depends on the order, so that all importers run.
TRACED = {"energy_dps", "schedule", "world"}
RUNGS = "not symbolic- and not certified-"  # those two share no code with theory/
PER_TEST_S, START_S = 5.0, 45.0


def test_files() -> list[str]:
    names = sorted(p.name for p in (ROOT / "tests").glob("test_*.py"))
    return [f"tests/{n}" for n in names if not n.startswith(LEFT_OUT)]


def importers(path: Path) -> list[str]:
    """The test files that import a module of theory by name, or through `theory`."""
    module = ".".join([PACKAGE, *path.with_suffix("").parts])
    found = []
    for name in test_files():
        modules = {n.module for n in ast.walk(ast.parse((ROOT / name).read_text())) if isinstance(n, ast.ImportFrom)}
        if modules & {module, f"{PACKAGE}.theory"}:
            found.append(name)
    return found


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


def run_pytest(arguments: list[str], timer: Timer) -> int:
    import pytest

    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        return int(pytest.main(["-q", "-m", "not slow", *arguments], plugins=[timer]))


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


def map_lines(folder: Path) -> dict:
    """Which tests touch which line of theory/, and how long each takes."""
    import coverage

    enter(folder)
    cov = coverage.Coverage(data_file=None, source=[str(folder / PACKAGE / "theory")])
    timer = Timer(cov)
    cov.start()
    code = run_pytest([*test_files(), "-k", RUNGS], timer)
    cov.stop()
    if code != 0:
        return {"failed": timer.failed or [f"exit code {code}"], "why": timer.why}
    data, lines = cov.get_data(), {}
    for name in data.measured_files():
        path = str(Path(name).resolve().relative_to(folder.resolve())).removeprefix(f"{PACKAGE}/")
        lines[path] = {str(k): sorted(c for c in v if c) for k, v in data.contexts_by_lineno(name).items()}
    return {"lines": lines, "seconds": timer.seconds}


def judge(mutant: Mutant, folder: Path, tests: dict, budget: float, patience: float) -> dict:
    """Caught or survived, by what, in how many seconds."""
    path = mutant.path.relative_to(ROOT)
    touching = tests["lines"].get(str(path), {}).get(str(mutant.line), [])
    quickest = sorted(touching, key=lambda t: tests["seconds"].get(t, 0.0))
    spent = list(accumulate(tests["seconds"].get(t, 0.0) for t in quickest))
    quickest = [t for t, s in zip(quickest, spent, strict=True) if s <= patience] or quickest[:1]
    start = time.monotonic()

    def attempt(arguments: list[str]) -> list | None:
        def work() -> list:
            enter(folder)
            (folder / path).write_text(mutant.source)
            timer = Timer()
            return [run_pytest(["-x", *arguments], timer), timer.failed]

        needed = sum(tests["seconds"].get(t, 0.0) for t in quickest)
        return forked(work, max(budget, START_S + PER_TEST_S * needed))

    def verdict(answer: list | None) -> str | None:
        if answer is None:
            return "time over or crash"
        return (answer[1] or ["collection"])[0] if answer[0] not in (0, 5) else None

    try:
        by = verdict(attempt(quickest)) if quickest else None
        if by is None and (not quickest or path.stem in TRACED) and (files := importers(path)):
            by = verdict(attempt([*files, "-k", RUNGS]))
    finally:
        shutil.copy(ROOT / path, folder / path)
    return {"name": mutant.name, "line": mutant.line, "caught_by": by, "seconds": round(time.monotonic() - start, 1)}


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


@click.command(help="Mutation testing of theory/.")
@click.option("--sample", type=click.IntRange(min=1), help="Only so many mutants, drawn at random (default: all).")
@click.option("--seed", default=0, show_default=True)
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(min=1))
@click.option("--only", default="", help="Only mutants whose name contains this.")
@click.option("--summary", is_flag=True, help="Count what was judged, here or elsewhere, and judge nothing.")
@click.option("--again", is_flag=True, help="Judge survivors of earlier calls again.")
@click.option("--out", default="results/mutants", type=click.Path(file_okay=False, path_type=Path))
@click.option("--budget", default=180.0, show_default=True, help="Least seconds before a mutant's run is cut off.")
@click.option("--patience", default=60.0, show_default=True, help="Seconds of tests, quickest first, for a mutant.")
def main(
    sample: int | None,
    seed: int,
    jobs: int,
    only: str,
    summary: bool,
    again: bool,
    out: Path,
    budget: float,
    patience: float,
) -> None:
    console = Console()
    files = [p for p in sorted((ROOT / "theory").rglob("*.py")) if p.name not in NOT_MUTATED]
    everything = [m for p in files for m in mutants_of(p, ROOT)]
    chosen = list(everything)
    random.Random(seed).shuffle(chosen)
    chosen = [m for m in chosen if only in m.name][: sample or len(chosen)]
    kept = mutant_ledger.read(m.name for m in everything)
    lines_of = {m.name: m.line for m in everything}
    known = {name: _remembered(name, lines_of[name], caught) for name, caught in kept.items()}
    log = out / "verdicts.jsonl"
    if log.exists():
        known |= {v["name"]: v for v in map(json.loads, log.read_text().splitlines())}
    if summary:
        _summary([known[m.name] for m in chosen if m.name in known], console)
        return
    preload()
    out.mkdir(parents=True, exist_ok=True)
    folders = [copy_of_the_project() for _ in range(jobs)]
    try:
        tests = _tests(out, folders[0], console)
        todo = [m for m in chosen if m.name not in known or (again and known[m.name]["caught_by"] is None)]
        console.print(f"{len(everything)} mutants, {len(chosen)} chosen, {len(chosen) - len(todo)} judged before")
        free = list(folders)

        def work(mutant: Mutant) -> dict:
            folder = free.pop()
            try:
                return judge(mutant, folder, tests, budget, patience)
            finally:
                free.append(folder)

        with ThreadPoolExecutor(jobs) as pool, log.open("a") as lines:
            for i, found in enumerate(pool.map(work, todo), start=1):
                known[found["name"]] = found
                print(json.dumps(found), file=lines, flush=True)
                state = "caught  " if found["caught_by"] else "SURVIVED"
                console.print(f"{i}/{len(todo)} {state} {found['seconds']:5.1f} s  {found['name']}", markup=False)
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        mutant_ledger.write({name: v["caught_by"] is not None for name, v in known.items() if name in lines_of})
    _summary([known[m.name] for m in chosen if m.name in known], console)


def _remembered(name: str, line: int, caught: bool) -> dict:
    """A verdict from the ledger, which does not say by what."""
    return {"name": name, "line": line, "caught_by": "told by the ledger" if caught else None, "seconds": 0.0}


def _tests(out: Path, folder: Path, console: Console) -> dict:
    cache = out / "lines.json"
    newest = max(p.stat().st_mtime for part in ("theory", "tests", "toy") for p in (ROOT / part).rglob("*.py"))
    if not cache.exists() or cache.stat().st_mtime < newest:
        console.print("running the tests once under coverage")
        found = forked(lambda: map_lines(folder), 3600.0)
        if found is None or "failed" in found:
            failed = found or {"failed": ["no answer"], "why": ""}
            raise SystemExit(f"the tests must pass before mutants are judged: {failed['failed']}\n{failed['why']}")
        cache.write_text(json.dumps(found))
    return json.loads(cache.read_text())


def _summary(verdicts: list[dict], console: Console) -> None:
    listed = tomllib.loads((ROOT / "tests" / "equivalent_mutants.toml").read_text())
    equivalent = {name for group in listed.values() for name in group["mutants"]}
    survived = [v for v in verdicts if v["caught_by"] is None]
    holes = [v for v in survived if v["name"] not in equivalent]
    counts: dict[str, Counter] = defaultdict(Counter)
    for v in verdicts:
        state = "caught" if v["caught_by"] else "equivalent" if v["name"] in equivalent else "survived"
        counts[v["name"].split("::")[0]][state] += 1
    for name, c in sorted(counts.items()):
        console.print(f"{name:28} caught {c['caught']:4}  survived {c['survived']:4}  equivalent {c['equivalent']:4}")
    for v in sorted(holes, key=lambda v: v["name"]):
        console.print(f"line {v['line']}: {v['name']}", markup=False)
    visible = len(verdicts) - len(survived) + len(holes)
    console.print(f"caught {visible - len(holes)} of {visible} mutants that change behaviour", end=" ")
    console.print(
        f"({(visible - len(holes)) / max(visible, 1):.1%}); {len(survived) - len(holes)} listed as equivalent"
    )


if __name__ == "__main__":
    main()
