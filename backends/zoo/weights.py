"""Reading weight files from disk: nothing is ever downloaded, and a file that is missing, damaged or wrong says so."""

import hashlib
import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, load_file
from torch import Tensor

from distributional_view.errors import UserError
from distributional_view.files import shown

CONTAINERS = (
    "model", "state_dict", "teacher", "module", "net", "network", "weights", "params",
    "ema", "model_ema", "ema_model", "state_dict_ema", "ema_state_dict", "params_ema", "teacher_ema",
)  # fmt: skip
"""Names under which training programs keep the tensors of a network."""


class MissingWeights(UserError, FileNotFoundError):
    """A weight file is not there; the message tells where it comes from and where to put it."""


class WrongWeights(UserError):
    """A weight file is not what it should be; the message names the file and what differs."""


def existing(path: Path, origin: str) -> Path:
    """The path, if there is something there.

    Args:
        path: file or folder.
        origin: where it comes from, for the message.

    Raises:
        MissingWeights: if not.
    """
    if not path.exists():
        raise MissingWeights(
            f"{shown(path)} is missing. It comes from: {origin}. Put it at {shown(path.absolute())}, or name another."
        )
    return path


def check_sha256(path: Path, prefix: str) -> None:
    """Check that the hash of a file begins in a known way.

    Raises:
        WrongWeights: if it does not.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not found.startswith(prefix):
        raise WrongWeights(
            f"{shown(path)}: sha256 begins {found[: max(8, len(prefix))]}, should begin {prefix}: incomplete or "
            "altered (a file that you converted yourself can be read without this check, verify=False)"
        )


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file or of a torch file that is a dictionary of tensors; the content tells which.

    A dictionary under a name of `CONTAINERS`, such as "model", is taken out of it.

    Raises:
        WrongWeights: if the file is damaged, something else, or holds several networks; no code in it is ever run.
    """
    found = _read(path)
    for _ in range(len(CONTAINERS)):
        inside = [key for key in CONTAINERS if isinstance(found, Mapping) and isinstance(found.get(key), Mapping)]
        if len(inside) > 1:
            raise WrongWeights(f"{shown(path)}: holds several networks, {inside}: save the one that you mean alone")
        if inside:
            found = found[inside[0]]
    if not isinstance(found, Mapping):
        raise WrongWeights(f"{shown(path)}: not a dictionary of tensors but {type(found).__name__}")
    others = [str(name) for name, value in found.items() if not _plain(value)]
    if others or not found:
        what = f"one with other entries, {_some(others)}" if others else "an empty one"
        raise WrongWeights(f"{shown(path)}: not a dictionary of tensors but {what}")
    return {str(name): value for name, value in found.items()}


def _read(path: Path) -> Any:
    """What is in the file."""
    if path.is_dir():
        raise WrongWeights(f"{shown(path)}: a folder, not a file of tensors")
    try:
        with path.open("rb") as file:
            head = file.read(9)
        if not head:
            raise WrongWeights(f"{shown(path)}: the file is empty")
        by_name = shown(path) == str(path)  # both libraries refuse names that are not UTF-8
        if head[8:] == b"{" or path.suffix == ".safetensors":
            return load_file(path) if by_name else load(path.read_bytes())
        if by_name:
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
        with path.open("rb") as file:
            return torch.load(file, map_location="cpu", weights_only=True)
    except (MemoryError, WrongWeights):
        raise
    except Exception as error:  # on damaged files torch's unpickler raises nearly every type that there is
        raise WrongWeights(f"{shown(path)}: cannot be read as tensors, damaged or another: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Why a file cannot be read, in one line."""
    if isinstance(error, pickle.UnpicklingError):
        return "more than tensors is in it, which is never loaded, or less"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).partition("\n")[0] or type(error).__name__


def _plain(value: object) -> bool:
    """Whether this is a tensor with its numbers one after another."""
    return isinstance(value, Tensor) and value.layout == torch.strided and not (value.is_quantized or value.is_meta)


def _some(names: list[str]) -> str:
    """The first few of many names."""
    return str(sorted(names)[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def without_prefix(
    tensors: Mapping[str, Tensor], anchor: re.Pattern[str], path: Path, network: str
) -> dict[str, Tensor]:
    """The tensors of the one network in a file, without what stands before all their names, such as "module.".

    Args:
        tensors: by the names of the file.
        anchor: matches the whole names of some tensors of the network; its first group is what stands before.
        path: the file, for messages.
        network: what is wanted, for messages.

    Raises:
        WrongWeights: if names of the network stand behind more than one beginning, or behind none; shows some names.
    """
    found = sorted({match[1] for match in map(anchor.fullmatch, tensors) if match})
    if not found:
        raise WrongWeights(f"{shown(path)}: no {network}; names in the file: {_some([*tensors])}")
    if len(found) > 1:
        raise WrongWeights(
            f"{shown(path)}: holds several networks, under {_some(found)}: save the one that you mean alone"
        )
    return {name.removeprefix(found[0]): value for name, value in tensors.items() if name.startswith(found[0])}


def numbers(value: Tensor, dtype: torch.dtype, name: str, path: Path) -> Tensor:
    """A stored tensor in the precision `dtype`.

    Raises:
        WrongWeights: if it holds no floating-point numbers, or some that are not finite in this precision.
    """
    if not value.is_floating_point():
        raise WrongWeights(f"{shown(path)}: tensor {name!r} holds {value.dtype}, must be floating-point numbers")
    result = value.to(dtype)
    if result.numel() and not all(torch.isfinite(extreme) for extreme in torch.aminmax(result)):
        bad = result.numel() - int(torch.isfinite(result).sum())
        raise WrongWeights(f"{shown(path)}: tensor {name!r} has {bad} of {value.numel()} values that are not finite")
    return result


def load_exactly(module: torch.nn.Module, tensors: Mapping[str, Tensor], path: Path, surplus: bool = False) -> None:
    """Put tensors into a module that was built without values; every one of its tensors must be there and fit.

    They are converted to the precision of the module.

    Args:
        module: built on the device "meta".
        tensors: by the module's names.
        path: their file, for messages.
        surplus: whether there may be more tensors than the module has.

    Raises:
        WrongWeights: with the first tensors that are missing, have another shape or have no place, or are not finite.
    """
    blanks = module.state_dict()
    wanted = {name: tuple(blank.shape) for name, blank in blanks.items()}
    missing, more = sorted(wanted.keys() - tensors.keys()), sorted(tensors.keys() - wanted.keys())
    if missing:
        raise WrongWeights(f"{shown(path)}: {len(missing)} of {len(wanted)} tensors are missing, first {missing[:3]}")
    if more and not surplus:
        raise WrongWeights(f"{shown(path)}: {len(more)} tensors have no place in the network, first {more[:3]}")
    for name, shape in wanted.items():
        if tuple(tensors[name].shape) != shape:
            raise WrongWeights(f"{shown(path)}: tensor {name} has shape {tuple(tensors[name].shape)}, wanted {shape}")
    values = {name: numbers(tensors[name], blank.dtype, name, path).clone() for name, blank in blanks.items()}
    module.load_state_dict(values, assign=True)
