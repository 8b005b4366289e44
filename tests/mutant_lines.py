"""Which tests touch which line of theory/, and how long each takes: a run of each test file under coverage, kept.

After a change of a test file only that file runs again; after a change of anything that tests share, all of them. A
call that was stopped goes on with the next file.
"""

import json
from pathlib import Path

from tests.mutant_ledger import digest
from tests.mutant_runs import PACKAGE, ROOT, RUNGS, Timer, enter, forked, run_pytest

LONGEST_S = 3600.0


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


def touching(cache: Path, folder: Path, say, names: list[str]) -> dict:
    """`map_lines` of some test files, from `cache` where it still holds.

    Raises:
        SystemExit: if a test fails before anything is changed.
    """
    files = {f: digest((ROOT / f).read_text(encoding="utf-8")) for f in names}
    known = json.loads(cache.read_text()) if cache.exists() else {}
    if known.get("shared") != shared():
        known = {"shared": shared(), "files": {}, "lines": {}, "seconds": {}}
    fresh = [f for f, version in files.items() if known["files"].get(f) != version]
    for place, file in enumerate(fresh, start=1):
        say(f"{file} under coverage, {place} of {len(fresh)}")
        found = forked(lambda file=file: map_lines(folder, [file]), LONGEST_S)
        if found is None or "failed" in found:
            failed = found or {"failed": [file], "why": "no answer"}
            raise SystemExit(f"the tests must pass before mutants are judged: {failed['failed']}\n{failed['why']}")
        kept = {f for f in known["files"] if f != file}
        known = _joined(known, found, kept) | {
            "shared": known["shared"],
            "files": known["files"] | {file: files[file]},
        }
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
