"""The dictionaries of a scan: activations (n, c, h, w) to codes >= 0, one map a feature.

A folder with `config.json` is a published transcoder, one with `cfg.json` is of SAELens, a safetensors file holds a
linear encoder, codes relu(W x + b); neurons are the channels themselves, codes relu(x).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from distributional_view.backends.scan.recipe import Recipe
from distributional_view.backends.transcoders.checkpoint import CONFIG, WEIGHTS, load_published
from distributional_view.backends.zoo.weights import MissingWeights
from distributional_view.errors import UserError
from distributional_view.files import shown
from distributional_view.fingerprints import Hashes


@dataclass(frozen=True, eq=False)
class Dictionary:
    """Features of activations.

    Args:
        encode: activations to codes.
        features: number of features; None: as many as there are channels.
        channels: that it reads; None: any number.
        hook: the backbone's, by its own word; empty if it has none.
        made_of: what decides the codes, as JSON can hold it.
        decoder: (features, channels that are reconstructed); None: the dictionary has none.
    """

    encode: Callable[[Tensor], Tensor]
    features: int | None
    channels: int | None
    hook: str
    made_of: Mapping[str, Any]
    decoder: Tensor | None = None


def load_dictionary(recipe: Recipe, hashes: Hashes) -> Dictionary:
    """The dictionary of a recipe.

    Raises:
        MissingWeights: if nothing is there.
        BadCheckpoint, WrongWeights: see the loaders.
    """
    if recipe.neurons:
        return Dictionary(torch.relu, None, None, "2.0" if recipe.embedded else "", {"kind": "neurons"})
    if recipe.transcoder is None:
        return embedded_dictionary(recipe.device, hashes)
    return dictionary_at(recipe.transcoder, recipe.device, hashes)


def dictionary_at(path: Path, device: str, hashes: Hashes) -> Dictionary:
    """The dictionary in a folder or a file.

    Raises:
        MissingWeights: if nothing is there.
        BadCheckpoint, WrongWeights: see the loaders.
    """
    if not path.exists():
        raise MissingWeights(f"{shown(path)} is missing: must be a transcoder's folder or a .safetensors file")
    if path.is_file():
        return _linear(path, device, hashes)
    if (path / CONFIG).exists():
        published = load_published(path, device)
        spec = published.transcoder.spec
        made_of = {"kind": "published", **_hashed(path, hashes, CONFIG, WEIGHTS)}
        decoder = published.transcoder.W_D
        return Dictionary(published.transcoder.encode, spec.d_sae, spec.d_in, published.hook_in, made_of, decoder)
    from distributional_view.backends.scan.saelens import CFG, load_saelens

    if (path / CFG).exists():
        sae = load_saelens(path, device)
        spec = sae.transcoder.spec
        made_of = {"kind": "SAELens", **_hashed(path, hashes, CFG, WEIGHTS)}
        return Dictionary(sae.encode, spec.d_sae, spec.d_in, sae.hook, made_of, sae.transcoder.W_D)
    raise MissingWeights(f"{shown(path)}: must hold {CONFIG} (a published transcoder) or {CFG} (SAELens)")


def _hashed(folder: Path, hashes: Hashes, *names: str) -> dict[str, str]:
    return {name: hashes.of(folder / name) for name in names}


def embedded_dictionary(device: str, hashes: Hashes) -> Dictionary:
    """The transcoder that comes with the project."""
    from distributional_view.backends.embedded.store import load_transcoder, weights_path

    transcoder, hook = load_transcoder()
    made_of = {"kind": "embedded", "weights": hashes.of(weights_path("transcoder"))}
    name = f"{hook.stage}.{hook.block}"
    spec = transcoder.to(device).spec
    return Dictionary(transcoder.encode, spec.d_sae, spec.d_in, name, made_of, transcoder.W_D)


def _linear(path: Path, device: str, hashes: Hashes) -> Dictionary:
    from distributional_view.backends.scan.linear import load_linear

    encoder = load_linear(path).to(device)
    made_of = {"kind": "linear", "weights": hashes.of(path)}
    return Dictionary(encoder.encode, encoder.spec.d_sae, encoder.spec.d_in, "", made_of)


def check_fit(dictionary: Dictionary, channels: int) -> int:
    """The number of features on so many channels.

    Raises:
        UserError: if the dictionary reads another number.
    """
    if dictionary.channels not in (None, channels):
        raise UserError(
            f"transcoder: reads {dictionary.channels} channels, the backbone has {channels} at its hook: "
            "another hook, or another transcoder"
        )
    return channels if dictionary.features is None else dictionary.features
