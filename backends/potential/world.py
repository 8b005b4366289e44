"""A torch world that has learned H_t: a `PotentialWorld` for the hybrid guidance.

Where H_t guides, a step costs one forward pass of the denoiser, none backward, and both of the small network. It runs
in the world's batches, on its device, in its precision.

Paper: Theorem G.3.
"""

from dataclasses import dataclass, field, fields

import torch
from torch import Tensor

from distributional_view.backends.adapter.passes import advice, gradient_of, in_precision, require_finite
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.potential.learned import LearnedPotential
from distributional_view.theory.errors import require
from distributional_view.theory.samplers.schedule import Row
from distributional_view.theory.samplers.world import Guidance


@dataclass(frozen=True, eq=False)
class LearnedWorld(TorchWorld):
    """A `TorchWorld` that offers `potential` and `expected_score` of its own score.

    Args:
        learned: on the world's device.
        column: of the world's score among its features.

    Raises:
        ValueError: for points of another shape, or a column that there is not.
    """

    learned: LearnedPotential = field(kw_only=True)
    column: int = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        spec = self.learned.spec
        require(spec.shape == self.shape, "learned.spec.shape", spec.shape, f"{self.shape}, the world's")
        require(0 <= self.column < len(spec.features), "column", self.column, f"in 0..{len(spec.features) - 1}")

    def potential(self, x_t: Tensor, row: Row, multiplier: float) -> Guidance:
        """H_t for this multiplier (nats), its gradient by the small network alone, and x0_hat. Paper: (190)."""
        values, gradients = [], []
        where = f"time {float(row.time):g}"
        for part in self._parts(x_t):
            with torch.enable_grad():
                leaf = part.detach().requires_grad_()
                value = self.learned.bins.potential(self._log_law(leaf, row), multiplier, self.column)
                value = value.to(leaf.dtype)
                require_finite(value, "the potential", where)
                values.append(value.detach())
                gradients.append(gradient_of(value, leaf, where))
        return Guidance(torch.cat(values), torch.cat(gradients), self.denoise(x_t, row))

    def expected_score(self, x_t: Tensor, row: Row) -> Tensor:
        """E[psi(X_0) | X_t = x_t] as it was learned, score units."""
        with torch.no_grad():
            found = [self.learned.bins.mean(self._log_law(part, row), self.column) for part in self._parts(x_t)]
        return torch.cat(found).to(x_t.dtype)

    def _log_law(self, x_t: Tensor, row: Row) -> Tensor:
        where = f"the learned potential, at time {float(row.time):g}, on points {tuple(x_t.shape)}"
        with in_precision(self.device, self.autocast), advice(where):
            return self.learned.log_law(x_t, float(row.signal), float(row.noise_variance) ** 0.5)[:, self.column]


def with_potential(world: TorchWorld, learned: LearnedPotential, column: int) -> LearnedWorld:
    """The world with a learned potential for its score.

    Args:
        world: its score must be the one that the column was trained on, which nobody checks.
        learned: for points of the world's shape; moved to its device.
        column: of the score among its features.

    Raises:
        ValueError: for points of another shape, a column that there is not, or a world that is more than a
            `TorchWorld`, whose more would be lost.
    """
    kind = type(world)
    require(kind in (TorchWorld, LearnedWorld), "world", kind.__name__, "a TorchWorld itself")
    given = {f.name: getattr(world, f.name) for f in fields(TorchWorld)}
    return LearnedWorld(**given, learned=learned.to(world.device), column=column)
