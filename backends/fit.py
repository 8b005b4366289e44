"""Adam with a warm-up, a cosine fall of the learning rate and an average of the weights; resumes after a kill.

A run that continues from a checkpoint ends in the same weights as one that was never stopped: see `backends.training`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from distributional_view.backends.training import load_state, require_finite_loss, save_state, step_generator
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, silent

Network = TypeVar("Network", bound=nn.Module)
Loss = Callable[[torch.Generator], Tensor]
"""A random number generator -> the loss of a random batch."""
SMOOTH = 0.99


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
        return step_generator(self.seed, step)


def build(make: Callable[[], Network], seed: int) -> Network:
    """A network with initial weights that depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


class _Fit:
    """The state of a training: everything that a checkpoint holds."""

    def __init__(self, network: nn.Module, plan: Plan, inputs: Mapping[str, str]) -> None:
        self.network, self.plan = network, plan
        self.optimiser = torch.optim.AdamW(
            network.parameters(), lr=plan.learning_rate, betas=(0.9, 0.99), weight_decay=plan.weight_decay
        )
        self.average = [p.detach().clone() for p in network.parameters()]
        self.step, self.smoothed = 0, math.nan
        self.identity = {"plan": asdict(plan), "inputs": dict(inputs)}

    def advance(self, loss: Loss) -> None:
        """One step."""
        value = loss(self.plan.generator(self.step))
        require_finite_loss(value, self.step)
        self.optimiser.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.param_groups[0]["lr"] = self.plan.rate_at(self.step)
        self.optimiser.step()
        decay = min(self.plan.decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self.average, [p.detach() for p in self.network.parameters()], 1 - decay)
        self.smoothed = value.item() if self.step == 0 else SMOOTH * self.smoothed + (1 - SMOOTH) * value.item()
        self.step += 1

    def save(self, path: Path) -> None:
        """Write the checkpoint."""
        state = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average,
            "step": self.step,
            "smoothed": self.smoothed,
        }
        save_state(path, self.identity, state)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint if there is one."""
        state = load_state(path, self.identity)
        if state is not None:
            self.network.load_state_dict(state["network"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.average, self.step, self.smoothed = state["average"], state["step"], state["smoothed"]


def fit(
    network: nn.Module,
    loss: Loss,
    plan: Plan,
    checkpoint: Path | None = None,
    progress: Progress = silent,
    inputs: Mapping[str, str] | None = None,
) -> float:
    """Train in place; afterwards the network holds the averaged weights. Returns the smoothed loss.

    Args:
        network: to be trained, from `build`.
        loss: a random batch's loss, which depends on the network's present weights.
        plan: see `Plan`.
        checkpoint: file to continue from if it exists, and to write on the way and at the end; None keeps nothing.
        progress: called after each step; says the smoothed loss.
        inputs: hashes of the files that the loss depends on, by name.

    Raises:
        TrainingDiverged: if the loss stops being finite.
        UserError: if the checkpoint is damaged, or cannot be written.
        ValueError: if the checkpoint belongs to another plan, or to other inputs.
    """
    run = _Fit(network, plan, inputs or {})
    if checkpoint is not None:
        run.load(checkpoint)
    network.train()
    while run.step < plan.steps:
        run.advance(loss)
        if checkpoint is not None and (run.step % plan.save_every == 0 or run.step == plan.steps):
            run.save(checkpoint)
        progress(f"loss {run.smoothed:.3f}", run.step, plan.steps)
    with torch.no_grad():
        for parameter, mean in zip(network.parameters(), run.average, strict=True):
            parameter.copy_(mean)
    network.eval()
    return run.smoothed
