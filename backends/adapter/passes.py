"""One pass through a network that somebody else wrote: in its precision, with failures that say what to do."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.choices import Precision


class ModelFailed(RuntimeError):
    """The denoiser or the score gave something that no sampler can use; says which, and at what noise level."""


def autocast_of(precision: Precision) -> torch.dtype | None:
    """The type inside the networks by its name on the command line; None: that of the points."""
    return {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}[precision]


def in_precision(device: torch.device | str, autocast: torch.dtype | None) -> AbstractContextManager[None]:
    """The context of a pass; None leaves the precision as it is."""
    kind = torch.device(device).type
    return torch.autocast(kind, dtype=autocast or torch.bfloat16, enabled=autocast is not None)


@contextmanager
def advice(what: str) -> Iterator[None]:
    """Turn torch's errors in a pass into `ModelFailed` with the pass's name and, out of memory, with advice."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ModelFailed(
            f"out of memory in {what}: use a smaller batch, recompute=True, or autocast=torch.bfloat16"
        ) from error
    except RuntimeError as error:
        raise ModelFailed(f"{what} failed: {error}") from error


def require_finite(x: Tensor, what: str, where: str) -> None:
    """Raise `ModelFailed` unless all of x is finite."""
    if not bool(torch.isfinite(x).all()):
        bad = int((~torch.isfinite(x)).flatten(1).any(1).sum()) if x.ndim > 1 else int((~torch.isfinite(x)).sum())
        raise ModelFailed(
            f"{what} is not finite at {where} for {bad} of {len(x)} points; a smaller strength or higher precision"
            " (autocast=None) may help"
        )


def score_at(
    psi: Callable[[Tensor], Tensor], x: Float[Tensor, "n ..."], where: str, autocast: torch.dtype | None
) -> Float[Tensor, " n"]:
    """psi of each point, in the type of the points.

    Args:
        psi: the score.
        x: points.
        where: for messages, such as "time 999".
        autocast: precision inside psi; None leaves it as it is.

    Raises:
        ModelFailed: unless psi gives one finite number a point.
    """
    with in_precision(x.device, autocast), advice(f"the score, at {where}, on points {tuple(x.shape)}"):
        value = psi(x)
    if value.shape != x.shape[:1]:
        raise ModelFailed(f"the score gave shape {tuple(value.shape)}, not one number a point, ({len(x)},)")
    require_finite(value, "the score", where)
    return value.to(x.dtype)


def gradient_of(value: Tensor, leaf: Tensor, where: str) -> Tensor:
    """The gradient of the sum of values with respect to the points.

    Raises:
        ModelFailed: if it does not exist or is not finite.
    """
    found = None
    if value.requires_grad:
        with advice(f"the backward pass, at {where}, on points {tuple(leaf.shape)}"):
            (found,) = torch.autograd.grad(value.sum(), leaf, allow_unused=True)
    if found is None:
        raise ModelFailed(
            f"the score does not depend on its input (at {where}): no gradient reaches the points. Is there a detach,"
            " a no_grad, or an arg-max in the score or the denoiser?"
        )
    require_finite(found, "the gradient of the score", where)
    return found


@dataclass(frozen=True, eq=False)
class PictureScore:
    """Pictures (n, c, h, w), from anywhere -> their scores as numpy numbers: all that a retrieval needs.

    Args:
        psi: score of pictures on `device`, (n, c, h, w) -> (n,).
        device: where it is computed; its networks must be there already.
        autocast: precision inside it; None for single precision.
        batch: most pictures in one pass; None for all at once.
    """

    psi: Callable[[Tensor], Tensor]
    device: torch.device | str = "cpu"
    autocast: torch.dtype | None = None
    batch: int | None = None

    @torch.no_grad()
    def __call__(self, images: Float[Tensor, "n c h w"]) -> Float[np.ndarray, " n"]:
        """psi of each picture.

        Raises:
            ModelFailed: unless psi gives one finite number a picture.
        """
        parts = images.split(self.batch or max(len(images), 1))
        scores = (score_at(self.psi, p.to(self.device, torch.float32), "clean points", self.autocast) for p in parts)
        return torch.cat(list(scores)).double().cpu().numpy()
