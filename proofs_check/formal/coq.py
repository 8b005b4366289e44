"""Compile the Coq files and ask Coq what their theorems assume.

The sources are copied to a folder and compiled there, a file only if it, a file that it requires or Coq itself has
changed. The questions are a file of their own, compiled like the others.
"""

import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from distributional_view.locks import lock
from distributional_view.proofs_check.evidence import Absent
from distributional_view.proofs_check.places import HERE, ROOT

SOURCES = HERE / "formal"
BUILD = ROOT / "build" / "formal"
INSTALL = "on Debian: apt-get install coq libcoq-coquelicot"
LIBRARY = "Formal"
"""The name under which the files require one another."""
OPTIONS = ("-q", "-noglob", "-w", "-ambiguous-paths", "-Q", ".", LIBRARY)
LIMIT = 300
"""Seconds that one file may take."""
_REQUIRES = re.compile(rf"^From {LIBRARY} Require (?:Import |Export )?([\w ]+)\.", re.MULTILINE)
_PLACE = re.compile(r'File "\./(\w+\.v)", line (\d+), characters (\d+-\d+):')


class Refused(Exception):
    """Coq refuses a file; says where and why in its own words."""


def version() -> str:
    """Coq's version and where its library lies.

    Raises:
        Absent: if Coq or Coquelicot is not installed.
    """
    if shutil.which("coqc") is None:
        raise Absent(f"Coq is not installed ({INSTALL})")
    shown = subprocess.run(["coqc", "--version"], capture_output=True, text=True, check=True).stdout
    place = subprocess.run(["coqc", "-where"], capture_output=True, text=True, check=True).stdout.strip()
    if not (Path(place) / "user-contrib" / "Coquelicot").is_dir():
        raise Absent(f"Coquelicot is not installed beside Coq ({INSTALL})")
    return " ".join(shown.split())


def topics(sources: Path = SOURCES) -> list[str]:
    """The files without their ending, each after those that it requires.

    Raises:
        ValueError: if they require one another in a circle.
    """
    waiting = {path.stem: requires(path.read_text(encoding="utf-8")) for path in sorted(sources.glob("*.v"))}
    order: list[str] = []
    while waiting:
        ready = [name for name, needs in waiting.items() if not needs & waiting.keys()]
        if not ready:
            raise ValueError(f"{sources}: {sorted(waiting)} require one another in a circle")
        order += ready
        waiting = {name: needs for name, needs in waiting.items() if name not in ready}
    return order


def requires(text: str) -> set[str]:
    """Names of this library's files that a file requires directly."""
    return {name for names in _REQUIRES.findall(text) for name in names.split()}


def compiled(wanted: Sequence[str], sources: Path = SOURCES, build: Path = BUILD) -> str:
    """Compile files and all that they require, as far as something changed; returns a digest of what was compiled.

    Args:
        wanted: names of files without their ending.
        sources: where they lie.
        build: where copies and outcomes are kept.

    Raises:
        Absent: if Coq is not installed.
        Refused: if Coq refuses a file.
        ValueError: for a file that is not there.
    """
    texts = {name: (sources / f"{name}.v").read_text(encoding="utf-8") for name in topics(sources)}
    if absent := set(wanted) - texts.keys():
        raise ValueError(f"wanted = {sorted(absent)!r}: must be files in {sources}")
    needed, waiting = set[str](), list(wanted)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += requires(texts[name])
    coq, digests = version(), dict[str, str]()
    with _alone(build):
        for name in (name for name in texts if name in needed):
            parts = [coq, texts[name], *(digests[n] for n in sorted(requires(texts[name])))]
            digests[name] = hashlib.sha256("\0".join(parts).encode()).hexdigest()
            mark = build / f"{name}.done"
            if not (mark.exists() and mark.read_text() == digests[name] and (build / f"{name}.vo").exists()):
                mark.unlink(missing_ok=True)
                run(name, texts[name], build)
                mark.write_text(digests[name])
    return hashlib.sha256("".join(digests[name] for name in sorted(digests)).encode()).hexdigest()


def run(name: str, text: str, build: Path) -> str:
    """Compile one text as the file `name`; returns what Coq prints.

    Raises:
        Refused: if Coq refuses it.
    """
    (build / f"{name}.v").write_text(text, encoding="utf-8")
    try:
        done = subprocess.run(
            ["coqc", *OPTIONS, f"{name}.v"], cwd=build, capture_output=True, text=True, timeout=LIMIT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(f"{_shown(f'{name}.v')}: Coq took more than {LIMIT} s") from error
    if done.returncode:
        words = _PLACE.sub(lambda m: f"{_shown(m[1])}, line {m[2]}, characters {m[3]}:", done.stderr or done.stdout)
        raise Refused(words.strip() or f"{_shown(f'{name}.v')}: coqc ended with {done.returncode}")
    return done.stdout


def _shown(file: str) -> str:
    return f"proofs_check/formal/{file}" if (SOURCES / file).exists() else file


@contextmanager
def _alone(build: Path) -> Iterator[None]:
    """Only one process compiles in the folder; others wait for it."""
    build.mkdir(parents=True, exist_ok=True)
    file = os.open(build / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        while not lock(file):
            time.sleep(0.5)
        yield
    finally:
        os.close(file)
