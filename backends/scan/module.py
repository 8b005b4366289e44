"""A torch module of the user as a backbone: package.module:factory, cut at a submodule by its name.

The factory takes nothing and returns the module. The hook is the **output** of the submodule (`named_modules` lists the
names); what lies behind it is not computed. Outputs are a map (n, c, h, w), a vector (n, c), which is a map of one
position, or tokens (n, t, c): after those before the patches, the patches make a square.
"""

import hashlib
import importlib
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import torch
from torch import Tensor, nn

from distributional_view.backends.scan.recipe import Tokens
from distributional_view.errors import UserError


class _Reached(Exception):
    """The hook has been reached: nothing behind it is needed."""


class Hooked(nn.Module):
    """A module up to a hook.

    Args:
        module: the whole.
        hook: name of one of its submodules; empty for the module itself.
        prefix: tokens before the patches.
        tokens: which of (n, t, c) are positions.
    """

    def __init__(self, module: nn.Module, hook: str, prefix: int, tokens: Tokens) -> None:
        super().__init__()
        self.module, self.prefix, self.tokens = module, prefix, tokens
        self._found: Any = None
        self.digest = digest_of(module)
        dict(module.named_modules())[hook].register_forward_hook(self._keep)

    def _keep(self, module: nn.Module, args: Any, output: Any) -> None:
        self._found = output[0] if isinstance(output, tuple | list) else output
        raise _Reached

    def forward(self, x: Tensor) -> Tensor:
        """The activations at the hook as a map.

        Raises:
            UserError: if the hook is never reached, or gives no map.
        """
        self._found = None
        with suppress(_Reached):
            self.module(x)
        if not isinstance(self._found, Tensor):
            what = (
                "was not reached" if self._found is None else f"gives {type(self._found).__name__}, must give a tensor"
            )
            raise UserError(f"the hook {what} (--hook)")
        return as_map(self._found, self.prefix, self.tokens)


def as_map(x: Tensor, prefix: int, tokens: Tokens) -> Tensor:
    """Activations as (n, c, h, w): patches as a square, the class token as one position, registers in a row.

    Args:
        x: (n, c, h, w), (n, c) or (n, t, c).
        prefix: tokens before the patches, the first of them the class token.
        tokens: which are wanted.

    Raises:
        UserError: for another shape, patches that make no square, or tokens that are not there.
    """
    if x.ndim == 4:
        return x
    if x.ndim == 2:
        return x[:, :, None, None]
    if x.ndim != 3:
        raise UserError(f"activations at the hook = {tuple(x.shape)}: must be (n, c, h, w), (n, c) or (n, tokens, c)")
    first, last = {"class": (0, 1), "register": (1, prefix), "patch": (prefix, x.shape[1])}[tokens]
    if not (last > first and (tokens == "patch" or last <= prefix)):
        raise UserError(
            f"tokens = {tokens!r}: there are none, with {prefix} tokens before the patches (--prefix-tokens)"
        )
    chosen = x[:, first:last].transpose(1, 2)
    if tokens != "patch":
        return chosen[:, :, None]
    side = math.isqrt(chosen.shape[2])
    if side * side != chosen.shape[2]:
        raise UserError(f"{chosen.shape[2]} patches after {prefix} tokens: must make a square (--prefix-tokens)")
    return chosen.unflatten(2, (side, side))


def digest_of(module: nn.Module) -> str:
    """A hash of the names and values of all tensors of a module."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        plain = value.detach().cpu().contiguous()
        digest.update(f"{name} {tuple(plain.shape)} {plain.dtype}\n".encode())
        digest.update(plain.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def load_module(name: str, hook: str, prefix: int, tokens: Tokens, device: str) -> Hooked:
    """The module that a factory makes, up to a hook, without gradients.

    Raises:
        UserError: if the name leads to no factory, it fails or makes no module, or there is no such submodule.
    """
    place, _, attribute = name.partition(":")
    try:
        factory = cast(Callable[[], Any], getattr(importlib.import_module(place), attribute))
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(
            f"module = {name!r}: must be package.module:factory that Python can import ({error})"
        ) from error
    try:
        module = factory()
    except Exception as error:  # the user's own code
        raise UserError(f"module = {name!r}: the factory failed: {type(error).__name__}: {error}") from error
    if not isinstance(module, nn.Module):
        raise UserError(f"module = {name!r}: made {type(module).__name__}, must make a torch.nn.Module")
    names = [found for found, _ in module.named_modules()]
    if hook not in names:
        some = ", ".join(names[1:13]) + (f" and {len(names) - 13} more" if len(names) > 13 else "")
        raise UserError(f"hook = {hook!r}: must be a submodule of {name} (--hook): {some}")
    return Hooked(module.to(device).eval().requires_grad_(False), hook, prefix, tokens)
