"""Find the modules that hold evidence, import them, and run the pieces, in this process or in several."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from pathlib import Path

from distributional_view.proofs_check.evidence import Evidence, Outcome, registered, run
from distributional_view.proofs_check.places import HERE, ROOT, own_tests
from distributional_view.workers import workers


def modules() -> list[str]:
    """Names of the modules that hold evidence; those of `tests` only in a checkout, where they lie beside."""
    found = [
        f"{__package__}.{rung}.{path.stem}"
        for rung in ("symbolic", "certified")
        for path in sorted((HERE / rung).glob("[!_]*.py"))
    ]
    folder = own_tests(ROOT)
    found.append(f"{__package__}.formal.checks")
    return [*found, *(f"tests.{path.stem}" for path in sorted(folder.glob("evidence_*.py") if folder else ()))]


def load() -> dict[str, str]:
    """Import all of them, which registers their evidence; returns those that fail to import -> why.

    JAX is switched to 64 bits unless something has imported it before: the checks need it.
    """
    os.environ.setdefault("JAX_ENABLE_X64", "1")
    broken = {}
    for name in modules():
        try:
            load_one(name)
        except Exception as error:  # one broken module must not hide where the others stand
            broken[name] = f"{type(error).__name__}: {error}"
    return broken


def load_one(name: str) -> None:
    """Import a module of evidence; one of `tests` from this project's own folder, wherever another of that name lies.

    Raises:
        ImportError: if a package `tests` of something else is loaded already.
    """
    folder = own_tests(ROOT)
    if name.startswith("tests.") and folder:
        _load_package("tests", folder)
    importlib.import_module(name)


def _load_package(name: str, folder: Path) -> None:
    """Import a package from a folder, not from wherever the path finds its name first."""
    loaded = sys.modules.get(name)
    if loaded is not None:
        places = [str(Path(place).resolve()) for place in getattr(loaded, "__path__", [])]
        if places != [str(folder)]:
            raise ImportError(f"a package {name!r} of something else is loaded, from {places}: needed is {folder}")
        return
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder / '__init__.py'}: cannot be loaded as a package")
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)


def outcomes(pieces: Sequence[Evidence], jobs: int = 1) -> Iterator[Outcome]:
    """Run the pieces; yields each outcome as it is ready."""
    if jobs == 1:
        yield from map(run, pieces)
        return
    with workers(jobs) as pool:
        waiting = {pool.submit(_run_by_key, piece.check.__module__, _key(piece)): piece for piece in pieces}
        for done in as_completed(waiting):
            try:
                yield Outcome(waiting[done], *done.result())
            except Exception as error:  # a lost process fails its piece, the others go on
                yield Outcome(waiting[done], False, f"no outcome from its process: {error}", 0.0)


Key = tuple[str, str, str]


def _key(piece: Evidence) -> Key:
    return piece.label, piece.rung, piece.name


def _run_by_key(module: str, key: Key) -> tuple[bool, str, float, dict[str, str], bool]:
    """In another process: controls may hold anything, so that only names and words travel."""
    load_one(module)
    found = [piece for piece in registered() if _key(piece) == key]
    if not found:
        raise RuntimeError(f"{key!r} is not in {module} any more: its file changed during the run")
    outcome = run(found[0])
    return outcome.passed, outcome.shown, outcome.seconds, dict(outcome.rejections), outcome.absent
