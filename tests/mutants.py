"""Mutation testing of theory/: how many small changes of the code do the tests notice?

    python -m tests.mutants [--sample N] [--seed S] [--jobs J] [--only PART] [--out FOLDER]

A run of each test file under coverage tells which tests touch which line. A process that has collected the tests forks
a child for each mutant (`mutant_bench`), which runs the tests that touch its line, quickest first, until one fails or
the patience ends; those that caught a change of the same function before come first. For a line that only an import
runs, or that JAX compiles, these are the tests of the files that import the module. What an import runs is judged in
a process of its own, with the mutant in its file. A mutant is *caught* if a test fails or the time is over; else it
*survives*, and is then either listed with a reason in `equivalent_mutants.toml` (it changes nothing that a caller can
see) or a hole in the tests. The first pass over all mutants is short (`--first`). What it does not catch is judged by
the rest of the tests in a second pass, and is a survivor only then. Results are written as they come; a second call
goes on where the first one stopped. They also go into `judged_mutants.txt`, from which a call on another machine goes
on, and `--summary` writes and counts them without judging.
"""

import ast
import json
import random
import shutil
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import accumulate
from pathlib import Path
from queue import SimpleQueue

import click
from rich.console import Console

from tests import mutant_ledger
from tests.mutant_bench import Bench
from tests.mutant_lines import touching
from tests.mutant_runs import (
    PACKAGE,
    ROOT,
    Timer,
    copy_of_the_project,
    enter,
    forked,
    judging_files,
    preload,
    run_pytest,
)
from tests.mutations import Mutant, mutants_of

NOT_MUTATED = {"__init__.py"}  # names
# JAX runs these once, when it compiles: which test meets which line depends on the order, so that all importers run.
TRACED = {"energy_dps", "schedule", "world"}
PER_TEST_S, START_S = 5.0, 45.0


@cache
def importers(path: Path) -> list[str]:
    """The test files that import a module of theory by name, or through `theory`."""
    module = ".".join([PACKAGE, *path.with_suffix("").parts])
    found = []
    for name in judging_files():
        modules = {n.module for n in ast.walk(ast.parse((ROOT / name).read_text())) if isinstance(n, ast.ImportFrom)}
        if modules & {module, f"{PACKAGE}.theory"}:
            found.append(name)
    return found


class Judge:
    """A bench and a private copy of the project; `first` and `patience` are seconds of tests, as they take unchanged.

    `judge` gives a verdict, or None: not caught in the first pass.
    """

    def __init__(self, tests: dict, files: list[str], budget: float, first: float, patience: float) -> None:
        self.tests, self.files, self.budget, self.first, self.patience = tests, files, budget, first, patience
        self.folder = copy_of_the_project()
        self.bench: Bench | None = None
        self.catchers: dict[str, list[str]] = defaultdict(list)

    def close(self) -> None:
        if self.bench:
            self.bench.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def judge(self, mutant: Mutant, second: bool) -> dict | None:
        self.bench = self.bench or Bench(self.folder, self.files)
        start = time.monotonic()
        now, later = self.plan(mutant)
        found = self.bench.judge(mutant, later if second else now, self.tests["seconds"])
        by, left = found["by"], found["left"]
        if by is None and second:
            left += self.bench.judge(mutant, now, self.tests["seconds"])["left"] if not left else []
            own = [t for t in [*now, *later] if t.partition("::")[0] in {x.partition("::")[0] for x in left}]
            by = self.alone(mutant, own) if own else None
        if by is None and not second and (later or left or not now):
            return None
        function = mutant.name.rpartition(" => ")[0].rpartition("::")[0]
        if by is not None and by in self.tests["seconds"]:
            self.catchers[function] = [by, *(t for t in self.catchers[function] if t != by)][:5]
        seconds = round(time.monotonic() - start, 2)
        return {"name": mutant.name, "line": mutant.line, "caught_by": by, "seconds": seconds}

    def plan(self, mutant: Mutant) -> tuple[list[str], list[str]]:
        """The tests of the first and of the second pass."""
        path, seconds = mutant.path.relative_to(ROOT), self.tests["seconds"]
        near = list(self.tests["lines"].get(str(path), {}).get(str(mutant.line), []))
        if not near or path.stem in TRACED:
            files = set(importers(path)) & set(self.files)
            near = sorted({*near, *(t for t in seconds if t.partition("::")[0] in files)})
        function = mutant.name.rpartition(" => ")[0].rpartition("::")[0]
        proven = {t: i - 9 for i, t in enumerate(self.catchers[function])}
        order = sorted(near, key=lambda t: (proven.get(t, 0), seconds.get(t, 0.0)))
        spent = list(accumulate(seconds.get(t, 0.0) for t in order))
        within = [t for t, s in zip(order, spent, strict=True) if s <= self.patience] or order[:1]
        count = max(1, sum(s <= self.first for s in spent[: len(within)]))
        return within[:count], within[count:]

    def alone(self, mutant: Mutant, tests: Sequence[str]) -> str | None:
        """Caught by what, in a process that imports the project with the mutant in its file."""
        path, folder = mutant.path.relative_to(ROOT), self.folder

        def work() -> list:
            enter(folder)
            timer = Timer()
            return [run_pytest(["-x", *tests], timer), timer.failed]

        needed = sum(self.tests["seconds"].get(t, 0.0) for t in tests)
        original = (folder / path).read_text(encoding="utf-8")
        try:
            (folder / path).write_text(mutant.source, encoding="utf-8")
            answer = forked(work, max(self.budget, START_S + PER_TEST_S * needed))
        finally:
            (folder / path).write_text(original, encoding="utf-8")
        if answer is None:
            return "time over or crash"
        return (answer[1] or ["collection"])[0] if answer[0] not in (0, 5) else None


@click.command(help="Mutation testing of theory/.")
@click.option("--sample", type=click.IntRange(min=1), help="Only so many mutants, drawn at random (default: all).")
@click.option("--seed", default=0, show_default=True)
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(min=1))
@click.option("--only", default="", help="Only mutants whose name contains this.")
@click.option("--summary", is_flag=True, help="Count what was judged, here or elsewhere, and judge nothing.")
@click.option("--again", is_flag=True, help="Judge survivors of earlier calls again.")
@click.option("--out", default="results/mutants", type=click.Path(file_okay=False, path_type=Path))
@click.option("--budget", default=180.0, show_default=True, help="Least seconds before a mutant's run is cut off.")
@click.option("--first", default=8.0, show_default=True, help="Seconds of tests for a mutant in the first pass.")
@click.option("--first-only", is_flag=True, help="No second pass: what the first does not catch stays unjudged.")
@click.option("--tests", "prefix", default="", help="Only test files whose names start so, such as test_theory.")
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
    first: float,
    first_only: bool,
    prefix: str,
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

    def keep() -> None:
        mutant_ledger.write({name: v["caught_by"] is not None for name, v in known.items() if name in lines_of})

    if summary:
        keep()
        _summary([known[m.name] for m in chosen if m.name in known], console)
        return
    preload()
    out.mkdir(parents=True, exist_ok=True)
    scratch = copy_of_the_project()
    try:
        judging = judging_files(prefix)
        tests = touching(out / "lines.json", scratch, console.print, judging)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    todo = [m for m in chosen if m.name not in known or (again and known[m.name]["caught_by"] is None)]
    console.print(f"{len(everything)} mutants, {len(chosen)} chosen, {len(chosen) - len(todo)} judged before")
    judges: SimpleQueue[Judge] = SimpleQueue()
    for _ in range(jobs):
        judges.put(Judge(tests, judging, budget, first, patience))

    def work(mutant: Mutant, second: bool) -> dict | None:
        judge = judges.get()
        try:
            return judge.judge(mutant, second)
        finally:
            judges.put(judge)

    try:
        with ThreadPoolExecutor(jobs) as pool, log.open("a") as lines:
            for second in (False,) if first_only else (False, True):
                missed = []
                for i, found in enumerate(pool.map(lambda m: work(m, second), todo), start=1):  # noqa: B023
                    if found is None:
                        missed.append(todo[i - 1])
                    else:
                        known[found["name"]] = found
                        print(json.dumps(found), file=lines, flush=True)
                    state = "missed  " if found is None else "caught  " if found["caught_by"] else "SURVIVED"
                    console.print(f"{i}/{len(todo)} {state} {todo[i - 1].name}", markup=False)
                todo = missed
    finally:
        while not judges.empty():
            judges.get().close()
        keep()
    _summary([known[m.name] for m in chosen if m.name in known], console)


def _remembered(name: str, line: int, caught: bool) -> dict:
    """A verdict from the ledger, which does not say by what."""
    return {"name": name, "line": line, "caught_by": "told by the ledger" if caught else None, "seconds": 0.0}


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
