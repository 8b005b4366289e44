"""What was judged of each file of theory/, so that `make mutants` goes on where another machine stopped.

A line a file: its path, the beginning of its hash, then a word a mutant: the beginning of the hash of its name, and "c"
for caught or "s" for survived. A file that has changed since is judged anew.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEDGER = ROOT / "tests" / "judged_mutants.txt"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def read(names: Iterable[str], ledger: Path = LEDGER, root: Path = ROOT) -> dict[str, bool]:
    """Name -> caught, of those among `names` that were judged in the files as they are now."""
    if not ledger.exists():
        return {}
    verdicts = {}
    for line in ledger.read_text(encoding="utf-8").splitlines():
        path, version, *words = line.split()
        if (root / path).exists() and digest((root / path).read_text(encoding="utf-8")) == version:
            verdicts |= {(path, word[:-1]): word[-1] == "c" for word in words}
    places = {name: (name.partition("::")[0], digest(name)) for name in names}
    return {name: verdicts[place] for name, place in places.items() if place in verdicts}


def write(verdicts: Mapping[str, bool], ledger: Path = LEDGER, root: Path = ROOT) -> None:
    """Name -> caught, all of them judged in the files as they are now; replaces the ledger."""
    words: dict[str, list[str]] = {}
    for name, caught in sorted(verdicts.items()):
        words.setdefault(name.partition("::")[0], []).append(digest(name) + ("c" if caught else "s"))
    lines = [f"{path} {digest((root / path).read_text(encoding='utf-8'))} {' '.join(w)}" for path, w in words.items()]
    ledger.write_text("\n".join(lines) + "\n", encoding="utf-8")
