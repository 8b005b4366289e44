"""What every training loop here shares: random numbers of a step, a state that survives a kill, a loss that is finite.

All randomness of step i comes from a function of (seed, i), and the state is written whole: a run that continues takes
the same steps as one that was never stopped, and ends in the same weights, bit for bit (same machine, same number of
threads).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from distributional_view.files import write_with
from distributional_view.theory.errors import require


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


def save_state(path: Path, identity: Mapping[str, Any], state: Mapping[str, Any]) -> Path:
    """Write the state of a training, whole or not at all.

    Args:
        path: of the file; replaced if it exists.
        identity: what makes this training the one that it is (settings, seed), by names that `state` has not.
        state: all that changes in training.
    """

    def write(partial: Path) -> None:
        with partial.open("wb") as file:  # given a name, torch refuses those that begin with a dot and have no other
            torch.save({**identity, **state}, file)

    return write_with(path, write)


def load_state(path: Path, identity: Mapping[str, Any], device: str | torch.device = "cpu") -> dict[str, Any] | None:
    """The state that `save_state` wrote, or None if there is no such file.

    Args:
        path: of the file.
        identity: of the training that wants to go on.
        device: where its tensors go.

    Raises:
        ValueError: if the file belongs to another training; says what differs.
    """
    if not path.exists():
        return None
    state = cast(dict[str, Any], torch.load(path, map_location=device, weights_only=True))
    for name, value in identity.items():
        require(state[name] == value, f"{name} of {path}", state[name], f"{value!r}, or choose another folder")
    return state
