"""Jobs of the backends: `distributional_view.jobs`, a memory of calibration runs, and devices that are there."""

from pathlib import Path

import torch

from distributional_view.errors import UserError
from distributional_view.jobs import Lines
from distributional_view.jobs import OtherRequest as OtherRequest
from distributional_view.theory.methods.method import Memory, in_memory

DEVICES = ("cpu", "cuda", "mps", "xpu")
"""Kinds of devices that the networks run on."""


def in_file(path: Path, job: str = "") -> Memory:
    """A memory of calibration runs that is kept in a file, one line a run, and read when it is made.

    Args:
        path: of the file.
        job: whose it is: the `token` of a job.

    Raises:
        UserError: if the file is damaged, or of another job.
    """
    lines = Lines(path, job)
    known = {row["knob"]: row["mean"] for row in lines.rows}
    return in_memory(known, lambda knob, mean: lines.add({"knob": knob, "mean": mean}))


def usable(device: str) -> str:
    """The device itself, if it is there.

    Raises:
        UserError: if it is not, or there is no such kind; says which there are.
    """
    try:
        found = torch.device(device)
        if found.type in DEVICES:
            torch.empty(1, device=found)
            return device
    except (RuntimeError, AssertionError):  # torch's ways to say that it was built without, or that there is none
        pass
    there = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    there += [kind for kind in ("mps", "xpu") if getattr(torch, kind).is_available()]
    raise UserError(f"device = {device!r}: must be one that is there: {', '.join(there)}")
