"""SAELens folders: `cfg.json` and `sae_weights.safetensors`, as that library reads them for inference.

    z = act(((norm(x) - b_dec) W_enc + b_enc))        b_dec subtracted if `apply_b_dec_to_input`

Architectures "standard" (relu), "topk" (the k largest, then relu) and "jumprelu" (above the feature's `threshold`).
A tied folder has one of `W_enc` (d_in, d_sae) and `W_dec` (d_sae, d_in): the other is its transpose. Where
`rescale_acts_by_decoder_norm` holds, codes come multiplied by the norm of the feature's row in `W_dec`.
`normalize_activations`: "none", "constant_norm_rescale" (each position to norm sqrt(d_in)) or "layer_norm".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from distributional_view.backends.scan.linear import linear_transcoder
from distributional_view.backends.transcoders.checkpoint import WEIGHTS
from distributional_view.backends.transcoders.config import BadCheckpoint
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.backends.zoo.weights import existing, numbers, read_tensors
from distributional_view.files import shown
from distributional_view.jobs import read_json

CFG = "cfg.json"
ARCHITECTURES = ("standard", "topk", "jumprelu")
LAYER_NORM_EPS = 1e-5


@dataclass(frozen=True, eq=False)
class SaeLens:
    """A SAELens encoder.

    Args:
        transcoder: the same as a transcoder with a 1 x 1 kernel, on normalised activations.
        normalise: activations to what it reads.
        hook: the name of the activations in the folder, empty if it has none.
    """

    transcoder: Transcoder
    normalise: Callable[[Tensor], Tensor]
    hook: str

    def encode(self, x: Tensor) -> Tensor:
        """Activations (n, c, h, w) to codes (n, features, h, w)."""
        return self.transcoder.encode(self.normalise(x))


def load_saelens(folder: Path, device: str | torch.device = "cpu") -> SaeLens:
    """The encoder of a folder.

    Raises:
        MissingWeights: if one of its files is missing.
        BadCheckpoint: for a field or an architecture that is not supported, or is missing.
        WrongWeights: if the tensors are damaged, missing or of another shape.
    """
    path = existing(folder / WEIGHTS, "SAELens, beside cfg.json")
    cfg = read_json(existing(folder / CFG, "SAELens"), "get it again")
    if not isinstance(cfg, dict):
        raise BadCheckpoint(f"{shown(folder / CFG)}: holds {type(cfg).__name__}, must be a JSON object")
    architecture, k = _architecture(folder / CFG, cfg)
    tensors = read_tensors(path)
    encoder, decoder = _matrices(path, cfg, tensors)
    features, channels = decoder.shape
    bias = _vector(path, tensors, "b_enc", features)
    centre = _vector(path, tensors, "b_dec", channels)
    pre = cfg.get("apply_b_dec_to_input", True) is not False
    if cfg.get("rescale_acts_by_decoder_norm"):
        norms = decoder.norm(dim=1)
        encoder, bias = encoder * norms[:, None], bias * norms
    more = {"W_D": decoder, "b_D": centre} | ({"b_pre": centre} if pre else {})
    if architecture == "jumprelu":
        more["log_threshold"] = _vector(path, tensors, "threshold", features).clamp_min(0).log()
    spec = TranscoderSpec(
        channels,
        features,
        activation="relu" if architecture == "standard" else "jumprelu" if architecture == "jumprelu" else "topk",
        top_k=k,
        pre_bias=pre,
    )
    transcoder = linear_transcoder(spec, encoder, bias, **more).to(device)
    return SaeLens(transcoder, _normaliser(folder / CFG, cfg), _hook(cfg))


def _architecture(path: Path, cfg: Mapping[str, Any]) -> tuple[str, int | None]:
    """One of `ARCHITECTURES`, and k where it is in use; older folders say "standard" and name the activation."""
    architecture = cfg.get("architecture", "standard")
    activation = cfg.get("activation_fn_str", cfg.get("activation_fn", "relu"))
    if architecture == "standard" and activation == "topk":
        architecture = "topk"
    if architecture not in ARCHITECTURES:
        raise BadCheckpoint(f"{shown(path)}: architecture = {architecture!r}: must be one of {ARCHITECTURES}")
    if activation not in ("relu", "topk"):
        raise BadCheckpoint(f"{shown(path)}: activation_fn_str = {activation!r}: must be 'relu' or 'topk'")
    if cfg.get("reshape_activations", "none") != "none":
        raise BadCheckpoint(f"{shown(path)}: reshape_activations = {cfg['reshape_activations']!r}: must be 'none'")
    if architecture != "topk":
        return architecture, None
    k = cfg.get("k", (cfg.get("activation_fn_kwargs") or {}).get("k"))
    if not (isinstance(k, int) and k >= 1):
        raise BadCheckpoint(f"{shown(path)}: k = {k!r}: must be a whole number >= 1 for topk")
    return architecture, k


def _matrices(path: Path, cfg: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Rows of the encoder and of the decoder, both (features, channels)."""
    shape = cfg.get("d_in"), cfg.get("d_sae")
    found = {}
    for name, wanted in (("W_enc", shape), ("W_dec", shape[::-1])):
        if name in tensors:
            stored = numbers(tensors[name], torch.float32, name, path)
            if tuple(stored.shape) != wanted:
                raise BadCheckpoint(
                    f"{shown(path)}: tensor {name!r} has shape {tuple(stored.shape)}, {CFG} says {wanted}"
                )
            found[name] = stored.T if name == "W_enc" else stored
    if not found:
        raise BadCheckpoint(f"{shown(path)}: must hold W_enc or W_dec; tensors in the file: {sorted(tensors)}")
    either = next(iter(found.values()))
    return found.get("W_enc", either), found.get("W_dec", either)


def _vector(path: Path, tensors: Mapping[str, Tensor], name: str, size: int) -> Tensor:
    if name not in tensors:
        raise BadCheckpoint(f"{shown(path)}: tensor {name!r} is missing; tensors in the file: {sorted(tensors)}")
    if tuple(tensors[name].shape) != (size,):
        raise BadCheckpoint(f"{shown(path)}: tensor {name!r} has shape {tuple(tensors[name].shape)}, wanted ({size},)")
    return numbers(tensors[name], torch.float32, name, path)


def _normaliser(path: Path, cfg: Mapping[str, Any]) -> Callable[[Tensor], Tensor]:
    """What happens to activations first."""
    kinds: dict[object, Callable[[Tensor], Tensor]] = {
        "none": _as_they_are,
        "constant_norm_rescale": _constant_norm,
        "layer_norm": _layer_norm,
    }
    kind = cfg.get("normalize_activations", "none")
    if kind not in kinds:
        hint = " (fold its factor into the weights first)" if kind == "expected_average_only_in" else ""
        raise BadCheckpoint(
            f"{shown(path)}: normalize_activations = {kind!r}: must be one of {', '.join(map(str, kinds))}{hint}"
        )
    return kinds[kind]


def _as_they_are(x: Tensor) -> Tensor:
    return x


def _constant_norm(x: Tensor) -> Tensor:
    return x * (x.shape[1] ** 0.5 / x.norm(dim=1, keepdim=True))


def _layer_norm(x: Tensor) -> Tensor:
    centred = x - x.mean(dim=1, keepdim=True)
    return centred / (centred.std(dim=1, keepdim=True) + LAYER_NORM_EPS)


def _hook(cfg: Mapping[str, Any]) -> str:
    """The hook's name, where the versions of the format have it."""
    for fields in (cfg, cfg.get("metadata"), cfg.get("meta")):
        if isinstance(fields, dict) and isinstance(fields.get("hook_name"), str):
            return str(fields["hook_name"])
    return ""
