"""The `config.json` of a published transcoder: its fields, checked one by one.

A field that decides what is computed must be there and of its type; others may be left out. Fields that are unknown
here are kept as they are.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from distributional_view.choices import Activation
from distributional_view.errors import UserError
from distributional_view.files import shown

NORMS = ("dataset-wise", "inference")
FLAGS_UNKNOWN_HERE = ("use_glu_encoder", "apply_decoder_bias_to_pre_encoder")


class BadCheckpoint(UserError):
    """A folder that cannot be read as a transcoder; the message names the file, what is wrong and what is wanted."""


@dataclass(frozen=True)
class Config:
    """The fields that are used, under their own names; None where the file has none.

    Args:
        act_fn: which codes are kept.
        top_k: how many, for "topk" and "batchtopk".
        use_decoder_bias: whether there is b_D.
        sparsity_include_decoder_norm: whether features are ranked by u times their decoder norm.
        norm_activation: one of `NORMS`.
        d_model: channels read.
        expansion_factor: features a channel.
        hook_in: name of the activations read, empty if the file has none.
        hook_out: of those reconstructed; those read if the file has none.
    """

    act_fn: Activation
    top_k: int | None
    use_decoder_bias: bool
    sparsity_include_decoder_norm: bool
    norm_activation: str
    d_model: int | None
    expansion_factor: float | None
    hook_in: str
    hook_out: str


def read_config(path: Path) -> tuple[dict[str, Any], Config]:
    """The whole of a `config.json`, and what of it is used.

    Raises:
        BadCheckpoint: if it is no JSON object, or a field is missing or has a value that is not permitted.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadCheckpoint(f"{shown(path)}: a damaged file, or no JSON: {error}") from error
    if not isinstance(fields, dict):
        raise BadCheckpoint(f"{shown(path)}: holds {type(fields).__name__}, must be a JSON object")

    def field(name: str, ok: bool, permitted: str) -> Any:
        """The value of a field if `ok`, which is judged beforehand for one that may be missing."""
        if name not in fields:
            raise BadCheckpoint(f"{shown(path)}: field {name!r} is missing, must be {permitted}")
        if not ok:
            raise BadCheckpoint(f"{shown(path)}: {name} = {_short(fields[name])}: must be {permitted}")
        return fields[name]

    def optional(name: str, ok: bool, permitted: str) -> Any:
        return field(name, ok, f"{permitted}, or left out") if name in fields else None

    def flag(name: str) -> bool:
        return bool(field(name, isinstance(fields.get(name), bool), "true or false"))

    get = fields.get
    for name in FLAGS_UNKNOWN_HERE:
        if get(name) is True:
            raise BadCheckpoint(f"{shown(path)}: {name} = true is not supported")
        optional(name, get(name) is False or get(name) is None, "false, null")
    activation = field("act_fn", get("act_fn") in get_args(Activation), f"one of {get_args(Activation)}")
    norm = field("norm_activation", get("norm_activation") in NORMS, " or ".join(map(repr, NORMS)))
    if activation in ("topk", "batchtopk"):
        top_k = field("top_k", _whole(get("top_k")), f"a whole number >= 1 for {activation}")
    else:
        top_k = optional("top_k", get("top_k") is None or _whole(get("top_k")), "a whole number >= 1, null")
    hooks = [
        optional(name, get(name) is None or isinstance(get(name), str), "a name, null") or ""
        for name in ("hook_point_in", "hook_point_out")
    ]
    config = Config(
        activation,
        top_k,
        flag("use_decoder_bias"),
        flag("sparsity_include_decoder_norm"),
        norm,
        optional("d_model", _whole(get("d_model")), "a whole number >= 1"),
        optional("expansion_factor", _number(get("expansion_factor")), "a number > 0"),
        hooks[0],
        hooks[1] or hooks[0],
    )
    return fields, config


def _number(value: object) -> bool:
    """Whether this is a number that the size of a network can be."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 2**53


def _whole(value: object) -> bool:
    """The same for whole numbers."""
    return isinstance(value, int) and _number(value)


def _short(value: object) -> str:
    """A value of JSON as Python writes it, cut if it is long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."
