"""A job is a folder: bound to what was asked for, keeping what took long, going on where it stopped."""

import json
from pathlib import Path
from typing import Any

from distributional_view.files import write_whole
from distributional_view.theory.methods.method import MeanAt, Memory


class OtherRequest(ValueError):
    """The folder holds the work of another request; says what differs."""


def bind(out: Path, job: dict[str, Any]) -> None:
    """Make `out` the folder of this job, or see that it is.

    Args:
        out: the folder; made if need be.
        job: everything that decides the result, as JSON can hold it.

    Raises:
        OtherRequest: if it is another job's.
    """
    path = out / "job.json"
    wanted = json.loads(json.dumps(job))
    if not path.exists():
        write_whole(path, json.dumps(wanted, indent=2) + "\n")
        return
    known = json.loads(path.read_text())
    if known != wanted:
        differing = sorted(k for part in wanted for k in _differences(known.get(part), wanted[part], part))
        raise OtherRequest(f"{out} holds another job (differs in {', '.join(differing)}): choose another folder for it")


def _differences(a: Any, b: Any, name: str) -> list[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        return [n for k in {*a, *b} for n in _differences(a.get(k), b.get(k), f"{name}.{k}")]
    return [] if a == b else [name]


def in_file(path: Path) -> Memory:
    """A memory of calibration runs that is kept in a file, one line a run, and read when it is made."""
    lines = path.read_text().splitlines() if path.exists() else []
    known = {row["knob"]: row["mean"] for row in map(json.loads, lines)}

    def remember(mean_at: MeanAt) -> MeanAt:
        def remembered(knob: float) -> float:
            if knob not in known:
                known[knob] = mean_at(knob)
                with path.open("a") as file:
                    print(json.dumps({"knob": knob, "mean": known[knob]}), file=file)
            return known[knob]

        return remembered

    return remember
