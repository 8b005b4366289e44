"""Pictures to batches: a pool of threads reads and decodes ahead of the network, as many batches as fit the bound.

A picture that cannot be read takes no place in its batch and is told with its reason. A batch never spans two shards,
so that an engine which makes one shard at a time feeds the network the same batches.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import UInt8

from distributional_view.backends.scan.manifest import Manifest, Picture
from distributional_view.backends.store.layout import Identity
from distributional_view.backends.store.pictures import PictureGone, picture_bytes
from distributional_view.backends.zoo.decode import UnreadableImage, decode_bytes
from distributional_view.backends.zoo.images import centre_square
from distributional_view.files import shown

AHEAD = 3
"""Batches that are decoded while one is computed."""


class Decoded(NamedTuple):
    """A picture as the network takes it, and its own width and height; or why there is none."""

    picture: Picture
    pixels: np.ndarray | None
    width: int
    height: int
    reason: str = ""


class Batch(NamedTuple):
    """Decoded pictures of one shard, and whether they are its last.

    `pixels` has the pictures that could be read, `good` their rows, `bad` the others.
    """

    shard: int
    pixels: UInt8[torch.Tensor, "n c h w"]
    good: list[Decoded]
    bad: list[Decoded]
    last: bool


@dataclass(frozen=True)
class Decoding:
    """How pictures are decoded.

    Args:
        size: side of the square that is cut out, pixels.
        grey: one channel in place of three.
        batch: most pictures in a batch.
        threads: that decode.
        store: folder that relative paths start from.
    """

    size: int
    grey: bool
    batch: int
    threads: int
    store: Path

    def batches(self, manifest: Manifest, identity: Identity, shards: Sequence[int]) -> Iterator[Batch]:
        """The batches of some shards, in their order, decoded ahead.

        Raises:
            Unreachable: if a place does not answer.
        """
        waiting: deque[tuple[int, list[Future[Decoded]], bool]] = deque()
        pool = ThreadPoolExecutor(self.threads, thread_name_prefix="decode")
        try:
            for shard in shards:
                block = identity.block(shard)
                for first in range(block.start, block.stop, self.batch):
                    part = range(first, min(first + self.batch, block.stop))
                    futures = [pool.submit(partial(read, self), picture) for picture in manifest.rows(part)]
                    waiting.append((shard, futures, part.stop == block.stop))
                    if len(waiting) > AHEAD:
                        yield _batch(*waiting.popleft(), self)
            while waiting:
                yield _batch(*waiting.popleft(), self)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def read(how: Decoding, picture: Picture) -> Decoded:
    """One picture: resized, its middle cut out, (channels, size, size) in 0 ... 255; or the reason why not."""
    try:
        found = decode_bytes(picture_bytes(picture.path, how.store), picture.path).picture
        square = centre_square(found, how.size)
    except (PictureGone, UnreadableImage) as error:
        return Decoded(picture, None, 0, 0, str(error).removeprefix(f"{shown(picture.path)}: "))
    pixels = np.asarray(square.convert("L") if how.grey else square, dtype=np.uint8)
    return Decoded(picture, pixels[None] if how.grey else pixels.transpose(2, 0, 1), *found.size)


def _batch(shard: int, futures: list[Future[Decoded]], last: bool, how: Decoding) -> Batch:
    found = [future.result() for future in futures]
    good = [one for one in found if one.pixels is not None]
    pixels = np.empty((len(good), 1 if how.grey else 3, how.size, how.size), np.uint8)
    for place, one in zip(pixels, good, strict=True):
        assert one.pixels is not None
        place[:] = one.pixels
    kept = [one._replace(pixels=None) for one in good]
    return Batch(shard, torch.from_numpy(pixels), kept, [one for one in found if one.pixels is None], last)
