"""The trained weights in the repository: half-precision safetensors, and a JSON of what they are and how they came.

For each part (classifier, transcoder, prior) `NAME.safetensors` holds the tensors and `NAME.json` a `Record`. Networks
are loaded in single precision; everything that is measured of them is measured after the rounding.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors.torch import save_file
from torch import nn

from distributional_view.backends.embedded.convnext import ConvNeXt, Hook
from distributional_view.backends.embedded.parts import WEIGHTS as WEIGHTS
from distributional_view.backends.embedded.parts import Part as Part
from distributional_view.backends.embedded.unet import UNet
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.backends.zoo.weights import MissingWeights, WrongWeights, load_exactly, read_tensors
from distributional_view.files import shown, write_whole, write_with

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Record:
    """What a file of weights is.

    Args:
        network: arguments of the network's constructor; for a transcoder its spec, and the hook (stage, block).
        training: settings, seed among them.
        measured: of the stored weights, on the test pictures unless the name says otherwise.
    """

    network: dict[str, Any]
    training: dict[str, Any]
    measured: dict[str, float]


def save_part(part: Part, network: nn.Module, record: Record, folder: Path = WEIGHTS) -> None:
    """Write the weights in half precision, and the record."""
    halves = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    write_with(weights_path(part, folder), lambda partial: save_file(halves, partial))
    write_whole(_record_path(part, folder), json.dumps(asdict(record), indent=2) + "\n")


def round_to_half(network: nn.Module) -> None:
    """Give the network the values that `save_part` stores."""
    with torch.no_grad():
        for value in network.state_dict().values():
            value.copy_(value.half())


def weights_path(part: Part, folder: Path = WEIGHTS) -> Path:
    """Where a part's weights lie."""
    return folder / f"{part}.safetensors"


def _record_path(part: Part, folder: Path) -> Path:
    return folder / f"{part}.json"


def _existing(path: Path, part: Part) -> Path:
    if not path.is_file():
        command = f"dview embedded-train --part {part} --out {shown(path.parent)}"
        raise MissingWeights(f"{shown(path)} is not there: {command}")
    return path


def read_record(part: Part, folder: Path = WEIGHTS) -> Record:
    """The record of a part.

    Raises:
        MissingWeights: if it is not there.
        WrongWeights: if it is no record.
    """
    path = _existing(_record_path(part, folder), part)
    try:
        record = Record(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise WrongWeights(f"{shown(path)}: a damaged file, or no record of weights: {error}") from error
    if not isinstance(record.network, dict):
        raise WrongWeights(f"{shown(path)}: network = {record.network!r}: must be an object")
    return record


def _load(part: Part, folder: Path, make: Callable[..., Network]) -> Network:
    """What `make` builds from the recorded sizes, filled with the stored weights, without gradients for them."""
    sizes = {name: tuple(v) if isinstance(v, list) else v for name, v in read_record(part, folder).network.items()}
    try:
        network = make(**sizes)
    except (TypeError, ValueError, KeyError, RuntimeError) as error:
        raise WrongWeights(f"{shown(_record_path(part, folder))}: no network has these sizes: {error}") from error
    path = _existing(weights_path(part, folder), part)
    load_exactly(network, read_tensors(path), path)
    return network.eval().requires_grad_(False)


def load_classifier(folder: Path = WEIGHTS) -> ConvNeXt:
    """The classifier.

    Raises:
        MissingWeights: if it is not there.
        WrongWeights: if one of its files is damaged.
    """
    return _load("classifier", folder, ConvNeXt)


def load_prior(folder: Path = WEIGHTS) -> UNet:
    """The diffusion prior: (x_t, time) -> v.

    Raises:
        MissingWeights: if it is not there.
        WrongWeights: if one of its files is damaged.
    """
    return _load("prior", folder, UNet)


def load_transcoder(folder: Path = WEIGHTS) -> tuple[Transcoder, Hook]:
    """The transcoder and the block of the classifier whose input it reads.

    Raises:
        MissingWeights: if it is not there.
        WrongWeights: if one of its files is damaged.
    """
    hooks: list[Hook] = []

    def make(hook: dict[str, int], **spec: Any) -> Transcoder:
        hooks.append(Hook(**hook))
        return Transcoder(TranscoderSpec(**spec), seed=0)

    return _load("transcoder", folder, make), hooks[0]
