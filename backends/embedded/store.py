"""The trained weights in the repository: half-precision safetensors, and a JSON of what they are and how they came.

For each part (classifier, transcoder, prior) `NAME.safetensors` holds the tensors and `NAME.json` a `Record`. Networks
are loaded in single precision; everything that is measured of them is measured after the rounding.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from distributional_view.backends.embedded.convnext import ConvNeXt, Hook
from distributional_view.backends.embedded.unet import UNet
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec

Part = Literal["prior", "classifier", "transcoder"]
WEIGHTS = Path(__file__).parent / "weights"


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


class MissingWeights(FileNotFoundError):
    """A file of weights is not there; says how to make it."""


def save(part: Part, network: nn.Module, record: Record, folder: Path = WEIGHTS) -> None:
    """Write the weights in half precision, and the record."""
    folder.mkdir(parents=True, exist_ok=True)
    halves = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    save_file(halves, weights_path(part, folder))
    (folder / f"{part}.json").write_text(json.dumps(asdict(record), indent=2) + "\n")


def round_to_half(network: nn.Module) -> None:
    """Give the network the values that `save` stores."""
    with torch.no_grad():
        for value in network.state_dict().values():
            value.copy_(value.half())


def weights_path(part: Part, folder: Path = WEIGHTS) -> Path:
    """Where a part's weights lie."""
    return folder / f"{part}.safetensors"


def read_record(part: Part, folder: Path = WEIGHTS) -> Record:
    """The record of a part.

    Raises:
        MissingWeights: if it is not there.
    """
    path = folder / f"{part}.json"
    if not path.is_file():
        raise MissingWeights(f"{path} is not there: python -m backends embedded-train --part {part} --out {folder}")
    return Record(**json.loads(path.read_text()))


def _sizes(part: Part, folder: Path) -> dict[str, Any]:
    return {name: tuple(v) if isinstance(v, list) else v for name, v in read_record(part, folder).network.items()}


def _fill(network: nn.Module, part: Part, folder: Path) -> None:
    path = weights_path(part, folder)
    if not path.is_file():
        raise MissingWeights(f"{path} is not there: python -m backends embedded-train --part {part} --out {folder}")
    network.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    network.eval().requires_grad_(False)


def load_classifier(folder: Path = WEIGHTS) -> ConvNeXt:
    """The classifier, without gradients for its weights.

    Raises:
        MissingWeights: if it is not there.
    """
    network = ConvNeXt(**_sizes("classifier", folder))
    _fill(network, "classifier", folder)
    return network


def load_prior(folder: Path = WEIGHTS) -> UNet:
    """The diffusion prior: (x_t, time) -> v, without gradients for its weights.

    Raises:
        MissingWeights: if it is not there.
    """
    network = UNet(**_sizes("prior", folder))
    _fill(network, "prior", folder)
    return network


def load_transcoder(folder: Path = WEIGHTS) -> tuple[Transcoder, Hook]:
    """The transcoder and the block of the classifier whose input it reads.

    Raises:
        MissingWeights: if it is not there.
    """
    sizes = _sizes("transcoder", folder)
    hook = Hook(**sizes.pop("hook"))
    transcoder = Transcoder(TranscoderSpec(**sizes), seed=0)
    _fill(transcoder, "transcoder", folder)
    return transcoder, hook
