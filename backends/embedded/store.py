"""The trained weights in the repository: half-precision safetensors, and a JSON of what they are and how they came.

For each part (draft, classifier, transcoder, prior) `NAME.safetensors` holds the tensors and `NAME.json` a `Record`.
Networks are loaded in single precision; everything that is measured of them is measured after the rounding.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from distributional_view.backends.embedded.convnext import ConvNeXt, Hook
from distributional_view.backends.embedded.parts import WEIGHTS as WEIGHTS
from distributional_view.backends.embedded.parts import Part as Part
from distributional_view.backends.embedded.unet import UNet
from distributional_view.backends.training import save_tensors
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.backends.zoo.weights import MissingWeights, WrongWeights, load_exactly, read_tensors
from distributional_view.errors import UserError
from distributional_view.files import write_json
from distributional_view.jobs import read_json

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
    save_tensors(weights_path(part, folder), halves)
    write_json(_record_path(part, folder), asdict(record))


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
        raise MissingWeights(f"{path} is not there: {_again(part, path.parent)}")
    return path


def _again(part: Part, folder: Path) -> str:
    return f"dview embedded-train --part {part} --out {folder}"


def read_record(part: Part, folder: Path = WEIGHTS) -> Record:
    """The record of a part.

    Raises:
        MissingWeights: if it is not there.
        UserError: if it is damaged.
    """
    path = _existing(_record_path(part, folder), part)
    found = read_json(path, _again(part, folder))
    if not isinstance(found, dict) or any(not isinstance(found.get(f.name), dict) for f in fields(Record)):
        raise UserError(f"{path} is no record of trained weights: {_again(part, folder)}")
    return Record(**{f.name: found[f.name] for f in fields(Record)})


def refuse_others(part: Part, folder: Path, training: Mapping[str, Any]) -> None:
    """Go on only if the folder has no weights of the part, or some of the same training.

    Raises:
        UserError: if they are of another one, or nobody knows.
    """
    weights, record = weights_path(part, folder), _record_path(part, folder)
    if not weights.exists() and not record.exists():
        return
    if not record.exists() or read_record(part, folder).training != json.loads(json.dumps(training)):
        there = weights if weights.exists() else record
        raise UserError(f"{there} is of another training: choose another folder, so that nothing is lost")


def sizes_of(part: Part, folder: Path = WEIGHTS) -> dict[str, Any]:
    """What a part's network is built from.

    Raises:
        MissingWeights: if its record is not there.
        UserError: if it is damaged.
    """
    return {name: tuple(v) if isinstance(v, list) else v for name, v in read_record(part, folder).network.items()}


def _load(part: Part, folder: Path, make: Callable[..., Network]) -> Network:
    """What `make` builds from the recorded sizes, filled with the stored weights, without gradients for them."""
    sizes = sizes_of(part, folder)
    path, record = _existing(weights_path(part, folder), part), _record_path(part, folder)
    try:
        network = make(**sizes)
    except (RuntimeError, ValueError, TypeError) as error:
        raise UserError(f"{record} holds sizes of no network ({error}): {_again(part, folder)}") from error
    try:
        load_exactly(network, read_tensors(path), path)
    except WrongWeights as error:
        raise WrongWeights(f"{error}; damaged, or does not fit {record.name}: {_again(part, folder)}") from error
    return network.eval().requires_grad_(False)


def load_classifier(folder: Path = WEIGHTS) -> ConvNeXt:
    """The classifier.

    Raises:
        MissingWeights: if it is not there.
        UserError: if one of its files is damaged.
    """
    return _load("classifier", folder, ConvNeXt)


def load_prior(folder: Path = WEIGHTS) -> UNet:
    """The diffusion prior: (x_t, time) -> v; its channels lie last in memory, which takes a quarter less time.

    Raises:
        MissingWeights: if it is not there.
        UserError: if one of its files is damaged.
    """
    return load_unet("prior", folder).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def load_draft(folder: Path = WEIGHTS) -> UNet:
    """The small first prior, whose denoised estimates the classifier was trained on: (x_t, time) -> v.

    Raises:
        MissingWeights: if it is not there.
        UserError: if one of its files is damaged.
    """
    return load_unet("draft", folder)


def load_unet(part: Part, folder: Path = WEIGHTS) -> UNet:
    """The draft or the prior.

    Raises:
        MissingWeights: if it is not there.
        UserError: if one of its files is damaged.
    """
    return _load(part, folder, UNet)


def load_transcoder(folder: Path = WEIGHTS) -> tuple[Transcoder, Hook]:
    """The transcoder and the block of the classifier whose input it reads.

    Raises:
        MissingWeights: if it is not there.
    """
    hooks: list[Hook] = []

    def make(hook: dict[str, int], **spec: Any) -> Transcoder:
        hooks.append(Hook(**hook))
        return Transcoder(TranscoderSpec(**spec), seed=0)

    return _load("transcoder", folder, make), hooks[0]
