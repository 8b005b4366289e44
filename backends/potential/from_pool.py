"""H_t of a pool of scored pictures, in closed form: no training, every multiplier, any score.

For the law that puts 1/m on each of m pictures y_j, noised to level t, everything is a sum over the pool:

    w_j(x) proportional to N(x; signal y_j, sigma^2),    H_t(x) = log sum_j w_j(x) exp(beta psi(y_j)),
    grad H_t(x) = (signal/sigma^2) sum_j (w~_j(x) - w_j(x)) y_j,    w~_j proportional to w_j exp(beta psi(y_j)).

Where the noise is strong many pictures have weight, and this is the H_t of the law that the pool was drawn from, up to
the error of a sample. Where it is weak one picture has all the weight, and nothing of it generalises: `predictive`
finds where to stop, on draws that are not in the pool.

Large pictures are seen in blocks: the sums of blocks of k x k pixels over k have noise of the same variance, and tell
all that can be told where the noise is strong. H_t is then that of what the blocks show.

Paper: Theorem G.3. The pool in the place of p is ours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.theory.errors import require
from distributional_view.theory.samplers.schedule import Row
from distributional_view.theory.samplers.world import Guidance


@dataclass(frozen=True, eq=False)
class PoolWorld(TorchWorld):
    """A `TorchWorld` that offers `potential` and `expected_score` of a pool of its points.

    A step costs one forward pass of the denoiser, none backward, and two products with the pool.

    Args:
        pool: points as `seen` shows them, on the world's device; at least one.
        values: the world's score of each (score units).
        block: side of the blocks in which points (c, h, w) are seen, a divisor of h and w; 1: as they are.

    Raises:
        ValueError: for points of another shape, none, or a block that does not fit.
    """

    pool: Float[Tensor, "m d"] = field(kw_only=True)
    values: Float[Tensor, " m"] = field(kw_only=True)
    block: int = field(default=1, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_block(self.block, self.shape)
        wanted = math.prod(self.shape) // self.block**2
        require(len(self.pool) >= 1, "number of points in the pool", len(self.pool), ">= 1")
        require(self.pool.shape[1] == wanted, "size of the pool's points", self.pool.shape[1], f"{wanted}, the world's")
        object.__setattr__(self, "_halves", self.pool.square().sum(1) / 2)

    def potential(self, x_t: Tensor, row: Row, multiplier: float) -> Guidance:
        """H_t for this multiplier (nats), its gradient, and x0_hat. Paper: (190)."""
        values, gradients = [], []
        for part in self._parts(x_t):
            prior = self._log_weights(part, row)
            tilted = prior + multiplier * self.values
            value = tilted.logsumexp(1)
            change = ((tilted - value[:, None]).exp() - prior.exp()) @ self.pool
            values.append(value)
            gradients.append(float(row.signal / row.noise_variance) * shown(change, self.shape, self.block))
        return Guidance(torch.cat(values), torch.cat(gradients), self.denoise(x_t, row))

    def expected_score(self, x_t: Tensor, row: Row) -> Tensor:
        """E[psi(X_0) | X_t = x_t] for the pool, score units."""
        return torch.cat([self._log_weights(part, row).exp() @ self.values for part in self._parts(x_t)])

    def _log_weights(self, x_t: Tensor, row: Row) -> Float[Tensor, "n m"]:
        signal, variance = float(row.signal), float(row.noise_variance)
        halves: Tensor = self._halves  # type: ignore[attr-defined]
        products = seen(x_t, self.block) @ self.pool.T
        return (products * (signal / variance) - halves * (signal**2 / variance)).log_softmax(1)


def seen(x: Float[Tensor, "n *shape"], block: int) -> Float[Tensor, "n d"]:
    """Points in blocks: sums of block x block pixels over `block`, flat."""
    return (x if block == 1 else avg_pool2d(x, block) * block).flatten(1)


def shown(x: Float[Tensor, "n d"], shape: tuple[int, ...], block: int) -> Float[Tensor, "n *shape"]:
    """The adjoint of `seen`: the gradient at points, from that at what is seen of them."""
    if block == 1:
        return x.reshape(-1, *shape)
    c, h, w = shape
    return interpolate(x.reshape(-1, c, h // block, w // block), scale_factor=block, mode="nearest") / block


def require_block(block: int, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless pictures of this shape can be seen in such blocks."""
    good = block == 1 or (block > 1 and len(shape) == 3 and shape[1] % block == 0 == shape[2] % block)
    require(good, "block", block, f"1, or a divisor of the sides of {shape}")


def with_pool(
    world: TorchWorld, pool: Float[Tensor, "m ..."], scores: Sequence[float] | np.ndarray, block: int = 1
) -> PoolWorld:
    """The world with the potential of a pool.

    Args:
        world: it must not be more than a `TorchWorld`.
        pool: points as the world has them.
        scores: of the points, by the world's score, which nobody checks.
        block: see `PoolWorld`.

    Raises:
        ValueError: for a pool that does not fit, scores that are not finite, or a world that is more than a
            `TorchWorld`, whose more would be lost.
    """
    found = tuple(pool.shape[1:])
    require(found == world.shape, "shape of the pool's points", found, f"{world.shape}, the world's")
    require_block(block, world.shape)
    return with_seen(world, seen(pool.to(world.dtype), block), scores, block)


def with_seen(
    world: TorchWorld, pool: Float[Tensor, "m d"], scores: Sequence[float] | np.ndarray, block: int = 1
) -> PoolWorld:
    """The same, for a pool of which only what is `seen` was kept."""
    require(type(world) is TorchWorld, "world", type(world).__name__, "a TorchWorld itself")
    values = torch.as_tensor(np.asarray(scores), dtype=world.dtype, device=world.device)
    require(values.shape == (len(pool),), "shape of scores", tuple(values.shape), f"({len(pool)},), one a point")
    require(bool(values.isfinite().all()), "scores of the pool", "not all finite", "finite")
    given = {f.name: getattr(world, f.name) for f in fields(TorchWorld)}
    return PoolWorld(**given, pool=pool.to(values), values=values, block=block)
