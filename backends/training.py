"""What every training loop here shares: random numbers of a step, a state that survives a kill, a loss that is finite.

All randomness of step i comes from a function of (seed, i), and the state is written whole: a run that continues takes
the same steps as one that was never stopped, and ends in the same weights, bit for bit (same machine, same number of
threads).
"""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from distributional_view.errors import UserError, require_of_file
from distributional_view.files import write_with
from distributional_view.sealed import seal_of, write_sealed


class TrainingDiverged(RuntimeError):
    """The loss is no longer finite; the message says at which step."""


def step_generator(seed: int, step: int) -> torch.Generator:
    """The random numbers of one step of a training with this seed."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence((seed, step)).generate_state(1)[0]))


def require_finite_loss(loss: Tensor, step: int) -> None:
    """Go on only with a finite loss.

    Raises:
        TrainingDiverged: if it is not.
    """
    if not torch.isfinite(loss):
        raise TrainingDiverged(f"loss = {loss.item()} at step {step}: lower learning_rate, check what goes in")


def save_state(path: Path, identity: Mapping[str, Any], state: Mapping[str, Any], job: str = "") -> Path:
    """Write the state of a training, sealed, whole or not at all.

    Args:
        path: of the file; replaced if it exists.
        identity: what makes this training the one that it is (settings, seed), by names that `state` has not.
        state: all that changes in training.
        job: whose it is: the `token` of a job.

    Raises:
        UserError: if it cannot be written.
    """

    def write(partial: Path) -> None:
        # Given a name in place of a file, torch refuses those that begin with a dot and have no other.
        with said_by_the_system(RuntimeError), partial.open("wb") as file:
            torch.save({**identity, **state}, file)

    return write_sealed(path, write, job)


def load_state(
    path: Path, identity: Mapping[str, Any], device: str | torch.device = "cpu", job: str = ""
) -> dict[str, Any] | None:
    """The state that `save_state` wrote, or None if there is no such file.

    Args:
        path: of the file.
        identity: of the training that wants to go on.
        device: where its tensors go.
        job: whose it should be.

    Raises:
        UserError: if the file is damaged, no state of a training, or that of another one; says what differs.
    """
    if not path.exists():
        return None
    seal_of(path, job, required=False)
    try:
        state = cast(dict[str, Any], torch.load(path, map_location=device, weights_only=True))
        known = {name: dict(state)[name] for name in identity}
    except Exception as error:  # whatever torch or its unpickler says of a file that is none of theirs
        raise UserError(
            f"{path} is no state of this training, or damaged: delete it to train from the start"
        ) from error
    for name, value in identity.items():
        require_of_file(known[name] == value, name, path, known[name], repr(value))
    return state


def save_tensors(path: Path, tensors: dict[str, Tensor]) -> Path:
    """Write a safetensors file, whole or not at all.

    Raises:
        UserError: if it cannot be written.
    """

    def write(partial: Path) -> None:
        with said_by_the_system(SafetensorError):
            save_file(tensors, partial)

    return write_with(path, write)


@contextmanager
def said_by_the_system(kind: type[Exception]) -> Iterator[None]:
    """A library's own error while it writes a file, as the operating system's that it stands for."""
    try:
        yield
    except kind as error:
        raise OSError(errno.EIO, f"the disk may be full ({str(error).splitlines()[0]})") from error
