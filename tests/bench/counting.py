"""What a pass through a network costs, counted on torch's device "meta": no number is computed and no memory used.

FLOPs are those of matrix products and convolutions, two a multiply-add, as torch counts them. Bytes are those of all
tensors alive at once. An allocator's fragments and a library's work space are not in them, and attention is counted as
written out, its matrix of weights included: a fused kernel needs less.
"""

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode


class Counted(NamedTuple):
    """FLOPs, the most bytes alive at once beside what was there before, and how many operations were called."""

    flops: int
    peak_bytes: int
    operations: int


class _Alive(TorchDispatchMode):
    """Adds the bytes of each new storage, and takes them off when nothing refers to it any more."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = self.operations = 0
        self.known: weakref.WeakSet[Any] = weakref.WeakSet()

    def __torch_dispatch__(
        self, function: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        self.known.update(leaf.untyped_storage() for leaf in tree_leaves((args, given)) if isinstance(leaf, Tensor))
        out = function(*args, **given)
        for leaf in tree_leaves(out):
            if isinstance(leaf, Tensor) and leaf.untyped_storage() not in self.known:
                storage = leaf.untyped_storage()
                self.known.add(storage)
                self.now += storage.nbytes()
                weakref.finalize(storage, self._freed, storage.nbytes())
        self.peak = max(self.peak, self.now)
        self.operations += 1
        return out

    def _freed(self, size: int) -> None:
        self.now -= size


def counted(run: Callable[[], object]) -> Counted:
    """What `run` costs; all its tensors must be on the device "meta", or the work is done as well."""
    alive = _Alive()
    with FlopCounterMode(display=False) as flops, alive:
        run()
    return Counted(flops.get_total_flops(), alive.peak, alive.operations)


def forward(network: Callable[[Tensor], Tensor], x: Tensor) -> Counted:
    """One pass without a gradient; x (n, ...)."""
    with torch.no_grad():
        return counted(lambda: network(x))


def forward_backward(network: Callable[[Tensor], Tensor], x: Tensor) -> Counted:
    """One pass and the gradient of the sum of its output in x (n, ...)."""
    leaf = x.detach().clone().requires_grad_()
    return counted(lambda: network(leaf).sum().backward())


def weight_bytes(*networks: nn.Module) -> int:
    """Of all parameters."""
    return sum(p.numel() * p.element_size() for network in networks for p in network.parameters())
