"""Relevance of a network's inner channels for a score, layer by layer.

    gradient        R_i = a_i dpsi / da_i
    LRP             R_i = a_i dpsi'/ da_i ,   psi' = psi with what multiplies the activations held constant

Layer-wise relevance propagation gives each neuron's relevance back to its inputs in proportion to what they add to it
(the 0-rule). For a linear layer that is input times gradient. A gate passes relevance on unchanged: GELU(x) = x Phi(x)
is x times a constant Phi(x). So does a normalisation, which is linear once its denominator is constant. Then the
relevances of a whole layer sum to the score, up to what biases behind it add: the gradient's do not.

The rules are applied to a network as it runs, whichever modules it is made of, and leave nothing behind. A function
that has no rule is refused. Functions inside compiled modules, or written as `torch.autograd.Function`, are not seen.

References: Bach et al. 2015 (0-rule), Ali et al. 2022 (normalisations), Achtibat et al. 2024 (gates).
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from distributional_view.backends.paradigms.layers import Layers
from distributional_view.theory.errors import require

Relevance = Literal["gradient", "LRP"]
_MOVED = (
    "permute",
    "transpose",
    "movedim",
    "reshape",
    "view",
    "flatten",
    "unflatten",
    "expand",
    "squeeze",
    "unsqueeze",
)
_TAKEN = ("__get__", "__getitem__", "contiguous", "clone", "to", "float", "double", "cat", "stack", "pad")
_SUMMED = ("add", "sub", "__rsub__", "neg", "sum", "mean", "avg_pool2d", "adaptive_avg_pool2d")
_CHOSEN = ("relu", "leaky_relu", "amax", "max_pool2d")
LINEAR = frozenset((*_MOVED, *_TAKEN, *_SUMMED, *_CHOSEN))
"""Linear, or with a gradient that is the rule already: what is rectified, or the largest, is passed on by a gate."""
PRODUCTS = frozenset(("mul", "matmul", "einsum", "linear", "conv1d", "conv2d", "conv_transpose2d"))
"""Linear in one factor while the others are constant."""


class Rules(TorchFunctionMode):
    """Inside this context, networks are run by the rules of LRP; values stay, gradients become LRP's.

    Weights must be parameters or need no gradient.

    Raises:
        ValueError: when a function runs that has no rule.
    """

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """What the function gives, by its rule."""
        name, given = getattr(function, "__name__", str(function)), kwargs or {}
        if name in RULES:
            return RULES[name](*args, **given)
        found = function(*args, **given)
        if _varying(found):
            factors = len(_varying((args, given)))
            told = f"function {name} of the network"
            known = ", ".join(sorted({*LINEAR, *PRODUCTS, *RULES}))
            require(name in LINEAR | PRODUCTS, told, "without a rule of relevance", f"one of {known}")
            require(name in LINEAR or factors == 1, told, f"of {factors} factors that vary", "of one that does")
        return found


def relevances(layers: Layers, pictures: Float[Tensor, "n c h w"], rule: Relevance) -> list[Tensor]:
    """The relevance of each activation (n, d, k, l) of each layer for its picture's score, with its sign.

    Args:
        layers: maps and score of pictures.
        pictures: in the score's range.
        rule: see the module's docstring.

    Raises:
        ValueError: if the score does not depend on a layer, or for a function without a rule.
    """
    leaf = pictures.detach().requires_grad_()
    with torch.enable_grad(), Rules() if rule == "LRP" else nullcontext():
        parts, score = layers(leaf)
    slopes = torch.autograd.grad(score.sum(), parts, allow_unused=True)
    found = []
    for place, (part, slope) in enumerate(zip(parts, slopes, strict=True)):
        ok = slope is not None and bool(slope.any())
        require(ok, f"layer {place}", "without influence on the score", "one that the score depends on")
        assert slope is not None
        found.append((slope * part).detach())
    return found


def _varying(value: Any) -> list[Tensor]:
    """The tensors in it that depend on the pictures."""
    if isinstance(value, dict):
        return _varying(list(value.values()))
    if isinstance(value, list | tuple):
        return [tensor for part in value for tensor in _varying(part)]
    depends = isinstance(value, Tensor) and value.requires_grad and not isinstance(value, nn.Parameter)
    return [value] if depends else []


def _gated(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """x times a constant gate, for functions that vanish at zero with slope 1/2 there."""

    def by_rule(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        constant = x.detach()
        gate = function(constant, *args, **{**kwargs, "inplace": False} if "inplace" in kwargs else kwargs) / constant
        return x * torch.where(constant == 0, 0.5, gate)

    return by_rule


def _layer_norm(
    x: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """With a constant standard deviation."""
    over = tuple(range(-len(normalized_shape), 0))
    centred = x - x.mean(over, keepdim=True)
    scaled = centred / (centred.detach().square().mean(over, keepdim=True) + eps).sqrt()
    scaled = scaled if weight is None else scaled * weight
    return scaled if bias is None else scaled + bias


def _divided(x: Tensor, by: Tensor | float) -> Tensor:
    """By a constant."""
    require(not _varying(by), "a denominator of the network", "one that varies", "a constant")
    return torch.div(x, by)


def _batch_norm(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Linear where its statistics are those of the training."""
    training = kwargs.get("training", args[4] if len(args) > 4 else False)
    require(not training, "batch_norm", "in training", "in evaluation, `.eval()`")
    return nn.functional.batch_norm(x, *args, **kwargs)


def _constant(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A size that others are divided by."""
    return lambda x, *args, **kwargs: function(x.detach(), *args, **kwargs)


RULES: dict[str, Callable[..., Tensor]] = {
    "gelu": _gated(nn.functional.gelu),
    "silu": _gated(nn.functional.silu),
    "layer_norm": _layer_norm,
    "div": _divided,
    "batch_norm": _batch_norm,
    "norm": _constant(torch.norm),
    "linalg_vector_norm": _constant(torch.linalg.vector_norm),
}
"""How functions that are not linear are run instead; norms are those of a global response normalisation."""
