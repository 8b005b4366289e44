"""The folder format of the paper's published transcoders: `config.json` and `sae_weights.safetensors`.

Tensors: `W_conv` (d_sae, d_in, k, k), `b_conv` (d_sae), `W_D` (d_sae, d_out), `b_D` (d_out) if `use_decoder_bias`,
`activation_function.log_jumprelu_threshold` (d_sae) for "jumprelu", and one number
`dataset_average_activation_norm.<hook point>` for each hook point. Written by us only: `b_pre` (d_in),
`batch_threshold` (one number). Whatever else a file holds (such as the unused `layer_norm_weight`) and whatever else
the config says is kept and written back, so that reading and saving a published folder changes no value. Computed is
in single precision whatever the file has; half precision is written back as it was, double as it was rounded.

`norm_activation`: "dataset-wise" scales by sqrt(channels)/(stored mean norm); "inference" means that the scale is
folded into the weights.

Paper: Appendix J.1. The published files decide the rest.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from distributional_view.backends.training import save_tensors
from distributional_view.backends.transcoders.config import BadCheckpoint as BadCheckpoint
from distributional_view.backends.transcoders.config import Config, read_config
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.backends.zoo.weights import MissingWeights, WrongWeights, numbers, read_tensors
from distributional_view.files import shown, write_whole
from distributional_view.theory.errors import require

CONFIG, WEIGHTS = "config.json", "sae_weights.safetensors"
NORM = "dataset_average_activation_norm."
TO_FILE = {"log_threshold": "activation_function.log_jumprelu_threshold"}
"""Names of ours that differ from the file's; the two norms are named after the hook points."""


class Published(NamedTuple):
    """A transcoder with all that its folder holds besides.

    `config` is the whole of `config.json`; `extra` the tensors that the transcoder does not use; `hook_in` and
    `hook_out` name the activations that it reads and reconstructs; `precision` is that of the file's tensors by name,
    where it is not that of the transcoder.
    """

    transcoder: Transcoder
    config: dict[str, Any]
    extra: dict[str, Tensor]
    hook_in: str
    hook_out: str
    precision: Mapping[str, torch.dtype] = {}


def publish(transcoder: Transcoder, hook_in: str, hook_out: str | None = None) -> Published:
    """A transcoder of our own, with the config that the format asks for.

    Args:
        transcoder: trained here.
        hook_in: name of the activations that it reads, such as "stages.2.20" (the input of block 20 of stage 2).
        hook_out: of those that it reconstructs; default the same.

    Raises:
        ValueError: if both names are the same but the stored mean norms differ: the format keeps one norm a name.
    """
    spec, norms = transcoder.spec, (transcoder.norm_in, transcoder.norm_out)
    same = norms[0] is None or norms[1] is None or bool(norms[0] == norms[1])
    require(same or hook_out not in (None, hook_in), "hook_out", hook_out, f"a name other than {hook_in!r}")
    expansion = spec.d_sae / spec.d_in
    config = {
        "hook_point_in": hook_in,
        "hook_point_out": hook_out or hook_in,
        "d_model": spec.d_in,
        "expansion_factor": int(expansion) if expansion.is_integer() else expansion,
        "act_fn": spec.activation,
        "top_k": spec.top_k,
        "use_decoder_bias": spec.decoder_bias,
        "sparsity_include_decoder_norm": spec.decoder_norm_scaling,
        "norm_activation": "dataset-wise" if spec.dataset_norm else "inference",
    }
    return Published(transcoder, config, {}, hook_in, hook_out or hook_in)


def save_published(folder: Path, published: Published) -> None:
    """Write the folder; existing files are replaced."""
    names = {**TO_FILE, "norm_in": NORM + published.hook_in, "norm_out": NORM + published.hook_out}
    tensors = {names.get(name, name): value for name, value in published.transcoder.state_dict().items()}
    if "batch_threshold" in tensors and tensors["batch_threshold"] == 0:
        del tensors["batch_threshold"]  # not learned
    tensors = {name: value.to(published.precision.get(name, value.dtype)) for name, value in tensors.items()}
    kept = {k: v.detach().cpu().contiguous() for k, v in (tensors | published.extra).items()}
    save_tensors(folder / WEIGHTS, kept)
    write_whole(folder / CONFIG, json.dumps(published.config, indent=2) + "\n")


def load_published(folder: Path, device: str | torch.device = "cpu") -> Published:
    """Read a published folder; weights are converted to single precision.

    Raises:
        MissingWeights: if the folder or one of its two files is missing.
        BadCheckpoint: for a damaged file, a missing or mistyped field, a missing tensor, a wrong shape, numbers that
            are not finite, an unknown activation or norm.
    """
    for path in (folder, folder / CONFIG, folder / WEIGHTS):
        if not path.exists():
            raise MissingWeights(f"{shown(path)} is missing: a transcoder is a folder with {CONFIG} and {WEIGHTS}")
    fields, config = read_config(folder / CONFIG)
    try:
        tensors = read_tensors(folder / WEIGHTS)
        return _filled(folder / WEIGHTS, fields, config, tensors, device)
    except WrongWeights as error:
        raise BadCheckpoint(str(error)) from error


def _filled(
    path: Path, fields: dict[str, Any], config: Config, tensors: dict[str, Tensor], device: str | torch.device
) -> Published:
    """The transcoder that the config describes with the tensors of the file `path`."""
    spec = _spec(path, config, tensors)
    hook_in, hook_out = _hooks(path, config, tensors)
    with torch.device("meta"):
        transcoder = Transcoder(spec, seed=None)
    names = {**TO_FILE, "norm_in": NORM + hook_in, "norm_out": NORM + hook_out}
    state, precision = {}, {}
    for name, blank in transcoder.state_dict().items():
        key = names.get(name, name)
        if name == "batch_threshold" and key not in tensors:
            state[name] = torch.zeros(())
            continue
        stored = _tensor(path, tensors, key, tuple(blank.shape))
        state[name] = numbers(stored, blank.dtype, key, path)
        if stored.dtype.itemsize < blank.dtype.itemsize:
            precision[key] = stored.dtype
        if name in ("norm_in", "norm_out") and state[name] <= 0:
            raise BadCheckpoint(f"{shown(path)}: tensor {key!r} = {state[name].item()}: must be > 0, a mean norm")
    transcoder.load_state_dict(state, assign=True)
    used = {names.get(name, name) for name in state}
    extra = {name: value for name, value in tensors.items() if name not in used}
    frozen = transcoder.to(device).eval().requires_grad_(False)
    return Published(frozen, fields, extra, hook_in, hook_out, precision)


def _spec(path: Path, config: Config, tensors: Mapping[str, Tensor]) -> TranscoderSpec:
    """What the config says and the shapes imply."""
    kernel, rows = _tensor(path, tensors, "W_conv", (None,) * 4), _tensor(path, tensors, "W_D", (None,) * 2)
    d_sae, d_in, side, _ = kernel.shape
    d_model = d_in if config.d_model is None else config.d_model
    wanted = d_sae if config.expansion_factor is None else d_model * config.expansion_factor
    if not (d_model == d_in and math.isclose(wanted, d_sae, abs_tol=0.5)):
        raise BadCheckpoint(
            f"{shown(path)}: W_conv has shape {tuple(kernel.shape)}, but {CONFIG} says d_model = {config.d_model} and "
            f"expansion_factor = {config.expansion_factor}"
        )
    try:
        return TranscoderSpec(
            d_in=d_in,
            d_sae=d_sae,
            kernel_size=side,
            activation=config.act_fn,
            top_k=config.top_k,
            d_out=None if rows.shape[1] == d_in else rows.shape[1],
            decoder_bias=config.use_decoder_bias,
            pre_bias="b_pre" in tensors,
            decoder_norm_scaling=config.sparsity_include_decoder_norm,
            dataset_norm=config.norm_activation == "dataset-wise",
        )
    except ValueError as error:
        raise BadCheckpoint(f"{shown(path.parent)}: {error}") from error


def _tensor(path: Path, tensors: Mapping[str, Tensor], name: str, shape: tuple[int | None, ...]) -> Tensor:
    """A tensor of the file with its shape checked (None: any size; a single number may have shape (1,))."""
    if name not in tensors:
        raise BadCheckpoint(f"{shown(path)}: tensor {name!r} is missing; there are {sorted(tensors)}")
    found = tuple(tensors[name].shape)
    fits = len(found) == len(shape) and all(b in (a, None) for a, b in zip(found, shape, strict=True))
    if not fits and not (shape == () and found == (1,)):
        want = tuple("any" if size is None else size for size in shape)
        raise BadCheckpoint(f"{shown(path)}: tensor {name!r} has shape {found}, wanted {want}")
    return tensors[name].reshape(()) if shape == () else tensors[name]


def _hooks(path: Path, config: Config, tensors: Mapping[str, Tensor]) -> tuple[str, str]:
    """The hook points read and reconstructed: as the config says, or the only one that has a stored norm."""
    named = config.hook_in, config.hook_out
    if config.norm_activation != "dataset-wise":
        return named
    stored = [name.removeprefix(NORM) for name in tensors if name.startswith(NORM)]
    if not named[0] and len(stored) == 1:
        return stored[0], stored[0]
    for hook in named:
        if hook not in stored:
            raise BadCheckpoint(
                f"{shown(path)}: norm_activation = 'dataset-wise' needs the tensor {NORM + hook!r}, "
                f"norms stored: {stored}"
            )
    return named
