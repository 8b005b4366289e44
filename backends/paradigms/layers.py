"""The inner maps of a network on the way to a score, caught in one pass."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from distributional_view.theory.errors import require

Layers = Callable[[Tensor], tuple[list[Tensor], Tensor]]
"""Pictures in [-1, 1] -> feature maps (n, c, h, w) of some layers, and the score (n,), in one graph: `ScoredLayers`."""


@dataclass(frozen=True, eq=False)
class ScoredLayers:
    """`layers(x)` is (maps (n, c, h, w) of some modules, psi (n,)), all in one graph.

    Args:
        psi: a score that runs the modules.
        modules: those whose outputs are wanted, in their order.

    Raises:
        ValueError: when called, if a module did not run exactly once, or gave no map.
    """

    psi: Callable[[Tensor], Tensor]
    modules: Sequence[nn.Module]

    def __call__(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """The maps and the score."""
        caught: list[list[Tensor]] = [[] for _ in self.modules]
        hooks = [
            module.register_forward_hook(lambda _module, _inputs, out, kept=kept: kept.append(out))
            for module, kept in zip(self.modules, caught, strict=True)
        ]
        try:
            value = self.psi(x)
        finally:
            for hook in hooks:
                hook.remove()
        for place, kept in enumerate(caught):
            require(len(kept) == 1, f"runs of layer {place} in one pass", len(kept), "1")
            require(kept[0].ndim == 4, f"dimensions of layer {place}'s output", kept[0].ndim, "4, a map (n, c, h, w)")
        return [kept[0] for kept in caught], value
