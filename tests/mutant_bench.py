"""A process that has imported the project and collected its tests, and forks a child for each mutant.

The child puts the mutant's code in place (`mutant_code`) and runs the tests asked for until one fails. A test whose
CPU time passes its limit kills the child: an endless loop is caught, a busy machine is not mistaken for one.
"""

import ast
import gc
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from tests.mutant_code import OutOfReach, Watch, change, functions_by_key
from tests.mutant_runs import PACKAGE, ROOT, RUNGS, Timer, enter, forked, judging_files, run_pytest
from tests.mutations import Mutant

LEAST_CPU_S, TIMES = 30.0, 10.0  # a test may take so long, or so many times what it took unchanged
WALL_TIMES = 20.0  # a child that waits for ever uses no CPU


class Bench:
    """One such process, which lives until `close`."""

    def __init__(self, folder: Path, files: Sequence[str] | None = None) -> None:
        to_bench, self._requests = os.pipe()
        self._answers, from_bench = os.pipe()
        self.folder, self._pid = folder, os.fork()
        if self._pid == 0:
            os.close(self._requests)
            os.close(self._answers)
            try:
                _serve(folder, files or judging_files(), os.fdopen(to_bench), os.fdopen(from_bench, "w"))
            finally:
                os._exit(0)
        os.close(to_bench)
        os.close(from_bench)
        self._out, self._in = os.fdopen(self._requests, "w"), os.fdopen(self._answers)
        ready = json.loads(self._in.readline() or '{"failed": "the bench died"}')
        if "failed" in ready:
            raise SystemExit(f"the tests cannot be collected: {ready['failed']}")
        self.tests: list[str] = ready["tests"]

    def judge(self, mutant: Mutant, tests: Sequence[str], seconds: Mapping[str, float]) -> dict:
        """{"by": test or None, "left": tests that need a process of their own, "seconds": ...}."""
        path = mutant.path.relative_to(ROOT)
        request = {"path": str(path), "source": mutant.source, "tests": [[t, seconds.get(t, 0.0)] for t in tests]}
        print(json.dumps(request), file=self._out, flush=True)
        line = self._in.readline()
        if not line:
            raise RuntimeError(f"the bench died over {mutant.name}")
        return json.loads(line)

    def close(self) -> None:
        print(file=self._out, flush=True)
        self._out.close()
        self._in.close()
        os.waitpid(self._pid, 0)


def _serve(folder: Path, files: Sequence[str], requests, answers) -> None:
    for path in (folder / "theory").rglob("*.py"):  # as mutants are written, line for line
        path.write_text(ast.unparse(ast.parse(path.read_text(encoding="utf-8"))), encoding="utf-8")
    enter(folder)
    import jax

    jax.config.update("jax_compilation_cache_dir", str(folder / "compiled"))  # what no mutant changes compiles once
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    watch = Watch(folder)
    watch.on()
    code = run_pytest([*files, "-k", RUNGS], _Loop(folder, requests, answers, watch))
    print(json.dumps({"failed": f"pytest ended with {code}"}), file=answers, flush=True)


class _Loop:
    """The pytest plugin that runs tests when asked, instead of all that were collected."""

    def __init__(self, folder: Path, requests, answers, watch: Watch) -> None:
        self.folder, self.requests, self.answers, self.watch = folder, requests, answers, watch
        self.importing = cache(lambda modules: importing(set(modules), folder))
        self.timer = Timer()

    def pytest_runtest_logreport(self, report):
        self.timer.pytest_runtest_logreport(report)

    def pytest_runtestloop(self, session):
        self.watch.off()
        if session.testsfailed:
            self.say({"failed": f"{session.testsfailed} files"})
            return True
        if sys.modules["jax._src.xla_bridge"]._backends:
            self.say({"failed": "collecting the tests started JAX, whose threads would not survive a fork"})
            return True
        self.items = {item.nodeid: item for item in session.items}
        modules = {n: m for n, m in sys.modules.items() if n.startswith(f"{PACKAGE}.theory")}
        self.modules = {Path(m.__file__).resolve().relative_to(self.folder.resolve()): m for m in modules.values()}
        self.functions = functions_by_key({m.__file__ for m in modules.values()})
        self.sources = {path: (self.folder / path).read_text() for path in self.modules}
        gc.collect()
        gc.freeze()
        self.say({"tests": list(self.items)})
        for line in iter(self.requests.readline, ""):
            if not line.strip():
                break
            self.say(self.answer(json.loads(line)))
        return True

    def say(self, what: dict) -> None:
        print(json.dumps(what), file=self.answers, flush=True)

    def answer(self, request: dict) -> dict:
        path, start = Path(request["path"]), time.monotonic()
        seconds = dict(request["tests"])
        try:
            todo = change(self.modules[path], self.sources[path], request["source"], self.functions, self.watch.ran)
        except OutOfReach:
            return {"by": None, "left": list(seconds), "seconds": 0.0}
        stale = self.files_that_import(todo.stale)
        left = [t for t in seconds if t not in self.items or t.partition("::")[0] in stale]
        tests = [(self.items[t], max(LEAST_CPU_S, TIMES * s)) for t, s in seconds.items() if t not in left]
        longest = WALL_TIMES * (LEAST_CPU_S + sum(seconds.values()))
        try:
            (self.folder / path).write_text(request["source"])
            by = forked(lambda: self.run(todo, tests), longest) if tests else [None]
        finally:
            (self.folder / path).write_text(self.sources[path])
        if by is None and time.monotonic() - start >= longest:  # it waited, or the machine stood still: no verdict here
            return {"by": None, "left": list(seconds), "seconds": round(time.monotonic() - start, 2)}
        by = "time over or crash" if by is None else by[0]
        return {"by": by, "left": left, "seconds": round(time.monotonic() - start, 2)}

    def files_that_import(self, modules: frozenset[str]) -> set[str]:
        """The test files that are, or import, one of these files; all of them if one is of the project itself."""
        files = {t.partition("::")[0] for t in self.items}
        if any(not m.startswith(f"{self.folder}/tests/") for m in modules):
            return files
        return self.importing(frozenset(str(Path(m).relative_to(self.folder)) for m in modules)) & files

    def run(self, todo, tests: list) -> list:
        """In the child: by which test it is caught."""
        todo.make()
        signal.signal(signal.SIGPROF, signal.SIG_DFL)  # which ends the process
        for (item, limit), after in zip(tests, [*(i for i, _ in tests[1:]), None], strict=True):
            signal.setitimer(signal.ITIMER_PROF, limit)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            if self.timer.failed:
                return [self.timer.failed[0]]
        return [None]


def importing(paths: set[str], folder: Path) -> set[str]:
    """The files of tests/, as paths inside `folder`, that are one of `paths` or import one, directly or not."""
    imports, every = {}, sorted((folder / "tests").rglob("*.py"))
    for path in every:
        text = path.read_text(encoding="utf-8")
        nodes = list(ast.walk(ast.parse(text)))
        names = {n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)}
        names |= {f"tests.{alias.name}" for n in nodes for alias in _from_tests(n)}
        mine = {f"{name.replace('.', '/')}.py" for name in names}
        if 'import_module(f"tests.' in text:  # by a name put together: it may be any
            mine |= {str(p.relative_to(folder)) for p in every}
        imports[str(path.relative_to(folder))] = mine
    found = set(paths)
    while more := {path for path, of in imports.items() if of & found and path not in found}:
        found |= more
    return found


def _from_tests(node: ast.AST) -> list[ast.alias]:
    """`from tests import name` imports a module, not a name of one."""
    return node.names if isinstance(node, ast.ImportFrom) and node.module == "tests" else []
