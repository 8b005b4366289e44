"""Which tests touch which line of theory/, and how long each takes: one run under coverage, kept in a file.

After a change of a test file only that file runs again; after a change of anything that tests share, all of them.
"""

import json
from pathlib import Path

from tests.mutant_ledger import digest
from tests.mutant_runs import PACKAGE, ROOT, RUNGS, Timer, enter, forked, run_pytest, test_files

LONGEST_S = 5400.0


def map_lines(folder: Path, files: list[str]) -> dict:
    """In a child: {"lines": {file: {line: tests}}, "seconds": {test: s}}, or {"failed": tests, "why": text}."""
    import coverage

    enter(folder)
    cov = coverage.Coverage(data_file=None, source=[str(folder / PACKAGE / "theory")])
    timer = Timer(cov)
    cov.start()
    code = run_pytest([*files, "-k", RUNGS], timer)
    cov.stop()
    if code not in (0, 5):
        return {"failed": timer.failed or [f"exit code {code}"], "why": timer.why}
    data, lines = cov.get_data(), {}
    for name in data.measured_files():
        path = str(Path(name).resolve().relative_to(folder.resolve())).removeprefix(f"{PACKAGE}/")
        lines[path] = {str(k): sorted(c for c in v if c) for k, v in data.contexts_by_lineno(name).items()}
    return {"lines": lines, "seconds": timer.seconds}


def shared() -> str:
    """A digest of all sources that tests share: the rooms that they import, and tests/ but for the test files."""
    parts = [p for room in ("theory", "toy", "proofs_check") for p in (ROOT / room).rglob("*.py")]
    parts += [p for p in (ROOT / "tests").rglob("*.py") if not p.name.startswith(("test_", "mutant", "mutation"))]
    return digest("".join(digest(p.read_text(encoding="utf-8")) for p in sorted(parts)))


def touching(cache: Path, folder: Path, say) -> dict:
    """`map_lines` of all test files, from `cache` where it still holds.

    Raises:
        SystemExit: if a test fails before anything is changed.
    """
    files = {f: digest((ROOT / f).read_text(encoding="utf-8")) for f in test_files()}
    known = json.loads(cache.read_text()) if cache.exists() else {}
    if known.get("shared") != shared():
        known = {"shared": shared(), "files": {}, "lines": {}, "seconds": {}}
    fresh = [f for f, version in files.items() if known["files"].get(f) != version]
    kept = {f for f in files if f not in fresh}
    if fresh:
        say(f"running {len(fresh)} of {len(files)} test files once under coverage")
        found = forked(lambda: map_lines(folder, fresh), LONGEST_S)
        if found is None or "failed" in found:
            failed = found or {"failed": ["no answer"], "why": ""}
            raise SystemExit(f"the tests must pass before mutants are judged: {failed['failed']}\n{failed['why']}")
        known = _joined(known, found, kept) | {"shared": known["shared"], "files": files}
        cache.write_text(json.dumps(known))
    return known


def _joined(known: dict, found: dict, kept: set[str]) -> dict:
    def of_kept(tests: list[str]) -> list[str]:
        return [t for t in tests if t.partition("::")[0] in kept]

    lines = {path: {k: of_kept(v) for k, v in by.items()} for path, by in known["lines"].items()}
    for path, by in found["lines"].items():
        mine = lines.setdefault(path, {})
        for line, tests in by.items():
            mine[line] = sorted({*mine.get(line, []), *tests})
    seconds = {t: s for t, s in known["seconds"].items() if t.partition("::")[0] in kept}
    return {"lines": lines, "seconds": seconds | found["seconds"]}
