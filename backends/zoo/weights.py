"""Reading weight files from disk: nothing is ever downloaded, and a file that is missing, damaged or wrong says so."""

import hashlib
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor


class MissingWeights(FileNotFoundError):
    """A weight file is not there; the message tells where it comes from and where to put it."""


class WrongWeights(ValueError):
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
            f"{path} is missing. It comes from: {origin}. Put it at {path.absolute()}, or name another."
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
            f"{path}: sha256 begins {found[: max(8, len(prefix))]}, should begin {prefix}: incomplete or altered "
            "(a file that you converted yourself can be read without this check, verify=False)"
        )


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a `.safetensors` file or of a torch file that is a plain dictionary of tensors.

    A dictionary under the single key "model", "state_dict" or "teacher" is taken out of it.

    Raises:
        WrongWeights: if the file is damaged or something else; no code in it is ever run.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise WrongWeights(f"{path}: cannot be read as tensors: {error}") from error
    for key in ("model", "state_dict", "teacher"):
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise WrongWeights(f"{path}: not a dictionary of tensors but {type(found).__name__}")
    return {str(name): value for name, value in found.items()}


def load_exactly(module: torch.nn.Module, tensors: Mapping[str, Tensor], path: Path, surplus: bool = False) -> None:
    """Put tensors into a module that was built without values; every one of its tensors must be there and fit.

    Args:
        module: built on the device "meta".
        tensors: by the module's names.
        path: their file, for messages.
        surplus: whether there may be more tensors than the module has.

    Raises:
        WrongWeights: with the first tensors that are missing, have another shape or have no place.
    """
    wanted = {name: tuple(blank.shape) for name, blank in module.state_dict().items()}
    missing, more = sorted(wanted.keys() - tensors.keys()), sorted(tensors.keys() - wanted.keys())
    if missing:
        raise WrongWeights(f"{path}: {len(missing)} of {len(wanted)} tensors are missing, first {missing[:3]}")
    if more and not surplus:
        raise WrongWeights(f"{path}: {len(more)} tensors have no place in the network, first {more[:3]}")
    for name, shape in wanted.items():
        if tuple(tensors[name].shape) != shape:
            raise WrongWeights(f"{path}: tensor {name} has shape {tuple(tensors[name].shape)}, wanted {shape}")
    module.load_state_dict({name: tensors[name].clone() for name in wanted}, assign=True)
