"""Batches of images from a folder, in an order that depends only on a seed and on where one starts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from PIL.Image import Image as Picture
from torch import Tensor

from distributional_view.backends.zoo.decode import UnreadableImage as UnreadableImage
from distributional_view.backends.zoo.decode import decode
from distributional_view.backends.zoo.folder import SUFFIXES as SUFFIXES
from distributional_view.backends.zoo.folder import NoImages as NoImages
from distributional_view.backends.zoo.folder import image_files as image_files
from distributional_view.theory.errors import require

LONG = 8
"""Ratio of the sides beyond which a picture is cropped before it is resized."""


def read_image(path: Path, size: int) -> Float[Tensor, "3 size size"]:
    """An image in [-1, 1]: its shorter side resized to `size`, its centre cut out, three channels.

    How the file is decoded: `zoo.decode`.

    Raises:
        UnreadableImage: if the file is no image or is damaged, or nothing says which of its values are white.
    """
    pixels = np.asarray(centre_square(decode(path).picture, size), dtype=np.float32)
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1) / 127.5 - 1


def centre_square(picture: Picture, size: int) -> Picture:
    """The picture resized (bicubic) so that its shorter side is `size`, and the square in its middle.

    Of a long picture only the square is resized: the same filter, but the passes over rows and columns may change
    places, which shows in roundings and where the filter overshoots 0 or 255.
    """
    shorter = min(picture.size)
    width, height = (max(size, round(side * size / shorter)) for side in picture.size)
    left, top = (width - size) // 2, (height - size) // 2
    if max(picture.size) <= LONG * shorter:
        whole = picture.resize((width, height), Image.Resampling.BICUBIC)
        return whole.crop((left, top, left + size, top + size))
    x, y = picture.width / width, picture.height / height
    square = (left * x, top * y, (left + size) * x, (top + size) * y)
    return picture.resize((size, size), Image.Resampling.BICUBIC, box=square)


@dataclass(frozen=True)
class ImageBatches:
    """Batches of images, read when asked for.

    Calling it with a number of batches already taken gives an endless iterator over the batches after them: each epoch
    is a new permutation that depends on the seed and the epoch only, so training can resume without reading what it
    has seen. Iterating over it visits every file once, in order (the last batch may be smaller).

    Args:
        files: paths, at least one.
        size: side of the images.
        batch: images a batch, in [1, number of files].
        seed: of the permutations.
    """

    files: Sequence[Path]
    size: int
    batch: int
    seed: int

    def __post_init__(self) -> None:
        require(self.size >= 1, "size", self.size, ">= 1")
        require(1 <= self.batch <= len(self.files), "batch", self.batch, f"in [1, {len(self.files)}], the files given")

    def __call__(self, start: int) -> Iterator[Float[Tensor, "n 3 h w"]]:
        """The batches after the first `start`, for ever. What does not fill a batch is left out of its epoch."""
        require(start >= 0, "start", start, ">= 0")
        each = len(self.files) // self.batch
        epoch, index = divmod(start, each)
        while True:
            order = np.random.default_rng((self.seed, epoch)).permutation(len(self.files))
            for i in range(index, each):
                yield self._read([self.files[j] for j in order[i * self.batch : (i + 1) * self.batch]])
            epoch, index = epoch + 1, 0

    def __iter__(self) -> Iterator[Float[Tensor, "n 3 h w"]]:
        for first in range(0, len(self.files), self.batch):
            yield self._read(self.files[first : first + self.batch])

    def _read(self, files: Sequence[Path]) -> Float[Tensor, "n 3 h w"]:
        return torch.stack([read_image(path, self.size) for path in files])
