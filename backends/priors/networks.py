"""Networks of a folder, built and filled by their own libraries, from local files, and checked tensor by tensor."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import diffusers
import torch
import transformers
from torch import nn

from distributional_view.backends.priors.folder import Part
from distributional_view.backends.zoo.weights import WrongWeights
from distributional_view.files import shown


def load_network(part: Part, kind: Any, device: str | torch.device = "cpu") -> Any:
    """A frozen network in single precision.

    Args:
        part: where it lies.
        kind: its class, of diffusers or transformers; old names of tensors are translated by the library.
        device: where the weights go.

    Raises:
        MissingWeights: if configuration or weights are not there.
        WrongWeights: if a tensor is missing, has no place or another shape, or is not finite; or nothing can be read.
    """
    part.config()
    weights = part.weights()
    os.environ["HF_HUB_OFFLINE"] = "1"  # for libraries that are not imported yet; the others get local_files_only
    own = issubclass(kind, diffusers.ModelMixin)
    options = {"torch_dtype": torch.float32, "low_cpu_mem_usage": False} if own else {"dtype": torch.float32}
    try:
        with quietly():
            network, info = kind.from_pretrained(
                str(part.folder),
                local_files_only=True,
                use_safetensors=True,
                variant=weights.variant,
                output_loading_info=True,
                **options,
            )
    except (MemoryError, WrongWeights):
        raise
    except Exception as error:  # on damaged files the libraries raise nearly every type that there is
        raise WrongWeights(f"{shown(part.folder)}: no {part.kind} can be read: {_first_lines(error)}") from error
    for fault in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        names = sorted(map(str, info.get(fault) or ()))
        if names:
            raise WrongWeights(f"{shown(part.folder)}: {len(names)} {fault.replace('_keys', '')} tensors, {names[:3]}")
    _require_finite(network, part)
    return network.to(device).eval().requires_grad_(False)


@contextmanager
def quietly() -> Iterator[None]:
    """Without the bars and the remarks of the libraries: what matters is checked here."""
    logs = (diffusers.utils.logging, transformers.utils.logging)
    before = [log.get_verbosity() for log in logs]
    bars = [log.is_progress_bar_enabled() for log in logs]
    for log in logs:
        log.set_verbosity_error()
        log.disable_progress_bar()
    try:
        yield
    finally:
        for log, level, bar in zip(logs, before, bars, strict=True):
            log.set_verbosity(level)
            if bar:
                log.enable_progress_bar()


def _require_finite(network: nn.Module, part: Part) -> None:
    for name, value in network.state_dict().items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise WrongWeights(f"{shown(part.folder)}: tensor {name} has values that are not finite")


def _first_lines(error: Exception) -> str:
    """The first two lines of an error: the libraries put what it is about on the second."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2]) or type(error).__name__
