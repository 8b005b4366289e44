"""The 10 000 grey pictures of ten animals that ship in the package `animal-mnist` 0.4 (MIT).

28 x 28 silhouettes and shaded pictures on black, 1000 a class, 9716 of them distinct. Two black pixels are added on
each side: 32 x 32 halves evenly, and every pixel stays as published (interpolation would blur the zebra's stripes).

The package is found by its metadata and never imported (its modules want tensorflow). Its data files are gzipped
pickles of numpy arrays: their hashes are checked, and the unpickler admits numpy arrays and nothing else.
"""

import gzip
import hashlib
import io
import pickle
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped, UInt8
from torch import Tensor

from distributional_view.errors import UserError
from distributional_view.theory.errors import require

CLASSES = ("bear", "bird", "cat", "cow", "dog", "elephant", "giraffe", "horse", "sheep", "zebra")
SIZE = 32
TEST_SHARE = 0.15
PACKAGE, VERSION = "animal-mnist", "0.4"
INSTALL = f"python -m pip install --no-deps {PACKAGE}=={VERSION}"
PICTURES = "animal_data_version_3.gz"
LABELS = "animal_label_version_3.gz"
HASHES = {
    PICTURES: "68a30346781a0984f839463a4615d2decb899d1ce65091bb92586311754a34ce",
    LABELS: "dec8dba7c469830989fbab46825021a08a38470753a512f27ada847eced97b57",
}


class Animals(NamedTuple):
    """Pictures in [-1, 1] with their classes (indices into `CLASSES`)."""

    images: Float[Tensor, "n 1 32 32"]
    labels: Int[Tensor, " n"]


class MissingData(UserError, FileNotFoundError):
    """The package with the pictures is not installed; says how to install it."""


class WrongData(UserError):
    """A file is not the one that the package ships; says which."""


class _ArrayUnpickler(pickle.Unpickler):
    """Admits what a pickled numpy array consists of, and refuses every other name."""

    def find_class(self, module: str, name: str) -> Any:
        module = module.replace("numpy.core.", "numpy._core.")  # the name before numpy 2
        if (module, name) == ("numpy._core.multiarray", "_reconstruct"):
            return np._core.multiarray._reconstruct  # type: ignore[attr-defined]
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype")}:
            return getattr(np, name)
        raise pickle.UnpicklingError(f"the pickle names {module}.{name}: only numpy arrays are permitted")


def read_array(pickled: bytes) -> Shaped[np.ndarray, "..."]:
    """The numpy array in a pickle; runs nothing that the pickle asks for.

    Raises:
        pickle.UnpicklingError: if the pickle holds anything but one array of numbers.
    """
    array = _ArrayUnpickler(io.BytesIO(pickled)).load()
    if not (type(array) is np.ndarray and array.dtype.kind in "uif"):
        raise pickle.UnpicklingError(f"the pickle holds {type(array).__name__}: only an array of numbers is permitted")
    return array


def check_hash(content: bytes, expected: str, name: str) -> None:
    """Raise `WrongData` unless the SHA-256 of the content is as expected."""
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise WrongData(
            f"sha256 of {name} = {found}: must be {expected}, as in {PACKAGE} {VERSION}: {INSTALL} --force-reinstall"
        )


def find_file(name: str) -> Path:
    """Where the package's data file lies.

    Raises:
        MissingData: if the package or the file is not there.
    """
    try:
        listed = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        raise MissingData(f"the package {PACKAGE} is not installed: {INSTALL}") from None
    paths = [Path(str(file.locate())) for file in listed if file.name == name]
    if not paths or not paths[0].is_file():
        raise MissingData(f"{name} is not in the installed package {PACKAGE}: {INSTALL} --force-reinstall")
    return paths[0]


def _read(name: str) -> Shaped[np.ndarray, "..."]:
    content = find_file(name).read_bytes()
    check_hash(content, HASHES[name], name)
    return read_array(gzip.decompress(content))


def split(pictures: Shaped[np.ndarray, "n h w"]) -> Shaped[np.ndarray, " n"]:
    """True where a picture belongs to the test part: a fixed 15 % of the distinct pictures, copies kept together."""
    _, group = np.unique(pictures.reshape(len(pictures), -1), axis=0, return_inverse=True)
    drawn = np.random.default_rng(0).random(group.max() + 1) < TEST_SHARE
    return drawn[group.ravel()]


def to_images(pictures: Shaped[np.ndarray, "n h w"]) -> Float[Tensor, "n 1 32 32"]:
    """Grey values 0 ... 255 to pictures in [-1, 1], with a black frame."""
    frame = (SIZE - pictures.shape[1]) // 2
    padded = np.pad(pictures, ((0, 0), (frame, frame), (frame, frame)))
    return torch.from_numpy(padded.astype(np.float32) / 127.5 - 1)[:, None]


def of_classes(animals: Animals, classes: Sequence[str]) -> Animals:
    """The pictures of some classes, in their order.

    Raises:
        ValueError: for a class that does not exist, or none.
    """
    require(len(classes) >= 1, "classes", tuple(classes), "at least one")
    for name in classes:
        require(name in CLASSES, "class", name, f"one of {', '.join(CLASSES)}")
    wanted = torch.isin(animals.labels, torch.tensor([CLASSES.index(name) for name in classes]))
    return Animals(animals.images[wanted], animals.labels[wanted])


def as_grey(images: Float[Tensor, "n 1 h w"]) -> UInt8[np.ndarray, "n 1 h w"]:
    """Pictures in [-1, 1] as grey values 0 ... 255; what lies outside is cut."""
    found: UInt8[np.ndarray, "n 1 h w"] = ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu().numpy()
    return found


@cache
def load_animals() -> tuple[Animals, Animals]:
    """Training and test pictures, always in the same order.

    Raises:
        MissingData: if the package is not installed.
        WrongData: if a file is not the one that version 0.4 ships.
    """
    pictures, labels = _read(PICTURES), _read(LABELS)
    images, classes, test = to_images(pictures), torch.from_numpy(labels), torch.from_numpy(split(pictures))
    return Animals(images[~test], classes[~test]), Animals(images[test], classes[test])
