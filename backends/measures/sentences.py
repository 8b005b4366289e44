"""Texts as vectors by a local model: a folder of a sentence model, or of CLIP, as `transformers` reads them.

A sentence model says in `1_Pooling/config.json` how the vectors of its tokens become one: their mean, or the first of
them. CLIP has a text feature of its own; it is what the paper measures descriptions in (Section 3.3). Further layers
that a folder names are refused: leaving them out would be another model. Nothing is downloaded, and no code of the
folder is run.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.errors import UserError
from distributional_view.files import shown
from distributional_view.jobs import read_json

MODES = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "first"}
PLAIN = ("Transformer", "Pooling", "Normalize")
"""The parts of a sentence model that are understood."""
WAY_OUT = "take the folder of another model"


def load_sentences(folder: Path, batch: int = 64) -> Callable[[Sequence[str]], Float[np.ndarray, "n d"]]:
    """A function from texts to vectors of unit length.

    Args:
        folder: with config.json, the weights and the tokenizer; of a sentence model also modules.json and 1_Pooling.
        batch: texts in one pass.

    Raises:
        ImportError: without transformers.
        UserError: if the folder holds no such model, or one with parts that are not understood.
    """
    from transformers import AutoModel, AutoTokenizer

    if not (folder / "config.json").is_file():
        raise UserError(f"sentences = {shown(folder)!r}: must be the folder of a model, with a config.json")
    clip = str(read_json(folder / "config.json", WAY_OUT).get("model_type", "")) == "clip"
    mode = "feature" if clip else pooling(folder)
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model: Any = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"sentences = {shown(folder)!r}: cannot be read: {str(error).splitlines()[0]}") from error

    @torch.no_grad()
    def one(texts: Sequence[str]) -> Tensor:
        tokens = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        if mode == "feature":
            found = model.get_text_features(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"])
            return found if isinstance(found, Tensor) else found.pooler_output
        states = model(**tokens).last_hidden_state
        if mode == "first":
            return states[:, 0]
        mask = tokens["attention_mask"][:, :, None].to(states.dtype)
        return (states * mask).sum(1) / mask.sum(1)

    def embed(texts: Sequence[str]) -> Float[np.ndarray, "n d"]:
        parts = [one(texts[first : first + batch]) for first in range(0, len(texts), batch)]
        vectors = torch.cat(parts).double().numpy()
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    return embed


def pooling(folder: Path) -> str:
    """How the vectors of the tokens become one: "mean" or "first"; the mean where the folder does not say.

    Raises:
        UserError: for another way, or for parts beyond a transformer, a pooling and a normalisation.
    """
    if (folder / "modules.json").is_file():
        parts = [str(part.get("type", "")).rpartition(".")[2] for part in read_json(folder / "modules.json", WAY_OUT)]
        strange = [part for part in parts if part not in PLAIN]
        if strange:
            raise UserError(f"sentences = {shown(folder)!r}: has the part {strange[0]}: must be one of {PLAIN}")
    path = folder / "1_Pooling" / "config.json"
    if not path.is_file():
        return "mean"
    told = read_json(path, WAY_OUT)
    chosen = [name for name, on in told.items() if name.startswith("pooling_mode_") and on is True]
    if len(chosen) != 1 or chosen[0] not in MODES:
        raise UserError(f"{shown(path)}: pooling = {chosen}: must be one of {', '.join(MODES)}")
    return MODES[chosen[0]]
