"""The folder format of the paper's published transcoders: `config.json` and `sae_weights.safetensors`.

Tensors: `W_conv` (d_sae, d_in, k, k), `b_conv` (d_sae), `W_D` (d_sae, d_out), `b_D` (d_out) if `use_decoder_bias`,
`activation_function.log_jumprelu_threshold` (d_sae) for "jumprelu", and one number
`dataset_average_activation_norm.<hook point>` for each hook point. Written by us only: `b_pre` (d_in),
`batch_threshold` (one number). Whatever else a file holds (such as the unused `layer_norm_weight`) and whatever else
the config says is kept and written back, so that reading and saving a published folder changes no value.

`norm_activation`: "dataset-wise" scales by sqrt(channels)/(stored mean norm); "inference" means that the scale is
folded into the weights.

Paper: Appendix J.1. The published files decide the rest.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from distributional_view.backends.choices import Activation
from distributional_view.backends.training import save_tensors
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.files import write_whole
from distributional_view.theory.errors import require

CONFIG, WEIGHTS = "config.json", "sae_weights.safetensors"
NORM = "dataset_average_activation_norm."
TO_FILE = {"log_threshold": "activation_function.log_jumprelu_threshold"}
"""Names of ours that differ from the file's; the two norms are named after the hook points."""
FLAGS_UNKNOWN_HERE = ("use_glu_encoder", "apply_decoder_bias_to_pre_encoder")


class BadCheckpoint(ValueError):
    """A folder that cannot be read as a transcoder; the message names the file, what is wrong and what is wanted."""


class Published(NamedTuple):
    """A transcoder with all that its folder holds besides.

    `config` is the whole of `config.json`; `extra` the tensors that the transcoder does not use; `hook_in` and
    `hook_out` name the activations that it reads and reconstructs.
    """

    transcoder: Transcoder
    config: dict[str, Any]
    extra: dict[str, Tensor]
    hook_in: str
    hook_out: str


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
    kept = {k: v.detach().cpu().contiguous() for k, v in (tensors | published.extra).items()}
    save_tensors(folder / WEIGHTS, kept)
    write_whole(folder / CONFIG, json.dumps(published.config, indent=2) + "\n")


def load_published(folder: Path, device: str | torch.device = "cpu") -> Published:
    """Read a published folder; weights keep the precision of the file.

    Raises:
        FileNotFoundError: if the folder or one of its two files is missing.
        BadCheckpoint: for a damaged file, a missing field or tensor, a wrong shape, an unknown activation or norm.
    """
    for path in (folder, folder / CONFIG, folder / WEIGHTS):
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: a transcoder is a folder with {CONFIG} and {WEIGHTS}")
    try:
        config = json.loads((folder / CONFIG).read_text())
        tensors = load_file(folder / WEIGHTS, device=str(device))
    except (json.JSONDecodeError, UnicodeDecodeError, SafetensorError) as error:
        raise BadCheckpoint(f"{folder}: a file is damaged: {error}") from error
    spec = _spec(folder, config, tensors)
    hook_in, hook_out = _hooks(folder, config, tensors) if spec.dataset_norm else (_hook(config), _hook(config, "out"))
    with torch.device("meta"):
        transcoder = Transcoder(spec, seed=None)
    names = {**TO_FILE, "norm_in": NORM + hook_in, "norm_out": NORM + hook_out}
    state = {}
    for name, blank in transcoder.state_dict().items():
        key = names.get(name, name)
        if name == "batch_threshold" and key not in tensors:
            tensors[key] = torch.zeros((), device=device)
        state[name] = _tensor(folder, tensors, key, tuple(blank.shape))
    transcoder.load_state_dict(state, assign=True)
    used = {names.get(name, name) for name in state}
    extra = {name: value for name, value in tensors.items() if name not in used}
    return Published(transcoder.eval().requires_grad_(False), config, extra, hook_in, hook_out)


def _spec(folder: Path, config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> TranscoderSpec:
    """What the config says and the shapes imply."""

    def field(name: str) -> Any:
        if name not in config:
            raise BadCheckpoint(f"{folder / CONFIG}: field {name!r} is missing")
        return config[name]

    activation, norm = field("act_fn"), field("norm_activation")
    if activation not in get_args(Activation):
        raise BadCheckpoint(f"{folder / CONFIG}: act_fn = {activation!r}: must be one of {get_args(Activation)}")
    if norm not in ("dataset-wise", "inference"):
        raise BadCheckpoint(f"{folder / CONFIG}: norm_activation = {norm!r}: must be 'dataset-wise' or 'inference'")
    for flag in FLAGS_UNKNOWN_HERE:
        if config.get(flag):
            raise BadCheckpoint(f"{folder / CONFIG}: {flag} = true is not supported")
    kernel, rows = _tensor(folder, tensors, "W_conv", (None,) * 4), _tensor(folder, tensors, "W_D", (None,) * 2)
    d_sae, d_in, side, _ = kernel.shape
    wanted = config.get("d_model", d_in) * config.get("expansion_factor", d_sae / d_in)
    if round(wanted) != d_sae or config.get("d_model", d_in) != d_in:
        raise BadCheckpoint(
            f"{folder}: W_conv has shape {tuple(kernel.shape)}, but d_model = {config.get('d_model')} and "
            f"expansion_factor = {config.get('expansion_factor')}"
        )
    try:
        return TranscoderSpec(
            d_in=d_in,
            d_sae=d_sae,
            kernel_size=side,
            activation=activation,
            top_k=field("top_k") if activation in ("topk", "batchtopk") else config.get("top_k"),
            d_out=None if rows.shape[1] == d_in else rows.shape[1],
            decoder_bias=field("use_decoder_bias"),
            pre_bias="b_pre" in tensors,
            decoder_norm_scaling=field("sparsity_include_decoder_norm"),
            dataset_norm=norm == "dataset-wise",
        )
    except ValueError as error:
        raise BadCheckpoint(f"{folder}: {error}") from error


def _tensor(folder: Path, tensors: Mapping[str, Tensor], name: str, shape: tuple[int | None, ...]) -> Tensor:
    """A tensor of the file with its shape checked (None: any size; a single number may have shape (1,))."""
    if name not in tensors:
        raise BadCheckpoint(f"{folder / WEIGHTS}: tensor {name!r} is missing; there are {sorted(tensors)}")
    found = tuple(tensors[name].shape)
    fits = len(found) == len(shape) and all(b in (a, None) for a, b in zip(found, shape, strict=True))
    if not fits and not (shape == () and found == (1,)):
        want = tuple("any" if size is None else size for size in shape)
        raise BadCheckpoint(f"{folder / WEIGHTS}: tensor {name!r} has shape {found}, wanted {want}")
    return tensors[name].reshape(()) if shape == () else tensors[name]


def _hook(config: Mapping[str, Any], which: str = "in") -> str:
    """The hook point's name according to the config, empty if it says nothing."""
    return str(config.get(f"hook_point_{which}") or config.get("hook_point_in") or "")


def _hooks(folder: Path, config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> tuple[str, str]:
    """The hook points read and reconstructed: as the config says, or the only one that has a stored norm."""
    stored = [name.removeprefix(NORM) for name in tensors if name.startswith(NORM)]
    named = _hook(config), _hook(config, "out")
    if not named[0] and len(stored) == 1:
        return stored[0], stored[0]
    for hook in named:
        if hook not in stored:
            raise BadCheckpoint(
                f"{folder}: norm_activation = 'dataset-wise' needs the tensor {NORM + hook!r}, norms stored: {stored}"
            )
    return named
