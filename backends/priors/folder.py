"""A folder as diffusers writes it: which parts it has, their classes, and where their weights lie.

    model_index.json        names the pipeline and, for each part, library and class
    scheduler/              scheduler_config.json
    unet/, vae/, ...        config.json beside diffusion_pytorch_model.safetensors (text encoders: model.safetensors)

A part without a folder of its own lies at the top, as in the first published folders. A folder may also be one network
alone, with its config.json, and a scheduler_config.json beside it or in a folder `scheduler`.

Weights are safetensors: whole or in several files, plain or one variant of them ("fp16"); pickles are never read.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from distributional_view.backends.zoo.weights import MissingWeights, WrongWeights
from distributional_view.errors import UserError
from distributional_view.files import shown

INDEX, CONFIG, SCHEDULER = "model_index.json", "config.json", "scheduler_config.json"
STEMS = ("diffusion_pytorch_model", "model")
"""Of weight files: of diffusers, of transformers."""
PICKLES = (".bin", ".ckpt", ".pt", ".pth")


class UnknownPrior(UserError):
    """A prior of a kind that has no place here; the message says which kinds have."""


class Part(NamedTuple):
    """One part of a folder: its name, where it lies, and its class."""

    name: str
    folder: Path
    kind: str

    def config(self) -> dict[str, Any]:
        """What its configuration says.

        Raises:
            MissingWeights, WrongWeights: if it is not there, or no JSON.
        """
        return read_json(self.config_file)

    @property
    def config_file(self) -> Path:
        """Where its configuration lies."""
        return self.folder / (SCHEDULER if self.name == "scheduler" else CONFIG)

    def weights(self) -> "Weights":
        """Where its weights lie.

        Raises:
            MissingWeights: if there are none, or only pickles; says how to save them anew.
            WrongWeights: if there are several variants and no plain one.
        """
        names = sorted(path.name for path in self.folder.iterdir()) if self.folder.is_dir() else []
        for stem in STEMS:
            plain = [n for n in names if re.fullmatch(rf"{stem}(-\d+-of-\d+)?\.safetensors", n)]
            if plain:
                return Weights(None, [self.folder / n for n in plain])
            variants: dict[str, list[str]] = {}
            for name in names:
                found = re.fullmatch(rf"{stem}\.(\w+?)(?:-\d+-of-\d+)?\.safetensors", name) or re.fullmatch(
                    rf"{stem}-\d+-of-\d+\.(\w+)\.safetensors", name
                )
                if found:
                    variants.setdefault(found[1], []).append(name)
            if len(variants) > 1:
                raise WrongWeights(
                    f"{shown(self.folder)}: weights as {sorted(variants)}: keep the files of one of them"
                )
            for variant, files in variants.items():
                return Weights(variant, [self.folder / n for n in files])
        pickles = [n for n in names if n.endswith(PICKLES)]
        if pickles:
            raise MissingWeights(
                f"{shown(self.folder)}: has {pickles[0]}, a pickle, which is never read, and no safetensors: where you "
                "trust it, load it with diffusers and save it anew with save_pretrained(FOLDER)"
            )
        raise MissingWeights(f"{shown(self.folder)}: no weights of the part {self.name}, {STEMS[0]}.safetensors")


class Weights(NamedTuple):
    """Weight files of a part, and their variant, None for plain ones."""

    variant: str | None
    files: list[Path]


class Folder(NamedTuple):
    """A folder with its parts by name; `kind` is the class of the whole."""

    path: Path
    kind: str
    parts: Mapping[str, Part]

    def part(self, name: str) -> Part:
        """The part of this name.

        Raises:
            MissingWeights: if the folder has none.
        """
        if name not in self.parts:
            raise MissingWeights(f"{shown(self.path)}: a {self.kind} without the part {name}; it has {[*self.parts]}")
        return self.parts[name]

    def files(self, names: tuple[str, ...]) -> dict[str, Path]:
        """Configurations and weights of these parts by their path in the folder: what the prior is made of."""
        found = []
        for name in names:
            part = self.part(name)
            found += [part.config_file]
            if name not in ("scheduler", "tokenizer"):
                found += part.weights().files
        return {path.relative_to(self.path).as_posix(): path for path in found}


def read_folder(path: Path) -> Folder:
    """The folder's parts.

    Raises:
        MissingWeights: if there is neither an index nor a network alone.
        WrongWeights: if the index is damaged.
    """
    if (path / INDEX).exists():
        index = read_json(path / INDEX)
        kind = str(index.get("_class_name", "pipeline"))
        named = {name: value[1] for name, value in index.items() if _is_part(value)}
    elif (path / CONFIG).exists():
        kind = str(read_json(path / CONFIG).get("_class_name", ""))
        scheduler = next((p for p in (path / SCHEDULER, path / "scheduler" / SCHEDULER) if p.exists()), None)
        if scheduler is None:
            raise MissingWeights(f"{shown(path)}: a network without its scheduler, {SCHEDULER}: put it beside {CONFIG}")
        named = {"unet": kind, "scheduler": str(read_json(scheduler).get("_class_name", ""))}
    else:
        raise MissingWeights(f"{shown(path)}: no folder of diffusers: neither {INDEX} nor {CONFIG} is in it")
    parts = {name: Part(name, path / name if (path / name).is_dir() else path, of) for name, of in named.items()}
    return Folder(path, kind, parts)


def _is_part(value: Any) -> bool:
    """Whether an entry of the index is [library, class], not null."""
    return isinstance(value, list) and len(value) == 2 and all(isinstance(word, str) for word in value)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        MissingWeights, WrongWeights: if it is not there, or something else.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise MissingWeights(f"{shown(path)} is missing") from error
    except (OSError, ValueError, RecursionError) as error:
        raise WrongWeights(f"{shown(path)}: cannot be read as JSON: {error}") from error
    if not isinstance(fields, dict):
        raise WrongWeights(f"{shown(path)}: holds {type(fields).__name__}, no object")
    return fields
