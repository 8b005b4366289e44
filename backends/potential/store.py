"""A learned potential in a folder: `potential.safetensors` with weights and centres, `potential.json` with the rest.

The record holds the hash of the tensors, so that a file of another training, or a damaged one, is refused.
"""

import dataclasses
import json
from pathlib import Path

import torch

from distributional_view.backends.potential.bins import Bins
from distributional_view.backends.potential.learned import LearnedPotential, Spec
from distributional_view.backends.training import save_tensors
from distributional_view.backends.zoo.weights import MissingWeights, WrongWeights, load_exactly, read_tensors
from distributional_view.errors import UserError
from distributional_view.files import write_json
from distributional_view.fingerprints import Hashes
from distributional_view.jobs import read_json

WEIGHTS, RECORD = "potential.safetensors", "potential.json"
_CENTRES = "bins.centres"
_AGAIN = "learn it again, in another folder"


def save(learned: LearnedPotential, folder: Path) -> None:
    """Write both files, the record last.

    Raises:
        UserError: if they cannot be written.
    """
    tensors = {f"network.{name}": value.cpu().contiguous() for name, value in learned.weights.state_dict().items()}
    path = save_tensors(folder / WEIGHTS, {**tensors, _CENTRES: learned.bins.centres.cpu().contiguous()})
    spec = dataclasses.asdict(learned.spec)
    write_json(folder / RECORD, {"spec": spec, "record": learned.record, "sha256": Hashes().of(path)})


def saved(folder: Path) -> bool:
    """Whether a potential was saved there, whole."""
    return (folder / RECORD).exists()


def load(folder: Path) -> LearnedPotential:
    """The potential in a folder, without gradients for its weights.

    Raises:
        MissingWeights: if one of the two files is not there.
        UserError: if one is damaged, or of another training than the other.
    """
    path, record = folder / WEIGHTS, folder / RECORD
    for file in (record, path):
        if not file.is_file():
            raise MissingWeights(f"{file} is not there: {_AGAIN}")
    found = read_json(record, _AGAIN)
    try:
        given = {**found["spec"], "shape": tuple(found["spec"]["shape"]), "features": tuple(found["spec"]["features"])}
        spec, kept, wanted = Spec(**given), dict(found["record"]), str(found["sha256"])
        uniform = torch.full((len(spec.features), spec.bins), 1 / spec.bins)
        network = spec.network(uniform)
    except (KeyError, TypeError, ValueError, RuntimeError, ZeroDivisionError) as error:
        raise UserError(f"{record} is no record of a learned potential ({error}): {_AGAIN}") from error
    if Hashes().of(path) != wanted:
        raise WrongWeights(f"{path} is not what {record.name} says: damaged, or of another training: {_AGAIN}")
    tensors = read_tensors(path)
    try:
        bins = Bins(tensors.pop(_CENTRES))
        inside = {name.removeprefix("network."): value for name, value in tensors.items()}
        load_exactly(network, inside, path)
        return LearnedPotential(spec, bins, network.eval().requires_grad_(False), kept)
    except (KeyError, ValueError) as error:
        raise WrongWeights(f"{path} does not fit {record.name} ({error}): {_AGAIN}") from error


def of_request(learned: LearnedPotential, folder: Path, inputs: dict[str, object]) -> LearnedPotential:
    """The potential itself, if it was made of these inputs.

    Args:
        learned: from `load`.
        folder: its folder, for the message.
        inputs: what was asked for, as JSON can hold it.

    Raises:
        UserError: if it was made of others.
    """
    known = learned.record.get("request")
    if known != json.loads(json.dumps(inputs)):
        raise UserError(f"{folder / RECORD} is of another request, {known}: choose another folder")
    return learned
