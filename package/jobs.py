"""A job is a folder: bound to everything that decides its result, held by one process, going on where it stopped.

Every long command works in one. `job.json` says whose work the folder holds: what was asked for and a hash of every
file that the work reads. The same call goes on from what is there; any other is refused, and told what differs.
Everything else in the folder is written whole and sealed for this job (`distributional_view.sealed`), or line by line
(`Lines`), so that a kill at any moment, a full disk or a damaged file loses little and is never taken for a result.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from distributional_view.errors import UserError
from distributional_view.files import PARTIAL, write_json, write_whole
from distributional_view.fingerprints import Hashes
from distributional_view.locks import held

JOB, HASHES, LOCK = "job.json", ".hashes.json", ".lock"


class OtherRequest(UserError):
    """The folder holds the work of another request; says what differs."""


class Job(NamedTuple):
    """A folder that is ours, and the token that marks our files: equal for equal jobs only."""

    folder: Path
    token: str


@contextmanager
def opened(
    out: Path, identity: Mapping[str, Any], contents: Mapping[str, Path] | None = None, writes: Sequence[str] = ()
) -> Iterator[Job]:
    """Make `out` the folder of this job, or see that it is; nobody else works in it meanwhile.

    Args:
        out: the folder; made if need be.
        identity: everything that decides the result, as JSON can hold it.
        contents: files that decide it, by names for messages; hashed whole, once each.
        writes: patterns of the files that the job makes. Where there are some and no `job.json`, they are somebody's.

    Raises:
        OtherRequest: if it is another job's.
        UserError: if another process works there, it cannot be written, or holds files that could be lost.
    """
    with held(out / LOCK, str(out)):
        for left in out.glob(f"{PARTIAL}*"):  # of a process that was killed while it wrote
            left.unlink()
        try:
            wanted = _bind(out, _whole(identity, contents or {}, Hashes(out / HASHES)), writes)
        except OtherRequest:  # unless it was the memory of the hashes that is wrong
            (out / HASHES).unlink(missing_ok=True)
            wanted = _bind(out, _whole(identity, contents or {}, Hashes(out / HASHES)), writes)
        yield Job(out, hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest())


def _whole(identity: Mapping[str, Any], contents: Mapping[str, Path], hashes: Hashes) -> dict[str, Any]:
    """The identity with the hashes, as a JSON file gives it back."""
    read = {"contents": {name: hashes.of(path) for name, path in contents.items()}} if contents else {}
    whole: dict[str, Any] = json.loads(json.dumps({**identity, **read}, allow_nan=False))
    return whole


def _bind(out: Path, wanted: dict[str, Any], writes: Sequence[str]) -> dict[str, Any]:
    """Write `job.json`, or see that it says what is wanted; returns that."""
    path = out / JOB
    if not path.exists():
        there = sorted(found.name for pattern in writes for found in out.glob(pattern))
        if there:
            raise UserError(
                f"{out} holds {there[0]} but no {JOB} that says whose it is: choose another folder, "
                "so that nothing is lost"
            )
        write_json(path, wanted)
        return wanted
    known = read_json(path, "choose another folder, or delete this one to begin again")
    if known != wanted:
        differing = ", ".join(sorted(differences(known, wanted)))
        raise OtherRequest(
            f"{out} holds another job ({JOB} differs in {differing}): choose another folder for it, "
            "or delete that one to begin again"
        )
    return wanted


def differences(a: Any, b: Any, name: str = "") -> list[str]:
    """Dotted names of what differs between two nested mappings."""
    if isinstance(a, dict) and isinstance(b, dict):
        below = f"{name}." if name else ""
        return [n for k in {*a, *b} for n in differences(a.get(k), b.get(k), f"{below}{k}")]
    return [] if a == b else [name or "everything"]


def read_json(path: Path, way_out: str) -> Any:
    """What a JSON file holds.

    Raises:
        UserError: if it is none; names the file and says the way out.
    """
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is cut or damaged ({error}): {way_out}") from error


class Lines:
    """Rows that are kept as they come, one line of JSON each, sealed for a job.

    A line that was cut off while it was written, the last one, is dropped.

    Args:
        path: of the file; read when this is made.
        job: whose it is.

    Raises:
        UserError: if a line before the last one is damaged or of another job; names the file and the line.
    """

    def __init__(self, path: Path, job: str = "") -> None:
        self.path, self.job = path, job
        self.rows: list[dict[str, Any]] = []
        lines = path.read_bytes().split(b"\n") if path.exists() else []
        filled = [line for line in lines if line]
        for number, line in enumerate(filled, start=1):
            row = self._row(line)
            if row is not None:
                self.rows.append(row)
            elif number < len(filled):
                raise UserError(
                    f"{path}: line {number} is damaged, or of another job: delete the file, "
                    "and the same call makes it again"
                )
        if b"\n".join([*map(self._line, self.rows), b""]) != b"\n".join(lines):
            write_whole(path, "".join(self._line(row).decode() + "\n" for row in self.rows))

    def add(self, row: dict[str, Any]) -> None:
        """Keep one more row; it is on its way to the disk when this returns.

        Raises:
            UserError: if it cannot be written.
        """
        try:
            with self.path.open("ab", buffering=0) as file:
                file.write(self._line(row) + b"\n")
        except OSError as error:
            raise UserError(f"{self.path} cannot be written: {error.strerror}") from error
        self.rows.append(row)

    def _seal(self, row: dict[str, Any]) -> str:
        text = json.dumps([self.job, row], sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _line(self, row: dict[str, Any]) -> bytes:
        return json.dumps({**row, "seal": self._seal(row)}, allow_nan=False).encode()

    def _row(self, line: bytes) -> dict[str, Any] | None:
        try:
            row = json.loads(line)
            return row if isinstance(row, dict) and row.pop("seal", None) == self._seal(row) else None
        except ValueError:
            return None
