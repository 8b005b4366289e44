"""Adam with a warm-up, a cosine fall of the learning rate and an average of the weights; resumes after a kill.

All randomness of step i comes from one generator whose seed is a function of (seed, i): a run that continues from a
checkpoint takes the same steps as one that was never stopped, and ends in the same weights, bit for bit (same machine,
same number of threads).
"""

import math
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from distributional_view.theory.errors import require

Network = TypeVar("Network", bound=nn.Module)
Loss = Callable[[torch.Generator], Tensor]
"""A random number generator -> the loss of a random batch."""
Progress = Callable[[int, int, float], None]
"""Called with the steps done, their total and the smoothed loss."""
SMOOTH = 0.99


class TrainingDiverged(RuntimeError):
    """The loss is no longer finite; the message says at which step."""


@dataclass(frozen=True)
class Plan:
    """How to train.

    Args:
        steps: >= 1.
        batch: pictures a step, >= 1.
        learning_rate: the largest, > 0.
        seed: of the initial weights and of every batch.
        decay: of the running average of the weights, in [0, 1); 0 keeps the last weights.
        warmup: steps over which the learning rate rises.
        weight_decay: of AdamW.
        save_every: steps between two checkpoints, >= 1.
    """

    steps: int
    batch: int
    learning_rate: float
    seed: int
    decay: float
    warmup: int = 100
    weight_decay: float = 0.0
    save_every: int = 200

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "save_every"):
            require(getattr(self, name) >= 1, name, getattr(self, name), ">= 1")
        require(self.learning_rate > 0, "learning_rate", self.learning_rate, "> 0")
        require(0 <= self.decay < 1, "decay", self.decay, "in [0, 1)")

    def rate_at(self, step: int) -> float:
        """The learning rate of step 0, 1, ..., steps - 1."""
        rise = min((step + 1) / (self.warmup + 1), 1.0)
        return self.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * step / self.steps))

    def generator(self, step: int) -> torch.Generator:
        """The random numbers of a step."""
        return torch.Generator().manual_seed(int(np.random.SeedSequence((self.seed, step)).generate_state(1)[0]))


def build(make: Callable[[], Network], seed: int) -> Network:
    """A network with initial weights that depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def fit(
    network: nn.Module, loss: Loss, plan: Plan, checkpoint: Path | None = None, progress: Progress | None = None
) -> float:
    """Train in place; afterwards the network holds the averaged weights. Returns the smoothed loss.

    Args:
        network: to be trained, from `build`.
        loss: a random batch's loss, which depends on the network's present weights.
        plan: see `Plan`.
        checkpoint: file to continue from if it exists, and to write on the way and at the end; None keeps nothing.
        progress: called after each step.

    Raises:
        TrainingDiverged: if the loss stops being finite.
        ValueError: if the checkpoint belongs to another plan.
    """
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=plan.learning_rate, betas=(0.9, 0.99), weight_decay=plan.weight_decay
    )
    average = [p.detach().clone() for p in network.parameters()]
    first, smoothed = 0, math.nan
    if checkpoint is not None and checkpoint.exists():
        state = _load(checkpoint, plan)
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        average, first, smoothed = state["average"], state["step"], state["smoothed"]
    network.train()
    for step in range(first, plan.steps):
        value = loss(plan.generator(step))
        if not torch.isfinite(value):
            raise TrainingDiverged(f"loss = {value.item()} at step {step}: lower learning_rate")
        optimiser.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.param_groups[0]["lr"] = plan.rate_at(step)
        optimiser.step()
        weight = 1 - min(plan.decay, (1 + step) / (10 + step))
        _move(average, network, weight)
        smoothed = value.item() if step == 0 else SMOOTH * smoothed + (1 - SMOOTH) * value.item()
        if checkpoint is not None and ((step + 1) % plan.save_every == 0 or step + 1 == plan.steps):
            _save(checkpoint, plan, network, optimiser, average, step + 1, smoothed)
        if progress is not None:
            progress(step + 1, plan.steps, smoothed)
    with torch.no_grad():
        for parameter, mean in zip(network.parameters(), average, strict=True):
            parameter.copy_(mean)
    network.eval()
    return smoothed


@torch.no_grad()
def _move(average: list[Tensor], network: nn.Module, weight: float) -> None:
    torch._foreach_lerp_(average, [p.detach() for p in network.parameters()], weight)


def _save(
    path: Path,
    plan: Plan,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: list[Tensor],
    step: int,
    smoothed: float,
) -> None:
    """Write the state; the file is replaced in one go, so a kill leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    state = {
        "plan": asdict(plan),
        "network": network.state_dict(),
        "optimiser": optimiser.state_dict(),
        "average": average,
        "step": step,
        "smoothed": smoothed,
    }
    torch.save(state, partial)
    os.replace(partial, path)


def _load(path: Path, plan: Plan) -> dict[str, Any]:
    state = cast(dict[str, Any], torch.load(path, weights_only=True))
    require(state["plan"] == asdict(plan), f"plan of {path}", state["plan"], f"{asdict(plan)}, or delete the file")
    return state
